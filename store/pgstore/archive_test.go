package pgstore_test

import (
	"bytes"
	"context"
	"testing"
	"time"

	"github.com/waypost/waypost/store/pgstore"
	"github.com/waypost/waypost/store/storetest"
)

func mustOpenArchive(t *testing.T, url string) *pgstore.Archive {
	t.Helper()
	a, err := pgstore.OpenArchive(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { a.Close(context.Background()) })
	return a
}

// TestArchiveCopiesEveryTable: texts with every sign that COPY escapes, append-only tables, partitions, sequences.
func TestArchiveCopiesEveryTable(t *testing.T) {
	t.Parallel()
	fromURL, toURL := storetest.URL(t), storetest.URL(t)
	from, err := pgstore.Open(pgstore.Options{URL: fromURL, MaxConns: 4})
	if err != nil {
		t.Fatal(err)
	}
	defer from.Close()
	to, err := pgstore.Open(pgstore.Options{URL: toURL, MaxConns: 4})
	if err != nil {
		t.Fatal(err)
	}
	defer to.Close()
	ctx := t.Context()
	day := time.Date(2024, 2, 29, 0, 0, 0, 0, time.UTC)
	if err := from.EnsurePartitions(ctx, day, day); err != nil {
		t.Fatal(err)
	}
	for _, sql := range []string{
		`INSERT INTO affiliates (id, name, status, currency, fire, created_at, updated_at) OVERRIDING SYSTEM VALUE VALUES (41, E'tab\t back\\ line\nnull \\N ünï', 'active', 'USD', 'all', now(), now())`,
		`SELECT setval(pg_get_serial_sequence('affiliates', 'id'), 41)`,
		`UPDATE catalogue_version SET version = 77`,
		`INSERT INTO audit_log SELECT gen_random_uuid(), now(), 1, 'a', '', 'b', 'c', 'd', NULL, '{"x": "\n"}' FROM generate_series(1, 100)`,
		`INSERT INTO ledger_entries (account_id, id, transaction_id, from_account, to_account, amount, currency, kind, at)
			VALUES ('a41', gen_random_uuid(), gen_random_uuid(), 'network:commission', 'a41:approved', 5, 'USD', 'conversion', now())`,
		`INSERT INTO postback_log (id, received_at, method, query, raw, ip, http_status, status, code, message, warnings, ignored)
			VALUES (gen_random_uuid(), '2024-02-29 12:00+00', 'GET', '', '\x00ff5c', '', 200, 'recorded', 'ok', '', '{"a,b","c\"d"}', '{}')`,
	} {
		if _, err := from.Pool().Exec(ctx, sql); err != nil {
			t.Fatalf("%s: %v", sql, err)
		}
	}
	source, target := mustOpenArchive(t, fromURL), mustOpenArchive(t, toURL)
	if table, err := target.Occupied(ctx); err != nil || table != "" {
		t.Fatalf("a database that is only migrated is occupied: %q, %v", table, err)
	}
	copies, rows := map[string][]byte{}, map[string]int64{}
	var contents pgstore.Contents
	err = source.Snapshot(ctx, func(c pgstore.Contents) error {
		contents = c
		// What comes later is not in the snapshot.
		if _, err := from.Pool().Exec(ctx, `INSERT INTO catalogue_version (single, version) VALUES (true, 1) ON CONFLICT (single) DO UPDATE SET version = 78`); err != nil {
			return err
		}
		for _, table := range c.Tables {
			var b bytes.Buffer
			n, err := source.CopyOut(ctx, table, &b)
			if err != nil {
				return err
			}
			copies[table.Name], rows[table.Name] = b.Bytes(), n
			for _, d := range table.Days {
				if err := to.EnsurePartitions(ctx, d, d); err != nil {
					return err
				}
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if contents.Migration < 2 || len(contents.Tables) < 20 {
		t.Fatalf("contents: %+v", contents)
	}
	err = target.Load(ctx, func() error {
		for _, table := range contents.Tables {
			n, err := target.CopyIn(ctx, table, bytes.NewReader(copies[table.Name]))
			if err != nil {
				return err
			}
			if n != rows[table.Name] {
				t.Errorf("%s: %d rows of %d", table.Name, n, rows[table.Name])
			}
		}
		for _, s := range contents.Sequences {
			if err := target.SetSequence(ctx, s); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	err = target.Snapshot(ctx, func(c pgstore.Contents) error {
		for _, table := range c.Tables {
			var b bytes.Buffer
			if _, err := target.CopyOut(ctx, table, &b); err != nil {
				return err
			}
			if !bytes.Equal(b.Bytes(), copies[table.Name]) {
				t.Errorf("%s differs:\n%s\n%s", table.Name, b.Bytes(), copies[table.Name])
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	var version, next int64
	if err := to.Pool().QueryRow(ctx, `SELECT version, nextval(pg_get_serial_sequence('affiliates', 'id')) FROM catalogue_version`).Scan(&version, &next); err != nil || version != 77 || next != 42 {
		t.Errorf("catalogue version %d, next id %d, %v", version, next, err)
	}
	if table, err := target.Occupied(ctx); err != nil || table == "" {
		t.Errorf("a database with data is not occupied: %v", err)
	}
}

// TestArchiveHoldsFewLocks: however many partitions there are, they leave the lock table to the others.
func TestArchiveHoldsFewLocks(t *testing.T) {
	t.Parallel()
	url := storetest.URL(t)
	db, err := pgstore.Open(pgstore.Options{URL: url, MaxConns: 4})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	ctx := t.Context()
	from := time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC)
	if err := db.EnsurePartitions(ctx, from, from.AddDate(0, 0, 99)); err != nil {
		t.Fatal(err)
	}
	const logged = `INSERT INTO postback_log (id, received_at, method, query, raw, ip, http_status, status, code, message, warnings, ignored)
		SELECT gen_random_uuid(), '2024-01-01 12:00+00'::timestamptz + n * interval '1 day', 'GET', '', '', '', 200, 'recorded', 'ok', '', '{}', '{}' FROM generate_series(0, 99) n`
	if _, err := db.Pool().Exec(ctx, logged); err != nil {
		t.Fatal(err)
	}
	archive := mustOpenArchive(t, url)
	err = archive.Snapshot(ctx, func(c pgstore.Contents) error {
		if _, err := db.Pool().Exec(ctx, logged); err != nil { // not in the snapshot, whichever partition it reads
			return err
		}
		partitions := 0
		for _, table := range c.Tables {
			partitions += len(table.Days)
			var b bytes.Buffer
			n, err := archive.CopyOut(ctx, table, &b)
			if err != nil {
				return err
			}
			if table.Name == "postback_log" && (n != 100 || bytes.Count(b.Bytes(), []byte("\n")) != 100) {
				t.Errorf("%d rows are copied, want 100", n)
			}
		}
		var locks int
		if err := db.Pool().QueryRow(ctx, `SELECT count(*) FROM pg_locks WHERE locktype = 'relation' AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
			AND pid IN (SELECT pid FROM pg_stat_activity WHERE application_name = 'waypost archive')`).Scan(&locks); err != nil {
			return err
		}
		if partitions < 200 || locks > 50 {
			t.Errorf("%d locks are held after copying %d partitions", locks, partitions)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// TestConditionAndBacklog: what the doctor and the metrics read is there, in an empty database too.
func TestConditionAndBacklog(t *testing.T) {
	t.Parallel()
	db := storetest.New(t)
	c, err := db.Condition(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if c.Version < 150000 || c.Fsync || c.Migration < 2 || c.MaxConnections < 100 || c.Connections < 1 || c.Operators != 0 ||
		time.Until(c.Clock).Abs() > time.Minute || c.PartitionsUntil.After(time.Now()) {
		t.Errorf("condition: %+v", c)
	}
	today := time.Now().UTC().Truncate(24 * time.Hour)
	if err := db.EnsurePartitions(t.Context(), today, today.AddDate(0, 0, 3)); err != nil {
		t.Fatal(err)
	}
	if c, err = db.Condition(t.Context()); err != nil || c.PartitionsUntil.Sub(today) < 3*24*time.Hour {
		t.Errorf("partitions until %s, %v", c.PartitionsUntil, err)
	}
	id := "gen_random_uuid(), '2026-01-01 12:00+00', 'GET', '', '', '', 202, 'queued', 'ok', '', '{}', '{}'"
	day := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	if err := db.EnsurePartitions(t.Context(), day, day); err != nil {
		t.Fatal(err)
	}
	if _, err := db.Pool().Exec(t.Context(), `INSERT INTO postback_log (id, received_at, method, query, raw, ip, http_status, status, code, message, warnings, ignored) VALUES (`+id+`)`); err != nil {
		t.Fatal(err)
	}
	b, err := db.Backlog(t.Context())
	if err != nil || b.Queued != 1 || !b.OldestQueued.Equal(day.Add(12*time.Hour)) || b.Overdue != 0 || !b.OldestOverdue.IsZero() || b.Mails != 0 {
		t.Errorf("backlog: %+v, %v", b, err)
	}
}
