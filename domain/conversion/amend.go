package conversion

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/waypost/waypost/domain/advertiser"
	"github.com/waypost/waypost/domain/click"
	"github.com/waypost/waypost/domain/errs"
	"github.com/waypost/waypost/domain/money"
	"github.com/waypost/waypost/domain/offer"
)

// loadAbout reads what a change of these conversions needs: their clicks and terms, and the rates that they wait for.
func (b *batch) loadAbout(ctx context.Context, cs []Conversion) error {
	var clicks []click.ID
	q := TermsQuery{From: b.now, To: b.now}
	offers, advertisers, bases := map[offer.ID]bool{}, map[advertiser.ID]bool{}, map[money.Currency]bool{}
	for _, c := range cs {
		clicks = append(clicks, c.ClickID)
		if !offers[c.OfferID] {
			offers[c.OfferID], q.Offers = true, append(q.Offers, c.OfferID)
		}
		if !advertisers[c.AdvertiserID] {
			advertisers[c.AdvertiserID], q.Advertisers = true, append(q.Advertisers, c.AdvertiserID)
		}
		if c.AwaitingRate == "" {
			continue
		}
		if !bases[c.OriginalCurrency] {
			bases[c.OriginalCurrency], q.Bases = true, append(q.Bases, c.OriginalCurrency)
		}
		if at := c.AmountsAt.Add(-maxRateAge); at.Before(q.From) {
			q.From = at
		}
	}
	var err error
	if _, b.clicks, err = b.s.d.Store.LoadCalls(ctx, nil, false, clicks); err == nil {
		b.terms, err = b.s.d.Store.LoadTerms(ctx, q)
	}
	return err
}

// amend notes what follows from a change that no call asked for. before is locked.
func (b *batch) amend(before, after Conversion, actor, reason string) error {
	event := newEvent(&before, after)
	event.Actor, event.Reason = actor, reason
	if b.held == nil {
		b.held = map[string]*Conversion{}
	}
	b.held[after.DedupeKey] = &after
	return b.follow(&before, after, event, Draft{Offer: b.terms.Offers[after.OfferID]})
}

const (
	// duePage is how many conversions change by themselves in one transaction, dueLimit how many are looked for at once.
	duePage  = 100
	dueLimit = 2000

	workerName = "worker" // actor of what happens by itself
)

// byItself is a rule by which conversions change without anybody's doing: what c has become now, and why; an empty
// reason where it has not. The rule judges anew under the lock what was found due before it.
type byItself func(c Conversion, t Terms, now time.Time) (after Conversion, reason string, err error)

// EndHolds approves the conversions whose hold is over and gives their number. Any number of nodes may do so at once,
// while calls and hands change the same conversions: each is approved once, or stays as the other left it.
func (s *Service) EndHolds(ctx context.Context) (int, error) {
	n, err := s.settleDue(ctx, s.d.Store.DueHolds, endHold)
	if err != nil {
		err = fmt.Errorf("end holds: %w", err)
	}
	return n, err
}

// ApplyRates computes the conversions that waited for an exchange rate which is known by now, and gives their number.
// Each takes the status that it would have had. One that is too large at its rate is told so by an event, and counts.
func (s *Service) ApplyRates(ctx context.Context) (int, error) {
	n, err := s.settleDue(ctx, s.d.Store.DueRates, applyRate)
	if err != nil {
		err = fmt.Errorf("apply exchange rates: %w", err)
	}
	return n, err
}

// settleDue applies a rule to what is due, in batches. One that cannot be changed does not keep the others.
func (s *Service) settleDue(ctx context.Context, due func(context.Context, time.Time, int) ([]Key, error), rule byItself) (settled int, err error) {
	var failed error
	left := 0 // at the head of what is due, for it could not be changed
	for {
		keys, err := due(ctx, s.d.Clock(), left+dueLimit)
		if err != nil {
			return settled, errors.Join(failed, err)
		}
		keys = keys[min(left, len(keys)):]
		progress := 0
		for page := range slices.Chunk(keys, duePage) {
			n, err := s.amendAll(ctx, page, rule)
			if err != nil && !errs.Is(err, errs.KindUnavailable) && ctx.Err() == nil {
				n, err = 0, nil
				for i := range page {
					one, failure := s.amendAll(ctx, page[i:i+1], rule)
					n, err = n+one, errors.Join(err, failure)
				}
			}
			progress, failed = progress+n, errors.Join(failed, err)
			if errs.Is(err, errs.KindUnavailable) || ctx.Err() != nil {
				return settled + progress, failed
			}
		}
		settled += progress
		left += len(keys) - progress
		if len(keys) < dueLimit {
			return settled, failed
		}
	}
}

// amendAll applies a rule to conversions in one transaction and gives how many it changed.
func (s *Service) amendAll(ctx context.Context, keys []Key, rule byItself) (changed int, err error) {
	var wake func(context.Context)
	err = s.d.Tx.InTx(ctx, func(ctx context.Context) error {
		changed = 0
		locked, err := s.d.Store.LockConversions(ctx, keys)
		if err != nil {
			return err
		}
		b := batch{s: s, now: s.d.Clock()}
		if err := b.loadAbout(ctx, locked); err != nil {
			return err
		}
		for _, before := range locked {
			after, reason, err := rule(before, b.terms, b.now)
			if err != nil {
				return fmt.Errorf("conversion %s: %w", before.ID, err)
			}
			if reason == "" {
				continue
			}
			after.UpdatedAt = later(before.UpdatedAt, b.now)
			if err := b.amend(before, after, workerName, reason); err != nil {
				return err
			}
			changed++
		}
		if changed == 0 {
			return nil
		}
		_, wake, err = b.save(ctx, nil)
		return err
	})
	if err != nil {
		return 0, err
	}
	if wake != nil {
		wake(context.WithoutCancel(ctx))
	}
	return changed, nil
}

// endHold approves what was held for its time. StatusAt stays: nobody has said anything, so a call that arrived before
// the end, and is decided after it, still counts.
func endHold(c Conversion, _ Terms, now time.Time) (Conversion, string, error) {
	if c.settled() != StatusHold || c.HoldUntil.IsZero() || now.Before(c.HoldUntil) {
		return c, "", nil
	}
	c.take(StatusApproved, offer.Goal{})
	return c, "the hold is over", nil
}

// applyRate computes what waited for an exchange rate from what was sent, by the goal's rules. The rate is that of the
// time when the amounts came, or else the first after it. What is too large at that rate keeps waiting, with the rate
// noted, for another rate or a correction by hand.
func applyRate(c Conversion, t Terms, now time.Time) (Conversion, string, error) {
	currency := c.Commission.Currency()
	rate, known := t.Rates.OnOrAfter(c.OriginalCurrency, currency, c.AmountsAt, now)
	if c.AwaitingRate == "" || c.AwaitingRate == StatusTrash || !known || rate.Equal(c.ExchangeRate) {
		return c, "", nil
	}
	goal, _ := t.Offers[c.OfferID].Goal(c.GoalID)
	sent, err := c.sentAmounts()
	if err != nil {
		return c, "", err
	}
	e, err := Earn(goal, t.Advertisers[c.AdvertiserID].OverridePercent, currency, sent, rate)
	if errs.HasCode(err, "amount_overflow") {
		c.ExchangeRate = rate
		return c, fmt.Sprintf("the amounts are too large at the exchange rate 1 %s = %s %s: correct the rate, or give commission and revenue",
			c.OriginalCurrency, rate, currency), nil
	}
	if err != nil {
		return c, "", err
	}
	c.Val, c.Commission, c.Revenue, c.ExchangeRate = e.Val, e.Commission, e.Revenue, rate
	c.Status, c.AwaitingRate = c.AwaitingRate, ""
	return c, fmt.Sprintf("the exchange rate is known: 1 %s = %s %s", c.OriginalCurrency, rate, currency), nil
}

// sentAmounts are the amounts that made the conversion, as they were sent.
func (c Conversion) sentAmounts() (Amounts, error) {
	a := Amounts{Val: &c.OriginalVal, Currency: c.OriginalCurrency}
	for _, n := range [...]struct {
		text string
		into **money.Rate
	}{{c.Params.Com, &a.Com}, {c.Params.ComPerc, &a.ComPerc}, {c.Params.Payout, &a.Payout}} {
		if n.text == "" {
			continue
		}
		r, err := money.ParseRate(n.text)
		if err != nil {
			return Amounts{}, fmt.Errorf("read what was sent: %w", err)
		}
		*n.into = &r
	}
	return a, nil
}
