package pgstore

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
)

// partitioned are the tables with a partition for each day, UTC.
var partitioned = []string{"clicks", "postback_log"}

const partitionTries = 5

// EnsurePartitions makes the daily partitions of clicks and postback_log from one day to another, both included, where
// they do not exist. Any number of nodes may do so at the same time.
func (db *DB) EnsurePartitions(ctx context.Context, from, to time.Time) error {
	from, to = from.UTC().Truncate(24*time.Hour), to.UTC().Truncate(24*time.Hour)
	for _, table := range partitioned {
		present, err := db.partitions(ctx, table)
		if err != nil {
			return err
		}
		for day := from; !day.After(to); day = day.AddDate(0, 0, 1) {
			if present[partitionName(table, day)] {
				continue
			}
			if err := db.makePartition(ctx, table, day); err != nil {
				return err
			}
		}
	}
	return nil
}

func partitionName(table string, day time.Time) string { return table + day.Format("_20060102") }

func (db *DB) partitions(ctx context.Context, table string) (map[string]bool, error) {
	var names []string
	err := db.orm(ctx).Raw(`SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
		WHERE i.inhparent = ?::regclass`, table).Scan(&names).Error
	if err != nil {
		return nil, translate("list partitions", err)
	}
	present := make(map[string]bool, len(names))
	for _, n := range names {
		present[n] = true
	}
	return present, nil
}

// makePartition waits at most a second for its lock, and tries again. A leaf is made by itself and then attached:
// CREATE TABLE … PARTITION OF would take ACCESS EXCLUSIVE on the table, so it and every click behind it would wait for
// the longest reader, such as a nightly dump. ATTACH PARTITION takes SHARE UPDATE EXCLUSIVE, which neither readers nor
// writers conflict with, and adopts the leaf's indexes; a new leaf is empty, so it has nothing to check. (A distributed
// PostgreSQL does without ATTACH: see CREATE TABLE … PARTITION OF there.)
func (db *DB) makePartition(ctx context.Context, table string, day time.Time) error {
	const layout = "2006-01-02 15:04:05+00"
	leaf := partitionName(table, day)
	deeds := []string{
		fmt.Sprintf("CREATE TABLE IF NOT EXISTS %s (LIKE %s INCLUDING ALL)", leaf, table), // one that was detached may be there
		fmt.Sprintf("ALTER TABLE %s ATTACH PARTITION %s FOR VALUES FROM ('%s') TO ('%s')",
			table, leaf, day.Format(layout), day.AddDate(0, 0, 1).Format(layout)),
	}
	var err error
	for range partitionTries {
		err = db.InTx(ctx, func(ctx context.Context) error {
			// The lock that ATTACH takes anyway, taken first: nodes make partitions one after the other.
			for _, sql := range []string{"SET LOCAL lock_timeout = '1s'", "LOCK TABLE ONLY " + table + " IN SHARE UPDATE EXCLUSIVE MODE"} {
				if err := db.orm(ctx).Exec(sql).Error; err != nil {
					return err
				}
			}
			present, err := db.partitions(ctx, table)
			if err != nil || present[leaf] {
				return err
			}
			for _, sql := range deeds {
				if err := db.orm(ctx).Exec(sql).Error; err != nil {
					return err
				}
			}
			return nil
		})
		if !isPartitionRace(err) {
			break
		}
		select {
		case <-ctx.Done():
			return translate("make partition", ctx.Err())
		case <-time.After(20 * time.Millisecond):
		}
	}
	return translate("make partition", err)
}

// isPartitionRace tells what may pass by itself: somebody else made a table or type of this name, a deadlock, a lock
// that did not come (VACUUM and ANALYZE of the table hold it too).
func isPartitionRace(err error) bool {
	var pg *pgconn.PgError
	if !errors.As(err, &pg) {
		return false
	}
	switch pg.Code {
	case "42P07", "23505", "40P01", "55P03":
		return true
	}
	return false
}

// isMissingPartition tells an insert for a day that has no partition.
func isMissingPartition(err error) bool {
	var pg *pgconn.PgError
	return errors.As(err, &pg) && pg.Code == "23514" && strings.Contains(pg.Message, "no partition of relation")
}
