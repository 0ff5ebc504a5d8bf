package portaladvertiser

import (
	"strconv"
	"strings"
	"time"

	"github.com/a-h/templ"

	"github.com/waypost/waypost/domain"
	"github.com/waypost/waypost/domain/errs"
	"github.com/waypost/waypost/domain/offer"
	"github.com/waypost/waypost/domain/report"
	"github.com/waypost/waypost/portal"
	"github.com/waypost/waypost/ui"
)

const offersPath = "/offers"

// offerFilter is the query of the list.
type offerFilter struct {
	Search string `query:"q"`
	Status string `query:"status"`
	portal.Paging
}

func (s *pages) offers(f *portal.Frame) error {
	var filter offerFilter
	if err := f.Query(&filter); err != nil {
		return err
	}
	asked := offer.Filter{Status: offer.Status(filter.Status), Search: strings.TrimSpace(filter.Search)}
	list := func(p domain.Page) (domain.Slice[offer.Offer], error) {
		return s.Offers.List(f.Context(), f.Actor, asked, p)
	}
	figures, failed, err := s.offerFigures(f)
	if err != nil {
		return err
	}
	if f.WantsFile() {
		return portal.File(f, "offers", offerColumns(figures), list)
	}
	found, err := list(filter.Slice())
	if err != nil {
		return err
	}
	path := f.Path(offersPath)
	lead := "What affiliates promote for you, with the figures of the last " + strconv.Itoa(recordDays) + " days. Cost is in the offer's currency."
	if failed != "" {
		lead = "What affiliates promote for you. The figures cannot be shown now: " + failed
	}
	v := listView{
		Head: ui.Head{Title: "Offers", Lead: lead, Actions: f.Export(portal.Export{Things: "offers", Path: path, Filter: filter, API: "/offers", Asked: []string{"search", filter.Search, "status", filter.Status}})},
		Filter: ui.Filter{ID: "filter", Action: path, Search: "q", SearchLabel: "Search offers", SearchValue: filter.Search,
			Selects:   []ui.FilterSelect{{Field: "status", Label: "Status", Any: "Any status", Value: filter.Status, Options: ui.StatusOptions(ui.Offers, "active", "paused", "draft", "expired")}},
			ResetHref: path, Chips: portal.Chips(path, filter, "q", portal.Is("Name", filter.Search), "status", portal.Is("Status", ui.StatusOf(ui.Offers, filter.Status).Word))},
		Pager: portal.Pager(path, filter, filter.Paging, found, "offer"),
	}
	v.Table = ui.Table{ID: "offers", Name: "Offers", Empty: noOffers(f, len(v.Filter.Chips) > 0), Actions: true,
		Columns: []ui.Column{{Label: "Offer", Wide: true}, {Label: "Status", Hide: true}, {Label: "Clicks", Number: true, Hide: true}, {Label: "Conversions", Number: true, Hide: true},
			{Label: "CR", Number: true, Hide: true}, {Label: "Approved", Number: true, Hide: true}, {Label: "Cost", Number: true}}}
	for _, o := range found.Items {
		r := figures[o.ID]
		r.Currency = o.Currency
		id := strconv.FormatInt(int64(o.ID), 10)
		cr := portal.None
		if r.Clicks > 0 {
			cr = r.CR() + "%"
		}
		v.Table.Rows = append(v.Table.Rows, ui.Row{ID: "offer-" + id, Name: o.Name, Cells: []ui.Cell{
			{Text: o.Name, Href: f.Path(offersPath + "/" + id), Sub: "#" + id + " · " + portal.Counted(len(o.Goals), "goal"),
				Narrow: ui.StatusOf(ui.Offers, string(o.Status)).Word + " · " + portal.Counted(int(r.Clicks), "click") + " · " + portal.Counted(int(r.Conversions), "conversion"), Square: ui.Initials(o.Name)},
			{Body: ui.StatusBadge(ui.Offers, string(o.Status))}, {Text: portal.Count(r.Clicks)}, {Text: portal.Count(r.Conversions)}, {Text: cr}, {Text: portal.Count(r.Approved)}, {Text: portal.Sum(r.Revenue, o.Currency), Strong: true}},
			Actions: ui.Btn(ui.Button{Label: "Tracking", Name: "Tracking set-up of " + o.Name, Small: true, Href: f.Path(offersPath + "/" + id + "/tracking")})})
	}
	portal.Arrange(f, &v.Table, &v.Filter, &v.Pager, 1, found.Items, offerColumns(figures))
	return f.Page("Offers", offersPath, listPage(v))
}

// offerFigures are the last days' figures by offer, each in its own currency. failed says why there are none now.
func (s *pages) offerFigures(f *portal.Frame) (figures map[offer.ID]report.Row, failed string, err error) {
	p := figuresQuery{}.span(f, recordDays)
	r, err := s.Reports.Report(f.Context(), f.Actor, report.Query{GroupBy: "offer", From: p.from, To: p.to, Zone: f.Zone.String(), Limit: report.MaxRows})
	if errs.Is(err, errs.KindLimited) {
		e, _ := errs.As(err)
		return nil, portal.Sentence(e.Message), nil
	}
	if err != nil {
		return nil, "", err
	}
	figures = map[offer.ID]report.Row{}
	for _, row := range r.Items {
		figures[offer.ID(row.Keys[0].ID)] = row
	}
	return figures, "", nil
}

func offerColumns(figures map[offer.ID]report.Row) []portal.FileColumn[offer.Offer] {
	type o = offer.Offer
	count := func(of func(report.Row) int64) func(o) string {
		return func(o o) string { return strconv.FormatInt(of(figures[o.ID]), 10) }
	}
	return []portal.FileColumn[o]{
		{Name: "id", Number: true, Text: func(o o) string { return idText(int64(o.ID)) }},
		{Name: "name", Text: func(o o) string { return o.Name }},
		{Name: "status", Text: func(o o) string { return string(o.Status) }},
		{Name: "currency", Text: func(o o) string { return string(o.Currency) }},
		{Name: "destination_url", Text: func(o o) string { return o.DestinationURL }},
		{Name: "clicks", Number: true, Text: count(func(r report.Row) int64 { return r.Clicks })},
		{Name: "conversions", Number: true, Text: count(func(r report.Row) int64 { return r.Conversions })},
		{Name: "approved", Number: true, Text: count(func(r report.Row) int64 { return r.Approved })},
		{Name: "pending", Number: true, Text: count(func(r report.Row) int64 { return r.Pending })},
		{Name: "rejected", Number: true, Text: count(func(r report.Row) int64 { return r.Rejected })},
		{Name: "revenue", Number: true, Text: func(o o) string { r := figures[o.ID]; return r.Revenue.String() }},
		{Name: "created_at", Text: func(o o) string { return o.CreatedAt.Format(time.RFC3339) }},
	}
}

// offerView is the record of an offer.
type offerView struct {
	o       offer.Offer
	facts   []ui.Pair
	figures figuresView
	goals   ui.Table
	coupons ui.Table
	health  healthView
	dates   ui.DateRange
}

func (s *pages) offer(f *portal.Frame) error {
	id, err := number[offer.ID](f, "id")
	if err != nil {
		return err
	}
	o, err := s.Offers.Get(f.Context(), f.Actor, id)
	if err != nil {
		return err
	}
	var q figuresQuery
	if err := f.Query(&q); err != nil {
		return err
	}
	p := q.span(f, recordDays)
	v := offerView{o: o, dates: *portal.Period{From: p.from, To: p.to}.Picker(f, "dates", "")}
	if v.figures, err = s.figures(f, report.Filter{OfferID: id}, p, q, f.Path(offersPath+"/"+idText(int64(id)))); err != nil {
		return err
	}
	if f.Part() && f.Target() == "figures" {
		return f.RenderPart(200, figuresCard(v.figures))
	}
	if v.health, err = s.health(f, id); err != nil {
		return err
	}
	coupons, err := s.Coupons.List(f.Context(), f.Actor, offer.CouponFilter{OfferID: id}, domain.Page{Limit: domain.MaxLimit})
	if err != nil {
		return err
	}
	v.facts = []ui.Pair{{Label: "Destination", Text: o.DestinationURL, Mono: true}}
	if o.PreviewURL != "" {
		v.facts = append(v.facts, ui.Pair{Label: "Preview", Body: textLink(string(templ.URL(o.PreviewURL)), o.PreviewURL)})
	}
	v.facts = append(v.facts, ui.Pair{Label: "Currency", Text: string(o.Currency)}, ui.Pair{Label: "Who can run it", Text: visibilityWords[o.Visibility]},
		ui.Pair{Label: "A sale counts until", Text: portal.Counted(o.WindowDays, "day") + " after the click"})
	if o.MinSeconds > 0 {
		v.facts = append(v.facts, ui.Pair{Label: "And not sooner than", Text: portal.Counted(o.MinSeconds, "second") + " after it"})
	}
	v.facts = append(v.facts, ui.Pair{Label: "Changed", Text: f.Time(o.UpdatedAt)})
	v.goals = goalsTable(o)
	v.coupons = ui.Table{ID: "coupons", Name: "Coupon codes", Compact: true, Columns: []ui.Column{{Label: "Code", Wide: true}, {Label: "Affiliate", Number: true}, {Label: "State"}}}
	for _, c := range coupons.Items {
		state := ui.Badge(ui.OK, "Active")
		if !c.Active {
			state = ui.Badge(ui.Mute, "Off")
		}
		v.coupons.Rows = append(v.coupons.Rows, ui.Row{ID: "coupon-" + idText(int64(c.ID)), Cells: []ui.Cell{{Text: c.Code, Mono: true, Copy: c.Code}, {Text: idText(int64(c.AffiliateID))}, {Body: state}}})
	}
	return f.Page(o.Name, offersPath, offerPage(f, v))
}

var visibilityWords = map[offer.Visibility]string{offer.VisibilityPublic: "every affiliate", offer.VisibilityApproval: "affiliates who asked and were approved", offer.VisibilityPrivate: "invited affiliates"}

func goalsTable(o offer.Offer) ui.Table {
	t := ui.Table{ID: "goals", Name: "Goals", Columns: []ui.Column{{Label: "Goal", Wide: true}, {Label: "You pay"}, {Label: "Begins as"}, {Label: "A second call", Hide: true, Wrap: true}}}
	for _, g := range o.Goals {
		name := g.Name
		if name == "" {
			name = g.Alias
		}
		cell := ui.Cell{Text: name, Sub: "goal=" + g.Alias + " or id=" + idText(int64(g.ID)), Narrow: "goal=" + g.Alias}
		if g.IsDefault {
			cell.Badge = ui.Badge(ui.Mute, "default")
		}
		t.Rows = append(t.Rows, ui.Row{ID: "goal-" + idText(int64(g.ID)), Cells: []ui.Cell{cell, {Text: priceOf(g.Revenue, o)}, {Body: ui.StatusBadge(ui.Conversions, g.InitialStatus)}, {Text: dedupeWords[g.Dedupe]}}})
	}
	return t
}

var dedupeWords = map[offer.Dedupe]string{offer.DedupeTxID: "with the same order id counts once", offer.DedupeClick: "of the same click counts once",
	offer.DedupeNone: "is a new conversion, each time", offer.DedupeUpdate: "replaces the amounts", offer.DedupeAdd: "adds to the amounts"}

// priceOf is what a goal costs the advertiser.
func priceOf(r offer.Rule, o offer.Offer) string {
	var parts []string
	if r.Model != offer.ModelPostback && r.Amount != nil && (r.Model == offer.ModelFixed || r.Model == offer.ModelHybrid) {
		parts = append(parts, portal.Price(*r.Amount, o.Currency))
	}
	if r.Percent != nil && (r.Model == offer.ModelPercent || r.Model == offer.ModelHybrid) {
		parts = append(parts, portal.Percent(*r.Percent)+" of the value")
	}
	if len(parts) == 0 {
		return "what your call says (payout)"
	}
	return strings.Join(parts, " + ")
}
