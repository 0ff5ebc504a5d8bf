package pgstore

import (
	"context"
	"time"
)

// PeriodicRuns implements jobs.Runs: of several nodes whose schedule fires, the one that inserts the turn's row runs it.
type PeriodicRuns struct{ db *DB }

// PeriodicRuns are the turns of periodic jobs that were taken.
func (db *DB) PeriodicRuns() PeriodicRuns { return PeriodicRuns{db} }

// keptRuns is how long a turn is remembered after its end.
const keptRuns = 7 * 24 * time.Hour

// Claim is true for the first of all nodes that asks during a turn of this job, and says how long until the next turn.
// Turns begin at the multiples of every since the Unix epoch by the database's clock: a node whose clock is wrong takes
// no turn away from others. A row of the future can only come from a clock that was set back; it is forgotten.
func (s PeriodicRuns) Claim(ctx context.Context, job string, every time.Duration) (mine bool, next time.Duration, err error) {
	var turn struct {
		Mine bool
		Next int64 // microseconds
	}
	err = s.db.orm(ctx).Raw(`
		WITH asked AS (SELECT ?::text AS job, make_interval(secs => ?) AS every),
		turn AS (SELECT job, every, date_bin(every, now(), timestamptz 'epoch') AS slot FROM asked),
		claimed AS (INSERT INTO periodic_runs (job, slot) SELECT job, slot FROM turn ON CONFLICT DO NOTHING RETURNING slot),
		forgotten AS (
			DELETE FROM periodic_runs r USING turn
			WHERE r.job = turn.job AND (r.slot < turn.slot - make_interval(secs => ?) OR r.slot > now() + every))
		SELECT EXISTS (SELECT FROM claimed) AS mine, (extract(epoch FROM slot + every - now()) * 1000000)::bigint AS next FROM turn`,
		job, every.Seconds(), (keptRuns + every).Seconds()).Scan(&turn).Error
	return turn.Mine, time.Duration(turn.Next) * time.Microsecond, translate("claim periodic run", err)
}
