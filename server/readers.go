package server

import (
	"context"

	"github.com/waypost/waypost/domain/click"
	"github.com/waypost/waypost/domain/live"
	"github.com/waypost/waypost/domain/offer"
	"github.com/waypost/waypost/domain/report"
	"github.com/waypost/waypost/domain/trace"
	"github.com/waypost/waypost/store/pgstore"
)

// readers are the use cases that the API and the portals share and that other roles do without: reports take turns, so
// that both must ask the same service.
type readers struct {
	clicks     *click.Service
	traces     *trace.Service
	traceLinks *trace.Links
	live       *live.Service
	reports    *report.Service
	coupons    *offer.CouponService
}

// newReaders builds them. flush is nil on a node without a spool.
func newReaders(db *pgstore.DB, s *services, flush func(context.Context) error) *readers {
	r := &readers{clicks: click.NewService(db.Clicks(), s.signer, flush, now), reports: report.NewService(db.Reports(), now), coupons: newCoupons(db)}
	r.traces = trace.NewService(db.Traces(), r.clicks, s.conversions, s.postbacks)
	r.traceLinks = newTraceLinks(db, r.traces)
	r.live = newLive(r.clicks, s)
	return r
}
