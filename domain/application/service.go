package application

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/waypost/waypost/domain"
	"github.com/waypost/waypost/domain/account"
	"github.com/waypost/waypost/domain/advertiser"
	"github.com/waypost/waypost/domain/affiliate"
	"github.com/waypost/waypost/domain/audit"
	"github.com/waypost/waypost/domain/errs"
	"github.com/waypost/waypost/domain/mail"
	"github.com/waypost/waypost/domain/network"
	"github.com/waypost/waypost/domain/notice"
)

// Filter narrows a list; the zero Filter takes all.
type Filter struct {
	Kind     Kind
	Status   Status
	Search   string    // part of the company's name, case ignored
	From, To time.Time // made at From or later, before To
}

// Store keeps applications. They are the operators': any other scope finds none.
type Store interface {
	Insert(ctx context.Context, a *Application) error // sets a.ID
	Update(ctx context.Context, a Application) error
	Get(ctx context.Context, s account.Scope, id ID) (Application, error)
	GetForUpdate(ctx context.Context, s account.Scope, id ID) (Application, error) // locked until the transaction ends
	// FindToken gives the application that a link was mailed for, locked; NotFound if there is none.
	FindToken(ctx context.Context, hash [32]byte) (Application, error)
	// Waiting tells whether a verified application of this kind and address, case ignored, waits for a decision.
	Waiting(ctx context.Context, k Kind, email string) (bool, error)
	// DeleteUnverified forgets applications of this kind and address, case ignored, that were never verified.
	DeleteUnverified(ctx context.Context, k Kind, email string) error
	// Prune forgets unverified applications made before, and gives their number.
	Prune(ctx context.Context, before time.Time) (int, error)
	List(ctx context.Context, s account.Scope, f Filter, p domain.Page) (domain.Slice[Application], error)
}

// Network gives the settings that a form is judged by.
type Network interface {
	Get(ctx context.Context) (network.Settings, error)
}

// Users finds who has an account already.
type Users interface {
	FindUser(ctx context.Context, email string) (account.User, error) // case ignored
}

// Deps is what a Service works with.
type Deps struct {
	Tx          domain.Transactor
	Store       Store
	Network     Network
	Users       Users
	Accounts    *account.Service
	Affiliates  *affiliate.Service
	Advertisers *advertiser.Service
	Notices     notice.Poster
	Mail        mail.Outbox
	Audit       audit.Recorder
	Limiter     account.Limiter
	Clock       domain.Clock
	Random      io.Reader // cryptographic
	PublicURL   string    // that mailed links begin with
}

// Service is what can be done with applications.
type Service struct{ Deps }

// NewService makes the service.
func NewService(d Deps) *Service { return &Service{d} }

// Get reads one application, for operators.
func (s *Service) Get(ctx context.Context, actor account.Actor, id ID) (Application, error) {
	if err := mayRead(actor); err != nil {
		return Application{}, err
	}
	a, err := s.Store.Get(ctx, actor.Scope(), id)
	if err != nil {
		return Application{}, fmt.Errorf("get application %d: %w", id, err)
	}
	return a, nil
}

// List reads a part of the applications, newest first, for operators.
func (s *Service) List(ctx context.Context, actor account.Actor, f Filter, p domain.Page) (domain.Slice[Application], error) {
	if err := mayRead(actor); err != nil {
		return domain.Slice[Application]{}, err
	}
	list, err := s.Store.List(ctx, actor.Scope(), f, p)
	if err != nil {
		return domain.Slice[Application]{}, fmt.Errorf("list applications: %w", err)
	}
	return list, nil
}

func mayRead(actor account.Actor) error {
	if err := actor.Require(account.PermissionReadCatalogue); err != nil {
		return err
	}
	if !actor.Scope().Network() {
		return errs.Forbidden("forbidden", "applications are the operators' of the network")
	}
	return nil
}

// unverifiedFor is how long an application whose address was never proved is kept.
const unverifiedFor = 7 * 24 * time.Hour

// Prune forgets applications that nobody verified in time.
func (s *Service) Prune(ctx context.Context) (int, error) {
	return s.Store.Prune(ctx, s.Clock.Now().Add(-unverifiedFor))
}

func (s *Service) record(ctx context.Context, actor account.Actor, action string, before any, after Application) error {
	e, err := actor.Audit(after.UpdatedAt, action, "application", after.ID, before, after.snapshot())
	if err != nil {
		return err
	}
	return s.Audit.Record(ctx, e)
}

// snapshot is what the audit log keeps: no token.
func (a Application) snapshot() any {
	return struct {
		Kind         Kind          `json:"kind"`
		Status       Status        `json:"status"`
		Company      string        `json:"company"`
		Contact      string        `json:"contact"`
		Email        string        `json:"email"`
		Reason       string        `json:"reason,omitempty"`
		AffiliateID  affiliate.ID  `json:"affiliate_id,omitempty"`
		AdvertiserID advertiser.ID `json:"advertiser_id,omitempty"`
	}{a.Kind, a.Status, a.Company, a.Contact, a.Email, a.Reason, a.AffiliateID, a.AdvertiserID}
}
