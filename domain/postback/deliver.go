package postback

import (
	"context"
	"fmt"
	"time"
)

// run is the delivery to one host, of which a process has at most one.
type run struct {
	woken chan struct{} // holds one wake-up that came meanwhile
	pace  pace          // guarded by Service.mu
}

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
)

// DeliverHost sends what is due for a host until nothing is, or until too little of ctx's time is left for another
// try. When ctx ends it leases no more, finishes the requests under way and returns within finishLimit. A second call
// for a host that this process is delivering to returns at once: the run under way looks again.
func (s *Service) DeliverHost(ctx context.Context, host string) (Visit, error) {
	r := s.begin(host)
	if r == nil {
		return Visit{}, nil
	}
	stop, cancel := ctx, context.CancelFunc(func() {})
	if deadline, ok := ctx.Deadline(); ok {
		stop, cancel = context.WithDeadline(ctx, deadline.Add(-SendLimit-settleReserve))
	}
	defer cancel()
	for {
		err := s.drain(stop, host, r)
		if err != nil {
			s.abandon(host)
			return Visit{}, fmt.Errorf("deliver to %s: %w", host, err)
		}
		if stop.Err() != nil {
			s.abandon(host)
			break
		}
		if s.end(host, r) {
			break
		}
	}
	if ctx.Err() != nil {
		return Visit{}, nil // the process is stopping; others look after the rest
	}
	within, cancel := context.WithTimeout(ctx, storeLimit)
	defer cancel()
	wait, waiting, err := s.Deliveries.NextDue(within, host)
	if err != nil {
		return Visit{}, fmt.Errorf("find what %s is owed next: %w", host, err)
	}
	return Visit{Again: waiting, In: max(wait, 0)}, nil
}

// DueHosts are the hosts to which something has been due for longer than olderThan, or whose deliverer died.
func (s *Service) DueHosts(ctx context.Context, olderThan time.Duration) ([]string, error) {
	ctx, cancel := context.WithTimeout(ctx, storeLimit)
	defer cancel()
	return s.Deliveries.DueHosts(ctx, olderThan)
}

// begin is nil where this process delivers to the host already; that run is told to look again.
func (s *Service) begin(host string) *run {
	s.mu.Lock()
	defer s.mu.Unlock()
	if r := s.runs[host]; r != nil {
		select {
		case r.woken <- struct{}{}:
		default:
		}
		return nil
	}
	r := &run{woken: make(chan struct{}, 1)}
	if s.slow[host] {
		r.pace.before = PaceSlow
	}
	s.runs[host] = r
	return r
}

// end is false where the run was woken since it last looked.
func (s *Service) end(host string, r *run) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	select {
	case <-r.woken:
		return false
	default:
		delete(s.runs, host)
		return true
	}
}

func (s *Service) abandon(host string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.runs, host)
}

// slots is how many requests to one host may be under way at once.
func (s *Service) slots(string) int { return 8 }

// drain leases and sends until nothing is due and nothing under way, or stop ends. What is under way is always finished
// and written.
func (s *Service) drain(stop context.Context, host string, r *run) error {
	ctx, cancel := outlive(stop)
	defer cancel()
	slots := s.slots(host)
	results := make(chan Result, 4*slots)
	settled := make(chan struct{})
	go func() {
		defer close(settled)
		s.settleAll(ctx, results)
	}()
	done := make(chan struct{}, slots)
	sending := 0
	defer func() {
		for ; sending > 0; sending-- {
			<-done
		}
		close(results)
		<-settled
	}()
	for stop.Err() == nil {
		leasedAt := s.Clock()
		leases, err := s.lease(ctx, host, 2*slots)
		if err != nil {
			return err
		}
		for _, l := range leases {
			for sending == slots {
				<-done
				sending--
			}
			if stop.Err() != nil || !l.PostbackActive || s.Clock().Sub(leasedAt) > LeaseLength-SendLimit-settleReserve {
				results <- unsent(l)
				continue
			}
			sending++
			go func() {
				over := s.timed(host, r)
				result := s.send(ctx, l)
				over()
				results <- result
				done <- struct{}{}
			}()
		}
		for len(leases) == 0 {
			if sending == 0 {
				return nil
			}
			select {
			case <-done:
				sending--
				continue
			case <-r.woken:
			case <-stop.Done():
			}
			break
		}
	}
	return nil
}

// lease is not cut off by a stop, for what it takes can then be given back at once.
func (s *Service) lease(ctx context.Context, host string, limit int) ([]Lease, error) {
	ctx, cancel := context.WithTimeout(ctx, storeLimit)
	defer cancel()
	return s.Deliveries.Lease(ctx, host, limit, LeaseLength)
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

// unsent gives a lease back without a try. What belongs to an inactive postback is set aside.
func unsent(l Lease) Result {
	o := Outcome{Status: l.Delivery.Status, Tries: l.Delivery.Tries}
	if !l.PostbackActive {
		o.Status = DeliveryPaused
	}
	return Result{DeliveryID: l.Delivery.ID, PostbackID: l.Delivery.PostbackID, Fence: l.Fence, Outcome: o}
}
