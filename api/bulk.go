package api

import (
	"context"
	"net/http"
	"strings"

	"github.com/waypost/waypost/domain/account"
	"github.com/waypost/waypost/domain/advertiser"
	"github.com/waypost/waypost/domain/affiliate"
	"github.com/waypost/waypost/domain/conversion"
	"github.com/waypost/waypost/domain/errs"
	"github.com/waypost/waypost/domain/ledger"
	"github.com/waypost/waypost/domain/offer"
)

const importPath = "/conversions/import"

// ImportPath is the one route that takes a body of up to MaxImport bytes.
const (
	ImportPath = Base + importPath
	MaxImport  = 5 << 20
)

func (s *service) bulkRoutes() {
	register(s, op{"change-conversions", http.MethodPost, "/conversions/bulk", "Move many conversions to another status, or see what that would do", tagConversions, 0, nil}, s.changeConversions)
	register(s, op{"import-conversions", http.MethodPost, importPath, "Change conversions by a CSV file, or see what that would do", tagConversions, 0, nil}, s.importConversions)
}

type bulkFilter struct {
	From         string        `json:"from,omitempty" maxLength:"40" doc:"Made at this time or later: RFC 3339, or a date in UTC"`
	To           string        `json:"to,omitempty" maxLength:"40" doc:"Made before this time: RFC 3339, or a date in UTC, which is included"`
	ClickID      string        `json:"click_id,omitempty" maxLength:"64" doc:"Only of this click"`
	TxID         string        `json:"txid,omitempty" maxLength:"1024" doc:"Only with this unique id of the advertiser"`
	OfferID      offer.ID      `json:"offer_id,omitempty" minimum:"1" doc:"Only of this offer"`
	GoalID       offer.GoalID  `json:"goal_id,omitempty" minimum:"1" doc:"Only of this goal"`
	AffiliateID  affiliate.ID  `json:"affiliate_id,omitempty" minimum:"1" doc:"Only of this affiliate"`
	AdvertiserID advertiser.ID `json:"advertiser_id,omitempty" minimum:"1" doc:"Only of this advertiser"`
	Status       string        `json:"status,omitempty" enum:"pending,hold,approved,rejected,trash" doc:"Only those in this state"`
	Test         *bool         `json:"test,omitempty" doc:"true: only tests; false: none of them"`
}

type bulkInput struct {
	Body struct {
		IDs           []string          `json:"ids,omitempty" maxItems:"1000" doc:"Ids of the conversions; or send filter"`
		Filter        *bulkFilter       `json:"filter,omitempty" doc:"The newest 1000 conversions that it takes. What is made between a preview and its apply may join: send the preview's ids to change those alone"`
		Status        conversion.Status `json:"status" enum:"pending,hold,approved,rejected,trash" doc:"The status to move them to"`
		Reason        string            `json:"reason,omitempty" maxLength:"1000" doc:"Why, for the conversions' history"`
		FirePostbacks Optional[bool]    `json:"fire_postbacks,omitempty" doc:"Whether affiliates' postbacks learn of it; true if left out. Only operators may send false"`
		DryRun        bool              `json:"dry_run,omitempty" doc:"true: change nothing, tell what would become of it"`
	}
}

// bulkBody is what a bulk change did, or would do.
type bulkBody struct {
	DryRun    bool        `json:"dry_run" example:"true" doc:"true: nothing was changed"`
	Changed   int         `json:"changed" example:"1" doc:"Conversions that change"`
	Unchanged int         `json:"unchanged" example:"0" doc:"Conversions that are as asked for already"`
	Failed    int         `json:"failed" example:"0" doc:"Conversions, or lines, that cannot be changed; code says why"`
	More      bool        `json:"more" example:"false" doc:"The filter takes more than one call does: ask again"`
	Money     []moneyBody `json:"money" doc:"What is added to the balances of parties; less is negative. Advertisers see their own"`
	Results   []movedBody `json:"results" doc:"What becomes of each"`
}

// moneyBody is what is added to one party's balance in one currency.
type moneyBody struct {
	AffiliateID  *int64 `json:"affiliate_id" nullable:"true" doc:"Whose commission it is"`
	AdvertiserID *int64 `json:"advertiser_id" nullable:"true" doc:"Whose revenue it is"`
	Currency     string `json:"currency" doc:"ISO 4217"`
	Pending      string `json:"pending" example:"-7.50" doc:"Added to what waits"`
	Approved     string `json:"approved" example:"7.50" doc:"Added to what is earned, or owed"`
}

// movedBody is what becomes of one conversion.
type movedBody struct {
	Line    int     `json:"line,omitempty" example:"2" doc:"Line of the file"`
	ID      *string `json:"id" nullable:"true" doc:"The conversion; null where the line names none"`
	From    *string `json:"from" nullable:"true" doc:"Its status before"`
	To      *string `json:"to" nullable:"true" doc:"Its status after"`
	Changed bool    `json:"changed" example:"true" doc:"false: it is as asked for already, or cannot be changed"`
	Code    *string `json:"code" nullable:"true" doc:"Why it cannot be changed, for machines"`
	Message *string `json:"message" nullable:"true" doc:"Why it cannot be changed"`
}

func newBulkBody(r conversion.BulkResult, dry bool) *one[bulkBody] {
	b := bulkBody{DryRun: dry, Changed: r.Changed, Unchanged: len(r.Results) - r.Changed - r.Failed, Failed: r.Failed, More: r.More,
		Money: []moneyBody{}, Results: []movedBody{}}
	for _, m := range r.Money {
		b.Money = append(b.Money, newMoneyBody(m))
	}
	for _, m := range r.Results {
		moved := movedBody{Line: m.Line, Changed: m.Changed(), From: optionalText(m.Before.Status), To: optionalText(m.After.Status)}
		if !m.ID.IsZero() {
			moved.ID = optionalText(m.ID.String())
		}
		if m.Fault != nil {
			moved.Code, moved.Message = &m.Fault.Code, &m.Fault.Message
		}
		b.Results = append(b.Results, moved)
	}
	return &one[bulkBody]{b}
}

func newMoneyBody(m ledger.Balance) moneyBody {
	b := moneyBody{Currency: string(m.Currency), Pending: m.Pending.String(), Approved: m.Approved.String()}
	if id, ok := m.Party.AffiliateID(); ok {
		b.AffiliateID = optionalID(id)
	}
	if id, ok := m.Party.AdvertiserID(); ok {
		b.AdvertiserID = optionalID(id)
	}
	return b
}

func (s *service) changeConversions(ctx context.Context, actor account.Actor, in *bulkInput) (*one[bulkBody], error) {
	fire := true
	in.Body.FirePostbacks.to(&fire)
	change := conversion.BulkInput{Edit: conversion.EditInput{Status: &in.Body.Status, Reason: in.Body.Reason, Quiet: !fire}, DryRun: in.Body.DryRun}
	for _, text := range in.Body.IDs {
		id, ok := parseConversionID(strings.ToLower(text))
		if !ok {
			return nil, errs.Invalid("invalid_id", "ids holds a text that is no id of a conversion").At("body.ids")
		}
		change.IDs = append(change.IDs, id)
	}
	if in.Body.Filter != nil {
		f, err := s.bulkFilter(*in.Body.Filter)
		if err != nil {
			return nil, err
		}
		change.Filter = &f
	}
	r, err := s.Conversions.Bulk(ctx, actor, change)
	if err == nil {
		err = r.Stopped
	}
	if err != nil {
		return nil, err
	}
	return newBulkBody(r, in.Body.DryRun), nil
}

func (s *service) bulkFilter(b bulkFilter) (f conversion.Filter, err error) {
	f = conversion.Filter{TxID: b.TxID, OfferID: b.OfferID, GoalID: b.GoalID, AffiliateID: b.AffiliateID, AdvertiserID: b.AdvertiserID,
		Status: conversion.Status(b.Status), Test: b.Test}
	if f.From, err = instant(b.From, 0, "body.filter.from"); err != nil {
		return f, err
	}
	if f.To, err = instant(b.To, 1, "body.filter.to"); err != nil {
		return f, err
	}
	if b.ClickID != "" {
		if f.ClickID, err = s.Clicks.Parse(b.ClickID); err != nil {
			return f, errs.Invalid("malformed_clickid", "is no click id of this network").At("body.filter.click_id")
		}
	}
	return f, nil
}

type importInput struct {
	Body struct {
		CSV           string         `json:"csv" doc:"The file's text (RFC 4180, UTF-8, at most 2 MiB and 10,000 lines). The first line names the columns: conversion_id or txid (with advertiser_id, where several have it), status, reason, val, com, revenue"`
		FirePostbacks Optional[bool] `json:"fire_postbacks,omitempty" doc:"Whether affiliates' postbacks learn of it; true if left out. Only operators may send false"`
		DryRun        bool           `json:"dry_run,omitempty" doc:"true: change nothing, tell what would become of it"`
	}
}

func (s *service) importConversions(ctx context.Context, actor account.Actor, in *importInput) (*one[bulkBody], error) {
	fire := true
	in.Body.FirePostbacks.to(&fire)
	r, err := s.Conversions.Import(ctx, actor, conversion.ImportInput{CSV: in.Body.CSV, Quiet: !fire, DryRun: in.Body.DryRun})
	if err == nil {
		err = r.Stopped
	}
	if err != nil {
		return nil, err
	}
	return newBulkBody(r, in.Body.DryRun), nil
}
