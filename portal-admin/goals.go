package portaladmin

import (
	"cmp"
	"net/http"
	"strings"

	"github.com/waypost/waypost/domain/account"
	"github.com/waypost/waypost/domain/errs"
	"github.com/waypost/waypost/domain/money"
	"github.com/waypost/waypost/domain/offer"
	"github.com/waypost/waypost/portal"
	"github.com/waypost/waypost/ui"
)

// goals is the tab with the kinds of conversions.
func (a *admin) goals(f *portal.Frame) error {
	o, err := a.findOffer(f)
	if err != nil {
		return err
	}
	return a.renderOffer(f, http.StatusOK, o, "/goals", "Goals", goalsTab(goalTable(f, o, true), goalAdd(f, o)))
}

func goalAdd(f *portal.Frame, o offer.Offer) ui.Button {
	if !may(f) {
		return ui.Button{}
	}
	return ui.Button{Label: "Add goal", Icon: "plus", Href: offerPath(f, o.ID) + "/goals/new"}
}

// goalTable lists the goals of an offer; with links they can be edited.
func goalTable(f *portal.Frame, o offer.Offer, edit bool) ui.Table {
	t := ui.Table{ID: "goals", Name: "Goals of " + o.Name, Columns: []ui.Column{{Label: "Goal", Wide: true}, {Label: "Commission", Wrap: true}, {Label: "Revenue", Wrap: true, Hide: true}, {Label: "Starts as", Hide: true}, {Label: "A repeat is", Hide: true}}}
	for _, g := range o.Goals {
		name := g.Name
		if name == "" {
			name = g.Alias
		}
		cell := ui.Cell{Text: name, Sub: "id " + fmtID(g.ID) + " · " + g.Alias, Narrow: g.Alias + " · revenue " + ruleShort(g.Revenue, o.Currency)}
		if edit && may(f) {
			cell.Href = offerPath(f, o.ID) + "/goals/" + fmtID(g.ID)
		}
		if g.IsDefault {
			cell.Badge = ui.Badge(ui.Brand, "Default")
		}
		t.Rows = append(t.Rows, ui.Row{ID: "goal-" + fmtID(g.ID), Cells: []ui.Cell{cell, {Text: ruleWords(g.Payout, o.Currency, "commission")}, {Text: ruleWords(g.Revenue, o.Currency, "revenue")},
			{Text: startWords(g)}, {Text: oneOf(dedupes(), string(g.Dedupe))}}})
	}
	return t
}

func startWords(g offer.Goal) string {
	word := ui.StatusOf(ui.Conversions, g.InitialStatus).Word
	if g.HoldDays > 0 {
		return word + " for " + portal.Counted(g.HoldDays, "day")
	}
	return word
}

func dedupes() []ui.Option {
	return []ui.Option{
		{Value: "txid", Label: "The same order", Hint: "One conversion per order id; without one, one per click. The default."},
		{Value: "click", Label: "The same click", Hint: "One conversion per click, whatever the order id."},
		{Value: "update", Label: "An update", Hint: "A repeat overwrites the amounts."},
		{Value: "add", Label: "An addition", Hint: "A repeat adds its amounts. A sender's retry counts twice."},
		{Value: "none", Label: "A new conversion", Hint: "Each call counts. A sender's retry counts twice."},
	}
}

// goalInput is the form of a goal, as it was typed.
type goalInput struct {
	Name          string       `form:"name"`
	Alias         string       `form:"alias"`
	IsDefault     bool         `form:"is_default"`
	PayoutModel   offer.Model  `form:"payout_model"`
	PayoutAmount  string       `form:"payout_amount"`
	PayoutPct     string       `form:"payout_percent"`
	RevenueModel  offer.Model  `form:"revenue_model"`
	RevenueAmount string       `form:"revenue_amount"`
	RevenuePct    string       `form:"revenue_percent"`
	InitialStatus string       `form:"initial_status"`
	HoldDays      int          `form:"hold_days"`
	Dedupe        offer.Dedupe `form:"dedupe"`
	Wizard        bool         `form:"wizard"`
	Seen          string       `form:"seen"` // the goal's version when the form was drawn
}

func newGoalInput(g offer.Goal) goalInput {
	text := func(r *money.Rate) string {
		if r == nil {
			return ""
		}
		return r.String()
	}
	return goalInput{Name: g.Name, Alias: g.Alias, IsDefault: g.IsDefault, PayoutModel: g.Payout.Model, PayoutAmount: text(g.Payout.Amount), PayoutPct: text(g.Payout.Percent),
		RevenueModel: g.Revenue.Model, RevenueAmount: text(g.Revenue.Amount), RevenuePct: text(g.Revenue.Percent), InitialStatus: g.InitialStatus, HoldDays: g.HoldDays, Dedupe: g.Dedupe, Seen: g.Version()}
}

// read brings what was typed into a goal's own types; all numbers that are none are named at once.
func (in goalInput) read() (func(*offer.Goal), error) {
	var faults *errs.Error
	rate := func(text, field string) *money.Rate {
		if text == "" {
			return nil
		}
		r, err := money.ParseTyped(strings.TrimSuffix(strings.TrimSpace(text), "%"))
		if e, ok := errs.As(err); ok {
			if faults == nil {
				faults = errs.Invalid("invalid_input", "some numbers cannot be read")
			}
			faults.Fields = append(faults.Fields, errs.Field{Location: "body." + field, Code: e.Code, Message: e.Message})
			return nil
		}
		return &r
	}
	rule := func(model offer.Model, amount, percent, name string) offer.Rule {
		r := offer.Rule{Model: model}
		if model != offer.ModelPercent { // what the kind does not ask for is not shown, and may hold anything
			r.Amount = rate(amount, name+"_amount")
		}
		if model != offer.ModelFixed {
			r.Percent = rate(percent, name+"_percent")
		}
		return r
	}
	payout, revenue := rule(in.PayoutModel, in.PayoutAmount, in.PayoutPct, "payout"), rule(in.RevenueModel, in.RevenueAmount, in.RevenuePct, "revenue")
	if faults != nil {
		return nil, faults
	}
	hold := in.HoldDays
	if in.InitialStatus != "hold" {
		hold = 0 // a field that does not apply to the choice above it
	}
	return func(g *offer.Goal) {
		g.Name, g.Alias, g.IsDefault = in.Name, in.Alias, in.IsDefault
		g.Payout, g.Revenue, g.InitialStatus, g.HoldDays, g.Dedupe = payout, revenue, in.InitialStatus, hold, in.Dedupe
	}, nil
}

// goalFaults names the faults as the form does.
func goalFaults(err error) (portal.Faults, bool) {
	x, ok := portal.FaultsOf(err)
	for _, name := range []string{"model", "amount", "percent"} {
		x.Rename("payout."+name, "payout_"+name).Rename("revenue."+name, "revenue_"+name)
	}
	return x, ok
}

// goalFormView is the form of a goal.
type goalFormView struct {
	Action, CSRF, Cancel, Currency string
	Seen                           string // the goal's version
	Wizard                         bool
	Name, Alias, Default           ui.Field
	IsDefault                      bool
	Payout, Revenue                [3]ui.Field // model, amount, percent
	Initial, Hold, Dedupe          ui.Field
	Summary                        []ui.Problem
	Dirty                          bool
	Delete                         *ui.ConfirmBox
	Example                        exampleView
	Back, Later                    string
	Verb                           string
	Add                            ui.Button
}

func newGoalForm(f *portal.Frame, o offer.Offer, g offer.Goal, in goalInput, x portal.Faults, wizard bool) goalFormView {
	base := offerPath(f, o.ID)
	rule := func(name, label string, model offer.Model, amount, percent string, otherwise string) [3]ui.Field {
		return [3]ui.Field{
			{Name: name + "_model", Label: label, Value: string(model), Error: x[name+"_model"], Options: []ui.Option{
				{Value: "postback", Label: "As the postback says", Hint: otherwise}, {Value: "fixed", Label: "Fixed amount", Hint: "For each conversion."},
				{Value: "percent", Label: "Percent of the sale"}, {Value: "hybrid", Label: "Amount and percent"}}},
			{Name: name + "_amount", Label: "Amount", Value: amount, Error: x[name+"_amount"], Optional: true, Placeholder: "0.00"},
			{Name: name + "_percent", Label: "Percent of the sale", Value: percent, Error: x[name+"_percent"], Optional: true, InputMode: "decimal", Unit: "%", Autocomplete: "off"},
		}
	}
	v := goalFormView{CSRF: f.CSRF, Cancel: base + "/goals", Currency: string(o.Currency), Seen: in.Seen, Wizard: wizard, Verb: "Save goal", Dirty: x != nil, IsDefault: in.IsDefault,
		Name:    ui.Field{Name: "name", Label: "Name", Value: in.Name, Error: x["name"], Optional: true, MaxLength: 200, Placeholder: "First order", Autocomplete: "off"},
		Alias:   ui.Field{Name: "alias", Label: "Alias", Value: in.Alias, Error: x["alias"], Mono: true, MaxLength: 64, Autocomplete: "off", Hint: "What a postback calls it: goal=" + cmp.Or(in.Alias, "order")},
		Default: ui.Field{Name: "is_default", Label: "Default goal", Type: "checkbox", Value: "1", Error: x["is_default"], Hint: "Taken where a postback names none."},
		Payout:  rule("payout", "Commission: what the affiliate earns", in.PayoutModel, in.PayoutAmount, in.PayoutPct, "Else the amount and percent below, if any."),
		Revenue: rule("revenue", "Revenue: what the network earns", in.RevenueModel, in.RevenueAmount, in.RevenuePct, "Else the commission and the advertiser's margin."),
		Initial: ui.Field{Name: "initial_status", Label: "A conversion starts as", Value: in.InitialStatus, Error: x["initial_status"], Options: []ui.Option{
			{Value: "approved", Label: "Approved", Hint: "Earned at once."}, {Value: "pending", Label: "Pending", Hint: "Somebody judges it."}, {Value: "hold", Label: "On hold", Hint: "Approved by itself when its time is over."}}},
		Hold:   ui.Field{Name: "hold_days", Label: "On hold for", Value: fmtID(in.HoldDays), Error: x["hold_days"], InputMode: "numeric", Unit: "days", Optional: true, Hint: "Only for goals that start on hold."},
		Dedupe: ui.Field{Name: "dedupe", Label: "A repeat of the same call is", Value: string(in.Dedupe), Error: x["dedupe"], Options: dedupes()}}
	v.Summary = x.Summary(v.Name, v.Alias, v.Default, v.Payout[0], v.Payout[1], v.Payout[2], v.Revenue[0], v.Revenue[1], v.Revenue[2], v.Initial, v.Hold, v.Dedupe)
	v.Action = base + "/goals/new"
	if g.ID != 0 {
		v.Action = base + "/goals/" + fmtID(g.ID)
		if !g.IsDefault {
			v.Delete = &ui.ConfirmBox{ID: "delete-goal", Title: "Delete this goal?", Text: "This cannot be undone. It works only while it has no conversions.", Action: v.Action + "/delete", CSRF: f.CSRF, Verb: "Delete"}
		}
	}
	if wizard {
		v.Verb, v.Back, v.Later = "Save and continue", base+"/edit/basics", base
		v.Add = ui.Button{Label: "Add another goal", Icon: "plus", Look: ui.Quiet, Href: base + "/goals/new"}
	}
	return v
}

// findGoal reads the goal of the path; that of "new" is a goal with defaults.
func (a *admin) findGoal(f *portal.Frame) (offer.Offer, offer.Goal, error) {
	o, err := a.findOffer(f)
	if err != nil {
		return o, offer.Goal{}, err
	}
	if err := f.Actor.Require(account.PermissionManageCatalogue); err != nil {
		return o, offer.Goal{}, err
	}
	if f.Param("goal") == "" {
		return o, offer.Goal{Payout: offer.Rule{Model: offer.ModelPostback}, Revenue: offer.Rule{Model: offer.ModelPostback}, InitialStatus: "approved", Dedupe: offer.DedupeTxID}, nil
	}
	id, err := number[offer.GoalID](f, "goal")
	if err != nil {
		return o, offer.Goal{}, err
	}
	g, ok := o.Goal(id)
	if !ok {
		return o, g, noSuchThing()
	}
	return o, g, nil
}

func (a *admin) newGoal(f *portal.Frame) error { return a.editGoal(f) }

func (a *admin) editGoal(f *portal.Frame) error {
	o, g, err := a.findGoal(f)
	if err != nil {
		return err
	}
	return a.showGoal(f, http.StatusOK, o, g, newGoalInput(g), nil)
}

func (a *admin) showGoal(f *portal.Frame, status int, o offer.Offer, g offer.Goal, in goalInput, x portal.Faults) error {
	v := newGoalForm(f, o, g, in, x, in.Wizard)
	var err error
	if v.Example, err = a.example(f, o, in); err != nil {
		return err
	}
	form := goalForm(v)
	if in.Wizard {
		step := offerFrame(f, o, "goals")
		step.Action = ""
		return f.Render(status, step.Head.Title, "/offers", offerFormPage(step, form))
	}
	title := "Edit goal"
	if g.ID == 0 {
		title = "Add goal"
	}
	base := offerPath(f, o.ID)
	head := ui.Head{Crumbs: []ui.Crumb{{Label: "Offers", Href: f.Path("/offers")}, {Label: o.Name, Href: base}, {Label: "Goals", Href: base + "/goals"}, {Label: title}}, Title: title, Lead: o.Name + " · amounts in " + string(o.Currency)}
	return f.Render(status, title+" · "+o.Name, "/offers", goalPage(head, form))
}

func (a *admin) saveGoal(f *portal.Frame) error {
	o, g, err := a.findGoal(f)
	if err != nil {
		return err
	}
	var in goalInput
	var warnings []errs.Warning
	err = f.Bind(&in)
	var apply func(*offer.Goal)
	if err == nil {
		apply, err = in.read()
	}
	switch {
	case err != nil:
	case g.ID != 0:
		_, warnings, err = a.Offers.UpdateGoal(f.Context(), f.Actor, o.ID, g.ID, in.Seen, apply)
	default:
		apply(&g)
		_, warnings, err = a.Offers.CreateGoal(f.Context(), f.Actor, o.ID, g)
		g.ID = 0
	}
	if x, ok := goalFaults(err); ok {
		return a.showGoal(f, http.StatusUnprocessableEntity, o, g, in, x)
	}
	if err != nil {
		return err
	}
	if in.Wizard {
		return f.Redirect(offerPath(f, o.ID) + "/edit/tracking")
	}
	warn(f, "The goal is saved. It holds for conversions from now on.", warnings)
	if o.Status == offer.StatusDraft {
		return f.Redirect(offerPath(f, o.ID) + "/edit/goals")
	}
	return f.Redirect(offerPath(f, o.ID) + "/goals")
}

func (a *admin) deleteGoal(f *portal.Frame) error {
	o, g, err := a.findGoal(f)
	if err != nil {
		return err
	}
	to := offerPath(f, o.ID) + "/goals"
	if err := a.Offers.DeleteGoal(f.Context(), f.Actor, o.ID, g.ID); err != nil {
		if x, ok := portal.FaultsOf(err); ok {
			f.Flash(ui.Bad, "The goal cannot be deleted: "+anyOf(x))
			return f.Redirect(to)
		}
		return err
	}
	f.Flash(ui.OK, "The goal is deleted.")
	return f.Redirect(to)
}
