package portalaffiliate

import (
	"github.com/labstack/echo/v4"

	"github.com/waypost/waypost/domain/affiliate"
	"github.com/waypost/waypost/domain/click"
	"github.com/waypost/waypost/domain/conversion"
	"github.com/waypost/waypost/domain/history"
	"github.com/waypost/waypost/domain/ledger"
	"github.com/waypost/waypost/domain/offer"
	"github.com/waypost/waypost/domain/postback"
	"github.com/waypost/waypost/domain/report"
	"github.com/waypost/waypost/domain/search"
	"github.com/waypost/waypost/domain/trace"
	"github.com/waypost/waypost/portal"
	"github.com/waypost/waypost/ui"
)

// Deps is what the pages work with.
type Deps struct {
	Affiliates  *affiliate.Service
	Offers      *offer.Service
	Coupons     *offer.CouponService
	Clicks      *click.Service
	Conversions *conversion.Service
	Postbacks   *postback.Service
	Ledger      *ledger.Service
	Reports     *report.Service
	History     *history.Service
	Search      *search.Service
	Traces      *trace.Service
	TraceLinks  *trace.Links
}

// pages are the handlers.
type pages struct{ Deps }

// Mount adds the portal.
func Mount(p *portal.Portal, e *echo.Echo, d Deps) {
	s := &pages{d}
	g := p.Door(e, portal.Door{Kind: portal.Affiliate, Name: "Affiliate portal", Nav: nav,
		SearchURL: portal.Affiliate.Base() + "/search", SearchHint: "Search offers, clicks, conversions…"})

	g.GET("", s.dashboard)

	g.GET("/offers", s.offers)
	g.GET("/offers/:id", s.offer)
	g.POST("/offers/:id/apply", s.apply)
	g.GET("/links", s.links)

	g.List("/conversions", s.conversions)
	g.Files("/conversions", s.conversionsFile)
	g.GET("/conversions/:id", s.conversion)
	g.List("/clicks", s.clicks)
	g.Files("/clicks", s.clicksFile)

	g.GET("/balance", s.balance)
	g.Files("/balance", s.balanceFile)

	postbackRoutes(g, postbackPages{postbacks: d.Postbacks, offers: d.Offers, conversions: d.Conversions, clicks: d.Clicks, history: d.History})
	g.Reports(d.Reports)
	g.Traces(d.Traces, d.TraceLinks, d.Clicks)
	g.Search(d.Search)
}

// nav is the sidebar.
func nav(f *portal.Frame) []ui.NavGroup {
	item := func(label, icon, path, key string) ui.NavItem {
		return ui.NavItem{Label: label, Icon: icon, Href: f.Path(path), Key: key}
	}
	groups := []ui.NavGroup{
		{Items: []ui.NavItem{item("Dashboard", "layout-dashboard", "", "g d"), item("Reports", "chart-bar", "/reports", "g r")}},
		{Label: "Promote", Items: []ui.NavItem{item("Offers", "building-store", "/offers", "g o"), item("Link builder", "link", "/links", "g l")}},
		{Label: "Measure", Items: []ui.NavItem{item("Conversions", "arrows-exchange", "/conversions", "g c"),
			item("Clicks", "activity", "/clicks", "g k"), item("Trace", "route", "/trace", "g t")}},
		{Label: "Tracking", Items: []ui.NavItem{item("Postbacks", "webhook", "/postbacks", "g p"), item("Deliveries", "send", "/deliveries", "")}},
		{Label: "Money", Items: []ui.NavItem{item("Balance", "wallet", "/balance", "g b")}},
	}
	if !f.Viewing() { // a user's own affair
		groups[3].Items = append(groups[3].Items, item("API keys", "key", "/account/api-keys", ""))
	}
	return groups
}
