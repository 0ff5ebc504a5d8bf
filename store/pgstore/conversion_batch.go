package pgstore

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/waypost/waypost/domain"
	"github.com/waypost/waypost/domain/click"
	"github.com/waypost/waypost/domain/conversion"
	"github.com/waypost/waypost/domain/errs"
)

// Both look up each id by both halves of its key. OFFSET 0 keeps the subquery whole, so that the plan is a loop over the
// primary key whatever the planner believes: left to itself it scans all of a day whose partition is new and has no
// statistics yet, as it is every midnight. The bounds prune the partitions of all other days before the loop begins, and
// each id's time all but its own within it: sales come for clicks of many days, and a statement for each day cost more
// than all that it found.
const (
	selectLines = `SELECT l.id, l.received_at, l.method, l.query, l.ip, l.http_status, l.status, l.code, l.message,
	l.warnings::text AS warnings, l.ignored::text AS ignored, l.click_id, l.conversion_id, l.offer_id, l.affiliate_id,
	l.advertiser_id, l.settled_at, l.preset, l.read_as::text AS read_as, l.unknown::text AS unknown, l.body_start,
	l.rehearsed_by, l.rehearsed_role,
	coalesce((SELECT c.status FROM conversions c WHERE c.id = l.conversion_id), '') AS conversion_status
FROM unnest($1::uuid[], $2::timestamptz[]) AS k (id, at), LATERAL (SELECT * FROM postback_log l
	WHERE l.id = k.id AND l.received_at = k.at AND l.received_at >= $3 AND l.received_at < $4 OFFSET 0`
	lockLines = ` FOR UPDATE`
	asLines   = `) AS l`

	selectClicks = `SELECT c.click_id, c.created_at, c.offer_id, c.affiliate_id, c.advertiser_id, c.reason, c.aff_click_id,
	c.subs, c.source, c.landing_page_id, c.creative_id, c.deep_link, c.coupon, c.ip, c.user_agent, c.referrer,
	c.language, c.country, c.device, c.os, c.browser, c.robot
FROM unnest($1::uuid[], $2::timestamptz[]) AS k (id, at), LATERAL (SELECT * FROM clicks c
	WHERE c.click_id = k.id AND c.created_at = k.at AND c.created_at >= $3 AND c.created_at < $4 OFFSET 0) AS c`
)

// planOnce has the statements of a batch planned once for a connection, for arrays of any length. PostgreSQL would plan
// some of them anew for each batch, over all partitions that its days span, which took longer than to run them.
const planOnce = `SET LOCAL plan_cache_mode = force_generic_plan`

// LoadCalls gives the lines of the incoming log with these ids and these clicks, as far as they exist, in one round
// trip, which takes the lock of LoadTerms too.
func (s Conversions) LoadCalls(ctx context.Context, logs []conversion.LogID, lock bool, clicks []click.ID) (
	map[conversion.LogID]conversion.LogEntry, map[click.ID]click.Click, error) {
	b := &pgx.Batch{}
	if txFrom(ctx) != nil {
		b.Queue(planOnce)
	}
	s.queueLockTerms(ctx, b)
	stored, found := map[conversion.LogID]conversion.LogEntry{}, map[click.ID]click.Click{}
	if len(logs) > 0 {
		lines := selectLines
		if lock {
			lines += lockLines
		}
		b.Queue(lines+asLines, keysOf(logs, func(id conversion.LogID) domain.UUID { return id.UUID })...).Query(func(rows pgx.Rows) error {
			read, err := pgx.CollectRows(rows, pgx.RowToStructByName[logRow])
			for _, r := range read {
				e := r.entry()
				stored[e.ID] = e
			}
			return err
		})
	}
	if len(clicks) > 0 {
		b.Queue(selectClicks, keysOf(clicks, func(id click.ID) domain.UUID { return domain.UUID(id) })...).Query(func(rows pgx.Rows) error {
			var c click.Click
			var id [16]byte
			var at time.Time // inside the id
			var subs []string
			_, err := pgx.ForEachRow(rows, []any{&id, &at, &c.OfferID, &c.AffiliateID, &c.AdvertiserID, &c.Reason, &c.AffClickID,
				&subs, &c.Source, &c.LandingPageID, &c.CreativeID, &c.DeepLink, &c.Coupon, &c.IP, &c.UserAgent, &c.Referrer,
				&c.Language, &c.Country, &c.Device, &c.OS, &c.Browser, &c.Robot}, func() error {
				c.ID, c.Subs = id, [len(c.Subs)]string{}
				copy(c.Subs[:], subs)
				found[c.ID] = c
				return nil
			})
			return err
		})
	}
	return stored, found, translateBatch("load calls", s.db.native(ctx).SendBatch(ctx, b).Close())
}

// keysOf are the arguments of both: the different ids, at least one, with the time that each holds, and the days (UTC)
// that they are of. They are sorted, for that is the order in which their rows are locked.
func keysOf[T any](ids []T, plain func(T) domain.UUID) []any {
	sorted := make([]domain.UUID, len(ids))
	for i, id := range ids {
		sorted[i] = plain(id)
	}
	slices.SortFunc(sorted, func(a, b domain.UUID) int { return bytes.Compare(a[:], b[:]) })
	sorted = slices.Compact(sorted)
	keys, times := make([][16]byte, len(sorted)), make([]time.Time, len(sorted))
	for i, id := range sorted {
		keys[i], times[i] = id, id.Time()
	}
	first, last := times[0].Truncate(24*time.Hour), times[len(times)-1].Truncate(24*time.Hour) // ids are in the order of time
	return []any{keys, times, first, last.AddDate(0, 0, 1)}
}

// ClaimKeys inserts the keys to be claimed that are free, sorted, so that batches that claim the same keys queue
// instead of deadlocking, and then reads who holds each key: a statement of its own, which sees the rows that the
// first one waited for.
func (s Conversions) ClaimKeys(ctx context.Context, keys []conversion.Key) (map[string]conversion.Key, error) {
	var all, claimed []string
	var clicks, ids [][16]byte
	for _, k := range keys {
		all = append(all, k.DedupeKey)
		if k.Claim {
			claimed, clicks, ids = append(claimed, k.DedupeKey), append(clicks, k.ClickID), append(ids, k.ConversionID.UUID)
		}
	}
	holders := make(map[string]conversion.Key, len(keys))
	b := &pgx.Batch{}
	if len(claimed) > 0 {
		b.Queue(`INSERT INTO conversion_keys (dedupe_key, click_id, conversion_id)
			SELECT * FROM unnest($1::text[], $2::uuid[], $3::uuid[]) AS k (dedupe_key, click_id, conversion_id) ORDER BY 1
			ON CONFLICT DO NOTHING`, claimed, clicks, ids)
	}
	b.Queue(`SELECT dedupe_key, click_id, conversion_id FROM conversion_keys WHERE dedupe_key = ANY($1)`, all).
		Query(func(rows pgx.Rows) error {
			var k conversion.Key
			var clickID, id [16]byte
			_, err := pgx.ForEachRow(rows, []any{&k.DedupeKey, &clickID, &id}, func() error {
				k.ClickID, k.ConversionID.UUID = clickID, id
				holders[k.DedupeKey] = k
				return nil
			})
			return err
		})
	return holders, translateBatch("claim keys", s.db.native(ctx).SendBatch(ctx, b).Close())
}

// LockConversions locks the conversions that hold these keys, in the order of their ids.
func (s Conversions) LockConversions(ctx context.Context, holders []conversion.Key) ([]conversion.Conversion, error) {
	clicks, ids := make([][16]byte, len(holders)), make([][16]byte, len(holders))
	for i, k := range holders {
		clicks[i], ids[i] = k.ClickID, k.ConversionID.UUID
	}
	rows, err := s.db.native(ctx).Query(ctx, `SELECT c.click_id, c.id, c.dedupe_key, c.txid, c.offer_id, c.goal_id, c.affiliate_id,
		c.advertiser_id, c.status, c.status_at, c.amounts_at, c.hold_until, c.val::text, c.commission, c.revenue, c.currency, c.original_val::text,
		c.original_currency, c.exchange_rate::text, c.awaiting_rate, c.test, c.params, c.clicked_at, c.created_at, c.updated_at
		FROM conversions c JOIN unnest($1::uuid[], $2::uuid[]) AS k (click_id, id) ON c.click_id = k.click_id AND c.id = k.id
		ORDER BY c.click_id, c.id FOR UPDATE OF c`, clicks, ids)
	if err != nil {
		return nil, translateBatch("lock conversions", err)
	}
	read, err := pgx.CollectRows(rows, pgx.RowToStructByName[conversionRow])
	if err != nil {
		return nil, translateBatch("lock conversions", err)
	}
	conversions := make([]conversion.Conversion, len(read))
	for i, r := range read {
		if conversions[i], err = r.conversion(); err != nil {
			return nil, err
		}
	}
	return conversions, nil
}

// translateBatch is translate for statements that lost against concurrent ones: a deadlock and a serialization failure
// are Conflicts, and so is a missing partition, for all of them pass when the batch is tried again. Values that a column
// does not take are Invalid: no other try can store them.
func translateBatch(deed string, err error) error {
	var pg *pgconn.PgError
	switch {
	case isMissingPartition(err):
		return errs.Conflict(conversion.CodeMissingPartition, "there is no partition for this day yet").Because(err)
	case errors.As(err, &pg) && slices.Contains([]string{"40001", "40P01"}, pg.Code):
		return errs.Conflict("concurrent_change", "the same rows were changed at the same time; try again").Because(fmt.Errorf("%s: %w", deed, err))
	case pg != nil && pg.Code != "22003" && (strings.HasPrefix(pg.Code, "22") || pg.Code == "23514"):
		return errs.Invalid("unstorable_data", "the database does not take these values").Because(fmt.Errorf("%s: %w", deed, err))
	}
	return translate(deed, err)
}
