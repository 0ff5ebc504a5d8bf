package migrations_test

import (
	"context"
	"database/sql"
	"fmt"
	"testing"
	"time"

	"github.com/waypost/waypost/migrations"
	"github.com/waypost/waypost/store/storetest"
)

// The indexes of the portals reach the partitions that there are, also after a run that was broken off, and while somebody
// reads.
func TestIndexesOfLargeTables(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	db, err := sql.Open("pgx", storetest.URL(t))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	exec := func(query string) {
		t.Helper()
		if _, err := db.ExecContext(ctx, query); err != nil {
			t.Fatal(err)
		}
	}
	exec("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
	if err := migrations.UpTo(ctx, db, 5); err != nil {
		t.Fatal(err)
	}
	exec(`CREATE TABLE clicks_20260101 PARTITION OF clicks FOR VALUES FROM ('2026-01-01') TO ('2026-01-02');
		CREATE TABLE clicks_20260102 PARTITION OF clicks FOR VALUES FROM ('2026-01-02') TO ('2026-01-03');
		CREATE TABLE postback_log_20260101 PARTITION OF postback_log FOR VALUES FROM ('2026-01-01') TO ('2026-01-02');
		CREATE INDEX audit_log_by_time ON audit_log (at);
		CREATE INDEX clicks_by_aff_click_id ON ONLY clicks (aff_click_id, created_at) WHERE aff_click_id <> '';
		CREATE INDEX any_name ON clicks_20260102 (aff_click_id, created_at) WHERE aff_click_id <> '';
		ALTER INDEX clicks_by_aff_click_id ATTACH PARTITION any_name`)
	// A reader, such as a nightly dump.
	reader, err := db.BeginTx(ctx, nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := reader.ExecContext(ctx, "LOCK TABLE clicks, postback_log IN ACCESS SHARE MODE"); err != nil {
		t.Fatal(err)
	}
	defer reader.Rollback()
	if err := migrations.UpTo(ctx, db, 6); err != nil {
		t.Fatal(err)
	}
	// A column cannot come while somebody reads, but calls do not wait for that meanwhile.
	ended := make(chan error, 1)
	go func() { _, err := migrations.Up(ctx, db); ended <- err }()
	for n := range 20 {
		began := time.Now()
		exec(fmt.Sprintf(`INSERT INTO postback_log (id, received_at, method, query, raw, ip, http_status, status, code, message, warnings, ignored)
			VALUES ('00000000-0000-7000-8000-%012d', '2026-01-01 12:00+00', 'GET', '', '', '', 200, 'refused', '', '', '{}', '{}')`, n))
		if took := time.Since(began); took > 10*time.Second {
			t.Errorf("a call waited %s for the migration", took)
		}
		time.Sleep(50 * time.Millisecond) // the migration tries every half second
	}
	select {
	case err := <-ended:
		t.Errorf("the column came while the table was read, or never: %v", err)
	default:
	}
	if err := reader.Rollback(); err != nil {
		t.Fatal(err)
	}
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
	for index, days := range map[string]int{"clicks_by_aff_click_id": 2, "postback_log_by_ip": 1, "postback_log_by_offer": 1, "postback_log_by_code": 1,
		"audit_log_by_time": 0, "audit_log_by_user": 0, "conversions_pending": 0, "deliveries_waiting": 0, "deliveries_failed": 0} {
		var valid bool
		var parts int
		err := db.QueryRowContext(ctx, `SELECT indisvalid, (SELECT count(*) FROM pg_inherits WHERE inhparent = indexrelid)
			FROM pg_index WHERE indexrelid = $1::regclass`, index).Scan(&valid, &parts)
		if err != nil || !valid || parts != days {
			t.Errorf("%s: valid %v, of %d days, not %d: %v", index, valid, parts, days, err)
		}
	}
	var columns int
	if err := db.QueryRowContext(ctx, "SELECT indnatts FROM pg_index WHERE indexrelid = 'audit_log_by_time'::regclass").Scan(&columns); err != nil || columns != 2 {
		t.Errorf("what was left of a broken run stayed: %d columns, %v", columns, err)
	}
	for setting, want := range map[string]string{"lock_timeout": "0", "statement_timeout": "0"} {
		var got string
		if err := db.QueryRowContext(ctx, "SHOW "+setting).Scan(&got); err != nil || got != want {
			t.Errorf("%s is left at %s: %v", setting, got, err)
		}
	}
}
