package trace

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/waypost/waypost/domain"
	"github.com/waypost/waypost/domain/click"
	"github.com/waypost/waypost/domain/conversion"
	"github.com/waypost/waypost/domain/ledger"
	"github.com/waypost/waypost/domain/postback"
)

// Kind is what an item tells of.
type Kind string

// The kinds of contract section 5, in causal order: of two things that happened in the same millisecond the one that
// stands earlier here came first.
const (
	KindClick           Kind = "click"
	KindRefusal         Kind = "refusal" // of the click
	KindPostbackIn      Kind = "postback_in"
	KindConversion      Kind = "conversion"
	KindStatusChange    Kind = "status_change" // or another change of a conversion
	KindLedger          Kind = "ledger"
	KindDelivery        Kind = "delivery"
	KindDeliveryAttempt Kind = "delivery_attempt"
)

var causal = []Kind{KindClick, KindRefusal, KindPostbackIn, KindConversion, KindStatusChange, KindLedger, KindDelivery, KindDeliveryAttempt}

// Trace is the story of one click.
type Trace struct {
	ClickID click.ID
	Items   []Item // oldest first
}

// Item is one thing that happened. Summary is a sentence, Data the same for machines.
type Item struct {
	At      time.Time
	Kind    Kind
	Summary string
	Data    map[string]any
}

// View is whose eyes a trace is for. The zero View sees neither side's money.
type View struct {
	Commission bool // what the affiliate earns
	Revenue    bool // what the advertiser pays
}

// Rows is all that is kept about one click.
type Rows struct {
	Click      click.Click
	Log        []conversion.LogEntry
	Events     []conversion.Event
	Entries    []ledger.Entry
	Deliveries []postback.Delivery

	// What explains which postbacks fired; empty for eyes that know no affiliate's postbacks.
	Conversions []conversion.Conversion
	Recipients  []postback.Recipient
}

// Tell puts rows in order: by time, and where clocks of several nodes disagree never an effect before its cause.
func Tell(r Rows, v View, clickText func(click.ID) string) Trace {
	t := teller{view: v, conversions: map[domain.UUID]time.Time{}, calls: map[domain.UUID]time.Time{}}
	t.click(r.Click, clickText)
	t.explains(r)
	for _, l := range r.Log {
		t.call(l, clickText)
	}
	for _, e := range r.Events {
		t.event(e)
	}
	for _, e := range r.Entries {
		t.entry(e)
	}
	for _, d := range r.Deliveries {
		t.delivery(d)
	}
	slices.SortStableFunc(t.told, func(a, b told) int {
		return cmp.Or(
			a.order.Truncate(time.Millisecond).Compare(b.order.Truncate(time.Millisecond)), // the ids' precision
			cmp.Compare(slices.Index(causal, a.Kind), slices.Index(causal, b.Kind)),
			a.order.Compare(b.order),
		)
	})
	story := Trace{ClickID: r.Click.ID, Items: make([]Item, 0, len(t.told))}
	for _, item := range t.told {
		story.Items = append(story.Items, item.Item)
	}
	return story
}

// told is an item and the time that it is ordered by: its own, or its cause's where that is later.
type told struct {
	Item
	order time.Time
}

type teller struct {
	view        View
	told        []told
	calls       map[domain.UUID]time.Time // when, in order, each call was told
	conversions map[domain.UUID]time.Time // when, in order, each conversion was made

	rows       map[conversion.ID]conversion.Conversion
	fired      map[firedKey]bool
	recipients []postback.Recipient
}

// firedKey is a status of a conversion that a postback was to be told of.
type firedKey struct {
	conversion conversion.ID
	status     conversion.Status
	postback   postback.ID
}

func (t *teller) explains(r Rows) {
	t.rows, t.fired, t.recipients = map[conversion.ID]conversion.Conversion{}, map[firedKey]bool{}, r.Recipients
	for _, c := range r.Conversions {
		t.rows[c.ID] = c
	}
	for _, d := range r.Deliveries {
		t.fired[firedKey{d.ConversionID, d.EventStatus, d.PostbackID}] = true
	}
}

// postbacks adds to data which of the affiliate's postbacks were told of the event, and why not, and says in words where
// none was.
func (t *teller) postbacks(data map[string]any, e conversion.Event) string {
	c, known := t.rows[e.ConversionID]
	if !known || e.From == e.To {
		return ""
	}
	c.Status = e.To
	told, fired := []map[string]any{}, false
	for _, x := range postback.Explain(&c, e.At, t.recipients, func(id postback.ID) bool { return t.fired[firedKey{c.ID, e.To, id}] }) {
		one := map[string]any{"postback_id": x.PostbackID, "fired": x.Fired}
		if !x.Fired {
			one["why"] = x.Why
		}
		told, fired = append(told, one), fired || x.Fired
	}
	data["postbacks"] = told
	switch {
	case fired:
		return ""
	case len(told) == 0:
		return "; no postback fired: the affiliate has none for this offer and goal"
	case len(told) == 1:
		return fmt.Sprintf("; postback %d did not fire: %s", told[0]["postback_id"], told[0]["why"])
	}
	return fmt.Sprintf("; none of the affiliate's %d postbacks fired", len(told))
}

func (t *teller) tell(at, cause time.Time, kind Kind, data map[string]any, format string, args ...any) time.Time {
	order := at
	if cause.After(at) {
		order = cause
	}
	item := Item{At: at.UTC(), Kind: kind, Summary: fmt.Sprintf(format, args...), Data: data}
	t.told = append(t.told, told{item, order})
	return order
}

func (t *teller) click(c click.Click, text func(click.ID) string) {
	data := map[string]any{"click_id": text(c.ID), "offer_id": c.OfferID, "affiliate_id": c.AffiliateID,
		"valid": c.Valid(), "ip": c.IP, "country": c.Country, "device": c.Device, "os": c.OS, "browser": c.Browser,
		"source": c.Source, "aff_click_id": c.AffClickID, "user_agent": c.UserAgent, "referrer": c.Referrer, "robot": c.Robot}
	for i, sub := range c.Subs {
		if sub != "" {
			data[fmt.Sprintf("sub%d", i+1)] = sub
		}
	}
	if c.Coupon != "" {
		data["coupon"] = c.Coupon
	}
	from := ""
	if c.Country != "" {
		from = " from " + c.Country
	}
	t.tell(c.CreatedAt(), time.Time{}, KindClick, data, "Click on offer %d by affiliate %d%s", c.OfferID, c.AffiliateID, from)
	if !c.Valid() {
		t.tell(c.CreatedAt(), time.Time{}, KindRefusal, map[string]any{"reason": c.Reason},
			"Click does not qualify: %s", strings.ReplaceAll(string(c.Reason), "_", " "))
	}
}

func (t *teller) call(l conversion.LogEntry, text func(click.ID) string) {
	if !t.view.Revenue {
		l = l.ForAffiliate()
	}
	ignored := append([]string{}, l.Ignored...)
	data := map[string]any{"log_id": l.ID.String(), "method": l.Method, "query": l.Query, "http_status": l.HTTPStatus,
		"status": l.Status, "code": l.Code, "message": l.Message, "warnings": append([]string{}, l.Warnings...), "ignored": ignored}
	if !l.ConversionID.IsZero() {
		data["conversion_id"] = l.ConversionID.String()
	}
	if t.view.Revenue { // the address is that of the advertiser's server
		data["ip"] = l.IP
	}
	summary := fmt.Sprintf("Postback %s", l.Status)
	if !l.Rehearsal.IsZero() {
		rehearsed := map[string]any{"who": l.Rehearsal.Who()}
		if l.Rehearsal.UserID != 0 {
			rehearsed["user_id"] = l.Rehearsal.UserID
		}
		data["rehearsed_by"] = rehearsed
		summary = fmt.Sprintf("Test postback, sent from a portal by %s: %s", l.Rehearsal.Who(), l.Status)
	}
	switch {
	case l.Status == conversion.OutcomeRefused || l.Status == conversion.OutcomeQueued:
		summary += ": " + l.Code
	case len(ignored) > 0:
		summary += "; the goal's rules ignore " + strings.Join(ignored, ", ")
	}
	if len(l.Warnings) > 0 {
		summary += " (" + strings.Join(l.Warnings, ", ") + ")"
	}
	t.calls[l.ID.UUID] = t.tell(l.ReceivedAt, t.told[0].order, KindPostbackIn, data, "%s", summary)
}

func (t *teller) event(e conversion.Event) {
	data := map[string]any{"conversion_id": e.ConversionID.String(), "status": e.To, "actor": e.Actor}
	t.figures(data, e.Data.Figures)
	if !e.LogID.IsZero() {
		data["log_id"] = e.LogID.String()
	}
	cause := t.calls[e.LogID.UUID]
	if e.Kind == conversion.EventCreated {
		t.conversions[e.ConversionID.UUID] = t.tell(e.At, cause, KindConversion, data,
			"Conversion %s recorded: %s, %s%s", e.ConversionID, t.amounts(e.Data.Figures), e.To, t.postbacks(data, e))
		return
	}
	if made := t.conversions[e.ConversionID.UUID]; made.After(cause) {
		cause = made
	}
	summary := fmt.Sprintf("Conversion %s ", e.ConversionID)
	if e.From != e.To {
		data["from_status"] = e.From
		summary += fmt.Sprintf("moved from %s to %s", e.From, e.To)
	} else {
		summary += "changed"
	}
	if was := e.Data.Before; was != nil {
		before := map[string]any{}
		t.figures(before, *was)
		data["before"] = before
		summary += fmt.Sprintf("; %s, before %s", t.amounts(e.Data.Figures), t.amounts(*was))
	}
	if e.Reason != "" {
		data["reason"] = e.Reason
		summary += ": " + e.Reason
	}
	t.tell(e.At, cause, KindStatusChange, data, "%s", summary+t.postbacks(data, e))
}

// figures adds to data what the view may see of them.
func (t *teller) figures(data map[string]any, f conversion.Figures) {
	data["currency"] = f.Currency
	if f.Val != "" { // else it is not the viewer's to know
		data["val"] = f.Val
	}
	if t.view.Commission {
		data["commission"] = f.Commission
	}
	if t.view.Revenue {
		data["revenue"] = f.Revenue
	}
}

func (t *teller) amounts(f conversion.Figures) string {
	var said []string
	if t.view.Commission {
		said = append(said, fmt.Sprintf("commission %s %s", f.Commission, f.Currency))
	}
	if t.view.Revenue {
		said = append(said, fmt.Sprintf("revenue %s %s", f.Revenue, f.Currency))
	}
	if len(said) == 0 {
		return fmt.Sprintf("value %s %s", f.Val, f.Currency)
	}
	return strings.Join(said, ", ")
}

func (t *teller) entry(e ledger.Entry) {
	if e.Party.Network() == ledger.NetworkRevenue && !t.view.Revenue || e.Party.Network() == ledger.NetworkCommission && !t.view.Commission {
		return
	}
	data := map[string]any{"entry_id": e.ID.String(), "transaction_id": e.TransactionID.String(), "kind": e.Kind,
		"from_account": e.From, "to_account": e.To, "amount": e.Amount.String(), "currency": e.Amount.Currency()}
	if !e.ConversionID.IsZero() {
		data["conversion_id"] = e.ConversionID.String()
	}
	if e.Note != "" {
		data["note"] = e.Note
	}
	t.tell(e.At, t.conversions[e.ConversionID], KindLedger, data, "%s %s moved from %s to %s", e.Amount, e.Amount.Currency(), e.From, e.To)
}

func (t *teller) delivery(d postback.Delivery) {
	data := map[string]any{"delivery_id": d.ID.String(), "conversion_id": d.ConversionID.String(), "postback_id": d.PostbackID,
		"event_status": d.EventStatus, "method": d.Method, "url": d.URL, "status": d.Status}
	if d.Reason != "" {
		data["reason"] = d.Reason
	}
	if d.Status == postback.DeliveryRetrying && !d.NextAttemptAt.IsZero() {
		data["next_attempt_at"] = d.NextAttemptAt
	}
	order := t.tell(d.CreatedAt, t.conversions[d.ConversionID.UUID], KindDelivery, data,
		"Affiliate's postback %d is due for status %s: %s", d.PostbackID, d.EventStatus, deliveryState(d))
	for _, a := range d.Attempts {
		data := map[string]any{"delivery_id": d.ID.String(), "number": a.Number, "status_code": a.StatusCode,
			"duration_ms": a.Duration.Milliseconds(), "error": a.Error.Sentence(d.Host, a.StatusCode), "error_code": a.Error, "response_body": a.ResponseBody}
		got := fmt.Sprintf("HTTP %d", a.StatusCode)
		if a.StatusCode == 0 {
			got = a.Error.Sentence(d.Host, 0)
		}
		order = t.tell(a.At, order, KindDeliveryAttempt, data, "Try %d of postback %d: %s after %d ms",
			a.Number, d.PostbackID, got, a.Duration.Milliseconds())
	}
}

func deliveryState(d postback.Delivery) string {
	switch {
	case d.Reason != "":
		return fmt.Sprintf("%s (%s)", d.Status, d.Reason)
	case d.Status == postback.DeliveryRetrying && !d.NextAttemptAt.IsZero():
		return fmt.Sprintf("retrying at %s", d.NextAttemptAt.UTC().Format(time.RFC3339))
	}
	return string(d.Status)
}
