package api_test

import (
	"strings"
	"testing"
)

// A link shows the trace through the eyes that were chosen, until it is revoked, over, or its maker is shut out.
func TestTraceLinks(t *testing.T) {
	t.Parallel()
	n := newNetwork(t)
	c := n.click(0)
	n.postback(0, c, "val", "1234.56", "com", "77.31", "payout", "99.17", "txid", "T1")
	share := func(token string, body fields) (string, string) {
		t.Helper()
		made := n.must(201, token, "POST", "/clicks/"+c+"/trace-links", body)
		return made["id"].(string), made["token"].(string)
	}
	const commission, revenue = "77.31", "99.17"
	secret := n.advertisers[0]["postback_token"].(string)
	for _, x := range []struct {
		name, token     string
		body            fields
		view            string
		shows, conceals []string
	}{
		{"operator", n.admin, fields{"as": "operator"}, "operator", []string{commission, revenue}, nil},
		{"operator as affiliate", n.admin, fields{"as": "affiliate"}, "affiliate", []string{commission}, []string{revenue}},
		{"operator as advertiser", n.admin, fields{"as": "advertiser"}, "advertiser", []string{revenue}, nil},
		{"affiliate", n.affUser[0], fields{}, "affiliate", []string{commission}, []string{revenue}},
		{"advertiser", n.advUser[0], fields{"hours": 1, "note": "for the shop"}, "advertiser", []string{revenue}, []string{`"commission":`}},
	} {
		linkID, token := share(x.token, x.body)
		a := n.call("", "GET", "/shared-traces/"+token, nil)
		if a.status != 200 || a.body["view"] != x.view || a.body["click_id"] != c {
			t.Fatalf("%s: %d %s", x.name, a.status, a.raw)
		}
		for _, want := range x.shows {
			if !strings.Contains(a.raw, want) {
				t.Errorf("%s: does not show %s: %s", x.name, want, a.raw)
			}
		}
		for _, never := range append(x.conceals, secret) {
			if strings.Contains(a.raw, never) {
				t.Errorf("%s: shows %s: %s", x.name, never, a.raw)
			}
		}
		listed := items(n.must(200, x.token, "GET", "/trace-links?click_id="+c, nil))[0]
		if listed["id"] != linkID || listed["opened"] != 1.0 || listed["last_opened_at"] == nil || listed["token"] != nil {
			t.Errorf("%s: listed %v", x.name, listed)
		}
	}
	// A party sees and ends only those that its own users made, an operator's for its eyes not among them.
	if own := items(n.must(200, n.affUser[0], "GET", "/trace-links", nil)); len(own) != 1 {
		t.Errorf("the affiliate lists %v", own)
	}
	if all := items(n.must(200, n.admin, "GET", "/trace-links", nil)); len(all) != 5 {
		t.Errorf("an operator lists %d", len(all))
	}
	linkID, token := share(n.affUser[0], fields{})
	byOperator, _ := share(n.admin, fields{"as": "affiliate"})
	n.refused(404, "not_found", n.affUser[1], "DELETE", "/trace-links/"+linkID, nil)
	n.refused(404, "not_found", n.advUser[0], "DELETE", "/trace-links/"+linkID, nil)
	n.refused(404, "not_found", n.affUser[0], "DELETE", "/trace-links/"+byOperator, nil)
	n.must(200, "", "GET", "/shared-traces/"+token, nil)
	n.must(204, n.affUser[0], "DELETE", "/trace-links/"+linkID, nil)
	n.refused(404, "link_not_found", "", "GET", "/shared-traces/"+token, nil)
	n.refused(404, "link_not_found", "", "GET", "/shared-traces/"+linkID, nil)

	_, token = share(n.advUser[0], fields{})
	if err := n.exec(`UPDATE trace_links SET expires_at = now() WHERE revoked_at IS NULL AND role = 'advertiser' AND user_id IN (SELECT id FROM users WHERE advertiser_id IS NOT NULL)`); err != nil {
		t.Fatal(err)
	}
	n.refused(404, "link_not_found", "", "GET", "/shared-traces/"+token, nil)
	_, token = share(n.affUser[0], fields{})
	if err := n.exec(`UPDATE users SET status = 'disabled' WHERE affiliate_id IS NOT NULL`); err != nil {
		t.Fatal(err)
	}
	n.refused(404, "link_not_found", "", "GET", "/shared-traces/"+token, nil)

	n.refused(422, "view_not_allowed", n.advUser[0], "POST", "/clicks/"+c+"/trace-links", fields{"as": "affiliate"})
	n.refused(404, "click_not_found", n.admin, "POST", "/clicks/"+strings.Repeat("0", 32)+"/trace-links", fields{"as": "operator"})
	n.refused(422, "view_required", n.admin, "POST", "/clicks/"+c+"/trace-links", fields{})
	n.refused(422, "view_not_allowed", n.advUser[0], "POST", "/clicks/"+c+"/trace-links", fields{"as": "operator"})
	// Who guesses meets a limit; whoever holds a good token does not count.
	for range 50 {
		n.call("", "GET", "/shared-traces/"+strings.Repeat("x", 43), nil)
	}
	n.refused(429, "too_many_attempts", "", "GET", "/shared-traces/"+strings.Repeat("x", 43), nil)
	if n.log.Len() > 0 && strings.Contains(n.log.String(), token) {
		t.Error("the log holds a token")
	}
}
