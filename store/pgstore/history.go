package pgstore

import (
	"context"
	"encoding/json"

	"gorm.io/gorm"

	"github.com/waypost/waypost/domain"
	"github.com/waypost/waypost/domain/account"
	"github.com/waypost/waypost/domain/audit"
	"github.com/waypost/waypost/domain/history"
)

// History reads the audit log; it implements history.Store.
type History struct{ db *DB }

// History is the reader of the audit log.
func (db *DB) History() History { return History{db} }

var _ history.Store = History{}

// historyRow is a row of audit_log with the address of its user.
type historyRow struct {
	Audit     auditRow `gorm:"embedded"` // a field: what is embedded under an unexported name is not read
	UserEmail string   `gorm:"->"`
}

// TableName implements gorm's Tabler.
func (historyRow) TableName() string { return "audit_log" }

const historyColumns = "audit_log.*, coalesce((SELECT u.email FROM users u WHERE u.id = audit_log.user_id), '') AS user_email"

func (r historyRow) entry() history.Entry {
	return history.Entry{ID: history.ID{UUID: domain.UUID(r.Audit.ID)}, UserEmail: r.UserEmail, Entry: audit.Entry{
		At: r.Audit.At.UTC(), UserID: r.Audit.UserID, Actor: r.Audit.Actor, IP: r.Audit.IP, Action: r.Audit.Action, ObjectType: r.Audit.ObjectType, ObjectID: r.Audit.ObjectID,
		Before: rawJSON(r.Audit.Before), After: rawJSON(r.Audit.After),
	}}
}

func rawJSON(text *string) json.RawMessage {
	if text == nil {
		return nil
	}
	return json.RawMessage(*text)
}

// List implements history.Store. Errors: invalid_cursor.
func (s History) List(ctx context.Context, scope account.Scope, f history.Filter, p domain.Page) (domain.Slice[history.Entry], error) {
	none := domain.Slice[history.Entry]{}
	if err := scope.Check(); err != nil {
		return none, err
	}
	q := gorm.G[historyRow](s.db.orm(ctx)).Select(historyColumns).Scopes(historyOf(scope), within("at", f.From, f.To),
		equals("user_id", int64(f.UserID)), equals("action", f.Action), equals("object_type", f.ObjectType), equals("object_id", f.ObjectID))
	if !f.ID.IsZero() {
		q = q.Where("id = ?", uuid(f.ID.UUID))
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
		return none, translate("list audit log", err)
	}
	return slice(rows, limit,
		func(r historyRow) string { return encodeCursor(r.Audit.At, domain.UUID(r.Audit.ID).String()) },
		func(r historyRow) (history.Entry, error) { return r.entry(), nil })
}

// historyOf narrows to what the scope may read.
func historyOf(scope account.Scope) func(*gorm.Statement) {
	return func(q *gorm.Statement) {
		if id, ok := scope.Affiliate(); ok {
			q.Where("object_type = 'postback' AND object_id IN (SELECT b.id::text FROM postbacks b WHERE b.affiliate_id = ?)", id)
		} else if !scope.Network() {
			q.Where("false")
		}
	}
}
