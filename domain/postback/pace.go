package postback

import (
	"math/bits"
	"time"
)

// Pace is how quickly a host answers.
type Pace int

// The paces. A host that is slow keeps that name until a later visit finds it fast.
const (
	PaceUnknown Pace = iota // no answer in this visit yet, and not slow in the last
	PaceFast
	PaceSlow // the median of its last answers is over slowAfter
)

const (
	slowAfter = time.Second
	// slowHosts is how many slow hosts are remembered; with more than that all start anew.
	slowHosts = 10_000
)

// pace remembers the last eight tries of a visit.
type pace struct {
	before Pace  // what the last visit came to
	slow   uint8 // a bit for each try, newest lowest
	tries  int
}

func (p *pace) note(slow bool) {
	p.slow <<= 1
	if slow {
		p.slow |= 1
	}
	p.tries = min(p.tries+1, 8)
}

func (p *pace) verdict() Pace {
	switch {
	case p.tries == 0:
		return p.before
	case 2*bits.OnesCount8(p.slow) > p.tries:
		return PaceSlow
	}
	return PaceFast
}

// Pace is how quickly the host answers, as far as this process knows. A request counts as soon as it is slow.
func (s *Service) Pace(host string) Pace {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch r := s.runs[host]; {
	case r != nil:
		return r.pace.verdict()
	case s.slow[host]:
		return PaceSlow
	}
	return PaceUnknown
}

// timed watches a request that begins now; the function that it returns is called at its end.
func (s *Service) timed(host string, r *run) (over func()) {
	late := time.AfterFunc(slowAfter, func() { s.note(host, r, true) })
	return func() {
		if late.Stop() {
			s.note(host, r, false)
		}
	}
}

func (s *Service) note(host string, r *run, slow bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r.pace.note(slow)
	switch {
	case r.pace.verdict() != PaceSlow:
		delete(s.slow, host)
	case !s.slow[host]:
		if len(s.slow) >= slowHosts {
			clear(s.slow)
		}
		s.slow[host] = true
	}
}
