package portalaffiliate

import (
	"slices"
	"strings"
	"time"

	"github.com/a-h/templ"

	"github.com/waypost/waypost/domain"
	"github.com/waypost/waypost/domain/conversion"
	"github.com/waypost/waypost/domain/money"
	"github.com/waypost/waypost/domain/offer"
	"github.com/waypost/waypost/domain/postback"
	"github.com/waypost/waypost/domain/search"
	"github.com/waypost/waypost/portal"
	"github.com/waypost/waypost/ui"
)

const conversionsPath = "/conversions"

// conversionFilter is the list's address.
type conversionFilter struct {
	Query  string      `query:"q"` // a click id, a conversion id or the advertiser's order id
	Offer  portal.Pick `query:"offer"`
	Goal   int64       `query:"goal"`
	Status string      `query:"status"`
	Test   string      `query:"test"` // only, none; empty for both
	portal.Period
	portal.Paging
}

// listView is a page with one list.
type listView struct {
	head   ui.Head
	above  templ.Component
	filter ui.Filter
	table  ui.Table
	pager  ui.PageLinks
}

// domain gives the filter; none where it can match nothing.
func (s *pages) conversionFilter(f *portal.Frame, in conversionFilter) (filter conversion.Filter, none bool) {
	filter = conversion.Filter{OfferID: offer.ID(in.Offer), GoalID: offer.GoalID(in.Goal), Status: conversion.Status(in.Status)}
	filter.From, filter.To = in.Bounds(f)
	if in.Test != "" {
		only := in.Test == "only"
		filter.Test = &only
	}
	if in.Query != "" {
		if id, err := s.Clicks.Parse(in.Query); err == nil {
			filter.ClickID = id
		} else {
			filter.TxID = in.Query
		}
	}
	return filter, in.Status != "" && !filter.Status.Valid()
}

func (s *pages) listConversions(f *portal.Frame, in conversionFilter, p domain.Page) (domain.Slice[conversion.Conversion], error) {
	filter, none := s.conversionFilter(f, in)
	if none {
		return domain.Slice[conversion.Conversion]{}, nil
	}
	return s.Conversions.List(f.Context(), f.Actor, filter, p)
}

func (s *pages) conversions(f *portal.Frame) error {
	var in conversionFilter
	if err := f.Query(&in); err != nil {
		return err
	}
	if id, ok := domain.ParseUUID(strings.ToLower(in.Query)); ok {
		if c, err := s.Conversions.Get(f.Context(), f.Actor, conversion.ID{UUID: id}); err == nil {
			return f.Redirect(conversionHref(f, c.ID))
		}
	}
	list, err := s.listConversions(f, in, in.Slice())
	if err != nil {
		return err
	}
	names, err := namesOf(f, list.Items, func(c conversion.Conversion) offer.ID { return c.OfferID }, offer.ID(in.Offer))
	if err != nil {
		return err
	}
	ids := make([]conversion.ID, len(list.Items))
	for i, c := range list.Items {
		ids[i] = c.ID
	}
	sent, err := s.Postbacks.DeliveriesOf(f.Context(), f.Actor, ids)
	if err != nil {
		return err
	}
	path := f.Path(conversionsPath)
	v := listView{table: s.conversionsTable(f, list.Items, names, sent), pager: portal.Tested(portal.Pager(path, in, in.Paging, list, "conversion"), list.Items, func(c conversion.Conversion) bool { return c.Test })}
	v.head = ui.Head{Title: "Conversions", Lead: "What your clicks led to, and what each earns you. Times in " + f.Zone.String() + "."}
	v.filter = s.conversionsBar(f, in, names, path)
	if in == (conversionFilter{}) {
		v.table.Empty = ui.Empty(ui.Nothing{Icon: "arrows-exchange", Title: "No conversions yet", Text: "When a visitor of yours buys or signs up, it stands here with what it earns you and whether your postback was called.",
			Next: ui.Button{Label: "Build a link", Look: ui.Primary, Href: f.Path(linksPath)}})
	} else {
		v.table.Empty = ui.NoResults(path)
	}
	portal.Arrange(f, &v.table, &v.filter, &v.pager, 1, list.Items, s.conversionColumns())
	return f.Page("Conversions", conversionsPath, listPage(v))
}

func (s *pages) conversionsBar(f *portal.Frame, in conversionFilter, names portal.Names, path string) ui.Filter {
	goals := goalOptions(names.Title(offer.ID(in.Offer)))
	status := ""
	if in.Status != "" {
		status = ui.StatusOf(ui.Conversions, in.Status).Word
	}
	tests := map[string]string{"only": "Only tests", "none": "Without tests"}
	bar := ui.Filter{ID: "filters", Action: path, Search: "q", SearchLabel: "Search by id", SearchValue: in.Query, ResetHref: path,
		Range:   in.Picker(f, "dates", "All time"),
		Selects: []ui.FilterSelect{{Field: "status", Label: "Status", Any: "Any status", Value: in.Status, Options: ui.StatusOptions(ui.Conversions, "pending", "hold", "approved", "rejected", "trash")}},
		Fields:  ui.PickBar(f.FilterPick(search.KindOffer, in.Offer, names)),
		Chips: portal.Chips(path, in, "q", portal.Is("Id", in.Query), "status", portal.Is("Status", status), "offer", names.IsPicked(search.KindOffer, in.Offer),
			"goal", portal.Is("Goal", nameOf(goals, idText(in.Goal))), "test", tests[in.Test], "from", portal.Is("From", in.From), "to", portal.Is("To", in.To)),
		Actions: f.Export(portal.Export{Things: "conversions", Path: path, Routes: true, Filter: in, API: "/conversions", Asked: append(append(in.Asked(f), "status", in.Status,
			"offer_id", portal.Picked(in.Offer, ""), "goal_id", idText(in.Goal), "test", portal.AskedTruth(in.Test, "only")), s.askedID(in.Query, "txid")...)})}
	if len(goals) > 1 {
		bar.Selects = append(bar.Selects, ui.FilterSelect{Field: "goal", Label: "Goal", Any: "Any goal", Value: idText(in.Goal), Options: goals})
	}
	bar.Selects = append(bar.Selects, ui.FilterSelect{Field: "test", Label: "Tests", Any: "With tests", Value: in.Test, Options: []ui.Option{{Value: "none", Label: "Without tests"}, {Value: "only", Label: "Only tests"}}})
	return bar
}

// goalOptions are the goals of an offer.
func goalOptions(t offer.Title) (goals []ui.Option) {
	for id, name := range t.Goals {
		goals = append(goals, ui.Option{Value: idText(id), Label: name})
	}
	slices.SortFunc(goals, func(a, b ui.Option) int { return strings.Compare(a.Label, b.Label) })
	return goals
}

// nameOf is what an option of a filter is called.
func nameOf(options []ui.Option, value string) string {
	for _, o := range options {
		if o.Value == value {
			return o.Label
		}
	}
	return value
}

func (s *pages) conversionsTable(f *portal.Frame, list []conversion.Conversion, names portal.Names, sent map[conversion.ID][]postback.Delivery) ui.Table {
	t := ui.Table{ID: "conversions", Name: "Conversions", Columns: []ui.Column{{Label: "Conversion", Wide: true}, {Label: "Time", Hide: true}, {Label: "Status"},
		{Label: "Postback", Hide: true}, {Label: "Click", Hide: true}, {Label: "Order id", Hide: true}, {Label: "Commission", Number: true}}}
	for _, c := range list {
		clickID := s.Clicks.Text(c.ClickID)
		name := ui.Cell{Text: names.Offer(c.OfferID), Sub: names.Goal(c.OfferID, c.GoalID), Narrow: joined(names.Goal(c.OfferID, c.GoalID), f.Time(c.CreatedAt)),
			Href: conversionHref(f, c.ID), Sheet: "Conversion of " + names.Offer(c.OfferID)}
		if c.Test {
			name.Badge = ui.Badge(ui.Mute, "Test")
		}
		kind, word := postbackState(sent[c.ID])
		t.Rows = append(t.Rows, ui.Row{ID: "c-" + c.ID.String(), Cells: []ui.Cell{name, {Text: f.Time(c.CreatedAt), Title: f.Exact(c.CreatedAt)},
			{Badge: ui.StatusBadge(ui.Conversions, string(c.Status))}, {Badge: ui.Badge(kind, word)},
			{Text: portal.ShortID(clickID), Href: f.Path("/trace/" + clickID), Mono: true, Title: clickID}, {Text: portal.Or(c.TxID), Mono: c.TxID != ""},
			{Text: commissionOf(c), Strong: true}}})
	}
	return t
}

// commissionOf is what a conversion earns; what was refused earns nothing.
func commissionOf(c conversion.Conversion) string {
	if refused(c) {
		return portal.Money(money.Zero(c.Commission.Currency()))
	}
	return portal.Money(c.Commission)
}

// refused tells the conversions that earn nothing.
func refused(c conversion.Conversion) bool {
	return c.Status == conversion.StatusRejected || c.Status == conversion.StatusTrash
}

// postbackState sums up the last deliveries to each postback: the worst of them.
func postbackState(sent []postback.Delivery) (ui.Kind, string) {
	if len(sent) == 0 {
		return ui.Mute, "Not fired"
	}
	order := []postback.DeliveryStatus{postback.DeliveryFailed, postback.DeliveryRetrying, postback.DeliveryPaused, postback.DeliveryPending, postback.DeliveryDelivered}
	worst := slices.MinFunc(sent, func(a, b postback.Delivery) int {
		return slices.Index(order, a.Status) - slices.Index(order, b.Status)
	})
	if worst.Status == postback.DeliveryFailed && worst.Reason == postback.ReasonSuperseded {
		return ui.Mute, "Overtaken"
	}
	status := ui.StatusOf(ui.Deliveries, string(worst.Status))
	return status.Kind, status.Word
}

// conversionsFile is the list as a file, with the columns that the API's has.
func (s *pages) conversionsFile(f *portal.Frame) error {
	var in conversionFilter
	if err := f.Query(&in); err != nil {
		return err
	}
	return portal.File(f, "conversions", s.conversionColumns(), func(p domain.Page) (domain.Slice[conversion.Conversion], error) { return s.listConversions(f, in, p) })
}

func (s *pages) conversionColumns() []portal.FileColumn[conversion.Conversion] {
	type row = conversion.Conversion
	columns := []portal.FileColumn[row]{
		{Name: "id", Text: func(c row) string { return c.ID.String() }},
		{Name: "click_id", Text: func(c row) string { return s.Clicks.Text(c.ClickID) }},
		{Name: "txid", Text: func(c row) string { return c.TxID }},
		{Name: "offer_id", Number: true, Text: func(c row) string { return idText(c.OfferID) }},
		{Name: "goal_id", Number: true, Text: func(c row) string { return idText(c.GoalID) }},
		{Name: "affiliate_id", Number: true, Text: func(c row) string { return idText(c.AffiliateID) }},
		{Name: "status", Text: func(c row) string { return string(c.Status) }},
		{Name: "val", Number: true, Text: func(c row) string { return valueText(c) }},
		{Name: "commission", Number: true, Text: func(c row) string { return c.Commission.String() }},
		{Name: "currency", Text: func(c row) string { return string(c.Commission.Currency()) }},
		{Name: "test", Text: func(c row) string { return map[bool]string{true: "true", false: "false"}[c.Test] }},
		{Name: "clicked_at", Text: func(c row) string { return c.ClickedAt.Format(time.RFC3339) }},
		{Name: "created_at", Text: func(c row) string { return c.CreatedAt.Format(time.RFC3339) }},
		{Name: "updated_at", Text: func(c row) string { return c.UpdatedAt.Format(time.RFC3339) }},
	}
	return columns
}

func conversionHref(f *portal.Frame, id conversion.ID) string {
	return f.Path(conversionsPath + "/" + id.String())
}
