package pgstore_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/waypost/waypost/domain/account"
	"github.com/waypost/waypost/domain/affiliate"
	"github.com/waypost/waypost/domain/click"
	"github.com/waypost/waypost/domain/offer"
	"github.com/waypost/waypost/domain/report"
	"github.com/waypost/waypost/store/storetest"
)

// rollDay is the day that these tests load and add up.
var rollDay = time.Date(2026, 5, 4, 0, 0, 0, 0, time.UTC)

// clicksWithin makes clicks of few visitors at random moments of the day.
func clicksWithin(t testing.TB, r *rand.Rand, n int) (clicks []click.Click) {
	t.Helper()
	for range n {
		c := clickAt(t, rollDay.Add(time.Duration(r.Int64N(int64(24*time.Hour)))).Truncate(time.Millisecond))
		c.OfferID, c.AffiliateID = offer.ID(1+r.IntN(3)), affiliate.ID(1+r.IntN(3))
		c.IP, c.Country = fmt.Sprintf("192.0.2.%d", r.IntN(40)), []string{"DE", "US"}[r.IntN(2)]
		if r.IntN(5) == 0 {
			c.Reason = click.ReasonCap
		}
		clicks = append(clicks, c)
	}
	return clicks
}

// dayReport is the day in figures, by hour and country or whole.
func dayReport(t testing.TB, db *storetest.DB, by ...report.Dimension) report.Part {
	t.Helper()
	var hours []time.Time
	for h := range 24 {
		hours = append(hours, rollDay.Add(time.Duration(h)*time.Hour))
	}
	part, err := db.Reports().AddUp(context.Background(), account.Actor{Role: account.RoleAdmin}.Scope(), report.Selection{GroupBy: by,
		Starts: map[report.Dimension][]time.Time{report.DimensionHour: hours}, From: rollDay, To: rollDay.AddDate(0, 0, 1), Limit: 10_000})
	if err != nil {
		t.Error(err)
	}
	return part
}

// Loaders and those who add up at the same time, on two nodes each: no click goes missing meanwhile, and what is added up
// in the end is what the clicks add up to.
func TestLoadersAndRollersTogether(t *testing.T) {
	t.Parallel()
	db := storetest.New(t)
	ctx := context.Background()
	if err := db.EnsurePartitions(ctx, rollDay, rollDay); err != nil {
		t.Fatal(err)
	}
	var loaded atomic.Int64
	loading, stop := context.WithCancel(ctx)
	var loaders, others sync.WaitGroup
	var covered atomic.Int64 // looks that found spans current while clicks were being loaded
	for node := range 3 {
		loaders.Go(func() {
			r := rand.New(rand.NewPCG(5, uint64(node)))
			for n := range 120 {
				// Now and then all loaders rest, so that something is added up before the next late clicks.
				for seen, began := covered.Load(), time.Now(); n%40 == 39 && covered.Load() == seen && time.Since(began) < 3*time.Second; {
					time.Sleep(time.Millisecond)
				}
				batch := clicksWithin(t, r, 1+r.IntN(20))
				if err := db.Clicks().LoadClicks(ctx, batch); err != nil {
					t.Error(err)
				}
				loaded.Add(int64(len(batch)))
			}
		})
	}
	for node := range 2 {
		others.Go(func() {
			for r := rand.New(rand.NewPCG(6, uint64(node))); loading.Err() == nil; {
				if err := db.Rollups().Roll(ctx, rollDay.Add(time.Duration(r.Int64N(int64(26*time.Hour))))); err != nil {
					t.Error(err)
				}
			}
		})
	}
	others.Go(func() {
		for loading.Err() == nil {
			before := loaded.Load()
			part := dayReport(t, db, report.DimensionHour)
			var n int64
			for _, row := range part.Totals {
				n += row.Clicks + row.InvalidClicks
			}
			if n < before {
				t.Errorf("%d clicks were loaded, but a report knows of %d", before, n)
			}
			covered.Add(int64(count(t, db, "SELECT count(*) FROM stats_days WHERE spans <> 0")))
		}
	})
	loaders.Wait()
	stop()
	others.Wait()
	if covered.Load() == 0 {
		t.Error("nothing was added up while clicks were loaded: this proves little")
	}
	if err := db.Rollups().RollAll(ctx, rollDay.AddDate(0, 0, 1)); err != nil {
		t.Fatal(err)
	}
	sameAsClicks(t, db)
}

// sameAsClicks compares what is added up with adding up the clicks.
func sameAsClicks(t testing.TB, db *storetest.DB) {
	t.Helper()
	dimensions := [][]report.Dimension{{report.DimensionHour, report.DimensionOffer}, {report.DimensionCountry, report.DimensionAffiliate}}
	if n := count(t, db, "SELECT count(*) FROM stats_days WHERE day = $1 AND spans = $2", rollDay, int64(report.AllSpans)); n != 1 {
		t.Error("the day is not added up")
	}
	var rolled []report.Part
	for _, by := range dimensions {
		rolled = append(rolled, dayReport(t, db, by...))
	}
	if _, err := db.Pool().Exec(context.Background(), "DELETE FROM stats_days"); err != nil {
		t.Fatal(err)
	}
	for i, by := range dimensions {
		if diff := cmp.Diff(dayReport(t, db, by...), rolled[i], cmp.Comparer(report.Sum.Equal)); diff != "" {
			t.Errorf("by %v (-clicks +added up):\n%.2000s", by, diff)
		}
	}
}

// A batch that is being inserted when its spans are claimed is waited for; one that is inserted while they are added up
// takes its spans away.
func TestInsertUnderWay(t *testing.T) {
	t.Parallel()
	db := storetest.New(t)
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	r := rand.New(rand.NewPCG(7, 7))
	if err := db.Clicks().LoadClicks(ctx, clicksWithin(t, r, 300)); err != nil {
		t.Fatal(err)
	}
	over := rollDay.AddDate(0, 0, 1)
	inserted, commit := make(chan struct{}), make(chan struct{})
	var open sync.WaitGroup
	open.Go(func() {
		err := db.InTx(ctx, func(ctx context.Context) error {
			err := db.Clicks().LoadClicks(ctx, clicksWithin(t, r, 30))
			close(inserted)
			<-commit
			return err
		})
		if err != nil {
			t.Error(err)
		}
	})
	<-inserted
	if err := db.Rollups().Roll(ctx, over); err != nil { // gives up for now
		t.Error(err)
	}
	if n := count(t, db, "SELECT count(*) FROM stats_days WHERE spans <> 0"); n != 0 {
		t.Error("spans became current beside an insert into them")
	}
	close(commit)
	open.Wait()

	// While it adds up it waits for a lock of ours: its claim stands, its sums are not there yet.
	tx, err := db.Pool().Begin(ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = tx.Rollback(context.Background()) }()
	if _, err := tx.Exec(ctx, "LOCK TABLE stats_daily IN SHARE MODE"); err != nil {
		t.Fatal(err)
	}
	rolled := make(chan error, 1)
	go func() { rolled <- db.Rollups().Roll(ctx, over) }()
	for count(t, db, "SELECT count(*) FROM stats_days WHERE claimed = $1", int64(report.AllSpans)) == 0 {
		if ctx.Err() != nil {
			t.Fatal("nothing was claimed")
		}
	}
	if err := db.Clicks().LoadClicks(ctx, []click.Click{clickAt(t, rollDay.Add(13*time.Hour))}); err != nil {
		t.Fatal(err)
	}
	if err := tx.Commit(ctx); err != nil {
		t.Fatal(err)
	}
	if err := <-rolled; err != nil {
		t.Fatal(err)
	}
	if n := count(t, db, "SELECT count(*) FROM stats_days WHERE spans = $1 AND claimed = 0", int64(1)<<26-1); n != 1 {
		t.Error("a click of 13:00 came late: the half hours before it alone are current")
	}
	if err := db.Rollups().RollAll(ctx, over); err != nil {
		t.Fatal(err)
	}
	sameAsClicks(t, db)
}

// Two runs that were at the same day: the one with the newer claim has the word, the other leaves nothing behind.
func TestOlderClaimIsSuperseded(t *testing.T) {
	t.Parallel()
	db := storetest.New(t)
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	if err := db.Clicks().LoadClicks(ctx, clicksWithin(t, rand.New(rand.NewPCG(8, 8)), 200)); err != nil {
		t.Fatal(err)
	}
	tx, err := db.Pool().Begin(ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = tx.Rollback(context.Background()) }()
	if _, err := tx.Exec(ctx, "LOCK TABLE stats_daily IN SHARE MODE"); err != nil {
		t.Fatal(err)
	}
	rolled := make(chan error, 1)
	go func() { rolled <- db.Rollups().Roll(ctx, rollDay.AddDate(0, 0, 1)) }()
	for count(t, db, "SELECT count(*) FROM stats_days WHERE claimed <> 0") == 0 {
		if ctx.Err() != nil {
			t.Fatal("nothing was claimed")
		}
	}
	if _, err := tx.Exec(ctx, "UPDATE stats_days SET claim = claim + 1"); err != nil { // as another node's claim does
		t.Fatal(err)
	}
	if err := tx.Commit(ctx); err != nil {
		t.Fatal(err)
	}
	if err := <-rolled; err != nil {
		t.Fatal(err)
	}
	if n := count(t, db, "SELECT (SELECT count(*) FROM stats_daily) + (SELECT count(*) FROM stats_halfhourly)"); n != 0 {
		t.Errorf("the older claim left %d rows", n)
	}
	if n := count(t, db, "SELECT count(*) FROM stats_days WHERE spans <> 0"); n != 0 {
		t.Error("the older claim made spans current")
	}
}

// Dropping waits for nobody for long: not for a reader, such as a nightly dump, and calls that wait stay.
func TestDropBesideAReader(t *testing.T) {
	t.Parallel()
	db := storetest.New(t)
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	if err := db.Clicks().LoadClicks(ctx, clicksWithin(t, rand.New(rand.NewPCG(9, 9)), 20)); err != nil {
		t.Fatal(err)
	}
	if err := db.Rollups().RollAll(ctx, rollDay.AddDate(0, 0, 1)); err != nil {
		t.Fatal(err)
	}
	if _, err := db.Pool().Exec(ctx, `INSERT INTO postback_log (id, received_at, method, query, raw, ip, http_status, status, code, message, warnings, ignored)
		VALUES (gen_random_uuid(), $1, 'GET', '', '', '', 202, 'queued', '', '', '{}', '{}')`, rollDay.Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	dump, err := db.Pool().Begin(ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = dump.Rollback(context.Background()) }()
	if _, err := dump.Exec(ctx, "SELECT count(*) FROM clicks"); err != nil {
		t.Fatal(err)
	}
	if dropped, err := db.DropPartitions(ctx, rollDay.AddDate(0, 0, 5)); err == nil || len(dropped) > 0 {
		t.Errorf("beside a reader: dropped %v, %v", dropped, err)
	}
	if n := count(t, db, "SELECT count(*) FROM stats_days WHERE dropped"); n != 0 {
		t.Error("the day counts as dropped, but is there")
	}
	if err := dump.Commit(ctx); err != nil {
		t.Fatal(err)
	}
	dropped, err := db.DropPartitions(ctx, rollDay.AddDate(0, 0, 5))
	if want := []string{"clicks_20260504"}; err != nil || !cmp.Equal(dropped, want) {
		t.Errorf("dropped %v, want %v: a call of that day waits; %v", dropped, want, err)
	}
	if _, err := db.Pool().Exec(ctx, "UPDATE postback_log SET status = 'refused'"); err != nil {
		t.Fatal(err)
	}
	if dropped, err = db.DropPartitions(ctx, rollDay.AddDate(0, 0, 5)); err != nil || len(dropped) != 1 {
		t.Errorf("dropped %v, %v", dropped, err)
	}
	if found, err := db.Clicks().Exists(ctx, clickAt(t, rollDay).ID); found || err != nil {
		t.Errorf("a click of a dropped day: %v, %v", found, err)
	}
}
