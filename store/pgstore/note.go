package pgstore

import (
	"context"
	"time"

	"gorm.io/gorm"

	"github.com/waypost/waypost/domain"
	"github.com/waypost/waypost/domain/account"
	"github.com/waypost/waypost/domain/advertiser"
	"github.com/waypost/waypost/domain/affiliate"
	"github.com/waypost/waypost/domain/note"
)

// Notes keeps the operators' notes; it implements note.Store.
type Notes struct{ db *DB }

// Notes is the store of the operators' notes.
func (db *DB) Notes() Notes { return Notes{db} }

var _ note.Store = Notes{}

// noteRow is a row of notes with the address of who wrote it.
type noteRow struct {
	ID           int64 `gorm:"primaryKey"`
	AffiliateID  *int64
	AdvertiserID *int64
	UserID       int64
	Text         string
	CreatedAt    time.Time
	UserEmail    string `gorm:"->"`
}

// TableName implements gorm's Tabler.
func (noteRow) TableName() string { return "notes" }

const noteColumns = "notes.*, coalesce((SELECT u.email FROM users u WHERE u.id = notes.user_id), '') AS user_email"

func (r noteRow) note() note.Note {
	return note.Note{ID: note.ID(r.ID), AffiliateID: affiliate.ID(orZero(r.AffiliateID)), AdvertiserID: advertiser.ID(orZero(r.AdvertiserID)),
		UserID: account.UserID(r.UserID), UserEmail: r.UserEmail, Text: r.Text, CreatedAt: r.CreatedAt.UTC()}
}

// Insert implements note.Store.
func (s Notes) Insert(ctx context.Context, n *note.Note) error {
	row := noteRow{AffiliateID: optionalID(int64(n.AffiliateID)), AdvertiserID: optionalID(int64(n.AdvertiserID)), UserID: int64(n.UserID),
		Text: n.Text, CreatedAt: n.CreatedAt}
	if err := gorm.G[noteRow](s.db.orm(ctx)).Omit("user_email").Create(ctx, &row); err != nil {
		return translate("insert note", err)
	}
	n.ID = note.ID(row.ID)
	return nil
}

// Get implements note.Store.
func (s Notes) Get(ctx context.Context, scope account.Scope, id note.ID) (note.Note, error) {
	if err := scope.Check(); err != nil {
		return note.Note{}, err
	}
	row, err := gorm.G[noteRow](s.db.orm(ctx)).Select(noteColumns).Scopes(operatorsOnly(scope)).Where("id = ?", int64(id)).Take(ctx)
	if err != nil {
		return note.Note{}, translate("get note", err)
	}
	return row.note(), nil
}

// Delete implements note.Store.
func (s Notes) Delete(ctx context.Context, id note.ID) error {
	n, err := gorm.G[noteRow](s.db.orm(ctx)).Where("id = ?", int64(id)).Delete(ctx)
	return changed("delete note", n, err)
}

// List implements note.Store. Errors: invalid_cursor.
func (s Notes) List(ctx context.Context, scope account.Scope, f note.Filter, p domain.Page) (domain.Slice[note.Note], error) {
	none := domain.Slice[note.Note]{}
	if err := scope.Check(); err != nil {
		return none, err
	}
	before, err := decodeIDCursor(p.Cursor)
	if err != nil {
		return none, err
	}
	limit := pageLimit(p)
	rows, err := gorm.G[noteRow](s.db.orm(ctx)).Select(noteColumns).
		Scopes(operatorsOnly(scope), equals("affiliate_id", int64(f.AffiliateID)), equals("advertiser_id", int64(f.AdvertiserID))).
		Where("id < ?", before).Order("id DESC").Limit(limit + 1).Find(ctx)
	if err != nil {
		return none, translate("list notes", err)
	}
	return slice(rows, limit, func(r noteRow) string { return encodeIDCursor(r.ID) },
		func(r noteRow) (note.Note, error) { return r.note(), nil })
}
