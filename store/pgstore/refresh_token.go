package pgstore

import (
	"context"
	"fmt"
	"time"

	"gorm.io/gorm"

	"github.com/waypost/waypost/domain"
	"github.com/waypost/waypost/domain/account"
)

// refreshTokenRow is a row of refresh_tokens.
type refreshTokenRow struct {
	ID        uuid `gorm:"primaryKey"`
	UserID    int64
	Family    uuid
	TokenHash []byte
	IP        string `gorm:"column:ip"`
	Network   string
	CreatedAt time.Time
	ExpiresAt time.Time
	UsedAt    *time.Time
	RevokedAt *time.Time
}

// TableName implements gorm's Tabler.
func (refreshTokenRow) TableName() string { return "refresh_tokens" }

func (r refreshTokenRow) token() (account.RefreshToken, error) {
	t := account.RefreshToken{
		ID: domain.UUID(r.ID), UserID: account.UserID(r.UserID), Family: domain.UUID(r.Family), IP: r.IP, Network: r.Network,
		CreatedAt: r.CreatedAt.UTC(), ExpiresAt: r.ExpiresAt.UTC(), UsedAt: timeOrZero(r.UsedAt), RevokedAt: timeOrZero(r.RevokedAt),
	}
	if copy(t.Hash[:], r.TokenHash) != len(t.Hash) {
		return account.RefreshToken{}, fmt.Errorf("refresh token %s has a hash of %d bytes", t.ID, len(r.TokenHash))
	}
	return t, nil
}

// timeOrZero is the zero time for NULL.
func timeOrZero(t *time.Time) time.Time {
	if t == nil {
		return time.Time{}
	}
	return t.UTC()
}

// timeOrNull is NULL for the zero time.
func timeOrNull(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

// InsertToken implements account.Store. A new token is neither used nor revoked.
func (s Accounts) InsertToken(ctx context.Context, t account.RefreshToken) error {
	row := refreshTokenRow{ID: uuid(t.ID), UserID: int64(t.UserID), Family: uuid(t.Family), TokenHash: t.Hash[:], IP: t.IP, Network: t.Network, CreatedAt: t.CreatedAt, ExpiresAt: t.ExpiresAt}
	return translate("insert refresh token", gorm.G[refreshTokenRow](s.db.orm(ctx)).Create(ctx, &row))
}

// FindToken implements account.Store.
func (s Accounts) FindToken(ctx context.Context, hash [32]byte) (account.RefreshToken, error) {
	row, err := gorm.G[refreshTokenRow](s.db.orm(ctx)).Where("token_hash = ?", hash[:]).Take(ctx)
	if err != nil {
		return account.RefreshToken{}, translate("find refresh token", err)
	}
	return row.token()
}

// SpendToken implements account.Store.
func (s Accounts) SpendToken(ctx context.Context, id domain.UUID, at time.Time) error {
	n, err := gorm.G[refreshTokenRow](s.db.orm(ctx)).Where("id = ? AND used_at IS NULL", uuid(id)).Update(ctx, "used_at", at)
	return changed("spend refresh token", n, err)
}

// RevokeFamily implements account.Store.
func (s Accounts) RevokeFamily(ctx context.Context, family domain.UUID, at time.Time) error {
	_, err := gorm.G[refreshTokenRow](s.db.orm(ctx)).Where("family = ? AND revoked_at IS NULL", uuid(family)).Update(ctx, "revoked_at", at)
	return translate("revoke log-in", err)
}

// RevokeUser implements account.Store.
func (s Accounts) RevokeUser(ctx context.Context, id account.UserID, at time.Time) error {
	_, err := gorm.G[refreshTokenRow](s.db.orm(ctx)).Where("user_id = ? AND revoked_at IS NULL", int64(id)).Update(ctx, "revoked_at", at)
	if err == nil {
		_, err = gorm.G[browserRow](s.db.orm(ctx)).Where("user_id = ? AND ended_at IS NULL", int64(id)).Update(ctx, "ended_at", at)
	}
	return translate("revoke log-ins of user", err)
}

// SessionUser implements account.Store.
func (s Accounts) SessionUser(ctx context.Context, id account.UserID, family domain.UUID, now time.Time) (account.User, error) {
	row, err := gorm.G[userRow](s.db.orm(ctx)).
		Where("id = ? AND status = 'active'", int64(id)).
		Where("EXISTS (SELECT 1 FROM refresh_tokens t WHERE t.family = ? AND t.user_id = users.id AND t.revoked_at IS NULL AND t.expires_at > ?)",
			uuid(family), now).
		Take(ctx)
	if err != nil {
		return account.User{}, translate("find log-in", err)
	}
	return row.user(), nil
}

// KnownNetwork implements account.TokenStore. The empty network is none.
func (s Accounts) KnownNetwork(ctx context.Context, id account.UserID, network string, since time.Time) (bool, error) {
	var known bool
	err := s.db.orm(ctx).Raw(`SELECT @network <> '' AND (
		EXISTS (SELECT 1 FROM refresh_tokens WHERE user_id = @user AND network = @network AND created_at >= @since) OR
		EXISTS (SELECT 1 FROM browser_sessions WHERE user_id = @user AND network = @network AND NOT pending AND created_at >= @since))`,
		map[string]any{"user": int64(id), "network": network, "since": since}).Scan(&known).Error
	return known, translate("find log-ins from a network", err)
}

// DeleteTokens implements account.Store.
func (s Accounts) DeleteTokens(ctx context.Context, before time.Time) (int, error) {
	n, err := gorm.G[refreshTokenRow](s.db.orm(ctx)).Where("expires_at < ?", before).Delete(ctx)
	return n, translate("delete refresh tokens", err)
}
