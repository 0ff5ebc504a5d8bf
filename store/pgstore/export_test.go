package pgstore

import (
	"context"

	"github.com/jackc/pgx/v5"
)

// AgainConditions are those of LogAgain, for a test of their plans.
var AgainConditions = []string{againRefused, againQueued}

// Native runs a statement natively in the open transaction, as the stores run their batches.
func (db *DB) Native(ctx context.Context, statement string, args ...any) error {
	b := &pgx.Batch{}
	b.Queue(statement, args...)
	return translate("native statement", db.native(ctx).SendBatch(ctx, b).Close())
}
