package offer

import (
	"context"
	"fmt"

	"github.com/waypost/waypost/domain"
	"github.com/waypost/waypost/domain/account"
	"github.com/waypost/waypost/domain/money"
)

// Title is what a list shows of an offer besides its id.
type Title struct {
	ID         ID
	Name       string
	Currency   money.Currency
	Status     Status
	Visibility Visibility
	Open       bool              // Get gives it to who asks: an affiliate keeps the names of paused offers, but not their pages
	Goals      map[GoalID]string // the goals' names, or their aliases where they have none
}

// Titles reads the titles of offers, so that lists of traffic need not read each. An affiliate learns those that it may
// run or could have run, paused and expired ones too; an advertiser its own. Ids of others are left out. goals add the
// offers that these belong to.
func (s *Service) Titles(ctx context.Context, actor account.Actor, ids []ID, goals ...GoalID) (map[ID]Title, error) {
	if err := actor.Require(account.PermissionReadCatalogue); err != nil {
		return nil, err
	}
	if err := actor.Scope().Check(); err != nil {
		return nil, err
	}
	ids, goals = domain.Distinct(ids), domain.Distinct(goals)
	titles := make(map[ID]Title, len(ids))
	if len(ids) == 0 && len(goals) == 0 {
		return titles, nil
	}
	found, err := s.Store.Titles(ctx, actor.Scope(), ids, goals)
	if err != nil {
		return nil, fmt.Errorf("read titles of offers: %w", err)
	}
	for _, t := range found {
		titles[t.ID] = t
	}
	return titles, nil
}
