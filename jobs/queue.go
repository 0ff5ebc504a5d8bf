package jobs

import (
	"context"
	"errors"
	"time"

	"github.com/hibiken/asynq"
)

// queue puts tasks into Redis.
type queue struct {
	client    *asynq.Client
	inspector *asynq.Inspector
}

func newQueue(redis asynq.RedisConnOpt) *queue {
	return &queue{client: asynq.NewClient(redis), inspector: asynq.NewInspector(redis)}
}

func (q *queue) close() error { return errors.Join(q.client.Close(), q.inspector.Close()) }

// tick is how long wake-ups of a host collapse into one task.
const tick = 100 * time.Millisecond

// wake puts the task that visits a host into the queue. A task of the same id that still waits is as good; one that
// runs already may have looked for the last time, so the wake-up then takes the next id.
func (q *queue) wake(ctx context.Context, host string, at time.Time, options ...asynq.Option) error {
	var err error
	for range 3 {
		t, id, fault := newDeliverTask(host, at)
		if fault != nil {
			return fault
		}
		_, err = q.client.EnqueueContext(ctx, t, options...)
		if !errors.Is(err, asynq.ErrTaskIDConflict) {
			return err
		}
		info, fault := q.inspector.GetTaskInfo(queueDeliver, id)
		switch {
		case errors.Is(fault, asynq.ErrTaskNotFound), errors.Is(fault, asynq.ErrQueueNotFound): // it ended just now
		case fault != nil:
			return fault
		case info.State == asynq.TaskStateActive:
			at = at.Add(tick)
		default:
			return nil
		}
	}
	return err
}
