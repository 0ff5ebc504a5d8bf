package server

import (
	"github.com/labstack/echo/v4"

	"github.com/waypost/waypost/portal"
	portalaffiliate "github.com/waypost/waypost/portal-affiliate"
)

// mountAffiliatePortal adds the portal of affiliates.
func (s *Server) mountAffiliatePortal(p *portal.Portal, e *echo.Echo) {
	v, r := s.services, s.services.readers
	portalaffiliate.Mount(p, e, portalaffiliate.Deps{Affiliates: v.affiliates, Offers: v.offers, Coupons: r.coupons, Clicks: r.clicks, Conversions: v.conversions,
		Postbacks: v.postbacks, Ledger: v.ledger, Reports: r.reports, History: v.history, Search: v.search, Traces: r.traces, TraceLinks: r.traceLinks})
}
