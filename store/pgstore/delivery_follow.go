package pgstore

import (
	"context"
	"slices"

	"github.com/jackc/pgx/v5"

	"github.com/waypost/waypost/domain/postback"
)

// Deactivate implements postback.DeliveryStore.
func (s Deliveries) Deactivate(ctx context.Context, id postback.ID, reason postback.PausedReason) error {
	_, err := s.db.native(ctx).Exec(ctx,
		`UPDATE postbacks SET active = false, turned = true, paused_reason = $2, updated_at = now() WHERE id = $1 AND active`, int64(id), string(reason))
	return translate("deactivate postback", err)
}

// Turned implements postback.DeliveryStore.
func (s Deliveries) Turned(ctx context.Context, id postback.ID) error {
	_, err := s.db.native(ctx).Exec(ctx, `UPDATE postbacks SET turned = true WHERE id = $1`, int64(id))
	return translate("note that a postback was turned", err)
}

// Turning implements postback.DeliveryStore.
func (s Deliveries) Turning(ctx context.Context) ([]postback.ID, error) {
	rows, err := s.db.native(ctx).Query(ctx, `SELECT id FROM postbacks WHERE turned ORDER BY id`)
	if err != nil {
		return nil, translate("find postbacks that were turned", err)
	}
	ids, err := pgx.CollectRows(rows, pgx.RowTo[postback.ID])
	return ids, translate("find postbacks that were turned", err)
}

// Follow implements postback.DeliveryStore. The lock keeps the postback as it is until the page is written, so that
// pages of a postback that is turned again and again never mix.
func (s Deliveries) Follow(ctx context.Context, id postback.ID, limit int) (hosts []string, more bool, err error) {
	err = s.db.InTx(ctx, func(ctx context.Context) error {
		var turned []bool
		rows, err := s.db.native(ctx).Query(ctx, `SELECT active FROM postbacks WHERE id = $1 AND turned FOR NO KEY UPDATE`, int64(id))
		if err == nil {
			turned, err = pgx.CollectRows(rows, pgx.RowTo[bool])
		}
		if err != nil || len(turned) == 0 {
			return translate("lock postback", err)
		}
		active, page, left := turned[0], pausePage, []string{"pending", "retrying"}
		if active {
			page, left = resumePage, []string{"paused"}
		}
		var followed []string
		if rows, err = s.db.native(ctx).Query(ctx, page, int64(id), limit); err == nil {
			followed, err = pgx.CollectRows(rows, pgx.RowTo[string])
		}
		if err != nil {
			return translate("let deliveries follow their postback", err)
		}
		if active {
			slices.Sort(followed)
			hosts = slices.Compact(slices.Clone(followed))
		}
		if more = len(followed) == limit; more {
			return nil
		}
		// What somebody held or changed just now is left for another time.
		_, err = s.db.native(ctx).Exec(ctx, `
			UPDATE postbacks SET turned = EXISTS (SELECT FROM deliveries WHERE postback_id = $1 AND status = ANY($2)) WHERE id = $1`, int64(id), left)
		return translate("note whether all deliveries followed", err)
	})
	return hosts, more, err
}

const (
	// pausePage leaves rows that somebody writes to.
	pausePage = `
		WITH waiting AS MATERIALIZED (
			SELECT id FROM deliveries WHERE postback_id = $1 AND status IN ('pending', 'retrying') LIMIT $2 FOR UPDATE SKIP LOCKED)
		UPDATE deliveries d SET status = 'paused', next_attempt_at = NULL, updated_at = now()
		FROM waiting w WHERE d.id = w.id
		RETURNING d.host`
	resumePage = `
		WITH page AS MATERIALIZED (
			SELECT id FROM deliveries WHERE postback_id = $1 AND status = 'paused' LIMIT $2),
		paused AS MATERIALIZED (
			SELECT d.id, EXISTS (SELECT FROM conversions c WHERE c.click_id = d.click_id AND c.id = d.conversion_id AND c.status <> d.event_status) AS outdated
			FROM deliveries d JOIN page USING (id) WHERE d.status = 'paused' ORDER BY d.id FOR UPDATE OF d)
		UPDATE deliveries d SET
			status = CASE WHEN p.outdated THEN 'failed' ELSE 'pending' END,
			reason = CASE WHEN p.outdated THEN 'superseded' ELSE '' END,
			tries = 0,
			next_attempt_at = CASE WHEN NOT p.outdated THEN now() END,
			updated_at = now()
		FROM paused p WHERE d.id = p.id
		RETURNING d.host`
)
