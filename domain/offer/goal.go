package offer

import (
	"context"
	"slices"

	"github.com/waypost/waypost/domain/account"
	"github.com/waypost/waypost/domain/errs"
)

// onlyGoal is the location of a goal that is sent by itself. The others were valid before.
func onlyGoal(int) string { return "body" }

// CreateGoal adds a goal to an offer. One that is to be the default takes that over.
func (s *Service) CreateGoal(ctx context.Context, actor account.Actor, id ID, g Goal) (Goal, []errs.Warning, error) {
	g.ID, g.OfferID = 0, id
	o, _, err := s.edit(ctx, actor, id, edit{
		change: func(o *Offer) error {
			if err := o.aliasFree(g); err != nil {
				return err
			}
			o.Goals = append(o.Goals, g)
			o.takeOverDefault(len(o.Goals) - 1)
			return nil
		},
		goalAt: onlyGoal,
		record: func(ctx context.Context, _, after Offer) error {
			made := after.Goals[len(after.Goals)-1]
			return s.record(ctx, actor, "goal.create", "goal", made.ID, nil, made)
		},
	})
	if err != nil {
		return Goal{}, nil, err
	}
	made := o.Goals[len(o.Goals)-1]
	return made, made.warnings(""), nil
}

// UpdateGoal changes a goal. To make another goal the default, set its IsDefault; it cannot just be taken away. seen is
// Goal.Version of what the change was made from: where the goal is another by now it is Conflict changed_meanwhile. Empty
// takes it as it is.
func (s *Service) UpdateGoal(ctx context.Context, actor account.Actor, id ID, goalID GoalID, seen string, change func(*Goal)) (Goal, []errs.Warning, error) {
	o, _, err := s.edit(ctx, actor, id, edit{
		change: func(o *Offer) error {
			i, err := o.index(goalID)
			if err != nil {
				return err
			}
			before := o.Goals[i]
			if seen != "" && seen != before.Version() {
				return errs.ChangedMeanwhile()
			}
			g := before
			change(&g)
			g.ID, g.OfferID = before.ID, before.OfferID
			if before.IsDefault && !g.IsDefault {
				return defaultNeeded().At("body.is_default")
			}
			if err := o.aliasFree(g); err != nil {
				return err
			}
			o.Goals[i] = g
			o.takeOverDefault(i)
			return nil
		},
		goalAt: onlyGoal,
		record: func(ctx context.Context, before, after Offer) error {
			was, _ := before.Goal(goalID)
			is, _ := after.Goal(goalID)
			return s.record(ctx, actor, "goal.update", "goal", goalID, was, is)
		},
	})
	if err != nil {
		return Goal{}, nil, err
	}
	g, _ := o.Goal(goalID)
	return g, g.warnings(""), nil
}

// DeleteGoal removes a goal that nothing refers to (else Conflict in_use) and that is not the default.
func (s *Service) DeleteGoal(ctx context.Context, actor account.Actor, id ID, goalID GoalID) error {
	_, _, err := s.edit(ctx, actor, id, edit{
		change: func(o *Offer) error {
			i, err := o.index(goalID)
			if err != nil {
				return err
			}
			if o.Goals[i].IsDefault {
				return defaultNeeded()
			}
			o.Goals = slices.Delete(o.Goals, i, i+1)
			return nil
		},
		goalAt: onlyGoal,
		record: func(ctx context.Context, before, _ Offer) error {
			was, _ := before.Goal(goalID)
			return s.record(ctx, actor, "goal.delete", "goal", goalID, was, nil)
		},
	})
	return err
}

func (o *Offer) index(id GoalID) (int, error) {
	i := slices.IndexFunc(o.Goals, func(g Goal) bool { return g.ID == id })
	if i < 0 {
		return 0, errs.NotFound("not_found", "offer %d has no goal %d", o.ID, id)
	}
	return i, nil
}

func (o *Offer) aliasFree(g Goal) error {
	for _, other := range o.Goals {
		if other.ID != g.ID && other.Alias == g.Alias {
			return errs.Conflict("goals_alias", "another goal of this offer has the alias %q", g.Alias).At("body.alias")
		}
	}
	return nil
}

// takeOverDefault leaves goal i as the only default if it is one.
func (o *Offer) takeOverDefault(i int) {
	for j := range o.Goals {
		if o.Goals[i].IsDefault && j != i {
			o.Goals[j].IsDefault = false
		}
	}
}

func defaultNeeded() *errs.Error {
	return errs.Conflict("default_goal", "an offer needs a default goal: make another one the default first")
}
