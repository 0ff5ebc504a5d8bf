package tracking

import (
	"context"
	"net/netip"
	"sync"
	"time"

	"github.com/waypost/waypost/domain"
	"github.com/waypost/waypost/domain/account"
)

const (
	refusalsPerMinute = 300 // authentications by one address (reliability requirement 28)
	limitWithin       = 200 * time.Millisecond
	maxBlocked        = 10_000 // addresses that are remembered
)

// refusals blocks addresses whose calls keep failing to prove who sends them. Only failures are counted, once they are
// known, so that nobody who succeeds comes near the limit.
type refusals struct {
	limiter account.Limiter
	now     domain.Clock

	mu      sync.Mutex
	blocked map[string]time.Time // until
}

// wait is how long the address is blocked; 0 if it is not.
func (r *refusals) wait(ip string) time.Duration {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.blocked) == 0 {
		return 0
	}
	return max(0, r.blocked[network(ip)].Sub(r.now()))
}

// count notes a refusal. The one that fills the minute blocks the address until the oldest has left it.
func (r *refusals) count(ip string) {
	ctx, cancel := context.WithTimeout(context.Background(), limitWithin)
	defer cancel()
	key := network(ip)
	wait, ok := r.limiter.Take(ctx, "postback ip "+key, refusalsPerMinute-1, time.Minute)
	if ok {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	now := r.now()
	if len(r.blocked) >= maxBlocked {
		for k, until := range r.blocked {
			if !until.After(now) || len(r.blocked) >= maxBlocked {
				delete(r.blocked, k)
			}
		}
	}
	r.blocked[key] = now.Add(wait)
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
