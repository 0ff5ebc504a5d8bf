package postback

import (
	"context"
	"fmt"
	"slices"
	"time"
)

// Visit says when a host wants to be delivered to again.
type Visit struct {
	Again bool
	In    time.Duration // 0 = now
}

const (
	// storeLimit bounds each question to the store: a database that hangs must hold up neither a host nor a stop.
	storeLimit = 10 * time.Second
	// finishLimit is how long a run goes on after it was told to stop: for the requests under way and their results.
	finishLimit = SendLimit + 800*time.Millisecond
	// settleReserve is what a run keeps of its time to write the last results.
	settleReserve = 5 * time.Second
	// holdLimit is how long a leased delivery may wait for its turn and still be settled within the lease.
	holdLimit = LeaseLength - SendLimit - settleReserve
	// aheadRounds is how many rounds of requests are leased ahead for a host that answers quickly: enough that the
	// question for more costs little, and few enough to begin within holdLimit.
	aheadRounds = 3
)

// DeliverHost sends what is due for a host until nothing is, or until too little of ctx's time is left for another
// try. When ctx ends it leases no more, finishes the requests under way and returns within finishLimit. A second call
// for a host that this process is delivering to returns at once: the run under way looks again. While the host's breaker
// is open its rows wait as they are.
func (s *Service) DeliverHost(ctx context.Context, name string) (Visit, error) {
	h, wait := s.begin(name)
	if h == nil {
		return Visit{Again: wait > 0, In: wait}, nil
	}
	stop, cancel := ctx, context.CancelFunc(func() {})
	if deadline, ok := ctx.Deadline(); ok {
		stop, cancel = context.WithDeadline(ctx, deadline.Add(-SendLimit-settleReserve))
	}
	defer cancel()
	for {
		err := s.drain(stop, name, h)
		if err != nil {
			s.abandon(h)
			return Visit{}, fmt.Errorf("deliver to %s: %w", name, err)
		}
		if stop.Err() != nil {
			s.abandon(h)
			break
		}
		if s.end(h) {
			break
		}
	}
	if ctx.Err() != nil {
		return Visit{}, nil // the process is stopping; others look after the rest
	}
	within, cancel := context.WithTimeout(ctx, storeLimit)
	defer cancel()
	wait, waiting, err := s.Deliveries.NextDue(within, name)
	if err != nil {
		return Visit{}, fmt.Errorf("find what %s is owed next: %w", name, err)
	}
	_, _, rest := s.allowance(h)
	return Visit{Again: waiting, In: max(wait, rest, 0)}, nil
}

// DueHosts are the hosts to which something has been due for longer than olderThan, or whose deliverer died; without
// those whose breaker is open here.
func (s *Service) DueHosts(ctx context.Context, olderThan time.Duration) ([]string, error) {
	ctx, cancel := context.WithTimeout(ctx, storeLimit)
	defer cancel()
	hosts, err := s.Deliveries.DueHosts(ctx, olderThan)
	return slices.DeleteFunc(hosts, s.resting), err
}

// drain leases and sends until nothing is due and nothing under way, until the host's breaker opens, or until stop ends.
// What is under way is always finished and written; what is in hand then is given back.
func (s *Service) drain(stop context.Context, name string, h *host) error {
	ctx, cancel := outlive(stop)
	defer cancel()
	results := make(chan Result, 4*mostLimit)
	settled := make(chan struct{})
	go func() {
		defer close(settled)
		s.settleAll(ctx, results)
	}()
	done := make(chan struct{}, mostLimit)
	sending := 0
	var hand []lease
	giveBack := func(wait time.Duration) {
		for _, l := range hand {
			results <- unsent(l.Lease, wait)
		}
		hand = nil
	}
	lots, leasing := make(chan lot, 1), false
	defer func() {
		if leasing {
			hand = append(hand, (<-lots).leases...)
		}
		giveBack(0)
		for ; sending > 0; sending-- {
			<-done
		}
		close(results)
		<-settled
	}()
	more := true // may be due
	for stop.Err() == nil {
		limit, ahead, wait := s.allowance(h)
		if wait > 0 {
			giveBack(wait)
			more = false
		}
		// While a quick host's last round in hand is sent, the next ones are leased.
		if more && !leasing && (len(hand) == 0 && sending < limit || ahead > 0 && len(hand) <= limit) {
			more, leasing = false, true
			go func(asked int) { lots <- s.lease(ctx, name, asked) }(max(limit-sending, 0) + ahead)
		}
		switch {
		case len(hand) > 0 && sending < limit:
			l := hand[0]
			hand = hand[1:]
			if late := s.Clock().Sub(l.at) > holdLimit; late || !l.PostbackActive {
				more = more || late
				results <- unsent(l.Lease, 0)
				continue
			}
			sending++
			go func() {
				over := s.timed(h)
				result, response := s.send(ctx, l.Lease, false)
				over(try{result.Attempt.At, result.Attempt.At.Add(result.Attempt.Duration), response})
				results <- result
				done <- struct{}{}
			}()
		case len(hand) == 0 && sending == 0 && !leasing:
			return nil
		default:
			select {
			case <-done:
				sending--
			case l := <-lots:
				leasing = false
				if l.err != nil {
					return l.err
				}
				hand, more = append(hand, l.leases...), more || l.full
			case <-h.woken:
				more = true
			case <-stop.Done():
			}
		}
	}
	return nil
}

// lease is one in hand.
type lease struct {
	Lease
	at time.Time // of the question that brought it
}

// lot is what one question brought.
type lot struct {
	leases []lease
	full   bool // as many as were asked for, so that there may be more
	err    error
}

// lease is not cut off by a stop, for what it takes can then be given back at once.
func (s *Service) lease(ctx context.Context, host string, limit int) lot {
	ctx, cancel := context.WithTimeout(ctx, storeLimit)
	defer cancel()
	at := s.Clock()
	taken, err := s.Deliveries.Lease(ctx, host, limit, LeaseLength)
	l := lot{leases: make([]lease, len(taken)), full: len(taken) == limit, err: err}
	for i := range taken {
		l.leases[i] = lease{taken[i], at}
	}
	return l
}

// outlive is a context that ends finishLimit after stop does.
func outlive(stop context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(context.WithoutCancel(stop))
	forget := context.AfterFunc(stop, func() {
		limit := time.AfterFunc(finishLimit, cancel)
		context.AfterFunc(ctx, func() { limit.Stop() })
	})
	return ctx, func() { forget(); cancel() }
}

// unsent gives a lease back without a try, due again after a wait. What belongs to an inactive postback is set aside.
func unsent(l Lease, wait time.Duration) Result {
	o := Outcome{Status: l.Delivery.Status, Tries: l.Delivery.Tries, Wait: wait}
	if !l.PostbackActive {
		o = Outcome{Status: DeliveryPaused, Tries: l.Delivery.Tries}
	}
	return Result{DeliveryID: l.Delivery.ID, PostbackID: l.Delivery.PostbackID, Fence: l.Fence, Outcome: o}
}
