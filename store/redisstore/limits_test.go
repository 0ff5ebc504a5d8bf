package redisstore_test

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"os/exec"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"

	"github.com/waypost/waypost/domain/account"
	"github.com/waypost/waypost/store/redisstore"
)

var _ account.Limiter = (*redisstore.Limits)(nil)

var ctx = context.Background()

// server is a redis-server that a test can stop and start again at the same address.
type server struct {
	t    testing.TB
	port string
	cmd  *exec.Cmd
}

func newServer(t testing.TB) *server {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_, port, _ := net.SplitHostPort(ln.Addr().String())
	_ = ln.Close()
	s := &server{t: t, port: port}
	s.start()
	t.Cleanup(s.kill)
	return s
}

func (s *server) address() string { return "127.0.0.1:" + s.port }

func (s *server) start() {
	s.t.Helper()
	s.cmd = exec.Command("redis-server", "--port", s.port, "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", s.t.TempDir())
	if err := s.cmd.Start(); err != nil {
		s.t.Fatalf("start redis-server (make test installs it): %v", err)
	}
	client := redis.NewClient(&redis.Options{Addr: s.address()})
	defer client.Close()
	for deadline := time.Now().Add(20 * time.Second); client.Ping(ctx).Err() != nil; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			s.t.Fatal("redis-server does not answer")
		}
	}
}

func (s *server) kill() {
	if s.cmd != nil {
		_ = s.cmd.Process.Kill()
		_ = s.cmd.Wait()
		s.cmd = nil
	}
}

// clock is a time that a test moves.
type clock struct{ ahead atomic.Int64 }

func (c *clock) now() time.Time          { return time.Now().UTC().Add(time.Duration(c.ahead.Load())) }
func (c *clock) advance(d time.Duration) { c.ahead.Add(int64(d)) }

// newNode is the limiter of one process.
func newNode(t testing.TB, address string, timeout time.Duration) (*redisstore.Limits, *clock) {
	t.Helper()
	client := redis.NewClient(&redis.Options{Addr: address, DialTimeout: timeout, ReadTimeout: timeout, WriteTimeout: timeout})
	c := &clock{}
	l := redisstore.NewLimits(client, c.now, slog.New(slog.DiscardHandler))
	t.Cleanup(func() { _ = l.Close() })
	return l, c
}

// newPatientNode waits for Redis however busy the machine is, in tests of the count itself.
func newPatientNode(t testing.TB, address string) (*redisstore.Limits, *clock) {
	t.Helper()
	l, c := newNode(t, address, 20*time.Second)
	l.WaitLonger()
	return l, c
}

func taken(l *redisstore.Limits, key string, most, tries int) (passed int) {
	for range tries {
		if _, ok := l.Take(ctx, key, most, time.Hour); ok {
			passed++
		}
	}
	return passed
}

// The embedded Redis and a real one count alike, and for all nodes together.
func TestNodesCountTogether(t *testing.T) {
	t.Parallel()
	for name, address := range map[string]string{"embedded": miniredis.RunT(t).Addr(), "real": newServer(t).address()} {
		a, _ := newPatientNode(t, address)
		b, _ := newPatientNode(t, address)
		if n := taken(a, "k", 10, 6) + taken(b, "k", 10, 6); n != 10 {
			t.Errorf("%s: %d of 12 passed, want 10", name, n)
		}
		if wait, ok := b.Take(ctx, "k", 10, time.Hour); ok || wait <= 59*time.Minute || wait > time.Hour {
			t.Errorf("%s: refused for %s, %t", name, wait, ok)
		}
		// What one node gives back another may take, once.
		a.Return(ctx, "k")
		if n := taken(b, "k", 10, 3); n != 1 {
			t.Errorf("%s: %d passed after a return, want 1", name, n)
		}
		// Keys are told apart, whatever they hold.
		for _, key := range []string{"", "k}", "{k", "login account a@b.example", "2001:db8::/64", "\x00"} {
			if n := taken(a, key, 2, 3); n != 2 {
				t.Errorf("%s: key %q: %d", name, key, n)
			}
		}
	}
}

func TestWindowSlides(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	a, ahead := newPatientNode(t, s.address())
	const window = 300 * time.Millisecond
	for range 3 {
		if _, ok := a.Take(ctx, "k", 3, window); !ok {
			t.Fatal("refused too early")
		}
	}
	ahead.advance(window) // this node's own count is over, that of Redis is not
	wait, ok := a.Take(ctx, "k", 3, window)
	if ok || wait <= 0 || wait > window {
		t.Fatalf("Redis does not count: %s, %t", wait, ok)
	}
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(wait) {
		if wait, ok = a.Take(ctx, "k", 3, window); ok {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("the window never ends")
		}
	}
	client := redis.NewClient(&redis.Options{Addr: s.address()})
	defer client.Close()
	if ttl := client.PTTL(ctx, "rl:{k}").Val(); ttl <= 0 || ttl > window {
		t.Errorf("the key is kept for %s", ttl)
	}
}

func TestManyAtOnce(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	a, _ := newPatientNode(t, s.address())
	b, _ := newPatientNode(t, s.address())
	var passed atomic.Int64
	var wg sync.WaitGroup
	for i := range 100 {
		wg.Go(func() {
			if _, ok := []*redisstore.Limits{a, b}[i%2].Take(ctx, "k", 50, time.Hour); ok {
				passed.Add(1)
			}
		})
	}
	wg.Wait()
	if n := passed.Load(); n != 50 {
		t.Errorf("%d passed, want 50", n)
	}
}

// While Redis is away, dead or hanging, the node goes on by its own count, quickly; afterwards all count together again.
func TestRedisAway(t *testing.T) {
	t.Parallel()
	for name, fail := range map[string]func(s *server) (mend func()){
		"killed": func(s *server) func() { s.kill(); return s.start },
		"hangs": func(s *server) func() {
			_ = s.cmd.Process.Signal(syscall.SIGSTOP)
			return func() { _ = s.cmd.Process.Signal(syscall.SIGCONT) }
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newServer(t)
			a, ahead := newNode(t, s.address(), redisstore.Patience)
			if n := taken(a, "k", 10, 4); n != 4 {
				t.Fatalf("%d of 4 passed", n)
			}
			mend := fail(s)
			began := time.Now()
			if _, ok := a.Take(ctx, "k", 10, time.Hour); !ok {
				t.Error("refused while Redis is away")
			}
			// About 100 ms; the bound is wide for a busy machine and far below the client's usual seconds.
			if took := time.Since(began); took > time.Second {
				t.Errorf("the first attempt took %s", took)
			}
			// Nobody waits for Redis now: these would take more than 10 s.
			began = time.Now()
			for i := range 200 {
				a.Take(ctx, fmt.Sprint("other ", i), 10, time.Hour)
			}
			if took := time.Since(began); took > 5*time.Second {
				t.Errorf("200 attempts took %s", took)
			}
			// The four from before count on.
			if n := taken(a, "k", 10, 10); n != 5 {
				t.Errorf("%d more passed, want 5", n)
			}
			a.Return(ctx, "k")
			if n := taken(a, "k", 10, 3); n != 1 {
				t.Errorf("%d passed after a return, want 1", n)
			}
			mend()
			ahead.advance(2 * time.Second) // Redis is asked again
			b, _ := newNode(t, s.address(), redisstore.Patience)
			for deadline := time.Now().Add(20 * time.Second); ; {
				key := fmt.Sprint("together ", time.Now().UnixNano())
				if taken(a, key, 4, 2)+taken(b, key, 4, 4) == 4 {
					break
				}
				if time.Now().After(deadline) {
					t.Fatal("the nodes never count together again")
				}
				ahead.advance(2 * time.Second)
			}
		})
	}
}

// A Redis that was emptied knows no scripts and no counts; this node still knows its own.
func TestRedisEmptied(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	a, _ := newPatientNode(t, s.address())
	if n := taken(a, "k", 3, 3); n != 3 {
		t.Fatalf("%d of 3 passed", n)
	}
	client := redis.NewClient(&redis.Options{Addr: s.address()})
	defer client.Close()
	if err := client.FlushAll(ctx).Err(); err != nil {
		t.Fatal(err)
	}
	if err := client.ScriptFlush(ctx).Err(); err != nil {
		t.Fatal(err)
	}
	if n := taken(a, "k", 3, 2); n != 0 {
		t.Errorf("%d passed after the flush", n)
	}
	if n := taken(a, "new", 3, 4); n != 3 {
		t.Errorf("new key: %d passed", n)
	}
}
