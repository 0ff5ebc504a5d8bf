package jobs

import (
	"cmp"
	"context"
	"slices"
	"sync"
	"time"

	"github.com/waypost/waypost/domain/conversion"
	"github.com/waypost/waypost/domain/errs"
)

const (
	callBatch      = 256
	callRetryFirst = time.Second
	callRetryMost  = 5 * time.Minute
	callWithin     = time.Second     // of a call whose batch ran out of time; the door gives it no more either
	answerWithin   = 5 * time.Second // of the database's sign of life

	// More than this does not wait in memory while the database is away: the rest stays in the files.
	queuedCalls = 20_000
	queuedBytes = 64 << 20
)

// storedCall is a call of the spool that the door did not settle: it was answered 202 queued, or the process died.
type storedCall struct {
	conversion.Call
	position int64 // in the spool
	bytes    int64
	segment  uint64
	retry    time.Duration // the next wait after a failure of its own
}

// callQueue holds the calls that wait to be decided, in the order of the spool: of two calls about one conversion the
// one that came first is decided first, however often it had to be put back.
type callQueue struct {
	wake chan struct{} // one token: calls is not empty
	room chan struct{} // one token: calls has become shorter

	mu    sync.Mutex
	calls []*storedCall
	bytes int64
}

func newCallQueue() callQueue {
	return callQueue{wake: make(chan struct{}, 1), room: make(chan struct{}, 1)}
}

func (q *callQueue) add(calls ...*storedCall) {
	q.mu.Lock()
	for _, c := range calls {
		at := len(q.calls)
		if at > 0 && q.calls[at-1].position > c.position {
			at, _ = slices.BinarySearchFunc(q.calls, c, func(a, b *storedCall) int { return cmp.Compare(a.position, b.position) })
		}
		q.calls = slices.Insert(q.calls, at, c)
		q.bytes += c.bytes
	}
	q.mu.Unlock()
	token(q.wake)
}

func token(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

func (q *callQueue) len() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return len(q.calls)
}

// waitForRoom returns when the queue may take more, or ctx ends.
func (q *callQueue) waitForRoom(ctx context.Context) {
	for ctx.Err() == nil {
		q.mu.Lock()
		full := len(q.calls) >= queuedCalls || q.bytes >= queuedBytes
		q.mu.Unlock()
		if !full {
			return
		}
		select {
		case <-q.room:
		case <-ctx.Done():
		}
	}
}

// take waits for calls and gives at most so many; nil when ctx ends.
func (q *callQueue) take(ctx context.Context, most int) []*storedCall {
	for ctx.Err() == nil {
		q.mu.Lock()
		n := min(len(q.calls), most)
		batch := q.calls[:n:n]
		q.calls = q.calls[n:]
		for _, c := range batch {
			q.bytes -= c.bytes
		}
		q.mu.Unlock()
		if n > 0 {
			token(q.room)
			return batch
		}
		select {
		case <-q.wake:
		case <-ctx.Done():
		}
	}
	return nil
}

// runCalls decides what the queue holds until ctx ends. While the database is away it tries ever more slowly; a call
// that fails by itself waits alone, so that it holds up no other.
func (l *SpoolLoader) runCalls(ctx context.Context) {
	wait := retryFirst
	for {
		batch := l.calls.take(ctx, callBatch)
		if batch == nil {
			return
		}
		if l.decide(ctx, batch) {
			wait = retryFirst
			continue
		}
		if ctx.Err() == nil && wait == retryFirst {
			l.Log.WarnContext(ctx, "spool loader: postbacks wait in the spool: the database is away")
		}
		wait = l.pause(ctx, wait)
	}
}

// runSlow decides the calls that were set aside, one at a time and beside the others, until ctx ends.
func (l *SpoolLoader) runSlow(ctx context.Context) {
	for {
		one := l.slow.take(ctx, 1)
		if one == nil {
			return
		}
		if again, _, err := l.record(ctx, one, loadWithin); len(again) > 0 && ctx.Err() == nil {
			l.later(ctx, one[0], &l.slow, err)
		}
	}
}

// decide is false if the database is away. A batch that runs out of time although the database answers holds a call
// that is too much for it: each is then tried alone, and those that run out of time again go to runSlow, or they would
// keep all others from ever being decided.
func (l *SpoolLoader) decide(ctx context.Context, batch []*storedCall) bool {
	again, late, _ := l.record(ctx, batch, loadWithin)
	if len(again) == 0 {
		return true
	}
	if !late || !l.answers(ctx) {
		l.calls.add(again...)
		return false
	}
	for i, c := range again {
		left, late, err := l.record(ctx, again[i:i+1], callWithin)
		if len(left) == 0 {
			continue
		}
		if !late || !l.answers(ctx) {
			l.calls.add(again[i:]...)
			return false
		}
		l.Log.WarnContext(ctx, "spool loader: a postback takes too long and is decided apart from the others", "log_id", c.ID.String(), "error", err)
		l.slow.add(c)
	}
	return true
}

// answers tells whether the database takes other statements.
func (l *SpoolLoader) answers(ctx context.Context) bool {
	ctx, cancel := context.WithTimeout(ctx, answerWithin)
	defer cancel()
	return l.Ping(ctx) == nil
}

// record settles calls, and gives those that the database did not take: late if it was given time enough for one.
func (l *SpoolLoader) record(ctx context.Context, batch []*storedCall, limit time.Duration) (again []*storedCall, late bool, err error) {
	calls := make([]conversion.Call, len(batch))
	for i, c := range batch {
		calls[i] = c.Call
	}
	began := time.Now()
	within, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	results := l.Record(within, calls)
	l.metrics.decided(results)
	for i, result := range results {
		c := batch[i]
		switch {
		case result.Err == nil && !result.ClickPending:
			l.release(c.segment, 1)
		case errs.Is(result.Err, errs.KindUnavailable) || within.Err() != nil:
			again, err = append(again, c), result.Err
		default:
			l.later(ctx, c, &l.calls, result.Err)
		}
	}
	return again, ctx.Err() == nil && time.Since(began) >= callWithin, err
}

// later puts a call that failed by itself into a queue after ever longer waits.
func (l *SpoolLoader) later(ctx context.Context, c *storedCall, q *callQueue, err error) {
	c.retry = min(max(2*c.retry, callRetryFirst), callRetryMost)
	l.Log.ErrorContext(ctx, "spool loader: a postback cannot be decided and stays in the spool", "log_id", c.ID.String(),
		"next_try_in", c.retry, "error", err)
	time.AfterFunc(c.retry, func() { q.add(c) })
}
