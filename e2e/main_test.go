// Package e2e drives the built program as its users do: over HTTP only, with signals and kills.
package e2e

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// binary is the program under test, built once from the tree that the tests stand in.
var binary string

func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) int {
	dir, err := os.MkdirTemp("", "waypost-e2e-")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(dir)
	binary = filepath.Join(dir, "waypost")
	build := exec.Command("go", "build", "-trimpath", "-o", binary, "../cmd/waypost")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "build: %v\n%s", err, out)
		return 1
	}
	// Many tests wait for a lease or a retry more than they work: more of them at once than processors.
	flag.Parse()
	asked := false
	flag.Visit(func(f *flag.Flag) { asked = asked || f.Name == "test.parallel" })
	if !asked {
		_ = flag.Set("test.parallel", strconv.Itoa(2*runtime.GOMAXPROCS(0)))
	}
	code := m.Run()
	if testing.Verbose() || !short() {
		printProofs(os.Stdout)
	}
	if !shared.end() && code == 0 {
		return 1
	}
	return code
}

const (
	adminEmail    = "operator@network.example"
	adminPassword = "correct-horse-battery-staple"
)

// waypost is one running process of the program.
type waypost struct {
	t   testing.TB
	URL string
	Dir string // its data folder
	cmd *exec.Cmd
	env []string

	program string
	out     *logBuffer
	done    chan struct{} // closed when the process has ended
}

// logBuffer collects what a process prints.
type logBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *logBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *logBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// mustDataDir is a data folder that the embedded database's user can reach too.
func mustDataDir(t testing.TB) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "wp")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

// mustServe starts the program on a data folder and waits until it is ready.
func mustServe(t testing.TB, dataDir string, env ...string) *waypost {
	t.Helper()
	return mustServeOf(t, binary, dataDir, env...)
}

// mustServeOf starts a build of the program.
func mustServeOf(t testing.TB, program, dataDir string, env ...string) *waypost {
	t.Helper()
	addr := mustFreeAddr(t)
	w := &waypost{t: t, URL: "http://" + addr, Dir: dataDir, program: program}
	w.env = append([]string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + os.Getenv("HOME"), "TMPDIR=" + os.Getenv("TMPDIR"),
		"WAYPOST_ADDR=" + addr, "WAYPOST_DATA_DIR=" + dataDir,
		"WAYPOST_ADMIN_EMAIL=" + adminEmail, "WAYPOST_ADMIN_PASSWORD=" + adminPassword,
		"WAYPOST_OUTBOUND_ALLOW=127.0.0.1/32", "WAYPOST_LOG_LEVEL=warn",
	}, env...)
	w.start()
	return w
}

func (w *waypost) start() {
	w.t.Helper()
	w.startUntil("/readyz")
}

// startUntil starts the process and waits for one of its answers to be 200.
func (w *waypost) startUntil(path string) {
	w.t.Helper()
	first := w.cmd == nil
	w.out = &logBuffer{}
	w.cmd = exec.Command(w.program, "serve")
	w.cmd.Env = w.env
	w.cmd.Stdout, w.cmd.Stderr = w.out, w.out
	w.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := w.cmd.Start(); err != nil {
		w.t.Fatal(err)
	}
	done := make(chan struct{})
	w.done = done
	cmd := w.cmd
	go func() { _ = cmd.Wait(); close(done) }()
	if first {
		w.t.Cleanup(func() {
			w.stop()
			if w.t.Failed() {
				w.t.Logf("the program's output:\n%s", w.out)
			}
		})
	}
	w.await(path, http.StatusOK)
}

// await polls a path until it answers with the status.
func (w *waypost) await(path string, status int) {
	w.t.Helper()
	deadline := time.Now().Add(patience)
	for {
		select {
		case <-w.done:
			w.t.Fatalf("the program ended early: %v\n%s", w.cmd.ProcessState, w.out)
		default:
		}
		resp, err := http.Get(w.URL + path)
		if err == nil {
			resp.Body.Close()
			if resp.StatusCode == status {
				return
			}
		}
		if time.Now().After(deadline) {
			w.t.Fatalf("%s did not answer %d in time (last: %v, %v)\n%s", path, status, resp, err, w.out)
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// stop ends the program with SIGTERM and tells how long that took; ending twice is fine.
func (w *waypost) stop() time.Duration {
	w.t.Helper()
	select {
	case <-w.done:
		return 0
	default:
	}
	began := time.Now()
	_ = w.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-w.done:
	case <-time.After(patience):
		_ = w.cmd.Process.Kill()
		w.t.Errorf("SIGTERM did not end the program in %s\n%s", patience, w.out)
	}
	return time.Since(began)
}

// killAll ends the program and its embedded database with SIGKILL, as a power cut would.
func (w *waypost) killAll() {
	w.t.Helper()
	pids := frozenPostgres(w.t, w.Dir)
	_ = w.cmd.Process.Kill()
	for _, pid := range pids {
		_ = syscall.Kill(pid, syscall.SIGKILL)
	}
	<-w.done
	for _, pid := range pids {
		eventually(w.t, 20*time.Second, "a killed process is gone", func() bool { return !alive(pid) })
	}
}

// alive is false for a zombie too: it holds nothing any more, even where nobody reaps it.
func alive(pid int) bool {
	state, err := exec.Command("ps", "-o", "stat=", "-p", fmt.Sprint(pid)).Output()
	return err == nil && !strings.HasPrefix(strings.TrimSpace(string(state)), "Z")
}

// frozenPostgres finds the processes of a cluster that are to be killed one by one, once its postmaster can start no other:
// one that were overlooked would wait for ever for a lock of one that is dead, and no new cluster starts beside it.
func frozenPostgres(t testing.TB, dataDir string) []int {
	t.Helper()
	_ = syscall.Kill(postgresPIDs(t, dataDir)[0], syscall.SIGSTOP)
	return postgresPIDs(t, dataDir)
}

// postgresPIDs finds the processes of the cluster in a data folder: the postmaster and its children.
func postgresPIDs(t testing.TB, dataDir string) []int {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(dataDir, "postgres", "postmaster.pid"))
	if err != nil {
		t.Fatalf("find the embedded database: %v", err)
	}
	var master int
	if _, err := fmt.Sscan(string(b), &master); err != nil {
		t.Fatal(err)
	}
	pids := []int{master}
	out, _ := exec.Command("pgrep", "-P", fmt.Sprint(master)).Output()
	for _, line := range strings.Fields(string(out)) {
		var pid int
		if _, err := fmt.Sscan(line, &pid); err == nil {
			pids = append(pids, pid)
		}
	}
	return pids
}

// handedOut are the ports given to tests of this run.
var handedOut sync.Map

// mustFreeAddr gives a loopback address that nobody uses and that no other test of this run is given. Its port lies
// below those that the system takes for outgoing connections.
func mustFreeAddr(t testing.TB) string {
	t.Helper()
	for range 1000 {
		addr := fmt.Sprintf("127.0.0.1:%d", 20000+rand.IntN(12000))
		if _, taken := handedOut.LoadOrStore(addr, true); taken {
			continue
		}
		if ln, err := net.Listen("tcp", addr); err == nil {
			ln.Close()
			return addr
		}
	}
	t.Fatal("no free port")
	return ""
}

// mustRedis starts a real redis-server and returns its URL.
func mustRedis(t testing.TB) string {
	t.Helper()
	addr := mustFreeAddr(t)
	_, port, _ := net.SplitHostPort(addr)
	cmd := exec.Command("redis-server", "--port", port, "--bind", "127.0.0.1", "--save", "", "--appendonly", "no")
	if err := cmd.Start(); err != nil {
		t.Fatalf("start redis-server (make test installs it): %v", err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	for {
		conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", addr)
		if err == nil {
			conn.Close()
			return "redis://" + addr + "/0"
		}
		if ctx.Err() != nil {
			t.Fatal("redis-server does not answer")
		}
		time.Sleep(10 * time.Millisecond)
	}
}
