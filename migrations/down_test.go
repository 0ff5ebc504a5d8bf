package migrations_test

import (
	"context"
	"database/sql"
	"os"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/pressly/goose/v3"

	"github.com/waypost/waypost/migrations"
	"github.com/waypost/waypost/store/storetest"
)

// Each Down leaves what the migrations before it had made, and they can be applied again.
func TestDownTakesBackWhatUpMade(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	db, err := sql.Open("pgx", storetest.URL(t))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.ExecContext(ctx, "DROP SCHEMA public CASCADE; CREATE SCHEMA public"); err != nil {
		t.Fatal(err)
	}
	provider, err := goose.NewProvider(goose.DialectPostgres, db, os.DirFS("."))
	if err != nil {
		t.Fatal(err)
	}
	var schemas [][]string // of each version
	for version := range migrations.Newest() {
		if err := migrations.UpTo(ctx, db, version+1); err != nil {
			t.Fatal(err)
		}
		schemas = append(schemas, schema(t, db))
	}
	for version := migrations.Newest() - 1; version > 0; version-- {
		if _, err := provider.DownTo(ctx, version); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(schemas[version-1], schema(t, db)); diff != "" {
			t.Errorf("back at version %d (-made +left):\n%s", version, diff)
		}
	}
	if _, err := migrations.Up(ctx, db); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(schemas[len(schemas)-1], schema(t, db)); diff != "" {
		t.Errorf("up again (-want +got):\n%s", diff)
	}
}

// schema is every column, index and constraint, a line each, sorted.
func schema(t testing.TB, db *sql.DB) (lines []string) {
	t.Helper()
	rows, err := db.Query(`SELECT concat_ws(' ', table_name, column_name, data_type, is_nullable, column_default) AS line
			FROM information_schema.columns WHERE table_schema = 'public'
		UNION ALL SELECT indexdef FROM pg_indexes WHERE schemaname = 'public'
		UNION ALL SELECT conrelid::regclass || ' ' || conname || ' ' || pg_get_constraintdef(oid) FROM pg_constraint
			WHERE connamespace = 'public'::regnamespace
		ORDER BY line`)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var line string
		if err := rows.Scan(&line); err != nil {
			t.Fatal(err)
		}
		lines = append(lines, line)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return lines
}
