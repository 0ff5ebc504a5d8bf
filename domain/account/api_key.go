package account

import (
	"context"
	"crypto/sha256"
	"fmt"
	"strings"
	"time"

	"github.com/waypost/waypost/domain"
	"github.com/waypost/waypost/domain/errs"
	"github.com/waypost/waypost/domain/field"
)

// KeyID names an API key.
type KeyID int64

const (
	keyMark      = "wp_" // by which a bearer token is known to be a key
	keyLength    = len(keyMark) + 43
	prefixLength = len(keyMark) + 8
)

// APIKey is a bearer token that acts as the user who made it and dies with that user. Only its hash is kept.
type APIKey struct {
	ID         KeyID
	UserID     UserID
	Name       string
	Prefix     string   // the secret's first characters, to tell keys apart
	Hash       [32]byte `json:"-"` // SHA-256 of the secret; nothing for the audit log
	Role       Role     // narrower than its user's; empty = its user's, whatever that is at the time
	CreatedAt  time.Time
	ExpiresAt  time.Time // zero = never
	LastUsedAt time.Time // to the minute; zero = not yet
}

// roleOf is what the key may do when its user has that role; false where it may no longer be used, because it would
// be more than the user itself.
func (k APIKey) roleOf(user Role) (Role, bool) {
	if k.Role == "" {
		return user, true
	}
	return k.Role, k.Role.Within(user)
}

// KeyStore keeps API keys.
type KeyStore interface {
	InsertKey(ctx context.Context, k *APIKey) error // sets k.ID
	GetKey(ctx context.Context, id KeyID) (APIKey, error)
	// KeyUser is the key with that hash and its user, if that one is active; else NotFound.
	KeyUser(ctx context.Context, hash [32]byte) (APIKey, User, error)
	ListKeys(ctx context.Context, user UserID, p domain.Page) (domain.Slice[APIKey], error)
	TouchKey(ctx context.Context, id KeyID, at time.Time) error
	DeleteKey(ctx context.Context, id KeyID) error
}

// IsKey tells a bearer token that means to be an API key.
func IsKey(token string) bool { return strings.HasPrefix(token, keyMark) }

// NewKey is what an API key is made of.
type NewKey struct {
	Name      string
	Role      Role      // empty = the maker's
	ExpiresAt time.Time // zero = never
}

// CreateKey makes a key of the actor's and gives its secret, which is shown once.
func (s *Service) CreateKey(ctx context.Context, actor Actor, in NewKey) (k APIKey, secret string, err error) {
	if err := actor.RequireLogin(); err != nil {
		return APIKey{}, "", err
	}
	now := s.Clock.Now()
	var c field.Checks
	in.Name, err = field.Required(in.Name)
	c.Add("body.name", err)
	if in.Role != "" && !in.Role.Within(actor.Role) {
		c.Add("body.role", errs.Invalid("role_not_narrower", "a key may do no more than you: %q is not within your role %q", in.Role, actor.Role))
	}
	if !in.ExpiresAt.IsZero() && !in.ExpiresAt.After(now) {
		c.Add("body.expires_at", errs.Invalid("in_the_past", "must lie ahead"))
	}
	if err := c.Err(); err != nil {
		return APIKey{}, "", err
	}
	random, err := s.randomText()
	if err != nil {
		return APIKey{}, "", fmt.Errorf("make API key: %w", err)
	}
	secret = keyMark + random
	k = APIKey{UserID: actor.UserID, Name: in.Name, Prefix: secret[:prefixLength], Hash: sha256.Sum256([]byte(secret)),
		Role: in.Role, CreatedAt: now, ExpiresAt: in.ExpiresAt}
	err = s.Tx.InTx(ctx, func(ctx context.Context) error {
		if err := s.Store.InsertKey(ctx, &k); err != nil {
			return fmt.Errorf("create API key: %w", err)
		}
		return s.recordOf(ctx, actor, "api_key.create", "api_key", k.ID, nil, k)
	})
	if err != nil {
		return APIKey{}, "", err
	}
	return k, secret, nil
}

// KeyActor is who acts with an API key from an address. Errors: invalid_api_key, also where its user was disabled or
// deleted; expired_api_key.
func (s *Service) KeyActor(ctx context.Context, secret, ip string) (Actor, error) {
	invalid := errs.Unauthenticated("invalid_api_key", "this API key is not valid: it was deleted, or its user may not log in")
	if !IsKey(secret) || len(secret) != keyLength {
		return Actor{}, invalid
	}
	k, u, err := s.Store.KeyUser(ctx, sha256.Sum256([]byte(secret)))
	if errs.Is(err, errs.KindNotFound) {
		return Actor{}, invalid
	}
	if err != nil {
		return Actor{}, fmt.Errorf("find API key: %w", err)
	}
	now := s.Clock.Now()
	if !k.ExpiresAt.IsZero() && !now.Before(k.ExpiresAt) {
		return Actor{}, errs.Unauthenticated("expired_api_key", "this API key is over: make another one")
	}
	a := u.Actor(ip)
	a.Key = k.ID
	var ok bool
	if a.Role, ok = k.roleOf(u.Role); !ok {
		return Actor{}, errs.Unauthenticated("invalid_api_key", "this API key's role %q is not within its user's role %q any more: make another one", k.Role, u.Role)
	}
	if minute := now.Truncate(time.Minute); k.LastUsedAt.Before(minute) {
		if err := s.Store.TouchKey(ctx, k.ID, minute); err != nil {
			return Actor{}, fmt.Errorf("note use of API key %d: %w", k.ID, err)
		}
	}
	return a, nil
}

// ListKeys lists a user's keys, newest first: the actor's own, or anybody's for who manages users.
func (s *Service) ListKeys(ctx context.Context, actor Actor, user UserID, p domain.Page) (domain.Slice[APIKey], error) {
	if user != actor.UserID {
		if actor.Require(PermissionManageUsers) != nil {
			return domain.Slice[APIKey]{}, hideUser(user)
		}
		if _, err := s.readUser(ctx, actor, user); err != nil {
			return domain.Slice[APIKey]{}, err
		}
	}
	list, err := s.Store.ListKeys(ctx, user, p)
	if err != nil {
		return list, fmt.Errorf("list API keys of user %d: %w", user, err)
	}
	return list, nil
}

// GetKey reads a key of the actor's own, or anybody's for who manages users.
func (s *Service) GetKey(ctx context.Context, actor Actor, id KeyID) (APIKey, error) {
	k, err := s.Store.GetKey(ctx, id)
	if err == nil && k.UserID != actor.UserID && actor.Require(PermissionManageUsers) != nil {
		err = errs.NotFound("not_found", "there is no API key %d", id)
	}
	if err != nil {
		return APIKey{}, fmt.Errorf("get API key %d: %w", id, err)
	}
	return k, nil
}

// DeleteKey ends a key at once. A key may end itself, and no other: one that was narrowed could stop what it may not do.
// Errors: login_required.
func (s *Service) DeleteKey(ctx context.Context, actor Actor, id KeyID) error {
	return s.Tx.InTx(ctx, func(ctx context.Context) error {
		k, err := s.GetKey(ctx, actor, id)
		if err != nil {
			return err
		}
		if actor.Key != id {
			if err := actor.RequireLogin(); err != nil {
				return err
			}
		}
		if err := s.Store.DeleteKey(ctx, id); err != nil {
			return fmt.Errorf("delete API key %d: %w", id, err)
		}
		return s.recordOf(ctx, actor, "api_key.delete", "api_key", id, k, nil)
	})
}
