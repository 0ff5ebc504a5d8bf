package pgstore

import (
	"context"
	"time"

	"github.com/waypost/waypost/domain"
	"github.com/waypost/waypost/domain/click"
	"github.com/waypost/waypost/domain/conversion"
)

// Each half of the first is served by a partial index of its own, in its order.
const (
	dueHolds = `SELECT click_id, id, dedupe_key FROM (
		(SELECT click_id, id, dedupe_key, hold_until FROM conversions WHERE status = 'hold' AND hold_until <= @now
			ORDER BY hold_until LIMIT @limit)
		UNION ALL
		(SELECT click_id, id, dedupe_key, hold_until FROM conversions WHERE awaiting_rate = 'hold' AND hold_until <= @now
			ORDER BY hold_until LIMIT @limit)
	) due ORDER BY hold_until, id LIMIT @limit`

	// The rate is that of conversion.Rates.OnOrAfter. One that is noted already is too large for the conversion's amounts.
	dueRates = `SELECT c.click_id, c.id, c.dedupe_key FROM conversions c CROSS JOIN LATERAL (
		SELECT r.rate FROM exchange_rates r, (SELECT (c.amounts_at AT TIME ZONE 'UTC')::date AS day) d
		WHERE r.base = c.original_currency AND r.quote = c.currency AND r.date BETWEEN d.day - 7 AND d.day + 7
			AND (r.date <= d.day OR r.date <= (CAST(@now AS timestamptz) AT TIME ZONE 'UTC')::date)
		ORDER BY r.date > d.day, abs(r.date - d.day) LIMIT 1) known
	WHERE c.awaiting_rate <> '' AND c.awaiting_rate <> 'trash' AND known.rate <> c.exchange_rate
	ORDER BY c.id LIMIT @limit`
)

// DueHolds implements conversion.Store.
func (s Conversions) DueHolds(ctx context.Context, now time.Time, limit int) ([]conversion.Key, error) {
	return s.due(ctx, "find holds that are over", dueHolds, now, limit)
}

// DueRates implements conversion.Store.
func (s Conversions) DueRates(ctx context.Context, now time.Time, limit int) ([]conversion.Key, error) {
	return s.due(ctx, "find conversions whose rate is known", dueRates, now, limit)
}

type keyRow struct {
	ClickID   uuid
	ID        uuid
	DedupeKey string
}

func (s Conversions) due(ctx context.Context, deed, query string, now time.Time, limit int) ([]conversion.Key, error) {
	var rows []keyRow
	if err := s.db.orm(ctx).Raw(query, map[string]any{"now": now, "limit": limit}).Scan(&rows).Error; err != nil {
		return nil, translate(deed, err)
	}
	keys := make([]conversion.Key, len(rows))
	for i, r := range rows {
		keys[i] = conversion.Key{DedupeKey: r.DedupeKey, ClickID: click.ID(r.ClickID), ConversionID: conversion.ID{UUID: domain.UUID(r.ID)}}
	}
	return keys, nil
}
