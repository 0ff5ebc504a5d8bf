package postback

import (
	"context"
	"fmt"

	"github.com/waypost/waypost/domain"
	"github.com/waypost/waypost/domain/account"
	"github.com/waypost/waypost/domain/conversion"
	"github.com/waypost/waypost/domain/errs"
)

// DeliveriesOf gives of each conversion the last delivery to each postback, so that a list of conversions need not ask for
// each. Attempts are not loaded. At most domain.MaxLimit conversions.
func (s *Service) DeliveriesOf(ctx context.Context, actor account.Actor, ids []conversion.ID) (map[conversion.ID][]Delivery, error) {
	if err := actor.Require(account.PermissionReadTraffic); err != nil {
		return nil, err
	}
	if len(ids) > domain.MaxLimit {
		return nil, errs.Invalid("too_many", "asks for %d conversions; at most %d at once", len(ids), domain.MaxLimit)
	}
	found, err := s.Deliveries.LastOf(ctx, actor.Scope(), ids)
	if err != nil {
		return nil, fmt.Errorf("read deliveries of conversions: %w", err)
	}
	of := make(map[conversion.ID][]Delivery, len(ids))
	for _, d := range found {
		of[d.ConversionID] = append(of[d.ConversionID], shown(d, actor))
	}
	return of, nil
}
