package migrations_test

import (
	"context"
	"database/sql"
	"errors"
	"testing"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3/lock"

	"github.com/waypost/waypost/migrations"
	"github.com/waypost/waypost/store/storetest"
)

func TestMain(m *testing.M) { storetest.Main(m) }

// A node that finds another one migrating goes on soon after that has ended.
func TestWaitForAnotherNodesMigration(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	db, err := sql.Open("pgx", storetest.URL(t))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.ExecContext(ctx, "DROP SCHEMA public CASCADE; CREATE SCHEMA public"); err != nil {
		t.Fatal(err)
	}
	other, err := db.Conn(ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	exec := func(query string, args ...any) (yes bool) {
		t.Helper()
		if err := other.QueryRowContext(ctx, query, args...).Scan(&yes); err != nil {
			t.Fatal(err)
		}
		return yes
	}
	exec("SELECT pg_try_advisory_lock($1)", lock.DefaultLockID)
	ended := make(chan error, 1)
	go func() {
		applied, err := migrations.Up(ctx, db)
		if err == nil && applied == 0 {
			err = errors.New("applied nothing")
		}
		ended <- err
	}()
	for !exec(`SELECT count(*) > 0 FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()
		AND state = 'idle' AND query LIKE 'SELECT pg_try_advisory_lock%'`) {
		time.Sleep(5 * time.Millisecond)
	}
	select {
	case err := <-ended:
		t.Fatalf("did not wait: %v", err)
	default:
	}
	exec("SELECT pg_advisory_unlock($1)", lock.DefaultLockID)
	released := time.Now()
	for len(ended) == 0 && !exec(`SELECT count(*) > 0 FROM pg_locks WHERE locktype = 'advisory' AND granted AND pid <> pg_backend_pid()`) {
		time.Sleep(5 * time.Millisecond)
	}
	if took := time.Since(released); took > 3*time.Second {
		t.Errorf("went on after %s", took)
	}
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
	if !exec("SELECT pg_try_advisory_lock($1)", lock.DefaultLockID) {
		t.Error("the lock is still held")
	}
}
