package postback

import (
	"context"

	"github.com/waypost/waypost/domain/account"
	"github.com/waypost/waypost/domain/errs"
)

// CountResend is how many deliveries ResendAll would send again, were it called now.
func (s *Service) CountResend(ctx context.Context, actor account.Actor, f DeliveryFilter) (int, error) {
	if err := actor.Require(account.PermissionReadTraffic); err != nil {
		return 0, err
	}
	if f == (DeliveryFilter{}) {
		return 0, errs.Invalid("filter_required", "name at least one filter, such as postback_id, status or from and to: without any, every delivery would be sent again").At("body")
	}
	if err := f.check(); err != nil {
		return 0, err
	}
	return s.Deliveries.CountResend(ctx, actor.Scope(), f)
}
