package portaladmin

import (
	"fmt"
	"net/http"

	"github.com/waypost/waypost/domain/affiliate"
	"github.com/waypost/waypost/domain/offer"
	"github.com/waypost/waypost/domain/search"
	"github.com/waypost/waypost/portal"
	"github.com/waypost/waypost/ui"
)

// advertiserOffers is the tab with the offers of an advertiser.
func (a *admin) advertiserOffers(f *portal.Frame) error {
	one, err := a.findAdvertiser(f)
	if err != nil {
		return err
	}
	var filter struct{ portal.Paging }
	if err := f.Query(&filter); err != nil {
		return err
	}
	list, err := a.Offers.List(f.Context(), f.Actor, offer.Filter{AdvertiserID: one.ID}, filter.Slice())
	if err != nil {
		return err
	}
	p := advertiserParty(one)
	path := p.base(f) + "/offers"
	v := listView{Pager: portal.Pager(path, filter, filter.Paging, list, "offer"), Table: ui.Table{ID: "offers", Name: "Offers of " + p.name, Columns: offerColumns(),
		Empty: ui.Empty(ui.Nothing{Icon: "tag", Title: p.name + " has no offers yet", Text: "An offer says where visitors go and what a sale earns.",
			Next: addButton(f, "Create offer", "/offers/new?advertiser="+fmtID(one.ID))})}}
	for _, o := range list.Items {
		v.Table.Rows = append(v.Table.Rows, offerRow(f, o, one.Name))
	}
	return a.renderParty(f, http.StatusOK, p, "/offers", "Offers", listCard(v))
}

// accessFilter narrows the accesses of an affiliate or of an offer.
type accessFilter struct {
	Status string `query:"status"`
	portal.Paging
}

func accessBar(path string, filter accessFilter) ui.Filter {
	options := ui.StatusOptions(ui.Access, "pending", "approved", "rejected")
	bar := ui.Filter{ID: "filter", Action: path, Selects: []ui.FilterSelect{{Field: "status", Label: "Access", Any: "Any answer", Options: options, Value: filter.Status}}}
	if filter.Status != "" {
		bar.Chips, bar.ResetHref = []ui.Chip{chip("Access", oneOf(options, filter.Status), path, filter, "status")}, path
	}
	return bar
}

// affiliateOffers is the tab with what the affiliate was allowed, refused, or asks for.
func (a *admin) affiliateOffers(f *portal.Frame) error {
	one, err := a.findAffiliate(f)
	if err != nil {
		return err
	}
	return a.showAffiliateOffers(f, http.StatusOK, one, "", nil)
}

func (a *admin) showAffiliateOffers(f *portal.Frame, status int, one affiliate.Affiliate, typed string, x portal.Faults) error {
	var filter accessFilter
	if err := f.Query(&filter); err != nil {
		return err
	}
	list, err := a.Offers.ListAccess(f.Context(), f.Actor, offer.AccessFilter{AffiliateID: one.ID, Status: offer.AccessStatus(filter.Status)}, filter.Slice())
	if err != nil {
		return err
	}
	var ids portal.NameIDs
	for _, access := range list.Items {
		ids.Offers = append(ids.Offers, access.OfferID)
	}
	names, err := f.Names(ids)
	if err != nil {
		return err
	}
	p := affiliateParty(one)
	path := p.base(f) + "/offers"
	v := accessView{Action: path, CSRF: f.CSRF, May: may(f), Lead: "Public offers need no access: " + p.name + " can run them as long as it is active.",
		Pick: f.Finding(search.KindOffer, ui.Field{Name: "offer", Label: "Offer", Value: typed, Error: x["offer"]})}
	v.Summary = x.Summary(v.Pick)
	v.List = listView{Filter: accessBar(path, filter), Pager: portal.Pager(path, filter, filter.Paging, list, "answer"),
		Table: ui.Table{ID: "access", Name: "Offers of " + p.name, Actions: v.May, Columns: []ui.Column{{Label: "Offer", Wide: true}, {Label: "Access"}, {Label: "Since", Hide: true}},
			Empty: ui.Empty(ui.Nothing{Icon: "key", Title: "No access was asked for or given", Text: "Requests for offers on approval show here, and private offers that it was invited to."})}}
	if filter.Status != "" {
		v.List.Table.Empty = ui.NoResults(path)
	}
	for _, access := range list.Items {
		o := names.Title(access.OfferID)
		v.List.Table.Rows = append(v.List.Table.Rows, accessRow(f, path, ui.Cell{Text: o.Name, Href: f.Path("/offers/" + fmtID(o.ID)), Sub: visibilityWord(o.Visibility), Narrow: visibilityWord(o.Visibility),
			Square: ui.Initials(o.Name)}, access, "offer", int64(access.OfferID)))
	}
	return a.renderParty(f, status, p, "/offers", "Offers & access", accessTab(v))
}

// accessView is a list of answers with a form to give one.
type accessView struct {
	List         listView
	Action, CSRF string
	Lead         string
	Pick         ui.Field
	Summary      []ui.Problem
	May          bool
}

// accessRow is an answer with the buttons to change it. field is the name of what the row is about.
func accessRow(f *portal.Frame, path string, first ui.Cell, access offer.Access, field string, id int64) ui.Row {
	row := ui.Row{ID: "access-" + fmtID(id), Value: fmtID(id), Name: first.Text, Cells: []ui.Cell{first, {Badge: ui.StatusBadge(ui.Access, string(access.Status))},
		{Text: f.Ago(access.UpdatedAt), Title: f.Exact(access.UpdatedAt)}}}
	if !may(f) {
		return row
	}
	var shown []accessButton
	if access.Status != offer.AccessApproved {
		shown = append(shown, accessButton{ui.Button{Label: "Approve", Name: "Approve " + first.Text, Icon: "check", Small: true, Submit: true}, "approved"})
	}
	if access.Status != offer.AccessRejected {
		verb := "Reject"
		if access.Status == offer.AccessApproved {
			verb = "Withdraw"
		}
		shown = append(shown, accessButton{ui.Button{Label: verb, Name: verb + " " + first.Text, Small: true, Look: ui.Quiet, Submit: true}, "rejected"})
	}
	row.Actions = accessButtons(path, f.CSRF, field, fmtID(id), shown)
	return row
}

// accessButton is a button with the answer that it gives.
type accessButton struct {
	Button ui.Button
	Status string
}

// setAffiliateAccess gives an affiliate an answer for an offer.
func (a *admin) setAffiliateAccess(f *portal.Frame) error {
	one, err := a.findAffiliate(f)
	if err != nil {
		return err
	}
	var in struct {
		Offer  string             `form:"offer"`
		Status offer.AccessStatus `form:"status"`
	}
	if err := f.Bind(&in); err != nil {
		return err
	}
	o, err := a.Offers.Get(f.Context(), f.Actor, offer.ID(pickedID(in.Offer)))
	if err == nil {
		_, err = a.Offers.SetAccess(f.Context(), f.Actor, offer.Access{OfferID: o.ID, AffiliateID: one.ID, Status: in.Status})
	} else if isNotFound(err) {
		return a.showAffiliateOffers(f, http.StatusUnprocessableEntity, one, in.Offer, portal.Faults{"offer": "Choose one of the offers, or type its number."})
	}
	if err != nil {
		return err
	}
	f.Flash(ui.OK, fmt.Sprintf("%s: %s for %s.", ui.StatusOf(ui.Access, string(in.Status)).Word, o.Name, one.Name))
	return f.Redirect(affiliateParty(one).base(f) + "/offers")
}

func visibilityWord(v offer.Visibility) string {
	switch v {
	case offer.VisibilityApproval:
		return "On approval"
	case offer.VisibilityPrivate:
		return "Private"
	}
	return "Public"
}
