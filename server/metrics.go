package server

import (
	"crypto/subtle"
	"net/netip"
	"strings"

	"github.com/labstack/echo/v4"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/waypost/waypost/domain/errs"
)

// metricsRoute serves the operator's numbers at /metrics: to the bearer of WAYPOST_METRICS_TOKEN, or without one to
// loopback and private addresses only.
func (s *Server) metricsRoute(e *echo.Echo) {
	registry := prometheus.NewRegistry()
	registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	if s.track != nil {
		registry.MustRegister(s.track.doors.Collectors()...)
		registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name: "waypost_spool_unreleased_records", Help: "Records of the spool that the database has not got yet.",
		}, func() float64 {
			n, _ := s.track.spool.Unreleased()
			return float64(n)
		}))
	}
	handler := echo.WrapHandler(promhttp.HandlerFor(registry, promhttp.HandlerOpts{}))
	e.GET("/metrics", func(c echo.Context) error {
		if !s.mayReadMetrics(c.Request().Header.Get(echo.HeaderAuthorization), c.RealIP()) {
			return errs.Forbidden("forbidden", "metrics answer private addresses, or the bearer of WAYPOST_METRICS_TOKEN")
		}
		return handler(c)
	})
}

func (s *Server) mayReadMetrics(authorization, ip string) bool {
	if s.cfg.MetricsToken != "" {
		token, ok := strings.CutPrefix(authorization, "Bearer ")
		return ok && subtle.ConstantTimeCompare([]byte(token), []byte(s.cfg.MetricsToken)) == 1
	}
	addr, err := netip.ParseAddr(ip)
	return err == nil && (addr.Unmap().IsLoopback() || addr.Unmap().IsPrivate())
}
