package e2e

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
)

// TestKilledProcessesLoseNothing: every acknowledged click and conversion is there after kill -9 of the program and its
// database under load, and after an orderly stop.
func TestKilledProcessesLoseNothing(t *testing.T) {
	t.Parallel()
	w := mustFresh(t)
	c := w.mustLogIn()
	n := w.mustNetwork(c, nil, nil)

	var mu sync.Mutex
	var clicks []string
	conversions := map[string]string{} // txid → conversion
	stop := make(chan struct{})
	var load sync.WaitGroup
	for i := range 8 {
		load.Go(func() {
			for j := 0; ; j++ {
				select {
				case <-stop:
					return
				default:
				}
				id, ok := tryClick(n.Link)
				if !ok {
					return
				}
				mu.Lock()
				clicks = append(clicks, id)
				mu.Unlock()
				txid := fmt.Sprintf("t%d-%d", i, j)
				answer, ok := tryPostback(w.URL, url.Values{"clickid": {id}, "token": {n.Token}, "com": {"1"}, "txid": {txid}})
				if !ok {
					return
				}
				mu.Lock()
				conversions[txid] = answer
				mu.Unlock()
			}
		})
	}
	eventually(t, 30*time.Second, "some load was answered", func() bool { mu.Lock(); defer mu.Unlock(); return len(conversions) > 200 })
	w.killAll()
	close(stop)
	load.Wait()

	w.start() // on the same folder and address
	check := func() {
		c = w.mustLogIn()
		for _, id := range clicks {
			c.must("GET", "/clicks/"+id, nil, http.StatusOK)
		}
		for txid := range conversions {
			items := c.must("GET", "/conversions?txid="+txid, nil, http.StatusOK).items(t)
			if len(items) != 1 {
				t.Fatalf("%s: %d conversions", txid, len(items))
			}
		}
	}
	check()
	// What was answered only by the kill may have been recorded too; balance and ledger agree in any case.
	total := len(c.all("/conversions"))
	balance := c.must("GET", "/affiliates/"+n.Affiliate+"/balance", nil, http.StatusOK).items(t)
	if want := fmt.Sprintf("%d.00", total); len(balance) != 1 || balance[0].text("approved") != want {
		t.Errorf("balance %v after the kill, want %s for %d conversions", balance, want, total)
	}
	if took := w.stop(); took > 20*time.Second || w.cmd.ProcessState.ExitCode() != 0 {
		t.Errorf("SIGTERM: %s, exit code %d", took, w.cmd.ProcessState.ExitCode())
	}
	began := time.Now()
	w.start()
	t.Logf("second start to ready: %s; %d clicks and %d conversions acknowledged before the kill", time.Since(began), len(clicks), len(conversions))
	check()
}

// all reads a list to its end.
func (c *client) all(path string) []object {
	c.t.Helper()
	var items []object
	cursor := ""
	for {
		page := c.must("GET", path+"?limit=500&cursor="+url.QueryEscape(cursor), nil, http.StatusOK)
		items = append(items, page.items(c.t)...)
		if page["next_cursor"] == nil {
			return items
		}
		cursor = page.text("next_cursor")
	}
}

func tryClick(link string) (id string, ok bool) {
	resp, err := stay.Get(link)
	if err != nil {
		return "", false
	}
	defer resp.Body.Close()
	u, err := url.Parse(resp.Header.Get("Location"))
	if err != nil || resp.StatusCode != http.StatusFound {
		return "", false
	}
	return u.Query().Get("cid"), true
}

func tryPostback(base string, q url.Values) (body string, ok bool) {
	resp, err := stay.Get(base + "/postback?" + q.Encode())
	if err != nil {
		return "", false
	}
	defer resp.Body.Close()
	var b bytes.Buffer
	_, err = b.ReadFrom(resp.Body)
	return b.String(), err == nil && resp.StatusCode < 300
}

// TestOneOfManyEqualPostbacks: 64 identical calls at the same instant make one conversion, one credit, one delivery.
func TestOneOfManyEqualPostbacks(t *testing.T) {
	t.Parallel()
	w := mustFresh(t)
	c := w.mustLogIn()
	n := w.mustNetwork(c, nil, nil)
	tr := mustTracker(t)
	n.mustPostbackURL(tr.URL + "/pb?txid={txid}")
	const rounds = 10
	for round := range rounds {
		q := url.Values{"clickid": {mustClick(t, n.Link)}, "token": {n.Token}, "com": {"1"}, "txid": {fmt.Sprint("order-", round)}}
		outcomes := make(chan string, 64)
		var all sync.WaitGroup
		for range 64 {
			all.Go(func() {
				_, answer := w.postback(q)
				outcomes <- answer.text("status")
			})
		}
		all.Wait()
		close(outcomes)
		count := map[string]int{}
		for o := range outcomes {
			count[o]++
		}
		if count["recorded"] != 1 || count["duplicate"] != 63 {
			t.Fatalf("round %d: %v", round, count)
		}
	}
	if got := len(c.all("/conversions")); got != rounds {
		t.Errorf("%d conversions, want %d", got, rounds)
	}
	balance := c.must("GET", "/affiliates/"+n.Affiliate+"/balance", nil, http.StatusOK).items(t)
	if len(balance) != 1 || balance[0].text("approved") != fmt.Sprintf("%d.00", rounds) {
		t.Errorf("balance %v", balance)
	}
	eventually(t, 20*time.Second, "each conversion is delivered", func() bool { return len(tr.queries()) >= rounds })
	if got := len(c.all("/deliveries")); got != rounds || len(tr.queries()) != rounds {
		t.Errorf("%d deliveries, %d received, want %d", got, len(tr.queries()), rounds)
	}
}

// TestFlushedRedisLosesNoDelivery: 1,000 deliveries wait for a tracker that fails; the queue is flushed; all arrive
// without a restart.
func TestFlushedRedisLosesNoDelivery(t *testing.T) {
	p := prove(t, "FLUSHALL while every delivery waits for its retry")
	redisURL := mustRedis(t)
	w := mustFresh(t, "REDIS_URL="+redisURL)
	c := w.mustLogIn()
	n := w.mustNetwork(c, nil, nil)
	tr := mustTracker(t)
	tr.setFail(true)
	n.mustPostbackURL(tr.URL + "/pb?txid={txid}")
	clickID := mustClick(t, n.Link)
	const count = 1000
	var load sync.WaitGroup
	for i := range 16 {
		load.Go(func() {
			for j := i; j < count; j += 16 {
				if body, ok := tryPostback(w.URL, url.Values{"clickid": {clickID}, "token": {n.Token}, "com": {"1"}, "txid": {fmt.Sprint("t", j)}}); !ok {
					t.Errorf("postback %d: %s", j, body)
				}
			}
		})
	}
	load.Wait()
	options, err := redis.ParseURL(redisURL)
	if err != nil {
		t.Fatal(err)
	}
	rdb := redis.NewClient(options)
	defer rdb.Close()
	if err := rdb.FlushAll(context.Background()).Err(); err != nil {
		t.Fatal(err)
	}
	tr.setFail(false)
	if err := rdb.FlushAll(context.Background()).Err(); err != nil {
		t.Fatal(err)
	}
	arrived := func() int {
		distinct := map[string]bool{}
		for _, q := range tr.queries() {
			distinct[q.Get("txid")] = true
		}
		return len(distinct)
	}
	began := time.Now()
	eventually(t, 120*time.Second, "all deliveries arrive", func() bool { return arrived() == count })
	p.load, p.faults = "16 connections, a receiver that fails first", "2 FLUSHALL"
	p.acknowledge(count, "deliveries")
	p.figure("sent again %d", len(tr.queries())-count)
	p.figure("delivered after %s", time.Since(began).Round(time.Millisecond))
}

// TestSecondServeIsRefused: two processes on one data folder would share a spool.
func TestSecondServeIsRefused(t *testing.T) {
	t.Parallel()
	w := mustFresh(t)
	second := exec.Command(binary, "serve")
	second.Env = append(w.env, "WAYPOST_ADDR="+mustFreeAddr(t))
	out, err := second.CombinedOutput()
	if err == nil || !strings.Contains(string(out), "another waypost serves from") {
		t.Errorf("second serve: %v\n%s", err, out)
	}
	made := exec.Command(binary, "admin", "create", "--email", "second@network.example")
	made.Env = w.env
	if out, err := made.CombinedOutput(); err != nil {
		t.Errorf("a command beside the running server: %v\n%s", err, out)
	}
	if resp, err := http.Get(w.URL + "/healthz"); err != nil || resp.StatusCode != http.StatusOK {
		t.Errorf("the server after a command beside it: %v, %v", resp, err)
	}
}

// TestPrintedWalk runs the walk that `make run` prints, as printed.
func TestPrintedWalk(t *testing.T) {
	t.Parallel()
	dir := mustDataDir(t)
	w := mustServe(t, dir, "WAYPOST_DEMO=true", "WAYPOST_ADMIN_EMAIL=", "WAYPOST_ADMIN_PASSWORD=", "WAYPOST_OUTBOUND_ALLOW=", "WAYPOST_SINK_ADDR="+mustFreeAddr(t))
	eventually(t, 10*time.Second, "the walk is printed", func() bool { return strings.Contains(w.out.String(), "/trace") })
	out, err := exec.Command("bash", filepath.Join(dir, "walk.sh")).CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	walk, err := os.ReadFile(filepath.Join(dir, "walk.sh"))
	if err != nil || strings.Contains("\n"+string(walk), "\n#") {
		t.Errorf("a pasted walk with comments fails in zsh: %v\n%s", err, walk)
	}
	for _, want := range []string{
		`"status":"recorded"`, `cid=tracker-42&payout=7.50&status=approved&txid=order-1001`, `"approved":"7.50"`,
		`network:commission`, `"kind":"click"`, `"kind":"postback_in"`, `"kind":"conversion"`, `"kind":"delivery_attempt"`,
	} {
		if !strings.Contains(strings.ReplaceAll(string(out), `\u0026`, "&"), want) {
			t.Errorf("the walk's output lacks %s:\n%s", want, out)
		}
	}
}
