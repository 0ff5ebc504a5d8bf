package portaladmin

import (
	"github.com/a-h/templ"

	"github.com/waypost/waypost/domain/offer"
	"github.com/waypost/waypost/portal"
	"github.com/waypost/waypost/ui"
)

// basicsView is the first step.
type basicsView struct {
	Advertiser, Name, PreviewURL, Currency ui.Field
	Destination                            ui.TokenField
	Preview                                previewView
	New, Nobody                            bool // Nobody: there is no advertiser yet
	AddAdvertiser                          string
}

// trackingView is the third step.
type trackingView struct {
	Window, Min, Fallback, ShowValue ui.Field
	Shows                            bool
	Samples                          []ui.Sample
	More, Advertiser                 string
}

// reviewView is the last step: all that was chosen, and what still stands in the way.
type reviewView struct {
	Parts    []reviewPart
	Verdicts []ui.Flash
	Goals    ui.Table
	Activate ui.ConfirmBox
	Draft    bool
	Later    string
}

// reviewPart is what one step chose.
type reviewPart struct {
	Title, Edit string
	Pairs       []ui.Pair
}

func (a *admin) reviewStep(f *portal.Frame, o offer.Offer) (templ.Component, []ui.Field, error) {
	owner, err := a.Advertisers.Get(f.Context(), f.Actor, o.AdvertiserID)
	if err != nil {
		return nil, nil, err
	}
	base := offerPath(f, o.ID)
	v := reviewView{Verdicts: lintView(o.DestinationURL).Verdicts, Goals: goalTable(f, o, false), Draft: o.Status != offer.StatusActive, Later: base,
		Parts: []reviewPart{
			{"Basics", base + "/edit/basics", []ui.Pair{{Label: "Advertiser", Text: owner.Name}, {Label: "Name", Text: o.Name}, {Label: "Currency", Text: string(o.Currency)},
				{Label: "Destination", Text: o.DestinationURL, Mono: true}, {Label: "Preview", Text: portal.Or(o.PreviewURL)}}},
			{"Tracking", base + "/edit/tracking", []ui.Pair{{Label: "A sale counts within", Text: portal.Counted(o.WindowDays, "day")}, {Label: "At the earliest after", Text: minimum(o.MinSeconds)},
				{Label: "When a click does not qualify", Text: portal.Or(o.FallbackURL)}, {Label: "Affiliates see the sale value", Text: yesNo(o.ShowValue)}}},
			{"Access", base + "/edit/access", []ui.Pair{{Label: "Who may run it", Text: capital(whoMayRun(o.Visibility))}}},
		},
		Activate: ui.ConfirmBox{ID: "activate", Title: "Activate " + o.Name + "?", Text: "Affiliates can run it from now on: " + whoMayRun(o.Visibility), Action: base + "/status", CSRF: f.CSRF, Verb: "Activate", Safe: true}}
	if owner.Status != "active" {
		v.Verdicts = append(v.Verdicts, ui.Flash{Kind: ui.Warn, Text: owner.Name + " is " + string(owner.Status) + ": clicks count only when it is active."})
	}
	return offerReview(v), nil, nil
}

// goalsStep is the second step: the form of the one goal there is, or the list of several.
func (a *admin) goalsStep(f *portal.Frame, o offer.Offer) (templ.Component, error) {
	base := offerPath(f, o.ID)
	if o.Status == offer.StatusDraft && len(o.Goals) == 1 {
		in := newGoalInput(o.Goals[0])
		v := newGoalForm(f, o, o.Goals[0], in, nil, true)
		var err error
		v.Example, err = a.example(f, o, in)
		return goalForm(v), err
	}
	next := ui.Button{}
	if o.Status == offer.StatusDraft {
		next = ui.Button{Label: "Continue", IconAfter: "arrow-right", Look: ui.Primary, Href: base + "/edit/tracking"}
	}
	return goalsStepList(goalTable(f, o, true), ui.Button{Label: "Add goal", Icon: "plus", Href: base + "/goals/new"}, next), nil
}
