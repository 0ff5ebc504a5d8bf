package pgstore

import (
	"context"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/waypost/waypost/domain"
	"github.com/waypost/waypost/domain/account"
	"github.com/waypost/waypost/domain/advertiser"
	"github.com/waypost/waypost/domain/money"
)

// Advertisers keeps advertisers; it implements advertiser.Store.
type Advertisers struct{ db *DB }

// Advertisers is the store of advertisers.
func (db *DB) Advertisers() Advertisers { return Advertisers{db} }

// tokenColumn ties sealed tokens to their column.
const tokenColumn = "advertisers.postback_token"

// advertiserRow is a row of advertisers.
type advertiserRow struct {
	ID              int64 `gorm:"primaryKey"`
	Name            string
	Email           string
	Status          string
	Currency        string
	OverridePercent string // numeric
	PostbackAuth    string
	PostbackToken   []byte // sealed
	AlwaysOK        bool   `gorm:"column:always_ok"`
	IPAllowlist     textArray
	StatusMap       jsonb[map[string]string]
	CreatedAt       time.Time
	UpdatedAt       time.Time `gorm:"autoUpdateTime:false"`
}

// TableName implements gorm's Tabler.
func (advertiserRow) TableName() string { return "advertisers" }

func (s Advertisers) row(a advertiser.Advertiser) advertiserRow {
	return advertiserRow{
		ID: int64(a.ID), Name: a.Name, Email: a.Email, Status: string(a.Status), Currency: string(a.Currency),
		OverridePercent: a.OverridePercent.String(), PostbackAuth: string(a.PostbackAuth),
		PostbackToken: s.db.sealer.Seal(tokenColumn, []byte(a.PostbackToken)),
		AlwaysOK:      a.AlwaysOK, IPAllowlist: a.IPAllowlist, StatusMap: jsonb[map[string]string]{a.StatusMap},
		CreatedAt: a.CreatedAt, UpdatedAt: a.UpdatedAt,
	}
}

func (s Advertisers) advertiser(r advertiserRow) (advertiser.Advertiser, error) {
	token, err := s.db.sealer.Open(tokenColumn, r.PostbackToken)
	if err != nil {
		return advertiser.Advertiser{}, err
	}
	override, err := readRate("override_percent", r.OverridePercent)
	if err != nil {
		return advertiser.Advertiser{}, err
	}
	return advertiser.Advertiser{
		ID: advertiser.ID(r.ID), Name: r.Name, Email: r.Email, Status: advertiser.Status(r.Status), Currency: money.Currency(r.Currency),
		OverridePercent: override, PostbackAuth: advertiser.Auth(r.PostbackAuth), PostbackToken: string(token),
		AlwaysOK: r.AlwaysOK, IPAllowlist: r.IPAllowlist, StatusMap: r.StatusMap.V,
		CreatedAt: r.CreatedAt.UTC(), UpdatedAt: r.UpdatedAt.UTC(),
	}, nil
}

// Insert implements advertiser.Store.
func (s Advertisers) Insert(ctx context.Context, a *advertiser.Advertiser) error {
	row := s.row(*a)
	if err := gorm.G[advertiserRow](s.db.orm(ctx)).Create(ctx, &row); err != nil {
		return translate("insert advertiser", err)
	}
	a.ID = advertiser.ID(row.ID)
	return s.db.changeCatalogue(ctx, "advertisers", row.ID)
}

// Update implements advertiser.Store.
func (s Advertisers) Update(ctx context.Context, a advertiser.Advertiser) error {
	n, err := gorm.G[advertiserRow](s.db.orm(ctx)).Where("id = ?", int64(a.ID)).Select("*").Omit("id", "created_at").Updates(ctx, s.row(a))
	if err := changed("update advertiser", n, err); err != nil {
		return err
	}
	return s.db.changeCatalogue(ctx, "advertisers", int64(a.ID))
}

// Delete implements advertiser.Store.
func (s Advertisers) Delete(ctx context.Context, id advertiser.ID) error {
	if err := s.db.checkNoConversions(ctx, "advertiser_id = $1", int64(id)); err != nil {
		return err
	}
	n, err := gorm.G[advertiserRow](s.db.orm(ctx)).Where("id = ?", int64(id)).Delete(ctx)
	if err := changed("delete advertiser", n, err); err != nil {
		return err
	}
	return s.db.changeCatalogue(ctx, "advertisers", int64(id))
}

// Get implements advertiser.Store.
func (s Advertisers) Get(ctx context.Context, scope account.Scope, id advertiser.ID) (advertiser.Advertiser, error) {
	return s.get(ctx, scope, id)
}

// GetForUpdate implements advertiser.Store.
func (s Advertisers) GetForUpdate(ctx context.Context, scope account.Scope, id advertiser.ID) (advertiser.Advertiser, error) {
	return s.get(ctx, scope, id, forUpdate)
}

func (s Advertisers) get(ctx context.Context, scope account.Scope, id advertiser.ID, opts ...clause.Expression) (advertiser.Advertiser, error) {
	if err := scope.Check(); err != nil {
		return advertiser.Advertiser{}, err
	}
	row, err := gorm.G[advertiserRow](s.db.orm(ctx), opts...).Scopes(advertisersOf(scope)).Where("id = ?", int64(id)).Take(ctx)
	if err != nil {
		return advertiser.Advertiser{}, translate("get advertiser", err)
	}
	return s.advertiser(row)
}

// List implements advertiser.Store. Errors: invalid_cursor.
func (s Advertisers) List(ctx context.Context, scope account.Scope, f advertiser.Filter, p domain.Page) (domain.Slice[advertiser.Advertiser], error) {
	if err := scope.Check(); err != nil {
		return domain.Slice[advertiser.Advertiser]{}, err
	}
	q := gorm.G[advertiserRow](s.db.orm(ctx)).
		Scopes(advertisersOf(scope), madeWithin(f.From, f.To), equals("status", string(f.Status)), named(f.Search))
	return listByID(ctx, "list advertisers", q, p, func(r advertiserRow) int64 { return r.ID }, s.advertiser)
}

// Names implements advertiser.Store.
func (s Advertisers) Names(ctx context.Context, scope account.Scope, ids []advertiser.ID) (map[advertiser.ID]string, error) {
	if err := scope.Check(); err != nil {
		return nil, err
	}
	rows, err := gorm.G[advertiserRow](s.db.orm(ctx)).Select("id", "name").Scopes(advertisersOf(scope)).Where("id IN ?", ids).Find(ctx)
	if err != nil {
		return nil, translate("read names of advertisers", err)
	}
	names := make(map[advertiser.ID]string, len(rows))
	for _, r := range rows {
		names[advertiser.ID(r.ID)] = r.Name
	}
	return names, nil
}

// advertisersOf narrows to what the scope may see.
func advertisersOf(scope account.Scope) func(*gorm.Statement) {
	return func(q *gorm.Statement) {
		if id, ok := scope.Advertiser(); ok {
			q.Where("id = ?", id)
		} else if !scope.Network() {
			q.Where("false")
		}
	}
}
