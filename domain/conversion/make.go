package conversion

import (
	"context"
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/waypost/waypost/domain"
	"github.com/waypost/waypost/domain/account"
	"github.com/waypost/waypost/domain/advertiser"
	"github.com/waypost/waypost/domain/affiliate"
	"github.com/waypost/waypost/domain/click"
	"github.com/waypost/waypost/domain/errs"
	"github.com/waypost/waypost/domain/field"
	"github.com/waypost/waypost/domain/money"
	"github.com/waypost/waypost/domain/offer"
)

// MakeInput is a conversion to be made by hand. The zero value of a field means what is said beside it.
type MakeInput struct {
	OfferID     offer.ID
	AffiliateID affiliate.ID
	GoalID      offer.GoalID // the offer's default goal
	ClickID     click.ID     // a click is minted for it
	Amounts     Amounts      // as a call would send them; nil ones are not given
	TxID        string       // none: each is another conversion
	Status      Status       // as the goal says
	CreatedAt   time.Time    // now
	Note        string
	Quiet       bool // affiliate postbacks do not learn of it
}

// Make makes a conversion by hand, by the same rules that a call has: commission math, dedupe key, ledger, event and
// deliveries; but the operator's word stands against the offer's status and window, and an approved one is not held.
// Errors: the faults of the fields, duplicate for a key that is taken.
func (s *Service) Make(ctx context.Context, actor account.Actor, in MakeInput) (Conversion, []errs.Warning, error) {
	if err := actor.Require(account.PermissionManageConversions); err != nil {
		return Conversion{}, nil, err
	}
	if !actor.Scope().Network() {
		return Conversion{}, nil, errs.Forbidden("forbidden", "only operators of the network make conversions by hand")
	}
	now := s.d.Clock()
	if err := in.check(now); err != nil {
		return Conversion{}, nil, err
	}
	var err error
	for range maxTries {
		var made Conversion
		var result Result
		var wake func(context.Context)
		err = s.d.Tx.InTx(ctx, func(ctx context.Context) (err error) {
			b := batch{s: s, now: now, quiet: in.Quiet}
			made, result, wake, err = b.make(ctx, actor, in)
			return err
		})
		if err == nil {
			if wake != nil {
				wake(context.WithoutCancel(ctx))
			}
			return made, makeWarnings(result), nil
		}
		if !errs.Is(err, errs.KindConflict) || errs.HasCode(err, CodeDuplicate) || ctx.Err() != nil {
			break
		}
		if errs.HasCode(err, CodeMissingPartition) {
			if err := s.d.Store.MakeRoom(ctx, in.CreatedAt); err != nil {
				return Conversion{}, nil, err
			}
		}
	}
	return Conversion{}, nil, fmt.Errorf("make conversion: %w", err)
}

// check brings in into its stored form and finds all that is wrong with it by itself.
func (in *MakeInput) check(now time.Time) error {
	var c field.Checks
	var err error
	for _, n := range [...]struct {
		at   string
		sent *money.Rate
	}{{"body.val", in.Amounts.Val}, {"body.com", in.Amounts.Com}, {"body.comperc", in.Amounts.ComPerc}, {"body.payout", in.Amounts.Payout}} {
		if n.sent != nil {
			c.Add(n.at, notNegative(*n.sent))
		}
	}
	if p := in.Amounts.ComPerc; p != nil && p.Cmp(hundred) > 0 {
		c.Add("body.comperc", errs.Invalid("invalid_comperc", "must lie between 0 and 100"))
	}
	if in.Amounts.Currency != "" {
		in.Amounts.Currency, err = money.ParseCurrency(string(in.Amounts.Currency))
		c.Add("body.currency", err)
	}
	if in.Status != "" && !in.Status.Valid() {
		c.Add("body.status", errs.Invalid("invalid_status", "must be approved, pending, hold, rejected or trash"))
	}
	switch { // as it would be in a call: not trimmed, for a call's is not
	case len(in.TxID) > maxValue:
		c.Add("body.txid", errs.Invalid("too_long", "must have at most %d bytes", maxValue))
	case !utf8.ValidString(in.TxID) || strings.ContainsFunc(in.TxID, unicode.IsControl):
		c.Add("body.txid", errs.Invalid("invalid_text", "must be valid UTF-8 without control characters"))
	}
	if in.CreatedAt.IsZero() {
		in.CreatedAt = now
	}
	in.CreatedAt = in.CreatedAt.UTC().Truncate(time.Millisecond) // what its id holds
	switch {
	case in.CreatedAt.After(now):
		c.Add("body.created_at", errs.Invalid("time_in_future", "must not lie in the future"))
	case in.CreatedAt.Year() < 2000:
		c.Add("body.created_at", errs.Invalid("invalid_time", "must not lie before the year 2000"))
	}
	in.Note = cut(withoutControl(in.Note), maxValue)
	return c.Err()
}

func (b *batch) make(ctx context.Context, actor account.Actor, in MakeInput) (Conversion, Result, func(context.Context), error) {
	none := Conversion{}
	d, err := b.draftByHand(ctx, in)
	if err != nil {
		return none, Result{}, nil, err
	}
	id, err := domain.NewUUID(in.CreatedAt, b.s.d.Random)
	if err != nil {
		return none, Result{}, nil, err
	}
	key := Key{DedupeKey: DedupeKey(d.Offer.AdvertiserID, d.Goal, in.TxID, d.Click.ID, LogID{id}, false),
		ClickID: d.Click.ID, ConversionID: ID{id}, Claim: true}
	d.Key = key.DedupeKey
	holders, err := b.s.d.Store.ClaimKeys(ctx, []Key{key})
	if err != nil {
		return none, Result{}, nil, err
	}
	if holder := holders[d.Key].ConversionID; holder != key.ConversionID {
		return none, Result{}, nil, errs.Conflict(CodeDuplicate, "the conversion %s is this one already; change that one, or give another txid", holder).At("body.txid")
	}
	result, c := d.Apply(nil, key.ConversionID)
	if in.Status == StatusApproved && c.settled() == StatusHold {
		c.take(StatusApproved, d.Goal)
		result.ConversionStatus = c.Status
	}
	event := newEvent(nil, *c)
	event.Actor, event.Reason, event.Data.ByHand = actorName(actor), in.Note, true
	b.held, b.claimed = map[string]*Conversion{d.Key: c}, map[string]ID{d.Key: c.ID}
	if err := b.follow(nil, *c, event, d); err != nil {
		return none, Result{}, nil, err
	}
	_, wake, err := b.save(ctx, nil)
	if err == nil {
		err = b.s.recordMade(ctx, actor, b.now, *c, in.Note)
	}
	return *c, result, wake, err
}

// draftByHand finds what the input names, and computes what the conversion earns.
func (b *batch) draftByHand(ctx context.Context, in MakeInput) (Draft, error) {
	terms, err := b.s.d.Store.LoadTerms(ctx, TermsQuery{Offers: []offer.ID{in.OfferID}, Affiliates: []affiliate.ID{in.AffiliateID}})
	if err != nil {
		return Draft{}, err
	}
	d := Draft{Call: Call{ReceivedAt: in.CreatedAt}, Sent: Sent{TxID: in.TxID}, Status: in.Status, Amounts: in.Amounts}
	var ok bool
	if d.Offer, ok = terms.Offers[in.OfferID]; !ok {
		return Draft{}, errs.Invalid("unknown_reference", "there is no offer with this id").At("body.offer_id")
	}
	if !terms.Affiliates[in.AffiliateID] {
		return Draft{}, errs.Invalid("unknown_reference", "there is no affiliate with this id").At("body.affiliate_id")
	}
	if in.GoalID == 0 {
		d.Goal, _ = findGoal(d.Offer, "") // an offer has a default goal
	} else if d.Goal, ok = d.Offer.Goal(in.GoalID); !ok {
		return Draft{}, errs.Invalid("goal_not_found", "the offer has no such goal").At("body.goal_id")
	}
	if d.Click, err = b.clickByHand(ctx, in, d.Offer); err != nil {
		return Draft{}, err
	}
	b.clicks = map[click.ID]click.Click{d.Click.ID: d.Click}
	if d.Amounts.Currency == "" {
		d.Amounts.Currency = d.Offer.Currency
	}
	terms, err = b.s.d.Store.LoadTerms(ctx, TermsQuery{Advertisers: []advertiser.ID{d.Offer.AdvertiserID},
		Bases: []money.Currency{d.Amounts.Currency}, From: in.CreatedAt.Add(-maxRateAge), To: in.CreatedAt})
	if err != nil {
		return Draft{}, err
	}
	if d.Rate, ok = terms.Rates.On(d.Amounts.Currency, d.Offer.Currency, in.CreatedAt); ok {
		override := terms.Advertisers[d.Offer.AdvertiserID].OverridePercent
		if d.Earning, err = Earn(d.Goal, override, d.Offer.Currency, d.Amounts, d.Rate); err != nil {
			return Draft{}, errs.Invalid("amount_overflow", "the amounts are too large").At("body.val").Because(err)
		}
	}
	return d, nil
}

// clickByHand is the click that was named, or a new one of that offer and affiliate.
func (b *batch) clickByHand(ctx context.Context, in MakeInput, o offer.Offer) (click.Click, error) {
	if in.ClickID.IsZero() {
		id, err := click.Mint(in.CreatedAt, b.s.d.Random)
		c := click.Click{ID: id, OfferID: o.ID, AffiliateID: in.AffiliateID, AdvertiserID: o.AdvertiserID}
		b.writes.Clicks = append(b.writes.Clicks, c)
		return c, err
	}
	_, clicks, err := b.s.d.Store.LoadCalls(ctx, nil, false, []click.ID{in.ClickID})
	if err != nil {
		return click.Click{}, err
	}
	c, ok := clicks[in.ClickID]
	switch {
	case !ok:
		return click.Click{}, errs.Invalid("click_not_found", "there is no click with this id").At("body.click_id")
	case c.OfferID != in.OfferID || c.AffiliateID != in.AffiliateID:
		return click.Click{}, errs.Invalid("click_of_another", "the click is of offer %d and affiliate %d", c.OfferID, c.AffiliateID).At("body.click_id")
	case in.CreatedAt.Before(c.CreatedAt()):
		return click.Click{}, errs.Invalid("invalid_time", "must not lie before its click").At("body.created_at")
	}
	return c, nil
}

func (s *Service) recordMade(ctx context.Context, actor account.Actor, now time.Time, c Conversion, note string) error {
	type made struct {
		OfferID     offer.ID     `json:"offer_id"`
		GoalID      offer.GoalID `json:"goal_id"`
		AffiliateID affiliate.ID `json:"affiliate_id"`
		TxID        string       `json:"txid,omitempty"`
		Status      Status       `json:"status"`
		Figures
		Note string `json:"note,omitempty"`
	}
	entry, err := actor.Audit(now, "conversion.create", "conversion", c.ID, nil,
		made{c.OfferID, c.GoalID, c.AffiliateID, c.TxID, c.Status, figures(c), note})
	if err != nil {
		return err
	}
	return s.d.Audit.Record(ctx, entry)
}

// makeWarnings says about a conversion made by hand what a call would have been warned of.
func makeWarnings(r Result) []errs.Warning {
	var ws []errs.Warning
	for _, name := range r.Ignored {
		ws = append(ws, errs.Warning{Field: name, Code: "ignored", Message: "the goal's own rule decides; this changes nothing"})
	}
	for _, code := range r.Warnings {
		switch code {
		case warnNoRate:
			ws = append(ws, errs.Warning{Field: "currency", Code: code, Message: "there is no exchange rate of that day yet; it is computed when there is one"})
		case warnZeroCommission:
			ws = append(ws, errs.Warning{Field: "com", Code: code, Message: "the commission is 0"})
		}
	}
	return ws
}
