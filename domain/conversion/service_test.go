package conversion_test

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/waypost/waypost/domain/click"
	"github.com/waypost/waypost/domain/conversion"
)

func sign(text string) string {
	mac := hmac.New(sha256.New, []byte(token))
	mac.Write([]byte(text))
	return hex.EncodeToString(mac.Sum(nil))
}

// Every code that a call can be answered with.
func TestAnswers(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	good := w.click(1, noon.Add(-time.Hour), "")
	absent := func(at time.Time) string {
		id, err := click.Mint(at, rand.Reader)
		w.fatal(err)
		return w.signer.Text(id)
	}
	w.fatalIf(w.post("clickid", good, "txid", "first", "val", "10", "comperc", "50").Code != "ok", "the first call failed")
	w.fatalIf(w.post("clickid", good, "txid", "trashed", "status", "trash", "com", "1").Code != "ok", "the second call failed")
	pending := w.query("clickid", absent(noon.Add(-time.Minute)))
	pending.LogPending = true
	for _, c := range []struct {
		name     string
		call     conversion.Call
		http     int
		status   conversion.Outcome
		code     string
		warnings string
	}{
		{"recorded", w.query("clickid", good, "txid", "a", "val", "10", "comperc", "50"), 200, "recorded", "ok", ""},
		{"zero commission", w.query("clickid", good, "txid", "zero"), 200, "recorded", "ok", "zero_commission"},
		{"no rate", w.query("clickid", good, "txid", "gbp", "val", "1", "com", "1", "currency", "GBP"), 200, "recorded", "ok", "no_rate"},
		{"unfilled macro", w.query("clickid", good, "txid", "macro", "com", "1", "val", "{amount}"), 200, "recorded", "ok", "unfilled_macro"},
		{"duplicate", w.query("clickid", good, "txid", "first", "val", "10.00", "comperc", "50"), 200, "duplicate", "duplicate", ""},
		{"amounts differ", w.query("clickid", good, "txid", "first", "val", "11"), 200, "duplicate", "duplicate", "amounts_differ"},
		{"updated", w.query("clickid", good, "txid", "first", "status", "REFUND"), 200, "updated", "ok", ""},
		{"click pending", pending, 202, "queued", "click_pending", ""},
		{"no click id", w.query("clickid", ""), 400, "refused", "missing_clickid", ""},
		{"unfilled click id", w.query("clickid", "{click_id}"), 400, "refused", "missing_clickid", "unfilled_macro"},
		{"malformed click id", w.query("clickid", strings.Repeat("0", 32)), 400, "refused", "malformed_clickid", ""},
		{"val", w.query("clickid", good, "txid", "b", "val", "1,234"), 400, "refused", "invalid_val", ""},
		{"val signed", w.query("clickid", good, "txid", "b", "val", "+12"), 400, "refused", "invalid_val", ""},
		{"com", w.query("clickid", good, "txid", "b", "com", "-1"), 400, "refused", "invalid_com", ""},
		{"comperc", w.query("clickid", good, "txid", "b", "comperc", "100.00000001"), 400, "refused", "invalid_comperc", ""},
		{"payout", w.query("clickid", good, "txid", "b", "payout", "1e3"), 400, "refused", "invalid_payout", ""},
		{"currency", w.query("clickid", good, "txid", "b", "currency", "ZZZ"), 400, "refused", "invalid_currency", ""},
		{"status", w.query("clickid", good, "txid", "b", "status", "wat"), 400, "refused", "invalid_status", ""},
		{"long txid", w.query("clickid", good, "txid", strings.Repeat("x", 256)), 400, "refused", "invalid_txid", ""},
		{"body", w.raw("POST", "", "application/json", `{"clickid":{}}`), 400, "refused", "invalid_body", ""},
		{"no token", w.query("clickid", good, "token", ""), 401, "refused", "missing_token", ""},
		{"wrong token", w.query("clickid", good, "token", "guess"), 403, "refused", "invalid_token", ""},
		{"click absent", w.query("clickid", absent(noon.Add(-25*time.Hour))), 404, "refused", "click_not_found", ""},
		{"goal", w.query("clickid", good, "goal", "nope"), 404, "refused", "goal_not_found", ""},
		{"goal of another offer", w.query("clickid", good, "goal", "20"), 404, "refused", "goal_not_found", ""},
		{"move", w.query("clickid", good, "txid", "trashed", "status", "approved"), 409, "refused", "status_not_allowed", ""},
		{"refused click", w.query("clickid", w.click(1, noon.Add(-time.Hour), click.ReasonTargeting)), 422, "refused", "click_not_valid", ""},
		{"click without offer", w.query("clickid", w.click(99, noon.Add(-time.Hour), click.ReasonOfferNotFound)), 422, "refused", "click_not_valid", ""},
		{"window", w.query("clickid", w.click(1, noon.Add(-90*24*time.Hour-time.Millisecond), "")), 422, "refused", "outside_window", ""},
		{"last moment of the window", w.query("clickid", w.click(1, noon.Add(-90*24*time.Hour), ""), "com", "1"), 200, "recorded", "ok", ""},
		{"too fast", w.query("clickid", w.click(4, noon.Add(-9999*time.Millisecond), "")), 422, "refused", "too_fast", ""},
		{"just in time", w.query("clickid", w.click(4, noon.Add(-10*time.Second), ""), "com", "1"), 200, "recorded", "ok", ""},
		{"expired offer", w.query("clickid", w.click(3, noon.Add(-time.Hour), "")), 422, "refused", "offer_inactive", ""},
		{"paused offer", w.query("clickid", w.click(2, noon.Add(-time.Hour), ""), "com", "1"), 200, "recorded", "ok", ""},
	} {
		r := w.send(c.call)
		if r.HTTPStatus != c.http || r.Status != c.status || r.Code != c.code || strings.Join(r.Warnings, ",") != c.warnings || r.Message == "" {
			t.Errorf("%s: %+v", c.name, r)
		}
		line, err := w.s.LogGet(context.Background(), operator, c.call.ID)
		if err != nil || line.Code != c.code || line.HTTPStatus != c.http || line.Status != c.status || line.Message != r.Message ||
			!slices.Equal(line.Warnings, r.Warnings) || line.ConversionID != r.ConversionID {
			t.Errorf("%s: the log says %+v, %v", c.name, line, err)
		}
		if strings.Contains(line.Query, token) {
			t.Errorf("%s: the log shows the token: %s", c.name, line.Query)
		}
	}
	w.verify()
}

func TestAuthForms(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.click(1, noon.Add(-time.Hour), "")
	signed := func(query string) conversion.Call { return w.raw("GET", query+"&sig="+sign(query), "", "") }
	w.exec(`UPDATE advertisers SET postback_auth = 'hmac' WHERE id = 1`)
	query := fmt.Sprintf("clickid=%s&com=1&ts=%d", id, noon.Unix())
	body := fmt.Sprintf(`{"clickid":%q,"com":1}`, id)
	bodyCall := func(at time.Time, signature string) conversion.Call {
		c := w.raw("POST", "", "application/json", body)
		c.Signature = fmt.Sprintf("t=%d,v1=%s", at.Unix(), signature)
		return c
	}
	for name, c := range map[string]struct {
		call conversion.Call
		code string
	}{
		"query":                 {signed(query), "ok"},
		"unsigned":              {w.raw("GET", query, "", ""), "missing_signature"},
		"changed":               {w.raw("GET", strings.Replace(query, "com=1", "com=9", 1)+"&sig="+sign(query), "", ""), "invalid_signature"},
		"something behind":      {w.raw("GET", query+"&sig="+sign(query)+"&com=9", "", ""), "invalid_signature"},
		"old":                   {signed(fmt.Sprintf("clickid=%s&ts=%d", id, noon.Unix()-301)), "invalid_signature"},
		"early":                 {signed(fmt.Sprintf("clickid=%s&ts=%d", id, noon.Unix()+301)), "invalid_signature"},
		"without ts":            {signed("clickid=" + id), "invalid_signature"},
		"not hex":               {w.raw("GET", query+"&sig=zz", "", ""), "invalid_signature"},
		"body":                  {bodyCall(noon, sign(fmt.Sprintf("%d.%s", noon.Unix(), body))), "duplicate"},
		"body, old":             {bodyCall(noon.Add(-301*time.Second), sign(fmt.Sprintf("%d.%s", noon.Unix()-301, body))), "invalid_signature"},
		"body, wrong":           {bodyCall(noon, sign(body)), "invalid_signature"},
		"body without header":   {w.raw("POST", "", "application/json", body), "missing_signature"},
		"token is no signature": {w.query("clickid", id), "missing_signature"},
	} {
		if name == "body" {
			continue // after the others: it repeats the first
		}
		if r := w.send(c.call); r.Code != c.code {
			t.Errorf("hmac, %s: %+v, want %s", name, r, c.code)
		}
	}
	unsigned := bodyCall(noon, sign(fmt.Sprintf("%d.%s", noon.Unix(), body)))
	if r := w.send(unsigned); r.Code != "duplicate" {
		t.Errorf("hmac of a body: %+v", r)
	}
	unsigned.RawQuery, unsigned.ID = "val=9", w.raw("", "", "", "").ID
	if r := w.send(unsigned); r.Code != "invalid_signature" {
		t.Errorf("a query beside a signed body: %+v", r)
	}

	w.exec(`UPDATE advertisers SET postback_auth = 'ip', ip_allowlist = '{198.51.100.1,192.0.2.0/28}' WHERE id = 1`)
	if r := w.post("clickid", id, "token", "", "txid", "ip"); r.Code != "ok" {
		t.Errorf("allowed address: %+v", r)
	}
	outside := w.query("clickid", id, "txid", "ip")
	for _, ip := range []string{"192.0.2.16", "", "nonsense", "::1"} {
		outside.IP, outside.ID = ip, w.raw("", "", "", "").ID
		if r := w.send(outside); r.Code != "ip_not_allowed" || r.HTTPStatus != 403 {
			t.Errorf("address %q: %+v", ip, r)
		}
	}
	w.exec(`UPDATE advertisers SET postback_auth = 'token' WHERE id = 1`)
	outside.ID, outside.IP = w.raw("", "", "", "").ID, "203.0.113.1"
	if r := w.send(outside); r.Code != "ip_not_allowed" {
		t.Errorf("token from elsewhere: %+v", r)
	}
	w.exec(`UPDATE advertisers SET postback_auth = 'ip', ip_allowlist = '{}' WHERE id = 1`)
	if r := w.post("clickid", id); r.Code != "ip_not_allowed" {
		t.Errorf("form ip without a list: %+v", r)
	}
	w.exec(`UPDATE advertisers SET postback_auth = 'none', always_ok = true WHERE id = 1`)
	if r := w.post("clickid", id, "token", "", "txid", "none"); r.Code != "ok" {
		t.Errorf("form none: %+v", r)
	}
	if r := w.post("clickid", id, "val", "x"); r.Code != "invalid_val" || r.Status != "refused" || r.HTTPStatus != 200 {
		t.Errorf("always 200: %+v", r)
	}
	w.verify()
}

// The examples of the contract's commission math, end to end.
func TestMathExamples(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	usd, jpy := w.click(1, noon.Add(-time.Hour), ""), w.click(2, noon.Add(-time.Hour), "")
	for i, c := range []struct {
		click               string
		pairs               []string
		commission, revenue string
		ignored             string
	}{
		{usd, []string{"val", "99.99", "com", "0", "comperc", "7.5"}, "7.50", "9.00", ""},
		{usd, []string{"val", "100", "com", "12.5", "comperc", "50"}, "12.50", "15.00", ""},
		{usd, []string{"val", "0", "com", "3"}, "3.00", "3.60", ""},
		{jpy, []string{"val", "1050", "comperc", "10"}, "105", "126", ""},
		{usd, []string{"val", "0.05", "comperc", "10"}, "0.01", "0.01", ""},
		{usd, []string{"val", "12,34", "comperc", "50", "payout", "0"}, "6.17", "0.00", ""},
		{usd, []string{"val", "10", "com", "1", "currency", "eur"}, "1.25", "1.50", ""},
		{usd, []string{"goal", "hold", "val", "33.33", "com", "9", "comperc", "0", "payout", "7"}, "5.00", "3.33", "com,comperc,payout"},
		{usd, []string{"goal", "7", "val", "33.33", "payout", "7"}, "4.33", "20.00", "payout"},
	} {
		r := w.post(append(c.pairs, "clickid", c.click, "txid", fmt.Sprint("math", i))...)
		got := w.conversion(r.ConversionID)
		if r.Code != "ok" || got.Commission.String() != c.commission || got.Revenue.String() != c.revenue || strings.Join(r.Ignored, ",") != c.ignored {
			t.Errorf("%v: commission %s, revenue %s, %+v", c.pairs, got.Commission, got.Revenue, r)
		}
	}
	w.verify()
}

func TestExchangeRate(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.click(1, noon.Add(-time.Hour), "")
	c := w.conversion(w.post("clickid", id, "txid", "1", "val", "10.00000001", "comperc", "10", "currency", "EUR").ConversionID)
	if c.Val.String() != "12.5000000125" || c.OriginalVal.String() != "10.00000001" || c.OriginalCurrency != "EUR" ||
		c.ExchangeRate.String() != "1.25" || c.Commission.String() != "1.25" || c.Commission.Currency() != "USD" {
		t.Errorf("converted: %+v", c)
	}
	r := w.post("clickid", id, "txid", "2", "val", "10", "com", "1", "currency", "GBP", "status", "approved")
	c = w.conversion(r.ConversionID)
	if r.ConversionStatus != "pending" || c.AwaitingRate != "approved" || !c.Commission.IsZero() || c.OriginalVal.String() != "10" || !c.ExchangeRate.IsZero() {
		t.Errorf("without a rate: %+v, %+v", r, c)
	}
	if r := w.post("clickid", id, "txid", "2", "status", "approved"); r.Status != "duplicate" || r.ConversionStatus != "pending" {
		t.Errorf("approved while waiting, again: %+v", r)
	}
	if r := w.post("clickid", id, "txid", "2", "status", "rejected"); r.Status != "updated" || r.ConversionStatus != "rejected" {
		t.Errorf("rejected while waiting: %+v", r)
	}
	if r := w.post("clickid", id, "txid", "2", "status", "approved"); r.Status != "updated" || r.ConversionStatus != "pending" {
		t.Errorf("approved again: %+v", r)
	}
	if got := w.balance("a1"); got != "0.00 1.25" {
		t.Errorf("balance %s", got)
	}
	w.verify()
}
