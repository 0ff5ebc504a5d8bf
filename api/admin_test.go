package api_test

import (
	"encoding/base64"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
)

// A stranger applies, proves the address and is let in; everything on the way is told to whom it concerns.
func TestSignUp(t *testing.T) {
	t.Parallel()
	n := newNetwork(t)
	form := fields{"kind": "affiliate", "company": "Blue Media", "contact": "Jane", "email": "jane@blue.example", "country": "de",
		"answers": fields{"traffic": "Search"}, "accepted_terms": true}
	n.refused(403, "sign_up_closed", "", "POST", "/applications", form)
	n.must(200, n.admin, "PATCH", "/network", fields{"affiliate_sign_up": true, "brand_colour": "#1F6FEB", "affiliate_questions": []any{
		fields{"id": "traffic", "label": "Traffic?", "kind": "select", "options": []any{"Search", "Mail"}, "required": true}}})
	if open := n.must(200, "", "GET", "/sign-up", nil); open["affiliate_sign_up"] != true || open["brand_colour"] != "#1f6feb" || len(open["affiliate_questions"].([]any)) != 1 {
		t.Errorf("%v", open)
	}
	n.refused(422, "invalid_choice", "", "POST", "/applications", fields{"kind": "affiliate", "company": "x", "contact": "x", "email": "x@x.example",
		"country": "DE", "answers": fields{"traffic": "Spam"}, "accepted_terms": true})
	n.refused(422, "required", "", "POST", "/applications", fields{"kind": "affiliate", "company": "x", "contact": "x", "email": "x@x.example",
		"country": "DE", "answers": fields{"traffic": "Mail"}, "accepted_terms": false})
	n.must(202, "", "POST", "/applications", form)
	n.refused(422, "invalid_link", "", "POST", "/applications/verify", fields{"token": "guess"})
	token := n.mailed("jane@blue.example", `/sign-up/verify\?token=(\S+)`)
	if got := n.must(200, "", "POST", "/applications/verify", fields{"token": token}); got["status"] != "pending" {
		t.Errorf("%v", got)
	}
	n.refused(422, "invalid_link", "", "POST", "/applications/verify", fields{"token": token})
	if first := items(n.must(200, n.admin, "GET", "/notices?kind=application_pending", nil)); len(first) != 1 {
		t.Errorf("notices %v", first)
	}
	waiting := n.must(200, n.admin, "GET", "/work", nil)["applications"].(map[string]any)
	if waiting["count"] != 1.0 {
		t.Fatalf("%v", waiting)
	}
	a := path("/applications/%d", id(items(waiting)[0]))
	made := n.must(200, n.admin, "POST", a+"/approve", nil)
	if made["status"] != "approved" || made["affiliate_id"] == nil || !strings.Contains(made["invitation_url"].(string), "/set-password?token=") {
		t.Errorf("%v", made)
	}
	n.refused(409, "application_not_pending", n.admin, "POST", a+"/reject", fields{"reason": "too late"})
	// With an account by now: the same answer, nothing stored.
	n.must(202, "", "POST", "/applications", form)
	if all := items(n.must(200, n.admin, "GET", "/applications?kind=affiliate", nil)); len(all) != 1 {
		t.Errorf("%d applications", len(all))
	}
}

// mailed is what the newest mail to an address matches.
func (w *world) mailed(to, pattern string) string {
	w.Helper()
	found, err := w.mails(w.Context(), 100)
	if err != nil {
		w.Fatal(err)
	}
	for _, m := range found {
		if match := regexp.MustCompile(pattern).FindStringSubmatch(m.Text); m.To == to && match != nil {
			return match[1]
		}
	}
	w.Fatalf("no mail to %s holds %s", to, pattern)
	return ""
}

func TestLogo(t *testing.T) {
	t.Parallel()
	n := newNetwork(t)
	get := func(target string) *httptest.ResponseRecorder {
		rec := httptest.NewRecorder()
		n.e.ServeHTTP(rec, httptest.NewRequest("GET", target, nil))
		return rec
	}
	if rec := get("/brand/logo"); rec.Code != 404 {
		t.Errorf("no logo: %d", rec.Code)
	}
	n.refused(422, "unsupported_image", n.admin, "PUT", "/network/logo", fields{"content": base64.StdEncoding.EncodeToString([]byte("<svg onload=alert(1)>"))})
	n.refused(422, "too_large", n.admin, "PUT", "/network/logo", fields{"content": base64.StdEncoding.EncodeToString(make([]byte, 256<<10+1))})
	png := "\x89PNG\r\n\x1a\n<script>"
	url := n.must(200, n.admin, "PUT", "/network/logo", fields{"content": base64.StdEncoding.EncodeToString([]byte(png))})["logo_url"].(string)
	rec := get(url)
	if rec.Code != 200 || rec.Body.String() != png || rec.Header().Get("Content-Type") != "image/png" ||
		rec.Header().Get("X-Content-Type-Options") != "nosniff" || !strings.Contains(rec.Header().Get("Cache-Control"), "immutable") {
		t.Errorf("%d %v", rec.Code, rec.Header())
	}
	if rec := get("/brand/logo?v=old"); strings.Contains(rec.Header().Get("Cache-Control"), "immutable") {
		t.Error("an old version is kept for ever")
	}
	n.must(204, n.admin, "DELETE", "/network/logo", nil)
	if rec := get(url); rec.Code != 404 {
		t.Errorf("deleted: %d", rec.Code)
	}
}

func TestHistoryOfAPostback(t *testing.T) {
	t.Parallel()
	n := newNetwork(t)
	pb := id(n.must(201, n.affUser[0], "POST", "/postbacks", fields{"url": "https://a.example/?token=hush"}))
	n.must(200, n.admin, "PATCH", path("/postbacks/%d", pb), fields{"active": false})
	query := path("/audit?object_type=postback&object_id=%d", pb)
	own := items(n.must(200, n.affUser[0], "GET", query, nil))
	if len(own) != 2 || own[0]["actor"] != "network" || own[0]["ip"] != "" || own[0]["user_id"] != nil || own[1]["actor"] != "affiliate" || own[1]["user_email"] == "" {
		t.Errorf("%v", own)
	}
	a := n.call(n.affUser[0], "GET", query, nil)
	if strings.Contains(a.raw, "hush") || strings.Contains(a.raw, "whsec_") {
		t.Errorf("shows a secret: %s", a.raw)
	}
	if others := items(n.must(200, n.affUser[1], "GET", query, nil)); len(others) != 0 {
		t.Errorf("another affiliate reads %v", others)
	}
	if offers := items(n.must(200, n.affUser[0], "GET", path("/audit?object_type=offer&object_id=%d", id(n.offers[0])), nil)); len(offers) != 0 {
		t.Errorf("an affiliate reads an offer's history: %v", offers)
	}
	if all := items(n.must(200, n.admin, "GET", "/audit", nil)); len(all) < 8 {
		t.Errorf("the administrator reads %d", len(all))
	}
}

func TestSearch(t *testing.T) {
	t.Parallel()
	n := newNetwork(t)
	clickID := n.click(0)
	conversion := n.postback(0, clickID, "com", "1").ConversionID.String()
	kinds := func(token, q string) (all []string) {
		for _, r := range items(n.must(200, token, "GET", "/search?q="+q, nil)) {
			all = append(all, r["kind"].(string)+" "+r["title"].(string))
		}
		return all
	}
	for _, c := range []struct{ token, q, want string }{
		{n.admin, "shop+1", "advertiser Shop 1"}, {n.admin, "OFFER+0", "offer Offer 0"}, {n.admin, "%25", ""}, {n.admin, "_", ""}, {n.admin, "", ""},
		{n.admin, clickID, "click " + clickID}, {n.affUser[0], clickID, "click " + clickID}, {n.affUser[1], clickID, ""}, {n.advUser[1], clickID, ""},
		{n.advUser[0], conversion, "conversion " + conversion}, {n.affUser[1], conversion, ""},
		{n.affUser[0], "offer", "offer Offer 0"}, {n.advUser[1], "offer", "offer Offer 1"}, {n.affUser[0], "shop", ""}, {n.advUser[0], "blog", ""},
		{n.affUser[0], "blog", "affiliate Blog 0"},
	} {
		if got := strings.Join(kinds(c.token, c.q), ", "); got != c.want {
			t.Errorf("%q finds %q, want %q", c.q, got, c.want)
		}
	}
}

// What the preview says is what the change does.
func TestBulkPreviewAndApply(t *testing.T) {
	t.Parallel()
	n := newNetwork(t)
	a := n.postback(0, n.click(0), "com", "10", "txid", "a", "status", "pending").ConversionID.String()
	b := n.postback(0, n.click(0), "com", "5", "txid", "b", "status", "approved").ConversionID.String()
	other := n.postback(1, n.click(1), "com", "3", "txid", "a", "status", "pending").ConversionID.String()
	change := fields{"ids": []any{a, b, other, a}, "status": "rejected", "reason": "fraud", "dry_run": true}
	preview := n.must(200, n.advUser[0], "POST", "/conversions/bulk", change)
	if preview["changed"] != 2.0 || preview["failed"] != 1.0 || len(preview["money"].([]any)) != 1 || strings.Contains(n.call(n.advUser[0], "POST", "/conversions/bulk", change).raw, `"affiliate_id":1`) {
		t.Errorf("an advertiser's preview: %v", preview)
	}
	if c := n.must(200, n.admin, "GET", "/conversions/"+a, nil); c["status"] != "pending" {
		t.Errorf("a preview moved it to %v", c["status"])
	}
	if work := n.must(200, n.admin, "GET", "/work", nil); work["conversions"].(map[string]any)["count"] != 2.0 || len(work["conversion_sums"].([]any)) != 1 {
		t.Errorf("%v", work)
	}
	change["dry_run"] = false
	preview = n.must(200, n.advUser[0], "POST", "/conversions/bulk", change)
	if preview["changed"] != 2.0 {
		t.Errorf("%v", preview)
	}
	if c := n.must(200, n.admin, "GET", "/conversions/"+other, nil); c["status"] != "pending" {
		t.Error("another advertiser's conversion was moved")
	}
	balance := items(n.must(200, n.admin, "GET", path("/affiliates/%d/balance", id(n.affiliates[0])), nil))[0]
	if balance["pending"] != "0.00" || balance["approved"] != "0.00" {
		t.Errorf("%v", balance)
	}
	file := "\ufefftxid,advertiser_id,status,reason,com\r\na,,approved,,\r\na," + path("%d", id(n.advertisers[0])) + ",approved,\"yes, \"\"sure\"\"\",12.50\r\nnone,,approved,,\r\nb,,pending,,\r\nb,,what,,\r\nb\r\n"
	got := n.must(200, n.admin, "POST", "/conversions/import", fields{"csv": file})
	var codes []string
	for _, r := range got["results"].([]any) {
		r := r.(map[string]any)
		code, _ := r["code"].(string)
		codes = append(codes, path("%v:%s", r["line"], code))
	}
	if want := "2:ambiguous_txid 3: 4:not_found 5:status_not_allowed 6:invalid_status 7:wrong_number_of_fields"; strings.Join(codes, " ") != want || got["changed"] != 1.0 {
		t.Errorf("%v, want %s", codes, want)
	}
	if c := n.must(200, n.admin, "GET", "/conversions/"+a, nil); c["status"] != "approved" || c["commission"] != "12.50" {
		t.Errorf("%v", c)
	}
	n.refused(422, "unknown_column", n.admin, "POST", "/conversions/import", fields{"csv": "conversion,status\n"})
	n.refused(422, "invalid_csv", n.admin, "POST", "/conversions/import", fields{"csv": "txid,status\n\"a,approved\n"})
}

// Who asks for an offer is told the answer, and the operators the question.
func TestAccessIsTold(t *testing.T) {
	t.Parallel()
	n := newNetwork(t)
	offer := path("/offers/%d", id(n.offers[0]))
	n.must(200, n.admin, "PATCH", offer, fields{"visibility": "approval"})
	n.must(201, n.affUser[1], "POST", offer+"/affiliates", fields{})
	if asked := items(n.must(200, n.admin, "GET", "/notices?kind=access_requested", nil)); len(asked) != 1 {
		t.Errorf("%v", asked)
	}
	if requests := n.must(200, n.admin, "GET", "/work", nil)["access_requests"].(map[string]any); requests["count"] != 1.0 || items(requests)[0]["affiliate_name"] != "Blog 1" {
		t.Errorf("%v", requests)
	}
	n.must(201, n.admin, "POST", offer+"/affiliates", fields{"affiliate_id": id(n.affiliates[1]), "status": "rejected"})
	if told := items(n.must(200, n.affUser[1], "GET", "/notices?kind=access_rejected", nil)); len(told) != 1 {
		t.Errorf("%v", told)
	}
}
