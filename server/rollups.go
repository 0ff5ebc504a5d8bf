package server

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/waypost/waypost/domain"
	"github.com/waypost/waypost/jobs"
	"github.com/waypost/waypost/store/pgstore"
)

// rollAfter is how long a span of time has to be over before its clicks are added up: those that are on their way to the
// database have mostly arrived, for each that comes later lets its span be added up again.
const rollAfter = 5 * time.Minute

// clickJobs add clicks up, and drop those that are no longer kept.
func (s *Server) clickJobs() []jobs.Periodic {
	all := []jobs.Periodic{{Name: "rollups", Every: time.Minute, Run: func(ctx context.Context) error {
		return s.db.Rollups().Roll(ctx, now().Add(-rollAfter))
	}}}
	if s.cfg.RetentionDays > 0 {
		all = append(all, jobs.Periodic{Name: "retention", Every: time.Hour, Run: func(ctx context.Context) error {
			return dropOld(ctx, s.db, s.cfg.RetentionDays, s.log)
		}})
	}
	return all
}

// dropOld drops the clicks and calls of days that are older than so many.
func dropOld(ctx context.Context, db *pgstore.DB, days int, log *slog.Logger) error {
	dropped, err := db.DropPartitions(ctx, now().AddDate(0, 0, -days))
	if len(dropped) > 0 {
		log.InfoContext(ctx, "old clicks and calls dropped", "days", days, "tables", dropped)
	}
	return err
}

// checkPartitions is an error when too few days are made ahead: the loader makes those it needs, but that it has to is a
// sign that no worker runs.
func checkPartitions(ctx context.Context, db *pgstore.DB) error {
	until, err := db.PartitionsUntil(ctx)
	if err != nil {
		return err
	}
	if until.Sub(now()) < partitionsWarn {
		return fmt.Errorf("clicks and calls have partitions until %s only; let a worker run, or run waypost migrate", until.Format(time.DateOnly))
	}
	return nil
}

var (
	daysAhead      = gauge("partitions_ahead_days", "Days from now on that have partitions for clicks and postbacks; below 3 no worker makes them.")
	rollupsWaiting = gauge("rollups_waiting_days", "Days with half hours that have been over for an hour and whose clicks are not added up: reports of them are slow, and they are not dropped.")
)

// daysCollector tells of the days of clicks: those that are made ahead, and those that are to be added up.
type daysCollector struct {
	db    *pgstore.DB
	clock domain.Clock

	mu      sync.Mutex
	asked   time.Time
	ahead   float64
	waiting int
	err     error
}

// Describe implements prometheus.Collector.
func (c *daysCollector) Describe(to chan<- *prometheus.Desc) {
	to <- daysAhead
	to <- rollupsWaiting
}

// Collect implements prometheus.Collector. Nothing is told while the database does not answer: see backlogUp.
func (c *daysCollector) Collect(to chan<- prometheus.Metric) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if at := c.clock(); c.asked.IsZero() || at.Sub(c.asked).Abs() >= backlogEvery {
		ctx, cancel := context.WithTimeout(context.Background(), backlogWithin)
		c.err = c.ask(ctx, at)
		cancel()
		c.asked = at
	}
	if c.err == nil {
		send(to, daysAhead, c.ahead)
		send(to, rollupsWaiting, float64(c.waiting))
	}
}

func (c *daysCollector) ask(ctx context.Context, at time.Time) error {
	until, err := c.db.PartitionsUntil(ctx)
	if err != nil {
		return err
	}
	c.ahead = max(0, until.Sub(at).Hours()/24)
	days, err := c.db.Rollups().Waiting(ctx, at.Add(-rollupsLate))
	c.waiting = len(days)
	return err
}

// rollupsLate is how long a span may be over until it is noticed that nobody adds it up.
const rollupsLate = time.Hour

// rollups judges whether somebody adds clicks up.
func (d *doctor) rollups(ctx context.Context, db *pgstore.DB) {
	const check = "rollups"
	days, err := db.Rollups().Waiting(ctx, now().Add(-rollupsLate))
	switch {
	case err != nil:
		d.fail(check, causeOf(err), "try again when the database is less busy")
	case len(days) > 0:
		d.warn(check, fmt.Sprintf("the clicks of %d days are not added up, the newest of %s: reports of them are slow, and they are not dropped",
			len(days), days[0].Day.Format(time.DateOnly)), "let a process with role worker run: it adds up every minute, after an upgrade a day at a time; its log says what keeps it")
	default:
		d.ok(check, "clicks are added up for reports")
	}
}
