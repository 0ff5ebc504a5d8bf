package conversion

import (
	"slices"
	"time"

	"github.com/waypost/waypost/domain/errs"
	"github.com/waypost/waypost/domain/money"
	"github.com/waypost/waypost/domain/offer"
)

// Apply is the answer to a draft whose key belongs to the conversion current, or to none yet (nil). next is the
// conversion as it is afterwards, nil where nothing changes; a new one carries the id newID.
func (d Draft) Apply(current *Conversion, newID ID) (result Result, next *Conversion) {
	if current == nil {
		result, next = d.create(newID)
	} else {
		result, next = d.repeat(*current)
	}
	if result.Status == OutcomeRefused {
		if current != nil { // a move that is not allowed still tells which conversion stands where
			result.ConversionID, result.ConversionStatus = current.ID, current.Status
		}
		return result, nil
	}
	result.Warnings = append(slices.Clone(d.Sent.Warnings), result.Warnings...)
	result.Ignored = d.Earning.Ignored
	shown := current
	if next != nil {
		shown = next
	}
	result.ConversionID, result.ConversionStatus = shown.ID, shown.Status
	return result, next
}

func (d Draft) create(id ID) (Result, *Conversion) {
	if d.NotNew != nil {
		return refused(d.NotNew), nil
	}
	at := id.Time()
	c := &Conversion{
		ID: id, ClickID: d.Click.ID, DedupeKey: d.Key, TxID: d.Sent.TxID, OfferID: d.Offer.ID, GoalID: d.Goal.ID,
		AffiliateID: d.Click.AffiliateID, AdvertiserID: d.Click.AdvertiserID, Test: d.Sent.Test, Params: d.Sent.Params,
		ClickedAt: d.Click.CreatedAt(), CreatedAt: at, UpdatedAt: at, StatusAt: at,
	}
	c.take(initialStatus(d.Goal, d.Status), d.Goal)
	d.overwrite(c)
	result := accepted(OutcomeRecorded, "the conversion is recorded")
	result.Warnings = earned(c)
	return result, c
}

// repeat decides a call whose key is taken. Only the modes update and add touch amounts, only a call that names a
// status touches the status, and neither status nor amounts give way to a call that arrived before they were set: one
// that is decided late (from the spool, after a wait for its click, replayed) does not undo what came after it.
func (d Draft) repeat(current Conversion) (Result, *Conversion) {
	next := current
	next.UpdatedAt = later(current.UpdatedAt, d.Call.ReceivedAt)
	var warnings []string
	if d.Status != "" {
		target := targetStatus(d.Goal, current, d.Status, d.Call.ReceivedAt)
		switch from := current.settled(); {
		case target == from:
		case d.Call.ReceivedAt.Before(current.StatusAt):
			warnings = append(warnings, warnOlder)
		case !CanMove(from, target):
			return refused(notAllowed(from, target)), nil
		default:
			next.take(target, d.Goal)
			next.StatusAt = d.Call.ReceivedAt
		}
	}
	moved := next.settled() != current.settled()
	older := d.Goal.Dedupe == offer.DedupeUpdate && d.Amounts.Sent() && d.Call.ReceivedAt.Before(current.AmountsAt)
	changes := !older && d.Amounts.Sent() && (d.Goal.Dedupe == offer.DedupeUpdate || d.Goal.Dedupe == offer.DedupeAdd)
	switch {
	case older:
		warnings = append(warnings, warnOlderAmounts)
	case changes && d.Goal.Dedupe == offer.DedupeUpdate:
		d.overwrite(&next)
		warnings = append(warnings, earned(&next)...)
	case changes:
		if err := d.add(&next); err != nil {
			return refused(err), nil
		}
		warnings = append(warnings, earned(&next)...)
	case d.amountsDiffer(current):
		warnings = append(warnings, warnAmountsDiffer)
	}
	if !moved && !changes {
		r := accepted(OutcomeDuplicate, "this conversion is known already; nothing was changed")
		r.Warnings = warnings
		return r, nil
	}
	result := accepted(OutcomeUpdated, "the conversion is updated")
	result.Warnings = warnings
	if !moved && sameAmounts(current, next) && next.AmountsAt.Equal(current.AmountsAt) {
		return result, nil // the same figures once more: answered alike, but nothing is written
	}
	return result, &next
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// overwrite gives the conversion the call's amounts. Without an exchange rate they are unknown: it waits.
func (d Draft) overwrite(c *Conversion) {
	status := c.settled()
	c.OriginalVal, c.OriginalCurrency, c.ExchangeRate = value(d.Amounts.Val), d.Amounts.Currency, d.Rate
	c.Params.Com, c.Params.ComPerc, c.Params.Payout = text(d.Amounts.Com), text(d.Amounts.ComPerc), text(d.Amounts.Payout)
	c.Val, c.Commission, c.Revenue = d.Earning.Val, d.Earning.Commission, d.Earning.Revenue
	c.AmountsAt = later(c.AmountsAt, d.Call.ReceivedAt)
	c.Status, c.AwaitingRate = status, ""
	if d.Rate.IsZero() {
		c.Status, c.AwaitingRate = whileAwaiting(status), status
		c.Commission, c.Revenue = money.Zero(d.Offer.Currency), money.Zero(d.Offer.Currency)
	}
}

// add adds the call's amounts to the conversion's. An unknown sum cannot wait for its rate, so the call is refused and
// can be replayed.
func (d Draft) add(c *Conversion) *errs.Error {
	if d.Rate.IsZero() || c.AwaitingRate != "" {
		return errs.Conflict("no_rate", "there is no exchange rate from %s to %s to add these amounts; replay the call when there is one", d.Amounts.Currency, d.Offer.Currency)
	}
	var err error
	if c.Commission, err = single(c.Commission.Add(d.Earning.Commission)); err == nil {
		c.Revenue, err = single(c.Revenue.Add(d.Earning.Revenue))
	}
	if err != nil {
		return errs.Invalid("amount_overflow", "the amounts cannot be added to the conversion's").Because(err)
	}
	c.Val, c.AmountsAt = c.Val.Add(d.Earning.Val), later(c.AmountsAt, d.Call.ReceivedAt)
	if c.OriginalCurrency == d.Amounts.Currency {
		c.OriginalVal = c.OriginalVal.Add(value(d.Amounts.Val))
	} else { // a sum over currencies has no original: it is kept in the offer's
		c.OriginalVal, c.OriginalCurrency, c.ExchangeRate = c.Val, d.Offer.Currency, money.RateFromInt(1)
	}
	return nil
}

// amountsDiffer compares what the call sent with what the conversion was made of, not the results: a rule or rate that
// changed meanwhile does not make a retry look different.
func (d Draft) amountsDiffer(c Conversion) bool {
	differs := func(sent *money.Rate, stored string) bool { return sent != nil && sent.String() != stored }
	return d.Amounts.Sent() && (d.Amounts.Currency != c.OriginalCurrency ||
		differs(d.Amounts.Val, c.OriginalVal.String()) || differs(d.Amounts.Com, c.Params.Com) ||
		differs(d.Amounts.ComPerc, c.Params.ComPerc) || differs(d.Amounts.Payout, c.Params.Payout))
}

func sameAmounts(a, b Conversion) bool {
	return a.Val.Equal(b.Val) && a.Commission == b.Commission && a.Revenue == b.Revenue && a.AwaitingRate == b.AwaitingRate &&
		a.OriginalVal.Equal(b.OriginalVal) && a.OriginalCurrency == b.OriginalCurrency && a.ExchangeRate.Equal(b.ExchangeRate) &&
		a.Params.Com == b.Params.Com && a.Params.ComPerc == b.Params.ComPerc && a.Params.Payout == b.Params.Payout
}

// earned gives the warnings that a conversion's amounts deserve.
func earned(c *Conversion) []string {
	switch {
	case c.AwaitingRate != "":
		return []string{warnNoRate}
	case c.Commission.IsZero():
		return []string{warnZeroCommission}
	}
	return nil
}
