package portalaffiliate

import (
	"time"

	"github.com/waypost/waypost/domain"
	"github.com/waypost/waypost/domain/click"
	"github.com/waypost/waypost/domain/offer"
	"github.com/waypost/waypost/domain/search"
	"github.com/waypost/waypost/portal"
	"github.com/waypost/waypost/ui"
)

const clicksPath = "/clicks"

// clickFilter is the list's address.
type clickFilter struct {
	Query string      `query:"q"` // a click id of ours or the affiliate's own
	Offer portal.Pick `query:"offer"`
	Valid string      `query:"valid"` // yes, no; empty for both
	portal.Period
	portal.Paging
}

func (s *pages) listClicks(f *portal.Frame, in clickFilter, p domain.Page) (domain.Slice[click.Click], error) {
	filter := click.Filter{OfferID: offer.ID(in.Offer)}
	filter.From, filter.To = in.Bounds(f)
	if in.Valid != "" {
		valid := in.Valid == "yes"
		filter.Valid = &valid
	}
	if in.Query != "" {
		if id, err := s.Clicks.Parse(in.Query); err == nil {
			filter.ClickID = id
		} else {
			filter.AffClickID = in.Query
		}
	}
	return s.Clicks.List(f.Context(), f.Actor, filter, p)
}

func (s *pages) clicks(f *portal.Frame) error {
	var in clickFilter
	if err := f.Query(&in); err != nil {
		return err
	}
	list, err := s.listClicks(f, in, in.Slice())
	if err != nil {
		return err
	}
	names, err := namesOf(f, list.Items, func(c click.Click) offer.ID { return c.OfferID }, offer.ID(in.Offer))
	if err != nil {
		return err
	}
	path := f.Path(clicksPath)
	valid := map[string]string{"yes": "Counted", "no": "Not counted"}
	v := listView{table: s.clicksTable(f, list.Items, names), pager: portal.Pager(path, in, in.Paging, list, "click")}
	v.head = ui.Head{Title: "Clicks", Lead: "Every visit through your links, and why one did not count. Times in " + f.Zone.String() + "."}
	v.filter = ui.Filter{ID: "filters", Action: path, Search: "q", SearchLabel: "Search by click id", SearchValue: in.Query, ResetHref: path, Range: in.Picker(f, "dates", "All time"),
		Selects: []ui.FilterSelect{{Field: "valid", Label: "Counted", Any: "All clicks", Value: in.Valid, Options: []ui.Option{{Value: "yes", Label: "Counted"}, {Value: "no", Label: "Not counted"}}}},
		Fields:  ui.PickBar(f.FilterPick(search.KindOffer, in.Offer, names)),
		Chips: portal.Chips(path, in, "q", portal.Is("Id", in.Query), "valid", valid[in.Valid], "offer", names.IsPicked(search.KindOffer, in.Offer),
			"from", portal.Is("From", in.From), "to", portal.Is("To", in.To)),
		Actions: f.Export(portal.Export{Things: "clicks", Path: path, Routes: true, Filter: in, API: "/clicks", Asked: append(append(in.Asked(f),
			"offer_id", portal.Picked(in.Offer, ""), "valid", portal.AskedTruth(in.Valid, "yes")), s.askedID(in.Query, "aff_click_id")...)})}
	if in == (clickFilter{}) {
		v.table.Empty = ui.Empty(ui.Nothing{Icon: "activity", Title: "No clicks yet", Text: "Each visit through one of your tracking links stands here within a second.",
			Next: ui.Button{Label: "Build a link", Look: ui.Primary, Href: f.Path(linksPath)}})
	} else {
		v.table.Empty = ui.NoResults(path)
	}
	portal.Arrange(f, &v.table, &v.filter, &v.pager, 1, list.Items, s.clickColumns())
	return f.Page("Clicks", clicksPath, listPage(v))
}

// askedID is a search for an id as the API takes it: a click's id of ours, else one that it calls by the name given.
func (s *pages) askedID(query, otherwise string) []string {
	if _, err := s.Clicks.Parse(query); err == nil {
		return []string{"click_id", query}
	}
	return []string{otherwise, query}
}

func (s *pages) clicksTable(f *portal.Frame, list []click.Click, names portal.Names) ui.Table {
	t := ui.Table{ID: "clicks", Name: "Clicks", Columns: []ui.Column{{Label: "Click"}, {Label: "Time", Hide: true}, {Label: "Offer", Hide: true}, {Label: "Counted", Wrap: true},
		{Label: "Your click id", Hide: true}, {Label: "Sub 1", Hide: true}, {Label: "Visitor", Hide: true}}}
	for _, c := range list {
		id := s.Clicks.Text(c.ID)
		counted := ui.Cell{Badge: ui.StatusBadge(ui.Clicks, "valid")}
		if !c.Valid() {
			counted = ui.Cell{Body: refusedCell(ui.StatusBadge(ui.Clicks, "invalid"), portal.ClickReason(c.Reason))}
		}
		t.Rows = append(t.Rows, ui.Row{ID: "k-" + id, Cells: []ui.Cell{
			{Text: portal.ShortID(id), Mono: true, Title: id, Href: f.Path("/trace/" + id), Narrow: joined(names.Offer(c.OfferID), f.Time(c.CreatedAt()))},
			{Text: f.Time(c.CreatedAt()), Title: f.Exact(c.CreatedAt())}, {Text: names.Offer(c.OfferID)}, counted,
			{Text: portal.Or(c.AffClickID), Mono: c.AffClickID != ""}, {Text: portal.Or(c.Subs[0])}, {Text: portal.Or(joined(c.Country, c.OS, c.Browser))}}})
	}
	return t
}

// clicksFile is the list as a file, with columns of the API's.
func (s *pages) clicksFile(f *portal.Frame) error {
	var in clickFilter
	if err := f.Query(&in); err != nil {
		return err
	}
	return portal.File(f, "clicks", s.clickColumns(), func(p domain.Page) (domain.Slice[click.Click], error) { return s.listClicks(f, in, p) })
}

func (s *pages) clickColumns() []portal.FileColumn[click.Click] {
	type row = click.Click
	text := func(name string, of func(row) string) portal.FileColumn[row] {
		return portal.FileColumn[row]{Name: name, Text: of}
	}
	columns := []portal.FileColumn[row]{
		text("click_id", func(c row) string { return s.Clicks.Text(c.ID) }),
		{Name: "offer_id", Number: true, Text: func(c row) string { return idText(c.OfferID) }},
		text("valid", func(c row) string { return map[bool]string{true: "true", false: "false"}[c.Valid()] }),
		text("reason", func(c row) string { return string(c.Reason) }),
		text("ip", func(c row) string { return c.IP }), text("country", func(c row) string { return c.Country }), text("device", func(c row) string { return c.Device }),
		text("os", func(c row) string { return c.OS }), text("browser", func(c row) string { return c.Browser }),
	}
	for i := range click.SubCount {
		columns = append(columns, text("sub"+idText(int64(i+1)), func(c row) string { return c.Subs[i] }))
	}
	columns = append(columns, text("source", func(c row) string { return c.Source }), text("aff_click_id", func(c row) string { return c.AffClickID }),
		text("landing_page_id", func(c row) string { return c.LandingPageID }), text("creative_id", func(c row) string { return c.CreativeID }),
		text("referrer", func(c row) string { return c.Referrer }), text("created_at", func(c row) string { return c.CreatedAt().Format(time.RFC3339) }))
	return columns
}
