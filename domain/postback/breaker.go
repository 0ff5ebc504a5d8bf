package postback

import "time"

// A host's breaker opens when this share of at least so many tries within the window failed; then one probe after each
// rest shows whether the host is back (requirement 10).
const (
	breakerWindow = 5 * time.Minute
	breakerTries  = 10
	breakerShare  = 70 // percent
	breakerRest   = 30 * time.Second
)

// breakerSlots is into how many pieces the window is cut; the oldest leaves as a whole.
const breakerSlots = 10

// breaker counts how a host fares. The zero value is closed: requests pass.
type breaker struct {
	slots  [breakerSlots]struct{ number, tries, failures int64 }
	opened time.Time // when the last try failed that keeps it open; zero = closed
}

func (b *breaker) note(t try) {
	if b.open() {
		switch {
		case t.began.Before(b.opened) && !t.ended.Before(b.opened): // was under way already: says nothing new
		case t.fails():
			b.opened = t.ended
		default:
			*b = breaker{}
		}
		return
	}
	number := t.ended.UnixNano() / int64(breakerWindow/breakerSlots)
	slot := &b.slots[((number%breakerSlots)+breakerSlots)%breakerSlots]
	if slot.number != number {
		slot.number, slot.tries, slot.failures = number, 0, 0
	}
	slot.tries++
	if t.fails() {
		slot.failures++
	}
	var tries, failures int64
	for _, s := range b.slots {
		if age := number - s.number; age >= 0 && age < breakerSlots {
			tries, failures = tries+s.tries, failures+s.failures
		}
	}
	if tries >= breakerTries && 100*failures >= breakerShare*tries {
		b.opened = t.ended
	}
}

// open tells that at most one request at a time, the probe, may be made.
func (b *breaker) open() bool { return !b.opened.IsZero() }

// wait is how long until the next probe; 0 where a request may be made now. A clock that was set back prolongs no wait.
func (b *breaker) wait(now time.Time) time.Duration {
	if !b.open() || now.Before(b.opened) {
		return 0
	}
	return max(b.opened.Add(breakerRest).Sub(now), 0)
}
