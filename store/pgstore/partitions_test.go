package pgstore_test

import (
	"context"
	"sync"
	"testing"
	"time"

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
