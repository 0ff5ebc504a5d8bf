package portaladmin

import (
	"strconv"

	"github.com/labstack/echo/v4"

	"github.com/waypost/waypost/domain/account"
	"github.com/waypost/waypost/domain/advertiser"
	"github.com/waypost/waypost/domain/affiliate"
	"github.com/waypost/waypost/domain/application"
	"github.com/waypost/waypost/domain/click"
	"github.com/waypost/waypost/domain/conversion"
	"github.com/waypost/waypost/domain/history"
	"github.com/waypost/waypost/domain/ledger"
	"github.com/waypost/waypost/domain/live"
	"github.com/waypost/waypost/domain/network"
	"github.com/waypost/waypost/domain/note"
	"github.com/waypost/waypost/domain/offer"
	"github.com/waypost/waypost/domain/postback"
	"github.com/waypost/waypost/domain/report"
	"github.com/waypost/waypost/domain/search"
	"github.com/waypost/waypost/domain/trace"
	"github.com/waypost/waypost/domain/work"
	"github.com/waypost/waypost/portal"
	"github.com/waypost/waypost/ui"
)

// Deps is what the pages work with.
type Deps struct {
	Accounts     *account.Service
	Advertisers  *advertiser.Service
	Affiliates   *affiliate.Service
	Offers       *offer.Service
	Coupons      *offer.CouponService
	Applications *application.Service
	Notes        *note.Service
	History      *history.Service
	Work         *work.Service
	Search       *search.Service
	Postbacks    *postback.Service
	Conversions  *conversion.Service
	Clicks       *click.Service
	Ledger       *ledger.Service
	Reports      *report.Service
	Live         *live.Service
	Traces       *trace.Service
	TraceLinks   *trace.Links
	Network      *network.Service
	Doctor       Doctor // how the system fares; nil = nobody knows
	PublicURL    string // that partners' browsers know us by
	TrackingURL  string // base of tracking links and of the address that advertisers report to
}

// admin holds the handlers.
type admin struct{ Deps }

// Mount adds the portal.
func Mount(p *portal.Portal, e *echo.Echo, d Deps) {
	a := &admin{d}
	g := p.Door(e, portal.Door{Kind: portal.Admin, Name: "Network portal", Nav: a.nav, SearchURL: portal.Admin.Base() + "/search",
		SearchHint: "Search offers, partners, ids…"})
	a.catalogueRoutes(g)
	a.trafficRoutes(g)
}

func (a *admin) catalogueRoutes(g *portal.Group) {
	g.GET("", a.dashboard)
	g.Search(a.Search, ui.NavItem{Label: "Create offer", Icon: "plus", Href: "/admin/offers/new"}, ui.NavItem{Label: "Add affiliate", Icon: "plus", Href: "/admin/affiliates/new"},
		ui.NavItem{Label: "Add advertiser", Icon: "plus", Href: "/admin/advertisers/new"})
	g.Traces(a.Traces, a.TraceLinks, a.Clicks)
	g.Debugger(portal.Debugger{Live: a.Live, Clicks: a.Clicks, Conversions: a.Conversions, TrackingURL: a.TrackingURL})

	g.GET("/work", a.work)
	g.POST("/work/access", a.decideAccess)
	g.POST("/work/conversions", a.decideConversions)

	g.GET("/applications", a.applications)
	g.POST("/applications", a.approveApplications)
	g.GET("/applications/:id", a.application)
	g.POST("/applications/:id/approve", a.approveApplication)
	g.POST("/applications/:id/reject", a.rejectApplication)

	g.List("/advertisers", a.advertisers)
	g.GET("/advertisers/new", a.newAdvertiser)
	g.POST("/advertisers/new", a.createAdvertiser)
	g.GET("/advertisers/:id", a.advertiser)
	g.GET("/advertisers/:id/settings", a.advertiserSettings)
	g.POST("/advertisers/:id/settings", a.saveAdvertiser)
	g.POST("/advertisers/:id/status", a.setAdvertiserStatus)
	g.POST("/advertisers/:id/token", a.rotateToken)
	g.POST("/advertisers/:id/delete", a.deleteAdvertiser)
	g.GET("/advertisers/:id/offers", a.advertiserOffers)
	g.GET("/advertisers/:id/tracking", a.advertiserTracking)

	g.List("/affiliates", a.affiliates)
	g.POST("/affiliates", a.setAffiliates)
	g.GET("/affiliates/new", a.newAffiliate)
	g.POST("/affiliates/new", a.createAffiliate)
	g.GET("/affiliates/:id", a.affiliate)
	g.GET("/affiliates/:id/settings", a.affiliateSettings)
	g.POST("/affiliates/:id/settings", a.saveAffiliate)
	g.POST("/affiliates/:id/status", a.setAffiliateStatus)
	g.POST("/affiliates/:id/delete", a.deleteAffiliate)
	g.GET("/affiliates/:id/offers", a.affiliateOffers)
	g.POST("/affiliates/:id/offers", a.setAffiliateAccess)
	g.GET("/affiliates/:id/postbacks", a.affiliatePostbacks)
	g.POST("/affiliates/:id/postbacks/:postback", a.switchPostback)
	g.GET("/affiliates/:id/balance", a.affiliateBalance)

	for _, kind := range []partyKind{ofAffiliates, ofAdvertisers} {
		base := "/" + kind.path() + "/:id"
		g.GET(base+"/users", a.of(kind, a.users))
		g.POST(base+"/users", a.of(kind, a.inviteUser))
		g.POST(base+"/users/:user/invite", a.of(kind, a.inviteAgain))
		g.POST(base+"/users/:user/status", a.of(kind, a.setUserStatus))
		g.GET(base+"/notes", a.of(kind, a.notes))
		g.POST(base+"/notes", a.of(kind, a.addNote))
		g.POST(base+"/notes/:note/delete", a.of(kind, a.deleteNote))
		g.GET(base+"/activity", a.of(kind, a.activity))
	}

	g.List("/offers", a.offers)
	g.POST("/offers", a.setOffers)
	g.GET("/offers/new", a.newOffer)
	g.POST("/offers/new", a.createOffer)
	g.POST("/offers/lint", a.lintDestination)
	g.GET("/offers/:id", a.offer)
	g.POST("/offers/:id/status", a.setOfferStatus)
	g.POST("/offers/:id/copy", a.copyOffer)
	g.POST("/offers/:id/delete", a.deleteOffer)
	g.GET("/offers/:id/edit/:step", a.editOffer)
	g.POST("/offers/:id/edit/:step", a.saveOffer)
	g.GET("/offers/:id/goals", a.goals)
	g.GET("/offers/:id/goals/new", a.newGoal)
	g.POST("/offers/:id/goals/new", a.saveGoal)
	g.POST("/offers/:id/goals/explain", a.explainGoal)
	g.GET("/offers/:id/goals/:goal", a.editGoal)
	g.POST("/offers/:id/goals/:goal", a.saveGoal)
	g.POST("/offers/:id/goals/:goal/delete", a.deleteGoal)
	g.GET("/offers/:id/access", a.offerAccess)
	g.POST("/offers/:id/access", a.setOfferAccess)
	g.GET("/offers/:id/coupons", a.coupons)
	g.POST("/offers/:id/coupons", a.addCoupon)
	g.POST("/offers/:id/coupons/:coupon/active", a.switchCoupon)
	g.POST("/offers/:id/coupons/:coupon/delete", a.deleteCoupon)
	g.GET("/offers/:id/test", a.trial)
	g.Poll("/offers/:id/test/click", a.trialClick)
	g.POST("/offers/:id/test", a.sendTrial)
	g.GET("/offers/:id/history", a.offerHistory)
}

// nav is the sidebar. What a role may not do is not offered.
func (a *admin) nav(f *portal.Frame) []ui.NavGroup {
	item := func(label, icon, path, key string) ui.NavItem {
		return ui.NavItem{Label: label, Icon: icon, Href: f.Path(path), Key: key}
	}
	queue, applications := item("Work queue", "inbox", "/work", "g w"), item("Applications", "user-plus", "/applications", "")
	if waiting, err := a.Work.Count(f.Context(), f.Actor); err == nil { // without it the pages work as well
		queue.Count = badge(waiting.Applications.Count + waiting.AccessRequests.Count + waiting.Conversions.Count + waiting.Postbacks.Count)
		applications.Count = badge(waiting.Applications.Count)
	}
	groups := []ui.NavGroup{
		{Items: []ui.NavItem{item("Dashboard", "layout-dashboard", "", "g d"), queue, item("Reports", "chart-bar", "/reports", "g r")}},
		{Label: "Network", Items: []ui.NavItem{item("Offers", "tag", "/offers", "g o"), item("Affiliates", "users", "/affiliates", "g a"),
			item("Advertisers", "building-store", "/advertisers", "g v"), applications}},
		{Label: "Traffic", Items: []ui.NavItem{item("Conversions", "coin", "/conversions", "g c"), item("Clicks", "activity", "/clicks", "g k"),
			item("Postback log", "webhook", "/postback-log", "g l"), item("Deliveries", "send", "/deliveries", "g p"), item("Live debugger", "bug", "/debugger", "")}},
	}
	var system []ui.NavItem
	if f.May(account.PermissionManageMoney) {
		system = append(system, item("Exchange rates", "arrows-exchange", "/rates", ""))
	}
	if f.May(account.PermissionManageUsers) {
		system = append(system, item("People", "users-plus", "/people", ""))
	}
	if f.May(account.PermissionManageNetwork) {
		system = append(system, item("Settings", "settings", "/settings", "g s"))
	}
	if f.May(account.PermissionManageUsers) {
		system = append(system, item("Audit log", "history", "/audit", ""))
	}
	if f.May(account.PermissionManageNetwork) {
		system = append(system, item("System", "server", "/system", ""))
	}
	if len(system) > 0 {
		groups = append(groups, ui.NavGroup{Label: "Administration", Items: system})
	}
	return groups
}

// badge is a count beside a link; nothing for none.
func badge(n int) string {
	switch {
	case n == 0:
		return ""
	case n > 999:
		return "999+"
	}
	return strconv.Itoa(n)
}
