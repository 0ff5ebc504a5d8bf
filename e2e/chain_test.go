package e2e

import (
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"testing"
	"time"
)

// TestChain walks advertiser → offer → affiliate → link → click → postback → balance and ledger → delivery → trace, on
// the embedded Redis and on a real one.
func TestChain(t *testing.T) {
	t.Parallel()
	for name, env := range map[string]func(t *testing.T) []string{
		"embedded redis": func(*testing.T) []string { return nil },
		"real redis":     func(t *testing.T) []string { return []string{"REDIS_URL=" + mustRedis(t)} },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := mustFresh(t, env(t)...)
			c := w.mustLogIn()
			n := w.mustNetwork(c, object{"override_percent": "20"}, nil)
			tr := mustTracker(t)
			n.mustPostbackURL(tr.URL + "/pb?cid={aff_click_id}&payout={payout}&status={status}&txid={txid}&sub={sub1}")
			clickID := mustClick(t, amp(n.Link, "aff_click_id=their-1&sub1=a+b%26c"))

			status, answer := w.postback(url.Values{"clickid": {clickID}, "token": {n.Token}, "val": {"99.99"}, "com": {"0"}, "comperc": {"7.5"}, "txid": {"order-1"}})
			if status != http.StatusOK || answer.text("status") != "recorded" || answer.text("code") != "ok" ||
				answer.text("click_id") != clickID || answer.text("conversion_status") != "approved" {
				t.Fatalf("postback: %d %v", status, answer)
			}
			eventually(t, 20*time.Second, "the delivery arrives", func() bool { return len(tr.queries()) == 1 })
			want := url.Values{"cid": {"their-1"}, "payout": {"7.50"}, "status": {"approved"}, "txid": {"order-1"}, "sub": {"a b&c"}}
			if got := tr.queries()[0]; got.Encode() != want.Encode() {
				t.Errorf("delivered %v, want %v", got, want)
			}

			balance := c.must("GET", "/affiliates/"+n.Affiliate+"/balance", nil, http.StatusOK).items(t)
			if len(balance) != 1 || balance[0].text("currency") != "USD" || balance[0].text("approved") != "7.50" || balance[0].text("pending") != "0.00" {
				t.Errorf("balance: %v", balance)
			}
			ledger := c.must("GET", "/affiliates/"+n.Affiliate+"/ledger", nil, http.StatusOK).items(t)
			if len(ledger) != 1 || ledger[0].text("amount") != "7.50" || ledger[0].text("to_account") != "a"+n.Affiliate+":approved" ||
				ledger[0].text("from_account") != "network:commission" || ledger[0].text("conversion_id") != answer.text("conversion_id") {
				t.Errorf("ledger: %v", ledger)
			}
			conversion := c.must("GET", "/conversions/"+answer.text("conversion_id"), nil, http.StatusOK)
			for field, want := range map[string]string{"val": "99.99", "commission": "7.50", "revenue": "9.00", "currency": "USD",
				"status": "approved", "txid": "order-1", "click_id": clickID, "test": "false"} {
				if conversion.text(field) != want {
					t.Errorf("conversion %s = %q, want %q", field, conversion.text(field), want)
				}
			}
			deliveries := func() []object {
				return c.must("GET", "/deliveries?click_id="+clickID, nil, http.StatusOK).items(t)
			}
			eventually(t, 5*time.Second, "the delivery is marked delivered", func() bool {
				d := deliveries()
				return len(d) == 1 && d[0].text("status") == "delivered"
			})
			log := c.must("GET", "/postback-log?click_id="+clickID, nil, http.StatusOK).items(t)
			if len(log) != 1 || log[0].text("code") != "ok" || log[0].text("http_status") != "200" {
				t.Errorf("incoming log: %v", log)
			}
			assertTrace(t, c, clickID, "click", "postback_in", "conversion", "ledger", "delivery", "delivery_attempt")
			assertPromptDelivery(t, n, tr)
		})
	}
}

// assertPromptDelivery checks that the queue wakes the worker: a tracker hears of a conversion within a second, while the
// sweeper alone would take more than two. A busy machine may miss it a few times, but not every time.
func assertPromptDelivery(t *testing.T, n *network, tr *tracker) {
	t.Helper()
	fastest := time.Hour
	for i := 0; i < 10 && fastest > time.Second; i++ {
		before := len(tr.queries())
		began := time.Now()
		if status, answer := n.w.postback(url.Values{"clickid": {mustClick(t, n.Link)}, "token": {n.Token}, "com": {"1"}}); status != http.StatusOK {
			t.Fatalf("postback: %d %v", status, answer)
		}
		eventually(t, 20*time.Second, "the delivery arrives", func() bool { return len(tr.queries()) > before })
		fastest = min(fastest, time.Since(began))
	}
	if fastest > time.Second {
		t.Errorf("the fastest delivery took %s: the queue wakes nobody", fastest)
	}
}

// assertTrace checks that the trace of a click has items of these kinds, first of each kind in this order.
func assertTrace(t *testing.T, c *client, clickID string, kinds ...string) {
	t.Helper()
	trace := c.must("GET", "/clicks/"+clickID+"/trace", nil, http.StatusOK)
	var seen []string
	for _, item := range trace.items(t) {
		if item.text("summary") == "" || item.text("at") == "" {
			t.Errorf("trace item without summary or time: %v", item)
		}
		if kind := item.text("kind"); !slices.Contains(seen, kind) {
			seen = append(seen, kind)
		}
	}
	if trace.text("click_id") != clickID || !slices.Equal(seen, kinds) {
		t.Errorf("trace of %s has kinds %v, want %v", trace.text("click_id"), seen, kinds)
	}
}

// TestCommissionExamples are the examples and the tables of contract section 3, Commission math.
func TestCommissionExamples(t *testing.T) {
	t.Parallel()
	w := mustShared(t)
	c := w.mustLogIn()
	for name, tc := range map[string]struct {
		currency            string
		payout              object
		query               url.Values
		commission, revenue string
	}{
		"comperc where com is 0":    {"USD", nil, url.Values{"val": {"99.99"}, "com": {"0"}, "comperc": {"7.5"}}, "7.50", "7.50"},
		"com before comperc":        {"USD", nil, url.Values{"val": {"100"}, "com": {"12.5"}, "comperc": {"50"}}, "12.50", "12.50"},
		"com alone":                 {"USD", nil, url.Values{"val": {"0"}, "com": {"3"}}, "3.00", "3.00"},
		"yen have no decimals":      {"JPY", nil, url.Values{"val": {"1050"}, "comperc": {"10"}}, "105", "105"},
		"half away from zero":       {"USD", nil, url.Values{"val": {"0.05"}, "comperc": {"10"}}, "0.01", "0.01"},
		"dinars have three":         {"KWD", nil, url.Values{"val": {"10.0005"}, "comperc": {"10"}}, "1.000", "1.000"},
		"decimal comma":             {"USD", nil, url.Values{"val": {"12,34"}, "comperc": {"100"}}, "12.34", "12.34"},
		"comperc 0 counts as given": {"USD", object{"model": "postback", "amount": "5"}, url.Values{"val": {"10"}, "comperc": {"0"}}, "0.00", "0.00"},
		"the goal's own amounts":    {"USD", object{"model": "postback", "amount": "5", "percent": "10"}, url.Values{"val": {"10"}}, "6.00", "6.00"},
		"fixed":                     {"USD", object{"model": "fixed", "amount": "4.20"}, url.Values{"val": {"10"}, "com": {"9"}}, "4.20", "4.20"},
		"percent":                   {"USD", object{"model": "percent", "percent": "12.5"}, url.Values{"val": {"10"}}, "1.25", "1.25"},
		"hybrid":                    {"USD", object{"model": "hybrid", "amount": "1", "percent": "10"}, url.Values{"val": {"10"}}, "2.00", "2.00"},
		"payout is the revenue":     {"USD", nil, url.Values{"val": {"10"}, "com": {"2"}, "payout": {"3.5"}}, "2.00", "3.50"},
		"payout 0 counts as given":  {"USD", nil, url.Values{"val": {"10"}, "com": {"2"}, "payout": {"0"}}, "2.00", "0.00"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			goal := object{"alias": "default"}
			if tc.payout != nil {
				goal["payout"] = tc.payout
			}
			n := w.mustNetwork(c, nil, object{"currency": tc.currency, "goals": []object{goal}})
			tc.query.Set("clickid", mustClick(t, n.Link))
			tc.query.Set("token", n.Token)
			status, answer := w.postback(tc.query)
			if status != http.StatusOK {
				t.Fatalf("%d %v", status, answer)
			}
			got := c.must("GET", "/conversions/"+answer.text("conversion_id"), nil, http.StatusOK)
			if got.text("commission") != tc.commission || got.text("revenue") != tc.revenue {
				t.Errorf("commission %s, revenue %s; want %s, %s", got.text("commission"), got.text("revenue"), tc.commission, tc.revenue)
			}
		})
	}
}

// TestRefusals are the answers of contract section 3 that a wrong call meets; each stands in the incoming log.
func TestRefusals(t *testing.T) {
	t.Parallel()
	w := mustFresh(t)
	c := w.mustLogIn()
	n := w.mustNetwork(c, nil, nil)
	good := mustClick(t, n.Link)
	refusedClick := func() string {
		c.must("PATCH", "/offers/"+n.Offer, object{"status": "paused"}, http.StatusOK)
		defer c.must("PATCH", "/offers/"+n.Offer, object{"status": "active"}, http.StatusOK)
		status, _, _ := w.get(n.Link[len(w.URL):])
		if status != http.StatusNotFound {
			t.Errorf("a click on a paused offer: %d, want 404", status)
		}
		items := c.must("GET", "/clicks?offer_id="+n.Offer+"&valid=false", nil, http.StatusOK)
		var id string
		eventually(t, 10*time.Second, "the refused click is listed", func() bool {
			items = c.must("GET", "/clicks?offer_id="+n.Offer+"&valid=false", nil, http.StatusOK)
			if list := items.items(t); len(list) == 1 {
				id = list[0].text("click_id")
				return list[0].text("reason") == "offer_inactive"
			}
			return false
		})
		return id
	}()
	for name, tc := range map[string]struct {
		query  url.Values
		status int
		code   string
	}{
		"no click id":         {url.Values{"token": {n.Token}}, 400, "missing_clickid"},
		"empty click id":      {url.Values{"clickid": {""}, "token": {n.Token}}, 400, "missing_clickid"},
		"unfilled click id":   {url.Values{"clickid": {"{click_id}"}, "token": {n.Token}}, 400, "missing_clickid"},
		"short click id":      {url.Values{"clickid": {"abc"}, "token": {n.Token}}, 400, "malformed_clickid"},
		"forged click id":     {url.Values{"clickid": {flip(good)}, "token": {n.Token}}, 400, "malformed_clickid"},
		"no token":            {url.Values{"clickid": {good}}, 401, "missing_token"},
		"wrong token":         {url.Values{"clickid": {good}, "token": {"x" + n.Token}}, 403, "invalid_token"},
		"unknown goal":        {url.Values{"clickid": {good}, "token": {n.Token}, "goal": {"nope"}}, 404, "goal_not_found"},
		"unknown goal id":     {url.Values{"clickid": {good}, "token": {n.Token}, "goal_id": {"999999"}}, 404, "goal_not_found"},
		"negative val":        {url.Values{"clickid": {good}, "token": {n.Token}, "val": {"-5"}}, 400, "invalid_val"},
		"thousands separator": {url.Values{"clickid": {good}, "token": {n.Token}, "val": {"1,234"}}, 400, "invalid_val"},
		"exponent":            {url.Values{"clickid": {good}, "token": {n.Token}, "com": {"1e3"}}, 400, "invalid_com"},
		"percent over 100":    {url.Values{"clickid": {good}, "token": {n.Token}, "comperc": {"101"}}, 400, "invalid_comperc"},
		"payout in words":     {url.Values{"clickid": {good}, "token": {n.Token}, "payout": {"five"}}, 400, "invalid_payout"},
		"unknown currency":    {url.Values{"clickid": {good}, "token": {n.Token}, "currency": {"XXQ"}}, 400, "invalid_currency"},
		"unknown status":      {url.Values{"clickid": {good}, "token": {n.Token}, "status": {"perhaps"}}, 400, "invalid_status"},
		"refused click":       {url.Values{"clickid": {refusedClick}, "token": {n.Token}}, 422, "click_not_valid"},
	} {
		status, answer := w.postback(tc.query)
		if status != tc.status || answer.text("status") != "refused" || answer.text("code") != tc.code || answer.text("message") == "" {
			t.Errorf("%s: %d %v, want %d %s", name, status, answer, tc.status, tc.code)
		}
		for _, field := range []string{"conversion_id", "click_id", "conversion_status", "warnings"} {
			if _, present := answer[field]; !present {
				t.Errorf("%s: the answer lacks %s", name, field)
			}
		}
		log := c.must("GET", "/postback-log?limit=1", nil, http.StatusOK).items(t)
		if len(log) != 1 || log[0].text("code") != tc.code || log[0].text("http_status") != json.Number(answerStatus(tc.status)).String() {
			t.Errorf("%s: the incoming log shows %v", name, log)
		}
	}
	if items := c.must("GET", "/conversions", nil, http.StatusOK).items(t); len(items) != 0 {
		t.Errorf("refused calls made conversions: %v", items)
	}

	// A conversion, its repeats, and the moves of its status.
	query := url.Values{"clickid": {good}, "token": {n.Token}, "com": {"5"}, "txid": {"t1"}, "status": {"pending"}}
	step := func(name string, change url.Values, status int, outcome, code, now string) object {
		t.Helper()
		q := url.Values{}
		for k, v := range query {
			q[k] = v
		}
		for k, v := range change {
			q[k] = v
		}
		got, answer := w.postback(q)
		if got != status || answer.text("status") != outcome || answer.text("code") != code || answer.text("conversion_status") != now {
			t.Errorf("%s: %d %v, want %d %s %s %s", name, got, answer, status, outcome, code, now)
		}
		return answer
	}
	first := step("first", nil, 200, "recorded", "ok", "pending")
	repeat := step("repeat", nil, 200, "duplicate", "duplicate", "pending")
	if first.text("conversion_id") != repeat.text("conversion_id") {
		t.Error("a repeat names another conversion")
	}
	step("repeat without a status", url.Values{"status": {""}}, 200, "duplicate", "duplicate", "pending")
	other := step("repeat with another amount", url.Values{"com": {"6"}}, 200, "duplicate", "duplicate", "pending")
	if w, _ := other["warnings"].([]any); !slices.Contains(w, any("amounts_differ")) {
		t.Errorf("warnings of other amounts: %v", other)
	}
	step("approved", url.Values{"status": {"approved"}}, 200, "updated", "ok", "approved")
	step("not back to pending", url.Values{"status": {"pending"}}, 409, "refused", "status_not_allowed", "approved")
	step("refunded", url.Values{"status": {"rejected"}}, 200, "updated", "ok", "rejected")
	step("approved again", url.Values{"status": {"approved"}}, 200, "updated", "ok", "approved")
	step("trash", url.Values{"status": {"trash"}}, 200, "updated", "ok", "trash")
	step("trash is the end", url.Values{"status": {"approved"}}, 409, "refused", "status_not_allowed", "trash")
	for _, b := range c.must("GET", "/affiliates/"+n.Affiliate+"/balance", nil, http.StatusOK).items(t) {
		if b.text("approved") != "0.00" || b.text("pending") != "0.00" {
			t.Errorf("balance after trash: %v", b)
		}
	}
}

func answerStatus(status int) string { b, _ := json.Marshal(status); return string(b) }

// flip changes the last character of a click id.
func flip(id string) string {
	last := byte('0')
	if id[len(id)-1] == '0' {
		last = '1'
	}
	return id[:len(id)-1] + string(last)
}
