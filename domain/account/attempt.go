package account

import (
	"context"
	"crypto/sha256"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/waypost/waypost/domain/errs"
)

// knownFor is how long a network counts as the account's own after a log-in or its last refresh from there.
const knownFor = 30 * 24 * time.Hour

// loginAttempt runs try as an attempt to log in, which counts if it turns out wrong. It counts for its network, for the
// account and its network, and, from a network that is not the account's own, for the account: so no stranger can lock
// the owner out of where the owner works. A change of the password begins another count.
func (s *Service) loginAttempt(ctx context.Context, email, ip string, try func() error) error {
	boarding, cancel := context.WithTimeout(ctx, boardingTime)
	defer cancel()
	from := network(ip)
	return s.attempt(ctx, boarding, "login ip "+from, wrongPerIP, func() error {
		u, err := s.findLogin(ctx, email)
		if err != nil {
			return err
		}
		stored := sha256.Sum256([]byte(u.PasswordHash))
		account := fmt.Sprintf("login account %s %x", strings.ToLower(email), stored[:8])
		return s.attempt(ctx, boarding, account+" "+from, wrongPerAccount, func() error {
			// Asked for who has no account too: the answer takes as long.
			known, err := s.Store.KnownNetwork(ctx, u.ID, from, s.Clock.Now().Add(-knownFor))
			if err != nil {
				return fmt.Errorf("look for log-ins from a network: %w", err)
			}
			if known {
				return try()
			}
			return s.attempt(ctx, boarding, account, wrongPerAccount, try)
		})
	})
}

// ownAttempt is loginAttempt for who is logged in and proves itself again. Strangers cannot use its count up.
func (s *Service) ownAttempt(ctx context.Context, actor Actor, try func() error) error {
	boarding, cancel := context.WithTimeout(ctx, boardingTime)
	defer cancel()
	return s.attempt(ctx, boarding, fmt.Sprintf("proof of user %d", actor.UserID), wrongPerAccount, try)
}

// attempt runs try unless most attempts under key were wrong within the window. One under way holds a place, so that
// many at once cannot slip through together; who finds no place waits, until boarding ends, for those under way, for
// they may turn out right. A failure of our own counts for nothing.
func (s *Service) attempt(ctx, boarding context.Context, key string, most int, try func() error) error {
	f := s.flights.join(key)
	defer s.flights.leave(key, f)
	if err := f.board(boarding, key, most, s.Limiter); err != nil {
		return err
	}
	defer f.land()
	err := try()
	if !wrong(err) {
		s.Limiter.Return(context.WithoutCancel(ctx), key) // also for who hangs up in between
	}
	return err
}

const (
	// boardingTime is how long an attempt waits for those before it, less than a server does for the answer. With two
	// hashes at once some hundred get through.
	boardingTime = 20 * time.Second
	// atOnce is how many attempts under one key are under way at most: more would only wait for the hashes, in places
	// that other nodes may need.
	atOnce = 4
)

// flights are the attempts of this process by key, as long as there are any.
type flights struct {
	mu    sync.Mutex
	byKey map[string]*flight
}

// flight is the attempts under one key: those that wait, the one of them whose turn it is, and those under way.
type flight struct {
	attempts int           // all of them; guarded by flights.mu
	turn     chan struct{} // held by the one that is being counted
	landed   chan struct{} // one note that some were over; more than one would say no more
	underway atomic.Int32
}

func (fs *flights) join(key string) *flight {
	fs.mu.Lock()
	defer fs.mu.Unlock()
	f := fs.byKey[key]
	if f == nil {
		f = &flight{turn: make(chan struct{}, 1), landed: make(chan struct{}, 1)}
		fs.byKey[key] = f
	}
	f.attempts++
	return f
}

func (fs *flights) leave(key string, f *flight) {
	fs.mu.Lock()
	defer fs.mu.Unlock()
	if f.attempts--; f.attempts == 0 {
		delete(fs.byKey, key)
	}
}

// board counts an attempt as under way, or refuses it once nothing that is under way can change that.
func (f *flight) board(ctx context.Context, key string, most int, limiter Limiter) error {
	busy := errs.Unavailable("busy", "too many log-ins at once; try again")
	select {
	case f.turn <- struct{}{}:
		defer func() { <-f.turn }()
	case <-ctx.Done():
		return busy.Because(ctx.Err())
	}
	for {
		underway := f.underway.Load() // before Take: what lands in between is worth another try
		if underway < atOnce {
			wait, ok := limiter.Take(ctx, key, most, wrongWindow)
			if ok {
				f.underway.Add(1)
				return nil
			}
			if underway == 0 {
				return errs.Limited("too_many_attempts", "too many wrong passwords: try again in %s", minutes(wait)).In(wait)
			}
		}
		select {
		case <-f.landed:
		case <-ctx.Done():
			return busy.Because(ctx.Err())
		}
	}
}

// land ends an attempt that was under way.
func (f *flight) land() {
	f.underway.Add(-1)
	select {
	case f.landed <- struct{}{}:
	default:
	}
}
