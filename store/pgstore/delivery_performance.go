package pgstore

import (
	"context"
	"time"

	"github.com/waypost/waypost/domain/account"
	"github.com/waypost/waypost/domain/postback"
)

// performanceAnswers bounds how many answers the times are taken from.
const performanceAnswers = 1000

// Performance implements postback.DeliveryStore. Every part reads a bounded number of rows along an index: the days
// those by postback or affiliate and time, the answers the newest of them, what waits deliveries_waiting.
func (s Deliveries) Performance(ctx context.Context, scope account.Scope, of postback.PerformanceOf) (p postback.Performance, err error) {
	if err := scope.Check(); err != nil {
		return p, err
	}
	whose, postbacks, known, id := "postback_id = $1", "id = $1", "true", int64(of.PostbackID)
	if of.PostbackID == 0 {
		whose, postbacks, id = "affiliate_id = $1", "affiliate_id = $1", int64(of.AffiliateID)
		known = "EXISTS (SELECT FROM affiliates WHERE id = $1)"
	}
	visible, party := "$2 = 0", int64(0)
	if own, ok := scope.Affiliate(); ok {
		visible, party = "affiliate_id = $2", own
	} else if !scope.Network() {
		visible = "$2 <> 0" // advertisers know no affiliate's postback
	}
	var median, p95 *float64
	var oldest *time.Time
	err = s.db.native(ctx).QueryRow(ctx, `
		WITH last AS (
			SELECT id, status FROM deliveries
			WHERE `+whose+` AND `+visible+` AND created_at >= now() - interval '24 hours' AND reason <> 'superseded'
			ORDER BY created_at DESC LIMIT $3),
		before AS (
			SELECT status FROM deliveries
			WHERE `+whose+` AND `+visible+` AND created_at >= now() - interval '48 hours' AND created_at < now() - interval '24 hours' AND reason <> 'superseded'
			ORDER BY created_at DESC LIMIT $3),
		answers AS (
			SELECT a.duration_ms FROM (SELECT id FROM last WHERE status <> 'pending' LIMIT $4) l
			CROSS JOIN LATERAL (SELECT a.duration_ms, a.status_code FROM delivery_attempts a WHERE a.delivery_id = l.id ORDER BY a.number DESC LIMIT 1) a
			WHERE a.status_code > 0),
		open AS (
			SELECT o.status, count(*) AS n, min(o.created_at) AS oldest
			FROM (SELECT id FROM postbacks WHERE `+postbacks+` AND `+visible+`) p
			CROSS JOIN (VALUES ('pending'), ('retrying'), ('paused')) w (status)
			CROSS JOIN LATERAL (
				SELECT d.status, d.created_at FROM deliveries d
				WHERE d.postback_id = p.id AND d.status = w.status AND d.status IN ('pending', 'retrying', 'paused')
				ORDER BY d.created_at LIMIT $3) o
			GROUP BY o.status)
		SELECT
			(SELECT count(*) FROM last),
			(SELECT count(*) FROM last WHERE status = 'delivered'),
			(SELECT count(*) FROM last WHERE status = 'failed'),
			(SELECT count(*) FROM last WHERE status IN ('delivered', 'failed', 'retrying')),
			(SELECT count(*) FROM before),
			(SELECT count(*) FROM before WHERE status = 'delivered'),
			(SELECT count(*) FROM before WHERE status = 'failed'),
			(SELECT count(*) FROM before WHERE status IN ('delivered', 'failed', 'retrying')),
			(SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY duration_ms) FROM answers),
			(SELECT percentile_cont(0.95) WITHIN GROUP (ORDER BY duration_ms) FROM answers),
			coalesce((SELECT n FROM open WHERE status = 'pending'), 0),
			coalesce((SELECT n FROM open WHERE status = 'retrying'), 0),
			coalesce((SELECT n FROM open WHERE status = 'paused'), 0),
			(SELECT min(oldest) FROM open WHERE status <> 'paused')
		WHERE `+known,
		id, party, postback.PerformanceMost, performanceAnswers).
		Scan(&p.Last.Total, &p.Last.Delivered, &p.Last.Failed, &p.Last.Tried, &p.Before.Total, &p.Before.Delivered, &p.Before.Failed, &p.Before.Tried,
			&median, &p95, &p.Waiting, &p.Retrying, &p.Paused, &oldest)
	if err != nil {
		return postback.Performance{}, translate("add up how deliveries fare", err)
	}
	if median != nil {
		p.Median, p.P95 = time.Duration(*median*float64(time.Millisecond)), time.Duration(*p95*float64(time.Millisecond))
	}
	if oldest != nil {
		p.Oldest = oldest.UTC()
	}
	return p, nil
}
