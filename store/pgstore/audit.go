package pgstore

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"time"

	"gorm.io/gorm"

	"github.com/waypost/waypost/domain"
	"github.com/waypost/waypost/domain/audit"
)

// AuditLog appends to the audit log; it implements audit.Recorder.
type AuditLog struct{ db *DB }

// Audit is the audit log.
func (db *DB) Audit() AuditLog { return AuditLog{db} }

// auditRow is a row of audit_log.
type auditRow struct {
	ID         uuid `gorm:"primaryKey"`
	At         time.Time
	UserID     int64
	Actor      string
	IP         string
	Action     string
	ObjectType string
	ObjectID   string
	Before     *string // jsonb
	After      *string // jsonb
}

// TableName implements gorm's Tabler.
func (auditRow) TableName() string { return "audit_log" }

// Record implements audit.Recorder.
func (s AuditLog) Record(ctx context.Context, e audit.Entry) error {
	id, err := domain.NewUUID(e.At, rand.Reader)
	if err != nil {
		return err
	}
	row := auditRow{
		ID: uuid(id), At: e.At, UserID: e.UserID, Actor: e.Actor, IP: e.IP, Action: e.Action,
		ObjectType: e.ObjectType, ObjectID: e.ObjectID, Before: optionalJSON(e.Before), After: optionalJSON(e.After),
	}
	return translate("record audit entry", gorm.G[auditRow](s.db.orm(ctx)).Create(ctx, &row))
}

func optionalJSON(b json.RawMessage) *string {
	if b == nil {
		return nil
	}
	s := string(b)
	return &s
}
