package postback_test

import (
	"context"
	"crypto/rand"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/waypost/waypost/domain"
	"github.com/waypost/waypost/domain/account"
	"github.com/waypost/waypost/domain/audit"
	"github.com/waypost/waypost/domain/click"
	"github.com/waypost/waypost/domain/conversion"
	"github.com/waypost/waypost/domain/errs"
	"github.com/waypost/waypost/domain/money"
	"github.com/waypost/waypost/domain/offer"
	"github.com/waypost/waypost/domain/postback"
	"github.com/waypost/waypost/store/storetest"
)

func TestMain(m *testing.M) { storetest.Main(m) }

var operator = account.Actor{UserID: 1, Role: account.RoleManager}

func affiliateUser(id int64) account.Actor {
	return account.Actor{UserID: 100 + account.UserID(id), Role: account.RoleAffiliate, AffiliateID: id}
}

func advertiserUser(id int64) account.Actor {
	return account.Actor{UserID: 200 + account.UserID(id), Role: account.RoleAdvertiser, AdvertiserID: id}
}

// world is a database with advertisers 1 and 2, affiliates 1 and 2, offer 1 with goals 1 and 2, offer 2 with goal 3
// (advertiser 2, private), and a service on it.
type world struct {
	t       testing.TB
	ctx     context.Context
	pool    *pgxpool.Pool
	tx      domain.Transactor
	service *postback.Service
	audited *recorder
	woken   *waker
	signer  *click.Signer

	postbackStore postback.Store
	deliveryStore postback.DeliveryStore
}

func newWorld(t testing.TB, change ...func(*postback.Deps)) *world {
	t.Helper()
	db := storetest.New(t)
	w := &world{t: t, ctx: t.Context(), pool: db.Pool(), tx: db, postbackStore: db.Postbacks(), deliveryStore: db.Deliveries(),
		audited: &recorder{}, woken: &waker{}, signer: click.NewSigner([]byte("a secret of more than thirty-two bytes"))}
	w.exec(`INSERT INTO advertisers (id, name, status, currency, postback_auth, postback_token, created_at, updated_at)
		SELECT i, 'advertiser', 'active', 'USD', 'none', '', now(), now() FROM generate_series(1, 2) i`)
	w.exec(`INSERT INTO affiliates (id, name, status, currency, fire, created_at, updated_at)
		SELECT i, 'affiliate', 'active', 'USD', 'specific', now(), now() FROM generate_series(1, 2) i`)
	w.exec(`INSERT INTO offers (id, advertiser_id, name, destination_url, currency, status, visibility, created_at, updated_at)
		VALUES (1, 1, 'Shoes', 'https://shop.example/', 'USD', 'active', 'public', now(), now()),
		       (2, 2, 'Hats', 'https://hats.example/', 'USD', 'active', 'private', now(), now())`)
	w.exec(`INSERT INTO goals (id, offer_id, alias, is_default, payout_model, revenue_model, initial_status, dedupe)
		VALUES (1, 1, 'default', true, 'postback', 'postback', 'approved', 'txid'), (2, 1, 'lead', false, 'postback', 'postback', 'approved', 'txid'),
		       (3, 2, 'default', true, 'postback', 'postback', 'approved', 'txid')`)
	w.service = w.newService(change...)
	return w
}

// newService is another process on the same database.
func (w *world) newService(change ...func(*postback.Deps)) *postback.Service {
	d := postback.Deps{Store: w.postbackStore, Deliveries: w.deliveryStore, Tx: w.tx, Audit: w.audited, Guard: guard{}, Sender: sender{},
		Waker: w.woken, Signer: w.signer, Clock: func() time.Time { return time.Now().UTC() }, Random: rand.Reader, Log: slog.New(slog.DiscardHandler)}
	for _, f := range change {
		f(&d)
	}
	return postback.NewService(d)
}

func (w *world) exec(sql string, args ...any) {
	w.t.Helper()
	if _, err := w.pool.Exec(w.ctx, sql, args...); err != nil {
		w.t.Fatalf("%s: %v", sql, err)
	}
}

func (w *world) count(sql string, args ...any) (n int) {
	w.t.Helper()
	if err := w.pool.QueryRow(w.ctx, sql, args...).Scan(&n); err != nil {
		w.t.Fatalf("%s: %v", sql, err)
	}
	return n
}

// postback makes an active one of affiliate 1.
func (w *world) postback(url string, change ...func(*postback.Postback)) postback.Postback {
	w.t.Helper()
	p := postback.Postback{AffiliateID: 1, URL: url, Active: true, Statuses: []conversion.Status{"approved", "rejected"}}
	for _, f := range change {
		f(&p)
	}
	p, _, err := w.service.Create(w.ctx, operator, p)
	if err != nil {
		w.t.Fatal(err)
	}
	return p
}

// conversion is a new approved one of affiliate 1 on offer 1.
func (w *world) conversion() conversion.Change {
	w.t.Helper()
	now := time.Now().UTC()
	id, err := domain.NewUUID(now, rand.Reader)
	if err != nil {
		w.t.Fatal(err)
	}
	visit, err := click.Mint(now, rand.Reader)
	if err != nil {
		w.t.Fatal(err)
	}
	return conversion.Change{Created: true, At: now, Click: click.Click{ID: visit, OfferID: 1, AffiliateID: 1, AdvertiserID: 1, Facts: click.Facts{AffClickID: "theirs"}},
		Offer: offer.Offer{ID: 1, Name: "Shoes", ShowValue: true, Goals: []offer.Goal{{ID: 1, Alias: "default"}}},
		Conversion: conversion.Conversion{ID: conversion.ID{UUID: id}, ClickID: visit, OfferID: 1, GoalID: 1, AffiliateID: 1, AdvertiserID: 1,
			Status: conversion.StatusApproved, Val: money.MustRate("100"), Commission: money.NewAmount(750, "USD"), Revenue: money.NewAmount(1000, "USD"),
			ClickedAt: now, CreatedAt: now}}
}

// moved is the change of c to another status.
func moved(c conversion.Change, to conversion.Status) conversion.Change {
	c.Created, c.OldStatus, c.Conversion.Status = false, c.Conversion.Status, to
	return c
}

func (w *world) announce(changes ...conversion.Change) {
	w.t.Helper()
	var wake func(context.Context)
	err := w.tx.InTx(w.ctx, func(ctx context.Context) (err error) {
		wake, err = w.service.Announce(ctx, changes)
		return err
	})
	if err != nil {
		w.t.Fatal(err)
	}
	wake(w.ctx)
}

func (w *world) deliver(host string) postback.Visit {
	w.t.Helper()
	visit, err := w.service.DeliverHost(w.ctx, host)
	if err != nil {
		w.t.Fatal(err)
	}
	return visit
}

// deliveries are those of a conversion, oldest first.
func (w *world) deliveries(c conversion.Change) []postback.Delivery {
	w.t.Helper()
	list, err := w.service.ListDeliveries(w.ctx, operator, postback.DeliveryFilter{ConversionID: c.Conversion.ID}, domain.Page{Limit: 500})
	if err != nil {
		w.t.Fatal(err)
	}
	for i, j := 0, len(list.Items)-1; i < j; i, j = i+1, j-1 {
		list.Items[i], list.Items[j] = list.Items[j], list.Items[i]
	}
	return list.Items
}

func (w *world) delivery(c conversion.Change) postback.Delivery {
	w.t.Helper()
	ds := w.deliveries(c)
	if len(ds) != 1 {
		w.t.Fatalf("%d deliveries, want 1", len(ds))
	}
	return ds[0]
}

// due makes all that waits due now.
func (w *world) due() {
	w.exec(`UPDATE deliveries SET next_attempt_at = now() WHERE next_attempt_at IS NOT NULL`)
}

func wantStatus(t testing.TB, d postback.Delivery, status postback.DeliveryStatus, reason string, tries, attempts int) {
	t.Helper()
	if d.Status != status || d.Reason != reason || d.Tries != tries || len(d.Attempts) != attempts {
		t.Errorf("delivery is %s %q after %d tries with %d attempts, want %s %q, %d, %d", d.Status, d.Reason, d.Tries, len(d.Attempts), status, reason, tries, attempts)
	}
	if settled := !d.Status.Waiting(); settled != d.NextAttemptAt.IsZero() {
		t.Errorf("a delivery that is %s has its next attempt at %v", d.Status, d.NextAttemptAt)
	}
}

// eventually waits for a condition.
func eventually(t testing.TB, what string, condition func() bool) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); !condition(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("waited in vain: %s", what)
		}
	}
}

// receiver is an affiliate's server. answer gives the status of the nth request (from 1).
type receiver struct {
	*httptest.Server
	host string

	mu       sync.Mutex
	requests []request
}

type request struct {
	method, url, id, body string
	header                http.Header
}

func newReceiver(t testing.TB, answer func(n int, r *http.Request) int) *receiver {
	t.Helper()
	rc := &receiver{}
	rc.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		rc.mu.Lock()
		rc.requests = append(rc.requests, request{r.Method, r.URL.String(), r.Header.Get("Webhook-Id"), string(body), r.Header})
		n := len(rc.requests)
		rc.mu.Unlock()
		w.WriteHeader(answer(n, r))
		_, _ = io.WriteString(w, "answer "+strconv.Itoa(n))
	}))
	t.Cleanup(rc.Close)
	rc.host = strings.TrimPrefix(rc.URL, "http://")
	return rc
}

func always(status int) func(int, *http.Request) int {
	return func(int, *http.Request) int { return status }
}

func (rc *receiver) received() []request {
	rc.mu.Lock()
	defer rc.mu.Unlock()
	return append([]request(nil), rc.requests...)
}

// sender is a plain HTTP client; the real one is tested in package outbound.
type sender struct{}

var client = &http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{MaxIdleConnsPerHost: 64}}

func (sender) Send(ctx context.Context, r postback.Request) postback.Response {
	out, err := http.NewRequestWithContext(ctx, r.Method, r.URL, strings.NewReader(r.Body))
	if err != nil {
		return postback.Response{Error: postback.ErrorInvalidURL}
	}
	for name, value := range r.Header {
		out.Header.Set(name, value)
	}
	in, err := client.Do(out)
	if err != nil {
		return postback.Response{Error: postback.ErrorConnect}
	}
	defer in.Body.Close()
	body, _ := io.ReadAll(in.Body)
	return postback.Response{StatusCode: in.StatusCode, RetryAfter: in.Header.Get("Retry-After"), Body: string(body)}
}

// guard refuses one host and warns of another.
type guard struct{}

func (guard) CheckURL(_ context.Context, address string) ([]errs.Warning, error) {
	switch {
	case strings.Contains(address, "private.example"):
		return nil, errs.Invalid("blocked_address", "private").At("body.url")
	case strings.Contains(address, "nowhere.example"):
		return []errs.Warning{{Field: "url", Code: "host_unresolved"}}, nil
	}
	return nil, nil
}

type recorder struct {
	mu      sync.Mutex
	entries []audit.Entry
}

func (r *recorder) Record(_ context.Context, e audit.Entry) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.entries = append(r.entries, e)
	return nil
}

func (r *recorder) actions() (actions []string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, e := range r.entries {
		actions = append(actions, e.Action)
	}
	return actions
}

// waker remembers what it was told, and always fails: nothing may depend on it.
type waker struct {
	mu    sync.Mutex
	hosts []string
}

func (w *waker) Wake(_ context.Context, hosts []string) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.hosts = append(w.hosts, hosts...)
	return errors.New("no queue")
}

func (w *waker) told() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return append([]string(nil), w.hosts...)
}
