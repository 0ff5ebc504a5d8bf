package e2e

import (
	"fmt"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// mustRun runs a command of the program and returns what it prints.
func mustRun(t testing.TB, env []string, args ...string) string {
	t.Helper()
	out, err := command(env, args...)
	if err != nil {
		t.Fatalf("waypost %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return out
}

func command(env []string, args ...string) (string, error) {
	cmd := exec.Command(binary, args...)
	cmd.Env = env
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// commandEnv is the environment of a command for a data folder.
func commandEnv(dataDir string, env ...string) []string {
	return append([]string{"PATH=" + os.Getenv("PATH"), "HOME=" + os.Getenv("HOME"), "TMPDIR=" + os.Getenv("TMPDIR"),
		"WAYPOST_DATA_DIR=" + dataDir, "WAYPOST_LOG_LEVEL=warn"}, env...)
}

// settledTrace is a click's trace once nothing of it is on its way any more.
func settledTrace(t testing.TB, c *client, clickID string, deliveries int) object {
	t.Helper()
	var trace object
	eventually(t, 30*time.Second, "the deliveries of "+clickID+" are made", func() bool {
		trace = c.must("GET", "/clicks/"+clickID+"/trace", nil, http.StatusOK)
		n := 0
		for _, item := range trace.items(t) {
			if data, ok := item["data"].(map[string]any); ok && item.text("kind") == "delivery" && data["status"] == "delivered" {
				n++
			}
			if item.text("kind") == "delivery_attempt" {
				n++
			}
		}
		return n >= 2*deliveries
	})
	return trace
}

// TestBackupOfARunningServerIsRestored: traffic goes on while the backup is written; another folder takes it, and what
// was acknowledged before the backup began is there, down to the same traces.
func TestBackupOfARunningServerIsRestored(t *testing.T) {
	t.Parallel()
	w := mustFresh(t)
	c := w.mustLogIn()
	n := w.mustNetwork(c, object{"override_percent": "20"}, nil)
	tr := mustTracker(t)
	n.mustPostbackURL(tr.URL + "/pb?cid={aff_click_id}&payout={payout}&txid={txid}")

	var sample []string
	traces := map[string]object{}
	for i := range 12 {
		id := mustClick(t, amp(n.Link, fmt.Sprintf("aff_click_id=k%d&sub1=it%%27s+%%5Cn%d&sub2=%%C3%%BC", i, i)))
		sample = append(sample, id)
		deliveries := 0
		if i%3 != 0 {
			if status, answer := w.postback(url.Values{"clickid": {id}, "token": {n.Token}, "val": {"99.99"}, "comperc": {"7.5"}, "txid": {fmt.Sprint("order-", i)}, "param": {"a\tb\\c;d"}}); status != http.StatusOK {
				t.Fatalf("postback: %d %v", status, answer)
			}
			deliveries++
		}
		if i%4 == 1 { // refused
			w.postback(url.Values{"clickid": {id}, "token": {"wrong"}})
		}
		if i%6 == 2 { // taken back
			w.postback(url.Values{"clickid": {id}, "token": {n.Token}, "txid": {fmt.Sprint("order-", i)}, "status": {"rejected"}})
		}
		traces[id] = settledTrace(t, c, id, deliveries)
	}

	// Clicks go on until the backup is written; those that were answered before it began must be in it.
	var mu sync.Mutex
	var acknowledged []string
	var stop atomic.Bool
	var load sync.WaitGroup
	for range 4 {
		load.Go(func() {
			for !stop.Load() {
				id := mustClick(t, n.Link)
				w.postback(url.Values{"clickid": {id}, "token": {n.Token}, "com": {"1"}})
				mu.Lock()
				acknowledged = append(acknowledged, id)
				mu.Unlock()
			}
		})
	}
	eventually(t, 30*time.Second, "there is traffic", func() bool { mu.Lock(); defer mu.Unlock(); return len(acknowledged) > 100 })
	mu.Lock()
	before := append([]string(nil), acknowledged...)
	mu.Unlock()
	file := filepath.Join(t.TempDir(), "backup.tar.gz")
	mustRun(t, w.env, "backup", file)
	stop.Store(true)
	load.Wait()
	if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the backup's mode: %v, %v", info.Mode(), err)
	}

	// What is not whole is refused before anything is written.
	whole, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	broken := filepath.Join(t.TempDir(), "broken.tar.gz")
	for name, content := range map[string][]byte{"truncated": whole[:len(whole)*2/3], "changed": append(append(append([]byte{}, whole[:len(whole)/2]...), whole[len(whole)/2]^4), whole[len(whole)/2+1:]...)} {
		if err := os.WriteFile(broken, content, 0o600); err != nil {
			t.Fatal(err)
		}
		dir := mustDataDir(t)
		out, err := command(commandEnv(dir), "restore", broken)
		if err == nil || !strings.Contains(out, "no whole backup") {
			t.Errorf("%s: %v\n%s", name, err, out)
		}
		if left, _ := os.ReadDir(dir); len(left) > 0 {
			t.Errorf("%s: the folder holds %v", name, left)
		}
	}
	if out, err := command(w.env, "restore", file); err == nil || !strings.Contains(out, "another waypost serves from") {
		t.Errorf("restore under a running server: %v\n%s", err, out)
	}

	dir := mustDataDir(t)
	mustRun(t, commandEnv(dir), "restore", file)
	if out, err := command(commandEnv(dir), "restore", file); err == nil || !strings.Contains(out, "holds data already") {
		t.Errorf("a second restore: %v\n%s", err, out)
	}
	w.stop()
	restored := mustServe(t, dir, "WAYPOST_ADMIN_EMAIL=", "WAYPOST_ADMIN_PASSWORD=")
	rc := restored.mustLogIn()
	if got, text, exit := findings(t, restored.env); got["balances"] != "ok" || exit != 0 {
		t.Errorf("doctor: balances %q, exit code %d\n%s", got["balances"], exit, text)
	}
	for _, id := range sample {
		if got := rc.must("GET", "/clicks/"+id+"/trace", nil, http.StatusOK); !reflect.DeepEqual(got, traces[id]) {
			t.Errorf("trace of %s\n was %v\n  is %v", id, traces[id], got)
		}
	}
	for _, id := range before {
		rc.must("GET", "/clicks/"+id, nil, http.StatusOK)
		if got := len(rc.must("GET", "/conversions?click_id="+id, nil, http.StatusOK).items(t)); got != 1 {
			t.Fatalf("click %s has %d conversions", id, got)
		}
	}
	status, answer := restored.postback(url.Values{"clickid": {sample[0]}, "token": {n.Token}, "val": {"10"}, "comperc": {"10"}})
	if status != http.StatusOK || answer.text("status") != "recorded" {
		t.Errorf("postback of an old click: %d %v", status, answer)
	}
	if status, answer := restored.postback(url.Values{"clickid": {sample[1]}, "token": {n.Token}, "val": {"99.99"}, "comperc": {"7.5"}, "txid": {"order-1"}}); answer.text("status") != "duplicate" {
		t.Errorf("repeat of an old postback: %d %v", status, answer)
	}
	// Identity columns go on where they stood.
	if id := rc.must("POST", "/affiliates", object{"name": "New"}, http.StatusCreated).text("id"); id == n.Affiliate {
		t.Errorf("a new affiliate took the id %s again", id)
	}
	eventually(t, 20*time.Second, "balances equal the ledger after more traffic", func() bool {
		got, _, exit := findings(t, restored.env)
		return got["balances"] == "ok" && exit == 0
	})
}

// TestSpoolOfABackupIsLoaded: clicks that no database had yet travel in the backup's spool.
func TestSpoolOfABackupIsLoaded(t *testing.T) {
	t.Parallel()
	w := mustFresh(t)
	n := w.mustNetwork(w.mustLogIn(), nil, nil)
	ids := make([]string, 50)
	for i := range ids {
		ids[i] = mustClick(t, n.Link)
	}
	w.killAll() // the last moments may be in the spool only
	file := filepath.Join(t.TempDir(), "backup.tar.gz")
	if out := mustRun(t, w.env, "backup", file); !strings.Contains(out, "1 spool files") {
		t.Errorf("backup: %s", out)
	}
	dir := mustDataDir(t)
	mustRun(t, commandEnv(dir), "restore", file)
	restored := mustServe(t, dir, "WAYPOST_ADMIN_EMAIL=", "WAYPOST_ADMIN_PASSWORD=")
	c := restored.mustLogIn()
	for _, id := range ids {
		c.must("GET", "/clicks/"+id, nil, http.StatusOK)
	}
}
