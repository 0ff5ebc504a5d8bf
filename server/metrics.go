package server

import (
	"crypto/subtle"
	"net/http"
	"net/netip"
	"strings"

	"github.com/labstack/echo/v4"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/waypost/waypost/config"
	"github.com/waypost/waypost/domain/errs"
)

// metricsRoute serves the operator's numbers at /metrics: to the bearer of WAYPOST_METRICS_TOKEN, or without one to
// loopback and private addresses only.
func (s *Server) metricsRoute(e *echo.Echo) {
	s.registry = s.metrics()
	e.Use(measure(s.registry))
	handler := echo.WrapHandler(promhttp.HandlerFor(s.registry, promhttp.HandlerOpts{}))
	e.GET("/metrics", func(c echo.Context) error {
		if !s.mayReadMetrics(c.Request(), c.RealIP()) {
			return errs.Forbidden("forbidden", "metrics answer private addresses, or the bearer of WAYPOST_METRICS_TOKEN")
		}
		return handler(c)
	})
}

// mayReadMetrics judges a caller. Without a token, an address that a proxy passed on counts only where the proxy is
// trusted: otherwise it is the proxy's own, which is private for everybody.
func (s *Server) mayReadMetrics(r *http.Request, ip string) bool {
	if s.cfg.MetricsToken != "" {
		token, ok := strings.CutPrefix(r.Header.Get(echo.HeaderAuthorization), "Bearer ")
		return ok && subtle.ConstantTimeCompare([]byte(token), []byte(s.cfg.MetricsToken)) == 1
	}
	if len(s.cfg.TrustedProxies) == 0 && (r.Header.Get("X-Forwarded-For") != "" || r.Header.Get("Forwarded") != "") {
		return false
	}
	addr, err := netip.ParseAddr(ip)
	return err == nil && (addr.Unmap().IsLoopback() || addr.Unmap().IsPrivate())
}

// metrics are the numbers of this process, and on a worker those of the work that waits in the database.
func (s *Server) metrics() *prometheus.Registry {
	registry := prometheus.NewRegistry()
	build := Version()
	info := prometheus.NewGauge(prometheus.GaugeOpts{Name: "waypost_build_info", Help: "Always 1; the labels tell which program runs.",
		ConstLabels: prometheus.Labels{"version": build.Version, "revision": build.Revision, "go_version": build.Go}})
	info.Set(1)
	registry.MustRegister(info, collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	if s.stores != nil {
		registry.MustRegister(&poolCollector{s.stores})
		if s.meters != nil {
			registry.MustRegister(s.meters.all...)
		}
	}
	if s.waker != nil {
		registry.MustRegister(s.waker.Collectors()...)
	}
	if s.track != nil {
		registry.MustRegister(s.track.doors.Collectors()...)
		registry.MustRegister(s.track.loader.Collectors()...)
		registry.MustRegister(&spoolCollector{s.track.spool, s.cfg.DataDir})
	}
	if s.cfg.Has(config.RoleWorker) {
		registry.MustRegister(newBacklogCollector(s.db.Backlog, now), &daysCollector{db: s.db, clock: now})
		registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "waypost_delivery_breakers_open",
			Help: "Hosts of affiliates that this worker leaves alone for the moment because most calls to them fail."},
			func() float64 { return float64(s.services.postbacks.OpenBreakers()) }))
		if s.queued != nil {
			registry.MustRegister(s.queued)
		}
	}
	return registry
}
