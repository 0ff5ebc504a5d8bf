package postback

import (
	"context"
	"fmt"

	"github.com/waypost/waypost/domain"
	"github.com/waypost/waypost/domain/account"
	"github.com/waypost/waypost/domain/errs"
)

// GetDelivery reads one delivery with its attempts. Secrets in its URL are masked; an advertiser sees that and when it
// was delivered, but neither the affiliate's address nor its commission.
func (s *Service) GetDelivery(ctx context.Context, actor account.Actor, id DeliveryID) (Delivery, error) {
	if err := actor.Require(account.PermissionReadTraffic); err != nil {
		return Delivery{}, err
	}
	d, err := s.Deliveries.Get(ctx, actor.Scope(), id)
	if err != nil {
		return Delivery{}, err
	}
	return shown(d, actor), nil
}

// ListDeliveries reads deliveries with their attempts, newest first.
func (s *Service) ListDeliveries(ctx context.Context, actor account.Actor, f DeliveryFilter, p domain.Page) (domain.Slice[Delivery], error) {
	if err := actor.Require(account.PermissionReadTraffic); err != nil {
		return domain.Slice[Delivery]{}, err
	}
	if err := f.check(); err != nil {
		return domain.Slice[Delivery]{}, err
	}
	list, err := s.Deliveries.List(ctx, actor.Scope(), f, p)
	if err != nil {
		return domain.Slice[Delivery]{}, err
	}
	for i, d := range list.Items {
		list.Items[i] = shown(d, actor)
	}
	return list, nil
}

func (f DeliveryFilter) check() error {
	if f.Status != "" && !f.Status.Valid() {
		return errs.Invalid("invalid_status", "status is pending, delivered, retrying, failed or paused, not %q", f.Status).At("status")
	}
	return nil
}

func shown(d Delivery, actor account.Actor) Delivery {
	if _, advertiser := actor.Scope().Advertiser(); !advertiser {
		d.URL = MaskURL(d.URL)
		return d
	}
	d.URL, d.Body, d.Host = "", "", ""
	for i := range d.Attempts {
		d.Attempts[i].URL, d.Attempts[i].ResponseBody = "", ""
	}
	return d
}

// Resend starts a new round of tries for a delivery in any status, under the same id. One that is being sent right now
// stays as it is.
func (s *Service) Resend(ctx context.Context, actor account.Actor, id DeliveryID) (Delivery, error) {
	if err := actor.Require(account.PermissionResendDeliveries); err != nil {
		return Delivery{}, err
	}
	if _, err := s.Deliveries.Get(ctx, actor.Scope(), id); err != nil {
		return Delivery{}, err
	}
	if _, err := s.resend(ctx, actor, DeliveryFilter{ID: id}); err != nil {
		return Delivery{}, fmt.Errorf("resend delivery %s: %w", id, err)
	}
	return s.GetDelivery(ctx, actor, id)
}

// ResendAll does so for all that match, and returns how many.
func (s *Service) ResendAll(ctx context.Context, actor account.Actor, f DeliveryFilter) (int, error) {
	if err := actor.Require(account.PermissionResendDeliveries); err != nil {
		return 0, err
	}
	if err := f.check(); err != nil {
		return 0, err
	}
	return s.resend(ctx, actor, f)
}

func (s *Service) resend(ctx context.Context, actor account.Actor, f DeliveryFilter) (int, error) {
	var hosts []string
	err := s.Tx.InTx(ctx, func(ctx context.Context) (err error) {
		if hosts, err = s.Deliveries.Resend(ctx, actor.Scope(), f); err != nil {
			return err
		}
		entry, err := actor.Audit(s.Clock(), "delivery.resend", "delivery", "", nil, map[string]any{"count": len(hosts)})
		if err != nil {
			return err
		}
		if !f.ID.IsZero() {
			entry.ObjectID = f.ID.String()
		}
		return s.Audit.Record(ctx, entry)
	})
	if err != nil {
		return 0, err
	}
	s.wake(ctx, hosts)
	return len(hosts), nil
}
