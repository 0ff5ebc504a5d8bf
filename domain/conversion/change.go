package conversion

import (
	"context"
	"fmt"
	"time"

	"github.com/waypost/waypost/domain/account"
	"github.com/waypost/waypost/domain/errs"
	"github.com/waypost/waypost/domain/field"
	"github.com/waypost/waypost/domain/money"
	"github.com/waypost/waypost/domain/offer"
)

// EditInput is what a hand changes of a conversion; what is nil stays. Amounts are in the conversion's currency.
type EditInput struct {
	Status     *Status
	Val        *money.Rate
	Commission *money.Rate
	Revenue    *money.Rate
	Reason     string
	Quiet      bool // affiliate postbacks do not learn of it
	// Seen is Conversion.Seen of what the person looked at when asking: nothing is changed that is another by now. Empty
	// takes it as it is.
	Seen string
}

func (in EditInput) correction() bool {
	return in.Val != nil || in.Commission != nil || in.Revenue != nil
}

// ChangeStatus moves a conversion by hand; the status it has already is no change. fire tells whether affiliate
// postbacks learn of it. Errors: invalid_status, status_not_allowed, not_found, forbidden, advertisers_do_not_decide.
func (s *Service) ChangeStatus(ctx context.Context, actor account.Actor, id ID, status Status, reason string, fire bool) (Conversion, error) {
	return s.Edit(ctx, actor, id, EditInput{Status: &status, Reason: reason, Quiet: !fire})
}

// Edit moves a conversion by hand, corrects its amounts, or both: the old amounts are taken back and the new ones posted.
// What is as asked for already is no change. Errors: those of ChangeStatus, changed_meanwhile, conversion_in_trash,
// no_rate, and the faults of the amounts.
func (s *Service) Edit(ctx context.Context, actor account.Actor, id ID, in EditInput) (Conversion, error) {
	if _, err := s.Get(ctx, actor, id); err != nil { // before all else: another's conversion does not exist
		return Conversion{}, fmt.Errorf("edit conversion %s: %w", id, err)
	}
	if err := s.mayEdit(ctx, actor, in); err != nil {
		return Conversion{}, err
	}
	in.Reason = cut(withoutControl(in.Reason), maxValue)
	var after Conversion
	var wake func(context.Context)
	err := s.d.Tx.InTx(ctx, func(ctx context.Context) error {
		before, err := s.d.Store.Lock(ctx, actor.Scope(), id)
		if err != nil {
			return err
		}
		b := batch{s: s, now: s.d.Clock(), quiet: in.Quiet}
		if err := b.loadAbout(ctx, []Conversion{before}); err != nil {
			return err
		}
		goal, _ := b.terms.Offers[before.OfferID].Goal(before.GoalID) // neither can be deleted while a conversion refers to it
		if after, err = before.edited(in, goal, b.now); err != nil || before.settled() == after.settled() && sameAmounts(before, after) {
			return err
		}
		if err := b.amend(before, after, actorName(actor), in.Reason); err != nil {
			return err
		}
		if _, wake, err = b.save(ctx, nil); err != nil {
			return err
		}
		return s.recordEdit(ctx, actor, before, after, in)
	})
	if err != nil {
		return Conversion{}, fmt.Errorf("edit conversion %s: %w", id, err)
	}
	if wake != nil {
		wake(context.WithoutCancel(ctx))
	}
	return after, nil
}

func (s *Service) recordEdit(ctx context.Context, actor account.Actor, before, after Conversion, in EditInput) error {
	type state struct {
		Status  Status   `json:"status"`
		Amounts *Figures `json:"amounts,omitempty"`
		Reason  string   `json:"reason,omitempty"`
	}
	action, was, is := "conversion.status", state{Status: before.settled()}, state{Status: after.settled(), Reason: in.Reason}
	if in.correction() {
		old, corrected := figures(before), figures(after)
		action, was.Amounts, is.Amounts = "conversion.amounts", &old, &corrected
	}
	entry, err := actor.Audit(s.d.Clock(), action, "conversion", after.ID, was, is)
	if err != nil {
		return err
	}
	return s.d.Audit.Record(ctx, entry)
}

// Seen stands for what an edit starts from: the status and the amounts.
func (c Conversion) Seen() string {
	return fmt.Sprintf("%s %s %s %s", c.settled(), c.Val, c.Commission, c.Revenue)
}

// edited is the conversion after an edit by hand.
func (c Conversion) edited(in EditInput, g offer.Goal, now time.Time) (Conversion, error) {
	if in.Seen != "" && in.Seen != c.Seen() {
		return c, errs.Conflict("changed_meanwhile", "this conversion was changed since you opened it: look at it as it is now, then save again")
	}
	next := c
	next.UpdatedAt = later(c.UpdatedAt, now)
	if in.correction() {
		if err := next.correct(in); err != nil {
			return c, err
		}
		next.AmountsAt = later(c.AmountsAt, now)
	}
	if in.Status == nil || *in.Status == c.settled() {
		return next, nil
	}
	if !CanMove(c.settled(), *in.Status) {
		return c, notAllowed(c.settled(), *in.Status)
	}
	next.take(*in.Status, g)
	if next.HoldUntil.Before(now) { // a hold by hand after the goal's time has no end by itself
		next.HoldUntil = time.Time{}
	}
	next.StatusAt = later(c.StatusAt, now)
	return next, nil
}

// correct replaces amounts. One that waits for an exchange rate has none yet: given both, it waits no longer.
func (c *Conversion) correct(in EditInput) error {
	switch {
	case c.settled() == StatusTrash:
		return errs.Conflict("conversion_in_trash", "a conversion in the trash keeps its amounts")
	case c.AwaitingRate != "" && (in.Commission == nil || in.Revenue == nil):
		return errs.Conflict("no_rate", "this conversion waits for the exchange rate from %s to %s: set the rate, or give both commission and revenue",
			c.OriginalCurrency, c.Commission.Currency())
	}
	var checks field.Checks
	if in.Val != nil {
		checks.Add("body.val", notNegative(*in.Val))
		c.Val = *in.Val
	}
	for _, a := range [...]struct {
		at   string
		sent *money.Rate
		into *money.Amount
	}{{"body.commission", in.Commission, &c.Commission}, {"body.revenue", in.Revenue, &c.Revenue}} {
		if a.sent != nil {
			var err error
			*a.into, err = exactAmount(*a.sent, c.Commission.Currency())
			checks.Add(a.at, err)
		}
	}
	if c.AwaitingRate != "" {
		c.Status, c.AwaitingRate = c.AwaitingRate, ""
	}
	return checks.Err()
}

func notNegative(r money.Rate) error {
	if r.Sign() < 0 {
		return errs.Invalid("invalid_amount", "must not be negative; to take a conversion back, reject it")
	}
	return nil
}

// exactAmount reads what a hand gives as an amount: nothing is rounded.
func exactAmount(r money.Rate, c money.Currency) (money.Amount, error) {
	if err := notNegative(r); err != nil {
		return money.Zero(c), err
	}
	if r.Decimals() > c.Exponent() {
		return money.Zero(c), errs.Invalid("too_many_decimals", "an amount in %s has at most %d digits after the point", c, c.Exponent())
	}
	return single(r.Round(c))
}

// mayEdit: an advertiser approves and rejects its own conversions, if the network lets it; operators do all.
func (s *Service) mayEdit(ctx context.Context, actor account.Actor, in EditInput) error {
	if err := actor.Require(account.PermissionManageConversions); err != nil {
		return err
	}
	if in.Status != nil && !in.Status.Valid() {
		return errs.Invalid("invalid_status", "status must be approved, pending, hold, rejected or trash").At("body.status")
	}
	if in.Status == nil && !in.correction() {
		return errs.Invalid("required", "send the status that it shall have, or amounts").At("body.status")
	}
	if actor.Scope().Network() {
		return nil
	}
	if in.Quiet {
		return errs.Forbidden("forbidden", "only operators can keep a change from affiliates' postbacks: leave fire_postbacks out, or true")
	}
	if in.correction() || *in.Status != StatusApproved && *in.Status != StatusRejected {
		return errs.Forbidden("forbidden", "an advertiser can approve or reject a conversion, nothing else")
	}
	switch decide, err := s.d.Store.AdvertisersDecide(ctx); {
	case err != nil:
		return fmt.Errorf("read who decides on conversions: %w", err)
	case !decide:
		return errs.Forbidden("advertisers_do_not_decide", "in this network the operators approve and reject conversions; tell them which")
	}
	return nil
}

func actorName(a account.Actor) string {
	if a.System != "" {
		return a.System
	}
	return string(a.Role)
}
