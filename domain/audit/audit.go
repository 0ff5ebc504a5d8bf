// Package audit remembers who changed what. A row is written in the transaction of the change and never altered.
package audit

import (
	"context"
	"encoding/json"
	"fmt"
	"time"
)

// Entry is one deed: who, from where, what, on which object, and the object before and after as JSON without secrets.
type Entry struct {
	At         time.Time
	UserID     int64  // 0 for the system itself
	Actor      string // role of the user, or the system part such as "worker"
	IP         string
	Action     string // "offer.create", "conversion.approve" …
	ObjectType string
	ObjectID   string
	Before     json.RawMessage // nil for a creation
	After      json.RawMessage // nil for a deletion
}

// Recorder appends entries inside the caller's transaction.
type Recorder interface {
	Record(ctx context.Context, e Entry) error
}

// Snapshot renders a value for Before or After; nil stays nil.
func Snapshot(v any) (json.RawMessage, error) {
	if v == nil {
		return nil, nil
	}
	b, err := json.Marshal(v)
	if err != nil {
		return nil, fmt.Errorf("render audit snapshot: %w", err)
	}
	return b, nil
}
