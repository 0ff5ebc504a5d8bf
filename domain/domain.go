// Package domain holds the few seams that all concepts share. The concepts themselves live in the folders
// below it, one folder each; none of them knows HTTP, SQL or Redis.
package domain

import (
	"context"
	"time"
)

// Transactor runs a function in one database transaction. Only services open one; only the store reads it from
// the context. A call inside an open transaction joins it. An error rolls everything back.
type Transactor interface {
	InTx(ctx context.Context, fn func(ctx context.Context) error) error
}

// Clock tells the present instant in UTC. Services get it from their constructor so that tests own the time.
type Clock func() time.Time

// Now is cut to what the database keeps, so that an answer equals what is read later.
func (c Clock) Now() time.Time { return c().Truncate(time.Microsecond) }
