//go:build bench

package e2e

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestFaultClock: the clocks of two nodes are an hour from the database's, to either side. Nothing is lost, deliveries
// are as prompt as ever, and a worker that is killed gives its leases back by the database's clock.
//
// A Go program reads the clock without asking anybody who could lie to it, so it is built with a standard library whose
// time.Now is off by what the environment says. That takes minutes: the short form is in the packages, whose services
// are given their clock.
func TestFaultClock(t *testing.T) {
	built := mustShifted(t)
	for _, tc := range []struct{ node, worker time.Duration }{{time.Hour, -time.Hour}, {-time.Hour, time.Hour}} {
		name := fmt.Sprintf("clocks off: tracker %+.0f h, worker %+.0f h", tc.node.Hours(), tc.worker.Hours())
		t.Run(name, func(t *testing.T) {
			p := prove(t, name)
			length := scaled[time.Duration]{5 * time.Second, 20 * time.Second, time.Minute}.pick()
			c, secret := mustCluster(p)
			q := mustQueue(p)
			env := []string{"DATABASE_URL=" + c.pg.DSN(), "REDIS_URL=" + q.url(), secret}
			off := func(by time.Duration) string { return fmt.Sprintf("FAULT_CLOCK_SECONDS=%d", int(by.Seconds())) }
			w := mustServeOf(p, built, mustDataDir(p), append(env, "WAYPOST_ROLE=track,api", off(tc.node), debugAddr(p))...)
			worker := mustServeOf(p, built, mustDataDir(p), append(env, "WAYPOST_ROLE=worker", off(tc.worker))...)
			l := newLoad(p, w, 5*time.Millisecond, 5)
			p.load, p.faults = "50 clicks/s (open loop), a conversion of every fifth", "clocks, 1 kill of the worker"
			random := p.random(1)
			_, failed := l.pace(50, length/4, random)
			l.box.compare(p, c.pg.DSN(), time.Minute)
			p.acknowledged, p.figures = nil, nil
			before := p.level(l, c.pg.DSN())
			_, none := l.pace(50, length, random)
			failed += none
			_ = worker.cmd.Process.Kill()
			<-worker.done
			_, none = l.pace(50, length/4, random)
			failed += none
			worker.start()
			if failed > 0 {
				p.Errorf("%d clicks were not redirected", failed)
			}
			l.compare(c.pg.DSN(), time.Minute)
			p.atMost("delivered after", l.box.compare(p, c.pg.DSN(), 2*time.Minute), 60*time.Second)
			p.settled(l, c.pg.DSN(), before)
			conn := mustConnect(p, c.pg.DSN())
			// From the conversion, which the tracker dates, to the delivery, which the database does.
			ahead := asked[float64](p, conn, `SELECT extract(epoch FROM max(created_at) - now())::float8 FROM clicks`)[0]
			p.figure("clicks dated %s from the database", (time.Duration(ahead) * time.Second).Round(time.Minute))
			if got := time.Duration(ahead * float64(time.Second)); (got - tc.node).Abs() > 10*time.Minute {
				p.Errorf("clicks are %s ahead: the clock of the tracker was not off by %s", got, tc.node)
			}
		})
	}
}

// mustShifted builds the program with a clock that is off by FAULT_CLOCK_SECONDS.
func mustShifted(t testing.TB) string {
	t.Helper()
	root, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		t.Fatal(err)
	}
	original := filepath.Join(strings.TrimSpace(string(root)), "src", "time", "time.go")
	source, err := os.ReadFile(original)
	if err != nil {
		t.Fatal(err)
	}
	const reads = "sec, nsec, mono := runtimeNow()\n"
	if strings.Count(string(source), "func Now() Time {\n\t"+reads) != 1 {
		t.Fatal("time.Now of this Go does not read the clock as expected")
	}
	changed := strings.Replace(string(source), "func Now() Time {\n\t"+reads, "func Now() Time {\n\t"+reads+"\tsec += faultSeconds\n", 1) + `
var faultSeconds = func() (n int64) {
	text, _ := syscall.Getenv("FAULT_CLOCK_SECONDS")
	back := len(text) > 0 && text[0] == '-'
	for i := 0; i < len(text); i++ {
		if c := text[i]; c >= '0' && c <= '9' {
			n = 10*n + int64(c-'0')
		}
	}
	if back {
		n = -n
	}
	return n
}()
`
	changed = strings.Replace(changed, "import (\n", "import (\n\t\"syscall\"\n", 1)
	dir := t.TempDir()
	file, overlay, built := filepath.Join(dir, "time.go"), filepath.Join(dir, "overlay.json"), filepath.Join(dir, "waypost")
	replaced, err := json.Marshal(map[string]any{"Replace": map[string]string{original: file}})
	if err != nil {
		t.Fatal(err)
	}
	for path, content := range map[string][]byte{file: []byte(changed), overlay: replaced} {
		if err := os.WriteFile(path, content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	build := exec.Command("go", "build", "-trimpath", "-overlay", overlay, "-o", built, "../cmd/waypost")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("build: %v\n%s", err, out)
	}
	return built
}
