package api_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/waypost/waypost/domain/account"
	"github.com/waypost/waypost/domain/money"
)

func today(days int) string { return now().AddDate(0, 0, days).Format(time.DateOnly) }

func TestExchangeRates(t *testing.T) {
	t.Parallel()
	n := newNetwork(t)
	r := n.postback(0, n.click(0), "val", "100", "comperc", "10", "currency", "eur", "txid", "E")
	target := "/conversions/" + r.ConversionID.String()
	c := n.must(200, n.admin, "GET", target, nil)
	if c["status"] != "pending" || c["rate"] != nil || c["original_val"] != "100" || c["original_currency"] != "EUR" || c["commission"] != "0.00" {
		t.Errorf("without a rate: %v", c)
	}
	put := fields{"date": today(0), "base": "EUR", "quote": "usd", "rate": "1.10"}
	got := n.must(200, n.admin, "PUT", "/exchange-rates", put)
	if got["rate"] != "1.1" || got["quote"] != "USD" || got["source"] != "manual" || got["date"] != today(0) {
		t.Errorf("put: %v", got)
	}
	c = n.must(200, n.admin, "GET", target, nil)
	if c["status"] != "approved" || c["rate"] != "1.1" || c["val"] != "110" || c["commission"] != "11.00" || c["revenue"] != "13.20" || c["original_val"] != "100" {
		t.Errorf("computed: %v", c)
	}
	n.must(200, n.admin, "PUT", "/exchange-rates", fields{"date": today(0), "base": "EUR", "quote": "USD", "rate": "1.2"})
	n.must(200, n.admin, "PUT", "/exchange-rates", fields{"date": today(1), "base": "EUR", "quote": "USD", "rate": "1.3"})
	n.must(200, n.admin, "PUT", "/exchange-rates", fields{"date": today(-1), "base": "EUR", "quote": "JPY", "rate": "160"})
	n.must(200, n.admin, "PUT", "/exchange-rates", fields{"date": today(0), "base": "GBP", "quote": "USD", "rate": "1.4"})
	for query, want := range map[string]string{
		"": "EUR/USD 1.3, EUR/USD 1.2, GBP/USD 1.4, EUR/JPY 160", "?base=EUR&quote=usd": "EUR/USD 1.3, EUR/USD 1.2", "?base=CHF": "",
		"?from=" + today(0) + "&to=" + today(0): "EUR/USD 1.2, GBP/USD 1.4", "?to=" + today(-1): "EUR/JPY 160",
	} {
		var rates []string
		separator := "?"
		if query != "" {
			separator = "&"
		}
		for cursor := ""; ; {
			page := n.must(200, n.admin, "GET", "/exchange-rates"+query+separator+"limit=1&cursor="+cursor, nil)
			for _, r := range items(page) {
				rates = append(rates, fmt.Sprintf("%s/%s %s", r["base"], r["quote"], r["rate"]))
			}
			if cursor, _ = page["next_cursor"].(string); cursor == "" {
				break
			}
		}
		if got := strings.Join(rates, ", "); got != want {
			t.Errorf("%q: %s, want %s", query, got, want)
		}
	}
	for _, f := range []struct {
		field, value, code string
	}{
		{"base", "EURO", "invalid_currency"}, {"base", "USD", "same_currency"}, {"quote", "XXX", "invalid_currency"},
		{"rate", "0", "invalid_rate"}, {"rate", "-1", "invalid_rate"}, {"rate", "1.123456789", "too_many_decimals"}, {"rate", "1,1", "invalid_decimal"},
		{"date", today(2), "date_in_future"}, {"date", "21.11.2026", "invalid_date"},
	} {
		body := fields{"date": today(0), "base": "EUR", "quote": "USD", "rate": "1.1"}
		body[f.field] = f.value
		n.refused(422, f.code, n.admin, "PUT", "/exchange-rates", body)
	}
	n.refused(422, "invalid_cursor", n.admin, "GET", "/exchange-rates?cursor=nonsense", nil)
	_, finance := n.user(account.User{Role: account.RoleFinance})
	_, manager := n.user(account.User{Role: account.RoleManager})
	n.must(200, finance, "PUT", "/exchange-rates", put)
	n.must(200, manager, "GET", "/exchange-rates", nil)
	for _, token := range []string{manager, n.affUser[0], n.advUser[0]} {
		n.refused(403, "forbidden", token, "PUT", "/exchange-rates", put)
	}
	for _, token := range []string{n.affUser[0], n.advUser[0]} {
		n.refused(403, "forbidden", token, "GET", "/exchange-rates", nil)
	}
}

func TestNetworkSettings(t *testing.T) {
	t.Parallel()
	n := newNetwork(t)
	_, manager := n.user(account.User{Role: account.RoleManager})
	if got := n.must(200, manager, "GET", "/network", nil); got["name"] != "Waypost" || got["advertisers_decide"] != true {
		t.Errorf("%v", got)
	}
	for _, token := range []string{n.affUser[0], n.advUser[0]} {
		got := n.must(200, token, "GET", "/network", nil)
		if got["name"] != "Waypost" {
			t.Errorf("a party sees %v", got)
		}
		for name := range got {
			if !slices.Contains([]string{"name", "brand_colour", "logo_url", "support_email", "terms_url"}, name) {
				t.Errorf("a party sees %s", name)
			}
		}
	}
	for _, token := range []string{manager, n.affUser[0], n.advUser[0]} {
		n.refused(403, "forbidden", token, "PATCH", "/network", fields{"advertisers_decide": false})
	}
	n.refused(422, "required", n.admin, "PATCH", "/network", fields{"name": " "})
	n.refused(422, "null", n.admin, "PATCH", "/network", fields{"advertisers_decide": nil})
	target := "/conversions/" + n.postback(0, n.click(0), "com", "1", "status", "pending").ConversionID.String()
	if got := n.must(200, n.admin, "PATCH", "/network", fields{"advertisers_decide": false, "name": "Acme"}); got["advertisers_decide"] != false || got["name"] != "Acme" {
		t.Errorf("%v", got)
	}
	n.refused(403, "advertisers_do_not_decide", n.advUser[0], "PATCH", target, fields{"status": "approved"})
	n.refused(404, "not_found", n.advUser[1], "PATCH", target, fields{"status": "approved"})
	n.must(200, n.admin, "PATCH", "/network", fields{"advertisers_decide": true})
	if got := n.must(200, n.advUser[0], "PATCH", target, fields{"status": "approved"}); got["status"] != "approved" {
		t.Errorf("%v", got)
	}
	n.refused(403, "forbidden", n.advUser[0], "PATCH", target, fields{"revenue": "1"})
}

func TestConversionsByHand(t *testing.T) {
	t.Parallel()
	n := newNetwork(t)
	n.must(201, n.affUser[0], "POST", "/postbacks", fields{"url": "https://a.example/?p={payout}&s={status}"})
	body := fields{"offer_id": id(n.offers[0]), "affiliate_id": id(n.affiliates[0])}
	with := func(pairs ...any) fields {
		f := fields{}
		for k, v := range body {
			f[k] = v
		}
		for i := 0; i < len(pairs); i += 2 {
			f[pairs[i].(string)] = pairs[i+1]
		}
		return f
	}
	c := n.must(201, n.admin, "POST", "/conversions", with("val", "99.99", "com", "0", "comperc", "7.5", "txid", "H1", "note", "by phone"))
	if c["status"] != "approved" || c["commission"] != "7.50" || c["revenue"] != "9.00" || c["txid"] != "H1" || c["currency"] != "USD" || len(c["warnings"].([]any)) > 0 {
		t.Errorf("%v", c)
	}
	target := "/conversions/" + c["id"].(string)
	if got := n.must(200, n.admin, "GET", target, nil); got["commission"] != "7.50" || got["click_id"] != c["click_id"] || got["created_at"] != c["created_at"] {
		t.Errorf("read back: %v", got)
	}
	click := n.must(200, n.affUser[0], "GET", "/clicks/"+c["click_id"].(string), nil)
	if click["valid"] != true || click["source"] != "" {
		t.Errorf("its click: %v", click)
	}
	if d := items(n.must(200, n.admin, "GET", "/deliveries?conversion_id="+c["id"].(string), nil)); len(d) != 1 || d[0]["url"] != "https://a.example/?p=7.50&s=approved" {
		t.Errorf("deliveries: %v", d)
	}
	trace := n.must(200, n.admin, "GET", "/clicks/"+c["click_id"].(string)+"/trace", nil)
	if len(items(trace)) < 4 {
		t.Errorf("trace: %v", trace)
	}
	if a := n.refused(409, "duplicate", n.admin, "POST", "/conversions", with("txid", "H1")); !strings.Contains(a.raw, c["id"].(string)) {
		t.Errorf("which one? %s", a.raw)
	}
	silent := n.must(201, n.admin, "POST", "/conversions", with("com", "3", "payout", "0", "status", "pending", "fire_postbacks", false, "goal_id", nil))
	if silent["status"] != "pending" || silent["revenue"] != "0.00" || len(items(n.must(200, n.admin, "GET", "/deliveries?conversion_id="+silent["id"].(string), nil))) > 0 {
		t.Errorf("%v", silent)
	}
	clickID := n.click(0)
	if own := n.must(201, n.admin, "POST", "/conversions", with("click_id", clickID, "com", "1")); own["click_id"] != clickID {
		t.Errorf("%v", own)
	}
	old := now().AddDate(0, -2, 0).Format(time.RFC3339)
	if c := n.must(201, n.admin, "POST", "/conversions", with("created_at", old)); !strings.HasPrefix(c["created_at"].(string), old[:19]) || c["warnings"].([]any)[0].(map[string]any)["code"] != "zero_commission" {
		t.Errorf("%v", c)
	}
	for _, f := range []struct {
		code, at string
		body     any
	}{
		{"unknown_reference", "body.offer_id", with("offer_id", 999)}, {"unknown_reference", "body.affiliate_id", with("affiliate_id", 999)},
		{"goal_not_found", "body.goal_id", with("goal_id", 999)}, {"click_not_found", "body.click_id", with("click_id", "nonsense")},
		{"click_of_another", "body.click_id", with("click_id", n.click(1))}, {"invalid_amount", "body.val", with("val", "-1")},
		{"too_many_decimals", "body.com", with("com", "1.123456789")}, {"invalid_comperc", "body.comperc", with("comperc", "101")},
		{"invalid_currency", "body.currency", with("currency", "XXX")}, {"time_in_future", "body.created_at", with("created_at", now().Add(time.Hour).Format(time.RFC3339))},
	} {
		if a := n.refused(422, f.code, n.admin, "POST", "/conversions", f.body); !strings.Contains(a.raw, `"`+f.at+`"`) {
			t.Errorf("%s is not named: %s", f.at, a.raw)
		}
	}
	n.refused(422, "unknown_field", n.admin, "POST", "/conversions", with("colour", "red"))
	_, viewer := n.user(account.User{Role: account.RoleViewer})
	for _, token := range []string{n.affUser[0], n.advUser[0], viewer} {
		n.refused(403, "forbidden", token, "POST", "/conversions", with("click_id", clickID))
		n.refused(403, "forbidden", token, "POST", "/conversions", body)
	}

	// Corrections.
	if c := n.must(200, n.admin, "PATCH", target, fields{"commission": "5", "revenue": "6.5", "reason": "returned goods"}); c["commission"] != "5.00" || c["revenue"] != "6.50" || c["val"] != "99.99" {
		t.Errorf("corrected: %v", c)
	}
	n.refused(422, "too_many_decimals", n.admin, "PATCH", target, fields{"commission": "0.001"})
	n.must(200, n.admin, "PATCH", target, fields{"status": "trash"})
	n.refused(409, "conversion_in_trash", n.admin, "PATCH", target, fields{"val": "1"})
	n.refused(404, "not_found", n.affUser[1], "PATCH", target, fields{"commission": "1"})
	n.refused(403, "forbidden", n.affUser[0], "PATCH", target, fields{"commission": "1"})
}

// However a history goes, the entries that each party reads add up to the balance that it reads, and nobody reads
// another's.
func TestLedgersAddUp(t *testing.T) {
	t.Parallel()
	n := newNetwork(t)
	random := rand.New(rand.NewPCG(7, 7))
	pick := func(of ...string) string { return of[random.IntN(len(of))] }
	n.must(200, n.admin, "PUT", "/exchange-rates", fields{"date": today(0), "base": "EUR", "quote": "USD", "rate": "1.0825"})
	var made [][2]any
	for step := range 120 {
		i := random.IntN(2)
		switch {
		case step%3 == 0 || len(made) == 0:
			r := n.postback(i, n.click(i), "val", pick("10", "99.99"), "com", pick("1", "12.345", "0"), "txid", fmt.Sprint(random.IntN(30)),
				"currency", pick("USD", "EUR", "GBP"), "status", pick("approved", "pending", "hold", "rejected"))
			if !r.ConversionID.IsZero() {
				made = append(made, [2]any{i, r.ConversionID.String()})
			}
		case step%3 == 1:
			c := n.must(201, n.admin, "POST", "/conversions", fields{"offer_id": id(n.offers[i]), "affiliate_id": id(n.affiliates[i]),
				"com": pick("1", "2.5"), "currency": pick("USD", "EUR", "GBP")})
			made = append(made, [2]any{i, c["id"]})
		default:
			body := fields{"status": pick("approved", "rejected", "hold")}
			if random.IntN(2) == 0 {
				body = fields{"commission": pick("0", "3.21", "100"), "revenue": pick("0", "4.32", "100")}
			}
			a := n.call(n.admin, "PATCH", path("/conversions/%s", made[random.IntN(len(made))][1]), body)
			if a.status != 200 && a.status != 409 {
				t.Fatalf("%v: %s", body, a.raw)
			}
		}
		if step == 60 {
			n.must(200, n.admin, "PUT", "/exchange-rates", fields{"date": today(0), "base": "GBP", "quote": "USD", "rate": "1.3131"})
		}
	}
	for i := range 2 {
		n.addsUp(n.affUser[i], path("/affiliates/%d", id(n.affiliates[i])), path("a%d", id(n.affiliates[i])), "pending", "approved", "invoiced", "paid")
		n.addsUp(n.advUser[i], path("/advertisers/%d", id(n.advertisers[i])), path("d%d", id(n.advertisers[i])), "pending", "receivable", "invoiced", "received")
		for _, what := range []string{"/balance", "/ledger"} {
			aff, adv := path("/affiliates/%d", id(n.affiliates[i]))+what, path("/advertisers/%d", id(n.advertisers[i]))+what
			for _, token := range []string{n.affUser[1-i], n.advUser[0], n.advUser[1]} {
				n.refused(404, "not_found", token, "GET", aff, nil)
			}
			for _, token := range []string{n.advUser[1-i], n.affUser[0], n.affUser[1]} {
				n.refused(404, "not_found", token, "GET", adv, nil)
			}
			n.refused(404, "not_found", n.admin, "GET", "/advertisers/999"+what, nil)
		}
	}
}

// addsUp holds a party's balance against its entries, as it and as an operator reads them.
func (n *network) addsUp(token, target, party string, buckets ...string) {
	n.Helper()
	sums, entries := map[string]money.Rate{}, 0
	for cursor := ""; ; {
		page := n.must(200, token, "GET", target+"/ledger?limit=50&cursor="+cursor, nil)
		for _, e := range items(page) {
			entries++
			amount, currency := money.MustRate(e["amount"].(string)), e["currency"].(string)
			if amount.Sign() <= 0 || e["from_account"] == e["to_account"] {
				n.Errorf("%s: entry %v", target, e)
			}
			from, to := currency+" "+e["from_account"].(string), currency+" "+e["to_account"].(string)
			sums[from], sums[to] = sums[from].Sub(amount), sums[to].Add(amount)
		}
		if cursor, _ = page["next_cursor"].(string); cursor == "" {
			break
		}
	}
	balances := items(n.must(200, token, "GET", target+"/balance", nil))
	if entries < 20 || len(balances) != 1 {
		n.Errorf("%s: %d entries, balances %v", target, entries, balances)
	}
	for _, b := range balances {
		for _, bucket := range buckets {
			account := fmt.Sprintf("%s %s:%s", b["currency"], party, bucket)
			if got := money.MustRate(b[bucket].(string)); !got.Equal(sums[account]) {
				n.Errorf("%s: %s in the balance, %s by the entries", account, got, sums[account])
			}
		}
	}
	if a, b := n.call(token, "GET", target+"/balance", nil), n.call(n.admin, "GET", target+"/balance", nil); a.raw != b.raw {
		n.Errorf("%s: the party reads %s, an operator %s", target, a.raw, b.raw)
	}
}
