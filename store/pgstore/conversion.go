package pgstore

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/waypost/waypost/domain"
	"github.com/waypost/waypost/domain/account"
	"github.com/waypost/waypost/domain/advertiser"
	"github.com/waypost/waypost/domain/affiliate"
	"github.com/waypost/waypost/domain/click"
	"github.com/waypost/waypost/domain/conversion"
	"github.com/waypost/waypost/domain/money"
	"github.com/waypost/waypost/domain/offer"
)

// Conversions keeps conversions, their events and the incoming log; it implements conversion.Store. What a batch of
// calls needs stands in conversion_batch.go and conversion_batch_save.go, the log in postback_log.go.
type Conversions struct{ db *DB }

// Conversions is the store of conversions.
func (db *DB) Conversions() Conversions { return Conversions{db} }

// conversionRow is a row of conversions.
type conversionRow struct {
	ClickID          uuid `gorm:"primaryKey"`
	ID               uuid `gorm:"primaryKey"`
	DedupeKey        string
	TxID             string `gorm:"column:txid"`
	OfferID          int64
	GoalID           int64
	AffiliateID      int64
	AdvertiserID     int64
	Status           string
	StatusAt         time.Time
	AmountsAt        time.Time
	HoldUntil        *time.Time
	Val              string
	Commission       int64
	Revenue          int64
	Currency         string
	OriginalVal      string
	OriginalCurrency string
	ExchangeRate     string
	AwaitingRate     string
	Test             bool
	Params           jsonb[conversion.Params]
	ClickedAt        time.Time
	CreatedAt        time.Time
	UpdatedAt        time.Time
}

// TableName implements gorm's Tabler.
func (conversionRow) TableName() string { return "conversions" }

func (r conversionRow) conversion() (conversion.Conversion, error) {
	currency := money.Currency(r.Currency)
	c := conversion.Conversion{
		ID: conversion.ID{UUID: domain.UUID(r.ID)}, ClickID: click.ID(r.ClickID), DedupeKey: r.DedupeKey, TxID: r.TxID,
		OfferID: offer.ID(r.OfferID), GoalID: offer.GoalID(r.GoalID), AffiliateID: affiliate.ID(r.AffiliateID),
		AdvertiserID: advertiser.ID(r.AdvertiserID), Status: conversion.Status(r.Status), StatusAt: r.StatusAt.UTC(),
		AmountsAt:  r.AmountsAt.UTC(),
		Commission: money.NewAmount(r.Commission, currency), Revenue: money.NewAmount(r.Revenue, currency),
		OriginalCurrency: money.Currency(r.OriginalCurrency), AwaitingRate: conversion.Status(r.AwaitingRate),
		Test: r.Test, Params: r.Params.V,
		ClickedAt: r.ClickedAt.UTC(), CreatedAt: r.CreatedAt.UTC(), UpdatedAt: r.UpdatedAt.UTC(),
	}
	if r.HoldUntil != nil {
		c.HoldUntil = r.HoldUntil.UTC()
	}
	var err error
	if c.Val, err = readExact(r.Val); err == nil {
		if c.OriginalVal, err = readExact(r.OriginalVal); err == nil {
			c.ExchangeRate, err = readRate("conversions.exchange_rate", r.ExchangeRate)
		}
	}
	return c, err
}

// readExact parses a numeric without bounds: a value in the offer's currency is a product and has up to 16 decimals,
// and values that are added up outgrow what one call may send.
// It reads eight digits at a time, which is what a rate holds after its point.
func readExact(text string) (money.Rate, error) {
	digits, negative := strings.CutPrefix(text, "-")
	whole, decimals, _ := strings.Cut(digits, ".")
	whole = strings.Repeat("0", (8-len(whole)%8)%8) + whole
	decimals += strings.Repeat("0", (8-len(decimals)%8)%8)
	var sum money.Rate
	unit := money.MustRate("1")
	for i := 0; i < len(whole); i += 8 {
		group, err := money.ParseRate(whole[i : i+8])
		if err != nil {
			return money.Rate{}, fmt.Errorf("read numeric %q: %w", text, err)
		}
		sum = sum.Mul(money.RateFromInt(100_000_000)).Add(group)
	}
	for i := 0; i < len(decimals); i += 8 {
		group, err := money.ParseRate("0." + decimals[i:i+8])
		if err != nil {
			return money.Rate{}, fmt.Errorf("read numeric %q: %w", text, err)
		}
		sum = sum.Add(group.Mul(unit))
		unit = unit.Mul(money.MustRate("0.00000001"))
	}
	if negative {
		sum = money.Rate{}.Sub(sum)
	}
	return sum, nil
}

// Get gives one conversion. Errors: not_found, also for another tenant's.
func (s Conversions) Get(ctx context.Context, scope account.Scope, id conversion.ID) (conversion.Conversion, error) {
	return s.take(ctx, scope, gorm.G[conversionRow](s.db.orm(ctx)).Where("id = ?", uuid(id.UUID)))
}

// Lock is Get with the row locked until the end of the transaction.
func (s Conversions) Lock(ctx context.Context, scope account.Scope, id conversion.ID) (conversion.Conversion, error) {
	return s.take(ctx, scope, gorm.G[conversionRow](s.db.orm(ctx), clause.Locking{Strength: "UPDATE"}).Where("id = ?", uuid(id.UUID)))
}

func (s Conversions) take(ctx context.Context, scope account.Scope, q gorm.ChainInterface[conversionRow]) (conversion.Conversion, error) {
	if err := scope.Check(); err != nil {
		return conversion.Conversion{}, err
	}
	row, err := q.Scopes(ofParty(scope)).Take(ctx)
	if err != nil {
		return conversion.Conversion{}, translate("get conversion", err)
	}
	return row.conversion()
}

// List gives a part of the conversions that the scope may see, newest first. Errors: invalid_cursor.
func (s Conversions) List(ctx context.Context, scope account.Scope, f conversion.Filter, p domain.Page) (domain.Slice[conversion.Conversion], error) {
	none := domain.Slice[conversion.Conversion]{}
	if err := scope.Check(); err != nil {
		return none, err
	}
	q := gorm.G[conversionRow](s.db.orm(ctx)).Scopes(ofParty(scope), madeWithin(f.From, f.To), conversionsLike(f))
	if p.Cursor != "" {
		at, id, err := decodeUUIDCursor(p.Cursor)
		if err != nil {
			return none, err
		}
		q = q.Where("(created_at, id) < (?, ?)", at, id)
	}
	limit := pageLimit(p)
	rows, err := q.Order("created_at DESC, id DESC").Limit(limit + 1).Find(ctx)
	if err != nil {
		return none, translate("list conversions", err)
	}
	return slice(rows, limit,
		func(r conversionRow) string { return encodeCursor(r.CreatedAt, domain.UUID(r.ID).String()) }, conversionRow.conversion)
}

// decodeUUIDCursor reads a cursor whose id is a uuid.
func decodeUUIDCursor(cursor string) (time.Time, uuid, error) {
	at, text, err := decodeCursor(cursor)
	if err != nil {
		return time.Time{}, uuid{}, err
	}
	id, ok := domain.ParseUUID(text)
	if !ok {
		return time.Time{}, uuid{}, invalidCursor()
	}
	return at, uuid(id), nil
}

// ofParty narrows a table with affiliate_id and advertiser_id to what the scope may see.
func ofParty(scope account.Scope) func(*gorm.Statement) {
	return func(s *gorm.Statement) {
		if id, ok := scope.Affiliate(); ok {
			s.Where("affiliate_id = ?", id)
		} else if id, ok := scope.Advertiser(); ok {
			s.Where("advertiser_id = ?", id)
		} else if !scope.Network() {
			s.Where("false")
		}
	}
}

func conversionsLike(f conversion.Filter) func(*gorm.Statement) {
	return func(s *gorm.Statement) {
		if !f.ClickID.IsZero() {
			s.Where("click_id = ?", uuid(f.ClickID))
		}
		if f.TxID != "" {
			s.Where("txid = ?", f.TxID)
		}
		for column, id := range map[string]int64{"offer_id": int64(f.OfferID), "goal_id": int64(f.GoalID),
			"affiliate_id": int64(f.AffiliateID), "advertiser_id": int64(f.AdvertiserID)} {
			if id != 0 {
				s.Where(column+" = ?", id)
			}
		}
		if f.Status != "" {
			s.Where("status = ?", string(f.Status))
		}
		if f.MovableTo != "" {
			s.Where("CASE awaiting_rate WHEN '' THEN status ELSE awaiting_rate END IN ?", f.MovableTo.From())
		}
		if f.Test != nil {
			s.Where("test = ?", *f.Test)
		}
	}
}

// eventRow is a row of conversion_events.
type eventRow struct {
	ClickID      uuid `gorm:"primaryKey"`
	ID           uuid `gorm:"primaryKey"`
	ConversionID uuid
	LogID        *uuid
	Kind         string
	FromStatus   string
	ToStatus     string
	Actor        string
	Reason       string
	Data         jsonb[conversion.EventData]
	At           time.Time
}

// TableName implements gorm's Tabler.
func (eventRow) TableName() string { return "conversion_events" }

func (r eventRow) event() conversion.Event {
	e := conversion.Event{ID: domain.UUID(r.ID), ClickID: click.ID(r.ClickID), ConversionID: conversion.ID{UUID: domain.UUID(r.ConversionID)},
		Kind: conversion.EventKind(r.Kind), From: conversion.Status(r.FromStatus), To: conversion.Status(r.ToStatus),
		Actor: r.Actor, Reason: r.Reason, Data: r.Data.V, At: r.At.UTC()}
	if r.LogID != nil {
		e.LogID = conversion.LogID{UUID: domain.UUID(*r.LogID)}
	}
	return e
}

// Events gives what happened to the conversions of a click that the scope may see: the newest so many, oldest first.
func (s Conversions) Events(ctx context.Context, scope account.Scope, id click.ID, limit int) ([]conversion.Event, error) {
	if err := scope.Check(); err != nil {
		return nil, err
	}
	seen := s.db.orm(ctx).Table("conversions").Select("id").Where("click_id = ?", uuid(id))
	if party, ok := scope.Affiliate(); ok {
		seen = seen.Where("affiliate_id = ?", party)
	} else if party, ok := scope.Advertiser(); ok {
		seen = seen.Where("advertiser_id = ?", party)
	}
	rows, err := gorm.G[eventRow](s.db.orm(ctx)).Where("click_id = ? AND conversion_id IN (?)", uuid(id), seen).
		Order("at DESC, id DESC").Limit(limit).Find(ctx)
	if err != nil {
		return nil, translate("list events", err)
	}
	slices.Reverse(rows)
	events := make([]conversion.Event, len(rows))
	for i, r := range rows {
		events[i] = r.event()
	}
	return events, nil
}
