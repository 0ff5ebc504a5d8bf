package account

import (
	"context"
	"io"
	"time"

	"github.com/waypost/waypost/domain"
	"github.com/waypost/waypost/domain/audit"
	"github.com/waypost/waypost/domain/mail"
)

// UserFilter narrows a list of users; the zero filter takes all.
type UserFilter struct {
	Role         Role
	Status       UserStatus
	AffiliateID  int64
	AdvertiserID int64
	Search       string    // part of the name or of the e-mail address, case ignored
	From, To     time.Time // made at From or later, before To
}

// Store keeps users and their log-ins.
type Store interface {
	InsertUser(ctx context.Context, u *User) error // sets u.ID; Conflict users_email if the address is taken
	UpdateUser(ctx context.Context, u User) error
	DeleteUser(ctx context.Context, id UserID) error // with its log-ins
	GetUser(ctx context.Context, s Scope, id UserID) (User, error)
	GetUserForUpdate(ctx context.Context, s Scope, id UserID) (User, error) // locked until the transaction ends
	FindUser(ctx context.Context, email string) (User, error)               // case ignored
	ListUsers(ctx context.Context, s Scope, f UserFilter, p domain.Page) (domain.Slice[User], error)
	// LockAdmins lists the active administrators that have a password, and keeps them so until the transaction ends.
	LockAdmins(ctx context.Context) ([]UserID, error)
	// DeleteViews removes what a user saved of lists and reports, also what the user shared.
	DeleteViews(ctx context.Context, id UserID) error
	// ReplaceHash changes a password hash if it is still the old one.
	ReplaceHash(ctx context.Context, id UserID, from, to string) error

	TokenStore
	BrowserStore
	KeyStore
	FactorStore
	LinkStore
	ClaimStore
}

// TokenStore keeps log-ins to the API, each a family of refresh tokens of which every one follows from the one before.
type TokenStore interface {
	InsertToken(ctx context.Context, t RefreshToken) error
	FindToken(ctx context.Context, hash [32]byte) (RefreshToken, error)
	SpendToken(ctx context.Context, id domain.UUID, at time.Time) error
	RevokeFamily(ctx context.Context, family domain.UUID, at time.Time) error
	RevokeUser(ctx context.Context, id UserID, at time.Time) error // browser sessions too
	// SessionUser is the active user of a log-in that is neither revoked nor over; else NotFound.
	SessionUser(ctx context.Context, id UserID, family domain.UUID, now time.Time) (User, error)
	// KnownNetwork tells whether the user logged in, or refreshed a log-in, from a network since then.
	KnownNetwork(ctx context.Context, id UserID, network string, since time.Time) (bool, error)
	// DeleteTokens forgets tokens that were over before.
	DeleteTokens(ctx context.Context, before time.Time) (int, error)
	// ListSessions lists the log-ins of a user, to the API and of browsers, that are neither revoked nor over.
	ListSessions(ctx context.Context, id UserID, now time.Time, p domain.Page) (domain.Slice[OpenSession], error)
	// RevokeSession ends one of them; NotFound if the user has none such.
	RevokeSession(ctx context.Context, id UserID, family domain.UUID, now time.Time) error
}

// Deps is what a Service works with.
type Deps struct {
	Tx      domain.Transactor
	Store   Store
	Audit   audit.Recorder
	Limiter Limiter // nil = in the memory of this process
	Clock   domain.Clock
	Random  io.Reader // cryptographic

	// Mail takes invitations and new-password links; nil = nobody can be written to.
	Mail      mail.Outbox
	PublicURL string // that those links begin with
}

// Service is what can be done with users and their log-ins.
type Service struct {
	Deps
	passwords *hasher
	flights   flights
}

// NewService makes the service.
func NewService(d Deps) *Service {
	if d.Limiter == nil {
		d.Limiter = NewLimits(d.Clock)
	}
	return &Service{Deps: d, passwords: newHasher(d.Random), flights: flights{byKey: map[string]*flight{}}}
}
