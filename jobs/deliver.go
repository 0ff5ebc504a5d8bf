package jobs

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"time"

	"github.com/hibiken/asynq"

	"github.com/waypost/waypost/domain"
	"github.com/waypost/waypost/domain/postback"
)

// Deliverer sends what is due for one host; *postback.Service is one.
type Deliverer interface {
	DeliverHost(ctx context.Context, host string) (postback.Visit, error)
	DueHosts(ctx context.Context, olderThan time.Duration) ([]string, error)
}

const (
	// KindDeliver is the asynq kind of Deliver.
	KindDeliver = "postback:deliver"
	// queueDeliver is a queue of its own: nothing else waits behind postbacks, nor they behind it.
	queueDeliver = "deliver"

	deliverTimeout = 60 * time.Second
	// soon is how far ahead a retry is put into the queue. What is later the sweeper finds.
	soon = time.Minute
)

// Deliver is the payload of a task: one host to which something is due.
type Deliver struct {
	Host string `json:"host"`
}

// newDeliverTask makes the task that visits a host at an instant. Its id collapses the wake-ups of a tenth of a second;
// it is never retried or kept, because the rows say what is owed.
func newDeliverTask(host string, at time.Time) (*asynq.Task, error) {
	payload, err := json.Marshal(Deliver{Host: host})
	if err != nil {
		return nil, fmt.Errorf("render task: %w", err)
	}
	return asynq.NewTask(KindDeliver, payload, asynq.Queue(queueDeliver), asynq.MaxRetry(0), asynq.Timeout(deliverTimeout),
		asynq.Retention(0), asynq.TaskID("deliver:"+host+":"+strconv.FormatInt(at.UnixMilli()/100, 10))), nil
}

// deliverHandler works tasks off.
type deliverHandler struct {
	stop      context.Context // ends when the process stops
	deliverer Deliverer
	client    *asynq.Client
	clock     domain.Clock
	log       *slog.Logger
}

// ProcessTask implements asynq.Handler. It never returns an error: asynq would put the task into its archive, while the
// row is still there and the sweeper comes by.
func (h *deliverHandler) ProcessTask(ctx context.Context, t *asynq.Task) error {
	var task Deliver
	if err := json.Unmarshal(t.Payload(), &task); err != nil {
		h.log.ErrorContext(ctx, "cannot read a task", slog.String("kind", t.Type()), slog.Any("error", err))
		return nil
	}
	// asynq's own context stays whole at a stop: were it cancelled, asynq would count the task as failed at once instead
	// of waiting for the requests under way.
	run, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(h.stop, cancel)()
	visit, err := h.deliverer.DeliverHost(run, task.Host)
	if err != nil {
		h.log.ErrorContext(ctx, "delivery run failed", slog.String("host", task.Host), slog.Any("error", err))
		return nil
	}
	if visit.Again && visit.In <= soon {
		if err := h.again(ctx, task.Host, visit.In); err != nil {
			h.log.WarnContext(ctx, "cannot plan the next visit; the sweeper will", slog.String("host", task.Host), slog.Any("error", err))
		}
	}
	return nil
}

// again plans the next visit. The id of its task differs from that of the task that runs now, which still counts. asynq
// cuts a planned time to the second, so it is rounded up: a visit that comes too early finds nothing.
func (h *deliverHandler) again(ctx context.Context, host string, in time.Duration) error {
	if in <= 0 {
		t, err := newDeliverTask(host, h.clock().Add(100*time.Millisecond))
		if err != nil {
			return err
		}
		return enqueue(ctx, h.client, t)
	}
	at := h.clock().Add(in + time.Second).Truncate(time.Second)
	t, err := newDeliverTask(host, at)
	if err != nil {
		return err
	}
	return enqueue(ctx, h.client, t, asynq.ProcessAt(at))
}

// enqueue takes a conflict for success: the same wake-up is in the queue already.
func enqueue(ctx context.Context, client *asynq.Client, t *asynq.Task, options ...asynq.Option) error {
	_, err := client.EnqueueContext(ctx, t, options...)
	if errors.Is(err, asynq.ErrTaskIDConflict) {
		return nil
	}
	return err
}
