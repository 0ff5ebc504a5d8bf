package postback

import (
	"context"
	"fmt"
	"log/slog"
	"slices"

	"github.com/waypost/waypost/domain"
	"github.com/waypost/waypost/domain/affiliate"
	"github.com/waypost/waypost/domain/conversion"
)

// Announce implements conversion.Announcer: it writes the deliveries that the changes owe inside the open transaction.
// The function that it returns wakes the workers and never fails.
func (s *Service) Announce(ctx context.Context, changes []conversion.Change) (func(context.Context), error) {
	var affiliates []affiliate.ID
	for i := range changes {
		if changes[i].StatusChanged() {
			affiliates = append(affiliates, changes[i].Conversion.AffiliateID)
		}
	}
	if len(affiliates) == 0 {
		return func(context.Context) {}, nil
	}
	slices.Sort(affiliates)
	affiliates = slices.Compact(affiliates)
	recipients, err := s.Store.Recipients(ctx, affiliates)
	if err != nil {
		return nil, fmt.Errorf("find postbacks of %d affiliates: %w", len(affiliates), err)
	}
	byAffiliate := map[affiliate.ID][]Recipient{}
	for _, r := range recipients {
		byAffiliate[r.Postback.AffiliateID] = append(byAffiliate[r.Postback.AffiliateID], r)
	}
	var deliveries []Delivery
	for i := range changes {
		c := &changes[i]
		for _, p := range Select(c, byAffiliate[c.Conversion.AffiliateID]) {
			d, err := s.deliveryOf(p, c)
			if err != nil {
				return nil, fmt.Errorf("announce conversion %s: %w", c.Conversion.ID, err)
			}
			d.First = c.Created
			deliveries = append(deliveries, d)
		}
	}
	if len(deliveries) == 0 {
		return func(context.Context) {}, nil
	}
	supersede(deliveries)
	if err := s.Deliveries.Insert(ctx, deliveries); err != nil {
		return nil, fmt.Errorf("insert %d deliveries: %w", len(deliveries), err)
	}
	var hosts []string
	for i := range deliveries {
		if deliveries[i].Status.Waiting() {
			hosts = append(hosts, deliveries[i].Host)
		}
	}
	return func(ctx context.Context) { s.wake(ctx, hosts) }, nil
}

// supersede closes the deliveries after which the list holds a newer one of the same conversion to the same postback.
func supersede(ds []Delivery) {
	type call struct {
		conversion conversion.ID
		postback   ID
	}
	newer := map[call]bool{}
	for i := len(ds) - 1; i >= 0; i-- {
		c := call{ds[i].ConversionID, ds[i].PostbackID}
		if newer[c] {
			ds[i].Status, ds[i].Reason = DeliveryFailed, ReasonSuperseded
		}
		newer[c] = true
	}
}

func (s *Service) deliveryOf(p *Postback, c *conversion.Change) (Delivery, error) {
	uuid, err := domain.NewUUID(s.Clock(), s.Random)
	if err != nil {
		return Delivery{}, err
	}
	id := DeliveryID{uuid}
	values, err := NewValues(c, s.Signer, id, s.Random)
	if err != nil {
		return Delivery{}, err
	}
	return newDelivery(p, values)
}

// wake tells the workers, once per host. A failure costs a second or two until the sweeper comes by.
func (s *Service) wake(ctx context.Context, hosts []string) {
	if len(hosts) == 0 {
		return
	}
	hosts = slices.Clone(hosts)
	slices.Sort(hosts)
	hosts = slices.Compact(hosts)
	if err := s.Waker.Wake(ctx, hosts); err != nil {
		s.Log.WarnContext(ctx, "cannot wake the delivery workers; the sweeper will", slog.Int("hosts", len(hosts)), slog.Any("error", err))
	}
}
