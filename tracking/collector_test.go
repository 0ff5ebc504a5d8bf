package tracking

import (
	"context"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/waypost/waypost/domain/conversion"
	"github.com/waypost/waypost/domain/errs"
)

// batches notes the sizes of batches in the order in which they began, each of which takes as long as takes says.
type batches struct {
	mu    sync.Mutex
	sizes []int
	takes func(calls int) time.Duration
	away  atomic.Bool
}

func (b *batches) begun() []int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.sizes)
}

func (b *batches) record(_ context.Context, calls []conversion.Call) []conversion.Result {
	b.mu.Lock()
	b.sizes = append(b.sizes, len(calls))
	b.mu.Unlock()
	time.Sleep(b.takes(len(calls)))
	results := make([]conversion.Result, len(calls))
	for i := range results {
		if b.away.Load() {
			results[i].Err = errs.Unavailable("away", "away")
		}
	}
	return results
}

func (b *batches) collector() *collector {
	sizes := func() prometheus.Histogram { return prometheus.NewHistogram(prometheus.HistogramOpts{Name: "x"}) }
	return newCollector(b.record, time.Minute, nil, batchMetrics{size: sizes(), took: sizes()})
}

func TestCollectorGathersWhatArrivesMeanwhile(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := &batches{takes: func(int) time.Duration { return 100 * time.Millisecond }}
		c := b.collector()
		began := time.Now()
		call := func(n int) {
			for range n {
				go c.do(t.Context(), conversion.Call{})
			}
			synctest.Wait()
		}
		expect := func(what string, sizes ...int) {
			t.Helper()
			synctest.Wait()
			if got := b.begun(); !slices.Equal(got, sizes) {
				t.Fatalf("%s, after %s: batches of %v, want %v", what, time.Since(began), got, sizes)
			}
		}
		call(1)
		expect("a lone call does not wait", 1)
		call(1)
		expect("one beside one is worth it", 1, 1)
		call(20)
		expect("two are under way", 1, 1)
		time.Sleep(100 * time.Millisecond)
		expect("what arrived meanwhile goes together", 1, 1, 20)
		call(19)
		expect("too few beside twenty", 1, 1, 20)
		call(1)
		expect("as many as are being decided", 1, 1, 20, 20)
		call(3)
		time.Sleep(100 * time.Millisecond) // both end in one instant
		expect("three after twenty wait for more", 1, 1, 20, 20)
		time.Sleep(wave)
		expect("but not for longer than a wave", 1, 1, 20, 20, 3)
		time.Sleep(100 * time.Millisecond)
		call(1)
		expect("one after three waits for nobody", 1, 1, 20, 20, 3, 1)
		call(40)
		time.Sleep(100 * time.Millisecond)
		expect("thirty-nine behind two lone ones", 1, 1, 20, 20, 3, 1, 1, 39)
		time.Sleep(100 * time.Millisecond)
		call(1)
		expect("one after thirty-nine waits", 1, 1, 20, 20, 3, 1, 1, 39)
		call(18)
		expect("until half as many are there", 1, 1, 20, 20, 3, 1, 1, 39, 19)
		time.Sleep(100*time.Millisecond + 2*wave)
		call(1)
		expect("later there is nobody to wait for", 1, 1, 20, 20, 3, 1, 1, 39, 19, 1)
		time.Sleep(time.Second)
		call(300)
		time.Sleep(time.Second)
		if got := c.queued(); got != 0 {
			t.Errorf("%d calls are left", got)
		}
		for _, n := range b.begun() {
			if n > maxBatch {
				t.Errorf("a batch of %d", n)
			}
		}
	})
}

// Who waits behind a batch that found the database away is told so with it, and the next call asks anew.
func TestCollectorWithoutDatabase(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := &batches{takes: func(int) time.Duration { return time.Second }}
		b.away.Store(true)
		c := b.collector()
		var mu sync.Mutex
		var took []time.Duration
		for range 30 {
			go func() {
				began := time.Now()
				if r := c.do(t.Context(), conversion.Call{}); !errs.Is(r.Err, errs.KindUnavailable) {
					t.Errorf("result %+v", r)
				}
				mu.Lock()
				defer mu.Unlock()
				took = append(took, time.Since(began))
			}()
		}
		time.Sleep(time.Minute)
		mu.Lock()
		defer mu.Unlock()
		if len(took) != 30 || slices.Max(took) > time.Second {
			t.Errorf("%d answers, the last after %s", len(took), slices.Max(took))
		}
		b.away.Store(false)
		if r := c.do(t.Context(), conversion.Call{}); r.Err != nil {
			t.Errorf("afterwards: %v", r.Err)
		}
	})
}

// Callers that send their next call when they have an answer find no gap in which calls are left lying, whatever their
// number and the length of a batch.
func TestCollectorLeavesNobody(t *testing.T) {
	t.Parallel()
	for _, callers := range []int{1, 2, 3, 5, 16, 64, 300} {
		synctest.Test(t, func(t *testing.T) {
			b := &batches{takes: func(n int) time.Duration { return time.Duration(3+n/10) * time.Millisecond }}
			c := b.collector()
			began := time.Now()
			var done sync.WaitGroup
			for i := range callers {
				done.Go(func() {
					for k := range 50 {
						c.do(t.Context(), conversion.Call{})
						time.Sleep(time.Duration(i*k%7) * time.Millisecond / 2)
					}
				})
			}
			done.Wait()
			if took := time.Since(began); took > 50*(4*time.Duration(3+callers/10)*time.Millisecond+wave) {
				t.Errorf("50 calls each of %d callers took %s in %d batches", callers, took, len(b.begun()))
			}
		})
	}
}
