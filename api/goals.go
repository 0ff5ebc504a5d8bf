package api

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"

	"github.com/waypost/waypost/domain/account"
	"github.com/waypost/waypost/domain/errs"
	"github.com/waypost/waypost/domain/money"
	"github.com/waypost/waypost/domain/offer"
)

func (s *service) goalRoutes() {
	register(s, op{"list-goals", http.MethodGet, "/offers/{id}/goals", "List the goals of an offer", tagOffers, 0, nil}, s.listGoals)
	register(s, op{"create-goal", http.MethodPost, "/offers/{id}/goals", "Add a goal to an offer", tagOffers, 201, []int{409}}, s.createGoal)
	register(s, op{"get-goal", http.MethodGet, "/offers/{id}/goals/{goal_id}", "Read a goal", tagOffers, 0, nil}, s.getGoal)
	register(s, op{"update-goal", http.MethodPatch, "/offers/{id}/goals/{goal_id}", "Change a goal", tagOffers, 0, []int{409}}, s.updateGoal)
	register(s, op{"delete-goal", http.MethodDelete, "/offers/{id}/goals/{goal_id}", "Delete a goal that nothing refers to", tagOffers, 204, []int{409}}, s.deleteGoal)
}

// goalBody is a goal. Affiliates see no revenue rule, advertisers no payout rule.
type goalBody struct {
	ID            offer.GoalID  `json:"id" doc:"Id of the goal"`
	Alias         string        `json:"alias" doc:"What a postback names it by; unique within the offer"`
	Name          string        `json:"name" doc:"Name, for people"`
	IsDefault     bool          `json:"is_default" doc:"Whether it is the goal of a postback that names none"`
	Payout        *ruleBody     `json:"payout,omitempty" doc:"What the affiliate earns"`
	Revenue       *ruleBody     `json:"revenue,omitempty" doc:"What the advertiser pays"`
	InitialStatus string        `json:"initial_status" enum:"approved,pending,hold" doc:"Status of a conversion whose postback names none"`
	HoldDays      int           `json:"hold_days" doc:"How long initial_status hold lasts, in days"`
	Dedupe        string        `json:"dedupe" enum:"txid,click,none,update,add" doc:"What a repeated postback does"`
	Warnings      []warningBody `json:"warnings,omitzero" doc:"Only in the answer to a save"`
}

type ruleBody struct {
	Model   string      `json:"model" enum:"postback,fixed,percent,hybrid" doc:"How the amount is computed"`
	Amount  *money.Rate `json:"amount" nullable:"true" doc:"In the offer's currency"`
	Percent *money.Rate `json:"percent" nullable:"true" doc:"Of the sale value"`
}

func newGoalBody(g offer.Goal, v view) goalBody {
	return goalBody{ID: g.ID, Alias: g.Alias, Name: g.Name, IsDefault: g.IsDefault,
		Payout:        shown(v.commission(), newRuleBody(g.Payout)),
		Revenue:       shown(v.revenue(), newRuleBody(g.Revenue)),
		InitialStatus: g.InitialStatus, HoldDays: g.HoldDays, Dedupe: string(g.Dedupe)}
}

func newRuleBody(r offer.Rule) ruleBody {
	return ruleBody{Model: string(r.Model), Amount: r.Amount, Percent: r.Percent}
}

// GoalFields are what may be left out when a goal is saved.
type GoalFields struct {
	Name          Nullable[string]       `json:"name,omitempty" maxLength:"400" doc:"Name, for people; null empties it"`
	IsDefault     Optional[bool]         `json:"is_default,omitempty" doc:"Whether it is the goal of a postback that names none; an offer has exactly one"`
	Payout        *ruleFields            `json:"payout,omitempty" doc:"What the affiliate earns; model postback if left out of a new one"`
	Revenue       *ruleFields            `json:"revenue,omitempty" doc:"What the advertiser pays; model postback if left out of a new one"`
	InitialStatus Optional[string]       `json:"initial_status,omitempty" enum:"approved,pending,hold" doc:"Status of a conversion whose postback names none; approved if left out of a new one"`
	HoldDays      Optional[int]          `json:"hold_days,omitempty" doc:"How long initial_status hold lasts, in days"`
	Dedupe        Optional[offer.Dedupe] `json:"dedupe,omitempty" enum:"txid,click,none,update,add" doc:"What a repeated postback does; txid if left out of a new one"`
}

// ruleFields change a rule; amount and percent are emptied by null.
type ruleFields struct {
	Model   Optional[offer.Model] `json:"model,omitempty" enum:"postback,fixed,percent,hybrid" doc:"How the amount is computed; postback if left out of a new one"`
	Amount  Nullable[*money.Rate] `json:"amount,omitempty" example:"12.50" doc:"In the offer's currency, with at most its decimals for fixed and hybrid; null empties it"`
	Percent Nullable[*money.Rate] `json:"percent,omitempty" example:"7.5" doc:"Percent of the sale value, at most 6 decimals; null empties it"`
}

func (f *ruleFields) apply(r *offer.Rule) {
	if f == nil {
		return
	}
	f.Model.to(&r.Model)
	f.Amount.to(&r.Amount)
	f.Percent.to(&r.Percent)
}

func (f GoalFields) apply(g *offer.Goal) {
	f.Name.to(&g.Name)
	f.IsDefault.to(&g.IsDefault)
	f.Payout.apply(&g.Payout)
	f.Revenue.apply(&g.Revenue)
	f.InitialStatus.to(&g.InitialStatus)
	f.HoldDays.to(&g.HoldDays)
	f.Dedupe.to(&g.Dedupe)
}

// offerGoal is a goal inside an offer that is saved. One that names the id of a goal changes that goal.
type offerGoal struct {
	ID    Optional[offer.GoalID] `json:"id,omitempty" minimum:"1" doc:"Of a goal that the offer has"`
	Alias string                 `json:"alias" maxLength:"64" doc:"Unique within the offer, not all digits"`
	GoalFields
}

func (in offerGoal) goal(before []offer.Goal) offer.Goal {
	var g offer.Goal
	in.ID.to(&g.ID)
	for _, b := range before {
		if b.ID == g.ID || g.ID == 0 && b.Alias == in.Alias {
			g = b
			break
		}
	}
	g.Alias = in.Alias
	in.apply(&g)
	return g
}

// goalList is all goals of an offer. It is nil where it was not sent.
type goalList []offerGoal

// UnmarshalJSON implements json.Unmarshaler: null is a list without goals.
func (l *goalList) UnmarshalJSON(data []byte) error {
	goals := []offerGoal{}
	if string(data) != "null" {
		if err := json.Unmarshal(data, &goals); err != nil {
			return err
		}
	}
	*l = goals
	return nil
}

// goals are what the list makes of the goals before. A default that it names takes over from the one that was.
func (l goalList) goals(before []offer.Goal) []offer.Goal {
	named := slices.ContainsFunc(l, func(in offerGoal) bool { return in.IsDefault.set && in.IsDefault.value })
	goals := make([]offer.Goal, len(l))
	for i, in := range l {
		goals[i] = in.goal(before)
		if named && !in.IsDefault.set {
			goals[i].IsDefault = false
		}
	}
	return goals
}

type goalID struct {
	ID     offer.ID     `path:"id" doc:"Id of the offer"`
	GoalID offer.GoalID `path:"goal_id" doc:"Id of the goal"`
}

func (s *service) listGoals(ctx context.Context, actor account.Actor, in *offerID) (*list[goalBody], error) {
	o, err := s.Offers.Get(ctx, actor, in.ID)
	if err != nil {
		return nil, err
	}
	out := &list[goalBody]{Body: listBody[goalBody]{Items: newOfferBody(o, viewOf(actor)).Goals}}
	return out, nil
}

type goalCreate struct {
	ID   offer.ID `path:"id" doc:"Id of the offer"`
	Body struct {
		Alias string `json:"alias" maxLength:"64" doc:"Unique within the offer, not all digits"`
		GoalFields
	}
}

func (s *service) createGoal(ctx context.Context, actor account.Actor, in *goalCreate) (*one[goalBody], error) {
	g := offer.Goal{Alias: in.Body.Alias}
	in.Body.apply(&g)
	g, warnings, err := s.Offers.CreateGoal(ctx, actor, in.ID, g)
	if err != nil {
		return nil, err
	}
	b := newGoalBody(g, viewOf(actor))
	b.Warnings = newWarnings(warnings)
	return &one[goalBody]{b}, nil
}

func (s *service) getGoal(ctx context.Context, actor account.Actor, in *goalID) (*one[goalBody], error) {
	o, err := s.Offers.Get(ctx, actor, in.ID)
	if err != nil {
		return nil, err
	}
	g, ok := o.Goal(in.GoalID)
	if !ok {
		return nil, errs.NotFound("not_found", "offer %d has no goal %d", in.ID, in.GoalID)
	}
	return &one[goalBody]{newGoalBody(g, viewOf(actor))}, nil
}

type goalUpdate struct {
	ID     offer.ID     `path:"id" doc:"Id of the offer"`
	GoalID offer.GoalID `path:"goal_id" doc:"Id of the goal"`
	Body   struct {
		Alias Optional[string] `json:"alias,omitempty" maxLength:"64" doc:"What a postback names it by; unique within the offer, not all digits"`
		GoalFields
	}
}

func (s *service) updateGoal(ctx context.Context, actor account.Actor, in *goalUpdate) (*one[goalBody], error) {
	g, warnings, err := s.Offers.UpdateGoal(ctx, actor, in.ID, in.GoalID, "", func(g *offer.Goal) {
		in.Body.Alias.to(&g.Alias)
		in.Body.apply(g)
	})
	if err != nil {
		return nil, err
	}
	b := newGoalBody(g, viewOf(actor))
	b.Warnings = newWarnings(warnings)
	return &one[goalBody]{b}, nil
}

func (s *service) deleteGoal(ctx context.Context, actor account.Actor, in *goalID) (*noBody, error) {
	return nil, s.Offers.DeleteGoal(ctx, actor, in.ID, in.GoalID)
}
