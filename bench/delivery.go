package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/url"
	"time"
)

const (
	// deliveryConns is how many requests the program has under way to one host at most, once it has found it quick; its
	// ceiling has as many from the start.
	deliveryConns = 64
	// holdLimit keeps the recording of conversions, during which the sink answers nothing, below the 15 s after which
	// a delivery counts as failed.
	holdLimit     = 6 * time.Second
	deliveryLimit = time.Minute
)

// benchDeliveries records conversions while the affiliate's tracker is silent, then lets it answer and measures how
// fast what waits arrives, against a bare HTTP client with as many connections.
func benchDeliveries(ctx context.Context, r *run) error {
	s, err := newSink()
	if err != nil {
		return err
	}
	defer s.close()
	affiliate, err := r.product.makeAffiliate(ctx, "Media buyer")
	if err != nil {
		return err
	}
	if _, err := r.product.api(ctx, "POST", "/postbacks", object{"affiliate_id": json.Number(affiliate), "url": s.url() + "{delivery_id}"}, http.StatusCreated); err != nil {
		return err
	}
	clicks, err := r.makeClicks(ctx, []string{affiliate}, r.deliveries)
	if err != nil {
		return fmt.Errorf("make clicks: %w", err)
	}
	rand.Shuffle(len(clicks), func(i, j int) { clicks[i], clicks[j] = clicks[j], clicks[i] })
	var recorded, arrived, distinct int
	for n := range r.rounds {
		c, err := dial(r.product.addr, r.conns, holdLimit)
		if err != nil {
			return err
		}
		calls := newPostbacks(c, r.network.token, fmt.Sprintf("d%d-", n), clicks)
		calls.most = int64(r.deliveries)
		s.hold()
		f, o, err := round(ctx, r.product.processes, func() (outcome, error) {
			return closedLoop{workers: r.conns, length: holdLimit, step: calls.step}.run(ctx), nil
		}, nil)
		c.close()
		if err != nil {
			s.release()
			return fmt.Errorf("record conversions: %w", err)
		}
		r.report.add("delivery", "recording: postbacks, a delivery each", r.conns, f)
		r.report.note("delivery", o.err())
		if o.acknowledged < r.deliveries {
			r.report.note("delivery", fmt.Errorf("round %d has %d deliveries: no more postbacks were recorded in %s", n+1, o.acknowledged, holdLimit))
		}
		owed := o.acknowledged + o.faults[faultQueued]
		recorded += owed

		f, _, err = round(ctx, r.product.processes, func() (outcome, error) { return s.drain(ctx, owed) }, r.delivered)
		all, once, _ := s.counts()
		arrived, distinct = arrived+all, distinct+once
		if err != nil {
			return fmt.Errorf("%d of %d deliveries arrived: %w", once, owed, err)
		}
		r.report.add("delivery", "waypost", deliveryConns, f)

		s.hold()
		f, _, err = round(ctx, processes{server: r.ceiling.pid}, func() (outcome, error) {
			fired := make(chan error, 1)
			go func() {
				fired <- get(ctx, &http.Client{Timeout: deliveryLimit}, fmt.Sprintf("http://%s/fire?n=%d&conns=%d&url=%s", r.ceiling.addr,
					owed, deliveryConns, url.QueryEscape(s.url())))
			}()
			o, err := s.drain(ctx, owed)
			return o, errors.Join(err, <-fired)
		}, nil)
		if err != nil {
			return fmt.Errorf("the ceiling: %w", err)
		}
		r.report.add("delivery", "bare HTTP client, records nothing", deliveryConns, f)
	}
	if arrived > distinct {
		r.report.note("delivery", fmt.Errorf("%d deliveries arrived more than once", arrived-distinct))
	}
	settled, err := r.product.count(ctx, "SELECT count(*) FROM deliveries WHERE status = 'delivered'")
	if err != nil {
		return err
	}
	return errors.Join(
		r.report.check("delivery", "deliveries that arrived", int64(distinct), "postbacks acknowledged", int64(recorded)),
		r.report.check("delivery", "deliveries marked delivered", settled, "postbacks acknowledged", int64(recorded)))
}

// drain lets the sink answer and waits until so many deliveries have arrived.
func (s *sink) drain(ctx context.Context, want int) (outcome, error) {
	ctx, cancel := context.WithTimeout(ctx, deliveryLimit)
	defer cancel()
	began := time.Now()
	s.release()
	for {
		_, distinct, last := s.counts()
		if distinct >= want {
			return outcome{acknowledged: distinct, perSecond: float64(distinct) / last.Sub(began).Seconds()}, nil
		}
		select {
		case <-ctx.Done():
			return outcome{}, ctx.Err()
		case <-time.After(5 * time.Millisecond):
		}
	}
}

// delivered waits until no delivery is waiting for its result to be written.
func (r *run) delivered(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, deliveryLimit)
	defer cancel()
	return r.product.await(ctx, "every delivery's result is written", func() (bool, error) {
		waiting, err := r.product.count(ctx, "SELECT count(*) FROM deliveries WHERE status IN ('pending', 'retrying')")
		return waiting == 0, err
	})
}
