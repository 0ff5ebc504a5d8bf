package conversion_test

import (
	"context"
	"crypto/rand"
	"fmt"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/waypost/waypost/domain"
	"github.com/waypost/waypost/domain/account"
	"github.com/waypost/waypost/domain/audit"
	"github.com/waypost/waypost/domain/click"
	"github.com/waypost/waypost/domain/conversion"
	"github.com/waypost/waypost/domain/ledger"
	"github.com/waypost/waypost/domain/offer"
	"github.com/waypost/waypost/store/storetest"
)

func TestMain(m *testing.M) { storetest.Main(m) }

var noon = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)

// world is a database with advertisers 1 and 2, affiliates 1 and 2, and the offers of catalogue.
type world struct {
	t         testing.TB
	db        *storetest.DB
	s         *conversion.Service
	ledger    *ledger.Service
	signer    *click.Signer
	announcer *announcer
	audits    atomic.Int64
	now       atomic.Int64 // Unix ms
}

// announcer notes what it is told and can fail.
type announcer struct {
	mu      sync.Mutex
	changes []conversion.Change
	woken   int
	fail    func([]conversion.Change) error
}

func (a *announcer) Announce(_ context.Context, changes []conversion.Change) (func(context.Context), error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.fail != nil {
		if err := a.fail(changes); err != nil {
			return nil, err
		}
	}
	return func(context.Context) { // after the commit: only these count
		a.mu.Lock()
		defer a.mu.Unlock()
		a.changes, a.woken = append(a.changes, changes...), a.woken+1
	}, nil
}

func (a *announcer) told() []conversion.Change {
	a.mu.Lock()
	defer a.mu.Unlock()
	return append([]conversion.Change(nil), a.changes...)
}

type recorder func(audit.Entry)

func (r recorder) Record(_ context.Context, e audit.Entry) error { r(e); return nil }

// catalogue: goal 1 of offer 1 is what a postback without a goal means. Its alias, and that of every other goal, says
// what it does.
const catalogue = `
INSERT INTO affiliates (id, name, status, currency, fire, created_at, updated_at)
	SELECT i, 'affiliate', 'active', 'USD', 'specific', now(), now() FROM generate_series(1, 2) i;
INSERT INTO offers (id, advertiser_id, name, destination_url, currency, status, visibility, window_days, min_seconds, created_at, updated_at)
	SELECT i, d, 'offer', 'https://shop.example/', c, s, 'public', 90, m, now(), now() FROM (VALUES
	(1, 1, 'USD', 'active', 0), (2, 1, 'JPY', 'paused', 0), (3, 1, 'USD', 'expired', 0), (4, 1, 'USD', 'active', 10), (5, 2, 'USD', 'active', 0))
	AS o (i, d, c, s, m);
INSERT INTO goals (id, offer_id, alias, is_default, payout_model, payout_amount, payout_percent, revenue_model, revenue_amount,
	revenue_percent, initial_status, hold_days, dedupe) VALUES
	(1, 1, 'default', true, 'postback', NULL, NULL, 'postback', NULL, NULL, 'approved', 0, 'txid'),
	(2, 1, 'click', false, 'postback', NULL, NULL, 'postback', NULL, NULL, 'approved', 0, 'click'),
	(3, 1, 'none', false, 'postback', NULL, NULL, 'postback', NULL, NULL, 'approved', 0, 'none'),
	(4, 1, 'update', false, 'postback', NULL, NULL, 'postback', NULL, NULL, 'approved', 0, 'update'),
	(5, 1, 'add', false, 'postback', NULL, NULL, 'postback', NULL, NULL, 'approved', 0, 'add'),
	(6, 1, 'hold', false, 'fixed', 5, NULL, 'percent', NULL, 10, 'hold', 7, 'txid'),
	(7, 1, 'pending', false, 'hybrid', 1, 10, 'fixed', 20, NULL, 'pending', 0, 'txid'),
	(20, 2, 'default', true, 'postback', NULL, NULL, 'postback', NULL, NULL, 'approved', 0, 'txid'),
	(30, 3, 'default', true, 'postback', NULL, NULL, 'postback', NULL, NULL, 'approved', 0, 'txid'),
	(40, 4, 'default', true, 'postback', NULL, NULL, 'postback', NULL, NULL, 'approved', 0, 'txid'),
	(50, 5, 'default', true, 'postback', NULL, NULL, 'postback', NULL, NULL, 'approved', 0, 'txid');
INSERT INTO exchange_rates (date, base, quote, rate, source) VALUES
	('2026-11-14', 'EUR', 'USD', 1.25, 'manual'), ('2026-11-13', 'EUR', 'USD', 9, 'manual'), ('2026-11-13', 'GBP', 'USD', 2, 'manual');`

const token = "advertiser-secret"

func newWorld(t testing.TB) *world {
	t.Helper()
	w := &world{t: t, db: storetest.New(t), signer: click.NewSigner([]byte(strings.Repeat("k", 32))), announcer: &announcer{}}
	w.at(noon)
	ctx := context.Background()
	for id := 1; id <= 2; id++ {
		w.exec(`INSERT INTO advertisers (id, name, status, currency, override_percent, postback_auth, postback_token, status_map,
			created_at, updated_at) VALUES ($1, 'advertiser', 'active', 'USD', 20, 'token', $2, '{"shipped": "approved"}', now(), now())`,
			id, storetest.Sealer(t).Seal("advertisers.postback_token", []byte(token)))
	}
	if _, err := w.db.Pool().Exec(ctx, catalogue); err != nil {
		t.Fatal(err)
	}
	store := w.db.Conversions()
	w.s = conversion.NewService(conversion.Deps{
		Store: store, Tx: w.db, Announcer: w.announcer, Signer: w.signer, Random: rand.Reader,
		Audit: recorder(func(audit.Entry) { w.audits.Add(1) }),
		Clock: w.clock,
	})
	w.ledger = ledger.NewService(w.db.Ledger())
	return w
}

func (w *world) at(now time.Time) { w.now.Store(now.UnixMilli()) }
func (w *world) clock() time.Time { return time.UnixMilli(w.now.Load()).UTC() }
func (w *world) fatal(err error)  { w.t.Helper(); w.fatalIf(err != nil, err) }
func (w *world) fatalIf(bad bool, what ...any) {
	w.t.Helper()
	if bad {
		w.t.Fatal(what...)
	}
}

// exec runs a statement; with the catalogue's next version, as a change of it by the stores has.
func (w *world) exec(sql string, args ...any) {
	w.t.Helper()
	_, err := w.db.Pool().Exec(context.Background(), sql, args...)
	w.fatal(err)
	_, err = w.db.Pool().Exec(context.Background(), `UPDATE catalogue_version SET version = version + 1`)
	w.fatal(err)
}

// count gives the single number that a query answers.
func (w *world) count(sql string, args ...any) (n int) {
	w.t.Helper()
	w.fatal(w.db.Pool().QueryRow(context.Background(), sql, args...).Scan(&n))
	return n
}

// click stores a click and gives its text.
func (w *world) click(o offer.ID, at time.Time, reason click.Reason) string {
	w.t.Helper()
	id, err := click.Mint(at, rand.Reader)
	w.fatal(err)
	w.store(id, o, reason)
	return w.signer.Text(id)
}

func (w *world) store(id click.ID, o offer.ID, reason click.Reason) {
	w.t.Helper()
	c := click.Click{ID: id, OfferID: o, AffiliateID: 1, AdvertiserID: 1, Reason: reason}
	if o == 5 {
		c.AffiliateID, c.AdvertiserID = 2, 2
	}
	if reason == click.ReasonOfferNotFound {
		c.AdvertiserID = 0
	}
	w.fatal(w.db.Clicks().LoadClicks(context.Background(), []click.Click{c}))
}

// query makes a call received now; pairs are names and values. The token is added unless a pair names it.
func (w *world) query(pairs ...string) conversion.Call {
	w.t.Helper()
	v := url.Values{"token": {token}}
	for i := 0; i < len(pairs); i += 2 {
		v.Set(pairs[i], pairs[i+1])
	}
	return w.raw("GET", v.Encode(), "", "")
}

func (w *world) raw(method, query, contentType, body string) conversion.Call {
	w.t.Helper()
	id, err := domain.NewUUID(w.clock(), rand.Reader)
	w.fatal(err)
	return conversion.Call{ID: conversion.LogID{UUID: id}, ReceivedAt: w.clock(), Method: method, Path: "/postback", RawQuery: query,
		ContentType: contentType, Body: []byte(body), IP: "192.0.2.7"}
}

// send records one call; it must be decided.
func (w *world) send(c conversion.Call) conversion.Result {
	w.t.Helper()
	r := w.s.RecordBatch(context.Background(), []conversion.Call{c})[0]
	w.fatal(r.Err)
	return r
}

// post is send of query.
func (w *world) post(pairs ...string) conversion.Result {
	w.t.Helper()
	return w.send(w.query(pairs...))
}

func (w *world) conversion(id conversion.ID) conversion.Conversion {
	w.t.Helper()
	c, err := w.s.Get(context.Background(), operator, id)
	w.fatal(err)
	return c
}

// balance renders a party's only balance: "pending approved".
func (w *world) balance(p ledger.Party) string {
	w.t.Helper()
	balances, err := w.ledger.Balances(context.Background(), operator, p)
	w.fatal(err)
	if len(balances) == 0 {
		return "none"
	}
	w.fatalIf(len(balances) > 1, "more than one balance:", balances)
	return fmt.Sprintf("%s %s", balances[0].Pending, balances[0].Approved)
}

// verify is what must hold after everything: balances are the fold of their entries, one line for each call.
func (w *world) verify() {
	w.t.Helper()
	differences, err := w.ledger.VerifyBalances(context.Background())
	w.fatal(err)
	w.fatalIf(len(differences) > 0, "balances differ from the ledger:", differences)
	w.fatalIf(w.count(`SELECT count(*) FROM conversions c LEFT JOIN conversion_keys k ON k.dedupe_key = c.dedupe_key AND k.conversion_id = c.id
		WHERE k.dedupe_key IS NULL`) > 0, "a conversion without its key")
	w.fatalIf(w.count(`SELECT count(*) FROM conversion_keys k LEFT JOIN conversions c ON c.id = k.conversion_id WHERE c.id IS NULL`) > 0, "a key without its conversion")
}

var (
	operator   = account.Actor{UserID: 1, Role: account.RoleAdmin}
	affiliate2 = account.Actor{UserID: 2, Role: account.RoleAffiliate, AffiliateID: 2}
	seller1    = account.Actor{UserID: 3, Role: account.RoleAdvertiser, AdvertiserID: 1}
	seller2    = account.Actor{UserID: 4, Role: account.RoleAdvertiser, AdvertiserID: 2}
)
