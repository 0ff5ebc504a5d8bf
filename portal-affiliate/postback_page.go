package portalaffiliate

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/a-h/templ"

	"github.com/waypost/waypost/domain"
	"github.com/waypost/waypost/domain/conversion"
	"github.com/waypost/waypost/domain/history"
	"github.com/waypost/waypost/domain/postback"
	"github.com/waypost/waypost/portal"
	"github.com/waypost/waypost/ui"
)

// postbackView is the page of one postback, or of one that is to be made.
type postbackView struct {
	head     ui.Head
	notices  []ui.Notice
	health   []ui.Stat // none for a new one
	form     postbackFields
	trackers trackerMenu
	foot     templ.Component
	try      tryView
	rules    []ui.Pair
	signing  *signingView // of a POST
	backfill *backfillView
	danger   *ui.ConfirmBox
	log      *logView // nil for a new one
}

// blank is the form of a new postback; the offer's page links here with its offer_id.
func (p postbackPages) blank(f *portal.Frame) error {
	in := postbackForm{Method: postback.MethodGET, Statuses: []string{string(conversion.StatusApproved)}}
	if err := f.Query(&in); err != nil {
		return err
	}
	return p.renderNew(f, http.StatusOK, in, nil, nil)
}

// global is the postback for all offers, or the form for it while there is none.
func (p postbackPages) global(f *portal.Frame) error {
	list, err := p.postbacks.List(f.Context(), f.Actor, postback.Filter{}, domain.Page{Limit: domain.MaxLimit})
	if err != nil {
		return err
	}
	for _, one := range list.Items {
		if one.OfferID == 0 {
			return f.Redirect(postbackPath(f, one.ID))
		}
	}
	return p.renderNew(f, http.StatusOK, postbackForm{Scope: "global", Method: postback.MethodGET, Statuses: []string{string(conversion.StatusApproved)}}, nil, nil)
}

func (p postbackPages) renderNew(f *portal.Frame, status int, in postbackForm, faults portal.Faults, tried *triedView) error {
	var asked postback.Postback
	in.apply(&asked)
	n, err := p.known(f, nil, asked)
	if err != nil {
		return err
	}
	title, path := "New postback", f.Path("/postbacks/new")
	if in.Scope == "global" {
		title, path = "Global postback", f.Path("/postbacks/global")
	}
	v := postbackView{rules: ruleList(), head: ui.Head{Crumbs: crumbs(f, title), Title: title, Lead: "Your tracker is called whenever a conversion of yours takes one of these statuses."}}
	if in.Scope == "global" {
		v.head.Lead = n.lead(postback.Postback{})
	}
	var filled string
	if v.trackers, filled = tracker(f, path); filled != "" && status == http.StatusOK {
		in.URL = filled
	}
	v.form = p.fields(f, n, in, faults)
	v.form.action, v.form.verb, v.form.cancel = f.Path("/postbacks"), "Create postback", f.Path("/postbacks")
	v.form.dirty, v.form.fresh = v.form.dirty || filled != "", true
	if v.try, err = p.tryOf(f, asked); err != nil {
		return err
	}
	v.try.action, v.try.result = f.Path("/postbacks/test"), tried
	if v.form.preview, err = p.previewOf(f, in, ""); err != nil {
		return err
	}
	return f.Render(status, title, navPostbacks, postbackPage(v))
}

// show is the page of one postback.
func (p postbackPages) show(f *portal.Frame) error {
	one, err := p.find(f)
	if err != nil {
		return err
	}
	if f.Part() && f.Target() == "log" {
		log, err := p.logOf(f, one)
		if err != nil {
			return err
		}
		return f.RenderPart(http.StatusOK, deliveryLog(log))
	}
	return p.renderOne(f, http.StatusOK, one, formOf(one), nil, nil)
}

// renderOne shows a postback with a form that may hold changes which are not saved, and what a test of it brought.
func (p postbackPages) renderOne(f *portal.Frame, status int, one postback.Postback, in postbackForm, faults portal.Faults, tried *triedView) error {
	var asked postback.Postback
	in.apply(&asked)
	n, err := p.known(f, nil, one, asked)
	if err != nil {
		return err
	}
	title, path := n.title(one), postbackPath(f, one.ID)
	v := postbackView{rules: ruleList(), head: ui.Head{Crumbs: crumbs(f, title), Title: title, Badge: ui.StatusBadge(ui.Postbacks, stateOf(one)), Lead: n.lead(one)}}
	v.notices = noticesOf(f, one, n)
	performance, err := p.postbacks.Performance(f.Context(), f.Actor, one.ID)
	if err != nil {
		return err
	}
	v.health = healthOf(performance, path+"?status=retrying#log")

	if one.OfferID == 0 {
		in.Scope = "global"
	}
	version, err := p.version(f, one, &in, &v)
	if err != nil {
		return err
	}
	var filled string
	if v.trackers, filled = tracker(f, path); filled != "" && status == http.StatusOK {
		in.URL = filled
	}
	v.form = p.fields(f, n, in, faults)
	v.form.action, v.form.verb, v.form.cancel = path, "Save changes", path
	v.form.seen = one.UpdatedAt.UTC().Format(time.RFC3339Nano)
	v.form.dirty = v.form.dirty || filled != "" || version
	if v.form.preview, err = p.previewOf(f, in, ""); err != nil {
		return err
	}
	if v.foot, err = p.lastChange(f, one); err != nil {
		return err
	}
	if v.try, err = p.tryOf(f, one); err != nil {
		return err
	}
	v.try.result = tried
	if one.Method == postback.MethodPOST {
		v.signing = signingOf(f, one, "")
	}
	if !v.form.locked {
		v.head.Actions = postbackActions(f.CSRF, path, one.Active)
		v.backfill = backfillOf(f, one)
		v.danger = &ui.ConfirmBox{ID: "delete", Title: "Delete this postback?", Action: path + "/delete", CSRF: f.CSRF, Verb: "Delete postback",
			Text: fmt.Sprintf("%s is not called any more for %s. A postback that has deliveries cannot be deleted, so that the log stays whole: pause it instead.", hostOf(one.URL), strings.ToLower(title))}
	}
	log, err := p.logOf(f, one)
	if err != nil {
		return err
	}
	v.log = &log
	return f.Render(status, title, navPostbacks, postbackPage(v))
}

func crumbs(f *portal.Frame, title string) []ui.Crumb {
	return []ui.Crumb{{Label: "Postbacks", Href: f.Path("/postbacks")}, {Label: title}}
}

func stateOf(p postback.Postback) string {
	if p.Active {
		return "active"
	}
	return "paused"
}

// noticesOf says why a postback is paused and what to do, and what narrows it that the form does not show.
func noticesOf(f *portal.Frame, p postback.Postback, n names) (all []ui.Notice) {
	switch host := hostOf(p.URL); {
	case p.PausedReason == postback.PausedGone:
		all = append(all, ui.Notice{Kind: ui.Bad, Strong: "Paused because the tracker answered 410 Gone.",
			Text: fmt.Sprintf("%s says that this address is no longer in use. Take the present one from the tracker, save it, send a test, then resume: what waits is sent then, and a back-fill sends what was missed.", host)})
	case p.PausedReason == postback.PausedFailing:
		all = append(all, ui.Notice{Kind: ui.Bad, Strong: "Paused because the tracker accepted nothing.",
			Text: fmt.Sprintf("%s has refused every call since %s, in %d tries. See the answers in the log below, mend the address or the tracker, then resume: what waits is sent then.", host, f.Time(p.FailingSince), p.Failures)})
	case !p.Active:
		all = append(all, ui.Notice{Kind: ui.Warn, Strong: "Paused.", Text: "Nothing is sent. A back-fill sends what was not owed meanwhile, once it is resumed."})
	case p.Failures > 0 && !p.FailingSince.IsZero():
		all = append(all, ui.Notice{Kind: ui.Warn, Strong: "The tracker does not accept calls right now.",
			Text: fmt.Sprintf("%d tries failed since %s. They are repeated by themselves; see the answers in the log below.", p.Failures, f.Time(p.FailingSince))})
	}
	if p.OfferID == 0 && len(p.GoalIDs) > 0 {
		var goals []string
		for _, g := range p.GoalIDs {
			goals = append(goals, n.Goal(0, g))
		}
		all = append(all, ui.Notice{Kind: ui.Neutral, Strong: "Only some goals.", Text: "It is called for " + strings.Join(goals, ", ") + " alone."})
	}
	return all
}

// healthOf is the strip of figures.
func healthOf(p postback.Performance, retrying string) []ui.Stat {
	rate := ui.Stat{Label: "Success rate", Value: portal.None}
	if now := p.Last.Rate(); now != "" {
		rate.Value = now + "%"
		if before := p.Before; before.Tried > 0 {
			change := p.Last.Delivered*1000/p.Last.Tried - before.Delivered*1000/before.Tried
			rate.After, rate.Good, rate.Bad = perMille(change), change > 0, change < 0
		}
	}
	answer := ui.Stat{Label: "Median response", Value: portal.None}
	if p.Median > 0 {
		answer.Value, answer.After = portal.Millis(p.Median), "p95 "+portal.Millis(p.P95)
	}
	waiting := ui.Stat{Label: "Waiting for retry", Value: portal.Count(p.Retrying)}
	if p.Retrying > 0 {
		waiting.After, waiting.Href = "View", retrying
	}
	stats := []ui.Stat{{Label: "Delivered, 24 h", Value: portal.Count(p.Last.Delivered), After: "of " + portal.Count(p.Last.Total)}, rate, answer, waiting}
	if p.Paused > 0 {
		stats = append(stats, ui.Stat{Label: "Set aside", Value: portal.Count(p.Paused), After: "until it is resumed"})
	}
	return stats
}

// perMille is a change of a rate in points: "+0.4", "−1.0", "±0".
func perMille(change int) string {
	sign := "+"
	switch {
	case change == 0:
		return "±0"
	case change < 0:
		sign, change = "−", -change
	}
	return fmt.Sprintf("%s%d.%d", sign, change/10, change%10)
}

// ruleList is how deliveries go out.
func ruleList() []ui.Pair {
	r := postback.DeliveryRules()
	return []ui.Pair{
		{Label: "Retries", Text: fmt.Sprintf("%d over %d hours", r.Tries-1, int(r.Span.Round(60*60*1e9).Hours()))},
		{Label: "First retry", Text: fmt.Sprintf("After %d seconds", int(r.FirstWait.Seconds()))},
		{Label: "Time limit", Text: fmt.Sprintf("%d seconds", int(r.SendLimit.Seconds()))},
		{Label: "Counts as success", Text: "Any 2xx answer"},
		{Label: "Redirects", Text: "Not followed"},
		{Label: "Requests at once", Text: fmt.Sprintf("%d, up to %d", r.FirstParallel, r.MostParallel)},
		{Label: "Retry-After", Text: fmt.Sprintf("Respected up to %d hours", int(r.MaxRetryAfter.Hours()))},
		{Label: "Pauses itself", Text: fmt.Sprintf("On 410, or %d h of failures", int(r.PauseAfter.Hours()))},
	}
}

// lastChange is the foot of the form.
func (p postbackPages) lastChange(f *portal.Frame, one postback.Postback) (templ.Component, error) {
	text := "Made " + f.Time(one.CreatedAt)
	list, err := p.history.List(f.Context(), f.Actor, history.Filter{ObjectType: "postback", ObjectID: strconv.FormatInt(int64(one.ID), 10), Action: "postback.update"}, domain.Page{Limit: 1})
	if err != nil {
		return nil, err
	}
	if len(list.Items) > 0 {
		text = "Last changed " + f.Time(list.Items[0].At) + " by " + whoOf(list.Items[0])
	}
	return changeFoot(text, postbackPath(f, one.ID)+"/history"), nil
}
