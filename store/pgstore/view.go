package pgstore

import (
	"context"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/waypost/waypost/domain"
	"github.com/waypost/waypost/domain/account"
	"github.com/waypost/waypost/domain/view"
)

// Views keeps saved views; it implements view.Store.
type Views struct{ db *DB }

// Views is the store of saved views.
func (db *DB) Views() Views { return Views{db} }

var _ view.Store = Views{}

// viewRow is a row of views, with what is said of its owner and whether its reader opens the page with it.
type viewRow struct {
	ID        int64 `gorm:"primaryKey"`
	UserID    int64
	Page      string
	Query     string
	Span      string
	Name      string
	Shared    bool
	Schedule  string
	Format    string
	NextAt    *time.Time
	CreatedAt time.Time
	UpdatedAt time.Time `gorm:"autoUpdateTime:false"`
	OwnerName string    `gorm:"->"`
	IsDefault bool      `gorm:"->"`
}

// TableName implements gorm's Tabler.
func (viewRow) TableName() string { return "views" }

func newViewRow(v view.View) viewRow {
	return viewRow{ID: int64(v.ID), UserID: int64(v.OwnerID), Page: v.Page, Query: v.Query, Span: string(v.Span), Name: v.Name, Shared: v.Shared,
		Schedule: string(v.Schedule), Format: string(v.Format), NextAt: timeOrNull(v.NextAt), CreatedAt: v.CreatedAt, UpdatedAt: v.UpdatedAt}
}

func (r viewRow) view() view.View {
	return view.View{ID: view.ID(r.ID), OwnerID: account.UserID(r.UserID), OwnerName: r.OwnerName, Page: r.Page, Query: r.Query, Span: view.Span(r.Span),
		Name: r.Name, Shared: r.Shared, Schedule: view.Schedule(r.Schedule), Format: view.Format(r.Format), NextAt: timeOrZero(r.NextAt),
		Default: r.IsDefault, CreatedAt: r.CreatedAt.UTC(), UpdatedAt: r.UpdatedAt.UTC()}
}

const viewColumns = `views.*, (SELECT coalesce(nullif(u.name, ''), u.email) FROM users u WHERE u.id = views.user_id) AS owner_name,
	EXISTS (SELECT FROM view_defaults d WHERE d.view_id = views.id AND d.user_id = ?) AS is_default`

// seenBy narrows to the reader's own and to those that users of the same party share.
func seenBy(scope account.Scope, reader account.UserID) func(*gorm.Statement) {
	return func(q *gorm.Statement) {
		const shared = "(views.user_id = ? OR views.shared AND EXISTS (SELECT FROM users u WHERE u.id = views.user_id AND "
		if id, ok := scope.Affiliate(); ok {
			q.Where(shared+"u.affiliate_id = ?))", int64(reader), id)
		} else if id, ok := scope.Advertiser(); ok {
			q.Where(shared+"u.advertiser_id = ?))", int64(reader), id)
		} else {
			q.Where(shared+"u.affiliate_id IS NULL AND u.advertiser_id IS NULL))", int64(reader))
		}
	}
}

// Insert implements view.Store.
func (s Views) Insert(ctx context.Context, v *view.View) error {
	row := newViewRow(*v)
	if err := gorm.G[viewRow](s.db.orm(ctx)).Omit("owner_name", "is_default").Create(ctx, &row); err != nil {
		return translate("insert view", err)
	}
	v.ID = view.ID(row.ID)
	return nil
}

// Update implements view.Store.
func (s Views) Update(ctx context.Context, v view.View) error {
	n, err := gorm.G[viewRow](s.db.orm(ctx)).Where("id = ?", int64(v.ID)).
		Select("query", "span", "name", "shared", "schedule", "format", "next_at", "updated_at").Updates(ctx, newViewRow(v))
	return changed("update view", n, err)
}

// Delete implements view.Store.
func (s Views) Delete(ctx context.Context, id view.ID) error {
	n, err := gorm.G[viewRow](s.db.orm(ctx)).Where("id = ?", int64(id)).Delete(ctx)
	return changed("delete view", n, err)
}

// DeleteViews implements account.Store.
func (s Accounts) DeleteViews(ctx context.Context, id account.UserID) error {
	_, err := gorm.G[viewRow](s.db.orm(ctx)).Where("user_id = ?", int64(id)).Delete(ctx)
	return translate("delete views of user", err)
}

// Count implements view.Store.
func (s Views) Count(ctx context.Context, user account.UserID) (n int, err error) {
	if _, err := gorm.G[userRow](s.db.orm(ctx), forUpdate).Select("id").Where("id = ?", int64(user)).Take(ctx); err != nil {
		return 0, translate("lock owner of views", err)
	}
	count, err := gorm.G[viewRow](s.db.orm(ctx)).Where("user_id = ?", int64(user)).Count(ctx, "*")
	return int(count), translate("count views", err)
}

// Get implements view.Store.
func (s Views) Get(ctx context.Context, scope account.Scope, reader account.UserID, id view.ID) (view.View, error) {
	return s.get(ctx, scope, reader, id)
}

// GetForUpdate implements view.Store.
func (s Views) GetForUpdate(ctx context.Context, scope account.Scope, reader account.UserID, id view.ID) (view.View, error) {
	return s.get(ctx, scope, reader, id, forUpdate)
}

func (s Views) get(ctx context.Context, scope account.Scope, reader account.UserID, id view.ID, opts ...clause.Expression) (view.View, error) {
	if err := scope.Check(); err != nil {
		return view.View{}, err
	}
	row, err := gorm.G[viewRow](s.db.orm(ctx), opts...).Select(viewColumns, int64(reader)).Scopes(seenBy(scope, reader)).Where("id = ?", int64(id)).Take(ctx)
	if err != nil {
		return view.View{}, translate("get view", err)
	}
	return row.view(), nil
}

// List implements view.Store. Errors: invalid_cursor.
func (s Views) List(ctx context.Context, scope account.Scope, reader account.UserID, f view.Filter, p domain.Page) (domain.Slice[view.View], error) {
	if err := scope.Check(); err != nil {
		return domain.Slice[view.View]{}, err
	}
	q := gorm.G[viewRow](s.db.orm(ctx)).Select(viewColumns, int64(reader)).Scopes(seenBy(scope, reader), equals("page", f.Page))
	if f.Own {
		q = q.Where("user_id = ?", int64(reader))
	}
	return listByID(ctx, "list views", q, p, func(r viewRow) int64 { return r.ID }, func(r viewRow) (view.View, error) { return r.view(), nil })
}

// OfPage implements view.Store.
func (s Views) OfPage(ctx context.Context, scope account.Scope, reader account.UserID, page string, most int) ([]view.View, error) {
	if err := scope.Check(); err != nil {
		return nil, err
	}
	rows, err := gorm.G[viewRow](s.db.orm(ctx)).Select(viewColumns, int64(reader)).Scopes(seenBy(scope, reader)).Where("page = ?", page).
		Order(clause.OrderBy{Expression: clause.Expr{SQL: "user_id <> ?, lower(name), id", Vars: []any{int64(reader)}}}).Limit(most).Find(ctx)
	if err != nil {
		return nil, translate("views of a page", err)
	}
	all := make([]view.View, len(rows))
	for i, r := range rows {
		all[i] = r.view()
	}
	return all, nil
}

// SetDefault implements view.Store.
func (s Views) SetDefault(ctx context.Context, user account.UserID, page string, id view.ID) error {
	return translate("set default view", s.db.orm(ctx).Exec(`INSERT INTO view_defaults (user_id, page, view_id) VALUES (?, ?, ?)
		ON CONFLICT (user_id, page) DO UPDATE SET view_id = excluded.view_id`, int64(user), page, int64(id)).Error)
}

// DropDefault implements view.Store.
func (s Views) DropDefault(ctx context.Context, user account.UserID, id view.ID) error {
	return translate("drop default view", s.db.orm(ctx).Exec("DELETE FROM view_defaults WHERE user_id = ? AND view_id = ?", int64(user), int64(id)).Error)
}

// DropOthers implements view.Store.
func (s Views) DropOthers(ctx context.Context, owner account.UserID, id view.ID) error {
	return translate("drop default views", s.db.orm(ctx).Exec("DELETE FROM view_defaults WHERE user_id <> ? AND view_id = ?", int64(owner), int64(id)).Error)
}

// NextDue implements view.Store.
func (s Views) NextDue(ctx context.Context, now time.Time, but []view.ID) (view.View, account.User, error) {
	ids := make([]int64, len(but), len(but)+1)
	for i, id := range but {
		ids[i] = int64(id)
	}
	row, err := gorm.G[viewRow](s.db.orm(ctx), clause.Locking{Strength: "NO KEY UPDATE", Options: "SKIP LOCKED"}).
		Where("next_at <= ? AND id NOT IN ?", now, append(ids, 0)).
		Where("EXISTS (SELECT FROM users u WHERE u.id = views.user_id AND u.status = ?)", string(account.UserStatusActive)).
		Order("next_at").Limit(1).Take(ctx)
	if err != nil {
		return view.View{}, account.User{}, translate("find due view", err)
	}
	owner, err := gorm.G[userRow](s.db.orm(ctx)).Where("id = ?", row.UserID).Take(ctx)
	if err != nil {
		return view.View{}, account.User{}, translate("owner of a view", err)
	}
	return row.view(), owner.user(), nil
}

// SetNext implements view.Store.
func (s Views) SetNext(ctx context.Context, id view.ID, at time.Time) error {
	return translate("time view", s.db.orm(ctx).Exec("UPDATE views SET next_at = ? WHERE id = ?", at, int64(id)).Error)
}
