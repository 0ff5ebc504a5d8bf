package postback

import (
	"context"
	"fmt"
	"time"

	"github.com/waypost/waypost/domain"
	"github.com/waypost/waypost/domain/account"
	"github.com/waypost/waypost/domain/affiliate"
	"github.com/waypost/waypost/domain/errs"
	"github.com/waypost/waypost/domain/offer"
)

// Missed asks for the conversions that a postback would be told of had it been there: those of its scope, statuses and
// goals, made within a period, of whose present status it has no delivery yet. Tests of the advertiser's are no part of it.
type Missed struct {
	Postback Postback
	From, To time.Time // made at; To is excluded
	// Offers and goals for which a more specific postback decides.
	OtherOffers []offer.ID
	OtherGoals  []offer.GoalID
}

// shadows are the offers and goals within the scope of a postback for which another, more specific one decides.
func shadows(p *Postback, recipients []Recipient) (offers []offer.ID, goals []offer.GoalID) {
	for i := range recipients {
		o := &recipients[i].Postback
		if recipients[i].Fire == affiliate.FireAll || !o.Active || o.AffiliateID != p.AffiliateID || specificity(o) <= specificity(p) ||
			p.OfferID != 0 && o.OfferID != p.OfferID {
			continue
		}
		if o.GoalID != 0 {
			goals = append(goals, o.GoalID)
		} else {
			offers = append(offers, o.OfferID)
		}
	}
	return offers, goals
}

// backfillPage is how many conversions one transaction of a back-fill looks after.
const backfillPage = 500

// Backfill sends what a postback that was set late has missed: for each conversion made in the period (to is excluded)
// a delivery of its present status, once. It returns how many; with dryRun it only counts. Run again, it sends nothing
// twice.
func (s *Service) Backfill(ctx context.Context, actor account.Actor, id ID, from, to time.Time, dryRun bool) (int, error) {
	if err := actor.Require(account.PermissionWritePostbacks); err != nil {
		return 0, err
	}
	p, err := s.Store.Get(ctx, actor.Scope(), id)
	if err != nil {
		return 0, err
	}
	if !from.Before(to) {
		return 0, errs.Invalid("invalid_period", "to has to lie after from").At("body.to")
	}
	if !p.Active {
		return 0, errs.Conflict("postback_inactive", "this postback is not active; make it active before the back-fill")
	}
	if dryRun {
		m, err := s.missed(ctx, p, from, to)
		if err != nil {
			return 0, err
		}
		return s.Store.CountMissed(ctx, m)
	}
	count, page := 0, domain.Page{Limit: backfillPage}
	for {
		var deliveries []Delivery
		err := s.Tx.InTx(ctx, func(ctx context.Context) (err error) {
			deliveries, page.Cursor, err = s.backfillPage(ctx, actor, id, from, to, page)
			return err
		})
		if err != nil {
			return count, fmt.Errorf("back-fill postback %d, after %d: %w", id, count, err)
		}
		if len(deliveries) > 0 {
			s.wake(ctx, []string{deliveries[0].Host})
		}
		if count += len(deliveries); page.Cursor == "" {
			return count, nil
		}
	}
}

// backfillPage writes what a page of conversions owes. The lock on the postback keeps two runs apart, those on the
// conversions keep their statuses as they are.
func (s *Service) backfillPage(ctx context.Context, actor account.Actor, id ID, from, to time.Time, page domain.Page) ([]Delivery, string, error) {
	p, err := s.Store.Lock(ctx, actor.Scope(), id)
	if err != nil || !p.Active { // paused meanwhile: the rest waits for another run
		return nil, "", err
	}
	m, err := s.missed(ctx, p, from, to)
	if err != nil {
		return nil, "", err
	}
	changes, cursor, err := s.Store.LockMissed(ctx, m, page)
	if err != nil || len(changes) == 0 {
		return nil, cursor, err
	}
	deliveries := make([]Delivery, len(changes))
	for i := range changes {
		if deliveries[i], err = s.deliveryOf(&p, &changes[i]); err != nil {
			return nil, "", err
		}
	}
	if err := s.Deliveries.Insert(ctx, deliveries); err != nil {
		return nil, "", err
	}
	return deliveries, cursor, s.record(ctx, actor, "postback.backfill", id, nil, map[string]any{"count": len(deliveries), "from": from, "to": to})
}

func (s *Service) missed(ctx context.Context, p Postback, from, to time.Time) (Missed, error) {
	m := Missed{Postback: p, From: from, To: to}
	recipients, err := s.Store.Recipients(ctx, []affiliate.ID{p.AffiliateID})
	if err != nil {
		return m, err
	}
	m.OtherOffers, m.OtherGoals = shadows(&p, recipients)
	return m, nil
}
