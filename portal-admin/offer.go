package portaladmin

import (
	"fmt"
	"net/http"
	"slices"

	"github.com/a-h/templ"

	"github.com/waypost/waypost/domain"
	"github.com/waypost/waypost/domain/history"
	"github.com/waypost/waypost/domain/offer"
	"github.com/waypost/waypost/domain/report"
	"github.com/waypost/waypost/portal"
	"github.com/waypost/waypost/ui"
)

// offerView is the head of an offer's record with its tabs.
type offerView struct {
	Head     ui.Head
	Tabs     []ui.Tab
	Notice   *ui.Notice
	Standing []ui.Notice // what stays wrong with it until it is changed
	Dialogs  []confirmView
}

func (a *admin) findOffer(f *portal.Frame) (offer.Offer, error) {
	id, err := number[offer.ID](f, "id")
	if err != nil {
		return offer.Offer{}, err
	}
	return a.Offers.Get(f.Context(), f.Actor, id)
}

func offerPath(f *portal.Frame, id offer.ID) string { return f.Path("/offers/" + fmtID(id)) }

// offerHead makes the head of a record; tab is the last part of the current tab's address.
func (a *admin) offerHead(f *portal.Frame, o offer.Offer, tab string) offerView {
	base := offerPath(f, o.ID)
	v := offerView{}
	names := []struct{ label, path string }{{"Overview", ""}, {"Goals", "/goals"}, {"Access", "/access"}, {"Coupons", "/coupons"}}
	if may(f) {
		names = append(names, struct{ label, path string }{"Test", "/test"})
	}
	for _, n := range append(names, struct{ label, path string }{"History", "/history"}) {
		t := ui.Tab{Label: n.label, Href: base + n.path, Current: n.path == tab}
		if n.path == "/goals" {
			t.Count = fmtID(len(o.Goals))
		}
		v.Tabs = append(v.Tabs, t)
	}
	v.Head = ui.Head{Crumbs: []ui.Crumb{{Label: "Offers", Href: f.Path("/offers")}, {Label: o.Name}}, Title: o.Name, Badge: ui.StatusBadge(ui.Offers, string(o.Status)),
		Lead: fmt.Sprintf("Offer %d · %s · %s", o.ID, visibilityWord(o.Visibility), o.Currency)}
	for _, w := range a.Offers.Standing(o) {
		n := ui.Notice{Kind: ui.Bad, Strong: "Sales of this offer cannot be matched.", Text: portal.Sentence(w.Message)}
		if may(f) {
			n.LinkLabel, n.LinkHref = "Mend the destination", base+"/edit/basics"
		}
		v.Standing = append(v.Standing, n)
	}
	if may(f) {
		v.Head.Actions = offerActions(f, o, &v)
		if o.Status == offer.StatusDraft {
			v.Notice = &ui.Notice{Kind: ui.Warn, Strong: "This offer is a draft.", Text: "Nobody can run it until it is active.", LinkLabel: "Go on with the set-up", LinkHref: base + "/edit/goals"}
		}
	}
	return v
}

// offerActions are the buttons of an offer's head.
func offerActions(f *portal.Frame, o offer.Offer, v *offerView) templ.Component {
	base := offerPath(f, o.ID)
	set := func(status, verb, icon, effect string, look ui.Look) ui.MenuItem {
		id := "confirm-" + status
		v.Dialogs = append(v.Dialogs, confirmView{ui.ConfirmBox{ID: id, Title: verb + " " + o.Name + "?", Text: effect, Action: base + "/status", CSRF: f.CSRF, Verb: verb, Safe: look != ui.Danger},
			[]ui.Option{{Label: "status", Value: status}}})
		return ui.MenuItem{Label: verb, Icon: icon, Dialog: id, Look: look}
	}
	more := []ui.MenuItem{{Label: "Copy", Icon: "copy", Href: base + "/copy", Post: true, CSRF: f.CSRF}}
	var first ui.Button
	if o.Status == offer.StatusActive {
		more = append(more, set("paused", "Pause", "player-pause", "New clicks are refused from now on. Sales of clicks made before still count within their window.", ui.Default))
	} else {
		item := set("active", "Activate", "player-play", "Affiliates can run it from now on: "+whoMayRun(o.Visibility), ui.Default)
		first = ui.Button{Label: item.Label, Icon: item.Icon, Dialog: item.Dialog, Look: ui.Primary}
	}
	if o.Status != offer.StatusExpired && o.Status != offer.StatusDraft {
		more = append(more, set("expired", "End", "clock", "It is over: new clicks are refused, and sales of earlier clicks are refused too.", ui.Danger))
	}
	more = append(more, ui.MenuItem{Label: "Delete", Icon: "trash", Dialog: "confirm-delete", Look: ui.Danger, Rule: true})
	v.Dialogs = append(v.Dialogs, confirmView{Box: ui.ConfirmBox{ID: "confirm-delete", Title: "Delete " + o.Name + "?", Action: base + "/delete", CSRF: f.CSRF, Verb: "Delete",
		Text: "This cannot be undone. It works only while nothing refers to the offer: with clicks or conversions, pause or end it instead."}})
	shown := []templ.Component{ui.Btn(ui.Button{Label: "Edit", Icon: "edit", Href: base + "/edit/basics"})}
	if first.Label != "" {
		shown = append(shown, ui.Btn(first))
	}
	shown = append(shown, ui.Btn(ui.Button{Label: "More", IconAfter: "chevron-down", Menu: "more"}), ui.Menu("more", "More actions", more))
	return components(shown...)
}

func whoMayRun(v offer.Visibility) string {
	switch v {
	case offer.VisibilityApproval:
		return "those whose request was approved."
	case offer.VisibilityPrivate:
		return "those that you invited."
	}
	return "every active affiliate."
}

// renderOffer answers with a tab of a record.
func (a *admin) renderOffer(f *portal.Frame, status int, o offer.Offer, tab, title string, content templ.Component) error {
	return f.Render(status, title+" · "+o.Name, "/offers", offerPage(a.offerHead(f, o, tab), content))
}

// offer is the overview of a record.
func (a *admin) offer(f *portal.Frame) error {
	o, err := a.findOffer(f)
	if err != nil {
		return err
	}
	base := offerPath(f, o.ID)
	figures, err := a.recordFigures(f, report.Filter{OfferID: o.ID}, base)
	if err != nil {
		return err
	}
	if f.Part() && f.Target() == "figures" {
		return f.RenderPart(http.StatusOK, figures)
	}
	owner, err := a.Advertisers.Get(f.Context(), f.Actor, o.AdvertiserID)
	if err != nil {
		return err
	}
	about := []ui.Pair{{Label: "Id", Text: fmtID(o.ID), Copy: true}, {Label: "Advertiser", Body: textLink(owner.Name, advertiserParty(owner).base(f))}, {Label: "Currency", Text: string(o.Currency)},
		{Label: "Access", Text: visibilityWord(o.Visibility)}, {Label: "A sale counts within", Text: portal.Counted(o.WindowDays, "day")}, {Label: "At the earliest after", Text: minimum(o.MinSeconds)},
		{Label: "Affiliates see the sale value", Text: yesNo(o.ShowValue)}, {Label: "Made", Text: f.Date(o.CreatedAt)}, {Label: "Last changed", Text: f.Time(o.UpdatedAt)}}
	addresses := []ui.Pair{{Label: "Destination", Text: o.DestinationURL, Mono: true, Copy: true}, {Label: "Preview", Body: website(o.PreviewURL)}, {Label: "When a click does not qualify", Text: portal.Or(o.FallbackURL), Mono: true}}
	return a.renderOffer(f, http.StatusOK, o, "", "Overview", offerOverview(figures, about, addresses, goalTable(f, o, false), partnerLinks(f, "offer", int64(o.ID)),
		"Last 30 days against the 30 days before, in "+f.Zone.String()))
}

func minimum(seconds int) string {
	if seconds == 0 {
		return "No minimum"
	}
	return portal.Counted(seconds, "second")
}

func yesNo(b bool) string {
	if b {
		return "Yes"
	}
	return "No"
}

func (a *admin) setOfferStatus(f *portal.Frame) error {
	id, err := number[offer.ID](f, "id")
	if err != nil {
		return err
	}
	var in struct {
		Status offer.Status `form:"status"`
	}
	if err := f.Bind(&in); err != nil {
		return err
	}
	o, warnings, err := a.Offers.Update(f.Context(), f.Actor, id, func(o *offer.Offer) { o.Status = in.Status })
	if err != nil {
		return err
	}
	warn(f, fmt.Sprintf("%s is now %s.", o.Name, ui.StatusOf(ui.Offers, string(o.Status)).Word), warnings)
	return f.Redirect(offerPath(f, o.ID))
}

// copyOffer makes a draft like an offer.
func (a *admin) copyOffer(f *portal.Frame) error {
	o, err := a.findOffer(f)
	if err != nil {
		return err
	}
	o.Name, o.Status = cutName("Copy of "+o.Name), offer.StatusDraft
	made, warnings, err := a.Offers.Create(f.Context(), f.Actor, o)
	if err != nil {
		return err
	}
	warn(f, "The copy is a draft: check it, then activate it.", warnings)
	return f.Redirect(offerPath(f, made.ID) + "/edit/basics")
}

// cutName keeps a name that was made longer within its bound.
func cutName(name string) string {
	if letters := []rune(name); len(letters) > 200 {
		return string(letters[:200])
	}
	return name
}

func (a *admin) deleteOffer(f *portal.Frame) error {
	o, err := a.findOffer(f)
	if err != nil {
		return err
	}
	if err := a.Offers.Delete(f.Context(), f.Actor, o.ID); err != nil {
		if x, ok := portal.FaultsOf(err); ok {
			f.Flash(ui.Bad, o.Name+" cannot be deleted: "+anyOf(x))
			return f.Redirect(offerPath(f, o.ID))
		}
		return err
	}
	f.Flash(ui.OK, o.Name+" is deleted.")
	return f.Redirect(f.Path("/offers"))
}

func (a *admin) offerHistory(f *portal.Frame) error {
	o, err := a.findOffer(f)
	if err != nil {
		return err
	}
	v, err := a.activityOf(f, "offer", int64(o.ID), offerPath(f, o.ID)+"/history")
	if err != nil {
		return err
	}
	v.Title = "History of the offer"
	goals, err := a.goalHistory(f, o)
	if err != nil {
		return err
	}
	return a.renderOffer(f, http.StatusOK, o, "/history", "History", components(activityTab(v), activityTab(goals)))
}

// historyOfGoal is how many changes of one goal are shown.
const historyOfGoal = 20

// goalHistory is what was changed in the goals that an offer has, newest first.
func (a *admin) goalHistory(f *portal.Frame, o offer.Offer) (activityView, error) {
	v := activityView{Title: "History of its goals", Text: fmt.Sprintf("The newest %d changes of each goal.", historyOfGoal)}
	var all domain.Slice[history.Entry]
	for _, g := range o.Goals {
		list, err := a.History.List(f.Context(), f.Actor, history.Filter{ObjectType: "goal", ObjectID: fmtID(g.ID)}, domain.Page{Limit: historyOfGoal})
		if err != nil {
			return v, err
		}
		all.Items = append(all.Items, list.Items...)
	}
	slices.SortStableFunc(all.Items, func(a, b history.Entry) int { return b.At.Compare(a.At) })
	v.Events, v.Pager.Text = events(f, all), portal.Counted(len(all.Items), "change")
	return v, nil
}
