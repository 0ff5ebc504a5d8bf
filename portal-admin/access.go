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

// offerAccess is the tab with who may run an offer, may not, or asks to.
func (a *admin) offerAccess(f *portal.Frame) error {
	o, err := a.findOffer(f)
	if err != nil {
		return err
	}
	return a.showOfferAccess(f, http.StatusOK, o, "", nil)
}

func (a *admin) showOfferAccess(f *portal.Frame, status int, o offer.Offer, typed string, x portal.Faults) error {
	var filter accessFilter
	if err := f.Query(&filter); err != nil {
		return err
	}
	list, err := a.Offers.ListAccess(f.Context(), f.Actor, offer.AccessFilter{OfferID: o.ID, Status: offer.AccessStatus(filter.Status)}, filter.Slice())
	if err != nil {
		return err
	}
	var ids portal.NameIDs
	for _, access := range list.Items {
		ids.Affiliates = append(ids.Affiliates, access.AffiliateID)
	}
	names, err := f.Names(ids)
	if err != nil {
		return err
	}
	path := offerPath(f, o.ID) + "/access"
	v := accessView{Action: path, CSRF: f.CSRF, May: may(f), Lead: accessLead(o.Visibility),
		Pick: f.Finding(search.KindAffiliate, ui.Field{Name: "affiliate", Label: "Affiliate", Value: typed, Error: x["affiliate"]})}
	v.Summary = x.Summary(v.Pick)
	v.List = listView{Filter: accessBar(path, filter), Pager: portal.Pager(path, filter, filter.Paging, list, "affiliate"),
		Table: ui.Table{ID: "access", Name: "Affiliates of " + o.Name, Actions: v.May, CSRF: f.CSRF, Columns: []ui.Column{{Label: "Affiliate", Wide: true}, {Label: "Access"}, {Label: "Since", Hide: true}},
			Empty: ui.Empty(ui.Nothing{Icon: "key", Title: "Nobody has asked yet", Text: accessLead(o.Visibility)})}}
	if filter.Status != "" {
		v.List.Table.Empty = ui.NoResults(path)
	}
	for _, access := range list.Items {
		name := names.Affiliate(access.AffiliateID)
		v.List.Table.Rows = append(v.List.Table.Rows, accessRow(f, path, ui.Cell{Text: name, Href: f.Path("/affiliates/" + fmtID(access.AffiliateID)), Sub: "Affiliate " + fmtID(access.AffiliateID),
			Narrow: "Affiliate " + fmtID(access.AffiliateID), Square: ui.Initials(name)}, access, "affiliate", int64(access.AffiliateID)))
	}
	return a.renderOffer(f, status, o, "/access", "Access", accessTab(v))
}

func accessLead(v offer.Visibility) string {
	switch v {
	case offer.VisibilityApproval:
		return "Affiliates who see this offer can ask to run it; their links work once you approve. You can also approve somebody who has not asked."
	case offer.VisibilityPrivate:
		return "Only affiliates that you approve here see this offer."
	}
	return "This offer is public: every active affiliate may run it, with or without an answer here."
}

// setOfferAccess gives affiliates an answer: the one of a row, or the one that was typed.
func (a *admin) setOfferAccess(f *portal.Frame) error {
	o, err := a.findOffer(f)
	if err != nil {
		return err
	}
	var in struct {
		Affiliate string             `form:"affiliate"`
		Status    offer.AccessStatus `form:"status"`
	}
	if err := f.Bind(&in); err != nil {
		return err
	}
	one, err := a.Affiliates.Get(f.Context(), f.Actor, affiliate.ID(pickedID(in.Affiliate)))
	if isNotFound(err) {
		return a.showOfferAccess(f, http.StatusUnprocessableEntity, o, in.Affiliate, portal.Faults{"affiliate": "Choose one of the affiliates, or type its number."})
	}
	if err == nil {
		_, err = a.Offers.SetAccess(f.Context(), f.Actor, offer.Access{OfferID: o.ID, AffiliateID: one.ID, Status: in.Status})
	}
	if err != nil {
		return err
	}
	f.Flash(ui.OK, fmt.Sprintf("%s: %s for %s.", ui.StatusOf(ui.Access, string(in.Status)).Word, one.Name, o.Name))
	return f.Redirect(offerPath(f, o.ID) + "/access")
}
