package pgstore

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/waypost/waypost/domain/report"
)

// Rollups keeps clicks added up by half hour and by day, natively. Spans that are over are recomputed whole from the
// clicks, so a run may be repeated, broken off, and made on several nodes at once.
//
// A click that comes after its span was added up, be it while that is being done, must not go missing. Whoever inserts
// clicks of a UTC day holds a lock that is shared with other inserters until its commit, and then takes the spans that
// they change away from those that are current or claimed (noteClicks). Whoever adds up claims its spans under the same
// lock, alone, for a moment: an insert from before is visible to what it then reads, and one that comes later sees the
// claim. What is still claimed at the end becomes current in the transaction that writes the sums.
type Rollups struct{ db *DB }

// Rollups is the store of clicks added up.
func (db *DB) Rollups() Rollups { return Rollups{db} }

// Locks of a UTC day, by its number since 1970; of transactions only.
const (
	lockInserts int32 = 0x57500001 // shared by who inserts clicks
	lockRoll    int32 = 0x57500002 // of who adds up, for all of that time
)

const (
	// rollFor is how long a run goes on to another day; the next one begins with the newest again.
	rollFor = 45 * time.Second
	// rollSettings hold while a day is added up, however many clicks it has.
	rollSettings = `SET LOCAL work_mem = '128MB'; SET LOCAL statement_timeout = '10min'; SET LOCAL jit = off`
)

func dayNumber(day time.Time) int32 { return int32(day.Unix() / int64(24*time.Hour/time.Second)) }

// Roll adds up the spans that were over before a moment and are not added up or no longer current, the newest days
// first. Days that fail do not keep others from their turn.
func (s Rollups) Roll(ctx context.Context, over time.Time) error {
	days, err := s.Waiting(ctx, over)
	if err != nil {
		return err
	}
	var faults []error
	for began := time.Now(); len(days) > 0 && time.Since(began) < rollFor && ctx.Err() == nil; days = days[1:] {
		if err := s.rollDay(ctx, days[0].Day, days[0].Spans); err != nil {
			faults = append(faults, fmt.Errorf("add up the clicks of %s: %w", days[0].Day.Format(time.DateOnly), err))
		}
	}
	return errors.Join(faults...)
}

// RollAll adds up all that was over before a moment, however long it takes.
func (s Rollups) RollAll(ctx context.Context, over time.Time) error {
	for {
		days, err := s.Waiting(ctx, over)
		if err != nil || len(days) == 0 {
			return err
		}
		if err := s.Roll(ctx, over); err != nil {
			return err
		}
		select { // another run may be at a day
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// Waiting are the days with spans that were over before a moment and are not current, newest first.
func (s Rollups) Waiting(ctx context.Context, over time.Time) ([]report.Rolled, error) {
	present, err := s.db.partitions(ctx, "clicks")
	if err != nil {
		return nil, err
	}
	rolled, err := rolledDays(ctx, s.db.native(ctx), time.Time{}, over.AddDate(0, 0, 1))
	if err != nil {
		return nil, err
	}
	known := make(map[time.Time]report.Rolled, len(rolled))
	for _, r := range rolled {
		known[r.Day] = r
	}
	var days []report.Rolled
	for name := range present {
		day, ok := partitionDay("clicks", name)
		if !ok || known[day].Dropped {
			continue
		}
		if missing := report.SpansEnded(day, over) &^ known[day].Spans; missing != 0 {
			days = append(days, report.Rolled{Day: day, Spans: missing})
		}
	}
	slices.SortFunc(days, func(a, b report.Rolled) int { return b.Day.Compare(a.Day) })
	return days, nil
}

// rolledDays tells what is added up of the days that touch a period.
func rolledDays(ctx context.Context, q querier, from, to time.Time) ([]report.Rolled, error) {
	rows, err := q.Query(ctx, `SELECT day, spans, dropped FROM stats_days WHERE day >= $1::date AND day <= $2::date ORDER BY day`, from.UTC(), to.UTC())
	if err != nil {
		return nil, translate("read what is added up", err)
	}
	days, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (r report.Rolled, err error) {
		err = row.Scan(&r.Day, (*int64)(&r.Spans), &r.Dropped)
		return r, err
	})
	return days, translate("read what is added up", err)
}

// rollDay adds up spans of a day. It does nothing while somebody else does so.
func (s Rollups) rollDay(ctx context.Context, day time.Time, spans report.Spans) error {
	claim, spans, err := s.claim(ctx, day, spans)
	if err != nil || spans == 0 {
		return err
	}
	err = s.db.InTx(ctx, func(ctx context.Context) error {
		q := s.db.native(ctx)
		if _, err := q.Exec(ctx, rollSettings); err != nil {
			return translate("add up", err)
		}
		var mine bool
		if err := q.QueryRow(ctx, `SELECT pg_try_advisory_xact_lock($1, $2)`, lockRoll, dayNumber(day)).Scan(&mine); err != nil || !mine {
			return translate("add up", err)
		}
		starts, whole := spans.Starts(day), spans&report.WholeDay != 0
		until := day.Add(24 * time.Hour)
		if !whole {
			until = starts[len(starts)-1].Add(report.Span)
		}
		b := &pgx.Batch{}
		b.Queue(`DELETE FROM stats_halfhourly WHERE starts_at = ANY($1)`, starts)
		b.Queue(`DELETE FROM stats_daily WHERE starts_at = $1 AND $2`, day, whole)
		b.Queue(`DELETE FROM stats_daily_country WHERE starts_at = $1 AND $2`, day, whole)
		b.Queue(rollSpans, day, until, starts, whole)
		var current bool
		b.Queue(`WITH done AS (UPDATE stats_days SET spans = spans | claimed, claimed = 0 WHERE day = $1::date AND claim = $2 RETURNING day)
			SELECT EXISTS (SELECT FROM done)`, day, claim).QueryRow(func(row pgx.Row) error { return row.Scan(&current) })
		if err := q.SendBatch(ctx, b).Close(); err != nil {
			return translate("add up", err)
		}
		if !current { // somebody claimed the day meanwhile, and adds up all of it
			return errSuperseded
		}
		return nil
	})
	if errors.Is(err, errSuperseded) {
		return nil
	}
	return err
}

// errSuperseded rolls back what nobody needs.
var errSuperseded = errors.New("the day was claimed by another run")

// claim gives the spans that are to be added up, of those that are wanted: none while another run is at the day.
func (s Rollups) claim(ctx context.Context, day time.Time, wanted report.Spans) (number int64, spans report.Spans, err error) {
	err = s.db.InTx(ctx, func(ctx context.Context) error {
		q := s.db.native(ctx)
		var mine bool
		if err := q.QueryRow(ctx, `SELECT pg_try_advisory_xact_lock($1, $2)`, lockRoll, dayNumber(day)).Scan(&mine); err != nil || !mine {
			return translate("claim a day's spans", err)
		}
		b := &pgx.Batch{}
		b.Queue(`SET LOCAL lock_timeout = '1s'`) // who inserts waits behind us
		b.Queue(`SELECT pg_advisory_xact_lock($1, $2)`, lockInserts, dayNumber(day))
		b.Queue(`INSERT INTO stats_days AS d (day, claimed, claim) VALUES ($1::date, $2, 1)
			ON CONFLICT (day) DO UPDATE SET claimed = CASE WHEN d.dropped THEN 0 ELSE excluded.claimed & ~d.spans END, claim = d.claim + 1
			RETURNING claim, claimed`, day, int64(wanted)).
			QueryRow(func(row pgx.Row) error { return row.Scan(&number, (*int64)(&spans)) })
		return q.SendBatch(ctx, b).Close()
	})
	if isPartitionRace(err) { // somebody inserts for long: the next run comes soon
		return 0, 0, nil
	}
	return number, spans, translate("claim a day's spans", err)
}

// rollSpans adds up a day's clicks, read from its start: which click is its visitor's first depends on all before it.
const rollSpans = `WITH visit AS (
	SELECT c.affiliate_id, c.offer_id, c.advertiser_id, c.country, date_bin('30 minutes', c.created_at, $1) AS span, c.reason = '' AS valid,
		` + firstOfVisitor + ` AS first
	FROM clicks c WHERE c.created_at >= $1 AND c.created_at < $2
), cells AS MATERIALIZED (
	SELECT affiliate_id, offer_id, advertiser_id, country, span, count(*) FILTER (WHERE valid) AS clicks,
		count(*) FILTER (WHERE valid AND first) AS firsts, count(*) FILTER (WHERE NOT valid) AS refused
	FROM visit GROUP BY 1, 2, 3, 4, 5
), halves AS (
	INSERT INTO stats_halfhourly (affiliate_id, starts_at, offer_id, advertiser_id, clicks, unique_clicks, invalid_clicks)
	SELECT affiliate_id, span, offer_id, advertiser_id, sum(clicks), sum(firsts), sum(refused) FROM cells WHERE span = ANY($3::timestamptz[])
	GROUP BY 1, 2, 3, 4
), days AS (
	INSERT INTO stats_daily (affiliate_id, starts_at, offer_id, advertiser_id, clicks, unique_clicks, invalid_clicks)
	SELECT affiliate_id, $1::timestamptz, offer_id, advertiser_id, sum(clicks), sum(firsts), sum(refused) FROM cells WHERE $4::boolean
	GROUP BY 1, 3, 4
)
INSERT INTO stats_daily_country (affiliate_id, starts_at, offer_id, advertiser_id, country, clicks, unique_clicks, invalid_clicks)
SELECT affiliate_id, $1::timestamptz, offer_id, advertiser_id, country, sum(clicks), sum(firsts), sum(refused) FROM cells WHERE $4::boolean
GROUP BY 1, 3, 4, 5`

// noteClicks queues what goes before an insert of clicks of one UTC day, in its transaction. See Rollups.
func noteClicks(b *pgx.Batch, day, first time.Time) {
	b.Queue(`SELECT pg_advisory_xact_lock_shared($1, $2)`, lockInserts, dayNumber(day))
	b.Queue(`UPDATE stats_days SET spans = spans & ~$2::bigint, claimed = claimed & ~$2::bigint
		WHERE day = $1::date AND NOT dropped AND (spans | claimed) & $2::bigint <> 0`, day, int64(report.SpansSince(first)))
}
