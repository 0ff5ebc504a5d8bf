package demo

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/waypost/waypost/domain/advertiser"
	"github.com/waypost/waypost/domain/affiliate"
	"github.com/waypost/waypost/domain/conversion"
	"github.com/waypost/waypost/domain/money"
	"github.com/waypost/waypost/domain/offer"
	"github.com/waypost/waypost/domain/postback"
)

// planRates plans the exchange rates, each morning; they wander by up to half a percent a day.
func (w *world) planRates() {
	millionths := []struct {
		base, quote money.Currency
		rate        int64
	}{{"EUR", "USD", 1_084_000}, {"GBP", "USD", 1_271_000}, {"CAD", "USD", 724_000}, {"USD", "EUR", 922_500}, {"USD", "JPY", 151_300_000}}
	for day := w.start; day.Before(w.Now); day = day.AddDate(0, 0, 1) {
		for i := range millionths {
			m := &millionths[i]
			m.rate += m.rate * (w.draw.Int64N(101) - 50) / 10_000
			r := conversion.Rate{Date: day, Base: m.base, Quote: m.quote, Source: conversion.RateFeed,
				Rate: money.MustRate(fmt.Sprintf("%d.%06d", m.rate/1_000_000, m.rate%1_000_000))}
			w.plan(day.Add(time.Duration(i+1)*time.Second), func(ctx context.Context) error {
				_, err := w.Conversions.PutRate(ctx, w.finance, r)
				return err
			})
		}
	}
}

// planNights plans what companies decide about their pending sales: their systems at night, their people in the morning.
func (w *world) planNights() {
	for day := w.start; day.Before(w.Now); day = day.AddDate(0, 0, 1) {
		for i, c := range w.companies {
			at := day.Add(2*time.Hour + time.Duration(10+7*i)*time.Minute)
			if c.decides {
				at = day.Add(8*time.Hour + 40*time.Minute)
			}
			w.plan(at, func(ctx context.Context) error { return w.night(ctx, c) })
		}
	}
}

// decideAfter is how old a sale is when its company decides about it.
const decideAfter = 44 * time.Hour

func (w *world) night(ctx context.Context, c *company) error {
	now := w.Clock.Now()
	var ripe []sale
	c.undecided = slices.DeleteFunc(c.undecided, func(s sale) bool {
		if now.Sub(s.at) < decideAfter {
			return false
		}
		ripe = append(ripe, s)
		return true
	})
	var good, bad []sale
	for _, s := range ripe {
		if w.draw.IntN(7) == 0 {
			bad = append(bad, s)
		} else {
			good = append(good, s)
		}
	}
	if !c.decides {
		if err := w.decide(ctx, c, good, approved); err != nil {
			return err
		}
		w.settled = append(w.settled, good...)
		return w.decide(ctx, c, bad, "rejected")
	}
	for _, s := range good {
		if err := w.edit(ctx, s, conversion.StatusApproved, ""); err != nil {
			return err
		}
		w.Clock.set(w.Clock.Now().Add(time.Duration(3+w.draw.IntN(20)) * time.Second))
	}
	w.settled = append(w.settled, good...)
	reasons := []string{"goods were returned", "payment failed", "customer was known already", "order was cancelled"}
	for _, s := range bad {
		if err := w.edit(ctx, s, conversion.StatusRejected, pick(w, reasons)); err != nil {
			return err
		}
		w.Clock.set(w.Clock.Now().Add(time.Duration(20+w.draw.IntN(60)) * time.Second))
	}
	return nil
}

// planEvents plans what the network's people do.
func (w *world) planEvents() {
	at := func(share float64, do func(ctx context.Context) error) { w.plan(w.share(share), do) }
	at(0.03, func(ctx context.Context) error { return w.ask(ctx, w.partner("quoterunner"), w.product("car")) })
	at(0.03, func(ctx context.Context) error { return w.ask(ctx, w.partner("quoterunner"), w.product("home")) })
	at(0.05, func(ctx context.Context) error {
		return w.ask(ctx, w.partner("sellerschool"), w.product("marketplace"))
	})
	at(0.06, func(ctx context.Context) error {
		return w.answer(ctx, w.partner("quoterunner"), w.product("car"), offer.AccessApproved)
	})
	at(0.06, func(ctx context.Context) error {
		return w.answer(ctx, w.partner("quoterunner"), w.product("home"), offer.AccessRejected)
	})
	at(0.30, func(ctx context.Context) error { return w.partnerBecomes(ctx, "bargainburst", affiliate.StatusBlocked) })
	at(0.70, func(ctx context.Context) error { return w.partnerBecomes(ctx, "clicktide", affiliate.StatusPaused) })
	at(0.60, func(ctx context.Context) error { return w.productBecomes(ctx, "winter", offer.StatusExpired) })
	at(0.92, func(ctx context.Context) error { return w.productBecomes(ctx, "power", offer.StatusPaused) })
	at(0.80, func(ctx context.Context) error { return w.companyBecomes(ctx, "fjord", advertiser.StatusPaused) })
	at(0.50, w.unknownGiftCards)
	for _, share := range []float64{0.35, 0.55, 0.65, 0.78, 0.88} {
		at(share, w.correct)
	}
	for i, share := range []float64{0.45, 0.62, 0.84} {
		at(share, func(ctx context.Context) error { return w.byHand(ctx, i) })
	}
	at(0.88, w.pausePostback)
}

func (w *world) partnerBecomes(ctx context.Context, slug string, status affiliate.Status) error {
	p := w.partner(slug)
	after, _, err := w.Affiliates.Update(ctx, w.manager, p.ID, func(a *affiliate.Affiliate) { a.Status = status })
	p.Affiliate, w.routes = after, nil
	return err
}

func (w *world) productBecomes(ctx context.Context, key string, status offer.Status) error {
	p := w.product(key)
	after, _, err := w.Offers.Update(ctx, w.manager, p.ID, func(o *offer.Offer) { o.Status = status })
	p.Offer, w.routes = after, nil
	return err
}

func (w *world) companyBecomes(ctx context.Context, key string, status advertiser.Status) error {
	c := w.company(key)
	after, _, err := w.Advertisers.Update(ctx, w.manager, c.ID, func(a *advertiser.Advertiser) { a.Status = status })
	c.Advertiser, w.routes = after, nil
	return err
}

// unknownGiftCards: a shop reports a goal that nobody set up; the manager adds it and replays the refused calls.
func (w *world) unknownGiftCards(ctx context.Context) error {
	shop, c := w.product("shop"), w.company("northwind")
	var calls []conversion.Call
	for i, s := range w.salesOf("northwind", 2) {
		calls = append(calls, w.compose(c, pair{"clickid", s.click}, pair{"goal", "giftcard"}, pair{"txid", fmt.Sprintf("gift-%d", 500+i)}, pair{"val", "50.00"}))
	}
	if _, err := w.record(ctx, calls...); err != nil {
		return err
	}
	w.plan(w.Clock.Now().Add(5*time.Hour), func(ctx context.Context) error {
		_, _, err := w.Offers.CreateGoal(ctx, w.manager, shop.ID, offer.Goal{Alias: "giftcard", Name: "Gift card", Payout: fixed("2.50"), Revenue: fixed("3.50"),
			InitialStatus: approved, Dedupe: offer.DedupeTxID})
		if err != nil {
			return err
		}
		w.changed = true
		for _, call := range calls {
			r, err := w.Conversions.Replay(ctx, w.manager, call.ID)
			if err != nil {
				return err
			}
			if r.Status == conversion.OutcomeRecorded {
				w.sum.Conversions++
				w.sum.Refusals--
			}
		}
		return nil
	})
	return nil
}

// correct has the manager mend the amounts of an approved sale.
func (w *world) correct(ctx context.Context) error {
	for _, s := range w.salesOf("", 1) {
		c, err := w.Conversions.Get(ctx, w.manager, s.id)
		if err != nil || c.Status != conversion.StatusApproved {
			return err
		}
		currency := c.Commission.Currency()
		// A tenth more for the affiliate, and as much more from the advertiser.
		more := c.Commission.Minor() / 10
		commission, revenue := money.MustRate(units(c.Commission.Minor()+more, currency)), money.MustRate(units(c.Revenue.Minor()+more, currency))
		_, err = w.Conversions.Edit(ctx, w.manager, s.id, conversion.EditInput{Commission: &commission, Revenue: &revenue,
			Reason: "bonus agreed for the campaign"})
		if err != nil {
			return err
		}
	}
	return nil
}

// byHand has the manager make a sale that was told by telephone.
func (w *world) byHand(ctx context.Context, i int) error {
	val := money.MustRate(units(8900+1500*int64(i), "USD"))
	product, p := w.product("shop"), w.partner("trailandtent")
	if i == 1 {
		product, p = w.product("club"), w.partner("mediacove")
	}
	in := conversion.MakeInput{OfferID: product.ID, AffiliateID: p.ID, Amounts: conversion.Amounts{Val: &val}, TxID: fmt.Sprintf("phone-%d", 71+i),
		Status: conversion.StatusApproved, Note: "ordered by telephone, code read out by the customer"}
	if product.key == "club" {
		ten := money.MustRate("10")
		in.Amounts.ComPerc = &ten
	}
	w.changed = true
	w.sum.Conversions++
	w.sum.Clicks++
	_, _, err := w.Conversions.Make(ctx, w.manager, in)
	return err
}

// pausePostback has an affiliate pause the postback of a tracker that answers 404: what waits is set aside.
func (w *world) pausePostback(ctx context.Context) error {
	p := w.partner("approcket")
	_, _, err := w.Postbacks.Update(ctx, w.partnerUsers[p.slug], p.hook, func(h *postback.Postback) { h.Active = false })
	w.waiting = slices.DeleteFunc(w.waiting, func(o *owed) bool { return o.Delivery.PostbackID == p.hook })
	return err
}

// salesOf are some approved sales of a company of the last days, newest first; of any where none is named.
func (w *world) salesOf(key string, most int) []sale {
	var found []sale
	for _, s := range slices.Backward(w.settled) {
		if len(found) == most {
			break
		}
		if key == "" && s.company.key != "sakura" || s.company.key == key {
			found = append(found, s)
		}
	}
	return found
}
