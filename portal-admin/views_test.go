package portaladmin_test

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/waypost/waypost/domain/account"
	"github.com/waypost/waypost/domain/view"
	"github.com/waypost/waypost/portal/portaltest"
)

// menu is what the Views menu of a page offers, by its words.
func menu(p *portaltest.Page) map[string]string {
	items := map[string]string{}
	for _, item := range p.All("a", "role", "menuitem") {
		href, _ := portaltest.Attr(item, "href")
		items[strings.Join(strings.Fields(portaltest.TextOf(item)), " ")] = href
	}
	return items
}

func hrefOf(t *testing.T, p *portaltest.Page, label string) string {
	t.Helper()
	for _, a := range p.All("a", "href", "") {
		if strings.Join(strings.Fields(portaltest.TextOf(a)), " ") == label {
			href, _ := portaltest.Attr(a, "href")
			return href
		}
	}
	t.Errorf("no link %q", label)
	return ""
}

// TestEveryListKeepsViews: each page that the domain knows has the menu, and the save form names it.
func TestEveryListKeepsViews(t *testing.T) {
	t.Parallel()
	n := newPortal(t)
	viewer := n.Operator(account.RoleViewer)
	for _, page := range view.Pages(viewer.Actor().Scope()) {
		p := viewer.Get("/admin" + page.Path).Is(http.StatusOK)
		if p.Field("page") != page.Path || menu(p)["All views"] != "/admin/account/views" {
			t.Errorf("%s: %v", page.Path, menu(p))
		}
		if got := len(p.All("select", "name", "span")) == 1; got != page.Dated {
			t.Errorf("%s: days can be chosen: %t", page.Path, got)
		}
		viewer.Post("/admin/account/views", url.Values{"page": {page.Path}, "name": {"mine"}}).Is(http.StatusSeeOther)
	}
	if got := n.Count("SELECT count(*) FROM views"); got != len(view.Pages(viewer.Actor().Scope())) {
		t.Errorf("%d views", got)
	}
}

func TestViewIsSavedOpenedAndChanged(t *testing.T) {
	t.Parallel()
	n := newPortal(t)
	b := n.Operator(account.RoleManager)
	today := n.Now.Format("2006-01-02")
	week := n.Now.AddDate(0, 0, -6).Format("2006-01-02")
	page := b.Get("/admin/conversions?status=pending&from=" + week + "&to=" + today + "&columns=status,txid&cursor=").Is(200)
	if got := page.Field("span"); got != "7d" {
		t.Errorf("the last seven days are preselected as %q", got)
	}
	form := url.Values{"page": {page.Field("page")}, "query": {page.Field("query")}, "name": {"Pending, last 7 days"}, "span": {"7d"}, "schedule": {"weekly"}, "file": {"xlsx"}}
	address := "/admin/conversions?columns=status%2Ctxid&from=" + week + "&status=pending&to=" + today + "&view=1"
	open := b.Post("/admin/account/views", form).To(address).Is(200).Shows("The view is saved.", "Pending, last 7 days", "Open now")
	if slices.Contains(strings.Fields(open.Text()), "Save changes") {
		t.Error("nothing changed, but changes can be saved")
	}
	// The filter form, the columns and the chips keep it marked.
	for _, f := range open.All("form", "method", "get") {
		if id, _ := portaltest.Attr(f, "id"); id == "filter" && !strings.Contains(open.Body, `name="view" value="1"`) {
			t.Error("the filters lose the view")
		}
	}
	open.Lacks("Save changes to")
	if chip := hrefOf(t, open, "Clear filters"); strings.Contains(chip, "view=") {
		t.Errorf("clearing leads to %s", chip)
	}
	// Its copy of the link is for everybody.
	for text, href := range menu(open) {
		if strings.HasPrefix(text, "Copy link") && strings.Contains(href, "view=") {
			t.Errorf("%s: %s", text, href)
		}
	}
	// Other filters can be saved into it; the days, still those of the span, go on moving.
	changed := b.Get("/admin/conversions?from=" + week + "&status=approved&to=" + today + "&view=1").Is(200).Shows("Save changes to ‘Pending, last 7 days’")
	var action string
	for _, f := range changed.All("form", "role", "none") {
		action, _ = portaltest.Attr(f, "action")
	}
	b.Post(action, nil).To("/admin/conversions?from=" + week + "&status=approved&to=" + today + "&view=1").Is(200).Lacks("Save changes to")
	if n.Count("SELECT count(*) FROM views WHERE span = '7d' AND query = 'status=approved'") != 1 {
		t.Error("the days stand still")
	}
	b.Post("/admin/account/views/1/address?status=approved&from=2026-01-02&to=2026-01-09", nil).Is(303)
	if n.Count("SELECT count(*) FROM views WHERE span = '' AND query = 'from=2026-01-02&status=approved&to=2026-01-09'") != 1 {
		t.Error("other days move on")
	}
	// The list of views, and its form.
	list := b.Get("/admin/account/views").Is(200).Shows("Pending, last 7 days", "Conversions", "Every Monday")
	b.Get(hrefOf(t, list, "Edit")).Is(200).Shows("As saved: 2 Jan – 9 Jan 2026")
	b.Post("/admin/account/views/1", url.Values{"name": {" "}, "schedule": {"hourly"}}).Is(422).Shows("Name: Must not be empty.", "Must be one of daily, weekly, monthly.")
	b.Post("/admin/account/views/1", url.Values{"name": {"Renamed"}, "shared": {"1"}, "default": {"1"}, "span": {"month"}}).To("/admin/account/views").Is(200).
		Shows("Renamed", "Shared with your team", "opens with the page", "This month", "Never").Lacks("Pending, last 7 days")
	b.Post("/admin/account/views", url.Values{"page": {"/conversions"}, "name": {"RENAMED"}}).Is(422).Shows("choose another name")
	// A colleague opens it, chooses it for the page, and changes nothing.
	mate := n.Operator(account.RoleViewer)
	mate.Get("/admin/conversions").Is(200).Shows("Renamed", "Shared by Otto manager")
	mate.Get("/admin/account/views").Is(200).Shows("No views yet", "Renamed")
	mate.Post("/admin/account/views/1", url.Values{"name": {"stolen"}}).Is(403)
	mate.Get("/admin/account/views/1").Is(403)
	mate.Post("/admin/account/views/1/delete", nil).Is(403)
	mate.Post("/admin/account/views/1/default", url.Values{"on": {"1"}}).To("/admin/account/views").Is(200).Shows("Conversions opens with this view.")
	mate.Get("/admin/conversions").Is(303)
	mate.Post("/admin/account/views/1/default", nil).Is(303)
	mate.Get("/admin/conversions").Is(200)
	b.Post("/admin/account/views/1/delete", nil).To("/admin/account/views").Is(200).Shows("The view is deleted.", "No views yet")
	b.Get("/admin/conversions").Is(200)
	b.Get("/admin/conversions?view=1").Is(200)
	b.Get("/admin/account/views/1").Is(404)
}

func TestDefaultView(t *testing.T) {
	t.Parallel()
	n := newPortal(t)
	b := n.Operator(account.RoleAdmin)
	b.Post("/admin/account/views", url.Values{"page": {"/conversions"}, "query": {"status=trash"}, "name": {"Trash"}, "default": {"1"}}).Is(303)
	page := b.Get("/admin/conversions").To("/admin/conversions?status=trash&view=1").Is(200).Shows("Opens with the page")
	if got := hrefOf(t, page, "Clear filters"); got != "/admin/conversions?view=none" {
		t.Errorf("clear filters leads to %s", got)
	}
	for _, a := range page.All("a", "aria-label", "Remove filter Status is Trash") {
		if href, _ := portaltest.Attr(a, "href"); href != "/admin/conversions?view=1" {
			t.Errorf("without the chip: %s", href)
		}
	}
	// No link of the page leads back into it that should not, also where nothing is found.
	for _, href := range page.Links() {
		if href == "/admin/conversions" && strings.Contains(page.Body, "Clear filters") {
			for _, a := range page.All("a", "href", href) {
				if strings.Contains(portaltest.TextOf(a), "Clear filters") {
					t.Errorf("%s leads back", portaltest.TextOf(a))
				}
			}
		}
	}
	bare := b.Get("/admin/conversions?view=none").Is(200)
	if got := bare.Field("view"); got != "none" {
		t.Errorf("the filters of the bare page send view=%q", got)
	}
	b.Get("/admin/conversions?status=pending").Is(200)
	b.Get("/admin/conversions?format=csv").Is(200)
	b.Part("/admin/conversions", "rows").Is(200)
	b.Get("/admin/clicks").Is(200)
	n.Operator(account.RoleManager).Get("/admin/conversions").Is(200)
}

// TestViewsTakeNoForeignPage: an address that is no list of the portal is refused, and texts stay texts.
func TestViewsTakeNoForeignPage(t *testing.T) {
	t.Parallel()
	n := newPortal(t)
	b := n.Operator(account.RoleAdmin)
	for _, page := range []string{"", "//evil.example", "https://evil.example/", "/conversions/", "/conversions/../../logout", "/affiliate/conversions", "/account", "javascript:alert(1)", "/conversions\r\nX: y"} {
		b.Post("/admin/account/views", url.Values{"page": {page}, "name": {"x"}}).Is(422)
	}
	b.Post("/admin/account/views", url.Values{"page": {"/conversions"}, "name": {"x"}, "query": {strings.Repeat("q=x&", 2000)}}).Is(422)
	b.PostForged("/admin/account/views", url.Values{"page": {"/conversions"}, "name": {"x"}}).Is(403)
	for _, name := range corpus {
		to := b.Post("/admin/account/views", url.Values{"page": {"/offers"}, "name": {name}, "query": {"q=" + url.QueryEscape(name)}, "shared": {"1"}}).Is(303).Header.Get("Location")
		safe(t, b.Get(to).Is(200))
	}
	safe(t, b.Get("/admin/offers").Is(200))
	safe(t, b.Get("/admin/account/views").Is(200))
	safe(t, n.Operator(account.RoleViewer).Get("/admin/account/views").Is(200))
	if n.Count("SELECT count(*) FROM views") != len(corpus) {
		t.Error("what was refused is kept")
	}
}
