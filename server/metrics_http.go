package server

import (
	"maps"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/labstack/echo/v4"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/waypost/waypost/web"
)

// knownMethods are told apart; a client may send any word.
var knownMethods = []string{http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions}

// httpMeter times requests by the route's pattern, never by the path, which anybody may choose.
type httpMeter struct {
	durations *prometheus.HistogramVec

	// observers are those of the vector that were used, so that a request neither builds nor hashes labels. There are as
	// many as there are routes, methods and answers; each new one makes a new map.
	observers atomic.Pointer[map[answered]prometheus.Observer]
	adding    sync.Mutex
}

// answered is what tells requests apart.
type answered struct {
	method, route string
	status        int
}

func newHTTPMeter() *httpMeter {
	m := &httpMeter{durations: prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name: "waypost_http_request_duration_seconds", Help: "Time from the request's header to the end of its answer.",
		Buckets: []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10},
	}, []string{"method", "route", "status"})}
	m.observers.Store(&map[answered]prometheus.Observer{})
	return m
}

func (m *httpMeter) observer(a answered) prometheus.Observer {
	if o := (*m.observers.Load())[a]; o != nil {
		return o
	}
	m.adding.Lock()
	defer m.adding.Unlock()
	all := maps.Clone(*m.observers.Load())
	o := m.durations.WithLabelValues(a.method, a.route, strconv.Itoa(a.status))
	all[a] = o
	m.observers.Store(&all)
	return o
}

// measure adds the meter to registry and returns it as a middleware.
func measure(registry *prometheus.Registry) echo.MiddlewareFunc {
	m := newHTTPMeter()
	registry.MustRegister(m.durations)
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error {
			began := time.Now()
			err := next(c)
			status := c.Response().Status
			if err != nil { // answered by echo's error handler after us
				status = web.ProblemOf(c.Request().Context(), err).Status
			}
			m.observer(answered{methodOf(c), routeOf(c, status), status}).Observe(time.Since(began).Seconds())
			return err
		}
	}
}

// methodOf is one of knownMethods, or "other".
func methodOf(c echo.Context) string {
	if method := c.Request().Method; slices.Contains(knownMethods, method) {
		return method
	}
	return "other"
}

// routeOf is the pattern that a request was answered by.
func routeOf(c echo.Context, status int) string {
	if route := c.Path(); route != "" && (status != http.StatusNotFound || route != "/*") {
		return route
	}
	return "unmatched"
}
