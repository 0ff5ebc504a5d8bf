package conversion

import (
	"context"

	"github.com/waypost/waypost/domain/account"
	"github.com/waypost/waypost/domain/money"
	"github.com/waypost/waypost/domain/offer"
)

// What a party may see of rows that are its own. An offer may keep the value of its sales from affiliates (show_value):
// then it is in nothing that they read, as it is in none of their postbacks.

// valuesHidden tells the offers of a list whose values the actor may not see; nobody but affiliates asks for any.
func (s *Service) valuesHidden(ctx context.Context, actor account.Actor, offers []offer.ID) (func(offer.ID) bool, error) {
	if _, affiliate := actor.Scope().Affiliate(); !affiliate || len(offers) == 0 {
		return func(offer.ID) bool { return false }, nil
	}
	shown, err := s.d.Store.ValuesShown(ctx, offers)
	return func(o offer.ID) bool { return !shown[o] }, err
}

// conversionsFor cuts conversions to what the actor may see, in place.
func (s *Service) conversionsFor(ctx context.Context, actor account.Actor, list []Conversion) error {
	offers := make([]offer.ID, len(list))
	for i, c := range list {
		offers[i] = c.OfferID
	}
	hidden, err := s.valuesHidden(ctx, actor, offers)
	if err != nil {
		return err
	}
	for i := range list {
		if hidden(list[i].OfferID) {
			list[i] = list[i].withoutValue()
		}
	}
	return nil
}

// withoutValue is the conversion without what the sale was worth.
func (c Conversion) withoutValue() Conversion {
	c.Val, c.OriginalVal, c.ExchangeRate, c.ValueHidden = money.Rate{}, money.Rate{}, money.Rate{}, true
	return c
}

// linesFor cuts lines of the log to what the actor may see, in place.
func (s *Service) linesFor(ctx context.Context, actor account.Actor, list []LogEntry) error {
	offers := make([]offer.ID, len(list))
	for i, l := range list {
		offers[i] = l.OfferID
	}
	hidden, err := s.valuesHidden(ctx, actor, offers)
	if err != nil {
		return err
	}
	for i := range list {
		list[i].Rehearsal, list[i].ValueHidden = list[i].Rehearsal.seenBy(actor.Scope()), hidden(list[i].OfferID)
	}
	return nil
}

// eventsFor cuts what happened to conversions to what the actor may see, in place. An event does not name its offer, its
// conversion does.
func (s *Service) eventsFor(ctx context.Context, actor account.Actor, list []Event) error {
	if _, affiliate := actor.Scope().Affiliate(); !affiliate || len(list) == 0 {
		return nil
	}
	ids := make([]ID, len(list))
	for i, e := range list {
		ids[i] = e.ConversionID
	}
	found, err := s.d.Store.GetMany(ctx, actor.Scope(), ids)
	if err != nil {
		return err
	}
	offers, of := make([]offer.ID, len(found)), map[ID]offer.ID{}
	for i, c := range found {
		offers[i], of[c.ID] = c.OfferID, c.OfferID
	}
	hidden, err := s.valuesHidden(ctx, actor, offers)
	if err != nil {
		return err
	}
	for i := range list {
		if data := &list[i].Data; hidden(of[list[i].ConversionID]) {
			data.Val = ""
			if data.Before != nil {
				before := *data.Before
				before.Val, data.Before = "", &before
			}
		}
	}
	return nil
}
