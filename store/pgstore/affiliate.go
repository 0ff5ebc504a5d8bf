package pgstore

import (
	"context"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/waypost/waypost/domain"
	"github.com/waypost/waypost/domain/account"
	"github.com/waypost/waypost/domain/affiliate"
	"github.com/waypost/waypost/domain/errs"
	"github.com/waypost/waypost/domain/money"
)

// Affiliates keeps affiliates; it implements affiliate.Store.
type Affiliates struct{ db *DB }

// Affiliates is the store of affiliates.
func (db *DB) Affiliates() Affiliates { return Affiliates{db} }

// affiliateRow is a row of affiliates.
type affiliateRow struct {
	ID        int64 `gorm:"primaryKey"`
	Name      string
	Email     string
	Status    string
	Currency  string
	Fire      string
	CreatedAt time.Time
	UpdatedAt time.Time `gorm:"autoUpdateTime:false"`
}

// TableName implements gorm's Tabler.
func (affiliateRow) TableName() string { return "affiliates" }

func newAffiliateRow(a affiliate.Affiliate) affiliateRow {
	return affiliateRow{
		ID: int64(a.ID), Name: a.Name, Email: a.Email, Status: string(a.Status), Currency: string(a.Currency),
		Fire: string(a.Fire), CreatedAt: a.CreatedAt, UpdatedAt: a.UpdatedAt,
	}
}

func (r affiliateRow) affiliate() affiliate.Affiliate {
	return affiliate.Affiliate{
		ID: affiliate.ID(r.ID), Name: r.Name, Email: r.Email, Status: affiliate.Status(r.Status),
		Currency: money.Currency(r.Currency), Fire: affiliate.Fire(r.Fire),
		CreatedAt: r.CreatedAt.UTC(), UpdatedAt: r.UpdatedAt.UTC(),
	}
}

// Insert implements affiliate.Store.
func (s Affiliates) Insert(ctx context.Context, a *affiliate.Affiliate) error {
	row := newAffiliateRow(*a)
	if err := gorm.G[affiliateRow](s.db.orm(ctx)).Create(ctx, &row); err != nil {
		return translate("insert affiliate", err)
	}
	a.ID = affiliate.ID(row.ID)
	return s.db.changeCatalogue(ctx, "affiliates", row.ID)
}

// Update implements affiliate.Store.
func (s Affiliates) Update(ctx context.Context, a affiliate.Affiliate) error {
	n, err := gorm.G[affiliateRow](s.db.orm(ctx)).Where("id = ?", int64(a.ID)).Select("*").Omit("id", "created_at").Updates(ctx, newAffiliateRow(a))
	if err := changed("update affiliate", n, err); err != nil {
		return err
	}
	return s.db.changeCatalogue(ctx, "affiliates", int64(a.ID))
}

// Delete implements affiliate.Store. Clicks refer to it too, although no foreign key says so.
func (s Affiliates) Delete(ctx context.Context, id affiliate.ID) error {
	clicks, err := gorm.G[clickRow](s.db.orm(ctx)).Select("click_id").Where("affiliate_id = ?", int64(id)).Limit(1).Find(ctx)
	if err != nil {
		return translate("look for clicks", err)
	}
	if len(clicks) > 0 {
		return errs.Conflict("in_use", "the affiliate has clicks; pause it instead of deleting it")
	}
	if err := s.db.checkNoConversions(ctx, "affiliate_id = $1", int64(id)); err != nil {
		return err
	}
	n, err := gorm.G[affiliateRow](s.db.orm(ctx)).Where("id = ?", int64(id)).Delete(ctx)
	if err := changed("delete affiliate", n, err); err != nil {
		return err
	}
	return s.db.changeCatalogue(ctx, "affiliates", int64(id))
}

// Get implements affiliate.Store.
func (s Affiliates) Get(ctx context.Context, scope account.Scope, id affiliate.ID) (affiliate.Affiliate, error) {
	return s.get(ctx, scope, id)
}

// GetForUpdate implements affiliate.Store.
func (s Affiliates) GetForUpdate(ctx context.Context, scope account.Scope, id affiliate.ID) (affiliate.Affiliate, error) {
	return s.get(ctx, scope, id, forUpdate)
}

func (s Affiliates) get(ctx context.Context, scope account.Scope, id affiliate.ID, opts ...clause.Expression) (affiliate.Affiliate, error) {
	if err := scope.Check(); err != nil {
		return affiliate.Affiliate{}, err
	}
	row, err := gorm.G[affiliateRow](s.db.orm(ctx), opts...).Scopes(affiliatesOf(scope)).Where("id = ?", int64(id)).Take(ctx)
	if err != nil {
		return affiliate.Affiliate{}, translate("get affiliate", err)
	}
	return row.affiliate(), nil
}

// List implements affiliate.Store. Errors: invalid_cursor.
func (s Affiliates) List(ctx context.Context, scope account.Scope, f affiliate.Filter, p domain.Page) (domain.Slice[affiliate.Affiliate], error) {
	if err := scope.Check(); err != nil {
		return domain.Slice[affiliate.Affiliate]{}, err
	}
	q := gorm.G[affiliateRow](s.db.orm(ctx)).
		Scopes(affiliatesOf(scope), madeWithin(f.From, f.To), equals("status", string(f.Status)), named(f.Search))
	return listByID(ctx, "list affiliates", q, p, func(r affiliateRow) int64 { return r.ID },
		func(r affiliateRow) (affiliate.Affiliate, error) { return r.affiliate(), nil })
}

// Names implements affiliate.Store.
func (s Affiliates) Names(ctx context.Context, scope account.Scope, ids []affiliate.ID) (map[affiliate.ID]string, error) {
	if err := scope.Check(); err != nil {
		return nil, err
	}
	rows, err := gorm.G[affiliateRow](s.db.orm(ctx)).Select("id", "name").Scopes(affiliatesOf(scope)).Where("id IN ?", ids).Find(ctx)
	if err != nil {
		return nil, translate("read names of affiliates", err)
	}
	names := make(map[affiliate.ID]string, len(rows))
	for _, r := range rows {
		names[affiliate.ID(r.ID)] = r.Name
	}
	return names, nil
}

// affiliatesOf narrows to what the scope may see.
func affiliatesOf(scope account.Scope) func(*gorm.Statement) {
	return func(q *gorm.Statement) {
		if id, ok := scope.Affiliate(); ok {
			q.Where("id = ?", id)
		} else if !scope.Network() {
			q.Where("false")
		}
	}
}
