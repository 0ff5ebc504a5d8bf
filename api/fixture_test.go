package api_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/labstack/echo/v4"

	"github.com/waypost/waypost/api"
	"github.com/waypost/waypost/domain"
	"github.com/waypost/waypost/domain/account"
	"github.com/waypost/waypost/domain/advertiser"
	"github.com/waypost/waypost/domain/affiliate"
	"github.com/waypost/waypost/domain/application"
	"github.com/waypost/waypost/domain/click"
	"github.com/waypost/waypost/domain/conversion"
	"github.com/waypost/waypost/domain/errs"
	"github.com/waypost/waypost/domain/export"
	"github.com/waypost/waypost/domain/history"
	"github.com/waypost/waypost/domain/ledger"
	"github.com/waypost/waypost/domain/live"
	"github.com/waypost/waypost/domain/mail"
	settings "github.com/waypost/waypost/domain/network"
	"github.com/waypost/waypost/domain/note"
	"github.com/waypost/waypost/domain/notice"
	"github.com/waypost/waypost/domain/offer"
	"github.com/waypost/waypost/domain/postback"
	"github.com/waypost/waypost/domain/report"
	"github.com/waypost/waypost/domain/search"
	"github.com/waypost/waypost/domain/trace"
	"github.com/waypost/waypost/domain/view"
	"github.com/waypost/waypost/domain/work"
	"github.com/waypost/waypost/store/storetest"
	"github.com/waypost/waypost/web"
)

func TestMain(m *testing.M) { storetest.Main(m) }

var (
	secret   = bytes.Repeat([]byte("s"), 32)
	document = api.Document()
	system   = account.SystemActor("test")
)

const (
	adminEmail    = "root@example.com"
	adminPassword = "correct horse battery"
)

func now() time.Time { return time.Now().UTC() }

// world is the API over real services and a database of its own.
type world struct {
	testing.TB
	e           *echo.Echo
	tokens      *web.Tokens
	signer      *click.Signer
	accounts    *account.Service
	conversions *conversion.Service
	log         *bytes.Buffer
	admin       string // access token

	// Ways past the API into the database, for what the API cannot make.
	insertUser func(context.Context, *account.User) error
	loadClicks func(context.Context, []click.Click) error
	postNotice func(context.Context, notice.Notice) error
	mails      func(ctx context.Context, most int) ([]mail.Message, error) // takes the queued ones
	pool       *pgxpool.Pool
}

// openGuard lets every address pass; the guard itself is tested in package outbound.
type openGuard struct{}

func (openGuard) CheckURL(context.Context, string) ([]errs.Warning, error) { return nil, nil }

type noSender struct{}

func (noSender) Send(context.Context, postback.Request) postback.Response { return postback.Response{} }

type noWaker struct{}

func (noWaker) Wake(context.Context, []string) error { return nil }

func newWorld(t testing.TB) *world {
	t.Helper()
	db := storetest.New(t)
	w := &world{TB: t, signer: click.NewSigner(secret), log: &bytes.Buffer{},
		insertUser: db.Accounts().InsertUser, loadClicks: db.Clicks().LoadClicks, pool: db.Pool()}
	log := slog.New(slog.NewJSONHandler(w.log, nil))
	var err error
	if w.tokens, err = web.NewTokens(secret, web.AudienceAPI, now); err != nil {
		t.Fatal(err)
	}
	w.accounts = account.NewService(account.Deps{Tx: db, Store: db.Accounts(), Audit: db.Audit(), Limiter: account.NewLimits(now), Clock: now, Random: rand.Reader})
	postbacks := postback.NewService(postback.Deps{Store: db.Postbacks(), Deliveries: db.Deliveries(), Tx: db, Audit: db.Audit(),
		Guard: openGuard{}, Sender: noSender{}, Waker: noWaker{}, Signer: w.signer, Clock: now, Random: rand.Reader, Log: log})
	w.conversions = conversion.NewService(conversion.Deps{Store: db.Conversions(), Tx: db, Announcer: postbacks, Audit: db.Audit(),
		Signer: w.signer, Clock: now, Random: rand.Reader})
	clicks := click.NewService(db.Clicks(), w.signer, nil, now)
	traces := trace.NewService(db.Traces(), clicks, w.conversions, postbacks)
	notices := notice.NewService(notice.Deps{Tx: db, Store: db.Notices(), Outbox: db.Mails(), Clock: now, Random: rand.Reader})
	w.postNotice = notices.Post
	w.mails = func(ctx context.Context, most int) (all []mail.Message, err error) {
		due, err := db.Mails().Claim(ctx, most, time.Hour)
		for _, d := range due {
			all = append(all, d.Message)
		}
		return all, err
	}
	w.e = echo.New()
	w.e.HTTPErrorHandler = web.ErrorHandler(log)
	w.e.Use(web.AccessLog(log, now), web.Recover, web.SecurityHeaders(false))
	err = api.Mount(w.e, api.Deps{
		Tokens: w.tokens, Accounts: w.accounts,
		Advertisers: advertiser.NewService(advertiser.Deps{Tx: db, Store: db.Advertisers(), Audit: db.Audit(), Clock: now, Random: rand.Reader}),
		Affiliates:  affiliate.NewService(affiliate.Deps{Tx: db, Store: db.Affiliates(), Audit: db.Audit(), Clock: now}),
		Offers: offer.NewService(offer.Deps{Tx: db, Store: db.Offers(), Advertisers: db.Advertisers(), Affiliates: db.Affiliates(),
			Audit: db.Audit(), Notices: notices, Clock: now, Lint: click.LintDestination, TrackingURL: "https://go.example"}),
		Coupons:   offer.NewCouponService(offer.CouponDeps{Tx: db, Store: db.Coupons(), Offers: db.Offers(), Affiliates: db.Affiliates(), Audit: db.Audit(), Clock: now}),
		Postbacks: postbacks, Clicks: clicks, Conversions: w.conversions, Ledger: ledger.NewService(db.Ledger()), Reports: report.NewService(db.Reports(), now),
		Network: settings.NewService(settings.Deps{Tx: db, Store: db.Network(), Audit: db.Audit(), Clock: now}),
		Traces:  traces, Notices: notices,
		Live:       live.NewService(clicks, w.conversions, postbacks, now),
		TraceLinks: trace.NewLinks(trace.LinkDeps{Traces: traces, Store: db.Traces(), Tx: db, Audit: db.Audit(), Clock: now, Random: rand.Reader}),
		Exports:    export.NewService(export.Deps{Tx: db, Store: db.Exports(), Users: db.Accounts(), Outbox: db.Mails(), Clock: now, Random: rand.Reader, Log: log}),
		Views:      view.NewService(view.Deps{Tx: db, Store: db.Views(), Users: db.Accounts(), Clock: now, Log: log}),
		Notes:      note.NewService(note.Deps{Tx: db, Store: db.Notes(), Affiliates: db.Affiliates(), Advertisers: db.Advertisers(), Audit: db.Audit(), Clock: now}),
		History:    history.NewService(db.History()), Work: work.NewService(db.Work()),
		Search: search.NewService(search.Deps{Store: db.Search(), Clicks: db.Clicks(), Conversions: db.Conversions(), Signer: w.signer, Clock: now}),
		Applications: application.NewService(application.Deps{Tx: db, Store: db.Applications(), Network: db.Network(), Users: db.Accounts(), Accounts: w.accounts,
			Affiliates:  affiliate.NewService(affiliate.Deps{Tx: db, Store: db.Affiliates(), Audit: db.Audit(), Clock: now}),
			Advertisers: advertiser.NewService(advertiser.Deps{Tx: db, Store: db.Advertisers(), Audit: db.Audit(), Clock: now, Random: rand.Reader}),
			Notices:     notices, Mail: db.Mails(), Audit: db.Audit(), Limiter: account.NewLimits(now), Clock: now, Random: rand.Reader, PublicURL: "https://network.example"}),
		Clock: now, Log: log,
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := w.accounts.EnsureOperator(context.Background(), adminEmail, adminPassword); err != nil {
		t.Fatal(err)
	}
	users, err := w.accounts.ListUsers(context.Background(), system, account.UserFilter{}, domain.Page{})
	if err != nil {
		t.Fatal(err)
	}
	w.admin = w.token(users.Items[0])
	return w
}

// exec changes the database behind the API's back.
func (w *world) exec(sql string) error {
	_, err := w.pool.Exec(context.Background(), sql)
	return err
}

// awaitLock returns when a statement waits for a lock.
func (w *world) awaitLock() {
	w.Helper()
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		waiting := 0
		err := w.pool.QueryRow(context.Background(),
			`SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`).Scan(&waiting)
		if err != nil {
			w.Fatal(err)
		}
		if waiting > 0 {
			return
		}
	}
	w.Fatal("nothing waits for a lock")
}

// token begins a log-in of a user.
func (w *world) token(u account.User) string {
	w.Helper()
	session, err := w.accounts.IssueRefresh(context.Background(), u, "192.0.2.1")
	if err != nil {
		w.Fatal(err)
	}
	token, err := w.tokens.Issue(web.Login{UserID: u.ID, Family: session.Family})
	if err != nil {
		w.Fatal(err)
	}
	return token
}

// user makes a user that can log in at once, without the cost of a password.
func (w *world) user(u account.User) (account.User, string) {
	w.Helper()
	u.Email = fmt.Sprintf("u%d@example.com", time.Now().UnixNano())
	u.Status = account.UserStatusActive
	u.CreatedAt = now()
	u.UpdatedAt = u.CreatedAt
	if err := w.insertUser(context.Background(), &u); err != nil {
		w.Fatal(err)
	}
	return u, w.token(u)
}

// answer is what a call got.
type answer struct {
	status int
	header http.Header
	body   map[string]any
	raw    string
}

// send makes a call with any body and holds the answer against the OpenAPI document; header are pairs of name and value.
func (w *world) send(token, method, path, contentType string, body io.Reader, header ...string) answer {
	w.Helper()
	r := httptest.NewRequest(method, api.Base+path, body)
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	if contentType != "" {
		r.Header.Set("Content-Type", contentType)
	}
	for i := 0; i < len(header); i += 2 {
		r.Header.Add(header[i], header[i+1])
	}
	rec := httptest.NewRecorder()
	w.e.ServeHTTP(rec, r)
	a := answer{status: rec.Code, header: rec.Header(), raw: rec.Body.String()}
	if rec.Body.Len() > 0 {
		if err := json.Unmarshal(rec.Body.Bytes(), &a.body); err != nil {
			w.Errorf("%s %s: %d is no JSON object: %s", method, path, a.status, a.raw)
		}
	}
	w.conforms(method, path, a)
	return a
}

// call sends body as JSON; nil sends none.
func (w *world) call(token, method, path string, body any) answer {
	w.Helper()
	if body == nil {
		return w.send(token, method, path, "", nil)
	}
	text, ok := body.(string)
	if !ok {
		b, err := json.Marshal(body)
		if err != nil {
			w.Fatal(err)
		}
		text = string(b)
	}
	return w.send(token, method, path, "application/json", strings.NewReader(text))
}

// must is call where only one status is right.
func (w *world) must(status int, token, method, path string, body any) map[string]any {
	w.Helper()
	a := w.call(token, method, path, body)
	if a.status != status {
		w.Fatalf("%s %s: status %d, want %d: %s\n%s", method, path, a.status, status, a.raw, w.log)
	}
	return a.body
}

// refused is call where a problem with this code is right.
func (w *world) refused(status int, code, token, method, path string, body any) answer {
	w.Helper()
	a := w.call(token, method, path, body)
	if a.status != status || a.body["code"] != code {
		w.Errorf("%s %s: %d %v, want %d %s: %s", method, path, a.status, a.body["code"], status, code, a.raw)
	}
	return a
}

// conforms checks that the document knows this status and that the body is what it promises.
func (w *world) conforms(method, path string, a answer) {
	w.Helper()
	op := operation(method, path)
	if op == nil {
		return
	}
	response := op.Responses[strconv.Itoa(a.status)]
	if response == nil {
		w.Errorf("%s %s: status %d is not in the document: %s", method, path, a.status, a.raw)
		return
	}
	mediaType := strings.TrimSpace(strings.Split(a.header.Get("Content-Type"), ";")[0])
	content := response.Content[mediaType]
	if content == nil {
		if a.raw != "" {
			w.Errorf("%s %s: %d has an undocumented body of %q", method, path, a.status, mediaType)
		}
		return
	}
	var result huma.ValidateResult
	huma.Validate(document.Components.Schemas, content.Schema, huma.NewPathBuffer(nil, 0), huma.ModeReadFromServer, a.body, &result)
	for _, err := range result.Errors {
		w.Errorf("%s %s: %d is not what the document says: %v\n%s", method, path, a.status, err, a.raw)
	}
}

// operation finds the route of a call in the document.
func operation(method, path string) *huma.Operation {
	path, _, _ = strings.Cut(path, "?")
	parts := strings.Split(path, "/")
search:
	for template, item := range document.Paths {
		want := strings.Split(template, "/")
		if len(want) != len(parts) {
			continue
		}
		for i := range want {
			if want[i] != parts[i] && !strings.HasPrefix(want[i], "{") {
				continue search
			}
		}
		return map[string]*huma.Operation{"GET": item.Get, "POST": item.Post, "PUT": item.Put, "PATCH": item.Patch, "DELETE": item.Delete}[method]
	}
	return nil
}

// id is an integer id of an object.
func id(object map[string]any) int64 {
	n, _ := object["id"].(float64)
	return int64(n)
}

// items are the objects of a list.
func items(list map[string]any) []map[string]any {
	raw, _ := list["items"].([]any)
	out := make([]map[string]any, len(raw))
	for i := range raw {
		out[i], _ = raw[i].(map[string]any)
	}
	return out
}

// network is a small network: two advertisers with an offer each, two affiliates, a user for each party.
type network struct {
	*world
	advertisers [2]map[string]any
	affiliates  [2]map[string]any
	offers      [2]map[string]any
	advUser     [2]string // tokens
	affUser     [2]string
}

func newNetwork(t testing.TB) *network {
	t.Helper()
	n := &network{world: newWorld(t)}
	for i := range 2 {
		n.advertisers[i] = n.must(201, n.admin, "POST", "/advertisers", map[string]any{"name": fmt.Sprintf("Shop %d", i), "override_percent": "20"})
		n.affiliates[i] = n.must(201, n.admin, "POST", "/affiliates", map[string]any{"name": fmt.Sprintf("Blog %d", i)})
		n.offers[i] = n.must(201, n.admin, "POST", "/offers", map[string]any{"advertiser_id": id(n.advertisers[i]), "name": fmt.Sprintf("Offer %d", i),
			"destination_url": "https://shop.example/?c={click_id}", "status": "active", "visibility": "private"})
		_, n.advUser[i] = n.user(account.User{Role: account.RoleAdvertiser, AdvertiserID: id(n.advertisers[i])})
		_, n.affUser[i] = n.user(account.User{Role: account.RoleAffiliate, AffiliateID: id(n.affiliates[i])})
		n.must(201, n.admin, "POST", path("/offers/%d/affiliates", id(n.offers[i])), map[string]any{"affiliate_id": id(n.affiliates[i]), "status": "approved"})
	}
	return n
}

func path(format string, args ...any) string { return fmt.Sprintf(format, args...) }

// click makes a click of pair i and gives its text.
func (n *network) click(i int) string {
	n.Helper()
	clickID, err := click.Mint(now(), rand.Reader)
	if err != nil {
		n.Fatal(err)
	}
	c := click.Click{ID: clickID, OfferID: offer.ID(id(n.offers[i])), AffiliateID: affiliate.ID(id(n.affiliates[i])),
		AdvertiserID: advertiser.ID(id(n.advertisers[i])), Facts: click.Facts{IP: "198.51.100.7", Subs: [10]string{"red"}, Country: "DE"}}
	if err := n.loadClicks(context.Background(), []click.Click{c}); err != nil {
		n.Fatal(err)
	}
	return n.signer.Text(clickID)
}

// postback reports a conversion as the advertiser does; params are pairs of name and value.
func (n *network) postback(i int, clickID string, params ...string) conversion.Result {
	n.Helper()
	q := url.Values{"clickid": {clickID}, "token": {n.advertisers[i]["postback_token"].(string)}}
	for j := 0; j < len(params); j += 2 {
		q.Set(params[j], params[j+1])
	}
	logID, err := domain.NewUUID(now(), rand.Reader)
	if err != nil {
		n.Fatal(err)
	}
	r := n.conversions.RecordBatch(context.Background(), []conversion.Call{{ID: conversion.LogID{UUID: logID},
		ReceivedAt: now().Truncate(time.Millisecond), Method: "GET", Path: "/postback", RawQuery: q.Encode(), IP: "203.0.113.9"}})[0]
	if r.Err != nil {
		n.Fatalf("postback: %v", r.Err)
	}
	return r
}
