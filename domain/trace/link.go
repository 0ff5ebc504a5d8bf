package trace

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/waypost/waypost/domain"
	"github.com/waypost/waypost/domain/account"
	"github.com/waypost/waypost/domain/audit"
	"github.com/waypost/waypost/domain/click"
	"github.com/waypost/waypost/domain/errs"
	"github.com/waypost/waypost/domain/field"
)

// How long a link may be good.
const (
	LinkShortest = time.Hour
	LinkLongest  = 30 * 24 * time.Hour
	LinkUsual    = 7 * 24 * time.Hour
)

const (
	linksMost, linksWindow   = 100, time.Hour       // that one user makes
	wrongMost, wrongWindow   = 50, 15 * time.Minute // tokens that are none, from one address
	maxNote                  = 200                  // characters
	tokenBytes, tokenLetters = 32, 43               // of a token, and its text
)

// LinkID names a link. It opens nothing: the token does, and only its hash is kept.
type LinkID struct{ domain.UUID }

// Link shows the trace of one click to whoever holds its token, through the eyes that were chosen when it was made.
type Link struct {
	ID           LinkID
	ClickID      click.ID
	UserID       account.UserID // who made it; it ends when that user may no longer log in, or changes sides
	Role         account.Role   // whose eyes
	AffiliateID  int64          // of the role affiliate
	AdvertiserID int64          // of the role advertiser
	Note         string         // for whom it is, for its maker
	CreatedAt    time.Time
	ExpiresAt    time.Time
	RevokedAt    time.Time // zero while it was not
	Opened       int64     // how often
	LastOpenedAt time.Time // zero while it never was
}

// Good tells a link that opens.
func (l Link) Good(now time.Time) bool { return l.RevokedAt.IsZero() && now.Before(l.ExpiresAt) }

// eyes is the actor that the trace is told to.
func (l Link) eyes() account.Actor {
	return account.Actor{UserID: l.UserID, Role: l.Role, AffiliateID: l.AffiliateID, AdvertiserID: l.AdvertiserID}
}

// LinkFilter narrows a list; zero fields do not.
type LinkFilter struct {
	ClickID click.ID
	UserID  account.UserID
}

// LinkStore keeps links.
type LinkStore interface {
	InsertLink(ctx context.Context, l Link, hash [32]byte) error
	// OpenLink counts an opening of the link with this hash, if it is good and its maker may still log in on the same
	// side. NotFound otherwise.
	OpenLink(ctx context.Context, hash [32]byte, now time.Time) (Link, error)
	// Links are those that the scope's party made; the network sees all. Newest first.
	Links(ctx context.Context, scope account.Scope, f LinkFilter, p domain.Page) (domain.Slice[Link], error)
	// DeleteLinks forgets those that were over before, and tells how many.
	DeleteLinks(ctx context.Context, before time.Time) (int, error)
	// RevokeLink ends one of them; one that has been revoked stays as it is.
	RevokeLink(ctx context.Context, scope account.Scope, id LinkID, now time.Time) (Link, error)
}

// LinkDeps is what Links work with.
type LinkDeps struct {
	Traces  *Service
	Store   LinkStore
	Tx      domain.Transactor
	Audit   audit.Recorder
	Limiter account.Limiter // nil = in the memory of this process
	Clock   domain.Clock
	Random  io.Reader // cryptographic
}

// Links shares traces by links, such as in a dispute.
type Links struct{ LinkDeps }

// NewLinks makes the service.
func NewLinks(d LinkDeps) *Links {
	if d.Limiter == nil {
		d.Limiter = account.NewLimits(d.Clock)
	}
	return &Links{d}
}

// ViewNetwork is the view that hides nothing: both sides' money, and all of the visitor that is known.
const ViewNetwork account.Role = "operator"

// MayPublish tells who may show others' traces to the world: operators who may change what they tell of. A party may show
// what is its own.
func MayPublish(actor account.Actor) error {
	if !actor.Role.Operator() || actor.Require(account.PermissionManageConversions) == nil {
		return nil
	}
	return actor.Require(account.PermissionManageCatalogue)
}

// LinkInput is what a new link is like.
type LinkInput struct {
	ClickID string        // as clients see it
	Length  time.Duration // LinkShortest to LinkLongest; 0 = LinkUsual
	As      account.Role  // whose eyes; operators must choose: the click's affiliate, its advertiser, or ViewNetwork
	Note    string
}

// Share makes a link to the trace of a click that the actor sees; the token is told this once. It needs a log-in: the
// link outlives an API key. Errors: click_not_found, invalid_length, view_required, view_not_allowed, no_such_party,
// too_many_links, login_required, forbidden.
func (s *Links) Share(ctx context.Context, actor account.Actor, in LinkInput) (Link, string, error) {
	if err := actor.RequireLogin(); err != nil {
		return Link{}, "", err
	}
	if err := MayPublish(actor); err != nil {
		return Link{}, "", err
	}
	c, err := s.Traces.clicks.Get(ctx, actor, in.ClickID)
	if err != nil {
		return Link{}, "", err
	}
	if in.Length == 0 {
		in.Length = LinkUsual
	}
	if in.Length < LinkShortest || in.Length > LinkLongest {
		return Link{}, "", errs.Invalid("invalid_length", "a link is good for 1 hour to 30 days").At("body.hours")
	}
	note, err := field.Text(in.Note, maxNote)
	if err != nil {
		return Link{}, "", at(err, "body.note")
	}
	now := s.Clock.Now()
	l := Link{ClickID: c.ID, UserID: actor.UserID, Role: actor.Role, AffiliateID: actor.AffiliateID, AdvertiserID: actor.AdvertiserID,
		Note: note, CreatedAt: now, ExpiresAt: now.Add(in.Length)}
	if in.As == "" && actor.Scope().Network() {
		return Link{}, "", errs.Invalid("view_required", "say whose eyes the link shows the trace to: affiliate, advertiser or operator").At("body.as")
	}
	if in.As != "" && in.As != actor.Role {
		if l, err = throughEyesOf(l, c, actor, in.As); err != nil {
			return Link{}, "", err
		}
	}
	if wait, ok := s.Limiter.Take(ctx, fmt.Sprintf("trace links of user %d", actor.UserID), linksMost, linksWindow); !ok {
		return Link{}, "", errs.Limited("too_many_links", "at most %d links an hour; revoke none, but wait", linksMost).In(wait)
	}
	id, err := domain.NewUUID(now, s.Random)
	if err != nil {
		return Link{}, "", err
	}
	var secret [tokenBytes]byte
	if _, err := io.ReadFull(s.Random, secret[:]); err != nil {
		return Link{}, "", fmt.Errorf("read randomness: %w", err)
	}
	l.ID = LinkID{id}
	token := base64.RawURLEncoding.EncodeToString(secret[:])
	err = s.Tx.InTx(ctx, func(ctx context.Context) error {
		if err := s.Store.InsertLink(ctx, l, sha256.Sum256([]byte(token))); err != nil {
			return err
		}
		return s.record(ctx, actor, "trace_link.create", l)
	})
	if err != nil {
		return Link{}, "", fmt.Errorf("share a trace: %w", err)
	}
	return l, token, nil
}

func throughEyesOf(l Link, c click.Click, actor account.Actor, as account.Role) (Link, error) {
	if !actor.Scope().Network() {
		return l, errs.Invalid("view_not_allowed", "only operators choose whose eyes a link shows the trace to").At("body.as")
	}
	if as == ViewNetwork {
		return l, nil
	}
	l.Role, l.AffiliateID, l.AdvertiserID = as, 0, 0
	switch as {
	case account.RoleAffiliate:
		l.AffiliateID = int64(c.AffiliateID)
	case account.RoleAdvertiser:
		l.AdvertiserID = int64(c.AdvertiserID)
	}
	if l.AffiliateID <= 0 && l.AdvertiserID <= 0 {
		return l, errs.Invalid("no_such_party", "this click has no such party").At("body.as")
	}
	return l, nil
}

// List gives the links of the actor's party, newest first; operators see all. Tokens cannot be told again.
func (s *Links) List(ctx context.Context, actor account.Actor, f LinkFilter, p domain.Page) (domain.Slice[Link], error) {
	if err := actor.Require(account.PermissionReadTraffic); err != nil {
		return domain.Slice[Link]{}, err
	}
	return s.Store.Links(ctx, actor.Scope(), f, p)
}

// Revoke ends a link of the actor's party at once; an operator who may not publish ends its own only. Errors: not_found,
// forbidden.
func (s *Links) Revoke(ctx context.Context, actor account.Actor, id LinkID) (Link, error) {
	if err := actor.Require(account.PermissionReadTraffic); err != nil {
		return Link{}, err
	}
	if err := actor.RequireWrite(); err != nil {
		return Link{}, err
	}
	var l Link
	err := s.Tx.InTx(ctx, func(ctx context.Context) (err error) {
		if l, err = s.Store.RevokeLink(ctx, actor.Scope(), id, s.Clock.Now()); err != nil {
			return err
		}
		if l.UserID != actor.UserID {
			if err := MayPublish(actor); err != nil {
				return err
			}
		}
		return s.record(ctx, actor, "trace_link.revoke", l)
	})
	if err != nil {
		return Link{}, fmt.Errorf("revoke link %s: %w", id, err)
	}
	return l, nil
}

// Shared tells the trace that a link leads to, to whoever holds the token, as the link's eyes see it now. A token that
// is none, or over, is NotFound link_not_found; so many of them from one address are too_many_attempts.
func (s *Links) Shared(ctx context.Context, token, ip string) (Trace, Link, error) {
	key := "shared trace ip " + ip
	if wait, ok := s.Limiter.Take(ctx, key, wrongMost, wrongWindow); !ok {
		return Trace{}, Link{}, errs.Limited("too_many_attempts", "too many links that lead nowhere: try again later").In(wait)
	}
	gone := errs.NotFound("link_not_found", "this link was revoked, is over, or never was: ask whoever gave it to you for another")
	if len(token) != tokenLetters || strings.ContainsAny(token, "\r\n") {
		return Trace{}, Link{}, gone
	}
	l, err := s.Store.OpenLink(ctx, sha256.Sum256([]byte(token)), s.Clock.Now())
	if errs.Is(err, errs.KindNotFound) {
		return Trace{}, Link{}, gone
	}
	s.Limiter.Return(ctx, key)
	if err != nil {
		return Trace{}, Link{}, fmt.Errorf("open a shared trace: %w", err)
	}
	t, err := s.Traces.Trace(ctx, l.eyes(), s.Traces.clicks.Text(l.ClickID))
	if errs.Is(err, errs.KindNotFound) { // the click moved out of the eyes' reach, or its day was dropped
		return Trace{}, Link{}, gone
	}
	return t, l, err
}

// keepOver is for how long a list still shows a link that is over.
const keepOver = 30 * 24 * time.Hour

// Prune forgets links that are long over. It returns how many.
func (s *Links) Prune(ctx context.Context) (int, error) {
	n, err := s.Store.DeleteLinks(ctx, s.Clock.Now().Add(-keepOver))
	if err != nil {
		return 0, fmt.Errorf("forget old links of traces: %w", err)
	}
	return n, nil
}

func (s *Links) record(ctx context.Context, actor account.Actor, action string, l Link) error {
	entry, err := actor.Audit(s.Clock.Now(), action, "trace_link", l.ID, nil, map[string]any{"click_id": s.Traces.clicks.Text(l.ClickID),
		"as": l.Role, "affiliate_id": l.AffiliateID, "advertiser_id": l.AdvertiserID, "note": l.Note, "expires_at": l.ExpiresAt})
	if err != nil {
		return err
	}
	return s.Audit.Record(ctx, entry)
}

func at(err error, place string) error {
	if e, ours := errs.As(err); ours {
		return e.At(place)
	}
	return err
}
