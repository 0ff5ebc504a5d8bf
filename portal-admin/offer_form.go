package portaladmin

import (
	"cmp"
	"net/http"
	"slices"
	"time"

	"github.com/a-h/templ"

	"github.com/waypost/waypost/domain"
	"github.com/waypost/waypost/domain/account"
	"github.com/waypost/waypost/domain/advertiser"
	"github.com/waypost/waypost/domain/click"
	"github.com/waypost/waypost/domain/errs"
	"github.com/waypost/waypost/domain/money"
	"github.com/waypost/waypost/domain/offer"
	"github.com/waypost/waypost/domain/search"
	"github.com/waypost/waypost/portal"
	"github.com/waypost/waypost/ui"
)

// offerSteps are the steps of the wizard. They are the parts of the form of an offer that runs, too.
var offerSteps = []struct{ key, label string }{{"basics", "Basics"}, {"goals", "Goals and money"}, {"tracking", "Tracking"}, {"access", "Access"}, {"review", "Review"}}

// offerFormView is a step of the wizard, or a part of the form.
type offerFormView struct {
	Head    ui.Head
	Steps   []ui.Step // of a draft
	Menu    []ui.Tab  // of an offer that is no draft
	Action  string    // empty shows no form around the body
	Seen    time.Time // the offer's last change; zero for a new one
	CSRF    string
	Summary []ui.Problem
	Dirty   bool
	Back    string // address of the step before
	Next    ui.Button
	Later   string // where a draft waits
}

// offerInput is what the steps send.
type offerInput struct {
	Advertiser  string           `form:"advertiser"`
	Name        string           `form:"name"`
	Destination string           `form:"destination_url"`
	Preview     string           `form:"preview_url"`
	Currency    money.Currency   `form:"currency"`
	Window      int              `form:"window_days"`
	MinSeconds  int              `form:"min_seconds"`
	Fallback    string           `form:"fallback_url"`
	ShowValue   bool             `form:"show_value"`
	Visibility  offer.Visibility `form:"visibility"`
	Seen        time.Time        `form:"seen"` // the offer's last change when the form was drawn
}

func newOfferInput(o offer.Offer, advertiserName string) offerInput {
	return offerInput{Advertiser: portal.Picked(o.AdvertiserID, advertiserName), Name: o.Name, Destination: o.DestinationURL, Preview: o.PreviewURL, Currency: o.Currency,
		Window: o.WindowDays, MinSeconds: o.MinSeconds, Fallback: o.FallbackURL, ShowValue: o.ShowValue, Visibility: o.Visibility}
}

// apply changes what a step is about.
func (in offerInput) apply(step string, o *offer.Offer) {
	switch step {
	case "basics":
		o.AdvertiserID, o.Name, o.DestinationURL, o.PreviewURL = advertiser.ID(pickedID(in.Advertiser)), in.Name, in.Destination, in.Preview
		if in.Currency != "" {
			o.Currency = in.Currency
		}
	case "tracking":
		o.WindowDays, o.MinSeconds, o.FallbackURL, o.ShowValue = in.Window, in.MinSeconds, in.Fallback, in.ShowValue
	case "access":
		o.Visibility = in.Visibility
	}
}

func (a *admin) newOffer(f *portal.Frame) error {
	if err := f.Actor.Require(account.PermissionManageCatalogue); err != nil {
		return err
	}
	var query struct {
		Advertiser int64 `query:"advertiser"`
	}
	if err := f.Query(&query); err != nil {
		return err
	}
	in := offerInput{}
	if query.Advertiser != 0 {
		owner, err := a.Advertisers.Get(f.Context(), f.Actor, advertiser.ID(query.Advertiser))
		if err != nil {
			return err
		}
		in.Advertiser = portal.Picked(owner.ID, owner.Name)
	}
	return a.showOfferStep(f, http.StatusOK, offer.Offer{Status: offer.StatusDraft}, "basics", in, nil)
}

// createOffer makes the draft that the wizard goes on with.
func (a *admin) createOffer(f *portal.Frame) error {
	var in offerInput
	o := offer.Offer{Status: offer.StatusDraft}
	err := f.Bind(&in)
	if err == nil {
		in.apply("basics", &o)
		o, _, err = a.Offers.Create(f.Context(), f.Actor, o)
	}
	if x, ok := portal.FaultsOf(err); ok {
		return a.showOfferStep(f, http.StatusUnprocessableEntity, offer.Offer{Status: offer.StatusDraft}, "basics", in, x.Rename("advertiser_id", "advertiser"))
	}
	if err != nil {
		return err
	}
	f.Flash(ui.OK, "The draft is saved. You can leave at any step and go on later.")
	return f.Redirect(offerPath(f, o.ID) + "/edit/goals")
}

func knownStep(step string) bool {
	return slices.ContainsFunc(offerSteps, func(s struct{ key, label string }) bool { return s.key == step })
}

func (a *admin) editOffer(f *portal.Frame) error {
	o, err := a.findOffer(f)
	if err != nil {
		return err
	}
	if err := f.Actor.Require(account.PermissionManageCatalogue); err != nil {
		return err
	}
	step := f.Param("step")
	if !knownStep(step) {
		return noSuchThing()
	}
	owner, err := a.Advertisers.Get(f.Context(), f.Actor, o.AdvertiserID)
	if err != nil {
		return err
	}
	return a.showOfferStep(f, http.StatusOK, o, step, newOfferInput(o, owner.Name), nil)
}

func (a *admin) saveOffer(f *portal.Frame) error {
	o, err := a.findOffer(f)
	if err != nil {
		return err
	}
	step := f.Param("step")
	if !knownStep(step) {
		return noSuchThing()
	}
	var in offerInput
	var warnings []errs.Warning
	err = f.Bind(&in)
	saved := o
	if err == nil {
		saved, warnings, err = a.Offers.Update(f.Context(), f.Actor, o.ID, func(o *offer.Offer) {
			in.apply(step, o)
			if !in.Seen.IsZero() {
				o.UpdatedAt = in.Seen
			}
		})
	}
	if x, ok := portal.FaultsOf(err); ok {
		return a.showOfferStep(f, http.StatusUnprocessableEntity, o, step, in, x.Rename("advertiser_id", "advertiser"))
	}
	if err != nil {
		return err
	}
	if saved.Status != offer.StatusDraft {
		warn(f, "The changes are saved and in force.", warnings)
		return f.Redirect(offerPath(f, o.ID) + "/edit/" + step)
	}
	if len(warnings) > 0 {
		warn(f, "Saved.", warnings)
	}
	return f.Redirect(offerPath(f, o.ID) + "/edit/" + stepAfter(step))
}

func stepAfter(step string) string {
	for i, s := range offerSteps[:len(offerSteps)-1] {
		if s.key == step {
			return offerSteps[i+1].key
		}
	}
	return "review"
}

func stepBefore(step string) string {
	for i, s := range offerSteps {
		if s.key == step && i > 0 {
			return offerSteps[i-1].key
		}
	}
	return ""
}

// showOfferStep answers with a step; o without an id is a new offer.
func (a *admin) showOfferStep(f *portal.Frame, status int, o offer.Offer, step string, in offerInput, x portal.Faults) error {
	body, fields, err := a.offerStep(f, o, step, in, x)
	if err != nil {
		return err
	}
	v := offerFrame(f, o, step)
	v.Summary, v.Dirty = x.Summary(fields...), x != nil
	if step == "goals" || step == "review" {
		v.Action = ""
	}
	return f.Render(status, v.Head.Title, "/offers", offerFormPage(v, body))
}

// offerFrame is what stands around a step.
func offerFrame(f *portal.Frame, o offer.Offer, step string) offerFormView {
	list := f.Path("/offers")
	base := offerPath(f, o.ID)
	v := offerFormView{CSRF: f.CSRF, Action: base + "/edit/" + step, Seen: o.UpdatedAt, Later: base}
	v.Head = ui.Head{Crumbs: []ui.Crumb{{Label: "Offers", Href: list}, {Label: o.Name, Href: base}, {Label: "Edit"}}, Title: "Edit " + o.Name, Badge: ui.StatusBadge(ui.Offers, string(o.Status))}
	if o.ID == 0 {
		v.Action, v.Later = list+"/new", list
		v.Head = ui.Head{Crumbs: []ui.Crumb{{Label: "Offers", Href: list}, {Label: "Create offer"}}, Title: "Create offer", Lead: "From the first step on a draft is kept: leave whenever you like."}
	}
	if before := stepBefore(step); before != "" {
		v.Back = base + "/edit/" + before
	}
	if o.Status != offer.StatusDraft {
		for _, s := range offerSteps[:4] {
			href := base + "/edit/" + s.key
			v.Menu = append(v.Menu, ui.Tab{Label: s.label, Href: href, Current: s.key == step})
		}
		v.Back, v.Next = "", ui.Button{Label: "Save changes", Look: ui.Primary, Submit: true}
		return v
	}
	reached := true
	for _, s := range offerSteps {
		one := ui.Step{Label: s.label, Current: s.key == step, Done: reached && s.key != step && o.ID != 0}
		if s.key == step {
			reached = false
		}
		if o.ID != 0 {
			one.Href = base + "/edit/" + s.key
		}
		v.Steps = append(v.Steps, one)
	}
	v.Next = ui.Button{Label: "Save and continue", IconAfter: "arrow-right", Look: ui.Primary, Submit: true}
	return v
}

// offerStep makes the body of a step, and gives its fields for the summary of errors.
func (a *admin) offerStep(f *portal.Frame, o offer.Offer, step string, in offerInput, x portal.Faults) (templ.Component, []ui.Field, error) {
	switch step {
	case "basics":
		any, err := a.Advertisers.List(f.Context(), f.Actor, advertiser.Filter{}, domain.Page{Limit: 1})
		if err != nil {
			return nil, nil, err
		}
		v := basicsView{Destination: destinationField(f, in.Destination, x["destination_url"]), Preview: lintView(in.Destination), New: o.ID == 0, Nobody: len(any.Items) == 0, AddAdvertiser: f.Path("/advertisers/new"),
			Advertiser: f.Finding(search.KindAdvertiser, ui.Field{Name: "advertiser", Label: "Advertiser", Value: in.Advertiser, Error: x["advertiser"]}),
			Name:       ui.Field{Name: "name", Label: "Name", Value: in.Name, Error: x["name"], MaxLength: 200, Autocomplete: "off", Hint: "Affiliates see it."},
			PreviewURL: ui.Field{Name: "preview_url", Label: "Preview address", Type: "url", Value: in.Preview, Error: x["preview_url"], Optional: true, Placeholder: "https://", Hint: "Where affiliates can look at the page without a click being counted."},
			Currency: ui.Field{Name: "currency", Label: "Currency", Value: string(in.Currency), Error: x["currency"], Options: append([]ui.Option{{Label: "The advertiser's"}}, currencies()...),
				Hint: "Of commission and revenue. It cannot change once there are conversions."}}
		return offerBasics(v), []ui.Field{v.Advertiser, v.Name, v.Destination.Field, v.PreviewURL, v.Currency}, nil
	case "goals":
		body, err := a.goalsStep(f, o)
		return body, nil, err
	case "tracking":
		owner, err := a.Advertisers.Get(f.Context(), f.Actor, o.AdvertiserID)
		if err != nil {
			return nil, nil, err
		}
		v := trackingView{Samples: a.platforms(owner.PostbackAuth, owner.PostbackToken), More: advertiserParty(owner).base(f) + "/tracking", Advertiser: owner.Name,
			Window: ui.Field{Name: "window_days", Label: "A sale counts within", Value: fmtID(in.Window), Error: x["window_days"], InputMode: "numeric", Unit: "days", Hint: "After the click. Later ones are refused as outside the window."},
			Min:    ui.Field{Name: "min_seconds", Label: "At the earliest after", Value: fmtID(in.MinSeconds), Error: x["min_seconds"], InputMode: "numeric", Unit: "seconds", Hint: "0 means no minimum. Sales that come sooner are refused as too fast."},
			Fallback: ui.Field{Name: "fallback_url", Label: "When a click does not qualify, send the visitor to", Value: in.Fallback, Error: x["fallback_url"], Optional: true, Mono: true, Placeholder: "https://",
				Hint: "Empty shows a plain page."},
			ShowValue: ui.Field{Name: "show_value", Label: "Affiliates may see the value of a sale", Value: "1", Hint: "Then {val} in their postbacks is filled."}, Shows: in.ShowValue}
		return offerTracking(v), []ui.Field{v.Window, v.Min, v.Fallback}, nil
	case "access":
		field := ui.Field{Name: "visibility", Label: "Who may run it", Value: string(in.Visibility), Error: x["visibility"], Options: []ui.Option{
			{Value: "public", Label: "Every active affiliate", Hint: "It is listed for all, and links work at once."},
			{Value: "approval", Label: "Affiliates whose request you approve", Hint: "It is listed for all; requests come into the work queue."},
			{Value: "private", Label: "Affiliates whom you invite", Hint: "Nobody else sees it."}}}
		return offerAccessStep(field, offerPath(f, o.ID)+"/access"), []ui.Field{field}, nil
	default:
		return a.reviewStep(f, o)
	}
}

// destinationField is the editor of a destination with its macros.
func destinationField(f *portal.Frame, value, fault string) ui.TokenField {
	t := ui.TokenField{Field: ui.Field{Name: "destination_url", Label: "Destination", Value: value, Error: fault, Mono: true, Placeholder: "https://shop.example/?click={click_id}",
		Hint: "Where a click leads. {click_id} is what the advertiser sends back with a sale: without it none can be counted.",
		HX:   ui.HX{Post: f.Path("/offers/lint"), Trigger: "input delay:400ms", Target: "#destination-preview", Swap: "outerHTML"}}}
	group := map[string]string{"click_id": "Click", "aff_click_id": "Click", "offer_id": "Click", "affiliate_id": "Click", "source": "Click", "creative_id": "Click", "deep_link": "Click"}
	all := map[string][]ui.Token{}
	for _, doc := range click.DestinationMacros.Names() {
		label := cmp.Or(group[doc.Name], "Visitor")
		if len(doc.Name) > 3 && doc.Name[:3] == "sub" {
			label = "Sub ids"
		}
		all[label] = append(all[label], ui.Token{Name: doc.Name, Help: doc.Doc})
		t.Others = append(t.Others, doc.Aliases...)
	}
	for _, label := range []string{"Click", "Sub ids", "Visitor"} {
		t.Groups = append(t.Groups, ui.TokenGroup{Label: label, Tokens: all[label]})
	}
	return t
}

// previewView is a destination filled with examples, and what is to be said of it.
type previewView struct {
	Parts    []ui.Part
	Verdicts []ui.Flash
}

// lintView judges a destination.
func lintView(destination string) previewView {
	if destination == "" {
		return previewView{Parts: []ui.Part{{Text: "Type an address: it is shown here as a visitor would get it."}}}
	}
	report, err := click.LintDestinationURL(destination)
	if e, ok := errs.As(err); ok {
		return previewView{Parts: []ui.Part{{Text: destination, Bad: true}}, Verdicts: []ui.Flash{{Kind: ui.Bad, Text: capital(e.Message) + "."}}}
	}
	v := previewView{Parts: []ui.Part{{Text: report.Preview}}}
	for _, finding := range report.Findings {
		v.Verdicts = append(v.Verdicts, ui.Flash{Kind: ui.Warn, Text: capital(finding.Message) + "."})
	}
	if len(report.Findings) == 0 {
		v.Verdicts = []ui.Flash{{Kind: ui.OK, Text: "All macros are known, and the click id travels with the visitor."}}
	}
	return v
}

// lintDestination answers the editor while somebody types.
func (a *admin) lintDestination(f *portal.Frame) error {
	if err := f.Actor.Require(account.PermissionManageCatalogue); err != nil {
		return err
	}
	var in offerInput
	if err := f.Bind(&in); err != nil {
		return err
	}
	v := lintView(in.Destination)
	return f.RenderPart(http.StatusOK, ui.Preview("destination-preview", "Preview", v.Parts, v.Verdicts))
}
