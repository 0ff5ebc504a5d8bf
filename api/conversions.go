package api

import (
	"context"
	"net/http"
	"time"

	"github.com/waypost/waypost/domain"
	"github.com/waypost/waypost/domain/account"
	"github.com/waypost/waypost/domain/advertiser"
	"github.com/waypost/waypost/domain/affiliate"
	"github.com/waypost/waypost/domain/conversion"
	"github.com/waypost/waypost/domain/errs"
	"github.com/waypost/waypost/domain/money"
	"github.com/waypost/waypost/domain/offer"
)

const tagConversions = "Conversions"

func (s *service) conversionRoutes() {
	register(s, op{"list-conversions", http.MethodGet, "/conversions", "List conversions", tagConversions, 0, nil}, s.listConversions)
	register(s, op{"get-conversion", http.MethodGet, "/conversions/{id}", "Read a conversion", tagConversions, 0, nil}, s.getConversion)
	register(s, op{"create-conversion", http.MethodPost, "/conversions", "Make a conversion by hand", tagConversions, 201, []int{409}}, s.createConversion)
	register(s, op{"update-conversion", http.MethodPatch, "/conversions/{id}", "Move a conversion to another status, or correct its amounts", tagConversions, 0, []int{409}}, s.updateConversion)
}

// conversionBody is a conversion. Affiliates see no revenue, and the sale's value where the offer shows it; advertisers no
// commission.
type conversionBody struct {
	ID               string         `json:"id" doc:"Id of the conversion"`
	ClickID          string         `json:"click_id" doc:"The click"`
	TxID             *string        `json:"txid" nullable:"true" doc:"The advertiser's unique id"`
	OfferID          offer.ID       `json:"offer_id" doc:"The offer"`
	GoalID           offer.GoalID   `json:"goal_id" doc:"The goal"`
	AffiliateID      affiliate.ID   `json:"affiliate_id" doc:"The affiliate"`
	AdvertiserID     advertiser.ID  `json:"advertiser_id" doc:"The advertiser"`
	Status           string         `json:"status" enum:"pending,hold,approved,rejected,trash" doc:"Where it stands"`
	HoldUntil        *time.Time     `json:"hold_until" nullable:"true" doc:"When a conversion on hold approves itself; null for others"`
	Val              *money.Rate    `json:"val,omitempty" doc:"Sale value in currency; left out for an affiliate where the offer keeps it (show_value)"`
	Commission       *string        `json:"commission,omitempty" doc:"Owed to the affiliate"`
	Revenue          *string        `json:"revenue,omitempty" doc:"Owed by the advertiser"`
	Currency         string         `json:"currency" doc:"ISO 4217: the offer's, of val, commission and revenue"`
	OriginalVal      *money.Rate    `json:"original_val,omitempty" doc:"Sale value as sent; left out like val"`
	OriginalCurrency string         `json:"original_currency" doc:"ISO 4217, as sent"`
	Rate             *money.Rate    `json:"rate" nullable:"true" doc:"From the original currency; null while there is none"`
	Test             bool           `json:"test" doc:"A test: in no ledger and no report"`
	Params           map[string]any `json:"params" doc:"Free values that the call carried"`
	ClickedAt        time.Time      `json:"clicked_at" doc:"When the visitor clicked"`
	CreatedAt        time.Time      `json:"created_at" doc:"When the conversion was made"`
	UpdatedAt        time.Time      `json:"updated_at" doc:"When it was changed last"`
	Warnings         []warningBody  `json:"warnings,omitzero" doc:"Only in the answer to a creation"`
}

func (s *service) newConversionBody(c conversion.Conversion, v view) conversionBody {
	b := conversionBody{ID: c.ID.String(), ClickID: s.Clicks.Text(c.ClickID), TxID: optionalText(c.TxID), OfferID: c.OfferID,
		GoalID: c.GoalID, AffiliateID: c.AffiliateID, AdvertiserID: c.AdvertiserID, Status: string(c.Status),
		HoldUntil: optionalTime(c.HoldUntil), Val: shown(!c.ValueHidden, c.Val),
		Commission: shown(v.commission(), c.Commission.String()), Revenue: shown(v.revenue(), c.Revenue.String()),
		Currency: string(c.Commission.Currency()), OriginalVal: shown(!c.ValueHidden, c.OriginalVal), OriginalCurrency: string(c.OriginalCurrency),
		Test: c.Test, Params: newParams(c.Params, v), ClickedAt: moment(c.ClickedAt), CreatedAt: moment(c.CreatedAt), UpdatedAt: moment(c.UpdatedAt)}
	if !c.ExchangeRate.IsZero() {
		b.Rate = &c.ExchangeRate
	}
	return b
}

// newParams renders the free values as one object. The amounts as they were sent belong to both sides: operators alone
// see them.
func newParams(p conversion.Params, v view) map[string]any {
	params := map[string]any{}
	for name, value := range p.Values {
		params[name] = value
	}
	if len(p.Param) > 0 {
		params["param"] = p.Param
	}
	texts := map[string]string{"coupon": p.Coupon}
	if v == viewOperator {
		texts["com"], texts["comperc"], texts["payout"] = p.Com, p.ComPerc, p.Payout
	}
	for name, text := range texts {
		if text != "" {
			params[name] = text
		}
	}
	return params
}

// parseConversionID reads an id of a path or a filter.
func parseConversionID(text string) (conversion.ID, bool) {
	id, ok := domain.ParseUUID(text)
	return conversion.ID{UUID: id}, ok
}

// noSuch is the answer to an id that can name nothing.
func noSuch(what string) error {
	return errs.NotFound("not_found", "there is no %s with this id", what)
}

type conversionList struct {
	Paging
	Period
	ClickID      string        `query:"click_id" maxLength:"64" doc:"Only of this click"`
	TxID         string        `query:"txid" maxLength:"1024" doc:"Only with this unique id of the advertiser"`
	OfferID      offer.ID      `query:"offer_id" minimum:"1" doc:"Only of this offer"`
	GoalID       offer.GoalID  `query:"goal_id" minimum:"1" doc:"Only of this goal"`
	AffiliateID  affiliate.ID  `query:"affiliate_id" minimum:"1" doc:"Only of this affiliate"`
	AdvertiserID advertiser.ID `query:"advertiser_id" minimum:"1" doc:"Only of this advertiser"`
	Status       string        `query:"status" enum:"pending,hold,approved,rejected,trash" doc:"Only those in this state"`
	Test         string        `query:"test" enum:"true,false,1,0" doc:"true: only tests; false: none of them"`
}

func (s *service) listConversions(ctx context.Context, actor account.Actor, in *conversionList) (*list[conversionBody], error) {
	from, to, err := in.bounds()
	if err != nil {
		return nil, err
	}
	clickID, err := s.clickFilter(in.ClickID)
	if err != nil {
		return nil, err
	}
	f := conversion.Filter{From: from, To: to, ClickID: clickID, TxID: in.TxID, OfferID: in.OfferID, GoalID: in.GoalID,
		AffiliateID: in.AffiliateID, AdvertiserID: in.AdvertiserID, Status: conversion.Status(in.Status), Test: flag(in.Test)}
	found, err := s.Conversions.List(ctx, actor, f, in.page())
	if err != nil {
		return nil, err
	}
	return newList(found, func(c conversion.Conversion) conversionBody { return s.newConversionBody(c, viewOf(actor)) }), nil
}

type conversionID struct {
	ID string `path:"id" maxLength:"64" doc:"Id of the conversion"`
}

func (s *service) getConversion(ctx context.Context, actor account.Actor, in *conversionID) (*one[conversionBody], error) {
	id, ok := parseConversionID(in.ID)
	if !ok {
		return nil, noSuch("conversion")
	}
	c, err := s.Conversions.Get(ctx, actor, id)
	if err != nil {
		return nil, err
	}
	return &one[conversionBody]{s.newConversionBody(c, viewOf(actor))}, nil
}

type conversionCreate struct {
	Body struct {
		OfferID       offer.ID                    `json:"offer_id" minimum:"1" doc:"The offer"`
		AffiliateID   affiliate.ID                `json:"affiliate_id" minimum:"1" doc:"The affiliate"`
		GoalID        Nullable[offer.GoalID]      `json:"goal_id,omitempty" minimum:"1" doc:"The offer's default goal if left out"`
		ClickID       Nullable[string]            `json:"click_id,omitempty" maxLength:"64" doc:"A click of that offer and affiliate; one is minted if left out"`
		Val           Optional[money.Rate]        `json:"val,omitempty" doc:"Sale value in currency" example:"99.99"`
		Com           Optional[money.Rate]        `json:"com,omitempty" doc:"Commission, as a postback sends it" example:"12.50"`
		ComPerc       Optional[money.Rate]        `json:"comperc,omitempty" doc:"Commission in percent of val, used where com is missing or 0" example:"7.5"`
		Payout        Optional[money.Rate]        `json:"payout,omitempty" doc:"What the advertiser pays, as a postback sends it" example:"15"`
		TxID          Nullable[string]            `json:"txid,omitempty" maxLength:"255" doc:"The advertiser's unique id: a second conversion with it is refused"`
		Currency      Optional[money.Currency]    `json:"currency,omitempty" doc:"ISO 4217, of the amounts; the offer's if left out" example:"USD"`
		Status        Optional[conversion.Status] `json:"status,omitempty" enum:"pending,hold,approved,rejected,trash" doc:"The goal's initial status if left out"`
		CreatedAt     Optional[time.Time]         `json:"created_at,omitempty" doc:"When the sale was made; now if left out"`
		Note          string                      `json:"note,omitempty" maxLength:"1000" doc:"Reason, for the conversion's history"`
		FirePostbacks Optional[bool]              `json:"fire_postbacks,omitempty" doc:"Whether the affiliate's postbacks learn of it; true if left out"`
	}
}

func (s *service) createConversion(ctx context.Context, actor account.Actor, in *conversionCreate) (*one[conversionBody], error) {
	b := &in.Body
	made := conversion.MakeInput{OfferID: b.OfferID, AffiliateID: b.AffiliateID, Note: b.Note}
	b.GoalID.to(&made.GoalID)
	b.TxID.to(&made.TxID)
	b.Currency.to(&made.Amounts.Currency)
	b.Status.to(&made.Status)
	b.CreatedAt.to(&made.CreatedAt)
	made.Amounts.Val, made.Amounts.Com, made.Amounts.ComPerc, made.Amounts.Payout = b.Val.given(), b.Com.given(), b.ComPerc.given(), b.Payout.given()
	fire := true
	b.FirePostbacks.to(&fire)
	made.Quiet = !fire
	var clickID string
	if b.ClickID.to(&clickID); clickID != "" && viewOf(actor) == viewOperator { // others are refused below
		c, err := s.Clicks.Get(ctx, actor, clickID) // waits for one whose row is on its way
		if errs.Is(err, errs.KindNotFound) {
			err = errs.Invalid("click_not_found", "there is no click with this id").At("body.click_id").Because(err)
		}
		if err != nil {
			return nil, err
		}
		made.ClickID = c.ID
	}
	c, warnings, err := s.Conversions.Make(ctx, actor, made)
	if err != nil {
		return nil, err
	}
	body := s.newConversionBody(c, viewOf(actor))
	body.Warnings = newWarnings(warnings)
	return &one[conversionBody]{body}, nil
}

type conversionUpdate struct {
	ID   string `path:"id" maxLength:"64" doc:"Id of the conversion"`
	Body struct {
		Status        Optional[conversion.Status] `json:"status,omitempty" enum:"pending,hold,approved,rejected,trash" doc:"The status to move it to"`
		Val           Optional[money.Rate]        `json:"val,omitempty" doc:"Corrected sale value, in the conversion's currency (operators)" example:"99.99"`
		Commission    Optional[money.Rate]        `json:"commission,omitempty" doc:"Corrected commission: the old one is taken back, this one posted (operators)" example:"12.50"`
		Revenue       Optional[money.Rate]        `json:"revenue,omitempty" doc:"Corrected revenue, likewise (operators)" example:"15.00"`
		Reason        string                      `json:"reason,omitempty" maxLength:"1000" doc:"Why, for the conversion's history"`
		FirePostbacks Optional[bool]              `json:"fire_postbacks,omitempty" doc:"Whether affiliates' postbacks learn of a new status; true if left out. Only operators may send false"`
	}
}

func (s *service) updateConversion(ctx context.Context, actor account.Actor, in *conversionUpdate) (*one[conversionBody], error) {
	id, ok := parseConversionID(in.ID)
	if !ok {
		return nil, noSuch("conversion")
	}
	fire := true
	in.Body.FirePostbacks.to(&fire)
	c, err := s.Conversions.Edit(ctx, actor, id, conversion.EditInput{Status: in.Body.Status.given(), Val: in.Body.Val.given(),
		Commission: in.Body.Commission.given(), Revenue: in.Body.Revenue.given(), Reason: in.Body.Reason, Quiet: !fire})
	if err != nil {
		return nil, err
	}
	return &one[conversionBody]{s.newConversionBody(c, viewOf(actor))}, nil
}
