package account

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

func TestLimits(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	at := time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)
	l := NewLimits(func() time.Time { return at })
	for i := range 3 {
		if _, ok := l.Take(ctx, "k", 3, time.Minute); !ok {
			t.Fatalf("attempt %d is refused", i)
		}
		at = at.Add(10 * time.Second)
	}
	if wait, ok := l.Take(ctx, "k", 3, time.Minute); ok || wait != 30*time.Second {
		t.Errorf("the fourth: %t, wait %v", ok, wait)
	}
	if _, ok := l.Take(ctx, "other", 3, time.Minute); !ok {
		t.Error("keys are not told apart")
	}
	l.Return(ctx, "k")
	if _, ok := l.Take(ctx, "k", 3, time.Minute); !ok {
		t.Error("what was given back is not free")
	}
	at = at.Add(30 * time.Second) // the first has left the window, the second not
	if _, ok := l.Take(ctx, "k", 3, time.Minute); !ok {
		t.Error("the window does not slide")
	}
	if _, ok := l.Take(ctx, "k", 3, time.Minute); ok {
		t.Error("the window slid too far")
	}
	l.Return(ctx, "never taken")
	at = at.Add(time.Hour)
	l.Take(ctx, "sweeps", 1, time.Minute)
	if len(l.attempts) != 1 {
		t.Errorf("%d keys are remembered for nothing", len(l.attempts))
	}
}

func TestLimitsManyAtOnce(t *testing.T) {
	t.Parallel()
	l := NewLimits(time.Now)
	var passed atomic.Int64
	var wg sync.WaitGroup
	for range 200 {
		wg.Go(func() {
			if _, ok := l.Take(context.Background(), "k", 10, time.Hour); ok {
				passed.Add(1)
			}
		})
	}
	wg.Wait()
	if passed.Load() != 10 {
		t.Errorf("%d passed", passed.Load())
	}
}

func TestLimitsAreBounded(t *testing.T) {
	t.Parallel()
	l := NewLimits(time.Now)
	for i := range maxLimitKeys + 50 {
		l.Take(context.Background(), fmt.Sprint(i), 1, time.Hour)
	}
	if len(l.attempts) > maxLimitKeys {
		t.Errorf("%d keys", len(l.attempts))
	}
}

func TestNetwork(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"203.0.113.7": "203.0.113.7", "::ffff:203.0.113.7": "203.0.113.7", "2001:db8:1:2:3:4:5:6": "2001:db8:1:2::/64",
		"fe80::1%eth0": "fe80::/64", "": "", "unknown": "unknown",
	} {
		if got := network(in); got != want {
			t.Errorf("network(%q) = %q, want %q", in, got, want)
		}
	}
}
