// Package storetest gives each test a database of its own on a real PostgreSQL: one private cluster per test binary,
// one migrated template, one clone per test.
package storetest

import (
	"context"
	"crypto/rand"
	"database/sql"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // driver for goose and for cloning

	"github.com/waypost/waypost/embedded"
	"github.com/waypost/waypost/migrations"
	"github.com/waypost/waypost/store/pgstore"
)

const template = "waypost_template"

var (
	cluster *embedded.Postgres
	admin   *sql.DB // as the application's role, connected to its own database
	clones  atomic.Int64
)

// Main runs a package's tests with a cluster; call it from TestMain.
func Main(m *testing.M) {
	os.Exit(run(m))
}

func run(m *testing.M) (code int) {
	dir, err := os.MkdirTemp("", "waypost-test-")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(dir)
	_ = os.Chmod(dir, 0o755) // root's cluster runs as another user
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	cluster, err = embedded.StartPostgres(ctx, embedded.PostgresOptions{
		DataDir: dir,
		Log:     slog.New(slog.DiscardHandler),
		// Durability is tested elsewhere; here a lost cluster is just a failed test.
		Settings: map[string]string{"fsync": "off", "full_page_writes": "off", "max_connections": "200"},
	})
	if err != nil {
		fmt.Fprintln(os.Stderr, "storetest:", err)
		return 1
	}
	defer func() { _ = cluster.Stop(context.Background()) }()
	if admin, err = sql.Open("pgx", cluster.DSN()); err != nil {
		panic(err)
	}
	defer admin.Close()
	if _, err := admin.ExecContext(ctx, "CREATE DATABASE "+template); err != nil {
		panic(err)
	}
	if err := migrate(ctx, databaseURL(template)); err != nil {
		panic(err)
	}
	return m.Run()
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
	name := fmt.Sprintf("test_%d", clones.Add(1))
	if _, err := admin.ExecContext(context.Background(), "CREATE DATABASE "+name+" TEMPLATE "+template+" STRATEGY FILE_COPY"); err != nil {
		t.Fatalf("clone database: %v", err)
	}
	t.Cleanup(func() { _, _ = admin.ExecContext(context.Background(), "DROP DATABASE "+name+" WITH (FORCE)") })
	return databaseURL(name)
}

// New makes a migrated database for this test and opens it.
func New(t testing.TB) *pgstore.DB {
	t.Helper()
	db, err := pgstore.Open(pgstore.Options{URL: URL(t), MaxConns: 20, Sealer: Sealer(t)})
	if err != nil {
		t.Fatalf("open database: %v", err)
	}
	t.Cleanup(db.Close)
	return db
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
