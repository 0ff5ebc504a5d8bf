package pgstore_test

import (
	"context"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/waypost/waypost/store/pgstore"
	"github.com/waypost/waypost/store/storetest"
)

// A connection keeps the plan that it made when the table was new, while it grows.
func TestOlderDeliveriesAreFoundByTheirConversion(t *testing.T) {
	t.Parallel()
	db, ctx := storetest.New(t), context.Background()
	conn, err := db.Pool().Acquire(ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Release()
	for _, sql := range []string{`SET plan_cache_mode = force_generic_plan`, `PREPARE older (uuid[], uuid[], bigint[]) AS ` + pgstore.CloseOlder} {
		if _, err := conn.Exec(ctx, sql); err != nil {
			t.Fatal(err)
		}
	}
	rows, err := conn.Query(ctx, `EXPLAIN EXECUTE older ('{}', '{}', '{}')`, pgx.QueryExecModeSimpleProtocol)
	if err != nil {
		t.Fatal(err)
	}
	lines, err := pgx.CollectRows(rows, pgx.RowTo[string])
	plan := strings.Join(lines, "\n")
	if err != nil || !strings.Contains(plan, "using deliveries_by_conversion") || !strings.Contains(plan, "using deliveries_pkey") ||
		strings.Contains(plan, "Seq Scan") || strings.Contains(plan, "deliveries_waiting") {
		t.Errorf("%v\n%s", err, plan)
	}
}
