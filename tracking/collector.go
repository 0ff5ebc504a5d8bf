package tracking

import (
	"context"
	"sync"
	"time"

	"github.com/waypost/waypost/domain/conversion"
	"github.com/waypost/waypost/domain/errs"
)

const (
	maxBatch   = 256 // calls that are decided together
	maxBatches = 1   // under way at the same time: two were no faster, and took a third more of the database for locks
)

// collector gathers concurrent calls into batches: a batch is what arrived while the one before ran, so that it needs
// no timer and a lone call does not wait.
type collector struct {
	record  func(context.Context, []conversion.Call) []conversion.Result
	within  time.Duration
	context func(calls []context.Context) context.Context // of a batch; nil = an empty one
	metrics batchMetrics

	mu      sync.Mutex
	waiting []*waitingCall
	running int
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
	if c.running < maxBatches {
		c.running++
		go c.run()
	}
	c.mu.Unlock()
	<-w.done
	return w.result
}

// run decides batches until nobody waits.
func (c *collector) run() {
	for {
		c.mu.Lock()
		if len(c.waiting) == 0 {
			c.running--
			c.mu.Unlock()
			return
		}
		n := min(len(c.waiting), maxBatch)
		batch := c.waiting[:n:n]
		c.waiting = c.waiting[n:]
		c.mu.Unlock()
		if c.decide(batch) {
			continue
		}
		// The database is away. Who waited behind this batch has waited for its limit already and need not again.
		c.mu.Lock()
		batch, c.waiting = c.waiting, nil
		c.mu.Unlock()
		for _, w := range batch {
			w.result = conversion.Result{Err: errs.Unavailable("database_unavailable", "the database does not answer")}
			close(w.done)
		}
	}
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
