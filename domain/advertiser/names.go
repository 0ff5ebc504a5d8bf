package advertiser

import (
	"context"
	"fmt"

	"github.com/waypost/waypost/domain"
	"github.com/waypost/waypost/domain/account"
)

// Names reads what advertisers are called, all at once, so that lists of traffic need not read each. Ids that the actor
// may not see are left out.
func (s *Service) Names(ctx context.Context, actor account.Actor, ids []ID) (map[ID]string, error) {
	if err := actor.Require(account.PermissionReadCatalogue); err != nil {
		return nil, err
	}
	if ids = domain.Distinct(ids); len(ids) == 0 {
		return map[ID]string{}, nil
	}
	names, err := s.Store.Names(ctx, actor.Scope(), ids)
	if err != nil {
		return nil, fmt.Errorf("read names of advertisers: %w", err)
	}
	return names, nil
}
