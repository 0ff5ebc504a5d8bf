package pgstore

import (
	"context"
	"time"
)

// PeriodicRuns implements jobs.Runs: of several nodes whose schedule fires, the one that inserts the turn's row runs it.
type PeriodicRuns struct{ db *DB }

// PeriodicRuns are the turns of periodic jobs that were taken.
func (db *DB) PeriodicRuns() PeriodicRuns { return PeriodicRuns{db} }

// keptRuns is how long a turn is remembered: longer than any clock is wrong.
const keptRuns = 7 * 24 * time.Hour

// Claim is true for the first that asks for this turn of this job.
func (s PeriodicRuns) Claim(ctx context.Context, job string, slot time.Time) (bool, error) {
	inserted := s.db.orm(ctx).Exec(`INSERT INTO periodic_runs (job, slot) VALUES (?, ?) ON CONFLICT DO NOTHING`, job, slot)
	if inserted.Error != nil {
		return false, translate("claim periodic run", inserted.Error)
	}
	if inserted.RowsAffected == 0 {
		return false, nil
	}
	err := s.db.orm(ctx).Exec(`DELETE FROM periodic_runs WHERE job = ? AND slot < ?`, job, slot.Add(-keptRuns)).Error
	return true, translate("forget periodic runs", err)
}
