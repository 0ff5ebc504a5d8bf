package conversion

import (
	"context"
	"fmt"
	"time"

	"github.com/waypost/waypost/domain/account"
	"github.com/waypost/waypost/domain/click"
	"github.com/waypost/waypost/domain/errs"
	"github.com/waypost/waypost/domain/offer"
)

// ChangeStatus moves a conversion by hand; the status it has already is no change. fire tells whether affiliate
// postbacks learn of it. Errors: invalid_status, status_not_allowed, not_found.
func (s *Service) ChangeStatus(ctx context.Context, actor account.Actor, id ID, status Status, reason string, fire bool) (Conversion, error) {
	if _, err := s.Get(ctx, actor, id); err != nil { // before all else: another's conversion does not exist
		return Conversion{}, fmt.Errorf("change status of conversion %s: %w", id, err)
	}
	if err := mayChange(actor, status); err != nil {
		return Conversion{}, err
	}
	var after Conversion
	var wake func(context.Context)
	err := s.d.Tx.InTx(ctx, func(ctx context.Context) error {
		before, err := s.d.Store.Lock(ctx, actor.Scope(), id)
		if after = before; err != nil || before.settled() == status {
			return err
		}
		if from := before.settled(); !CanMove(from, status) {
			return notAllowed(from, status)
		}
		b := batch{s: s, now: s.d.Clock(), quiet: !fire}
		if _, b.clicks, err = s.d.Store.LoadCalls(ctx, nil, false, []click.ID{before.ClickID}); err != nil {
			return err
		}
		terms, err := s.d.Store.LoadTerms(ctx, TermsQuery{Offers: []offer.ID{before.OfferID}})
		if err != nil {
			return err
		}
		o := terms.Offers[before.OfferID]
		goal, _ := o.Goal(before.GoalID) // neither can be deleted while a conversion refers to it
		after.take(status, goal)
		if after.HoldUntil.Before(b.now) { // a hold by hand after the goal's time has no end by itself
			after.HoldUntil = time.Time{}
		}
		after.UpdatedAt, after.StatusAt = later(before.UpdatedAt, b.now), later(before.StatusAt, b.now)
		event := newEvent(&before, after)
		event.Actor, event.Reason = actorName(actor), cut(withoutControl(reason), maxValue)
		b.held = map[string]*Conversion{after.DedupeKey: &after}
		if err := b.follow(&before, after, event, Draft{Offer: o}); err != nil {
			return err
		}
		if _, wake, err = b.save(ctx, nil); err != nil {
			return err
		}
		type state struct {
			Status Status `json:"status"`
			Reason string `json:"reason,omitempty"`
		}
		entry, err := actor.Audit(b.now, "conversion.status", "conversion", id, state{Status: before.Status}, state{after.Status, event.Reason})
		if err != nil {
			return err
		}
		return s.d.Audit.Record(ctx, entry)
	})
	if err != nil {
		return Conversion{}, fmt.Errorf("change status of conversion %s: %w", id, err)
	}
	if wake != nil {
		wake(context.WithoutCancel(ctx))
	}
	return after, nil
}

// mayChange: an advertiser approves and rejects its own conversions, operators do all.
func mayChange(actor account.Actor, status Status) error {
	if err := actor.Require(account.PermissionManageConversions); err != nil {
		return err
	}
	if !status.Valid() {
		return errs.Invalid("invalid_status", "status must be approved, pending, hold, rejected or trash").At("body.status")
	}
	if !actor.Scope().Network() && status != StatusApproved && status != StatusRejected {
		return errs.Forbidden("forbidden", "an advertiser can approve or reject a conversion")
	}
	return nil
}

func actorName(a account.Actor) string {
	if a.System != "" {
		return a.System
	}
	return string(a.Role)
}
