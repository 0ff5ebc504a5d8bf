package postback

import "time"

// Health is how a postback fares that failed just now.
type Health struct {
	PostbackID   ID
	Active       bool
	Failures     int       // since the last success
	FailingSince time.Time // first failure since the last success
	Now          time.Time // by the clock that wrote FailingSince
	Gone         bool      // the receiver answered 410
}

// Verdict is the reason to pause the postback; empty = go on.
func (h Health) Verdict() PausedReason {
	switch {
	case !h.Active:
		return ""
	case h.Gone:
		return PausedGone
	case h.Failures >= PauseFailures && h.Now.Sub(h.FailingSince) >= PauseAfter:
		return PausedFailing
	}
	return ""
}
