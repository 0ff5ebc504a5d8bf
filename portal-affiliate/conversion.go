package portalaffiliate

import (
	"fmt"
	"time"

	"github.com/waypost/waypost/domain"
	"github.com/waypost/waypost/domain/click"
	"github.com/waypost/waypost/domain/conversion"
	"github.com/waypost/waypost/domain/offer"
	"github.com/waypost/waypost/domain/postback"
	"github.com/waypost/waypost/portal"
	"github.com/waypost/waypost/ui"
)

// conversionView is the whole story of one conversion.
type conversionView struct {
	head    ui.Head
	status  conversion.Status
	meaning string // the status in a sentence, with its reason
	amount  string
	facts   []ui.Pair
	visit   []ui.Pair
	story   []ui.Event
	told    []toldView
	none    string // why no postback was told, where there is none
	trace   string
	add     string // where a postback is set
}

// toldView is whether one postback was told of the conversion's status.
type toldView struct {
	name, href, word, text string
	kind                   ui.Kind
	log                    string // the delivery; empty where there is none
}

const maxEvents = 200

// conversion is the record of one conversion: a page, or the side sheet of the list.
func (s *pages) conversion(f *portal.Frame) error {
	id, known := domain.ParseUUID(f.Param("id"))
	if !known {
		return noPage()
	}
	c, err := s.Conversions.Get(f.Context(), f.Actor, conversion.ID{UUID: id})
	if err != nil {
		return err
	}
	names, err := f.Names(portal.NameIDs{Offers: []offer.ID{c.OfferID}})
	if err != nil {
		return err
	}
	events, err := s.Conversions.Events(f.Context(), f.Actor, c.ClickID, maxEvents)
	if err != nil {
		return err
	}
	clickID := s.Clicks.Text(c.ClickID)
	v := conversionView{status: c.Status, amount: commissionOf(c), trace: f.Path("/trace/" + clickID), add: f.Path("/postbacks")}
	v.meaning = ui.StatusOf(ui.Conversions, string(c.Status)).Sentence
	v.story = eventsOf(f, c, events, &v)
	v.facts = conversionFacts(f, c, names, clickID)
	visit, err := s.Clicks.List(f.Context(), f.Actor, click.Filter{ClickID: c.ClickID}, domain.Page{Limit: 1})
	if err != nil {
		return err
	}
	for _, one := range visit.Items { // none where its day was dropped
		v.visit = visitFacts(one)
	}
	if err := s.postbacksOf(f, c, &v); err != nil {
		return err
	}
	if f.Part() {
		return f.RenderPart(ok, conversionSheet(v))
	}
	v.head = ui.Head{Title: names.Offer(c.OfferID) + ", " + names.Goal(c.OfferID, c.GoalID), Badge: ui.StatusBadge(ui.Conversions, string(c.Status)),
		Crumbs: []ui.Crumb{{Label: "Conversions", Href: f.Path(conversionsPath)}, {Label: "Conversion " + portal.ShortID(c.ID.String())}}, Lead: "Conversion of " + f.Time(c.CreatedAt) + ", " + f.Zone.String() + "."}
	return f.Page("Conversion", conversionsPath, conversionPage(v))
}

// saleValue is what the sale was worth, where the offer shows it.
func saleValue(c conversion.Conversion) string {
	if c.ValueHidden {
		return "Not shown by this offer"
	}
	return portal.Sale(c.Val, c.Commission.Currency())
}

// valueText is the same for a file.
func valueText(c conversion.Conversion) string {
	if c.ValueHidden {
		return ""
	}
	return c.Val.String()
}

func conversionFacts(f *portal.Frame, c conversion.Conversion, names portal.Names, clickID string) []ui.Pair {
	from := ui.Pair{Label: "Offer", Text: names.Offer(c.OfferID)}
	if names.Title(c.OfferID).Open {
		from.Body = offerLink(offerHref(f, c.OfferID), names.Offer(c.OfferID))
	}
	facts := []ui.Pair{from, {Label: "Goal", Text: names.Goal(c.OfferID, c.GoalID)},
		{Label: "Sale value", Text: saleValue(c)}}
	if refused(c) {
		facts = append(facts, ui.Pair{Label: "Would have earned", Text: portal.Money(c.Commission)})
	}
	if c.TxID != "" {
		facts = append(facts, ui.Pair{Label: "Order id", Text: c.TxID, Mono: true})
	}
	facts = append(facts, ui.Pair{Label: "Clicked", Text: f.Exact(c.ClickedAt)}, ui.Pair{Label: "Converted", Text: f.Exact(c.CreatedAt)}, ui.Pair{Label: "Time to convert", Text: lasted(c.CreatedAt.Sub(c.ClickedAt))})
	if !c.HoldUntil.IsZero() {
		facts = append(facts, ui.Pair{Label: "Held until", Text: f.Exact(c.HoldUntil)})
	}
	if c.Test {
		facts = append(facts, ui.Pair{Label: "Test", Text: "Yes: in no balance and no report"})
	}
	return append(facts, ui.Pair{Label: "Click id", Text: clickID, Mono: true, Copy: true}, ui.Pair{Label: "Conversion id", Text: c.ID.String(), Mono: true, Copy: true})
}

// visitFacts are what the visitor's click brought.
func visitFacts(c click.Click) []ui.Pair {
	var facts []ui.Pair
	add := func(label, text string, mono bool) {
		if text != "" {
			facts = append(facts, ui.Pair{Label: label, Text: text, Mono: mono})
		}
	}
	add("Your click id", c.AffClickID, true)
	for i, sub := range c.Subs {
		add(fmt.Sprintf("Sub %d", i+1), sub, true)
	}
	add("Source", c.Source, false)
	add("Landing page", c.LandingPageID, true)
	add("Creative", c.CreativeID, true)
	add("Coupon", c.Coupon, true)
	if c.Country != "" {
		add("Country", portal.Country(c.Country), false)
	}
	add("Device", joined(c.Device, c.OS, c.Browser), false)
	add("Came from", c.Referrer, false)
	return facts
}

// eventsOf are what happened to the conversion, newest last, and the reason of its present status.
func eventsOf(f *portal.Frame, c conversion.Conversion, events []conversion.Event, v *conversionView) (story []ui.Event) {
	story = append(story, ui.Event{Icon: "world", Kind: ui.Brand, What: "Visitor clicked your link", When: f.Time(c.ClickedAt), Exact: f.Exact(c.ClickedAt), ISO: c.ClickedAt.Format(time.RFC3339)})
	for _, e := range events {
		if e.ConversionID != c.ID {
			continue
		}
		status := ui.StatusOf(ui.Conversions, string(e.To))
		one := ui.Event{Icon: "coin", Kind: status.Kind, Badge: ui.StatusBadge(ui.Conversions, string(e.To)), When: f.Time(e.At), Exact: f.Exact(e.At), ISO: e.At.Format(time.RFC3339)}
		switch e.Kind {
		case conversion.EventCreated:
			one.What = "Conversion recorded"
		case conversion.EventStatusChange:
			one.Icon, one.What = "arrows-exchange", "Changed from "+ui.StatusOf(ui.Conversions, string(e.From)).Word+" to "+status.Word
		default:
			one.Icon, one.What = "edit", "Amounts corrected"
		}
		if e.Reason != "" {
			one.Text = "Reason: " + e.Reason
		}
		if e.To == c.Status && e.Kind == conversion.EventStatusChange && e.Reason != "" {
			v.meaning = portal.Sentence(e.Reason)
		}
		one.Data = []ui.Pair{{Label: "Commission", Text: e.Data.Commission + " " + string(e.Data.Currency)}}
		if before := e.Data.Before; before != nil {
			one.Data = append(one.Data, ui.Pair{Label: "Commission before", Text: before.Commission + " " + string(before.Currency)})
		}
		story = append(story, one)
	}
	return story
}

// postbacksOf says of each postback whether it was told of the present status, and if not, why.
func (s *pages) postbacksOf(f *portal.Frame, c conversion.Conversion, v *conversionView) error {
	known, err := s.Postbacks.Known(f.Context(), f.Actor, self(f))
	if err != nil {
		return err
	}
	list, err := s.Postbacks.ListDeliveries(f.Context(), f.Actor, postback.DeliveryFilter{ConversionID: c.ID}, domain.Page{Limit: domain.MaxLimit})
	if err != nil {
		return err
	}
	last := map[postback.ID]postback.Delivery{}
	for _, d := range list.Items { // newest first
		if _, later := last[d.PostbackID]; !later && d.EventStatus == c.Status {
			last[d.PostbackID] = d
		}
	}
	for _, e := range postback.Explain(&c, c.StatusAt, known, func(id postback.ID) bool { _, fired := last[id]; return fired }) {
		one := toldView{name: portal.Unnamed("Postback", e.PostbackID), href: f.Path("/postbacks/" + idText(e.PostbackID))}
		if d, fired := last[e.PostbackID]; fired {
			result := f.DeliveryResultOf(d)
			one.kind, one.word, one.text, one.log = result.Kind, result.Word, portal.Sentence(result.Text), f.Path("/deliveries/"+d.ID.String())
			one.name = d.Host
		} else {
			one.kind, one.word, one.text = ui.Mute, "Not fired", portal.Sentence(e.Why)
			for _, r := range known {
				if r.Postback.ID == e.PostbackID {
					one.name = hostOf(r.Postback.URL)
				}
			}
		}
		v.told = append(v.told, one)
	}
	if len(v.told) == 0 {
		v.none = "You have set no postback that is called for this offer and goal, so nobody was told."
	}
	return nil
}

// toldTable shows them.
func toldTable(told []toldView) ui.Table {
	t := ui.Table{ID: "told-list", Name: "Postbacks of this status", Compact: true, Columns: []ui.Column{{Label: "Postback", Wrap: true}, {Label: "State"}, {Label: "Log", Quiet: true}}}
	for _, one := range told {
		row := ui.Row{Cells: []ui.Cell{{Body: toldName(one)}, {Badge: ui.Badge(one.kind, one.word)}, {}}}
		if one.log != "" {
			row.Cells[2] = ui.Cell{Text: "Log", Href: one.log}
		}
		t.Rows = append(t.Rows, row)
	}
	return t
}

// lasted is a length of time in words, to two units.
func lasted(d time.Duration) string {
	switch {
	case d < time.Minute:
		return portal.Counted(int(d/time.Second), "second")
	case d < time.Hour:
		return portal.Counted(int(d/time.Minute), "minute")
	case d < 48*time.Hour:
		return fmt.Sprintf("%d h %d min", int(d/time.Hour), int(d%time.Hour/time.Minute))
	}
	return fmt.Sprintf("%s %d h", portal.Counted(int(d/(24*time.Hour)), "day"), int(d%(24*time.Hour)/time.Hour))
}
