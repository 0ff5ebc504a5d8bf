package pgstore_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/waypost/waypost/store/pgstore"
	"github.com/waypost/waypost/store/storetest"
)

// A page of a replay reads a partial index, however many calls the log has that were neither refused nor queued.
func TestReplayReadsPartialIndexes(t *testing.T) {
	t.Parallel()
	db, ctx := storetest.New(t), context.Background()
	day := time.Date(2026, 11, 21, 0, 0, 0, 0, time.UTC)
	if err := db.EnsurePartitions(ctx, day, day); err != nil {
		t.Fatal(err)
	}
	for _, sql := range []string{
		`INSERT INTO postback_log (id, received_at, method, query, raw, ip, http_status, status, code, message, warnings, ignored, settled_at)
			SELECT gen_random_uuid(), timestamptz '2026-11-21 00:00:00+00' + i * interval '1 s', 'GET', repeat('x', 200), 'x', '192.0.2.1', 200,
			CASE WHEN i % 1000 = 0 THEN 'refused' WHEN i % 1000 = 1 THEN 'queued' ELSE 'recorded' END, 'ok', '', '{}', '{}', now() FROM generate_series(1, 10000) i`,
		`ANALYZE postback_log`,
	} {
		if _, err := db.Pool().Exec(ctx, sql); err != nil {
			t.Fatal(err)
		}
	}
	for _, where := range pgstore.AgainConditions {
		sql := `EXPLAIN SELECT id, raw FROM postback_log WHERE ` + where + ` ORDER BY received_at, id LIMIT 100`
		for _, arg := range []string{"$1", "$2", "$3"} {
			sql = strings.Replace(sql, "?", arg, 1)
		}
		rows, err := db.Pool().Query(ctx, sql, day, [16]byte{}, day)
		if err != nil {
			t.Fatal(err)
		}
		lines, err := pgx.CollectRows(rows, pgx.RowTo[string])
		plan := strings.Join(lines, "\n")
		if err != nil || !strings.Contains(plan, "Index Scan using postback_log_20261121_received_at_idx") || strings.Contains(plan, "Seq Scan") {
			t.Errorf("%s: %v\n%s", where, err, plan)
		}
	}
}
