package offer

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"time"

	"github.com/waypost/waypost/domain/advertiser"
	"github.com/waypost/waypost/domain/affiliate"
	"github.com/waypost/waypost/domain/money"
)

// ID names an offer. Small integers, as the contract promises.
type ID int64

// GoalID names a goal; unique over all offers.
type GoalID int64

// Status tells whether an offer takes clicks.
type Status string

// The statuses of an offer. A pause after the click never costs a sale.
const (
	StatusDraft   Status = "draft"
	StatusActive  Status = "active"
	StatusPaused  Status = "paused"
	StatusExpired Status = "expired"
)

// Visibility tells who may run an offer.
type Visibility string

// Public offers may be run by every affiliate; approval ones after an approved request; private ones by those who
// were invited.
const (
	VisibilityPublic   Visibility = "public"
	VisibilityApproval Visibility = "approval"
	VisibilityPrivate  Visibility = "private"
)

// The defaults of contract section 3.
const (
	DefaultWindowDays = 90
	DefaultGoalAlias  = "default"
)

// Offer is what an advertiser pays for: a destination and goals.
type Offer struct {
	ID             ID
	AdvertiserID   advertiser.ID
	Name           string
	DestinationURL string // template with macros; fixed scheme and host
	PreviewURL     string
	FallbackURL    string // template; where a click goes that does not qualify; empty = a plain page with status 404
	Currency       money.Currency
	Status         Status
	Visibility     Visibility
	WindowDays     int  // a conversion later than this after its click is outside_window
	MinSeconds     int  // a conversion sooner than this after its click is too_fast; 0 = no minimum
	ShowValue      bool // whether affiliates' postbacks may carry the sale value ({val})
	Goals          []Goal
	CreatedAt      time.Time
	UpdatedAt      time.Time
}

// Model is how a rule computes an amount from a postback.
type Model string

// The models of contract section 3, Commission math.
const (
	ModelPostback Model = "postback"
	ModelFixed    Model = "fixed"
	ModelPercent  Model = "percent"
	ModelHybrid   Model = "hybrid"
)

// Rule is a payout or revenue rule. Amount is in the offer's currency, Percent of the sale value; nil = not given.
type Rule struct {
	Model   Model
	Amount  *money.Rate
	Percent *money.Rate
}

// Dedupe is what makes a second call of a goal a repeat.
type Dedupe string

// The modes of contract section 3, Idempotency.
const (
	DedupeTxID   Dedupe = "txid"
	DedupeClick  Dedupe = "click"
	DedupeNone   Dedupe = "none"
	DedupeUpdate Dedupe = "update"
	DedupeAdd    Dedupe = "add"
)

// Goal is one kind of conversion of an offer.
type Goal struct {
	ID            GoalID
	OfferID       ID
	Alias         string // unique within the offer, not all digits
	Name          string
	IsDefault     bool // taken where a postback names no goal; exactly one per offer
	Payout        Rule
	Revenue       Rule
	InitialStatus string // approved, pending or hold
	HoldDays      int    // how long hold lasts before it becomes approved by itself
	Dedupe        Dedupe
}

// Version stands for what the goal is now: it is another one after any change of the goal, and of no other goal.
func (g Goal) Version() string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%+v", g))
	return hex.EncodeToString(sum[:8])
}

// Goal finds a goal of the offer by its id.
func (o Offer) Goal(id GoalID) (Goal, bool) {
	for _, g := range o.Goals {
		if g.ID == id {
			return g, true
		}
	}
	return Goal{}, false
}

// AccessStatus is the answer to an affiliate's request to run an offer.
type AccessStatus string

// The answers.
const (
	AccessPending  AccessStatus = "pending"
	AccessApproved AccessStatus = "approved"
	AccessRejected AccessStatus = "rejected"
)

// Access is one affiliate's permission for one offer.
type Access struct {
	OfferID     ID
	AffiliateID affiliate.ID
	Status      AccessStatus
	CreatedAt   time.Time
	UpdatedAt   time.Time
}
