package api_test

import (
	"context"
	"crypto/rand"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/waypost/waypost/domain"
	"github.com/waypost/waypost/domain/conversion"
)

func TestCoupons(t *testing.T) {
	t.Parallel()
	n := newNetwork(t)
	body := func(code string, i int) fields {
		return fields{"code": code, "offer_id": n.offers[i]["id"], "affiliate_id": n.affiliates[i]["id"]}
	}
	made := n.must(201, n.admin, "POST", "/coupons", body(" Anna10 ", 0))
	if made["code"] != "Anna10" || made["active"] != true || made["advertiser_id"] != n.advertisers[0]["id"] || len(made["warnings"].([]any)) != 0 {
		t.Errorf("made %v", made)
	}
	n.refused(409, "coupon_exists", n.admin, "POST", "/coupons", body("ANNA10", 0))
	other := n.must(201, n.admin, "POST", "/coupons", body("ANNA10", 1)) // of another advertiser
	target, foreign := path("/coupons/%d", id(made)), path("/coupons/%d", id(other))
	n.refused(409, "coupon_exists", n.admin, "PATCH", foreign, fields{"offer_id": n.offers[0]["id"]})
	for code, b := range map[string]fields{
		"required":          body("  ", 0),
		"too_long":          body(strings.Repeat("x", 61), 0),
		"unknown_offer":     {"code": "X", "offer_id": 999, "affiliate_id": n.affiliates[0]["id"]},
		"unknown_affiliate": {"code": "X", "offer_id": n.offers[0]["id"], "affiliate_id": 999},
	} {
		n.refused(422, code, n.admin, "POST", "/coupons", b)
	}
	changed := n.must(200, n.admin, "PATCH", target, fields{"active": false, "code": "ANNA20"})
	if changed["active"] != false || changed["code"] != "ANNA20" || changed["affiliate_id"] != made["affiliate_id"] {
		t.Errorf("changed %v", changed)
	}
	for query, want := range map[string]int{"": 2, "?code=anna10": 1, path("?offer_id=%d", id(n.offers[0])): 1, path("?affiliate_id=%d&code=x", id(n.affiliates[0])): 0} {
		if got := items(n.must(200, n.admin, "GET", "/coupons"+query, nil)); len(got) != want {
			t.Errorf("%q: %v", query, got)
		}
	}
	for _, token := range []string{n.affUser[0], n.advUser[0]} {
		if got := items(n.must(200, token, "GET", "/coupons", nil)); len(got) != 1 || got[0]["id"] != made["id"] {
			t.Errorf("a party sees %v", got)
		}
		n.must(200, token, "GET", target, nil)
		n.refused(403, "forbidden", token, "POST", "/coupons", body("MINE", 0))
		n.refused(403, "forbidden", token, "PATCH", target, fields{"active": true})
		n.refused(403, "forbidden", token, "DELETE", target, nil)
		n.refused(404, "not_found", token, "GET", foreign, nil)
		n.refused(404, "not_found", token, "PATCH", foreign, fields{"active": true})
		n.refused(404, "not_found", token, "DELETE", foreign, nil)
	}
	// A sale by the code, and the story of its click.
	r := n.callWith(1, "coupon=anna10&com=5&txid=1")
	if r.Code != "ok" {
		t.Fatalf("%+v", r)
	}
	story := n.must(200, n.affUser[1], "GET", "/clicks/"+r.ClickID+"/trace", nil)
	var kinds []string
	for _, item := range items(story) {
		kinds = append(kinds, item["kind"].(string))
	}
	if !slices.Equal(kinds[:3], []string{"click", "postback_in", "conversion"}) {
		t.Errorf("trace %v", kinds)
	}
	n.must(204, n.admin, "DELETE", foreign, nil)
	n.refused(404, "not_found", n.admin, "GET", foreign, nil)
}

// callWith records a call with advertiser i's token and any other query.
func (n *network) callWith(i int, query string) conversion.Result {
	n.Helper()
	logID, err := domain.NewUUID(now(), rand.Reader)
	if err != nil {
		n.Fatal(err)
	}
	r := n.conversions.RecordBatch(context.Background(), []conversion.Call{{ID: conversion.LogID{UUID: logID}, ReceivedAt: now().Truncate(time.Millisecond),
		Method: "GET", Path: "/postback", RawQuery: query + "&token=" + n.advertisers[i]["postback_token"].(string), IP: "203.0.113.9"}})[0]
	if r.Err != nil {
		n.Fatal(r.Err)
	}
	return r
}

// A replay answers like /postback: the same body under the same status.
func TestReplay(t *testing.T) {
	t.Parallel()
	n := newNetwork(t)
	c := n.click(0)
	for _, txid := range []string{"1", "2"} {
		if r := n.postback(0, c, "goal", "late", "com", "1", "txid", txid); r.Code != "goal_not_found" {
			t.Fatalf("%+v", r)
		}
	}
	log := items(n.must(200, n.admin, "GET", "/postback-log?code=goal_not_found", nil))
	target := "/postback-log/" + log[0]["id"].(string) + "/replay"
	a := n.must(404, n.admin, "POST", target, nil)
	if a["status"] != "refused" || a["code"] != "goal_not_found" || a["click_id"] != c || a["conversion_id"] != nil {
		t.Errorf("refused again: %v", a)
	}
	n.refused(404, "not_found", n.advUser[1], "POST", target, nil)
	n.refused(404, "not_found", n.affUser[1], "POST", target, nil)
	n.refused(403, "forbidden", n.advUser[0], "POST", target, nil)
	n.refused(403, "forbidden", n.affUser[0], "POST", target, nil)
	n.refused(404, "not_found", n.admin, "POST", "/postback-log/nothing/replay", nil)
	n.refused(403, "forbidden", n.advUser[0], "POST", "/postback-log/replay", fields{})
	n.refused(422, "malformed_clickid", n.admin, "POST", "/postback-log/replay", fields{"click_id": "x"})
	n.must(201, n.admin, "POST", path("/offers/%d/goals", id(n.offers[0])), fields{"alias": "late"})
	if a := n.must(200, n.admin, "POST", target, nil); a["status"] != "recorded" || a["conversion_id"] == nil || a["conversion_status"] != "approved" || len(a["warnings"].([]any)) != 0 {
		t.Errorf("recorded: %v", a)
	}
	if a := n.must(200, n.admin, "POST", target, nil); a["status"] != "duplicate" {
		t.Errorf("once more: %v", a)
	}
	if a := n.must(200, n.admin, "POST", "/postback-log/replay", fields{"code": "goal_not_found", "click_id": c}); a["count"] != 1.0 || a["recorded"] != 1.0 || a["refused"] != 0.0 || a["more"] != false {
		t.Errorf("the rest: %v", a)
	}
}

func TestLogFields(t *testing.T) {
	t.Parallel()
	n := newNetwork(t)
	made := n.postback(0, n.click(0), "amount", "5", "com", "1", "revenue", "77", "my_price", "88")
	line := items(n.must(200, n.admin, "GET", "/postback-log?conversion_id="+made.ConversionID.String(), nil))[0]
	if !slices.Equal(line["read_as"].([]any), []any{"amount=val", "revenue=payout"}) || !slices.Equal(line["unknown"].([]any), []any{"my_price"}) ||
		line["offer_id"] != n.offers[0]["id"] || line["preset"] != nil || line["body_start"] != "" || len(line["hints"].([]any)) == 0 {
		t.Errorf("for operators: %v", line)
	}
	own := items(n.must(200, n.affUser[0], "GET", "/postback-log", nil))[0]
	if query := own["query"].(string); strings.Contains(query, "77") || strings.Contains(query, "88") || !strings.Contains(query, "amount=5") || own["body_start"] != nil ||
		!slices.Equal(own["read_as"].([]any), []any{"amount=val"}) || len(own["unknown"].([]any)) != 0 {
		t.Errorf("for the affiliate: %v", own)
	}
	if own := items(n.must(200, n.advUser[0], "GET", "/postback-log", nil))[0]; !strings.Contains(own["query"].(string), "revenue=77") {
		t.Errorf("for the advertiser: %v", own)
	}
	for filter, want := range map[string]int{"ip=203.0.113.9": 1, "ip=192.0.2.1": 0, path("advertiser_id=%d", id(n.advertisers[1])): 0, path("affiliate_id=%d", id(n.affiliates[0])): 1} {
		if got := items(n.must(200, n.admin, "GET", "/postback-log?"+filter, nil)); len(got) != want {
			t.Errorf("%s: %v", filter, got)
		}
	}
	n.refused(422, "invalid_id", n.admin, "GET", "/postback-log?conversion_id=x", nil)
}
