package postback

import (
	"time"
)

// maxHosts is how many hosts are remembered; with more than that, those at rest start anew.
const maxHosts = 10_000

// host is what this process knows of one receiver. Service.mu guards it.
type host struct {
	woken    chan struct{} // holds one wake-up that came during a run
	running  bool          // a run delivers to it; there is at most one
	pace     pace
	throttle throttle
	breaker  breaker
}

// host is the one with that name, made if need be. Service.mu is held.
func (s *Service) host(name string) *host {
	h := s.hosts[name]
	if h == nil {
		if len(s.hosts) >= maxHosts {
			for name, other := range s.hosts {
				if !other.running {
					delete(s.hosts, name)
				}
			}
		}
		h = &host{woken: make(chan struct{}, 1), throttle: throttle{limit: firstLimit}}
		s.hosts[name] = h
	}
	return h
}

// begin is nil where this process delivers to the host already, which is then told to look again, or where its breaker
// is open; wait is how long until the next probe.
func (s *Service) begin(name string) (h *host, wait time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	h = s.host(name)
	if h.running {
		select {
		case h.woken <- struct{}{}:
		default:
		}
		return nil, 0
	}
	if wait = h.breaker.wait(s.Clock()); wait > 0 {
		return nil, wait
	}
	h.running, h.pace = true, h.pace.anew()
	return h, 0
}

// end is false where the run was woken since it last looked.
func (s *Service) end(h *host) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	select {
	case <-h.woken:
		return false
	default:
		h.running = false
		return true
	}
}

func (s *Service) abandon(h *host) {
	s.mu.Lock()
	defer s.mu.Unlock()
	h.running = false
}

// allowance is how many requests to the host may be under way now, and how many deliveries may wait in hand for their
// turn; with a wait none may begin before it is over.
func (s *Service) allowance(h *host) (limit, ahead int, wait time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if h.breaker.open() {
		return 1, 0, h.breaker.wait(s.Clock())
	}
	switch limit = h.throttle.limit; h.pace.verdict() {
	case PaceSlow:
		limit = min(limit, slowLimit)
	case PaceFast:
		ahead = aheadRounds * limit
	}
	return limit, ahead, 0
}

// Pace is how quickly the host answers, as far as this process knows. A request counts as soon as it is slow.
func (s *Service) Pace(name string) Pace {
	s.mu.Lock()
	defer s.mu.Unlock()
	h := s.hosts[name]
	if h == nil {
		return PaceUnknown
	}
	if verdict := h.pace.verdict(); h.running || verdict == PaceSlow {
		return verdict
	}
	return PaceUnknown
}

// resting tells a host whose breaker lets nothing through now.
func (s *Service) resting(name string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	h := s.hosts[name]
	return h != nil && h.breaker.wait(s.Clock()) > 0
}

// OpenBreakers is how many hosts this process leaves alone for the moment because they do not work.
func (s *Service) OpenBreakers() (hosts int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, h := range s.hosts {
		if h.breaker.open() {
			hosts++
		}
	}
	return hosts
}

// timed watches a request that begins now; the function that it returns is called with what came of it.
func (s *Service) timed(h *host) (over func(try)) {
	note := func(slow bool) {
		s.mu.Lock()
		defer s.mu.Unlock()
		h.pace.note(slow)
	}
	late := time.AfterFunc(slowAfter, func() { note(true) })
	return func(t try) {
		if late.Stop() {
			note(false)
		}
		if t.local() {
			return
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		h.throttle.note(t)
		h.breaker.note(t)
	}
}
