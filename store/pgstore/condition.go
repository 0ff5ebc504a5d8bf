package pgstore

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
)

// Condition is the state of the database server and of what Waypost keeps in it, for waypost doctor. What lies behind
// Migration is zero where there is no schema yet.
type Condition struct {
	Version           int // as 170002 = 17.2
	Fsync             bool
	FullPageWrites    bool
	SynchronousCommit string
	MaxConnections    int // for ordinary roles
	Connections       int // of clients, now
	Clock             time.Time
	Migration         int64
	PartitionsUntil   time.Time // from then on a partitioned table lacks one
	Operators         int       // who may log in
	Superuser         bool      // is the role
	Rewritable        []string  // append-only tables whose rows the role may change or delete
}

// Condition reads it; nothing is changed.
func (db *DB) Condition(ctx context.Context) (c Condition, err error) {
	q := db.native(ctx)
	err = q.QueryRow(ctx, `SELECT current_setting('server_version_num')::int, current_setting('fsync')::bool,
		current_setting('full_page_writes')::bool, current_setting('synchronous_commit'),
		current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int,
		(SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend'), clock_timestamp()`).
		Scan(&c.Version, &c.Fsync, &c.FullPageWrites, &c.SynchronousCommit, &c.MaxConnections, &c.Connections, &c.Clock)
	if err != nil {
		return c, translate("read the server's settings", err)
	}
	if c.Migration, err = migrationOf(ctx, q); err != nil || c.Migration == 0 {
		return c, err
	}
	err = q.QueryRow(ctx, `SELECT rolsuper, ARRAY(SELECT t FROM unnest(ARRAY['ledger_entries', 'audit_log']) t
			WHERE has_table_privilege(t, 'UPDATE, DELETE, TRUNCATE') ORDER BY t)
		FROM pg_roles WHERE rolname = current_user`).Scan(&c.Superuser, &c.Rewritable)
	if err != nil {
		return c, translate("read the role's rights", err)
	}
	if c.PartitionsUntil, err = db.PartitionsUntil(ctx); err != nil {
		return c, err
	}
	err = q.QueryRow(ctx, `SELECT count(*) FROM users WHERE status = 'active' AND affiliate_id IS NULL AND advertiser_id IS NULL`).Scan(&c.Operators)
	return c, translate("count operators", err)
}

// PartitionsUntil is the first day, from today on, for which a partitioned table has no partition.
func (db *DB) PartitionsUntil(ctx context.Context) (first time.Time, err error) {
	for _, table := range partitioned {
		until, err := db.partitionsUntil(ctx, table)
		if err != nil {
			return first, err
		}
		if first.IsZero() || until.Before(first) {
			first = until
		}
	}
	return first, nil
}

// partitionsUntil is the first day, from today on, for which the table has no partition.
func (db *DB) partitionsUntil(ctx context.Context, table string) (time.Time, error) {
	present, err := db.partitions(ctx, table)
	if err != nil {
		return time.Time{}, err
	}
	day := time.Now().UTC().Truncate(24 * time.Hour)
	for present[partitionName(table, day)] {
		day = day.AddDate(0, 0, 1)
	}
	return day, nil
}

// Backlog is the work that waits in the database.
type Backlog struct {
	Deliveries    map[string]int64 // waiting, by status: pending, retrying
	Overdue       int64            // deliveries that have been due for a minute and that nobody leased
	OldestOverdue time.Time        // when the first of them was due; zero where there is none
	Recent        map[string]int64 // deliveries made in the past hour, by status
	Queued        int64            // postbacks that are stored but not yet decided
	OldestQueued  time.Time        // zero where there is none
	Mails         int64            // that wait to be sent
	OldestMail    time.Time        // zero where there is none
}

// Backlog counts what waits, each part by an index of its own.
func (db *DB) Backlog(ctx context.Context) (b Backlog, err error) {
	q := db.native(ctx)
	if b.Deliveries, err = counts(ctx, q, `SELECT status, count(*) FROM deliveries WHERE status IN ('pending', 'retrying') GROUP BY status`); err != nil {
		return b, err
	}
	if b.Recent, err = counts(ctx, q, `SELECT status, count(*) FROM deliveries WHERE created_at > now() - interval '1 hour' GROUP BY status`); err != nil {
		return b, err
	}
	for _, count := range []struct {
		sql string
		n   *int64
		at  *time.Time
	}{
		{`SELECT count(*), min(next_attempt_at) FROM deliveries WHERE status IN ('pending', 'retrying')
			AND next_attempt_at < now() - interval '1 minute' AND (lease_until IS NULL OR lease_until < now())`, &b.Overdue, &b.OldestOverdue},
		{`SELECT count(*), min(received_at) FROM postback_log WHERE status = 'queued'`, &b.Queued, &b.OldestQueued},
		{`SELECT count(*), min(created_at) FROM mails WHERE next_attempt_at IS NOT NULL`, &b.Mails, &b.OldestMail},
	} {
		var oldest *time.Time
		if err := q.QueryRow(ctx, count.sql).Scan(count.n, &oldest); err != nil {
			return b, translate("count what waits", err)
		}
		if oldest != nil {
			*count.at = *oldest
		}
	}
	return b, nil
}

func counts(ctx context.Context, q querier, sql string) (map[string]int64, error) {
	rows, _ := q.Query(ctx, sql) // its error is given by CollectRows
	pairs, err := pgx.CollectRows(rows, pgx.RowToStructByPos[struct {
		Name  string
		Count int64
	}])
	if err != nil {
		return nil, translate("count deliveries", err)
	}
	byName := make(map[string]int64, len(pairs))
	for _, p := range pairs {
		byName[p.Name] = p.Count
	}
	return byName, nil
}

// VersionText is the server's version as people write it, such as 17.2.
func (c Condition) VersionText() string {
	return fmt.Sprintf("%d.%d", c.Version/10000, c.Version%10000)
}
