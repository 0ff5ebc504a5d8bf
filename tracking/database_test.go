package tracking_test

import (
	"context"
	"crypto/rand"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/waypost/waypost/domain"
	"github.com/waypost/waypost/domain/account"
	"github.com/waypost/waypost/domain/audit"
	"github.com/waypost/waypost/domain/click"
	"github.com/waypost/waypost/domain/conversion"
	"github.com/waypost/waypost/spool"
	"github.com/waypost/waypost/store/storetest"
	"github.com/waypost/waypost/tracking"
)

// seed is an advertiser with the token "secret", an affiliate, and offer 1.
func seed(t testing.TB, pool *pgxpool.Pool) {
	t.Helper()
	token := storetest.Sealer(t).Seal("advertisers.postback_token", []byte("secret"))
	exec := func(sql string, args ...any) {
		if _, err := pool.Exec(t.Context(), sql, args...); err != nil {
			t.Fatal(err)
		}
	}
	exec(`INSERT INTO advertisers (id, name, status, currency, postback_auth, postback_token, created_at, updated_at)
		VALUES (1, 'd', 'active', 'USD', 'token', $1, now(), now())`, token)
	exec(`INSERT INTO affiliates (id, name, status, currency, fire, created_at, updated_at)
		VALUES (1, 'a', 'active', 'USD', 'specific', now(), now())`)
	exec(`INSERT INTO offers (id, advertiser_id, name, destination_url, currency, status, visibility, created_at, updated_at)
		VALUES (1, 1, 'o', 'https://shop.example/?c={click_id}', 'USD', 'active', 'public', now(), now())`)
	exec(`INSERT INTO goals (offer_id, alias, is_default, payout_model, revenue_model, initial_status, dedupe)
		VALUES (1, 'default', true, 'postback', 'postback', 'approved', 'txid')`)
	exec(`UPDATE catalogue_version SET version = version + 1`)
}

type nobody struct{}

func (nobody) Announce(context.Context, []conversion.Change) (func(context.Context), error) {
	return func(context.Context) {}, nil
}
func (nobody) Record(context.Context, audit.Entry) error { return nil }

// loadClicks makes rows of the clicks that the spool holds and gives the calls.
func loadClicks(ctx context.Context, t testing.TB, s *spool.Spool, load func(context.Context, []click.Click) error) (calls []conversion.Call) {
	t.Helper()
	left, _ := s.Unreleased()
	for ; left > 0; left-- {
		entries, err := s.Next(ctx, 1)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range entries {
			if e.Kind == click.RecordKind {
				c, err := click.ParseRecord(e.ID, e.Payload)
				if err != nil {
					t.Fatal(err)
				}
				if err := load(ctx, []click.Click{c}); err != nil {
					t.Fatal(err)
				}
			} else {
				c, err := conversion.ParseCall(e.Payload)
				if err != nil {
					t.Fatal(err)
				}
				calls = append(calls, c)
			}
			s.Release(e.Segment, 1)
		}
	}
	return calls
}

// From the click to the conversion on a real database, and on while it is away.
func TestDoorsOnARealDatabase(t *testing.T) {
	t.Parallel()
	db := storetest.New(t)
	signer := click.NewSigner([]byte("a secret of the tests"))
	service := conversion.NewService(conversion.Deps{Store: db.Conversions(), Tx: db, Announcer: nobody{}, Audit: nobody{}, Signer: signer,
		Clock: func() time.Time { return time.Now().UTC() }, Random: rand.Reader})
	load := db.Clicks().LoadClicks
	var n *node
	n = newNode(t, func(o *tracking.Options, _ *spool.Options) {
		o.Routing = tracking.NewRouting(db.Routing(), filepath.Join(t.TempDir(), "routing"), quiet)
		o.Record = service.RecordBatch
		o.Flush = func(ctx context.Context) error { loadClicks(ctx, t, n.spool, load); return nil }
	})
	if err := n.Tracking.Routing.Load(t.Context()); err != nil {
		t.Fatal(err)
	}
	if w := n.get("/click?o=1&a=1"); w.Code != http.StatusNotFound {
		t.Fatalf("an offer that does not exist yet: %d", w.Code)
	}
	seed(t, db.Pool())
	id := n.signer.Text(n.clickIDIn(t, location(t, n.get("/click?o=1&a=1")))) // read your writes

	w := n.get("/postback?token=secret&val=100&comperc=7.5&txid=t1&clickid=" + id)
	if a := answer(t, w); w.Code != 200 || a["status"] != "recorded" || a["click_id"] != id || a["conversion_id"] == nil || a["conversion_status"] != "approved" {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	w = n.get("/postback?token=secret&val=100&comperc=7.5&txid=t1&clickid=" + id)
	if a := answer(t, w); w.Code != 200 || a["status"] != "duplicate" {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	if w := n.get("/postback?token=wrong&clickid=" + id); w.Code != 403 {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	for _, query := range []string{"token=secret", "token=wrong", ""} {
		if w := n.get("/postback?txid=lost&clickid=nonsense&" + query); w.Code != 400 {
			t.Errorf("%d %s", w.Code, w.Body)
		}
	}
	seller := account.Actor{UserID: 1, Role: account.RoleAdvertiser, AdvertiserID: 1}
	if seen, err := service.LogList(t.Context(), seller, conversion.LogFilter{Code: "malformed_clickid"}, domain.Page{}); err != nil || len(seen.Items) != 1 || !strings.Contains(seen.Items[0].Query, "token=***") {
		t.Errorf("the advertiser sees of its calls with a wrong click id: %+v, %v", seen.Items, err)
	}
	loadClicks(t.Context(), t, n.spool, load)

	// The database does not answer: every connection is taken.
	var taken []*pgxpool.Conn
	for range db.Pool().Config().MaxConns {
		c, err := db.Pool().Acquire(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		taken = append(taken, c)
	}
	later := n.clickIDIn(t, location(t, n.get("/click?o=1&a=1")))
	begin := time.Now()
	for range 5 {
		location(t, n.get("/click?o=1&a=1"))
	}
	if took := time.Since(begin); took > 2*time.Second {
		t.Errorf("known links take %s", took)
	}
	w = n.get("/postback?token=secret&val=50&comperc=10&txid=t2&clickid=" + n.signer.Text(later))
	if a := answer(t, w); w.Code != 202 || a["status"] != "queued" {
		t.Fatalf("%d %s", w.Code, w.Body)
	}

	for _, c := range taken {
		c.Release()
	}
	calls := loadClicks(t.Context(), t, n.spool, load)
	if len(calls) != 1 {
		t.Fatalf("%d calls are in the spool, want 1", len(calls))
	}
	for range 2 { // the second time as after a crash: nothing changes
		for _, r := range service.RecordBatch(t.Context(), calls) {
			if r.Err != nil || r.Status != conversion.OutcomeRecorded {
				t.Errorf("%+v", r)
			}
		}
		var made int
		if err := db.Pool().QueryRow(t.Context(), "SELECT count(*) FROM conversions WHERE txid = 't2'").Scan(&made); err != nil || made != 1 {
			t.Errorf("%d conversions, %v", made, err)
		}
	}
}
