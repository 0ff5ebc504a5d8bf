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

// partitionDay is the day (UTC) of a partition that partitionName named.
func partitionDay(table, name string) (day time.Time, ok bool) {
	day, err := time.Parse(table+"_20060102", name)
	return day, err == nil
}

// DropPartitions drops the daily partitions of clicks and postback_log before a day, the oldest first, and returns
// their names. What clicks add up to stays: a day that is not wholly added up keeps its clicks, and a day with calls
// that are not decided its calls. Each is dropped by itself; one that somebody reads for long is left for the next time,
// and the error says so.
func (db *DB) DropPartitions(ctx context.Context, before time.Time) (dropped []string, err error) {
	var faults []error
	for _, table := range partitioned {
		present, err := db.partitions(ctx, table)
		if err != nil {
			return dropped, err
		}
		var days []time.Time
		for name := range present {
			if day, ok := partitionDay(table, name); ok && day.Before(before.UTC().Truncate(24*time.Hour)) {
				days = append(days, day)
			}
		}
		slices.SortFunc(days, time.Time.Compare)
		for _, day := range days {
			gone, err := db.dropPartition(ctx, table, day)
			if err != nil {
				faults = append(faults, fmt.Errorf("drop %s: %w", partitionName(table, day), err))
			} else if gone {
				dropped = append(dropped, partitionName(table, day))
			}
		}
	}
	return dropped, errors.Join(faults...)
}

// dropPartition is false where the day still holds what nobody else does. The lock of the whole table that a drop takes
// is waited for no longer than clicks and calls can wait behind it.
func (db *DB) dropPartition(ctx context.Context, table string, day time.Time) (gone bool, err error) {
	leaf := partitionName(table, day)
	for try := range partitionTries {
		err = db.InTx(ctx, func(ctx context.Context) error {
			q := db.native(ctx)
			if _, err := q.Exec(ctx, `SET LOCAL lock_timeout = '300ms'`); err != nil {
				return err
			}
			free := `SELECT NOT EXISTS (SELECT FROM ` + quote(leaf) + ` WHERE status = 'queued')`
			var args []any
			if table == "clicks" {
				if _, err := q.Exec(ctx, `SELECT pg_advisory_xact_lock($1, $2)`, lockInserts, dayNumber(day)); err != nil {
					return err
				}
				free = `WITH d AS (UPDATE stats_days SET dropped = true WHERE day = $1::date AND (dropped OR spans = $2) RETURNING day) SELECT EXISTS (SELECT FROM d)`
				args = []any{day, int64(report.AllSpans)}
			}
			if err := q.QueryRow(ctx, free, args...).Scan(&gone); err != nil || !gone {
				return err
			}
			_, err := q.Exec(ctx, `DROP TABLE `+quote(leaf))
			return err
		})
		if !isPartitionRace(err) || try == partitionTries-1 {
			break
		}
		select {
		case <-ctx.Done():
			return false, translate("drop partition", ctx.Err())
		case <-time.After(200 * time.Millisecond):
		}
	}
	return gone && err == nil, translate("drop partition", err)
}

// clicksDropped tells whether the clicks of a day are no longer kept.
func (db *DB) clicksDropped(ctx context.Context, day time.Time) (dropped bool, err error) {
	err = db.native(ctx).QueryRow(ctx, `SELECT dropped FROM stats_days WHERE day = $1::date`, day).Scan(&dropped)
	if errors.Is(err, pgx.ErrNoRows) {
		return false, nil
	}
	return dropped, translate("look for a day's clicks", err)
}
