package pgstore

import (
	"context"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/waypost/waypost/domain/conversion"
	"github.com/waypost/waypost/domain/postback"
)

// The statements of this file decide how many deliveries a second can be owed, taken and settled, so they are native.
// Every instant in them is the database's: the clocks of the nodes may differ. Locks are taken in the order postbacks,
// deliveries by id, so that announcing and settling cannot wait for each other in a circle.

// Insert implements postback.DeliveryStore.
func (s Deliveries) Insert(ctx context.Context, ds []postback.Delivery) error {
	var (
		ids, conversions, clicks                               [][16]byte
		created                                                []time.Time
		postbacks, affiliates, offers                          []int64
		events, methods, urls, bodies, hosts, statuses, reason []string

		newIDs, newConversions [][16]byte
		newPostbacks           []int64
	)
	for i := range ds {
		d := &ds[i]
		ids, conversions, clicks = append(ids, d.ID.UUID), append(conversions, d.ConversionID.UUID), append(clicks, d.ClickID)
		created = append(created, d.CreatedAt)
		postbacks, affiliates, offers = append(postbacks, int64(d.PostbackID)), append(affiliates, int64(d.AffiliateID)), append(offers, int64(d.OfferID))
		events, methods, urls = append(events, string(d.EventStatus)), append(methods, d.Method), append(urls, d.URL)
		bodies, hosts = append(bodies, d.Body), append(hosts, d.Host)
		statuses, reason = append(statuses, string(d.Status)), append(reason, d.Reason)
		if d.Status.Waiting() && !d.First {
			newIDs, newConversions, newPostbacks = append(newIDs, d.ID.UUID), append(newConversions, d.ConversionID.UUID), append(newPostbacks, int64(d.PostbackID))
		}
	}
	var b pgx.Batch
	b.Queue(`
		INSERT INTO deliveries (id, created_at, postback_id, affiliate_id, offer_id, conversion_id, click_id, event_status,
			method, url, body, host, status, reason, next_attempt_at, updated_at)
		SELECT u.*, CASE WHEN u.status = 'pending' THEN now() END, now()
		FROM unnest($1::uuid[], $2::timestamptz[], $3::bigint[], $4::bigint[], $5::bigint[], $6::uuid[], $7::uuid[],
			$8::text[], $9::text[], $10::text[], $11::text[], $12::text[], $13::text[], $14::text[])
			AS u(id, created_at, postback_id, affiliate_id, offer_id, conversion_id, click_id, event_status,
				method, url, body, host, status, reason)`,
		ids, created, postbacks, affiliates, offers, conversions, clicks, events, methods, urls, bodies, hosts, statuses, reason)
	if len(newIDs) > 0 {
		b.Queue(closeOlder, newIDs, newConversions, newPostbacks)
	}
	return translate("insert deliveries", s.db.native(ctx).SendBatch(ctx, &b).Close())
}

// closeOlder closes what waits of the same conversion to the same postback. Each is found by itself, as a plan that joins
// reads all that wait for a postback, which is many where its host is away.
const closeOlder = `
	WITH told AS MATERIALIZED (
		SELECT d.id FROM unnest($1::uuid[], $2::uuid[], $3::bigint[]) AS u (id, conversion_id, postback_id), LATERAL (
			SELECT d.id FROM deliveries d WHERE d.conversion_id = u.conversion_id AND d.postback_id + 0 = u.postback_id AND d.id <> u.id OFFSET 0) AS d
		ORDER BY d.id),
	old AS MATERIALIZED (
		SELECT d.id FROM told t, LATERAL (
			SELECT d.id FROM deliveries d WHERE d.id = t.id AND d.status IN ('pending', 'retrying', 'paused') OFFSET 0 FOR UPDATE) AS d)
	UPDATE deliveries d SET status = 'failed', reason = 'superseded', next_attempt_at = NULL, updated_at = now()
	FROM old WHERE d.id = old.id`

// Lease implements postback.DeliveryStore.
func (s Deliveries) Lease(ctx context.Context, host string, limit int, length time.Duration) ([]postback.Lease, error) {
	rows, err := s.db.native(ctx).Query(ctx, `
		WITH due AS MATERIALIZED (
			SELECT id FROM deliveries
			WHERE host = $1 AND status IN ('pending', 'retrying') AND next_attempt_at <= clock_timestamp()
				AND (lease_until IS NULL OR lease_until < clock_timestamp())
			ORDER BY next_attempt_at LIMIT $2
			FOR UPDATE SKIP LOCKED)
		UPDATE deliveries d SET fence = d.fence + 1, lease_until = clock_timestamp() + $3 * interval '1 millisecond', updated_at = now()
		FROM due, postbacks p
		WHERE d.id = due.id AND p.id = d.postback_id
		RETURNING d.id, d.created_at, d.postback_id, d.affiliate_id, d.offer_id, d.conversion_id, d.click_id, d.event_status,
			d.method, d.url, d.body, d.host, d.status, d.tries, d.next_attempt_at, d.fence, p.signing_secret,
			CASE WHEN p.previous_until > now() THEN p.previous_secret END, p.active`,
		host, limit, length.Milliseconds())
	if err != nil {
		return nil, translate("lease deliveries", err)
	}
	leases, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (postback.Lease, error) {
		var l postback.Lease
		var secret, previous []byte
		var event string
		d := &l.Delivery
		err := row.Scan((*[16]byte)(&d.ID.UUID), &d.CreatedAt, &d.PostbackID, &d.AffiliateID, &d.OfferID, (*[16]byte)(&d.ConversionID.UUID),
			(*[16]byte)(&d.ClickID), &event, &d.Method, &d.URL, &d.Body, &d.Host, &d.Status, &d.Tries, &d.NextAttemptAt,
			&l.Fence, &secret, &previous, &l.PostbackActive)
		d.EventStatus = conversion.Status(event)
		// A secret that does not open stays empty: signing fails then, and only what has to be signed is held up.
		if plain, openErr := s.db.sealer.Open(signingSecretColumn, secret); openErr == nil {
			l.SigningSecret = string(plain)
		}
		if plain, openErr := s.db.sealer.Open(signingSecretColumn, previous); openErr == nil {
			l.PreviousSecret = string(plain)
		}
		return l, err
	})
	return leases, translate("lease deliveries", err)
}

// Settle implements postback.DeliveryStore.
func (s Deliveries) Settle(ctx context.Context, results []postback.Result) ([]postback.Health, error) {
	results, err := s.resumed(ctx, results)
	if err != nil {
		return nil, err
	}
	health, err := s.settleHealth(ctx, results)
	if err != nil {
		return nil, err
	}
	var (
		ids                                 [][16]byte
		fences, waits, tries, codes, millis []int64
		statuses, reasons                   []string
		attempted                           []bool
		at                                  []time.Time
		urls, classes, bodies               []string
	)
	for _, r := range results {
		ids, fences = append(ids, r.DeliveryID.UUID), append(fences, r.Fence)
		statuses, reasons = append(statuses, string(r.Outcome.Status)), append(reasons, r.Outcome.Reason)
		tries, waits = append(tries, int64(r.Outcome.Tries)), append(waits, r.Outcome.Wait.Milliseconds())
		attempted = append(attempted, r.Attempt != nil)
		var a postback.Attempt
		if r.Attempt != nil {
			a = *r.Attempt
		}
		at, urls, codes = append(at, a.At), append(urls, a.URL), append(codes, int64(a.StatusCode))
		millis, classes, bodies = append(millis, a.Duration.Milliseconds()), append(classes, string(a.Error)), append(bodies, a.ResponseBody)
	}
	// held: the result's lease is the newest. accepted: besides, nobody closed the delivery meanwhile, or it arrived.
	_, err = s.db.native(ctx).Exec(ctx, `
		WITH r AS (
			SELECT * FROM unnest($1::uuid[], $2::bigint[], $3::text[], $4::text[], $5::bigint[], $6::bigint[], $7::boolean[],
				$8::timestamptz[], $9::text[], $10::bigint[], $11::bigint[], $12::text[], $13::text[])
				AS r(id, fence, status, reason, tries, wait, attempted, at, url, code, millis, class, body)),
		locked AS MATERIALIZED (
			SELECT r.*, d.fence = r.fence AS held,
				d.fence = r.fence AND (d.status IN ('pending', 'retrying') OR r.status = 'delivered') AS accepted
			FROM deliveries d JOIN r ON r.id = d.id
			ORDER BY d.id FOR UPDATE OF d),
		settled AS (
			UPDATE deliveries d SET
				attempts = d.attempts + l.attempted::int,
				lease_until = CASE WHEN l.held THEN NULL ELSE d.lease_until END,
				status = CASE WHEN l.accepted THEN l.status ELSE d.status END,
				reason = CASE WHEN l.accepted THEN l.reason ELSE d.reason END,
				tries = CASE WHEN l.held THEN l.tries ELSE d.tries END,
				next_attempt_at = CASE WHEN NOT l.accepted THEN d.next_attempt_at
					WHEN l.status IN ('pending', 'retrying') THEN clock_timestamp() + l.wait * interval '1 millisecond' END,
				updated_at = now()
			FROM locked l WHERE d.id = l.id
			RETURNING d.id, d.attempts)
		INSERT INTO delivery_attempts (delivery_id, number, at, url, status_code, duration_ms, error, response_body)
		SELECT s.id, s.attempts, l.at, l.url, l.code, l.millis, l.class, l.body
		FROM settled s JOIN locked l ON l.id = s.id WHERE l.attempted`,
		ids, fences, statuses, reasons, tries, waits, attempted, at, urls, codes, millis, classes, bodies)
	return health, translate("settle deliveries", err)
}

// resumed makes due what a result would set aside although its postback has become active since the lease: nobody would
// resume it any more. The lock keeps a postback as it is until the result is written.
func (s Deliveries) resumed(ctx context.Context, results []postback.Result) ([]postback.Result, error) {
	var ids []int64
	for _, r := range results {
		if r.Outcome.Status == postback.DeliveryPaused {
			ids = append(ids, int64(r.PostbackID))
		}
	}
	if len(ids) == 0 {
		return results, nil
	}
	rows, err := s.db.native(ctx).Query(ctx, `SELECT p.id, p.active FROM postbacks p WHERE p.id = ANY($1) ORDER BY p.id FOR SHARE`, ids)
	if err != nil {
		return nil, translate("lock postbacks of paused deliveries", err)
	}
	active := map[postback.ID]bool{}
	var id postback.ID
	var is bool
	if _, err = pgx.ForEachRow(rows, []any{&id, &is}, func() error { active[id] = is; return nil }); err != nil {
		return nil, translate("lock postbacks of paused deliveries", err)
	}
	results = slices.Clone(results)
	for i := range results {
		if r := &results[i]; r.Outcome.Status == postback.DeliveryPaused && active[r.PostbackID] {
			r.Outcome = postback.Outcome{Status: postback.DeliveryPending}
		}
	}
	return results, nil
}

// settleHealth counts what each postback's attempts came to: a success wipes out the failures before it.
func (s Deliveries) settleHealth(ctx context.Context, results []postback.Result) ([]postback.Health, error) {
	type count struct {
		succeeded, gone bool
		failures        int64 // since the success, if any
	}
	counts := map[postback.ID]*count{}
	for _, r := range results {
		if r.Attempt == nil {
			continue
		}
		c := counts[r.PostbackID]
		if c == nil {
			c = &count{}
			counts[r.PostbackID] = c
		}
		if r.Outcome.Status == postback.DeliveryDelivered {
			c.succeeded, c.failures = true, 0
		} else {
			c.failures++
		}
		c.gone = c.gone || r.Outcome.Reason == postback.ReasonGone
	}
	if len(counts) == 0 {
		return nil, nil
	}
	var ids, failures []int64
	var succeeded []bool
	for id, c := range counts {
		ids, failures, succeeded = append(ids, int64(id)), append(failures, c.failures), append(succeeded, c.succeeded)
	}
	rows, err := s.db.native(ctx).Query(ctx, `
		WITH r AS (SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::boolean[]) AS r(id, failures, succeeded)),
		locked AS MATERIALIZED (
			SELECT r.* FROM postbacks p JOIN r ON r.id = p.id
			WHERE r.failures > 0 OR p.failures > 0
			ORDER BY p.id FOR NO KEY UPDATE OF p)
		UPDATE postbacks p SET
			failures = CASE WHEN l.succeeded THEN 0 ELSE p.failures END + l.failures,
			failing_since = CASE WHEN l.failures = 0 THEN NULL WHEN l.succeeded THEN now() ELSE coalesce(p.failing_since, now()) END
		FROM locked l WHERE p.id = l.id
		RETURNING p.id, p.affiliate_id, substring(p.url FROM '^[^:]+://([^/?#]+)'), p.active, p.failures, coalesce(p.failing_since, now()), now()`, ids, failures, succeeded)
	if err != nil {
		return nil, translate("count failures of postbacks", err)
	}
	health, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (h postback.Health, err error) {
		err = row.Scan(&h.PostbackID, &h.AffiliateID, &h.Host, &h.Active, &h.Failures, &h.FailingSince, &h.Now)
		return h, err
	})
	if err != nil {
		return nil, translate("count failures of postbacks", err)
	}
	for i := range health {
		health[i].Gone = counts[health[i].PostbackID].gone
	}
	return health, nil
}

// NextDue implements postback.DeliveryStore.
func (s Deliveries) NextDue(ctx context.Context, host string) (time.Duration, bool, error) {
	rows, err := s.db.native(ctx).Query(ctx, `
		SELECT (extract(epoch FROM next_attempt_at - clock_timestamp()) * 1000)::bigint FROM deliveries
		WHERE host = $1 AND status IN ('pending', 'retrying') AND (lease_until IS NULL OR lease_until < clock_timestamp())
		ORDER BY next_attempt_at LIMIT 1`, host)
	if err != nil {
		return 0, false, translate("find next due delivery", err)
	}
	waits, err := pgx.CollectRows(rows, pgx.RowTo[int64])
	if err != nil || len(waits) == 0 {
		return 0, false, translate("find next due delivery", err)
	}
	return time.Duration(waits[0]) * time.Millisecond, true, nil
}

// DueHosts implements postback.DeliveryStore. It jumps from host to host in the index, so a long queue of one host
// costs no more than a short one.
func (s Deliveries) DueHosts(ctx context.Context, olderThan time.Duration) ([]string, error) {
	rows, err := s.db.native(ctx).Query(ctx, `
		WITH RECURSIVE hosts AS (
			(SELECT host FROM deliveries WHERE status IN ('pending', 'retrying') ORDER BY host LIMIT 1)
			UNION ALL
			SELECT (SELECT d.host FROM deliveries d WHERE d.status IN ('pending', 'retrying') AND d.host > h.host ORDER BY d.host LIMIT 1)
			FROM hosts h WHERE h.host IS NOT NULL)
		SELECT h.host FROM hosts h WHERE h.host IS NOT NULL AND EXISTS (
			SELECT FROM deliveries d
			WHERE d.host = h.host AND d.status IN ('pending', 'retrying')
				AND d.next_attempt_at <= clock_timestamp() - $1 * interval '1 millisecond'
				AND (d.lease_until IS NULL OR d.lease_until < clock_timestamp()))`, olderThan.Milliseconds())
	if err != nil {
		return nil, translate("find hosts with due deliveries", err)
	}
	hosts, err := pgx.CollectRows(rows, pgx.RowTo[string])
	return hosts, translate("find hosts with due deliveries", err)
}
