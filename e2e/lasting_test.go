package e2e

import (
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// lasting stands where a test does for what several tests share: the first that needs it starts it, TestMain ends it.
type lasting struct {
	testing.TB // none: what is asked of a test stands below

	mu     sync.Mutex
	ends   []func()
	failed bool
}

// shared owns what the tests of this run share.
var shared = &lasting{}

func (l *lasting) Helper() {}

func (l *lasting) Cleanup(end func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.ends = append(l.ends, end)
}

func (l *lasting) Fatal(args ...any)                 { panic(fmt.Sprint(args...)) }
func (l *lasting) Fatalf(format string, args ...any) { panic(fmt.Sprintf(format, args...)) }
func (l *lasting) Logf(format string, args ...any)   { fmt.Fprintf(os.Stderr, format+"\n", args...) }

func (l *lasting) Errorf(format string, args ...any) {
	l.Logf(format, args...)
	l.mu.Lock()
	defer l.mu.Unlock()
	l.failed = true
}

func (l *lasting) Failed() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.failed
}

// end ends what was started, the last first, and tells whether all went well.
func (l *lasting) end() bool {
	for {
		l.mu.Lock()
		n := len(l.ends)
		if n == 0 {
			l.mu.Unlock()
			return !l.Failed()
		}
		end := l.ends[n-1]
		l.ends = l.ends[:n-1]
		l.mu.Unlock()
		end()
	}
}

// once starts something on the first call; whoever asks for what could not be started fails.
func once[T any](start func(t testing.TB) T) func(t testing.TB) T {
	started := sync.OnceValues(func() (value T, err error) {
		defer func() {
			if why := recover(); why != nil {
				err = fmt.Errorf("%v", why)
			}
		}()
		return start(shared), nil
	})
	return func(t testing.TB) T {
		t.Helper()
		value, err := started()
		if err != nil {
			t.Fatal(err)
		}
		return value
	}
}

// template is a data folder with a migrated, stopped database and nothing in it.
var template = once(func(t testing.TB) string {
	dir := mustDataDir(t)
	mustRun(t, commandEnv(dir), "migrate")
	for _, own := range []string{"postgres.json", "postgres.log", "postgres.start.lock", "postgres.use.lock"} { // of this folder, not of a copy
		if err := os.Remove(filepath.Join(dir, own)); err != nil && !os.IsNotExist(err) {
			t.Fatal(err)
		}
	}
	return dir
})

// mustMadeDir is a data folder whose database is made and migrated already: the quick way to a fresh server.
func mustMadeDir(t testing.TB) string {
	t.Helper()
	from, dir := template(t), mustDataDir(t)
	if out, err := exec.Command("cp", "-pR", from+"/.", dir).CombinedOutput(); err != nil {
		t.Fatalf("copy a data folder: %v\n%s", err, out)
	}
	return dir
}

// mustFresh starts a server of this test alone, on an empty network.
func mustFresh(t testing.TB, env ...string) *waypost {
	t.Helper()
	return mustServe(t, mustMadeDir(t), env...)
}

var sharedServer = once(func(t testing.TB) *waypost { return mustFresh(t) })

// mustShared is a server for tests that look at nothing but what they made themselves.
func mustShared(t testing.TB) *waypost {
	t.Helper()
	return sharedServer(t).as(t)
}

// as is the process for another test.
func (w *waypost) as(t testing.TB) *waypost {
	other := *w
	other.t = t
	return &other
}

// demo is a network full of demo data, for tests that look at its pages.
type demo struct {
	w        *waypost
	password string // of its log-ins
}

var sharedDemo = once(func(t testing.TB) demo {
	dir := mustMadeDir(t)
	env := []string{"WAYPOST_SINK_ADDR=" + mustSinkAddr(t), "WAYPOST_ADMIN_EMAIL=", "WAYPOST_ADMIN_PASSWORD=", "WAYPOST_OUTBOUND_ALLOW="}
	mustRun(t, commandEnv(dir, env...), "demo", "--days", "10", "--seed", "3")
	w := mustServe(t, dir, append(env, "WAYPOST_DEMO=true")...)
	password, err := os.ReadFile(filepath.Join(dir, "demo-password"))
	if err != nil {
		t.Fatal(err)
	}
	c := &client{t: t, base: w.URL}
	c.token = c.must("POST", "/auth/login", object{"email": portals[0].email, "password": strings.TrimSpace(string(password))}, http.StatusOK).text("access_token")
	c.must("PATCH", "/network", object{"affiliate_sign_up": true, "advertiser_sign_up": true}, http.StatusOK)
	return demo{w, strings.TrimSpace(string(password))}
})
