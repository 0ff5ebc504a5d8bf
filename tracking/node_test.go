package tracking_test

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/waypost/waypost/domain/advertiser"
	"github.com/waypost/waypost/domain/affiliate"
	"github.com/waypost/waypost/domain/click"
	"github.com/waypost/waypost/domain/conversion"
	"github.com/waypost/waypost/domain/errs"
	"github.com/waypost/waypost/domain/offer"
	"github.com/waypost/waypost/spool"
	"github.com/waypost/waypost/tracking"
)

var quiet = slog.New(slog.DiscardHandler)

// catalogue is a click.RoutingStore that tests change and break.
type catalogue struct {
	now      atomic.Pointer[click.Routing]
	away     atomic.Bool
	versions atomic.Int64 // how often the version was asked
	loads    atomic.Int64
}

var errAway = errs.Unavailable("database_unavailable", "away")

func (c *catalogue) CatalogueVersion(context.Context) (int64, error) {
	c.versions.Add(1)
	if c.away.Load() {
		return 0, errAway
	}
	return c.now.Load().Version, nil
}

func (c *catalogue) LoadRouting(context.Context) (*click.Routing, error) {
	c.loads.Add(1)
	if c.away.Load() {
		return nil, errAway
	}
	copied := *c.now.Load()
	return &copied, nil
}

// change puts a changed copy into force.
func (c *catalogue) change(fn func(*click.Routing)) {
	next := sample()
	if old := c.now.Load(); old != nil {
		next.Version = old.Version + 1
	}
	fn(next)
	c.now.Store(next)
}

// sample is a catalogue: offer 1 public, 2 on approval (affiliate 1 has it), 3 paused, 4 with a fallback and paused;
// affiliates 1 and 2 active, 3 blocked; advertiser 9 with the token "secret".
func sample() *click.Routing {
	route := func(id offer.ID, active bool, v offer.Visibility, destination, fallback string) *click.Route {
		return &click.Route{OfferID: id, OfferName: "offer", AdvertiserID: 9, Active: active, Visibility: v, Destination: destination, FallbackURL: fallback}
	}
	const shop = "https://shop.example/?c={click_id}"
	return &click.Routing{
		Version: 1,
		Offers: map[offer.ID]*click.Route{
			1: route(1, true, offer.VisibilityPublic, shop, ""),
			2: route(2, true, offer.VisibilityApproval, shop, ""),
			3: route(3, false, offer.VisibilityPublic, shop, ""),
			4: route(4, false, offer.VisibilityPublic, shop, "https://else.example/?o={offer_id}&s={sub1}&c=[click_id]"),
		},
		Affiliates:  map[affiliate.ID]bool{1: true, 2: true, 3: false},
		Advertisers: map[advertiser.ID]*click.RoutedSender{9: {Auth: advertiser.AuthToken, TokenHash: sha256.Sum256([]byte("secret"))}},
		Access:      map[offer.ID]map[affiliate.ID]bool{2: {1: true}},
	}
}

// node is a tracking node without a loader.
type node struct {
	http.Handler
	*tracking.Tracking
	catalogue *catalogue
	routing   *tracking.Routing
	spool     *spool.Spool
	signer    *click.Signer
}

// newNode makes a node with the sample catalogue in force. change alters its options.
func newNode(t testing.TB, change func(*tracking.Options, *spool.Options)) *node {
	t.Helper()
	n := &node{catalogue: &catalogue{}, signer: click.NewSigner([]byte("a secret of the tests"))}
	n.catalogue.change(func(*click.Routing) {})
	n.routing = tracking.NewRouting(n.catalogue, filepath.Join(t.TempDir(), "routing"), quiet)
	if err := n.routing.Load(t.Context()); err != nil {
		t.Fatal(err)
	}
	o := tracking.Options{Routing: n.routing, Signer: n.signer, Clock: time.Now, Random: rand.Reader, Log: quiet,
		InFlight: &conversion.InFlight{}, Flush: func(context.Context) error { return nil },
		Record: func(_ context.Context, calls []conversion.Call) []conversion.Result {
			return make([]conversion.Result, len(calls))
		}}
	var so spool.Options
	if change != nil {
		change(&o, &so)
	}
	var err error
	if n.spool, err = spool.Open(t.TempDir(), so); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = n.spool.Close() })
	o.Spool = n.spool
	n.Tracking = tracking.New(o)
	e := echo.New()
	e.IPExtractor = echo.ExtractIPDirect()
	n.Mount(e)
	n.Handler = e
	return n
}

// request serves one request; header pairs follow the target.
func (n *node) request(method, target string, body io.Reader, headers ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, target, body)
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	n.ServeHTTP(w, r)
	return w
}

func (n *node) get(target string, headers ...string) *httptest.ResponseRecorder {
	return n.request(http.MethodGet, target, nil, headers...)
}

// stored gives the clicks that the spool holds and that were not given before; it expects so many.
func (n *node) stored(t testing.TB, want int) []click.Click {
	t.Helper()
	var clicks []click.Click
	for len(clicks) < want {
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		entries, err := n.spool.Next(ctx, want-len(clicks))
		cancel()
		if err != nil {
			t.Fatalf("%d of %d clicks are in the spool: %v", len(clicks), want, err)
		}
		for _, e := range entries {
			c, err := click.ParseRecord(e.ID, e.Payload)
			if err != nil || e.Kind != click.RecordKind {
				t.Fatalf("record of kind %d: %v", e.Kind, err)
			}
			clicks = append(clicks, c)
			n.spool.Release(e.Segment, 1)
		}
	}
	if left, _ := n.spool.Unreleased(); left > 0 {
		t.Fatalf("%d records more than %d are in the spool", left, want)
	}
	return clicks
}

// fullDisk lets no segment be made.
func fullDisk(string) (spool.File, error) { return nil, errors.New("no space left on device") }

func location(t testing.TB, w *httptest.ResponseRecorder) string {
	t.Helper()
	if w.Code != http.StatusFound {
		t.Fatalf("status %d, want 302: %s", w.Code, w.Body)
	}
	if got := w.Header().Get("Cache-Control"); got != "no-store" {
		t.Errorf("Cache-Control %q", got)
	}
	return w.Header().Get("Location")
}

// clickIDIn is the click id at the end of a location.
func (n *node) clickIDIn(t testing.TB, location string) click.ID {
	t.Helper()
	_, text, ok := strings.Cut(location, "c=")
	if !ok {
		t.Fatalf("no click id in %s", location)
	}
	id, err := n.signer.Parse(text, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	return id
}
