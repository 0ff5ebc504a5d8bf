package conversion

import (
	"github.com/waypost/waypost/domain/errs"
	"github.com/waypost/waypost/domain/money"
	"github.com/waypost/waypost/domain/offer"
)

// Amounts are the numbers that a call sent, in its own currency. A nil one was not sent, which differs from 0.
type Amounts struct {
	Val      *money.Rate // nil counts as 0
	Com      *money.Rate
	ComPerc  *money.Rate
	Payout   *money.Rate
	Currency money.Currency // empty = the offer's
}

// Sent tells whether the call sent any amount.
func (a Amounts) Sent() bool {
	return a.Val != nil || a.Com != nil || a.ComPerc != nil || a.Payout != nil
}

var hundred = money.RateFromInt(100)

// parseAmounts reads the numbers in the contract's order of checks.
func parseAmounts(s Sent) (Amounts, *errs.Error) {
	var a Amounts
	for _, n := range [...]struct {
		name, text string
		into       **money.Rate
	}{{"val", s.Val, &a.Val}, {"com", s.Com, &a.Com}, {"comperc", s.ComPerc, &a.ComPerc}, {"payout", s.Payout, &a.Payout}} {
		if n.text == "" {
			continue
		}
		r, ok := money.ParseSent(n.text)
		if !ok {
			// Without the value: affiliates read this too, and what the advertiser pays is not theirs to know.
			return Amounts{}, errs.Invalid("invalid_"+n.name,
				"%s must be a plain decimal such as 12.34, without sign, exponent or thousands separator", n.name)
		}
		if n.name == "comperc" && r.Cmp(hundred) > 0 {
			return Amounts{}, errs.Invalid("invalid_comperc", "comperc must lie between 0 and 100")
		}
		*n.into = &r
	}
	if s.Currency != "" {
		c, err := money.ParseCurrency(s.Currency)
		if err != nil {
			return Amounts{}, errs.Invalid("invalid_currency", "currency must be an ISO 4217 code in use, such as USD")
		}
		a.Currency = c
	}
	return a, nil
}

// Earning is what a conversion is worth, in the offer's currency.
type Earning struct {
	Val        money.Rate // exact
	Commission money.Amount
	Revenue    money.Amount
	Ignored    []string // amounts that were sent and that the goal's rules do not ask for
}

// Earn computes commission and revenue by the goal's rules (contract section 3, Commission math): exact decimals,
// converted unrounded at rate, each result rounded once. override is the advertiser's override_percent. An amount that
// does not fit, or is above maxMinor, is the error amount_overflow.
func Earn(g offer.Goal, override money.Rate, currency money.Currency, a Amounts, rate money.Rate) (Earning, error) {
	e := Earning{Val: value(a.Val).Mul(rate)}
	commission := byRule(g.Payout, e.Val)
	if g.Payout.Model == offer.ModelPostback {
		switch {
		case value(a.Com).Sign() > 0:
			commission = a.Com.Mul(rate)
		case a.ComPerc != nil:
			commission = e.Val.Percent(*a.ComPerc)
		}
	} else {
		e.ignore("com", a.Com)
		e.ignore("comperc", a.ComPerc)
	}
	var err error
	if e.Commission, err = single(commission.Round(currency)); err != nil {
		return Earning{}, err
	}
	revenue := byRule(g.Revenue, e.Val)
	if g.Revenue.Model == offer.ModelPostback {
		revenue = e.Commission.Rate().Add(e.Commission.Rate().Percent(override))
		if a.Payout != nil {
			revenue = a.Payout.Mul(rate)
		}
	} else {
		e.ignore("payout", a.Payout)
	}
	if e.Revenue, err = single(revenue.Round(currency)); err != nil {
		return Earning{}, err
	}
	return e, nil
}

// maxMinor is the most that one conversion earns or costs, in minor units: so much that no sale comes near it, so little
// that thousands of them fit into a balance.
const maxMinor = 1_000_000_000_000_000

// single refuses an amount that is too large for one conversion.
func single(a money.Amount, err error) (money.Amount, error) {
	if err == nil && (a.Minor() > maxMinor || a.Minor() < -maxMinor) {
		return money.Zero(a.Currency()), errs.Invalid("amount_overflow", "the amount is too large: one conversion has at most %s %s", money.NewAmount(maxMinor, a.Currency()), a.Currency())
	}
	return a, err
}

// byRule is what the rule's own figures give: amount + val × percent / 100, as far as its model has them.
func byRule(r offer.Rule, val money.Rate) money.Rate {
	var sum money.Rate
	if r.Model != offer.ModelPercent {
		sum = value(r.Amount)
	}
	if r.Model != offer.ModelFixed {
		sum = sum.Add(val.Percent(value(r.Percent)))
	}
	return sum
}

func (e *Earning) ignore(name string, sent *money.Rate) {
	if sent != nil {
		e.Ignored = append(e.Ignored, name)
	}
}

func value(r *money.Rate) money.Rate {
	if r == nil {
		return money.Rate{}
	}
	return *r
}

// text is the canonical decimal of what was sent; empty where nothing was.
func text(r *money.Rate) string {
	if r == nil {
		return ""
	}
	return r.String()
}
