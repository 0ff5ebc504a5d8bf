package e2e

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/waypost/waypost/embedded"
)

// cluster is a PostgreSQL server of the test that can die, hang and come back at the same address.
type cluster struct {
	t   testing.TB
	dir string
	pg  *embedded.Postgres
}

// mustCluster starts one that has Waypost's schema, and gives the settings of a server on it.
func mustCluster(t testing.TB) (c *cluster, secret string) {
	t.Helper()
	c = &cluster{t: t, dir: mustMadeDir(t)}
	b, err := os.ReadFile(filepath.Join(c.dir, "secret"))
	if err != nil {
		t.Fatal(err)
	}
	c.start()
	t.Cleanup(func() {
		c.signal(syscall.SIGCONT)
		ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
		defer cancel()
		_ = c.pg.Stop(ctx)
	})
	return c, "WAYPOST_SECRET=" + strings.TrimSpace(string(b))
}

func (c *cluster) start() {
	c.t.Helper()
	var err error
	if c.pg, err = embedded.StartPostgres(context.Background(), embedded.PostgresOptions{DataDir: c.dir}); err != nil {
		c.t.Fatal(err)
	}
}

func (c *cluster) signal(s syscall.Signal) {
	for _, pid := range postgresPIDs(c.t, c.dir) {
		_ = syscall.Kill(pid, s)
	}
}

// kill ends the server and its children with SIGKILL.
func (c *cluster) kill() {
	c.t.Helper()
	killPostgres(c.t, c.dir)
	<-c.pg.Exited()
}

// killPostgres ends the cluster of a data folder with SIGKILL.
func killPostgres(t testing.TB, dataDir string) {
	t.Helper()
	pids := frozenPostgres(t, dataDir)
	for _, pid := range pids {
		_ = syscall.Kill(pid, syscall.SIGKILL)
	}
	for _, pid := range pids {
		eventually(t, patience, "a killed process is gone", func() bool { return !alive(pid) })
	}
}

// socketOf is the folder and the port of the socket of the cluster in a data folder (PostgreSQL, pidfile.h).
func socketOf(t testing.TB, dataDir string) (folder, port string) {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(dataDir, "postgres", "postmaster.pid"))
	lines := strings.Split(string(b), "\n")
	if err != nil || len(lines) < 5 {
		t.Fatalf("find the database of %s: %v", dataDir, err)
	}
	return lines[4], lines[3]
}

// database is the address of the cluster in the server's data folder.
func (w *waypost) database() string {
	w.t.Helper()
	folder, port := socketOf(w.t, w.Dir)
	q := url.Values{"host": {folder}, "port": {port}, "sslmode": {"disable"}}
	return "postgres://waypost@/waypost?" + q.Encode()
}

// queue is a Redis server of the test that can die, hang and come back, empty, at the same address.
type queue struct {
	t    testing.TB
	addr string
	cmd  *exec.Cmd

	ended chan struct{} // closed when the process has
}

func mustQueue(t testing.TB) *queue {
	t.Helper()
	q := &queue{t: t, addr: mustFreeAddr(t)}
	q.start()
	t.Cleanup(q.kill)
	return q
}

func (q *queue) url() string { return "redis://" + q.addr + "/0" }

// start waits until it answers. One that ends at once, for what its predecessor left of its address, is started again.
func (q *queue) start() {
	q.t.Helper()
	_, port, _ := net.SplitHostPort(q.addr)
	rdb := redis.NewClient(&redis.Options{Addr: q.addr, MaxRetries: -1})
	defer rdb.Close()
	said, ended := &logBuffer{}, make(chan error, 1)
	launch := func() {
		q.cmd = exec.Command("redis-server", "--port", port, "--bind", "127.0.0.1", "--save", "", "--appendonly", "no")
		q.cmd.Stdout, q.cmd.Stderr = said, said
		if err := q.cmd.Start(); err != nil {
			q.t.Fatalf("start redis-server (make test installs it): %v", err)
		}
		q.ended = make(chan struct{})
		go func(cmd *exec.Cmd, gone chan struct{}) { ended <- cmd.Wait(); close(gone) }(q.cmd, q.ended)
	}
	launch()
	for deadline := time.Now().Add(patience); rdb.Ping(context.Background()).Err() != nil; time.Sleep(50 * time.Millisecond) {
		if time.Now().After(deadline) {
			q.t.Fatalf("redis-server does not answer:\n%s", said)
		}
		select {
		case err := <-ended:
			q.t.Logf("redis-server ended at its start: %v", err)
			launch()
		default:
		}
	}
}

func (q *queue) kill() { _ = q.cmd.Process.Kill(); <-q.ended }

func (q *queue) signal(s syscall.Signal) { _ = q.cmd.Process.Signal(s) }

func (q *queue) flush() {
	q.t.Helper()
	rdb := redis.NewClient(&redis.Options{Addr: q.addr})
	defer rdb.Close()
	if err := rdb.FlushAll(context.Background()).Err(); err != nil {
		q.t.Error(err)
	}
}

// wire is the network between a server and a part of it. Cut, it takes connections and carries nothing.
type wire struct {
	ln   net.Listener
	to   func() (net.Conn, error)
	mu   sync.Mutex
	open chan struct{} // closed while it carries
}

func mustWire(t testing.TB, network, address string) *wire {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	x := &wire{ln: ln, open: make(chan struct{}), to: func() (net.Conn, error) { return net.Dial(network, address) }}
	close(x.open)
	t.Cleanup(func() { ln.Close(); x.mend() })
	go func() {
		for {
			near, err := ln.Accept()
			if err != nil {
				return
			}
			go x.carry(near)
		}
	}()
	return x
}

func (x *wire) addr() string { return x.ln.Addr().String() }

func (x *wire) wait() {
	x.mu.Lock()
	open := x.open
	x.mu.Unlock()
	<-open
}

func (x *wire) carry(near net.Conn) {
	defer near.Close()
	x.wait()
	far, err := x.to()
	if err != nil {
		return
	}
	defer far.Close()
	var both sync.WaitGroup
	for _, way := range [][2]net.Conn{{near, far}, {far, near}} {
		both.Go(func() {
			b := make([]byte, 32<<10)
			for {
				n, err := way[0].Read(b)
				x.wait() // what was on its way when the wire was cut arrives when it is mended
				if _, writeErr := way[1].Write(b[:n]); err != nil || writeErr != nil {
					_ = way[0].Close()
					_ = way[1].Close()
					return
				}
			}
		})
	}
	both.Wait()
}

func (x *wire) cut() {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.open = make(chan struct{})
}

func (x *wire) mend() {
	x.mu.Lock()
	defer x.mu.Unlock()
	select {
	case <-x.open:
	default:
		close(x.open)
	}
}

// levels are what a server holds when it has nothing to do.
type levels struct{ goroutines, connections, files int }

func (l levels) String() string {
	return fmt.Sprintf("%d goroutines, %d connections, %d files", l.goroutines, l.connections, l.files)
}

// levels reads them, without the connections between the server and the test, which both keep for a while; files are -1
// where there is no /proc.
func (l *load) levels(db string) (now levels) {
	l.p.Helper()
	l.http.CloseIdleConnections()
	stay.CloseIdleConnections()
	l.box.CloseClientConnections()
	time.Sleep(100 * time.Millisecond) // until the server has seen it
	now.goroutines = int(l.w.metric("go_goroutines"))
	conn := mustConnect(l.p, db)
	now.connections = asked[int](l.p, conn, `SELECT count(*)::int FROM pg_stat_activity WHERE application_name = 'waypost'`)[0]
	_ = conn.Close(context.Background())
	files, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", l.w.cmd.Process.Pid))
	if now.files = len(files); err != nil {
		now.files = -1
	}
	return now
}

// stacks is what the goroutines of the server do, for the log of a failure.
func (w *waypost) stacks() string {
	for _, setting := range w.env {
		if addr, ok := strings.CutPrefix(setting, "WAYPOST_DEBUG_ADDR="); ok {
			resp, err := http.Get("http://" + addr + "/debug/pprof/goroutine?debug=1")
			if err != nil {
				return err.Error()
			}
			return string(mustRead(w.t, resp.Body))
		}
	}
	return "no debug address is set"
}

func debugAddr(t testing.TB) string { return "WAYPOST_DEBUG_ADDR=" + mustFreeAddr(t) }

// metric reads the sum of a metric over its labels.
func (w *waypost) metric(name string) (sum float64) {
	w.t.Helper()
	resp, err := http.Get(w.URL + "/metrics")
	if err != nil {
		w.t.Fatal(err)
	}
	defer resp.Body.Close()
	lines := bufio.NewScanner(io.LimitReader(resp.Body, 4<<20))
	found := false
	for lines.Scan() {
		key, value, _ := strings.Cut(lines.Text(), " ")
		if key, _, _ = strings.Cut(key, "{"); key == name {
			number, err := strconv.ParseFloat(value[strings.LastIndexByte(value, ' ')+1:], 64)
			sum, found = sum+number, err == nil
		}
	}
	if !found {
		w.t.Fatalf("there is no metric %s", name)
	}
	return sum
}

// level is what the server holds now that it has had load and rests: the same twice.
func (p *proof) level(l *load, db string) levels {
	p.Helper()
	var last levels
	eventually(p, patience, "the server rests", func() bool {
		before := last
		last = l.levels(db)
		if before == last {
			return true
		}
		time.Sleep(500 * time.Millisecond)
		return false
	})
	return last
}

// Small numbers vary by more than a tenth: a periodic job has a goroutine and a connection, a pool grows with its load.
const levelSlack = 8

// settled waits until the server holds no more than a tenth above what it held before.
func (p *proof) settled(l *load, db string, before levels) {
	p.Helper()
	began := time.Now()
	var now levels
	most := func(n int) int { return n + n/10 + levelSlack }
	for {
		now = l.levels(db)
		if now.goroutines <= most(before.goroutines) && now.connections <= most(before.connections) && now.files <= most(before.files) {
			break
		}
		if time.Since(began) > 60*time.Second {
			p.Errorf("a minute after the faults the server holds %s, before it held %s\n%s", now, before, l.w.stacks())
			break
		}
		time.Sleep(500 * time.Millisecond)
	}
	p.figure("goroutines %d→%d, connections %d→%d, files %d→%d", before.goroutines, now.goroutines, before.connections, now.connections, before.files, now.files)
}
