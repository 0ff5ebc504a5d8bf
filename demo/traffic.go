package demo

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/waypost/waypost/domain/affiliate"
	"github.com/waypost/waypost/domain/click"
	"github.com/waypost/waypost/domain/offer"
)

// Clicks per hour in hundredths on a working day, by the hour in UTC: Europe's evening and America's day.
var byHour = [24]int{1450, 1250, 1150, 1000, 900, 950, 1250, 1700, 2200, 2500, 2650, 2750, 2850, 2900, 3000, 3150, 3350, 3600, 3900, 4050, 3800, 3200, 2500, 1900}

// byWeekday is a day's share in percent, from Sunday on.
var byWeekday = [7]int{118, 96, 98, 100, 101, 104, 121}

// visitMinutes of an hour have clicks: what changes the catalogue happens in the last one.
const visitMinutes = 59

// planTraffic plans the clicks of every hour. The network grows by a third meanwhile.
func (w *world) planTraffic() {
	hours := w.Days * 24
	for i := 0; ; i++ {
		begin := w.start.Add(time.Duration(i) * time.Hour)
		if !begin.Before(w.Now) {
			return
		}
		mean := byHour[begin.Hour()] * byWeekday[begin.Weekday()] * (75 + 25*i/hours) / 10_000
		n := (mean*(80+w.draw.IntN(41))/100 + w.draw.IntN(100)) / 100
		open := time.Duration(visitMinutes) * time.Minute
		if left := w.Now.Add(-time.Second).Sub(begin); left < open {
			n, open = n*int(left/time.Second)/int(open/time.Second), left
		}
		if n <= 0 {
			continue
		}
		w.total += n
		w.plan(begin, func(ctx context.Context) error { return w.hour(ctx, n, open) })
		w.plan(begin.Add(time.Hour-time.Millisecond), w.deliver)
	}
}

// hour makes the clicks of an hour that begins, and plans what follows from them.
func (w *world) hour(ctx context.Context, n int, open time.Duration) error {
	begin := w.Clock.Now()
	offsets := make([]time.Duration, n)
	for i := range offsets {
		offsets[i] = time.Duration(w.draw.Int64N(int64(open)))
	}
	slices.Sort(offsets)
	clicks := make([]click.Click, n)
	var refused click.Click
	for i, offset := range offsets {
		v := w.nextVisitor()
		o, a := w.product(v.product).ID, v.partner.ID
		switch w.draw.IntN(400) {
		case 0:
			o = offer.ID(900 + w.draw.IntN(3)) // a link that somebody mistyped
		case 1:
			a = affiliate.ID(700 + w.draw.IntN(3))
		}
		var err error
		if clicks[i], err = w.click(v, o, a, begin.Add(offset)); err != nil {
			return err
		}
		switch c := clicks[i]; {
		case c.Valid() && !v.robot:
			w.follow(v, c)
		case !c.Valid() && c.AdvertiserID != 0:
			refused = c
		}
	}
	if err := w.Clicks.LoadClicks(ctx, clicks); err != nil {
		return err
	}
	w.refused, w.refusedNext = w.refusedNext, refused
	w.sum.Clicks += n
	if tenth := 10 * w.sum.Clicks / max(w.total, 1); tenth > w.said {
		w.said = tenth
		w.Say(fmt.Sprintf("demo: clicks %s/%s, day %d of %d", grouped(min(w.sum.Clicks, w.total)), grouped(w.total), 1+int(begin.Sub(w.start).Hours())/24, w.Days+1))
	}
	return nil
}

// nextVisitor is somebody new, or somebody who comes again.
func (w *world) nextVisitor() visitor {
	if len(w.visitors) > 0 && w.draw.IntN(12) == 0 {
		return pick(w, w.visitors)
	}
	p := pick(w, w.wheel)
	v := w.newVisitor(p, pick(w, p.runs))
	if len(w.visitors) < remembered {
		w.visitors = append(w.visitors, v)
	} else {
		w.visitors[w.draw.IntN(remembered)] = v
	}
	return v
}

// follow plans the conversions of a good click.
func (w *world) follow(v visitor, c click.Click) {
	product := w.product(v.product)
	took, at := true, c.CreatedAt()
	late := func(after time.Duration) { // it will be refused
		w.plan(at.Add(after), func(ctx context.Context) error { return w.convert(ctx, product, product.flow[0], w.Signer.Text(c.ID)) })
	}
	switch {
	case product.key == "firstorder" && w.draw.IntN(70) == 0:
		late(8 * 24 * time.Hour)
	case product.key == "raiders" && w.draw.IntN(400) == 0:
		late(4 * time.Second)
	case product.key == "winter" && w.draw.IntN(12) == 0:
		late(9 * 24 * time.Hour)
	}
	for _, s := range product.flow {
		if s.then && !took {
			return
		}
		if took = w.draw.IntN(100_000) < s.permille*v.partner.quality; !took {
			continue
		}
		// From a tenth of the typical time to ten times it, small values more often.
		minutes := s.after * (10 + w.draw.IntN(90)) / 50
		if w.draw.IntN(8) == 0 {
			minutes *= 2 + w.draw.IntN(4)
		}
		at = at.Add(time.Duration(minutes)*time.Minute + time.Duration(20_000+w.draw.IntN(50_000))*time.Millisecond)
		w.plan(at, func(ctx context.Context) error { return w.convert(ctx, product, s, w.Signer.Text(c.ID)) })
	}
}
