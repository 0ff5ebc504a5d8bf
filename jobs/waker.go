package jobs

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/hibiken/asynq"

	"github.com/waypost/waypost/domain"
)

const (
	// wakeTimeout bounds one call to Redis.
	wakeTimeout = 2 * time.Second
	// maxWaiting is how many hosts may wait for a Redis that does not answer; the sweeper finds the others too.
	maxWaiting = 10_000
)

// Waker puts a task per host into the queue. It implements postback.Waker without ever waiting for Redis: a goroutine
// of its own makes the calls, so a conversion is answered as quickly while Redis hangs.
type Waker struct {
	queue *queue
	clock domain.Clock
	log   *slog.Logger

	mu      sync.Mutex
	waiting map[string]struct{}
	closed  bool
	signal  chan struct{} // holds one
	done    chan struct{}
	metrics wakerMetrics
}

// NewWaker starts the goroutine; Close ends it.
func NewWaker(redis asynq.RedisConnOpt, clock domain.Clock, log *slog.Logger) *Waker {
	w := &Waker{queue: newQueue(redis), clock: clock, log: log, waiting: map[string]struct{}{},
		signal: make(chan struct{}, 1), done: make(chan struct{}), metrics: newWakerMetrics()}
	go w.loop()
	return w
}

// Wake implements postback.Waker. It never fails.
func (w *Waker) Wake(_ context.Context, hosts []string) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.closed {
		return nil
	}
	for _, h := range hosts {
		if len(w.waiting) < maxWaiting {
			w.waiting[h] = struct{}{}
		}
	}
	select {
	case w.signal <- struct{}{}:
	default:
	}
	return nil
}

// Close makes the calls that are due, each bounded in time, and ends the connection.
func (w *Waker) Close() error {
	w.mu.Lock()
	if !w.closed {
		w.closed = true
		close(w.signal)
	}
	w.mu.Unlock()
	<-w.done
	return w.queue.close()
}

func (w *Waker) loop() {
	defer close(w.done)
	for range w.signal {
		w.mu.Lock()
		hosts := w.waiting
		w.waiting = map[string]struct{}{}
		w.mu.Unlock()
		w.wake(hosts)
	}
}

// wake gives up at the first failure: what Redis does not take now it will not take a moment later, and the sweeper
// finds the rows.
func (w *Waker) wake(hosts map[string]struct{}) {
	for host := range hosts {
		ctx, cancel := context.WithTimeout(context.Background(), wakeTimeout)
		err := w.queue.wake(ctx, host, w.clock())
		cancel()
		if err != nil {
			w.metrics.failed.Inc()
			w.log.Warn("cannot wake the delivery workers; the sweeper will", slog.Int("hosts", len(hosts)), slog.Any("error", err))
			return
		}
		w.metrics.sent.Inc()
	}
}
