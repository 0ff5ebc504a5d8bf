package pgstore

import (
	"cmp"
	"context"

	"gorm.io/gorm"

	"github.com/waypost/waypost/domain/account"
	"github.com/waypost/waypost/domain/money"
	"github.com/waypost/waypost/domain/offer"
)

// Titles implements offer.Store. What an affiliate could once run, it may know by name for good.
func (s Offers) Titles(ctx context.Context, scope account.Scope, ids []offer.ID, ofGoals []offer.GoalID) ([]offer.Title, error) {
	if err := scope.Check(); err != nil {
		return nil, err
	}
	q := gorm.G[offerRow](s.db.orm(ctx)).Scopes(offersOnceOf(scope))
	if len(ofGoals) == 0 {
		q = q.Where("id IN ?", ids)
	} else {
		q = q.Where("(id IN ? OR id IN (SELECT offer_id FROM goals WHERE id IN ?))", ids, ofGoals)
	}
	rows, err := q.Order("id").Find(ctx)
	if err != nil {
		return nil, translate("read titles of offers", err)
	}
	seen := make([]int64, len(rows))
	for i, r := range rows {
		seen[i] = r.ID
	}
	goals, err := s.goals(ctx, seen...)
	if err != nil {
		return nil, err
	}
	visible := rows
	if _, ok := scope.Affiliate(); ok { // others see what they find by name
		if visible, err = gorm.G[offerRow](s.db.orm(ctx)).Scopes(offersOf(scope)).Where("id IN ?", seen).Select("id").Find(ctx); err != nil {
			return nil, translate("read which offers are open", err)
		}
	}
	open := make(map[int64]bool, len(visible))
	for _, r := range visible {
		open[r.ID] = true
	}
	titles := make([]offer.Title, len(rows))
	for i, r := range rows {
		titles[i] = offer.Title{ID: offer.ID(r.ID), Name: r.Name, Currency: money.Currency(r.Currency), Status: offer.Status(r.Status), Visibility: offer.Visibility(r.Visibility),
			Open: open[r.ID], Goals: map[offer.GoalID]string{}}
		for _, g := range goals[titles[i].ID] {
			titles[i].Goals[g.ID] = cmp.Or(g.Name, g.Alias)
		}
	}
	return titles, nil
}

// offersOnceOf narrows to what the scope sees or could once run: offersOf, with paused and expired ones for affiliates.
func offersOnceOf(scope account.Scope) func(*gorm.Statement) {
	id, ok := scope.Affiliate()
	if !ok {
		return offersOf(scope)
	}
	return func(q *gorm.Statement) {
		q.Where("status <> 'draft' AND (visibility IN ('public', 'approval') OR EXISTS (SELECT 1 FROM offer_access x "+
			"WHERE x.offer_id = offers.id AND x.affiliate_id = ? AND x.status = 'approved'))", id)
	}
}
