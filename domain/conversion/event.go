package conversion

import (
	"time"

	"github.com/waypost/waypost/domain"
	"github.com/waypost/waypost/domain/click"
	"github.com/waypost/waypost/domain/money"
)

// EventKind says what happened to a conversion.
type EventKind string

// The kinds of events. A call that changed amounts and status at once is a status change; its figures tell the rest.
const (
	EventCreated      EventKind = "created"
	EventStatusChange EventKind = "status_change"
	EventAmounts      EventKind = "amounts"
)

// Event is one thing that happened to a conversion. Events are only appended.
type Event struct {
	ID           domain.UUID
	ClickID      click.ID
	ConversionID ID
	LogID        LogID // the call that caused it; zero for a change by hand or by time
	Kind         EventKind
	From, To     Status // From is empty for a creation
	Actor        string // "postback", a role, or a part of the system
	Reason       string
	Data         EventData
	At           time.Time
}

// EventData is the figures after the event, and those before it where they changed.
type EventData struct {
	Figures
	Before *Figures `json:"before,omitempty"`
	ByHand bool     `json:"by_hand,omitempty"` // the conversion was made by hand
}

// Figures are a conversion's amounts in the offer's currency, as exact decimals; texts, for a value that was converted
// or added up has more digits than a money.Rate reads.
type Figures struct {
	Val        string         `json:"val"`
	Commission string         `json:"commission"`
	Revenue    string         `json:"revenue"`
	Currency   money.Currency `json:"currency"`
}

func figures(c Conversion) Figures {
	return Figures{Val: c.Val.String(), Commission: c.Commission.String(), Revenue: c.Revenue.String(), Currency: c.Commission.Currency()}
}

// newEvent tells what turned before (nil for a creation) into after.
func newEvent(before *Conversion, after Conversion) Event {
	e := Event{ClickID: after.ClickID, ConversionID: after.ID, Kind: EventCreated, To: after.Status, Data: EventData{Figures: figures(after)}}
	if before == nil {
		return e
	}
	e.From, e.Kind = before.Status, EventAmounts
	if before.Status != after.Status {
		e.Kind = EventStatusChange
	}
	if was := figures(*before); was != e.Data.Figures {
		e.Data.Before = &was
	}
	return e
}
