package pgstore

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"strconv"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/waypost/waypost/domain/advertiser"
	"github.com/waypost/waypost/domain/affiliate"
	"github.com/waypost/waypost/domain/conversion"
	"github.com/waypost/waypost/domain/errs"
	"github.com/waypost/waypost/domain/money"
	"github.com/waypost/waypost/domain/offer"
)

// lockTerms is the advisory lock between conversions and what they refer to: shared by each batch that records some, from
// before it reads the terms until its end; alone for who deletes a part of the catalogue or changes what conversions were
// computed in. It stands for foreign keys from conversions to the catalogue, of which each row would lock four rows of
// the catalogue: some 20 of 290 µs of PostgreSQL, and any two batches fought over them.
const lockTerms int32 = 0x57500003

// termsKept are the offers, advertisers and affiliates that batches have read at one version of the catalogue, for the
// batches to come. A batch asks for the version each time, so that it never decides by terms older than its own start.
type termsKept struct {
	mu          sync.Mutex
	version     int64
	offers      map[offer.ID]offer.Offer
	advertisers map[advertiser.ID]advertiser.Advertiser
	affiliates  map[affiliate.ID]bool
}

// take adds what is kept at this version to t, and gives what is not.
func (k *termsKept) take(version int64, q conversion.TermsQuery, t conversion.Terms) (missing conversion.TermsQuery) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if version > k.version {
		k.version, k.offers, k.advertisers, k.affiliates = version, map[offer.ID]offer.Offer{}, map[advertiser.ID]advertiser.Advertiser{}, map[affiliate.ID]bool{}
	}
	if version < k.version {
		return conversion.TermsQuery{Offers: q.Offers, Advertisers: q.Advertisers, Affiliates: q.Affiliates}
	}
	missing.Offers = found(q.Offers, k.offers, t.Offers)
	missing.Advertisers = found(q.Advertisers, k.advertisers, t.Advertisers)
	missing.Affiliates = found(q.Affiliates, k.affiliates, t.Affiliates)
	return missing
}

func found[K comparable, V any](ids []K, kept, into map[K]V) (missing []K) {
	for _, id := range ids {
		if v, ok := kept[id]; ok {
			into[id] = v
		} else {
			missing = append(missing, id)
		}
	}
	return missing
}

// put keeps what was read after this version was.
func (k *termsKept) put(version int64, t conversion.Terms) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if version == k.version {
		maps.Copy(k.offers, t.Offers)
		maps.Copy(k.advertisers, t.Advertisers)
		maps.Copy(k.affiliates, t.Affiliates)
	}
}

// LoadTerms gives offers with their goals, advertisers with their secrets, which affiliates exist, and exchange rates.
// None of them is deleted, and no offer changes its currency or advertiser, until the transaction ends (lockTerms). Other
// edits pass.
func (s Conversions) LoadTerms(ctx context.Context, q conversion.TermsQuery) (conversion.Terms, error) {
	t := newTerms()
	b := &pgx.Batch{}
	version := s.queueLockTerms(ctx, b)
	queueRates(b, q, &t)
	if b.Len() > 0 {
		if err := s.db.native(ctx).SendBatch(ctx, b).Close(); err != nil {
			return t, translateBatch("load terms", err)
		}
	}
	kept := &s.db.terms
	if tx := txFrom(ctx); tx != nil && tx.catalogue {
		kept = &termsKept{} // it reads its own changes, which may yet come to nothing
	}
	missing := kept.take(*version, q, t)
	if len(missing.Offers)+len(missing.Advertisers)+len(missing.Affiliates) == 0 {
		return t, nil
	}
	read := newTerms()
	b = &pgx.Batch{}
	s.queueTerms(b, missing, read)
	if err := s.db.native(ctx).SendBatch(ctx, b).Close(); err != nil {
		return t, translateBatch("load terms", err)
	}
	kept.put(*version, read)
	maps.Copy(t.Offers, read.Offers)
	maps.Copy(t.Advertisers, read.Advertisers)
	maps.Copy(t.Affiliates, read.Affiliates)
	return t, nil
}

// queueLockTerms takes lockTerms, and then reads the catalogue's version, unless the open transaction has done so.
func (s Conversions) queueLockTerms(ctx context.Context, b *pgx.Batch) (version *int64) {
	version = new(int64)
	if tx := txFrom(ctx); tx != nil {
		version = &tx.termsVersion
	}
	if *version == 0 {
		b.Queue(`SELECT pg_advisory_xact_lock_shared($1, 0)`, lockTerms)
		b.Queue(`SELECT version FROM catalogue_version`).QueryRow(func(row pgx.Row) error { return row.Scan(version) })
	}
	return version
}

func newTerms() conversion.Terms {
	return conversion.Terms{Offers: map[offer.ID]offer.Offer{}, Advertisers: map[advertiser.ID]advertiser.Advertiser{}, Affiliates: map[affiliate.ID]bool{}}
}

func queueRates(b *pgx.Batch, q conversion.TermsQuery, t *conversion.Terms) {
	if len(q.Bases) == 0 {
		return
	}
	bases := make([]string, len(q.Bases))
	for i, c := range q.Bases {
		bases[i] = string(c)
	}
	b.Queue(`SELECT date, base, quote, rate::text FROM exchange_rates WHERE base = ANY($1) AND date BETWEEN $2 AND $3`, bases, q.From, q.To).
		Query(func(rows pgx.Rows) error {
			var r conversion.Rate
			var text string
			_, err := pgx.ForEachRow(rows, []any{&r.Date, &r.Base, &r.Quote, &text}, func() (err error) {
				r.Rate, err = readRate("exchange_rates.rate", text)
				t.Rates = append(t.Rates, r)
				return err
			})
			return err
		})
}

func (s Conversions) queueTerms(b *pgx.Batch, q conversion.TermsQuery, t conversion.Terms) {
	if len(q.Offers) > 0 {
		b.Queue(`SELECT id, advertiser_id, name, destination_url, preview_url, fallback_url, currency, status, visibility,
			window_days, min_seconds, show_value, created_at, updated_at FROM offers WHERE id = ANY($1)`, int64s(q.Offers)).
			Query(func(rows pgx.Rows) error {
				var o offer.Offer
				_, err := pgx.ForEachRow(rows, []any{&o.ID, &o.AdvertiserID, &o.Name, &o.DestinationURL, &o.PreviewURL, &o.FallbackURL,
					&o.Currency, &o.Status, &o.Visibility, &o.WindowDays, &o.MinSeconds, &o.ShowValue, &o.CreatedAt, &o.UpdatedAt},
					func() error { t.Offers[o.ID] = o; return nil })
				return err
			})
		b.Queue(`SELECT id, offer_id, alias, name, is_default, payout_model, payout_amount::text, payout_percent::text,
			revenue_model, revenue_amount::text, revenue_percent::text, initial_status, hold_days, dedupe
			FROM goals WHERE offer_id = ANY($1) ORDER BY id`, int64s(q.Offers)).
			Query(func(rows pgx.Rows) error { return scanGoals(rows, t.Offers) })
	}
	if len(q.Advertisers) > 0 {
		b.Queue(`SELECT id, name, override_percent::text, postback_auth, postback_token, always_ok, ip_allowlist, status_map
			FROM advertisers WHERE id = ANY($1)`, int64s(q.Advertisers)).
			Query(func(rows pgx.Rows) error { return s.scanAdvertisers(rows, t.Advertisers) })
	}
	if len(q.Affiliates) > 0 {
		b.Queue(`SELECT id FROM affiliates WHERE id = ANY($1)`, int64s(q.Affiliates)).Query(func(rows pgx.Rows) error {
			var id affiliate.ID
			_, err := pgx.ForEachRow(rows, []any{&id}, func() error { t.Affiliates[id] = true; return nil })
			return err
		})
	}
}

func int64s[T ~int64](ids []T) []int64 {
	plain := make([]int64, len(ids))
	for i, id := range ids {
		plain[i] = int64(id)
	}
	return plain
}

func scanGoals(rows pgx.Rows, offers map[offer.ID]offer.Offer) error {
	var g offer.Goal
	var rates [4]*string
	_, err := pgx.ForEachRow(rows, []any{&g.ID, &g.OfferID, &g.Alias, &g.Name, &g.IsDefault, &g.Payout.Model, &rates[0], &rates[1],
		&g.Revenue.Model, &rates[2], &rates[3], &g.InitialStatus, &g.HoldDays, &g.Dedupe}, func() error {
		for i, into := range [...]**money.Rate{&g.Payout.Amount, &g.Payout.Percent, &g.Revenue.Amount, &g.Revenue.Percent} {
			var err error
			if *into, err = readOptionalRate("goals", rates[i]); err != nil {
				return err
			}
		}
		o := offers[g.OfferID]
		o.Goals = append(o.Goals, g)
		offers[g.OfferID] = o
		return nil
	})
	return err
}

func (s Conversions) scanAdvertisers(rows pgx.Rows, advertisers map[advertiser.ID]advertiser.Advertiser) error {
	var a advertiser.Advertiser
	var override string
	var token, statusMap []byte
	_, err := pgx.ForEachRow(rows, []any{&a.ID, &a.Name, &override, &a.PostbackAuth, &token, &a.AlwaysOK, &a.IPAllowlist, &statusMap}, func() error {
		var err error
		if a.OverridePercent, err = readRate("advertisers.override_percent", override); err != nil {
			return err
		}
		a.StatusMap = nil
		if err = json.Unmarshal(statusMap, &a.StatusMap); err != nil {
			return fmt.Errorf("read advertisers.status_map: %w", err)
		}
		// A token sealed under a lost secret stays empty, which no call's token or signature fits: the calls of this
		// advertiser are refused, those of others in the batch are not.
		plain, _ := s.db.sealer.Open(tokenColumn, token)
		a.PostbackToken = string(plain)
		advertisers[a.ID] = a
		return nil
	})
	return err
}

// lockOutWithin is how long who changes the catalogue waits for the batches under way: batches to come wait behind it, and
// time out after a second.
var lockOutWithin = 500 * time.Millisecond

// lockOutConversions waits for the batches under way and keeps those to come out until the open transaction ends. Errors:
// Unavailable where they do not end in time.
func (db *DB) lockOutConversions(ctx context.Context) error {
	b := &pgx.Batch{}
	b.Queue(`SELECT set_config('lock_timeout', $1, true)`, strconv.FormatInt(lockOutWithin.Milliseconds(), 10))
	b.Queue(`SELECT pg_advisory_xact_lock($1, 0)`, lockTerms)
	err := db.native(ctx).SendBatch(ctx, b).Close()
	var pg *pgconn.PgError
	if errors.As(err, &pg) && pg.Code == "55P03" {
		return errs.Unavailable("database_unavailable", "many conversions are being recorded at this moment; try again").Because(err)
	}
	return translate("lock out conversions", err)
}

// checkNoConversions is Conflict in_use where conversions refer to what is about to be deleted; none come until the open
// transaction ends. The condition is a constant of the caller.
func (db *DB) checkNoConversions(ctx context.Context, condition string, args ...any) error {
	if err := db.lockOutConversions(ctx); err != nil {
		return err
	}
	var has bool
	if err := db.native(ctx).QueryRow(ctx, `SELECT EXISTS (SELECT FROM conversions WHERE `+condition+`)`, args...).Scan(&has); err != nil {
		return translate("look for conversions", err)
	}
	if has {
		return errs.Conflict("in_use", "other records refer to it; pause it instead of deleting it")
	}
	return nil
}
