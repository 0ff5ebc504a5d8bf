package portalaffiliate

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/waypost/waypost/domain"
	"github.com/waypost/waypost/domain/click"
	"github.com/waypost/waypost/domain/conversion"
	"github.com/waypost/waypost/domain/errs"
	"github.com/waypost/waypost/domain/offer"
	"github.com/waypost/waypost/domain/postback"
	"github.com/waypost/waypost/domain/search"
	"github.com/waypost/waypost/portal"
	"github.com/waypost/waypost/ui"
)

// postbackForm is what the form of a postback sends.
type postbackForm struct {
	URL      string      `form:"url"`
	Method   string      `form:"method"`
	Statuses []string    `form:"statuses"`
	Scope    string      `form:"scope"` // "global" where offer and goal are not asked for
	Offer    portal.Pick `form:"offer_id" query:"offer_id"`
	Goal     int64       `form:"goal_id" query:"goal_id"`
	Goals    []int64     `form:"goal_ids" query:"goal_ids"`
	Seen     time.Time   `form:"seen"` // the postback's last change when the form was drawn
}

func formOf(p postback.Postback) postbackForm {
	in := postbackForm{URL: p.URL, Method: p.Method, Offer: portal.Pick(p.OfferID), Goal: int64(p.GoalID)}
	for _, s := range p.Statuses {
		in.Statuses = append(in.Statuses, string(s))
	}
	for _, g := range p.GoalIDs {
		in.Goals = append(in.Goals, int64(g))
	}
	return in
}

// apply puts what was sent into a postback.
func (in postbackForm) apply(p *postback.Postback) {
	p.URL, p.Method, p.OfferID, p.GoalID = in.URL, in.Method, offer.ID(in.Offer), offer.GoalID(in.Goal)
	p.Statuses, p.GoalIDs = in.statuses(), nil
	for _, g := range in.Goals {
		p.GoalIDs = append(p.GoalIDs, offer.GoalID(g))
	}
}

func (in postbackForm) statuses() (all []conversion.Status) {
	for _, s := range in.Statuses {
		all = append(all, conversion.Status(s))
	}
	return all
}

// postbackFields is the form as it is shown.
type postbackFields struct {
	action, csrf  string
	previewPath   string
	tokens        ui.TokenField
	method        ui.Field
	statuses      ui.Field
	scoped        bool     // offer and goal are asked for
	offer         ui.Field // with scoped
	goals         goalFields
	problems      []ui.Problem
	preview       previewView
	dirty, locked bool // with unsaved changes; nothing may be changed
	fresh         bool // of a postback that is not made yet
	seen          string
	verb          string
	cancel        string
}

// goalFields depend on the offer that is chosen.
type goalFields struct {
	path  string
	goal  ui.Field
	goals ui.Field
	off   bool // no offer is chosen
}

// statusOrder is how statuses are listed: the usual ones first.
var statusOrder = []conversion.Status{conversion.StatusApproved, conversion.StatusPending, conversion.StatusHold, conversion.StatusRejected, conversion.StatusTrash}

// fields makes the form of a postback. faults are what is wrong with it.
func (p postbackPages) fields(f *portal.Frame, n names, in postbackForm, faults portal.Faults) postbackFields {
	locked := !mayWrite(f)
	v := postbackFields{csrf: f.CSRF, previewPath: f.Path("/postbacks/preview"), scoped: in.Scope != "global", locked: locked, dirty: len(faults) > 0}
	v.tokens = ui.TokenField{Groups: tokenGroups, Others: otherTokens, Field: ui.Field{Name: "url", Label: "Postback URL", Value: in.URL, Rows: 3, Mono: true, Error: faults["url"], ReadOnly: locked,
		MaxLength: 8192, Placeholder: "https://your-tracker.example/postback?cid={aff_click_id}&payout={payout}",
		Hint: "Put the cursor into the URL and choose a token to insert it. Values are URL-encoded for you."}}
	method := in.Method
	if method == "" {
		method = postback.MethodGET
	}
	v.method = ui.Field{Name: "method", Label: "Method", Value: method, Off: locked, Error: faults["method"], Options: []ui.Option{{Value: "GET", Label: "GET"}, {Value: "POST", Label: "POST"}}}
	v.statuses = ui.Field{Name: "statuses", Label: "Send when a conversion is", Error: faults["statuses"], Off: locked}
	for _, s := range statusOrder {
		v.statuses.Options = append(v.statuses.Options, ui.Option{Value: string(s), Label: ui.StatusOf(ui.Conversions, string(s)).Word, Chosen: slices.Contains(in.Statuses, string(s))})
	}
	v.offer = f.Finding(search.KindOffer, ui.Field{Name: "offer_id", Label: "Offer", Value: portal.Picked(in.Offer, n.Title(offer.ID(in.Offer)).Name), Optional: true, Off: locked, Error: faults["offer_id"],
		Hint: "A postback for an offer is called instead of the global one.", Placeholder: "Every offer (global)"})
	v.goals = goalFieldsOf(f, n, in, faults, locked)
	shown := []ui.Field{v.method, v.statuses, v.tokens.Field}
	if v.scoped {
		shown = append(shown, v.offer, v.goals.goal, v.goals.goals)
	}
	v.problems = faults.Summary(shown...)
	return v
}

func optionalID(id int64) string {
	if id == 0 {
		return ""
	}
	return strconv.FormatInt(id, 10)
}

func goalFieldsOf(f *portal.Frame, n names, in postbackForm, faults portal.Faults, locked bool) goalFields {
	v := goalFields{path: f.Path("/postbacks/goals"), off: in.Offer == 0, goal: ui.Field{Name: "goal_id", Label: "Goal", Value: optionalID(in.Goal), Optional: true, Off: locked, Error: faults["goal_id"],
		Hint: "A postback for one goal decides for that goal alone.", Options: []ui.Option{{Value: "", Label: "Every goal"}}},
		goals: ui.Field{Name: "goal_ids", Label: "Only for these goals", Optional: true, Off: locked, Error: faults["goal_ids"], Hint: "The others send nothing. Choose none to send all."}}
	listed := map[int64]bool{}
	add := func(id int64, label string) {
		v.goal.Options = append(v.goal.Options, ui.Option{Value: optionalID(id), Label: label})
		v.goals.Options = append(v.goals.Options, ui.Option{Value: optionalID(id), Label: label, Chosen: slices.Contains(in.Goals, id)})
		listed[id] = true
	}
	goals := n.Title(offer.ID(in.Offer)).Goals
	for _, id := range slices.Sorted(maps.Keys(goals)) {
		add(int64(id), goals[id])
	}
	for _, id := range append(slices.Clone(in.Goals), in.Goal) { // of an offer that it may not run any more, or of every offer
		if id != 0 && !listed[id] {
			add(id, n.Goal(0, offer.GoalID(id)))
		}
	}
	return v
}

// goalsPart answers the change of the offer.
func (p postbackPages) goalsPart(f *portal.Frame) error {
	var in postbackForm
	if err := f.Query(&in); err != nil {
		return err
	}
	n, err := p.known(f, []offer.ID{offer.ID(in.Offer)})
	if err != nil {
		return err
	}
	return f.RenderPart(http.StatusOK, goalPart(goalFieldsOf(f, n, postbackForm{Offer: in.Offer}, nil, !mayWrite(f))))
}

// tokenGroups are the chips; otherTokens the names that are known too.
var tokenGroups, otherTokens = tokens()

func tokens() ([]ui.TokenGroup, []string) {
	groups := []ui.TokenGroup{{Label: "Click"}, {Label: "Conversion"}, {Label: "Offer"}, {Label: "Visitor"}, {Label: "Other"}}
	chips := []string{"aff_click_id click_id sub1 sub2 sub3 source", "conversion_id txid status payout currency val goal", "offer_id offer_name goal_id",
		"country device os ip", "conversion_time click_time date timestamp test delivery_id"}
	var others []string
	for _, m := range click.PostbackMacros.Names() {
		at := slices.IndexFunc(chips, func(list string) bool { return slices.Contains(strings.Fields(list), m.Name) })
		others = append(append(others, m.Aliases...), "_"+m.Name)
		if at < 0 {
			others = append(others, m.Name)
			continue
		}
		groups[at].Tokens = append(groups[at].Tokens, ui.Token{Name: m.Name, Help: m.Doc + ", such as " + m.Example})
	}
	for i, list := range chips { // in the order above, not in that of the documentation
		order := strings.Fields(list)
		slices.SortFunc(groups[i].Tokens, func(a, b ui.Token) int { return slices.Index(order, a.Name) - slices.Index(order, b.Name) })
	}
	return groups, others
}

// previewView is the URL as it would be sent.
type previewView struct {
	path     string
	parts    []ui.Part
	verdicts []ui.Flash
	body     string // of a POST
	title    string
}

// preview answers each change of the form.
func (p postbackPages) preview(f *portal.Frame) error {
	var in struct {
		postbackForm
		Conversion string `form:"conversion_id"`
	}
	if err := f.Bind(&in); err != nil {
		return err
	}
	v, err := p.previewOf(f, in.postbackForm, in.Conversion)
	if err != nil {
		return err
	}
	return f.RenderPart(http.StatusOK, previewPart(v))
}

// previewOf fills the form's URL with the values of one of the affiliate's conversions, or with invented ones.
func (p postbackPages) previewOf(f *portal.Frame, in postbackForm, of string) (previewView, error) {
	v := previewView{path: f.Path("/postbacks/preview"), title: "Live preview"}
	if in.URL == "" {
		v.verdicts = []ui.Flash{{Kind: ui.Mute, Text: "Type the URL, or start from a tracker: what would be sent shows here."}}
		return v, nil
	}
	if !mayWrite(f) { // a look at the saved one: filled with the examples of the documentation
		v.parts = partsOf(click.PostbackMacros.Parse(in.URL).Pieces(exampleOf))
		return v, nil
	}
	ask := postback.PreviewInput{URL: in.URL, Method: in.Method, OfferID: offer.ID(in.Offer), GoalID: offer.GoalID(in.Goal), Statuses: in.statuses()}
	if id, ok := domain.ParseUUID(of); ok {
		ask.ConversionID = conversion.ID{UUID: id}
	}
	shown, err := p.postbacks.Preview(f.Context(), f.Actor, ask)
	if e, ours := errs.As(err); ours && (e.Kind == errs.KindInvalid) { // an offer, a method or a status of nobody
		v.verdicts = []ui.Flash{{Kind: ui.Bad, Text: portal.Sentence(e.Message)}}
		return v, nil
	}
	if err != nil {
		return v, err
	}
	v.parts, v.body = partsOf(shown.Pieces), shown.Body
	if !shown.Invented {
		v.title = "Live preview, with the values of this conversion"
	}
	if shown.Fault != nil {
		v.verdicts = append(v.verdicts, ui.Flash{Kind: ui.Bad, Text: portal.Sentence(shown.Fault.Message)})
	}
	for _, finding := range shown.Findings {
		v.verdicts = append(v.verdicts, ui.Flash{Kind: ui.Warn, Text: portal.Sentence(finding.Message)})
	}
	if len(v.verdicts) == 0 {
		v.verdicts = []ui.Flash{{Kind: ui.OK, Text: goodURL(in.URL, shown)}}
	}
	return v, nil
}

func exampleOf(name string) string {
	for _, m := range click.PostbackMacros.Names() {
		if m.Name == name {
			return m.Example
		}
	}
	return ""
}

func partsOf(pieces []click.Piece) (parts []ui.Part) {
	for _, piece := range pieces {
		part := ui.Part{Text: piece.Value}
		switch piece.Kind {
		case click.PieceMacro:
			part.Token = piece.Name
		case click.PieceUnknown:
			part.Bad = true
		}
		parts = append(parts, part)
	}
	return parts
}

// goodURL praises what passes the linter: "Valid HTTPS URL, 6 tokens, includes your click ID."
func goodURL(address string, p postback.Preview) string {
	text, count, click := "Valid URL", 0, false
	if strings.HasPrefix(strings.ToLower(address), "https:") {
		text = "Valid HTTPS URL"
	}
	for _, piece := range p.Pieces {
		if piece.Name != "" {
			count++
			click = click || piece.Name == "aff_click_id"
		}
	}
	if count == 1 {
		text += ", 1 token"
	} else {
		text += fmt.Sprintf(", %d tokens", count)
	}
	if click {
		text += ", includes your click ID"
	}
	return text + "."
}

// chosen tells that some of a field's options are on.
func chosen(f ui.Field) bool {
	return slices.ContainsFunc(f.Options, func(o ui.Option) bool { return o.Chosen })
}
