package jobs

import (
	"context"
	"log/slog"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/waypost/waypost/domain/postback"
)

const (
	sweepEvery = time.Second
	// overdue is how long a row may be due before the sweeper concludes that no task will come for it.
	overdue = 2 * time.Second
	// sweepSlots is how many hosts the sweeper delivers to at once, besides those that do not answer.
	sweepSlots = 64
	sweepLimit = 30 * time.Second
)

// Sweeper delivers what the queue lost. It asks the database, never Redis.
type Sweeper struct {
	deliverer Deliverer
	log       *slog.Logger

	visits *visits
	slots  chan struct{}
	wg     sync.WaitGroup
	health health
	mu     sync.Mutex
	busy   map[string]bool // hosts that the sweeper delivers to right now
	finds  prometheus.Counter
}

// NewSweeper makes a sweeper; Run starts it.
func NewSweeper(d Deliverer, log *slog.Logger) *Sweeper {
	return &Sweeper{deliverer: d, log: log, visits: newVisits(d, sweepLimit), slots: make(chan struct{}, sweepSlots),
		health: health{log: log, what: "looking for overdue deliveries"}, busy: map[string]bool{}, finds: newFinds()}
}

// Run sweeps until ctx ends, then finishes what is under way, within stopLimit.
func (s *Sweeper) Run(ctx context.Context) error {
	defer finish(ctx, s.log, "deliveries of the sweeper", func() { s.wg.Wait(); s.visits.wg.Wait() })
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
	if ctx.Err() != nil {
		return
	}
	if s.health.note(ctx, err); err != nil {
		return
	}
	// No host comes first every time, so that a few that hang cannot hold all slots for good.
	rand.Shuffle(len(hosts), func(i, j int) { hosts[i], hosts[j] = hosts[j], hosts[i] })
	for _, host := range hosts {
		if !s.claim(host) {
			continue
		}
		if !take(s.slots) {
			s.release(host)
			return
		}
		s.finds.Inc()
		s.wg.Go(func() {
			defer func() { <-s.slots }()
			started := s.visits.visit(ctx, host, func(_ postback.Visit, err error) {
				defer s.release(host)
				if err != nil {
					s.log.ErrorContext(ctx, "delivery run failed", slog.String("host", host), slog.Any("error", err))
				}
			})
			if !started {
				s.release(host)
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
