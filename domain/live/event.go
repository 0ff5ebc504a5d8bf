package live

import (
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/waypost/waypost/domain/advertiser"
	"github.com/waypost/waypost/domain/affiliate"
	"github.com/waypost/waypost/domain/click"
	"github.com/waypost/waypost/domain/conversion"
	"github.com/waypost/waypost/domain/offer"
	"github.com/waypost/waypost/domain/postback"
)

// Kind is what an event tells of.
type Kind string

// The kinds.
const (
	KindClick      Kind = "click"
	KindPostbackIn Kind = "postback_in" // a call to /postback or a pixel
	KindDelivery   Kind = "delivery"    // a call to an affiliate; told again when its status changes
)

// Kinds lists them.
func Kinds() []Kind { return []Kind{KindClick, KindPostbackIn, KindDelivery} }

// Event is one thing that happened.
type Event struct {
	Kind         Kind
	ID           string // of the click, the line of the log, the delivery
	At           time.Time
	Summary      string // a sentence
	ClickID      string // as clients see it; empty where none is known
	ConversionID string
	OfferID      offer.ID
	AffiliateID  affiliate.ID
	AdvertiserID advertiser.ID
	Outcome      string // of a click valid or invalid; of a call what became of it; of a delivery its status
	Reason       string // why, as a code; empty where all is well
	Parameters   []Parameter

	key string // makes it one of its own
}

// Parameter is something that came or went with an event, secrets masked.
type Parameter struct{ Name, Value string }

func (s *Service) click(c click.Click) Event {
	e := Event{Kind: KindClick, ID: s.clicks.Text(c.ID), At: c.CreatedAt(), OfferID: c.OfferID, AffiliateID: c.AffiliateID, AdvertiserID: c.AdvertiserID,
		Outcome: "valid", Reason: string(c.Reason), Summary: fmt.Sprintf("Click on offer %d by affiliate %d", c.OfferID, c.AffiliateID)}
	e.ClickID, e.key = e.ID, "click "+e.ID
	if c.Country != "" {
		e.Summary += " from " + c.Country
	}
	if !c.Valid() {
		e.Outcome = "invalid"
		e.Summary += ": does not qualify, " + strings.ReplaceAll(e.Reason, "_", " ")
	}
	e.add("aff_click_id", c.AffClickID)
	for i, sub := range c.Subs {
		e.add("sub"+strconv.Itoa(i+1), sub)
	}
	e.add("source", c.Source)
	e.add("deep_link", c.DeepLink)
	e.add("coupon", c.Coupon)
	e.add("ip", c.IP)
	e.add("country", c.Country)
	e.add("device", c.Device)
	return e
}

func (s *Service) call(l conversion.LogEntry) Event {
	e := Event{Kind: KindPostbackIn, ID: l.ID.String(), At: l.ReceivedAt, OfferID: l.OfferID, AffiliateID: l.AffiliateID, AdvertiserID: l.AdvertiserID,
		Outcome: string(l.Status), key: fmt.Sprint("call ", l.ID, l.Status, l.Code), Summary: fmt.Sprintf("Postback %s: %s", l.Status, l.Message)}
	if !l.Rehearsal.IsZero() {
		e.Summary = fmt.Sprintf("Test postback, sent from a portal by %s, %s: %s", l.Rehearsal.Who(), l.Status, l.Message)
	}
	if l.Code != "ok" {
		e.Reason = l.Code
	}
	if !l.ClickID.IsZero() {
		e.ClickID = s.clicks.Text(l.ClickID)
	}
	if !l.ConversionID.IsZero() {
		e.ConversionID = l.ConversionID.String()
	}
	for part := range strings.SplitSeq(l.Query, "\n") {
		for pair := range strings.SplitSeq(part, "&") {
			name, value, _ := strings.Cut(pair, "=")
			e.add(plain(name), plain(value))
		}
	}
	return e
}

func plain(s string) string {
	if text, err := url.QueryUnescape(s); err == nil {
		return text
	}
	return s
}

func (s *Service) delivery(d postback.Delivery) Event {
	e := Event{Kind: KindDelivery, ID: d.ID.String(), At: d.CreatedAt, ClickID: s.clicks.Text(d.ClickID), ConversionID: d.ConversionID.String(),
		OfferID: d.OfferID, AffiliateID: d.AffiliateID, Outcome: string(d.Status), Reason: d.Reason, key: fmt.Sprint("delivery ", d.ID, d.Status, len(d.Attempts)),
		Summary: fmt.Sprintf("Postback %d for status %s: %s", d.PostbackID, d.EventStatus, d.Status)}
	e.add("method", d.Method)
	e.add("url", d.URL)
	if n := len(d.Attempts); n > 0 {
		last := d.Attempts[n-1]
		e.At = last.At
		e.Summary += fmt.Sprintf(" at try %d after %d ms", last.Number, last.Duration.Milliseconds())
		if last.StatusCode != 0 {
			e.add("status_code", strconv.Itoa(last.StatusCode))
		}
		if e.Reason == "" {
			e.Reason = string(last.Error)
		}
	}
	return e
}

func (e *Event) add(name, value string) {
	if name != "" && value != "" {
		e.Parameters = append(e.Parameters, Parameter{name, value})
	}
}
