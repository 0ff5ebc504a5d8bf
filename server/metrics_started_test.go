package server

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/labstack/echo/v4"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil/promlint"

	"github.com/waypost/waypost/config"
	"github.com/waypost/waypost/store/storetest"
)

// quietLog keeps no line.
var quietLog = slog.New(slog.DiscardHandler)

// mustStart runs a whole server of role all on a database of its own until the test ends.
func mustStart(t *testing.T, log *slog.Logger, settings ...string) *Server {
	t.Helper()
	cfg, err := config.Load(append([]string{"WAYPOST_ADDR=127.0.0.1:0", "WAYPOST_DATA_DIR=" + t.TempDir(), "DATABASE_URL=" + storetest.URL(t)}, settings...))
	if err != nil {
		t.Fatal(err)
	}
	s, err := New(t.Context(), cfg, log, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- s.Run(ctx) }()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Errorf("stop: %v", err)
		}
	})
	for deadline := time.Now().Add(time.Minute); s.door.built.Load() == nil; time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("it does not serve")
		}
	}
	return s
}

func (s *Server) ask(target string) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	r := httptest.NewRequest(http.MethodGet, target, nil)
	r.RemoteAddr = "127.0.0.1:1234"
	s.door.ServeHTTP(w, r)
	return w
}

// TestAStartedServerTellsEveryStage: the numbers of all stages are there before anything happened, so that the first
// occurrence is a growth; and they are named well.
func TestAStartedServerTellsEveryStage(t *testing.T) {
	t.Parallel()
	s := mustStart(t, quietLog)
	for _, target := range []string{"/click?o=1&a=1", "/postback?clickid=x", "/login"} {
		s.ask(target)
	}
	text := s.ask("/metrics").Body.String()
	for _, want := range []string{
		`waypost_clicks_total{result="refused"} 1`, "waypost_click_duration_seconds_count 1", "waypost_spool_append_duration_seconds_count ",
		"waypost_spool_write_records_count ", `waypost_postbacks_total{status="refused"} 1`, `waypost_postbacks_refused_total{code="malformed_clickid"} 1`,
		"waypost_postback_batch_size_count 1", "waypost_routing_from_snapshot 0", "waypost_routing_reloads_total ", "waypost_loader_batch_size_count ",
		`waypost_conversions_total{change="made"} 0`, `waypost_delivery_attempts_total{outcome="delivered"} 0`, `waypost_delivery_attempts_total{outcome="timeout"} 0`,
		"waypost_delivery_age_seconds_count 0", "waypost_delivery_breakers_open 0", "waypost_sweeper_finds_total 0", `waypost_delivery_wakeups_total{result="failed"} 0`,
		"\nwaypost_queue_up 1\n", `waypost_queue_tasks{queue="deliver",state="pending"} 0`, `waypost_periodic_job_last_success_timestamp_seconds{job="partitions"} `,
		`waypost_rate_limited_total{kind="postback_ip"} 0`, `waypost_mails_total{result="failed"} 0`, "waypost_streams_open 0",
		`waypost_database_acquires_canceled_total{pool="track"} 0`, "\nwaypost_backlog_up 1\n",
		`waypost_http_request_duration_seconds_count{method="GET",route="/click",status="404"} 1`,
	} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is not told", want)
		}
	}
	problems, err := promlint.New(strings.NewReader(text)).Lint()
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range problems {
		if strings.HasPrefix(p.Metric, "waypost_") && !strings.HasSuffix(p.Metric, "_days") { // a partition is a day
			t.Errorf("%s: %s", p.Metric, p.Text)
		}
	}
	if t.Failed() {
		t.Log(text)
	}
}

// TestMeasuringARequestAllocatesNothing: it stands before every click.
func TestMeasuringARequestAllocatesNothing(t *testing.T) {
	registry := prometheus.NewRegistry()
	handler := measure(registry)(func(c echo.Context) error { return nil })
	e := echo.New()
	c := e.NewContext(httptest.NewRequest(http.MethodGet, "/click?o=1", nil), httptest.NewRecorder())
	c.SetPath("/click")
	if n := testing.AllocsPerRun(1000, func() { _ = handler(c) }); n != 0 {
		t.Errorf("%v allocations a request", n)
	}
}
