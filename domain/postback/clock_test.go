package postback_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/waypost/waypost/domain/postback"
)

// Leases and retries go by the database's clock: a process whose own is an hour off, to either side, takes over no lease
// that runs, sends no retry early and none late.
func TestClockOff(t *testing.T) {
	t.Parallel()
	for _, off := range []time.Duration{time.Hour, -time.Hour} {
		t.Run(off.String(), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			rc := newReceiver(t, func(n int, _ *http.Request) int { return map[bool]int{true: 500, false: 204}[n == 1] })
			w.postback(rc.URL)
			wrong := w.newService(func(d *postback.Deps) { d.Clock = func() time.Time { return time.Now().UTC().Add(off) } })
			visit := func() postback.Visit {
				t.Helper()
				v, err := wrong.DeliverHost(w.ctx, rc.host)
				if err != nil {
					t.Fatal(err)
				}
				return v
			}
			c := w.conversion()
			w.announce(c)
			w.exec(`UPDATE deliveries SET fence = 1, lease_until = now() + interval '20 s'`)
			if visit(); len(rc.received()) != 0 {
				t.Fatal("took over a lease that runs")
			}
			w.exec(`UPDATE deliveries SET lease_until = now() - interval '1 ms'`)
			if v := visit(); len(rc.received()) != 1 || !v.Again || v.In < 3*time.Second || v.In > 5500*time.Millisecond {
				t.Fatalf("%d requests after the lease, visit %+v", len(rc.received()), v)
			}
			if wait := w.count(`SELECT (1000 * extract(epoch FROM next_attempt_at - clock_timestamp()))::int FROM deliveries`); wait < 1000 || wait > 5500 {
				t.Errorf("the retry is due in %d ms", wait)
			}
			if visit(); len(rc.received()) != 1 {
				t.Fatal("sent before it was due")
			}
			w.due()
			visit()
			wantStatus(t, w.delivery(c), postback.DeliveryDelivered, "", 2, 2)
		})
	}
}
