package jobs_test

import (
	"context"
	"errors"
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
	runs := storetest.New(t).PeriodicRuns()
	slot := time.Date(2026, 1, 2, 3, 0, 0, 0, time.UTC)
	claim := func(job string, at time.Time) bool {
		t.Helper()
		mine, err := runs.Claim(t.Context(), job, at)
		if err != nil {
			t.Fatal(err)
		}
		return mine
	}
	if !claim("a", slot) || claim("a", slot) || !claim("b", slot) || !claim("a", slot.Add(time.Hour)) {
		t.Error("a turn was given twice or not at all")
	}
	// Old turns are forgotten.
	if !claim("a", slot.Add(30*24*time.Hour)) || !claim("a", slot) {
		t.Error("an old turn is still remembered")
	}
}
