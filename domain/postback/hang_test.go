package postback_test

import (
	"context"
	"net/http"
	"testing"
	"time"

	"github.com/waypost/waypost/domain/postback"
)

// hanging is a store that answers nothing until the caller gives up.
type hanging struct{ postback.DeliveryStore }

func (hanging) Lease(ctx context.Context, _ string, _ int, _ time.Duration) ([]postback.Lease, error) {
	<-ctx.Done()
	return nil, ctx.Err()
}

func (hanging) NextDue(ctx context.Context, _ string) (time.Duration, bool, error) {
	<-ctx.Done()
	return 0, false, ctx.Err()
}

// A database that hangs holds up neither the host for good nor the stop of the process.
func TestHangingDatabase(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for name, change := range map[string]func(*postback.Deps){
		"lease":  func(d *postback.Deps) { d.Deliveries = hanging{d.Deliveries} },
		"settle": func(d *postback.Deps) { d.Deliveries = settleHangs{d.Deliveries} },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			rc := newReceiver(t, always(http.StatusOK))
			w.postback(rc.URL)
			w.announce(w.conversion())
			ctx, stop := context.WithCancel(t.Context())
			service := w.newService(change)
			began := time.Now()
			time.AfterFunc(200*time.Millisecond, stop)
			_, _ = service.DeliverHost(ctx, rc.host)
			if took := time.Since(began); took > 16500*time.Millisecond {
				t.Errorf("the run took %s after its stop", took)
			}
			if service.Pace(rc.host) == postback.PaceSlow {
				t.Error("the host is blamed for the database")
			}
		})
	}
}

type settleHangs struct{ postback.DeliveryStore }

func (settleHangs) Settle(ctx context.Context, _ []postback.Result) ([]postback.Health, error) {
	<-ctx.Done()
	return nil, ctx.Err()
}

// A host is slow once most of its answers of a visit take over a second, while they are under way, and until a visit finds it
// fast again.
func TestPace(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	gate := make(chan struct{})
	rc := newReceiver(t, func(n int, _ *http.Request) int {
		if n == 1 {
			<-gate
		}
		return http.StatusOK
	})
	w.postback(rc.URL)
	w.announce(w.conversion())
	done := make(chan struct{})
	go func() { defer close(done); _, _ = w.service.DeliverHost(w.ctx, rc.host) }()
	if pace := w.service.Pace(rc.host); pace != postback.PaceUnknown {
		t.Errorf("pace %d before the first answer", pace)
	}
	eventually(t, "it is slow while it hangs", func() bool { return w.service.Pace(rc.host) == postback.PaceSlow })
	close(gate)
	<-done
	if pace := w.service.Pace(rc.host); pace != postback.PaceSlow {
		t.Errorf("pace %d after a slow visit", pace)
	}
	w.announce(w.conversion())
	w.deliver(rc.host)
	if pace := w.service.Pace(rc.host); pace != postback.PaceUnknown {
		t.Errorf("pace %d after a fast visit", pace)
	}
}

// A lease read that the postback was inactive; it became active before the result was written: the delivery is due.
func TestActiveAgainWhileLeased(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.postback("https://t.example/")
	c := w.conversion()
	w.announce(c)
	w.exec(`UPDATE postbacks SET active = false`)
	leases := w.lease("t.example:443", time.Minute)
	if len(leases) != 1 || leases[0].PostbackActive {
		t.Fatalf("leases %+v", leases)
	}
	w.exec(`UPDATE postbacks SET active = true`)
	l := leases[0]
	w.settle(postback.Result{DeliveryID: l.Delivery.ID, PostbackID: l.Delivery.PostbackID, Fence: l.Fence, Outcome: postback.Outcome{Status: postback.DeliveryPaused}})
	wantStatus(t, w.delivery(c), postback.DeliveryPending, "", 0, 0)
	if n := len(w.lease("t.example:443", time.Minute)); n != 1 {
		t.Errorf("%d are due, want 1", n)
	}
}
