package portaladvertiser

import (
	"strconv"
	"strings"
	"time"

	"github.com/waypost/waypost/domain"
	"github.com/waypost/waypost/domain/account"
	"github.com/waypost/waypost/domain/conversion"
	"github.com/waypost/waypost/domain/offer"
	"github.com/waypost/waypost/domain/search"
	"github.com/waypost/waypost/portal"
	"github.com/waypost/waypost/ui"
)

const conversionsPath = "/conversions"

// conversionFilter is the query of the list.
type conversionFilter struct {
	portal.Period
	Status string      `query:"status"`
	Offer  portal.Pick `query:"offer"`
	TxID   string      `query:"txid"`
	Test   string      `query:"test"`
	portal.Paging
}

// asked is the filter as the service takes it. Tests stand apart unless they are asked for.
func (filter conversionFilter) asked(f *portal.Frame) conversion.Filter {
	asked := conversion.Filter{Status: conversion.Status(filter.Status), OfferID: offer.ID(filter.Offer), TxID: strings.TrimSpace(filter.TxID)}
	asked.From, asked.To = filter.Bounds(f)
	if filter.Test != "" {
		test := filter.Test == "only"
		asked.Test = &test
	}
	return asked
}

// mayDecide tells whether this viewer approves and rejects. The service decides all the same.
func mayDecide(f *portal.Frame) bool {
	return f.Settings.AdvertisersDecide && f.May(account.PermissionManageConversions)
}

func (s *pages) conversions(f *portal.Frame) error {
	var filter conversionFilter
	if err := f.Query(&filter); err != nil {
		return err
	}
	asked := filter.asked(f)
	list := func(p domain.Page) (domain.Slice[conversion.Conversion], error) {
		return s.Conversions.List(f.Context(), f.Actor, asked, p)
	}
	if f.WantsFile() {
		return portal.File(f, "conversions", s.conversionColumns(), list)
	}
	found, err := list(filter.Slice())
	if err != nil {
		return err
	}
	ids := namesOf(found.Items)
	ids.Offers = append(ids.Offers, asked.OfferID)
	names, err := f.Names(ids)
	if err != nil {
		return err
	}
	path := f.Path(conversionsPath)
	lead := "What your calls became. Cost is what you pay for one, in its offer's currency. Times in " + f.Zone.String() + "."
	if !f.Settings.AdvertisersDecide {
		lead += " The network approves and rejects."
	}
	v := listView{
		Head: ui.Head{Title: "Conversions", Lead: lead, Actions: f.Export(portal.Export{Things: "conversions", Path: path, Filter: filter, API: "/conversions", Asked: append(filter.Asked(f), "status", filter.Status,
			"offer_id", portal.Picked(filter.Offer, ""), "txid", filter.TxID, "test", portal.AskedTruth(filter.Test, "only"))})},
		Filter: ui.Filter{ID: "filter", Action: path, Search: "txid", SearchLabel: "Whole order id", SearchValue: filter.TxID,
			Selects: []ui.FilterSelect{
				{Field: "status", Label: "Status", Any: "Any status", Value: filter.Status, Options: ui.StatusOptions(ui.Conversions, "pending", "hold", "approved", "rejected", "trash")},
				{Field: "test", Label: "Tests", Any: "With tests", Value: filter.Test, Options: []ui.Option{{Value: "none", Label: "Without tests"}, {Value: "only", Label: "Only tests"}}}},
			Range: filter.Picker(f, "dates", "Any time"), Fields: ui.PickBar(f.FilterPick(search.KindOffer, filter.Offer, names)), ResetHref: path,
			Chips: portal.Chips(path, filter, "status", portal.Is("Status", ui.StatusOf(ui.Conversions, filter.Status).Word), "offer", names.IsPicked(search.KindOffer, filter.Offer),
				"txid", portal.Is("Order id", filter.TxID), "test", map[string]string{"none": "Without tests", "only": "Only tests"}[filter.Test], "from", since(filter.From), "to", until(filter.To))},
		Pager: portal.Tested(portal.Pager(path, filter, filter.Paging, found, "conversion"), found.Items, func(c conversion.Conversion) bool { return c.Test }),
	}
	v.Table = ui.Table{ID: "conversions", Name: "Conversions", Empty: noConversions(f, len(v.Filter.Chips) > 0),
		Columns: []ui.Column{{Label: "Order id", Wide: true}, {Label: "When", Hide: true}, {Label: "Offer", Wrap: true, Hide: true}, {Label: "Affiliate", Number: true, Hide: true},
			{Label: "Value", Number: true, Hide: true}, {Label: "Cost", Number: true}, {Label: "Status"}}}
	if mayDecide(f) {
		v.Table.Select, v.Table.BulkAction, v.Table.CSRF, v.Table.Bulk = "id", f.Path("/conversions/preview"), f.CSRF, decideButtons()
	}
	for _, c := range found.Items {
		v.Table.Rows = append(v.Table.Rows, s.conversionRow(f, names, c))
	}
	portal.Arrange(f, &v.Table, &v.Filter, &v.Pager, 1, found.Items, s.conversionColumns())
	return f.Page("Conversions", conversionsPath, listPage(v))
}

func (s *pages) conversionRow(f *portal.Frame, names portal.Names, c conversion.Conversion) ui.Row {
	name := c.TxID
	if name == "" {
		name = portal.ShortID(c.ID.String())
	}
	currency := c.Revenue.Currency()
	what := ui.Cell{Text: name, Mono: true, Href: f.Path(conversionsPath + "/" + c.ID.String()), Sheet: "Conversion " + name,
		Narrow: f.Ago(c.CreatedAt) + " · " + names.Offer(c.OfferID)}
	if c.Test {
		what.Badge = ui.Badge(ui.Brand, "test")
	}
	return ui.Row{ID: "conversion-" + c.ID.String(), Value: c.ID.String(), Name: "conversion " + name, Cells: []ui.Cell{
		what, {Text: f.Ago(c.CreatedAt), Title: f.Exact(c.CreatedAt)}, {Text: names.Offer(c.OfferID), Sub: names.Goal(c.OfferID, c.GoalID)},
		{Text: idText(int64(c.AffiliateID))}, {Text: portal.Sale(c.Val, currency)}, portal.ZeroMarked(ui.Cell{Text: portal.Money(c.Revenue), Strong: true}, c.WhyNoRevenue()),
		{Body: ui.StatusBadge(ui.Conversions, string(c.Status))}}}
}

func (s *pages) conversionColumns() []portal.FileColumn[conversion.Conversion] {
	type c = conversion.Conversion
	return []portal.FileColumn[c]{
		{Name: "id", Text: func(c c) string { return c.ID.String() }},
		{Name: "click_id", Text: func(c c) string { return s.clickText(c.ClickID) }},
		{Name: "txid", Text: func(c c) string { return c.TxID }},
		{Name: "offer_id", Number: true, Text: func(c c) string { return idText(int64(c.OfferID)) }},
		{Name: "goal_id", Number: true, Text: func(c c) string { return idText(int64(c.GoalID)) }},
		{Name: "affiliate_id", Number: true, Text: func(c c) string { return idText(int64(c.AffiliateID)) }},
		{Name: "status", Text: func(c c) string { return string(c.Status) }},
		{Name: "val", Number: true, Text: func(c c) string { return c.Val.String() }},
		{Name: "revenue", Number: true, Text: func(c c) string { return c.Revenue.String() }},
		{Name: "currency", Text: func(c c) string { return string(c.Revenue.Currency()) }},
		{Name: "original_val", Number: true, Text: func(c c) string { return c.OriginalVal.String() }},
		{Name: "original_currency", Text: func(c c) string { return string(c.OriginalCurrency) }},
		{Name: "test", Text: func(c c) string { return strconv.FormatBool(c.Test) }},
		{Name: "clicked_at", Text: func(c c) string { return c.ClickedAt.Format(time.RFC3339) }},
		{Name: "created_at", Text: func(c c) string { return c.CreatedAt.Format(time.RFC3339) }},
		{Name: "updated_at", Text: func(c c) string { return c.UpdatedAt.Format(time.RFC3339) }},
	}
}

// conversionView is one conversion.
type conversionView struct {
	c       conversion.Conversion
	name    string
	facts   []ui.Pair
	params  []ui.Pair
	trace   string
	approve bool
	reject  bool
	in      decideInput
	faults  portal.Faults
}

func (s *pages) conversion(f *portal.Frame) error {
	v, err := s.readConversion(f)
	if err != nil {
		return err
	}
	if f.Part() {
		return f.RenderPart(200, conversionBody(f, v))
	}
	return f.Page("Conversion "+v.name, conversionsPath, conversionPage(f, v))
}

func (s *pages) readConversion(f *portal.Frame) (conversionView, error) {
	id, err := uuid(f, "id")
	if err != nil {
		return conversionView{}, err
	}
	c, err := s.Conversions.Get(f.Context(), f.Actor, conversion.ID{UUID: id})
	if err != nil {
		return conversionView{}, err
	}
	names, err := f.Names(namesOf([]conversion.Conversion{c}))
	if err != nil {
		return conversionView{}, err
	}
	v := conversionView{c: c, name: c.TxID, trace: s.traceHref(f, c.ClickID), approve: mayDecide(f) && conversion.CanMove(c.Status, conversion.StatusApproved),
		reject: mayDecide(f) && conversion.CanMove(c.Status, conversion.StatusRejected)}
	if v.name == "" {
		v.name = portal.ShortID(c.ID.String())
	}
	currency := c.Revenue.Currency()
	v.facts = []ui.Pair{{Label: "Cost", Text: portal.Money(c.Revenue)}, {Label: "Sale value", Text: portal.Sale(c.Val, currency)}}
	if why := c.WhyNoRevenue(); why != "" {
		v.facts = append(v.facts, ui.Pair{Label: "Why no cost", Text: portal.Sentence(why)})
	}
	if c.OriginalCurrency != "" && c.OriginalCurrency != currency {
		v.facts = append(v.facts, ui.Pair{Label: "Value as sent", Text: portal.Price(c.OriginalVal, c.OriginalCurrency)})
	}
	v.facts = append(v.facts, ui.Pair{Label: "Offer", Body: textLink(f.Path("/offers/"+idText(int64(c.OfferID))), names.Offer(c.OfferID))},
		ui.Pair{Label: "Goal", Text: names.Goal(c.OfferID, c.GoalID)}, ui.Pair{Label: "Affiliate", Text: names.Affiliate(c.AffiliateID)},
		ui.Pair{Label: "Order id", Text: portal.Or(c.TxID), Mono: true}, ui.Pair{Label: "Clicked", Text: f.Exact(c.ClickedAt)}, ui.Pair{Label: "Recorded", Text: f.Exact(c.CreatedAt)},
		ui.Pair{Label: "Click id", Text: s.clickText(c.ClickID), Mono: true, Copy: true}, ui.Pair{Label: "Conversion id", Text: c.ID.String(), Mono: true, Copy: true})
	if !c.HoldUntil.IsZero() {
		v.facts = append(v.facts, ui.Pair{Label: "Approves itself", Text: f.Exact(c.HoldUntil)})
	}
	if c.Test {
		v.facts = append(v.facts, ui.Pair{Label: "Test", Text: "yes: it costs nothing and is in no report"})
	}
	if c.Params.Coupon != "" {
		v.params = append(v.params, ui.Pair{Label: "coupon", Text: c.Params.Coupon, Mono: true})
	}
	for i, text := range c.Params.Param {
		v.params = append(v.params, ui.Pair{Label: "param " + strconv.Itoa(i+1), Text: text, Mono: true})
	}
	for _, name := range sortedNames(c.Params.Values) {
		v.params = append(v.params, ui.Pair{Label: name, Text: c.Params.Values[name], Mono: true})
	}
	return v, nil
}
