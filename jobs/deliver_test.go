package jobs_test

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/hibiken/asynq"

	"github.com/waypost/waypost/domain/postback"
	"github.com/waypost/waypost/jobs"
)

func parse(t testing.TB, url string) asynq.RedisConnOpt {
	t.Helper()
	opt, err := jobs.ParseRedis(url)
	if err != nil {
		t.Fatal(err)
	}
	return opt
}

func newWaker(t testing.TB, opt asynq.RedisConnOpt) *jobs.Waker {
	t.Helper()
	w := jobs.NewWaker(opt, clock, discard)
	t.Cleanup(func() { _ = w.Close() })
	return w
}

func TestParseRedis(t *testing.T) {
	t.Parallel()
	for url, ok := range map[string]bool{"redis://:p@127.0.0.1:6379/0": true, "rediss://h:6380": true, "redis-sentinel://h1:1,h2:2/?master=m": true,
		"": false, "http://h": false, "127.0.0.1:6379": false} {
		if _, err := jobs.ParseRedis(url); (err == nil) != ok {
			t.Errorf("%q: %v", url, err)
		}
	}
}

// The queue alone delivers: no sweeper runs.
func TestWorkerDelivers(t *testing.T) {
	for name, url := range redisURLs(t) {
		t.Run(name, func(t *testing.T) {
			w, opt := newWorld(t), parse(t, url)
			rc := newReceiver(t, func() {})
			during(t, jobs.NewWorker(opt, w.service, clock, discard).Run)
			waker := newWaker(t, opt)
			for range 3 {
				w.owe(rc.host, 10)
				_ = waker.Wake(t.Context(), []string{rc.host, "127.0.0.1:1"})
			}
			eventually(t, 10*time.Second, "all are delivered", func() bool { return w.count(postback.DeliveryDelivered) == 30 })
			if different, requests := rc.received(); different != 30 || requests != 30 {
				t.Errorf("%d deliveries in %d requests", different, requests)
			}
		})
	}
}

// A try that failed is planned by the run itself: no sweeper, no second wake-up.
func TestRetryIsPlanned(t *testing.T) {
	t.Parallel()
	w, opt := newWorld(t), parse(t, "redis://"+miniredis.RunT(t).Addr())
	rc := newReceiver(t, func() {})
	w.owe(rc.host, 1)
	w.exec(`UPDATE deliveries SET next_attempt_at = now() + interval '1500 milliseconds'`)
	during(t, jobs.NewWorker(opt, w.service, clock, discard).Run)
	_ = newWaker(t, opt).Wake(t.Context(), []string{rc.host})
	eventually(t, 10*time.Second, "it is delivered", func() bool { return w.count(postback.DeliveryDelivered) == 1 })
}

// A thousand wait, the queue is emptied again and again, and nothing is restarted.
func TestFlushAllLosesNothing(t *testing.T) {
	for name, url := range redisURLs(t) {
		t.Run(name, func(t *testing.T) {
			w, opt := newWorld(t), parse(t, url)
			var open atomic.Bool
			gate := make(chan struct{})
			rc := newReceiver(t, func() {
				if !open.Load() {
					<-gate
				}
			})
			release := sync.OnceFunc(func() { open.Store(true); close(gate) })
			defer release()
			during(t, jobs.NewWorker(opt, w.service, clock, discard).Run)
			during(t, jobs.NewSweeper(w.service, discard).Run)
			waker := newWaker(t, opt)
			w.owe(rc.host, 500)
			_ = waker.Wake(t.Context(), []string{rc.host})
			flushAll(t, url)
			w.owe(rc.host, 500) // nobody is told of these
			flushAll(t, url)
			release()
			for range 5 {
				flushAll(t, url)
			}
			eventually(t, 20*time.Second, "all are delivered", func() bool { return w.count(postback.DeliveryDelivered) == 1000 })
			if different, requests := rc.received(); different != 1000 || requests != 1000 {
				t.Errorf("%d deliveries in %d requests", different, requests)
			}
			// The queue works again, too, quicker than the sweeper could.
			w.owe(rc.host, 1)
			_ = waker.Wake(t.Context(), []string{rc.host})
			eventually(t, 10*time.Second, "the queue is back", func() bool { return w.count(postback.DeliveryDelivered) == 1001 })
		})
	}
}

// Redis is away from the start, comes, goes and comes back.
func TestRedisComesAndGoes(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	server := miniredis.NewMiniRedis()
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	address := server.Addr()
	server.Close()
	defer server.Close()
	opt := parse(t, "redis://"+address)
	rc := newReceiver(t, func() {})
	during(t, jobs.NewWorker(opt, w.service, clock, discard).Run)
	during(t, jobs.NewSweeper(w.service, discard).Run)
	waker := newWaker(t, opt)
	delivered := 0
	owe := func(what string) {
		t.Helper()
		w.owe(rc.host, 5)
		delivered += 5
		before := time.Now()
		if err := waker.Wake(t.Context(), []string{rc.host}); err != nil || time.Since(before) > time.Second {
			t.Errorf("%s: wake took %s, %v", what, time.Since(before), err)
		}
		eventually(t, 20*time.Second, what, func() bool { return w.count(postback.DeliveryDelivered) == delivered })
	}
	owe("while Redis is away")
	if err := server.StartAddr(address); err != nil {
		t.Fatal(err)
	}
	owe("when Redis has come")
	server.Close()
	owe("when Redis has gone")
}

func TestHangingHostDelaysNobody(t *testing.T) {
	t.Parallel()
	w, opt := newWorld(t), parse(t, "redis://"+miniredis.RunT(t).Addr())
	gate := make(chan struct{})
	hangs, quick := newReceiver(t, func() { <-gate }), newReceiver(t, func() {})
	defer close(gate)
	during(t, jobs.NewSweeper(w.service, discard).Run)
	during(t, jobs.NewWorker(opt, w.service, clock, discard).Run)
	waker := newWaker(t, opt)
	w.owe(hangs.host, 200)
	_ = waker.Wake(t.Context(), []string{hangs.host})
	for i := range 5 {
		w.owe(quick.host, 10)
		_ = waker.Wake(t.Context(), []string{quick.host})
		eventually(t, 5*time.Second, "the quick host", func() bool { return w.count(postback.DeliveryDelivered) == 10*(i+1) })
	}
	// At most as many requests hang as one host may have under way: the rest waits in its rows.
	if leased := w.leased(hangs.host); leased == 0 || leased > 16 {
		t.Errorf("%d are leased for the host that hangs", leased)
	}
}

func (w *world) leased(host string) (n int) {
	w.t.Helper()
	if err := w.pool.QueryRow(context.Background(), `SELECT count(*) FROM deliveries WHERE host = $1 AND lease_until > now()`, host).Scan(&n); err != nil {
		w.t.Fatal(err)
	}
	return n
}

// A worker that is stopped finishes what it has sent: its end comes after the result was written.
func TestStopWaitsForRequestsUnderWay(t *testing.T) {
	t.Parallel()
	w, opt := newWorld(t), parse(t, "redis://"+miniredis.RunT(t).Addr())
	arrived, gate := make(chan struct{}, 1), make(chan struct{})
	rc := newReceiver(t, func() { arrived <- struct{}{}; <-gate })
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- jobs.NewWorker(opt, w.service, clock, discard).Run(ctx) }()
	w.owe(rc.host, 1)
	_ = newWaker(t, opt).Wake(t.Context(), []string{rc.host})
	<-arrived
	stop()
	select {
	case <-ended:
		t.Error("the worker did not wait")
	case <-time.After(300 * time.Millisecond):
	}
	close(gate)
	if err := <-ended; err != nil || w.count(postback.DeliveryDelivered) != 1 {
		t.Errorf("%d delivered, %v", w.count(postback.DeliveryDelivered), err)
	}
	inspector := asynq.NewInspector(opt)
	defer inspector.Close()
	if info, err := inspector.GetQueueInfo("deliver"); err != nil || info.Archived+info.Pending+info.Active != 0 {
		t.Errorf("queue %+v, %v", info, err)
	}
}

// hosts is a Deliverer whose hosts do what the test says.
type hosts struct {
	mu      sync.Mutex
	due     []string
	visits  map[string]int
	deliver func(ctx context.Context, host string) (postback.Visit, error)
}

func (h *hosts) DeliverHost(ctx context.Context, host string) (postback.Visit, error) {
	h.mu.Lock()
	h.visits[host]++
	h.mu.Unlock()
	return h.deliver(ctx, host)
}

func (h *hosts) DueHosts(context.Context, time.Duration) ([]string, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return append([]string(nil), h.due...), nil
}

func (h *hosts) Pace(string) postback.Pace { return postback.PaceFast }

func (h *hosts) visited(host string) int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.visits[host]
}

// More hosts than the sweeper has slots hang; each is visited at most once at a time, and a free slot goes on.
func TestSweeperIsBounded(t *testing.T) {
	t.Parallel()
	gate := make(chan struct{})
	var running, most atomic.Int64
	h := &hosts{visits: map[string]int{}}
	h.deliver = func(context.Context, string) (postback.Visit, error) {
		most.Store(max(most.Load(), running.Add(1)))
		defer running.Add(-1)
		<-gate
		return postback.Visit{}, nil
	}
	for i := range 100 {
		h.due = append(h.due, fmt.Sprintf("h%d:443", i))
	}
	during(t, jobs.NewSweeper(h, discard).Run)
	eventually(t, 10*time.Second, "the slots fill", func() bool { return running.Load() == 64 })
	eventually(t, 10*time.Second, "another tick", func() bool { return running.Load() == 64 })
	for _, host := range h.due {
		if h.visited(host) > 1 {
			t.Errorf("%s was visited twice", host)
		}
	}
	close(gate)
	eventually(t, 10*time.Second, "the others have their turn", func() bool {
		for _, host := range h.due {
			if h.visited(host) == 0 {
				return false
			}
		}
		return true
	})
	if most.Load() > 64 {
		t.Errorf("%d at once", most.Load())
	}
}

// What lies in Redis: one task per host and tenth of a second, never retried, never kept.
func TestTask(t *testing.T) {
	t.Parallel()
	opt := parse(t, "redis://"+miniredis.RunT(t).Addr())
	at := time.Date(2026, 1, 2, 3, 4, 5, 678_000_000, time.UTC)
	waker := jobs.NewWaker(opt, func() time.Time { return at }, discard)
	for range 50 {
		_ = waker.Wake(t.Context(), []string{"a.example:443", "b.example:80"})
	}
	if err := waker.Close(); err != nil {
		t.Fatal(err)
	}
	_ = waker.Wake(t.Context(), []string{"late.example:80"}) // after the end: nothing, and no panic
	inspector := asynq.NewInspector(opt)
	defer inspector.Close()
	tasks, err := inspector.ListPendingTasks("deliver")
	if err != nil || len(tasks) != 2 {
		t.Fatalf("%d tasks, %v", len(tasks), err)
	}
	for _, task := range tasks {
		var payload map[string]string
		if err := json.Unmarshal(task.Payload, &payload); err != nil {
			t.Fatal(err)
		}
		if want := "deliver:" + payload["host"] + ":17673230456"; task.ID != want || len(payload) != 1 {
			t.Errorf("id %s, want %s, payload %s", task.ID, want, task.Payload)
		}
		if task.Type != "postback:deliver" || task.MaxRetry != 0 || task.Retention != 0 || task.Timeout != time.Minute {
			t.Errorf("task %+v", task)
		}
	}
}

// A handler's failure must not fill asynq's archive, and a payload that cannot be read must not stop the worker.
func TestNothingIsArchived(t *testing.T) {
	t.Parallel()
	opt := parse(t, "redis://"+miniredis.RunT(t).Addr())
	h := &hosts{visits: map[string]int{}, deliver: func(_ context.Context, host string) (postback.Visit, error) {
		if host == "fails:1" {
			return postback.Visit{}, context.DeadlineExceeded
		}
		return postback.Visit{Again: host == "again:1", In: 200 * time.Millisecond}, nil
	}}
	during(t, jobs.NewWorker(opt, h, clock, discard).Run)
	queue := asynq.NewClient(opt)
	defer queue.Close()
	if _, err := queue.Enqueue(asynq.NewTask(jobs.KindDeliver, []byte("{"), asynq.Queue("deliver"), asynq.MaxRetry(0))); err != nil {
		t.Fatal(err)
	}
	_ = newWaker(t, opt).Wake(t.Context(), []string{"fails:1", "again:1"})
	eventually(t, 10*time.Second, "planned again and again", func() bool { return h.visited("again:1") >= 3 && h.visited("fails:1") == 1 })
	inspector := asynq.NewInspector(opt)
	defer inspector.Close()
	info, err := inspector.GetQueueInfo("deliver")
	if err != nil || info.Archived != 0 || info.Retry != 0 || info.Completed != 0 {
		t.Errorf("queue %+v, %v", info, err)
	}
}
