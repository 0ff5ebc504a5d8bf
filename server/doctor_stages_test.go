package server

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/waypost/waypost/config"
)

// histogram99 is a histogram of so many observations, one in ten of which took longer than 50 ms.
func histogram99(n int) string {
	return fmt.Sprintf("# TYPE waypost_click_duration_seconds histogram\nwaypost_click_duration_seconds_bucket{le=\"0.05\"} %d\nwaypost_click_duration_seconds_bucket{le=\"0.1\"} %d\n"+
		"waypost_click_duration_seconds_bucket{le=\"+Inf\"} %d\nwaypost_click_duration_seconds_count %d\nwaypost_click_duration_seconds_sum 1\n", n*9/10, n, n, n)
}

// TestDoctorJudgesTheStages: what is wrong with a stage is told in words, by the numbers of a running server.
func TestDoctorJudgesTheStages(t *testing.T) {
	t.Parallel()
	at := now()
	sound := `waypost_clicks_unstored_total 0
waypost_clicks_total{result="valid"} 10
waypost_clicks_total{result="unrouted"} 0
waypost_spool_failing 0
waypost_routing_age_seconds 0.5
waypost_routing_version 7
waypost_routing_from_snapshot 0
waypost_postbacks_total{status="recorded"} 200
waypost_postbacks_total{status="refused"} 1
waypost_postbacks_total{status="unavailable"} 0
waypost_postbacks_refused_total{code="invalid_token"} 1
waypost_delivery_breakers_open 0
waypost_delivery_attempts_total{outcome="delivered"} 200
waypost_delivery_attempts_total{outcome="timeout"} 3
waypost_exports_waiting 1
waypost_exports_oldest_seconds 30
waypost_queue_up 1
waypost_queue_tasks{queue="deliver",state="archived"} 0
waypost_periodic_job_last_success_timestamp_seconds{job="prune"} NOW
waypost_periodic_job_interval_seconds{job="prune"} 60
waypost_periodic_job_failures_total{job="prune"} 0
waypost_database_connections{pool="main",state="acquired"} 1
waypost_database_connections_limit{pool="main"} 16
`
	sound = strings.ReplaceAll(sound, "NOW", fmt.Sprint(at.Unix()))
	for name, c := range map[string]struct {
		was, is string // a line of sound and what stands there instead
		check   string
		verdict Verdict
		says    string
	}{
		"unstored":   {"waypost_clicks_unstored_total 0", "waypost_clicks_unstored_total 3", "clicks", VerdictFail, "3 of 10"},
		"unrouted":   {`{result="unrouted"} 0`, `{result="unrouted"} 4`, "clicks", VerdictWarn, "4 of 14"},
		"slow":       {"waypost_clicks_unstored_total 0", "waypost_clicks_unstored_total 0\n" + histogram99(1000), "clicks", VerdictWarn, "50ms"},
		"slow once":  {"waypost_clicks_unstored_total 0", "waypost_clicks_unstored_total 0\n" + histogram99(50), "clicks", VerdictOK, "10 answered"},
		"failing":    {"waypost_spool_failing 0", "waypost_spool_failing 1", "spool writes", VerdictFail, "unrecorded"},
		"failed":     {"waypost_spool_failing 0", "waypost_spool_failing 0\nwaypost_spool_write_failures_total 2", "spool writes", VerdictWarn, "2 writes"},
		"aside":      {"waypost_spool_failing 0", "waypost_spool_failing 0\nwaypost_loader_set_aside_total 2", "spool writes", VerdictWarn, "set aside"},
		"stale":      {"waypost_routing_age_seconds 0.5", "waypost_routing_age_seconds 90", "routing", VerdictWarn, "1m30s"},
		"snapshot":   {"from_snapshot 0", "from_snapshot 1", "routing", VerdictWarn, "earlier start"},
		"no routing": {"waypost_routing_age_seconds 0.5\nwaypost_routing_version 7", "waypost_routing_age_seconds 90\nwaypost_routing_version 0", "routing", VerdictFail, "503"},
		"503":        {`{status="unavailable"} 0`, `{status="unavailable"} 2`, "postback calls", VerdictFail, "2 of 203"},
		"refused":    {`{status="refused"} 1`, `{status="refused"} 900`, "postback calls", VerdictWarn, "invalid_token"},
		"no queue":   {"waypost_queue_up 1", "waypost_queue_up 0", "delivery calls", VerdictWarn, "sweeper"},
		"late files": {"waypost_exports_oldest_seconds 30", "waypost_exports_oldest_seconds 1800", "files in the background", VerdictWarn, "30m0s"},
		"timeouts":   {`{outcome="timeout"} 3`, `{outcome="timeout"} 300`, "delivery calls", VerdictWarn, "300 of 500"},
		"archive":    {`state="archived"} 0`, `state="archived"} 9`, "delivery calls", VerdictWarn, "9 tasks"},
		"late": {fmt.Sprintf("%d\n", at.Unix()) + `waypost_periodic_job_interval_seconds{job="prune"} 60` + "\n" + `waypost_periodic_job_failures_total{job="prune"} 0`,
			fmt.Sprintf("%d\n", at.Add(-time.Hour).Unix()) + `waypost_periodic_job_interval_seconds{job="prune"} 60` + "\n" + `waypost_periodic_job_failures_total{job="prune"} 5`,
			"periodic jobs", VerdictWarn, "prune (1h0m"},
		"full":  {`state="acquired"} 1`, `state="acquired"} 16`, "pools", VerdictWarn, "main"},
		"sound": {"", "", "clicks", VerdictOK, "10 answered"},
	} {
		text := sound
		if c.was != "" && strings.Count(text, c.was) != 1 && name != "late" {
			t.Fatalf("%s: %q does not stand there once", name, c.was)
		}
		text = typed(strings.Replace(text, c.was, c.is, 1))
		n, err := readNumbers(strings.NewReader(text))
		if err != nil {
			t.Fatalf("%s: %v\n%s", name, err, text)
		}
		d := &doctor{}
		d.stages(n)
		for _, f := range d.findings {
			switch {
			case (f.Verdict == VerdictOK) != (f.Mend == ""):
				t.Errorf("%s: %+v: what is not ok, and only that, says what to do", name, f)
			case f.Check == c.check && (f.Verdict != c.verdict || !strings.Contains(f.Found, c.says)):
				t.Errorf("%s: %+v; want %s, %q", name, f, c.verdict, c.says)
			case f.Check != c.check && f.Verdict != VerdictOK:
				t.Errorf("%s: %+v", name, f)
			}
		}
		if len(d.findings) != 8 {
			t.Errorf("%s: %d findings", name, len(d.findings))
		}
	}
	d := &doctor{}
	if d.stages(stageNumbers{}); len(d.findings) > 0 {
		t.Errorf("of a server that tells nothing: %+v", d.findings)
	}
}

// typed says of each name that ends in _total that it is a counter, as a server does.
func typed(text string) string {
	var b strings.Builder
	said := map[string]bool{}
	for line := range strings.Lines(text) {
		if strings.TrimSpace(line) == "" || line[0] == '#' {
			b.WriteString(line)
			continue
		}
		name, _, _ := strings.Cut(strings.Fields(line)[0], "{")
		if strings.HasSuffix(name, "_total") && !said[name] {
			said[name] = true
			fmt.Fprintf(&b, "# TYPE %s counter\n", name)
		}
		b.WriteString(line)
	}
	return b.String()
}

// TestDoctorAsksARunningServer: with its token, and says so where it cannot.
func TestDoctorAsksARunningServer(t *testing.T) {
	t.Parallel()
	s := mustStart(t, quietLog, "WAYPOST_METRICS_TOKEN=0123456789abcdef")
	door := httptest.NewServer(http.Handler(&s.door))
	t.Cleanup(door.Close)
	addr := strings.TrimPrefix(door.URL, "http://")
	for name, c := range map[string]struct {
		cfg     config.Config
		verdict Verdict
		checks  int
	}{
		"its token":      {config.Config{Addr: addr, DataDir: s.cfg.DataDir, MetricsToken: "0123456789abcdef"}, VerdictOK, 9},
		"another token":  {config.Config{Addr: addr, DataDir: s.cfg.DataDir, MetricsToken: "another"}, VerdictWarn, 1},
		"nobody answers": {config.Config{Addr: "127.0.0.1:1", DataDir: s.cfg.DataDir}, VerdictWarn, 1},
		"nobody serves":  {config.Config{Addr: "127.0.0.1:1", DataDir: t.TempDir()}, VerdictOK, 1},
	} {
		d := &doctor{cfg: c.cfg, log: quietLog}
		d.running(t.Context())
		if len(d.findings) != c.checks || d.findings[0].Check != "server" || d.findings[0].Verdict != c.verdict || strings.Contains(fmt.Sprint(d.findings), "0123456789abcdef") {
			t.Errorf("%s: %+v", name, d.findings)
		}
		if name == "its token" && Failed(d.findings) {
			t.Errorf("%+v", d.findings)
		}
	}
}
