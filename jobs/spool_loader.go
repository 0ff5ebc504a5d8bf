package jobs

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"sync"
	"time"

	"github.com/waypost/waypost/domain/click"
	"github.com/waypost/waypost/domain/conversion"
	"github.com/waypost/waypost/domain/errs"
	"github.com/waypost/waypost/spool"
)

const (
	loadBatch  = 5000
	loadWithin = 10 * time.Second
	retryFirst = 50 * time.Millisecond
	retryMost  = time.Second
)

// ClickLoader makes rows of clicks; one that has its row already is left alone. KindInvalid says that the database will
// never take one of them, any other error that the same batch may be given again.
type ClickLoader interface {
	LoadClicks(ctx context.Context, clicks []click.Click) error
}

// SpoolLoaderOptions are what a SpoolLoader needs; all are required.
type SpoolLoaderOptions struct {
	Spool    *spool.Spool
	Clicks   ClickLoader
	Record   func(ctx context.Context, calls []conversion.Call) []conversion.Result // conversion.Service.RecordBatch
	Ping     func(ctx context.Context) error                                        // of the database that Record writes to
	InFlight *conversion.InFlight                                                   // shared with the door
	BadDir   string                                                                 // takes records that nobody can read
	Log      *slog.Logger
}

// SpoolLoader makes rows of what a node's spool holds: clicks, and the calls that the door could not settle. It runs
// wherever the door runs.
type SpoolLoader struct {
	SpoolLoaderOptions
	calls    callQueue
	slow     callQueue // calls that take too long beside others
	position int64     // of the newest record that Run has read

	mu       sync.Mutex
	released int64         // records, since the start
	loaded   int64         // records delivered whose clicks have their rows, since the start
	advanced chan struct{} // closed when loaded grows
	metrics  loaderMetrics
}

// NewSpoolLoader makes a loader; Run starts it.
func NewSpoolLoader(o SpoolLoaderOptions) *SpoolLoader {
	return &SpoolLoader{SpoolLoaderOptions: o, calls: newCallQueue(), slow: newCallQueue(), advanced: make(chan struct{}), metrics: newLoaderMetrics()}
}

// Run loads until ctx ends or the spool is closed. What it has not settled then stays in the spool for the next start.
func (l *SpoolLoader) Run(ctx context.Context) {
	ctx, cancel := context.WithCancel(ctx)
	var callsDone sync.WaitGroup
	callsDone.Go(func() { l.runCalls(ctx) })
	callsDone.Go(func() { l.runSlow(ctx) })
	defer callsDone.Wait()
	defer cancel()
	wait := retryFirst
	for {
		// Clicks then wait behind calls, but only while the database, which they need too, does not take the calls.
		l.calls.waitForRoom(ctx)
		entries, err := l.Spool.Next(ctx, loadBatch)
		switch {
		case err == nil:
			wait = retryFirst
			if l.load(ctx, entries) != nil {
				return
			}
		case ctx.Err() != nil, errors.Is(err, spool.ErrClosed):
			return
		default:
			l.Log.ErrorContext(ctx, "spool loader: cannot read", "error", err)
			if wait = l.pause(ctx, wait); ctx.Err() != nil {
				return
			}
		}
	}
}

// Flush returns when every click that was durable at the call has its row. It does not wait for calls.
func (l *SpoolLoader) Flush(ctx context.Context) error {
	l.mu.Lock()
	unreleased, _ := l.Spool.Unreleased()
	target := l.released + unreleased
	for l.loaded < target {
		advanced := l.advanced
		l.mu.Unlock()
		select {
		case <-advanced:
		case <-ctx.Done():
			return ctx.Err()
		}
		l.mu.Lock()
	}
	l.mu.Unlock()
	return nil
}

// load settles the clicks of a batch and hands its calls on. Its error says that ctx ended.
func (l *SpoolLoader) load(ctx context.Context, entries []spool.Entry) error {
	clicks := make([]click.Click, 0, len(entries))
	segments := make([]uint64, 0, len(entries))
	var calls []*storedCall
	for _, e := range entries {
		l.position++
		switch e.Kind {
		case click.RecordKind:
			c, err := click.ParseRecord(e.ID, e.Payload)
			if err != nil {
				l.setAside(ctx, e.Kind, e.ID, e.Payload, e.Segment, err)
				continue
			}
			clicks, segments = append(clicks, c), append(segments, e.Segment)
		case conversion.RecordKind:
			c, err := conversion.ParseCall(e.Payload)
			if err != nil {
				l.setAside(ctx, e.Kind, e.ID, e.Payload, e.Segment, err)
				continue
			}
			c.LogPending = true // here nobody waits for the click
			calls = append(calls, &storedCall{Call: c, position: l.position, bytes: int64(len(e.Payload)), segment: e.Segment})
		default:
			l.setAside(ctx, e.Kind, e.ID, e.Payload, e.Segment, fmt.Errorf("kind %d is unknown to this build", e.Kind))
		}
	}
	if err := l.loadClicks(ctx, clicks, segments); err != nil {
		return err
	}
	l.mu.Lock()
	l.loaded += int64(len(entries))
	close(l.advanced)
	l.advanced = make(chan struct{})
	l.mu.Unlock()
	for _, c := range calls { // after the clicks, which they may be about
		l.InFlight.Ask(c.ID, func(settled bool) {
			if settled {
				l.release(c.segment, 1)
			} else {
				l.calls.add(c)
			}
		})
	}
	return nil
}

// loadClicks makes rows of the clicks, however long the database is away, and releases them. A click that the database
// will never take is found by halving and set aside.
func (l *SpoolLoader) loadClicks(ctx context.Context, clicks []click.Click, segments []uint64) error {
	wait := retryFirst
	for len(clicks) > 0 {
		err := l.loadOnce(ctx, clicks)
		if err == nil {
			if wait != retryFirst {
				l.Log.InfoContext(ctx, "spool loader: loading again")
			}
			break
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if errs.Is(err, errs.KindInvalid) {
			if len(clicks) == 1 {
				l.setAside(ctx, click.RecordKind, clicks[0].ID, clicks[0].AppendRecord(nil), segments[0], err)
				return nil
			}
			half := len(clicks) / 2
			if err := l.loadClicks(ctx, clicks[:half], segments[:half]); err != nil {
				return err
			}
			return l.loadClicks(ctx, clicks[half:], segments[half:])
		}
		if wait == retryFirst {
			l.Log.WarnContext(ctx, "spool loader: clicks wait in the spool", "clicks", len(clicks), "error", err)
		}
		wait = l.pause(ctx, wait)
	}
	for len(segments) > 0 { // a batch lies in few segments, in their order
		n := 1
		for n < len(segments) && segments[n] == segments[0] {
			n++
		}
		l.release(segments[0], n)
		segments = segments[n:]
	}
	return nil
}

func (l *SpoolLoader) loadOnce(ctx context.Context, clicks []click.Click) error {
	ctx, cancel := context.WithTimeout(ctx, loadWithin)
	defer cancel()
	began := time.Now()
	err := l.Clicks.LoadClicks(ctx, clicks)
	l.metrics.note(len(clicks), began, err)
	return err
}

// release counts what it releases, so that Flush knows how many records the spool ever had.
func (l *SpoolLoader) release(segment uint64, n int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.Spool.Release(segment, n)
	l.released += int64(n)
}

// setAside moves a record that can never be loaded into a file of its own, so that it neither blocks others nor is
// lost. Where that fails too it stays in the spool.
func (l *SpoolLoader) setAside(ctx context.Context, kind uint8, id [16]byte, payload []byte, segment uint64, cause error) {
	path := filepath.Join(l.BadDir, fmt.Sprintf("bad-%d-%s.record", kind, hex.EncodeToString(id[:])))
	err := spool.WriteSnapshot(path, payload)
	if err == nil {
		l.release(segment, 1)
	}
	l.metrics.aside.Inc()
	l.Log.ErrorContext(ctx, "spool loader: a record cannot be loaded and was set aside", "file", path, "kept_in_spool", err != nil,
		"error", errors.Join(cause, err))
}

// pause waits and gives the next, longer wait.
func (l *SpoolLoader) pause(ctx context.Context, wait time.Duration) time.Duration {
	select {
	case <-ctx.Done():
	case <-time.After(wait):
	}
	return min(2*wait, retryMost)
}
