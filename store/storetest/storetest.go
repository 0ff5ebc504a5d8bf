// Package storetest gives each test a database of its own on a real PostgreSQL: one private cluster per test binary,
// one migrated template, one clone per test.
package storetest

import (
	"context"
	"crypto/rand"
	"database/sql"
	"fmt"
	"io"
	"log/slog"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // driver for goose and for cloning

	"github.com/waypost/waypost/domain/errs"
	"github.com/waypost/waypost/embedded"
	"github.com/waypost/waypost/migrations"
	"github.com/waypost/waypost/store/pgstore"
)

const template = "waypost_template"

var (
	starting sync.Once
	startErr error
	dataDir  string
	cluster  *embedded.Postgres
	admin    *sql.DB // as the application's role, connected to its own database
	clones   atomic.Int64
	lifeline io.Closer // of the watching shell; the system closes it when this process ends
)

// Main runs a package's tests; call it from TestMain. The cluster is started by the first test that asks for a
// database, so that runs without one (fuzzing, a single table test) cost nothing.
func Main(m *testing.M) {
	code := m.Run()
	stop()
	os.Exit(code)
}

func start() {
	starting.Do(func() { startErr = startCluster() })
}

func startCluster() (err error) {
	if dataDir, err = os.MkdirTemp("", "waypost-test-"); err != nil {
		return err
	}
	if err := os.Chmod(dataDir, 0o755); err != nil { // root's cluster runs as another user
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	cluster, err = embedded.StartPostgres(ctx, embedded.PostgresOptions{
		DataDir: dataDir,
		Log:     slog.New(slog.DiscardHandler),
		// Durability is tested elsewhere; here a lost cluster is just a failed test.
		Settings: map[string]string{"fsync": "off", "full_page_writes": "off", "max_connections": "200"},
	})
	if err != nil {
		return err
	}
	if err := watch(cluster.Dir()); err != nil {
		return err
	}
	if admin, err = sql.Open("pgx", cluster.DSN()); err != nil {
		return err
	}
	if _, err := admin.ExecContext(ctx, "CREATE DATABASE "+template); err != nil {
		return fmt.Errorf("create template: %w", err)
	}
	if err := migrate(ctx, databaseURL(template)); err != nil {
		return fmt.Errorf("migrate template: %w", err)
	}
	return nil
}

// watch leaves a shell behind that waits for the end of this process, whatever ends it (a panic, a test's time limit,
// kill -9), and stops the cluster then.
func watch(clusterDir string) error {
	cmd := exec.Command("sh", "-c", `trap '' INT TERM; read _
pid=$(head -n 1 "$1/postmaster.pid" 2>/dev/null) && kill -QUIT "$pid"; rm -rf "$2"`, "sh", clusterDir, dataDir)
	var err error
	if lifeline, err = cmd.StdinPipe(); err != nil {
		return err
	}
	return cmd.Start()
}

func stop() {
	if admin != nil {
		_ = admin.Close()
	}
	if cluster != nil {
		_ = cluster.Stop(context.Background())
	}
	if dataDir != "" {
		_ = os.RemoveAll(dataDir)
	}
	if lifeline != nil {
		_ = lifeline.Close()
	}
}

func migrate(ctx context.Context, dsn string) error {
	db, err := sql.Open("pgx", dsn)
	if err != nil {
		return err
	}
	defer db.Close()
	_, err = migrations.Up(ctx, db)
	return err
}

// databaseURL is the cluster's address with another database.
func databaseURL(name string) string {
	dsn := cluster.DSN()
	if u, err := url.Parse(dsn); err == nil && strings.HasPrefix(u.Scheme, "postgres") {
		u.Path = "/" + name
		return u.String()
	}
	return dsn + " dbname=" + name
}

// URL makes a migrated database for this test and returns its address; it is dropped when the test ends.
func URL(t testing.TB) string {
	t.Helper()
	if start(); startErr != nil {
		t.Fatalf("start test database: %v", startErr)
	}
	name := fmt.Sprintf("test_%d", clones.Add(1))
	if _, err := admin.ExecContext(context.Background(), "CREATE DATABASE "+name+" TEMPLATE "+template+" STRATEGY FILE_COPY"); err != nil {
		t.Fatalf("clone database: %v", err)
	}
	t.Cleanup(func() { _, _ = admin.ExecContext(context.Background(), "DROP DATABASE "+name+" WITH (FORCE)") })
	return databaseURL(name)
}

// DB is the store, named here so that tests of other folders need not import it.
type DB = pgstore.DB

// New makes a migrated database for this test and opens it.
func New(t testing.TB) *DB {
	t.Helper()
	return open(t, URL(t))
}

func open(t testing.TB, url string) *DB {
	t.Helper()
	db, err := pgstore.Open(pgstore.Options{URL: url, MaxConns: 20, Sealer: Sealer(t)})
	if err != nil {
		t.Fatalf("open database: %v", err)
	}
	t.Cleanup(db.Close)
	connect(t, db)
	return db
}

// connectWithin is how long a busy machine may take to open a new database's first connection.
const connectWithin = 30 * time.Second

// connect opens the pool's first connection, so that no test fails where its machine takes longer for it than the half
// second that a caller of the store waits for a connection.
func connect(t testing.TB, db *DB) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), connectWithin)
	defer cancel()
	for {
		err := db.Ping(ctx) // a try takes a second at most
		if err == nil {
			return
		}
		if ctx.Err() != nil || !errs.Is(err, errs.KindUnavailable) {
			t.Fatalf("connect to the test's database: %v", err)
		}
	}
}

// Sealer has a secret of its own per test binary.
func Sealer(t testing.TB) *pgstore.Sealer {
	t.Helper()
	s, err := pgstore.NewSealer(secret)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

var secret = func() []byte {
	b := make([]byte, 32)
	_, _ = rand.Read(b)
	return b
}()
