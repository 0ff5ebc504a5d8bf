package jobs

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/waypost/waypost/domain"
)

// Periodic is something that is done every so often, by one node of all.
type Periodic struct {
	Name  string
	Every time.Duration
	Run   func(ctx context.Context) error
}

// Runs remembers which turns of periodic jobs were taken.
type Runs interface {
	// Claim is true for the first of all nodes that asks during a turn, and says how long until the next turn begins.
	// Turns begin at the multiples of every since the Unix epoch, by one clock for all nodes.
	Claim(ctx context.Context, job string, every time.Duration) (mine bool, next time.Duration, err error)
}

const (
	// claimWithin bounds the question whose turn it is.
	claimWithin = 10 * time.Second
	// claimAgain is how soon a question that failed is asked again.
	claimAgain = 5 * time.Second
)

// Schedule runs the periodic jobs.
type Schedule struct {
	runs  Runs
	clock domain.Clock
	log   *slog.Logger
	jobs  []Periodic

	metrics scheduleMetrics
}

// NewSchedule makes the schedule; Run starts it.
func NewSchedule(runs Runs, clock domain.Clock, log *slog.Logger, jobs ...Periodic) *Schedule {
	return &Schedule{runs: runs, clock: clock, log: log, jobs: jobs, metrics: newScheduleMetrics(jobs)}
}

// Run starts each job at its turns until ctx ends; then it waits up to stopLimit for those under way. A job that takes
// longer than its interval skips turns. At the start each job has its current turn, unless another node took it.
func (s *Schedule) Run(ctx context.Context) error {
	var wg sync.WaitGroup
	for _, j := range s.jobs {
		wg.Go(func() { s.repeat(ctx, j) })
	}
	finish(ctx, s.log, "periodic jobs", wg.Wait)
	return nil
}

func (s *Schedule) repeat(ctx context.Context, j Periodic) {
	health := health{log: s.log.With(slog.String("job", j.Name)), what: "periodic job"}
	for ctx.Err() == nil {
		asked := s.clock()
		next := s.turn(ctx, j, &health)
		timer := time.NewTimer(min(next, next-s.clock().Sub(asked))) // a clock that was set back prolongs no wait
		select {
		case <-ctx.Done():
			timer.Stop()
			return
		case <-timer.C:
		}
	}
}

// turn runs the job if its turn is ours, and says how long after the call the next question is due. A turn of another
// node says nothing about how the job fares.
func (s *Schedule) turn(ctx context.Context, j Periodic, h *health) time.Duration {
	within, cancel := context.WithTimeout(ctx, claimWithin)
	defer cancel()
	mine, next, err := s.runs.Claim(within, j.Name, j.Every)
	if err != nil {
		next = min(j.Every, claimAgain)
	} else if mine {
		began := time.Now()
		err = j.Run(ctx)
		s.metrics.note(ctx, j.Name, began, err)
	}
	if ctx.Err() == nil && (mine || err != nil) {
		h.note(ctx, err)
	}
	return next
}
