package server

import (
	"github.com/labstack/echo/v4"

	"github.com/waypost/waypost/portal"
	portaladvertiser "github.com/waypost/waypost/portal-advertiser"
)

// mountAdvertiserPortal adds the portal of advertisers, and the public pages of sign-up and of shared traces.
func (s *Server) mountAdvertiserPortal(p *portal.Portal, e *echo.Echo) {
	v, r := s.services, s.services.readers
	portaladvertiser.Mount(p, e, portaladvertiser.Deps{Advertisers: v.advertisers, Offers: v.offers, Coupons: r.coupons, Clicks: r.clicks,
		Conversions: v.conversions, Ledger: v.ledger, Reports: r.reports, Search: v.search, Traces: r.traces, TraceLinks: r.traceLinks, Live: r.live,
		TrackingURL: s.cfg.TrackingURL})
	p.SharedTraces(e, r.traceLinks)
	p.SignUp(e, v.applications)
}
