package api_test

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// without is the object without these fields.
func without(object map[string]any, fields ...string) map[string]any {
	out := maps.Clone(object)
	for _, f := range fields {
		delete(out, f)
	}
	return out
}

// patches checks one resource: a PATCH changes the fields that were sent and no other, and what it answers is what is
// read later.
func patches(w *world, target string, bodies ...map[string]any) {
	w.Helper()
	for _, body := range bodies {
		before := w.must(200, w.admin, "GET", target, nil)
		answered := w.must(200, w.admin, "PATCH", target, body)
		if _, ok := answered["warnings"].([]any); !ok {
			w.Errorf("PATCH %s %v: no warnings in %v", target, body, answered)
		}
		after := w.must(200, w.admin, "GET", target, nil)
		if diff := cmp.Diff(after, without(answered, "warnings")); diff != "" {
			w.Errorf("PATCH %s %v answers what is not stored:\n%s", target, body, diff)
		}
		want := maps.Clone(before)
		maps.Copy(want, body)
		if diff := cmp.Diff(without(want, "updated_at"), without(after, "updated_at")); diff != "" {
			w.Errorf("PATCH %s %v:\n%s", target, body, diff)
		}
	}
}

type fields = map[string]any

func TestAdvertisers(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a := w.must(201, w.admin, "POST", "/advertisers", fields{"name": "  Shop  "})
	want := fields{"id": a["id"], "name": "Shop", "email": "", "status": "active", "currency": "USD", "override_percent": "0",
		"postback_auth": "token", "postback_token": a["postback_token"], "always_200": false, "ip_allowlist": []any{},
		"status_map": fields{}, "created_at": a["created_at"], "updated_at": a["created_at"], "warnings": []any{}}
	if diff := cmp.Diff(want, a); diff != "" || len(a["postback_token"].(string)) < 20 {
		t.Errorf("created with defaults:\n%s", diff)
	}
	target := path("/advertisers/%d", id(a))
	patches(w, target, fields{}, fields{"name": "Shop 2"}, fields{"email": "shop@example.com"}, fields{"status": "paused"},
		fields{"override_percent": "12.5", "always_200": true}, fields{"ip_allowlist": []any{"203.0.113.0/24"}},
		fields{"status_map": fields{"won": "approved"}}, fields{"postback_auth": "hmac", "postback_token": "0123456789abcdefghij"})
	if got := w.must(200, w.admin, "PATCH", target, fields{"email": nil}); got["email"] != "" {
		t.Errorf("null empties: %v", got["email"])
	}
	if got := w.must(200, w.admin, "PATCH", target, fields{"postback_token": ""}); len(got["postback_token"].(string)) < 20 {
		t.Errorf("an empty token is made anew: %v", got["postback_token"])
	}
	warned := w.must(200, w.admin, "PATCH", target, fields{"postback_auth": "none"})["warnings"].([]any)
	if len(warned) == 0 || warned[0].(fields)["code"] != "postbacks_unauthenticated" || warned[0].(fields)["field"] != "postback_auth" {
		t.Errorf("warnings: %v", warned)
	}
	w.must(204, w.admin, "DELETE", target, nil)
	w.refused(404, "not_found", w.admin, "GET", target, nil)
	w.refused(404, "not_found", w.admin, "DELETE", target, nil)
	w.refused(404, "not_found", w.admin, "PATCH", target, fields{"name": "x"})
}

func TestAffiliates(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a := w.must(201, w.admin, "POST", "/affiliates", fields{"name": "Blog", "currency": "EUR", "fire": "all"})
	want := fields{"id": a["id"], "name": "Blog", "email": "", "status": "active", "currency": "EUR", "fire": "all",
		"created_at": a["created_at"], "updated_at": a["created_at"], "warnings": []any{}}
	if diff := cmp.Diff(want, a); diff != "" {
		t.Error(diff)
	}
	target := path("/affiliates/%d", id(a))
	patches(w, target, fields{"name": "B"}, fields{"email": "b@example.com"}, fields{"status": "blocked"}, fields{"currency": "JPY"}, fields{"fire": "specific"})
	w.must(204, w.admin, "DELETE", target, nil)
	w.refused(404, "not_found", w.admin, "GET", target, nil)
}

func TestOffersAndGoals(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	adv := w.must(201, w.admin, "POST", "/advertisers", fields{"name": "Shop", "currency": "EUR"})
	o := w.must(201, w.admin, "POST", "/offers", fields{"advertiser_id": adv["id"], "name": "Offer", "destination_url": "https://shop.example/?c={click_id}"})
	goal := items(fields{"items": o["goals"]})[0]
	wantGoal := fields{"id": goal["id"], "alias": "default", "name": goal["name"], "is_default": true,
		"payout":         fields{"model": "postback", "amount": nil, "percent": nil},
		"revenue":        fields{"model": "postback", "amount": nil, "percent": nil},
		"initial_status": "approved", "hold_days": 0.0, "dedupe": "txid"}
	if diff := cmp.Diff(wantGoal, goal); diff != "" || o["currency"] != "EUR" {
		t.Errorf("an offer without goals gets one in its advertiser's currency:\n%s", diff)
	}
	target := path("/offers/%d", id(o))
	patches(w, target, fields{"name": "O"}, fields{"status": "paused"}, fields{"preview_url": "https://p.example/"},
		fields{"fallback_url": "https://f.example/"}, fields{"window_days": 30.0, "min_seconds": 5.0}, fields{"show_value": false},
		fields{"visibility": "approval"}, fields{"destination_url": "https://shop.example/new?c={click_id}"})
	if got := w.must(200, w.admin, "PATCH", target, fields{"preview_url": nil}); got["preview_url"] != "" {
		t.Errorf("null empties: %v", got["preview_url"])
	}
	if ws := w.must(200, w.admin, "PATCH", target, fields{"destination_url": "https://shop.example/"})["warnings"].([]any); len(ws) == 0 {
		t.Error("a destination without a click id is saved without a warning")
	}

	goals := target + "/goals"
	g := w.must(201, w.admin, "POST", goals, fields{"alias": "sale", "payout": fields{"model": "fixed", "amount": "12.50"},
		"revenue": fields{"model": "hybrid", "amount": "1", "percent": "7.5"}, "initial_status": "hold", "hold_days": 14, "dedupe": "click"})
	if diff := cmp.Diff(fields{"model": "fixed", "amount": "12.5", "percent": nil}, g["payout"]); diff != "" {
		t.Error(diff)
	}
	one := path("%s/%d", goals, id(g))
	patches(w, one, fields{"name": "Sale"}, fields{"alias": "sale2"}, fields{"hold_days": 7.0}, fields{"dedupe": "update"})
	n := w.must(200, w.admin, "PATCH", one, fields{"initial_status": "pending"})
	if n["hold_days"] != 0.0 {
		t.Errorf("a goal that holds no longer keeps its days: %v", n)
	}
	w.refused(422, "hold_days_without_hold", w.admin, "PATCH", one, fields{"hold_days": 7})
	w.refused(422, "hold_days_without_hold", w.admin, "POST", goals, fields{"alias": "lead", "hold_days": 7})
	// A rule is changed field by field.
	got := w.must(200, w.admin, "PATCH", one, fields{"revenue": fields{"percent": "8"}})
	if diff := cmp.Diff(fields{"model": "hybrid", "amount": "1", "percent": "8"}, got["revenue"]); diff != "" {
		t.Error(diff)
	}
	got = w.must(200, w.admin, "PATCH", one, fields{"revenue": fields{"model": "percent", "amount": nil}})
	if diff := cmp.Diff(fields{"model": "percent", "amount": nil, "percent": "8"}, got["revenue"]); diff != "" {
		t.Error(diff)
	}
	if n := len(items(w.must(200, w.admin, "GET", goals, nil))); n != 2 {
		t.Errorf("%d goals", n)
	}
	w.refused(409, "goals_alias", w.admin, "POST", goals, fields{"alias": "sale2"})
	w.refused(409, "default_goal", w.admin, "DELETE", path("%s/%d", goals, id(goal)), nil)
	if ws := w.must(200, w.admin, "PATCH", one, fields{"dedupe": "none"})["warnings"].([]any); len(ws) == 0 {
		t.Error("dedupe none is saved without a warning")
	}

	// Goals inside a PATCH of the offer replace the set; those that keep their id or alias keep what was not sent.
	after := w.must(200, w.admin, "PATCH", target, fields{"goals": []any{
		fields{"id": goal["id"], "alias": "main"}, fields{"alias": "sale2", "name": "Kept"}, fields{"alias": "lead"}}})
	var aliases []string
	for _, g := range items(fields{"items": after["goals"]}) {
		aliases = append(aliases, g["alias"].(string))
		if g["alias"] == "sale2" && (g["id"] != items(fields{"items": after["goals"]})[1]["id"] || g["revenue"].(fields)["percent"] != "8") {
			t.Errorf("a goal lost its rule: %v", g)
		}
	}
	if !slices.Equal(aliases, []string{"main", "sale2", "lead"}) {
		t.Errorf("goals: %v", aliases)
	}
	// A default that is named takes over from the one that was; aliases may be swapped.
	main, sale := items(fields{"items": after["goals"]})[0], items(fields{"items": after["goals"]})[1]
	after = w.must(200, w.admin, "PATCH", target, fields{"goals": []any{
		fields{"id": main["id"], "alias": "sale2"}, fields{"id": sale["id"], "alias": "main", "is_default": true}, fields{"alias": "lead"}}})
	for i, g := range items(fields{"items": after["goals"]})[:2] {
		if g["id"] != []any{main["id"], sale["id"]}[i] || g["alias"] != []string{"sale2", "main"}[i] || g["is_default"] != (i == 1) {
			t.Errorf("swapped: %v", g)
		}
	}
	w.must(200, w.admin, "PATCH", path("%s/%d", goals, id(main)), fields{"is_default": true})
	w.refused(404, "not_found", w.admin, "GET", goals+"/999999", nil)
	w.must(204, w.admin, "DELETE", one, nil)
	w.refused(404, "not_found", w.admin, "GET", one, nil)

	w.refused(409, "in_use", w.admin, "DELETE", path("/advertisers/%d", id(adv)), nil)
	w.must(204, w.admin, "DELETE", target, nil)
	w.must(204, w.admin, "DELETE", path("/advertisers/%d", id(adv)), nil)
}

func TestAccessAndLinks(t *testing.T) {
	t.Parallel()
	n := newNetwork(t)
	access := path("/offers/%d/affiliates", id(n.offers[0]))
	got := items(n.must(200, n.admin, "GET", access, nil))
	if len(got) != 1 || got[0]["status"] != "approved" || got[0]["affiliate_id"] != n.affiliates[0]["id"] {
		t.Errorf("access: %v", got)
	}
	again := n.must(201, n.admin, "POST", access, fields{"affiliate_id": n.affiliates[0]["id"], "status": "rejected"})
	if again["status"] != "rejected" || len(items(n.must(200, n.admin, "GET", access, nil))) != 1 {
		t.Errorf("upsert: %v", again)
	}

	o := n.must(201, n.admin, "POST", "/offers", fields{"advertiser_id": n.advertisers[0]["id"], "name": "On request",
		"destination_url": "https://shop.example/?c={click_id}", "status": "active", "visibility": "approval"})
	request := path("/offers/%d/affiliates", id(o))
	asked := n.must(201, n.affUser[0], "POST", request, fields{})
	if asked["status"] != "pending" || asked["affiliate_id"] != n.affiliates[0]["id"] {
		t.Errorf("request: %v", asked)
	}
	n.refused(403, "forbidden", n.affUser[0], "POST", request, fields{"status": "approved"})

	link := n.must(201, n.admin, "POST", "/tracking-links", fields{"offer_id": n.offers[1]["id"], "affiliate_id": n.affiliates[1]["id"], "sub1": "a b", "deep_link": "https://x.example/?y=1"})
	url := link["url"].(string)
	for _, part := range []string{"https://go.example/click?", path("o=%d", id(n.offers[1])), path("a=%d", id(n.affiliates[1])), "sub1=a+b", "deep_link=https%3A%2F%2Fx.example%2F%3Fy%3D1"} {
		if !strings.Contains(url, part) {
			t.Errorf("%q lacks %q", url, part)
		}
	}
	own := n.must(201, n.affUser[1], "POST", "/tracking-links", fields{"offer_id": n.offers[1]["id"]})
	if !strings.Contains(own["url"].(string), path("a=%d", id(n.affiliates[1]))) {
		t.Errorf("an affiliate's own id is implied: %v", own)
	}
}

func TestPostbacks(t *testing.T) {
	t.Parallel()
	n := newNetwork(t)
	p := n.must(201, n.admin, "POST", "/postbacks", fields{"affiliate_id": n.affiliates[0]["id"], "url": "https://a.example/?p={payout}"})
	if p["offer_id"] != nil || p["method"] != "GET" || p["active"] != true || !strings.HasPrefix(p["signing_secret"].(string), "whsec_") {
		t.Errorf("created: %v", p)
	}
	if diff := cmp.Diff([]any{"approved"}, p["statuses"]); diff != "" {
		t.Error(diff)
	}
	target := path("/postbacks/%d", id(p))
	goal := items(fields{"items": n.offers[0]["goals"]})[0]["id"]
	patches(n.world, target, fields{"url": "https://b.example/?s={status}"}, fields{"method": "POST"}, fields{"statuses": []any{"approved", "rejected"}},
		fields{"active": false}, fields{"active": true}, fields{"offer_id": n.offers[0]["id"], "goal_id": goal}, fields{"goal_id": nil}, fields{"offer_id": nil})
	own := n.must(201, n.affUser[1], "POST", "/postbacks", fields{"url": "https://c.example/"})
	if own["affiliate_id"] != n.affiliates[1]["id"] {
		t.Errorf("an affiliate's own id is implied: %v", own)
	}
	// An affiliate names offers that it knows of; one that it may no longer run stays named in what it made before.
	first, goals := n.offers[1], path("/offers/%d/goals", id(n.offers[1]))
	goal = items(n.must(200, n.admin, "GET", goals, nil))[0]["id"]
	mine := n.must(201, n.affUser[1], "POST", "/postbacks", fields{"url": "https://d.example/", "offer_id": first["id"]})
	for _, c := range []struct {
		path string
		body fields
	}{
		{path("/offers/%d", id(first)), fields{"status": "paused"}},
		{path("/offers/%d/affiliates", id(first)), fields{"affiliate_id": n.affiliates[1]["id"], "status": "rejected"}},
	} {
		method, status := "POST", 201
		if c.body["affiliate_id"] == nil {
			method, status = "PATCH", 200
		}
		n.must(status, n.admin, method, c.path, c.body)
		n.refused(422, "unknown_offer", n.affUser[1], "POST", "/postbacks", fields{"url": "https://d.example/", "offer_id": first["id"]})
		n.refused(422, "unknown_offer", n.affUser[1], "PATCH", path("/postbacks/%d", id(own)), fields{"offer_id": first["id"]})
		n.must(200, n.affUser[1], "PATCH", path("/postbacks/%d", id(mine)), fields{"url": "https://e.example/"})
		n.must(200, n.affUser[1], "PATCH", path("/postbacks/%d", id(mine)), fields{"goal_id": goal})
		n.must(200, n.affUser[1], "PATCH", path("/postbacks/%d", id(mine)), fields{"goal_id": nil})
		n.must(200, n.admin, "PATCH", path("/offers/%d", id(first)), fields{"status": "active"})
	}
	n.must(201, n.admin, "POST", "/postbacks", fields{"affiliate_id": n.affiliates[1]["id"], "url": "https://d.example/", "offer_id": first["id"]})
	n.refused(403, "forbidden", n.advUser[0], "POST", "/postbacks", fields{"affiliate_id": 1, "url": "https://c.example/"})
	n.must(204, n.affUser[1], "DELETE", path("/postbacks/%d", id(own)), nil)
	n.must(204, n.admin, "DELETE", target, nil)
	n.refused(404, "not_found", n.admin, "GET", target, nil)
}
