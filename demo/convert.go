package demo

import (
	"context"
	"fmt"
	"time"

	"github.com/waypost/waypost/domain/conversion"
	"github.com/waypost/waypost/domain/money"
	"github.com/waypost/waypost/domain/offer"
)

// convert reports a conversion now, and plans what may follow: the same call again, an end of its hold, a decision, a
// refund, a changed basket.
func (w *world) convert(ctx context.Context, product *product, s step, clickID string) error {
	c := w.companyOf(product)
	goal := product.Goals[0]
	for _, g := range product.Goals {
		if g.Alias == s.goal {
			goal = g
		}
	}
	w.orders += 1 + w.draw.IntN(5)
	pairs := []pair{{"clickid", clickID}, {"goal", s.goal}}
	txid := ""
	if !s.noTxID {
		txid = fmt.Sprintf("%s-%d", c.key[:2], w.orders)
		pairs = append(pairs, pair{"txid", txid})
	}
	pairs = append(pairs, pair{"status", s.status})
	if s.high > 0 {
		pairs = append(pairs, w.price(product, s)...)
	}
	pairs = append(pairs, pair{"com", s.com}, pair{"comperc", s.comperc}, pair{"payout", s.payout})
	call := w.compose(c, pairs...)
	results, err := w.record(ctx, call)
	if err != nil || results[0].Status != conversion.OutcomeRecorded {
		return err // outside the window, or its offer ended: that happens
	}
	r := results[0]
	one := sale{id: r.ConversionID, click: clickID, goal: s.goal, txid: txid, company: c, at: w.Clock.Now()}
	soon := func(low, high int) time.Time { // minutes
		return one.at.Add(time.Duration(60*low+w.draw.IntN(60*(high-low))) * time.Second)
	}
	switch r.ConversionStatus {
	case conversion.StatusPending:
		c.undecided = append(c.undecided, one)
	case conversion.StatusHold:
		w.plan(one.at.Add(time.Duration(goal.HoldDays)*24*time.Hour+time.Second), func(ctx context.Context) error {
			ended, err := w.Conversions.EndHolds(ctx)
			w.changed = w.changed || ended > 0
			return err
		})
		if w.draw.IntN(8) == 0 {
			w.plan(soon(240, 2400), func(ctx context.Context) error {
				return w.edit(ctx, one, conversion.StatusRejected, "same device as three other leads")
			})
		}
	case conversion.StatusApproved:
		w.settled = append(w.settled, one)
		if goal.Dedupe == offer.DedupeTxID && txid != "" && w.draw.IntN(40) == 0 {
			w.plan(soon(1500, 8000), func(ctx context.Context) error { return w.decide(ctx, c, []sale{one}, "rejected") })
		}
	}
	switch {
	case goal.Dedupe == offer.DedupeTxID && w.draw.IntN(20) == 0, goal.Dedupe == offer.DedupeClick && w.draw.IntN(15) == 0:
		w.plan(soon(1, 30), func(ctx context.Context) error { return w.again(ctx, c, pairs) })
	case goal.Dedupe == offer.DedupeUpdate && w.draw.IntN(4) == 0, goal.Dedupe == offer.DedupeAdd && w.draw.IntN(2) == 0:
		w.plan(soon(200, 3000), func(ctx context.Context) error {
			next := append([]pair{{"clickid", clickID}, {"goal", s.goal}, {"txid", txid}, {"comperc", s.comperc}}, w.price(product, s)...)
			return w.again(ctx, c, next)
		})
	}
	return nil
}

// price is the value of a sale; a part of the customers pay in another currency.
func (w *world) price(product *product, s step) []pair {
	value := s.low + w.draw.Int64N(s.high-s.low)
	currency := product.Currency
	if len(s.foreign) > 0 && (s.onlyForeign || w.draw.IntN(5) == 0) {
		currency = money.Currency(pick(w, s.foreign))
		value = value * abroad[pairOf{product.Currency, currency}] / 100
	}
	pairs := []pair{{"val", units(value, currency)}}
	if currency != product.Currency {
		pairs = append(pairs, pair{"currency", string(currency)})
	}
	return pairs
}

type pairOf struct{ of, in money.Currency }

// abroad is what 100 minor units of one currency are worth in another, roughly.
var abroad = map[pairOf]int64{{"USD", "EUR"}: 92, {"USD", "GBP"}: 79, {"USD", "CAD"}: 138, {"EUR", "USD"}: 108, {"JPY", "USD"}: 66, {"EUR", "BRL"}: 620}

// again sends a call a second time.
func (w *world) again(ctx context.Context, c *company, pairs []pair) error {
	_, err := w.record(ctx, w.compose(c, pairs...))
	return err
}

// decide reports a company's decision on sales, all at once.
func (w *world) decide(ctx context.Context, c *company, sales []sale, status string) error {
	calls := make([]conversion.Call, len(sales))
	for i, one := range sales {
		calls[i] = w.compose(c, pair{"clickid", one.click}, pair{"goal", one.goal}, pair{"txid", one.txid}, pair{"status", status})
	}
	_, err := w.record(ctx, calls...)
	return err
}

// edit is a decision by hand: of the company's people where they decide, else of the network's manager.
func (w *world) edit(ctx context.Context, one sale, status conversion.Status, reason string) error {
	who := w.manager
	if one.company.decides {
		who = w.companyUsers[one.company.key]
	}
	now, err := w.Conversions.Get(ctx, who, one.id)
	if err != nil || !conversion.CanMove(now.Status, status) {
		return err // the hold is over, or the system was quicker
	}
	w.changed = true
	_, err = w.Conversions.ChangeStatus(ctx, who, one.id, status, reason, true)
	return err
}
