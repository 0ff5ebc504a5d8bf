package click

import (
	"context"
	"fmt"

	"github.com/waypost/waypost/domain/account"
	"github.com/waypost/waypost/domain/offer"
)

// seen cuts clicks to what the actor may see, in place.
func (s *Service) seen(ctx context.Context, actor account.Actor, list []Click) error {
	if _, advertiser := actor.Scope().Advertiser(); !advertiser || len(list) == 0 {
		return nil
	}
	offers := make([]offer.ID, len(list))
	for i, c := range list {
		offers[i] = c.OfferID
	}
	destinations, err := s.store.Destinations(ctx, offers)
	if err != nil {
		return err
	}
	templates := map[offer.ID]Template{}
	for id, url := range destinations {
		templates[id] = DestinationMacros.Parse(url)
	}
	for i, c := range list {
		list[i] = c.ForAdvertiser(templates[c.OfferID])
	}
	return nil
}

// ForAdvertiser is the click as the advertiser of its offer may see it: the affiliate's own marks, its click id and sub
// ids, are the affiliate's affair, unless the offer's destination brings them to the advertiser with each visitor.
func (c Click) ForAdvertiser(destination Template) Click {
	c.Withheld = true
	if !destination.Has("aff_click_id") {
		c.AffClickID = ""
	}
	for i := range c.Subs {
		if !destination.Has(fmt.Sprint("sub", i+1)) {
			c.Subs[i] = ""
		}
	}
	return c
}
