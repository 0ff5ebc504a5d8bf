package pgstore

import (
	"context"
	"fmt"
	"time"

	"gorm.io/gorm"

	"github.com/waypost/waypost/domain"
	"github.com/waypost/waypost/domain/account"
)

// apiKeyRow is a row of api_keys.
type apiKeyRow struct {
	ID         int64 `gorm:"primaryKey"`
	UserID     int64
	Name       string
	Prefix     string
	SecretHash []byte
	Role       *string
	CreatedAt  time.Time
	ExpiresAt  *time.Time
	LastUsedAt *time.Time
}

// TableName implements gorm's Tabler.
func (apiKeyRow) TableName() string { return "api_keys" }

func newAPIKeyRow(k account.APIKey) apiKeyRow {
	row := apiKeyRow{UserID: int64(k.UserID), Name: k.Name, Prefix: k.Prefix, SecretHash: k.Hash[:], CreatedAt: k.CreatedAt,
		ExpiresAt: timeOrNull(k.ExpiresAt), LastUsedAt: timeOrNull(k.LastUsedAt)}
	if k.Role != "" {
		role := string(k.Role)
		row.Role = &role
	}
	return row
}

func (r apiKeyRow) key() (account.APIKey, error) {
	k := account.APIKey{ID: account.KeyID(r.ID), UserID: account.UserID(r.UserID), Name: r.Name, Prefix: r.Prefix,
		CreatedAt: r.CreatedAt.UTC(), ExpiresAt: timeOrZero(r.ExpiresAt), LastUsedAt: timeOrZero(r.LastUsedAt)}
	if r.Role != nil {
		k.Role = account.Role(*r.Role)
	}
	if copy(k.Hash[:], r.SecretHash) != len(k.Hash) {
		return account.APIKey{}, fmt.Errorf("API key %d has a hash of %d bytes", r.ID, len(r.SecretHash))
	}
	return k, nil
}

// InsertKey implements account.KeyStore.
func (s Accounts) InsertKey(ctx context.Context, k *account.APIKey) error {
	row := newAPIKeyRow(*k)
	if err := gorm.G[apiKeyRow](s.db.orm(ctx)).Create(ctx, &row); err != nil {
		return translate("insert API key", err)
	}
	k.ID = account.KeyID(row.ID)
	return nil
}

// GetKey implements account.KeyStore.
func (s Accounts) GetKey(ctx context.Context, id account.KeyID) (account.APIKey, error) {
	row, err := gorm.G[apiKeyRow](s.db.orm(ctx)).Where("id = ?", int64(id)).Take(ctx)
	if err != nil {
		return account.APIKey{}, translate("get API key", err)
	}
	return row.key()
}

// KeyUser implements account.KeyStore.
func (s Accounts) KeyUser(ctx context.Context, hash [32]byte) (account.APIKey, account.User, error) {
	row, err := gorm.G[apiKeyRow](s.db.orm(ctx)).Where("secret_hash = ?", hash[:]).Take(ctx)
	if err != nil {
		return account.APIKey{}, account.User{}, translate("find API key", err)
	}
	k, err := row.key()
	if err != nil {
		return account.APIKey{}, account.User{}, err
	}
	user, err := gorm.G[userRow](s.db.orm(ctx)).Where("id = ? AND status = 'active'", row.UserID).Take(ctx)
	if err != nil {
		return account.APIKey{}, account.User{}, translate("find user of API key", err)
	}
	return k, user.user(), nil
}

// ListKeys implements account.KeyStore. Errors: invalid_cursor.
func (s Accounts) ListKeys(ctx context.Context, user account.UserID, p domain.Page) (domain.Slice[account.APIKey], error) {
	q := gorm.G[apiKeyRow](s.db.orm(ctx)).Where("user_id = ?", int64(user))
	return listByID(ctx, "list API keys", q, p, func(r apiKeyRow) int64 { return r.ID }, apiKeyRow.key)
}

// TouchKey implements account.KeyStore.
func (s Accounts) TouchKey(ctx context.Context, id account.KeyID, at time.Time) error {
	_, err := gorm.G[apiKeyRow](s.db.orm(ctx)).Where("id = ? AND (last_used_at IS NULL OR last_used_at < ?)", int64(id), at).Update(ctx, "last_used_at", at)
	return translate("note use of API key", err)
}

// DeleteKey implements account.KeyStore.
func (s Accounts) DeleteKey(ctx context.Context, id account.KeyID) error {
	n, err := gorm.G[apiKeyRow](s.db.orm(ctx)).Where("id = ?", int64(id)).Delete(ctx)
	return changed("delete API key", n, err)
}
