package jobs

import (
	"context"
	"log/slog"
	"math/rand/v2"
	"sync"
	"time"
)

const (
	sweepEvery = time.Second
	// overdue is how long a row may be due before the sweeper concludes that no task will come for it.
	overdue = 2 * time.Second
	// sweepSlots is how many hosts the sweeper delivers to at once. Hosts that hang hold one each, for sweepLimit.
	sweepSlots = 64
	sweepLimit = 30 * time.Second
)

// Sweeper delivers what the queue lost. It asks the database, never Redis.
type Sweeper struct {
	deliverer Deliverer
	log       *slog.Logger

	slots chan struct{}
	wg    sync.WaitGroup
	mu    sync.Mutex
	busy  map[string]bool // hosts that the sweeper delivers to right now
}

// NewSweeper makes a sweeper; Run starts it.
func NewSweeper(d Deliverer, log *slog.Logger) *Sweeper {
	return &Sweeper{deliverer: d, log: log, slots: make(chan struct{}, sweepSlots), busy: map[string]bool{}}
}

// Run sweeps until ctx ends, then finishes what is under way.
func (s *Sweeper) Run(ctx context.Context) error {
	defer s.wg.Wait()
	tick := time.NewTicker(sweepEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
			s.sweep(ctx)
		}
	}
}

// sweep starts a delivery to each host that has waited too long, as far as there are slots; the others' turn comes with
// the next tick.
func (s *Sweeper) sweep(ctx context.Context) {
	hosts, err := s.deliverer.DueHosts(ctx, overdue)
	if err != nil {
		if ctx.Err() == nil {
			s.log.ErrorContext(ctx, "cannot look for overdue deliveries", slog.Any("error", err))
		}
		return
	}
	// No host comes first every time, so that a few that hang cannot hold all slots for good.
	rand.Shuffle(len(hosts), func(i, j int) { hosts[i], hosts[j] = hosts[j], hosts[i] })
	for _, host := range hosts {
		if !s.claim(host) {
			continue
		}
		select {
		case s.slots <- struct{}{}:
		default:
			s.release(host)
			return
		}
		s.wg.Go(func() {
			defer func() {
				<-s.slots
				s.release(host)
			}()
			ctx, cancel := context.WithTimeout(ctx, sweepLimit)
			defer cancel()
			if _, err := s.deliverer.DeliverHost(ctx, host); err != nil {
				s.log.ErrorContext(ctx, "delivery run failed", slog.String("host", host), slog.Any("error", err))
			}
		})
	}
}

func (s *Sweeper) claim(host string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.busy[host] {
		return false
	}
	s.busy[host] = true
	return true
}

func (s *Sweeper) release(host string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.busy, host)
}
