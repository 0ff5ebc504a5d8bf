package server

import (
	"github.com/labstack/echo/v4"

	"github.com/waypost/waypost/portal"
	portaladmin "github.com/waypost/waypost/portal-admin"
)

// mountAdminPortal adds the portal of the network's operators.
func (s *Server) mountAdminPortal(p *portal.Portal, e *echo.Echo) {
	v, r := s.services, s.services.readers
	portaladmin.Mount(p, e, portaladmin.Deps{Accounts: v.accounts, Advertisers: v.advertisers, Affiliates: v.affiliates, Offers: v.offers, Coupons: r.coupons,
		Applications: v.applications, Notes: v.notes, History: v.history, Work: v.work, Search: v.search, Postbacks: v.postbacks, Conversions: v.conversions,
		Clicks: r.clicks, Ledger: v.ledger, Reports: r.reports, Live: r.live, Traces: r.traces, TraceLinks: r.traceLinks, Network: v.network, Doctor: s.doctor,
		PublicURL: s.cfg.PublicURL, TrackingURL: s.cfg.TrackingURL})
}
