package portalaffiliate

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/a-h/templ"

	"github.com/waypost/waypost/domain"
	"github.com/waypost/waypost/domain/conversion"
	"github.com/waypost/waypost/domain/errs"
	"github.com/waypost/waypost/domain/postback"
	"github.com/waypost/waypost/portal"
	"github.com/waypost/waypost/ui"
)

// deliveriesFilter is what the address says of the list of all deliveries.
type deliveriesFilter struct {
	Query    string `query:"q" form:"q"` // a click id or a conversion's id
	Status   string `query:"status" form:"status"`
	Postback int64  `query:"postback" form:"postback"`
	portal.Period
}

// domain reads the filter. A text that is no id at all finds nothing: none tells that.
func (in *deliveriesFilter) domain(f *portal.Frame, p postbackPages) (filter postback.DeliveryFilter, none bool) {
	filter.PostbackID = postback.ID(in.Postback)
	if filter.Status = postback.DeliveryStatus(in.Status); !filter.Status.Valid() {
		in.Status, filter.Status = "", ""
	}
	if in.Query != "" {
		if id, ok := domain.ParseUUID(strings.ToLower(in.Query)); ok {
			filter.ConversionID = conversion.ID{UUID: id}
		} else if id, err := p.clicks.Parse(strings.ToLower(in.Query)); err == nil {
			filter.ClickID = id
		} else {
			none = true
		}
	}
	filter.From, filter.To = in.Bounds(f)
	return filter, none
}

// deliveriesView is the list of all deliveries.
type deliveriesView struct {
	head    ui.Head
	filter  ui.Filter
	table   ui.Table
	pager   ui.PageLinks
	confirm *ui.ConfirmBox
	fields  []ui.Option
}

// deliveries lists those of all postbacks.
func (p postbackPages) deliveries(f *portal.Frame) error {
	var in struct {
		deliveriesFilter
		portal.Paging
	}
	if err := f.Query(&in); err != nil {
		return err
	}
	filter, none := in.domain(f, p)
	all, n, err := p.all(f)
	if err != nil {
		return err
	}
	var list domain.Slice[postback.Delivery]
	if !none {
		if list, err = p.postbacks.ListDeliveries(f.Context(), f.Actor, filter, in.Slice()); err != nil {
			return err
		}
	}
	path := f.Path("/deliveries")
	v := deliveriesView{head: ui.Head{Title: "Deliveries", Crumbs: []ui.Crumb{{Label: "Postbacks", Href: f.Path("/postbacks")}, {Label: "Deliveries"}},
		Lead: "Every call to your trackers, newest first. Times are in " + f.Zone.String() + "."}}
	l, err := p.deliveryList(f, list.Items)
	if err != nil {
		return err
	}
	l.Postbacks, l.Back = map[postback.ID]string{}, backOf(f)
	options := []ui.Option{}
	for _, one := range all {
		l.Postbacks[one.ID] = n.title(one)
		options = append(options, ui.Option{Value: fmt.Sprint(one.ID), Label: fmt.Sprintf("%s · %s", n.title(one), hostOf(one.URL))})
	}
	v.filter = p.filterBar(f, in.deliveriesFilter, options, path)
	filtered := in.deliveriesFilter != (deliveriesFilter{})
	l.Empty = ui.Nothing{Icon: "webhook", Title: "No deliveries yet", Text: "Each call to your tracker shows here with its answer, once a conversion of yours takes a status that a postback asks for.", Next: ui.Button{Label: "See postbacks", Href: f.Path("/postbacks")}}
	v.table = f.DeliveryTable("deliveries", list.Items, l)
	if filtered {
		v.table.Empty = ui.NoResults(path)
	}
	v.pager = ui.PageLinks{Text: counted(len(list.Items), "delivery", "deliveries") + " on this page"}
	if in.Cursor != "" {
		v.pager.NewerHref = portal.URL(path, in, "cursor", "")
	}
	if list.NextCursor != "" {
		v.pager.OlderHref = portal.URL(path, in, "cursor", list.NextCursor)
	}
	if mayResend(f) && !none {
		if err := p.offerResend(f, &v, in.deliveriesFilter, filter); err != nil {
			return err
		}
	}
	portal.Arrange(f, &v.table, &v.filter, &v.pager, 1, list.Items, p.deliveryColumns())
	return f.Page("Deliveries", "/deliveries", deliveriesPage(v))
}

// offerResend offers to send again what failed of the list.
func (p postbackPages) offerResend(f *portal.Frame, v *deliveriesView, in deliveriesFilter, filter postback.DeliveryFilter) error {
	if filter.Status != "" && filter.Status != postback.DeliveryFailed {
		return nil
	}
	filter.Status = postback.DeliveryFailed
	can, err := p.postbacks.CanResend(f.Context(), f.Actor, filter)
	if err != nil || can == (postback.Resendable{}) {
		return err
	}
	these := portal.Resendable(can)
	v.confirm = &ui.ConfirmBox{ID: "resend-failed", Title: "Resend " + these + "?", Action: f.Path("/deliveries/resend"), CSRF: f.CSRF, Safe: true,
		Verb: "Resend " + these, Text: "Those of this list that failed are sent again, with the same Webhook-Id. Of several deliveries of one conversion to one postback only the last is sent."}
	v.fields = []ui.Option{{Label: "q", Value: in.Query}, {Label: "postback", Value: optionalID(in.Postback)}, {Label: "from", Value: in.From}, {Label: "to", Value: in.To},
		{Label: "status", Value: string(postback.DeliveryFailed)}, {Label: "back", Value: backOf(f)}}
	return nil
}

func (p postbackPages) exportDeliveries(f *portal.Frame, in deliveriesFilter, path string) templ.Component {
	filter, _ := in.domain(f, p)
	id := "click_id"
	if !filter.ConversionID.IsZero() {
		id = "conversion_id"
	}
	return f.Export(portal.Export{Things: "deliveries", Path: path, Routes: true, Filter: in, API: "/deliveries",
		Asked: append(in.Asked(f), id, in.Query, "status", in.Status, "postback_id", optionalID(in.Postback))})
}

func (p postbackPages) filterBar(f *portal.Frame, in deliveriesFilter, postbacks []ui.Option, path string) ui.Filter {
	bar := ui.Filter{ID: "filters", Action: path, Search: "q", SearchLabel: "Click id or conversion id", SearchValue: in.Query, ResetHref: path,
		Selects: []ui.FilterSelect{
			{Field: "status", Label: "Result", Any: "Any result", Value: in.Status, Options: ui.StatusOptions(ui.Deliveries, "delivered", "pending", "retrying", "failed", "paused")},
			{Field: "postback", Label: "Postback", Any: "Any postback", Value: optionalID(in.Postback), Options: postbacks}},
		Actions: p.exportDeliveries(f, in, path)}
	today := f.Now.In(f.Zone).Format(time.DateOnly)
	bar.Range = &ui.DateRange{ID: "dates", From: in.From, To: in.To, Today: today, Max: today, Zone: f.Zone.String(), Label: rangeLabel(in)}
	chip := func(text string, pairs ...string) {
		bar.Chips = append(bar.Chips, ui.Chip{Text: text, Href: portal.URL(path, in, pairs...)})
	}
	if in.Query != "" {
		chip("Id is "+in.Query, "q", "")
	}
	if in.Status != "" {
		chip("Result is "+ui.StatusOf(ui.Deliveries, in.Status).Word, "status", "")
	}
	for _, o := range postbacks {
		if in.Postback != 0 && o.Value == optionalID(in.Postback) {
			chip("Postback is "+o.Label, "postback", "")
		}
	}
	if in.From != "" || in.To != "" {
		chip("Made "+rangeLabel(in), "from", "", "to", "")
	}
	return bar
}

func rangeLabel(in deliveriesFilter) string {
	switch {
	case in.From == "" && in.To == "":
		return "Any time"
	case in.To == "":
		return "from " + in.From
	case in.From == "":
		return "until " + in.To
	}
	return in.From + " – " + in.To
}

// delivery is one of them: a page, or the content of the side sheet.
func (p postbackPages) delivery(f *portal.Frame) error {
	d, err := p.findDelivery(f)
	if err != nil {
		return err
	}
	one, err := p.postbacks.Get(f.Context(), f.Actor, d.PostbackID)
	if err != nil {
		return err
	}
	n, err := p.known(f, nil, one)
	if err != nil {
		return err
	}
	l, err := p.deliveryList(f, []postback.Delivery{d})
	if err != nil {
		return err
	}
	l.Postbacks, l.Back = map[postback.ID]string{one.ID: n.title(one)}, backOf(f)
	if f.Part() {
		l.Back = f.CurrentPath(l.Back)
		return f.RenderPart(http.StatusOK, portal.DeliveryView(f.SheetOf(d, l)))
	}
	title := "Delivery " + portal.ShortID(d.ID.String())
	head := ui.Head{Title: title, Crumbs: []ui.Crumb{{Label: "Postbacks", Href: f.Path("/postbacks")}, {Label: "Deliveries", Href: f.Path("/deliveries")}, {Label: title}},
		Lead: "What was sent to your tracker, and what it answered."}
	return f.Page(title, "/deliveries", deliveryPage(head, f.SheetOf(d, l)))
}

func (p postbackPages) findDelivery(f *portal.Frame) (postback.Delivery, error) {
	id, ok := domain.ParseUUID(f.Param("id"))
	if !ok {
		return postback.Delivery{}, noPage()
	}
	return p.postbacks.GetDelivery(f.Context(), f.Actor, postback.DeliveryID{UUID: id})
}

// resend sends one again.
func (p postbackPages) resend(f *portal.Frame) error {
	d, err := p.findDelivery(f)
	if err != nil {
		return err
	}
	if d, err = p.postbacks.Resend(f.Context(), f.Actor, d.ID); err != nil {
		return err
	}
	f.Flash(ui.OK, fmt.Sprintf("The delivery of conversion %s is being sent again.", portal.ShortID(d.ConversionID.String())))
	return f.Redirect(backTo(f, f.Path("/deliveries/"+d.ID.String())))
}

// resendAll sends again what the filter takes; the page showed how many.
func (p postbackPages) resendAll(f *portal.Frame) error {
	var in deliveriesFilter
	if err := f.Bind(&in); err != nil {
		return err
	}
	filter, none := in.domain(f, p)
	if none || filter.Status == "" {
		return errs.Invalid("filter_required", "name which deliveries are to be sent again")
	}
	if filter.PostbackID != 0 {
		if _, err := p.postbacks.Get(f.Context(), f.Actor, filter.PostbackID); err != nil {
			return err
		}
	}
	count, err := p.postbacks.ResendAll(f.Context(), f.Actor, filter)
	if err != nil {
		return err
	}
	f.Flash(ui.OK, counted(count, "delivery is", "deliveries are")+" being sent again.")
	return f.Redirect(backTo(f, f.Path("/deliveries")))
}

// deliveriesFile is the list as a file, with the columns that the API names alike.
func (p postbackPages) deliveriesFile(f *portal.Frame) error {
	var in deliveriesFilter
	if err := f.Query(&in); err != nil {
		return err
	}
	filter, none := in.domain(f, p)
	return portal.File(f, "deliveries", p.deliveryColumns(), func(page domain.Page) (domain.Slice[postback.Delivery], error) {
		if none {
			return domain.Slice[postback.Delivery]{}, nil
		}
		return p.postbacks.ListDeliveries(f.Context(), f.Actor, filter, page)
	})
}

func (p postbackPages) deliveryColumns() []portal.FileColumn[postback.Delivery] {
	last := func(d postback.Delivery) postback.Attempt {
		if len(d.Attempts) == 0 {
			return postback.Attempt{}
		}
		return d.Attempts[len(d.Attempts)-1]
	}
	moment := func(t time.Time) string {
		if t.IsZero() {
			return ""
		}
		return t.UTC().Format(time.RFC3339)
	}
	return []portal.FileColumn[postback.Delivery]{
		{Name: "id", Text: func(d postback.Delivery) string { return d.ID.String() }},
		{Name: "created_at", Text: func(d postback.Delivery) string { return moment(d.CreatedAt) }},
		{Name: "conversion_id", Text: func(d postback.Delivery) string { return d.ConversionID.String() }},
		{Name: "click_id", Text: func(d postback.Delivery) string { return p.clicks.Text(d.ClickID) }},
		{Name: "postback_id", Number: true, Text: func(d postback.Delivery) string { return fmt.Sprint(d.PostbackID) }},
		{Name: "offer_id", Number: true, Text: func(d postback.Delivery) string { return fmt.Sprint(d.OfferID) }},
		{Name: "event_status", Text: func(d postback.Delivery) string { return string(d.EventStatus) }},
		{Name: "method", Text: func(d postback.Delivery) string { return d.Method }},
		{Name: "url", Text: func(d postback.Delivery) string { return d.URL }},
		{Name: "status", Text: func(d postback.Delivery) string { return string(d.Status) }},
		{Name: "reason", Text: func(d postback.Delivery) string { return d.Reason }},
		{Name: "attempts", Number: true, Text: func(d postback.Delivery) string { return strconv.Itoa(len(d.Attempts)) }},
		{Name: "last_status_code", Number: true, Text: func(d postback.Delivery) string { return optionalID(int64(last(d).StatusCode)) }},
		{Name: "last_duration_ms", Number: true, Text: func(d postback.Delivery) string { return optionalID(last(d).Duration.Milliseconds()) }},
		{Name: "last_error", Text: func(d postback.Delivery) string { return last(d).Error.Sentence(d.Host, last(d).StatusCode) }},
		{Name: "next_attempt_at", Text: func(d postback.Delivery) string { return moment(d.NextAttemptAt) }},
	}
}
