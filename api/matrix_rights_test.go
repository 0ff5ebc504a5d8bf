package api_test

import (
	"crypto/rand"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"
)

// right says who may use a route on what is theirs; nobody else may, and nobody on what is another's.
type right struct {
	may   string                               // roles' letters; * is everybody, without a token too
	body  func(m *matrix, w who, pair int) any // that would do something if it were let
	fresh func(m *matrix, w who) string        // the path to use where the route ends what it is used on
	login bool                                 // an API key may not
	only  func(m *matrix, w who) who           // who asks instead, where the route ends the asker's own rights
}

const (
	everyone   = "AMFVad"
	operators  = "AMFV"
	catalogue  = "AM"
	affiliates = "AMa" // and those who act for them
)

// plain is a body that names nobody's things.
func plain(f fields) func(*matrix, who, int) any { return func(*matrix, who, int) any { return f } }

// naming is a body in which $things stands for the id of the pair's thing.
func naming(f fields) func(*matrix, who, int) any {
	return func(m *matrix, _ who, pair int) any {
		filled := fields{}
		for name, value := range f {
			if things, ok := value.(string); ok && strings.HasPrefix(things, "$") {
				value = m.ids[pair][things[1:]]
				if !strings.Contains("$clicks $conversions $deliveries", things) {
					var n int64
					_, _ = fmt.Sscan(m.ids[pair][things[1:]], &n)
					value = n
				}
			}
			filled[name] = value
		}
		return filled
	}
}

// made creates something for the asker's pair by the admin and gives its path.
func made(route string, body fields) func(*matrix, who) string {
	return func(m *matrix, w who) string {
		collection := m.target(route, w, w.pair)
		body["name"] = fmt.Sprintf("fresh %s", w.name)
		if strings.Contains(route, "goals") {
			delete(body, "name")
			body["alias"] = "fresh-" + string(w.role)
		}
		return fmt.Sprintf("%s/%d", collection, id(m.must(201, m.admin, "POST", collection, naming(body)(m, w, w.pair))))
	}
}

var tomorrow = now().AddDate(0, 0, 1).Format("2006-01-02")

// rights is the contract's section 5: "All else is the operators'." A route that is not here fails the test.
var rights = map[string]right{
	"POST /auth/login":           {may: "*", body: plain(fields{"email": "nobody@example.com", "password": "nothing at all"})},
	"POST /auth/refresh":         {may: "*", body: plain(fields{"refresh_token": "nothing"})},
	"POST /auth/forgot-password": {may: "*", body: plain(fields{"email": "nobody@example.com"})},
	"POST /auth/set-password":    {may: "*", body: plain(fields{"token": "nothing", "password": "correct horse battery"})},
	"POST /auth/logout":          {may: everyone, login: true, only: (*matrix).another},

	"GET /me":             {may: everyone},
	"PATCH /me":           {may: everyone, login: true, body: plain(fields{"time_zone": "Europe/Berlin"})},
	"GET /me/sessions":    {may: everyone},
	"DELETE /me/sessions": {may: everyone, login: true},
	"DELETE /me/sessions/:id": {may: everyone, login: true, only: (*matrix).another, fresh: func(m *matrix, w who) string {
		return "/me/sessions/" + items(m.must(200, w.token, "GET", "/me/sessions", nil))[0]["id"].(string)
	}},
	"POST /me/second-factor":                {may: everyone, login: true},
	"POST /me/second-factor/confirm":        {may: everyone, login: true, body: plain(fields{"otp": "000000", "password": "x"})},
	"POST /me/second-factor/recovery-codes": {may: everyone, login: true, body: plain(fields{"otp": "000000"})},
	"DELETE /me/second-factor":              {may: everyone, login: true, body: plain(fields{"otp": "000000", "password": "x"})},
	"GET /api-keys":                         {may: everyone},
	"POST /api-keys":                        {may: everyone, login: true, body: plain(fields{"name": "another"})},
	"GET /api-keys/:id":                     {may: "Aad"},
	"DELETE /api-keys/:id": {may: "Aad", only: (*matrix).anotherKey, fresh: func(m *matrix, w who) string {
		if w.key { // itself only
			return path("/api-keys/%d", id(items(m.must(200, w.token, "GET", "/api-keys", nil))[0]))
		}
		return path("/api-keys/%d", id(m.must(201, m.tokenOf(w), "POST", "/api-keys", fields{"name": "fresh"})))
	}},
	"GET /notices":           {may: everyone},
	"POST /notices/:id/read": {may: "ad"},
	"POST /notices/read-all": {may: everyone},
	"GET /presets":           {may: everyone},
	"GET /presets/:name":     {may: everyone},
	"POST /lint":             {may: everyone, body: plain(fields{"kind": "postback", "url": "https://a.example/?p={payout}"})},
	"GET /network":           {may: everyone},
	"PATCH /network":         {may: "A", body: plain(fields{"name": "Other"})},
	"GET /exchange-rates":    {may: operators},
	"PUT /exchange-rates":    {may: "AF", body: plain(fields{"date": "2026-01-02", "base": "EUR", "quote": "USD", "rate": "1.1"})},
	"GET /users":             {may: "A"},
	"POST /users":            {may: "A", body: naming(fields{"email": "new@example.com", "role": "affiliate", "affiliate_id": "$affiliates", "password": "correct horse battery"})},
	"GET /users/:id":         {may: "A"},
	"PATCH /users/:id":       {may: "A", body: plain(fields{"name": "Other"})},
	"DELETE /users/:id":      {may: "A", fresh: made("/users", fields{"email": "fresh@example.com", "role": "affiliate", "affiliate_id": "$affiliates", "password": "correct horse battery"})},
	"POST /users/:id/invite": {may: "A", fresh: func(m *matrix, w who) string {
		return path("/users/%d/invite", id(m.must(201, m.admin, "POST", "/users", fields{"email": "invited@example.com", "role": "viewer"})))
	}},
	"POST /users/:id/password": {may: "Aad", login: true, body: plain(fields{"password": "correct horse battery", "current_password": "unknown"}), fresh: func(m *matrix, w who) string {
		if w.party() {
			return m.target("/users/:id/password", w, w.pair)
		}
		return path("/users/%d/password", id(m.must(201, m.admin, "POST", "/users", fields{"email": "locked@example.com", "role": "viewer"})))
	}},
	"DELETE /users/:id/second-factor": {may: "A"},
	"DELETE /users/:id/sessions": {may: "A", fresh: func(m *matrix, w who) string {
		return path("/users/%d/sessions", id(m.must(201, m.admin, "POST", "/users", fields{"email": "elsewhere@example.com", "role": "viewer"})))
	}},
	"GET /advertisers":                    {may: everyone}, // for who has none, an empty list
	"POST /advertisers":                   {may: catalogue, body: plain(fields{"name": "New"})},
	"GET /advertisers/:id":                {may: operators + "d"},
	"PATCH /advertisers/:id":              {may: catalogue + "d", body: plain(fields{"email": "other@example.com"})},
	"DELETE /advertisers/:id":             {may: catalogue, fresh: made("/advertisers", fields{})},
	"POST /advertisers/:id/test-postback": {may: catalogue + "d", body: naming(fields{"click_id": "$clicks", "txid": "rehearsed"})},
	"GET /advertisers/:id/balance":        {may: operators + "d"},
	"GET /advertisers/:id/ledger":         {may: operators + "d"},
	"GET /affiliates":                     {may: everyone}, // for who has none, an empty list
	"POST /affiliates":                    {may: catalogue, body: plain(fields{"name": "New"})},
	"GET /affiliates/:id":                 {may: operators + "a"},
	"PATCH /affiliates/:id":               {may: affiliates, body: plain(fields{"email": "other@example.com"})},
	"DELETE /affiliates/:id":              {may: catalogue, fresh: made("/affiliates", fields{})},
	"GET /affiliates/:id/balance":         {may: operators + "a"},
	"GET /affiliates/:id/ledger":          {may: operators + "a"},
	"GET /offers":                         {may: everyone},
	"POST /offers":                        {may: catalogue, body: naming(fields{"advertiser_id": "$advertisers", "name": "New", "destination_url": "https://new.example/?c={click_id}"})},
	"GET /offers/:id":                     {may: everyone},
	"PATCH /offers/:id":                   {may: catalogue, body: plain(fields{"window_days": 30})},
	"DELETE /offers/:id":                  {may: catalogue, fresh: made("/offers", fields{"advertiser_id": "$advertisers", "destination_url": "https://new.example/?c={click_id}"})},
	"GET /offers/:id/goals":               {may: everyone},
	"POST /offers/:id/goals":              {may: catalogue, body: func(_ *matrix, w who, _ int) any { return fields{"alias": "new-" + string(w.role) + "x"} }},
	"GET /offers/:id/goals/:goal_id":      {may: everyone},
	"PATCH /offers/:id/goals/:goal_id":    {may: catalogue, body: plain(fields{"dedupe": "click"})},
	"DELETE /offers/:id/goals/:goal_id":   {may: catalogue, fresh: made("/offers/:id/goals", fields{})},
	"GET /offers/:id/affiliates":          {may: operators + "a"},
	"POST /offers/:id/affiliates": {may: affiliates, body: func(m *matrix, w who, pair int) any {
		return naming(fields{"affiliate_id": "$affiliates", "status": map[bool]string{true: "pending", false: "approved"}[w.role == 'a']})(m, w, pair)
	}},
	"GET /coupons": {may: everyone},
	"POST /coupons": {may: catalogue, body: func(m *matrix, w who, pair int) any {
		return naming(fields{"code": "NEW-" + string(w.role) + "x", "offer_id": "$offers", "affiliate_id": "$affiliates"})(m, w, pair)
	}},
	"GET /coupons/:id":   {may: everyone},
	"PATCH /coupons/:id": {may: catalogue, body: plain(fields{"active": false})},
	"DELETE /coupons/:id": {may: catalogue, fresh: func(m *matrix, w who) string {
		return path("/coupons/%d", id(m.must(201, m.admin, "POST", "/coupons", naming(fields{"code": "fresh-" + string(w.role), "offer_id": "$offers", "affiliate_id": "$affiliates"})(m, w, w.pair))))
	}},
	"GET /exports": {may: everyone},
	"POST /exports": {may: everyone, body: func(_ *matrix, w who, _ int) any {
		return fields{"path": portalOf(w) + "/conversions", "format": "csv", "title": "x"}
	}},
	"GET /exports/:id":      {may: everyone, fresh: freshExport("")},
	"GET /exports/:id/file": {may: everyone, fresh: freshExport("/file")},
	"DELETE /exports/:id":   {may: everyone, fresh: freshExport("")},
	"GET /views":            {may: everyone},
	"POST /views":           {may: everyone, body: func(*matrix, who, int) any { return fields{"page": "/conversions", "name": rand.Text()} }},
	"GET /views/:id":        {may: everyone, fresh: freshView},
	"PATCH /views/:id":      {may: everyone, fresh: freshView, body: plain(fields{"query": "status=pending"})},
	"DELETE /views/:id":     {may: everyone, fresh: freshView},
	"POST /tracking-links":  {may: affiliates, body: naming(fields{"offer_id": "$offers", "affiliate_id": "$affiliates"})},
	"GET /postbacks":        {may: everyone}, // for who has none, an empty list
	"POST /postbacks":       {may: affiliates, body: naming(fields{"affiliate_id": "$affiliates", "url": "https://new.example/"})},
	"GET /postbacks/:id":    {may: operators + "a"},
	"PATCH /postbacks/:id":  {may: affiliates, body: plain(fields{"statuses": []any{"approved", "rejected"}})},
	"DELETE /postbacks/:id": {may: affiliates, fresh: func(m *matrix, w who) string {
		return path("/postbacks/%d", id(m.must(201, m.admin, "POST", "/postbacks", naming(fields{"affiliate_id": "$affiliates", "url": "https://fresh.example/"})(m, w, w.pair))))
	}},
	"POST /postbacks/:id/test":            {may: affiliates, body: naming(fields{"conversion_id": "$conversions"})},
	"POST /postbacks/:id/backfill":        {may: affiliates, body: plain(fields{"from": "2026-01-01", "to": tomorrow})},
	"POST /postbacks/:id/rotate-secret":   {may: affiliates},
	"POST /postbacks/preview":             {may: affiliates, body: naming(fields{"url": "https://t.example/?c={aff_click_id}&p={payout}", "conversion_id": "$conversions"})},
	"POST /postbacks/test":                {may: affiliates, body: naming(fields{"affiliate_id": "$affiliates", "url": "https://t.example/?c={aff_click_id}", "conversion_id": "$conversions"})},
	"GET /postbacks/:id/health":           {may: operators + "a"},
	"GET /affiliates/:id/postback-health": {may: operators + "a"},
	"GET /clicks":                         {may: everyone},
	"GET /clicks/:click_id":               {may: everyone},
	"GET /clicks/:click_id/trace":         {may: everyone},
	"POST /clicks/:click_id/trace-links":  {may: catalogue + "ad", login: true, body: func(_ *matrix, w who, _ int) any { return sharing(w) }},
	"GET /live":                           {may: everyone},
	"GET /trace-links":                    {may: everyone},
	"DELETE /trace-links/:id": {may: catalogue + "ad", fresh: func(m *matrix, w who) string {
		maker := w
		if !w.party() {
			maker.token = m.admin
		} else if w.key {
			maker.token = m.tokenOf(w)
		}
		return "/trace-links/" + m.must(201, maker.token, "POST", "/clicks/"+m.ids[w.pair]["clicks"]+"/trace-links", sharing(w))["id"].(string)
	}},
	"GET /shared-traces/:token": {may: "*"},
	"GET /conversions":          {may: everyone},
	"POST /conversions":         {may: catalogue, body: naming(fields{"offer_id": "$offers", "affiliate_id": "$affiliates", "com": "1"})},
	"GET /conversions/:id":      {may: everyone},
	"PATCH /conversions/:id": {may: catalogue + "d", body: func(_ *matrix, w who, _ int) any {
		return fields{"status": map[bool]string{true: "rejected", false: "approved"}[w.role == 'A']}
	}},
	"GET /postback-log":             {may: everyone},
	"GET /postback-log/:id":         {may: everyone},
	"POST /postback-log/:id/replay": {may: catalogue},
	"POST /postback-log/replay":     {may: catalogue, body: naming(fields{"affiliate_id": "$affiliates"})},
	"GET /deliveries":               {may: everyone},
	"GET /deliveries/:id":           {may: everyone},
	"POST /deliveries/:id/resend":   {may: affiliates},
	"POST /deliveries/resend":       {may: affiliates, body: plain(fields{})},
	"GET /reports":                  {may: everyone},

	"PUT /network/logo":              {may: "A", body: plain(fields{"content": "iVBORw0KGgo="})},
	"DELETE /network/logo":           {may: "A"},
	"GET /sign-up":                   {may: "*"},
	"POST /applications":             {may: "*", body: plain(fields{"kind": "affiliate", "company": "x", "contact": "x", "email": "x@x.example", "country": "DE", "accepted_terms": true})},
	"POST /applications/verify":      {may: "*", body: plain(fields{"token": "nothing"})},
	"GET /applications":              {may: operators},
	"GET /applications/:id":          {may: operators},
	"POST /applications/:id/approve": {may: catalogue, fresh: func(m *matrix, w who) string { return path("/applications/%s/approve", m.applied()) }},
	"POST /applications/:id/reject": {may: catalogue, body: plain(fields{"reason": "no"}), fresh: func(m *matrix, w who) string {
		return path("/applications/%s/reject", m.applied())
	}},
	"GET /affiliates/:id/notes":   {may: operators},
	"POST /affiliates/:id/notes":  {may: catalogue, body: plain(fields{"text": "a note"})},
	"GET /advertisers/:id/notes":  {may: operators},
	"POST /advertisers/:id/notes": {may: catalogue, body: plain(fields{"text": "a note"})},
	"DELETE /notes/:id": {may: catalogue, fresh: func(m *matrix, w who) string {
		return path("/notes/%d", id(m.must(201, w.token, "POST", m.target("/affiliates/:id/notes", w, w.pair), fields{"text": "fresh"})))
	}},
	"GET /audit": {may: operators + "a", fresh: func(m *matrix, w who) string {
		return "/audit?object_type=postback&object_id=" + m.ids[w.pair]["postbacks"]
	}},
	"GET /search": {may: everyone},
	"GET /work":   {may: operators},
	"POST /conversions/bulk": {may: catalogue + "d", body: func(m *matrix, w who, pair int) any {
		return fields{"ids": []any{m.ids[pair]["conversions"]}, "status": map[bool]string{true: "rejected", false: "approved"}[w.role == 'A']}
	}},
	"POST /conversions/import": {may: catalogue + "d", body: func(m *matrix, w who, pair int) any {
		return fields{"csv": "conversion_id,status\n" + m.ids[pair]["conversions"] + ",rejected\n"}
	}},
}

// portalOf is the portal of the asker.
func portalOf(w who) string {
	return map[byte]string{'a': "/affiliate", 'd': "/advertiser"}[byte(w.role)] + map[bool]string{true: "/admin"}[strings.ContainsRune(operators, rune(w.role))]
}

// freshExport is a file of the asker's own.
func freshExport(deed string) func(m *matrix, w who) string {
	return func(m *matrix, w who) string {
		return path("/exports/%s", m.export(id(m.must(200, w.token, "GET", "/me", nil)), "fresh")) + deed
	}
}

// freshView is a view of the asker's own.
func freshView(m *matrix, w who) string {
	return path("/views/%d", id(m.must(201, w.token, "POST", "/views", fields{"page": "/conversions", "name": rand.Text()})))
}

// applied is the id of an application that waits for a decision.
func (m *matrix) applied() (id string) {
	m.Helper()
	if err := m.pool.QueryRow(m.Context(), applicationRow, "pending").Scan(&id); err != nil {
		m.Fatal(err)
	}
	return id
}

const applicationRow = `INSERT INTO applications (kind, status, company, contact, email, country, website, answers, terms_url, terms_accepted_at, ip, created_at, updated_at)
	VALUES ('affiliate', $1, 'Applicant', 'Ann', gen_random_uuid() || '@applicant.example', 'DE', '', '[]', '', now(), '', now(), now()) RETURNING id::text`

// anotherKey is a second key of the same user, for what ends a key.
func (m *matrix) anotherKey(w who) who {
	if w.key {
		w.token = m.must(201, m.tokenOf(w), "POST", "/api-keys", fields{"name": "fresh"})["secret"].(string)
	}
	return w
}

// another is a second log-in of the same user, for what ends a log-in.
func (m *matrix) another(w who) who {
	if !w.key {
		w.token = m.token(w.user)
	}
	return w
}

// tokenOf is a log-in of the user, where w may be a key.
func (m *matrix) tokenOf(w who) string { return m.token(w.user) }

// TestRightsOfEveryRoute is route × role × whose id. The routes come from the router; one that rights does not know
// fails. What is refused shows nothing of others and changes nothing.
func TestRightsOfEveryRoute(t *testing.T) {
	t.Parallel()
	m := newMatrix(t)
	routes := m.routes()
	for _, route := range routes {
		if _, ok := rights[route]; !ok {
			t.Errorf("%s is not in the table of rights", route)
		}
	}
	for route := range rights {
		if !slices.Contains(routes, route) {
			t.Errorf("the table of rights knows %s, the router does not", route)
		}
	}
	for _, route := range routes {
		before := m.rows("true")
		for _, w := range m.whos {
			m.refuses(route, w)
		}
		m.unchanged(before, m.rows("true"), "refused: "+route)
	}
	for _, route := range routes {
		for _, w := range m.whos {
			m.allows(route, w)
		}
	}
}

// refuses walks what w may not do by the route: another's things always, its own where its role may not.
func (m *matrix) refuses(route string, w who) {
	m.Helper()
	r := rights[route]
	method, pattern, _ := strings.Cut(route, " ")
	if r.may == "*" {
		return
	}
	body := func(pair int) any {
		if r.body == nil {
			return nil
		}
		return r.body(m, w, pair)
	}
	never := w.role == 0 || !strings.ContainsRune(r.may, rune(w.role)) || r.login && w.key
	wrong := func(what, target string, pair int, statuses ...int) {
		m.Helper()
		if status, answer := m.ask(w, method, target, body(pair)); !slices.Contains(statuses, status) {
			m.Errorf("%s: %s %s (%s): %d, want %v: %s", w.name, method, target, what, status, statuses, answer)
		}
	}
	switch {
	case w.role == 0:
		wrong("not logged in", m.target(pattern, w, w.pair), w.pair, 401)
		wrong("not logged in", m.missing(pattern, w), w.pair, 401)
		return
	case never:
		wrong("own", m.target(pattern, w, w.pair), w.pair, 403, 404)
	}
	if !strings.Contains(pattern, ":") {
		return
	}
	statuses := []int{404}
	if never {
		statuses = []int{403, 404}
	}
	wrong("never made", m.missing(pattern, w), w.pair, statuses...)
	if w.party() && !strings.HasPrefix(pattern, "/presets/") {
		wrong("another's", m.target(pattern, w, 1-w.pair), 1-w.pair, statuses...)
		if goal := strings.Split(pattern, "/goals/:"); len(goal) == 2 {
			wrong("own offer, another's goal", m.target(goal[0], w, w.pair)+"/goals/"+m.ids[1-w.pair]["goals"], 1-w.pair, statuses...)
			wrong("another's offer, own goal", m.target(goal[0], w, 1-w.pair)+"/goals/"+m.ids[w.pair]["goals"], 1-w.pair, statuses...)
		}
		for _, form := range [][]string{{"Accept", "text/csv"}, {"Authorization", "bearer  " + w.token}} {
			if status, answer := m.ask(w, method, m.target(pattern, w, 1-w.pair), body(1-w.pair), form...); !slices.Contains(statuses, status) {
				m.Errorf("%s: %s %s with %v: %d: %s", w.name, method, pattern, form, status, answer)
			}
		}
	}
}

// allows checks that w may what it may, and that a party changes nothing of the other pair by it.
func (m *matrix) allows(route string, w who) {
	m.Helper()
	r := rights[route]
	method, pattern, _ := strings.Cut(route, " ")
	if w.role == 0 || r.may == "*" || !strings.ContainsRune(r.may, rune(w.role)) || r.login && w.key {
		return
	}
	if r.only != nil {
		w = r.only(m, w)
	}
	target := ""
	if r.fresh != nil {
		target = r.fresh(m, w)
	} else {
		target = m.target(pattern, w, w.pair)
	}
	var body any
	if r.body != nil {
		body = r.body(m, w, w.pair)
	}
	var before map[string]string
	if w.party() && method != "GET" {
		before = m.rowsOf(1 - w.pair)
	}
	status, answer := m.ask(w, method, target, body)
	if status == 401 || status == 403 && !strings.Contains(answer, "wrong_password") || status == 404 || method == "GET" && status != 200 {
		m.Errorf("%s may %s, but: %d %s", w.name, route, status, answer)
	}
	if before != nil {
		m.unchanged(before, m.rowsOf(1-w.pair), w.name+" by "+route)
	}
}

// TestListsShowNothingOfOthers: every list, in each form, bare and with each filter naming what is another's.
func TestListsShowNothingOfOthers(t *testing.T) {
	t.Parallel()
	m := newMatrix(t)
	before := m.rows("true")
	for _, route := range m.routes() {
		method, pattern, _ := strings.Cut(route, " ")
		if method != "GET" {
			continue
		}
		for _, w := range m.whos {
			if !w.party() || !strings.ContainsRune(rights[route].may, rune(w.role)) {
				continue
			}
			other := m.ids[1-w.pair]
			target := m.target(pattern, w, w.pair)
			queries := []string{"", "limit=500", "from=2020-01-01&to=" + tomorrow, "group_by=offer,affiliate,advertiser,goal,sub1,source,country,day&from=2020-01-01&to=" + tomorrow, "group_by=offer&currency=EUR"}
			for name, value := range map[string]string{"offer_id": other["offers"], "affiliate_id": other["affiliates"], "advertiser_id": other["advertisers"], "goal_id": other["goals"],
				"postback_id": other["postbacks"], "click_id": other["clicks"], "conversion_id": other["conversions"], "user_id": other["users/"+string(w.role)],
				"txid": m.marks[1-w.pair][0], "code": m.marks[1-w.pair][0], "search": "mark", "sub1": m.marks[1-w.pair][0] + " sub", "ip": "198.51.100.78", "cursor": "x"} {
				queries = append(queries, name+"="+url.QueryEscape(value), "group_by=offer,affiliate,sub1&"+name+"="+url.QueryEscape(value))
			}
			for _, query := range queries {
				for _, header := range [][]string{nil, {"Accept", "text/csv"}} {
					if status, answer := m.ask(w, "GET", target+"?"+query, nil, header...); status != 200 && status != 422 && status != 404 && status != 406 {
						t.Errorf("%s: %s?%s %v: %d %s", w.name, target, query, header, status, answer)
					}
				}
			}
		}
	}
	m.unchanged(before, m.rows("true"), "reading")
}

// TestForeignIDsInBodies: a body that names what is another's does nothing, in every route that takes an id.
func TestForeignIDsInBodies(t *testing.T) {
	t.Parallel()
	m := newMatrix(t)
	for _, w := range m.whos {
		if !w.party() || w.key {
			continue
		}
		own, other := m.ids[w.pair], 1-w.pair
		number := func(things string) any { return naming(fields{"x": "$" + things})(m, w, w.pair).(fields)["x"] }
		for _, deed := range []struct {
			who, route string
			body       fields // $things are the other pair's
			bulk       bool   // does nothing, successfully
		}{
			{"a", "POST /tracking-links", fields{"offer_id": "$offers"}, false},
			{"a", "POST /tracking-links", fields{"offer_id": number("offers"), "affiliate_id": "$affiliates"}, false},
			{"a", "POST /postbacks", fields{"offer_id": "$offers", "url": "https://x.example/"}, false},
			{"a", "POST /postbacks", fields{"goal_id": "$goals", "url": "https://x.example/"}, false},
			{"a", "POST /postbacks", fields{"offer_id": number("offers"), "goal_id": "$goals", "url": "https://x.example/"}, false},
			{"a", "PATCH /postbacks/" + own["postbacks"], fields{"offer_id": "$offers"}, false},
			{"a", "PATCH /postbacks/" + own["postbacks"], fields{"goal_id": "$goals"}, false},
			{"a", "PATCH /postbacks/" + own["postbacks"], fields{"affiliate_id": "$affiliates"}, false},
			{"a", "POST /postbacks/" + own["postbacks"] + "/test", fields{"conversion_id": "$conversions"}, false},
			{"a", "POST /postbacks/" + own["postbacks"] + "/test", fields{"click_id": "$clicks"}, false},
			{"a", "POST /offers/" + own["offers"] + "/affiliates", fields{"affiliate_id": "$affiliates"}, false},
			{"a", "POST /offers/" + own["offers"] + "/affiliates", fields{"status": "approved"}, false},
			{"a", "POST /offers/" + m.ids[other]["offers"] + "/affiliates", fields{}, false},
			{"a", "PATCH /affiliates/" + own["affiliates"], fields{"status": "paused", "name": "x"}, false},
			{"a", "PATCH /me", fields{"affiliate_id": "$affiliates"}, false},
			{"a", "POST /deliveries/resend", fields{"affiliate_id": "$affiliates"}, true},
			{"a", "POST /deliveries/resend", fields{"postback_id": "$postbacks"}, true},
			{"a", "POST /deliveries/resend", fields{"click_id": "$clicks"}, true},
			{"a", "POST /deliveries/resend", fields{"conversion_id": "$conversions"}, true},
			{"ad", "POST /postback-log/replay", fields{"affiliate_id": "$affiliates"}, false},
			{"ad", "POST /postback-log/replay", fields{"click_id": "$clicks"}, false},
			{"ad", "POST /conversions", fields{"offer_id": "$offers", "affiliate_id": "$affiliates", "com": "5"}, false},
			{"ad", "POST /api-keys", fields{"name": "x", "role": "admin"}, false},
			{"ad", "POST /api-keys", fields{"name": "x", "user_id": "$affiliates"}, false},
			{"ad", "PATCH /me", fields{"role": "admin"}, false},
			{"d", "PATCH /advertisers/" + own["advertisers"], fields{"override_percent": "0"}, false},
			{"d", "PATCH /advertisers/" + own["advertisers"], fields{"status": "active", "name": "x", "currency": "EUR"}, false},
			{"d", "PATCH /conversions/" + own["conversions"], fields{"commission": "0"}, false},
			{"d", "PATCH /conversions/" + own["conversions"], fields{"revenue": "0"}, false},
			{"d", "POST /deliveries/resend", fields{"conversion_id": "$conversions"}, false},
		} {
			if !strings.ContainsRune(deed.who, rune(w.role)) {
				continue
			}
			method, target, _ := strings.Cut(deed.route, " ")
			before := m.rows("true")
			status, answer := m.ask(w, method, target, naming(deed.body)(m, w, other))
			if deed.bulk != (status == 200) || deed.bulk && !strings.Contains(answer, `"count":0`) || !deed.bulk && (status < 400 || status >= 500) {
				t.Errorf("%s: %s %v: %d %s", w.name, deed.route, deed.body, status, answer)
			}
			m.unchanged(before, m.rows("true"), fmt.Sprintf("%s: %s %v", w.name, deed.route, deed.body))
		}
	}
}

// sharing is a link to a trace: operators have to say whose eyes it is for.
func sharing(w who) fields {
	if w.party() {
		return fields{"hours": 1}
	}
	return fields{"hours": 1, "as": "operator"}
}
