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

	// How many requests to one host one process may have under way (requirement 10).
	firstLimit = 8
	mostLimit  = 64
	// slowLimit is for a host that is slow: a quarter of the slots.
	slowLimit = mostLimit / 4
)

// try is one request that was made and what came of it.
type try struct {
	began, ended time.Time
	response     Response
}

// quick tells a success that asks for more.
func (t try) quick() bool { return t.response.Succeeded() && t.ended.Sub(t.began) < slowAfter }

// overloads tells the answers of a host that has too much to do.
func (t try) overloads() bool {
	return t.response.Class() == ErrorTimeout || t.response.StatusCode == 429 || t.response.StatusCode >= 500
}

// fails tells that the host does not work. Another answer, such as a 404, is the fault of one URL of many on it.
func (t try) fails() bool { return t.response.StatusCode == 0 || t.overloads() }

// local tells a try that never left this process, and so says nothing of the host.
func (t try) local() bool {
	switch t.response.Class() {
	case ErrorBlockedAddress, ErrorInvalidURL, ErrorSigning:
		return true
	}
	return false
}

// throttle is how many requests to a host may be under way at once.
type throttle struct {
	limit  int
	quick  int       // in a row, since the limit last changed
	halved time.Time // when it last was
}

// note lets one more through for each full round of quick successes, and half as many after an answer that tells of
// overload: once for all that were under way together.
func (t *throttle) note(y try) {
	switch {
	case y.overloads():
		if y.began.Before(t.halved) && !y.ended.Before(t.halved) {
			return
		}
		t.limit, t.quick, t.halved = max(t.limit/2, 1), 0, y.ended
	case !y.quick():
		t.quick = 0
	default:
		if t.quick++; t.quick >= t.limit && t.limit < mostLimit {
			t.limit, t.quick = t.limit+1, 0
		}
	}
}

// pace remembers the last eight tries of a visit.
type pace struct {
	before Pace  // what the last visit came to
	slow   uint8 // a bit for each try, newest lowest
	tries  int
}

// anew is the pace of the next visit.
func (p *pace) anew() pace {
	if p.verdict() == PaceSlow {
		return pace{before: PaceSlow}
	}
	return pace{}
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
