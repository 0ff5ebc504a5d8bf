package tracking

import (
	"context"
	"sync"
	"time"

	"github.com/waypost/waypost/domain/conversion"
	"github.com/waypost/waypost/domain/errs"
)

const (
	maxBatch   = 256                  // calls that are decided together
	maxBatches = 2                    // under way at the same time: one is prepared and answered while the database writes the other
	wave       = 2 * time.Millisecond // in which those who were answered together send their next calls
)

// collector gathers concurrent calls into batches: a batch is what arrived while the one before ran, so that a lone call
// does not wait. A batch costs the database as much as some ten calls, whatever its size, so that small ones beside or
// after a large one are not worth their price: a second one begins when as many wait as are being decided, and after a
// batch the next one waits for half as many, for a wave at most, as who was answered sends the next call in that time.
type collector struct {
	record  func(context.Context, []conversion.Call) []conversion.Result
	within  time.Duration
	context func(calls []context.Context) context.Context // of a batch; nil = an empty one
	metrics batchMetrics

	mu      sync.Mutex
	waiting []*waitingCall
	running int       // batches under way
	calls   int       // in them
	last    int       // calls of the batch that ended last
	ended   time.Time // when it did
	timer   bool      // begin will run at the end of the wave
}

type waitingCall struct {
	ctx    context.Context
	call   conversion.Call
	result conversion.Result
	done   chan struct{}
}

func newCollector(record func(context.Context, []conversion.Call) []conversion.Result, within time.Duration,
	of func(calls []context.Context) context.Context, m batchMetrics) *collector {
	return &collector{record: record, within: within, context: of, metrics: m}
}

// queued is how many calls wait for the next batch.
func (c *collector) queued() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.waiting)
}

// do gives the call's result; the end of ctx does not end the wait. Its Err is Unavailable when the database did not answer within the limit.
func (c *collector) do(ctx context.Context, call conversion.Call) conversion.Result {
	w := &waitingCall{ctx: ctx, call: call, done: make(chan struct{})}
	c.mu.Lock()
	c.waiting = append(c.waiting, w)
	c.begin()
	c.mu.Unlock()
	<-w.done
	return w.result
}

// begin starts the next batch if it is worth it now. The caller holds mu.
func (c *collector) begin() {
	n := min(len(c.waiting), maxBatch)
	if n == 0 || c.running == maxBatches || c.running > 0 && n < c.calls {
		return
	}
	if rest := wave - time.Since(c.ended); c.running == 0 && n < c.last/2 && rest > 0 {
		if !c.timer {
			c.timer = true
			time.AfterFunc(rest, func() {
				c.mu.Lock()
				defer c.mu.Unlock()
				c.timer = false
				c.begin()
			})
		}
		return
	}
	batch := c.waiting[:n:n]
	c.waiting = c.waiting[n:]
	c.running++
	c.calls += n
	go c.run(batch)
}

// run decides a batch, and then begins the next.
func (c *collector) run(batch []*waitingCall) {
	there := c.decide(batch)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.running--
	c.calls -= len(batch)
	c.last, c.ended = len(batch), time.Now()
	if there {
		c.begin()
		return
	}
	// The database is away. Who waited behind this batch has waited for its limit already and need not again.
	for _, w := range c.waiting {
		w.result = conversion.Result{Err: errs.Unavailable("database_unavailable", "the database does not answer")}
		close(w.done)
	}
	c.waiting = nil
}

// decide is false if the database is away.
func (c *collector) decide(batch []*waitingCall) (there bool) {
	calls := make([]conversion.Call, len(batch))
	for i, w := range batch {
		calls[i] = w.call
	}
	ctx, cancel := context.WithTimeout(c.background(batch), c.within)
	defer cancel()
	c.metrics.size.Observe(float64(len(batch)))
	began := time.Now()
	results := c.record(ctx, calls)
	since(c.metrics.took, began)
	for i, w := range batch {
		w.result = results[i]
		there = there || !errs.Is(results[i].Err, errs.KindUnavailable)
		close(w.done)
	}
	return there
}

// background is what a batch is recorded under: its senders may hang up.
func (c *collector) background(batch []*waitingCall) context.Context {
	if c.context == nil {
		return context.Background()
	}
	calls := make([]context.Context, len(batch))
	for i, w := range batch {
		calls[i] = w.ctx
	}
	return c.context(calls)
}
