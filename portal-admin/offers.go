package portaladmin

import (
	"fmt"

	"github.com/waypost/waypost/domain"
	"github.com/waypost/waypost/domain/advertiser"
	"github.com/waypost/waypost/domain/money"
	"github.com/waypost/waypost/domain/offer"
	"github.com/waypost/waypost/portal"
	"github.com/waypost/waypost/ui"
)

// offerFilter narrows the list of offers.
type offerFilter struct {
	Search     string `query:"q"`
	Status     string `query:"status"`
	Visibility string `query:"visibility"`
	Advertiser int64  `query:"advertiser"`
	portal.Paging
}

func offerStatuses() []ui.Option {
	return ui.StatusOptions(ui.Offers, "active", "draft", "paused", "expired")
}

func visibilities() []ui.Option {
	var options []ui.Option
	for _, v := range []offer.Visibility{offer.VisibilityPublic, offer.VisibilityApproval, offer.VisibilityPrivate} {
		options = append(options, ui.Option{Value: string(v), Label: visibilityWord(v)})
	}
	return options
}

func (a *admin) offers(f *portal.Frame) error {
	var filter offerFilter
	if err := f.Query(&filter); err != nil {
		return err
	}
	read := func(p domain.Page) (domain.Slice[offer.Offer], error) {
		return a.Offers.List(f.Context(), f.Actor, offer.Filter{Search: filter.Search, Status: offer.Status(filter.Status), Visibility: offer.Visibility(filter.Visibility),
			AdvertiserID: advertiser.ID(filter.Advertiser)}, p)
	}
	if f.WantsFile() {
		return portal.File(f, "offers", offerCSV(), read)
	}
	list, err := read(filter.Slice())
	if err != nil {
		return err
	}
	ids := portal.NameIDs{Advertisers: []advertiser.ID{advertiser.ID(filter.Advertiser)}}
	for _, o := range list.Items {
		ids.Advertisers = append(ids.Advertisers, o.AdvertiserID)
	}
	names, err := f.Names(ids)
	if err != nil {
		return err
	}
	path := f.Path("/offers")
	v := listView{Head: ui.Head{Title: "Offers", Lead: "What affiliates can run, newest first."}, Pager: portal.Pager(path, filter, filter.Paging, list, "offer"),
		Filter: ui.Filter{ID: "filter", Action: path, Search: "q", SearchLabel: "Search offers by name", SearchValue: filter.Search,
			Selects: []ui.FilterSelect{{Field: "status", Label: "Status", Any: "Any status", Options: offerStatuses(), Value: filter.Status},
				{Field: "visibility", Label: "Access", Any: "Any access", Options: visibilities(), Value: filter.Visibility}},
			Actions: f.Export(portal.Export{Things: "offers", Path: path, Filter: filter, API: "/offers",
				Asked: []string{"search", filter.Search, "status", filter.Status, "visibility", filter.Visibility, "advertiser_id", portal.Picked(advertiser.ID(filter.Advertiser), "")}})},
		Table: ui.Table{ID: "offers", Name: "Offers", CSRF: f.CSRF, Columns: offerColumns(), Empty: ui.NoResults(path)}}
	type active struct{ label, field, value, word string }
	for _, c := range []active{{"Name", "q", filter.Search, filter.Search}, {"Status", "status", filter.Status, oneOf(offerStatuses(), filter.Status)},
		{"Access", "visibility", filter.Visibility, oneOf(visibilities(), filter.Visibility)}} {
		if c.value != "" {
			v.Filter.Chips, v.Filter.ResetHref = append(v.Filter.Chips, chip(c.label, c.word, path, filter, c.field)), path
		}
	}
	if filter.Advertiser != 0 {
		v.Filter.Hidden = []ui.Option{{Label: "advertiser", Value: fmtID(filter.Advertiser)}}
		v.Filter.Chips, v.Filter.ResetHref = append(v.Filter.Chips, chip("Advertiser", names.Advertiser(advertiser.ID(filter.Advertiser)), path, filter, "advertiser")), path
	}
	if len(v.Filter.Chips) == 0 {
		v.Table.Empty = ui.Empty(ui.Nothing{Icon: "tag", Title: "No offers yet", Text: "An offer says where visitors go, what a sale earns and who may run it. The wizard keeps a draft, so you can stop and go on later.",
			Next: addButton(f, "Create offer", "/offers/new")})
	}
	if may(f) {
		v.Head.Actions = ui.Btn(addButton(f, "Create offer", "/offers/new"))
		v.Table.Select, v.Table.BulkAction = "id", path
		v.Table.Bulk = buttons(ui.Button{Label: "Activate", Icon: "player-play", Small: true, Submit: true, Field: "status", Value: "active"},
			ui.Button{Label: "Pause", Icon: "player-pause", Small: true, Submit: true, Field: "status", Value: "paused"})
	}
	for _, o := range list.Items {
		v.Table.Rows = append(v.Table.Rows, offerRow(f, o, names.Advertiser(o.AdvertiserID)))
	}
	portal.Arrange(f, &v.Table, &v.Filter, &v.Pager, 1, list.Items, offerCSV())
	return f.Page("Offers", "/offers", listPage(v))
}

func offerColumns() []ui.Column {
	return []ui.Column{{Label: "Offer", Wide: true}, {Label: "Status"}, {Label: "Access", Hide: true}, {Label: "Commission", Number: true, Hide: true}, {Label: "Revenue", Number: true, Hide: true}}
}

// offerRow is a line of a list of offers.
func offerRow(f *portal.Frame, o offer.Offer, advertiserName string) ui.Row {
	sub := fmt.Sprintf("%d · %s", o.ID, advertiserName)
	row := ui.Row{ID: "offer-" + fmtID(o.ID), Value: fmtID(o.ID), Name: o.Name, Cells: []ui.Cell{
		{Text: o.Name, Href: f.Path("/offers/" + fmtID(o.ID)), Sub: sub, Square: ui.Initials(o.Name)},
		{Badge: ui.StatusBadge(ui.Offers, string(o.Status))}, {Text: visibilityWord(o.Visibility)}, {Text: portal.None}, {Text: portal.None}}}
	if g, ok := mainGoal(o); ok {
		row.Cells[3].Text, row.Cells[4].Text = ruleShort(g.Payout, o.Currency), ruleShort(g.Revenue, o.Currency)
		row.Cells[0].Narrow = advertiserName + " · " + row.Cells[3].Text
	}
	return row
}

// mainGoal is the goal that a postback means which names none.
func mainGoal(o offer.Offer) (offer.Goal, bool) {
	for _, g := range o.Goals {
		if g.IsDefault {
			return g, true
		}
	}
	return offer.Goal{}, false
}

// ruleShort is a rule as a table shows it: "$5.00", "10%", "$5.00 + 10%".
func ruleShort(r offer.Rule, c money.Currency) string {
	amount, percent := "", ""
	if r.Amount != nil {
		amount = portal.Price(*r.Amount, c)
	}
	if r.Percent != nil {
		percent = r.Percent.String() + "%"
	}
	switch r.Model {
	case offer.ModelFixed:
		return amount
	case offer.ModelPercent:
		return percent
	case offer.ModelHybrid:
		return amount + " + " + percent
	}
	return "As sent"
}

// ruleWords is a rule in a sentence. what is "commission" or "revenue".
func ruleWords(r offer.Rule, c money.Currency, what string) string {
	switch r.Model {
	case offer.ModelFixed:
		return ruleShort(r, c) + " for each conversion"
	case offer.ModelPercent:
		return ruleShort(r, c) + " of the sale"
	case offer.ModelHybrid:
		return ruleShort(r, c) + " of the sale"
	}
	otherwise := ""
	switch {
	case r.Amount != nil && r.Percent != nil:
		otherwise = portal.Price(*r.Amount, c) + " + " + r.Percent.String() + "%"
	case r.Amount != nil:
		otherwise = portal.Price(*r.Amount, c)
	case r.Percent != nil:
		otherwise = r.Percent.String() + "%"
	}
	if otherwise != "" {
		return "What the postback sends, else " + otherwise
	}
	if what == "revenue" {
		return "What the postback sends, else the commission and the advertiser's margin"
	}
	return "What the postback sends"
}

func offerCSV() []portal.FileColumn[offer.Offer] {
	return []portal.FileColumn[offer.Offer]{
		{Name: "id", Number: true, Text: func(o offer.Offer) string { return fmtID(o.ID) }},
		{Name: "advertiser_id", Number: true, Text: func(o offer.Offer) string { return fmtID(o.AdvertiserID) }},
		{Name: "name", Text: func(o offer.Offer) string { return o.Name }},
		{Name: "status", Text: func(o offer.Offer) string { return string(o.Status) }},
		{Name: "visibility", Text: func(o offer.Offer) string { return string(o.Visibility) }},
		{Name: "currency", Text: func(o offer.Offer) string { return string(o.Currency) }},
		{Name: "destination_url", Text: func(o offer.Offer) string { return o.DestinationURL }},
		{Name: "preview_url", Text: func(o offer.Offer) string { return o.PreviewURL }},
		{Name: "window_days", Number: true, Text: func(o offer.Offer) string { return fmtID(o.WindowDays) }},
		{Name: "created_at", Text: func(o offer.Offer) string { return iso(o.CreatedAt) }},
	}
}

// setOffers changes the status of all that are ticked.
func (a *admin) setOffers(f *portal.Frame) error {
	var in struct {
		IDs    []int64      `form:"id"`
		Status offer.Status `form:"status"`
	}
	if err := f.Bind(&in); err != nil {
		return err
	}
	done := 0
	for _, id := range in.IDs {
		if _, _, err := a.Offers.Update(f.Context(), f.Actor, offer.ID(id), func(o *offer.Offer) { o.Status = in.Status }); err != nil {
			return err
		}
		done++
	}
	f.Flash(ui.OK, fmt.Sprintf("%s now %s.", isOrAre(done, "offer"), ui.StatusOf(ui.Offers, string(in.Status)).Word))
	return f.Redirect(f.Path("/offers"))
}
