package pgstore

import (
	"context"

	"gorm.io/gorm"

	"github.com/waypost/waypost/domain/offer"
)

// goalRow is a row of goals. Amounts and percents are numeric.
type goalRow struct {
	ID             int64 `gorm:"primaryKey"`
	OfferID        int64
	Alias          string
	Name           string
	IsDefault      bool
	PayoutModel    string
	PayoutAmount   *string
	PayoutPercent  *string
	RevenueModel   string
	RevenueAmount  *string
	RevenuePercent *string
	InitialStatus  string
	HoldDays       int
	Dedupe         string
}

// TableName implements gorm's Tabler.
func (goalRow) TableName() string { return "goals" }

func newGoalRow(id offer.ID, g offer.Goal) goalRow {
	return goalRow{
		ID: int64(g.ID), OfferID: int64(id), Alias: g.Alias, Name: g.Name, IsDefault: g.IsDefault,
		PayoutModel: string(g.Payout.Model), PayoutAmount: writeOptionalRate(g.Payout.Amount), PayoutPercent: writeOptionalRate(g.Payout.Percent),
		RevenueModel: string(g.Revenue.Model), RevenueAmount: writeOptionalRate(g.Revenue.Amount), RevenuePercent: writeOptionalRate(g.Revenue.Percent),
		InitialStatus: g.InitialStatus, HoldDays: g.HoldDays, Dedupe: string(g.Dedupe),
	}
}

func (r goalRow) goal() (offer.Goal, error) {
	g := offer.Goal{
		ID: offer.GoalID(r.ID), OfferID: offer.ID(r.OfferID), Alias: r.Alias, Name: r.Name, IsDefault: r.IsDefault,
		Payout: offer.Rule{Model: offer.Model(r.PayoutModel)}, Revenue: offer.Rule{Model: offer.Model(r.RevenueModel)},
		InitialStatus: r.InitialStatus, HoldDays: r.HoldDays, Dedupe: offer.Dedupe(r.Dedupe),
	}
	var err error
	if g.Payout.Amount, err = readOptionalRate("payout_amount", r.PayoutAmount); err != nil {
		return offer.Goal{}, err
	}
	if g.Payout.Percent, err = readOptionalRate("payout_percent", r.PayoutPercent); err != nil {
		return offer.Goal{}, err
	}
	if g.Revenue.Amount, err = readOptionalRate("revenue_amount", r.RevenueAmount); err != nil {
		return offer.Goal{}, err
	}
	g.Revenue.Percent, err = readOptionalRate("revenue_percent", r.RevenuePercent)
	return g, err
}

// goals reads the goals of offers, oldest first.
func (s Offers) goals(ctx context.Context, offers ...int64) (map[offer.ID][]offer.Goal, error) {
	goals := map[offer.ID][]offer.Goal{}
	if len(offers) == 0 {
		return goals, nil
	}
	rows, err := gorm.G[goalRow](s.db.orm(ctx)).Where("offer_id IN ?", offers).Order("id").Find(ctx)
	if err != nil {
		return nil, translate("read goals", err)
	}
	for _, row := range rows {
		g, err := row.goal()
		if err != nil {
			return nil, err
		}
		goals[g.OfferID] = append(goals[g.OfferID], g)
	}
	return goals, nil
}

// saveGoals makes the goals of o those stored. The caller holds the lock on the offer.
func (s Offers) saveGoals(ctx context.Context, o *offer.Offer) error {
	kept := []int64{0} // never an id; NOT IN needs a value
	named := [][]any{{int64(0), ""}}
	for _, g := range o.Goals {
		if g.ID != 0 {
			kept = append(kept, int64(g.ID))
			named = append(named, []any{int64(g.ID), g.Alias})
		}
	}
	// First what makes room in the unique indexes: deletions, aliases that change, for goals may swap them, and the
	// default that another goal takes over.
	if err := s.deleteGoals(ctx, o.ID, kept); err != nil {
		return err
	}
	if _, err := gorm.G[goalRow](s.db.orm(ctx)).Where("offer_id = ? AND (id, alias) NOT IN ?", int64(o.ID), named).
		Update(ctx, "alias", gorm.Expr("'#' || id")); err != nil { // no alias has a #
		return translate("clear aliases", err)
	}
	if _, err := gorm.G[goalRow](s.db.orm(ctx)).Where("offer_id = ? AND is_default", int64(o.ID)).Update(ctx, "is_default", false); err != nil {
		return translate("clear default goal", err)
	}
	for _, g := range o.Goals {
		if g.ID == 0 {
			continue
		}
		n, err := gorm.G[goalRow](s.db.orm(ctx)).Where("id = ? AND offer_id = ?", int64(g.ID), int64(o.ID)).
			Select("*").Omit("id", "offer_id").Updates(ctx, newGoalRow(o.ID, g))
		if err := changed("update goal", n, err); err != nil {
			return err
		}
	}
	return s.insertGoals(ctx, o)
}

// deleteGoals deletes the goals of an offer but those to be kept. Conflict in_use: conversions are of one of them.
func (s Offers) deleteGoals(ctx context.Context, id offer.ID, kept []int64) error {
	rest, err := gorm.G[goalRow](s.db.orm(ctx)).Where("offer_id = ? AND id NOT IN ?", int64(id), kept).Find(ctx)
	if err != nil || len(rest) == 0 {
		return translate("find goals to delete", err)
	}
	ids := make([]int64, len(rest))
	for i, row := range rest {
		ids[i] = row.ID
	}
	if err := s.db.checkNoConversions(ctx, "offer_id = $1 AND goal_id = ANY($2)", int64(id), ids); err != nil {
		return err
	}
	_, err = gorm.G[goalRow](s.db.orm(ctx)).Where("id IN ?", ids).Delete(ctx)
	return translate("delete goals", err)
}

// insertGoals saves the goals of o that have no id yet and sets it.
func (s Offers) insertGoals(ctx context.Context, o *offer.Offer) error {
	for i := range o.Goals {
		g := &o.Goals[i]
		g.OfferID = o.ID
		if g.ID != 0 {
			continue
		}
		row := newGoalRow(o.ID, *g)
		if err := gorm.G[goalRow](s.db.orm(ctx)).Create(ctx, &row); err != nil {
			return translate("insert goal", err)
		}
		g.ID = offer.GoalID(row.ID)
	}
	return nil
}
