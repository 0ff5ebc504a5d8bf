package pgstore

import (
	"context"
	"time"

	"gorm.io/gorm"

	"github.com/waypost/waypost/domain"
	"github.com/waypost/waypost/domain/account"
	"github.com/waypost/waypost/domain/ledger"
	"github.com/waypost/waypost/domain/money"
)

// Ledger reads entries and balances; it implements ledger.Store. They are written with the conversions that cause them.
type Ledger struct{ db *DB }

// Ledger is the store of the ledger.
func (db *DB) Ledger() Ledger { return Ledger{db} }

// entryRow is a row of ledger_entries.
type entryRow struct {
	AccountID     string `gorm:"primaryKey"`
	ID            uuid   `gorm:"primaryKey"`
	TransactionID uuid
	FromAccount   string
	ToAccount     string
	Amount        int64
	Currency      string
	Kind          string
	ConversionID  *uuid
	ClickID       *uuid
	Note          string
	At            time.Time
}

// TableName implements gorm's Tabler.
func (entryRow) TableName() string { return "ledger_entries" }

func (r entryRow) entry() (ledger.Entry, error) {
	return ledger.Entry{
		Posting: ledger.Posting{Party: ledger.Party(r.AccountID), From: ledger.Account(r.FromAccount), To: ledger.Account(r.ToAccount),
			Amount: money.NewAmount(r.Amount, money.Currency(r.Currency)), Kind: ledger.Kind(r.Kind)},
		ID: ledger.ID{UUID: domain.UUID(r.ID)}, TransactionID: ledger.TransactionID{UUID: domain.UUID(r.TransactionID)},
		ConversionID: domain.UUID(orZero(r.ConversionID)), ClickID: domain.UUID(orZero(r.ClickID)), Note: r.Note, At: r.At.UTC(),
	}, nil
}

// accountsOf narrows to the accounts that the scope may see.
func accountsOf(scope account.Scope) func(*gorm.Statement) {
	return func(q *gorm.Statement) {
		if !scope.Network() {
			q.Where("account_id = ?", string(ledger.Own(scope)))
		}
	}
}

// madeAt narrows to the ids whose millisecond holds from, to, or a time between them; a zero time is no bound.
func madeAt(from, to time.Time) func(*gorm.Statement) {
	return func(q *gorm.Statement) {
		if !from.IsZero() {
			q.Where("id >= ?", uuid(domain.FirstUUID(from)))
		}
		if !to.IsZero() {
			q.Where("id < ?", uuid(domain.FirstUUID(to.Add(time.Millisecond))))
		}
	}
}

// Entries gives a part of a party's entries, newest first; none of a party that the scope may not see. Ids are in the
// order of time, for an entry's is made of its At. Errors: invalid_cursor.
func (s Ledger) Entries(ctx context.Context, scope account.Scope, f ledger.Filter, page domain.Page) (domain.Slice[ledger.Entry], error) {
	if err := scope.Check(); err != nil {
		return domain.Slice[ledger.Entry]{}, err
	}
	q := gorm.G[entryRow](s.db.orm(ctx)).Scopes(accountsOf(scope), madeAt(f.From, f.To), within("at", f.From, f.To)).Where("account_id = ?", string(f.Party))
	if page.Cursor != "" {
		_, id, err := decodeUUIDCursor(page.Cursor)
		if err != nil {
			return domain.Slice[ledger.Entry]{}, err
		}
		q = q.Where("id < ?", id)
	}
	limit := pageLimit(page)
	rows, err := q.Order("id DESC").Limit(limit + 1).Find(ctx)
	if err != nil {
		return domain.Slice[ledger.Entry]{}, translate("list ledger entries", err)
	}
	return slice(rows, limit, func(r entryRow) string { return encodeCursor(r.At, domain.UUID(r.ID).String()) }, entryRow.entry)
}

// balanceRow is a row of balances.
type balanceRow struct {
	AccountID string `gorm:"primaryKey"`
	Currency  string `gorm:"primaryKey"`
	Pending   int64
	Approved  int64
	Invoiced  int64
	Paid      int64
}

// TableName implements gorm's Tabler.
func (balanceRow) TableName() string { return "balances" }

func (r balanceRow) balance() ledger.Balance {
	c := money.Currency(r.Currency)
	return ledger.Balance{Party: ledger.Party(r.AccountID), Currency: c, Pending: money.NewAmount(r.Pending, c),
		Approved: money.NewAmount(r.Approved, c), Invoiced: money.NewAmount(r.Invoiced, c), Paid: money.NewAmount(r.Paid, c)}
}

// Balances gives a party's stored balances, by currency; none of a party that the scope may not see.
func (s Ledger) Balances(ctx context.Context, scope account.Scope, p ledger.Party) ([]ledger.Balance, error) {
	if err := scope.Check(); err != nil {
		return nil, err
	}
	rows, err := gorm.G[balanceRow](s.db.orm(ctx)).Scopes(accountsOf(scope)).Where("account_id = ?", string(p)).Order("currency").Find(ctx)
	if err != nil {
		return nil, translate("list balances", err)
	}
	balances := make([]ledger.Balance, len(rows))
	for i, r := range rows {
		balances[i] = r.balance()
	}
	return balances, nil
}

// differences folds the entries in the database, in one statement and therefore one snapshot.
const differences = `WITH moved AS (
	SELECT account_id, currency, to_account AS account, amount::numeric AS amount FROM ledger_entries
	UNION ALL SELECT account_id, currency, from_account, -amount::numeric FROM ledger_entries
), folded AS (
	SELECT account_id, currency,
		coalesce(sum(amount) FILTER (WHERE account = account_id || ':pending'), 0) AS pending,
		coalesce(sum(amount) FILTER (WHERE account IN (account_id || ':approved', account_id || ':receivable')), 0) AS approved,
		coalesce(sum(amount) FILTER (WHERE account = account_id || ':invoiced'), 0) AS invoiced,
		coalesce(sum(amount) FILTER (WHERE account IN (account_id || ':paid', account_id || ':received')), 0) AS paid
	FROM moved GROUP BY account_id, currency
)
SELECT account_id, currency, coalesce(b.pending, 0) AS pending, coalesce(b.approved, 0) AS approved,
	coalesce(b.invoiced, 0) AS invoiced, coalesce(b.paid, 0) AS paid, coalesce(f.pending, 0)::bigint AS folded_pending,
	coalesce(f.approved, 0)::bigint AS folded_approved, coalesce(f.invoiced, 0)::bigint AS folded_invoiced,
	coalesce(f.paid, 0)::bigint AS folded_paid
FROM balances b FULL JOIN folded f USING (account_id, currency)
WHERE (coalesce(b.pending, 0), coalesce(b.approved, 0), coalesce(b.invoiced, 0), coalesce(b.paid, 0))
	IS DISTINCT FROM (coalesce(f.pending, 0), coalesce(f.approved, 0), coalesce(f.invoiced, 0), coalesce(f.paid, 0))
ORDER BY account_id, currency`

type differenceRow struct {
	AccountID      string
	Currency       string
	Pending        int64
	Approved       int64
	Invoiced       int64
	Paid           int64
	FoldedPending  int64
	FoldedApproved int64
	FoldedInvoiced int64
	FoldedPaid     int64
}

// Differences gives every stored balance that is not the fold of its entries. It reads all entries, however long that
// takes.
func (s Ledger) Differences(ctx context.Context) ([]ledger.Difference, error) {
	var rows []differenceRow
	err := s.db.InTx(ctx, func(ctx context.Context) error {
		if err := s.db.orm(ctx).Exec("SET LOCAL statement_timeout = 0").Error; err != nil {
			return err
		}
		return s.db.orm(ctx).Raw(differences).Scan(&rows).Error
	})
	if err != nil {
		return nil, translate("compare balances with the ledger", err)
	}
	found := make([]ledger.Difference, len(rows))
	for i, r := range rows {
		stored := balanceRow{AccountID: r.AccountID, Currency: r.Currency, Pending: r.Pending, Approved: r.Approved,
			Invoiced: r.Invoiced, Paid: r.Paid}
		folded := balanceRow{AccountID: r.AccountID, Currency: r.Currency, Pending: r.FoldedPending, Approved: r.FoldedApproved,
			Invoiced: r.FoldedInvoiced, Paid: r.FoldedPaid}
		found[i] = ledger.Difference{Stored: stored.balance(), Folded: folded.balance()}
	}
	return found, nil
}
