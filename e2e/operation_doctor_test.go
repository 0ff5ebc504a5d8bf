package e2e

import (
	"encoding/json"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// findings runs the doctor and gives each check's verdict, the worst where there are several.
func findings(t testing.TB, env []string) (verdicts map[string]string, text string, exit int) {
	t.Helper()
	cmd := exec.Command(binary, "doctor", "--json")
	cmd.Env = env
	out, err := cmd.Output()
	if err != nil && cmd.ProcessState == nil {
		t.Fatal(err)
	}
	var answer struct {
		OK       bool `json:"ok"`
		Findings []struct{ Check, Verdict, Found, Mend string }
	}
	if err := json.Unmarshal(out, &answer); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if answer.OK != (cmd.ProcessState.ExitCode() == 0) {
		t.Errorf("ok %v, exit code %d", answer.OK, cmd.ProcessState.ExitCode())
	}
	verdicts = map[string]string{}
	for _, f := range answer.Findings {
		if (f.Verdict == "ok") != (f.Mend == "") {
			t.Errorf("%+v: what is not ok, and only that, says what to do", f)
		}
		if old := verdicts[f.Check]; old == "" || old == "ok" || f.Verdict == "fail" {
			verdicts[f.Check] = f.Verdict
		}
	}
	return verdicts, string(out), cmd.ProcessState.ExitCode()
}

func TestDoctorNamesWhatIsWrong(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", 32)
	fresh := filepath.Join(mustDataDir(t), "data")
	for name, c := range map[string]struct {
		env  []string
		want map[string]string
		says []string
		exit int
	}{
		"nothing yet": {nil, map[string]string{"settings": "ok", "data folder": "ok", "database": "warn", "redis": "ok", "outgoing": "ok"}, []string{"waypost serve"}, 0},
		"faulty settings": {[]string{"WAYPOST_TRUSTED_PROXIES=10.0.0.0/99", "WAYPOST_PUBLIC_URL=foo", "WAYPOST_SECRET=short"},
			map[string]string{"settings": "fail"}, []string{"WAYPOST_TRUSTED_PROXIES", "WAYPOST_PUBLIC_URL", "WAYPOST_SECRET needs"}, 1},
		"nothing answers": {[]string{"WAYPOST_SECRET=" + long, "DATABASE_URL=postgres://u:hunter2@127.0.0.1:1/x", "REDIS_URL=redis://:hunter2@127.0.0.1:1", "WAYPOST_SMTP_URL=smtp://127.0.0.1:1", "WAYPOST_MAIL_FROM=a@b.example",
			"WAYPOST_GEOIP_DB=/nowhere.mmdb", "WAYPOST_OUTBOUND_ALLOW=0.0.0.0/0", "WAYPOST_PUBLIC_URL=https://x.example"},
			map[string]string{"database": "fail", "redis": "fail", "mail": "fail", "countries": "fail", "outgoing": "fail", "addresses": "warn"}, []string{"DATABASE_URL", "REDIS_URL", "WAYPOST_TRUSTED_PROXIES", "metadata"}, 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, text, exit := findings(t, commandEnv(fresh, c.env...))
			for check, verdict := range c.want {
				if got[check] != verdict {
					t.Errorf("%s is %q, want %q", check, got[check], verdict)
				}
			}
			for _, says := range c.says {
				if !strings.Contains(text, says) {
					t.Errorf("%q is not said in\n%s", says, text)
				}
			}
			if exit != c.exit || strings.Contains(text, "hunter2") {
				t.Errorf("exit code %d, want %d\n%s", exit, c.exit, text)
			}
		})
	}
	if _, err := os.Stat(fresh); err == nil {
		t.Error("the doctor made a data folder")
	}
}

// TestDoctorFindsChangedBalances: beside a running server all is well; then somebody changes a balance by hand.
func TestDoctorFindsChangedBalances(t *testing.T) {
	t.Parallel()
	w := mustFresh(t)
	n := w.mustNetwork(w.mustLogIn(), nil, nil)
	id := mustClick(t, n.Link)
	if status, answer := w.postback(url.Values{"clickid": {id}, "token": {n.Token}, "com": {"12.50"}}); status != http.StatusOK {
		t.Fatal(answer)
	}
	got, text, exit := findings(t, w.env)
	for _, check := range []string{"settings", "data folder", "database", "durability", "clock", "connections", "schema", "secret", "database role", "partitions", "operators", "balances", "deliveries", "postbacks", "rollups", "redis", "spool", "outgoing"} {
		if got[check] != "ok" {
			t.Errorf("%s is %q", check, got[check])
		}
	}
	if exit != 0 {
		t.Errorf("exit code %d\n%s", exit, text)
	}
	if _, text, exit := findings(t, append(w.env, "WAYPOST_SECRET="+strings.Repeat("y", 32))); exit != 1 || !strings.Contains(text, "another WAYPOST_SECRET") {
		t.Errorf("another secret: exit code %d\n%s", exit, text)
	}
	var note struct{ Socket string }
	b, err := os.ReadFile(filepath.Join(w.Dir, "postgres.json"))
	if err == nil {
		err = json.Unmarshal(b, &note)
	}
	if err != nil {
		t.Fatal(err)
	}
	change := exec.Command("psql", "-h", note.Socket, "-U", "waypost", "-c", "UPDATE balances SET approved = approved + 1", "waypost")
	if out, err := change.CombinedOutput(); err != nil {
		t.Fatalf("psql: %v\n%s", err, out)
	}
	if got, text, exit := findings(t, w.env); got["balances"] != "fail" || exit != 1 || !strings.Contains(text, "12.51") || !strings.Contains(text, "12.50") {
		t.Errorf("a changed balance is %q, exit code %d\n%s", got["balances"], exit, text)
	}
	grant := exec.Command("psql", "-h", note.Socket, "-U", "waypost", "-c", "GRANT DELETE ON audit_log TO waypost", "waypost")
	if out, err := grant.CombinedOutput(); err != nil {
		t.Fatalf("psql: %v\n%s", err, out)
	}
	if got, text, _ := findings(t, w.env); got["database role"] != "fail" || !strings.Contains(text, "REVOKE UPDATE, DELETE, TRUNCATE ON audit_log") {
		t.Errorf("a role that may delete history is %q\n%s", got["database role"], text)
	}
}

// TestStartAndStopSpeakToPeople: the address, the first operator, the stop; and probes that answer while it starts.
func TestStartAndStopSpeakToPeople(t *testing.T) {
	t.Parallel()
	w := mustServe(t, mustDataDir(t), "WAYPOST_ADMIN_EMAIL=", "WAYPOST_ADMIN_PASSWORD=")
	eventually(t, 10*time.Second, "the hint is printed", func() bool { return strings.Contains(w.out.String(), "waypost admin create --email") })
	if out := mustRun(t, w.env, "health"); !strings.Contains(out, `"status":"ok"`) {
		t.Errorf("health: %s", out)
	}
	mustRun(t, w.env, "health", "--live")
	if took := w.stop(); took > 20*time.Second || w.cmd.ProcessState.ExitCode() != 0 {
		t.Errorf("stop took %s, exit code %d", took, w.cmd.ProcessState.ExitCode())
	}
	for _, want := range []string{"Waypost serves at", "is stopping", "has stopped"} {
		if !strings.Contains(w.out.String(), want) {
			t.Errorf("%q is not in\n%s", want, w.out)
		}
	}
	if out, err := command(w.env, "health"); err == nil {
		t.Errorf("health of nobody: %s", out)
	}
	if out := mustRun(t, w.env, "--version"); !strings.HasPrefix(out, "waypost ") || !strings.Contains(out, "go1.") {
		t.Errorf("version: %s", out)
	}
	if out := mustRun(t, nil, "settings"); !strings.Contains(out, "WAYPOST_TRUSTED_PROXIES") {
		t.Errorf("settings: %s", out)
	}
}

// TestNoSecretReachesTheLog: requests and faults that carry a secret in every place, against the whole program at its
// most talkative.
func TestNoSecretReachesTheLog(t *testing.T) {
	t.Parallel()
	const hidden = "zqhunter2hunter2zq"
	w := mustFresh(t, "WAYPOST_LOG_LEVEL=debug", "WAYPOST_METRICS_TOKEN="+hidden)
	c := w.mustLogIn()
	n := w.mustNetwork(c, nil, nil)
	id := mustClick(t, n.Link)
	c.must("POST", "/postbacks", object{"affiliate_id": json.Number(n.Affiliate), "url": "http://127.0.0.1:9/pb?token=" + hidden, "method": "POST"}, http.StatusCreated)
	for _, path := range []string{
		"/postback?clickid=" + id + "&token=" + hidden, "/postback?clickid=" + id + "&security_token=" + hidden, "/postback?clickid=" + id + "&ts=1&sig=" + hidden,
		"/postback?clickid=" + id + "&secure=" + hidden, "/pixel.gif?clickid=" + id + "&token=" + hidden,
		"/api/v1/offers?token=" + hidden, "/api/v1/offers?x=whsec_" + hidden, "/api/v1/nowhere?password=" + hidden, "/click?o=1&a=1&token=" + hidden, "/metrics?token=" + hidden,
		"/api/v1/offers?next=" + url.QueryEscape("https://x.example/?refresh_token="+hidden), "/nowhere/whsec_" + hidden,
	} {
		req, err := http.NewRequest("GET", w.URL+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Authorization", "Bearer "+hidden)
		req.Header.Set("Cookie", "waypost_session="+hidden)
		do(t, req)
	}
	anonymous := &client{t: t, base: w.URL}
	anonymous.must("POST", "/auth/login", object{"email": adminEmail, "password": hidden}, http.StatusUnauthorized)
	anonymous.must("POST", "/auth/refresh", object{"refresh_token": hidden}, http.StatusUnauthorized)
	if status, answer := w.postback(url.Values{"clickid": {id}, "token": {n.Token}, "com": {"1"}}); status != http.StatusOK { // its delivery fails
		t.Fatal(answer)
	}
	eventually(t, 20*time.Second, "the delivery was tried", func() bool {
		for _, d := range c.must("GET", "/deliveries", nil, http.StatusOK).items(t) {
			if d.text("status") == "retrying" {
				return true
			}
		}
		return false
	})
	w.stop()
	for _, secret := range []string{hidden, n.Token, adminPassword, c.token} {
		if i := strings.Index(w.out.String(), secret); i >= 0 {
			t.Errorf("the log shows a secret: %s", w.out.String()[max(0, i-300):min(len(w.out.String()), i+100)])
		}
	}
}
