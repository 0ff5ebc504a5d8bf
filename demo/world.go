package demo

import (
	"context"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/waypost/waypost/domain/account"
	"github.com/waypost/waypost/domain/click"
	"github.com/waypost/waypost/domain/conversion"
	"github.com/waypost/waypost/domain/offer"
)

// world is the network while it is made.
type world struct {
	Deps
	Options
	agenda
	start time.Time
	draw  *rand.Rand
	sum   Summary

	manager, finance account.Actor
	companyUsers     map[string]account.Actor // by key
	partnerUsers     map[string]account.Actor // by slug

	companies []*company
	products  []*product
	partners  []*partner
	access    []offer.Access
	routes    *click.Routing // nil after a change of the catalogue
	wheel     []*partner     // each as often as its weight

	visitors []visitor
	total    int // of planned clicks
	said     int // tenths of them that were told
	orders   int // order numbers

	changed     bool // a conversion may have been announced since the deliveries were looked at
	waiting     []*owed
	settled     []sale      // approved by now
	refused     click.Click // one of the hour before that was refused on an advertiser's offer; zero where there is none
	refusedNext click.Click // one of this hour, which may be still to come
}

func newWorld(d Deps, o Options, start time.Time) *world {
	return &world{Deps: d, Options: o, start: start, draw: rand.New(stream(o.Seed, "draws")), companies: companies(), products: products(),
		partners: partners(), companyUsers: map[string]account.Actor{}, partnerUsers: map[string]account.Actor{}, orders: 10_000}
}

// share is the time at which that share of the days is over, just before an hour begins.
func (w *world) share(s float64) time.Time {
	hours := time.Duration(float64(w.Days*24)*s) * time.Hour
	return w.start.Add(hours - 30*time.Second)
}

// live lets everything happen until the present.
func (w *world) live(ctx context.Context) error {
	w.planTraffic()
	w.planRates()
	w.planNights()
	w.planEvents()
	w.planMistakes()
	w.planLastMinutes()
	for {
		d, ok := w.next(w.Now)
		if !ok {
			break
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		if d.at.After(w.Clock.Now()) { // a deed may take a moment
			w.Clock.set(d.at)
		}
		if err := d.do(ctx); err != nil {
			return fmt.Errorf("at %s: %w", d.at.Format(time.RFC3339), err)
		}
	}
	w.Clock.set(w.Now)
	return w.handOver(ctx)
}

func (w *world) company(key string) *company {
	for _, c := range w.companies {
		if c.key == key {
			return c
		}
	}
	panic("demo: no advertiser " + key)
}

func (w *world) companyOf(p *product) *company { return w.company(p.company) }

func (w *world) product(key string) *product {
	for _, p := range w.products {
		if p.key == key {
			return p
		}
	}
	panic("demo: no offer " + key)
}

func (w *world) partner(slug string) *partner {
	for _, p := range w.partners {
		if p.slug == slug {
			return p
		}
	}
	panic("demo: no affiliate " + slug)
}

// sale is a conversion as its advertiser knows it.
type sale struct {
	id      conversion.ID
	click   string // as clients see it
	goal    string
	txid    string
	company *company
	at      time.Time
}
