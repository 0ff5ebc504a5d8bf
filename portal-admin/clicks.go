package portaladmin

import (
	"strconv"
	"strings"

	"github.com/waypost/waypost/domain"
	"github.com/waypost/waypost/domain/affiliate"
	"github.com/waypost/waypost/domain/click"
	"github.com/waypost/waypost/domain/offer"
	"github.com/waypost/waypost/domain/search"
	"github.com/waypost/waypost/portal"
	"github.com/waypost/waypost/ui"
)

// clickFilter is the query of the list of clicks.
type clickFilter struct {
	portal.Period
	Query     string      `query:"q"` // a click id leads to its trace, else the affiliate's own click id
	Offer     portal.Pick `query:"offer"`
	Affiliate portal.Pick `query:"affiliate"`
	Valid     string      `query:"valid"`
	portal.Paging
}

func (a *admin) clicks(f *portal.Frame) error {
	var filter clickFilter
	if err := f.Query(&filter); err != nil {
		return err
	}
	if id, ok := a.findClick(filter.Query); ok {
		return f.Redirect(a.tracePath(f, id))
	}
	asked := click.Filter{OfferID: offer.ID(filter.Offer), AffiliateID: affiliate.ID(filter.Affiliate), AffClickID: filter.Query}
	asked.From, asked.To = filter.Bounds(f)
	if filter.Valid != "" {
		valid := filter.Valid == "yes"
		asked.Valid = &valid
	}
	read := func(p domain.Page) (domain.Slice[click.Click], error) {
		return a.Clicks.List(f.Context(), f.Actor, asked, p)
	}
	if f.WantsFile() {
		return portal.File(f, "clicks", a.clickColumns(), read)
	}
	list, err := read(filter.Slice())
	if err != nil {
		return err
	}
	ids := portal.NameIDs{Offers: []offer.ID{asked.OfferID}, Affiliates: []affiliate.ID{asked.AffiliateID}}
	for _, c := range list.Items {
		ids.Offers, ids.Affiliates = append(ids.Offers, c.OfferID), append(ids.Affiliates, c.AffiliateID)
	}
	n, err := f.Names(ids)
	if err != nil {
		return err
	}
	path := f.Path("/clicks")
	counts := []ui.Option{{Value: "yes", Label: "Counted"}, {Value: "no", Label: "Not counted"}}
	v := listView{Head: ui.Head{Title: "Clicks", Lead: "Every visit through a tracking link, and why one did not count. Times in " + f.Zone.String() + ".",
		Actions: f.Export(portal.Export{Things: "clicks", Path: path, Filter: filter, API: "/clicks", Asked: append(filter.Asked(f), "offer_id", portal.Picked(filter.Offer, ""),
			"affiliate_id", portal.Picked(filter.Affiliate, ""), "aff_click_id", filter.Query, "valid", portal.AskedTruth(filter.Valid, "yes"))})},
		Pager: portal.Pager(path, filter, filter.Paging, list, "click"),
		Filter: ui.Filter{ID: "filter", Action: path, Search: "q", SearchLabel: "Click id, ours or the affiliate's", SearchValue: filter.Query, ResetHref: path,
			Selects: []ui.FilterSelect{{Field: "valid", Label: "Counted", Any: "Counted or not", Value: filter.Valid, Options: counts}}, Range: filter.Picker(f, "dates", "Any time"),
			Fields: moreFields(setCount(filter.Offer != 0, filter.Affiliate != 0), []ui.Field{f.FilterPick(search.KindOffer, filter.Offer, n), f.FilterPick(search.KindAffiliate, filter.Affiliate, n)})}}
	shown := ""
	if filter.Valid != "" {
		shown = oneOf(counts, filter.Valid)
	}
	v.Filter.Chips = portal.Chips(path, filter, append([]string{"q", portal.Is("Affiliate's click id", filter.Query), "valid", shown, "offer", n.IsPicked(search.KindOffer, filter.Offer),
		"affiliate", n.IsPicked(search.KindAffiliate, filter.Affiliate)}, periodChips(filter.Period)...)...)
	v.Table = ui.Table{ID: "clicks", Name: "Clicks", Empty: ui.NoResults(path), Columns: []ui.Column{{Label: "Click", Wide: true}, {Label: "When", Hide: true}, {Label: "Affiliate", Hide: true},
		{Label: "Visitor", Hide: true}, {Label: "Sub 1", Hide: true}, {Label: "Counts"}}}
	if len(v.Filter.Chips) == 0 {
		v.Table.Empty = ui.Empty(ui.Nothing{Icon: "activity", Title: "No clicks yet", Text: "Clicks show here within a second. Each offer's tracking test makes one for you to try.", Next: ui.Button{Label: "See the offers", Href: f.Path("/offers")}})
	}
	for _, c := range list.Items {
		v.Table.Rows = append(v.Table.Rows, a.clickRow(f, n, c))
	}
	portal.Arrange(f, &v.Table, &v.Filter, &v.Pager, 1, list.Items, a.clickColumns())
	return f.Page("Clicks", "/clicks", listPage(v))
}

func (a *admin) clickRow(f *portal.Frame, n portal.Names, c click.Click) ui.Row {
	text := a.Clicks.Text(c.ID)
	counts := ui.Cell{Body: ui.StatusBadge(ui.Clicks, "valid")}
	if !c.Valid() {
		status := "refused"
		if c.Reason == click.ReasonDuplicate {
			status = "duplicate"
		}
		counts = ui.Cell{Body: clickVerdict(status, portal.ClickReason(c.Reason))}
	}
	visitor := strings.Join(slicesOf(c.Country, c.Device, c.OS), " · ")
	return ui.Row{ID: "k-" + text, Cells: []ui.Cell{
		{Text: n.Offer(c.OfferID), Href: a.tracePath(f, c.ID), Sub: text, Narrow: f.Ago(c.CreatedAt()) + " · " + n.Affiliate(c.AffiliateID), Copy: text},
		{Text: f.Ago(c.CreatedAt()), Title: f.Exact(c.CreatedAt())}, {Text: n.Affiliate(c.AffiliateID), Href: affiliatePath(f, c.AffiliateID), Sub: c.AffClickID},
		{Text: portal.Or(visitor), Sub: c.IP}, {Text: portal.Or(c.Subs[0])}, counts}}
}

func affiliatePath(f *portal.Frame, id affiliate.ID) string {
	if id == 0 {
		return ""
	}
	return f.Path("/affiliates/" + fmtID(id))
}

// slicesOf leaves the empty texts out.
func slicesOf(texts ...string) (all []string) {
	for _, text := range texts {
		if text != "" {
			all = append(all, text)
		}
	}
	return all
}

func (a *admin) clickColumns() []portal.FileColumn[click.Click] {
	type c = click.Click
	columns := []portal.FileColumn[c]{
		{Name: "click_id", Text: func(c c) string { return a.clickText(c.ID) }},
		{Name: "created_at", Text: func(c c) string { return stamp(c.CreatedAt()) }},
		{Name: "offer_id", Number: true, Text: func(c c) string { return fmtID(c.OfferID) }},
		{Name: "affiliate_id", Number: true, Text: func(c c) string { return fmtID(c.AffiliateID) }},
		{Name: "advertiser_id", Number: true, Text: func(c c) string { return fmtID(c.AdvertiserID) }},
		{Name: "valid", Text: func(c c) string { return strconv.FormatBool(c.Valid()) }},
		{Name: "invalid_reason", Text: func(c c) string { return string(c.Reason) }},
		{Name: "aff_click_id", Text: func(c c) string { return c.AffClickID }},
		{Name: "ip", Text: func(c c) string { return c.IP }},
		{Name: "country", Text: func(c c) string { return c.Country }},
		{Name: "device", Text: func(c c) string { return c.Device }},
		{Name: "os", Text: func(c c) string { return c.OS }},
		{Name: "browser", Text: func(c c) string { return c.Browser }},
		{Name: "source", Text: func(c c) string { return c.Source }},
		{Name: "referrer", Text: func(c c) string { return c.Referrer }},
	}
	for i := range click.SubCount {
		columns = append(columns, portal.FileColumn[c]{Name: "sub" + strconv.Itoa(i+1), Text: func(c c) string { return c.Subs[i] }})
	}
	return columns
}
