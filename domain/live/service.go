package live

import (
	"context"
	"slices"
	"time"

	"github.com/waypost/waypost/domain"
	"github.com/waypost/waypost/domain/account"
	"github.com/waypost/waypost/domain/advertiser"
	"github.com/waypost/waypost/domain/affiliate"
	"github.com/waypost/waypost/domain/click"
	"github.com/waypost/waypost/domain/conversion"
	"github.com/waypost/waypost/domain/errs"
	"github.com/waypost/waypost/domain/offer"
	"github.com/waypost/waypost/domain/postback"
)

const (
	// MostRows is how many events a poll tells, and how many rows of each kind it looks at.
	MostRows = 100
	// Overlap is how far every poll looks behind the one before: so late may a row commit, or a delivery be answered, and
	// still be told.
	Overlap = time.Minute
	// Backlog is how far back the first poll looks, and one that comes after a long pause.
	Backlog = 15 * time.Minute
)

// Filter narrows what is told; zero fields do not.
type Filter struct {
	ClickID      click.ID
	OfferID      offer.ID
	AffiliateID  affiliate.ID
	AdvertiserID advertiser.ID
	Kinds        []Kind // empty = all
}

// Service watches.
type Service struct {
	clicks      *click.Service
	conversions *conversion.Service
	postbacks   *postback.Service
	now         domain.Clock
}

// NewService watches what these services show.
func NewService(clicks *click.Service, conversions *conversion.Service, postbacks *postback.Service, now domain.Clock) *Service {
	return &Service{clicks: clicks, conversions: conversions, postbacks: postbacks, now: now}
}

// Since tells what happened since the cursor that the actor may see, oldest first, at most MostRows, and the cursor for
// the next poll. Each role sees of each event what it sees in the lists. Errors: invalid_kind.
func (s *Service) Since(ctx context.Context, actor account.Actor, f Filter, after Cursor) ([]Event, Cursor, error) {
	if err := actor.Require(account.PermissionReadTraffic); err != nil {
		return nil, Cursor{}, err
	}
	for _, k := range f.Kinds {
		if !slices.Contains(Kinds(), k) {
			return nil, Cursor{}, errs.Invalid("invalid_kind", "kinds are click, postback_in and delivery, not %q", k).At("query.kind")
		}
	}
	now := s.now()
	next, from := Cursor{told: now}, now.Add(-Backlog)
	if overlap := after.told.Add(-Overlap); overlap.After(from) {
		from = overlap
	}
	found, err := s.newest(ctx, actor, f, from)
	if err != nil {
		return nil, Cursor{}, err
	}
	var events []Event
	for _, e := range found {
		m := markOf(e.key)
		next.seen = append(next.seen, m)
		if !after.has(m) {
			events = append(events, e)
		}
	}
	slices.SortFunc(next.seen, compareMarks)
	slices.SortStableFunc(events, func(a, b Event) int { return a.At.Compare(b.At) })
	if len(events) > MostRows {
		events = events[len(events)-MostRows:]
	}
	return events, next, nil
}

// newest reads the newest rows of each kind.
func (s *Service) newest(ctx context.Context, actor account.Actor, f Filter, from time.Time) ([]Event, error) {
	page := domain.Page{Limit: MostRows}
	wanted := func(k Kind) bool { return len(f.Kinds) == 0 || slices.Contains(f.Kinds, k) }
	var events []Event
	if wanted(KindClick) {
		list, err := s.clicks.List(ctx, actor, click.Filter{From: from, ClickID: f.ClickID, OfferID: f.OfferID, AffiliateID: f.AffiliateID, AdvertiserID: f.AdvertiserID}, page)
		if err != nil {
			return nil, err
		}
		for _, c := range list.Items {
			events = append(events, s.click(c))
		}
	}
	if wanted(KindPostbackIn) {
		_, advertiser := actor.Scope().Advertiser() // a call with a wrong click id names no offer, and is looked for all the more
		list, err := s.conversions.LogList(ctx, actor, conversion.LogFilter{From: from, ClickID: f.ClickID, OfferID: f.OfferID, OrNoOffer: advertiser, AffiliateID: f.AffiliateID, AdvertiserID: f.AdvertiserID}, page)
		if err != nil {
			return nil, err
		}
		_, affiliate := actor.Scope().Affiliate()
		for _, l := range list.Items {
			if affiliate {
				l = l.ForAffiliate()
			}
			events = append(events, s.call(l))
		}
	}
	if wanted(KindDelivery) {
		list, err := s.postbacks.ListDeliveries(ctx, actor, postback.DeliveryFilter{From: from, ClickID: f.ClickID, OfferID: f.OfferID, AffiliateID: f.AffiliateID, AdvertiserID: f.AdvertiserID}, page)
		if err != nil {
			return nil, err
		}
		for _, d := range list.Items {
			events = append(events, s.delivery(d))
		}
	}
	return events, nil
}
