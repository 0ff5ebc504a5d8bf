package conversion

import (
	"context"
	"time"

	"github.com/waypost/waypost/domain"
	"github.com/waypost/waypost/domain/advertiser"
	"github.com/waypost/waypost/domain/affiliate"
	"github.com/waypost/waypost/domain/click"
	"github.com/waypost/waypost/domain/money"
	"github.com/waypost/waypost/domain/offer"
)

// ID names a conversion.
type ID struct{ domain.UUID }

// LogID names a line of the incoming log: one call to /postback or a pixel.
type LogID struct{ domain.UUID }

// Status is where a conversion stands.
type Status string

// The statuses; see status.go for the moves between them.
const (
	StatusPending  Status = "pending"
	StatusHold     Status = "hold"
	StatusApproved Status = "approved"
	StatusRejected Status = "rejected"
	StatusTrash    Status = "trash"
)

// Params are the free values that a call carried, kept for reports and macros.
type Params struct {
	Param   []string          `json:"param,omitempty"`  // "param", split at ";"
	Values  map[string]string `json:"values,omitempty"` // param1…param10, adv1…adv10, event1…event10, conversion_id
	Coupon  string            `json:"coupon,omitempty"`
	Com     string            `json:"com,omitempty"`     // com, comperc, payout as sent, canonical decimals
	ComPerc string            `json:"comperc,omitempty"` // in percent
	Payout  string            `json:"payout,omitempty"`
}

// Conversion is what an advertiser pays for, matched to a click.
type Conversion struct {
	ID           ID
	ClickID      click.ID
	DedupeKey    string
	TxID         string
	OfferID      offer.ID
	GoalID       offer.GoalID
	AffiliateID  affiliate.ID
	AdvertiserID advertiser.ID
	Status       Status
	StatusAt     time.Time // of its last move: when the call arrived that asked for it, or when a hand did it
	AmountsAt    time.Time // of its amounts: when the call arrived that sent them, or when a hand corrected them
	HoldUntil    time.Time // zero unless on hold

	Val        money.Rate   // sale value in the offer's currency, exact
	Commission money.Amount // owed to the affiliate, in the offer's currency
	Revenue    money.Amount // owed by the advertiser, in the offer's currency

	OriginalVal      money.Rate // as sent
	OriginalCurrency money.Currency
	ExchangeRate     money.Rate // original → offer's currency; 1 where they are the same; 0 while there is none
	AwaitingRate     Status     // the status it takes once a rate is known; empty unless it waits for one

	ValueHidden bool // the offer keeps Val, OriginalVal and ExchangeRate from affiliates, so they are 0; set for their eyes alone

	Test      bool // walks the whole chain but counts for nothing: no ledger, cap or report
	Params    Params
	ClickedAt time.Time
	CreatedAt time.Time
	UpdatedAt time.Time
}

// Change is a conversion that was made or altered, as others are told of it inside the same transaction.
type Change struct {
	Conversion Conversion
	Created    bool
	OldStatus  Status // empty for a creation
	Click      click.Click
	Offer      offer.Offer
	At         time.Time
}

// StatusChanged tells a creation or a move to another status: the moments when affiliate postbacks may fire.
func (c Change) StatusChanged() bool { return c.Created || c.OldStatus != c.Conversion.Status }

// Announcer writes, inside the open transaction, the rows from which the outside will learn of the changes, and
// returns a function to call after the commit that wakes whoever delivers them. package postback implements it.
type Announcer interface {
	Announce(ctx context.Context, changes []Change) (wake func(context.Context), err error)
}
