package server

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/labstack/echo/v4"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/waypost/waypost/store/storetest"
)

// A demo that is ready has its clicks added up: the first page is as fast as every other.
func TestDemoIsAddedUp(t *testing.T) {
	t.Parallel()
	db := storetest.New(t)
	mustLoadDemo(t, db, 3, 2, aSaturday)
	if err := db.Rollups().RollAll(t.Context(), aSaturday.Add(-rollAfter)); err != nil {
		t.Fatal(err)
	}
	var differ int
	err := db.Pool().QueryRow(t.Context(), `SELECT (SELECT count(*) FROM clicks WHERE created_at < '2026-11-21 15:00:00+00')
		- (SELECT sum(clicks + invalid_clicks) FROM stats_halfhourly)`).Scan(&differ)
	if err != nil || differ != 0 {
		t.Errorf("%d clicks are not added up: %v", differ, err)
	}
}

// Days that nobody makes or adds up are shown by the doctor, the metrics and the readiness, which stays ready.
func TestDaysAreWatched(t *testing.T) {
	t.Parallel()
	db := storetest.New(t)
	ctx := t.Context()
	if err := db.EnsurePartitions(ctx, now().AddDate(0, 0, -2), now().AddDate(0, 0, 1)); err != nil {
		t.Fatal(err)
	}
	metrics := func() string {
		t.Helper()
		registry := prometheus.NewRegistry()
		registry.MustRegister(&daysCollector{db: db, clock: now})
		families, err := registry.Gather()
		if err != nil {
			t.Fatal(err)
		}
		var b strings.Builder
		for _, f := range families {
			b.WriteString(f.GetName() + "\n")
			if value := f.GetMetric()[0].GetGauge().GetValue(); f.GetName() == "waypost_partitions_ahead_days" && (value <= 0 || value >= 3) {
				t.Errorf("%f days ahead", value)
			} else if f.GetName() == "waypost_rollups_waiting_days" && value < 2 {
				t.Errorf("%f days are to be added up", value)
			}
		}
		return b.String()
	}
	if got := metrics(); !strings.Contains(got, "partitions_ahead_days") || !strings.Contains(got, "rollups_waiting_days") {
		t.Errorf("metrics: %s", got)
	}
	d := &doctor{}
	d.rollups(ctx, db)
	if len(d.findings) != 1 || d.findings[0].Verdict != VerdictWarn {
		t.Errorf("doctor: %+v", d.findings)
	}
	var log bytes.Buffer
	s := &Server{log: slog.New(slog.NewTextHandler(&log, nil))}
	ready := func() (int, string) {
		rec := httptest.NewRecorder()
		c := echo.New().NewContext(httptest.NewRequest(http.MethodGet, "/readyz", nil), rec)
		if err := s.answerReadiness(c, []check{{name: "partitions", ask: func(ctx context.Context) error { return checkPartitions(ctx, db) }, mild: true}}); err != nil {
			t.Fatal(err)
		}
		var answer struct{ Parts map[string]string }
		if err := json.Unmarshal(rec.Body.Bytes(), &answer); err != nil {
			t.Fatal(err)
		}
		return rec.Code, answer.Parts["partitions"]
	}
	if code, part := ready(); code != http.StatusOK || part != "failing" || !strings.Contains(log.String(), "waypost migrate") {
		t.Errorf("two days ahead: %d, %s; log: %s", code, part, log.String())
	}
	if err := ensurePartitions(ctx, db); err != nil {
		t.Fatal(err)
	}
	if err := db.Rollups().RollAll(ctx, now()); err != nil {
		t.Fatal(err)
	}
	if code, part := ready(); code != http.StatusOK || part != "ok" {
		t.Errorf("a week ahead: %d, %s", code, part)
	}
	d = &doctor{}
	if d.rollups(ctx, db); len(d.findings) != 1 || d.findings[0].Verdict != VerdictOK {
		t.Errorf("doctor: %+v", d.findings)
	}
}

// The periodic job drops what is older than the setting, and nothing that is not added up.
func TestOldDaysAreDropped(t *testing.T) {
	t.Parallel()
	db := storetest.New(t)
	ctx := t.Context()
	old := now().AddDate(0, 0, -40)
	if err := db.EnsurePartitions(ctx, old, old.AddDate(0, 0, 20)); err != nil {
		t.Fatal(err)
	}
	left := func() (n int) {
		t.Helper()
		if err := db.Pool().QueryRow(ctx, "SELECT count(*) FROM pg_inherits WHERE inhparent = 'clicks'::regclass").Scan(&n); err != nil {
			t.Fatal(err)
		}
		return n
	}
	log := slog.New(slog.DiscardHandler)
	if err := dropOld(ctx, db, 30, log); err != nil || left() != 21 {
		t.Errorf("before they are added up %d days of clicks are left: %v", left(), err)
	}
	if err := db.Rollups().RollAll(ctx, now()); err != nil {
		t.Fatal(err)
	}
	if err := dropOld(ctx, db, 30, log); err != nil || left() != 11 {
		t.Errorf("%d days of clicks are left: %v", left(), err)
	}
	for _, j := range (&Server{}).clickJobs() {
		if j.Name == "retention" || j.Every > time.Minute {
			t.Errorf("without a limit there is a job %s", j.Name)
		}
	}
}
