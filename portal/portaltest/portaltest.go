// Package portaltest is a small network to try pages on: real services over a database of the test's own, parties, a
// history of a few hours, and logged-in browsers. Only tests import it; their TestMain calls storetest.Main.
//
// A test of a portal mounts its door and asks as somebody:
//
//	n := portaltest.New(t)
//	portalaffiliate.Mount(n.Portal, n.Echo, portalaffiliate.Deps{Offers: n.Offers, …})
//	page := n.Affiliate(0).Get("/affiliate/offers").Is(200)
//	page.Shows("Lumio Sleep"); page.Lacks("Secret deals")
package portaltest

import (
	"bytes"
	"context"
	"crypto/rand"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/labstack/echo/v4"

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
	"github.com/waypost/waypost/domain/network"
	"github.com/waypost/waypost/domain/note"
	"github.com/waypost/waypost/domain/notice"
	"github.com/waypost/waypost/domain/offer"
	"github.com/waypost/waypost/domain/postback"
	"github.com/waypost/waypost/domain/report"
	"github.com/waypost/waypost/domain/search"
	"github.com/waypost/waypost/domain/trace"
	"github.com/waypost/waypost/domain/view"
	"github.com/waypost/waypost/domain/work"
	"github.com/waypost/waypost/portal"
	"github.com/waypost/waypost/store/storetest"
	"github.com/waypost/waypost/web"
)

// PublicURL is where the portals are, TrackingURL where tracking links lead.
const (
	PublicURL   = "http://portal.example"
	TrackingURL = "https://go.example"
)

// System may do everything.
var System = account.SystemActor("test")

// Network is the network and its services.
type Network struct {
	testing.TB
	DB     *storetest.DB
	Now    time.Time // noon of today, UTC: what the services' clock says
	Log    *bytes.Buffer
	Signer *click.Signer

	Accounts     *account.Service
	Advertisers  *advertiser.Service
	Affiliates   *affiliate.Service
	Applications *application.Service
	Offers       *offer.Service
	Coupons      *offer.CouponService
	Postbacks    *postback.Service
	Clicks       *click.Service
	Conversions  *conversion.Service
	Ledger       *ledger.Service
	Reports      *report.Service
	Settings     *network.Service
	Notices      *notice.Service
	Notes        *note.Service
	Views        *view.Service
	Exports      *export.Service
	History      *history.Service
	Search       *search.Service
	Work         *work.Service
	Traces       *trace.Service
	TraceLinks   *trace.Links

	Portal  *portal.Portal
	Echo    *echo.Echo
	Tracker *Tracker // where postbacks go

	Made

	browsers map[string]*Browser
}

// Clock is the services' clock.
func (n *Network) Clock() time.Time { return n.Now }

// New makes a network with its history; see Made.
func New(t testing.TB) *Network {
	t.Helper()
	n := Empty(t)
	n.people()
	n.catalogue()
	n.history()
	return n
}

// Empty makes the services alone: no party, no user.
func Empty(t testing.TB) *Network {
	t.Helper()
	db := storetest.New(t)
	secret := []byte(strings.Repeat("s", 32))
	n := &Network{TB: t, DB: db, Now: time.Now().UTC().Truncate(24 * time.Hour).Add(12 * time.Hour), Log: &bytes.Buffer{},
		Signer: click.NewSigner(secret), Tracker: &Tracker{}, browsers: map[string]*Browser{}}
	clock := domain.Clock(n.Clock)
	log := slog.New(slog.NewJSONHandler(&lockedWriter{to: n.Log}, nil))
	limits := account.NewLimits(clock)
	n.must(db.EnsurePartitions(t.Context(), n.Now.AddDate(0, 0, -3), n.Now.AddDate(0, 0, 1)))

	n.Accounts = account.NewService(account.Deps{Tx: db, Store: db.Accounts(), Audit: db.Audit(), Limiter: limits, Clock: clock, Random: rand.Reader,
		Mail: db.Mails(), PublicURL: PublicURL})
	n.Notices = notice.NewService(notice.Deps{Tx: db, Store: db.Notices(), Outbox: db.Mails(), Clock: clock, Random: rand.Reader, PublicURL: PublicURL})
	n.Advertisers = advertiser.NewService(advertiser.Deps{Tx: db, Store: db.Advertisers(), Audit: db.Audit(), Clock: clock, Random: rand.Reader})
	n.Affiliates = affiliate.NewService(affiliate.Deps{Tx: db, Store: db.Affiliates(), Audit: db.Audit(), Clock: clock})
	n.Offers = offer.NewService(offer.Deps{Tx: db, Store: db.Offers(), Advertisers: db.Advertisers(), Affiliates: db.Affiliates(), Audit: db.Audit(),
		Notices: n.Notices, Clock: clock, Lint: click.LintDestination, TrackingURL: TrackingURL})
	n.Coupons = offer.NewCouponService(offer.CouponDeps{Tx: db, Store: db.Coupons(), Offers: db.Offers(), Affiliates: db.Affiliates(), Audit: db.Audit(), Clock: clock})
	n.Postbacks = postback.NewService(postback.Deps{Store: db.Postbacks(), Deliveries: db.Deliveries(), Tx: db, Audit: db.Audit(), Guard: openGuard{},
		Sender: n.Tracker, Waker: noWaker{}, Signer: n.Signer, Clock: clock, Random: rand.Reader, Notices: n.Notices, Log: log})
	n.Conversions = conversion.NewService(conversion.Deps{Store: db.Conversions(), Tx: db, Announcer: n.Postbacks, Audit: db.Audit(),
		Signer: n.Signer, Clock: clock, Random: rand.Reader})
	n.Clicks = click.NewService(db.Clicks(), n.Signer, nil, clock)
	n.Ledger = ledger.NewService(db.Ledger())
	n.Reports = report.NewService(db.Reports(), clock)
	n.Settings = network.NewService(network.Deps{Tx: db, Store: db.Network(), Audit: db.Audit(), Clock: clock})
	n.Applications = application.NewService(application.Deps{Tx: db, Store: db.Applications(), Network: db.Network(), Users: db.Accounts(),
		Accounts: n.Accounts, Affiliates: n.Affiliates, Advertisers: n.Advertisers, Notices: n.Notices, Mail: db.Mails(), Audit: db.Audit(),
		Limiter: limits, Clock: clock, Random: rand.Reader, PublicURL: PublicURL})
	n.Notes = note.NewService(note.Deps{Tx: db, Store: db.Notes(), Affiliates: db.Affiliates(), Advertisers: db.Advertisers(), Audit: db.Audit(), Clock: clock})
	n.History = history.NewService(db.History())
	n.Search = search.NewService(search.Deps{Store: db.Search(), Clicks: db.Clicks(), Conversions: db.Conversions(), Signer: n.Signer, Clock: clock})
	n.Work = work.NewService(db.Work())
	n.Traces = trace.NewService(db.Traces(), n.Clicks, n.Conversions, n.Postbacks)
	n.TraceLinks = trace.NewLinks(trace.LinkDeps{Traces: n.Traces, Store: db.Traces(), Tx: db, Audit: db.Audit(), Clock: clock, Random: rand.Reader})

	var err error
	n.Views = view.NewService(view.Deps{Tx: db, Store: db.Views(), Users: db.Accounts(), Clock: clock, Log: log})
	n.Exports = export.NewService(export.Deps{Tx: db, Store: db.Exports(), Users: db.Accounts(), Outbox: db.Mails(), Clock: clock, Random: rand.Reader,
		PublicURL: PublicURL, Log: log})
	n.Portal, err = portal.New(portal.Deps{Views: n.Views, Exports: n.Exports, Accounts: n.Accounts, Network: n.Settings, Notices: n.Notices, Ledger: n.Ledger,
		Affiliates: n.Affiliates, Advertisers: n.Advertisers, Offers: n.Offers, PublicURL: PublicURL, Clock: clock, Random: rand.Reader, Log: log})
	n.must(err)
	n.Echo = echo.New()
	n.Echo.HTTPErrorHandler = n.Portal.ErrorHandler(web.ErrorHandler(log))
	n.Portal.Mount(n.Echo)
	return n
}

func (n *Network) must(err error) {
	n.Helper()
	if err != nil {
		n.Fatal(err)
	}
}

// Exec changes the database behind the services' back, with the catalogue's next version, as their changes have.
func (n *Network) Exec(sql string, args ...any) {
	n.Helper()
	_, err := n.DB.Pool().Exec(context.Background(), sql, args...)
	n.must(err)
	_, err = n.DB.Pool().Exec(context.Background(), `UPDATE catalogue_version SET version = version + 1`)
	n.must(err)
}

// Count is the single number that a query answers.
func (n *Network) Count(sql string, args ...any) (count int) {
	n.Helper()
	n.must(n.DB.Pool().QueryRow(context.Background(), sql, args...).Scan(&count))
	return count
}

type lockedWriter struct {
	mu sync.Mutex
	to *bytes.Buffer
}

func (w *lockedWriter) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.to.Write(p)
}

// openGuard lets every address pass; the guard itself is tested in package outbound.
type openGuard struct{}

func (openGuard) CheckURL(context.Context, string) ([]errs.Warning, error) { return nil, nil }

type noWaker struct{}

func (noWaker) Wake(context.Context, []string) error { return nil }

// Tracker receives all postbacks, of whatever host: those to broken.example are answered 500, all others 200.
type Tracker struct {
	mu       sync.Mutex
	received []postback.Request
}

// Send implements postback.Sender.
func (k *Tracker) Send(_ context.Context, r postback.Request) postback.Response {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.received = append(k.received, r)
	answer := postback.Response{StatusCode: 200, Body: "OK"}
	if strings.Contains(r.URL, "//broken.example/") {
		answer = postback.Response{StatusCode: 500, Body: "no such campaign"}
	}
	if r.Watched {
		answer.Detail = &postback.Detail{Timing: postback.Timing{DNS: time.Millisecond, Connect: 2 * time.Millisecond, TLS: 3 * time.Millisecond, Wait: 38 * time.Millisecond},
			Sent: []postback.HeaderLine{{Name: "User-Agent", Value: "Waypost"}}, Status: fmt.Sprintf("HTTP/1.1 %d", answer.StatusCode),
			Header: []postback.HeaderLine{{Name: "Content-Type", Value: "text/plain"}}}
	}
	return answer
}

// Received are the requests that came so far.
func (k *Tracker) Received() []postback.Request {
	k.mu.Lock()
	defer k.mu.Unlock()
	return append([]postback.Request(nil), k.received...)
}
