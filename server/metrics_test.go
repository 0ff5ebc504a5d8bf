package server

import (
	"context"
	"errors"
	"net/http/httptest"
	"net/netip"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/labstack/echo/v4"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"github.com/prometheus/client_golang/prometheus/testutil/promlint"

	"github.com/waypost/waypost/config"
	"github.com/waypost/waypost/domain/errs"
	"github.com/waypost/waypost/spool"
	"github.com/waypost/waypost/store/pgstore"
)

func TestMetricsAreNamedWell(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	sp, err := spool.Open(filepath.Join(dir, spoolFolder), spool.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer sp.Close()
	if err := sp.Append(t.Context(), spool.Record{Kind: 1, Payload: []byte("x")}); err != nil {
		t.Fatal(err)
	}
	asked := 0
	at := time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)
	backlog := newBacklogCollector(func(context.Context) (pgstore.Backlog, error) {
		if asked++; asked > 1 {
			return pgstore.Backlog{}, errors.New("away")
		}
		return pgstore.Backlog{Deliveries: map[string]int64{"pending": 3}, Overdue: 2, OldestOverdue: at.Add(-90 * time.Second)}, nil
	}, func() time.Time { return at })
	registry := (&Server{cfg: config.Config{Role: "track"}}).metrics()
	registry.MustRegister(&spoolCollector{sp, dir}, backlog)
	e := echo.New()
	e.Use(measure(registry))
	e.GET("/offers/:id", func(c echo.Context) error { return errs.NotFound("not_found", "x") })
	for _, target := range []string{"/offers/1", "/offers/2", "/whatever"} {
		e.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", target, nil))
	}
	text := scrape(registry)
	for _, want := range []string{
		`waypost_build_info{go_version="go`, "waypost_spool_unreleased_records 1", "waypost_spool_bytes ", "waypost_spool_lag_seconds ",
		`waypost_deliveries_waiting{status="pending"} 3`, "waypost_deliveries_lag_seconds 90", "waypost_backlog_up 1",
		`waypost_http_request_duration_seconds_count{method="GET",route="/offers/:id",status="404"} 2`,
		`waypost_http_request_duration_seconds_count{method="GET",route="unmatched",status="404"} 1`,
	} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is not in\n%s", want, text)
		}
	}
	problems, err := promlint.New(strings.NewReader(text)).Lint()
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range problems {
		if strings.HasPrefix(p.Metric, "waypost_") {
			t.Errorf("%s: %s", p.Metric, p.Text)
		}
	}
	if scrape(registry); asked != 1 {
		t.Errorf("the database was asked %d times", asked)
	}
	at = at.Add(backlogEvery)
	if text := scrape(registry); !strings.Contains(text, "waypost_backlog_up 0") || strings.Contains(text, "waypost_deliveries_waiting") {
		t.Errorf("away:\n%s", text)
	}
}

func scrape(registry *prometheus.Registry) string {
	w := httptest.NewRecorder()
	promhttp.HandlerFor(registry, promhttp.HandlerOpts{}).ServeHTTP(w, httptest.NewRequest("GET", "/metrics", nil))
	return w.Body.String()
}

func TestWhoMayReadMetrics(t *testing.T) {
	t.Parallel()
	proxies := []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}
	for name, c := range map[string]struct {
		token, authorization, ip, forwarded string
		proxies                             []netip.Prefix
		want                                bool
	}{
		"loopback":                      {ip: "127.0.0.1", want: true},
		"private":                       {ip: "192.168.1.2", want: true},
		"mapped":                        {ip: "::ffff:10.0.0.1", want: true},
		"public":                        {ip: "203.0.113.1"},
		"no address":                    {},
		"through a proxy nobody trusts": {ip: "10.0.0.1", forwarded: "203.0.113.1"},
		"through a trusted proxy":       {ip: "192.168.1.2", forwarded: "192.168.1.2", proxies: proxies, want: true},
		"token":                         {token: "t", authorization: "Bearer t", ip: "203.0.113.1", want: true},
		"wrong token":                   {token: "t", authorization: "Bearer u", ip: "127.0.0.1"},
		"missing token":                 {token: "t", ip: "127.0.0.1"},
		"token without its scheme":      {token: "t", authorization: "t", ip: "127.0.0.1"},
	} {
		r := httptest.NewRequest("GET", "/metrics", nil)
		for header, value := range map[string]string{"Authorization": c.authorization, "X-Forwarded-For": c.forwarded} {
			if value != "" {
				r.Header.Set(header, value)
			}
		}
		s := &Server{cfg: config.Config{MetricsToken: c.token, TrustedProxies: c.proxies}}
		if got := s.mayReadMetrics(r, c.ip); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}
