package e2e

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"
)

// send is must for a body of any kind and any status.
func (c *client) send(t testing.TB, method, path, contentType, body string, headers ...string) (status int, answer object, header http.Header) {
	t.Helper()
	req, err := http.NewRequest(method, c.base+"/api/v1"+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if contentType != "" {
		req.Header.Set("Content-Type", contentType)
	}
	if c.token != "" {
		req.Header.Set("Authorization", "Bearer "+c.token)
	}
	for i := 0; i < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	return do(t, req)
}

// number makes the text of an integer id a JSON number.
func number(id string) json.Number { return json.Number(id) }

// assertProblem checks a problem document (RFC 9457) and that it names the field, where there is one.
func assertProblem(t testing.TB, what string, status int, answer object, header http.Header, want int, field string) {
	t.Helper()
	if status != want || answer.text("status") != fmt.Sprint(want) || answer.text("title") == "" || answer.text("detail") == "" || answer.text("code") == "" ||
		!strings.HasPrefix(header.Get("Content-Type"), "application/problem+json") {
		t.Errorf("%s: %d %s %v, want the problem %d", what, status, header.Get("Content-Type"), answer, want)
	}
	if field == "" {
		return
	}
	named := false
	list, _ := answer["errors"].([]any)
	for _, item := range list {
		fault := object(item.(map[string]any))
		named = named || strings.Contains(fault.text("location"), field) && fault.text("message") != ""
	}
	if !named && !strings.Contains(fmt.Sprint(answer["errors"]), field) {
		t.Errorf("%s: the errors do not name %s: %v", what, field, answer)
	}
}

// kinds of JSON values: a letter for each field's type.
func isKind(kind byte, value any) bool {
	switch kind {
	case 's': // text
		_, ok := value.(string)
		return ok
	case 'i': // integer
		n, ok := value.(json.Number)
		return ok && !strings.ContainsAny(n.String(), ".eE")
	case 'b':
		_, ok := value.(bool)
		return ok
	case 'l':
		_, ok := value.([]any)
		return ok
	case 'o':
		_, ok := value.(map[string]any)
		return ok
	case 't': // time, UTC
		text, _ := value.(string)
		at, err := time.Parse(time.RFC3339, text)
		return err == nil && strings.HasSuffix(text, "Z") && !at.IsZero()
	}
	return false
}

// assertKinds checks fields, written as "name:kind"; a kind in upper case may be null.
func assertKinds(t testing.TB, what string, got object, fields string) {
	t.Helper()
	for field := range strings.FieldsSeq(fields) {
		name, kind, _ := strings.Cut(field, ":")
		value, there := got[name]
		nullable := strings.ToUpper(kind) == kind
		if !there || !(nullable && value == nil) && !isKind(strings.ToLower(kind)[0], value) {
			t.Errorf("%s: %s is %v (there: %t), want kind %s", what, name, value, there, kind)
		}
	}
}

// TestContractResources is the table of section 5, a line each.
func TestContractResources(t *testing.T) {
	t.Parallel()
	w := mustFresh(t)
	c := w.mustLogIn()
	n := w.mustNetwork(c, nil, nil)
	own := w.mustNetwork(c, nil, nil) // for what is deleted
	for _, r := range []struct {
		name, collection string
		required         object // least body
		defaults         map[string]string
		kinds            string
		optional         object           // all that may be sent besides
		bad              map[string][]any // field → values that are refused
		changes          []object         // one after the other
		keep             bool             // cannot be deleted here
	}{
		{"users", "/users", object{"email": "Jane@Example.com", "role": "viewer"}, map[string]string{"role": "viewer", "status": "invited", "affiliate_id": "", "advertiser_id": ""},
			"id:i email:s name:s role:s affiliate_id:I advertiser_id:I status:s created_at:t", object{"name": "Jane", "password": "a long enough password"},
			map[string][]any{"email": {"", "nobody", 7, nil}, "role": {"king", "", nil}, "password": {"short", "elevenchars"}, "affiliate_id": {number(n.Affiliate)}},
			[]object{{"name": "Joan"}, {"email": "joan@example.com"}, {"role": "manager"}, {"status": "disabled"}}, false},
		{"advertisers", "/advertisers", object{"name": "Shop"}, map[string]string{"status": "active", "currency": "USD", "override_percent": "0", "postback_auth": "token", "always_200": "false"},
			"id:i name:s email:s status:s currency:s override_percent:s postback_auth:s postback_token:s always_200:b ip_allowlist:l status_map:o",
			object{"email": "shop@example.com", "status": "paused", "currency": "EUR", "override_percent": "12.5", "postback_auth": "ip", "always_200": true, "ip_allowlist": []any{"192.0.2.0/24"}, "status_map": object{"won": "approved"}},
			map[string][]any{"name": {"", nil, 5}, "status": {"gone"}, "currency": {"XXQ", "usd1"}, "override_percent": {"-1", "x", 5, "1.1234567"}, "postback_auth": {"magic"}, "always_200": {"yes"}, "ip_allowlist": {"x", []any{"999.1.1.1"}}, "status_map": {object{"won": "great"}}, "email": {"nobody"}},
			[]object{{"name": "Shop 2"}, {"email": "new@example.com"}, {"status": "paused"}, {"override_percent": "7.5"}, {"postback_auth": "none"}, {"always_200": true}}, false},
		{"affiliates", "/affiliates", object{"name": "Buyer"}, map[string]string{"status": "active", "fire": "specific"}, "id:i name:s email:s status:s currency:s fire:s",
			object{"email": "b@example.com", "status": "pending", "currency": "EUR", "fire": "all"}, map[string][]any{"name": {"", nil, 5}, "status": {"gone"}, "currency": {"XXQ"}, "fire": {"some"}},
			[]object{{"name": "Buyer 2"}, {"status": "blocked"}, {"fire": "all"}, {"currency": "GBP"}}, false},
		{"offers", "/offers", object{"advertiser_id": number(n.Advertiser), "name": "Deal", "destination_url": "https://shop.example/?c={click_id}"},
			map[string]string{"currency": "USD", "visibility": "public"}, "id:i advertiser_id:i name:s destination_url:s preview_url:s currency:s status:s visibility:s goals:l",
			object{"preview_url": "https://shop.example/", "currency": "EUR", "status": "active", "visibility": "private", "goals": []any{object{"alias": "sale"}}},
			map[string][]any{"advertiser_id": {number("999999"), nil, "x", 0}, "name": {"", nil}, "destination_url": {"", nil, "ftp://x.example/", "shop"}, "status": {"gone"}, "visibility": {"secret"}, "currency": {"XXQ"}, "goals": {[]any{object{"alias": "7"}}, []any{object{}}, []any{object{"alias": "a"}, object{"alias": "a"}}}},
			[]object{{"name": "Deal 2"}, {"status": "paused"}, {"visibility": "approval"}, {"preview_url": "https://shop.example/2"}}, false},
		{"goals", "/offers/" + n.Offer + "/goals", object{"alias": "lead"}, map[string]string{"is_default": "false", "initial_status": "approved", "dedupe": "txid"},
			"id:i alias:s name:s is_default:b payout:o revenue:o initial_status:s hold_days:i dedupe:s",
			object{"name": "Lead", "payout": object{"model": "fixed", "amount": "5"}, "revenue": object{"model": "percent", "percent": "10.5"}, "initial_status": "hold", "hold_days": 14, "dedupe": "click"},
			map[string][]any{"alias": {"", "123", nil}, "initial_status": {"trash", "rejected"}, "dedupe": {"maybe"}, "payout": {object{"model": "free"}, object{"model": "fixed", "amount": "x"}, object{"model": "percent", "percent": "-1"}}, "hold_days": {-1, "x"}},
			[]object{{"name": "Lead 2"}, {"initial_status": "pending"}, {"dedupe": "update"}, {"alias": "lead2"}}, false},
		{"postbacks", "/postbacks", object{"affiliate_id": number(n.Affiliate), "url": w.URL + "/healthz?c={click_id}"}, map[string]string{"method": "GET", "statuses": "[approved]", "active": "true", "offer_id": "", "goal_id": "", "paused_reason": ""},
			"id:i affiliate_id:i offer_id:I goal_id:I url:s method:s statuses:l active:b paused_reason:S signing_secret:s",
			object{"offer_id": number(n.Offer), "method": "POST", "statuses": []any{"approved", "rejected"}, "active": false},
			map[string][]any{"affiliate_id": {number("999999"), nil}, "url": {"", nil, "x"}, "method": {"PUT"}, "statuses": {[]any{"great"}}, "offer_id": {number("999999")}, "goal_id": {number("999999")}, "active": {"yes"}},
			[]object{{"method": "POST"}, {"statuses": []any{"approved", "pending"}}, {"active": false}, {"url": w.URL + "/healthz?x={txid}"}}, false},
		{"coupons", "/coupons", object{"code": "SAVE", "offer_id": number(n.Offer), "affiliate_id": number(n.Affiliate)}, map[string]string{"active": "true"}, "id:i code:s offer_id:i affiliate_id:i active:b",
			object{"active": false}, map[string][]any{"code": {"", nil}, "offer_id": {number("999999")}, "affiliate_id": {number("999999")}}, []object{{"active": false}, {"code": "SAVE2"}}, false},
	} {
		t.Run(r.name, func(t *testing.T) {
			t.Parallel()
			c := c.as(t)
			with := func(change object) object {
				body := maps.Clone(r.required)
				maps.Copy(body, change)
				for _, unique := range []string{"email", "alias", "code"} { // each object is another
					if text, ok := r.required[unique].(string); ok && change[unique] == nil {
						body[unique] = fmt.Sprintf("u%d%s", time.Now().UnixNano(), text)
					}
				}
				return body
			}
			write := func(body any) string { b, _ := json.Marshal(body); return string(b) }
			made := c.must("POST", r.collection, r.required, http.StatusCreated)
			item := r.collection + "/" + made.text("id")
			assertKinds(t, "created", made, r.kinds)
			if _, ok := made["warnings"].([]any); !ok && r.name != "users" { // nothing of theirs is worth a warning
				t.Errorf("created without warnings: %v", made)
			}
			assertFields(t, made, r.defaults)
			read := c.must("GET", item, nil, http.StatusOK)
			assertKinds(t, "read", read, r.kinds)
			last, found := int64(1<<62), false
			for _, other := range c.must("GET", r.collection+"?limit=500", nil, http.StatusOK).items(t) {
				id, err := other["id"].(json.Number).Int64()
				if err != nil || id >= last && r.name != "goals" { // an offer's goals are one short list
					t.Errorf("%s is not newest first: %d after %d", r.collection, id, last)
				}
				last, found = id, found || other.text("id") == made.text("id")
			}
			if !found {
				t.Errorf("%s is not in its list", item)
			}
			for name := range r.required {
				body := with(nil)
				delete(body, name)
				status, answer, header := c.send(t, "POST", r.collection, "application/json", write(body))
				assertProblem(t, "without "+name, status, answer, header, 422, name)
			}
			full := c.must("POST", r.collection, with(r.optional), http.StatusCreated)
			for name, value := range r.optional {
				if name == "password" || name == "goals" || name == "payout" || name == "revenue" {
					continue
				}
				if got, want := fmt.Sprint(full[name]), fmt.Sprint(value); got != want && write(full[name]) != write(value) {
					t.Errorf("%s was sent as %v and is %v", name, want, got)
				}
			}
			for name, values := range r.bad {
				for _, value := range values {
					body := with(object{name: value})
					body[name] = value
					status, answer, header := c.send(t, "POST", r.collection, "application/json", write(body))
					assertProblem(t, fmt.Sprintf("%s %v", name, value), status, answer, header, 422, name)
				}
			}
			status, answer, header := c.send(t, "POST", r.collection, "application/json", write(with(object{"no_such_field": 1})))
			assertProblem(t, "unknown field", status, answer, header, 422, "no_such_field")
			for _, text := range []string{"", "{", "no json", `{"a":1}}`, "[1"} {
				status, answer, header := c.send(t, "POST", r.collection, "application/json", text)
				if text == "" && status == 422 {
					continue // nothing at all is an empty object as well
				}
				assertProblem(t, "body "+text, status, answer, header, 400, "")
			}
			for _, change := range r.changes {
				before := c.must("GET", item, nil, http.StatusOK)
				c.must("PATCH", item, change, http.StatusOK)
				after := c.must("GET", item, nil, http.StatusOK)
				maps.Copy(before, change)
				delete(before, "updated_at")
				delete(after, "updated_at")
				if write(before) != write(after) {
					t.Errorf("PATCH %v: %s, want %s", change, write(after), write(before))
				}
			}
			c.must("PATCH", item, object{}, http.StatusOK)
			status, answer, header = c.send(t, "PATCH", item, "application/json", `{"no_such_field":1}`)
			assertProblem(t, "PATCH of an unknown field", status, answer, header, 422, "no_such_field")
			status, answer, header = c.send(t, "PATCH", item, "application/json", `{`)
			assertProblem(t, "PATCH that is no JSON", status, answer, header, 400, "")
			for _, method := range []string{"GET", "PATCH", "DELETE"} {
				body := map[bool]string{true: "{}"}[method == "PATCH"]
				status, answer, header := c.send(t, method, r.collection+"/999999", "application/json", body)
				assertProblem(t, method+" of what is not there", status, answer, header, 404, "")
			}
			c.must("DELETE", item, nil, http.StatusNoContent)
			c.must("GET", item, nil, http.StatusNotFound)
		})
	}

	t.Run("in use", func(t *testing.T) {
		t.Parallel()
		lead := own.c.must("POST", "/offers/"+own.Offer+"/goals", object{"alias": "lead"}, 201).text("id")
		pb := own.mustPostback(t, w.URL+"/healthz?tx={txid}", nil).text("id")
		own.convert(t, "com", "1", "goal", "lead")
		for _, path := range []string{"/advertisers/" + own.Advertiser, "/affiliates/" + own.Affiliate, "/offers/" + own.Offer, "/offers/" + own.Offer + "/goals/" + lead, "/postbacks/" + pb} {
			status, answer, header := c.send(t, "DELETE", path, "", "")
			assertProblem(t, path, status, answer, header, 409, "")
			if answer.text("code") != "in_use" {
				t.Errorf("%s: %v", path, answer)
			}
		}
	})

	t.Run("default goal", func(t *testing.T) {
		t.Parallel()
		goals := c.as(t).must("GET", "/offers/"+n.Offer, nil, 200)["goals"].([]any)
		var first object
		for _, g := range goals {
			if g := object(g.(map[string]any)); g["is_default"] == true {
				first = g
			}
		}
		assertFields(t, first, map[string]string{"alias": "default", "initial_status": "approved", "dedupe": "txid"})
		for _, rule := range []string{"payout", "revenue"} {
			assertFields(t, first[rule].(map[string]any), map[string]string{"model": "postback"})
		}
	})

	t.Run("save warnings", func(t *testing.T) {
		t.Parallel()
		m := w.mustNetwork(c.as(t), nil, nil)
		for dedupe, want := range map[string]bool{"txid": false, "click": false, "update": false, "none": true, "add": true} {
			got := m.c.must("POST", "/offers/"+m.Offer+"/goals", object{"alias": "g-" + dedupe, "dedupe": dedupe}, 201)
			if list := got["warnings"].([]any); (len(list) > 0) != want {
				t.Errorf("dedupe %s: warnings %v", dedupe, list)
			}
		}
		got := m.c.must("PATCH", "/offers/"+m.Offer, object{"destination_url": "https://shop.example/"}, 200)
		warning := object(got["warnings"].([]any)[0].(map[string]any))
		if warning.text("field") != "destination_url" || warning.text("code") == "" || warning.text("message") == "" {
			t.Errorf("no click id macro: %v", got["warnings"])
		}
		m.c.must("POST", "/offers/"+m.Offer+"/goals", object{"alias": "g-txid"}, http.StatusConflict) // the alias is taken
	})

	t.Run("access", func(t *testing.T) {
		t.Parallel()
		m := w.mustNetwork(c.as(t), nil, object{"visibility": "private"})
		for _, status := range []string{"pending", "approved", "rejected", "approved"} {
			got := m.c.must("POST", "/offers/"+m.Offer+"/affiliates", object{"affiliate_id": number(m.Affiliate), "status": status}, 201)
			assertFields(t, got, map[string]string{"affiliate_id": m.Affiliate, "status": status})
		}
		if list := m.c.must("GET", "/offers/"+m.Offer+"/affiliates", nil, 200).items(t); len(list) != 1 || list[0].text("status") != "approved" {
			t.Errorf("an upsert makes one row: %v", list)
		}
		for _, body := range []string{`{"affiliate_id":999999,"status":"approved"}`, `{"affiliate_id":` + m.Affiliate + `,"status":"perhaps"}`, `{"status":"approved"}`} {
			status, answer, header := m.c.send(t, "POST", "/offers/"+m.Offer+"/affiliates", "application/json", body)
			assertProblem(t, body, status, answer, header, 422, "")
		}
	})

	t.Run("tracking links", func(t *testing.T) {
		t.Parallel()
		body := object{"offer_id": number(n.Offer), "affiliate_id": number(n.Affiliate), "source": "s/o&x", "aff_click_id": "AC 1", "deep_link": "https://shop.example/p?a=1&b=2"}
		for i := 1; i <= 10; i++ {
			body[fmt.Sprintf("sub%d", i)] = fmt.Sprintf("v %d&", i)
		}
		link := c.as(t).must("POST", "/tracking-links", body, 201).text("url")
		click := c.as(t).must("GET", "/clicks/"+mustClick(t, link), nil, 200)
		assertKinds(t, "click", click, "click_id:s offer_id:i affiliate_id:i valid:b reason:S ip:s country:s device:s os:s browser:s source:s aff_click_id:s created_at:t sub1:s sub10:s")
		for name, value := range body {
			if click.text(name) != fmt.Sprint(value) {
				t.Errorf("%s is %q, want %q", name, click.text(name), value)
			}
		}
		status, answer, header := c.send(t, "POST", "/tracking-links", "application/json", `{"affiliate_id":`+n.Affiliate+`}`)
		assertProblem(t, "without an offer", status, answer, header, 422, "offer_id")
	})

	t.Run("conversions by hand", func(t *testing.T) {
		t.Parallel()
		m := w.mustNetwork(c.as(t), object{"override_percent": "50"}, nil)
		made := m.c.must("POST", "/conversions", object{"offer_id": number(m.Offer), "affiliate_id": number(m.Affiliate), "val": "20", "com": "4", "txid": "H1"}, 201)
		assertKinds(t, "conversion", made, "id:s click_id:s txid:S offer_id:i goal_id:i affiliate_id:i advertiser_id:i status:s val:s commission:s revenue:s currency:s original_val:s original_currency:s rate:S test:b params:o clicked_at:t created_at:t")
		assertFields(t, made, map[string]string{"status": "approved", "commission": "4.00", "revenue": "6.00", "txid": "H1"})
		item := "/conversions/" + made.text("id")
		assertFields(t, m.c.must("PATCH", item, object{"status": "rejected", "reason": "returned"}, 200), map[string]string{"status": "rejected"})
		status, answer, header := m.c.send(t, "PATCH", item, "application/json", `{"status":"pending"}`)
		assertProblem(t, "a forbidden move", status, answer, header, 409, "")
		if answer.text("code") != "status_not_allowed" {
			t.Errorf("code %v", answer)
		}
		for field, body := range map[string]string{"offer_id": `{"affiliate_id":` + m.Affiliate + `}`, "affiliate_id": `{"offer_id":` + m.Offer + `}`,
			"com": `{"offer_id":` + m.Offer + `,"affiliate_id":` + m.Affiliate + `,"com":"-1"}`, "status": `{"offer_id":` + m.Offer + `,"affiliate_id":` + m.Affiliate + `,"status":"great"}`} {
			status, answer, header := m.c.send(t, "POST", "/conversions", "application/json", body)
			assertProblem(t, body, status, answer, header, 422, field)
		}
		var kinds []string
		for _, item := range m.c.must("GET", "/clicks/"+made.text("click_id")+"/trace", nil, 200).items(t) {
			assertKinds(t, "trace", item, "at:t kind:s summary:s data:o")
			kinds = append(kinds, item.text("kind"))
		}
		for _, kind := range []string{"click", "conversion", "status_change", "ledger"} {
			if !slices.Contains(kinds, kind) {
				t.Errorf("the trace has %v, not %s", kinds, kind)
			}
		}
	})

	t.Run("exchange rates", func(t *testing.T) {
		t.Parallel()
		for field, body := range map[string]object{"date": {"base": "EUR", "quote": "USD", "rate": "1"}, "base": {"date": "2026-01-02", "quote": "USD", "rate": "1"}, "quote": {"date": "2026-01-02", "base": "EUR", "rate": "1"},
			"rate": {"date": "2026-01-02", "base": "EUR", "quote": "USD", "rate": "-1"}} {
			b, _ := json.Marshal(body)
			status, answer, header := c.send(t, "PUT", "/exchange-rates", "application/json", string(b))
			assertProblem(t, field, status, answer, header, 422, field)
		}
		for _, rate := range []string{"1.1", "1.2"} {
			c.as(t).must("PUT", "/exchange-rates", object{"date": "2026-01-02", "base": "EUR", "quote": "USD", "rate": rate}, 200)
		}
		list := c.as(t).must("GET", "/exchange-rates?base=EUR", nil, 200).items(t)
		if len(list) != 1 {
			t.Fatalf("rates %v", list)
		}
		assertFields(t, list[0], map[string]string{"date": "2026-01-02", "base": "EUR", "quote": "USD", "rate": "1.2", "source": "manual"})
	})
}
