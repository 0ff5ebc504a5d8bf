package portaladmin

import (
	"net/http"

	"github.com/waypost/waypost/domain/affiliate"
	"github.com/waypost/waypost/domain/offer"
	"github.com/waypost/waypost/domain/search"
	"github.com/waypost/waypost/portal"
	"github.com/waypost/waypost/ui"
)

// couponsView is the tab with the codes of an offer.
type couponsView struct {
	List         listView
	Action, CSRF string
	Code, Pick   ui.Field
	Summary      []ui.Problem
	May          bool
}

// coupons is the tab with the codes by which sales find an affiliate without a click.
func (a *admin) coupons(f *portal.Frame) error {
	o, err := a.findOffer(f)
	if err != nil {
		return err
	}
	return a.showCoupons(f, http.StatusOK, o, couponInput{}, nil)
}

type couponInput struct {
	Code      string `form:"code"`
	Affiliate string `form:"affiliate"`
}

func (a *admin) showCoupons(f *portal.Frame, status int, o offer.Offer, in couponInput, x portal.Faults) error {
	var filter struct{ portal.Paging }
	if err := f.Query(&filter); err != nil {
		return err
	}
	list, err := a.Coupons.List(f.Context(), f.Actor, offer.CouponFilter{OfferID: o.ID}, filter.Slice())
	if err != nil {
		return err
	}
	var ids portal.NameIDs
	for _, c := range list.Items {
		ids.Affiliates = append(ids.Affiliates, c.AffiliateID)
	}
	names, err := f.Names(ids)
	if err != nil {
		return err
	}
	path := offerPath(f, o.ID) + "/coupons"
	v := couponsView{Action: path, CSRF: f.CSRF, May: may(f),
		Code: ui.Field{Name: "code", Label: "Code", Value: in.Code, Error: x["code"], MaxLength: 60, Mono: true, Autocomplete: "off", Placeholder: "SUMMER10"},
		Pick: f.Finding(search.KindAffiliate, ui.Field{Name: "affiliate", Label: "Affiliate who earns by it", Value: in.Affiliate, Error: x["affiliate"]}),
		List: listView{Pager: portal.Pager(path, filter, filter.Paging, list, "coupon"), Table: ui.Table{ID: "coupons", Name: "Coupons of " + o.Name, Actions: may(f),
			Columns: []ui.Column{{Label: "Code", Wide: true}, {Label: "Affiliate", Hide: true}, {Label: "State"}, {Label: "Since", Hide: true}},
			Empty:   ui.Empty(ui.Nothing{Icon: "ticket", Title: "No coupons yet", Text: "A code finds the affiliate of a sale that came without a click, such as a reader who typed it in at the till."})}}}
	v.Summary = x.Summary(v.Code, v.Pick)
	for _, c := range list.Items {
		state, word, verb, value := ui.OK, "Active", "Switch off", "0"
		if !c.Active {
			state, word, verb, value = ui.Mute, "Off", "Switch on", "1"
		}
		name := names.Affiliate(c.AffiliateID)
		at := path + "/" + fmtID(c.ID)
		row := ui.Row{ID: "coupon-" + fmtID(c.ID), Cells: []ui.Cell{{Text: c.Code, Mono: true, Narrow: name}, {Text: name, Href: f.Path("/affiliates/" + fmtID(c.AffiliateID))},
			{Badge: ui.Badge(state, word)}, {Text: f.Date(c.CreatedAt), Title: f.Exact(c.CreatedAt)}}}
		if v.May {
			row.Actions = components(
				postButton(at+"/active", f.CSRF, ui.Button{Label: verb, Name: verb + " " + c.Code, Small: true, Submit: true}, ui.Option{Label: "active", Value: value}),
				ui.Btn(ui.Button{Label: "Delete", Name: "Delete " + c.Code, Small: true, Look: ui.Quiet, Dialog: "delete-coupon", Action: at + "/delete"}))
		}
		v.List.Table.Rows = append(v.List.Table.Rows, row)
	}
	return a.renderOffer(f, status, o, "/coupons", "Coupons", couponsTab(v))
}

func (a *admin) addCoupon(f *portal.Frame) error {
	o, err := a.findOffer(f)
	if err != nil {
		return err
	}
	var in couponInput
	if err = f.Bind(&in); err == nil {
		_, _, err = a.Coupons.Create(f.Context(), f.Actor, offer.Coupon{Code: in.Code, OfferID: o.ID, AffiliateID: affiliate.ID(pickedID(in.Affiliate)), Active: true})
	}
	if x, ok := portal.FaultsOf(err); ok {
		return a.showCoupons(f, http.StatusUnprocessableEntity, o, in, x.Rename("affiliate_id", "affiliate"))
	}
	if err != nil {
		return err
	}
	f.Flash(ui.OK, "The coupon is added. Sales that name it count from now on.")
	return f.Redirect(offerPath(f, o.ID) + "/coupons")
}

// findCoupon reads the coupon of the path; one of another offer is not found.
func (a *admin) findCoupon(f *portal.Frame) (offer.Coupon, error) {
	id, err := number[offer.CouponID](f, "coupon")
	if err != nil {
		return offer.Coupon{}, err
	}
	of, err := number[offer.ID](f, "id")
	if err != nil {
		return offer.Coupon{}, err
	}
	c, err := a.Coupons.Get(f.Context(), f.Actor, id)
	if err == nil && c.OfferID != of {
		err = noSuchThing()
	}
	return c, err
}

func (a *admin) switchCoupon(f *portal.Frame) error {
	c, err := a.findCoupon(f)
	if err != nil {
		return err
	}
	var in struct {
		Active bool `form:"active"`
	}
	if err := f.Bind(&in); err != nil {
		return err
	}
	if _, _, err := a.Coupons.Update(f.Context(), f.Actor, c.ID, func(c *offer.Coupon) { c.Active = in.Active }); err != nil {
		return err
	}
	if in.Active {
		f.Flash(ui.OK, c.Code+" counts again.")
	} else {
		f.Flash(ui.OK, c.Code+" is switched off: sales that name it are refused.")
	}
	return f.Redirect(offerPath(f, c.OfferID) + "/coupons")
}

func (a *admin) deleteCoupon(f *portal.Frame) error {
	c, err := a.findCoupon(f)
	if err != nil {
		return err
	}
	if err := a.Coupons.Delete(f.Context(), f.Actor, c.ID); err != nil {
		return err
	}
	f.Flash(ui.OK, c.Code+" is deleted. What was earned by it stays.")
	return f.Redirect(offerPath(f, c.OfferID) + "/coupons")
}
