package account

import (
	"context"
	"fmt"
	"net/netip"
	"sync"
	"time"

	"github.com/waypost/waypost/domain"
	"github.com/waypost/waypost/domain/errs"
)

// Wrong passwords that are borne within the window, by account and by address.
const (
	wrongPerAccount = 10
	wrongPerIP      = 50
	wrongWindow     = 15 * time.Minute
)

// Limiter counts attempts, such as log-ins or the authentications of postbacks. An attempt is counted before its outcome
// is known, so that many at once cannot slip through together, and given back when it turns out well.
type Limiter interface {
	// Take counts an attempt under key; it is refused, with how long to wait, while most of them lie within the window.
	Take(ctx context.Context, key string, most int, window time.Duration) (wait time.Duration, ok bool)
	// Return gives an attempt back.
	Return(ctx context.Context, key string)
}

// wrong tells the errors of somebody who may be guessing.
func wrong(err error) bool {
	return errs.HasCode(err, "invalid_credentials") || errs.HasCode(err, "wrong_password") || errs.HasCode(err, "invalid_otp")
}

func minutes(d time.Duration) string {
	n := int((d + time.Minute - 1) / time.Minute)
	if n <= 1 {
		return "a minute"
	}
	return fmt.Sprintf("%d minutes", n)
}

// network is what one sender can be assumed to own: an IPv4 address or an IPv6 /64.
func network(ip string) string {
	addr, err := netip.ParseAddr(ip)
	if err != nil {
		return ip
	}
	if addr = addr.Unmap().WithZone(""); addr.Is6() {
		p, _ := addr.Prefix(64)
		return p.String()
	}
	return addr.String()
}

// maxLimitKeys bounds the memory of Limits. Beyond it, keys are forgotten at random.
const maxLimitKeys = 100_000

// Limits is a Limiter in the memory of this process.
type Limits struct {
	now domain.Clock

	mu       sync.Mutex
	attempts map[string]*attempts
	swept    time.Time
}

type attempts struct {
	at     []time.Time // oldest first
	window time.Duration
}

// NewLimits makes an empty one.
func NewLimits(now domain.Clock) *Limits {
	return &Limits{now: now, attempts: map[string]*attempts{}}
}

// Take implements Limiter.
func (l *Limits) Take(_ context.Context, key string, most int, window time.Duration) (time.Duration, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.now()
	l.sweep(now)
	a := l.attempts[key]
	if a == nil {
		a = &attempts{window: window}
		l.attempts[key] = a
	}
	a.forget(now)
	if len(a.at) >= most {
		return a.at[0].Add(window).Sub(now), false
	}
	a.at = append(a.at, now)
	return 0, true
}

// Return implements Limiter.
func (l *Limits) Return(_ context.Context, key string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if a := l.attempts[key]; a != nil && len(a.at) > 0 {
		a.at = a.at[:len(a.at)-1]
	}
}

// sweep drops keys without attempts once a minute, and some of those left where there are too many.
func (l *Limits) sweep(now time.Time) {
	if now.Sub(l.swept) >= time.Minute {
		l.swept = now
		for key, a := range l.attempts {
			if a.forget(now); len(a.at) == 0 {
				delete(l.attempts, key)
			}
		}
	}
	for key := range l.attempts {
		if len(l.attempts) < maxLimitKeys {
			break
		}
		delete(l.attempts, key)
	}
}

// forget drops attempts that have left the window.
func (a *attempts) forget(now time.Time) {
	for len(a.at) > 0 && now.Sub(a.at[0]) >= a.window {
		a.at = a.at[1:]
	}
}
