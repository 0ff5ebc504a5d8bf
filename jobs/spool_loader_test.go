package jobs_test

import (
	"context"
	"crypto/rand"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/waypost/waypost/domain"
	"github.com/waypost/waypost/domain/click"
	"github.com/waypost/waypost/domain/conversion"
	"github.com/waypost/waypost/domain/errs"
	"github.com/waypost/waypost/jobs"
	"github.com/waypost/waypost/spool"
	"github.com/waypost/waypost/store/storetest"
)

var (
	quiet   = slog.New(slog.DiscardHandler)
	errAway = errs.Unavailable("database_unavailable", "away")
)

// limit is how long a test waits for what has to happen.
func limit(t testing.TB) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	t.Cleanup(cancel)
	return ctx
}

func openSpool(t testing.TB, dir string) *spool.Spool {
	t.Helper()
	s, err := spool.Open(dir, spool.Options{SegmentBytes: 32 << 10})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func appendClick(t testing.TB, s *spool.Spool, at time.Time) click.ID {
	t.Helper()
	id, err := click.Mint(at, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	c := click.Click{ID: id, OfferID: 1, AffiliateID: 2, AdvertiserID: 3}
	if err := s.Append(t.Context(), spool.Record{Kind: click.RecordKind, ID: id, Payload: c.AppendRecord(nil)}); err != nil {
		t.Fatal(err)
	}
	return id
}

func newCall(t testing.TB) conversion.Call {
	t.Helper()
	id, err := domain.NewUUID(time.Now(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return conversion.Call{ID: conversion.LogID{UUID: id}, ReceivedAt: id.Time(), Method: "GET", Path: "/postback"}
}

func appendCall(t testing.TB, s *spool.Spool, c conversion.Call) {
	t.Helper()
	if err := s.Append(t.Context(), spool.Record{Kind: conversion.RecordKind, ID: c.ID.UUID, Payload: c.AppendRecord(nil)}); err != nil {
		t.Fatal(err)
	}
}

// startLoader runs a loader until the test ends or stop is called. What o leaves open takes clicks and calls without doing
// anything.
func startLoader(t testing.TB, s *spool.Spool, change func(*jobs.SpoolLoaderOptions)) (l *jobs.SpoolLoader, stop func()) {
	t.Helper()
	o := jobs.SpoolLoaderOptions{Spool: s, Clicks: takeAll{}, InFlight: &conversion.InFlight{}, BadDir: t.TempDir(), Log: quiet,
		Ping: func(context.Context) error { return nil },
		Record: func(_ context.Context, calls []conversion.Call) []conversion.Result {
			return make([]conversion.Result, len(calls))
		}}
	change(&o)
	l = jobs.NewSpoolLoader(o)
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() { defer close(ended); l.Run(ctx) }()
	stop = sync.OnceFunc(func() { cancel(); <-ended })
	t.Cleanup(stop)
	return l, stop
}

// takeAll is a ClickLoader. The zero value takes everything.
type takeAll struct {
	load func(context.Context, []click.Click) error
}

func (l takeAll) LoadClicks(ctx context.Context, clicks []click.Click) error {
	if l.load == nil {
		return nil
	}
	return l.load(ctx, clicks)
}

func rows(t testing.TB, pool *pgxpool.Pool) (n int) {
	t.Helper()
	if err := pool.QueryRow(t.Context(), "SELECT count(*) FROM clicks").Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

// A process that dies leaves its clicks in the spool; every later one makes the same rows of them.
func TestClicksOfDeadProcessesAreLoadedOnce(t *testing.T) {
	t.Parallel()
	db := storetest.New(t)
	dir := t.TempDir()
	s := openSpool(t, dir)
	midnight := time.Date(2026, 11, 21, 0, 0, 0, 0, time.UTC)
	const clicks = 3000
	var visitors sync.WaitGroup
	for v := range 30 {
		visitors.Go(func() {
			for i := range clicks / 30 {
				appendClick(t, s, midnight.Add(time.Duration(v*i-1000)*time.Millisecond))
			}
		})
	}
	visitors.Wait()
	if err := s.Close(); err != nil { // nothing was loaded
		t.Fatal(err)
	}
	saved := t.TempDir()
	if err := os.CopyFS(saved, os.DirFS(dir)); err != nil {
		t.Fatal(err)
	}
	for _, folder := range []string{dir, saved} { // the second as if nothing had been released
		s := openSpool(t, folder)
		l, stop := startLoader(t, s, func(o *jobs.SpoolLoaderOptions) { o.Clicks = db.Clicks() })
		if err := l.Flush(limit(t)); err != nil {
			t.Fatal(err)
		}
		if n := rows(t, db.Pool()); n != clicks {
			t.Errorf("%d rows, want %d", n, clicks)
		}
		if err := s.WaitDrained(limit(t)); err != nil {
			t.Fatal(err)
		}
		stop()
		_ = s.Close()
		if segments, _ := filepath.Glob(filepath.Join(folder, "*.seg*")); len(segments) > 0 {
			t.Errorf("segments are left: %v", segments)
		}
	}
}

func TestClicksWaitForTheDatabase(t *testing.T) {
	t.Parallel()
	s := openSpool(t, t.TempDir())
	var away atomic.Bool
	away.Store(true)
	tries := make(chan struct{}, 1000)
	var loaded atomic.Int64
	l, _ := startLoader(t, s, func(o *jobs.SpoolLoaderOptions) {
		o.Clicks = takeAll{func(_ context.Context, clicks []click.Click) error {
			tries <- struct{}{}
			if away.Load() {
				return errAway
			}
			loaded.Add(int64(len(clicks)))
			return nil
		}}
	})
	appendClick(t, s, time.Now())
	<-tries
	<-tries
	short, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if l.Flush(short) == nil {
		t.Error("flushed into a database that is away")
	}
	if n, _ := s.Unreleased(); n != 1 {
		t.Errorf("%d records are left in the spool, want 1", n)
	}
	away.Store(false)
	if err := l.Flush(limit(t)); err != nil || loaded.Load() != 1 {
		t.Errorf("%d clicks loaded, %v", loaded.Load(), err)
	}
}

// What appended before Flush was called has its row when it returns, whoever else appends meanwhile.
func TestFlushIsABarrier(t *testing.T) {
	t.Parallel()
	s := openSpool(t, t.TempDir())
	var mu sync.Mutex
	loaded := map[click.ID]bool{}
	l, _ := startLoader(t, s, func(o *jobs.SpoolLoaderOptions) {
		o.Clicks = takeAll{func(_ context.Context, clicks []click.Click) error {
			mu.Lock()
			defer mu.Unlock()
			for _, c := range clicks {
				loaded[c.ID] = true
			}
			return nil
		}}
		o.Record = func(_ context.Context, calls []conversion.Call) []conversion.Result {
			results := make([]conversion.Result, len(calls))
			for i := range results {
				results[i].Err = errAway // calls hold up no click
			}
			return results
		}
	})
	if err := l.Flush(limit(t)); err != nil {
		t.Errorf("nothing to flush: %v", err)
	}
	var visitors sync.WaitGroup
	for range 20 {
		visitors.Go(func() {
			for i := range 20 {
				if i == 10 {
					appendCall(t, s, newCall(t))
				}
				id := appendClick(t, s, time.Now())
				if err := l.Flush(limit(t)); err != nil {
					t.Error(err)
				}
				mu.Lock()
				if !loaded[id] {
					t.Error("flushed without the click")
				}
				mu.Unlock()
			}
		})
	}
	visitors.Wait()
}

func TestBadRecordsAreSetAside(t *testing.T) {
	t.Parallel()
	db := storetest.New(t)
	s := openSpool(t, t.TempDir())
	bad := t.TempDir()
	var want int
	for i := range 40 {
		appendClick(t, s, time.Now())
		want++
		if i%10 != 0 {
			continue
		}
		poison := click.Click{ID: appendClick(t, s, time.Now()), Facts: click.Facts{Source: "a\x00b"}}
		poison.ID[15]++
		want++
		for _, r := range []spool.Record{
			{Kind: click.RecordKind, ID: poison.ID, Payload: poison.AppendRecord(nil)},
			{Kind: click.RecordKind, ID: [16]byte{1, byte(i)}, Payload: []byte("no click")},
			{Kind: conversion.RecordKind, ID: [16]byte{2, byte(i)}, Payload: []byte("no call")},
			{Kind: 200, ID: [16]byte{3, byte(i)}},
		} {
			if err := s.Append(t.Context(), r); err != nil {
				t.Fatal(err)
			}
		}
	}
	startLoader(t, s, func(o *jobs.SpoolLoaderOptions) { o.Clicks, o.BadDir = db.Clicks(), bad })
	if err := s.WaitDrained(limit(t)); err != nil {
		t.Fatal(err)
	}
	if n := rows(t, db.Pool()); n != want {
		t.Errorf("%d rows, want %d", n, want)
	}
	files, _ := filepath.Glob(filepath.Join(bad, "bad-*.record"))
	if len(files) != 16 {
		t.Errorf("%d records were set aside, want 16", len(files))
	}
	payload, err := spool.ReadSnapshot(filepath.Join(bad, "bad-1-01000000000000000000000000000000.record"))
	if err != nil || string(payload) != "no click" {
		t.Errorf("set aside: %q, %v", payload, err)
	}
}

func TestCalls(t *testing.T) {
	t.Parallel()
	s := openSpool(t, t.TempDir())
	flight := &conversion.InFlight{}
	byDoor, underWay, left, poison := newCall(t), newCall(t), newCall(t), newCall(t)
	for _, c := range []conversion.Call{byDoor, underWay} {
		flight.Begin(c.ID)
	}
	for _, c := range []conversion.Call{poison, byDoor, underWay, left} {
		appendCall(t, s, c)
	}
	flight.Settle(byDoor.ID)
	var away atomic.Bool
	away.Store(true)
	var mu sync.Mutex
	decided := map[conversion.LogID]int{}
	tries := make(chan struct{}, 1000)
	l, _ := startLoader(t, s, func(o *jobs.SpoolLoaderOptions) {
		o.InFlight = flight
		o.Record = func(_ context.Context, calls []conversion.Call) []conversion.Result {
			mu.Lock()
			defer mu.Unlock()
			results := make([]conversion.Result, len(calls))
			for i, c := range calls {
				switch {
				case !c.LogPending:
					t.Error("a stored call waits for its click")
				case away.Load():
					results[i].Err = errAway
				case c.ID == poison.ID:
					results[i].Err = errs.Invalid("poison", "poison")
				default:
					decided[c.ID]++
				}
			}
			tries <- struct{}{}
			return results
		}
	})
	<-tries
	<-tries
	id := appendClick(t, s, time.Now())
	if err := l.Flush(limit(t)); err != nil {
		t.Errorf("click %s is held up by calls: %v", id.UUID(), err)
	}
	if n, _ := s.Unreleased(); n != 3 { // all but the click and the door's own
		t.Errorf("%d records are left, want 3", n)
	}
	away.Store(false)
	flight.Leave(underWay.ID)
	for {
		<-tries
		mu.Lock()
		done := len(decided) == 2
		mu.Unlock()
		if done {
			break
		}
	}
	mu.Lock()
	defer mu.Unlock()
	if decided[underWay.ID] != 1 || decided[left.ID] != 1 {
		t.Errorf("decided %v", decided)
	}
}
