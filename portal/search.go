package portal

import (
	"net/http"
	"strings"

	"github.com/waypost/waypost/domain/errs"
	"github.com/waypost/waypost/domain/search"
	"github.com/waypost/waypost/ui"
)

// Search adds what the command palette asks: the portal's pages by their names, and what the viewer may open by a name or
// an id; and what the fields ask that offer names. more are pages that the sidebar does not have, such as "Create an
// offer".
func (g *Group) Search(s *search.Service, more ...ui.NavItem) {
	g.GET("/pick/:kind", func(f *Frame) error { return picks(f, s) })
	g.GET("/search", func(f *Frame) error {
		q := strings.TrimSpace(f.Echo.QueryParam("q"))
		groups := pageHits(f, q, append(f.pages(), more...))
		found, err := s.Search(f.Context(), f.Actor, q)
		if err != nil && !errs.Is(err, errs.KindInvalid) { // such as a text that is too long finds nothing
			return err
		}
		return f.RenderPart(http.StatusOK, ui.PaletteResults(append(groups, thingHits(f, found)...)))
	})
}

// pages are those of the sidebar and of the account.
func (f *Frame) pages() (items []ui.NavItem) {
	if nav := f.group.door.Nav; nav != nil {
		for _, group := range nav(f) {
			items = append(items, group.Items...)
		}
	}
	return append(items, ui.NavItem{Label: "Notifications", Icon: "bell", Href: f.Path("/notifications")},
		ui.NavItem{Label: "Profile", Icon: "user", Href: f.Path("/account")},
		ui.NavItem{Label: "Security", Icon: "shield", Href: f.Path("/account/security")},
		ui.NavItem{Label: "API keys", Icon: "key", Href: f.Path("/account/api-keys")})
}

const maxPageHits = 8

// pageHits are the pages whose names hold all words of the query.
func pageHits(f *Frame, q string, pages []ui.NavItem) []ui.HitGroup {
	group, seen := ui.HitGroup{Label: "Pages"}, map[string]bool{}
	words := strings.Fields(strings.ToLower(q))
	for _, page := range pages {
		name, fits := strings.ToLower(page.Label), true
		for _, word := range words {
			fits = fits && strings.Contains(name, word)
		}
		if fits && !page.Post && !seen[page.Href] && (q == "" || len(group.Hits) < maxPageHits) {
			seen[page.Href] = true
			group.Hits = append(group.Hits, ui.Hit{Label: page.Label, Detail: "Page", Icon: page.Icon, Href: page.Href})
		}
	}
	if len(group.Hits) == 0 {
		return nil
	}
	return []ui.HitGroup{group}
}

// thingHits are what was found, by kind. What the portal has no page for is left out.
func thingHits(f *Frame, found []search.Result) (groups []ui.HitGroup) {
	for _, kind := range []struct {
		kind              search.Kind
		label, icon, path string
		own               bool // has a page in the admin portal alone
	}{
		{search.KindClick, "Clicks", "history", "/trace/", false},
		{search.KindConversion, "Conversions", "coin", "/conversions/", false},
		{search.KindOffer, "Offers", "tag", "/offers/", false},
		{search.KindAffiliate, "Affiliates", "users", "/affiliates/", true},
		{search.KindAdvertiser, "Advertisers", "building-store", "/advertisers/", true},
	} {
		group := ui.HitGroup{Label: kind.label}
		for _, r := range found {
			if r.Kind == kind.kind && (!kind.own || f.group.door.Kind == Admin) {
				group.Hits = append(group.Hits, ui.Hit{Label: r.Title, Detail: r.Detail, Icon: kind.icon, Href: f.Path(kind.path + r.ID)})
			}
		}
		if len(group.Hits) > 0 {
			groups = append(groups, group)
		}
	}
	return groups
}
