package pgstore

import (
	"context"
	"strings"
	"time"

	"gorm.io/gorm"

	"github.com/waypost/waypost/domain"
	"github.com/waypost/waypost/domain/account"
	"github.com/waypost/waypost/domain/affiliate"
	"github.com/waypost/waypost/domain/click"
	"github.com/waypost/waypost/domain/conversion"
	"github.com/waypost/waypost/domain/offer"
	"github.com/waypost/waypost/domain/postback"
)

// Deliveries implements postback.DeliveryStore; what leases and settles them stands in delivery_lease.go.
type Deliveries struct{ db *DB }

// Deliveries are the calls owed to affiliates.
func (db *DB) Deliveries() Deliveries { return Deliveries{db} }

var _ postback.DeliveryStore = Deliveries{}

type deliveryRow struct {
	ID            uuid `gorm:"primaryKey"`
	CreatedAt     time.Time
	PostbackID    int64
	AffiliateID   int64
	OfferID       int64
	ConversionID  uuid
	ClickID       uuid
	EventStatus   string
	Method        string
	URL           string `gorm:"column:url"`
	Body          string
	Host          string
	Status        string
	Reason        string
	Tries         int
	NextAttemptAt *time.Time
	UpdatedAt     time.Time
}

func (deliveryRow) TableName() string { return "deliveries" }

func (row deliveryRow) delivery() postback.Delivery {
	d := postback.Delivery{ID: postback.DeliveryID{UUID: domain.UUID(row.ID)}, CreatedAt: row.CreatedAt.UTC(),
		PostbackID: postback.ID(row.PostbackID), AffiliateID: affiliate.ID(row.AffiliateID), OfferID: offer.ID(row.OfferID),
		ConversionID: conversion.ID{UUID: domain.UUID(row.ConversionID)}, ClickID: click.ID(row.ClickID),
		EventStatus: conversion.Status(row.EventStatus), Method: row.Method, URL: row.URL, Body: row.Body, Host: row.Host,
		Status: postback.DeliveryStatus(row.Status), Reason: row.Reason, Tries: row.Tries, UpdatedAt: row.UpdatedAt.UTC()}
	if row.NextAttemptAt != nil {
		d.NextAttemptAt = row.NextAttemptAt.UTC()
	}
	return d
}

type attemptRow struct {
	DeliveryID   uuid `gorm:"primaryKey"`
	Number       int  `gorm:"primaryKey"`
	At           time.Time
	URL          string `gorm:"column:url"`
	StatusCode   int
	DurationMS   int64 `gorm:"column:duration_ms"`
	Error        string
	ResponseBody string
}

func (attemptRow) TableName() string { return "delivery_attempts" }

func (row attemptRow) attempt() postback.Attempt {
	return postback.Attempt{Number: row.Number, At: row.At.UTC(), URL: row.URL, StatusCode: row.StatusCode,
		Duration: time.Duration(row.DurationMS) * time.Millisecond, Error: postback.ErrorClass(row.Error), ResponseBody: row.ResponseBody}
}

// deliveryConditions is the WHERE of what a scope may see and a filter asks for.
func deliveryConditions(scope account.Scope, f postback.DeliveryFilter) (string, []any, error) {
	if err := scope.Check(); err != nil {
		return "", nil, err
	}
	conditions, args := []string{"true"}, []any(nil)
	add := func(asked bool, condition string, arg any) {
		if asked {
			conditions, args = append(conditions, condition), append(args, arg)
		}
	}
	if id, ok := scope.Affiliate(); ok {
		add(true, "affiliate_id = ?", id)
	}
	if id, ok := scope.Advertiser(); ok {
		add(true, "offer_id IN (SELECT id FROM offers WHERE advertiser_id = ?)", id)
	}
	add(!f.ConversionID.IsZero(), "conversion_id = ?", uuid(f.ConversionID.UUID))
	add(!f.ClickID.IsZero(), "click_id = ?", uuid(f.ClickID))
	add(f.PostbackID != 0, "postback_id = ?", int64(f.PostbackID))
	add(f.AffiliateID != 0, "affiliate_id = ?", int64(f.AffiliateID))
	add(f.OfferID != 0, "offer_id = ?", int64(f.OfferID))
	add(f.AdvertiserID != 0, "offer_id IN (SELECT id FROM offers WHERE advertiser_id = ?)", int64(f.AdvertiserID))
	add(f.Status != "", "status = ?", string(f.Status))
	add(!f.From.IsZero(), "created_at >= ?", f.From)
	add(!f.To.IsZero(), "created_at < ?", f.To)
	return strings.Join(conditions, " AND "), args, nil
}

// Get implements postback.DeliveryStore.
func (s Deliveries) Get(ctx context.Context, scope account.Scope, id postback.DeliveryID) (postback.Delivery, error) {
	where, args, err := deliveryConditions(scope, postback.DeliveryFilter{})
	if err != nil {
		return postback.Delivery{}, err
	}
	row, err := gorm.G[deliveryRow](s.db.orm(ctx)).Where("id = ?", uuid(id.UUID)).Where(where, args...).Take(ctx)
	if err != nil {
		return postback.Delivery{}, translate("get delivery", err)
	}
	ds := []postback.Delivery{row.delivery()}
	if err := s.loadAttempts(ctx, ds); err != nil {
		return postback.Delivery{}, err
	}
	return ds[0], nil
}

// List implements postback.DeliveryStore.
func (s Deliveries) List(ctx context.Context, scope account.Scope, f postback.DeliveryFilter, page domain.Page) (domain.Slice[postback.Delivery], error) {
	var none domain.Slice[postback.Delivery]
	where, args, err := deliveryConditions(scope, f)
	if err != nil {
		return none, err
	}
	q := gorm.G[deliveryRow](s.db.orm(ctx)).Where(where, args...)
	if page.Cursor != "" {
		at, text, err := decodeCursor(page.Cursor)
		if err != nil {
			return none, err
		}
		id, ok := domain.ParseUUID(text)
		if !ok {
			return none, invalidCursor()
		}
		q = q.Where("(created_at, id) < (?, ?)", at, uuid(id))
	}
	limit := pageLimit(page)
	rows, err := q.Order("created_at DESC, id DESC").Limit(limit + 1).Find(ctx)
	if err != nil {
		return none, translate("list deliveries", err)
	}
	list, err := slice(rows, limit, func(r deliveryRow) string { return encodeCursor(r.CreatedAt, domain.UUID(r.ID).String()) },
		func(r deliveryRow) (postback.Delivery, error) { return r.delivery(), nil })
	if err != nil {
		return none, err
	}
	return list, s.loadAttempts(ctx, list.Items)
}

func (s Deliveries) loadAttempts(ctx context.Context, ds []postback.Delivery) error {
	if len(ds) == 0 {
		return nil
	}
	ids, at := make([]uuid, len(ds)), make(map[uuid]int, len(ds))
	for i := range ds {
		ids[i] = uuid(ds[i].ID.UUID)
		at[ids[i]] = i
	}
	rows, err := gorm.G[attemptRow](s.db.orm(ctx)).Where("delivery_id IN ?", ids).Order("delivery_id, number").Find(ctx)
	if err != nil {
		return translate("list delivery attempts", err)
	}
	for _, row := range rows {
		d := &ds[at[row.DeliveryID]]
		d.Attempts = append(d.Attempts, row.attempt())
	}
	return nil
}

// anew is what a resend sets. Who sends a row right now keeps it.
const anew = `SET status = 'pending', reason = '', tries = 0, next_attempt_at = now(), lease_until = NULL, updated_at = now()`

// Resend implements postback.DeliveryStore.
func (s Deliveries) Resend(ctx context.Context, scope account.Scope, id postback.DeliveryID) (string, error) {
	where, args, err := deliveryConditions(scope, postback.DeliveryFilter{})
	if err != nil {
		return "", err
	}
	rows, err := gorm.G[struct{ Host string }](s.db.orm(ctx)).Raw(`UPDATE deliveries `+anew+`
		WHERE id = ? AND (lease_until IS NULL OR lease_until < now()) AND `+where+` RETURNING host`, append([]any{uuid(id.UUID)}, args...)...).Find(ctx)
	if err != nil || len(rows) == 0 {
		return "", translate("resend delivery", err)
	}
	return rows[0].Host, nil
}

// ResendPage implements postback.DeliveryStore. Rows are locked in the order of their ids, as everywhere.
func (s Deliveries) ResendPage(ctx context.Context, scope account.Scope, f postback.DeliveryFilter, page domain.Page) ([]string, string, error) {
	where, args, err := deliveryConditions(scope, f)
	if err != nil {
		return nil, "", err
	}
	if page.Cursor != "" {
		at, id, err := decodeUUIDCursor(page.Cursor)
		if err != nil {
			return nil, "", err
		}
		where, args = where+" AND (created_at, id) < (?, ?)", append(args, at, id)
	}
	type seenRow struct {
		ID        uuid
		CreatedAt time.Time
		Host      *string // NULL: it stays as it is
	}
	rows, err := gorm.G[seenRow](s.db.orm(ctx)).Raw(`
		WITH page AS MATERIALIZED (
			SELECT id, created_at FROM deliveries WHERE `+where+` ORDER BY created_at DESC, id DESC LIMIT ?),
		free AS MATERIALIZED (
			SELECT d.id FROM deliveries d JOIN page USING (id)
			WHERE (d.lease_until IS NULL OR d.lease_until < now()) AND NOT EXISTS (
				SELECT FROM deliveries n WHERE n.conversion_id = d.conversion_id AND n.postback_id = d.postback_id
					AND (n.created_at, n.id) > (d.created_at, d.id))
			ORDER BY d.id FOR UPDATE OF d),
		changed AS (UPDATE deliveries d `+anew+` FROM free WHERE d.id = free.id RETURNING d.id, d.host)
		SELECT page.id, page.created_at, changed.host FROM page LEFT JOIN changed USING (id)
		ORDER BY page.created_at DESC, page.id DESC`, append(args, page.Limit)...).Find(ctx)
	if err != nil {
		return nil, "", translate("resend deliveries", err)
	}
	var hosts []string
	for _, row := range rows {
		if row.Host != nil {
			hosts = append(hosts, *row.Host)
		}
	}
	if len(rows) < page.Limit {
		return hosts, "", nil
	}
	last := rows[len(rows)-1]
	return hosts, encodeCursor(last.CreatedAt, domain.UUID(last.ID).String()), nil
}
