package pgstore

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/waypost/waypost/domain"
	"github.com/waypost/waypost/domain/click"
	"github.com/waypost/waypost/domain/conversion"
	"github.com/waypost/waypost/domain/ledger"
)

// Save writes all that a batch changed, in one round trip and in the order of locks: clicks, conversions, events, ledger,
// balances; then the lines of the log. Errors: Conflict for what another batch inserted meanwhile.
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
	queueBalances(b, w.Balances)
	s.queueLines(b, insertLines, w.Lines)
	s.queueLines(b, updateLines, w.Relined)
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

// columns turns values into the arrays of an unnest, one for each column.
func columns[T any](values []T, of ...func(T) any) []any {
	args := make([]any, len(of))
	for i, column := range of {
		list := make([]any, len(values))
		for j, v := range values {
			list[j] = column(v)
		}
		args[i] = list
	}
	return args
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
	clickID, id := func(c C) any { return [16]byte(c.ClickID) }, func(c C) any { return [16]byte(c.ID.UUID) }
	status, statusAt := func(c C) any { return string(c.Status) }, func(c C) any { return c.StatusAt }
	hold := func(c C) any { return orNull(c.HoldUntil) }
	val, currency := func(c C) any { return c.Val.String() }, func(c C) any { return string(c.Commission.Currency()) }
	commission, revenue := func(c C) any { return c.Commission.Minor() }, func(c C) any { return c.Revenue.Minor() }
	originalVal, originalCurrency := func(c C) any { return c.OriginalVal.String() }, func(c C) any { return string(c.OriginalCurrency) }
	rate, awaiting := func(c C) any { return c.ExchangeRate.String() }, func(c C) any { return string(c.AwaitingRate) }
	paramsOf, updated := func(c C) any { return params[c.ID] }, func(c C) any { return c.UpdatedAt }
	amountsAt := func(c C) any { return c.AmountsAt }
	if len(w.Created) > 0 {
		b.Queue(insertConversions, columns(w.Created, clickID, id,
			func(c C) any { return c.DedupeKey }, func(c C) any { return c.TxID }, func(c C) any { return int64(c.OfferID) },
			func(c C) any { return int64(c.GoalID) }, func(c C) any { return int64(c.AffiliateID) },
			func(c C) any { return int64(c.AdvertiserID) }, status, statusAt, hold, val, commission, revenue, currency,
			originalVal, originalCurrency, rate, awaiting, func(c C) any { return c.Test }, paramsOf,
			func(c C) any { return c.ClickedAt }, func(c C) any { return c.CreatedAt }, updated, amountsAt)...)
	}
	if len(w.Updated) > 0 {
		b.Queue(updateConversions, columns(w.Updated, clickID, id, status, statusAt, hold, val, commission, revenue, currency,
			originalVal, originalCurrency, rate, awaiting, paramsOf, updated, amountsAt)...)
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
	b.Queue(insertEvents, columns(events,
		func(e E) any { return [16]byte(e.ClickID) }, func(e E) any { return [16]byte(e.ID) },
		func(e E) any { return [16]byte(e.ConversionID.UUID) }, func(e E) any { return idOrNull(e.LogID.UUID) },
		func(e E) any { return string(e.Kind) }, func(e E) any { return string(e.From) }, func(e E) any { return string(e.To) },
		func(e E) any { return e.Actor }, func(e E) any { return e.Reason }, func(e E) any { return data[e.ID] },
		func(e E) any { return e.At })...)
	return nil
}

func queueEntries(b *pgx.Batch, entries []ledger.Entry) {
	if len(entries) == 0 {
		return
	}
	type E = ledger.Entry
	b.Queue(insertEntries, columns(entries,
		func(e E) any { return string(e.Party) }, func(e E) any { return [16]byte(e.ID.UUID) },
		func(e E) any { return [16]byte(e.TransactionID.UUID) }, func(e E) any { return string(e.From) },
		func(e E) any { return string(e.To) }, func(e E) any { return e.Amount.Minor() },
		func(e E) any { return string(e.Amount.Currency()) }, func(e E) any { return string(e.Kind) },
		func(e E) any { return idOrNull(e.ConversionID) }, func(e E) any { return idOrNull(e.ClickID) },
		func(e E) any { return e.Note }, func(e E) any { return e.At })...)
}

// queueBalances adds to the balances. The rows are sorted already; the statement sorts once more, for their order is
// that of their locks.
func queueBalances(b *pgx.Batch, balances []ledger.Balance) {
	if len(balances) == 0 {
		return
	}
	type B = ledger.Balance
	b.Queue(addBalances, columns(balances,
		func(l B) any { return string(l.Party) }, func(l B) any { return string(l.Currency) },
		func(l B) any { return l.Pending.Minor() }, func(l B) any { return l.Approved.Minor() },
		func(l B) any { return l.Invoiced.Minor() }, func(l B) any { return l.Paid.Minor() })...)
}

func (s Conversions) queueLines(b *pgx.Batch, statement string, log []conversion.LogLine) {
	if len(log) == 0 {
		return
	}
	type L = conversion.LogLine
	// Warnings and amounts are words of letters and "_", so a list of them needs no quoting.
	words := func(list []string) any { return "{" + strings.Join(list, ",") + "}" }
	b.Queue(statement, columns(log,
		func(l L) any { return [16]byte(l.ID.UUID) }, func(l L) any { return l.ReceivedAt }, func(l L) any { return l.Method },
		func(l L) any { return l.Query }, func(l L) any { return s.db.sealer.Seal(columnRawCall, l.Call.AppendRecord(nil)) },
		func(l L) any { return l.IP }, func(l L) any { return int32(l.HTTPStatus) }, func(l L) any { return string(l.Status) },
		func(l L) any { return l.Code }, func(l L) any { return l.Message }, func(l L) any { return words(l.Warnings) },
		func(l L) any { return words(l.Ignored) }, func(l L) any { return idOrNull(domain.UUID(l.ClickID)) },
		func(l L) any { return idOrNull(l.ConversionID.UUID) }, func(l L) any { return numberOrNull(int64(l.OfferID)) },
		func(l L) any { return numberOrNull(int64(l.AffiliateID)) }, func(l L) any { return numberOrNull(int64(l.AdvertiserID)) },
		func(l L) any { return orNull(l.SettledAt) }, func(l L) any { return l.Preset }, func(l L) any { return texts(l.ReadAs) },
		func(l L) any { return texts(l.Unknown) }, func(l L) any { return l.BodyStart },
		func(l L) any { return numberOrNull(int64(l.Rehearsal.UserID)) }, func(l L) any { return string(l.Rehearsal.Role) })...)
}

// texts is a list of any texts as one text, for an array of arrays would need them to be of one length.
func texts(list []string) any {
	if len(list) == 0 {
		return "{}"
	}
	text, err := textArray(list).Value()
	if err != nil { // a list of texts has a form
		return "{}"
	}
	return text
}

func orNull(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return t
}

func idOrNull(id domain.UUID) any {
	if id.IsZero() {
		return nil
	}
	return [16]byte(id)
}

func numberOrNull(n int64) any {
	if n == 0 {
		return nil
	}
	return n
}
