package pgstore

import (
	"context"
	"time"

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

// A busy machine may stop a test's batch for longer than people wait.
func init() { lockOutWithin = time.Minute }

// CloseOlder is the statement of Insert, for a test of its plan.
const CloseOlder = closeOlder
