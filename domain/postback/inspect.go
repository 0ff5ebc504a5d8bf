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
	var host string
	err := s.Tx.InTx(ctx, func(ctx context.Context) (err error) {
		if host, err = s.Deliveries.Resend(ctx, actor.Scope(), id); err != nil || host == "" {
			return err
		}
		return s.recordResend(ctx, actor, id.String(), map[string]any{"count": 1})
	})
	if err != nil {
		return Delivery{}, fmt.Errorf("resend delivery %s: %w", id, err)
	}
	if host != "" {
		s.wake(ctx, []string{host})
	}
	return s.GetDelivery(ctx, actor, id)
}

// resendPage is how many deliveries one transaction of ResendAll makes due.
const resendPage = 1000

// ResendAll does so for all that match and were made before the call, page by page, and returns how many. Of several
// deliveries that tell one postback of one conversion only the last is sent again: the receiver must not hear of an older
// status after a newer one. A filter that names nothing is refused.
func (s *Service) ResendAll(ctx context.Context, actor account.Actor, f DeliveryFilter) (int, error) {
	if err := actor.Require(account.PermissionResendDeliveries); err != nil {
		return 0, err
	}
	if f == (DeliveryFilter{}) {
		return 0, errs.Invalid("filter_required", "name at least one filter, such as postback_id, status or from and to: without any, every delivery would be sent again").At("body")
	}
	if err := f.check(); err != nil {
		return 0, err
	}
	count, page := 0, domain.Page{Limit: resendPage}
	for {
		var hosts []string
		err := s.Tx.InTx(ctx, func(ctx context.Context) (err error) {
			if hosts, page.Cursor, err = s.Deliveries.ResendPage(ctx, actor.Scope(), f, page); err != nil || len(hosts) == 0 {
				return err
			}
			return s.recordResend(ctx, actor, "", map[string]any{"count": len(hosts), "postback_id": f.PostbackID,
				"affiliate_id": f.AffiliateID, "status": f.Status, "from": f.From, "to": f.To})
		})
		if err != nil {
			return count, fmt.Errorf("resend deliveries, after %d: %w", count, err)
		}
		s.wake(ctx, hosts)
		if count += len(hosts); page.Cursor == "" {
			return count, nil
		}
	}
}

func (s *Service) recordResend(ctx context.Context, actor account.Actor, id string, after any) error {
	entry, err := actor.Audit(s.Clock(), "delivery.resend", "delivery", id, nil, after)
	if err != nil {
		return err
	}
	return s.Audit.Record(ctx, entry)
}
