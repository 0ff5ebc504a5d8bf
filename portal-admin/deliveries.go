package portaladmin

import (
	"strings"

	"github.com/a-h/templ"

	"github.com/waypost/waypost/domain"
	"github.com/waypost/waypost/domain/account"
	"github.com/waypost/waypost/domain/affiliate"
	"github.com/waypost/waypost/domain/conversion"
	"github.com/waypost/waypost/domain/offer"
	"github.com/waypost/waypost/domain/postback"
	"github.com/waypost/waypost/domain/search"
	"github.com/waypost/waypost/portal"
	"github.com/waypost/waypost/ui"
)

// deliveryFilter is the query of the list, and names the deliveries of a resend.
type deliveryFilter struct {
	portal.Period
	Query     string      `query:"q"` // a click id or a conversion's id
	Status    string      `query:"status"`
	Affiliate portal.Pick `query:"affiliate"`
	Postback  portal.Pick `query:"postback"`
}

func (a *admin) askedDeliveries(f *portal.Frame, filter deliveryFilter) (asked postback.DeliveryFilter, none bool) {
	asked = postback.DeliveryFilter{AffiliateID: affiliate.ID(filter.Affiliate), PostbackID: postback.ID(filter.Postback), Status: postback.DeliveryStatus(filter.Status)}
	if !asked.Status.Valid() {
		asked.Status = ""
	}
	asked.From, asked.To = filter.Bounds(f)
	if filter.Query != "" {
		if id, ok := domain.ParseUUID(strings.ToLower(filter.Query)); ok {
			asked.ConversionID = conversion.ID{UUID: id}
		} else if id, ok := a.findClick(filter.Query); ok {
			asked.ClickID = id
		} else {
			none = true
		}
	}
	return asked, none
}

// deliveryList is how this portal shows deliveries.
func (a *admin) deliveryList(f *portal.Frame, n portal.Names) portal.DeliveryList {
	return portal.DeliveryList{Path: f.Path("/deliveries/"), Names: n, ConversionPath: f.Path("/conversions/"), TracePath: f.Path("/trace/"), ClickID: a.Clicks.Text,
		Resend: f.May(account.PermissionResendDeliveries), CSRF: f.CSRF, Back: f.Echo.Request().URL.RequestURI(),
		Empty: ui.Nothing{Icon: "send", Title: "No postbacks sent", Text: "None of the affiliate's postbacks asks for this conversion's status, or it has no postback."}}
}

func exportDeliveries(f *portal.Frame, path string, filter deliveryFilter, asked postback.DeliveryFilter) templ.Component {
	pairs := append(filter.Asked(f), "status", string(asked.Status), "affiliate_id", portal.Picked(filter.Affiliate, ""), "postback_id", portal.Picked(filter.Postback, ""))
	if asked.ConversionID.IsZero() {
		pairs = append(pairs, "click_id", filter.Query)
	} else {
		pairs = append(pairs, "conversion_id", filter.Query)
	}
	return f.Export(portal.Export{Things: "deliveries", Path: path, Filter: filter, API: "/deliveries", Asked: pairs})
}

func (a *admin) deliveries(f *portal.Frame) error {
	var filter struct {
		deliveryFilter
		portal.Paging
	}
	if err := f.Query(&filter); err != nil {
		return err
	}
	asked, none := a.askedDeliveries(f, filter.deliveryFilter)
	read := func(p domain.Page) (domain.Slice[postback.Delivery], error) {
		if none {
			return domain.Slice[postback.Delivery]{}, nil
		}
		return a.Postbacks.ListDeliveries(f.Context(), f.Actor, asked, p)
	}
	if f.WantsFile() {
		return portal.File(f, "deliveries", a.deliveryColumns(), read)
	}
	list, err := read(filter.Slice())
	if err != nil {
		return err
	}
	ids := portal.NameIDs{Affiliates: []affiliate.ID{asked.AffiliateID}}
	for _, d := range list.Items {
		ids.Offers, ids.Affiliates = append(ids.Offers, d.OfferID), append(ids.Affiliates, d.AffiliateID)
	}
	n, err := f.Names(ids)
	if err != nil {
		return err
	}
	path := f.Path("/deliveries")
	v := listView{Head: ui.Head{Title: "Deliveries", Lead: "Every postback to an affiliate, with request and answer. Times in " + f.Zone.String() + "."}, Pager: portal.Pager(path, filter, filter.Paging, list, "postback")}
	v.Filter = deliveryBar(f, n, path, filter.deliveryFilter)
	l := a.deliveryList(f, n)
	l.Empty = ui.Nothing{Icon: "send", Title: "No deliveries yet", Text: "Each postback shows here once a conversion takes a status that an affiliate's postback asks for."}
	l.Postbacks = map[postback.ID]string{}
	for _, d := range list.Items {
		l.Postbacks[d.PostbackID] = n.Affiliate(d.AffiliateID) + " · " + fmtID(d.PostbackID)
	}
	v.Table = f.DeliveryTable("deliveries", list.Items, l)
	if len(v.Filter.Chips) > 0 {
		v.Table.Empty = ui.NoResults(path)
	}
	v.Filter.Actions = deliveryViews(filter.deliveryFilter, path)
	var resend *ui.ConfirmBox
	if l.Resend && !none {
		if resend, err = a.offerResend(f, filter.deliveryFilter, asked); err != nil {
			return err
		}
	}
	v.Head.Actions = deliveriesHead(exportDeliveries(f, path, filter.deliveryFilter, asked), resend)
	if resend != nil {
		v.Extra = ui.Confirm(*resend)
	}
	portal.Arrange(f, &v.Table, &v.Filter, &v.Pager, 1, list.Items, a.deliveryColumns())
	return f.Page("Deliveries", "/deliveries", listPage(v))
}

// deliveryViews are the quick filters: what fails stands first.
func deliveryViews(filter deliveryFilter, path string) templ.Component {
	var tabs []ui.Tab
	for _, view := range []struct{ label, status string }{{"Failed", "failed"}, {"Trying again", "retrying"}, {"Waiting", "pending"}, {"Delivered", "delivered"}, {"All", ""}} {
		tabs = append(tabs, ui.Tab{Label: view.label, Href: portal.URL(path, filter, "status", view.status), Current: filter.Status == view.status})
	}
	return ui.Segments("Result", tabs)
}

// offerResend offers to send again what failed of the list.
func (a *admin) offerResend(f *portal.Frame, filter deliveryFilter, asked postback.DeliveryFilter) (*ui.ConfirmBox, error) {
	if asked.Status != postback.DeliveryFailed && asked.Status != "" {
		return nil, nil
	}
	asked.Status = postback.DeliveryFailed
	can, err := a.Postbacks.CanResend(f.Context(), f.Actor, asked)
	if err != nil || can == (postback.Resendable{}) {
		return nil, err
	}
	these := portal.Resendable(can)
	return &ui.ConfirmBox{ID: "resend-failed", Title: "Resend " + these + "?", Action: portal.URL(f.Path("/deliveries/resend"), filter), CSRF: f.CSRF, Safe: true, Verb: "Resend " + these,
		Text: "Those of this list that failed are sent again, with the same Webhook-Id. Of several deliveries of one conversion to one postback only the last is sent."}, nil
}

func deliveryBar(f *portal.Frame, n portal.Names, path string, filter deliveryFilter) ui.Filter {
	bar := ui.Filter{ID: "filter", Action: path, Search: "q", SearchLabel: "Click id or conversion id", SearchValue: filter.Query, ResetHref: path, Range: filter.Picker(f, "dates", "Any time"),
		Fields: moreFields(setCount(filter.Affiliate != 0, filter.Postback != 0), []ui.Field{f.FilterPick(search.KindAffiliate, filter.Affiliate, n), textField("postback", "Number of the postback", portal.Picked(filter.Postback, ""))})}
	if filter.Status != "" {
		bar.Hidden = []ui.Option{{Label: "status", Value: filter.Status}}
	}
	status, of := "", ""
	if filter.Status != "" {
		status = ui.StatusOf(ui.Deliveries, filter.Status).Word
	}
	if filter.Postback != 0 {
		of = "Postback is " + fmtID(filter.Postback)
	}
	bar.Chips = portal.Chips(path, filter, append([]string{"status", portal.Is("Result", status), "q", portal.Is("Id", filter.Query), "affiliate", n.IsPicked(search.KindAffiliate, filter.Affiliate), "postback", of}, periodChips(filter.Period)...)...)
	return bar
}

func (a *admin) deliveryColumns() []portal.FileColumn[postback.Delivery] {
	type d = postback.Delivery
	return []portal.FileColumn[d]{
		{Name: "id", Text: func(d d) string { return d.ID.String() }},
		{Name: "created_at", Text: func(d d) string { return stamp(d.CreatedAt) }},
		{Name: "postback_id", Number: true, Text: func(d d) string { return fmtID(d.PostbackID) }},
		{Name: "affiliate_id", Number: true, Text: func(d d) string { return fmtID(d.AffiliateID) }},
		{Name: "offer_id", Number: true, Text: func(d d) string { return fmtID(d.OfferID) }},
		{Name: "click_id", Text: func(d d) string { return a.clickText(d.ClickID) }},
		{Name: "conversion_id", Text: func(d d) string { return d.ConversionID.String() }},
		{Name: "event_status", Text: func(d d) string { return string(d.EventStatus) }},
		{Name: "status", Text: func(d d) string { return string(d.Status) }},
		{Name: "method", Text: func(d d) string { return string(d.Method) }},
		{Name: "url", Text: func(d d) string { return d.URL }},
		{Name: "attempts", Number: true, Text: func(d d) string { return fmtID(len(d.Attempts)) }},
		{Name: "last_status_code", Number: true, Text: func(d d) string {
			if len(d.Attempts) == 0 {
				return ""
			}
			return fmtID(d.Attempts[len(d.Attempts)-1].StatusCode)
		}},
	}
}

func (a *admin) findDelivery(f *portal.Frame) (postback.Delivery, error) {
	id, err := uuidOf(f)
	if err != nil {
		return postback.Delivery{}, err
	}
	return a.Postbacks.GetDelivery(f.Context(), f.Actor, postback.DeliveryID{UUID: id})
}

func (a *admin) delivery(f *portal.Frame) error {
	d, err := a.findDelivery(f)
	if err != nil {
		return err
	}
	n, err := f.Names(portal.NameIDs{Offers: []offer.ID{d.OfferID}, Affiliates: []affiliate.ID{d.AffiliateID}})
	if err != nil {
		return err
	}
	l := a.deliveryList(f, n)
	if f.Part() {
		l.Back = f.CurrentPath(l.Back)
		return f.RenderPart(200, portal.DeliveryView(f.SheetOf(d, l)))
	}
	name := portal.ShortID(d.ID.String())
	return f.Page("Delivery "+name, "/deliveries", deliveryPage(ui.Head{Crumbs: []ui.Crumb{{Label: "Deliveries", Href: f.Path("/deliveries")}, {Label: name}}, Title: "Delivery " + name,
		Lead: "To " + n.Affiliate(d.AffiliateID) + ", " + d.Host}, f.SheetOf(d, l)))
}

func (a *admin) resendDelivery(f *portal.Frame) error {
	d, err := a.findDelivery(f)
	if err != nil {
		return err
	}
	if _, err := a.Postbacks.Resend(f.Context(), f.Actor, d.ID); err != nil {
		if x, ok := portal.FaultsOf(err); ok {
			f.Flash(ui.Bad, anyOf(x))
			return f.Redirect(backOf(f, "/deliveries"))
		}
		return err
	}
	f.Flash(ui.OK, "The postback is sent again.")
	return f.Redirect(backOf(f, "/deliveries"))
}

func (a *admin) resendDeliveries(f *portal.Frame) error {
	var filter deliveryFilter
	if err := f.Query(&filter); err != nil {
		return err
	}
	back := portal.URL(f.Path("/deliveries"), filter)
	asked, none := a.askedDeliveries(f, filter)
	if none {
		return f.Redirect(back)
	}
	asked.Status = postback.DeliveryFailed
	count, err := a.Postbacks.ResendAll(f.Context(), f.Actor, asked)
	if err != nil {
		return err
	}
	f.Flash(ui.OK, portal.Counted(count, "postback")+" on the way again.")
	return f.Redirect(back)
}

// backOf is the page of this portal that a form names, else the list.
func backOf(f *portal.Frame, list string) string {
	if back := f.Echo.FormValue("back"); strings.HasPrefix(back, f.Base+"/") {
		return back
	}
	return f.Path(list)
}
