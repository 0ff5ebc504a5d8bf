package pgstore

import (
	"cmp"
	"context"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/waypost/waypost/domain"
	"github.com/waypost/waypost/domain/account"
)

// Accounts keeps users and their log-ins; it implements account.Store.
type Accounts struct{ db *DB }

// Accounts is the store of users and their log-ins.
func (db *DB) Accounts() Accounts { return Accounts{db} }

// userRow is a row of users.
type userRow struct {
	ID           int64 `gorm:"primaryKey"`
	Email        string
	Name         string
	Role         string
	AffiliateID  *int64
	AdvertiserID *int64
	Status       string
	PasswordHash string
	TimeZone     string
	Theme        string
	LastLoginAt  *time.Time
	// Written with the rest of the second factor only, as factorRow.
	TOTPConfirmedAt *time.Time `gorm:"column:totp_confirmed_at;->"`
	CreatedAt       time.Time
	UpdatedAt       time.Time `gorm:"autoUpdateTime:false"`
}

// TableName implements gorm's Tabler.
func (userRow) TableName() string { return "users" }

func newUserRow(u account.User) userRow {
	return userRow{
		ID: int64(u.ID), Email: u.Email, Name: u.Name, Role: string(u.Role), AffiliateID: optionalID(u.AffiliateID),
		AdvertiserID: optionalID(u.AdvertiserID), Status: string(u.Status), PasswordHash: u.PasswordHash,
		TimeZone: u.TimeZone, Theme: string(cmp.Or(u.Theme, account.ThemeAuto)), LastLoginAt: timeOrNull(u.LastLoginAt),
		CreatedAt: u.CreatedAt, UpdatedAt: u.UpdatedAt,
	}
}

func (r userRow) user() account.User {
	u := account.User{
		ID: account.UserID(r.ID), Email: r.Email, Name: r.Name, Role: account.Role(r.Role), Status: account.UserStatus(r.Status),
		PasswordHash: r.PasswordHash, TimeZone: r.TimeZone, Theme: account.Theme(r.Theme), SecondFactor: r.TOTPConfirmedAt != nil, LastLoginAt: timeOrZero(r.LastLoginAt),
		CreatedAt: r.CreatedAt.UTC(), UpdatedAt: r.UpdatedAt.UTC(),
	}
	if r.AffiliateID != nil {
		u.AffiliateID = *r.AffiliateID
	}
	if r.AdvertiserID != nil {
		u.AdvertiserID = *r.AdvertiserID
	}
	return u
}

// optionalID is NULL for 0.
func optionalID(id int64) *int64 {
	if id == 0 {
		return nil
	}
	return &id
}

// InsertUser implements account.Store.
func (s Accounts) InsertUser(ctx context.Context, u *account.User) error {
	row := newUserRow(*u)
	if err := gorm.G[userRow](s.db.orm(ctx)).Create(ctx, &row); err != nil {
		return translate("insert user", err)
	}
	u.ID = account.UserID(row.ID)
	return nil
}

// UpdateUser implements account.Store.
func (s Accounts) UpdateUser(ctx context.Context, u account.User) error {
	n, err := gorm.G[userRow](s.db.orm(ctx)).Where("id = ?", int64(u.ID)).Select("*").Omit("id", "created_at").Updates(ctx, newUserRow(u))
	return changed("update user", n, err)
}

// DeleteUser implements account.Store.
func (s Accounts) DeleteUser(ctx context.Context, id account.UserID) error {
	n, err := gorm.G[userRow](s.db.orm(ctx)).Where("id = ?", int64(id)).Delete(ctx)
	return changed("delete user", n, err)
}

// GetUser implements account.Store.
func (s Accounts) GetUser(ctx context.Context, scope account.Scope, id account.UserID) (account.User, error) {
	return s.getUser(ctx, scope, id)
}

// GetUserForUpdate implements account.Store.
func (s Accounts) GetUserForUpdate(ctx context.Context, scope account.Scope, id account.UserID) (account.User, error) {
	return s.getUser(ctx, scope, id, forUpdate)
}

func (s Accounts) getUser(ctx context.Context, scope account.Scope, id account.UserID, opts ...clause.Expression) (account.User, error) {
	if err := scope.Check(); err != nil {
		return account.User{}, err
	}
	row, err := gorm.G[userRow](s.db.orm(ctx), opts...).Scopes(usersOf(scope)).Where("id = ?", int64(id)).Take(ctx)
	if err != nil {
		return account.User{}, translate("get user", err)
	}
	return row.user(), nil
}

// FindUser implements account.Store.
func (s Accounts) FindUser(ctx context.Context, email string) (account.User, error) {
	row, err := gorm.G[userRow](s.db.orm(ctx)).Where("lower(email) = lower(?)", email).Take(ctx)
	if err != nil {
		return account.User{}, translate("find user", err)
	}
	return row.user(), nil
}

// ListUsers implements account.Store. Errors: invalid_cursor.
func (s Accounts) ListUsers(ctx context.Context, scope account.Scope, f account.UserFilter, p domain.Page) (domain.Slice[account.User], error) {
	if err := scope.Check(); err != nil {
		return domain.Slice[account.User]{}, err
	}
	q := gorm.G[userRow](s.db.orm(ctx)).
		Scopes(usersOf(scope), madeWithin(f.From, f.To), equals("role", string(f.Role)), equals("status", string(f.Status)),
			equals("affiliate_id", f.AffiliateID), equals("advertiser_id", f.AdvertiserID), holding(f.Search, "name", "email"))
	return listByID(ctx, "list users", q, p, func(r userRow) int64 { return r.ID }, func(r userRow) (account.User, error) { return r.user(), nil })
}

// LockAdmins implements account.Store.
func (s Accounts) LockAdmins(ctx context.Context) ([]account.UserID, error) {
	rows, err := gorm.G[userRow](s.db.orm(ctx), forUpdate).Where("role = 'admin' AND status = 'active' AND password_hash <> ''").Order("id").Find(ctx)
	if err != nil {
		return nil, translate("lock administrators", err)
	}
	ids := make([]account.UserID, len(rows))
	for i, row := range rows {
		ids[i] = account.UserID(row.ID)
	}
	return ids, nil
}

// ReplaceHash implements account.Store.
func (s Accounts) ReplaceHash(ctx context.Context, id account.UserID, from, to string) error {
	_, err := gorm.G[userRow](s.db.orm(ctx)).Where("id = ? AND password_hash = ?", int64(id), from).Update(ctx, "password_hash", to)
	return translate("replace password hash", err)
}

// usersOf narrows to what the scope may see.
func usersOf(scope account.Scope) func(*gorm.Statement) {
	return func(q *gorm.Statement) {
		if id, ok := scope.Affiliate(); ok {
			q.Where("affiliate_id = ?", id)
		} else if id, ok := scope.Advertiser(); ok {
			q.Where("advertiser_id = ?", id)
		} else if !scope.Network() {
			q.Where("false")
		}
	}
}
