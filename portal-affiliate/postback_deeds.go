package portalaffiliate

import (
	"fmt"
	"net/http"
	"time"

	"github.com/waypost/waypost/domain/errs"
	"github.com/waypost/waypost/domain/postback"
	"github.com/waypost/waypost/portal"
	"github.com/waypost/waypost/ui"
)

// create saves a new postback, active at once.
func (p postbackPages) create(f *portal.Frame) error {
	var in postbackForm
	if err := f.Bind(&in); err != nil {
		return p.refused(f, err, in, nil)
	}
	made := postback.Postback{Active: true}
	if in.Scope == "global" {
		in.Offer, in.Goal, in.Goals = 0, 0, nil
	}
	in.apply(&made)
	if len(in.Statuses) == 0 {
		return p.renderNew(f, http.StatusUnprocessableEntity, in, noStatus(), nil)
	}
	saved, warnings, err := p.postbacks.Create(f.Context(), f.Actor, made)
	if err != nil {
		return p.refused(f, err, in, nil)
	}
	f.Flash(flashOf("Postback created. Send a test to see what your tracker answers.", warnings))
	return f.Redirect(postbackPath(f, saved.ID))
}

// save changes one.
func (p postbackPages) save(f *portal.Frame) error {
	one, err := p.find(f)
	if err != nil {
		return err
	}
	var in postbackForm
	if err := f.Bind(&in); err != nil {
		return p.refused(f, err, in, &one)
	}
	if len(in.Statuses) == 0 {
		return p.renderOne(f, http.StatusUnprocessableEntity, one, in, noStatus(), nil)
	}
	_, warnings, err := p.postbacks.Update(f.Context(), f.Actor, one.ID, func(change *postback.Postback) {
		goals := change.GoalIDs
		if in.Scope == "global" {
			in.Offer, in.Goal = portal.Pick(change.OfferID), int64(change.GoalID) // the form does not ask for them
		}
		in.apply(change)
		if in.Scope == "global" {
			change.GoalIDs = goals
		}
		if !in.Seen.IsZero() {
			change.UpdatedAt = in.Seen
		}
	})
	if err != nil {
		return p.refused(f, err, in, &one)
	}
	f.Flash(flashOf("Postback saved.", warnings))
	return f.Redirect(postbackPath(f, one.ID))
}

func noStatus() portal.Faults {
	return portal.Faults{"statuses": "Choose at least one status: without any, nothing would be sent."}
}

// refused shows the form again with what is wrong; any other error is a page of its own.
func (p postbackPages) refused(f *portal.Frame, err error, in postbackForm, one *postback.Postback) error {
	faults, ok := portal.FaultsOf(err)
	if !ok {
		return err
	}
	if one == nil {
		return p.renderNew(f, http.StatusUnprocessableEntity, in, faults, nil)
	}
	return p.renderOne(f, http.StatusUnprocessableEntity, *one, in, faults, nil)
}

// flashOf says that something was done, and what is to be thought of.
func flashOf(text string, warnings []errs.Warning) (ui.Kind, string) {
	kind := ui.OK
	for _, w := range warnings {
		kind = ui.Warn
		text += " " + portal.Sentence(w.Message)
	}
	return kind, text
}

func (p postbackPages) pause(f *portal.Frame) error {
	return p.turn(f, false, "Postback paused. What waits is set aside until you resume it.")
}

func (p postbackPages) resume(f *portal.Frame) error {
	return p.turn(f, true, "Postback resumed. What waited is sent now; a back-fill sends what was not owed meanwhile.")
}

func (p postbackPages) turn(f *portal.Frame, active bool, done string) error {
	one, err := p.find(f)
	if err != nil {
		return err
	}
	_, warnings, err := p.postbacks.Update(f.Context(), f.Actor, one.ID, func(change *postback.Postback) { change.Active = active })
	if err != nil {
		return p.refused(f, err, formOf(one), &one) // such as an address that may not be reached any more
	}
	f.Flash(flashOf(done, warnings))
	return f.Redirect(postbackPath(f, one.ID))
}

// remove deletes one that nothing refers to.
func (p postbackPages) remove(f *portal.Frame) error {
	one, err := p.find(f)
	if err != nil {
		return err
	}
	if err := p.postbacks.Delete(f.Context(), f.Actor, one.ID); err != nil {
		if errs.Is(err, errs.KindConflict) {
			err = errs.Conflict("in_use", "this postback has deliveries, which keep its log; pause it instead of deleting it")
		}
		return p.refused(f, err, formOf(one), &one)
	}
	f.Flash(ui.OK, "Postback deleted.")
	return f.Redirect(f.Path("/postbacks"))
}

// backfillView is the card, and the page that shows the count before anything is sent.
type backfillView struct {
	path, csrf string
	from, to   ui.Field
	paused     bool
	zone       string

	counted  bool
	count    int
	title    string
	period   string
	back     string
	head     ui.Head
	problems []ui.Problem
}

const backfillDays = 7

func backfillOf(f *portal.Frame, one postback.Postback) *backfillView {
	today := f.Now.In(f.Zone)
	v := &backfillView{path: postbackPath(f, one.ID) + "/backfill", back: postbackPath(f, one.ID), csrf: f.CSRF, paused: !one.Active, zone: f.Zone.String()}
	v.from = ui.Field{Name: "from", ID: "backfill-from", Label: "From", Type: "date", Value: today.AddDate(0, 0, -backfillDays).Format(time.DateOnly)}
	v.to = ui.Field{Name: "to", ID: "backfill-to", Label: "To", Type: "date", Value: today.Format(time.DateOnly)}
	return v
}

type backfillForm struct {
	From string `form:"from" query:"from"`
	To   string `form:"to" query:"to"`
}

// countMissed counts what a back-fill would send.
func (p postbackPages) countMissed(f *portal.Frame) error {
	one, err := p.find(f)
	if err != nil {
		return err
	}
	var in backfillForm
	if err := f.Query(&in); err != nil {
		return err
	}
	return p.renderBackfill(f, http.StatusOK, one, in)
}

func (p postbackPages) renderBackfill(f *portal.Frame, status int, one postback.Postback, in backfillForm) error {
	n, err := p.known(f, nil, one)
	if err != nil {
		return err
	}
	v := backfillOf(f, one)
	if in.From != "" {
		v.from.Value = in.From
	}
	if in.To != "" {
		v.to.Value = in.To
	}
	v.title = "Send what was missed"
	v.head = ui.Head{Title: v.title, Crumbs: []ui.Crumb{{Label: "Postbacks", Href: f.Path("/postbacks")}, {Label: n.title(one), Href: v.back}, {Label: "Back-fill"}},
		Lead: "Conversions of this postback's scope and statuses that it was never told of. Those that it was told of are not sent again."}
	from, to, err := period(f, v.from.Value, v.to.Value)
	if err == nil {
		v.count, err = p.postbacks.Backfill(f.Context(), f.Actor, one.ID, from, to, true)
	}
	switch faults, mendable := portal.FaultsOf(err); {
	case err == nil:
		v.counted, v.period = true, fmt.Sprintf("%s to %s", f.Date(from), f.Date(to.Add(-time.Second)))
	case mendable:
		v.from.Error, v.to.Error = faults["from"], faults["to"]
		v.problems, status = faults.Summary(v.from, v.to), http.StatusUnprocessableEntity
	default:
		return err
	}
	return f.Render(status, v.title, navPostbacks, backfillPage(*v))
}

// backfill sends it.
func (p postbackPages) backfill(f *portal.Frame) error {
	one, err := p.find(f)
	if err != nil {
		return err
	}
	var in backfillForm
	if err := f.Bind(&in); err != nil {
		return err
	}
	from, to, err := period(f, in.From, in.To)
	count := 0
	if err == nil {
		count, err = p.postbacks.Backfill(f.Context(), f.Actor, one.ID, from, to, false)
	}
	if _, mendable := portal.FaultsOf(err); mendable {
		return p.renderBackfill(f, http.StatusUnprocessableEntity, one, in)
	} else if err != nil {
		return err
	}
	f.Flash(ui.OK, counted(count, "conversion is", "conversions are")+" being sent.")
	return f.Redirect(postbackPath(f, one.ID) + "#log")
}

// period reads two days in the viewer's zone, both included.
func period(f *portal.Frame, from, to string) (start, end time.Time, err error) {
	faults := errs.Invalid("invalid_time", "name two days")
	read := func(name, text string) time.Time {
		day, err := time.ParseInLocation(time.DateOnly, text, f.Zone)
		if err != nil {
			faults.Fields = append(faults.Fields, errs.Field{Location: "body." + name, Code: "invalid_time", Message: "must be a day, such as 2026-11-21"})
		}
		return day
	}
	start, end = read("from", from), read("to", to).AddDate(0, 0, 1)
	if len(faults.Fields) > 0 {
		return start, end, faults
	}
	return start, end, nil
}

// counted is a number with its noun.
func counted(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return portal.Count(n) + " " + many
}
