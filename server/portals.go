package server

import (
	"crypto/rand"
	"fmt"
	"os"
	"path/filepath"

	"github.com/labstack/echo/v4"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/waypost/waypost/portal"
	"github.com/waypost/waypost/ui"
)

// mountPortals adds what people look at: log-in, the portals, and the files that their pages are made with.
func (s *Server) mountPortals(e *echo.Echo) (*portal.Portal, error) {
	waiting, err := waitingFolder(s.cfg.DataDir)
	if err != nil {
		return nil, fmt.Errorf("mount portals: %w", err)
	}
	p, err := portal.New(portal.Deps{
		Accounts: s.services.accounts, Network: s.services.network, Notices: s.services.notices, Ledger: s.services.ledger,
		Affiliates: s.services.affiliates, Advertisers: s.services.advertisers, Offers: s.services.offers, Views: s.services.views, Exports: s.services.exports, PublicURL: s.cfg.PublicURL, TempDir: waiting,
		Clock: now, Random: rand.Reader, Log: s.log,
	})
	if err != nil {
		return nil, fmt.Errorf("mount portals: %w", err)
	}
	e.HTTPErrorHandler = p.ErrorHandler(e.HTTPErrorHandler)
	static := echo.WrapHandler(ui.Static())
	e.GET(ui.StaticPath+"*", static)
	e.HEAD(ui.StaticPath+"*", static)
	p.Mount(e)
	s.mountAdvertiserPortal(p, e)
	s.mountAdminPortal(p, e)
	s.mountAffiliatePortal(p, e)
	if s.cfg.Demo {
		e.GET("/_kit", p.Kit)
	}
	s.registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "waypost_streams_open",
		Help: "Live parts of pages that are open in browsers."}, func() float64 { return float64(p.Streams()) }))
	s.makeFile = p.Make
	if s.http != nil {
		s.http.RegisterOnShutdown(p.EndStreams)
	}
	return p, nil
}

// waitingFolder makes the data folder's part for what only this process's life needs. What a process that died has left
// there goes.
func waitingFolder(dataDir string) (string, error) {
	if dataDir == "" {
		return "", nil
	}
	path := filepath.Join(dataDir, "tmp")
	if err := os.RemoveAll(path); err != nil {
		return "", err
	}
	return path, os.MkdirAll(path, 0o700)
}
