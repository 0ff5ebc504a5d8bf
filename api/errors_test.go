package api_test

import (
	"bytes"
	"context"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/waypost/waypost/api"
	"github.com/waypost/waypost/web"
)

// locations are the fields that a problem names.
func locations(a answer) map[string]string {
	out := map[string]string{}
	for _, f := range items(fields{"items": a.body["errors"]}) {
		out[f["location"].(string)], _ = f["code"].(string)
	}
	return out
}

func TestErrors(t *testing.T) {
	t.Parallel()
	n := newNetwork(t)
	offer := path("/offers/%d", id(n.offers[0]))
	goal := path("%s/goals/%d", offer, id(items(fields{"items": n.offers[0]["goals"]})[0]))
	held := n.must(201, n.admin, "POST", offer+"/goals", fields{"alias": "held", "initial_status": "hold", "hold_days": 7})
	adv := n.offers[0]["advertiser_id"]
	for _, c := range []struct {
		name         string
		method, path string
		body         any
		status       int
		code         string
		location     string // that must be named; empty = none has to
	}{
		{"no JSON", "POST", "/advertisers", `{"name":`, 400, "invalid_body", ""},
		{"empty body", "POST", "/advertisers", ``, 400, "invalid_body", ""},
		{"two bodies", "POST", "/advertisers", `{"name":"a"}{"name":"b"}`, 400, "invalid_body", ""},
		{"NUL", "POST", "/advertisers", `{"name":"a\u0000b"}`, 400, "invalid_body", ""},
		{"NUL as a name", "POST", "/advertisers", `{"name":"a","status_map":{"\u0000":"approved"}}`, 400, "invalid_body", ""},
		{"a list", "POST", "/advertisers", `[]`, 422, "invalid", "body"},
		{"null body", "POST", "/advertisers", `null`, 422, "invalid", "body"},
		{"nothing", "POST", "/advertisers", `{}`, 422, "required", "body.name"},
		{"null name", "POST", "/advertisers", `{"name":null}`, 422, "invalid", "body.name"},
		{"empty name", "POST", "/advertisers", `{"name":"  "}`, 422, "required", "body.name"},
		{"unknown field", "POST", "/advertisers", `{"name":"a","colour":"red"}`, 422, "unknown_field", "body.colour"},
		{"field in another case", "POST", "/advertisers", `{"Name":"a"}`, 422, "invalid_input", "body.Name"},
		{"id is not written", "PATCH", offer, `{"id":5}`, 422, "unknown_field", "body.id"},
		{"unknown field deep", "POST", "/offers", fields{"advertiser_id": adv, "name": "a", "destination_url": "https://a.example/",
			"goals": []any{fields{"alias": "a"}, fields{"alias": "b", "payout": fields{"modal": "x"}}}}, 422, "unknown_field", "body.goals[1].payout.modal"},
		{"amount as a number", "PATCH", goal, `{"payout":{"amount":12.5}}`, 422, "invalid", "body.payout.amount"},
		{"amount no decimal", "PATCH", goal, `{"payout":{"amount":"1e5"}}`, 422, "invalid_decimal", "body.payout.amount"},
		{"amount with 9 decimals", "PATCH", goal, `{"payout":{"amount":"0.123456789"}}`, 422, "too_many_decimals", "body.payout.amount"},
		{"fixed amount beyond the currency", "PATCH", goal, `{"payout":{"model":"fixed","amount":"0.125"}}`, 422, "too_many_decimals", "body.payout.amount"},
		{"the same inside an offer", "POST", "/offers", fields{"advertiser_id": adv, "name": "a", "destination_url": "https://a.example/",
			"goals": []any{fields{"alias": "a", "payout": fields{"model": "fixed", "amount": "0.125"}}}}, 422, "too_many_decimals", "body.goals[0].payout.amount"},
		{"percent with 7 decimals", "PATCH", goal, `{"payout":{"model":"percent","percent":"0.1234567"}}`, 422, "too_many_decimals", "body.payout.percent"},
		{"negative percent", "PATCH", path("/advertisers/%d", id(n.advertisers[0])), `{"override_percent":"-1"}`, 422, "invalid_percent", "body.override_percent"},
		{"alias all digits", "POST", offer + "/goals", `{"alias":"123"}`, 422, "invalid_alias", "body.alias"},
		{"unknown model", "PATCH", goal, `{"payout":{"model":"cpx"}}`, 422, "invalid", "body.payout.model"},
		{"unknown status", "PATCH", offer, `{"status":"running"}`, 422, "invalid", "body.status"},
		{"null status", "PATCH", offer, `{"status":null}`, 422, "null", "body.status"},
		{"unknown currency", "POST", "/affiliates", `{"name":"a","currency":"XXQ"}`, 422, "invalid_currency", "body.currency"},
		{"no e-mail address", "POST", "/affiliates", `{"name":"a","email":"here"}`, 422, "invalid_email", "body.email"},
		{"no such advertiser", "POST", "/offers", `{"advertiser_id":999,"name":"a","destination_url":"https://a.example/"}`, 422, "unknown_advertiser", "body.advertiser_id"},
		{"destination no URL", "PATCH", offer, `{"destination_url":"javascript:alert(1)"}`, 422, "invalid_url", "body.destination_url"},
		{"postback without an affiliate", "POST", "/postbacks", `{"url":"https://a.example/"}`, 422, "required", "body.affiliate_id"},
		{"access for nobody", "POST", offer + "/affiliates", `{"status":"approved"}`, 422, "required", "body.affiliate_id"},
		{"access for no such affiliate", "POST", offer + "/affiliates", `{"affiliate_id":999,"status":"approved"}`, 422, "unknown_affiliate", "body.affiliate_id"},
		{"access to no such offer", "POST", "/offers/999/affiliates", `{"affiliate_id":999,"status":"approved"}`, 404, "not_found", ""},
		{"link for no such affiliate", "POST", "/tracking-links", fields{"offer_id": n.offers[0]["id"], "affiliate_id": 999}, 422, "unknown_affiliate", "body.affiliate_id"},
		{"link of no such offer", "POST", "/tracking-links", fields{"offer_id": 999, "affiliate_id": n.affiliates[0]["id"]}, 422, "unknown_offer", "body.offer_id"},
		{"no currency", "PATCH", offer, `{"currency":""}`, 422, "invalid_currency", "body.currency"},
		{"no currency of an advertiser", "PATCH", path("/advertisers/%d", id(n.advertisers[0])), `{"currency":""}`, 422, "invalid_currency", "body.currency"},
		{"no currency of an affiliate", "PATCH", path("/affiliates/%d", id(n.affiliates[0])), `{"currency":""}`, 422, "invalid_currency", "body.currency"},
		{"no window", "PATCH", offer, `{"window_days":0}`, 422, "out_of_range", "body.window_days"},
		{"hold for no time", "PATCH", path("%s/goals/%d", offer, id(held)), `{"hold_days":0}`, 422, "out_of_range", "body.hold_days"},
		{"no goals", "PATCH", offer, `{"goals":[]}`, 422, "required", "body.goals"},
		{"null for goals", "PATCH", offer, `{"goals":null}`, 422, "required", "body.goals"},
		{"null inside goals", "PATCH", offer, `{"goals":[{"alias":"x","status":null}]}`, 422, "unknown_field", "body.goals[0].status"},
		{"null deep in goals", "PATCH", offer, `{"goals":[{"alias":"x","dedupe":null}]}`, 422, "null", "body.goals[0].dedupe"},
		{"two defaults", "PATCH", offer, `{"goals":[{"alias":"x","is_default":true},{"alias":"y","is_default":true}]}`, 422, "two_default_goals", "body.goals[1].is_default"},
		{"goal of another offer", "POST", "/offers/999/goals", `{"alias":"x"}`, 404, "not_found", ""},
		{"id 0", "GET", "/offers/0", nil, 404, "not_found", ""},
		{"id no number", "GET", "/offers/abc", nil, 422, "invalid", "path.id"},
		{"id beyond 64 bits", "GET", "/offers/99999999999999999999", nil, 422, "invalid", "path.id"},
		{"click of another network", "GET", "/clicks/00000000000000000000000000000000", nil, 404, "click_not_found", ""},
		{"click with NUL", "GET", "/clicks/%00", nil, 404, "click_not_found", ""},
		{"conversion no id", "GET", "/conversions/nonsense", nil, 404, "not_found", ""},
		{"conversion unknown", "GET", "/conversions/01980000-0000-7000-8000-000000000000", nil, 404, "not_found", ""},
		{"conversion unknown, changed", "PATCH", "/conversions/01980000-0000-7000-8000-000000000000", `{"status":"approved"}`, 404, "not_found", ""},
		{"log line unknown", "GET", "/postback-log/01980000-0000-7000-8000-000000000000", nil, 404, "not_found", ""},
		{"delivery unknown", "POST", "/deliveries/01980000-0000-7000-8000-000000000000/resend", nil, 404, "not_found", ""},
		{"limit 0", "GET", "/offers?limit=0", nil, 422, "invalid", "query.limit"},
		{"limit 501", "GET", "/offers?limit=501", nil, 422, "invalid", "query.limit"},
		{"limit no number", "GET", "/offers?limit=many", nil, 422, "invalid", "query.limit"},
		{"cursor", "GET", "/offers?cursor=nonsense", nil, 422, "invalid_cursor", "query.cursor"},
		{"from", "GET", "/clicks?from=yesterday", nil, 422, "invalid_time", "query.from"},
		{"to", "GET", "/clicks?to=2026-13-01", nil, 422, "invalid_time", "query.to"},
		{"filter no click id", "GET", "/conversions?click_id=x", nil, 422, "malformed_clickid", "query.click_id"},
		{"filter status", "GET", "/deliveries?status=x", nil, 422, "invalid", "query.status"},
		{"NUL in the query", "GET", "/offers?search=%00", nil, 422, "invalid_text", "query.search"},
		{"no UTF-8 in the query", "GET", "/offers?search=%ff", nil, 422, "invalid_text", "query.search"},
		{"balance of nobody", "GET", "/affiliates/999/balance", nil, 404, "not_found", ""},
		{"in use", "DELETE", path("/affiliates/%d", 999), nil, 404, "not_found", ""},
	} {
		t.Run(c.name, func(t *testing.T) { // one after the other: they share a database
			n.TB = t
			a := n.refused(c.status, c.code, n.admin, c.method, c.path, c.body)
			if c.location != "" {
				if _, ok := locations(a)[c.location]; !ok {
					t.Errorf("%q is not named: %s", c.location, a.raw)
				}
			}
			if a.header.Get("Content-Type") != web.ProblemType || a.body["status"] != float64(c.status) || a.body["title"] == "" || a.body["detail"] == "" {
				t.Errorf("no problem document: %v %s", a.header, a.raw)
			}
		})
	}
}

// A client that hangs up is neither a fault of ours nor an answer of ours.
func TestClientHangsUp(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx := context.Background()
	lock, err := w.pool.Begin(ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = lock.Rollback(ctx) }()
	if _, err := lock.Exec(ctx, `LOCK TABLE offers`); err != nil {
		t.Fatal(err)
	}
	asking, hangUp := context.WithCancel(ctx)
	r := httptest.NewRequestWithContext(asking, "GET", api.Base+"/offers", nil)
	r.Header.Set("Authorization", "Bearer "+w.admin)
	rec, answered := httptest.NewRecorder(), make(chan struct{})
	go func() {
		defer close(answered)
		w.e.ServeHTTP(rec, r)
	}()
	w.awaitLock()
	hangUp()
	<-answered
	if strings.Contains(w.log.String(), "ERROR") || !strings.Contains(w.log.String(), `"status":499`) {
		t.Errorf("log: %s", w.log)
	}
}

func TestManyFaultsAreListedTogether(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a := w.refused(422, "invalid_input", w.admin, "POST", "/advertisers", fields{"name": " ", "email": "here", "currency": "XXQ", "override_percent": "5000"})
	for location, code := range map[string]string{"body.name": "required", "body.email": "invalid_email", "body.currency": "invalid_currency", "body.override_percent": "invalid_percent"} {
		if locations(a)[location] != code {
			t.Errorf("%s: %q in %s", location, locations(a)[location], a.raw)
		}
	}
}

func TestBodies(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	if a := w.send(w.admin, "POST", "/advertisers", "text/plain", strings.NewReader(`{"name":"a"}`)); a.status != 415 || a.body["code"] != "unsupported_media_type" {
		t.Errorf("another media type: %d %s", a.status, a.raw)
	}
	if a := w.send(w.admin, "POST", "/advertisers", "application/json; charset=utf-8", strings.NewReader(`{"name":"a"}`)); a.status != 201 {
		t.Errorf("charset: %d %s", a.status, a.raw)
	}
	big := append(append([]byte(`{"name":"`), bytes.Repeat([]byte("x"), 300<<10)...), `"}`...)
	if a := w.send(w.admin, "POST", "/advertisers", "application/json", bytes.NewReader(big)); a.status != 413 || a.body["code"] != "body_too_large" {
		t.Errorf("too large: %d %.200s", a.status, a.raw)
	}
	deep := strings.Repeat(`[`, 20000)
	if a := w.call(w.admin, "POST", "/advertisers", deep); a.status != 400 {
		t.Errorf("deep: %d", a.status)
	}
	w.must(200, w.admin, "GET", "/advertisers?colour=red&limit=5", nil) // unknown parameters are ignored
}

// A fault of ours shows nothing of itself, and the log has it once, with the request's id.
func TestInternalErrorsAreHidden(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	if err := w.exec("ALTER TABLE offers RENAME TO hunter2"); err != nil {
		t.Fatal(err)
	}
	a := w.refused(500, "internal", w.admin, "GET", "/offers", nil)
	if strings.Contains(a.raw, "relation") || strings.Contains(a.raw, "SQLSTATE") {
		t.Errorf("shown: %s", a.raw)
	}
	if log := w.log.String(); strings.Count(log, "internal error") != 1 || strings.Count(log, a.header.Get(web.HeaderRequestID)) != 2 {
		t.Errorf("log: %s", log)
	}
}

func TestDatabaseAwayIsUnavailable(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	// The database answers as one does that is shutting down.
	if err := w.exec(`CREATE FUNCTION away() RETURNS boolean LANGUAGE plpgsql STABLE AS
		$$ BEGIN RAISE EXCEPTION 'hunter2' USING ERRCODE = '57P01'; END $$;
		ALTER TABLE offers RENAME TO stored_offers;
		CREATE VIEW offers AS SELECT * FROM stored_offers WHERE away()`); err != nil {
		t.Fatal(err)
	}
	a := w.call(w.admin, "GET", "/offers", nil)
	if a.status != 503 || a.body["code"] != "database_unavailable" || strings.Contains(a.raw, "hunter2") || a.header.Get("Retry-After") == "" {
		t.Errorf("%d %v %s", a.status, a.header, a.raw)
	}
}

// Nothing that a client sends makes us fail: every route gets bodies and queries that it does not expect.
func TestNoInputIsOurFault(t *testing.T) {
	t.Parallel()
	n := newNetwork(t)
	bodies := []string{`{}`, `[]`, `null`, `0`, `"x"`, `{"name":{}}`, `{"name":["x"],"status":5}`, `{"url":null,"alias":null}`, `{"status":""}`,
		`{"goals":[null]}`, `{"goals":{}}`, `{"goals":[[]]}`, `{"payout":[]}`, `{"status_map":{"":""},"name":"x"}`, `{"ip_allowlist":[null],"name":"x"}`,
		`{"offer_id":9223372036854775807,"affiliate_id":-1}`, `{"advertiser_id":9223372036854775807,"name":"x","destination_url":"%"}`,
		`{"affiliate_id":9223372036854775807,"url":"https://x.example/"}`, `{"email":"x","password":""}`, `{"refresh_token":""}`,
		`{"window_days":1e400}`, `{"window_days":99999999999}`, `{"name":"\ud800"}`, `{"statuses":[null]}`, `{"statuses":[""],"url":"https://x.example/","affiliate_id":1}`}
	queries := []string{"", "?limit=-1", "?cursor=" + strings.Repeat("A", 299), "?cursor=MSAx", "?cursor=OTk5OTk5OTk5OTk5OTk5OTk5OTkgeA", "?from=0000-01-01&to=9999-12-31",
		"?from=0001-01-01T00:00:00%2B14:00", "?search=%25%27%22%5C", "?txid=%27", "?code=%5C", "?offer_id=9223372036854775807", "?valid=1&test=0", "?limit=1&limit=2"}
	for template := range document.Paths {
		target := strings.NewReplacer("{id}", "1", "{goal_id}", "1", "{click_id}", n.click(0)).Replace(template)
		for _, method := range []string{"GET", "POST", "PATCH"} {
			if operation(method, target) == nil {
				continue
			}
			if method == "GET" {
				for _, q := range queries {
					if a := n.call(n.admin, method, target+q, nil); a.status >= 500 {
						t.Errorf("%s %s%s: %d\n%s", method, target, q, a.status, n.log)
					}
				}
				continue
			}
			for _, body := range bodies {
				if template == "/auth/login" || template == "/auth/logout" {
					continue // the one counts wrong passwords, the other ends our log-in
				}
				if a := n.call(n.admin, method, target, body); a.status >= 500 {
					t.Errorf("%s %s %s: %d\n%s", method, target, body, a.status, n.log)
				}
			}
		}
	}
}
