package pgstore

import (
	"context"
	"fmt"
	"math/big"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/waypost/waypost/domain/account"
	"github.com/waypost/waypost/domain/conversion"
	"github.com/waypost/waypost/domain/money"
	"github.com/waypost/waypost/domain/report"
)

// Reports adds up clicks and conversions, natively: it implements report.Store. The SQL stands in report_sql.go.
type Reports struct{ db *DB }

// Reports is the store of reports.
func (db *DB) Reports() Reports { return Reports{db} }

// reportSettings hold for one report: it may sort a million clicks in memory and take longer than other statements, but
// less than a client waits. Compiling the plan would cost more than it saves. The lock, taken before the moment that the
// report sees, keeps days that are in it from being dropped.
const reportSettings = `SET LOCAL work_mem = '128MB'; SET LOCAL statement_timeout = '25s'; SET LOCAL jit = off;
	LOCK TABLE ONLY clicks IN ACCESS SHARE MODE`

// Rates implements report.Store.
func (s Reports) Rates(ctx context.Context, quote money.Currency, from, to time.Time) (conversion.Rates, error) {
	rows, err := s.db.native(ctx).Query(ctx, `SELECT date, base, rate::text FROM exchange_rates WHERE quote = $1 AND date BETWEEN $2 AND $3`,
		string(quote), from, to)
	if err != nil {
		return nil, translate("read exchange rates", err)
	}
	rates, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (conversion.Rate, error) {
		r := conversion.Rate{Quote: quote}
		var text string
		if err := row.Scan(&r.Date, &r.Base, &text); err != nil {
			return r, err
		}
		r.Rate, err = readRate("exchange_rates.rate", text)
		return r, err
	})
	return rates, translate("read exchange rates", err)
}

// AddUp implements report.Store, in a transaction of its own that sees one moment.
func (s Reports) AddUp(ctx context.Context, scope account.Scope, sel report.Selection) (report.Part, error) {
	if err := scope.Check(); err != nil {
		return report.Part{}, err
	}
	acquiring, cancel := context.WithTimeout(ctx, acquireWithin)
	defer cancel()
	conn, err := s.db.pool.Acquire(acquiring)
	if err != nil {
		return report.Part{}, translate("report", err)
	}
	defer conn.Release()
	var part report.Part
	err = pgx.BeginTxFunc(ctx, conn, pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly}, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, reportSettings); err != nil {
			return err
		}
		if part, err = addUp(ctx, tx, scope, sel); err != nil || sel.Currency == "" {
			return err
		}
		part.Missing, err = missingRates(ctx, tx, scope, sel)
		return err
	})
	if err != nil {
		return report.Part{}, translate("report", err)
	}
	return part, nil
}

// addUp reads totals and items. Each selection is another statement, planned for its own period and kept by nobody.
func addUp(ctx context.Context, tx pgx.Tx, scope account.Scope, sel report.Selection) (report.Part, error) {
	var part report.Part
	rolled, err := rolledDays(ctx, tx, sel.From, sel.To)
	if err != nil {
		return part, err
	}
	cover, err := sel.Cover(rolled)
	if err != nil {
		return part, err
	}
	b := &reportSQL{scope: scope, sel: sel, cover: cover}
	text := b.figures()
	rows, err := tx.Query(ctx, text, append([]any{pgx.QueryExecModeDescribeExec}, b.args...)...)
	if err != nil {
		return part, err
	}
	defer rows.Close()
	for rows.Next() {
		values, err := rows.Values()
		if err != nil {
			return part, err
		}
		isItem, row, err := reportRow(values, len(sel.GroupBy))
		if err != nil {
			return part, err
		}
		if isItem {
			part.Items = append(part.Items, row)
		} else {
			part.Totals = append(part.Totals, row)
		}
	}
	return part, rows.Err()
}

// reportRow reads the columns that reportSQL.figures gives: whether it is an item, keys, names of keys, currency,
// figures.
func reportRow(values []any, dimensions int) (isItem bool, r report.Row, err error) {
	isItem, _ = values[0].(bool)
	keys, names, rest := values[1:1+dimensions], values[1+dimensions:1+2*dimensions], values[1+2*dimensions:]
	for i := range keys {
		if !isItem {
			break
		}
		var k report.Key
		switch value := keys[i].(type) {
		case nil:
			k.None = true
		case int64:
			k.ID = value
		case string:
			k.Text = value
		default:
			return false, r, fmt.Errorf("read report: unexpected key %T", value)
		}
		k.Name, _ = names[i].(string)
		r.Keys = append(r.Keys, k)
	}
	currency, _ := rest[0].(string)
	r.Currency = money.Currency(currency)
	var n [7]int64
	for i := range n {
		var ok bool
		if n[i], ok = rest[1+i].(int64); !ok {
			return false, r, fmt.Errorf("read report: unexpected figure %T", rest[1+i])
		}
	}
	r.Clicks, r.UniqueClicks, r.InvalidClicks = n[0], n[1], n[2]
	r.Conversions, r.Approved, r.Pending, r.Rejected = n[3], n[4], n[5], n[6]
	for i, sum := range []*report.Sum{&r.Commission, &r.Revenue} {
		minor, err := wholeNumber(rest[1+len(n)+i])
		if err != nil {
			return false, r, err
		}
		*sum = report.NewSum(minor, r.Currency)
	}
	return isItem, r, nil
}

// wholeNumber reads a numeric without decimals, however large.
func wholeNumber(value any) (*big.Int, error) {
	n, ok := value.(pgtype.Numeric)
	if !ok || !n.Valid || n.Int == nil || n.NaN || n.InfinityModifier != pgtype.Finite {
		return nil, fmt.Errorf("read report: unexpected sum %T %v", value, value)
	}
	ten := big.NewInt(10)
	if n.Exp < 0 { // trailing zeros alone
		return new(big.Int).Quo(n.Int, ten.Exp(ten, big.NewInt(int64(-n.Exp)), nil)), nil
	}
	return new(big.Int).Mul(n.Int, ten.Exp(ten, big.NewInt(int64(n.Exp)), nil)), nil
}

// missingRates lists the currencies and days of conversions that were not converted.
func missingRates(ctx context.Context, tx pgx.Tx, scope account.Scope, sel report.Selection) ([]report.MissingRate, error) {
	b := &reportSQL{scope: scope, sel: sel}
	text := b.missing()
	rows, err := tx.Query(ctx, text, append([]any{pgx.QueryExecModeDescribeExec}, b.args...)...)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (report.MissingRate, error) {
		var m report.MissingRate
		err := row.Scan(&m.Currency, &m.Days)
		return m, err
	})
}
