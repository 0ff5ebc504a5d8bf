package spool

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// record makes the n-th test record: its payload follows from n, so that a wrong one is noticed.
func record(n uint64, size int) Record {
	r := Record{Kind: uint8(n), Payload: make([]byte, size)}
	binary.LittleEndian.PutUint64(r.ID[:], n)
	for i := range r.Payload {
		r.Payload[i] = byte(n*31 + uint64(i))
	}
	return r
}

func number(r Record) uint64 { return binary.LittleEndian.Uint64(r.ID[:]) }

func mustOpen(t testing.TB, dir string, o Options) *Spool {
	t.Helper()
	s, err := Open(dir, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func mustAppend(t testing.TB, s *Spool, rs ...Record) {
	t.Helper()
	for _, r := range rs {
		if err := s.Append(t.Context(), r); err != nil {
			t.Fatal(err)
		}
	}
}

func mustClose(t testing.TB, s *Spool) {
	t.Helper()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}

// mustDrain reads all that is not delivered, without waiting for more, and, if wanted, releases it.
func mustDrain(t testing.TB, s *Spool, releasing bool) []Record {
	t.Helper()
	var out []Record
	for {
		entries, err := s.read(7)
		if err != nil {
			t.Fatal(err)
		}
		if len(entries) == 0 {
			return out
		}
		for _, e := range entries {
			out = append(out, e.Record)
		}
		if releasing {
			release(s, entries)
		}
	}
}

func segmentFiles(t testing.TB, dir string) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*"+segmentSuffix))
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func TestRoundTrip(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "new", "folders")
	want := []Record{record(1, 0), record(2, 1), record(3, 200), record(4, MaxPayload)}
	s := mustOpen(t, dir, Options{})
	mustAppend(t, s, want...)
	if diff := cmp.Diff(want, mustDrain(t, s, false)); diff != "" {
		t.Errorf("in the same process (-want +got):\n%s", diff)
	}
	mustClose(t, s)
	s = mustOpen(t, dir, Options{})
	if n, _ := s.Unreleased(); n != int64(len(want)) {
		t.Errorf("unreleased after reopening: %d", n)
	}
	if diff := cmp.Diff(want, mustDrain(t, s, true)); diff != "" {
		t.Errorf("after reopening (-want +got):\n%s", diff)
	}
	mustClose(t, s)
	if files := segmentFiles(t, dir); len(files) != 0 {
		t.Errorf("all is released, but these stay: %v", files)
	}
}

func TestAppendRefuses(t *testing.T) {
	t.Parallel()
	s := mustOpen(t, t.TempDir(), Options{})
	if err := s.Append(t.Context(), record(1, MaxPayload+1)); !errors.Is(err, ErrTooLarge) {
		t.Errorf("too large: %v", err)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if err := s.Append(ended, record(1, 1)); !errors.Is(err, context.Canceled) {
		t.Errorf("context ended: %v", err)
	}
	if _, err := s.Next(ended, 1); !errors.Is(err, context.Canceled) {
		t.Errorf("Next, context ended: %v", err)
	}
	mustClose(t, s)
	mustClose(t, s)
	if err := s.Append(t.Context(), record(1, 1)); !errors.Is(err, ErrClosed) || !errors.Is(err, ErrUnwritable) {
		t.Errorf("closed: %v", err)
	}
	if _, err := s.Next(t.Context(), 1); !errors.Is(err, ErrClosed) {
		t.Errorf("Next on a closed spool: %v", err)
	}
}

func TestLock(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := mustOpen(t, dir, Options{})
	if _, err := Open(dir, Options{}); !errors.Is(err, ErrLocked) {
		t.Errorf("second Open: %v, want ErrLocked", err)
	}
	mustClose(t, s)
	mustOpen(t, dir, Options{})
}

func TestNextWaits(t *testing.T) {
	t.Parallel()
	s := mustOpen(t, t.TempDir(), Options{})
	got := make(chan []Entry)
	go func() {
		entries, _ := s.Next(t.Context(), 10)
		got <- entries
	}()
	mustAppend(t, s, record(7, 3))
	if entries := <-got; len(entries) != 1 || number(entries[0].Record) != 7 {
		t.Errorf("got %v", entries)
	}
	go func() {
		_, err := s.Next(context.Background(), 10)
		if !errors.Is(err, ErrClosed) {
			t.Errorf("Next while closing: %v", err)
		}
		got <- nil
	}()
	mustClose(t, s)
	<-got
}

func TestReleaseDeletesSealedSegments(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := mustOpen(t, dir, Options{SegmentBytes: segmentHeader + 1}) // one record each
	mustAppend(t, s, record(1, 9), record(2, 9), record(3, 9))
	entries, err := s.Next(t.Context(), 10)
	if err != nil || len(entries) != 3 {
		t.Fatal(entries, err)
	}
	waited := make(chan error)
	go func() { waited <- s.WaitDrained(t.Context()) }()
	s.Release(entries[1].Segment, 1)
	if _, err := os.Stat(s.path(entries[1].Segment)); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("sealed and released segment: %v, want no file", err)
	}
	s.Release(entries[2].Segment, 1)
	if n := len(segmentFiles(t, dir)); n != 2 { // the first is not released, the last is active
		t.Errorf("%d segments, want 2", n)
	}
	s.Release(entries[0].Segment, 2) // more than delivered: a fault, nothing happens
	if n, _ := s.Unreleased(); n != 1 {
		t.Errorf("unreleased: %d, want 1", n)
	}
	s.Release(entries[0].Segment, 1)
	if err := <-waited; err != nil {
		t.Error(err)
	}
	mustClose(t, s)
	if files := segmentFiles(t, dir); len(files) != 0 {
		t.Errorf("after Close: %v", files)
	}
}

func TestUnreleasedTellsAge(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	start := time.UnixMilli(1_700_000_000_000)
	var mu sync.Mutex
	now := start
	o := Options{Now: func() time.Time { mu.Lock(); defer mu.Unlock(); return now }}
	step := func(d time.Duration) { mu.Lock(); now = now.Add(d); mu.Unlock() }
	oldest := func(s *Spool) time.Duration {
		_, at := s.Unreleased()
		if at.IsZero() {
			return -1
		}
		return at.Sub(start)
	}
	s := mustOpen(t, dir, o)
	if got := oldest(s); got != -1 {
		t.Errorf("empty: %v", got)
	}
	for range 3 {
		mustAppend(t, s, record(1, 1))
		step(time.Minute)
	}
	entries, err := s.Next(t.Context(), 2)
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []time.Duration{0, time.Minute, 2 * time.Minute} {
		if got := oldest(s); got != want {
			t.Errorf("after %d releases the oldest is of %v, want %v", i, got, want)
		}
		if i < 2 {
			s.Release(entries[i].Segment, 1)
		}
	}
	step(segmentAge)
	mustAppend(t, s, record(2, 1))
	if n := len(segmentFiles(t, dir)); n != 2 {
		t.Errorf("%d segments, want a second one because of age", n)
	}
	mustClose(t, s)
	if got := oldest(mustOpen(t, dir, o)); got != 0 {
		t.Errorf("after reopening the oldest is of %v, want the start of its segment", got)
	}
}

// TestConcurrent has many appenders and two loaders on small segments: each acknowledged record is delivered exactly
// once, and those of one appender in the order of its calls.
func TestConcurrent(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	const appenders, each = 24, 150
	s := mustOpen(t, dir, Options{SegmentBytes: 4 << 10})
	ctx, cancel := context.WithCancel(t.Context())
	var loaders, wg sync.WaitGroup
	var mu sync.Mutex
	seen := map[uint64]int{}
	for range 2 {
		loaders.Go(func() {
			for {
				entries, err := s.Next(ctx, 1+rand.IntN(60))
				if err != nil {
					return
				}
				last := map[uint64]uint64{}
				for _, e := range entries {
					n := number(e.Record)
					if n <= last[n/1000] {
						t.Errorf("%d was delivered after %d", n, last[n/1000])
					}
					last[n/1000] = n
					if !bytes.Equal(e.Payload, record(n, len(e.Payload)).Payload) {
						t.Errorf("payload of %d differs", n)
					}
				}
				mu.Lock()
				for _, e := range entries {
					seen[number(e.Record)]++
				}
				mu.Unlock()
				release(s, entries)
			}
		})
	}
	for a := range uint64(appenders) {
		wg.Go(func() {
			for i := range uint64(each) {
				if err := s.Append(ctx, record((a+1)*1000+i, int(i))); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	if err := s.WaitDrained(ctx); err != nil {
		t.Fatal(err)
	}
	cancel()
	loaders.Wait()
	if len(seen) != appenders*each {
		t.Errorf("%d records delivered, want %d", len(seen), appenders*each)
	}
	for n, times := range seen {
		if times != 1 {
			t.Errorf("%d was delivered %d times", n, times)
		}
	}
	mustClose(t, s)
	if files := segmentFiles(t, dir); len(files) != 0 {
		t.Errorf("left: %v", files)
	}
}
