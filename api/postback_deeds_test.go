package api_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// The deeds of a postback and its deliveries, by HTTP: their answers, and who may do them.
func TestPostbackDeeds(t *testing.T) {
	t.Parallel()
	n := newNetwork(t)
	goal := items(fields{"items": n.offers[0]["goals"]})[0]["id"]
	pb := n.must(201, n.affUser[0], "POST", "/postbacks", fields{"url": "https://a.example/?p={payout}&t={txid}&key=abc", "offer_id": n.offers[0]["id"], "goal_ids": []any{goal}})
	own := path("/postbacks/%d", id(pb))
	if diff := cmp.Diff([]any{goal}, pb["goal_ids"]); diff != "" {
		t.Errorf("goal_ids (-want +got):\n%s", diff)
	}
	n.refused(422, "unknown_goal", n.affUser[0], "PATCH", own, fields{"goal_ids": []any{999}})

	// The secret is its owner's and the operators'; a rotation makes another.
	secret := pb["signing_secret"].(string)
	if !strings.HasPrefix(secret, "whsec_") || n.must(200, n.admin, "GET", own, nil)["signing_secret"] != secret {
		t.Errorf("secret %q", secret)
	}
	rotated := n.must(200, n.affUser[0], "POST", own+"/rotate-secret", nil)
	if rotated["signing_secret"] == secret || rotated["previous_secret_until"] == nil {
		t.Errorf("rotated: %v", rotated)
	}

	// A test with and without a body. Nothing answers here: the fields are all there, in words.
	c := n.click(0)
	made := n.postback(0, c, "com", "12.5", "txid", "T1")
	for _, body := range []any{nil, fields{}, fields{"conversion_id": made.ConversionID.String(), "method": "POST"}, fields{"click_id": c, "url": "https://b.example/?c={click_id}"}} {
		got := n.must(200, n.affUser[0], "POST", own+"/test", body)
		for _, name := range []string{"url", "method", "status_code", "duration_ms", "error", "response_body"} {
			if _, ok := got[name]; !ok {
				t.Errorf("test %v lacks %s: %v", body, name, got)
			}
		}
		if got["status_code"] != nil || got["error"] != "the receiver closed the connection without an answer" || strings.Contains(got["url"].(string), "abc") {
			t.Errorf("test %v: %v", body, got)
		}
	}
	if got := n.must(200, n.admin, "POST", own+"/test", fields{"conversion_id": made.ConversionID.String()}); got["url"] != "https://a.example/?p=12.50&t=T1&key=***" {
		t.Errorf("test with real values: %v", got)
	}
	n.refused(422, "malformed_clickid", n.affUser[0], "POST", own+"/test", fields{"click_id": "nonsense"})

	// A postback that was set late.
	late := n.must(201, n.affUser[0], "POST", "/postbacks", fields{"url": "https://late.example/", "offer_id": n.offers[0]["id"]})
	backfill := path("/postbacks/%d/backfill", id(late))
	period := fields{"from": "2020-01-01", "to": now().AddDate(0, 0, 1).Format("2006-01-02")}
	dry := fields{"from": period["from"], "to": period["to"], "dry_run": true}
	for i, want := range []struct {
		body  fields
		count float64
	}{{dry, 1}, {dry, 1}, {period, 1}, {period, 0}, {dry, 0}} {
		if got := n.must(200, n.affUser[0], "POST", backfill, want.body); got["count"] != want.count {
			t.Errorf("back-fill %d: %v, want %v", i, got, want.count)
		}
	}
	n.refused(422, "invalid_time", n.affUser[0], "POST", backfill, fields{"from": "yesterday", "to": "2026-01-01"})
	n.refused(422, "required", n.affUser[0], "POST", backfill, fields{"from": "2026-01-01"})

	// Resend by filter.
	if got := n.must(200, n.affUser[0], "POST", "/deliveries/resend", fields{"conversion_id": made.ConversionID.String(), "dry_run": true}); got["count"] != 2.0 {
		t.Errorf("resend by conversion, counted only: %v", got)
	}
	if got := n.must(200, n.affUser[1], "POST", "/deliveries/resend", fields{"conversion_id": made.ConversionID.String(), "dry_run": true}); got["count"] != 0.0 {
		t.Errorf("another affiliate counts: %v", got)
	}
	if got := n.must(200, n.affUser[0], "POST", "/deliveries/resend", fields{"conversion_id": made.ConversionID.String()}); got["count"] != 2.0 {
		t.Errorf("resend by conversion: %v", got)
	}
	if got := n.must(200, n.affUser[0], "POST", "/deliveries/resend", fields{"click_id": c, "status": "failed"}); got["count"] != 0.0 {
		t.Errorf("resend of failures: %v", got)
	}
	n.refused(422, "filter_required", n.affUser[0], "POST", "/deliveries/resend", fields{})
	if got := n.must(200, n.affUser[1], "POST", "/deliveries/resend", fields{"from": "2020-01-01"}); got["count"] != 0.0 {
		t.Errorf("another affiliate resends: %v", got)
	}
	n.refused(403, "forbidden", n.advUser[0], "POST", "/deliveries/resend", fields{"from": "2020-01-01"})

	// To others the postback does not exist.
	n.refused(404, "not_found", n.advUser[0], "GET", own, nil)
	for _, deed := range []struct {
		path string
		body any
	}{{own + "/rotate-secret", nil}, {own + "/test", nil}, {backfill, period}} {
		n.refused(404, "not_found", n.affUser[1], "POST", deed.path, deed.body)
	}
}
