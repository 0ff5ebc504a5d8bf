package pgstore

import (
	"context"
	"slices"
	"time"

	"gorm.io/gorm"

	"github.com/waypost/waypost/domain"
	"github.com/waypost/waypost/domain/account"
	"github.com/waypost/waypost/domain/click"
	"github.com/waypost/waypost/domain/ledger"
	"github.com/waypost/waypost/domain/money"
)

// Traces reads for traces; it implements trace.Store.
type Traces struct{ db *DB }

// Traces is the store of traces.
func (db *DB) Traces() Traces { return Traces{db} }

// tracedEntry is a posting that a click led to.
type tracedEntry struct {
	AccountID     string
	ID            uuid
	TransactionID uuid
	FromAccount   string
	ToAccount     string
	Amount        int64
	Currency      string
	Kind          string
	ConversionID  *uuid
	Note          string
	At            time.Time
}

// Entries are the postings of the click's conversions, of the scope's own party unless it is the network's: the newest so
// many, oldest first.
func (s Traces) Entries(ctx context.Context, scope account.Scope, id click.ID, limit int) ([]ledger.Entry, error) {
	if err := scope.Check(); err != nil {
		return nil, err
	}
	q := gorm.G[tracedEntry](s.db.orm(ctx)).Table("ledger_entries").Scopes(accountsOf(scope)).
		Where("conversion_id IN (SELECT c.id FROM conversions c WHERE c.click_id = ?)", uuid(id))
	rows, err := q.Order("at DESC, id DESC").Limit(limit).Find(ctx)
	if err != nil {
		return nil, translate("trace ledger", err)
	}
	slices.Reverse(rows)
	entries := make([]ledger.Entry, len(rows))
	for i, r := range rows {
		entries[i] = ledger.Entry{
			Posting: ledger.Posting{Party: ledger.Party(r.AccountID), From: ledger.Account(r.FromAccount),
				To: ledger.Account(r.ToAccount), Kind: ledger.Kind(r.Kind),
				Amount: money.NewAmount(r.Amount, money.Currency(r.Currency))},
			ID:            ledger.ID{UUID: domain.UUID(r.ID)},
			TransactionID: ledger.TransactionID{UUID: domain.UUID(r.TransactionID)},
			ClickID:       domain.UUID(id), Note: r.Note, At: r.At.UTC(),
		}
		if r.ConversionID != nil {
			entries[i].ConversionID = domain.UUID(*r.ConversionID)
		}
	}
	return entries, nil
}
