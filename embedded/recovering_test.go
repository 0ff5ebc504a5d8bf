package embedded

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// A server that recovers for longer than one is willing to wait is given as it is, and answers when it is done.
func TestRecoveryIsNotWaitedForBeyondPatience(t *testing.T) {
	t.Parallel()
	dir := dataFolder(t)
	done := filepath.Join(dir, "done")
	p := mustStart(t, dir)
	mustExec(t, adminDSN(p), fmt.Sprintf("ALTER SYSTEM SET restore_command = 'while [ ! -e %s ]; do sleep 0.05; done; false'", done),
		"ALTER SYSTEM SET hot_standby = 'off'")
	mustStop(t, p)
	if err := os.WriteFile(filepath.Join(p.Dir(), "recovery.signal"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	p, err := StartPostgres(t.Context(), PostgresOptions{DataDir: dir, Settings: fast, Patience: 50 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { mustStop(t, p) })
	if !p.Recovering() {
		t.Fatal("it is told to have answered")
	}
	if conn, err := pgx.Connect(t.Context(), p.DSN()); err == nil {
		_ = conn.Close(t.Context())
		t.Fatal("it answers while it recovers")
	}
	if err := os.WriteFile(done, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(60 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		conn, err := pgx.Connect(t.Context(), p.DSN())
		if err == nil {
			_ = conn.Close(t.Context())
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("it does not answer after its recovery: %v", err)
		}
	}
}
