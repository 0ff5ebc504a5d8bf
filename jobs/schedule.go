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
	// Claim is true for the first of all nodes that asks for this turn.
	Claim(ctx context.Context, job string, slot time.Time) (bool, error)
}

// Schedule runs the periodic jobs.
type Schedule struct {
	runs  Runs
	clock domain.Clock
	log   *slog.Logger
	jobs  []Periodic
}

// NewSchedule makes the schedule; Run starts it.
func NewSchedule(runs Runs, clock domain.Clock, log *slog.Logger, jobs ...Periodic) *Schedule {
	return &Schedule{runs: runs, clock: clock, log: log, jobs: jobs}
}

// Run starts each job whenever a multiple of its interval since the Unix epoch begins, until ctx ends; then it waits for
// those under way. A job that takes longer than its interval skips turns. At the start each job has its current turn,
// unless another node took it.
func (s *Schedule) Run(ctx context.Context) error {
	var wg sync.WaitGroup
	for _, j := range s.jobs {
		wg.Go(func() { s.repeat(ctx, j) })
	}
	wg.Wait()
	return nil
}

func (s *Schedule) repeat(ctx context.Context, j Periodic) {
	var last time.Time
	for {
		slot := slotOf(s.clock(), j.Every)
		if !slot.Equal(last) {
			s.turn(ctx, j, slot)
			last = slot
		}
		now := s.clock()
		timer := time.NewTimer(slotOf(now, j.Every).Add(j.Every).Sub(now))
		select {
		case <-ctx.Done():
			timer.Stop()
			return
		case <-timer.C:
		}
	}
}

// slotOf is the turn that an instant belongs to; the same on every node.
func slotOf(now time.Time, every time.Duration) time.Time {
	return time.Unix(0, now.UnixNano()/int64(every)*int64(every)).UTC()
}

func (s *Schedule) turn(ctx context.Context, j Periodic, slot time.Time) {
	mine, err := s.runs.Claim(ctx, j.Name, slot)
	if err == nil && mine {
		err = j.Run(ctx)
	}
	if err != nil && ctx.Err() == nil {
		s.log.ErrorContext(ctx, "periodic job failed", slog.String("job", j.Name), slog.Any("error", err))
	}
}
