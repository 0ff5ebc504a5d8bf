package demo

import (
	"context"
	"fmt"
	"time"

	"github.com/waypost/waypost/domain/advertiser"
	"github.com/waypost/waypost/domain/click"
	"github.com/waypost/waypost/domain/conversion"
)

// mistakesADay is how many calls of a day are not as they should be.
const mistakesADay = 7

// planMistakes plans them, one kind after another.
func (w *world) planMistakes() {
	kinds := w.mistakes()
	k := 0
	for day := w.start; day.Before(w.Now); day = day.AddDate(0, 0, 1) {
		for range mistakesADay {
			mistake := kinds[k%len(kinds)]
			k++
			w.plan(day.Add(time.Duration(6+w.draw.IntN(17))*time.Hour+time.Duration(w.draw.IntN(3_500_000))*time.Millisecond), func(ctx context.Context) error {
				call, ok := mistake()
				if !ok {
					return nil
				}
				_, err := w.record(ctx, call)
				return err
			})
		}
	}
}

// mistakes are calls that will be refused, warned of, or change nothing; false where nothing has happened yet that a
// mistake could be made about.
func (w *world) mistakes() []func() (conversion.Call, bool) {
	about := func(key string, alter func(c *company), pairs ...pair) func() (conversion.Call, bool) {
		return func() (conversion.Call, bool) {
			sales := w.salesOf(key, 40)
			if len(sales) == 0 {
				return conversion.Call{}, false
			}
			s := pick(w, sales)
			c := *s.company
			if alter != nil {
				alter(&c)
			}
			w.orders++
			all := []pair{{"clickid", s.click}, {"goal", s.goal}, {"txid", fmt.Sprintf("%s-%d", key[:2], w.orders)}}
			for _, p := range pairs {
				for i := range all {
					if all[i].name == p.name {
						all[i].value = p.value
						p.name = ""
					}
				}
				if p.name != "" {
					all = append(all, p)
				}
			}
			return w.compose(&c, all...), true
		}
	}
	wrongToken := func(c *company) { c.PostbackToken = "a-token-of-last-year" }
	noProof := func(c *company) { c.PostbackAuth = advertiser.AuthNone }
	elsewhere := func(c *company) { c.ip = "192.0.2.77" }
	return []func() (conversion.Call, bool){
		about("northwind", wrongToken, pair{"val", "49.90"}),
		about("northwind", noProof, pair{"val", "49.90"}),
		about("northwind", nil, pair{"goal", "sign-up"}, pair{"val", "10"}),
		about("northwind", nil, pair{"val", "1,249"}),
		about("northwind", nil, pair{"val", "-20.00"}, pair{"status", "refund"}),
		about("northwind", nil, pair{"goal", "sale"}, pair{"val", "{order_total}"}),
		about("northwind", nil, pair{"val", "35.00"}, pair{"currency", "DOLLAR"}),
		about("northwind", nil, pair{"val", "35.00"}, pair{"test", "1"}),
		about("northwind", nil, pair{"clickid", ""}, pair{"goal", ""}, pair{"val", "64.00"}, pair{"coupon", "falcon10"}),
		about("northwind", nil, pair{"clickid", ""}, pair{"goal", ""}, pair{"val", "64.00"}, pair{"coupon", "SUMMER99"}),
		about("kestrel", wrongToken),
		about("kestrel", noProof),
		about("albion", nil, pair{"status", "maybe"}),
		about("albion", nil, pair{"clickid", "PASTE-CLICK-ID-HERE"}),
		about("albion", nil, pair{"clickid", ""}),
		about("sakura", elsewhere, pair{"val", "2980"}),
		about("sakura", nil, pair{"val", "2980.50.1"}),
		about("dunes", nil, pair{"val", "7.500"}, pair{"com", "1e3"}),
		about("lumen", nil, pair{"payout", "12 EUR"}),
		about("dunes", nil, pair{"clickid", "{aff_sub}"}, pair{"val", "3.000"}),
		w.brokenBody, w.lostClick, w.refusedClick, w.otherAmount, w.trash,
	}
}

// brokenBody is cut off on its way.
func (w *world) brokenBody() (conversion.Call, bool) {
	call := w.compose(w.company("sakura"), pair{"clickid", "unknown"}, pair{"val", "1980"})
	call.Body = call.Body[:len(call.Body)-7]
	return call, true
}

// lostClick names a click that was never stored, from a copy of the network that somebody tried out.
func (w *world) lostClick() (conversion.Call, bool) {
	id, err := click.Mint(w.Clock.Now().Add(-31*time.Hour), w.Random)
	return w.compose(w.company("dunes"), pair{"clickid", w.Signer.Text(id)}, pair{"val", "4.250"}), err == nil
}

// refusedClick reports a sale of a click that had been refused.
func (w *world) refusedClick() (conversion.Call, bool) {
	if w.refused.ID.IsZero() {
		return conversion.Call{}, false
	}
	for _, c := range w.companies {
		if c.ID == w.refused.AdvertiserID {
			return w.compose(c, pair{"clickid", w.Signer.Text(w.refused.ID)}, pair{"txid", fmt.Sprintf("late-%d", w.orders)}, pair{"val", "20"}), true
		}
	}
	return conversion.Call{}, false
}

// otherAmount repeats an order with another amount.
func (w *world) otherAmount() (conversion.Call, bool) {
	for _, s := range w.salesOf("northwind", 30) {
		if s.txid != "" {
			return w.compose(s.company, pair{"clickid", s.click}, pair{"goal", s.goal}, pair{"txid", s.txid}, pair{"val", "1.00"}), true
		}
	}
	return conversion.Call{}, false
}

// trash reports a fake order; its second approval, some hours later, comes too late.
func (w *world) trash() (conversion.Call, bool) {
	for i, s := range w.settled {
		if s.company.key != "dunes" || s.txid == "" || w.Clock.Now().Sub(s.at) < 5*time.Hour {
			continue
		}
		w.settled = append(w.settled[:i:i], w.settled[i+1:]...)
		pairs := []pair{{"clickid", s.click}, {"goal", s.goal}, {"txid", s.txid}}
		w.plan(w.Clock.Now().Add(9*time.Hour), func(ctx context.Context) error {
			return w.again(ctx, s.company, append(pairs, pair{"status", approved}))
		})
		return w.compose(s.company, append(pairs, pair{"status", "fake"})...), true
	}
	return conversion.Call{}, false
}

// planLastMinutes plans what is to be seen live: sales of the last minutes whose postbacks are still to be sent, to
// trackers that are well and to each that is not; and two sales that wait for an exchange rate.
func (w *world) planLastMinutes() {
	one := func(ago, sold time.Duration, slug, key string, s step) {
		w.plan(w.Now.Add(-ago), func(ctx context.Context) error {
			p := w.partner(slug)
			c, err := w.click(w.newVisitor(p, key), w.product(key).ID, p.ID, w.Clock.Now())
			if err != nil {
				return err
			}
			w.sum.Clicks++
			w.plan(w.Now.Add(-sold), func(ctx context.Context) error {
				return w.convert(ctx, w.product(key), s, w.Signer.Text(c.ID))
			})
			return w.Clicks.LoadClicks(ctx, []click.Click{c})
		})
	}
	card := step{low: 4900, high: 9900, comperc: "12.5"}
	one(48*time.Minute, 4*time.Minute, "mediacove", "club", card)
	one(44*time.Minute, 3*time.Minute, "couponfalcon", "club", card)
	one(41*time.Minute, 3*time.Minute, "guildofgamers", "raiders", step{goal: "install", noTxID: true})
	one(37*time.Minute, 2*time.Minute, "quoterunner", "car", step{goal: "quote", status: pending})
	one(33*time.Minute, time.Minute, "tokyodeals", "sim", step{goal: "order", low: 1980, high: 5980})
	reals := step{goal: "purchase", low: 1990, high: 9990, foreign: []string{"BRL"}, onlyForeign: true}
	one(27*time.Hour, 26*time.Hour, "approcket", "raiders", reals)
	one(6*time.Hour, 5*time.Hour, "approcket", "raiders", reals)
}
