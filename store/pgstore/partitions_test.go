package pgstore_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/waypost/waypost/domain/click"
	"github.com/waypost/waypost/store/storetest"
)

func TestManyNodesMakeTheSamePartitions(t *testing.T) {
	t.Parallel()
	db := storetest.New(t)
	today := time.Date(2026, 2, 27, 13, 0, 0, 0, time.UTC)
	var nodes sync.WaitGroup
	for range 8 {
		nodes.Go(func() {
			if err := db.EnsurePartitions(context.Background(), today.AddDate(0, 0, -1), today.AddDate(0, 0, 7)); err != nil {
				t.Error(err)
			}
		})
	}
	nodes.Wait()
	const partitions = "SELECT count(*) FROM pg_inherits WHERE inhparent = $1::regclass"
	for _, table := range []string{"clicks", "postback_log"} {
		if n := count(t, db, partitions, table); n != 9 {
			t.Errorf("%s has %d partitions, want 9", table, n)
		}
	}
	if n := count(t, db, "SELECT count(*) FROM pg_class WHERE relname = 'clicks_20260301'"); n != 1 {
		t.Error("the partition of 1 March 2026 is missing")
	}
	if err := db.EnsurePartitions(context.Background(), today, today.AddDate(0, 0, -1)); err != nil {
		t.Errorf("no day at all: %v", err)
	}
}

// Making partitions must not wait for writers longer than a moment, nor fail because of them.
func TestPartitionsBesideAWriter(t *testing.T) {
	t.Parallel()
	db := storetest.New(t)
	ctx := context.Background()
	day := time.Date(2026, 5, 1, 0, 0, 0, 0, time.UTC)
	if err := db.EnsurePartitions(ctx, day, day); err != nil {
		t.Fatal(err)
	}
	tx, err := db.Pool().Begin(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tx.Exec(ctx, "LOCK TABLE clicks IN ROW EXCLUSIVE MODE"); err != nil {
		t.Fatal(err)
	}
	if err := db.EnsurePartitions(ctx, day, day); err != nil {
		t.Errorf("those that exist: %v", err)
	}
	made := make(chan error, 1)
	go func() { made <- db.EnsurePartitions(ctx, day, day.AddDate(0, 0, 1)) }()
	// It stands in the queue now, or soon; either way the writer ends and it gets its turn.
	if err := tx.Commit(ctx); err != nil {
		t.Fatal(err)
	}
	if err := <-made; err != nil {
		t.Error(err)
	}
}

// A long reader, such as a nightly dump, must hold up neither new partitions nor what is written meanwhile.
func TestPartitionsBesideALongReader(t *testing.T) {
	t.Parallel()
	db := storetest.New(t)
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	day := time.Date(2026, 5, 1, 0, 0, 0, 0, time.UTC)
	if err := db.EnsurePartitions(ctx, day, day); err != nil {
		t.Fatal(err)
	}
	dump, err := db.Pool().Begin(ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = dump.Rollback(context.Background()) }()
	for _, table := range []string{"clicks", "postback_log"} {
		if _, err := dump.Exec(ctx, "SELECT count(*) FROM "+table); err != nil {
			t.Fatal(err)
		}
	}
	began := time.Now()
	if err := db.EnsurePartitions(ctx, day, day.AddDate(0, 0, 2)); err != nil {
		t.Fatal(err)
	}
	if took := time.Since(began); took > 5*time.Second {
		t.Errorf("took %s", took)
	}
	if err := db.Clicks().LoadClicks(ctx, []click.Click{clickAt(t, day), clickAt(t, day.AddDate(0, 0, 1))}); err != nil {
		t.Error(err)
	}
}

// A leaf that stands alone, be it left over or detached, is attached with what it holds.
func TestLoneLeafIsAttached(t *testing.T) {
	t.Parallel()
	db := storetest.New(t)
	ctx := context.Background()
	day := time.Date(2026, 5, 1, 0, 0, 0, 0, time.UTC)
	if _, err := db.Pool().Exec(ctx, "CREATE TABLE clicks_20260501 (LIKE clicks INCLUDING ALL)"); err != nil {
		t.Fatal(err)
	}
	if err := db.EnsurePartitions(ctx, day, day.AddDate(0, 0, 1)); err != nil {
		t.Fatal(err)
	}
	for _, leaf := range []string{"clicks_20260501", "clicks_20260502", "postback_log_20260501"} {
		if n := count(t, db, "SELECT count(*) FROM pg_inherits WHERE inhrelid = $1::regclass", leaf); n != 1 {
			t.Errorf("%s is not attached", leaf)
		}
		if n := count(t, db, `SELECT count(*) FROM pg_index x LEFT JOIN pg_inherits i ON i.inhrelid = x.indexrelid
			WHERE x.indrelid = $1::regclass AND i.inhparent IS NULL`, leaf); n != 0 {
			t.Errorf("%s has %d indexes that belong to none of the table's", leaf, n)
		}
		if n := count(t, db, `SELECT count(*) FROM pg_index x JOIN pg_inherits i ON i.inhrelid = x.indexrelid
			WHERE x.indrelid = $1::regclass AND x.indisprimary`, leaf); n != 1 {
			t.Errorf("%s has no primary key of the table's", leaf)
		}
	}
}
