package server

import (
	"context"
	"crypto/rand"
	"fmt"
	"log/slog"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/waypost/waypost/api"
	"github.com/waypost/waypost/config"
	"github.com/waypost/waypost/domain/account"
	"github.com/waypost/waypost/domain/advertiser"
	"github.com/waypost/waypost/domain/affiliate"
	"github.com/waypost/waypost/domain/click"
	"github.com/waypost/waypost/domain/conversion"
	"github.com/waypost/waypost/domain/export"
	"github.com/waypost/waypost/domain/ledger"
	"github.com/waypost/waypost/domain/network"
	"github.com/waypost/waypost/domain/notice"
	"github.com/waypost/waypost/domain/offer"
	"github.com/waypost/waypost/domain/postback"
	"github.com/waypost/waypost/domain/view"
	"github.com/waypost/waypost/jobs"
	"github.com/waypost/waypost/outbound"
	"github.com/waypost/waypost/spool"
	"github.com/waypost/waypost/store/pgstore"
	"github.com/waypost/waypost/tracking"
	"github.com/waypost/waypost/web"
)

// now is the clock of the whole program.
func now() time.Time { return time.Now().UTC() }

// services are the use cases, built once.
type services struct {
	signer      *click.Signer
	accounts    *account.Service
	advertisers *advertiser.Service
	affiliates  *affiliate.Service
	offers      *offer.Service
	postbacks   *postback.Service
	conversions *conversion.Service
	ledger      *ledger.Service
	network     *network.Service
	notices     *notice.Service
	views       *view.Service
	exports     *export.Service
	adminServices
	*readers // nil where no API is mounted
	client   *outbound.PostbackClient
}

// newServices builds the use cases on one of the pools.
func newServices(cfg config.Config, st *stores, db *pgstore.DB, guard *outbound.Guard, waker postback.Waker, log *slog.Logger) *services {
	s := &services{signer: click.NewSigner(st.secret, st.previous...), client: outbound.NewPostbackClient(guard), notices: newNotices(cfg, db)}
	s.accounts = account.NewService(account.Deps{Tx: db, Store: db.Accounts(), Audit: db.Audit(), Limiter: st.limiter, Clock: now, Random: rand.Reader,
		Mail: db.Mails(), PublicURL: cfg.PublicURL})
	s.advertisers = advertiser.NewService(advertiser.Deps{Tx: db, Store: db.Advertisers(), Audit: db.Audit(), Clock: now, Random: rand.Reader})
	s.affiliates = affiliate.NewService(affiliate.Deps{Tx: db, Store: db.Affiliates(), Audit: db.Audit(), Clock: now})
	s.offers = offer.NewService(offer.Deps{Tx: db, Store: db.Offers(), Advertisers: db.Advertisers(), Affiliates: db.Affiliates(),
		Audit: db.Audit(), Notices: s.notices, Clock: now, Lint: click.LintDestination, TrackingURL: cfg.TrackingURL})
	s.postbacks = postback.NewService(postback.Deps{Store: db.Postbacks(), Deliveries: st.meters.deliveries(db.Deliveries()), Tx: db, Audit: db.Audit(),
		Guard: guard, Sender: st.meters.sender(st.telemetry.sender(s.client)), Waker: waker, Signer: s.signer, Clock: now, Random: rand.Reader, Notices: s.notices,
		Limiter: st.limiter, Log: componentLog(log, "postbacks")})
	s.conversions = conversion.NewService(conversion.Deps{Store: db.Conversions(), Tx: db, Announcer: st.meters.announcer(s.postbacks), Audit: db.Audit(),
		Signer: s.signer, Limiter: st.limiter, Clock: now, Random: rand.Reader})
	s.ledger = ledger.NewService(db.Ledger())
	s.network = network.NewService(network.Deps{Tx: db, Store: db.Network(), Audit: db.Audit(), Clock: now})
	s.exports = newExports(cfg, db, log)
	s.views = newViews(db, s.exports, log)
	s.adminServices = newAdminServices(cfg, st, db, s)
	return s
}

// spoolFolder is the spool's place in the data folder.
const spoolFolder = "spool"

// badFolder, in the spool's, keeps records that nobody can read.
const badFolder = "bad"

// trackingNode is what role track runs: the doors, the routing catalogue, and the loader of the node's spool.
type trackingNode struct {
	spool   *spool.Spool
	routing *tracking.Routing
	doors   *tracking.Tracking
	loader  *jobs.SpoolLoader
	geo     countries
}

func newTrackingNode(cfg config.Config, st *stores, s *services, log *slog.Logger) (*trackingNode, error) {
	geo, err := openCountries(cfg)
	if err != nil {
		return nil, err
	}
	dir := filepath.Join(cfg.DataDir, spoolFolder)
	sp, err := spool.Open(dir, spool.Options{Log: componentLog(log, "spool"), Observe: st.meters.wrote})
	if err != nil {
		return nil, fmt.Errorf("open spool: %w", err)
	}
	n := &trackingNode{spool: sp, geo: geo, routing: tracking.NewRouting(st.trackDB.Routing(), routingSnapshot(cfg), componentLog(log, "routing"))}
	inFlight := &conversion.InFlight{}
	record := st.telemetry.record(s.conversions.RecordBatch)
	if n.loader, err = newLoader(sp, dir, st.trackDB, record, inFlight, log); err != nil {
		_ = sp.Close()
		return nil, err
	}
	options := tracking.Options{
		Routing: n.routing, Spool: sp, Country: geo.of, Signer: s.signer, Clock: now, Random: rand.Reader, Log: componentLog(log, "tracking"),
		Record: record, Flush: n.loader.Flush, InFlight: inFlight, NetworkFallback: cfg.FallbackURL,
		HTTPS: strings.HasPrefix(cfg.TrackingURL, "https://"), Limiter: st.limiter,
	}
	if st.telemetry != nil {
		options.BatchContext = st.telemetry.batchContext
	}
	n.doors = tracking.New(options)
	st.db.OnCatalogueChange(n.routing.Refresh)
	return n, nil
}

// newLoader makes the loader of a spool folder.
func newLoader(sp *spool.Spool, dir string, db *pgstore.DB, record recordBatch, inFlight *conversion.InFlight, log *slog.Logger) (*jobs.SpoolLoader, error) {
	bad := filepath.Join(dir, badFolder)
	if err := os.MkdirAll(bad, 0o700); err != nil {
		return nil, fmt.Errorf("make folder for bad records: %w", err)
	}
	return jobs.NewSpoolLoader(jobs.SpoolLoaderOptions{Spool: sp, Clicks: db.Clicks(), Record: record,
		Ping: db.Ping, InFlight: inFlight, BadDir: bad, Log: componentLog(log, "spool loader")}), nil
}

// mountAPI adds the JSON API. flush is nil on a node without a spool.
func mountAPI(e *echo.Echo, db *pgstore.DB, s *services, secret []byte, flush func(context.Context) error, log *slog.Logger) error {
	tokens, err := web.NewTokens(secret, web.AudienceAPI, now)
	if err != nil {
		return fmt.Errorf("WAYPOST_SECRET: %w", err)
	}
	s.readers = newReaders(db, s, flush)
	return api.Mount(e, api.Deps{
		Tokens: tokens, Accounts: s.accounts, Advertisers: s.advertisers, Affiliates: s.affiliates, Offers: s.offers, Coupons: s.coupons,
		Postbacks: s.postbacks, Clicks: s.clicks, Conversions: s.conversions, Ledger: s.ledger, Network: s.network,
		Reports: s.reports, Traces: s.traces, TraceLinks: s.traceLinks, Live: newLive(s.clicks, s), Notices: s.notices, Clock: now, Log: log,
		Applications: s.applications, Notes: s.notes, History: s.history, Search: s.search, Work: s.work, Views: s.views, Exports: s.exports,
	})
}

// outboundGuard allows what the operator's setting names, and in the demo the sinks' addresses.
func outboundGuard(cfg config.Config, sinks ...*sink) *outbound.Guard {
	var endpoints []netip.AddrPort
	for _, s := range sinks {
		if s != nil {
			endpoints = append(endpoints, s.addr())
		}
	}
	return outbound.NewGuard(cfg.OutboundAllow, endpoints...)
}

// routingSnapshot is the file that keeps the routing catalogue for a start without the database.
func routingSnapshot(cfg config.Config) string { return filepath.Join(cfg.DataDir, "routing.snapshot") }
