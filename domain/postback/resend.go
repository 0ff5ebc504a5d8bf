package postback

import (
	"context"

	"github.com/waypost/waypost/domain/account"
	"github.com/waypost/waypost/domain/errs"
)

// Resendable is how many deliveries ResendAll would send again; More: there may be others that were not looked at.
type Resendable struct {
	Count int
	More  bool
}

// maxCounted is how many deliveries CanResend looks at.
const maxCounted = 1000

// CountResend is how many deliveries ResendAll would send again, were it called now. It reads all that the filter takes.
func (s *Service) CountResend(ctx context.Context, actor account.Actor, f DeliveryFilter) (int, error) {
	r, err := s.countResend(ctx, actor, f, 0)
	return r.Count, err
}

// CanResend is CountResend for a page: it looks at no more than 1000 deliveries.
func (s *Service) CanResend(ctx context.Context, actor account.Actor, f DeliveryFilter) (Resendable, error) {
	return s.countResend(ctx, actor, f, maxCounted)
}

func (s *Service) countResend(ctx context.Context, actor account.Actor, f DeliveryFilter, most int) (Resendable, error) {
	if err := actor.Require(account.PermissionReadTraffic); err != nil {
		return Resendable{}, err
	}
	if f == (DeliveryFilter{}) {
		return Resendable{}, errs.Invalid("filter_required", "name at least one filter, such as postback_id, status or from and to: without any, every delivery would be sent again").At("body")
	}
	if err := f.check(); err != nil {
		return Resendable{}, err
	}
	return s.Deliveries.CountResend(ctx, actor.Scope(), f, most)
}
