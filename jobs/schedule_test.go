package jobs_test

import (
	"context"
	"errors"
	"log/slog"
	"sync/atomic"
	"testing"
	"time"

	"github.com/waypost/waypost/jobs"
	"github.com/waypost/waypost/store/storetest"
)

// Three nodes fire at the same turns; each turn is run once, and a job that fails does not stop the others.
func TestScheduleRunsEachTurnOnce(t *testing.T) {
	t.Parallel()
	db := storetest.New(t)
	var runs, failing atomic.Int64
	every := 200 * time.Millisecond
	for range 3 {
		during(t, jobs.NewSchedule(db.PeriodicRuns(), clock, discard,
			jobs.Periodic{Name: "counts", Every: every, Run: func(context.Context) error { runs.Add(1); return nil }},
			jobs.Periodic{Name: "fails", Every: every, Run: func(context.Context) error { failing.Add(1); return errors.New("no") }}).Run)
	}
	eventually(t, 10*time.Second, "five turns", func() bool { return runs.Load() >= 5 && failing.Load() >= 5 })
	var turns int64
	if err := db.Pool().QueryRow(t.Context(), `SELECT count(*) FROM periodic_runs WHERE job = 'counts'`).Scan(&turns); err != nil {
		t.Fatal(err)
	}
	if ran := runs.Load(); ran > turns+1 || ran < turns-1 { // one may be under way
		t.Errorf("%d runs in %d turns", ran, turns)
	}
	var odd int
	if err := db.Pool().QueryRow(t.Context(), `SELECT count(*) FROM periodic_runs WHERE (extract(epoch FROM slot) * 1000)::bigint % 200 <> 0`).Scan(&odd); err != nil || odd != 0 {
		t.Errorf("%d turns are no multiple of the interval, %v", odd, err)
	}
}

func TestClaim(t *testing.T) {
	t.Parallel()
	db := storetest.New(t)
	runs := db.PeriodicRuns()
	claim := func(job string, every time.Duration) bool {
		t.Helper()
		mine, next, err := runs.Claim(t.Context(), job, every)
		if err != nil || next <= 0 || next > every {
			t.Fatalf("next turn in %s of %s, %v", next, every, err)
		}
		return mine
	}
	const long = 100 * 365 * 24 * time.Hour // nobody crosses its boundary
	exec := func(sql string) {
		t.Helper()
		if _, err := db.Pool().Exec(t.Context(), sql); err != nil {
			t.Fatal(err)
		}
	}
	if !claim("a", long) || claim("a", long) || !claim("b", long) {
		t.Error("a turn was given twice or not at all")
	}
	// Turns that a clock ahead of ours took stop nobody, and both they and old ones are forgotten.
	exec(`DELETE FROM periodic_runs`)
	exec(`INSERT INTO periodic_runs (job, slot) SELECT 'c', date_bin('1 hour', now(), 'epoch') + i * interval '1 hour' FROM generate_series(2, 50) i`)
	exec(`INSERT INTO periodic_runs (job, slot) SELECT 'c', now() - i * interval '1 day' FROM generate_series(9, 50) i`)
	if !claim("c", time.Hour) {
		t.Error("the present turn was not given")
	}
	var left int
	if err := db.Pool().QueryRow(t.Context(), `SELECT count(*) FROM periodic_runs`).Scan(&left); err != nil || left != 1 {
		t.Errorf("%d turns are remembered, want 1, %v", left, err)
	}
}

// A node whose clock is a day ahead takes no turn away from the others.
func TestClockAheadStopsNobody(t *testing.T) {
	t.Parallel()
	db := storetest.New(t)
	every := 200 * time.Millisecond
	var before atomic.Int64
	ahead := jobs.Periodic{Name: "job", Every: every, Run: func(context.Context) error { before.Add(1); return nil }}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() {
		ended <- jobs.NewSchedule(db.PeriodicRuns(), func() time.Time { return clock().Add(24 * time.Hour) }, discard, ahead).Run(ctx)
	}()
	eventually(t, 10*time.Second, "the fast node runs", func() bool { return before.Load() > 1 })
	stop()
	<-ended
	var future int
	if err := db.Pool().QueryRow(t.Context(), `SELECT count(*) FROM periodic_runs WHERE slot > now()`).Scan(&future); err != nil || future != 0 {
		t.Errorf("%d turns of the future were taken, %v", future, err)
	}
}

// counter counts the lines of a log by level.
type counter struct {
	slog.Handler
	errors, infos atomic.Int64
}

func (c *counter) Enabled(context.Context, slog.Level) bool { return true }
func (c *counter) WithAttrs([]slog.Attr) slog.Handler       { return c }
func (c *counter) WithGroup(string) slog.Handler            { return c }
func (c *counter) Handle(_ context.Context, r slog.Record) error {
	if r.Level >= slog.LevelError {
		c.errors.Add(1)
	} else {
		c.infos.Add(1)
	}
	return nil
}

// A job that fails again and again is one line, and one when it works again.
func TestFailingJobIsLoggedOnce(t *testing.T) {
	t.Parallel()
	var lines counter
	var runs atomic.Int64
	during(t, jobs.NewSchedule(storetest.New(t).PeriodicRuns(), clock, slog.New(&lines), jobs.Periodic{Name: "job", Every: 50 * time.Millisecond,
		Run: func(context.Context) error {
			if runs.Add(1) < 5 {
				return errors.New("away")
			}
			return nil
		}}).Run)
	eventually(t, 10*time.Second, "eight turns", func() bool { return runs.Load() >= 8 })
	if lines.errors.Load() != 1 || lines.infos.Load() != 1 {
		t.Errorf("%d errors and %d other lines, want one each", lines.errors.Load(), lines.infos.Load())
	}
}
