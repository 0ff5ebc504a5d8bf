package jobs_test

import (
	"context"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"

	"github.com/waypost/waypost/domain/postback"
	"github.com/waypost/waypost/jobs"
)

// More hosts hang than there are slots of any kind, in the queue and in the sweeper; one that answers is served at once,
// both while the others are new and when they are known to be slow.
func TestTarpitsDelayNobody(t *testing.T) {
	t.Parallel()
	w, opt := newWorld(t), parse(t, "redis://"+miniredis.RunT(t).Addr())
	gate := make(chan struct{})
	defer close(gate)
	var tarpits []string
	for range 140 {
		rc := newReceiver(t, func() { <-gate })
		tarpits = append(tarpits, rc.host)
		w.owe(rc.host, 3)
	}
	healthy := newReceiver(t, func() {})
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	go func() { _ = jobs.NewSweeper(w.service, discard).Run(ctx) }()
	go func() { _ = jobs.NewWorker(opt, w.service, clock, discard).Run(ctx) }()
	waker := newWaker(t, opt)
	_ = waker.Wake(t.Context(), tarpits)
	eventually(t, 10*time.Second, "some hang", func() bool { return w.leased(tarpits[0])+w.leased(tarpits[139])+w.leased(tarpits[70]) > 0 })
	for i := range 6 {
		w.owe(healthy.host, 1)
		_ = waker.Wake(t.Context(), []string{healthy.host})
		eventually(t, 3*time.Second, "the healthy host", func() bool { return w.count(postback.DeliveryDelivered) == i+1 })
		time.Sleep(300 * time.Millisecond) // the tarpits' visits go on through their phases
	}
}

// A wake-up that meets the running task of its own tenth of a second becomes another task.
func TestWakeUpDuringTheTaskIsKept(t *testing.T) {
	t.Parallel()
	opt := parse(t, "redis://"+miniredis.RunT(t).Addr())
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	began, gate := make(chan struct{}, 10), make(chan struct{})
	h := &hosts{visits: map[string]int{}, deliver: func(context.Context, string) (postback.Visit, error) {
		began <- struct{}{}
		<-gate
		return postback.Visit{}, nil
	}}
	during(t, jobs.NewWorker(opt, h, clock, discard).Run)
	waker := jobs.NewWaker(opt, func() time.Time { return at }, discard)
	defer waker.Close()
	_ = waker.Wake(t.Context(), []string{"a:1"})
	<-began
	_ = waker.Wake(t.Context(), []string{"a:1"})
	select {
	case <-began:
	case <-time.After(10 * time.Second):
		t.Error("the second wake-up was lost")
	}
	close(gate)
}

// However long a request hangs, a worker and a sweeper end in time and the queue's archive stays empty.
func TestStopIsBounded(t *testing.T) {
	t.Parallel()
	opt := parse(t, "redis://"+miniredis.RunT(t).Addr())
	arrived, gate := make(chan struct{}, 10), make(chan struct{})
	defer close(gate)
	h := &hosts{due: []string{"b:1"}, visits: map[string]int{}, deliver: func(context.Context, string) (postback.Visit, error) {
		arrived <- struct{}{}
		<-gate // deaf to its context
		return postback.Visit{}, nil
	}}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 2)
	go func() { ended <- jobs.NewWorker(opt, h, clock, discard).Run(ctx) }()
	go func() { ended <- jobs.NewSweeper(h, discard).Run(ctx) }()
	_ = newWaker(t, opt).Wake(t.Context(), []string{"a:1"})
	<-arrived
	<-arrived
	stop()
	began := time.Now()
	for range 2 {
		if err := <-ended; err != nil {
			t.Error(err)
		}
	}
	if took := time.Since(began); took > 17*time.Second {
		t.Errorf("the stop took %s", took)
	}
}
