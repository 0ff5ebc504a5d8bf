package jobs

import (
	"context"
	"encoding/json"
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
	Pace(host string) postback.Pace
}

const (
	// KindDeliver is the asynq kind of Deliver.
	KindDeliver = "postback:deliver"
	// queueDeliver is a queue of its own: nothing else waits behind postbacks, nor they behind it.
	queueDeliver = "deliver"

	deliverTimeout = 60 * time.Second
	// visitLimit and what follows a visit stay below deliverTimeout, beyond which asynq would keep the task as failed.
	visitLimit = 55 * time.Second
	// soon is how far ahead a retry is put into the queue. What is later the sweeper finds.
	soon = time.Minute
)

// Deliver is the payload of a task: one host to which something is due.
type Deliver struct {
	Host string `json:"host"`
}

// newDeliverTask makes the task that visits a host at an instant. Its id collapses the wake-ups of a tenth of a second;
// it is never retried or kept, because the rows say what is owed.
func newDeliverTask(host string, at time.Time) (t *asynq.Task, id string, err error) {
	payload, err := json.Marshal(Deliver{Host: host})
	if err != nil {
		return nil, "", fmt.Errorf("render task: %w", err)
	}
	id = "deliver:" + host + ":" + strconv.FormatInt(at.UnixMilli()/tick.Milliseconds(), 10)
	return asynq.NewTask(KindDeliver, payload, asynq.Queue(queueDeliver), asynq.MaxRetry(0), asynq.Timeout(deliverTimeout),
		asynq.Retention(0), asynq.TaskID(id)), id, nil
}

// deliverHandler works tasks off.
type deliverHandler struct {
	stop   context.Context // ends when the process stops
	visits *visits
	queue  *queue
	clock  domain.Clock
	log    *slog.Logger
}

// ProcessTask implements asynq.Handler. It never returns an error: asynq would put the task into its archive, while the
// row is still there and the sweeper comes by. A visit does not end with asynq's own context, which is whole at a stop
// and over when the task is, but with the process: the requests under way are finished.
func (h *deliverHandler) ProcessTask(ctx context.Context, t *asynq.Task) error {
	var task Deliver
	if err := json.Unmarshal(t.Payload(), &task); err != nil {
		h.log.ErrorContext(ctx, "cannot read a task", slog.String("kind", t.Type()), slog.Any("error", err))
		return nil
	}
	h.visits.visit(h.stop, task.Host, func(visit postback.Visit, err error) {
		if err != nil {
			h.log.ErrorContext(h.stop, "delivery run failed", slog.String("host", task.Host), slog.Any("error", err))
			return
		}
		if !visit.Again || visit.In > soon || h.stop.Err() != nil {
			return
		}
		ctx, cancel := context.WithTimeout(h.stop, wakeTimeout)
		defer cancel()
		if err := h.again(ctx, task.Host, visit.In); err != nil {
			h.log.WarnContext(ctx, "cannot plan the next visit; the sweeper will", slog.String("host", task.Host), slog.Any("error", err))
		}
	})
	return nil
}

// again plans the next visit. asynq cuts a planned time to the second, so it is rounded up: a visit that comes too early
// finds nothing.
func (h *deliverHandler) again(ctx context.Context, host string, in time.Duration) error {
	if in <= 0 {
		return h.queue.wake(ctx, host, h.clock())
	}
	at := h.clock().Add(in + time.Second).Truncate(time.Second)
	return h.queue.wake(ctx, host, at, asynq.ProcessAt(at))
}
