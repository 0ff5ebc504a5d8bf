package portaladmin

import (
	"fmt"

	"github.com/a-h/templ"

	"github.com/waypost/waypost/domain/account"
	"github.com/waypost/waypost/domain/advertiser"
	"github.com/waypost/waypost/domain/affiliate"
	"github.com/waypost/waypost/portal"
	"github.com/waypost/waypost/ui"
)

// partyKind is one of the two kinds of partners, whose records share what partners have in common.
type partyKind string

const (
	ofAffiliates  partyKind = "affiliate"
	ofAdvertisers partyKind = "advertiser"
)

// path is the first part of the kind's addresses.
func (k partyKind) path() string { return string(k) + "s" }

// plural names the kind's list.
func (k partyKind) plural() string { return capital(string(k)) + "s" }

// party is the partner of a record.
type party struct {
	kind     partyKind
	id       int64
	name     string
	email    string
	status   string
	currency string
}

// base is the address of the record.
func (p party) base(f *portal.Frame) string {
	return f.Path(fmt.Sprintf("/%s/%d", p.kind.path(), p.id))
}

func affiliateParty(a affiliate.Affiliate) party {
	return party{ofAffiliates, int64(a.ID), a.Name, a.Email, string(a.Status), string(a.Currency)}
}

func advertiserParty(a advertiser.Advertiser) party {
	return party{ofAdvertisers, int64(a.ID), a.Name, a.Email, string(a.Status), string(a.Currency)}
}

// of makes the handler of a page that both kinds have.
func (a *admin) of(kind partyKind, h func(f *portal.Frame, p party) error) portal.Handler {
	return func(f *portal.Frame) error {
		if kind == ofAffiliates {
			found, err := a.findAffiliate(f)
			if err != nil {
				return err
			}
			return h(f, affiliateParty(found))
		}
		found, err := a.findAdvertiser(f)
		if err != nil {
			return err
		}
		return h(f, advertiserParty(found))
	}
}

func (a *admin) findAffiliate(f *portal.Frame) (affiliate.Affiliate, error) {
	id, err := number[affiliate.ID](f, "id")
	if err != nil {
		return affiliate.Affiliate{}, err
	}
	return a.Affiliates.Get(f.Context(), f.Actor, id)
}

func (a *admin) findAdvertiser(f *portal.Frame) (advertiser.Advertiser, error) {
	id, err := number[advertiser.ID](f, "id")
	if err != nil {
		return advertiser.Advertiser{}, err
	}
	return a.Advertisers.Get(f.Context(), f.Actor, id)
}

// partyView is the head of a record with its tabs.
type partyView struct {
	Head    ui.Head
	TabName string
	Tabs    []ui.Tab
	Dialogs []confirmView
	CSRF    string
}

// confirmView is a question before a change of status, with what it sends.
type confirmView struct {
	Box    ui.ConfirmBox
	Fields []ui.Option // hidden: Label is the name
}

// partyHead makes the head of a record; tab is the last part of the current tab's address.
func (a *admin) partyHead(f *portal.Frame, p party, tab string) partyView {
	base := p.base(f)
	v := partyView{CSRF: f.CSRF, TabName: "Parts of this " + string(p.kind)}
	names := []struct{ label, path string }{{"Overview", ""}, {"Offers & access", "/offers"}, {"Postbacks", "/postbacks"}, {"Balance & ledger", "/balance"}}
	if p.kind == ofAdvertisers {
		names = []struct{ label, path string }{{"Overview", ""}, {"Offers", "/offers"}, {"Tracking set-up", "/tracking"}}
	}
	if may(f) {
		names = append(names, struct{ label, path string }{"Settings", "/settings"})
	}
	if f.May(account.PermissionManageUsers) {
		names = append(names, struct{ label, path string }{"Users", "/users"})
	}
	for _, n := range append(names, []struct{ label, path string }{{"Notes", "/notes"}, {"Activity", "/activity"}}...) {
		v.Tabs = append(v.Tabs, ui.Tab{Label: n.label, Href: base + n.path, Current: n.path == tab})
	}
	lead := fmt.Sprintf("%s %d · %s", capital(string(p.kind)), p.id, p.currency)
	if p.email != "" {
		lead += " · " + p.email
	}
	v.Head = ui.Head{Crumbs: []ui.Crumb{{Label: p.kind.plural(), Href: f.Path("/" + p.kind.path())}, {Label: p.name}}, Title: p.name,
		Badge: ui.StatusBadge(ui.Partners, p.status), Lead: lead, Actions: a.partyActions(f, p, &v)}
	return v
}

// partyActions are the buttons of a record's head.
func (a *admin) partyActions(f *portal.Frame, p party, v *partyView) templ.Component {
	var shown []templ.Component
	if may(f) || f.May(account.PermissionManageUsers) {
		shown = append(shown, postButton(f.Path(fmt.Sprintf("/view-as/%s/%d", p.kind, p.id)), f.CSRF,
			ui.Button{Label: "View as", Name: "View as " + p.name, Icon: "eye", Submit: true}))
	}
	if !may(f) {
		return components(shown...)
	}
	base := p.base(f)
	if p.status == "pending" {
		shown = append(shown, postButton(base+"/status", f.CSRF, ui.Button{Label: "Approve", Name: "Approve " + p.name, Icon: "check", Look: ui.Primary, Submit: true},
			ui.Option{Label: "status", Value: "active"}))
	}
	effect := "Its links stop working at once: new clicks are refused until it is active again. What it has earned stays."
	if p.kind == ofAdvertisers {
		effect = "Its offers stop at once: new clicks are refused until it is active again. Sales of clicks made before still count within their window."
	}
	more := []ui.MenuItem{{Label: "Edit settings", Icon: "edit", Href: base + "/settings"}}
	offer := func(status, verb, icon, effect string, look ui.Look) {
		if p.status == status {
			return
		}
		id := "confirm-" + status
		more = append(more, ui.MenuItem{Label: verb, Icon: icon, Dialog: id, Look: look, Rule: len(more) == 1})
		v.Dialogs = append(v.Dialogs, confirmView{ui.ConfirmBox{ID: id, Title: verb + " " + p.name + "?", Text: effect, Action: base + "/status", CSRF: f.CSRF,
			Verb: verb, Safe: look != ui.Danger}, []ui.Option{{Label: "status", Value: status}}})
	}
	if p.status != "pending" {
		offer("active", "Activate", "player-play", "New clicks count from now on.", ui.Default)
	}
	offer("paused", "Pause", "player-pause", effect, ui.Default)
	offer("blocked", "Block", "ban", effect, ui.Danger)
	more = append(more, ui.MenuItem{Label: "Delete", Icon: "trash", Dialog: "confirm-delete", Look: ui.Danger})
	v.Dialogs = append(v.Dialogs, confirmView{Box: ui.ConfirmBox{ID: "confirm-delete", Title: "Delete " + p.name + "?",
		Text:   "This cannot be undone. It works only while nothing refers to the record: with offers, clicks, users or money on it, pause or block it instead.",
		Action: base + "/delete", CSRF: f.CSRF, Verb: "Delete"}})
	shown = append(shown, ui.Btn(ui.Button{Label: "More", IconAfter: "chevron-down", Menu: "more"}), ui.Menu("more", "More actions", more))
	return components(shown...)
}

// renderParty answers with a tab of a record.
func (a *admin) renderParty(f *portal.Frame, status int, p party, tab, title string, content templ.Component) error {
	return f.Render(status, title+" · "+p.name, "/"+p.kind.path(), partyPage(a.partyHead(f, p, tab), content))
}
