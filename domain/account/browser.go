package account

import (
	"context"
	"crypto/sha256"
	"fmt"
	"strings"
	"time"

	"github.com/waypost/waypost/domain"
	"github.com/waypost/waypost/domain/errs"
)

// Limits of a browser session.
const (
	BrowserIdle     = 12 * time.Hour      // without a page
	BrowserLifetime = 14 * 24 * time.Hour // in all
	browserPending  = 10 * time.Minute    // from the password to the one-time password
	maxUserAgent    = 256                 // bytes that are kept
)

// BrowserSession is a log-in to the portals. Its token is in the browser's cookie; only the hash is kept.
type BrowserSession struct {
	ID         domain.UUID
	UserID     UserID
	Hash       [32]byte // SHA-256 of the token
	CreatedAt  time.Time
	LastUsedAt time.Time // to the minute
	ExpiresAt  time.Time // BrowserIdle after the last use, at most BrowserLifetime after the log-in
	IP         string    // of the last use
	Network    string    // that the address of the log-in belongs to; attempts to log in are counted by it
	UserAgent  string
	Pending    bool // the password was right, the one-time password is still asked for: it opens nothing
	Viewing    Party
}

// Party is an affiliate or an advertiser; the zero value is neither.
type Party struct {
	AffiliateID  int64
	AdvertiserID int64
}

// IsZero tells that it is neither.
func (p Party) IsZero() bool { return p == Party{} }

// role is that of the party's users.
func (p Party) role() Role {
	if p.AffiliateID != 0 {
		return RoleAffiliate
	}
	return RoleAdvertiser
}

// BrowserStore keeps browser sessions. One that is over by its time is to its callers as if it were not there.
type BrowserStore interface {
	InsertBrowser(ctx context.Context, b BrowserSession) error
	// BrowserUser is the session with that hash that goes on, pending or not, and its user, if that one is active; else
	// NotFound.
	BrowserUser(ctx context.Context, hash [32]byte, now time.Time) (BrowserSession, User, error)
	// TouchBrowser notes a use: LastUsedAt, ExpiresAt and IP.
	TouchBrowser(ctx context.Context, b BrowserSession) error
	// SetViewing changes whose portal the session looks at.
	SetViewing(ctx context.Context, id domain.UUID, p Party) error
	// RevokeOthers ends all log-ins of a user, of browsers and of the API, but the one with this id.
	RevokeOthers(ctx context.Context, user UserID, but domain.UUID, at time.Time) error
	// DeleteBrowsers forgets sessions that were over before.
	DeleteBrowsers(ctx context.Context, before time.Time) (int, error)
}

// Browser is a session that goes on, and its user.
type Browser struct {
	Session BrowserSession
	User    User
}

// Operator is the session's user as itself, also while it looks at a party's portal.
func (b Browser) Operator(ip string) Actor { return b.User.Actor(ip) }

// Actor is who acts with the session from an address: its user, or, while that looks at a party's portal, the party,
// which may then only read.
func (b Browser) Actor(ip string) Actor {
	p := b.Session.Viewing
	if p.IsZero() {
		return b.User.Actor(ip)
	}
	return Actor{Role: p.role(), AffiliateID: p.AffiliateID, AdvertiserID: p.AdvertiserID, IP: ip, Viewing: b.User.ID}
}

// BrowserInput is what a browser shows to log in.
type BrowserInput struct {
	LoginInput
	UserAgent string
}

// LoginBrowser begins a browser session as Login does, and gives its token, which is shown once. Where the account has a
// second factor and in.OTP is empty, the session is pending: FinishBrowser goes on with it.
func (s *Service) LoginBrowser(ctx context.Context, in BrowserInput) (token string, pending bool, err error) {
	u, err := s.login(ctx, in.LoginInput)
	if errs.HasCode(err, "otp_required") {
		token, b, err := s.newBrowser(u, in.IP, in.UserAgent, true)
		if err != nil {
			return "", false, err
		}
		if err := s.Store.InsertBrowser(ctx, b); err != nil {
			return "", false, fmt.Errorf("keep session: %w", err)
		}
		return token, true, nil
	}
	if err != nil {
		return "", false, err
	}
	token, err = s.StartBrowser(ctx, u, in.IP, in.UserAgent)
	return token, false, err
}

// FinishBrowser turns a pending session into one that is good, with another token. Wrong one-time passwords are counted
// as wrong passwords are. Errors: session_ended, invalid_otp, too_many_attempts.
func (s *Service) FinishBrowser(ctx context.Context, pending, otp, ip, userAgent string) (token string, err error) {
	b, err := s.findBrowser(ctx, pending)
	if err != nil {
		return "", err
	}
	if !b.Session.Pending {
		return "", sessionEnded()
	}
	err = s.loginAttempt(ctx, b.User.Email, ip, func() error {
		if !b.User.SecondFactor { // turned off meanwhile
			return nil
		}
		ok, err := s.takeOTP(ctx, b.User.Actor(ip), otp)
		if err != nil {
			return fmt.Errorf("log in: %w", err)
		}
		if !ok {
			return errs.Unauthenticated("invalid_otp", "this one-time password is not right, or was used before: wait for the next one")
		}
		return nil
	})
	if err != nil {
		return "", err
	}
	err = s.Tx.InTx(ctx, func(ctx context.Context) error {
		if err := s.Store.RevokeSession(ctx, b.User.ID, b.Session.ID, s.Clock.Now()); err != nil {
			return fmt.Errorf("end pending session: %w", err)
		}
		token, err = s.StartBrowser(ctx, b.User, ip, userAgent)
		return err
	})
	if err != nil {
		return "", err
	}
	return token, nil
}

// StartBrowser begins a browser session of a user that has just proved itself, and gives its token, which is shown once.
func (s *Service) StartBrowser(ctx context.Context, u User, ip, userAgent string) (string, error) {
	token, b, err := s.newBrowser(u, ip, userAgent, false)
	if err != nil {
		return "", err
	}
	err = s.beginLogin(ctx, u, ip, func(ctx context.Context, _ User) error {
		if err := s.Store.InsertBrowser(ctx, b); err != nil {
			return fmt.Errorf("keep session: %w", err)
		}
		return nil
	})
	if err != nil {
		return "", err
	}
	return token, nil
}

func (s *Service) newBrowser(u User, ip, userAgent string, pending bool) (token string, b BrowserSession, err error) {
	now := s.Clock.Now()
	id, err := domain.NewUUID(now, s.Random)
	if err != nil {
		return "", BrowserSession{}, err
	}
	if token, err = s.randomText(); err != nil {
		return "", BrowserSession{}, fmt.Errorf("make session: %w", err)
	}
	b = BrowserSession{ID: id, UserID: u.ID, Hash: sha256.Sum256([]byte(token)), CreatedAt: now, LastUsedAt: now.Truncate(time.Minute),
		IP: ip, Network: network(ip), UserAgent: plainAgent(userAgent), Pending: pending}
	b.ExpiresAt = b.end(now)
	return token, b, nil
}

// end is when the session is over if now is its last use.
func (b BrowserSession) end(now time.Time) time.Time {
	if b.Pending {
		return b.CreatedAt.Add(browserPending)
	}
	idle, last := now.Add(BrowserIdle), b.CreatedAt.Add(BrowserLifetime)
	if last.Before(idle) {
		return last
	}
	return idle
}

// Final tells that no use makes the session last longer: it is at the limit of its lifetime.
func (b BrowserSession) Final() bool { return !b.ExpiresAt.Before(b.CreatedAt.Add(BrowserLifetime)) }

// plainAgent is what is kept of a browser's name for itself.
func plainAgent(s string) string {
	s = strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return -1
		}
		return r
	}, strings.ToValidUTF8(s, ""))
	if len(s) > maxUserAgent {
		s = strings.ToValidUTF8(s[:maxUserAgent], "")
	}
	return s
}

// Browser is the session of a token. A use is noted once a minute. Errors: session_ended.
func (s *Service) Browser(ctx context.Context, token, ip string) (Browser, error) {
	b, err := s.PeekBrowser(ctx, token)
	if err != nil {
		return Browser{}, err
	}
	now := s.Clock.Now()
	if minute := now.Truncate(time.Minute); b.Session.LastUsedAt.Before(minute) {
		b.Session.LastUsedAt, b.Session.ExpiresAt, b.Session.IP = minute, b.Session.end(now), ip
		if err := s.Store.TouchBrowser(ctx, b.Session); err != nil {
			return Browser{}, fmt.Errorf("note use of session: %w", err)
		}
	}
	return b, nil
}

// PeekBrowser is Browser for what is no use, such as a stream that stays open. Errors: session_ended.
func (s *Service) PeekBrowser(ctx context.Context, token string) (Browser, error) {
	b, err := s.findBrowser(ctx, token)
	if err == nil && b.Session.Pending {
		err = sessionEnded()
	}
	if err != nil {
		return Browser{}, err
	}
	if b.mayView("") != nil {
		b.Session.Viewing = Party{} // its user may do so no more
	}
	return b, nil
}

func sessionEnded() error {
	return errs.Unauthenticated("session_ended", "this log-in is over: log in again")
}

func (s *Service) findBrowser(ctx context.Context, token string) (Browser, error) {
	if len(token) != 43 { // none of randomText
		return Browser{}, sessionEnded()
	}
	session, u, err := s.Store.BrowserUser(ctx, sha256.Sum256([]byte(token)), s.Clock.Now())
	if errs.Is(err, errs.KindNotFound) {
		return Browser{}, sessionEnded()
	}
	if err != nil {
		return Browser{}, fmt.Errorf("find session: %w", err)
	}
	return Browser{Session: session, User: u}, nil
}

// mayView tells whether the session's user may look at the portals of parties.
func (b Browser) mayView(ip string) error {
	a := b.Operator(ip)
	if a.Require(PermissionManageUsers) == nil {
		return nil
	}
	return a.Require(PermissionManageCatalogue)
}

// View lets a session look at a party's portal, as the party and without changing anything, until StopViewing. Errors:
// forbidden; not_found where there is no such party; already_viewing.
func (s *Service) View(ctx context.Context, b Browser, p Party, ip string) error {
	if err := b.mayView(ip); err != nil {
		return err
	}
	if !b.Session.Viewing.IsZero() {
		return errs.Conflict("already_viewing", "you are viewing somebody's portal already: stop that first")
	}
	if (p.AffiliateID > 0) == (p.AdvertiserID > 0) {
		return errs.NotFound("not_found", "there is no such affiliate or advertiser")
	}
	return s.setViewing(ctx, b, p, p, "view_as.start", ip)
}

// StopViewing makes the session its user's own again.
func (s *Service) StopViewing(ctx context.Context, b Browser, ip string) error {
	if b.Session.Viewing.IsZero() {
		return nil
	}
	return s.setViewing(ctx, b, Party{}, b.Session.Viewing, "view_as.stop", ip)
}

func (s *Service) setViewing(ctx context.Context, b Browser, to, about Party, action, ip string) error {
	return s.Tx.InTx(ctx, func(ctx context.Context) error {
		err := s.Store.SetViewing(ctx, b.Session.ID, to)
		if errs.HasCode(err, "unknown_reference") {
			return errs.NotFound("not_found", "there is no such affiliate or advertiser").Because(err)
		}
		if err != nil {
			return fmt.Errorf("view as: %w", err)
		}
		id := about.AffiliateID + about.AdvertiserID // one of them is 0
		return s.recordOf(ctx, b.Operator(ip), action, string(about.role()), id, nil, nil)
	})
}

// EndUser ends all log-ins of another user, of browsers and of the API. It may log in again, and its API keys go on. One's
// own are ended with EndOthers and a log-out. Errors: own_sessions.
func (s *Service) EndUser(ctx context.Context, actor Actor, id UserID) error {
	if actor.Require(PermissionManageUsers) != nil {
		return hideUser(id)
	}
	if id == actor.UserID {
		return errs.Forbidden("own_sessions", "end your own log-ins with DELETE /me/sessions, and this one by logging out")
	}
	return s.Tx.InTx(ctx, func(ctx context.Context) error {
		// The lock orders this with a Rotate at the same moment, as in EndLogin.
		u, err := s.Store.GetUserForUpdate(ctx, actor.Scope(), id)
		if err == nil {
			err = actor.mayManage(u.Role)
		}
		if err == nil {
			err = s.Store.RevokeUser(ctx, id, s.Clock.Now())
		}
		if err != nil {
			return fmt.Errorf("end log-ins of user %d: %w", id, err)
		}
		return s.record(ctx, actor, "user.sessions_end", id, nil, nil)
	})
}

// EndOthers ends all log-ins of the actor's but the one with this id, of browsers and of the API.
func (s *Service) EndOthers(ctx context.Context, actor Actor, but domain.UUID) error {
	if err := actor.RequireLogin(); err != nil {
		return err
	}
	return s.Tx.InTx(ctx, func(ctx context.Context) error {
		// The lock orders this with a Rotate at the same moment, as in EndLogin.
		_, err := s.Store.GetUserForUpdate(ctx, actor.Scope(), actor.UserID)
		if err == nil {
			err = s.Store.RevokeOthers(ctx, actor.UserID, but, s.Clock.Now())
		}
		if err != nil {
			return fmt.Errorf("end other log-ins of user %d: %w", actor.UserID, err)
		}
		return s.record(ctx, actor, "user.sessions_end", actor.UserID, nil, nil)
	})
}
