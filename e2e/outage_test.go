package e2e

import (
	"context"
	"net/http"
	"net/url"
	"syscall"
	"testing"
	"time"

	"github.com/waypost/waypost/embedded"
)

// TestHungDatabase: while the database answers nothing, known links redirect, postbacks are taken (202) and decided
// later in the order they came; and the program still ends when told to.
func TestHungDatabase(t *testing.T) {
	t.Parallel()
	w := mustFresh(t)
	c := w.mustLogIn()
	n := w.mustNetwork(c, nil, nil)
	before := mustClick(t, n.Link)
	c.must("GET", "/clicks/"+before, nil, http.StatusOK)
	pids := postgresPIDs(t, w.Dir)
	signal := func(s syscall.Signal) {
		for _, pid := range pids {
			_ = syscall.Kill(pid, s)
		}
	}
	t.Cleanup(func() { signal(syscall.SIGKILL) })
	signal(syscall.SIGSTOP)

	// A busy machine may be slow now and then; a click that waited for the database would be slow each time.
	var during string
	fastest := time.Hour
	for i := 0; i < 10 && fastest > 2*time.Second; i++ {
		began := time.Now()
		during = mustClick(t, n.Link)
		fastest = min(fastest, time.Since(began))
	}
	if fastest > 2*time.Second {
		t.Errorf("the fastest click took %s while the database hung", fastest)
	}
	for _, status := range []string{"approved", "rejected"} {
		got, answer := w.postback(url.Values{"clickid": {before}, "token": {n.Token}, "com": {"10"}, "txid": {"o1"}, "status": {status}})
		if got != http.StatusAccepted || answer.text("status") != "queued" {
			t.Errorf("postback while the database hung: %d %v", got, answer)
		}
	}
	if status, _ := w.postback(url.Values{"clickid": {before}, "token": {"wrong"}, "com": {"10"}}); status != http.StatusForbidden {
		t.Errorf("a wrong token while the database hung: %d", status)
	}
	if status, answer, _ := w.get("/readyz"); status != http.StatusServiceUnavailable || answer["parts"].(map[string]any)["redis"] != "ok" ||
		answer["parts"].(map[string]any)["database"] != "failing" {
		t.Errorf("/readyz while the database hung: %d %v", status, answer)
	}
	if status, _, _ := w.get("/readyz/track"); status != http.StatusOK {
		t.Errorf("/readyz/track while the database hung: %d", status)
	}
	signal(syscall.SIGCONT)
	eventually(t, 60*time.Second, "both postbacks are decided in their order", func() bool {
		items := c.must("GET", "/conversions?txid=o1", nil, http.StatusOK).items(t)
		return len(items) == 1 && items[0].text("status") == "rejected"
	})
	c.must("GET", "/clicks/"+during, nil, http.StatusOK)

	pids = postgresPIDs(t, w.Dir)
	signal(syscall.SIGSTOP)
	if took := w.stop(); took > 20*time.Second || w.cmd.ProcessState.ExitCode() != 0 {
		t.Errorf("SIGTERM while the database hung: %s, exit code %d", took, w.cmd.ProcessState.ExitCode())
	}
}

// TestSplitRoles: tracking and API in one process, the worker in another, on one external database and queue.
func TestSplitRoles(t *testing.T) {
	t.Parallel()
	pg, err := embedded.StartPostgres(context.Background(), embedded.PostgresOptions{DataDir: mustDataDir(t)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = pg.Stop(context.Background()) })
	env := []string{"DATABASE_URL=" + pg.DSN(), "REDIS_URL=" + mustRedis(t), "WAYPOST_SECRET=0123456789abcdef0123456789abcdef"}
	w := mustServe(t, mustDataDir(t), append(env, "WAYPOST_ROLE=track,api")...)
	mustServe(t, mustDataDir(t), append(env, "WAYPOST_ROLE=worker")...)
	c := w.mustLogIn()
	n := w.mustNetwork(c, nil, nil)
	tr := mustTracker(t)
	n.mustPostbackURL(tr.URL + "/pb?txid={txid}")
	status, answer := w.postback(url.Values{"clickid": {mustClick(t, n.Link)}, "token": {n.Token}, "com": {"1"}, "txid": {"x"}})
	if status != http.StatusOK {
		t.Fatalf("postback: %d %v", status, answer)
	}
	eventually(t, 20*time.Second, "the worker delivers", func() bool { return len(tr.queries()) == 1 })
}
