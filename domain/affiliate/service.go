package affiliate

import (
	"context"
	"fmt"
	"time"

	"github.com/waypost/waypost/domain"
	"github.com/waypost/waypost/domain/account"
	"github.com/waypost/waypost/domain/audit"
	"github.com/waypost/waypost/domain/errs"
)

// Filter narrows a list; the zero Filter takes all.
type Filter struct {
	Status   Status
	Search   string    // part of the name, case ignored
	From, To time.Time // made at From or later, before To
}

// Store keeps affiliates. Another tenant's affiliate is NotFound.
type Store interface {
	Insert(ctx context.Context, a *Affiliate) error // sets a.ID
	Update(ctx context.Context, a Affiliate) error
	Delete(ctx context.Context, id ID) error // Conflict in_use while anything refers to it
	Get(ctx context.Context, s account.Scope, id ID) (Affiliate, error)
	GetForUpdate(ctx context.Context, s account.Scope, id ID) (Affiliate, error) // locked until the transaction ends
	List(ctx context.Context, s account.Scope, f Filter, p domain.Page) (domain.Slice[Affiliate], error)
	Names(ctx context.Context, s account.Scope, ids []ID) (map[ID]string, error) // of those that the scope sees
}

// Deps is what a Service works with.
type Deps struct {
	Tx    domain.Transactor
	Store Store
	Audit audit.Recorder
	Clock domain.Clock
}

// Service is what can be done with affiliates.
type Service struct{ Deps }

// NewService makes the service.
func NewService(d Deps) *Service { return &Service{d} }

// Create saves a new affiliate.
func (s *Service) Create(ctx context.Context, actor account.Actor, a Affiliate) (Affiliate, []errs.Warning, error) {
	if err := actor.Require(account.PermissionManageCatalogue); err != nil {
		return Affiliate{}, nil, err
	}
	if err := a.Validate(); err != nil {
		return Affiliate{}, nil, err
	}
	a.CreatedAt = s.Clock.Now()
	a.UpdatedAt = a.CreatedAt
	err := s.Tx.InTx(ctx, func(ctx context.Context) error {
		if err := s.Store.Insert(ctx, &a); err != nil {
			return fmt.Errorf("create affiliate: %w", err)
		}
		return s.record(ctx, actor, "affiliate.create", a.ID, nil, a)
	})
	if err != nil {
		return Affiliate{}, nil, err
	}
	return a, nil, nil
}

// Update changes an affiliate. Its own users may change name, e-mail, currency and fire. A change that sets UpdatedAt says
// which version it was made from; where that is another than the present one it is Conflict changed_meanwhile.
func (s *Service) Update(ctx context.Context, actor account.Actor, id ID, change func(*Affiliate)) (Affiliate, []errs.Warning, error) {
	own, isParty := actor.Scope().Affiliate()
	party := isParty && ID(own) == id
	if !party {
		if err := actor.Require(account.PermissionManageCatalogue); err != nil {
			return Affiliate{}, nil, s.hide(ctx, actor, id, err)
		}
	}
	var after Affiliate
	err := s.Tx.InTx(ctx, func(ctx context.Context) error {
		before, err := s.Store.GetForUpdate(ctx, actor.Scope(), id)
		if err != nil {
			return fmt.Errorf("update affiliate %d: %w", id, err)
		}
		after = before
		change(&after)
		if err := errs.SameVersion(before.UpdatedAt, after.UpdatedAt); err != nil {
			return err
		}
		after.ID, after.CreatedAt, after.UpdatedAt = before.ID, before.CreatedAt, before.UpdatedAt
		if party && after.Status != before.Status {
			return errs.Forbidden("forbidden", "the network decides on the status of your account; ask your manager")
		}
		if err := after.check(); err != nil {
			return err
		}
		after.UpdatedAt = s.Clock.Now()
		if err := s.Store.Update(ctx, after); err != nil {
			return fmt.Errorf("update affiliate %d: %w", id, err)
		}
		return s.record(ctx, actor, "affiliate.update", id, before, after)
	})
	if err != nil {
		return Affiliate{}, nil, err
	}
	return after, nil, nil
}

// hide turns a refusal into NotFound where the actor may not even know of the affiliate.
func (s *Service) hide(ctx context.Context, actor account.Actor, id ID, refusal error) error {
	if _, err := s.Get(ctx, actor, id); errs.Is(err, errs.KindNotFound) {
		return err
	}
	return refusal
}

// Get reads one affiliate; its own users and operators see it.
func (s *Service) Get(ctx context.Context, actor account.Actor, id ID) (Affiliate, error) {
	if err := actor.Require(account.PermissionReadCatalogue); err != nil {
		return Affiliate{}, err
	}
	a, err := s.Store.Get(ctx, actor.Scope(), id)
	if err != nil {
		return Affiliate{}, fmt.Errorf("get affiliate %d: %w", id, err)
	}
	return a, nil
}

// List reads a part of the affiliates that the actor may see, newest first.
func (s *Service) List(ctx context.Context, actor account.Actor, f Filter, p domain.Page) (domain.Slice[Affiliate], error) {
	if err := actor.Require(account.PermissionReadCatalogue); err != nil {
		return domain.Slice[Affiliate]{}, err
	}
	list, err := s.Store.List(ctx, actor.Scope(), f, p)
	if err != nil {
		return domain.Slice[Affiliate]{}, fmt.Errorf("list affiliates: %w", err)
	}
	return list, nil
}

// Delete removes an affiliate that nothing refers to; else it is Conflict in_use.
func (s *Service) Delete(ctx context.Context, actor account.Actor, id ID) error {
	if err := actor.Require(account.PermissionManageCatalogue); err != nil {
		return s.hide(ctx, actor, id, err)
	}
	return s.Tx.InTx(ctx, func(ctx context.Context) error {
		before, err := s.Store.GetForUpdate(ctx, actor.Scope(), id)
		if err == nil {
			err = s.Store.Delete(ctx, id)
		}
		if err != nil {
			return fmt.Errorf("delete affiliate %d: %w", id, err)
		}
		return s.record(ctx, actor, "affiliate.delete", id, before, nil)
	})
}

func (s *Service) record(ctx context.Context, actor account.Actor, action string, id ID, before, after any) error {
	e, err := actor.Audit(s.Clock.Now(), action, "affiliate", id, before, after)
	if err != nil {
		return err
	}
	return s.Audit.Record(ctx, e)
}
