package portalaffiliate

import (
	"encoding/json"
	"net/http"

	"github.com/a-h/templ"

	"github.com/waypost/waypost/domain"
	"github.com/waypost/waypost/domain/errs"
	"github.com/waypost/waypost/domain/offer"
	"github.com/waypost/waypost/domain/report"
	"github.com/waypost/waypost/portal"
	"github.com/waypost/waypost/ui"
)

const offersPath = "/offers"

// offerFilter is the list's address.
type offerFilter struct {
	Search string `query:"q"`
	Access string `query:"access"` // mine, ask; empty for all
	View   string `query:"view"`   // table; empty for cards
	portal.Paging
}

type offersView struct {
	tabs, views []ui.Tab
	filter      ui.Filter
	cards       []offerCard
	table       *ui.Table // instead of cards
	empty       templ.Component
	pager       ui.PageLinks
	ask         *ui.ConfirmBox // the question before an application
}

// offerCard is an offer in the list of cards.
type offerCard struct {
	id, name, href, initials string
	kind                     ui.Kind // of its access
	access                   string
	goals                    []ui.Pair
	figures                  []ui.Pair
	actions                  templ.Component
}

// offers is the list of what the affiliate may run or apply for.
func (s *pages) offers(f *portal.Frame) error {
	var in offerFilter
	if err := f.Query(&in); err != nil {
		return err
	}
	mine := in.Access == "mine"
	filter := offer.Filter{Search: in.Search}
	if mine || in.Access == "ask" {
		filter.MayRun = &mine
	}
	list, err := s.Offers.List(f.Context(), f.Actor, filter, in.Slice())
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
	v := offersView{tabs: accessTabs(f, in), views: viewTabs(f, in), pager: portal.Pager(f.Path(offersPath), in, in.Paging, list, "offer")}
	v.filter = ui.Filter{ID: "filters", Action: f.Path(offersPath), Search: "q", SearchLabel: "Search offers", SearchValue: in.Search,
		Hidden:    []ui.Option{{Label: "access", Value: in.Access}, {Label: "view", Value: in.View}},
		Chips:     portal.Chips(f.Path(offersPath), in, "q", portal.Is("Name", in.Search)),
		ResetHref: portal.URL(f.Path(offersPath), offerFilter{View: in.View})}
	if !f.Viewing() {
		v.ask = askBox(f, "")
	}
	if len(list.Items) == 0 {
		v.empty = noOffers(f, in)
	} else if in.View == "table" {
		v.table = s.offersTable(f, list.Items, access, figures)
		portal.Arrange[offer.Offer](f, v.table, &v.filter, &v.pager, 1, list.Items, nil)
	} else {
		for _, o := range list.Items {
			v.cards = append(v.cards, s.offerCard(f, o, access, figures[o.ID]))
		}
	}
	return f.Page("Offers", offersPath, offersPage(f, v))
}

func accessTabs(f *portal.Frame, in offerFilter) []ui.Tab {
	tab := func(label, access string) ui.Tab {
		return ui.Tab{Label: label, Href: portal.URL(f.Path(offersPath), in, "access", access, "cursor", ""), Current: in.Access == access}
	}
	return []ui.Tab{tab("All", ""), tab("Mine", "mine"), tab("Need approval", "ask")}
}

func viewTabs(f *portal.Frame, in offerFilter) []ui.Tab {
	tab := func(label, view string) ui.Tab {
		return ui.Tab{Label: label, Href: portal.URL(f.Path(offersPath), in, "view", view), Current: in.View == view}
	}
	return []ui.Tab{tab("Cards", ""), tab("Table", "table")}
}

func noOffers(f *portal.Frame, in offerFilter) templ.Component {
	switch {
	case in.Search != "" || in.Cursor != "":
		return ui.NoResults(portal.URL(f.Path(offersPath), offerFilter{View: in.View}))
	case in.Access == "mine":
		return ui.Empty(ui.Nothing{Icon: "building-store", Title: "No offers that you can run yet", Text: "Offers that are open to all, and those that you were approved for, stand here.",
			Next: ui.Button{Label: "See offers to apply for", Look: ui.Primary, Href: f.Path(offersPath + "?access=ask")}})
	case in.Access == "ask":
		return ui.Empty(ui.Nothing{Icon: "building-store", Title: "Nothing to apply for", Text: "You can run every offer that you see.",
			Next: ui.Button{Label: "See all offers", Href: f.Path(offersPath)}})
	}
	return ui.Empty(ui.Nothing{Icon: "building-store", Title: "No offers yet", Text: "As soon as the network publishes an offer, it stands here with what it pays."})
}

// accesses reads the answers to all of the affiliate's requests.
func (s *pages) accesses(f *portal.Frame) (accesses, error) {
	all, page := accesses{}, domain.Page{Limit: domain.MaxLimit}
	for {
		list, err := s.Offers.ListAccess(f.Context(), f.Actor, offer.AccessFilter{AffiliateID: self(f)}, page)
		if err != nil {
			return nil, err
		}
		for _, a := range list.Items {
			all[a.OfferID] = a.Status
		}
		if page.Cursor = list.NextCursor; page.Cursor == "" {
			return all, nil
		}
	}
}

// offerFigures are the affiliate's own figures of the last 30 days, by offer. While other reports of its are being made
// there are none: the list is of use without them.
func (s *pages) offerFigures(f *portal.Frame) (map[offer.ID]report.Row, error) {
	r, err := s.Reports.Report(f.Context(), f.Actor, report.Query{GroupBy: "offer", Zone: f.Zone.String(), Limit: report.MaxRows})
	if errs.Is(err, errs.KindLimited) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	rows := map[offer.ID]report.Row{}
	for _, row := range r.Items {
		rows[offer.ID(row.Keys[0].ID)] = row
	}
	return rows, nil
}

func (s *pages) offerCard(f *portal.Frame, o offer.Offer, access accesses, row report.Row) offerCard {
	c := offerCard{id: idText(o.ID), name: o.Name, href: offerHref(f, o.ID), initials: ui.Initials(o.Name), actions: s.offerActions(f, o, access)}
	c.kind, c.access = access.badge(o)
	const most = 3
	for i, g := range o.Goals {
		if i == most {
			c.goals = append(c.goals, ui.Pair{Label: portal.Counted(len(o.Goals)-most, "more goal"), Text: ""})
			break
		}
		c.goals = append(c.goals, ui.Pair{Label: goalName(g), Text: commissionText(g.Payout, o.Currency)})
	}
	c.figures = []ui.Pair{{Label: "Your CR, 30 days", Text: ratio(row)}, {Label: "Your EPC", Text: epc(row)}}
	return c
}

func (s *pages) offersTable(f *portal.Frame, offers []offer.Offer, access accesses, figures map[offer.ID]report.Row) *ui.Table {
	t := ui.Table{ID: "offers", Name: "Offers", Actions: true, Columns: []ui.Column{{Label: "Offer", Wide: true}, {Label: "Access"},
		{Label: "Clicks, 30 days", Number: true, Hide: true}, {Label: "Conv.", Number: true, Hide: true}, {Label: "CR", Number: true, Hide: true}, {Label: "EPC", Number: true, Hide: true}}}
	for _, o := range offers {
		kind, word := access.badge(o)
		row := figures[o.ID]
		t.Rows = append(t.Rows, ui.Row{ID: "offer-" + idText(o.ID), Name: o.Name, Actions: s.offerActions(f, o, access), Cells: []ui.Cell{
			{Text: o.Name, Href: offerHref(f, o.ID), Square: ui.Initials(o.Name), Sub: commissionLine(o), Narrow: commissionLine(o)},
			{Badge: ui.Badge(kind, word)}, {Text: portal.Count(row.Clicks)}, {Text: portal.Count(row.Conversions)}, {Text: ratio(row)}, {Text: epc(row)}}})
	}
	return &t
}

// offerActions are what can be done with an offer in a list: its link copied, or an application.
func (s *pages) offerActions(f *portal.Frame, o offer.Offer, access accesses) templ.Component {
	if access.mayRun(o) {
		if link := s.plainLink(f, o.ID); link != "" {
			return linkActions(link, "Copy tracking link for "+o.Name, builderHref(f, o.ID), o.Name)
		}
		return nil
	}
	if f.Viewing() || !access.mayAsk(o) {
		return nil
	}
	return ui.Btn(applyButton(f, o, true))
}

// plainLink is the affiliate's link of an offer without anything added; empty if there can be none.
func (s *pages) plainLink(f *portal.Frame, id offer.ID) string {
	link, err := offer.TrackingLink(s.Offers.TrackingURL, offer.LinkInput{OfferID: id, AffiliateID: self(f)})
	if err != nil {
		return ""
	}
	return link
}

func offerHref(f *portal.Frame, id offer.ID) string { return f.Path(offersPath + "/" + idText(id)) }

// applyButton opens the question before an application.
func applyButton(f *portal.Frame, o offer.Offer, small bool) ui.Button {
	fill, _ := json.Marshal(map[string]string{"offer": o.Name}) // texts: cannot fail
	look := ui.Primary
	if small {
		look = ui.Default
	}
	return ui.Button{Label: "Apply for access", Name: "Apply for access to " + o.Name, Icon: "send", Small: small, Look: look, Dialog: "apply", Action: offerHref(f, o.ID) + "/apply", Fill: string(fill)}
}

// askBox is that question; it serves all offers of a page.
func askBox(f *portal.Frame, action string) *ui.ConfirmBox {
	return &ui.ConfirmBox{ID: "apply", Title: "Apply for this offer?", Action: action, CSRF: f.CSRF, Verb: "Apply for access", Safe: true}
}

// apply asks the network for access.
func (s *pages) apply(f *portal.Frame) error {
	id, err := f.Number("id")
	if err != nil {
		return err
	}
	a, err := s.Offers.SetAccess(f.Context(), f.Actor, offer.Access{OfferID: offer.ID(id)})
	if err != nil {
		return err
	}
	switch a.Status {
	case offer.AccessApproved:
		f.Flash(ui.OK, "You can run this offer already.")
	case offer.AccessRejected:
		f.Flash(ui.Bad, "The network has answered this request before: you cannot run this offer. Ask your contact there if that should change.")
	default:
		f.Flash(ui.OK, "You have applied. The network decides, and you are told by notification and by mail.")
	}
	return f.Redirect(offerHref(f, a.OfferID))
}

// ratio and epc are figures of a report's row; a dash where there were no clicks.
func ratio(r report.Row) string {
	if r.Clicks == 0 {
		return portal.None
	}
	return r.CR() + "%"
}

func epc(r report.Row) string {
	if r.Clicks == 0 || r.Currency == "" {
		return portal.None
	}
	return portal.Decimal(r.EPC(), r.Currency)
}

const ok = http.StatusOK
