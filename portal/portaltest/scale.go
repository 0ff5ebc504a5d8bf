package portaltest

import (
	"context"
	"fmt"
	"regexp"
	"strings"
	"sync"

	"github.com/waypost/waypost/domain"
	"github.com/waypost/waypost/domain/account"
	"github.com/waypost/waypost/domain/advertiser"
	"github.com/waypost/waypost/domain/affiliate"
	"github.com/waypost/waypost/domain/offer"
)

// ManyFrom is the id after which Many counts: ManyFrom+1 is "Scale 1".
const ManyFrom = 10_000

// Many adds so many advertisers, affiliates and public offers with a goal, copies of the first of each.
func (n *Network) Many(count int) {
	n.Helper()
	for _, kind := range []string{"advertisers", "affiliates", "offers", "goals"} {
		n.Exec(fmt.Sprintf(`INSERT INTO %[1]s OVERRIDING SYSTEM VALUE SELECT (jsonb_populate_record(NULL::%[1]s, to_jsonb(first) || jsonb_build_object('id', $1::bigint + i, 'offer_id', $1::bigint + i,
			'name', 'Scale ' || i, 'email', 'scale' || i || '@x.example', 'postback_token', md5('scale' || i)))).*
			FROM (SELECT * FROM %[1]s ORDER BY id LIMIT 1) first, generate_series(1, $2::int) i`, kind), ManyFrom, count)
	}
}

// Reads counts what is asked of the catalogue's stores.
type Reads struct {
	mu sync.Mutex
	of map[string]int
}

// CountReads begins to count.
func (n *Network) CountReads() *Reads {
	r := &Reads{of: map[string]int{}}
	n.Offers.Store, n.Affiliates.Store, n.Advertisers.Store = countedOffers{n.Offers.Store, r}, countedAffiliates{n.Affiliates.Store, r}, countedAdvertisers{n.Advertisers.Store, r}
	return r
}

func (r *Reads) add(what string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.of[what]++
}

// Take gives what was read since the last time.
func (r *Reads) Take() map[string]int {
	r.mu.Lock()
	defer r.mu.Unlock()
	of := r.of
	r.of = map[string]int{}
	return of
}

type countedOffers struct {
	offer.Store
	r *Reads
}

func (c countedOffers) Get(ctx context.Context, s account.Scope, id offer.ID) (offer.Offer, error) {
	c.r.add("offer")
	return c.Store.Get(ctx, s, id)
}

func (c countedOffers) List(ctx context.Context, s account.Scope, f offer.Filter, p domain.Page) (domain.Slice[offer.Offer], error) {
	c.r.add(fmt.Sprint("offers, at most ", p.Limit))
	return c.Store.List(ctx, s, f, p)
}

func (c countedOffers) Titles(ctx context.Context, s account.Scope, ids []offer.ID, goals []offer.GoalID) ([]offer.Title, error) {
	c.r.add("titles of offers")
	return c.Store.Titles(ctx, s, ids, goals)
}

type countedAffiliates struct {
	affiliate.Store
	r *Reads
}

func (c countedAffiliates) Get(ctx context.Context, s account.Scope, id affiliate.ID) (affiliate.Affiliate, error) {
	c.r.add("affiliate")
	return c.Store.Get(ctx, s, id)
}

func (c countedAffiliates) List(ctx context.Context, s account.Scope, f affiliate.Filter, p domain.Page) (domain.Slice[affiliate.Affiliate], error) {
	c.r.add(fmt.Sprint("affiliates, at most ", p.Limit))
	return c.Store.List(ctx, s, f, p)
}

func (c countedAffiliates) Names(ctx context.Context, s account.Scope, ids []affiliate.ID) (map[affiliate.ID]string, error) {
	c.r.add("names of affiliates")
	return c.Store.Names(ctx, s, ids)
}

type countedAdvertisers struct {
	advertiser.Store
	r *Reads
}

func (c countedAdvertisers) Get(ctx context.Context, s account.Scope, id advertiser.ID) (advertiser.Advertiser, error) {
	c.r.add("advertiser")
	return c.Store.Get(ctx, s, id)
}

func (c countedAdvertisers) List(ctx context.Context, s account.Scope, f advertiser.Filter, p domain.Page) (domain.Slice[advertiser.Advertiser], error) {
	c.r.add(fmt.Sprint("advertisers, at most ", p.Limit))
	return c.Store.List(ctx, s, f, p)
}

func (c countedAdvertisers) Names(ctx context.Context, s account.Scope, ids []advertiser.ID) (map[advertiser.ID]string, error) {
	c.r.add("names of advertisers")
	return c.Store.Names(ctx, s, ids)
}

// internals are words that mean nothing to a partner: things by a bare number, accounts of the ledger.
var internals = regexp.MustCompile(`(?i)\b(offer|affiliate|advertiser) \d+\b|network:\w+|\b[ad]\d+:\w+`)

// SpeaksPlainly tells of internal words that a page shows.
func (p *Page) SpeaksPlainly(path string) {
	if found := internals.FindAllString(p.Text(), 5); len(found) > 0 {
		p.n.Errorf("%s shows %s", path, strings.Join(found, ", "))
	}
}
