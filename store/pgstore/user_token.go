package pgstore

import (
	"context"
	"fmt"
	"time"

	"gorm.io/gorm"

	"github.com/waypost/waypost/domain"
	"github.com/waypost/waypost/domain/account"
)

// userTokenRow is a row of user_tokens.
type userTokenRow struct {
	ID        uuid `gorm:"primaryKey"`
	UserID    int64
	Kind      string
	TokenHash []byte
	CreatedAt time.Time
	ExpiresAt time.Time
}

// TableName implements gorm's Tabler.
func (userTokenRow) TableName() string { return "user_tokens" }

func newUserTokenRow(l account.Link) userTokenRow {
	return userTokenRow{ID: uuid(l.ID), UserID: int64(l.UserID), Kind: string(l.Kind), TokenHash: l.Hash[:], CreatedAt: l.CreatedAt, ExpiresAt: l.ExpiresAt}
}

func (r userTokenRow) link() (account.Link, error) {
	l := account.Link{ID: domain.UUID(r.ID), UserID: account.UserID(r.UserID), Kind: account.LinkKind(r.Kind),
		CreatedAt: r.CreatedAt.UTC(), ExpiresAt: r.ExpiresAt.UTC()}
	if copy(l.Hash[:], r.TokenHash) != len(l.Hash) {
		return account.Link{}, fmt.Errorf("link %s has a hash of %d bytes", l.ID, len(r.TokenHash))
	}
	return l, nil
}

// InsertLink implements account.LinkStore.
func (s Accounts) InsertLink(ctx context.Context, l account.Link) error {
	row := newUserTokenRow(l)
	return translate("insert link", gorm.G[userTokenRow](s.db.orm(ctx)).Create(ctx, &row))
}

// FindLink implements account.LinkStore.
func (s Accounts) FindLink(ctx context.Context, hash [32]byte) (account.Link, error) {
	row, err := gorm.G[userTokenRow](s.db.orm(ctx)).Where("token_hash = ?", hash[:]).Take(ctx)
	if err != nil {
		return account.Link{}, translate("find link", err)
	}
	return row.link()
}

// DeleteLinks implements account.LinkStore.
func (s Accounts) DeleteLinks(ctx context.Context, id account.UserID) error {
	_, err := gorm.G[userTokenRow](s.db.orm(ctx)).Where("user_id = ?", int64(id)).Delete(ctx)
	return translate("delete links", err)
}

// DeleteLinksBefore implements account.LinkStore.
func (s Accounts) DeleteLinksBefore(ctx context.Context, before time.Time) (int, error) {
	n, err := gorm.G[userTokenRow](s.db.orm(ctx)).Where("expires_at < ?", before).Delete(ctx)
	return n, translate("delete old links", err)
}
