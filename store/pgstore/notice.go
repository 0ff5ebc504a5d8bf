package pgstore

import (
	"context"
	"time"

	"gorm.io/gorm"

	"github.com/waypost/waypost/domain"
	"github.com/waypost/waypost/domain/account"
	"github.com/waypost/waypost/domain/advertiser"
	"github.com/waypost/waypost/domain/affiliate"
	"github.com/waypost/waypost/domain/notice"
)

// Notices keeps notices; it implements notice.Store.
type Notices struct{ db *DB }

// Notices is the store of notices.
func (db *DB) Notices() Notices { return Notices{db} }

var _ notice.Store = Notices{}

// noticeRow is a row of notices.
type noticeRow struct {
	ID           uuid `gorm:"primaryKey"`
	At           time.Time
	AffiliateID  *int64
	AdvertiserID *int64
	Kind         string
	Text         string
	ObjectType   string
	ObjectID     string
	ReadAt       *time.Time
}

// TableName implements gorm's Tabler.
func (noticeRow) TableName() string { return "notices" }

func newNoticeRow(n notice.Notice) noticeRow {
	return noticeRow{ID: uuid(n.ID.UUID), At: n.At, AffiliateID: optionalID(int64(n.AffiliateID)), AdvertiserID: optionalID(int64(n.AdvertiserID)),
		Kind: n.Kind, Text: n.Text, ObjectType: n.ObjectType, ObjectID: n.ObjectID}
}

func (r noticeRow) notice() notice.Notice {
	return notice.Notice{ID: notice.ID{UUID: domain.UUID(r.ID)}, At: r.At.UTC(), AffiliateID: affiliate.ID(orZero(r.AffiliateID)),
		AdvertiserID: advertiser.ID(orZero(r.AdvertiserID)), Kind: r.Kind, Text: r.Text, ObjectType: r.ObjectType, ObjectID: r.ObjectID,
		ReadAt: orZero(r.ReadAt).UTC()}
}

// Insert implements notice.Store.
func (s Notices) Insert(ctx context.Context, n notice.Notice) error {
	row := newNoticeRow(n)
	return translate("insert notice", gorm.G[noticeRow](s.db.orm(ctx)).Create(ctx, &row))
}

// Recipients implements notice.Store.
func (s Notices) Recipients(ctx context.Context, n notice.Notice) ([]string, error) {
	q := gorm.G[userRow](s.db.orm(ctx)).Select("email").Where("status = ? AND email <> ''", string(account.UserStatusActive))
	switch {
	case n.AffiliateID != 0:
		q = q.Where("role = ? AND affiliate_id = ?", string(account.RoleAffiliate), int64(n.AffiliateID))
	case n.AdvertiserID != 0:
		q = q.Where("role = ? AND advertiser_id = ?", string(account.RoleAdvertiser), int64(n.AdvertiserID))
	default:
		q = q.Where("role IN (?, ?)", string(account.RoleAdmin), string(account.RoleManager))
	}
	rows, err := q.Order("id").Find(ctx)
	if err != nil {
		return nil, translate("find recipients of a notice", err)
	}
	addresses := make([]string, len(rows))
	for i, r := range rows {
		addresses[i] = r.Email
	}
	return addresses, nil
}

// List implements notice.Store. Errors: invalid_cursor.
func (s Notices) List(ctx context.Context, scope account.Scope, f notice.Filter, p domain.Page) (domain.Slice[notice.Notice], error) {
	none := domain.Slice[notice.Notice]{}
	if err := scope.Check(); err != nil {
		return none, err
	}
	q := gorm.G[noticeRow](s.db.orm(ctx)).Scopes(noticesOf(scope), within("at", f.From, f.To), equals("kind", f.Kind))
	if f.Unread {
		q = q.Where("read_at IS NULL")
	}
	if p.Cursor != "" {
		at, id, err := decodeUUIDCursor(p.Cursor)
		if err != nil {
			return none, err
		}
		q = q.Where("(at, id) < (?, ?)", at, id)
	}
	limit := pageLimit(p)
	rows, err := q.Order("at DESC, id DESC").Limit(limit + 1).Find(ctx)
	if err != nil {
		return none, translate("list notices", err)
	}
	return slice(rows, limit,
		func(r noticeRow) string { return encodeCursor(r.At, domain.UUID(r.ID).String()) },
		func(r noticeRow) (notice.Notice, error) { return r.notice(), nil })
}

// Unread implements notice.Store.
func (s Notices) Unread(ctx context.Context, scope account.Scope, most int) (int, error) {
	if err := scope.Check(); err != nil {
		return 0, err
	}
	rows, err := gorm.G[noticeRow](s.db.orm(ctx)).Select("id").Scopes(noticesOf(scope)).Where("read_at IS NULL").Limit(most).Find(ctx)
	return len(rows), translate("count unread notices", err)
}

// MarkRead implements notice.Store.
func (s Notices) MarkRead(ctx context.Context, scope account.Scope, id notice.ID, at time.Time) (notice.Notice, error) {
	if err := scope.Check(); err != nil {
		return notice.Notice{}, err
	}
	if _, err := gorm.G[noticeRow](s.db.orm(ctx)).Scopes(noticesOf(scope)).
		Where("id = ? AND read_at IS NULL", uuid(id.UUID)).Update(ctx, "read_at", at); err != nil {
		return notice.Notice{}, translate("mark notice as read", err)
	}
	row, err := gorm.G[noticeRow](s.db.orm(ctx)).Scopes(noticesOf(scope)).Where("id = ?", uuid(id.UUID)).Take(ctx)
	if err != nil {
		return notice.Notice{}, translate("get notice", err)
	}
	return row.notice(), nil
}

// MarkAllRead implements notice.Store.
func (s Notices) MarkAllRead(ctx context.Context, scope account.Scope, at time.Time) (int, error) {
	if err := scope.Check(); err != nil {
		return 0, err
	}
	n, err := gorm.G[noticeRow](s.db.orm(ctx)).Scopes(noticesOf(scope)).Where("read_at IS NULL").Update(ctx, "read_at", at)
	return n, translate("mark notices as read", err)
}

// noticesOf narrows to the notices of the scope's own party; the network's are those of no other party.
func noticesOf(scope account.Scope) func(*gorm.Statement) {
	return func(q *gorm.Statement) {
		if id, ok := scope.Affiliate(); ok {
			q.Where("affiliate_id = ?", id)
		} else if id, ok := scope.Advertiser(); ok {
			q.Where("advertiser_id = ?", id)
		} else if scope.Network() {
			q.Where("affiliate_id IS NULL AND advertiser_id IS NULL")
		} else {
			q.Where("false")
		}
	}
}
