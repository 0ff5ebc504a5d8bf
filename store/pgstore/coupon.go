package pgstore

import (
	"context"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/waypost/waypost/domain"
	"github.com/waypost/waypost/domain/account"
	"github.com/waypost/waypost/domain/advertiser"
	"github.com/waypost/waypost/domain/affiliate"
	"github.com/waypost/waypost/domain/conversion"
	"github.com/waypost/waypost/domain/offer"
)

// Coupons keeps coupons; it implements offer.CouponStore.
type Coupons struct{ db *DB }

// Coupons is the store of coupons.
func (db *DB) Coupons() Coupons { return Coupons{db} }

// couponRow is a row of coupons.
type couponRow struct {
	ID           int64 `gorm:"primaryKey"`
	Code         string
	OfferID      int64
	AdvertiserID int64
	AffiliateID  int64
	Active       bool
	CreatedAt    time.Time
	UpdatedAt    time.Time `gorm:"autoUpdateTime:false"`
}

// TableName implements gorm's Tabler.
func (couponRow) TableName() string { return "coupons" }

func newCouponRow(c offer.Coupon) couponRow {
	return couponRow{ID: int64(c.ID), Code: c.Code, OfferID: int64(c.OfferID), AdvertiserID: int64(c.AdvertiserID),
		AffiliateID: int64(c.AffiliateID), Active: c.Active, CreatedAt: c.CreatedAt, UpdatedAt: c.UpdatedAt}
}

func (r couponRow) coupon() offer.Coupon {
	return offer.Coupon{ID: offer.CouponID(r.ID), Code: r.Code, OfferID: offer.ID(r.OfferID), AdvertiserID: advertiser.ID(r.AdvertiserID),
		AffiliateID: affiliate.ID(r.AffiliateID), Active: r.Active, CreatedAt: r.CreatedAt.UTC(), UpdatedAt: r.UpdatedAt.UTC()}
}

// Insert implements offer.CouponStore.
func (s Coupons) Insert(ctx context.Context, c *offer.Coupon) error {
	row := newCouponRow(*c)
	if err := gorm.G[couponRow](s.db.orm(ctx)).Create(ctx, &row); err != nil {
		return translate("insert coupon", err)
	}
	c.ID = offer.CouponID(row.ID)
	return nil
}

// Update implements offer.CouponStore.
func (s Coupons) Update(ctx context.Context, c offer.Coupon) error {
	n, err := gorm.G[couponRow](s.db.orm(ctx)).Where("id = ?", int64(c.ID)).Select("*").Omit("id", "created_at").Updates(ctx, newCouponRow(c))
	return changed("update coupon", n, err)
}

// Delete implements offer.CouponStore.
func (s Coupons) Delete(ctx context.Context, id offer.CouponID) error {
	n, err := gorm.G[couponRow](s.db.orm(ctx)).Where("id = ?", int64(id)).Delete(ctx)
	return changed("delete coupon", n, err)
}

// Get implements offer.CouponStore.
func (s Coupons) Get(ctx context.Context, scope account.Scope, id offer.CouponID) (offer.Coupon, error) {
	return s.get(ctx, scope, id)
}

// GetForUpdate implements offer.CouponStore.
func (s Coupons) GetForUpdate(ctx context.Context, scope account.Scope, id offer.CouponID) (offer.Coupon, error) {
	return s.get(ctx, scope, id, forUpdate)
}

func (s Coupons) get(ctx context.Context, scope account.Scope, id offer.CouponID, opts ...clause.Expression) (offer.Coupon, error) {
	if err := scope.Check(); err != nil {
		return offer.Coupon{}, err
	}
	row, err := gorm.G[couponRow](s.db.orm(ctx), opts...).Scopes(ofParty(scope)).Where("id = ?", int64(id)).Take(ctx)
	if err != nil {
		return offer.Coupon{}, translate("get coupon", err)
	}
	return row.coupon(), nil
}

// List implements offer.CouponStore. Errors: invalid_cursor.
func (s Coupons) List(ctx context.Context, scope account.Scope, f offer.CouponFilter, p domain.Page) (domain.Slice[offer.Coupon], error) {
	if err := scope.Check(); err != nil {
		return domain.Slice[offer.Coupon]{}, err
	}
	q := gorm.G[couponRow](s.db.orm(ctx)).Scopes(ofParty(scope), madeWithin(f.From, f.To),
		equals("offer_id", int64(f.OfferID)), equals("affiliate_id", int64(f.AffiliateID)))
	if f.Code != "" {
		q = q.Where("lower(code) = lower(?)", f.Code)
	}
	return listByID(ctx, "list coupons", q, p, func(r couponRow) int64 { return r.ID },
		func(r couponRow) (offer.Coupon, error) { return r.coupon(), nil })
}

// askedCoupon is a coupon with the code as a call wrote it.
type askedCoupon struct {
	Row             couponRow `gorm:"embedded"`
	Asked           string
	AffiliateStatus string
}

// LoadCoupons gives the active coupons that have these codes, case ignored, by the code as it was asked for; oldest
// first.
func (s Conversions) LoadCoupons(ctx context.Context, codes []string) (map[string][]conversion.CouponTerms, error) {
	var rows []askedCoupon
	err := s.db.orm(ctx).Raw(`SELECT c.*, k.asked, a.status AS affiliate_status
		FROM (SELECT DISTINCT asked FROM unnest(?::text[]) AS asked) k
		JOIN coupons c ON lower(c.code) = lower(k.asked) AND c.active
		JOIN affiliates a ON a.id = c.affiliate_id ORDER BY c.id`, textArray(codes)).Scan(&rows).Error
	if err != nil {
		return nil, translateBatch("load coupons", err)
	}
	found := make(map[string][]conversion.CouponTerms, len(rows))
	for _, r := range rows {
		found[r.Asked] = append(found[r.Asked], conversion.CouponTerms{Coupon: r.Row.coupon(),
			AffiliateActive: r.AffiliateStatus == string(affiliate.StatusActive)})
	}
	return found, nil
}
