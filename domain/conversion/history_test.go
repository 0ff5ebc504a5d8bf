package conversion_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/waypost/waypost/domain/conversion"
	"github.com/waypost/waypost/domain/errs"
	"github.com/waypost/waypost/domain/money"
	"github.com/waypost/waypost/domain/offer"
)

// history is a random life of a network: whatever happens, and in whatever order, each balance is the fold of its
// entries and the sum over the conversions that belong there.
type history struct {
	*world
	*rand.Rand
	goals  []string // of offer 1, and "" of offer 2
	calls  []conversion.Call
	ids    []conversion.ID
	counts map[string]int
}

// expected are the refusals that a random deed may meet; anything else is a fault.
var expected = map[string]bool{"status_not_allowed": true, "conversion_in_trash": true, "no_rate": true, "duplicate": true}

func (h *history) pick(of ...string) string { return of[h.IntN(len(of))] }

func (h *history) amount() string {
	return h.pick("0", "1", "0.005", "12.34", "99.99", "1000", "0.00000001", "250.125")
}

func (h *history) money() *money.Rate {
	if h.IntN(3) == 0 {
		return nil
	}
	return rate(h.pick("0", "1", "12.34", "99.99", "1000"))
}

func (h *history) done(what string, err error) {
	h.t.Helper()
	if e, ok := errs.As(err); ok && expected[e.Code] {
		h.counts[what+" "+e.Code]++
		return
	}
	h.fatalIf(err != nil, what, err)
	h.counts[what]++
}

// newCall is a call about one of a few orders, so that most of them meet another.
func (h *history) newCall() conversion.Call {
	o := offer.ID(1 + h.IntN(5)/4)
	pairs := []string{"clickid", h.click(o, h.clock().Add(-time.Hour), ""), "txid", fmt.Sprint(h.IntN(25))}
	if o == 1 {
		pairs = append(pairs, "goal", h.pick(h.goals...))
	}
	for _, name := range []string{"val", "com", "payout"} {
		if h.IntN(2) == 0 {
			pairs = append(pairs, name, h.amount())
		}
	}
	if h.IntN(3) == 0 {
		pairs = append(pairs, "comperc", h.pick("0", "7.5", "100"))
	}
	if h.IntN(3) == 0 {
		pairs = append(pairs, "currency", h.pick("USD", "EUR", "GBP", "KWD", "JPY"))
	}
	if h.IntN(2) == 0 {
		pairs = append(pairs, "status", h.pick("approved", "pending", "hold", "rejected", "trash"))
	}
	if h.IntN(10) == 0 {
		pairs = append(pairs, "test", "1")
	}
	return h.query(pairs...)
}

func (h *history) post() {
	var calls []conversion.Call
	for range 1 + h.IntN(6) {
		switch {
		case len(h.calls) > 0 && h.IntN(4) == 0: // the same call once more, or one that was late
			calls = append(calls, h.calls[h.IntN(len(h.calls))])
		default:
			h.calls = append(h.calls, h.newCall())
			if h.IntN(5) > 0 { // else it comes later
				calls = append(calls, h.calls[len(h.calls)-1])
			}
		}
	}
	for _, r := range h.s.RecordBatch(context.Background(), calls) {
		h.fatal(r.Err)
		h.counts["call "+string(r.Status)]++
		if r.Status == conversion.OutcomeRecorded {
			h.ids = append(h.ids, r.ConversionID)
		}
	}
}

func (h *history) step() {
	ctx := context.Background()
	var id conversion.ID
	if len(h.ids) > 0 {
		id = h.ids[h.IntN(len(h.ids))]
	}
	switch deed := h.IntN(10); {
	case deed < 4 || id.IsZero():
		h.post()
	case deed == 4:
		_, err := h.s.ChangeStatus(ctx, operator, id, conversion.Status(h.pick("approved", "pending", "hold", "rejected", "trash")), "", true)
		h.done("status", err)
	case deed == 5:
		in := conversion.EditInput{Val: h.money(), Commission: h.money(), Revenue: h.money()}
		if h.IntN(3) == 0 {
			in.Status = status(conversion.Status(h.pick("approved", "rejected")))
		}
		if c := h.conversion(id); c.Commission.Currency() == "JPY" { // no decimals there
			in.Commission, in.Revenue = rate("100"), nil
		}
		if in.Val != nil || in.Commission != nil || in.Revenue != nil {
			_, err := h.s.Edit(ctx, operator, id, in)
			h.done("correction", err)
		}
	case deed == 6:
		in := conversion.MakeInput{OfferID: 1, AffiliateID: 1, GoalID: offer.GoalID(1 + h.IntN(7)), TxID: fmt.Sprint(h.IntN(50)),
			Amounts: conversion.Amounts{Val: h.money(), Com: h.money(), Payout: h.money(), Currency: money.Currency(h.pick("", "EUR", "GBP"))},
			Status:  conversion.Status(h.pick("", "approved", "pending", "hold"))}
		c, _, err := h.s.Make(ctx, operator, in)
		if err == nil {
			h.ids = append(h.ids, c.ID)
		}
		h.done("by hand", err)
	case deed == 7:
		pair := [][2]string{{"GBP", "USD"}, {"EUR", "USD"}, {"JPY", "USD"}, {"USD", "JPY"}, {"GBP", "JPY"}}[h.IntN(5)]
		day := h.clock().AddDate(0, 0, -h.IntN(9))
		h.putRate(day.Format(time.DateOnly), pair[0], pair[1], h.pick("1.25", "0.00731", "142.5", "1"))
		h.counts["rate"]++
	case deed == 8:
		h.counts["held"] += h.endHolds()
		n, err := h.s.ApplyRates(ctx)
		h.done("rates", err)
		h.counts["rated"] += n
	default:
		h.at(h.clock().Add(time.Duration(h.IntN(72)) * time.Hour))
	}
}

func TestRandomHistory(t *testing.T) {
	t.Parallel()
	for seed := range uint64(3) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			h := history{world: newWorld(t), Rand: rand.New(rand.NewPCG(seed, 1)), counts: map[string]int{},
				goals: []string{"default", "click", "none", "update", "add", "hold", "pending"}}
			for i := range 300 {
				h.step()
				if i%20 == 0 {
					h.checkSums()
				}
			}
			h.checkSums()
			h.counts["computed"] = h.count(`SELECT count(*) FROM conversion_events WHERE reason LIKE 'the exchange rate is known%'`)
			t.Log(h.counts)
			for _, must := range []string{"call recorded", "call updated", "call duplicate", "status", "correction", "by hand", "held", "computed"} {
				if h.counts[must] == 0 {
					t.Errorf("no %s in this history: %v", must, h.counts)
				}
			}
		})
	}
}
