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
	rows, err := gorm.G[refreshTokenRow](s.db.orm(ctx)).Select("id").
		Where("user_id = ? AND network = ? AND network <> '' AND created_at >= ?", int64(id), network, since).Limit(1).Find(ctx)
	return len(rows) > 0, translate("find log-ins from a network", err)
}

// DeleteTokens implements account.Store.
func (s Accounts) DeleteTokens(ctx context.Context, before time.Time) (int, error) {
	n, err := gorm.G[refreshTokenRow](s.db.orm(ctx)).Where("expires_at < ?", before).Delete(ctx)
	return n, translate("delete refresh tokens", err)
}

// openSessionRow is what is known of a log-in by the tokens of its family.
type openSessionRow struct {
	Family     uuid
	LastUsedAt time.Time
	ExpiresAt  time.Time
	IP         string `gorm:"column:ip"`
}

func (r openSessionRow) session() (account.OpenSession, error) {
	id := domain.UUID(r.Family)
	return account.OpenSession{ID: id, CreatedAt: id.Time(), LastUsedAt: r.LastUsedAt.UTC(), ExpiresAt: r.ExpiresAt.UTC(), IP: r.IP}, nil
}

// ListSessions implements account.TokenStore. The family's id tells when the log-in began: its first tokens may be
// forgotten. Errors: invalid_cursor.
func (s Accounts) ListSessions(ctx context.Context, id account.UserID, now time.Time, p domain.Page) (domain.Slice[account.OpenSession], error) {
	before := "ffffffff-ffff-ffff-ffff-ffffffffffff"
	if _, text, err := decodeCursor(p.Cursor); err != nil {
		return domain.Slice[account.OpenSession]{}, err
	} else if text != "" {
		if _, ok := domain.ParseUUID(text); !ok {
			return domain.Slice[account.OpenSession]{}, invalidCursor()
		}
		before = text
	}
	limit := pageLimit(p)
	var rows []openSessionRow
	err := s.db.orm(ctx).Raw(`SELECT family, max(created_at) AS last_used_at, max(expires_at) AS expires_at,
			(array_agg(ip ORDER BY created_at DESC))[1] AS ip
		FROM refresh_tokens WHERE user_id = ? AND family < ?::uuid
		GROUP BY family HAVING bool_and(revoked_at IS NULL) AND max(expires_at) > ?
		ORDER BY family DESC LIMIT ?`, int64(id), before, now, limit+1).Scan(&rows).Error
	if err != nil {
		return domain.Slice[account.OpenSession]{}, translate("list log-ins", err)
	}
	return slice(rows, limit, func(r openSessionRow) string {
		return encodeCursor(domain.UUID(r.Family).Time(), domain.UUID(r.Family).String())
	}, openSessionRow.session)
}

// RevokeSession implements account.TokenStore.
func (s Accounts) RevokeSession(ctx context.Context, id account.UserID, family domain.UUID, now time.Time) error {
	n, err := gorm.G[refreshTokenRow](s.db.orm(ctx)).
		Where("user_id = ? AND family = ? AND revoked_at IS NULL AND expires_at > ?", int64(id), uuid(family), now).
		Update(ctx, "revoked_at", now)
	return changed("revoke log-in", n, err)
}
