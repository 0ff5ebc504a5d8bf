package portaladmin

import (
	"strconv"
	"strings"

	"github.com/a-h/templ"

	"github.com/waypost/waypost/domain"
	"github.com/waypost/waypost/domain/account"
	"github.com/waypost/waypost/domain/advertiser"
	"github.com/waypost/waypost/domain/affiliate"
	"github.com/waypost/waypost/domain/conversion"
	"github.com/waypost/waypost/domain/offer"
	"github.com/waypost/waypost/domain/search"
	"github.com/waypost/waypost/portal"
	"github.com/waypost/waypost/ui"
)

// conversionFilter is the query of the list, and names the conversions of a bulk change.
type conversionFilter struct {
	portal.Period
	Status     string      `query:"status"`
	Offer      portal.Pick `query:"offer"`
	Affiliate  portal.Pick `query:"affiliate"`
	Advertiser portal.Pick `query:"advertiser"`
	Goal       portal.Pick `query:"goal"`
	Click      string      `query:"click"`
	TxID       string      `query:"txid"`
	Test       string      `query:"test"`
}

// mayConvert tells whether the actor may change conversions.
func mayConvert(f *portal.Frame) bool { return f.May(account.PermissionManageConversions) }

// asked is the filter as the service takes it; none tells that nothing can match.
func (a *admin) askedConversions(f *portal.Frame, filter conversionFilter) (asked conversion.Filter, none bool) {
	asked = conversion.Filter{Status: conversion.Status(filter.Status), OfferID: offer.ID(filter.Offer), GoalID: offer.GoalID(filter.Goal),
		AffiliateID: affiliate.ID(filter.Affiliate), AdvertiserID: advertiser.ID(filter.Advertiser), TxID: filter.TxID}
	asked.From, asked.To = filter.Bounds(f)
	if filter.Test != "" {
		only := filter.Test == "only"
		asked.Test = &only
	}
	if filter.Click != "" {
		id, ok := a.findClick(filter.Click)
		asked.ClickID, none = id, !ok
	}
	return asked, none
}

func (a *admin) conversions(f *portal.Frame) error {
	var filter struct {
		conversionFilter
		portal.Paging
	}
	if err := f.Query(&filter); err != nil {
		return err
	}
	asked, none := a.askedConversions(f, filter.conversionFilter)
	read := func(p domain.Page) (domain.Slice[conversion.Conversion], error) {
		if none {
			return domain.Slice[conversion.Conversion]{}, nil
		}
		return a.Conversions.List(f.Context(), f.Actor, asked, p)
	}
	if f.WantsFile() {
		return portal.File(f, "conversions", a.conversionColumns(), read)
	}
	list, err := read(filter.Slice())
	if err != nil {
		return err
	}
	ids := namesOf(list.Items)
	ids.Offers, ids.Affiliates, ids.Advertisers = append(ids.Offers, asked.OfferID), append(ids.Affiliates, asked.AffiliateID), append(ids.Advertisers, asked.AdvertiserID)
	ids.Goals = append(ids.Goals, asked.GoalID)
	n, err := f.Names(ids)
	if err != nil {
		return err
	}
	path := f.Path("/conversions")
	v := listView{Head: ui.Head{Title: "Conversions", Lead: "What advertisers pay for, with the money on both sides. Times in " + f.Zone.String() + "."},
		Filter: conversionBar(f, n, path, filter.conversionFilter), Pager: portal.Tested(portal.Pager(path, filter, filter.Paging, list, "conversion"), list.Items, func(c conversion.Conversion) bool { return c.Test })}
	v.Table = ui.Table{ID: "conversions", Name: "Conversions", Empty: ui.NoResults(path),
		Columns: []ui.Column{{Label: "Conversion", Wide: true}, {Label: "When", Hide: true}, {Label: "Affiliate", Hide: true}, {Label: "Value", Number: true, Hide: true},
			{Label: "Revenue", Number: true}, {Label: "Commission", Number: true, Hide: true}, {Label: "Status"}}}
	if len(v.Filter.Chips) == 0 {
		v.Table.Empty = ui.Empty(ui.Nothing{Icon: "coin", Title: "No conversions yet", Text: "A conversion stands here as soon as an advertiser's postback reports it. The postback log shows calls that did not count, with the reason.",
			Next: ui.Button{Label: "Open the postback log", Href: f.Path("/postback-log")}})
	}
	v.Head.Actions = conversionsHead(f, exportConversions(f, path, filter.conversionFilter), mayConvert(f))
	if mayConvert(f) && len(list.Items) > 0 {
		v.Table.Select, v.Table.BulkAction, v.Table.CSRF = "id", portal.URL(path+"/bulk", filter.conversionFilter), f.CSRF
		v.Table.Bulk = bulkButtons()
		v.Extra = allMatching(path, f.CSRF, filter.conversionFilter, len(v.Filter.Chips) > 0)
	}
	for _, c := range list.Items {
		v.Table.Rows = append(v.Table.Rows, conversionRow(f, n, c))
	}
	portal.Arrange(f, &v.Table, &v.Filter, &v.Pager, 1, list.Items, a.conversionColumns())
	return f.Page("Conversions", "/conversions", listPage(v))
}

func exportConversions(f *portal.Frame, path string, filter conversionFilter) templ.Component {
	return f.Export(portal.Export{Things: "conversions", Path: path, Filter: filter, API: "/conversions", Asked: append(filter.Asked(f), "status", filter.Status,
		"offer_id", portal.Picked(filter.Offer, ""), "goal_id", portal.Picked(filter.Goal, ""), "affiliate_id", portal.Picked(filter.Affiliate, ""),
		"advertiser_id", portal.Picked(filter.Advertiser, ""), "click_id", filter.Click, "txid", filter.TxID, "test", portal.AskedTruth(filter.Test, "only"))})
}

// namesOf are the ids that conversions name.
func namesOf(cs []conversion.Conversion) (ids portal.NameIDs) {
	for _, c := range cs {
		ids.Offers, ids.Affiliates, ids.Advertisers = append(ids.Offers, c.OfferID), append(ids.Affiliates, c.AffiliateID), append(ids.Advertisers, c.AdvertiserID)
	}
	return ids
}

func conversionBar(f *portal.Frame, n portal.Names, path string, filter conversionFilter) ui.Filter {
	tests := []ui.Option{{Value: "none", Label: "Without tests"}, {Value: "only", Label: "Only tests"}}
	bar := ui.Filter{ID: "filter", Action: path, Search: "txid", SearchLabel: "Whole transaction id", SearchValue: filter.TxID,
		Selects: []ui.FilterSelect{
			{Field: "status", Label: "Status", Any: "Any status", Value: filter.Status, Options: ui.StatusOptions(ui.Conversions, "pending", "hold", "approved", "rejected", "trash")},
			{Field: "test", Label: "Tests", Any: "With tests", Value: filter.Test, Options: tests}},
		Range: filter.Picker(f, "dates", "Any time"), ResetHref: path,
		Fields: moreFields(setCount(filter.Offer != 0, filter.Affiliate != 0, filter.Advertiser != 0, filter.Click != ""), []ui.Field{
			f.FilterPick(search.KindOffer, filter.Offer, n), f.FilterPick(search.KindAffiliate, filter.Affiliate, n),
			f.FilterPick(search.KindAdvertiser, filter.Advertiser, n), textField("click", "Click id", filter.Click)})}
	status := ""
	if filter.Status != "" {
		status = ui.StatusOf(ui.Conversions, filter.Status).Word
	}
	test := ""
	if filter.Test != "" {
		test = oneOf(tests, filter.Test)
	}
	goal := ""
	if filter.Goal != 0 {
		goal = portal.Is("Goal", n.Goal(offer.ID(filter.Offer), offer.GoalID(filter.Goal)))
	}
	bar.Chips = portal.Chips(path, filter, append([]string{"status", portal.Is("Status", status), "test", test, "txid", portal.Is("Transaction id", filter.TxID),
		"offer", n.IsPicked(search.KindOffer, filter.Offer), "affiliate", n.IsPicked(search.KindAffiliate, filter.Affiliate),
		"advertiser", n.IsPicked(search.KindAdvertiser, filter.Advertiser), "goal", goal, "click", portal.Is("Click id", filter.Click)}, periodChips(filter.Period)...)...)
	return bar
}

func conversionRow(f *portal.Frame, n portal.Names, c conversion.Conversion) ui.Row {
	name := conversionName(c)
	what := ui.Cell{Text: n.Offer(c.OfferID), Href: f.Path("/conversions/" + c.ID.String()), Sheet: "Conversion " + name, Sub: n.Goal(c.OfferID, c.GoalID) + " · " + name,
		Narrow: f.Ago(c.CreatedAt) + " · " + n.Affiliate(c.AffiliateID)}
	if c.Test {
		what.Badge = ui.Badge(ui.Brand, "test")
	}
	return ui.Row{ID: "c-" + c.ID.String(), Value: c.ID.String(), Name: "conversion " + name, Cells: []ui.Cell{what, {Text: f.Ago(c.CreatedAt), Title: f.Exact(c.CreatedAt)},
		{Text: n.Affiliate(c.AffiliateID), Href: f.Path("/affiliates/" + fmtID(c.AffiliateID))}, {Text: portal.Sale(c.Val, c.Commission.Currency())},
		{Text: portal.Money(c.Revenue)}, portal.ZeroMarked(ui.Cell{Text: portal.Money(c.Commission), Strong: true}, c.WhyNoCommission()), {Body: ui.StatusBadge(ui.Conversions, string(c.Status))}}}
}

// conversionName is what a conversion is called: by its transaction id, else by the end of its own.
func conversionName(c conversion.Conversion) string {
	if c.TxID != "" {
		return c.TxID
	}
	return portal.ShortID(c.ID.String())
}

func (a *admin) conversionColumns() []portal.FileColumn[conversion.Conversion] {
	type c = conversion.Conversion
	return []portal.FileColumn[c]{
		{Name: "id", Text: func(c c) string { return c.ID.String() }},
		{Name: "click_id", Text: func(c c) string { return a.clickText(c.ClickID) }},
		{Name: "txid", Text: func(c c) string { return c.TxID }},
		{Name: "offer_id", Number: true, Text: func(c c) string { return fmtID(c.OfferID) }},
		{Name: "goal_id", Number: true, Text: func(c c) string { return fmtID(c.GoalID) }},
		{Name: "affiliate_id", Number: true, Text: func(c c) string { return fmtID(c.AffiliateID) }},
		{Name: "advertiser_id", Number: true, Text: func(c c) string { return fmtID(c.AdvertiserID) }},
		{Name: "status", Text: func(c c) string { return string(c.Status) }},
		{Name: "val", Number: true, Text: func(c c) string { return c.Val.String() }},
		{Name: "commission", Number: true, Text: func(c c) string { return c.Commission.String() }},
		{Name: "revenue", Number: true, Text: func(c c) string { return c.Revenue.String() }},
		{Name: "currency", Text: func(c c) string { return string(c.Commission.Currency()) }},
		{Name: "original_val", Number: true, Text: func(c c) string { return c.OriginalVal.String() }},
		{Name: "original_currency", Text: func(c c) string { return string(c.OriginalCurrency) }},
		{Name: "test", Text: func(c c) string { return strconv.FormatBool(c.Test) }},
		{Name: "clicked_at", Text: func(c c) string { return stamp(c.ClickedAt) }},
		{Name: "created_at", Text: func(c c) string { return stamp(c.CreatedAt) }},
		{Name: "updated_at", Text: func(c c) string { return stamp(c.UpdatedAt) }},
	}
}

// conversionView is the record of one conversion.
type conversionView struct {
	c             conversion.Conversion
	name, title   string
	facts, params []ui.Pair
	story         []ui.Event
	deliveries    ui.Table
	trace         string
	editable      bool
	statuses      []ui.Option
	in            editInput
	faults        portal.Faults
	action        string
}

func (a *admin) conversion(f *portal.Frame) error {
	v, err := a.readConversion(f)
	if err != nil {
		return err
	}
	if f.Part() {
		return f.RenderPart(200, conversionBody(f, v))
	}
	return f.Page("Conversion "+v.name, "/conversions", conversionPage(f, v))
}

func (a *admin) readConversion(f *portal.Frame) (conversionView, error) {
	id, err := uuidOf(f)
	if err != nil {
		return conversionView{}, err
	}
	c, err := a.Conversions.Get(f.Context(), f.Actor, conversion.ID{UUID: id})
	if err != nil {
		return conversionView{}, err
	}
	n, err := f.Names(namesOf([]conversion.Conversion{c}))
	if err != nil {
		return conversionView{}, err
	}
	v := conversionView{c: c, name: conversionName(c), title: n.Offer(c.OfferID), trace: a.tracePath(f, c.ClickID), editable: mayConvert(f), action: f.Path("/conversions/" + c.ID.String())}
	v.in = editInput{Val: c.Val.String(), Commission: c.Commission.String(), Revenue: c.Revenue.String(), Seen: c.Seen()}
	v.statuses = statusChoices(c.Status)
	currency := c.Commission.Currency()
	v.facts = []ui.Pair{{Label: "Sale value", Text: portal.Sale(c.Val, currency)}}
	if why := c.WhyNoCommission(); why != "" {
		v.facts = append(v.facts, ui.Pair{Label: "Why no commission", Text: portal.Sentence(why)})
	}
	if c.OriginalCurrency != "" && c.OriginalCurrency != currency {
		v.facts = append(v.facts, ui.Pair{Label: "Value as sent", Text: portal.Price(c.OriginalVal, c.OriginalCurrency) + " at " + c.ExchangeRate.String()})
	}
	if c.AwaitingRate != "" {
		v.facts = append(v.facts, ui.Pair{Label: "Waits for", Text: "an exchange rate; then it is " + strings.ToLower(ui.StatusOf(ui.Conversions, string(c.AwaitingRate)).Word)})
	}
	if !c.HoldUntil.IsZero() {
		v.facts = append(v.facts, ui.Pair{Label: "Approves itself", Text: f.Exact(c.HoldUntil)})
	}
	v.facts = append(v.facts, ui.Pair{Label: "Offer", Body: textLink(n.Offer(c.OfferID), f.Path("/offers/"+fmtID(c.OfferID)))}, ui.Pair{Label: "Goal", Text: n.Goal(c.OfferID, c.GoalID)},
		ui.Pair{Label: "Affiliate", Body: textLink(n.Affiliate(c.AffiliateID), f.Path("/affiliates/"+fmtID(c.AffiliateID)))},
		ui.Pair{Label: "Advertiser", Body: textLink(n.Advertiser(c.AdvertiserID), f.Path("/advertisers/"+fmtID(c.AdvertiserID)))},
		ui.Pair{Label: "Transaction id", Text: portal.Or(c.TxID), Mono: true}, ui.Pair{Label: "Clicked", Text: f.Exact(c.ClickedAt)}, ui.Pair{Label: "Recorded", Text: f.Exact(c.CreatedAt)},
		ui.Pair{Label: "Click id", Text: a.clickText(c.ClickID), Mono: true, Copy: true}, ui.Pair{Label: "Conversion id", Text: c.ID.String(), Mono: true, Copy: true})
	if c.Params.Coupon != "" {
		v.params = append(v.params, ui.Pair{Label: "coupon", Text: c.Params.Coupon, Mono: true})
	}
	for i, text := range c.Params.Param {
		v.params = append(v.params, ui.Pair{Label: "param " + strconv.Itoa(i+1), Text: text, Mono: true})
	}
	for _, name := range sortedNames(c.Params.Values) {
		v.params = append(v.params, ui.Pair{Label: name, Text: c.Params.Values[name], Mono: true})
	}
	return v, a.readStory(f, n, &v)
}
