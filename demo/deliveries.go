package demo

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/waypost/waypost/domain/postback"
)

// liveFor is the end of the history whose deliveries are left to the program's own workers.
const liveFor = time.Hour

// leaseMost is how many deliveries are taken at once.
const leaseMost = 500

// parked is the wait of a delivery that this demo comes back to: nobody else may find it due meanwhile.
const parked = time.Hour

// owed is a delivery of the past that is not settled yet.
type owed struct {
	postback.Lease
	tries int
	due   time.Time
}

// deliver makes the tries of the hour that ends, at the times at which they were due.
func (w *world) deliver(ctx context.Context) error {
	end := w.Clock.Now()
	if end.After(w.Now.Add(-liveFor)) {
		return nil
	}
	if w.changed {
		w.changed = false
		for _, base := range []string{w.Trackers, w.Troubled} {
			if err := w.lease(ctx, base[strings.Index(base, "://")+len("://"):]); err != nil {
				return err
			}
		}
	}
	for {
		var results []postback.Result
		still := w.waiting[:0]
		for _, o := range w.waiting {
			if o.due.After(end) {
				still = append(still, o)
				continue
			}
			r := w.try(o)
			results = append(results, r)
			if r.Outcome.Status.Waiting() {
				still = append(still, o)
			}
		}
		w.waiting = still
		if len(results) == 0 {
			return nil
		}
		w.sum.Attempts += len(results)
		if _, err := w.Deliveries.Settle(ctx, results); err != nil { // no postback is found failing for 72 hours here
			return fmt.Errorf("settle deliveries: %w", err)
		}
	}
}

// lease takes what a host is owed. A delivery of a newer status takes the place of an older one, as it did in the store.
func (w *world) lease(ctx context.Context, host string) error {
	for {
		leases, err := w.Deliveries.Lease(ctx, host, leaseMost, postback.LeaseLength)
		if err != nil {
			return fmt.Errorf("lease deliveries: %w", err)
		}
		slices.SortFunc(leases, func(a, b postback.Lease) int {
			return bytes.Compare(a.Delivery.ID.UUID[:], b.Delivery.ID.UUID[:])
		})
		for _, l := range leases {
			w.waiting = slices.DeleteFunc(w.waiting, func(o *owed) bool {
				return o.Delivery.ConversionID == l.Delivery.ConversionID && o.Delivery.PostbackID == l.Delivery.PostbackID
			})
			first := l.Delivery.CreatedAt.Add(time.Duration(60+w.draw.IntN(340)) * time.Millisecond)
			w.waiting = append(w.waiting, &owed{Lease: l, due: first})
			w.sum.Deliveries++
		}
		if len(leases) < leaseMost {
			return nil
		}
	}
}

// try is one try, decided as package postback decides those of its workers.
func (w *world) try(o *owed) postback.Result {
	d, at := &o.Delivery, o.due
	response, took := w.answered(d.URL, at)
	outcome := postback.Decide(o.tries, response, at.Add(took), w.draw.Float64())
	o.tries = outcome.Tries
	if outcome.Status.Waiting() {
		o.due = at.Add(took + outcome.Wait)
		outcome.Wait = max(o.due.Sub(w.Now), parked)
	}
	return postback.Result{DeliveryID: d.ID, PostbackID: d.PostbackID, Fence: o.Fence, Outcome: outcome,
		Attempt: &postback.Attempt{At: at, URL: postback.MaskURL(d.URL), StatusCode: response.StatusCode, Duration: took,
			Error: response.Class(), ResponseBody: response.Body}}
}

// handOver leaves what still waits to the program's workers, due when it is due.
func (w *world) handOver(ctx context.Context) error {
	var results []postback.Result
	for _, o := range w.waiting {
		results = append(results, postback.Result{DeliveryID: o.Delivery.ID, PostbackID: o.Delivery.PostbackID, Fence: o.Fence,
			Outcome: postback.Outcome{Status: postback.DeliveryRetrying, Tries: o.tries, Wait: max(o.due.Sub(w.Now), 0)}})
	}
	if len(results) == 0 {
		return nil
	}
	_, err := w.Deliveries.Settle(ctx, results)
	return err
}
