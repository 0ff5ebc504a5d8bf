package server

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/pprof"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/waypost/waypost/config"
	"github.com/waypost/waypost/web"
)

// routes mounts the doors of this process's roles.
func (s *Server) routes() (*echo.Echo, error) {
	e := echo.New()
	e.HideBanner, e.HidePort = true, true
	e.IPExtractor = web.ClientIP(s.cfg.TrustedProxies)
	e.HTTPErrorHandler = web.ErrorHandler(s.log)
	s.healthRoutes(e)
	s.metricsRoute(e)
	if s.spans != nil {
		e.Use(s.spans.requests)
	}
	if s.track != nil {
		s.track.doors.Mount(e)
	}
	if s.cfg.Has(config.RoleAPI) {
		var flush func(context.Context) error
		if s.track != nil {
			flush = s.track.loader.Flush
		}
		// The hot path is not logged line by line; what people and programs do with the API is.
		e.Use(besidesTracking(web.AccessLog(s.log, now)), besidesTracking(web.Recover),
			besidesTracking(web.SecurityHeaders(strings.HasPrefix(s.cfg.PublicURL, "https://"))), besidesTracking(bodyLimit()))
		if err := mountAPI(e, s.db, s.services, s.secret, flush, s.log); err != nil {
			return nil, fmt.Errorf("mount API: %w", err)
		}
		if _, err := s.mountPortals(e); err != nil {
			return nil, err
		}
	}
	return e, nil
}

// besidesTracking applies a middleware to everything but the hot path, which sets its own headers and limits.
func besidesTracking(m echo.MiddlewareFunc) echo.MiddlewareFunc {
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		wrapped := m(next)
		return func(c echo.Context) error {
			switch c.Request().URL.Path {
			case "/click", "/postback", "/pixel", "/pixel.gif", "/pixel.js", "/healthz", "/readyz", "/readyz/track":
				return next(c)
			}
			return wrapped(c)
		}
	}
}

// httpServer has the limits of requirement 23: header 5 s, read 15 s, write 30 s, idle 60 s, header 16 KiB.
func httpServer(h http.Handler, log *slog.Logger) *http.Server {
	return &http.Server{
		Handler:           h,
		ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelWarn),
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       15 * time.Second,
		WriteTimeout:      30 * time.Second,
		IdleTimeout:       60 * time.Second,
		MaxHeaderBytes:    16 << 10,
	}
}

// debugServer has no time limit of writing: a profile takes as long as it is told to.
func debugServer(addr string) *http.Server {
	mux := http.NewServeMux()
	mux.HandleFunc("/debug/pprof/", pprof.Index)
	mux.HandleFunc("/debug/pprof/cmdline", pprof.Cmdline)
	mux.HandleFunc("/debug/pprof/profile", pprof.Profile)
	mux.HandleFunc("/debug/pprof/symbol", pprof.Symbol)
	mux.HandleFunc("/debug/pprof/trace", pprof.Trace)
	return &http.Server{Addr: addr, Handler: mux, ReadHeaderTimeout: 5 * time.Second}
}
