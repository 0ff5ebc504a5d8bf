package postback

import (
	"math"
	"strconv"
	"strings"
	"time"
)

// waits is how long to wait after the first, second … failed try (contract section 4).
var waits = []time.Duration{5 * time.Second, 30 * time.Second, 5 * time.Minute, 30 * time.Minute,
	2 * time.Hour, 5 * time.Hour, 10 * time.Hour, 10 * time.Hour}

const (
	maxRetryAfter = 24 * time.Hour
	jitterShare   = 0.10 // of a wait, to both sides
)

// Tries is how often a delivery is tried before it fails for good.
func Tries() int { return len(waits) + 1 }

// Response is what a try brought back. StatusCode is 0 where no answer came.
type Response struct {
	StatusCode int
	RetryAfter string // the header as it came
	Body       string // its beginning: valid UTF-8, at most 4 KiB
	Error      ErrorClass
	Detail     *Detail // of a request that was watched; else nil
}

// Succeeded tells any 2xx.
func (r Response) Succeeded() bool { return r.StatusCode >= 200 && r.StatusCode <= 299 }

// Class is what went wrong: the error of the transport, or the kind of status that is no success.
func (r Response) Class() ErrorClass {
	switch {
	case r.Succeeded():
		return ""
	case r.StatusCode == 0 && r.Error == "":
		return ErrorConnection
	case r.StatusCode == 0:
		return r.Error
	case r.StatusCode < 200:
		return ErrorHTTP1xx
	case r.StatusCode < 400:
		return ErrorHTTP3xx
	case r.StatusCode < 500:
		return ErrorHTTP4xx
	}
	return ErrorHTTP5xx
}

// Outcome is where a delivery stands after a try.
type Outcome struct {
	Status DeliveryStatus
	Reason string
	Tries  int
	Wait   time.Duration // until the next try; only where Status is retrying
}

// Decide is the state machine of a delivery: tries are those made before this one, now is the instant of the answer,
// jitter a random number from 0 up to but not including 1.
func Decide(tries int, r Response, now time.Time, jitter float64) Outcome {
	tries++
	switch {
	case r.Succeeded():
		return Outcome{Status: DeliveryDelivered, Tries: tries}
	case r.StatusCode == 410:
		return Outcome{Status: DeliveryFailed, Reason: ReasonGone, Tries: tries}
	case tries >= Tries():
		return Outcome{Status: DeliveryFailed, Reason: string(r.Class()), Tries: tries}
	}
	wait := waits[tries-1]
	wait += time.Duration(math.Round(float64(wait) * jitterShare * (2*jitter - 1)))
	if r.StatusCode == 429 || r.StatusCode == 503 {
		wait = max(wait, retryAfter(r.RetryAfter, now))
	}
	return Outcome{Status: DeliveryRetrying, Tries: tries, Wait: wait}
}

// retryAfter reads the header of RFC 9110, 10.2.3: seconds or a date. What is neither, or lies in the past, is no wait.
func retryAfter(header string, now time.Time) time.Duration {
	header = strings.TrimSpace(header)
	if header == "" {
		return 0
	}
	if strings.Trim(header, "0123456789") == "" {
		seconds, err := strconv.ParseInt(header, 10, 64)
		if err != nil || seconds > int64(maxRetryAfter/time.Second) {
			return maxRetryAfter
		}
		return time.Duration(seconds) * time.Second
	}
	// The three forms of an HTTP date (RFC 9110, 5.6.7).
	for _, layout := range []string{"Mon, 02 Jan 2006 15:04:05 GMT", time.RFC850, time.ANSIC} {
		if at, err := time.Parse(layout, header); err == nil {
			return min(max(at.Sub(now), 0), maxRetryAfter)
		}
	}
	return 0
}
