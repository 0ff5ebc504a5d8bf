package portaladmin

import (
	"cmp"
	"fmt"
	"net/http"
	"time"

	"github.com/waypost/waypost/domain/account"
	"github.com/waypost/waypost/domain/affiliate"
	"github.com/waypost/waypost/domain/conversion"
	"github.com/waypost/waypost/domain/errs"
	"github.com/waypost/waypost/domain/money"
	"github.com/waypost/waypost/domain/offer"
	"github.com/waypost/waypost/domain/search"
	"github.com/waypost/waypost/portal"
	"github.com/waypost/waypost/ui"
)

// makeInput is the form of a conversion made by hand, as it was typed.
type makeInput struct {
	Offer     string `form:"offer_id" query:"offer_id"`
	Affiliate string `form:"affiliate_id"`
	Goal      string `form:"goal_id" query:"goal_id"`
	Click     string `form:"click_id" query:"click_id"`
	Val       string `form:"val"`
	Payout    string `form:"payout"`
	Com       string `form:"com"`
	Currency  string `form:"currency"`
	TxID      string `form:"txid"`
	Status    string `form:"status"`
	At        string `form:"created_at"`
	Note      string `form:"note"`
	Quiet     bool   `form:"quiet"`
	Look      bool   `form:"look"` // only asks for the offer's goals, where no script does
}

type makeView struct {
	head         ui.Head
	action, csrf string
	in           makeInput
	faults       portal.Faults
	who, money   []ui.Field
	rest         []ui.Field
}

func (v makeView) all() []ui.Field {
	return append(append(append([]ui.Field{}, v.who...), v.money...), v.rest...)
}

func (a *admin) newConversion(f *portal.Frame) error {
	if err := f.Actor.Require(account.PermissionManageConversions); err != nil {
		return err
	}
	in := makeInput{Click: f.Echo.QueryParam("click")}
	if err := f.Query(&in); err != nil {
		return err
	}
	if f.Part() { // the offer was chosen
		goal, err := a.goalChoice(f, in, "")
		if err != nil {
			return err
		}
		return f.RenderPart(http.StatusOK, makeGoal(f.Path("/conversions/new"), goal))
	}
	return a.showMake(f, http.StatusOK, in, nil)
}

// goalChoice is the field of the goals of the offer that is chosen, or that the click is of.
func (a *admin) goalChoice(f *portal.Frame, in makeInput, fault string) (ui.Field, error) {
	field := ui.Field{Name: "goal_id", Label: "Goal", Value: in.Goal, Error: fault, Options: []ui.Option{{Label: "The offer's default goal"}}}
	id := offer.ID(pickedID(in.Offer))
	if known, ok := a.findClick(in.Click); id == 0 && ok {
		c, err := a.Clicks.Find(f.Context(), f.Actor, known)
		if err != nil && !errs.Is(err, errs.KindNotFound) {
			return field, err
		}
		id = c.OfferID
	}
	if id == 0 {
		field.Hint = "Choose the offer first: its goals are offered then."
		return field, nil
	}
	o, err := a.Offers.Get(f.Context(), f.Actor, id)
	if err != nil && !errs.Is(err, errs.KindNotFound) {
		return field, err
	}
	for _, g := range o.Goals {
		name := cmp.Or(g.Name, g.Alias)
		if g.IsDefault {
			field.Options[0].Label = name + ", the default"
			if in.Goal == fmtID(g.ID) {
				field.Value = ""
			}
			continue
		}
		field.Options = append(field.Options, ui.Option{Value: fmtID(g.ID), Label: name})
	}
	return field, nil
}

func (a *admin) showMake(f *portal.Frame, status int, in makeInput, x portal.Faults) error {
	path := f.Path("/conversions")
	v := makeView{in: in, faults: x, action: path + "/new", csrf: f.CSRF,
		head: ui.Head{Crumbs: []ui.Crumb{{Label: "Conversions", Href: path}, {Label: "Add conversion"}}, Title: "Add conversion", Lead: "For a sale that no postback reported. It counts like any other, for money and postbacks."}}
	amount := func(name, label, value, hint string) ui.Field {
		return ui.Field{Name: name, Label: label, Value: value, Error: x[name], Hint: hint, InputMode: "decimal", Optional: true, Autocomplete: "off"}
	}
	v.who = []ui.Field{
		f.Finding(search.KindOffer, ui.Field{Name: "offer_id", Label: "Offer", Value: in.Offer, Error: x["offer_id"]}),
		f.Finding(search.KindAffiliate, ui.Field{Name: "affiliate_id", Label: "Affiliate", Value: in.Affiliate, Error: x["affiliate_id"]}),
		{Name: "click_id", Label: "Click id", Value: in.Click, Error: x["click_id"], Hint: "Empty: a click is made for it.", Mono: true, Optional: true, Autocomplete: "off"},
	}
	goal, err := a.goalChoice(f, in, x["goal_id"])
	if err != nil {
		return err
	}
	v.who = append(v.who, goal)
	options := append([]ui.Option{{Label: "The offer's"}}, currencies()...)
	v.money = []ui.Field{amount("val", "Sale value", in.Val, "What the goal's percentages are computed from."), amount("payout", "Revenue", in.Payout, "Empty: by the goal's rule."),
		amount("com", "Commission", in.Com, "Empty: by the goal's rule."), {Name: "currency", Label: "Currency", Value: in.Currency, Error: x["currency"], Options: options, Optional: true}}
	v.rest = []ui.Field{
		{Name: "txid", Label: "Transaction id", Value: in.TxID, Error: x["txid"], Hint: "A second one with the same id is refused as a duplicate.", Optional: true, Autocomplete: "off", MaxLength: 255},
		{Name: "status", Label: "Status", Value: in.Status, Error: x["status"], Optional: true, Options: append([]ui.Option{{Label: "As the goal says"}}, ui.StatusOptions(ui.Conversions, "approved", "pending", "hold", "rejected")...)},
		{Name: "created_at", Label: "When", Type: "datetime-local", Value: in.At, Error: x["created_at"], Hint: "Empty: now. In " + f.Zone.String() + ".", Optional: true},
		{Name: "note", Label: "Note", Value: in.Note, Error: x["note"], Hint: "Stands in the conversion's story.", Optional: true, MaxLength: 500, Autocomplete: "off"},
	}
	return f.Render(status, "Add conversion", "/conversions", makePage(v))
}

// read brings what was typed into the domain's types.
func (a *admin) readMake(f *portal.Frame, in makeInput) (conversion.MakeInput, error) {
	out := conversion.MakeInput{TxID: in.TxID, Status: conversion.Status(in.Status), Note: in.Note, Quiet: in.Quiet}
	out.Amounts.Currency = money.Currency(in.Currency)
	out.OfferID, out.AffiliateID, out.GoalID = offer.ID(pickedID(in.Offer)), affiliate.ID(pickedID(in.Affiliate)), offer.GoalID(pickedID(in.Goal))
	if in.Click != "" {
		id, ok := a.findClick(in.Click)
		if !ok {
			return out, errs.Invalid("click_not_found", "there is no click with this id").At("body.click_id")
		}
		out.ClickID = id
	}
	if in.At != "" {
		at, err := time.ParseInLocation("2006-01-02T15:04", in.At, f.Zone)
		if err != nil {
			return out, errs.Invalid("invalid_time", "must be a day and a time").At("body.created_at")
		}
		out.CreatedAt = at
	}
	for _, amount := range []struct {
		name, sent string
		to         **money.Rate
	}{{"val", in.Val, &out.Amounts.Val}, {"payout", in.Payout, &out.Amounts.Payout}, {"com", in.Com, &out.Amounts.Com}} {
		if amount.sent == "" {
			continue
		}
		rate, err := money.ParseTyped(amount.sent)
		if err != nil {
			return out, at(err, amount.name)
		}
		*amount.to = &rate
	}
	return out, nil
}

func (a *admin) makeConversion(f *portal.Frame) error {
	var in makeInput
	err := f.Bind(&in)
	if err == nil && in.Look {
		return a.showMake(f, http.StatusOK, in, nil)
	}
	var asked conversion.MakeInput
	if err == nil {
		asked, err = a.readMake(f, in)
	}
	var made conversion.Conversion
	var warnings []errs.Warning
	if err == nil {
		made, warnings, err = a.Conversions.Make(f.Context(), f.Actor, asked)
	}
	if x, ok := portal.FaultsOf(err); ok {
		return a.showMake(f, http.StatusUnprocessableEntity, in, x)
	}
	if err != nil {
		return err
	}
	warn(f, fmt.Sprintf("The conversion is made: revenue %s, commission %s.", portal.Money(made.Revenue), portal.Money(made.Commission)), warnings)
	return f.Redirect(f.Path("/conversions/" + made.ID.String()))
}
