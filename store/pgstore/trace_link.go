package pgstore

import (
	"context"
	"time"

	"gorm.io/gorm"

	"github.com/waypost/waypost/domain"
	"github.com/waypost/waypost/domain/account"
	"github.com/waypost/waypost/domain/click"
	"github.com/waypost/waypost/domain/trace"
)

var _ trace.LinkStore = Traces{}

// traceLinkRow is a row of trace_links.
type traceLinkRow struct {
	ID           uuid `gorm:"primaryKey"`
	ClickID      uuid
	TokenHash    []byte
	UserID       int64
	Role         string
	AffiliateID  *int64
	AdvertiserID *int64
	Note         string
	CreatedAt    time.Time
	ExpiresAt    time.Time
	RevokedAt    *time.Time
	Opened       int64
	LastOpenedAt *time.Time
}

// TableName implements gorm's Tabler.
func (traceLinkRow) TableName() string { return "trace_links" }

func newTraceLinkRow(l trace.Link, hash [32]byte) traceLinkRow {
	row := traceLinkRow{ID: uuid(l.ID.UUID), ClickID: uuid(l.ClickID), TokenHash: hash[:], UserID: int64(l.UserID), Role: string(l.Role),
		Note: l.Note, CreatedAt: l.CreatedAt, ExpiresAt: l.ExpiresAt}
	if l.AffiliateID != 0 {
		row.AffiliateID = &l.AffiliateID
	}
	if l.AdvertiserID != 0 {
		row.AdvertiserID = &l.AdvertiserID
	}
	return row
}

func (r traceLinkRow) link() trace.Link {
	l := trace.Link{ID: trace.LinkID{UUID: domain.UUID(r.ID)}, ClickID: click.ID(r.ClickID), UserID: account.UserID(r.UserID), Role: account.Role(r.Role),
		AffiliateID: orZero(r.AffiliateID), AdvertiserID: orZero(r.AdvertiserID), Note: r.Note, CreatedAt: r.CreatedAt.UTC(),
		ExpiresAt: r.ExpiresAt.UTC(), Opened: r.Opened}
	if r.RevokedAt != nil {
		l.RevokedAt = r.RevokedAt.UTC()
	}
	if r.LastOpenedAt != nil {
		l.LastOpenedAt = r.LastOpenedAt.UTC()
	}
	return l
}

// InsertLink implements trace.LinkStore.
func (s Traces) InsertLink(ctx context.Context, l trace.Link, hash [32]byte) error {
	row := newTraceLinkRow(l, hash)
	return translate("insert trace link", gorm.G[traceLinkRow](s.db.orm(ctx)).Create(ctx, &row))
}

// OpenLink implements trace.LinkStore.
func (s Traces) OpenLink(ctx context.Context, hash [32]byte, now time.Time) (trace.Link, error) {
	row, err := gorm.G[traceLinkRow](s.db.orm(ctx)).Raw(`
		UPDATE trace_links l SET opened = opened + 1, last_opened_at = ? FROM users u
		WHERE l.token_hash = ? AND l.revoked_at IS NULL AND l.expires_at > ? AND u.id = l.user_id AND u.status = 'active'
			AND (u.affiliate_id IS NULL AND u.advertiser_id IS NULL
				OR u.affiliate_id IS NOT DISTINCT FROM l.affiliate_id AND u.advertiser_id IS NOT DISTINCT FROM l.advertiser_id)
		RETURNING l.*`, now, hash[:], now).Find(ctx)
	if err == nil && len(row) == 0 {
		err = gorm.ErrRecordNotFound
	}
	if err != nil {
		return trace.Link{}, translate("open trace link", err)
	}
	return row[0].link(), nil
}

// traceLinksOf is the condition of the links that a scope's party made. One that an operator made for the party's eyes
// is not among them.
func traceLinksOf(scope account.Scope) (string, []any, error) {
	if err := scope.Check(); err != nil {
		return "", nil, err
	}
	if id, ok := scope.Affiliate(); ok {
		return "affiliate_id = ? AND user_id IN (SELECT id FROM users WHERE affiliate_id = ?)", []any{id, id}, nil
	}
	if id, ok := scope.Advertiser(); ok {
		return "advertiser_id = ? AND user_id IN (SELECT id FROM users WHERE advertiser_id = ?)", []any{id, id}, nil
	}
	return "true", nil, nil
}

// Links implements trace.LinkStore.
func (s Traces) Links(ctx context.Context, scope account.Scope, f trace.LinkFilter, p domain.Page) (domain.Slice[trace.Link], error) {
	none := domain.Slice[trace.Link]{}
	visible, args, err := traceLinksOf(scope)
	if err != nil {
		return none, err
	}
	q := gorm.G[traceLinkRow](s.db.orm(ctx)).Where(visible, args...)
	if !f.ClickID.IsZero() {
		q = q.Where("click_id = ?", uuid(f.ClickID))
	}
	if f.UserID != 0 {
		q = q.Where("user_id = ?", int64(f.UserID))
	}
	if p.Cursor != "" {
		at, id, err := decodeUUIDCursor(p.Cursor)
		if err != nil {
			return none, err
		}
		q = q.Where("(created_at, id) < (?, ?)", at, id)
	}
	limit := pageLimit(p)
	rows, err := q.Order("created_at DESC, id DESC").Limit(limit + 1).Find(ctx)
	if err != nil {
		return none, translate("list trace links", err)
	}
	return slice(rows, limit, func(r traceLinkRow) string { return encodeCursor(r.CreatedAt, domain.UUID(r.ID).String()) },
		func(r traceLinkRow) (trace.Link, error) { return r.link(), nil })
}

// DeleteLinks implements trace.LinkStore.
func (s Traces) DeleteLinks(ctx context.Context, before time.Time) (int, error) {
	n, err := gorm.G[traceLinkRow](s.db.orm(ctx)).Where("expires_at < ?", before).Delete(ctx)
	return n, translate("delete trace links", err)
}

// RevokeLink implements trace.LinkStore.
func (s Traces) RevokeLink(ctx context.Context, scope account.Scope, id trace.LinkID, now time.Time) (trace.Link, error) {
	visible, args, err := traceLinksOf(scope)
	if err != nil {
		return trace.Link{}, err
	}
	rows, err := gorm.G[traceLinkRow](s.db.orm(ctx)).Raw(`UPDATE trace_links SET revoked_at = coalesce(revoked_at, ?) WHERE id = ? AND `+visible+` RETURNING *`,
		append([]any{now, uuid(id.UUID)}, args...)...).Find(ctx)
	if err == nil && len(rows) == 0 {
		err = gorm.ErrRecordNotFound
	}
	if err != nil {
		return trace.Link{}, translate("revoke trace link", err)
	}
	return rows[0].link(), nil
}
