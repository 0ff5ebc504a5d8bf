package server

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/waypost/waypost/domain/notice"
	"github.com/waypost/waypost/domain/trace"
)

// portalRight is who may use a route of the portals, and a request that does what it is for.
type portalRight struct {
	may  string // letters of roles; "*" = also who is not logged in
	form func(w *portalWorld, v visitor, pair int) url.Values
	// fresh gives each call a thing of its own, where it is used up: the visitor, as another session of it may do, and a path
	// (empty for the usual one).
	fresh    func(w *portalWorld, v visitor) (visitor, string)
	statuses []int  // of an allowed request, otherwise 200 and 303
	query    string // of the request
	own      bool   // a user's own affair: refused while an operator looks at the portal
	logs     string // table that a request about another's things may add a line of its own to
}

const (
	allOperators = "AMFV"
	managers     = "AM"
)

// sends is a form of pairs of name and value. "$thing" is the pair's own; "#" is a number never given before.
func sends(pairs ...string) func(*portalWorld, visitor, int) url.Values {
	return func(w *portalWorld, _ visitor, pair int) url.Values {
		form := url.Values{}
		for i := 0; i+1 < len(pairs); i += 2 {
			value := strings.ReplaceAll(pairs[i+1], "#", fmt.Sprint(w.next()))
			if thing, ok := strings.CutPrefix(value, "$"); ok {
				if value = w.ids[pair][thing]; value == "" {
					w.Fatalf("there is no %s", thing)
				}
			}
			form.Add(pairs[i], value)
		}
		return form
	}
}

// another is another session of the visitor.
func another(w *portalWorld, v visitor) (visitor, string) { return w.again(v), "" }

func newNoteFor(things string) func(w *portalWorld, v visitor) (visitor, string) {
	return func(w *portalWorld, v visitor) (visitor, string) {
		var id int64
		w.must(w.db.Pool().QueryRow(context.Background(), fmt.Sprintf(`INSERT INTO notes (%s, user_id, text, created_at) VALUES ($1, $2, 'fresh', now()) RETURNING id`,
			map[string]string{"affiliates": "affiliate_id", "advertisers": "advertiser_id"}[things]), w.number(v.pair, things), v.user.ID).Scan(&id))
		return v, fmt.Sprintf("/admin/%s/%s/notes/%d/delete", things, w.ids[v.pair][things], id)
	}
}

// freshView is a new view of the visitor's own, and what is done with it.
func freshView(deed string) func(w *portalWorld, v visitor) (visitor, string) {
	return func(w *portalWorld, v visitor) (visitor, string) {
		return v, v.base() + "/account/views/" + w.view(v.user, fmt.Sprintf("fresh %d", w.next()), false) + deed
	}
}

// freshFile is a new file of the visitor's own, and what is done with it.
func freshFile(deed string) func(w *portalWorld, v visitor) (visitor, string) {
	return func(w *portalWorld, v visitor) (visitor, string) {
		return v, v.base() + "/account/files/" + w.file(v.user, fmt.Sprintf("fresh %d", w.next())) + deed
	}
}

// commonRights are the routes that all portals have, below their base.
func commonRights(who string) map[string]portalRight {
	return map[string]portalRight{
		"POST /logout":                        {may: who, fresh: another},
		"GET /account":                        {may: who},
		"GET /session":                        {may: who},
		"POST /session":                       {may: who},
		"POST /account":                       {may: who, form: sends("name", "mark#x", "time_zone", "UTC", "theme", "dark")},
		"POST /account/theme":                 {may: who, form: sends("theme", "light")},
		"GET /account/security":               {may: who},
		"POST /account/password":              {may: who, form: sends("current_password", "x", "password", "correct horse battery", "again", "correct horse battery"), statuses: []int{422, 429}},
		"POST /account/second-factor":         {may: who},
		"POST /account/second-factor/confirm": {may: who, form: sends("password", "x", "otp", "123456"), statuses: []int{422, 429}},
		"POST /account/second-factor/codes":   {may: who, form: sends("otp", "123456"), statuses: []int{422, 429}},
		"POST /account/second-factor/off":     {may: who, form: sends("password", "x", "otp", "123456"), statuses: []int{422, 429}},
		"POST /account/sessions/end-others":   {may: who, fresh: func(w *portalWorld, v visitor) (visitor, string) { return v, "" }},
		"POST /account/sessions/:id/end": {may: who, fresh: func(w *portalWorld, v visitor) (visitor, string) {
			b, err := w.accounts.PeekBrowser(context.Background(), w.again(v).token)
			w.must(err)
			return v, v.base() + "/account/sessions/" + b.Session.ID.String() + "/end"
		}},
		"GET /account/api-keys":  {may: who},
		"POST /account/api-keys": {may: who, form: sends("name", "key #")},
		"POST /account/api-keys/:id/delete": {may: who, fresh: func(w *portalWorld, v visitor) (visitor, string) {
			var id int64
			w.must(w.db.Pool().QueryRow(context.Background(), `INSERT INTO api_keys (user_id, name, prefix, secret_hash, created_at) VALUES ($1, 'fresh', 'wp_fresh', gen_random_uuid()::text::bytea, now()) RETURNING id`, v.user.ID).Scan(&id))
			return v, fmt.Sprintf("%s/account/api-keys/%d/delete", v.base(), id)
		}},
		"GET /account/views":  {may: who},
		"POST /account/views": {may: who, form: sends("name", "view #", "page", "/conversions", "query", "status=pending")},
		// An operator's is made anew for each; the planted ones are the parties'.
		"GET /account/views/:id":          {may: who, own: true, statuses: map[bool][]int{true: {404}}[who == allOperators]},
		"POST /account/views/:id":         {may: who, form: sends("name", "view #"), fresh: freshView("")},
		"POST /account/views/:id/address": {may: who, fresh: freshView("/address")},
		"POST /account/views/:id/default": {may: who, form: sends("on", "1"), fresh: freshView("/default")},
		"POST /account/views/:id/delete":  {may: who, fresh: freshView("/delete")},
		"GET /account/files":              {may: who},
		"GET /account/files/list":         {may: who},
		"GET /account/files/:id":          {may: who, own: true, statuses: map[bool][]int{true: {404}}[who == allOperators]},
		"POST /account/files/:id/delete":  {may: who, fresh: freshFile("/delete")},
		"GET /notifications":              {may: who},
		"POST /notifications/read-all":    {may: who},
		"POST /notifications/:id/read": {may: who, fresh: func(w *portalWorld, v visitor) (visitor, string) {
			if v.party() {
				return v, ""
			}
			w.must(w.db.InTx(context.Background(), func(ctx context.Context) error {
				return w.notices.Post(ctx, notice.Notice{Kind: "x", Text: "for operators"})
			}))
			var id string
			w.must(w.db.Pool().QueryRow(context.Background(), `SELECT id FROM notices WHERE text = 'for operators' ORDER BY at DESC LIMIT 1`).Scan(&id))
			return v, "/admin/notifications/" + id + "/read"
		}},
		"GET /search":          {may: who},
		"GET /pick/:kind":      {may: who},
		"GET /trace":           {may: who},
		"GET /trace/:click_id": {may: who},
		"POST /trace/:click_id/share": {may: strings.Trim(who, "FV"), form: func(w *portalWorld, v visitor, pair int) url.Values {
			return sends("hours", "24", "note", "note #", "as", string(viewOf(v.user.Actor(""))))(w, v, pair)
		}},
		"POST /trace/links/:id/revoke": {may: who, fresh: func(w *portalWorld, v visitor) (visitor, string) {
			actor := publisher(v.user)
			link, _, err := w.traceLinks.Share(context.Background(), actor, trace.LinkInput{ClickID: w.ids[v.pair]["trace"], As: viewOf(actor)})
			w.must(err)
			return v, v.base() + "/trace/links/" + link.ID.String() + "/revoke"
		}},
		"GET /reports":      {may: who},
		"GET /reports/file": {may: who},
	}
}

// debuggerRights are those of the live debugger.
func debuggerRights(who string) map[string]portalRight {
	return map[string]portalRight{"GET /debugger": {may: who}, "GET /debugger/waiting": {may: who}, "GET /debugger/stream": {may: who}}
}

// publicRights are the pages outside the portals.
var publicRights = map[string]portalRight{
	"GET /":                    {may: "*"},
	"GET /login":               {may: "*"},
	"POST /login":              {may: "*", form: sends("email", "nobody#@x.example", "password", "wrong one, surely"), statuses: []int{422, 429}},
	"GET /login/code":          {may: "*"},
	"POST /login/code":         {may: "*", form: sends("otp", "123456")},
	"GET /forgotten":           {may: "*"},
	"POST /forgotten":          {may: "*", form: sends("email", "nobody#@x.example"), statuses: []int{200, 429}},
	"GET /set-password":        {may: "*"},
	"POST /set-password":       {may: "*", form: sends("token", "x", "password", "correct horse battery", "again", "correct horse battery"), statuses: []int{422, 429}},
	"GET /sign-up":             {may: "*"},
	"GET /sign-up/affiliate":   {may: "*"},
	"POST /sign-up/affiliate":  {may: "*", form: sends("company", "Firm #", "contact", "Ann", "email", "a#@firm.example", "country", "DE", "accepted_terms", "1", "answer.how", "x"), statuses: []int{303, 422, 429}},
	"GET /sign-up/advertiser":  {may: "*"},
	"POST /sign-up/advertiser": {may: "*", form: sends("company", "Firm #", "contact", "Ann", "email", "a#@firm.example", "country", "DE", "accepted_terms", "1"), statuses: []int{303, 422, 429}},
	"GET /sign-up/sent":        {may: "*"},
	"GET /sign-up/verify":      {may: "*"},
	"POST /sign-up/verify":     {may: "*", form: sends("token", "x"), statuses: []int{200, 404, 422, 429}},
	"GET /t/:token":            {may: "*"},
}

// affiliateRights are below /affiliate.
var affiliateRights = map[string]portalRight{
	"GET ":                         {may: "a"},
	"POST /view-as/stop":           {may: "a", statuses: []int{409}},
	"GET /offers":                  {may: "a"},
	"GET /offers/:id":              {may: "a"},
	"POST /offers/:id/apply":       {may: "a", statuses: []int{200, 303, 409, 422}},
	"GET /links":                   {may: "a"},
	"GET /conversions":             {may: "a"},
	"GET /conversions.csv":         {may: "a"},
	"GET /conversions.xlsx":        {may: "a"},
	"GET /conversions/:id":         {may: "a"},
	"GET /clicks":                  {may: "a"},
	"GET /clicks.csv":              {may: "a"},
	"GET /clicks.xlsx":             {may: "a"},
	"GET /balance":                 {may: "a"},
	"GET /balance.csv":             {may: "a"},
	"GET /balance.xlsx":            {may: "a"},
	"GET /postbacks":               {may: "a"},
	"GET /postbacks/new":           {may: "a"},
	"GET /postbacks/global":        {may: "a"},
	"GET /postbacks/goals":         {may: "a"},
	"POST /postbacks":              {may: "a", form: newPostback},
	"POST /postbacks/preview":      {may: "a", form: sends("url", "TRACKER/?c={aff_click_id}&p={payout}", "conversion_id", "$conversions")},
	"POST /postbacks/test":         {may: "a", form: sends("url", "TRACKER/?c={aff_click_id}&p={payout}", "conversion_id", "$conversions")},
	"GET /postbacks/:id":           {may: "a"},
	"POST /postbacks/:id":          {may: "a", form: sends("url", "TRACKER/?c={aff_click_id}&p={payout}", "method", "GET", "statuses", "approved", "offer_id", "$offers")},
	"POST /postbacks/:id/test":     {may: "a", form: sends("conversion_id", "$conversions")},
	"POST /postbacks/:id/pause":    {may: "a"},
	"POST /postbacks/:id/resume":   {may: "a"},
	"GET /postbacks/:id/secret":    {may: "a", own: true},
	"POST /postbacks/:id/rotate":   {may: "a", statuses: []int{200, 303, 409}},
	"POST /postbacks/:id/delete":   {may: "a", fresh: freshPostback},
	"GET /postbacks/:id/backfill":  {may: "a", own: true},
	"POST /postbacks/:id/backfill": {may: "a", form: func(*portalWorld, visitor, int) url.Values { return days() }},
	"GET /postbacks/:id/history":   {may: "a"},
	"GET /postbacks/:id/stream":    {may: "a"},
	"GET /deliveries":              {may: "a"},
	"GET /deliveries.csv":          {may: "a"},
	"GET /deliveries.xlsx":         {may: "a"},
	"POST /deliveries/resend":      {may: "a", form: sends("postback", "$postbacks", "status", "failed")},
	"GET /deliveries/:id":          {may: "a"},
	"POST /deliveries/:id/resend":  {may: "a"},
}

// advertiserRights are below /advertiser.
var advertiserRights = map[string]portalRight{
	"GET ":                         {may: "d"},
	"POST /view-as/stop":           {may: "d", statuses: []int{409}},
	"GET /offers":                  {may: "d"},
	"GET /offers/:id":              {may: "d"},
	"GET /tracking":                {may: "d"},
	"GET /offers/:id/tracking":     {may: "d"},
	"POST /offers/:id/tracking":    {may: "d", form: sends("click_id", "$trace", "val", "5", "txid", "t#"), logs: "postback_log audit_log"},
	"GET /conversions":             {may: "d"},
	"POST /conversions/preview":    {may: "d", form: sends("id", "$conversions", "status", "rejected", "reason", "no")},
	"POST /conversions/decide":     {may: "d", form: sends("id", "$conversions", "status", "approved")},
	"GET /conversions/:id":         {may: "d"},
	"POST /conversions/:id/decide": {may: "d", form: sends("status", "rejected", "reason", "no")},
	"GET /postback-log":            {may: "d"},
	"GET /postback-log/:id":        {may: "d"},
	"GET /balance":                 {may: "d"},
}

func days() url.Values {
	return url.Values{"from": {now().AddDate(0, 0, -2).Format(time.DateOnly)}, "to": {now().Format(time.DateOnly)}}
}

var newPostback = sends("url", "TRACKER/?c={aff_click_id}", "method", "GET", "statuses", "approved", "offer_id", "$offers", "goal_id", "$goals")

func freshPostback(w *portalWorld, v visitor) (visitor, string) {
	rec := w.send(v, "POST", "/affiliate/postbacks", portalRight{form: newPostback}.filled(w, v, v.pair))
	if rec.Code != http.StatusSeeOther {
		w.Fatalf("make a postback: %d %.1000s", rec.Code, rec.Body)
	}
	path, _, _ := strings.Cut(rec.Header().Get("Location"), "?")
	return v, path + "/delete"
}

// filled is the form; nil where the route takes none.
func (r portalRight) filled(w *portalWorld, v visitor, pair int) url.Values {
	form := url.Values{}
	if r.form != nil {
		form = r.form(w, v, pair)
	}
	for name, values := range form {
		form[name] = []string{strings.ReplaceAll(values[0], "TRACKER", w.tracker)}
	}
	return form
}

// names tells that the form names a thing of the pair.
func (r portalRight) names(w *portalWorld, v visitor) bool {
	return r.form != nil && r.form(w, v, 0).Encode() != r.form(w, v, 1).Encode() && slices.ContainsFunc(slices.Collect(maps.Values(w.ids[0])), func(id string) bool {
		for _, values := range r.form(w, v, 0) {
			if slices.Contains(values, id) {
				return true
			}
		}
		return false
	})
}

// allPortalRights has every route of the portals with its whole path.
func allPortalRights() map[string]portalRight {
	all := maps.Clone(publicRights)
	for base, tables := range map[string][]map[string]portalRight{
		"/admin":      {commonRights(allOperators), debuggerRights(allOperators), adminRights, adminTrafficRights},
		"/affiliate":  {commonRights("a"), affiliateRights},
		"/advertiser": {commonRights("d"), debuggerRights("d"), advertiserRights},
	} {
		for _, table := range tables {
			for route, r := range table {
				method, path, _ := strings.Cut(route, " ")
				all[method+" "+base+path] = r
			}
		}
	}
	return all
}

// refused tells an answer that keeps everything to itself: to the log-in, to the visitor's own portal, or an error.
func refused(v visitor, rec *httptest.ResponseRecorder) bool {
	switch rec.Code {
	case http.StatusUnauthorized, http.StatusForbidden, http.StatusNotFound:
		return true
	case http.StatusSeeOther:
		to := rec.Header().Get("Location")
		return strings.HasPrefix(to, "/login") && !v.party() || to == v.base() && to != ""
	}
	return false
}

// TestRightsOfEveryPortalRoute is route × role × whose id. The routes come from the router; one that the table does not know
// fails. What is refused shows nothing of others and changes nothing.
func TestRightsOfEveryPortalRoute(t *testing.T) {
	t.Parallel()
	w := newPortalWorld(t)
	rights, routes := allPortalRights(), w.routes()
	for _, route := range routes {
		if _, ok := rights[route]; !ok {
			t.Errorf("%s is not in the table of rights", route)
		}
	}
	for _, route := range slices.Sorted(maps.Keys(rights)) {
		if !slices.Contains(routes, route) {
			t.Errorf("the table of rights knows %s, the router does not", route)
		}
	}
	for _, route := range routes {
		before := w.rows()
		for _, v := range w.whos {
			w.refuses(route, rights[route], v)
		}
		after := w.rows()
		for table := range strings.FieldsSeq(rights[route].logs) {
			delete(after, table)
		}
		w.unchanged(before, after, "refused: "+route)
	}
	for _, route := range routes {
		for _, v := range w.whos {
			w.allows(route, rights[route], v)
		}
	}
}

// refuses walks what the visitor may not do by the route: another's things always, its own where its role may not.
func (w *portalWorld) refuses(route string, r portalRight, v visitor) {
	w.Helper()
	if r.may == "*" || r.may == "" {
		return
	}
	method, pattern, _ := strings.Cut(route, " ")
	ask := func(what string, path, form int) {
		w.Helper()
		var sent url.Values
		if method == "POST" {
			sent = r.filled(w, v, form)
		}
		if method == "POST" && v.viewing {
			if strings.HasSuffix(pattern, "/view-as/stop") || strings.HasSuffix(pattern, "/logout") || strings.HasSuffix(pattern, "/session") {
				return
			}
			if rec := w.send(v, method, w.target(pattern, path)+r.query, sent); rec.Code != http.StatusForbidden {
				w.Errorf("%s: %s (%s): %d, want 403", v.name, route, what, rec.Code)
			}
			return
		}
		rec := w.send(v, method, w.target(pattern, path)+r.query, sent)
		loose := what == "a form that names another's" // what it does with ids that it does not know is its affair, as long as nothing changes
		if !refused(v, rec) && !loose {
			w.Errorf("%s: %s (%s): %d %s: %.500s", v.name, route, what, rec.Code, rec.Header().Get("Location"), textOf(rec.Body.String()))
		}
	}
	if never := v.role == 0 || !strings.ContainsRune(r.may, rune(v.role)); never {
		ask("own", v.pair, v.pair)
		if namesOne(pattern) {
			ask("another's", 1-v.pair, 1-v.pair)
		}
		return
	}
	if method == "POST" && v.viewing {
		ask("own", v.pair, v.pair)
	}
	if !v.party() {
		return
	}
	if namesOne(pattern) {
		ask("another's", 1-v.pair, v.pair)
		if method == "POST" {
			ask("another's", 1-v.pair, 1-v.pair)
		}
	}
	if method == "POST" && r.names(w, v) {
		ask("a form that names another's", v.pair, 1-v.pair)
	}
}

// namesOne tells that the route names a thing; a kind of things is nobody's.
func namesOne(pattern string) bool {
	return strings.Contains(strings.ReplaceAll(pattern, ":kind", ""), ":")
}

// allows checks that the visitor may what it may, and that a party changes nothing of the other pair by it.
func (w *portalWorld) allows(route string, r portalRight, v visitor) {
	w.Helper()
	method, pattern, _ := strings.Cut(route, " ")
	public := r.may == "*"
	if r.may == "" || v.viewing && r.own || !public && (v.role == 0 || !strings.ContainsRune(r.may, rune(v.role))) || v.viewing && method == "POST" || public && v.role != 0 && method == "POST" {
		return
	}
	target := w.target(pattern, v.pair) + r.query
	if r.fresh != nil && method == "POST" {
		fresh := ""
		if v, fresh = r.fresh(w, v); fresh != "" {
			target = fresh
		}
	}
	var form url.Values
	before := ""
	if method == "POST" {
		form = r.filled(w, v, v.pair)
		if v.party() {
			before = w.rowsOf(1 - v.pair)
		}
	}
	rec := w.send(v, method, target, form)
	statuses := r.statuses
	if statuses == nil {
		statuses = []int{http.StatusOK, http.StatusSeeOther}
	}
	if !slices.Contains(statuses, rec.Code) || strings.HasPrefix(rec.Header().Get("Location"), "/login") && v.role != 0 && !strings.HasSuffix(target, "/logout") && !public {
		w.Errorf("%s may %s (%s), but: %d %s: %.800s", v.name, route, target, rec.Code, rec.Header().Get("Location"), textOf(rec.Body.String()))
	}
	if before != "" && before != w.rowsOf(1-v.pair) {
		w.Errorf("%s by %s changed what is of pair %d", v.name, route, 1-v.pair)
	}
}

// TestPortalListsShowNothingOfOthers: every page, as page, part and file, bare and with each filter naming what is another's.
func TestPortalListsShowNothingOfOthers(t *testing.T) {
	t.Parallel()
	w := newPortalWorld(t)
	rights := allPortalRights()
	before := w.rows()
	for _, route := range w.routes() {
		method, pattern, _ := strings.Cut(route, " ")
		if method != "GET" || strings.HasSuffix(pattern, "/stream") || isPublic(pattern) {
			continue
		}
		for _, v := range w.whos {
			if !v.party() || !strings.ContainsRune(rights[route].may, rune(v.role)) || v.viewing && rights[route].own {
				continue
			}
			other, mark := w.ids[1-v.pair], w.marks[1-v.pair][0]
			queries := []url.Values{{"limit": {"500"}}, {"format": {"csv"}}, {"format": {"xlsx"}}, {"from": {"2020-01-01"}, "to": {"2030-01-01"}},
				{"group": {"offer,affiliate,goal,sub1"}}, {"group": {"offer", "affiliate", "sub1", "day"}, "from": {"2020-01-01"}}, {"compare": {"previous"}}}
			for thing, names := range map[string][]string{"offers": {"offer", "offer_id"}, "affiliates": {"affiliate", "affiliate_id"}, "advertisers": {"advertiser", "advertiser_id"},
				"goals": {"goal", "goal_id"}, "postbacks": {"postback", "postback_id"}, "trace": {"click", "click_id", "q"}, "conversions": {"conversion", "conversion_id", "q"}, "users/" + string(v.role): {"user"}} {
				for _, name := range names {
					queries = append(queries, url.Values{name: {other[thing]}})
				}
			}
			for _, name := range []string{"q", "search", "txid", "sub1", "source", "aff_click_id", "ip", "cursor", "code", "country"} {
				queries = append(queries, url.Values{name: {mark}})
			}
			for i, query := range queries {
				header := []string{}
				if i%3 == 1 {
					header = []string{"HX-Request", "true", "HX-Request-Type", "partial", "HX-Target", "div#rows"}
				}
				rec := w.send(v, "GET", w.target(pattern, v.pair)+"?"+query.Encode(), nil, header...)
				if !slices.Contains([]int{200, 303, 400, 404, 422}, rec.Code) {
					t.Errorf("%s: %s?%s: %d %.300s", v.name, pattern, query.Encode(), rec.Code, textOf(rec.Body.String()))
				}
			}
		}
	}
	w.unchanged(before, w.rows(), "reading")
}
