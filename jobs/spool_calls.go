package jobs

import (
	"context"
	"sync"
	"time"

	"github.com/waypost/waypost/domain/conversion"
	"github.com/waypost/waypost/domain/errs"
)

const (
	callBatch      = 256
	callRetryFirst = time.Second
	callRetryMost  = 5 * time.Minute
)

// storedCall is a call of the spool that the door did not settle: it was answered 202 queued, or the process died.
type storedCall struct {
	conversion.Call
	segment uint64
	retry   time.Duration // the next wait after a failure of its own
}

// callQueue holds the calls that wait to be decided.
type callQueue struct {
	wake chan struct{} // one token: calls is not empty

	mu    sync.Mutex
	calls []*storedCall
}

func (q *callQueue) add(calls ...*storedCall) {
	q.mu.Lock()
	q.calls = append(q.calls, calls...)
	q.mu.Unlock()
	select {
	case q.wake <- struct{}{}:
	default:
	}
}

// take waits for calls; nil when ctx ends.
func (q *callQueue) take(ctx context.Context) []*storedCall {
	for ctx.Err() == nil {
		q.mu.Lock()
		n := min(len(q.calls), callBatch)
		batch := q.calls[:n:n]
		q.calls = q.calls[n:]
		q.mu.Unlock()
		if n > 0 {
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
		batch := l.calls.take(ctx)
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

// decide is false if the database is away.
func (l *SpoolLoader) decide(ctx context.Context, batch []*storedCall) bool {
	calls := make([]conversion.Call, len(batch))
	for i, c := range batch {
		calls[i] = c.Call
	}
	within, cancel := context.WithTimeout(ctx, loadWithin)
	defer cancel()
	var again []*storedCall
	for i, result := range l.Record(within, calls) {
		c := batch[i]
		switch {
		case result.Err == nil && !result.ClickPending:
			l.release(c.segment, 1)
		case errs.Is(result.Err, errs.KindUnavailable) || ctx.Err() != nil:
			again = append(again, c)
		default:
			c.retry = min(max(2*c.retry, callRetryFirst), callRetryMost)
			l.Log.ErrorContext(ctx, "spool loader: a postback cannot be decided and stays in the spool", "log_id", c.ID.String(),
				"next_try_in", c.retry, "error", result.Err)
			time.AfterFunc(c.retry, func() { l.calls.add(c) })
		}
	}
	if len(again) == 0 {
		return true
	}
	l.calls.add(again...)
	return false
}
