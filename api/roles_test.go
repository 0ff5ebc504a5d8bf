package api_test

import (
	"strings"
	"testing"

	"github.com/waypost/waypost/domain/account"
)

// traffic gives both pairs of a network a click, a conversion, and a delivery.
func traffic(n *network) (clicks, conversions, deliveries, logs [2]string) {
	n.Helper()
	for i := range 2 {
		n.must(201, n.affUser[i], "POST", "/postbacks", fields{"url": "https://a.example/?p={payout}", "statuses": []any{"approved", "rejected"}})
		clicks[i] = n.click(i)
		r := n.postback(i, clicks[i], "val", "100", "com", "12.34", "payout", "56.78", "txid", path("T%d", i))
		conversions[i] = r.ConversionID.String()
		logs[i] = items(n.must(200, n.admin, "GET", "/postback-log?click_id="+clicks[i], nil))[0]["id"].(string)
		deliveries[i] = items(n.must(200, n.admin, "GET", "/deliveries?click_id="+clicks[i], nil))[0]["id"].(string)
	}
	return clicks, conversions, deliveries, logs
}

// names collects every field name in a JSON value.
func names(v any, into map[string]bool) map[string]bool {
	switch v := v.(type) {
	case map[string]any:
		for name, value := range v {
			into[name] = true
			names(value, into)
		}
	case []any:
		for _, value := range v {
			names(value, into)
		}
	}
	return into
}

func TestFieldsByRole(t *testing.T) {
	t.Parallel()
	n := newNetwork(t)
	clicks, conversions, deliveries, logs := traffic(n)
	n.must(200, n.admin, "PATCH", "/conversions/"+conversions[0], fields{"status": "rejected"})
	for _, payout := range []string{"-56.78", "56.78e1"} { // refused, with a reason that the affiliate reads too
		if r := n.postback(0, clicks[0], "payout", payout, "txid", "R"); r.Code != "invalid_payout" {
			t.Fatalf("payout %s: %+v", payout, r)
		}
	}
	offer := path("/offers/%d", id(n.offers[0]))
	goal := path("%s/goals/%d", offer, id(items(fields{"items": n.offers[0]["goals"]})[0]))
	common := []string{offer, "/offers", offer + "/goals", goal, "/clicks", "/clicks/" + clicks[0], "/clicks/" + clicks[0] + "/trace", "/conversions",
		"/conversions/" + conversions[0], "/postback-log", "/postback-log/" + logs[0], "/deliveries", "/deliveries/" + deliveries[0], "/me"}
	affiliate := append([]string{path("/affiliates/%d", id(n.affiliates[0])), "/affiliates", "/postbacks",
		path("/affiliates/%d/balance", id(n.affiliates[0])), path("/affiliates/%d/ledger", id(n.affiliates[0]))}, common...)
	if l := n.must(200, n.affUser[0], "GET", "/postback-log/"+logs[0], nil); l["ip"] != "" {
		t.Errorf("the address of the advertiser's server is the other half of an authentication by address: %v", l)
	}
	advertiser := append([]string{path("/advertisers/%d", id(n.advertisers[0])), "/advertisers"}, common...)

	for _, c := range []struct {
		role   string
		token  string
		paths  []string
		fields []string // that must not be there
		values []string
		sees   []string // fields that must be there somewhere
	}{
		{"affiliate", n.affUser[0], affiliate, []string{"revenue", "override_percent", "postback_token", "profit"}, []string{"56.78", "payout=56"},
			[]string{"commission", "payout", "signing_secret", "url"}},
		{"advertiser", n.advUser[0], advertiser, []string{"commission", "payout", "profit", "signing_secret", "com", "response_body"}, []string{path("a%d:", id(n.affiliates[0]))},
			[]string{"revenue", "postback_token", "override_percent"}},
		{"operator", n.admin, append(affiliate, advertiser...), []string{"password_hash"}, nil,
			[]string{"revenue", "commission", "payout", "postback_token", "override_percent", "signing_secret"}},
	} {
		seen := map[string]bool{}
		for _, target := range c.paths {
			a := n.call(c.token, "GET", target, nil)
			if a.status != 200 {
				t.Errorf("%s reads %s: %d %s", c.role, target, a.status, a.raw)
			}
			here := names(a.body, map[string]bool{})
			for name := range here {
				seen[name] = true
			}
			for _, field := range c.fields {
				if here[field] {
					t.Errorf("%s sees %q in %s: %s", c.role, field, target, a.raw)
				}
			}
			for _, value := range c.values {
				if strings.Contains(a.raw, value) {
					t.Errorf("%s sees %q in %s: %s", c.role, value, target, a.raw)
				}
			}
		}
		for _, field := range c.sees {
			if !seen[field] {
				t.Errorf("%s does not see %q anywhere", c.role, field)
			}
		}
	}
}

// What belongs to others does not exist: neither to read nor to change nor in a list.
func TestOthersAreNotThere(t *testing.T) {
	t.Parallel()
	n := newNetwork(t)
	clicks, conversions, deliveries, logs := traffic(n)
	pb := items(n.must(200, n.affUser[1], "GET", "/postbacks", nil))[0]
	offer := path("/offers/%d", id(n.offers[1]))
	goal := path("%s/goals/%d", offer, id(items(fields{"items": n.offers[1]["goals"]})[0]))
	adv, aff := path("/advertisers/%d", id(n.advertisers[1])), path("/affiliates/%d", id(n.affiliates[1]))
	type deed struct {
		method, path string
		body         any
	}
	deeds := []deed{
		{"GET", adv, nil}, {"PATCH", adv, fields{"name": "mine"}}, {"DELETE", adv, nil},
		{"GET", aff, nil}, {"PATCH", aff, fields{"name": "mine"}}, {"DELETE", aff, nil}, {"GET", aff + "/balance", nil}, {"GET", aff + "/ledger", nil},
		{"GET", offer, nil}, {"PATCH", offer, fields{"name": "mine"}}, {"DELETE", offer, nil},
		{"GET", offer + "/goals", nil}, {"POST", offer + "/goals", fields{"alias": "mine"}}, {"GET", goal, nil}, {"PATCH", goal, fields{"name": "mine"}}, {"DELETE", goal, nil},
		{"GET", offer + "/affiliates", nil}, {"POST", offer + "/affiliates", fields{}},
		{"GET", path("/postbacks/%d", id(pb)), nil}, {"PATCH", path("/postbacks/%d", id(pb)), fields{"active": false}}, {"DELETE", path("/postbacks/%d", id(pb)), nil},
		{"GET", "/clicks/" + clicks[1], nil}, {"GET", "/clicks/" + clicks[1] + "/trace", nil},
		{"GET", "/conversions/" + conversions[1], nil}, {"PATCH", "/conversions/" + conversions[1], fields{"status": "rejected"}},
		{"GET", "/postback-log/" + logs[1], nil}, {"GET", "/deliveries/" + deliveries[1], nil}, {"POST", "/deliveries/" + deliveries[1] + "/resend", nil},
	}
	before := map[string]string{}
	for _, d := range deeds {
		if d.method == "GET" {
			before[d.path] = n.call(n.admin, "GET", d.path, nil).raw
		}
	}
	for role, token := range map[string]string{"affiliate": n.affUser[0], "advertiser": n.advUser[0]} {
		for _, d := range deeds {
			a := n.call(token, d.method, d.path, d.body)
			// What the role may never do may be called forbidden before anything is looked up.
			never := d.method != "GET" || role == "advertiser" && d.path == offer+"/affiliates"
			if a.status != 404 && !(never && a.status == 403) {
				t.Errorf("%s: %s %s: %d %s", role, d.method, d.path, a.status, a.raw)
			}
		}
		// In a body it is an id like any that was never given.
		link := n.call(token, "POST", "/tracking-links", fields{"offer_id": n.offers[1]["id"]})
		if link.status != map[string]int{"affiliate": 422, "advertiser": 403}[role] || link.status == 422 && link.body["code"] != "unknown_offer" {
			t.Errorf("%s makes a link: %d %s", role, link.status, link.raw)
		}
		for _, list := range []string{"/clicks", "/conversions", "/postback-log", "/deliveries", "/offers"} {
			if got := items(n.must(200, token, "GET", list, nil)); len(got) != 1 {
				t.Errorf("%s sees %d items in %s", role, len(got), list)
			}
		}
		for _, filtered := range []string{"/clicks?affiliate_id=%d", "/conversions?affiliate_id=%d", "/deliveries?affiliate_id=%d", "/postbacks?affiliate_id=%d"} {
			if got := items(n.must(200, token, "GET", path(filtered, id(n.affiliates[1])), nil)); len(got) != 0 {
				t.Errorf("%s finds another's rows by %s", role, filtered)
			}
		}
	}
	for target, was := range before {
		if is := n.call(n.admin, "GET", target, nil).raw; is != was {
			t.Errorf("%s changed from %s to %s", target, was, is)
		}
	}
}

// What each role may write, besides what is another's.
func TestWritesByRole(t *testing.T) {
	t.Parallel()
	n := newNetwork(t)
	_, conversions, _, _ := traffic(n)
	_, manager := n.user(account.User{Role: account.RoleManager})
	_, finance := n.user(account.User{Role: account.RoleFinance})
	_, viewer := n.user(account.User{Role: account.RoleViewer})
	offer, adv, aff := path("/offers/%d", id(n.offers[0])), path("/advertisers/%d", id(n.advertisers[0])), path("/affiliates/%d", id(n.affiliates[0]))
	for _, c := range []struct {
		who, token, method, path string
		body                     any
		status                   int
	}{
		{"manager", manager, "POST", "/advertisers", fields{"name": "x"}, 201},
		{"finance", finance, "POST", "/advertisers", fields{"name": "x"}, 403},
		{"viewer", viewer, "POST", "/affiliates", fields{"name": "x"}, 403},
		{"viewer", viewer, "PATCH", offer, fields{"name": "x"}, 403},
		{"viewer", viewer, "PATCH", "/conversions/" + conversions[0], fields{"status": "rejected"}, 403},
		{"viewer", viewer, "GET", aff + "/balance", nil, 200},
		{"affiliate", n.affUser[0], "POST", "/advertisers", fields{"name": "x"}, 403},
		{"affiliate", n.affUser[0], "POST", "/offers", fields{"advertiser_id": 1, "name": "x", "destination_url": "https://x.example/"}, 403},
		{"affiliate", n.affUser[0], "PATCH", offer, fields{"name": "x"}, 403},
		{"affiliate", n.affUser[0], "PATCH", aff, fields{"name": "Blog!", "email": "b@example.com"}, 200},
		{"affiliate", n.affUser[0], "PATCH", aff, fields{"status": "blocked"}, 403},
		{"affiliate", n.affUser[0], "DELETE", aff, nil, 403},
		{"affiliate", n.affUser[0], "PATCH", "/conversions/" + conversions[0], fields{"status": "rejected"}, 403},
		{"advertiser", n.advUser[0], "PATCH", adv, fields{"name": "Shop!"}, 200},
		{"advertiser", n.advUser[0], "PATCH", adv, fields{"override_percent": "0"}, 403},
		{"advertiser", n.advUser[0], "PATCH", offer, fields{"name": "x"}, 403},
		{"advertiser", n.advUser[0], "PATCH", "/conversions/" + conversions[0], fields{"status": "rejected"}, 200},
		{"advertiser", n.advUser[0], "POST", "/tracking-links", fields{"offer_id": n.offers[0]["id"], "affiliate_id": n.affiliates[0]["id"]}, 403},
	} {
		if a := n.call(c.token, c.method, c.path, c.body); a.status != c.status {
			t.Errorf("%s %s %s %v: %d, want %d: %s", c.who, c.method, c.path, c.body, a.status, c.status, a.raw)
		}
	}
}
