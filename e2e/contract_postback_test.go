package e2e

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"
)

// call sends a postback in one of its forms: GET, FORM, JSON.
func (w *waypost) call(t testing.TB, form string, values url.Values) (status int, answer object) {
	t.Helper()
	req, err := http.NewRequest("GET", w.URL+"/postback?"+values.Encode(), nil)
	if form != "GET" {
		var body io.Reader = strings.NewReader(values.Encode())
		contentType := "application/x-www-form-urlencoded"
		if form == "JSON" {
			fields := map[string]any{}
			for name, list := range values {
				fields[name] = list[0]
			}
			b, err := json.Marshal(fields)
			if err != nil {
				t.Fatal(err)
			}
			body, contentType = strings.NewReader(string(b)), "application/json"
		}
		req, err = http.NewRequest("POST", w.URL+"/postback", body)
		req.Header.Set("Content-Type", contentType)
	}
	if err != nil {
		t.Fatal(err)
	}
	status, answer, _ = do(t, req)
	return status, answer
}

// fields of an answer, all always there (contract section 3).
var answerFields = []string{"status", "code", "message", "conversion_id", "click_id", "conversion_status", "warnings"}

func assertAnswer(t testing.TB, got object, status, code string) {
	t.Helper()
	for _, name := range answerFields {
		if _, there := got[name]; !there {
			t.Errorf("the answer lacks %s: %v", name, got)
		}
	}
	if got.text("status") != status || got.text("code") != code || got.text("message") == "" {
		t.Errorf("answer %v, want %s %s", got, status, code)
	}
}

// TestContractPostbackNames is the table of section 3: each name and alias, in each form.
func TestContractPostbackNames(t *testing.T) {
	t.Parallel()
	w := mustShared(t)
	c := w.mustLogIn()
	n := w.mustNetwork(c, nil, object{"goals": []object{
		{"alias": "default", "is_default": true}, {"alias": "lead", "payout": object{"model": "fixed", "amount": "5"}}}})
	var lead string
	for _, goal := range c.must("GET", "/offers/"+n.Offer, nil, http.StatusOK)["goals"].([]any) {
		if g := object(goal.(map[string]any)); g.text("alias") == "lead" {
			lead = g.text("id")
		}
	}
	var names []string // base "name=value field=want"
	line := func(base, name, value, field, want string) {
		names = append(names, strings.Join([]string{base, name, value, field, want}, "\x00"))
	}
	each := func(base, list, value, field, want string) {
		for name := range strings.FieldsSeq(list) {
			line(base, name, value, field, want)
		}
	}
	each("com=1", "clickid click_id clickId cid transaction_id subid cnv_id", "CLICK", "click_id", "CLICK")
	each("com=1", "token security_token secure verification_token", "TOKEN", "status", "approved")
	each("comperc=10", "val amount sale_amount sum", "12.34", "val", "12.34")
	line("val=10", "com", "1.5", "commission", "1.50")
	line("val=10", "comperc", "15", "commission", "1.50")
	each("com=1", "payout revenue", "2.5", "revenue", "2.50")
	each("com=1", "txid txn_id order_id action_id adv_sub tid", "UNIQUE", "txid", "UNIQUE")
	each("", "id goal goal_id goal_alias event_id event et", "lead", "commission", "5.00")
	each("", "id goal goal_id", lead, "goal_id", lead)
	each("com=1", "status conv_status cnv_status", "pending", "status", "pending")
	each("com=1", "currency cnv_currency cur", "USD", "original_currency", "USD")
	line("com=1", "test", "1", "test", "true")
	for _, form := range []string{"GET", "FORM", "JSON"} {
		for i, packed := range names {
			parts := strings.Split(packed, "\x00")
			base, name, value, field, want := parts[0], parts[1], parts[2], parts[3], parts[4]
			t.Run(form+" "+name, func(t *testing.T) {
				t.Parallel()
				c := &client{t: t, base: w.URL, token: c.token}
				clickID := mustClick(t, n.Link)
				fill := strings.NewReplacer("CLICK", clickID, "TOKEN", n.Token, "UNIQUE", fmt.Sprintf("%s-%d", form, i)).Replace
				query, _ := url.ParseQuery(base)
				if want != "CLICK" {
					query.Set("clickid", clickID)
				}
				if value != "TOKEN" {
					query.Set("token", n.Token)
				}
				query.Set(name, fill(value))
				status, answer := w.call(t, form, query)
				if status != http.StatusOK {
					t.Fatalf("%v: %d %v", query, status, answer)
				}
				assertAnswer(t, answer, "recorded", "ok")
				got := c.must("GET", "/conversions/"+answer.text("conversion_id"), nil, http.StatusOK)
				if got.text(field) != fill(want) {
					t.Errorf("%v: %s is %q, want %q", query, field, got.text(field), fill(want))
				}
			})
		}
	}
	t.Run("free values", func(t *testing.T) {
		query := url.Values{"clickid": {mustClick(t, n.Link)}, "token": {n.Token}, "com": {"1"}, "param": {"a;b; c"}, "conversion_id": {"theirs"}, "coupon": {"SAVE"}}
		for i := 1; i <= 10; i++ {
			query.Set(fmt.Sprintf("param%d", i), fmt.Sprintf("p%d", i))
			query.Set(fmt.Sprintf("adv%d", i), fmt.Sprintf("a%d", i))
			query.Set(fmt.Sprintf("event%d", i), fmt.Sprint(i))
		}
		_, answer := w.call(t, "GET", query)
		params, _ := c.must("GET", "/conversions/"+answer.text("conversion_id"), nil, http.StatusOK)["params"].(map[string]any)
		for i := 1; i <= 10; i++ {
			for name, want := range map[string]string{"param%d": "p%d", "adv%d": "a%d", "event%d": "%d"} {
				if got := object(params).text(fmt.Sprintf(name, i)); got != fmt.Sprintf(want, i) {
					t.Errorf("%s is %q", fmt.Sprintf(name, i), got)
				}
			}
		}
		if list, _ := params["param"].([]any); len(list) != 3 || list[0] != "a" || params["conversion_id"] != "theirs" {
			t.Errorf("params %v", params)
		}
	})
}

// TestContractPostbackReading: first name wins, query before body, empty and unfilled values are missing.
func TestContractPostbackReading(t *testing.T) {
	t.Parallel()
	w := mustShared(t)
	c := w.mustLogIn()
	n := w.mustNetwork(c, nil, nil)
	for name, tc := range map[string]struct {
		query, body, contentType string
		field, want, warning     string
	}{
		"first name wins":            {"amount=5&val=7&comperc=100", "", "", "val", "7", ""},
		"first of a repeated one":    {"val=3&val=9&comperc=100", "", "", "val", "3", ""},
		"query before body":          {"val=3&comperc=100", "val=9", "application/x-www-form-urlencoded", "val", "3", ""},
		"body where the query lacks": {"comperc=100", "val=9", "application/x-www-form-urlencoded", "val", "9", ""},
		"an empty value is missing":  {"val=&amount=4&comperc=100", "", "", "val", "4", ""},
		"unfilled {macro}":           {"val={price}&amount=4&com=1", "", "", "val", "4", "unfilled_macro"},
		"unfilled #macro#":           {"val=%23price%23&com=1", "", "", "val", "0", "unfilled_macro"},
		"unfilled [macro]":           {"val=[price]&com=1", "", "", "val", "0", "unfilled_macro"},
		"unfilled ${macro}":          {"val=%24{price}&com=1", "", "", "val", "0", "unfilled_macro"},
		"JSON number as written":     {"comperc=100", `{"val":12.30}`, "application/json", "commission", "12.30", ""},
		"JSON with charset":          {"comperc=100", `{"val":"12.30"}`, "application/json; charset=utf-8", "commission", "12.30", ""},
		"decimal comma":              {"val=12,34&comperc=100", "", "", "commission", "12.34", ""},
		"two after a comma":          {"val=1,2345&comperc=100", "", "", "val", "1.2345", ""},
		"zero commission":            {"val=5", "", "", "commission", "0.00", "zero_commission"},
		"eight decimals":             {"val=0.12345678&comperc=100", "", "", "val", "0.12345678", ""},
		"twelve digits":              {"val=999999999999&com=1", "", "", "val", "999999999999", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			address := w.URL + "/postback?clickid=" + mustClick(t, n.Link) + "&token=" + n.Token + "&" + tc.query
			req, err := http.NewRequest("GET", address, nil)
			if tc.body != "" {
				req, err = http.NewRequest("POST", address, strings.NewReader(tc.body))
			}
			if err != nil {
				t.Fatal(err)
			}
			req.Header.Set("Content-Type", tc.contentType)
			status, answer, _ := do(t, req)
			if status != http.StatusOK {
				t.Fatalf("%d %v", status, answer)
			}
			got := (&client{t: t, base: w.URL, token: c.token}).must("GET", "/conversions/"+answer.text("conversion_id"), nil, http.StatusOK)
			if got.text(tc.field) != tc.want {
				t.Errorf("%s is %q, want %q", tc.field, got.text(tc.field), tc.want)
			}
			if tc.warning != "" && !strings.Contains(answer.text("warnings"), tc.warning) {
				t.Errorf("warnings %v lack %s", answer["warnings"], tc.warning)
			}
		})
	}
	for number, code := range map[string]string{"val=1,234": "invalid_val", "val=1.2.3": "invalid_val", "val=-1": "invalid_val", "val=%2B1": "invalid_val",
		"val=1e3": "invalid_val", "val=.5": "invalid_val", "val=5.": "invalid_val", "val=1%20000": "invalid_val", "val=1,234.56": "invalid_val", "val=0x1F": "invalid_val",
		"val=1234567890123": "invalid_val", "val=0.123456789": "invalid_val", "val=NaN": "invalid_val", "com=x": "invalid_com", "com=-1": "invalid_com", "comperc=100.1": "invalid_comperc",
		"comperc=-1": "invalid_comperc", "payout=1,234": "invalid_payout", "currency=XXQ": "invalid_currency", "currency=usd1": "invalid_currency", "status=perhaps": "invalid_status"} {
		req, err := http.NewRequest("GET", w.URL+"/postback?clickid="+mustClick(t, n.Link)+"&token="+n.Token+"&"+number, nil)
		if err != nil {
			t.Fatal(err)
		}
		status, answer, _ := do(t, req)
		if status != http.StatusBadRequest {
			t.Errorf("%s: %d", number, status)
		}
		assertAnswer(t, answer, "refused", code)
	}
	for contentType, body := range map[string]string{"application/json": `{"clickid":`, "application/xml": "<a/>", "application/json; charset=utf-8": `[1]`} {
		req, err := http.NewRequest("POST", w.URL+"/postback", strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Content-Type", contentType)
		status, answer, _ := do(t, req)
		if status != http.StatusBadRequest || answer.text("code") != "invalid_body" {
			t.Errorf("%s %s: %d %v", contentType, body, status, answer)
		}
	}
}

// TestContractPostbackAuth: token, hmac, ip, none.
func TestContractPostbackAuth(t *testing.T) {
	t.Parallel()
	w := mustFresh(t)
	c := w.mustLogIn()
	sign := func(secret, text string) string {
		mac := hmac.New(sha256.New, []byte(secret))
		mac.Write([]byte(text))
		return hex.EncodeToString(mac.Sum(nil))
	}
	raw := func(query string) (int, object) {
		status, answer, _ := w.get("/postback?" + query)
		return status, answer
	}
	now := func(off time.Duration) string { return fmt.Sprint(time.Now().Add(off).Unix()) }

	signed := w.mustNetwork(c, object{"postback_auth": "hmac"}, nil)
	for name, tc := range map[string]struct {
		query func(base string) string
		http  int
		code  string
	}{
		"good": {func(b string) string { b += "&ts=" + now(0); return b + "&sig=" + sign(signed.Token, b) }, 200, "ok"},
		"upper case hex": {func(b string) string {
			b += "&ts=" + now(0)
			return b + "&sig=" + strings.ToUpper(sign(signed.Token, b))
		}, 200, "ok"},
		"4 minutes ahead": {func(b string) string { b += "&ts=" + now(4*time.Minute); return b + "&sig=" + sign(signed.Token, b) }, 200, "ok"},
		"none":            {func(b string) string { return b }, 401, "missing_signature"},
		"old":             {func(b string) string { b += "&ts=" + now(-6*time.Minute); return b + "&sig=" + sign(signed.Token, b) }, 403, "invalid_signature"},
		"ahead":           {func(b string) string { b += "&ts=" + now(6*time.Minute); return b + "&sig=" + sign(signed.Token, b) }, 403, "invalid_signature"},
		"without ts":      {func(b string) string { return b + "&sig=" + sign(signed.Token, b) }, 403, "invalid_signature"},
		"sth. after":      {func(b string) string { b += "&ts=" + now(0); return b + "&sig=" + sign(signed.Token, b) + "&x=1" }, 403, "invalid_signature"},
		"other query":     {func(b string) string { b += "&ts=" + now(0); return b + "&com=99&sig=" + sign(signed.Token, b) }, 403, "invalid_signature"},
		"token alone":     {func(b string) string { return b + "&token=" + signed.Token }, 401, "missing_signature"},
	} {
		status, answer := raw(tc.query("clickid=" + mustClick(t, signed.Link) + "&com=1"))
		if status != tc.http || answer.text("code") != tc.code {
			t.Errorf("hmac, %s: %d %v, want %d %s", name, status, answer, tc.http, tc.code)
		}
	}
	for name, tc := range map[string]struct {
		header func(body string) string
		http   int
		code   string
	}{
		"good":      {func(b string) string { ts := now(0); return "t=" + ts + ",v1=" + sign(signed.Token, ts+"."+b) }, 200, "ok"},
		"missing":   {func(string) string { return "" }, 401, "missing_signature"},
		"other key": {func(b string) string { ts := now(0); return "t=" + ts + ",v1=" + sign("x"+signed.Token, ts+"."+b) }, 403, "invalid_signature"},
		"old": {func(b string) string {
			ts := now(-6 * time.Minute)
			return "t=" + ts + ",v1=" + sign(signed.Token, ts+"."+b)
		}, 403, "invalid_signature"},
	} {
		body := `{"clickid":"` + mustClick(t, signed.Link) + `","com":"1"}`
		req, err := http.NewRequest("POST", w.URL+"/postback", strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Content-Type", "application/json")
		if header := tc.header(body); header != "" {
			req.Header.Set("Waypost-Signature", header)
		}
		if status, answer, _ := do(t, req); status != tc.http || answer.text("code") != tc.code {
			t.Errorf("signed body, %s: %d %v", name, status, answer)
		}
	}

	byIP := w.mustNetwork(c, object{"postback_auth": "ip", "ip_allowlist": []string{"127.0.0.0/8"}}, nil)
	if status, answer := raw("clickid=" + mustClick(t, byIP.Link) + "&com=1"); status != 200 {
		t.Errorf("allowed address: %d %v", status, answer)
	}
	c.must("PATCH", "/advertisers/"+byIP.Advertiser, object{"ip_allowlist": []string{"192.0.2.7"}}, http.StatusOK)
	if status, answer := raw("clickid=" + mustClick(t, byIP.Link) + "&com=1"); status != 403 || answer.text("code") != "ip_not_allowed" {
		t.Errorf("other address: %d %v", status, answer)
	}
	open := w.mustNetwork(c, object{"postback_auth": "none"}, nil)
	if status, answer := raw("clickid=" + mustClick(t, open.Link) + "&com=1"); status != 200 {
		t.Errorf("none: %d %v", status, answer)
	}
	always := w.mustNetwork(c, object{"always_200": true}, nil)
	id := mustClick(t, always.Link)
	for query, code := range map[string]string{"com=1": "missing_token", "com=1&token=x": "invalid_token", "val=x&token=" + always.Token: "invalid_val",
		"goal=no&token=" + always.Token: "goal_not_found"} {
		status, answer := raw("clickid=" + id + "&" + query)
		if status != 200 {
			t.Errorf("always_200, %s: %d", query, status)
		}
		assertAnswer(t, answer, "refused", code)
	}
}

// TestContractStatuses: words, maps, moves, holds.
func TestContractStatuses(t *testing.T) {
	t.Parallel()
	w := mustShared(t)
	c := w.mustLogIn()
	n := w.mustNetwork(c, object{"status_map": object{"fertig": "approved", "paid": "rejected"}}, nil)
	send := func(query string) (int, object) {
		status, answer, _ := w.get("/postback?token=" + n.Token + "&" + query)
		return status, answer
	}
	words := map[string]string{"fertig": "approved", "FERTIG": "approved", "paid": "rejected"} // the map wins over the built-in word
	for status, list := range map[string]string{
		"approved": "approved approve 1 sale confirmed ok A billed Approved", "pending": "pending 2 lead new wait P", "hold": "hold 5",
		"rejected": "rejected reject declined 3 cancelled canceled D refund reversed", "trash": "trash spam fake duplicate test TRASH",
	} {
		for word := range strings.FieldsSeq(list) {
			words[word] = status
		}
	}
	for word, want := range words {
		status, answer := send("clickid=" + mustClick(t, n.Link) + "&com=1&status=" + url.QueryEscape(word))
		if status != 200 || answer.text("conversion_status") != want {
			t.Errorf("status=%s: %d %v, want %s", word, status, answer, want)
		}
	}
	for query, want := range map[string]string{"status=good&approved_status=good,fine": "approved", "status=fine&approved_status=good;fine": "approved",
		"status=w&pending_status=w": "pending", "status=bad&rejected_status=bad": "rejected", "status=junk&trash_status=x;junk": "trash",
		"status=sale&pending_status=sale": "pending", "status=fertig&rejected_status=fertig": "approved"} {
		if status, answer := send("clickid=" + mustClick(t, n.Link) + "&com=1&" + query); status != 200 || answer.text("conversion_status") != want {
			t.Errorf("%s: %d %v, want %s", query, status, answer, want)
		}
	}

	all := []string{"pending", "hold", "approved", "rejected", "trash"}
	allowed := map[string]string{"pending": "approved hold rejected trash", "hold": "approved rejected trash", "approved": "rejected trash", "rejected": "approved", "trash": ""}
	for _, from := range all {
		for _, to := range all {
			id := mustClick(t, n.Link)
			_, first := send("clickid=" + id + "&com=1&txid=" + id + "&status=" + from)
			status, answer := send("clickid=" + id + "&com=1&txid=" + id + "&status=" + to)
			want, code, outcome := 200, "ok", "updated"
			switch {
			case from == to:
				code, outcome = "duplicate", "duplicate"
			case !strings.Contains(" "+allowed[from]+" ", " "+to+" "):
				want, code, outcome = 409, "status_not_allowed", "refused"
			}
			if status != want || answer.text("conversion_id") != first.text("conversion_id") {
				t.Errorf("%s → %s: %d %v, want %d", from, to, status, answer, want)
			}
			assertAnswer(t, answer, outcome, code)
			if want == 409 && answer.text("conversion_status") != from {
				t.Errorf("%s → %s left %s", from, to, answer.text("conversion_status"))
			}
		}
	}

	held := w.mustNetwork(c, nil, object{"goals": []object{{"alias": "default", "initial_status": "hold", "hold_days": 1}}})
	for _, query := range []string{"", "&status=approved"} {
		_, answer, _ := w.get("/postback?token=" + held.Token + "&com=1&clickid=" + mustClick(t, held.Link) + query)
		if answer.text("conversion_status") != "hold" {
			t.Errorf("a goal that holds%s: %v", query, answer)
		}
	}
	if _, answer, _ := w.get("/postback?token=" + held.Token + "&com=1&status=rejected&clickid=" + mustClick(t, held.Link)); answer.text("conversion_status") != "rejected" {
		t.Errorf("a sent status wins: %v", answer)
	}
}

// TestContractIdempotency: the key and the modes.
func TestContractIdempotency(t *testing.T) {
	t.Parallel()
	w := mustShared(t)
	c := w.mustLogIn()
	type step struct {
		query         string
		outcome, code string
		warning       string
	}
	for name, tc := range map[string]struct {
		dedupe      string
		steps       []step
		commission  string // of the first conversion, at the end
		conversions int
	}{
		"txid": {"txid", []step{{"txid=A&com=1", "recorded", "ok", ""}, {"txid=A&com=1", "duplicate", "duplicate", ""}, {"txid=A&com=2", "duplicate", "duplicate", "amounts_differ"},
			{"txid=B&com=1", "recorded", "ok", ""}, {"com=1", "recorded", "ok", ""}, {"com=1", "duplicate", "duplicate", ""}}, "1.00", 3},
		"status alone": {"txid", []step{{"txid=A&com=1&status=pending", "recorded", "ok", ""}, {"txid=A&com=1", "duplicate", "duplicate", ""},
			{"txid=A&com=1&status=approved", "updated", "ok", ""}, {"txid=A&com=1&status=approved", "duplicate", "duplicate", ""}}, "1.00", 1},
		"click":  {"click", []step{{"txid=A&com=1", "recorded", "ok", ""}, {"txid=B&com=1", "duplicate", "duplicate", ""}}, "1.00", 1},
		"none":   {"none", []step{{"txid=A&com=1", "recorded", "ok", ""}, {"txid=A&com=1", "recorded", "ok", ""}}, "1.00", 2},
		"update": {"update", []step{{"txid=A&com=1", "recorded", "ok", ""}, {"txid=A&com=2", "updated", "ok", ""}, {"txid=A&com=3", "updated", "ok", ""}}, "3.00", 1},
		"add":    {"add", []step{{"txid=A&com=1", "recorded", "ok", ""}, {"txid=A&com=2", "updated", "ok", ""}}, "3.00", 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := &client{t: t, base: w.URL, token: c.token}
			n := w.mustNetwork(c, nil, object{"goals": []object{{"alias": "default", "dedupe": tc.dedupe}}})
			id, first := mustClick(t, n.Link), ""
			for i, s := range tc.steps {
				status, answer, _ := w.get("/postback?token=" + n.Token + "&clickid=" + id + "&" + s.query)
				if status != 200 {
					t.Fatalf("%s: %d %v", s.query, status, answer)
				}
				assertAnswer(t, answer, s.outcome, s.code)
				if !strings.Contains(answer.text("warnings"), s.warning) {
					t.Errorf("%s: warnings %v", s.query, answer["warnings"])
				}
				if i == 0 {
					first = answer.text("conversion_id")
				}
			}
			if list := c.must("GET", "/conversions?click_id="+id, nil, http.StatusOK).items(t); len(list) != tc.conversions {
				t.Errorf("%d conversions, want %d", len(list), tc.conversions)
			}
			if got := c.must("GET", "/conversions/"+first, nil, http.StatusOK).text("commission"); got != tc.commission {
				t.Errorf("commission %s, want %s", got, tc.commission)
			}
		})
	}
}
