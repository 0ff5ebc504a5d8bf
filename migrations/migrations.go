// Package migrations holds the database schema as goose migrations and applies them.
package migrations

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"time"

	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"
)

//go:embed *.sql
var files embed.FS

// Up brings the database to the newest version and returns how many migrations it applied. Nodes that start at the
// same time wait for each other on an advisory lock, so db must be a direct connection, not a transaction pooler.
func Up(ctx context.Context, db *sql.DB) (applied int, err error) {
	provider, err := goose.NewProvider(goose.DialectPostgres, db, files, goose.WithSessionLocker(sessionLock{}))
	if err != nil {
		return 0, fmt.Errorf("read migrations: %w", err)
	}
	results, err := provider.Up(ctx)
	if err != nil {
		return len(results), fmt.Errorf("migrate: %w", err)
	}
	return len(results), nil
}

const (
	lockEvery  = 200 * time.Millisecond
	lockWithin = 5 * time.Minute
)

// sessionLock is goose's advisory lock asked for more often: its own waits whole seconds. It asks instead of waiting
// in the database, where a waiting statement would meet statement_timeout and hold up CREATE INDEX CONCURRENTLY.
type sessionLock struct{}

// SessionLock implements lock.SessionLocker.
func (sessionLock) SessionLock(ctx context.Context, conn *sql.Conn) error {
	ctx, cancel := context.WithTimeoutCause(ctx, lockWithin, errors.New("another node has been migrating for five minutes"))
	defer cancel()
	tick := time.NewTicker(lockEvery)
	defer tick.Stop()
	for {
		var locked bool
		if err := conn.QueryRowContext(ctx, "SELECT pg_try_advisory_lock($1)", lock.DefaultLockID).Scan(&locked); err != nil {
			return fmt.Errorf("take migration lock: %w", err)
		}
		if locked {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("wait for migration lock: %w", context.Cause(ctx))
		case <-tick.C:
		}
	}
}

// SessionUnlock implements lock.SessionLocker.
func (sessionLock) SessionUnlock(ctx context.Context, conn *sql.Conn) error {
	if _, err := conn.ExecContext(ctx, "SELECT pg_advisory_unlock($1)", lock.DefaultLockID); err != nil {
		return fmt.Errorf("release migration lock: %w", err)
	}
	return nil
}

// UpTo brings an older database to a version, for a restore.
func UpTo(ctx context.Context, db *sql.DB, version int64) error {
	provider, err := goose.NewProvider(goose.DialectPostgres, db, files, goose.WithSessionLocker(sessionLock{}))
	if err != nil {
		return fmt.Errorf("read migrations: %w", err)
	}
	if _, err := provider.UpTo(ctx, version); err != nil {
		return fmt.Errorf("migrate to version %d: %w", version, err)
	}
	return nil
}

// Newest is the version that Up brings a database to.
func Newest() int64 {
	names, _ := files.ReadDir(".") // embedded: it cannot fail
	var newest int64
	for _, f := range names {
		if version, err := goose.NumericComponent(f.Name()); err == nil {
			newest = max(newest, version)
		}
	}
	return newest
}
