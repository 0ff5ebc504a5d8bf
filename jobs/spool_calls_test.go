package jobs_test

import (
	"context"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/waypost/waypost/domain/click"
	"github.com/waypost/waypost/domain/conversion"
	"github.com/waypost/waypost/domain/errs"
	"github.com/waypost/waypost/jobs"
	"github.com/waypost/waypost/spool"
)

// settleBehind returns when all calls that were appended before are in the loader's queue.
func settleBehind(t testing.TB, s *spool.Spool, l *jobs.SpoolLoader) {
	t.Helper()
	for range 2 { // the second click is read after the first one's batch was dealt with
		appendClick(t, s, time.Now())
		if err := l.Flush(limit(t)); err != nil {
			t.Fatal(err)
		}
	}
}

// Calls that the database did not take, or that failed by themselves, go back before those that came meanwhile.
func TestCallsKeepTheirOrder(t *testing.T) {
	t.Parallel()
	for name, fault := range map[string]error{"away": errAway, "of its own": errs.Invalid("fault", "fault")} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := openSpool(t, t.TempDir())
			sent := make([]conversion.Call, 6)
			for i := range sent {
				sent[i] = newCall(t)
			}
			began, gate := make(chan struct{}), make(chan struct{})
			var mu sync.Mutex
			var tries [][]conversion.LogID
			l, _ := startLoader(t, s, func(o *jobs.SpoolLoaderOptions) {
				o.Record = func(_ context.Context, calls []conversion.Call) []conversion.Result {
					var ids []conversion.LogID
					for _, c := range calls {
						ids = append(ids, c.ID)
					}
					mu.Lock()
					tries = append(tries, ids)
					first := len(tries) == 1
					mu.Unlock()
					results := make([]conversion.Result, len(calls))
					if first {
						close(began)
						<-gate
					}
					mu.Lock()
					failing := len(tries) < 3
					mu.Unlock()
					for i := range results {
						if failing && (name == "away" || calls[i].ID == sent[0].ID) {
							results[i].Err = fault
						}
					}
					return results
				}
			})
			appendCall(t, s, sent[0])
			<-began
			for _, c := range sent[1:] {
				appendCall(t, s, c)
			}
			settleBehind(t, s, l)
			close(gate)
			if err := s.WaitDrained(limit(t)); err != nil {
				t.Fatal(err)
			}
			mu.Lock()
			defer mu.Unlock()
			for _, ids := range tries[1:] {
				if name == "away" && len(ids) != len(sent) {
					t.Errorf("%d calls are tried, want %d", len(ids), len(sent))
				}
				if !slices.IsSortedFunc(ids, func(a, b conversion.LogID) int {
					at := func(id conversion.LogID) int {
						return slices.IndexFunc(sent, func(c conversion.Call) bool { return c.ID == id })
					}
					return at(a) - at(b)
				}) {
					t.Errorf("tried in the order %v", ids)
				}
			}
		})
	}
}

// While the database is away the files hold the calls, not the memory; when it is back all are decided.
func TestWaitingCallsAreBounded(t *testing.T) {
	t.Parallel()
	const calls = 1300 // of 60 KiB
	s := openSpool(t, t.TempDir())
	var away atomic.Bool
	away.Store(true)
	var clicks, decided atomic.Int64
	l, _ := startLoader(t, s, func(o *jobs.SpoolLoaderOptions) {
		o.Record = func(_ context.Context, calls []conversion.Call) []conversion.Result {
			results := make([]conversion.Result, len(calls))
			for i := range results {
				if away.Load() {
					results[i].Err = errAway
				} else {
					decided.Add(1)
				}
			}
			return results
		}
		o.Clicks = takeAll{func(context.Context, []click.Click) error { clicks.Add(1); return nil }}
	})
	body := make([]byte, 60<<10)
	var senders sync.WaitGroup
	for range 20 {
		senders.Go(func() {
			for range calls / 20 {
				c := newCall(t)
				c.Body = body
				appendCall(t, s, c)
			}
		})
	}
	senders.Wait()
	appendClick(t, s, time.Now())
	short, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	if l.Flush(short) == nil {
		t.Error("everything was read into memory")
	}
	away.Store(false)
	if err := s.WaitDrained(limit(t)); err != nil || decided.Load() != calls || clicks.Load() != 1 {
		t.Errorf("%d calls and %d clicks, %v", decided.Load(), clicks.Load(), err)
	}
}

// Calls that are too much for the database keep none of the others waiting, and are themselves decided once they fit.
func TestSlowCallsBlockNoOthers(t *testing.T) {
	t.Parallel()
	s := openSpool(t, t.TempDir())
	sent := make([]conversion.Call, 8)
	for i := range sent {
		sent[i] = newCall(t)
	}
	slow := func(c conversion.Call) bool { return c.ID == sent[0].ID || c.ID == sent[4].ID }
	var mended atomic.Bool
	var mu sync.Mutex
	decided := map[conversion.LogID]int{}
	others := make(chan struct{})
	began, gate := make(chan struct{}), make(chan struct{})
	first := sync.OnceFunc(func() { close(began); <-gate })
	_, _ = startLoader(t, s, func(o *jobs.SpoolLoaderOptions) {
		o.Record = func(ctx context.Context, calls []conversion.Call) []conversion.Result {
			first()
			results := make([]conversion.Result, len(calls))
			if !mended.Load() && slices.ContainsFunc(calls, slow) {
				select { // as one statement of the transaction would
				case <-ctx.Done():
				case <-time.After(1100 * time.Millisecond):
				}
				for i := range results {
					results[i].Err = errAway
				}
				return results
			}
			mu.Lock()
			defer mu.Unlock()
			for _, c := range calls {
				if decided[c.ID]++; len(decided) == len(sent)-2 && !mended.Load() {
					close(others)
				}
			}
			return results
		}
	})
	appendCall(t, s, sent[0])
	<-began
	for _, c := range sent[1:] {
		appendCall(t, s, c)
	}
	close(gate)
	select {
	case <-others:
	case <-limit(t).Done():
		t.Fatal("the other calls wait behind the slow ones")
	}
	if n, _ := s.Unreleased(); n < 2 {
		t.Errorf("%d records are kept, want those of the slow calls", n)
	}
	mended.Store(true)
	if err := s.WaitDrained(limit(t)); err != nil {
		t.Fatal(err)
	}
	mu.Lock()
	defer mu.Unlock()
	for _, c := range sent {
		if decided[c.ID] != 1 {
			t.Errorf("call %s is decided %d times", c.ID, decided[c.ID])
		}
	}
}

// While the database gives no sign of life a batch that ran out of time stays together and in its order.
func TestTimeoutWithoutAnswerKeepsTheBatch(t *testing.T) {
	t.Parallel()
	s := openSpool(t, t.TempDir())
	var tries atomic.Int64
	_, _ = startLoader(t, s, func(o *jobs.SpoolLoaderOptions) {
		o.Ping = func(context.Context) error { return errAway }
		o.Record = func(_ context.Context, calls []conversion.Call) []conversion.Result {
			results := make([]conversion.Result, len(calls))
			if n := tries.Add(1); n == 1 {
				time.Sleep(1100 * time.Millisecond)
				results[0].Err = errAway
			}
			return results
		}
	})
	appendCall(t, s, newCall(t))
	if err := s.WaitDrained(limit(t)); err != nil || tries.Load() != 2 {
		t.Errorf("%d tries, %v", tries.Load(), err)
	}
}
