package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"time"
)

const (
	// deliveryConns is how many requests the program has under way to one host at most, once it has found it quick; its
	// ceilings have as many from the start.
	deliveryConns = 64
	// holdLimit keeps the recording of conversions, during which the sink answers nothing, below the 15 s after which
	// a delivery counts as failed.
	holdLimit     = 6 * time.Second
	deliveryLimit = time.Minute
	// mostTasks is enough for those that send at a steady rate from the start.
	mostTasks = 5000
)

const (
	bareClient = "bare HTTP client, records nothing"
	asynqTasks = "asynq, a task each"
)

// benchDeliveries records conversions while the affiliate's tracker is silent, then lets it answer and measures how
// fast what waits arrives, against a task each and a bare HTTP client with as many connections. Then it sends conversions
// at a fixed pace and measures when each arrives.
func benchDeliveries(ctx context.Context, r *run) error {
	s, err := newSink()
	if err != nil {
		return err
	}
	defer s.close()
	affiliate, clicks, err := r.makeBuyer(ctx, "Media buyer", s.url()+"{delivery_id}", r.deliveries)
	if err != nil {
		return err
	}
	var recorded, arrived, distinct int
	for n := range r.rounds {
		owed, err := r.recordHeld(ctx, s, fmt.Sprintf("d%d-", n), clicks)
		if err != nil {
			return fmt.Errorf("record conversions: %w", err)
		}
		recorded += owed
		f, _, err := round(ctx, r.product.processes, func() (outcome, error) { return s.drain(ctx, owed) }, r.delivered)
		all, once, _ := s.counts()
		arrived, distinct = arrived+all, distinct+once
		if err != nil {
			return fmt.Errorf("%d of %d deliveries arrived: %w", once, owed, err)
		}
		r.report.add("delivery", ours, deliveryConns, f)
		for _, rival := range []struct {
			name, prepare, run string
		}{
			{bareClient, "", "/fire?conns=%[3]d&n=%[1]d&url=%[2]s"},
			{asynqTasks, "/tasks/queue?n=%[1]d&url=%[2]s", "/tasks/run?n=%[1]d"},
		} {
			if f, err = r.ceilingRound(ctx, s, rival.prepare, rival.run, min(owed, mostTasks)); err != nil {
				return fmt.Errorf("%s: %w", rival.name, err)
			}
			r.report.add("delivery", rival.name, deliveryConns, f)
		}
	}
	r.report.atLeast("delivery", "deliveries per second to a fast local target", 15_000, "", 0, r.report.median("delivery", ours, deliveryConns).PerSecond)
	if arrived > distinct {
		r.report.note("delivery", fmt.Errorf("%d deliveries arrived more than once", arrived-distinct))
	}
	settled, err := r.product.count(ctx, "SELECT count(*) FROM deliveries WHERE status = 'delivered' AND affiliate_id = $1", affiliate)
	if err != nil {
		return err
	}
	return errors.Join(
		r.report.check("delivery", "deliveries that arrived", int64(distinct), "postbacks acknowledged", int64(recorded)),
		r.report.check("delivery", "deliveries marked delivered", settled, "postbacks acknowledged", int64(recorded)),
		r.paceDeliveries(ctx))
}

// recordHeld records conversions while the sink answers nothing, and gives the number of deliveries owed.
func (r *run) recordHeld(ctx context.Context, s *sink, prefix string, clicks []clicked) (owed int, err error) {
	c, err := dial(r.product.addr, r.conns, holdLimit)
	if err != nil {
		return 0, err
	}
	defer c.close()
	calls := newPostbacks(c, prefix, clicks)
	calls.most = int64(r.deliveries)
	s.hold()
	f, o, err := round(ctx, r.product.processes, func() (outcome, error) {
		return closedLoop{workers: r.conns, length: holdLimit, step: calls.step}.run(ctx), nil
	}, nil)
	if err != nil {
		s.release()
		return 0, err
	}
	r.report.add("delivery", ours+" records, a delivery each", r.conns, f)
	r.report.note("delivery", o.err())
	if o.acknowledged < r.deliveries {
		r.report.note("delivery", fmt.Errorf("a round has %d deliveries: no more postbacks were recorded in %s", o.acknowledged, holdLimit))
	}
	return o.acknowledged + o.faults[faultQueued], nil
}

// ceilingRound lets the ceiling send n deliveries to the sink. The paths are formats of n, the sink's URL and the number
// of connections; what prepare asks for is not measured.
func (r *run) ceilingRound(ctx context.Context, s *sink, prepare, run string, n int) (figures, error) {
	ask := func(path string) error {
		path = fmt.Sprintf(path, n, url.QueryEscape(s.url()), deliveryConns)
		return get(ctx, &http.Client{Timeout: deliveryLimit}, "http://"+r.ceiling.addr+path)
	}
	if prepare != "" {
		if err := ask(prepare); err != nil {
			return figures{}, err
		}
	}
	s.hold()
	f, _, err := round(ctx, processes{server: r.ceiling.pid}, func() (outcome, error) {
		sent := make(chan error, 1)
		go func() { sent <- ask(run) }()
		o, err := s.drain(ctx, n)
		return o, errors.Join(err, <-sent)
	}, nil)
	return f, err
}

// drain lets the sink answer and waits until so many deliveries have arrived.
func (s *sink) drain(ctx context.Context, want int) (outcome, error) {
	ctx, cancel := context.WithTimeout(ctx, deliveryLimit)
	defer cancel()
	began := time.Now()
	s.release()
	last, err := s.await(ctx, want)
	if err != nil {
		return outcome{}, err
	}
	return outcome{acknowledged: want, perSecond: float64(want) / last.Sub(began).Seconds()}, nil
}

// await waits until so many deliveries have arrived, and gives the time of the last.
func (s *sink) await(ctx context.Context, want int) (last time.Time, err error) {
	for {
		_, distinct, last := s.counts()
		if distinct >= want {
			return last, nil
		}
		select {
		case <-ctx.Done():
			return last, ctx.Err()
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
