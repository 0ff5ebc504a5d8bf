package conversion

import (
	"context"
	"fmt"
	"time"

	"github.com/waypost/waypost/domain"
	"github.com/waypost/waypost/domain/account"
	"github.com/waypost/waypost/domain/errs"
	"github.com/waypost/waypost/domain/field"
	"github.com/waypost/waypost/domain/money"
)

// RateSource says where an exchange rate comes from.
type RateSource string

// The sources.
const (
	RateManual RateSource = "manual"
	RateFeed   RateSource = "feed"
)

// Rate is one stored exchange rate: 1 Base = Rate Quote on that day (UTC). It says nothing about the other direction.
type Rate struct {
	Date        time.Time
	Base, Quote money.Currency
	Rate        money.Rate
	Source      RateSource
}

// Rates are the exchange rates that a batch may need.
type Rates []Rate

// maxRateAge is how old a stored rate may be to be used (contract section 3).
const maxRateAge = 7 * 24 * time.Hour

const day = 24 * time.Hour

// On gives the newest rate of that day or the 7 before it; 1 where both currencies are the same. Only the stored
// direction counts: the inverse of the other one would be rounded, and nobody has set it.
func (rs Rates) On(base, quote money.Currency, at time.Time) (money.Rate, bool) {
	if base == quote {
		return money.RateFromInt(1), true
	}
	today := at.UTC().Truncate(day)
	var best *Rate
	for i, r := range rs {
		if r.Base == base && r.Quote == quote && !r.Date.After(today) && today.Sub(r.Date) <= maxRateAge &&
			(best == nil || r.Date.After(best.Date)) {
			best = &rs[i]
		}
	}
	if best == nil {
		return money.Rate{}, false
	}
	return best.Rate, true
}

// OnOrAfter is On; where there is none, the first rate of the 7 days after that day, as far as they have begun by now. It
// is for what waits: a rate that is entered after midnight settles the evening before.
func (rs Rates) OnOrAfter(base, quote money.Currency, at, now time.Time) (money.Rate, bool) {
	if rate, known := rs.On(base, quote, at); known {
		return rate, true
	}
	first, last := at.UTC().Truncate(day), now.UTC().Truncate(day)
	var best *Rate
	for i, r := range rs {
		if r.Base == base && r.Quote == quote && r.Date.After(first) && r.Date.Sub(first) <= maxRateAge && !r.Date.After(last) &&
			(best == nil || r.Date.Before(best.Date)) {
			best = &rs[i]
		}
	}
	if best == nil {
		return money.Rate{}, false
	}
	return best.Rate, true
}

// RateFilter narrows a list of exchange rates; zero fields do not.
type RateFilter struct {
	From, To    time.Time // of this day or later; before this time
	Base, Quote money.Currency
}

// ListRates gives exchange rates, newest day first.
func (s *Service) ListRates(ctx context.Context, actor account.Actor, f RateFilter, p domain.Page) (domain.Slice[Rate], error) {
	if err := actor.Require(account.PermissionReadMoney); err != nil {
		return domain.Slice[Rate]{}, err
	}
	if !actor.Scope().Network() {
		return domain.Slice[Rate]{}, errs.Forbidden("forbidden", "exchange rates are the network's affair")
	}
	return s.d.Store.ListRates(ctx, f, p)
}

// applyWithin is how long a saved rate keeps its sender waiting for the conversions that waited for it. Those that are
// left, or fail, are the periodic job's.
const applyWithin = 10 * time.Second

// PutRate sets the rate of a day, in place of the one it has, and computes the conversions that waited for it. Those
// that were computed before keep the rate that they were computed with.
func (s *Service) PutRate(ctx context.Context, actor account.Actor, r Rate) (Rate, error) {
	if err := actor.Require(account.PermissionManageMoney); err != nil {
		return Rate{}, err
	}
	now := s.d.Clock()
	if err := r.check(now); err != nil {
		return Rate{}, err
	}
	err := s.d.Tx.InTx(ctx, func(ctx context.Context) error {
		before, err := s.d.Store.PutRate(ctx, r)
		if err != nil {
			return err
		}
		type state struct {
			Rate   money.Rate `json:"rate"`
			Source RateSource `json:"source"`
		}
		var was any
		if before != nil {
			was = state{before.Rate, before.Source}
		}
		name := fmt.Sprintf("%s %s/%s", r.Date.Format(time.DateOnly), r.Base, r.Quote)
		entry, err := actor.Audit(now, "exchange_rate.put", "exchange_rate", name, was, state{r.Rate, r.Source})
		if err != nil {
			return err
		}
		return s.d.Audit.Record(ctx, entry)
	})
	if err != nil {
		return Rate{}, fmt.Errorf("put exchange rate: %w", err)
	}
	within, cancel := context.WithTimeout(ctx, applyWithin)
	defer cancel()
	_, _ = s.ApplyRates(within) // the rate is saved; what fails here is tried and told by the periodic job
	return r, nil
}

// check brings r into its stored form and finds all that is wrong with it.
func (r *Rate) check(now time.Time) error {
	var c field.Checks
	var err error
	r.Date = r.Date.UTC().Truncate(day)
	if r.Date.After(now.UTC().Truncate(day).Add(day)) {
		err = errs.Invalid("date_in_future", "a rate can be set until tomorrow (UTC)")
	}
	c.Add("body.date", err)
	r.Base, err = money.ParseCurrency(string(r.Base))
	c.Add("body.base", err)
	r.Quote, err = money.ParseCurrency(string(r.Quote))
	if err == nil && r.Quote == r.Base {
		err = errs.Invalid("same_currency", "must be another currency than base")
	}
	c.Add("body.quote", err)
	err = nil
	if r.Rate.Sign() <= 0 {
		err = errs.Invalid("invalid_rate", "must be greater than 0")
	}
	c.Add("body.rate", err)
	r.Source, err = field.Choice(r.Source, RateManual, RateFeed)
	c.Add("body.source", err)
	return c.Err()
}
