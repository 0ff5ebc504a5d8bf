package e2e

import (
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestContractRunning is section 1: probes, numbers, roles, settings, commands.
func TestContractRunning(t *testing.T) {
	t.Parallel()
	w := mustServe(t, mustDataDir(t), "WAYPOST_METRICS_TOKEN=a-token-for-metrics", "WAYPOST_TRACKING_URL=https://go.network.example")
	for path, parts := range map[string]string{"/healthz": "", "/readyz": "database redis spool", "/readyz/track": "routing"} {
		status, answer, _ := w.get(path)
		if status != http.StatusOK {
			t.Errorf("%s: %d %v", path, status, answer)
		}
		for part := range strings.FieldsSeq(parts) {
			if answer["parts"].(map[string]any)[part] != "ok" {
				t.Errorf("%s does not name %s: %v", path, part, answer)
			}
		}
	}
	for header, want := range map[string]int{"": 403, "Bearer wrong": 403, "a-token-for-metrics": 403, "Bearer a-token-for-metrics": 200} {
		req, _ := http.NewRequest("GET", w.URL+"/metrics", nil)
		if header != "" {
			req.Header.Set("Authorization", header)
		}
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		body := string(mustRead(t, resp.Body))
		if denied := resp.StatusCode == 401 || resp.StatusCode == 403; denied != (want != 200) || want == 200 && !strings.Contains(body, "# TYPE waypost_") {
			t.Errorf("/metrics with %q: %d", header, resp.StatusCode)
		}
	}
	c := w.mustLogIn()
	n := w.mustNetwork(c, nil, nil)
	if !strings.HasPrefix(n.Link, "https://go.network.example/click?") {
		t.Errorf("a link on another base than WAYPOST_TRACKING_URL: %s", n.Link)
	}
	numbered := strings.Replace(n.Link, "https://go.network.example", w.URL, 1)
	before := mustClick(t, numbered)
	if took := w.stop(); w.cmd.ProcessState.ExitCode() != 0 || took.Seconds() > 20 {
		t.Errorf("SIGTERM: exit code %d after %s", w.cmd.ProcessState.ExitCode(), took)
	}

	// Another secret: ids of the older one stay good while it is named, and the address of a trusted proxy's client counts.
	secret, err := os.ReadFile(filepath.Join(w.Dir, "secret"))
	if err != nil {
		t.Fatal(err)
	}
	w.env = append(w.env, "WAYPOST_SECRET="+strings.Repeat("n", 40), "WAYPOST_SECRET_PREVIOUS="+strings.TrimSpace(string(secret)), "WAYPOST_TRUSTED_PROXIES=127.0.0.0/8")
	w.start()
	c = w.mustLogIn()
	token := c.must("GET", "/advertisers/"+n.Advertiser, nil, 200).text("postback_token")
	if status, answer := w.call(t, "GET", form("clickid", before, "token", token, "com", "1")); status != 200 {
		t.Errorf("a click id of the previous secret: %d %v", status, answer)
	}
	_, location, _ := visit(t, "GET", numbered, "X-Forwarded-For", "203.0.113.77")
	if click := c.must("GET", "/clicks/"+location.Query().Get("cid"), nil, 200); click.text("ip") != "203.0.113.77" {
		t.Errorf("behind a trusted proxy the visitor is %s", click.text("ip"))
	}
	w.stop()

	run := func(env []string, args ...string) (string, error) {
		command := exec.Command(binary, args...)
		command.Env = append([]string{"PATH=/usr/bin:/bin", "HOME=" + w.Dir, "WAYPOST_ADDR=" + mustFreeAddr(t), "WAYPOST_DATA_DIR=" + mustDataDir(t)}, env...)
		out, err := command.CombinedOutput()
		return string(out), err
	}
	if out, err := run(nil, "--version"); err != nil || strings.TrimSpace(out) == "" {
		t.Errorf("--version: %v %s", err, out)
	}
	all := map[string]string{"DATABASE_URL": "postgres://x:y@127.0.0.1:1/x", "REDIS_URL": "redis://127.0.0.1:1/0", "WAYPOST_SECRET": strings.Repeat("s", 40)}
	for _, role := range []string{"track", "api", "worker", "track,api", "api,worker", "track,api,worker"} {
		for missing := range all {
			var env []string
			for name, value := range all {
				if name != missing {
					env = append(env, name+"="+value)
				}
			}
			for _, args := range [][]string{{"serve", "--role=" + role}, {"serve"}} {
				if len(args) == 1 {
					env = append(env, "WAYPOST_ROLE="+role)
				}
				out, err := run(env, args...)
				if role == "track,api,worker" && err == nil {
					continue
				}
				if err == nil || !strings.Contains(out, missing) {
					t.Errorf("%v of role %s without %s: %v %s", args, role, missing, err, out)
				}
				for name := range all {
					if name != missing && strings.Contains(out, name+" must be set") {
						t.Errorf("role %s without %s complains of %s: %s", role, missing, name, out)
					}
				}
			}
		}
	}
	if out, err := run(nil, "serve", "--role=king"); err == nil || !strings.Contains(out, "king") {
		t.Errorf("an unknown role: %v %s", err, out)
	}
	for _, command := range []string{"migrate", "demo", "admin create", "doctor", "backup", "restore", "spool load"} {
		if out, err := run(nil, append(strings.Fields(command), "--help")...); err != nil || !strings.Contains(out, "Usage") {
			t.Errorf("%s --help: %v %s", command, err, out)
		}
	}
	if out, err := run(nil, "spool", "load"); err == nil || !strings.Contains(strings.ToLower(out), "dir") {
		t.Errorf("spool load without a folder: %v %s", err, out)
	}
}
