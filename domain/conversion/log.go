package conversion

import (
	"time"

	"github.com/waypost/waypost/domain/advertiser"
	"github.com/waypost/waypost/domain/affiliate"
	"github.com/waypost/waypost/domain/click"
	"github.com/waypost/waypost/domain/offer"
)

// LogEntry is a line of the incoming log: a call and what became of it.
type LogEntry struct {
	ID           LogID
	ReceivedAt   time.Time
	Method       string
	Query        string // query and body as one text, secrets masked
	IP           string
	HTTPStatus   int
	Status       Outcome
	Code         string
	Message      string
	Warnings     []string
	Ignored      []string
	ClickID      click.ID // zero where none proved itself
	ConversionID ID       // zero where there is none
	OfferID      offer.ID
	AffiliateID  affiliate.ID
	AdvertiserID advertiser.ID
	SettledAt    time.Time // zero while queued

	Preset    string   // the parameter set that the call named
	ReadAs    []string // aliases that were read, such as "amount=val"
	Unknown   []string // names of parameters that nothing reads
	BodyStart string   // of a body that cannot be read, secrets masked

	ConversionStatus Status // as it is now; empty where there is no conversion

	Rehearsal   Rehearser // who sent it from a portal; zero for a call from outside
	ValueHidden bool      // of an offer that keeps the value of its sales from affiliates; set for their eyes alone
}

// LogLine is a line together with the call itself, which the store seals.
type LogLine struct {
	LogEntry
	Call       Call
	Unreadable error // why the sealed call cannot be opened; Call is empty then
}

// LogFilter narrows a list of the incoming log; zero fields do not.
type LogFilter struct {
	From, To     time.Time // received at; To is excluded
	ClickID      click.ID
	ConversionID ID
	OfferID      offer.ID
	OrNoOffer    bool // with OfferID: also calls that name no click, and so no offer
	AffiliateID  affiliate.ID
	AdvertiserID advertiser.ID
	Status       Outcome
	Code         string
	IP           string
}

// result is the answer that the line's call was given.
func (l LogEntry) result() Result {
	return Result{Status: l.Status, Code: l.Code, Message: l.Message, HTTPStatus: l.HTTPStatus, ConversionID: l.ConversionID,
		ConversionStatus: l.ConversionStatus, Warnings: l.Warnings, Ignored: l.Ignored}
}

// settled tells a line that is not decided again in this way.
func (l LogEntry) settled(mode again) bool {
	return l.Status != OutcomeQueued && (mode == settleQueued || l.Status != OutcomeRefused)
}
