package ledger

import (
	"context"
	"time"

	"github.com/waypost/waypost/domain"
	"github.com/waypost/waypost/domain/account"
	"github.com/waypost/waypost/domain/advertiser"
	"github.com/waypost/waypost/domain/affiliate"
	"github.com/waypost/waypost/domain/errs"
)

// Filter is whose entries are listed.
type Filter struct {
	Party    Party
	From, To time.Time // posted at From or later, before To; zero = no bound
}

// Store reads the ledger, as far as a scope may see it. Entries are written by the deeds that make them, in their
// transactions.
type Store interface {
	// Entries gives a party's entries, newest first.
	Entries(ctx context.Context, scope account.Scope, f Filter, page domain.Page) (domain.Slice[Entry], error)
	// Balances gives a party's stored balances, by currency.
	Balances(ctx context.Context, scope account.Scope, p Party) ([]Balance, error)
	// Differences gives every balance that is not the fold of its entries.
	Differences(ctx context.Context) ([]Difference, error)
}

// Difference is a stored balance that is not what its entries add up to.
type Difference struct {
	Stored Balance
	Folded Balance
}

// Service reads the ledger.
type Service struct{ store Store }

// NewService makes the service.
func NewService(store Store) *Service { return &Service{store: store} }

// Entries gives a part of a party's entries, newest first. Errors: NotFound for another tenant's party.
func (s *Service) Entries(ctx context.Context, actor account.Actor, f Filter, page domain.Page) (domain.Slice[Entry], error) {
	if err := mayRead(actor, f.Party); err != nil {
		return domain.Slice[Entry]{}, err
	}
	return s.store.Entries(ctx, actor.Scope(), f, page)
}

// Balances gives a party's balances, one for each currency that it ever had. Errors: NotFound for another tenant's
// party.
func (s *Service) Balances(ctx context.Context, actor account.Actor, p Party) ([]Balance, error) {
	if err := mayRead(actor, p); err != nil {
		return nil, err
	}
	return s.store.Balances(ctx, actor.Scope(), p)
}

// VerifyBalances compares every stored balance with the fold of its entries. None is the only good answer.
func (s *Service) VerifyBalances(ctx context.Context) ([]Difference, error) {
	return s.store.Differences(ctx)
}

func mayRead(actor account.Actor, p Party) error {
	if err := actor.Require(account.PermissionReadMoney); err != nil {
		return err
	}
	scope := actor.Scope()
	if err := scope.Check(); err != nil {
		return err
	}
	if !scope.Network() && p != Own(scope) {
		return errs.NotFound("not_found", "there is no such account")
	}
	return nil
}

// Own is the party whose accounts alone the scope may see, empty for the network's scope, which sees all, and for the
// zero one, which sees nothing.
func Own(scope account.Scope) Party {
	if id, ok := scope.Affiliate(); ok {
		return Affiliate(affiliate.ID(id))
	}
	if id, ok := scope.Advertiser(); ok {
		return Advertiser(advertiser.ID(id))
	}
	return ""
}
