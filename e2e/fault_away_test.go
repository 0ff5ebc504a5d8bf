package e2e

import (
	"fmt"
	"net/http"
	"os/exec"
	"path/filepath"
	"slices"
	"syscall"
	"testing"
	"time"
)

// TestFaultAway: PostgreSQL and Redis are away, and the server is started anew while they are: every known link
// redirects, quickly, and all that was acknowledged is loaded once they are back.
func TestFaultAway(t *testing.T) {
	for _, tc := range []struct {
		claim string
		leave func(*cluster, *queue)
		back  func(*cluster, *queue)
	}{
		{"PostgreSQL and Redis dead", func(c *cluster, q *queue) { c.kill(); q.kill() }, func(c *cluster, q *queue) { c.start(); q.start() }},
		{"PostgreSQL and Redis hung",
			func(c *cluster, q *queue) { c.signal(syscall.SIGSTOP); q.signal(syscall.SIGSTOP) },
			func(c *cluster, q *queue) { c.signal(syscall.SIGCONT); q.signal(syscall.SIGCONT) }},
	} {
		t.Run(tc.claim, func(t *testing.T) {
			p := prove(t, tc.claim)
			c, secret := mustCluster(p)
			q := mustQueue(p)
			w := mustServe(p, mustDataDir(p), "DATABASE_URL="+c.pg.DSN(), "REDIS_URL="+q.url(), secret, debugAddr(p))
			away(p, w, c.pg.DSN(), scaled[time.Duration]{5 * time.Second, 2 * time.Minute, 10 * time.Minute}.pick(), true,
				func() { tc.leave(c, q) }, func() { tc.back(c, q) })
		})
	}
}

// TestFaultPartition: the network between the server and its parts carries nothing for a while, and closes nothing.
func TestFaultPartition(t *testing.T) {
	p := prove(t, "partition between server and PostgreSQL, Redis")
	c, secret := mustCluster(p)
	q := mustQueue(p)
	folder, port := socketOf(p, c.dir)
	sql, hints := mustWire(p, "unix", filepath.Join(folder, ".s.PGSQL."+port)), mustWire(p, "tcp", q.addr)
	w := mustServe(p, mustDataDir(p), "DATABASE_URL=postgres://waypost@"+sql.addr()+"/waypost?sslmode=disable", "REDIS_URL=redis://"+hints.addr()+"/0", secret, debugAddr(p))
	away(p, w, c.pg.DSN(), scaled[time.Duration]{5 * time.Second, time.Minute, 5 * time.Minute}.pick(), false,
		func() { sql.cut(); hints.cut() }, func() { sql.mend(); hints.mend() })
}

// A machine on which a redirect that only syncs a line takes longer than this at the p99 is too busy to judge others by.
const busyAbove = 25 * time.Millisecond

// away sends clicks and conversions at a pace while leave has taken the parts away, and compares after back.
func away(p *proof, w *waypost, db string, length time.Duration, restart bool, leave, back func()) {
	rate := scaled[int]{40, 100, 100}.pick()
	l := newLoad(p, w, time.Millisecond, 10)
	p.load = fmt.Sprintf("%d clicks/s (open loop), a conversion of every tenth", rate)
	p.faults = "1 of " + length.String()
	l.bare = mustBare(p)
	random := p.random(1)
	alone, failed := l.pace(rate, scaled[time.Duration]{2 * time.Second, 10 * time.Second, 30 * time.Second}.pick(), random)
	before := p.level(l, db)
	l.bareTook = nil
	leave()
	half := length
	if restart {
		half = length / 2
	}
	took, none := l.pace(rate, half, random)
	failed += none
	if restart {
		p.faults += ", with a start of the server in it"
		l.http.CloseIdleConnections()
		_ = w.cmd.Process.Kill()
		<-w.done
		began := time.Now()
		w.startUntil("/readyz/track")
		p.atMost("start without them", time.Since(began), 10*time.Second)
		more, none := l.pace(rate, half, random)
		took, failed = merge(took, more), failed+none
	}
	if failed > 0 {
		p.Errorf("%d of %d clicks on known links were not redirected", failed, len(took)+len(alone))
	}
	slices.Sort(l.bareTook)
	p50, p99, bare := percentile(took, 0.5), percentile(took, 0.99), percentile(l.bareTook, 0.99)
	p.figure("redirects p50 %s, p99 %s (%s before; bare ones meanwhile %s)", p50.Round(100*time.Microsecond), p99.Round(100*time.Microsecond),
		percentile(alone, 0.99).Round(100*time.Microsecond), bare.Round(100*time.Microsecond))
	if bare <= busyAbove {
		p.judge("p99 of redirects", p99, 50*time.Millisecond)
	} else {
		p.figure("p99 not judged: the machine is busy")
	}
	if took[0] > 50*time.Millisecond {
		p.Errorf("the fastest redirect took %s", took[0])
	}
	if status, _, _ := w.get("/readyz"); status != http.StatusServiceUnavailable {
		p.Errorf("/readyz without its parts: %d", status)
	}
	back()
	const within = 10 * time.Minute // of the requirement
	began := time.Now()
	l.compare(db, within)
	p.figure("loaded after %s", time.Since(began).Round(time.Millisecond))
	l.box.compare(p, db, within)
	p.figure("delivered after %s", time.Since(began).Round(time.Millisecond))
	w.await("/readyz", http.StatusOK)
	p.settled(l, db, before)
}

// TestFaultSpoolUnwritable: the disk refuses the spool's writes. Visitors are redirected, the server says within
// seconds that clicks are not kept, and none of those that it did keep is lost.
func TestFaultSpoolUnwritable(t *testing.T) {
	if _, err := exec.LookPath("prlimit"); err != nil {
		t.Log("no limit can be set on a running process here: the package spool proves it alone")
		return
	}
	p := prove(t, "spool cannot be written")
	w := mustFresh(p, debugAddr(p))
	l := newLoad(p, w, 0, 1_000_000)
	times, each := scaled[int]{1, 10, 20}.pick(), scaled[time.Duration]{2 * time.Second, 3 * time.Second, 10 * time.Second}.pick()
	p.load, p.faults = "50 clicks/s (open loop)", fmt.Sprintf("%d times a limit on the size of files, %s each", times, each)
	random := p.random(1)
	var failed int
	pace := func(length time.Duration) { _, none := l.pace(50, length, random); failed += none }
	pace(2 * time.Second)
	before := p.level(l, w.database())
	var slowest time.Duration
	limit := func(bytes string) {
		p.Helper()
		if out, err := exec.Command("prlimit", "--pid", fmt.Sprint(w.cmd.Process.Pid), "--fsize="+bytes+":unlimited").CombinedOutput(); err != nil {
			p.Fatalf("%v: %s", err, out)
		}
	}
	for range times {
		limit("64") // bytes: less than any segment
		began := time.Now()
		known := make(chan time.Duration)
		go func() {
			for time.Since(began) < time.Minute {
				if resp, err := http.Get(w.URL + "/readyz"); err == nil {
					resp.Body.Close()
					if resp.StatusCode == http.StatusServiceUnavailable {
						break
					}
				}
				time.Sleep(20 * time.Millisecond)
			}
			known <- time.Since(began)
		}()
		pace(each)
		slowest = max(slowest, <-known)
		if status, _, _ := w.get("/readyz/track"); status != http.StatusOK {
			p.Errorf("/readyz/track while the spool fails: %d", status)
		}
		limit("unlimited")
		w.await("/readyz", http.StatusOK)
		pace(each / 2)
	}
	if failed > 0 {
		p.Errorf("%d clicks were not redirected", failed)
	}
	if counted := int(w.metric("waypost_clicks_unstored_total")); l.unstored == 0 || counted != l.unstored {
		p.Errorf("%d redirects said that the click is not kept, the server counted %d", l.unstored, counted)
	}
	p.atMost("not ready after", slowest, 5*time.Second)
	l.compare(w.database(), time.Minute)
	p.settled(l, w.database(), before)
}

// merge gives the times of both, sorted.
func merge(a, b []time.Duration) []time.Duration {
	all := append(a, b...)
	slices.Sort(all)
	return all
}
