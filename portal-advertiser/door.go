package portaladvertiser

import (
	"github.com/labstack/echo/v4"

	"github.com/waypost/waypost/domain/advertiser"
	"github.com/waypost/waypost/domain/click"
	"github.com/waypost/waypost/domain/conversion"
	"github.com/waypost/waypost/domain/ledger"
	"github.com/waypost/waypost/domain/live"
	"github.com/waypost/waypost/domain/offer"
	"github.com/waypost/waypost/domain/report"
	"github.com/waypost/waypost/domain/search"
	"github.com/waypost/waypost/domain/trace"
	"github.com/waypost/waypost/portal"
	"github.com/waypost/waypost/ui"
)

// Deps is what the pages work with.
type Deps struct {
	Advertisers *advertiser.Service
	Offers      *offer.Service
	Coupons     *offer.CouponService
	Clicks      *click.Service
	Conversions *conversion.Service
	Ledger      *ledger.Service
	Reports     *report.Service
	Search      *search.Service
	Traces      *trace.Service
	TraceLinks  *trace.Links
	Live        *live.Service
	TrackingURL string // base of the address that calls are sent to
}

// pages holds the handlers.
type pages struct{ Deps }

// Mount adds the portal.
func Mount(p *portal.Portal, e *echo.Echo, d Deps) {
	s := &pages{d}
	g := p.Door(e, portal.Door{Kind: portal.Advertiser, Name: "Advertiser portal", Nav: nav,
		SearchURL: portal.Advertiser.Base() + "/search", SearchHint: "Search offers, conversions, click ids…"})
	g.GET("", s.dashboard)

	g.List("/offers", s.offers)
	g.GET("/offers/:id", s.offer)

	g.GET("/tracking", s.trackings)
	g.GET("/offers/:id/tracking", s.tracking)
	g.POST("/offers/:id/tracking", s.sendTest)

	g.List("/conversions", s.conversions)
	g.POST("/conversions/preview", s.previewDecision)
	g.POST("/conversions/decide", s.decideMany)
	g.GET("/conversions/:id", s.conversion)
	g.POST("/conversions/:id/decide", s.decide)

	g.List("/postback-log", s.calls)
	g.GET("/postback-log/:id", s.call)

	g.GET("/balance", s.balance)

	g.Traces(d.Traces, d.TraceLinks, d.Clicks)
	g.Search(d.Search)
	g.Debugger(portal.Debugger{Live: d.Live, Clicks: d.Clicks, Conversions: d.Conversions, TrackingURL: d.TrackingURL})
	g.Reports(d.Reports)
}

// nav is the sidebar.
func nav(f *portal.Frame) []ui.NavGroup {
	item := func(label, icon, path, key string) ui.NavItem {
		return ui.NavItem{Label: label, Icon: icon, Href: f.Path(path), Key: key}
	}
	return []ui.NavGroup{
		{Items: []ui.NavItem{item("Dashboard", "layout-dashboard", "", "g d"), item("Reports", "chart-bar", "/reports", "g r")}},
		{Label: "Offers", Items: []ui.NavItem{item("Offers", "tag", "/offers", "g o"), item("Conversions", "coin", "/conversions", "g c")}},
		{Label: "Tracking", Items: []ui.NavItem{item("Tracking set-up", "code", "/tracking", "g s"), item("Live debugger", "bug", "/debugger", ""), item("Postback log", "webhook", "/postback-log", "g l"), item("Trace", "history", "/trace", "g t")}},
		{Label: "Money", Items: []ui.NavItem{item("Balance", "wallet", "/balance", "g b")}},
	}
}
