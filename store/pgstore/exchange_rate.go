package pgstore

import (
	"context"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/waypost/waypost/domain"
	"github.com/waypost/waypost/domain/conversion"
	"github.com/waypost/waypost/domain/money"
)

// rateRow is a row of exchange_rates.
type rateRow struct {
	Base   string    `gorm:"primaryKey"`
	Quote  string    `gorm:"primaryKey"`
	Date   time.Time `gorm:"primaryKey;type:date"`
	Rate   string
	Source string
}

// TableName implements gorm's Tabler.
func (rateRow) TableName() string { return "exchange_rates" }

func newRateRow(r conversion.Rate) rateRow {
	return rateRow{Base: string(r.Base), Quote: string(r.Quote), Date: r.Date, Rate: r.Rate.String(), Source: string(r.Source)}
}

func (r rateRow) rate() (conversion.Rate, error) {
	rate, err := readRate("exchange_rates.rate", r.Rate)
	return conversion.Rate{Date: r.Date.UTC(), Base: money.Currency(r.Base), Quote: money.Currency(r.Quote), Rate: rate,
		Source: conversion.RateSource(r.Source)}, err
}

// PutRate implements conversion.Store. The row is made first, so that of two who put the same day one waits and finds
// the other's rate.
func (s Conversions) PutRate(ctx context.Context, r conversion.Rate) (*conversion.Rate, error) {
	row := newRateRow(r)
	made := s.db.orm(ctx).Clauses(clause.OnConflict{DoNothing: true}).Create(&row)
	if made.Error != nil || made.RowsAffected == 1 {
		return nil, translate("put exchange rate", made.Error)
	}
	key := func(q *gorm.Statement) { q.Where("base = ? AND quote = ? AND date = ?", row.Base, row.Quote, row.Date) }
	old, err := gorm.G[rateRow](s.db.orm(ctx), forUpdate).Scopes(key).Take(ctx)
	if err != nil {
		return nil, translate("get exchange rate", err)
	}
	n, err := gorm.G[rateRow](s.db.orm(ctx)).Scopes(key).Select("rate", "source").Updates(ctx, row)
	if err := changed("replace exchange rate", n, err); err != nil {
		return nil, err
	}
	before, err := old.rate()
	return &before, err
}

// ListRates implements conversion.Store: newest day first, then by currencies. Errors: invalid_cursor.
func (s Conversions) ListRates(ctx context.Context, f conversion.RateFilter, p domain.Page) (domain.Slice[conversion.Rate], error) {
	none := domain.Slice[conversion.Rate]{}
	q := gorm.G[rateRow](s.db.orm(ctx)).Scopes(within("date", f.From, f.To), equals("base", string(f.Base)), equals("quote", string(f.Quote)))
	if p.Cursor != "" {
		at, pair, err := decodeCursor(p.Cursor)
		if err != nil {
			return none, err
		}
		if len(pair) != 6 {
			return none, invalidCursor()
		}
		day := at.Format(time.DateOnly)
		q = q.Where("date < ? OR date = ? AND (base, quote) > (?, ?)", day, day, pair[:3], pair[3:])
	}
	limit := pageLimit(p)
	rows, err := q.Order("date DESC, base, quote").Limit(limit + 1).Find(ctx)
	if err != nil {
		return none, translate("list exchange rates", err)
	}
	return slice(rows, limit, func(r rateRow) string { return encodeCursor(r.Date, r.Base+r.Quote) }, rateRow.rate)
}

// AdvertisersDecide implements conversion.Store.
func (s Conversions) AdvertisersDecide(ctx context.Context) (bool, error) {
	settings, err := s.db.Network().Get(ctx)
	return settings.AdvertisersDecide, err
}
