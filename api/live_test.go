package api_test

import (
	"strings"
	"testing"
)

// Each poll tells what is new, once: a click, a wrong token, a match, and the delivery again when its status changes.
func TestLive(t *testing.T) {
	t.Parallel()
	n := newNetwork(t)
	n.must(201, n.affUser[0], "POST", "/postbacks", fields{"url": "https://a.example/?p={payout}", "offer_id": n.offers[0]["id"]})
	cursors := map[string]string{}
	poll := func(token, query string) (kinds []string, raw string) {
		t.Helper()
		a := n.call(token, "GET", "/live?after="+cursors[token+query]+query, nil)
		if a.status != 200 {
			t.Fatalf("%d %s", a.status, a.raw)
		}
		cursors[token+query] = a.body["next"].(string)
		for _, e := range items(a.body) {
			kinds = append(kinds, e["kind"].(string)+" "+e["outcome"].(string))
		}
		return kinds, a.raw
	}
	expect := func(what, token, query string, want ...string) string {
		t.Helper()
		kinds, raw := poll(token, query)
		if got := strings.Join(kinds, ", "); got != strings.Join(want, ", ") {
			t.Errorf("%s: %s, want %v: %s", what, got, want, raw)
		}
		return raw
	}
	operator, seller, affiliate, stranger := n.admin, n.advUser[0], n.affUser[0], n.affUser[1]
	for _, token := range []string{operator, seller, affiliate, stranger} {
		expect("nothing yet", token, "")
	}
	c := n.click(0)
	expect("a click", operator, "", "click valid")
	n.postback(0, c, "token", "wrong", "txid", "T0")
	expect("a wrong token", operator, "", "postback_in refused")
	expect("the advertiser catches up", seller, "", "click valid", "postback_in refused")
	n.postback(0, c, "val", "7", "com", "77.31", "payout", "99.17", "txid", "T1")
	raw := expect("a match", operator, "", "postback_in recorded", "delivery pending")
	if !strings.Contains(raw, "99.17") || strings.Contains(raw, n.advertisers[0]["postback_token"].(string)) {
		t.Errorf("an operator: %s", raw)
	}
	if raw := expect("the affiliate", affiliate, "", "click valid", "postback_in refused", "postback_in recorded", "delivery pending"); strings.Contains(raw, "99.17") {
		t.Errorf("the affiliate sees revenue: %s", raw)
	}
	if raw := expect("the advertiser", seller, "", "postback_in recorded", "delivery pending"); strings.Contains(raw, "a.example") {
		t.Errorf("the advertiser sees the affiliate's address: %s", raw)
	}
	expect("calls of the click alone", operator, "&kind=postback_in&click_id="+c, "postback_in refused", "postback_in recorded")
	expect("another offer", operator, "&offer_id=999")
	expect("nothing new", operator, "")
	if err := n.exec(`UPDATE deliveries SET status = 'delivered', next_attempt_at = NULL`); err != nil {
		t.Fatal(err)
	}
	expect("it was delivered", operator, "", "delivery delivered")
	expect("nothing new", operator, "")
	expect("a stranger", stranger, "")

	n.refused(422, "invalid_cursor", operator, "GET", "/live?after=nonsense", nil)
	n.refused(422, "invalid_kind", operator, "GET", "/live?kind=sale", nil)

	// The click's own page filters.
	n.must(200, operator, "GET", "/clicks?click_id="+c, nil)
	if err := n.exec(`UPDATE clicks SET aff_click_id = 'theirs'`); err != nil {
		t.Fatal(err)
	}
	for query, want := range map[string]int{"click_id=" + c: 1, "aff_click_id=theirs": 1, "aff_click_id=their": 0, "from=2026-01-01&advertiser_id=1": 1, "to=2026-01-01": 0} {
		if got := items(n.must(200, operator, "GET", "/clicks?"+query, nil)); len(got) != want {
			t.Errorf("clicks %s: %d, want %d", query, len(got), want)
		}
	}
}
