package conversion

import (
	"strconv"
	"strings"
	"time"

	"github.com/waypost/waypost/domain/advertiser"
	"github.com/waypost/waypost/domain/click"
	"github.com/waypost/waypost/domain/errs"
	"github.com/waypost/waypost/domain/money"
	"github.com/waypost/waypost/domain/offer"
)

// maxClickWait is how long a click's row may be on its way; a click that is older and absent was never stored.
const maxClickWait = 24 * time.Hour

// Facts are what is stored about a call's click. Click is nil where its row is absent, Offer and Advertiser where they
// are.
type Facts struct {
	Click      *click.Click
	Offer      *offer.Offer
	Advertiser *advertiser.Advertiser
	Rates      Rates

	AffiliateGone bool // deleted since the click
}

// Draft is a call that passed every check which does not depend on an earlier conversion.
type Draft struct {
	Call    Call
	Sent    Sent
	Click   click.Click
	Offer   offer.Offer
	Goal    offer.Goal
	Key     string // dedupe key
	Status  Status // as sent, mapped; empty where the call names none
	Amounts Amounts
	Rate    money.Rate // from the call's currency to the offer's; 0 while there is none
	Earning Earning    // zero while there is no rate

	// NotNew says why the call may not make a new conversion, although it may repeat one.
	NotNew *errs.Error
}

// Identify gives the id of the click that a call means.
func Identify(s Sent, signer *click.Signer, now time.Time) (click.ID, *errs.Error) {
	if s.ClickID == "" {
		return click.ID{}, errs.Invalid("missing_clickid", "clickid is missing; send the click id that the visitor's link was filled with; a pixel that has none sends offer_id, which tells the clicks of its visitor apart")
	}
	id, err := signer.Parse(s.ClickID, now)
	if err != nil {
		e, _ := errs.As(err)
		return click.ID{}, e
	}
	return id, nil
}

// Decide checks a call against what is stored, in the contract's order; the first failure is the answer.
func Decide(c Call, s Sent, f Facts) (Draft, *errs.Error) {
	if f.Advertiser == nil {
		return Draft{}, errs.Conflict("click_not_valid", "the click belongs to no offer of an advertiser (%s)", f.Click.Reason)
	}
	if err := Authenticate(*f.Advertiser, c, s); err != nil {
		return Draft{}, err
	}
	if f.Offer == nil {
		return Draft{}, errs.Conflict("offer_inactive", "the click's offer was deleted")
	}
	if f.AffiliateGone {
		return Draft{}, errs.Conflict("click_not_valid", "the click's affiliate was deleted")
	}
	d := Draft{Call: c, Sent: s, Click: *f.Click, Offer: *f.Offer}
	var err *errs.Error
	if d.Goal, err = findGoal(*f.Offer, s.Goal); err != nil {
		return Draft{}, err
	}
	if d.Amounts, err = parseAmounts(s); err != nil {
		return Draft{}, err
	}
	if s.Status != "" {
		var known bool
		if d.Status, known = StatusOf(s.Status, f.Advertiser.StatusMap, s.StatusLists); !known {
			return Draft{}, errs.Invalid("invalid_status", "the status %q means nothing here; send approved, pending, hold, rejected or trash, or map it", cut(s.Status, 64))
		}
	}
	if len(s.TxID) > maxValue {
		return Draft{}, errs.Invalid("invalid_txid", "txid has %d bytes; at most %d are kept, and cutting it might join two orders", len(s.TxID), maxValue)
	}
	if d.Amounts.Currency == "" {
		d.Amounts.Currency = d.Offer.Currency
	}
	var known bool
	if d.Rate, known = f.Rates.On(d.Amounts.Currency, d.Offer.Currency, c.ReceivedAt); known {
		earning, err := Earn(d.Goal, f.Advertiser.OverridePercent, d.Offer.Currency, d.Amounts, d.Rate)
		if err != nil {
			return Draft{}, errs.Invalid("amount_overflow", "the amounts are too large").Because(err)
		}
		d.Earning = earning
	}
	d.Key = DedupeKey(f.Advertiser.ID, d.Goal, s.TxID, d.Click.ID, c.ID, s.Test)
	d.NotNew = mayConvert(d.Click, d.Offer, c.ReceivedAt)
	return d, nil
}

// findGoal finds what a call calls the goal: all digits are its id, anything else its alias, nothing the default.
func findGoal(o offer.Offer, name string) (offer.Goal, *errs.Error) {
	match := func(g offer.Goal) bool { return g.Alias == name }
	if name == "" {
		match = func(g offer.Goal) bool { return g.IsDefault }
	} else if strings.Trim(name, "0123456789") == "" {
		id, err := strconv.ParseInt(name, 10, 64)
		match = func(g offer.Goal) bool { return err == nil && g.ID == offer.GoalID(id) }
	}
	for _, g := range o.Goals {
		if match(g) {
			return g, nil
		}
	}
	return offer.Goal{}, errs.NotFound("goal_not_found", "the click's offer has no goal %q", cut(name, 64))
}

// mayConvert tells whether a click can still make a conversion at that time. A pause of the offer after the click never
// costs a sale.
func mayConvert(c click.Click, o offer.Offer, at time.Time) *errs.Error {
	age := at.Sub(c.CreatedAt())
	switch {
	case !c.Valid():
		return errs.Conflict("click_not_valid", "the click had been refused (%s)", c.Reason)
	case o.Status == offer.StatusDraft || o.Status == offer.StatusExpired:
		return errs.Conflict("offer_inactive", "the click's offer is %s", o.Status)
	case age > time.Duration(o.WindowDays)*24*time.Hour:
		return errs.Conflict("outside_window", "the click is older than the offer's window of %d days", o.WindowDays)
	case age < time.Duration(o.MinSeconds)*time.Second:
		return errs.Conflict("too_fast", "the conversion came sooner than %d s after its click", o.MinSeconds)
	}
	return nil
}
