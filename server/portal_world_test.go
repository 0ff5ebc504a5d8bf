package server

import (
	"bytes"
	"context"
	"crypto/rand"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/waypost/waypost/config"
	"github.com/waypost/waypost/domain"
	"github.com/waypost/waypost/domain/account"
	"github.com/waypost/waypost/domain/advertiser"
	"github.com/waypost/waypost/domain/affiliate"
	"github.com/waypost/waypost/domain/click"
	"github.com/waypost/waypost/domain/conversion"
	"github.com/waypost/waypost/domain/export"
	"github.com/waypost/waypost/domain/money"
	"github.com/waypost/waypost/domain/network"
	"github.com/waypost/waypost/domain/note"
	"github.com/waypost/waypost/domain/notice"
	"github.com/waypost/waypost/domain/offer"
	"github.com/waypost/waypost/domain/postback"
	"github.com/waypost/waypost/domain/trace"
	"github.com/waypost/waypost/outbound"
	"github.com/waypost/waypost/portal"
	"github.com/waypost/waypost/store/pgstore"
	"github.com/waypost/waypost/store/storetest"
	"github.com/waypost/waypost/web"
)

const portalURL = "http://portal.example"

var tester = account.SystemActor("test")

// visitor is who asks a portal: a role's letter, and for a party the pair of the network that it belongs to.
type visitor struct {
	name    string
	role    byte // A M F V: admin, manager, finance, viewer; a d: affiliate, advertiser; 0: nobody
	pair    int
	viewing bool // an operator who looks at that party's portal
	user    account.User
	token   string // of its session
}

// party is true for users of an affiliate or advertiser, and for who looks at their portal.
func (v visitor) party() bool { return v.role == 'a' || v.role == 'd' }

// base is the portal of the visitor; empty for nobody.
func (v visitor) base() string {
	switch v.role {
	case 0:
		return ""
	case 'a':
		return "/affiliate"
	case 'd':
		return "/advertiser"
	}
	return "/admin"
}

// portalWorld is the program's own router over a database with two pairs, advertiser and affiliate, that have nothing in
// common, with one of everything each. Every text and amount of pair i holds marks[i], so that it is known wherever it
// turns up.
type portalWorld struct {
	testing.TB
	*services
	e       *echo.Echo
	make    export.Renderer
	db      *pgstore.DB
	tracker string // base of the postbacks
	whos    []visitor
	ids     [2]map[string]string // segment of a path → id of the pair's thing behind it
	marks   [2][]string
	told    map[[2]int]string // by role and pair, what it sent of others by itself
	hidden  map[byte][]string // by role, what no page of any pair may show it
	count   int
	still   bool // nothing is made for forms
}

func newPortalWorld(t testing.TB) *portalWorld {
	t.Helper()
	receiver := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("OK")) }))
	t.Cleanup(receiver.Close)
	db := storetest.New(t)
	w := &portalWorld{TB: t, db: db, tracker: receiver.URL, hidden: map[byte][]string{}, told: map[[2]int]string{}}
	w.build(netip.MustParseAddrPort(receiver.Listener.Addr().String()))
	w.must(db.EnsurePartitions(context.Background(), now().AddDate(0, 0, -3), now().AddDate(0, 0, 1)))
	_, err := w.network.Update(context.Background(), tester, func(s *network.Settings) {
		s.AffiliateSignUp, s.AdvertiserSignUp = true, true
		s.AffiliateQuestions = []network.Question{{ID: "how", Label: "How do you promote?", Kind: network.QuestionText}}
	})
	w.must(err)
	for i := range 2 {
		w.plant(i)
	}
	w.people()
	return w
}

// build makes the router as the program does.
func (w *portalWorld) build(endpoint netip.AddrPort) {
	w.Helper()
	log := slog.New(slog.NewTextHandler(&testWriter{w.TB}, &slog.HandlerOptions{Level: slog.LevelError}))
	st := &stores{db: w.db, secret: bytes.Repeat([]byte("s"), 32), limiter: account.NewLimits(now)}
	cfg := config.Config{Role: "all", PublicURL: portalURL, TrackingURL: "http://go.example"}
	s := &Server{cfg: cfg, log: log, stores: st, services: newServices(cfg, st, w.db, outbound.NewGuard(nil, endpoint), noQueue{}, log)}
	e, err := s.routes()
	w.must(err)
	w.services, w.e, w.make = s.services, e, s.makeFile
}

// testWriter shows what is logged as an error beside the test that caused it.
type testWriter struct{ t testing.TB }

func (w *testWriter) Write(p []byte) (int, error) {
	if !strings.Contains(string(p), "context ") {
		w.t.Logf("%s", p)
	}
	return len(p), nil
}

func (w *portalWorld) must(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

// next is a number that was not given before.
func (w *portalWorld) next() int { w.count++; return w.count }

// people makes who asks: a user of each role and party, one of whom each operator's kind looks at.
func (w *portalWorld) people() {
	w.Helper()
	for letter, role := range map[byte]account.Role{'A': account.RoleAdmin, 'M': account.RoleManager, 'F': account.RoleFinance, 'V': account.RoleViewer} {
		w.whos = append(w.whos, w.visitor(string(role), letter, 0, w.user(account.User{Role: role, Name: "Otto"})))
	}
	for i := range 2 {
		for letter, u := range map[byte]account.User{'a': {Role: account.RoleAffiliate, AffiliateID: w.number(i, "affiliates")},
			'd': {Role: account.RoleAdvertiser, AdvertiserID: w.number(i, "advertisers")}} {
			u.Name = fmt.Sprintf("mark%dmark user", i)
			u = w.user(u)
			v := w.visitor(fmt.Sprintf("%s %d", u.Role, i), letter, i, u)
			w.own(v)
			w.whos = append(w.whos, v)
		}
	}
	for _, party := range []visitor{w.who('a', 0), w.who('d', 0)} {
		v := w.visitor("admin as "+party.name, party.role, 0, w.who('A', 0).user)
		v.viewing = true
		b, err := w.accounts.PeekBrowser(context.Background(), v.token)
		w.must(err)
		w.must(w.accounts.View(context.Background(), b, account.Party{AffiliateID: party.user.AffiliateID, AdvertiserID: party.user.AdvertiserID}, "192.0.2.1"))
		w.whos = append(w.whos, v)
	}
	w.whos = append(w.whos, visitor{name: "nobody"}, visitor{name: "forger", token: strings.Repeat("f", 43)})
	slices.SortStableFunc(w.whos, func(a, b visitor) int { return strings.Compare(a.name, b.name) })
}

// who is the visitor of a role and pair.
func (w *portalWorld) who(role byte, pair int) visitor {
	w.Helper()
	for _, v := range w.whos {
		if v.role == role && v.pair == pair && !v.viewing {
			return v
		}
	}
	w.Fatalf("nobody is %c %d", role, pair)
	return visitor{}
}

func (w *portalWorld) user(u account.User) account.User {
	w.Helper()
	u.Email, u.Status, u.CreatedAt, u.UpdatedAt, u.TimeZone = fmt.Sprintf("u%d@users.example", w.next()), account.UserStatusActive, now(), now(), "UTC"
	w.must(w.db.Accounts().InsertUser(context.Background(), &u))
	return u
}

func (w *portalWorld) visitor(name string, role byte, pair int, u account.User) visitor {
	w.Helper()
	token, err := w.accounts.StartBrowser(context.Background(), u, "192.0.2.1", fmt.Sprintf("mark%dmark browser", pair))
	w.must(err)
	return visitor{name: name, role: role, pair: pair, user: u, token: token}
}

// again is another session of the visitor, for what ends one.
func (w *portalWorld) again(v visitor) visitor {
	w.Helper()
	fresh := w.visitor(v.name, v.role, v.pair, v.user)
	return fresh
}

// publisher is a user who may share traces: one who may not once could, so that it has links of its own.
func publisher(u account.User) account.Actor {
	actor := u.Actor("192.0.2.1")
	if trace.MayPublish(actor) != nil {
		actor.Role = account.RoleManager
	}
	return actor
}

// viewOf is whose eyes the links of an actor are for.
func viewOf(actor account.Actor) account.Role {
	if actor.Role.Operator() {
		return trace.ViewNetwork
	}
	return ""
}

// own gives a user what belongs to it alone.
func (w *portalWorld) own(v visitor) {
	w.Helper()
	ctx, ids, kind := context.Background(), w.ids[v.pair], string(v.role)
	actor := v.user.Actor("192.0.2.1")
	key, _, err := w.accounts.CreateKey(ctx, actor, account.NewKey{Name: fmt.Sprintf("mark%dmark key", v.pair)})
	w.must(err)
	link, token, err := w.traceLinks.Share(ctx, publisher(v.user), trace.LinkInput{ClickID: ids["trace"], As: viewOf(actor), Note: fmt.Sprintf("mark%dmark link", v.pair)})
	w.must(err)
	sessions, err := w.accounts.ListSessions(ctx, actor, domain.Page{})
	w.must(err)
	notices, err := w.notices.List(ctx, actor, notice.Filter{}, domain.Page{})
	w.must(err)
	for thing, id := range map[string]string{"users/": fmt.Sprint(v.user.ID), "views/": w.view(v.user, fmt.Sprintf("mark%dmark view", v.pair), true), "files/": w.file(v.user, fmt.Sprintf("mark%dmark file", v.pair)), "api-keys/": fmt.Sprint(key.ID), "links/": link.ID.String(), "t/": token,
		"sessions/": sessions.Items[0].ID.String(), "notifications/": notices.Items[0].ID.String()} {
		ids[thing+kind] = id
	}
	w.marks[v.pair] = append(w.marks[v.pair], v.user.Email, key.Prefix, link.ID.String(), sessions.Items[0].ID.String(), notices.Items[0].ID.String(), token)
}

func (w *portalWorld) number(pair int, thing string) (n int64) {
	w.Helper()
	if _, err := fmt.Sscan(w.ids[pair][thing], &n); err != nil {
		w.Fatalf("%s of %d: %v", thing, pair, err)
	}
	return n
}

func fixedRule(model offer.Model, amount string) offer.Rule {
	r := offer.Rule{Model: model}
	if amount != "" {
		v := money.MustRate(amount)
		r.Amount = &v
	}
	return r
}

// plant gives pair i one of everything, marked.
func (w *portalWorld) plant(i int) {
	w.Helper()
	ctx, mark := context.Background(), fmt.Sprintf("mark%dmark", i)
	adv, _, err := w.advertisers.Create(ctx, tester, advertiser.Advertiser{Name: mark + " shop", Email: mark + "@shop.example", Currency: "USD",
		OverridePercent: money.MustRate(fmt.Sprintf("1%d.371", i)), StatusMap: map[string]string{mark: "approved"}})
	w.must(err)
	aff, _, err := w.affiliates.Create(ctx, tester, affiliate.Affiliate{Name: mark + " blog", Email: mark + "@blog.example", Currency: "USD"})
	w.must(err)
	// Two goals: what the advertiser sends is the commission; and one where only the network knows it.
	off, _, err := w.offers.Create(ctx, tester, offer.Offer{AdvertiserID: adv.ID, Name: mark + " offer", DestinationURL: "https://" + mark + ".example/?c={click_id}",
		PreviewURL: "https://" + mark + ".example/", Visibility: offer.VisibilityPrivate, Status: offer.StatusActive, ShowValue: true, Goals: []offer.Goal{
			{Alias: "sent" + mark, Name: mark + " goal", IsDefault: true, Payout: fixedRule(offer.ModelPostback, ""), Revenue: fixedRule(offer.ModelFixed, fmt.Sprintf("50%d.91", i)), InitialStatus: "pending"},
			{Alias: "fixed" + mark, Name: mark + " other goal", Payout: fixedRule(offer.ModelFixed, fmt.Sprintf("30%d.83", i)), Revenue: fixedRule(offer.ModelFixed, fmt.Sprintf("40%d.79", i)), InitialStatus: "pending"}}})
	w.must(err)
	_, err = w.offers.SetAccess(ctx, tester, offer.Access{OfferID: off.ID, AffiliateID: aff.ID, Status: offer.AccessApproved})
	w.must(err)
	coupon, _, err := w.coupons.Create(ctx, tester, offer.Coupon{Code: mark, OfferID: off.ID, AffiliateID: aff.ID, Active: true})
	w.must(err)
	pb, _, err := w.postbacks.Create(ctx, tester, postback.Postback{AffiliateID: aff.ID, OfferID: off.ID, URL: w.tracker + "/?" + mark + "&c={aff_click_id}&p={payout}", Active: true,
		Statuses: []conversion.Status{"pending", "approved", "rejected"}})
	w.must(err)
	affNote, err := w.notes.Add(ctx, tester, note.Filter{AffiliateID: aff.ID}, mark+" note")
	w.must(err)
	advNote, err := w.notes.Add(ctx, tester, note.Filter{AdvertiserID: adv.ID}, mark+" note")
	w.must(err)
	for _, n := range []notice.Notice{{AffiliateID: aff.ID, Kind: "access_approved", Text: mark + " notice"}, {AdvertiserID: adv.ID, Kind: "postback_paused", Text: mark + " notice"}} {
		w.must(w.db.InTx(ctx, func(ctx context.Context) error { return w.notices.Post(ctx, n) }))
	}
	w.ids[i] = map[string]string{"advertisers": fmt.Sprint(adv.ID), "affiliates": fmt.Sprint(aff.ID), "offers": fmt.Sprint(off.ID), "goals": fmt.Sprint(off.Goals[0].ID),
		"coupons": fmt.Sprint(coupon.ID), "postbacks": fmt.Sprint(pb.ID), "notes/a": fmt.Sprint(affNote.ID), "notes/d": fmt.Sprint(advNote.ID), "edit": "basics", "applications": w.application(i)}
	w.traffic(i, adv, aff.ID, off, mark)
	w.marks[i] = append(w.marks[i], mark, adv.PostbackToken, pb.SigningSecret)
	w.hidden['a'] = append(w.hidden['a'], adv.PostbackToken, fmt.Sprintf("50%d.91", i), fmt.Sprintf("40%d.79", i), fmt.Sprintf("90%d.70", 1+2*i), fmt.Sprintf("1%d.371", i), mark+" shop", mark+"@shop.example", mark+" note")
	w.hidden['d'] = append(w.hidden['d'], pb.SigningSecret, fmt.Sprintf("30%d.83", i), fmt.Sprintf("90%d.29", 1+2*i), mark+"@blog.example", mark+" note", w.tracker+"/?"+mark, fmt.Sprintf("1%d.371", i))
}

// traffic is a click of pair i, two conversions of it, a call that was refused, and their postbacks.
func (w *portalWorld) traffic(i int, adv advertiser.Advertiser, aff affiliate.ID, off offer.Offer, mark string) {
	w.Helper()
	ctx := context.Background()
	id, err := click.Mint(now(), rand.Reader)
	w.must(err)
	ip := fmt.Sprintf("198.51.100.%d", 177+i)
	w.must(w.db.Clicks().LoadClicks(ctx, []click.Click{{ID: id, OfferID: off.ID, AffiliateID: aff, AdvertiserID: adv.ID, Facts: click.Facts{AffClickID: mark,
		Subs: [10]string{mark + " sub1", mark + " sub2", mark + " sub3"}, Source: mark, LandingPageID: mark, CreativeID: mark, DeepLink: "https://" + mark + ".example/x",
		Coupon: mark, IP: ip, UserAgent: mark + " agent", Referrer: "https://" + mark + ".example/", Language: "de-" + mark, Country: "DE", Device: "mobile", OS: "iOS", Browser: "Safari"}}}))
	text := w.signer.Text(id)
	one, oneID := w.call(adv, "clickid", text, "val", fmt.Sprintf("70%d.37", i), "com", fmt.Sprintf("60%d.46", i), "txid", mark+"1", "param", mark)
	other, _ := w.call(adv, "clickid", text, "goal", "fixed"+mark, "val", fmt.Sprintf("80%d.59", i), "txid", mark+"2")
	refused, refusedID := w.call(adv, "clickid", text, "txid", mark+"3", "token", "wrong"+mark)
	host, _ := strings.CutPrefix(w.tracker, "http://")
	_, err = w.postbacks.DeliverHost(ctx, host)
	w.must(err)
	list, err := w.postbacks.ListDeliveries(ctx, tester, postback.DeliveryFilter{ClickID: id}, domain.Page{})
	w.must(err)
	if len(list.Items) == 0 || one.Status != conversion.OutcomeRecorded || other.Status != conversion.OutcomeRecorded || refused.Status != conversion.OutcomeRefused {
		w.Fatalf("planted %v %v, %v, %v", list.Items, one, other, refused)
	}
	ids := w.ids[i]
	ids["trace"], ids["conversions"], ids["other conversion"], ids["deliveries"] = text, one.ConversionID.String(), other.ConversionID.String(), list.Items[0].ID.String()
	ids["postback-log"] = oneID
	w.marks[i] = append(w.marks[i], text, ip, one.ConversionID.String(), other.ConversionID.String(), list.Items[0].ID.String(), oneID, refusedID,
		fmt.Sprintf("70%d.37", i), fmt.Sprintf("60%d.46", i), fmt.Sprintf("80%d.59", i), fmt.Sprintf("30%d.83", i), fmt.Sprintf("40%d.79", i), fmt.Sprintf("50%d.91", i))
}

// call is what an advertiser calls /postback with; logID names its line in the log.
func (w *portalWorld) call(adv advertiser.Advertiser, params ...string) (r conversion.Result, logID string) {
	w.Helper()
	q := url.Values{"token": {adv.PostbackToken}}
	for j := 0; j+1 < len(params); j += 2 {
		q.Set(params[j], params[j+1])
	}
	at := now().Truncate(time.Millisecond)
	id, err := domain.NewUUID(at, rand.Reader)
	w.must(err)
	r = w.conversions.RecordBatch(context.Background(), []conversion.Call{{ID: conversion.LogID{UUID: id}, ReceivedAt: at, Method: "GET", Path: "/postback", RawQuery: q.Encode(), IP: "203.0.113.9"}})[0]
	w.must(r.Err)
	return r, id.String()
}

// application is one that waits for a decision.
func (w *portalWorld) application(i int) (id string) {
	w.Helper()
	w.must(w.db.Pool().QueryRow(context.Background(), `INSERT INTO applications (kind, status, company, contact, email, country, website, answers, terms_url, terms_accepted_at, ip, created_at, updated_at)
		VALUES ('affiliate', 'pending', $1, $1, gen_random_uuid() || '@applicant.example', 'DE', '', jsonb_build_array(jsonb_build_object('id', 'how', 'label', 'How?', 'kind', 'text', 'value', $1::text)),
		'', now(), '', now(), now()) RETURNING id::text`, fmt.Sprintf("mark%dmark applicant", i)).Scan(&id))
	return id
}

// view is a saved view of a user's conversions.
func (w *portalWorld) view(u account.User, name string, shared bool) (id string) {
	w.Helper()
	w.must(w.db.Pool().QueryRow(context.Background(), `INSERT INTO views (user_id, page, query, name, shared, created_at, updated_at)
		VALUES ($1, '/conversions', 'status=pending', $2, $3, now(), now()) RETURNING id::text`, u.ID, name, shared).Scan(&id))
	return id
}

// file gives a user a file that was made in the background.
func (w *portalWorld) file(u account.User, title string) (id string) {
	w.Helper()
	w.must(w.db.Pool().QueryRow(context.Background(), `WITH made AS (INSERT INTO exports (id, user_id, role, affiliate_id, advertiser_id, path, format, title, by_mail, state, file_name, size, created_at, ready_at, expires_at)
			VALUES (gen_random_uuid(), $1, $2, nullif($3, 0), nullif($4, 0), $5, 'csv', $6, false, 'ready', 'conversions.csv', octet_length($6), now(), now(), now() + interval '7 days') RETURNING id)
		INSERT INTO export_parts (export_id, n, data) SELECT id, 0, convert_to($6, 'UTF8') FROM made RETURNING export_id::text`,
		u.ID, string(u.Role), u.AffiliateID, u.AdvertiserID, string(portal.Of(u.Actor("")).Base())+"/conversions", title).Scan(&id))
	return id
}

// target fills a route's placeholders with the things of a pair.
func (w *portalWorld) target(route string, pair int) string {
	w.Helper()
	parts := strings.Split(route, "/")
	kind := "a"
	if strings.HasPrefix(route, "/advertiser/") || strings.HasPrefix(route, "/admin/advertisers/") {
		kind = "d"
	}
	for j, part := range parts {
		if !strings.HasPrefix(part, ":") {
			continue
		}
		thing := parts[j-1]
		switch {
		case part == ":kind":
			parts[j] = "affiliate"
			continue
		case thing == "affiliate" && parts[j-2] == "view-as":
			thing = "affiliates"
		case thing == "people":
			parts[j] = fmt.Sprint(w.who('V', 0).user.ID)
			continue
		}
		value, ok := w.ids[pair][thing]
		if !ok {
			value, ok = w.ids[pair][thing+"/"+kind]
		}
		if !ok {
			w.Fatalf("%s: there is no %s", route, thing)
		}
		parts[j] = value
	}
	return strings.Join(parts, "/")
}

const formSecret = "thesecretofformsofwhoisnotloggedin"

// request is what a browser sends: a form with its token where form is given.
func (w *portalWorld) request(v visitor, method, target string, form url.Values, header ...string) *http.Request {
	w.Helper()
	r := httptest.NewRequest(method, portalURL+target, nil)
	if form != nil {
		with := url.Values{}
		for name, values := range form {
			with[name] = values
		}
		secret := v.token
		if path, _, _ := strings.Cut(target, "?"); isPublic(path) {
			secret = formSecret
		}
		if !with.Has(web.CSRFField) {
			with.Set(web.CSRFField, web.CSRFToken(secret))
		}
		r = httptest.NewRequest(method, portalURL+target, strings.NewReader(with.Encode()))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Sec-Fetch-Site", "same-origin")
	}
	r.RemoteAddr = "192.0.2.1:1234"
	r.Header.Set("Accept", "text/html")
	r.AddCookie(&http.Cookie{Name: "waypost_form", Value: formSecret})
	if v.token != "" {
		r.AddCookie(&http.Cookie{Name: "waypost_session", Value: v.token})
	}
	for j := 0; j+1 < len(header); j += 2 {
		if r.Header.Del(header[j]); header[j+1] != "" {
			r.Header.Set(header[j], header[j+1])
		}
	}
	return r
}

// isPublic tells the pages outside the portals.
func isPublic(path string) bool {
	return !strings.HasPrefix(path+"/", "/admin/") && !strings.HasPrefix(path+"/", "/affiliate/") && !strings.HasPrefix(path+"/", "/advertiser/")
}

// send asks, and fails where the answer shows what the visitor must not see. A stream is read for a moment.
func (w *portalWorld) send(v visitor, method, target string, form url.Values, header ...string) *httptest.ResponseRecorder {
	w.Helper()
	r := w.request(v, method, target, form, header...)
	if path, _, _ := strings.Cut(target, "?"); strings.HasSuffix(path, "/stream") {
		ctx, cancel := context.WithTimeout(r.Context(), 300*time.Millisecond)
		defer cancel()
		r = r.WithContext(ctx)
	}
	rec := httptest.NewRecorder()
	w.e.ServeHTTP(rec, r)
	if strings.HasPrefix(target, "/t/") { // shows its maker's share of the truth, the affiliate's, to whoever holds the link
		v.role = 'a'
	}
	if strings.HasSuffix(target, "/tracking") { // its call stands in its own log, whomever it names
		w.told[[2]int{int(v.role), v.pair}] += form.Get("click_id") + " "
	}
	w.judge(v, method+" "+target+" "+form.Encode(), rec)
	return rec
}

// judge looks for marks of others in an answer. What the request itself names is no news.
func (w *portalWorld) judge(v visitor, asked string, rec *httptest.ResponseRecorder) {
	w.Helper()
	answer := fileText(rec) + fmt.Sprint(rec.Header())
	if rec.Code >= 500 {
		w.Errorf("%s: %s: %d %.600s", v.name, asked, rec.Code, answer)
	}
	if !v.party() && v.role != 0 {
		return
	}
	named, err := url.QueryUnescape(asked)
	if err != nil {
		named = asked
	}
	shows := func(mark, why string) {
		if at := strings.Index(answer, mark); at >= 0 && !strings.Contains(named+w.told[[2]int{int(v.role), v.pair}], mark) {
			w.Errorf("%s: %s shows %q (%s): …%s…", v.name, asked, mark, why, answer[max(0, at-150):min(len(answer), at+len(mark)+100)])
		}
	}
	for i, marks := range w.marks {
		if v.role == 0 || i != v.pair {
			for _, mark := range marks {
				shows(mark, fmt.Sprintf("of pair %d", i))
			}
		}
	}
	for _, mark := range w.hidden[v.role] {
		shows(mark, "hidden from this role")
	}
}

// rows is a fingerprint of the whole database, each table its own; what only tells when a session or link was used is
// left out.
func (w *portalWorld) rows() map[string]string {
	w.Helper()
	ctx, found := context.Background(), map[string]string{}
	tables := queryColumn(w.TB.(*testing.T), w.db, `SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
		WHERE n.nspname = current_schema() AND c.relkind IN ('r','p') AND NOT c.relispartition AND c.relname NOT LIKE 'goose%' ORDER BY 1`)
	var parts []string
	for _, name := range tables {
		parts = append(parts, fmt.Sprintf(`SELECT '%[1]s', md5(coalesce(string_agg(j::text, E'\n' ORDER BY j::text), ''))
			FROM (SELECT to_jsonb(x) - CASE WHEN '%[1]s' = 'browser_sessions' THEN '{last_used_at,expires_at}' ELSE '{last_used_at,opened,last_opened_at}' END::text[] AS j FROM %[1]s x) y`, name))
	}
	all, err := w.db.Pool().Query(ctx, strings.Join(parts, " UNION ALL "))
	w.must(err)
	defer all.Close()
	for all.Next() {
		var name, sum string
		w.must(all.Scan(&name, &sum))
		found[name] = sum
	}
	if all.Err() != nil || len(found) < 25 {
		w.Fatalf("%d tables, %v", len(found), all.Err())
	}
	return found
}

// rowsOf is the fingerprint of what belongs to a pair.
func (w *portalWorld) rowsOf(pair int) string {
	w.Helper()
	ids := w.ids[pair]
	where := fmt.Sprintf(`j->>'advertiser_id' = '%[1]s' OR j->>'affiliate_id' = '%[2]s' OR j->>'offer_id' = '%[3]s' OR j->>'postback_id' = '%[4]s'
		OR j->>'account_id' IN ('d%[1]s', 'a%[2]s') OR j->>'user_id' IN ('%[5]s', '%[6]s') OR j::text LIKE '%%mark%[7]dmark%%'`,
		ids["advertisers"], ids["affiliates"], ids["offers"], ids["postbacks"], ids["users/a"], ids["users/d"], pair)
	var parts []string
	for _, name := range []string{"advertisers", "affiliates", "offers", "goals", "offer_access", "postbacks", "users", "clicks", "conversions", "conversion_events", "ledger_entries", "balances",
		"postback_log", "deliveries", "delivery_attempts", "api_keys", "notices", "coupons", "notes", "trace_links", "views", "view_defaults", "audit_log"} {
		parts = append(parts, fmt.Sprintf(`SELECT '%[1]s' AS name, j FROM (SELECT to_jsonb(x) - '{last_used_at,opened,last_opened_at}'::text[] AS j FROM %[1]s x) y WHERE %[2]s`, name, where))
	}
	var sum string
	w.must(w.db.Pool().QueryRow(context.Background(), `SELECT md5(coalesce(string_agg(name || j::text, E'\n' ORDER BY name, j::text), '')) FROM (`+strings.Join(parts, " UNION ALL ")+`) z`).Scan(&sum))
	return sum
}

// unchanged compares two fingerprints.
func (w *portalWorld) unchanged(before, after map[string]string, what string) {
	w.Helper()
	for table, sum := range after {
		if before[table] != sum {
			w.Errorf("%s changed rows of %s", what, table)
		}
	}
}

// routes are those of the portals in the router itself, as "METHOD /path".
func (w *portalWorld) routes() (all []string) {
	for _, r := range w.e.Routes() {
		if r.Method == echo.RouteNotFound || r.Path == "" || strings.HasPrefix(r.Path, "/api") || strings.HasPrefix(r.Path, "/static/") || r.Path == "/brand/logo" ||
			slices.Contains([]string{"/*", "/healthz", "/readyz", "/readyz/track", "/metrics"}, r.Path) {
			continue
		}
		all = append(all, r.Method+" "+r.Path)
	}
	slices.Sort(all)
	return slices.Compact(all)
}
