package advertiser

import (
	"time"

	"github.com/waypost/waypost/domain/money"
)

// ID names an advertiser. Small integers, as the contract promises.
type ID int64

// Status tells whether the advertiser's offers may run.
type Status string

// The statuses of an advertiser.
const (
	StatusActive  Status = "active"
	StatusPaused  Status = "paused"
	StatusPending Status = "pending"
	StatusBlocked Status = "blocked"
)

// Auth is how the advertiser's postbacks prove who sent them.
type Auth string

// The forms of contract section 3.
const (
	AuthToken Auth = "token"
	AuthHMAC  Auth = "hmac"
	AuthIP    Auth = "ip"
	AuthNone  Auth = "none"
)

// Advertiser brings offers and reports their conversions.
type Advertiser struct {
	ID              ID
	Name            string
	Email           string
	Status          Status
	Currency        money.Currency // of its offers unless they say otherwise
	OverridePercent money.Rate     // the network's margin on top of the commission, in percent
	PostbackAuth    Auth
	PostbackToken   string            // secret; sent by the advertiser, or key of its HMAC
	AlwaysOK        bool              // contract always_200: refused postbacks answer HTTP 200 too
	IPAllowlist     []string          // addresses or CIDRs that its postbacks may come from; empty = any
	StatusMap       map[string]string // its word for a status, lower case → ours
	CreatedAt       time.Time
	UpdatedAt       time.Time
}
