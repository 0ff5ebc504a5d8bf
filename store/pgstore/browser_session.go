package pgstore

import (
	"context"
	"fmt"
	"time"

	"gorm.io/gorm"

	"github.com/waypost/waypost/domain"
	"github.com/waypost/waypost/domain/account"
)

// browserRow is a row of browser_sessions.
type browserRow struct {
	ID               uuid `gorm:"primaryKey"`
	UserID           int64
	TokenHash        []byte
	CreatedAt        time.Time
	LastUsedAt       time.Time
	ExpiresAt        time.Time
	EndedAt          *time.Time
	IP               string `gorm:"column:ip"`
	Network          string
	UserAgent        string
	Pending          bool
	ViewAffiliateID  *int64
	ViewAdvertiserID *int64
}

// TableName implements gorm's Tabler.
func (browserRow) TableName() string { return "browser_sessions" }

func newBrowserRow(b account.BrowserSession) browserRow {
	return browserRow{ID: uuid(b.ID), UserID: int64(b.UserID), TokenHash: b.Hash[:], CreatedAt: b.CreatedAt, LastUsedAt: b.LastUsedAt,
		ExpiresAt: b.ExpiresAt, IP: b.IP, Network: b.Network, UserAgent: b.UserAgent, Pending: b.Pending,
		ViewAffiliateID: optionalID(b.Viewing.AffiliateID), ViewAdvertiserID: optionalID(b.Viewing.AdvertiserID)}
}

func (r browserRow) session() (account.BrowserSession, error) {
	b := account.BrowserSession{ID: domain.UUID(r.ID), UserID: account.UserID(r.UserID), CreatedAt: r.CreatedAt.UTC(),
		LastUsedAt: r.LastUsedAt.UTC(), ExpiresAt: r.ExpiresAt.UTC(), IP: r.IP, Network: r.Network, UserAgent: r.UserAgent, Pending: r.Pending}
	if r.ViewAffiliateID != nil {
		b.Viewing.AffiliateID = *r.ViewAffiliateID
	}
	if r.ViewAdvertiserID != nil {
		b.Viewing.AdvertiserID = *r.ViewAdvertiserID
	}
	if copy(b.Hash[:], r.TokenHash) != len(b.Hash) {
		return account.BrowserSession{}, fmt.Errorf("browser session %s has a hash of %d bytes", b.ID, len(r.TokenHash))
	}
	return b, nil
}

// InsertBrowser implements account.BrowserStore.
func (s Accounts) InsertBrowser(ctx context.Context, b account.BrowserSession) error {
	row := newBrowserRow(b)
	return translate("insert browser session", gorm.G[browserRow](s.db.orm(ctx)).Create(ctx, &row))
}

// BrowserUser implements account.BrowserStore.
func (s Accounts) BrowserUser(ctx context.Context, hash [32]byte, now time.Time) (account.BrowserSession, account.User, error) {
	row, err := gorm.G[browserRow](s.db.orm(ctx)).Where("token_hash = ? AND ended_at IS NULL AND expires_at > ?", hash[:], now).Take(ctx)
	if err != nil {
		return account.BrowserSession{}, account.User{}, translate("find browser session", err)
	}
	b, err := row.session()
	if err != nil {
		return account.BrowserSession{}, account.User{}, err
	}
	user, err := gorm.G[userRow](s.db.orm(ctx)).Where("id = ? AND status = 'active'", row.UserID).Take(ctx)
	if err != nil {
		return account.BrowserSession{}, account.User{}, translate("find user of browser session", err)
	}
	return b, user.user(), nil
}

// TouchBrowser implements account.BrowserStore. A session that ended meanwhile stays ended.
func (s Accounts) TouchBrowser(ctx context.Context, b account.BrowserSession) error {
	_, err := gorm.G[browserRow](s.db.orm(ctx)).Where("id = ? AND last_used_at < ?", uuid(b.ID), b.LastUsedAt).
		Select("last_used_at", "expires_at", "ip").Updates(ctx, newBrowserRow(b))
	return translate("note use of browser session", err)
}

// SetViewing implements account.BrowserStore.
func (s Accounts) SetViewing(ctx context.Context, id domain.UUID, p account.Party) error {
	n, err := gorm.G[browserRow](s.db.orm(ctx)).Where("id = ? AND ended_at IS NULL", uuid(id)).
		Select("view_affiliate_id", "view_advertiser_id").Updates(ctx, newBrowserRow(account.BrowserSession{Viewing: p}))
	return changed("view as", n, err)
}

// RevokeOthers implements account.BrowserStore.
func (s Accounts) RevokeOthers(ctx context.Context, user account.UserID, but domain.UUID, at time.Time) error {
	_, err := gorm.G[refreshTokenRow](s.db.orm(ctx)).Where("user_id = ? AND family <> ? AND revoked_at IS NULL", int64(user), uuid(but)).Update(ctx, "revoked_at", at)
	if err == nil {
		_, err = gorm.G[browserRow](s.db.orm(ctx)).Where("user_id = ? AND id <> ? AND ended_at IS NULL", int64(user), uuid(but)).Update(ctx, "ended_at", at)
	}
	return translate("revoke other log-ins of user", err)
}

// DeleteBrowsers implements account.BrowserStore.
func (s Accounts) DeleteBrowsers(ctx context.Context, before time.Time) (int, error) {
	n, err := gorm.G[browserRow](s.db.orm(ctx)).Where("expires_at < ?", before).Delete(ctx)
	return n, translate("delete browser sessions", err)
}

// openSessionRow is a log-in that goes on: of a browser, or by the tokens of its family.
type openSessionRow struct {
	ID         uuid
	Kind       string
	LastUsedAt time.Time
	ExpiresAt  time.Time
	IP         string `gorm:"column:ip"`
	UserAgent  string
}

func (r openSessionRow) session() (account.OpenSession, error) {
	id := domain.UUID(r.ID)
	return account.OpenSession{ID: id, Kind: account.SessionKind(r.Kind), CreatedAt: id.Time(), LastUsedAt: r.LastUsedAt.UTC(),
		ExpiresAt: r.ExpiresAt.UTC(), IP: r.IP, UserAgent: r.UserAgent}, nil
}

// ListSessions implements account.TokenStore. An id tells when the log-in began: the first tokens of a family may be
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
	err := s.db.orm(ctx).Raw(`SELECT * FROM (
			SELECT family AS id, 'api' AS kind, max(created_at) AS last_used_at, max(expires_at) AS expires_at,
				(array_agg(ip ORDER BY created_at DESC))[1] AS ip, '' AS user_agent
			FROM refresh_tokens WHERE user_id = @user AND family < CAST(@before AS uuid)
			GROUP BY family HAVING bool_and(revoked_at IS NULL) AND max(expires_at) > @now
			UNION ALL
			SELECT id, 'browser', last_used_at, expires_at, ip, user_agent
			FROM browser_sessions WHERE user_id = @user AND id < CAST(@before AS uuid) AND ended_at IS NULL AND NOT pending AND expires_at > @now) s
		ORDER BY id DESC LIMIT @limit`,
		map[string]any{"user": int64(id), "before": before, "now": now, "limit": limit + 1}).Scan(&rows).Error
	if err != nil {
		return domain.Slice[account.OpenSession]{}, translate("list log-ins", err)
	}
	return slice(rows, limit, func(r openSessionRow) string {
		return encodeCursor(domain.UUID(r.ID).Time(), domain.UUID(r.ID).String())
	}, openSessionRow.session)
}

// RevokeSession implements account.TokenStore.
func (s Accounts) RevokeSession(ctx context.Context, id account.UserID, session domain.UUID, now time.Time) error {
	n, err := gorm.G[refreshTokenRow](s.db.orm(ctx)).
		Where("user_id = ? AND family = ? AND revoked_at IS NULL AND expires_at > ?", int64(id), uuid(session), now).
		Update(ctx, "revoked_at", now)
	if err == nil && n == 0 {
		n, err = gorm.G[browserRow](s.db.orm(ctx)).
			Where("user_id = ? AND id = ? AND ended_at IS NULL AND expires_at > ?", int64(id), uuid(session), now).
			Update(ctx, "ended_at", now)
	}
	return changed("revoke log-in", n, err)
}
