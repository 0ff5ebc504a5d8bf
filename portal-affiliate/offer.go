package portalaffiliate

import (
	"strconv"
	"strings"

	"github.com/a-h/templ"

	"github.com/waypost/waypost/domain"
	"github.com/waypost/waypost/domain/offer"
	"github.com/waypost/waypost/domain/postback"
	"github.com/waypost/waypost/domain/report"
	"github.com/waypost/waypost/portal"
	"github.com/waypost/waypost/ui"
)

type offerView struct {
	head      ui.Head
	notice    *ui.Notice
	link      string // empty where the offer cannot be run yet
	goals     ui.Table
	figures   []ui.Stat
	facts     []ui.Pair
	postbacks *ui.Table
	newURL    string // of a postback of the offer
	coupons   *ui.Table
	ask       *ui.ConfirmBox
}

// offer is the record of one offer.
func (s *pages) offer(f *portal.Frame) error {
	id, err := f.Number("id")
	if err != nil {
		return err
	}
	o, err := s.Offers.Get(f.Context(), f.Actor, offer.ID(id))
	if err != nil {
		return err
	}
	access, err := s.accesses(f)
	if err != nil {
		return err
	}
	figures, err := s.offerFigures(f)
	if err != nil {
		return err
	}
	v := offerView{goals: goalsTable(o), facts: offerFacts(f, o), figures: offerStats(figures[o.ID], o), notice: accessNotice(f, o, access)}
	kind, word := access.badge(o)
	v.head = ui.Head{Title: o.Name, Crumbs: []ui.Crumb{{Label: "Offers", Href: f.Path(offersPath)}, {Label: o.Name}}, Badge: ui.Badge(kind, word),
		Lead: "Offer #" + idText(o.ID) + ", paid in " + string(o.Currency) + ".", Actions: s.recordActions(f, o, access)}
	if access.mayRun(o) {
		v.link = s.plainLink(f, o.ID)
		v.newURL = portal.URL(f.Path("/postbacks/new"), nil, "offer", idText(o.ID))
		if v.postbacks, err = s.offerPostbacks(f, o); err != nil {
			return err
		}
	}
	if v.coupons, err = s.offerCoupons(f, o); err != nil {
		return err
	}
	if !f.Viewing() && access.mayAsk(o) {
		v.ask = askBox(f, offerHref(f, o.ID)+"/apply")
	}
	return f.Page(o.Name, offersPath, offerPage(f, v))
}

func (s *pages) recordActions(f *portal.Frame, o offer.Offer, access accesses) templ.Component {
	var buttons []ui.Button
	if preview := webAddress(o.PreviewURL); preview != "" {
		buttons = append(buttons, ui.Button{Label: "Preview page", Icon: "external-link", Href: preview})
	}
	switch {
	case access.mayRun(o):
		buttons = append(buttons, ui.Button{Label: "Build link", Icon: "link", Look: ui.Primary, Key: "n", Href: builderHref(f, o.ID)})
	case !f.Viewing() && access.mayAsk(o):
		buttons = append(buttons, applyButton(f, o, false))
	}
	return buttonRow(buttons)
}

// accessNotice says what stands between the affiliate and the offer; nil for nothing.
func accessNotice(f *portal.Frame, o offer.Offer, access accesses) *ui.Notice {
	switch {
	case access.mayRun(o):
		return nil
	case access[o.ID] == offer.AccessPending:
		return &ui.Notice{Kind: ui.Warn, Strong: "You have applied.", Text: "The network decides whether you can run this offer; you are told by notification and by mail."}
	case access[o.ID] == offer.AccessRejected:
		return &ui.Notice{Kind: ui.Bad, Strong: "The network has refused this offer to you.", Text: "Clicks on links to it would not count.", LinkLabel: "See your other offers", LinkHref: f.Path(offersPath + "?access=mine")}
	}
	return &ui.Notice{Kind: ui.Brand, Strong: "This offer needs approval.", Text: "Apply first: clicks on links to it do not count before."}
}

func goalsTable(o offer.Offer) ui.Table {
	t := ui.Table{ID: "goals", Name: "Goals", Columns: []ui.Column{{Label: "Goal", Wide: true}, {Label: "Name in postbacks", Hide: true}, {Label: "Starts as", Hide: true}, {Label: "Commission", Number: true}}}
	for _, g := range o.Goals {
		cell := ui.Cell{Text: goalName(g), Narrow: g.Alias + " · " + firstStatus(g)}
		if g.IsDefault && len(o.Goals) > 1 {
			cell.Badge = ui.Badge(ui.Brand, "Main goal")
		}
		t.Rows = append(t.Rows, ui.Row{Cells: []ui.Cell{cell, {Text: g.Alias, Mono: true}, {Text: firstStatus(g)}, {Text: commissionText(g.Payout, o.Currency), Strong: true}}})
	}
	return t
}

func offerStats(row report.Row, o offer.Offer) []ui.Stat {
	earned := portal.None
	if row.Currency != "" {
		earned = portal.Sum(row.Commission, row.Currency)
	}
	return []ui.Stat{{Label: "Clicks", Value: portal.Count(row.Clicks)}, {Label: "Conversions", Value: portal.Count(row.Conversions)},
		{Label: "Conversion rate", Value: ratio(row)}, {Label: "EPC", Value: epc(row)}, {Label: "Earnings", Value: earned}}
}

func offerFacts(f *portal.Frame, o offer.Offer) []ui.Pair {
	who := map[offer.Visibility]string{offer.VisibilityPublic: "Every affiliate", offer.VisibilityApproval: "Who is approved", offer.VisibilityPrivate: "Who is invited"}[o.Visibility]
	value := "Not shown"
	if o.ShowValue {
		value = "Shown, macro {val}"
	}
	facts := []ui.Pair{{Label: "Offer id", Text: idText(o.ID), Mono: true, Copy: true}, {Label: "Currency", Text: string(o.Currency)}, {Label: "Who may run it", Text: who},
		{Label: "A click can convert for", Text: portal.Counted(o.WindowDays, "day")}}
	if o.MinSeconds > 0 {
		facts = append(facts, ui.Pair{Label: "And not sooner than", Text: portal.Counted(o.MinSeconds, "second")})
	}
	deep := "Not taken"
	if takesDeepLink(o) {
		deep = "Taken"
	}
	return append(facts, ui.Pair{Label: "Deep links", Text: deep}, ui.Pair{Label: "Sale value", Text: value}, ui.Pair{Label: "In the network since", Text: f.Date(o.CreatedAt)})
}

// offerPostbacks are those that the affiliate made for this offer alone; nil for none.
func (s *pages) offerPostbacks(f *portal.Frame, o offer.Offer) (*ui.Table, error) {
	list, err := s.Postbacks.List(f.Context(), f.Actor, postback.Filter{OfferID: o.ID}, domain.Page{Limit: domain.MaxLimit})
	if err != nil || len(list.Items) == 0 {
		return nil, err
	}
	t := ui.Table{ID: "postbacks", Name: "Postbacks of this offer", Columns: []ui.Column{{Label: "Calls", Wide: true}, {Label: "Goal", Hide: true}, {Label: "For", Hide: true}, {Label: "State"}}}
	for _, p := range list.Items {
		goal := "All goals"
		if g, ok := o.Goal(p.GoalID); ok {
			goal = goalName(g)
		}
		words := make([]string, len(p.Statuses))
		for i, status := range p.Statuses {
			words[i] = ui.StatusOf(ui.Conversions, string(status)).Word
		}
		state := "paused"
		if p.Active {
			state = "active"
		}
		t.Rows = append(t.Rows, ui.Row{Cells: []ui.Cell{{Text: hostOf(p.URL), Href: f.Path("/postbacks/" + strconv.FormatInt(int64(p.ID), 10)), Mono: true, Narrow: goal},
			{Text: goal}, {Text: strings.Join(words, ", ")}, {Badge: ui.StatusBadge(ui.Postbacks, state)}}})
	}
	return &t, nil
}

// offerCoupons are the affiliate's codes of this offer; nil for none.
func (s *pages) offerCoupons(f *portal.Frame, o offer.Offer) (*ui.Table, error) {
	list, err := s.Coupons.List(f.Context(), f.Actor, offer.CouponFilter{OfferID: o.ID}, domain.Page{Limit: domain.MaxLimit})
	if err != nil || len(list.Items) == 0 {
		return nil, err
	}
	t := ui.Table{ID: "coupons", Name: "Coupon codes", Columns: []ui.Column{{Label: "Code", Wide: true}, {Label: "State"}, {Label: "Since", Number: true, Hide: true}}}
	for _, c := range list.Items {
		badge := ui.Badge(ui.Mute, "Not valid")
		if c.Active {
			badge = ui.Badge(ui.OK, "Valid")
		}
		t.Rows = append(t.Rows, ui.Row{Cells: []ui.Cell{{Text: c.Code, Mono: true, Copy: c.Code}, {Badge: badge}, {Text: f.Date(c.CreatedAt), Title: f.Exact(c.CreatedAt)}}})
	}
	return &t, nil
}
