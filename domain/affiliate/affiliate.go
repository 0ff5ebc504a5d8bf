package affiliate

import (
	"time"

	"github.com/waypost/waypost/domain/money"
)

// ID names an affiliate. Small integers, as the contract promises.
type ID int64

// Status tells whether the affiliate's links work.
type Status string

// The statuses of an affiliate.
const (
	StatusActive  Status = "active"
	StatusPending Status = "pending"
	StatusPaused  Status = "paused"
	StatusBlocked Status = "blocked"
)

// Fire says which of the affiliate's matching postbacks a conversion fires.
type Fire string

// FireSpecific fires the most specific match (goal before offer before global); FireAll fires every match.
const (
	FireSpecific Fire = "specific"
	FireAll      Fire = "all"
)

// Affiliate brings visitors and is paid commission.
type Affiliate struct {
	ID        ID
	Name      string
	Email     string
	Status    Status
	Currency  money.Currency // its wish for payouts
	Fire      Fire
	CreatedAt time.Time
	UpdatedAt time.Time
}
