package jobs

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/hibiken/asynq"

	"github.com/waypost/waypost/domain"
)

const (
	// workerSlots is how many hosts the queue delivers to at once in this process.
	workerSlots = 64
)

// Worker takes tasks from the queue.
type Worker struct {
	redis     asynq.RedisConnOpt
	deliverer Deliverer
	clock     domain.Clock
	log       *slog.Logger
}

// NewWorker makes a worker; Run starts it.
func NewWorker(redis asynq.RedisConnOpt, d Deliverer, clock domain.Clock, log *slog.Logger) *Worker {
	return &Worker{redis: redis, deliverer: d, clock: clock, log: log}
}

// Run works until ctx ends, then finishes what is under way, within stopLimit. A Redis that is away, now or later, is waited for.
func (w *Worker) Run(ctx context.Context) error {
	queue := newQueue(w.redis)
	defer func() { _ = queue.close() }()
	visits := newVisits(w.deliverer, visitLimit)
	server := asynq.NewServer(w.redis, asynq.Config{
		Concurrency:              workerSlots,
		Queues:                   map[string]int{queueDeliver: 1},
		TaskCheckInterval:        100 * time.Millisecond, // how long an idle worker may overlook a task
		DelayedTaskCheckInterval: time.Second,
		ShutdownTimeout:          stopLimit,
		Logger:                   asynqLogger{w.log},
		LogLevel:                 asynq.WarnLevel,
	})
	mux := asynq.NewServeMux()
	mux.Handle(KindDeliver, &deliverHandler{stop: ctx, visits: visits, queue: queue, clock: w.clock, log: w.log})
	if err := server.Start(mux); err != nil {
		return fmt.Errorf("start worker: %w", err)
	}
	<-ctx.Done()
	// A Redis that hangs is not waited for.
	finish(ctx, w.log, "delivery workers", func() { server.Shutdown(); visits.wg.Wait() })
	return nil
}

// asynqLogger sends asynq's lines to slog.
type asynqLogger struct{ log *slog.Logger }

func (l asynqLogger) line(args []any) string {
	return strings.TrimSpace("asynq: " + fmt.Sprint(args...))
}

func (l asynqLogger) Debug(args ...any) { l.log.Debug(l.line(args)) }
func (l asynqLogger) Info(args ...any)  { l.log.Info(l.line(args)) }
func (l asynqLogger) Warn(args ...any)  { l.log.Warn(l.line(args)) }
func (l asynqLogger) Error(args ...any) { l.log.Error(l.line(args)) }
func (l asynqLogger) Fatal(args ...any) { l.log.Error(l.line(args)) }
