package jobs

import (
	"context"
	"sync"
	"time"

	"github.com/waypost/waypost/domain/postback"
)

const (
	// slowSlots is how many slow hosts are visited at once: a quarter of a worker's slots (requirement 10).
	slowSlots = workerSlots / 4
	// slowTurn is how long a slow host may go on sending before it is another's turn; its rows wait.
	slowTurn = 10 * time.Second
	// firstAnswer is how long a visit may hold an ordinary slot without an answer.
	firstAnswer = 250 * time.Millisecond
	// besideSlots is how many visits without an answer yet may go on beside the ordinary slots.
	besideSlots = 256
	// watchEvery is how often a visit's pace is looked at.
	watchEvery = 25 * time.Millisecond
)

// visits delivers to hosts so that those which hang keep no slot from those which answer: no host holds an ordinary
// slot without answering, and slow hosts share slowSlots.
type visits struct {
	deliverer Deliverer
	limit     time.Duration // of one visit
	slow      chan struct{}
	beside    chan struct{}
	wg        sync.WaitGroup
}

func newVisits(d Deliverer, limit time.Duration) *visits {
	return &visits{deliverer: d, limit: limit, slow: make(chan struct{}, slowSlots), beside: make(chan struct{}, besideSlots)}
}

// take is false where no slot is free.
func take(slots chan struct{}) bool {
	select {
	case slots <- struct{}{}:
		return true
	default:
		return false
	}
}

// visit delivers to a host and returns when the caller's ordinary slot is free again; the visit may go on beside it, and
// after is called at its end. It is false, and nothing is done, for a slow host where enough of them are visited.
func (v *visits) visit(stop context.Context, host string, after func(postback.Visit, error)) bool {
	slow := v.deliverer.Pace(host) == postback.PaceSlow
	if slow && !take(v.slow) {
		return false
	}
	ctx, cancel := context.WithTimeout(stop, v.limit)
	over, free := make(chan struct{}), make(chan struct{})
	v.wg.Go(func() {
		defer close(over)
		after(v.deliverer.DeliverHost(ctx, host))
	})
	v.wg.Go(func() {
		defer cancel()
		v.watch(host, slow, over, sync.OnceFunc(func() { close(free) }), cancel)
	})
	<-free
	return true
}

// watch moves a visit between the kinds of slots until it is over. cancel keeps the visit from sending more.
func (v *visits) watch(host string, slow bool, over <-chan struct{}, free, cancel func()) {
	defer free()
	var beside bool
	defer func() {
		if slow {
			<-v.slow
		}
		if beside {
			<-v.beside
		}
	}()
	if slow {
		free()
	}
	began := time.Now()
	tick := time.NewTicker(watchEvery)
	defer tick.Stop()
	for {
		select {
		case <-over:
			return
		case <-tick.C:
		}
		pace := v.deliverer.Pace(host)
		switch {
		case slow && pace == postback.PaceFast && (beside || take(v.beside)):
			<-v.slow
			slow, beside = false, true
		case slow:
			if time.Since(began) > slowTurn {
				cancel()
			}
		case pace == postback.PaceSlow:
			if slow = take(v.slow); slow {
				began = time.Now()
			} else {
				cancel()
			}
			free()
		case pace == postback.PaceUnknown && !beside && time.Since(began) > firstAnswer:
			if beside = take(v.beside); beside {
				free()
			}
		}
	}
}
