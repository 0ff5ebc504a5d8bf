package account

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"io"
	"time"

	"github.com/waypost/waypost/domain"
	"github.com/waypost/waypost/domain/errs"
)

// RefreshLifetime is how long a refresh token can be used.
const RefreshLifetime = 30 * 24 * time.Hour

// RefreshToken is one link in the chain of a log-in. Only its hash is kept.
type RefreshToken struct {
	ID        domain.UUID
	UserID    UserID
	Family    domain.UUID // one log-in
	Hash      [32]byte    // SHA-256 of the token
	IP        string      // of who got it
	Network   string      // that the address belongs to; attempts to log in are counted by it
	CreatedAt time.Time
	ExpiresAt time.Time
	UsedAt    time.Time // zero = not yet
	RevokedAt time.Time // zero = not revoked
}

// OpenSession is a log-in as its user sees it in a list.
type OpenSession struct {
	ID         domain.UUID // of the browser session, or the family of its tokens
	Kind       SessionKind
	CreatedAt  time.Time
	LastUsedAt time.Time // to the minute; of the API: at the last refresh
	ExpiresAt  time.Time
	IP         string // of the last use
	UserAgent  string // of a browser
}

// SessionKind is which door a log-in is for.
type SessionKind string

// The kinds of log-ins.
const (
	SessionBrowser SessionKind = "browser" // the portals
	SessionAPI     SessionKind = "api"
)

// Session is a log-in: its user, its family (the sid of access tokens) and the refresh token that continues it.
type Session struct {
	User         User
	Family       domain.UUID
	RefreshToken string // shown once, never stored
	ExpiresAt    time.Time
}

// IssueRefresh begins a log-in of a user that has proved itself.
func (s *Service) IssueRefresh(ctx context.Context, u User, ip string) (Session, error) {
	family, err := domain.NewUUID(s.Clock.Now(), s.Random)
	if err != nil {
		return Session{}, err
	}
	var session Session
	err = s.beginLogin(ctx, u, ip, func(ctx context.Context, current User) (err error) {
		session, err = s.continueFamily(ctx, current, family, ip)
		return err
	})
	return session, err
}

// beginLogin keeps a log-in of a user that has proved itself, unless that was disabled, or got another password, since.
func (s *Service) beginLogin(ctx context.Context, u User, ip string, keep func(ctx context.Context, current User) error) error {
	return s.Tx.InTx(ctx, func(ctx context.Context) error {
		// The lock orders the log-in with a disabling or a change of password at the same moment.
		current, err := s.Store.GetUserForUpdate(ctx, u.Actor(ip).Scope(), u.ID)
		if err != nil {
			return fmt.Errorf("begin log-in of user %d: %w", u.ID, err)
		}
		if current.Status != UserStatusActive || current.PasswordHash != u.PasswordHash {
			return errs.Unauthenticated("invalid_credentials", "e-mail address or password is not right")
		}
		current.LastLoginAt = s.Clock.Now()
		if err := s.Store.UpdateUser(ctx, current); err != nil {
			return fmt.Errorf("note log-in of user %d: %w", u.ID, err)
		}
		if err := keep(ctx, current); err != nil {
			return err
		}
		return s.record(ctx, u.Actor(ip), "user.login", u.ID, nil, nil)
	})
}

// continueFamily makes the next refresh token of a log-in.
func (s *Service) continueFamily(ctx context.Context, u User, family domain.UUID, ip string) (Session, error) {
	text, err := s.randomText()
	if err != nil {
		return Session{}, fmt.Errorf("make refresh token: %w", err)
	}
	now := s.Clock.Now()
	id, err := domain.NewUUID(now, s.Random)
	if err != nil {
		return Session{}, err
	}
	t := RefreshToken{ID: id, UserID: u.ID, Family: family, Hash: sha256.Sum256([]byte(text)), IP: ip, Network: network(ip), CreatedAt: now, ExpiresAt: now.Add(RefreshLifetime)}
	if err := s.Store.InsertToken(ctx, t); err != nil {
		return Session{}, fmt.Errorf("keep refresh token: %w", err)
	}
	return Session{User: u, Family: family, RefreshToken: text, ExpiresAt: t.ExpiresAt}, nil
}

// randomText is 256 random bits in 43 characters.
func (s *Service) randomText() (string, error) {
	var random [32]byte
	if _, err := io.ReadFull(s.Random, random[:]); err != nil {
		return "", err
	}
	return base64.RawURLEncoding.EncodeToString(random[:]), nil
}

// Rotate spends a refresh token and gives the next one of its log-in. A token that was spent before shows that two
// parties hold it: the whole log-in ends (RFC 9700, section 4.14.2).
func (s *Service) Rotate(ctx context.Context, token, ip string) (Session, error) {
	var session Session
	alive := false
	err := s.Tx.InTx(ctx, func(ctx context.Context) error {
		t, u, err := s.lockSession(ctx, token)
		if errs.Is(err, errs.KindNotFound) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("rotate refresh token: %w", err)
		}
		now := s.Clock.Now()
		if !t.UsedAt.IsZero() && t.RevokedAt.IsZero() {
			if err := s.Store.RevokeFamily(ctx, t.Family, now); err != nil {
				return fmt.Errorf("end log-in: %w", err)
			}
			return s.record(ctx, u.Actor(ip), "user.token_reuse", u.ID, nil, nil)
		}
		if !t.RevokedAt.IsZero() || !now.Before(t.ExpiresAt) || u.Status != UserStatusActive {
			return nil
		}
		if err := s.Store.SpendToken(ctx, t.ID, now); err != nil {
			return fmt.Errorf("spend refresh token: %w", err)
		}
		session, err = s.continueFamily(ctx, u, t.Family, ip)
		alive = err == nil
		return err
	})
	if err != nil {
		return Session{}, err
	}
	if !alive {
		return Session{}, errs.Unauthenticated("invalid_refresh_token", "this log-in is over: log in again")
	}
	return session, nil
}

// lockSession reads a token under its user's lock, which orders all changes of the user's log-ins.
func (s *Service) lockSession(ctx context.Context, token string) (RefreshToken, User, error) {
	hash := sha256.Sum256([]byte(token))
	t, err := s.Store.FindToken(ctx, hash)
	if err != nil {
		return RefreshToken{}, User{}, err
	}
	u, err := s.Store.GetUserForUpdate(ctx, SystemActor("log-in").Scope(), t.UserID)
	if err != nil {
		return RefreshToken{}, User{}, err
	}
	t, err = s.Store.FindToken(ctx, hash) // again: it may have been spent while we waited
	return t, u, err
}

// EndLogin logs the actor out of one log-in, whose family its access token named. Its other log-ins go on.
func (s *Service) EndLogin(ctx context.Context, actor Actor, family domain.UUID) error {
	if actor.Key != 0 {
		return errs.Forbidden("login_required", "an API key has no log-in to end: delete the key")
	}
	return s.Tx.InTx(ctx, func(ctx context.Context) error {
		// The lock orders the log-out with a Rotate at the same moment, whose new token would outlive it.
		_, err := s.Store.GetUserForUpdate(ctx, actor.Scope(), actor.UserID)
		if err == nil {
			err = s.Store.RevokeFamily(ctx, family, s.Clock.Now())
		}
		if err != nil {
			return fmt.Errorf("log out user %d: %w", actor.UserID, err)
		}
		return s.record(ctx, actor, "user.logout", actor.UserID, nil, nil)
	})
}

// ListSessions lists the actor's own log-ins that go on, newest first.
func (s *Service) ListSessions(ctx context.Context, actor Actor, p domain.Page) (domain.Slice[OpenSession], error) {
	list, err := s.Store.ListSessions(ctx, actor.UserID, s.Clock.Now(), p)
	if err != nil {
		return list, fmt.Errorf("list log-ins of user %d: %w", actor.UserID, err)
	}
	return list, nil
}

// EndSession ends one of the actor's own log-ins.
func (s *Service) EndSession(ctx context.Context, actor Actor, id domain.UUID) error {
	if err := actor.RequireLogin(); err != nil {
		return err
	}
	return s.Tx.InTx(ctx, func(ctx context.Context) error {
		// The lock orders this with a Rotate at the same moment, as in EndLogin.
		_, err := s.Store.GetUserForUpdate(ctx, actor.Scope(), actor.UserID)
		if err == nil {
			err = s.Store.RevokeSession(ctx, actor.UserID, id, s.Clock.Now())
		}
		if err != nil {
			return fmt.Errorf("end log-in %s of user %d: %w", id, actor.UserID, err)
		}
		return s.record(ctx, actor, "user.session_end", actor.UserID, nil, nil)
	})
}

// Active is the user of a log-in that is still good. It is asked at each call with an access token, so that a log-out
// or a disabling counts at once.
func (s *Service) Active(ctx context.Context, id UserID, family domain.UUID) (User, error) {
	u, err := s.Store.SessionUser(ctx, id, family, s.Clock.Now())
	if errs.Is(err, errs.KindNotFound) {
		return User{}, errs.Unauthenticated("session_ended", "this log-in is over: log in again")
	}
	if err != nil {
		return User{}, fmt.Errorf("find log-in: %w", err)
	}
	return u, nil
}

// Prune forgets refresh tokens, browser sessions and links that are long over, and answers that are no longer repeated. It returns how
// many.
func (s *Service) Prune(ctx context.Context) (int, error) {
	tokens, err := s.Store.DeleteTokens(ctx, s.Clock.Now().Add(-24*time.Hour))
	if err != nil {
		return 0, fmt.Errorf("forget old refresh tokens: %w", err)
	}
	links, err := s.Store.DeleteLinksBefore(ctx, s.Clock.Now().Add(-24*time.Hour))
	if err != nil {
		return tokens, fmt.Errorf("forget old links: %w", err)
	}
	// A network is known by the sessions that began there, so these stay as long.
	browsers, err := s.Store.DeleteBrowsers(ctx, s.Clock.Now().Add(-knownFor))
	if err != nil {
		return tokens + links, fmt.Errorf("forget old sessions: %w", err)
	}
	claims, err := s.Store.DeleteClaims(ctx, AnswerLifetime)
	if err != nil {
		return tokens + links + browsers, fmt.Errorf("forget old idempotency keys: %w", err)
	}
	return tokens + links + browsers + claims, nil
}
