// Package demo makes a network to look at: parties, offers, and days of clicks, conversions, refusals and deliveries.
// All of it goes through the domain's services, on a clock of its own, so nothing stands in the database that could not
// have happened. The same seed and the same present give the same data, ids included; secrets are random.
package demo

import (
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"math/rand/v2"
	"time"

	"github.com/waypost/waypost/domain"
	"github.com/waypost/waypost/domain/account"
	"github.com/waypost/waypost/domain/advertiser"
	"github.com/waypost/waypost/domain/affiliate"
	"github.com/waypost/waypost/domain/click"
	"github.com/waypost/waypost/domain/conversion"
	"github.com/waypost/waypost/domain/errs"
	"github.com/waypost/waypost/domain/network"
	"github.com/waypost/waypost/domain/offer"
	"github.com/waypost/waypost/domain/postback"
)

// Deps are the services, all on Clock. The demo owns them for the time of Load.
type Deps struct {
	Tx          domain.Transactor
	MakeRoom    func(ctx context.Context, from, to time.Time) error // for the clicks and calls of these days
	Network     *network.Service
	Accounts    *account.Service
	Advertisers *advertiser.Service
	Affiliates  *affiliate.Service
	Offers      *offer.Service
	Coupons     *offer.CouponService
	Postbacks   *postback.Service
	Conversions *conversion.Service // its ids come from Random
	Clicks      ClickStore
	Deliveries  DeliveryStore
	Signer      *click.Signer
	Clock       *Clock
	Random      io.Reader // of ids: NewRandom of the same seed
}

// ClickStore takes clicks as the loader of a spool gives them.
type ClickStore interface {
	LoadClicks(ctx context.Context, clicks []click.Click) error
	List(ctx context.Context, scope account.Scope, f click.Filter, p domain.Page) (domain.Slice[click.Click], error)
}

// DeliveryStore leases and settles deliveries; see postback.DeliveryStore.
type DeliveryStore interface {
	Lease(ctx context.Context, host string, limit int, length time.Duration) ([]postback.Lease, error)
	Settle(ctx context.Context, results []postback.Result) ([]postback.Health, error)
}

// Clock is the time in the demo's network. It is for one goroutine.
type Clock struct{ at time.Time }

// Now is a domain.Clock.
func (c *Clock) Now() time.Time { return c.at }

func (c *Clock) set(at time.Time) { c.at = at.UTC() }

// NewRandom is the source of the ids of a seed.
func NewRandom(seed uint64) io.Reader { return stream(seed, "ids") }

func stream(seed uint64, use string) *rand.ChaCha8 {
	var key [32]byte
	binary.LittleEndian.PutUint64(key[:], seed)
	copy(key[8:], use)
	return rand.NewChaCha8(key)
}

// Options say what to make.
type Options struct {
	Seed     uint64
	Now      time.Time // the end of the history; the clock of the database should agree with it
	Days     int       // before today
	Password string    // of every log-in that is made
	Trackers string    // base address of what stands in for the affiliates' trackers, without a slash at the end
	Troubled string    // that of those which have troubles, on another host or port: a host's troubles are its own
	Say      func(line string)
}

// DefaultDays is how long the history is unless somebody asks otherwise; MaxDays bounds it, for it is one transaction.
const (
	DefaultDays = 30
	MaxDays     = 90
)

// Summary counts what was made.
type Summary struct {
	Advertisers, Offers, Affiliates, Users int
	Clicks, Calls, Conversions, Refusals   int
	Deliveries, Attempts                   int // of the past; what is left to be sent is not counted
}

// String is the summary in a line.
func (s Summary) String() string {
	return fmt.Sprintf("%d advertisers with %d offers, %d affiliates, %d log-ins; %s clicks, %s postbacks from advertisers (%s conversions, %s refused), %s deliveries in %s attempts",
		s.Advertisers, s.Offers, s.Affiliates, s.Users, grouped(s.Clicks), grouped(s.Calls), grouped(s.Conversions), grouped(s.Refusals),
		grouped(s.Deliveries), grouped(s.Attempts))
}

// CodeNotEmpty is the Conflict of a database that holds data already.
const CodeNotEmpty = "not_empty"

// actor does what no person of the demo does.
var actor = account.SystemActor("demo")

// Load makes the demo's network in an empty database, in one transaction: all of it, or nothing. Errors: Conflict
// not_empty where the database holds advertisers, affiliates or clicks.
func Load(ctx context.Context, d Deps, o Options) (Summary, error) {
	if o.Days < 1 || o.Days > MaxDays {
		return Summary{}, errs.Invalid("out_of_range", "days must be from 1 to %d", MaxDays)
	}
	o.Now = o.Now.UTC().Truncate(time.Millisecond)
	if o.Say == nil {
		o.Say = func(string) {}
	}
	start := o.Now.Truncate(24*time.Hour).AddDate(0, 0, -o.Days)
	if err := d.empty(ctx); err != nil {
		return Summary{}, err
	}
	if err := d.MakeRoom(ctx, start, o.Now); err != nil {
		return Summary{}, fmt.Errorf("make room for the demo's days: %w", err)
	}
	w := newWorld(d, o, start)
	err := d.Tx.InTx(ctx, func(ctx context.Context) error {
		d.Clock.set(start)
		// The settings' row is held until the end: of two processes that load the demo, one finds the other's.
		_, err := d.Network.Update(ctx, actor, open)
		if err == nil {
			err = d.empty(ctx)
		}
		if err == nil {
			err = w.found(ctx)
		}
		if err == nil {
			err = w.live(ctx)
		}
		return err
	})
	if err != nil {
		return Summary{}, fmt.Errorf("load the demo: %w", err)
	}
	return w.sum, nil
}

// empty is nil while the database holds no party and no click.
func (d Deps) empty(ctx context.Context) error {
	one := domain.Page{Limit: 1}
	advertisers, err := d.Advertisers.List(ctx, actor, advertiser.Filter{}, one)
	if err != nil {
		return err
	}
	affiliates, err := d.Affiliates.List(ctx, actor, affiliate.Filter{}, one)
	if err != nil {
		return err
	}
	clicks, err := d.Clicks.List(ctx, actor.Scope(), click.Filter{}, one)
	if err != nil {
		return err
	}
	if len(advertisers.Items)+len(affiliates.Items)+len(clicks.Items) > 0 {
		return errs.Conflict(CodeNotEmpty, "the database holds advertisers, affiliates or clicks already; demo data is only made in an empty one")
	}
	return nil
}

// grouped writes 12345 as 12,345.
func grouped(n int) string {
	s := fmt.Sprint(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}
