package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

const (
	pace = 500 // conversions a second
	// paceConns is enough for answers that take 200 ms.
	paceConns = 100
	arriveIn  = 30 * time.Second
)

// paced is an open loop: the n-th postback is sent when its time has come, whether or not the others have their answers.
type paced struct {
	length time.Duration
	calls  *postbacks
}

// pacedOutcome is what became of paced postbacks.
type pacedOutcome struct {
	answers outcome             // perSecond is what was acknowledged; p50 and p99 count from the moment when a call was due
	acked   map[int64]time.Time // by number, when the answer came
}

func (p paced) run(ctx context.Context) pacedOutcome {
	n := int64(p.length * pace / time.Second)
	acked, took := make([]time.Time, n+1), make([]time.Duration, n+1)
	var next atomic.Int64
	var mu sync.Mutex
	faults := map[string]int{}
	start := time.Now()
	var workers sync.WaitGroup
	for w := range len(p.calls.c.conns) {
		workers.Go(func() {
			for i := next.Add(1); i <= n && ctx.Err() == nil; i = next.Add(1) {
				due := start.Add(time.Duration(i) * time.Second / pace)
				time.Sleep(time.Until(due))
				fault := p.calls.call(w, i)
				if now := time.Now(); fault == "" {
					acked[i], took[i] = now, now.Sub(due)
				} else {
					mu.Lock()
					faults[fault]++
					mu.Unlock()
				}
			}
		})
	}
	workers.Wait()
	o := pacedOutcome{acked: map[int64]time.Time{}, answers: outcome{faults: faults}}
	var all []time.Duration
	for i, at := range acked {
		if !at.IsZero() {
			o.acked[int64(i)] = at
			all = append(all, took[i])
		}
	}
	slices.Sort(all)
	o.answers.acknowledged, o.answers.perSecond = len(all), float64(len(all))/time.Since(start).Seconds()
	o.answers.p50, o.answers.p99 = percentile(all, 0.50), percentile(all, 0.99)
	return o
}

// arrivals is how long after its acknowledgement each delivery came, sorted. A queued call owes one too, which is waited
// for. Errors: one that did not come.
func (o pacedOutcome) arrivals(ctx context.Context, s *sink, prefix string) (after []time.Duration, err error) {
	ctx, cancel := context.WithTimeout(ctx, arriveIn)
	defer cancel()
	if _, err := s.await(ctx, len(o.acked)+o.answers.faults[faultQueued]); err != nil {
		_, distinct, _ := s.counts()
		return nil, fmt.Errorf("%d of %d deliveries came within %s: %w", distinct, len(o.acked)+o.answers.faults[faultQueued], arriveIn, err)
	}
	for n, at := range o.acked {
		arrived, ok := s.arrival(fmt.Sprint(prefix, n))
		if !ok {
			return nil, fmt.Errorf("the delivery of %s%d did not come", prefix, n)
		}
		after = append(after, max(0, arrived.Sub(at))) // it may overtake its answer
	}
	slices.Sort(after)
	return after, nil
}

// pacedRound sends conversions at the pace and gives the figures of the answers and of the arrivals.
func (r *run) pacedRound(ctx context.Context, scenario string, s *sink, prefix string, clicks []clicked, length time.Duration) (answers, arrivals figures, err error) {
	c, err := dial(r.product.addr, paceConns, length)
	if err != nil {
		return answers, arrivals, err
	}
	defer c.close()
	s.forget()
	var o pacedOutcome
	answers, _, err = round(ctx, r.product.processes, func() (outcome, error) {
		o = paced{length, newPostbacks(c, prefix, clicks)}.run(ctx)
		return o.answers, nil
	}, nil)
	if err != nil {
		return answers, arrivals, errors.Join(err, o.answers.err())
	}
	r.report.note(scenario, o.answers.err())
	if o.answers.perSecond < 0.95*pace {
		r.report.note(scenario, fmt.Errorf("%s: only %.0f of %d conversions a second could be sent, so the times are those of an overloaded machine", prefix, o.answers.perSecond, pace))
	}
	after, err := o.arrivals(ctx, s, prefix)
	return answers, unmeasured(func(f *figures) {
		f.P50, f.P99, f.OtherLoad = exactly(percentile(after, 0.50)), exactly(percentile(after, 0.99)), answers.OtherLoad
	}), err
}

// exactly is a time that may be zero.
func exactly(d time.Duration) figure { return figure(float64(d) / float64(time.Millisecond)) }

const (
	pacedAnswers  = ours + " at 500/s: postback due to answer"
	pacedArrivals = ours + " at 500/s: answer to delivered"
)

// paceDeliveries measures how long after its acknowledgement a conversion is delivered to a fast target.
func (r *run) paceDeliveries(ctx context.Context) error {
	s, err := newSink()
	if err != nil {
		return err
	}
	defer s.close()
	_, clicks, err := r.makeBuyer(ctx, "Paced buyer", s.url()+"{txid}", r.deliveries)
	if err != nil {
		return err
	}
	for n := range r.rounds {
		answers, arrivals, err := r.pacedRound(ctx, "delivery", s, fmt.Sprintf("p%d-", n), clicks, r.paced/time.Duration(r.rounds))
		if err != nil {
			return fmt.Errorf("paced: %w", err)
		}
		r.report.add("delivery", pacedAnswers, paceConns, answers)
		r.report.add("delivery", pacedArrivals, 0, arrivals)
	}
	m := r.report.median("delivery", pacedArrivals, 0)
	r.report.atMost("delivery", "conversion acknowledged to delivered, p50 at 500 conversions/s", 100, " ms", 1, m.P50)
	r.report.atMost("delivery", "conversion acknowledged to delivered, p99 at 500 conversions/s", 1000, " ms", 1, m.P99)
	return nil
}
