package jobs_test

import (
	"slices"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"

	"github.com/waypost/waypost/domain/postback"
	"github.com/waypost/waypost/jobs"
)

// Ten thousand wait for a host that hangs. Another host is served as quickly as before, and the one that hangs has no
// more requests under way than a host may have.
func TestLongQueueOfAHangingHost(t *testing.T) {
	t.Parallel()
	w, opt := newWorld(t), parse(t, "redis://"+miniredis.RunT(t).Addr())
	gate := make(chan struct{})
	hangs, quick := newReceiver(t, func() { <-gate }), newReceiver(t, func() {})
	defer close(gate)
	during(t, jobs.NewSweeper(w.service, discard).Run)
	during(t, jobs.NewWorker(opt, w.service, clock, discard).Run)
	waker := newWaker(t, opt)
	delivered := 0
	serve := func() (median time.Duration) {
		var took []time.Duration
		for range 20 {
			began := time.Now()
			w.owe(quick.host, 5)
			_ = waker.Wake(t.Context(), []string{quick.host})
			delivered += 5
			eventually(t, 10*time.Second, "the quick host", func() bool { return w.count(postback.DeliveryDelivered) == delivered })
			took = append(took, time.Since(began))
		}
		slices.Sort(took)
		return took[len(took)/2]
	}
	alone := serve()
	w.owe(hangs.host, 1)
	w.exec(`INSERT INTO deliveries (id, created_at, postback_id, affiliate_id, offer_id, conversion_id, click_id, event_status, method, url, body, host, status, next_attempt_at, updated_at)
		SELECT gen_random_uuid(), now(), 1, 1, 1, gen_random_uuid(), gen_random_uuid(), 'approved', 'GET', 'http://'||$1||'/', '', $1, 'pending', now(), now() FROM generate_series(1, 9999)`, hangs.host)
	_ = waker.Wake(t.Context(), []string{hangs.host})
	eventually(t, 10*time.Second, "the host hangs", func() bool { return w.leased(hangs.host) > 0 })
	beside := serve()
	t.Logf("median of a delivery: %s alone, %s beside a host that hangs", alone, beside)
	if beside > 3*alone+200*time.Millisecond { // the machine is shared: an order of magnitude is what a fault would cost
		t.Errorf("%s beside a host that hangs, %s alone", beside, alone)
	}
	if leased := w.leased(hangs.host); leased == 0 || leased > 16 {
		t.Errorf("%d are leased for the host that hangs", leased)
	}
}
