package e2e

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"
)

// form makes query values of pairs of name and value.
func form(pairs ...string) url.Values {
	values := url.Values{}
	for i := 0; i < len(pairs); i += 2 {
		values.Set(pairs[i], pairs[i+1])
	}
	return values
}

// as is the client for another test, so that a parallel one reports its own faults.
func (c *client) as(t testing.TB) *client { return &client{t: t, base: c.base, token: c.token} }

// convert makes a click and reports it with these parameters; the answer has to be 200.
func (n *network) convert(t testing.TB, pairs ...string) (answer, conversion object) {
	t.Helper()
	values := form(pairs...)
	if !values.Has("clickid") {
		values.Set("clickid", mustClick(t, n.Link))
	}
	values.Set("token", n.Token)
	status, answer := n.w.call(t, "GET", values)
	if status != http.StatusOK {
		t.Fatalf("%v: %d %v", pairs, status, answer)
	}
	return answer, n.c.as(t).must("GET", "/conversions/"+answer.text("conversion_id"), nil, http.StatusOK)
}

// assertFields compares fields of an object as text.
func assertFields(t testing.TB, got object, want map[string]string) {
	t.Helper()
	for name, value := range want {
		if got.text(name) != value {
			t.Errorf("%s is %q, want %q (%v)", name, got.text(name), value, got)
		}
	}
}

// TestContractMoney: payout and revenue models, override, currencies and rates of section 3, and the balances of section 5.
func TestContractMoney(t *testing.T) {
	t.Parallel()
	w := mustFresh(t)
	c := w.mustLogIn()
	today := time.Now().UTC().Format(time.DateOnly)
	rate := func(t testing.TB, date, base, quote, value string) {
		t.Helper()
		got := c.as(t).must("PUT", "/exchange-rates", object{"date": date, "base": base, "quote": quote, "rate": value}, http.StatusOK)
		assertFields(t, got, map[string]string{"date": date, "base": base, "quote": quote, "source": "manual"})
	}

	t.Run("models", func(t *testing.T) {
		for name, tc := range map[string]struct {
			payout, revenue      object
			query                string
			commission, revenued string
			ignored              string // names, space separated
		}{
			"postback default":            {nil, nil, "val=10&com=2", "2.00", "2.40", ""},
			"com 0 then comperc":          {nil, nil, "val=99.99&com=0&comperc=7.5", "7.50", "9.00", ""},
			"override of the rounded":     {nil, nil, "val=0.05&comperc=10", "0.01", "0.01", ""},
			"revenue half away":           {nil, nil, "com=0.03", "0.03", "0.04", ""}, // 0.036
			"goal amount only":            {object{"model": "postback", "amount": "5"}, nil, "val=10", "5.00", "6.00", ""},
			"goal percent only":           {object{"model": "postback", "percent": "10"}, nil, "val=10", "1.00", "1.20", ""},
			"com over the goal's":         {object{"model": "postback", "amount": "5"}, nil, "val=10&com=1", "1.00", "1.20", ""},
			"comperc 0 over the goal's":   {object{"model": "postback", "amount": "5"}, nil, "val=10&comperc=0", "0.00", "0.00", ""},
			"fixed":                       {object{"model": "fixed", "amount": "4.20"}, nil, "val=10", "4.20", "5.04", ""},
			"fixed ignores com":           {object{"model": "fixed", "amount": "4.20"}, nil, "val=10&com=9&comperc=50", "4.20", "5.04", "com comperc"},
			"percent":                     {object{"model": "percent", "percent": "12.5"}, nil, "val=10&com=9", "1.25", "1.50", "com"},
			"percent of 6 decimals":       {object{"model": "percent", "percent": "0.000001"}, nil, "val=1000000", "0.01", "0.01", ""},
			"hybrid":                      {object{"model": "hybrid", "amount": "1", "percent": "10"}, nil, "val=10&comperc=1", "2.00", "2.40", "comperc"},
			"revenue by payout":           {nil, nil, "com=2&payout=3.5", "2.00", "3.50", ""},
			"revenue payout 0":            {nil, nil, "com=2&payout=0", "2.00", "0.00", ""},
			"revenue fixed":               {nil, object{"model": "fixed", "amount": "7"}, "com=2&payout=1", "2.00", "7.00", "payout"},
			"revenue percent":             {nil, object{"model": "percent", "percent": "30"}, "val=10&com=2", "2.00", "3.00", ""},
			"revenue hybrid":              {nil, object{"model": "hybrid", "amount": "1", "percent": "30"}, "val=10&com=2&payout=9", "2.00", "4.00", "payout"},
			"both fixed ignore all":       {object{"model": "fixed", "amount": "1"}, object{"model": "fixed", "amount": "2"}, "val=1&com=9&comperc=9&payout=9", "1.00", "2.00", "com comperc payout"},
			"payout below the commission": {nil, nil, "com=2&payout=1", "2.00", "1.00", ""},
		} {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				goal := object{"alias": "default"}
				if tc.payout != nil {
					goal["payout"] = tc.payout
				}
				if tc.revenue != nil {
					goal["revenue"] = tc.revenue
				}
				n := w.mustNetwork(c.as(t), object{"override_percent": "20"}, object{"goals": []object{goal}})
				values, _ := url.ParseQuery(tc.query)
				var pairs []string
				for name := range values {
					pairs = append(pairs, name, values.Get(name))
				}
				answer, got := n.convert(t, pairs...)
				assertFields(t, got, map[string]string{"commission": tc.commission, "revenue": tc.revenued, "currency": "USD"})
				for _, item := range n.c.must("GET", "/clicks/"+answer.text("click_id")+"/trace", nil, http.StatusOK).items(t) {
					if item.text("kind") != "postback_in" {
						continue
					}
					data := object(item["data"].(map[string]any))
					if ignored := strings.Trim(data.text("ignored"), "[]"); ignored != tc.ignored {
						t.Errorf("the trace lists %q as ignored, want %q", ignored, tc.ignored)
					}
				}
			})
		}
	})

	t.Run("currencies", func(t *testing.T) {
		rate(t, today, "EUR", "USD", "1.1")
		rate(t, time.Now().UTC().AddDate(0, 0, -6).Format(time.DateOnly), "GBP", "USD", "1.25")
		rate(t, time.Now().UTC().AddDate(0, 0, -9).Format(time.DateOnly), "CHF", "USD", "1.2")
		for name, tc := range map[string]struct {
			currency string // of the offer
			query    []string
			want     map[string]string
		}{
			"the offer's own":         {"USD", []string{"val", "10", "comperc", "10", "currency", "usd"}, map[string]string{"val": "10", "commission": "1.00", "original_currency": "USD"}},
			"converted, rounded once": {"USD", []string{"val", "9.99", "comperc", "7.5", "currency", "EUR"}, map[string]string{"commission": "0.82", "revenue": "0.82", "original_val": "9.99", "original_currency": "EUR", "rate": "1.1", "currency": "USD", "status": "approved"}},
			"com and payout alike":    {"USD", []string{"val", "1", "com", "3.33", "payout", "5", "currency", "EUR"}, map[string]string{"commission": "3.66", "revenue": "5.50"}},
			"six days old":            {"USD", []string{"com", "4", "currency", "GBP"}, map[string]string{"commission": "5.00", "rate": "1.25"}},
		} {
			t.Run(name, func(t *testing.T) {
				n := w.mustNetwork(c.as(t), nil, object{"currency": tc.currency})
				_, got := n.convert(t, tc.query...)
				assertFields(t, got, tc.want)
			})
		}
		for name, currency := range map[string]string{"no rate": "SEK", "an old rate": "CHF"} {
			t.Run(name, func(t *testing.T) {
				n := w.mustNetwork(c.as(t), nil, nil)
				answer, got := n.convert(t, "val", "100", "comperc", "10", "currency", currency)
				if answer.text("conversion_status") != "pending" || !strings.Contains(answer.text("warnings"), "no_rate") {
					t.Fatalf("%v", answer)
				}
				assertFields(t, got, map[string]string{"status": "pending", "original_val": "100", "original_currency": currency})
				rejected, _ := n.convert(t, "val", "100", "comperc", "10", "currency", currency, "status", "rejected")
				rate(t, today, currency, "USD", "0.1")
				eventually(t, 30*time.Second, "the conversion is computed when its rate comes", func() bool {
					got = n.c.must("GET", "/conversions/"+answer.text("conversion_id"), nil, http.StatusOK)
					return got.text("status") == "approved"
				})
				assertFields(t, got, map[string]string{"commission": "1.00", "rate": "0.1", "original_val": "100"})
				eventually(t, 30*time.Second, "so is the other, with its status", func() bool {
					got = n.c.must("GET", "/conversions/"+rejected.text("conversion_id"), nil, http.StatusOK)
					return got.text("status") == "rejected" && got.text("commission") == "1.00"
				})
			})
		}
	})

	t.Run("too many decimals", func(t *testing.T) {
		n := w.mustNetwork(c.as(t), nil, nil)
		for name, rule := range map[string]object{"amount": {"model": "fixed", "amount": "1.234"}, "percent": {"model": "percent", "percent": "1.2345678"}} {
			got := n.c.must("POST", "/offers/"+n.Offer+"/goals", object{"alias": "g", "payout": rule}, http.StatusUnprocessableEntity)
			if !strings.Contains(got.text("errors"), "too_many_decimals") || !strings.Contains(got.text("errors"), name) {
				t.Errorf("%s: %v", name, got)
			}
		}
	})

	t.Run("ledger", func(t *testing.T) {
		n := w.mustNetwork(c.as(t), nil, nil)
		n.convert(t, "com", "5")
		n.convert(t, "com", "7", "status", "pending")
		n.convert(t, "com", "11", "status", "rejected")
		_, third := n.convert(t, "com", "13", "txid", "t3")
		n.convert(t, "clickid", third.text("click_id"), "txid", "t3", "status", "rejected")
		balance := n.c.must("GET", "/affiliates/"+n.Affiliate+"/balance", nil, http.StatusOK).items(t)
		if len(balance) != 1 {
			t.Fatalf("balances %v", balance)
		}
		assertFields(t, balance[0], map[string]string{"currency": "USD", "pending": "7.00", "approved": "5.00", "invoiced": "0.00", "paid": "0.00"})
		sums := map[string]int64{}
		cents := func(text string) (sum int64) {
			for _, digit := range strings.ReplaceAll(text, ".", "") {
				sum = sum*10 + int64(digit-'0')
			}
			return sum
		}
		for _, entry := range n.c.must("GET", "/affiliates/"+n.Affiliate+"/ledger?limit=500", nil, http.StatusOK).items(t) {
			for _, field := range []string{"id", "transaction_id", "at", "kind", "from_account", "to_account", "amount", "currency", "conversion_id"} {
				if entry.text(field) == "" {
					t.Errorf("ledger entry without %s: %v", field, entry)
				}
			}
			sums[entry.text("to_account")] += cents(entry.text("amount"))
			sums[entry.text("from_account")] -= cents(entry.text("amount"))
		}
		if sums["a"+n.Affiliate+":approved"] != 500 || sums["a"+n.Affiliate+":pending"] != 700 || sums["network:commission"] != -1200 {
			t.Errorf("the entries add up to %v", sums)
		}
	})
}
