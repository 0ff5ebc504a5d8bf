package pgstore

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/waypost/waypost/domain"
	"github.com/waypost/waypost/domain/click"
	"github.com/waypost/waypost/domain/conversion"
	"github.com/waypost/waypost/domain/ledger"
)

// Save writes all that a batch changed, in one round trip: clicks, conversions, events, ledger, the lines of the log. The
// balances come last, for other batches wait for them until the commit. Errors: Conflict for what another batch inserted
// meanwhile.
func (s Conversions) Save(ctx context.Context, w conversion.Writes) error {
	b := &pgx.Batch{}
	queueClicks(b, w.Clicks)
	if err := queueConversions(b, w); err != nil {
		return err
	}
	if err := queueEvents(b, w.Events); err != nil {
		return err
	}
	queueEntries(b, w.Entries)
	s.queueLines(b, insertLines, w.Lines)
	s.queueLines(b, updateLines, w.Relined)
	queueBalances(b, w.Balances)
	if b.Len() == 0 {
		return nil
	}
	return translateBatch("save batch", s.db.native(ctx).SendBatch(ctx, b).Close())
}

const (
	insertConversions = `INSERT INTO conversions (click_id, id, dedupe_key, txid, offer_id, goal_id, affiliate_id, advertiser_id,
	status, status_at, hold_until, val, commission, revenue, currency, original_val, original_currency, exchange_rate,
	awaiting_rate, test, params, clicked_at, created_at, updated_at, amounts_at)
SELECT click_id, id, dedupe_key, txid, offer_id, goal_id, affiliate_id, advertiser_id,
	status, status_at, hold_until, val::numeric, commission, revenue, currency, original_val::numeric, original_currency,
	exchange_rate::numeric, awaiting_rate, test, params::jsonb, clicked_at, created_at, updated_at, amounts_at
FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::bigint[], $6::bigint[], $7::bigint[], $8::bigint[],
	$9::text[], $10::timestamptz[], $11::timestamptz[], $12::text[], $13::bigint[], $14::bigint[], $15::text[], $16::text[],
	$17::text[], $18::text[], $19::text[], $20::boolean[], $21::text[], $22::timestamptz[], $23::timestamptz[],
	$24::timestamptz[], $25::timestamptz[]) AS c (click_id, id, dedupe_key, txid, offer_id, goal_id, affiliate_id, advertiser_id, status,
	status_at, hold_until, val, commission, revenue, currency, original_val, original_currency, exchange_rate, awaiting_rate,
	test, params, clicked_at, created_at, updated_at, amounts_at)`

	updateConversions = `UPDATE conversions c SET status = u.status, status_at = u.status_at, hold_until = u.hold_until,
	val = u.val::numeric, commission = u.commission, revenue = u.revenue, currency = u.currency,
	original_val = u.original_val::numeric, original_currency = u.original_currency,
	exchange_rate = u.exchange_rate::numeric, awaiting_rate = u.awaiting_rate, params = u.params::jsonb,
	updated_at = u.updated_at, amounts_at = u.amounts_at
FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::timestamptz[], $5::timestamptz[], $6::text[], $7::bigint[], $8::bigint[],
	$9::text[], $10::text[], $11::text[], $12::text[], $13::text[], $14::text[], $15::timestamptz[],
	$16::timestamptz[]) AS u (click_id, id,
	status, status_at, hold_until, val, commission, revenue, currency, original_val, original_currency, exchange_rate,
	awaiting_rate, params, updated_at, amounts_at)
WHERE c.click_id = u.click_id AND c.id = u.id`

	insertEvents = `INSERT INTO conversion_events (click_id, id, conversion_id, log_id, kind, from_status, to_status, actor, reason,
	data, at)
SELECT click_id, id, conversion_id, log_id, kind, from_status, to_status, actor, reason, data::jsonb, at
FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::uuid[], $5::text[], $6::text[], $7::text[], $8::text[], $9::text[],
	$10::text[], $11::timestamptz[]) AS e (click_id, id, conversion_id, log_id, kind, from_status, to_status, actor, reason,
	data, at)`

	insertEntries = `INSERT INTO ledger_entries (account_id, id, transaction_id, from_account, to_account, amount, currency, kind,
	conversion_id, click_id, note, at)
SELECT * FROM unnest($1::text[], $2::uuid[], $3::uuid[], $4::text[], $5::text[], $6::bigint[], $7::text[], $8::text[],
	$9::uuid[], $10::uuid[], $11::text[], $12::timestamptz[])`

	addBalances = `INSERT INTO balances (account_id, currency, pending, approved, invoiced, paid)
SELECT * FROM unnest($1::text[], $2::text[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[])
	AS b (account_id, currency, pending, approved, invoiced, paid) ORDER BY account_id, currency
ON CONFLICT (account_id, currency) DO UPDATE SET pending = balances.pending + excluded.pending,
	approved = balances.approved + excluded.approved, invoiced = balances.invoiced + excluded.invoiced,
	paid = balances.paid + excluded.paid`

	insertLines = `INSERT INTO postback_log (id, received_at, method, query, raw, ip, http_status, status, code, message, warnings,
	ignored, click_id, conversion_id, offer_id, affiliate_id, advertiser_id, settled_at, preset, read_as, unknown, body_start,
	rehearsed_by, rehearsed_role)
SELECT id, received_at, method, query, raw, ip, http_status, status, code, message, warnings::text[], ignored::text[],
	click_id, conversion_id, offer_id, affiliate_id, advertiser_id, settled_at, preset, read_as::text[], unknown::text[], body_start,
	rehearsed_by, rehearsed_role
FROM ` + lines

	updateLines = `UPDATE postback_log l SET http_status = u.http_status, status = u.status, code = u.code, message = u.message,
	warnings = u.warnings::text[], ignored = u.ignored::text[], click_id = u.click_id, conversion_id = u.conversion_id, offer_id = u.offer_id,
	affiliate_id = u.affiliate_id, advertiser_id = u.advertiser_id, settled_at = u.settled_at, preset = u.preset,
	read_as = u.read_as::text[], unknown = u.unknown::text[], body_start = u.body_start
FROM ` + lines + ` WHERE l.id = u.id AND l.received_at = u.received_at`

	lines = `unnest($1::uuid[], $2::timestamptz[], $3::text[], $4::text[], $5::bytea[], $6::text[], $7::integer[], $8::text[],
	$9::text[], $10::text[], $11::text[], $12::text[], $13::uuid[], $14::uuid[], $15::bigint[], $16::bigint[], $17::bigint[],
	$18::timestamptz[], $19::text[], $20::text[], $21::text[], $22::text[],
	$23::bigint[], $24::text[]) AS u (id, received_at, method, query, raw, ip,
	http_status, status, code, message, warnings, ignored, click_id, conversion_id, offer_id, affiliate_id, advertiser_id,
	settled_at, preset, read_as, unknown, body_start, rehearsed_by, rehearsed_role)`
)

// column is the array of one column of an unnest, typed, as one of any takes the driver several times as long.
func column[T, V any](values []T, of func(T) V) []V {
	list := make([]V, len(values))
	for i, v := range values {
		list[i] = of(v)
	}
	return list
}

func queueConversions(b *pgx.Batch, w conversion.Writes) error {
	type C = conversion.Conversion
	params := map[conversion.ID]string{}
	for _, list := range [][]C{w.Created, w.Updated} {
		for _, c := range list {
			text, err := json.Marshal(c.Params)
			if err != nil {
				return fmt.Errorf("write conversions.params: %w", err)
			}
			params[c.ID] = string(text)
		}
	}
	for _, list := range []struct {
		statement string
		all       []C
		made      bool
	}{{insertConversions, w.Created, true}, {updateConversions, w.Updated, false}} {
		if len(list.all) == 0 {
			continue
		}
		clickID, id := column(list.all, func(c C) [16]byte { return c.ClickID }), column(list.all, func(c C) [16]byte { return c.ID.UUID })
		state := []any{column(list.all, func(c C) string { return string(c.Status) }), column(list.all, func(c C) time.Time { return c.StatusAt }),
			column(list.all, func(c C) pgtype.Timestamptz { return orNull(c.HoldUntil) })}
		amounts := []any{column(list.all, func(c C) string { return c.Val.String() }), column(list.all, func(c C) int64 { return c.Commission.Minor() }),
			column(list.all, func(c C) int64 { return c.Revenue.Minor() }), column(list.all, func(c C) string { return string(c.Commission.Currency()) }),
			column(list.all, func(c C) string { return c.OriginalVal.String() }), column(list.all, func(c C) string { return string(c.OriginalCurrency) }),
			column(list.all, func(c C) string { return c.ExchangeRate.String() }), column(list.all, func(c C) string { return string(c.AwaitingRate) })}
		paramsOf, updated := column(list.all, func(c C) string { return params[c.ID] }), column(list.all, func(c C) time.Time { return c.UpdatedAt })
		amountsAt := column(list.all, func(c C) time.Time { return c.AmountsAt })
		if !list.made {
			b.Queue(list.statement, slices.Concat([]any{clickID, id}, state, amounts, []any{paramsOf, updated, amountsAt})...)
			continue
		}
		b.Queue(list.statement, slices.Concat([]any{clickID, id, column(list.all, func(c C) string { return c.DedupeKey }),
			column(list.all, func(c C) string { return c.TxID }), column(list.all, func(c C) int64 { return int64(c.OfferID) }),
			column(list.all, func(c C) int64 { return int64(c.GoalID) }), column(list.all, func(c C) int64 { return int64(c.AffiliateID) }),
			column(list.all, func(c C) int64 { return int64(c.AdvertiserID) })}, state, amounts,
			[]any{column(list.all, func(c C) bool { return c.Test }), paramsOf, column(list.all, func(c C) time.Time { return c.ClickedAt }),
				column(list.all, func(c C) time.Time { return c.CreatedAt }), updated, amountsAt})...)
	}
	return nil
}

// queueClicks inserts clicks, one statement for each day that they are of.
func queueClicks(b *pgx.Batch, clicks []click.Click) {
	days := map[time.Time][]click.Click{}
	for _, c := range clicks {
		day := c.CreatedAt().Truncate(24 * time.Hour)
		days[day] = append(days[day], c)
	}
	for day, ofDay := range days {
		queueDay(b, day, ofDay)
	}
}

func queueEvents(b *pgx.Batch, events []conversion.Event) error {
	if len(events) == 0 {
		return nil
	}
	type E = conversion.Event
	data := make(map[domain.UUID]string, len(events))
	for _, e := range events {
		text, err := json.Marshal(e.Data)
		if err != nil {
			return fmt.Errorf("write conversion_events.data: %w", err)
		}
		data[e.ID] = string(text)
	}
	b.Queue(insertEvents,
		column(events, func(e E) [16]byte { return e.ClickID }), column(events, func(e E) [16]byte { return e.ID }),
		column(events, func(e E) [16]byte { return e.ConversionID.UUID }), column(events, func(e E) pgtype.UUID { return idOrNull(e.LogID.UUID) }),
		column(events, func(e E) string { return string(e.Kind) }), column(events, func(e E) string { return string(e.From) }),
		column(events, func(e E) string { return string(e.To) }), column(events, func(e E) string { return e.Actor }),
		column(events, func(e E) string { return e.Reason }), column(events, func(e E) string { return data[e.ID] }),
		column(events, func(e E) time.Time { return e.At }))
	return nil
}

func queueEntries(b *pgx.Batch, entries []ledger.Entry) {
	if len(entries) == 0 {
		return
	}
	type E = ledger.Entry
	b.Queue(insertEntries,
		column(entries, func(e E) string { return string(e.Party) }), column(entries, func(e E) [16]byte { return e.ID.UUID }),
		column(entries, func(e E) [16]byte { return e.TransactionID.UUID }), column(entries, func(e E) string { return string(e.From) }),
		column(entries, func(e E) string { return string(e.To) }), column(entries, func(e E) int64 { return e.Amount.Minor() }),
		column(entries, func(e E) string { return string(e.Amount.Currency()) }), column(entries, func(e E) string { return string(e.Kind) }),
		column(entries, func(e E) pgtype.UUID { return idOrNull(e.ConversionID) }), column(entries, func(e E) pgtype.UUID { return idOrNull(e.ClickID) }),
		column(entries, func(e E) string { return e.Note }), column(entries, func(e E) time.Time { return e.At }))
}

// queueBalances adds to the balances. The rows are sorted already; the statement sorts once more, for their order is
// that of their locks.
func queueBalances(b *pgx.Batch, balances []ledger.Balance) {
	if len(balances) == 0 {
		return
	}
	type B = ledger.Balance
	b.Queue(addBalances,
		column(balances, func(l B) string { return string(l.Party) }), column(balances, func(l B) string { return string(l.Currency) }),
		column(balances, func(l B) int64 { return l.Pending.Minor() }), column(balances, func(l B) int64 { return l.Approved.Minor() }),
		column(balances, func(l B) int64 { return l.Invoiced.Minor() }), column(balances, func(l B) int64 { return l.Paid.Minor() }))
}

func (s Conversions) queueLines(b *pgx.Batch, statement string, log []conversion.LogLine) {
	if len(log) == 0 {
		return
	}
	type L = conversion.LogLine
	// Warnings and amounts are words of letters and "_", so a list of them needs no quoting.
	words := func(list []string) string { return "{" + strings.Join(list, ",") + "}" }
	b.Queue(statement,
		column(log, func(l L) [16]byte { return l.ID.UUID }), column(log, func(l L) time.Time { return l.ReceivedAt }),
		column(log, func(l L) string { return l.Method }), column(log, func(l L) string { return l.Query }),
		column(log, func(l L) []byte { return s.db.sealer.Seal(columnRawCall, l.Call.AppendRecord(nil)) }),
		column(log, func(l L) string { return l.IP }), column(log, func(l L) int32 { return int32(l.HTTPStatus) }),
		column(log, func(l L) string { return string(l.Status) }), column(log, func(l L) string { return l.Code }),
		column(log, func(l L) string { return l.Message }), column(log, func(l L) string { return words(l.Warnings) }),
		column(log, func(l L) string { return words(l.Ignored) }), column(log, func(l L) pgtype.UUID { return idOrNull(domain.UUID(l.ClickID)) }),
		column(log, func(l L) pgtype.UUID { return idOrNull(l.ConversionID.UUID) }), column(log, func(l L) pgtype.Int8 { return numberOrNull(int64(l.OfferID)) }),
		column(log, func(l L) pgtype.Int8 { return numberOrNull(int64(l.AffiliateID)) }), column(log, func(l L) pgtype.Int8 { return numberOrNull(int64(l.AdvertiserID)) }),
		column(log, func(l L) pgtype.Timestamptz { return orNull(l.SettledAt) }), column(log, func(l L) string { return l.Preset }),
		column(log, func(l L) string { return texts(l.ReadAs) }), column(log, func(l L) string { return texts(l.Unknown) }),
		column(log, func(l L) string { return l.BodyStart }), column(log, func(l L) pgtype.Int8 { return numberOrNull(int64(l.Rehearsal.UserID)) }),
		column(log, func(l L) string { return string(l.Rehearsal.Role) }))
}

// texts is a list of any texts as one text, for an array of arrays would need them to be of one length.
func texts(list []string) string {
	if len(list) == 0 {
		return "{}"
	}
	text, err := textArray(list).Value()
	if err != nil { // a list of texts has a form
		return "{}"
	}
	return text.(string)
}

func orNull(t time.Time) pgtype.Timestamptz { return pgtype.Timestamptz{Time: t, Valid: !t.IsZero()} }

func idOrNull(id domain.UUID) pgtype.UUID { return pgtype.UUID{Bytes: id, Valid: !id.IsZero()} }

func numberOrNull(n int64) pgtype.Int8 { return pgtype.Int8{Int64: n, Valid: n != 0} }
