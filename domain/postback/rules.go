package postback

import "time"

// Rules are the figures by which deliveries go out, for those who look at a postback.
type Rules struct {
	Tries         int           // the first one included
	Span          time.Duration // from the first try to the last, without jitter
	FirstWait     time.Duration // after the first try
	SendLimit     time.Duration // of one try
	FirstParallel int           // requests to one host at once, from each process: to begin with
	MostParallel  int           // and at most, while it answers quickly
	PauseAfter    time.Duration // a URL that only failed for this long
	PauseFailures int           // and this often is paused
	MaxRetryAfter time.Duration // of a 429 or 503, respected up to this
}

// DeliveryRules are the rules in force.
func DeliveryRules() Rules {
	r := Rules{Tries: Tries(), FirstWait: waits[0], SendLimit: SendLimit, FirstParallel: firstLimit, MostParallel: mostLimit,
		PauseAfter: PauseAfter, PauseFailures: PauseFailures, MaxRetryAfter: maxRetryAfter}
	for _, wait := range waits {
		r.Span += wait
	}
	return r
}
