package api_test

import (
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestFromClickToMoney(t *testing.T) {
	t.Parallel()
	n := newNetwork(t)
	pb := n.must(201, n.affUser[0], "POST", "/postbacks", fields{"url": "https://a.example/?p={payout}&s={status}", "statuses": []any{"approved", "rejected"}})
	c := n.click(0)

	got := n.must(200, n.admin, "GET", "/clicks/"+c, nil)
	if got["click_id"] != c || got["valid"] != true || got["reason"] != nil || got["sub1"] != "red" || got["sub10"] != "" || got["country"] != "DE" || got["ip"] != "198.51.100.7" {
		t.Errorf("click: %v", got)
	}
	refused := n.postback(0, c, "token", "wrong")
	made := n.postback(0, c, "val", "100", "com", "12.5", "txid", "T1", "param1", "blue", "payout", "15")
	if refused.Code != "invalid_token" || made.Status != "recorded" {
		t.Fatalf("postbacks: %+v %+v", refused, made)
	}

	conv := n.must(200, n.admin, "GET", "/conversions/"+made.ConversionID.String(), nil)
	want := fields{"id": made.ConversionID.String(), "click_id": c, "txid": "T1", "offer_id": n.offers[0]["id"],
		"goal_id":      items(fields{"items": n.offers[0]["goals"]})[0]["id"],
		"affiliate_id": n.affiliates[0]["id"], "advertiser_id": n.advertisers[0]["id"], "status": "approved", "hold_until": nil,
		"val": "100", "commission": "12.50", "revenue": "15.00", "currency": "USD", "original_val": "100", "original_currency": "USD",
		"rate": "1", "test": false, "params": fields{"param1": "blue", "com": "12.5", "payout": "15"},
		"clicked_at": got["created_at"], "created_at": conv["created_at"], "updated_at": conv["updated_at"]}
	if diff := cmp.Diff(want, conv); diff != "" {
		t.Errorf("conversion:\n%s", diff)
	}

	// Balance and ledger: entries add up to the balance.
	aff := path("/affiliates/%d", id(n.affiliates[0]))
	balance := items(n.must(200, n.affUser[0], "GET", aff+"/balance", nil))
	if diff := cmp.Diff([]fields{{"currency": "USD", "pending": "0.00", "approved": "12.50", "invoiced": "0.00", "paid": "0.00"}}, balance); diff != "" {
		t.Errorf("balance:\n%s", diff)
	}
	entry := items(n.must(200, n.affUser[0], "GET", aff+"/ledger", nil))[0]
	wantEntry := fields{"id": entry["id"], "transaction_id": entry["transaction_id"], "at": entry["at"], "kind": "conversion",
		"from_account": "network:commission", "to_account": path("a%d:approved", id(n.affiliates[0])), "amount": "12.50",
		"currency": "USD", "conversion_id": conv["id"], "note": entry["note"]}
	if diff := cmp.Diff(wantEntry, entry); diff != "" {
		t.Errorf("ledger:\n%s", diff)
	}
	if empty := items(n.must(200, n.admin, "GET", path("/affiliates/%d/balance", id(n.affiliates[1])), nil)); len(empty) != 0 {
		t.Errorf("balance without entries: %v", empty)
	}

	// The status moves by hand; a move that the machine forbids is a conflict.
	target := "/conversions/" + made.ConversionID.String()
	moved := n.must(200, n.admin, "PATCH", target, fields{"status": "rejected", "reason": "refund"})
	if moved["status"] != "rejected" {
		t.Errorf("moved: %v", moved)
	}
	n.refused(409, "status_not_allowed", n.admin, "PATCH", target, fields{"status": "hold"})
	n.refused(422, "required", n.admin, "PATCH", target, fields{})
	n.refused(422, "unknown_field", n.admin, "PATCH", target, fields{"status": "approved", "colour": "5"})
	n.refused(403, "forbidden", n.affUser[0], "PATCH", target, fields{"status": "approved"})

	// Deliveries: one for each status that was asked for.
	list := items(n.must(200, n.affUser[0], "GET", "/deliveries?conversion_id="+made.ConversionID.String(), nil))
	if len(list) != 2 || list[0]["event_status"] != "rejected" || list[0]["postback_id"] != pb["id"] || !strings.Contains(list[1]["url"].(string), "p=12.50") {
		t.Errorf("deliveries: %v", list)
	}
	again := n.must(200, n.affUser[0], "POST", "/deliveries/"+list[1]["id"].(string)+"/resend", nil)
	if again["id"] != list[1]["id"] || again["status"] != "pending" {
		t.Errorf("resend: %v", again)
	}
	n.must(200, n.admin, "GET", "/deliveries/"+list[1]["id"].(string), nil)
	n.refused(403, "forbidden", n.advUser[0], "POST", "/deliveries/"+list[1]["id"].(string)+"/resend", nil)
	n.refused(409, "in_use", n.admin, "DELETE", path("/postbacks/%d", id(pb)), nil)
	n.refused(409, "in_use", n.admin, "DELETE", path("/offers/%d", id(n.offers[0])), nil)
	n.refused(409, "in_use", n.admin, "DELETE", aff, nil)

	// The incoming log has both calls, the refused one with its reason, and no secret.
	log := items(n.must(200, n.advUser[0], "GET", "/postback-log?click_id="+c, nil))
	if len(log) != 2 || log[1]["code"] != "invalid_token" || log[1]["http_status"] != 403.0 || log[0]["conversion_id"] != conv["id"] || log[0]["conversion_status"] != "rejected" {
		t.Errorf("log: %v", log)
	}
	for _, line := range log {
		if strings.Contains(line["query"].(string), n.advertisers[0]["postback_token"].(string)) || strings.Contains(line["query"].(string), "wrong") {
			t.Errorf("a secret is in the log: %v", line)
		}
	}
	n.must(200, n.admin, "GET", "/postback-log/"+log[0]["id"].(string), nil)

	// The trace tells all of it in order.
	story := n.must(200, n.admin, "GET", "/clicks/"+c+"/trace", nil)
	var kinds []string
	for _, item := range items(story) {
		kinds = append(kinds, item["kind"].(string))
	}
	if story["click_id"] != c || !slices.Equal(kinds[:4], []string{"click", "postback_in", "postback_in", "conversion"}) ||
		count(kinds, "ledger") != 4 || count(kinds, "delivery") != 2 || count(kinds, "status_change") != 1 {
		t.Errorf("trace: %v", kinds)
	}
	if _, ok := items(story)[1]["data"].(fields)["ignored"].([]any); !ok {
		t.Errorf("no list of ignored amounts: %v", items(story)[1])
	}
}

func count(list []string, what string) (n int) {
	for _, s := range list {
		if s == what {
			n++
		}
	}
	return n
}

// Each filter narrows a list to what it says.
func TestFilters(t *testing.T) {
	t.Parallel()
	n := newNetwork(t)
	c0, c1 := n.click(0), n.click(1)
	n.must(201, n.admin, "POST", "/postbacks", fields{"affiliate_id": n.affiliates[1]["id"], "url": "https://a.example/"})
	r0 := n.postback(0, c0, "val", "1", "com", "1", "txid", "A")
	r1 := n.postback(1, c1, "val", "1", "com", "1", "txid", "B", "status", "pending")
	n.postback(1, c1, "val", "x")
	n.must(200, n.admin, "PATCH", "/conversions/"+r1.ConversionID.String(), fields{"status": "approved"})
	for query, want := range map[string]int{
		"/clicks?":              2,
		"/clicks?valid=true&":   2,
		"/clicks?valid=false&":  0,
		"/conversions?":         2,
		"/conversions?txid=B&":  1,
		"/conversions?test=0&":  2,
		"/conversions?test=1&":  0,
		"/postback-log?":        3,
		"/deliveries?":          1,
		"/offers?":              2,
		"/offers?search=FER 1&": 1,
		"/advertisers?":         2,
		"/affiliates?":          2,
		"/postbacks?":           1,
		path("/clicks?offer_id=%d&", id(n.offers[0])):                              1,
		path("/clicks?affiliate_id=%d&", id(n.affiliates[1])):                      1,
		"/conversions?click_id=" + c0 + "&":                                        1,
		path("/conversions?offer_id=%d&", id(n.offers[1])):                         1,
		path("/conversions?advertiser_id=%d&", id(n.advertisers[1])):               1,
		path("/conversions?affiliate_id=%d&status=approved&", id(n.affiliates[1])): 1,
		"/conversions?status=pending&":                                             0,
		"/postback-log?status=refused&":                                            1,
		"/postback-log?code=invalid_val&":                                          1,
		"/postback-log?click_id=" + c1 + "&":                                       2,
		"/deliveries?conversion_id=" + r0.ConversionID.String() + "&":              0,
		"/deliveries?click_id=" + c1 + "&status=pending&":                          1,
		path("/deliveries?affiliate_id=%d&postback_id=999&", id(n.affiliates[1])):  0,
		path("/postbacks?affiliate_id=%d&", id(n.affiliates[0])):                   0,
		path("/offers?advertiser_id=%d&visibility=private&", id(n.advertisers[0])): 1,
		path("/offers/%d/affiliates?status=approved&", id(n.offers[0])):            1,
		path("/offers/%d/affiliates?status=pending&", id(n.offers[0])):             0,
		path("/affiliates/%d/ledger?", id(n.affiliates[1])):                        2,
	} {
		query = strings.ReplaceAll(query, " ", "%20")
		if got := len(items(n.must(200, n.admin, "GET", query, nil))); got != want {
			t.Errorf("%s: %d items, want %d", query, got, want)
		}
		today := now().Format("2006-01-02")
		if got := len(items(n.must(200, n.admin, "GET", query+"from="+today+"&to="+now().AddDate(0, 0, 1).Format("2006-01-02"), nil))); got != want {
			t.Errorf("%s of today: %d items, want %d", query, got, want)
		}
		if got := len(items(n.must(200, n.admin, "GET", query+"to=2020-01-01T00:00:00Z", nil))); got != 0 {
			t.Errorf("%s of long ago: %d items", query, got)
		}
	}
}

// Walking a list in parts gives each item once, in the order of the whole.
func TestPaging(t *testing.T) {
	t.Parallel()
	n := newNetwork(t)
	offer, aff := path("/offers/%d", id(n.offers[0])), path("/affiliates/%d", id(n.affiliates[0]))
	n.must(201, n.admin, "POST", "/postbacks", fields{"affiliate_id": n.affiliates[0]["id"], "url": "https://a.example/"})
	for i := range 5 {
		name := path("N%d", i)
		n.must(201, n.admin, "POST", "/advertisers", fields{"name": name})
		a := n.must(201, n.admin, "POST", "/affiliates", fields{"name": name})
		n.must(201, n.admin, "POST", offer+"/affiliates", fields{"affiliate_id": a["id"], "status": "approved"})
		n.must(201, n.admin, "POST", "/offers", fields{"advertiser_id": n.advertisers[0]["id"], "name": name, "destination_url": "https://a.example/{click_id}"})
		n.must(201, n.admin, "POST", "/postbacks", fields{"affiliate_id": n.affiliates[1]["id"], "url": "https://a.example/"})
		n.postback(0, n.click(0), "val", "1", "com", "1", "txid", name)
	}
	for list, key := range map[string]string{"/advertisers": "id", "/affiliates": "id", "/offers": "id", "/postbacks": "id", "/clicks": "click_id",
		"/conversions": "id", "/postback-log": "id", "/deliveries": "id", aff + "/ledger": "id", offer + "/affiliates": "affiliate_id"} {
		whole := n.must(200, n.admin, "GET", list+"?limit=500", nil)
		if len(items(whole)) < 5 || whole["next_cursor"] != nil {
			t.Errorf("%s: %d items, cursor %v", list, len(items(whole)), whole["next_cursor"])
		}
		for _, limit := range []int{1, 2, 5, len(items(whole))} {
			var walked []fields
			cursor := ""
			for range 50 {
				part := n.must(200, n.admin, "GET", path("%s?limit=%d&cursor=%s", list, limit, cursor), nil)
				if len(items(part)) > limit {
					t.Errorf("%s: %d items of at most %d", list, len(items(part)), limit)
				}
				walked = append(walked, items(part)...)
				var more bool
				if cursor, more = part["next_cursor"].(string); !more {
					break
				}
			}
			if diff := cmp.Diff(items(whole), walked); diff != "" {
				t.Errorf("%s in parts of %d:\n%s", list, limit, diff)
			}
		}
		keys := map[any]bool{}
		created := now().AddDate(1, 0, 0)
		for _, item := range items(whole) {
			keys[item[key]] = true
			text, _ := item["created_at"].(string)
			made, err := time.Parse(time.RFC3339, text)
			if err == nil && made.After(created) {
				t.Errorf("%s is not newest first: %s after %s", list, made, created)
			}
			if err == nil {
				created = made
			}
		}
		if len(keys) != len(items(whole)) {
			t.Errorf("%s has an item twice: %v", list, slices.Collect(maps.Keys(keys)))
		}
	}
}
