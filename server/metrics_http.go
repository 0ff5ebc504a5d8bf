package server

import (
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/labstack/echo/v4"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/waypost/waypost/web"
)

// knownMethods are told apart; a client may send any word.
var knownMethods = []string{http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions}

// measure times requests by the route's pattern, never by the path, which anybody may choose.
func measure(registry *prometheus.Registry) echo.MiddlewareFunc {
	durations := prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name: "waypost_http_request_duration_seconds", Help: "Time from the request's header to the end of its answer.",
		Buckets: []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10},
	}, []string{"method", "route", "status"})
	registry.MustRegister(durations)
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error {
			began := time.Now()
			err := next(c)
			status := c.Response().Status
			if err != nil { // answered by echo's error handler after us
				status = web.ProblemOf(c.Request().Context(), err).Status
			}
			method, route := c.Request().Method, c.Path()
			if !slices.Contains(knownMethods, method) {
				method = "other"
			}
			if route == "" || status == http.StatusNotFound && route == "/*" {
				route = "unmatched"
			}
			durations.WithLabelValues(method, route, strconv.Itoa(status)).Observe(time.Since(began).Seconds())
			return err
		}
	}
}
