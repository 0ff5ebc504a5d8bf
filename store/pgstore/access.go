package pgstore

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/waypost/waypost/domain"
	"github.com/waypost/waypost/domain/account"
	"github.com/waypost/waypost/domain/affiliate"
	"github.com/waypost/waypost/domain/offer"
)

// accessRow is a row of offer_access.
type accessRow struct {
	OfferID     int64 `gorm:"primaryKey;autoIncrement:false"`
	AffiliateID int64 `gorm:"primaryKey;autoIncrement:false"`
	Status      string
	CreatedAt   time.Time
	UpdatedAt   time.Time `gorm:"autoUpdateTime:false"`
}

// TableName implements gorm's Tabler.
func (accessRow) TableName() string { return "offer_access" }

func (r accessRow) access() offer.Access {
	return offer.Access{
		OfferID: offer.ID(r.OfferID), AffiliateID: affiliate.ID(r.AffiliateID), Status: offer.AccessStatus(r.Status),
		CreatedAt: r.CreatedAt.UTC(), UpdatedAt: r.UpdatedAt.UTC(),
	}
}

// GetAccess implements offer.Store.
func (s Offers) GetAccess(ctx context.Context, id offer.ID, a affiliate.ID) (offer.Access, error) {
	row, err := gorm.G[accessRow](s.db.orm(ctx)).Where("offer_id = ? AND affiliate_id = ?", int64(id), int64(a)).Take(ctx)
	if err != nil {
		return offer.Access{}, translate("get access", err)
	}
	return row.access(), nil
}

// SetAccess implements offer.Store.
func (s Offers) SetAccess(ctx context.Context, a *offer.Access) error {
	row := accessRow{OfferID: int64(a.OfferID), AffiliateID: int64(a.AffiliateID), Status: string(a.Status), CreatedAt: a.CreatedAt, UpdatedAt: a.UpdatedAt}
	err := gorm.G[accessRow](s.db.orm(ctx), clause.OnConflict{
		Columns:   []clause.Column{{Name: "offer_id"}, {Name: "affiliate_id"}},
		DoUpdates: clause.AssignmentColumns([]string{"status", "updated_at"}),
	}).Create(ctx, &row)
	if err != nil {
		return translate("set access", err)
	}
	if *a, err = s.GetAccess(ctx, a.OfferID, a.AffiliateID); err != nil {
		return err
	}
	return s.db.changeCatalogue(ctx, "offer_access", int64(a.OfferID))
}

// ListAccess implements offer.Store. Errors: invalid_cursor.
func (s Offers) ListAccess(ctx context.Context, scope account.Scope, f offer.AccessFilter, p domain.Page) (domain.Slice[offer.Access], error) {
	none := domain.Slice[offer.Access]{}
	if err := scope.Check(); err != nil {
		return none, err
	}
	q := gorm.G[accessRow](s.db.orm(ctx)).Scopes(accessesOf(scope), equals("offer_id", int64(f.OfferID)),
		equals("affiliate_id", int64(f.AffiliateID)), equals("status", string(f.Status)), madeWithin(f.From, f.To))
	if p.Cursor != "" {
		at, o, a, err := decodeAccessCursor(p.Cursor)
		if err != nil {
			return none, err
		}
		q = q.Where("(created_at, offer_id, affiliate_id) < (?, ?, ?)", at, o, a)
	}
	limit := pageLimit(p)
	rows, err := q.Order("created_at DESC, offer_id DESC, affiliate_id DESC").Limit(limit + 1).Find(ctx)
	if err != nil {
		return none, translate("list accesses", err)
	}
	return slice(rows, limit,
		func(r accessRow) string {
			return encodeCursor(r.CreatedAt, fmt.Sprintf("%d-%d", r.OfferID, r.AffiliateID))
		},
		func(r accessRow) (offer.Access, error) { return r.access(), nil })
}

// decodeAccessCursor reads a cursor of ListAccess, which is not empty.
func decodeAccessCursor(cursor string) (at time.Time, offerID, affiliateID int64, err error) {
	at, id, err := decodeCursor(cursor)
	if err != nil {
		return at, 0, 0, err
	}
	o, a, _ := strings.Cut(id, "-")
	offerID, err = strconv.ParseInt(o, 10, 64)
	if err == nil {
		affiliateID, err = strconv.ParseInt(a, 10, 64)
	}
	if err != nil {
		return at, 0, 0, invalidCursor()
	}
	return at, offerID, affiliateID, nil
}

// accessesOf narrows to what the scope may see; advertisers see none.
func accessesOf(scope account.Scope) func(*gorm.Statement) {
	return func(q *gorm.Statement) {
		if id, ok := scope.Affiliate(); ok {
			q.Where("affiliate_id = ?", id)
		} else if !scope.Network() {
			q.Where("false")
		}
	}
}
