package postback_test

import (
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"github.com/waypost/waypost/domain/conversion"
	"github.com/waypost/waypost/domain/postback"
)

// A host that only fails is left alone but for a probe every half minute, and what waits for it uses up no try.
func TestBreakerPutsOff(t *testing.T) {
	t.Parallel()
	var ahead atomic.Int64 // of the clock
	w := newWorld(t, func(d *postback.Deps) {
		d.Clock = func() time.Time { return time.Now().UTC().Add(time.Duration(ahead.Load())) }
	})
	var mended atomic.Bool
	rc := newReceiver(t, func(int, *http.Request) int { return map[bool]int{true: 200, false: 500}[mended.Load()] })
	w.postback(rc.URL)
	var changes []conversion.Change
	for range 100 {
		changes = append(changes, w.conversion())
	}
	w.announce(changes...)
	visit := w.deliver(rc.host)
	first := len(rc.received())
	if first < 10 || first > 20 {
		t.Errorf("%d requests before the breaker opened", first)
	}
	if !visit.Again || visit.In <= 20*time.Second || visit.In > 30*time.Second {
		t.Errorf("visit %+v, want the probe", visit)
	}
	untouched := func() int {
		return w.count(`SELECT count(*) FROM deliveries d WHERE status = 'pending' AND tries = 0 AND attempts = 0 AND lease_until IS NULL
			AND NOT EXISTS (SELECT FROM delivery_attempts a WHERE a.delivery_id = d.id)`)
	}
	if n := untouched(); n != 100-first {
		t.Errorf("%d were put off, want %d", n, 100-first)
	}
	if visit := w.deliver(rc.host); len(rc.received()) != first || !visit.Again || visit.In <= 0 {
		t.Errorf("sent while the breaker was open: %d, %+v", len(rc.received()), visit)
	}
	if hosts, err := w.service.DueHosts(w.ctx, -time.Hour); err != nil || len(hosts) != 0 {
		t.Errorf("the sweeper would visit %v, %v", hosts, err)
	}
	ahead.Store(int64(31 * time.Second))
	w.deliver(rc.host)
	if n := len(rc.received()); n != first+1 {
		t.Errorf("%d probes, want 1", n-first)
	}
	mended.Store(true)
	ahead.Store(int64(62 * time.Second))
	w.due()
	w.deliver(rc.host)
	if n := w.count(`SELECT count(*) FROM deliveries WHERE status = 'delivered'`); n != 100 {
		t.Errorf("%d delivered after the host was mended", n)
	}
	if n := w.count(`SELECT count(*) FROM delivery_attempts`); n != 100+first+1 {
		t.Errorf("%d attempts, want %d", n, 100+first+1)
	}
}

// A host that answers 404 to one URL works for the others.
func TestOneWrongURLClosesNoHost(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	rc := newReceiver(t, func(_ int, r *http.Request) int { return map[bool]int{true: 404, false: 200}[r.URL.Path == "/wrong"] })
	w.postback(rc.URL + "/wrong")
	w.postback(rc.URL + "/right")
	var changes []conversion.Change
	for range 50 {
		changes = append(changes, w.conversion())
	}
	w.announce(changes...)
	w.deliver(rc.host)
	if n := w.count(`SELECT count(*) FROM deliveries WHERE status = 'delivered'`); n != 50 {
		t.Errorf("%d delivered, want 50", n)
	}
	if n := w.count(`SELECT count(*) FROM deliveries WHERE status = 'retrying' AND tries = 1`); n != 50 {
		t.Errorf("%d tried once, want 50", n)
	}
}

// More requests are under way to a host that answers quickly, never more than one process may make.
func TestConcurrencyGrows(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var now, most atomic.Int64
	rc := newReceiver(t, func(int, *http.Request) int {
		most.Store(max(most.Load(), now.Add(1)))
		time.Sleep(2 * time.Millisecond) // an answer takes its time, so that requests overlap
		now.Add(-1)
		return 200
	})
	w.postback(rc.URL)
	for range 5 {
		var changes []conversion.Change
		for range 200 {
			changes = append(changes, w.conversion())
		}
		w.announce(changes...)
	}
	w.deliver(rc.host)
	if n := most.Load(); n <= 12 || n > 64 {
		t.Errorf("%d requests at once at most", n)
	}
	if n := len(rc.received()); n != 1000 {
		t.Errorf("%d requests", n)
	}
}
