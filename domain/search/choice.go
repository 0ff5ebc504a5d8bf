package search

import (
	"context"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/waypost/waypost/domain/account"
	"github.com/waypost/waypost/domain/errs"
)

// Choice is what a field asks that offers names while one types.
type Choice struct {
	Kind Kind   // offer, affiliate, advertiser
	Text string // a part of the name, or the beginning of the id; empty for the newest
	Past bool   // an affiliate's offers that are paused or expired too: for lists of what was
}

// Choices are at most 20 things of a kind that may be chosen, the closest to the text first.
func (s *Service) Choices(ctx context.Context, actor account.Actor, c Choice) ([]Result, error) {
	if err := actor.Require(account.PermissionReadCatalogue); err != nil {
		return nil, err
	}
	if err := actor.Scope().Check(); err != nil {
		return nil, err
	}
	switch c.Text = strings.TrimSpace(c.Text); {
	case c.Kind != KindOffer && c.Kind != KindAffiliate && c.Kind != KindAdvertiser:
		return nil, errs.Invalid("invalid_kind", "must be offer, affiliate or advertiser").At("query.kind")
	case utf8.RuneCountInString(c.Text) > maxQuery:
		return nil, errs.Invalid("too_long", "must have at most %d characters", maxQuery).At("query.q")
	}
	found, err := s.Store.Choices(ctx, actor.Scope(), c, most)
	if err != nil {
		return nil, fmt.Errorf("search choices: %w", err)
	}
	return found, nil
}
