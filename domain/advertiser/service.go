package advertiser

import (
	"context"
	"encoding/base64"
	"fmt"
	"io"
	"maps"
	"reflect"
	"slices"
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

// Store keeps advertisers. Another tenant's advertiser is NotFound.
type Store interface {
	Insert(ctx context.Context, a *Advertiser) error // sets a.ID
	Update(ctx context.Context, a Advertiser) error
	Delete(ctx context.Context, id ID) error // Conflict in_use while anything refers to it
	Get(ctx context.Context, s account.Scope, id ID) (Advertiser, error)
	GetForUpdate(ctx context.Context, s account.Scope, id ID) (Advertiser, error) // locked until the transaction ends
	List(ctx context.Context, s account.Scope, f Filter, p domain.Page) (domain.Slice[Advertiser], error)
	Names(ctx context.Context, s account.Scope, ids []ID) (map[ID]string, error) // of those that the scope sees
}

// Deps is what a Service works with.
type Deps struct {
	Tx     domain.Transactor
	Store  Store
	Audit  audit.Recorder
	Clock  domain.Clock
	Random io.Reader // cryptographic
}

// Service is what can be done with advertisers.
type Service struct{ Deps }

// NewService makes the service.
func NewService(d Deps) *Service { return &Service{d} }

// Create saves a new advertiser. Without a postback token it gets a random one.
func (s *Service) Create(ctx context.Context, actor account.Actor, a Advertiser) (Advertiser, []errs.Warning, error) {
	if err := actor.Require(account.PermissionManageCatalogue); err != nil {
		return Advertiser{}, nil, err
	}
	warnings, err := a.Validate()
	if err == nil {
		err = s.giveToken(&a)
	}
	if err != nil {
		return Advertiser{}, nil, err
	}
	a.CreatedAt = s.Clock.Now()
	a.UpdatedAt = a.CreatedAt
	err = s.Tx.InTx(ctx, func(ctx context.Context) error {
		if err := s.Store.Insert(ctx, &a); err != nil {
			return fmt.Errorf("create advertiser: %w", err)
		}
		return s.record(ctx, actor, "advertiser.create", a.ID, nil, a.masked())
	})
	if err != nil {
		return Advertiser{}, nil, err
	}
	return a, warnings, nil
}

// Update changes an advertiser. Its own users may change name and e-mail. A token set to "" is replaced by a new one.
// A change that sets UpdatedAt says which version it was made from; where that is another than the present one it is
// Conflict changed_meanwhile.
func (s *Service) Update(ctx context.Context, actor account.Actor, id ID, change func(*Advertiser)) (Advertiser, []errs.Warning, error) {
	own, isParty := actor.Scope().Advertiser()
	party := isParty && ID(own) == id
	if !party {
		if err := actor.Require(account.PermissionManageCatalogue); err != nil {
			return Advertiser{}, nil, s.hide(ctx, actor, id, err)
		}
	}
	var after Advertiser
	var warnings []errs.Warning
	err := s.Tx.InTx(ctx, func(ctx context.Context) error {
		before, err := s.Store.GetForUpdate(ctx, actor.Scope(), id)
		if err != nil {
			return fmt.Errorf("update advertiser %d: %w", id, err)
		}
		after = before.clone()
		change(&after)
		if err := errs.SameVersion(before.UpdatedAt, after.UpdatedAt); err != nil {
			return err
		}
		after.ID, after.CreatedAt, after.UpdatedAt = before.ID, before.CreatedAt, before.UpdatedAt
		if party && !onlyProfile(before, after) {
			return errs.Forbidden("forbidden", "you may change the name and e-mail address of your account; the network changes the rest")
		}
		if warnings, err = after.check(); err != nil {
			return err
		}
		if err := s.giveToken(&after); err != nil {
			return err
		}
		after.UpdatedAt = s.Clock.Now()
		if err := s.Store.Update(ctx, after); err != nil {
			return fmt.Errorf("update advertiser %d: %w", id, err)
		}
		masked := after.masked()
		if before.PostbackToken != after.PostbackToken {
			masked.PostbackToken += " (changed)"
		}
		return s.record(ctx, actor, "advertiser.update", id, before.masked(), masked)
	})
	if err != nil {
		return Advertiser{}, nil, err
	}
	return after, warnings, nil
}

// hide turns a refusal into NotFound where the actor may not even know of the advertiser.
func (s *Service) hide(ctx context.Context, actor account.Actor, id ID, refusal error) error {
	if _, err := s.Get(ctx, actor, id); errs.Is(err, errs.KindNotFound) {
		return err
	}
	return refusal
}

// onlyProfile tells whether nothing but name and e-mail differ.
func onlyProfile(before, after Advertiser) bool {
	before.Name, before.Email = after.Name, after.Email
	return reflect.DeepEqual(before, after)
}

// Get reads one advertiser; its own users and operators see it.
func (s *Service) Get(ctx context.Context, actor account.Actor, id ID) (Advertiser, error) {
	if err := actor.Require(account.PermissionReadCatalogue); err != nil {
		return Advertiser{}, err
	}
	a, err := s.Store.Get(ctx, actor.Scope(), id)
	if err != nil {
		return Advertiser{}, fmt.Errorf("get advertiser %d: %w", id, err)
	}
	return a, nil
}

// List reads a part of the advertisers that the actor may see, newest first.
func (s *Service) List(ctx context.Context, actor account.Actor, f Filter, p domain.Page) (domain.Slice[Advertiser], error) {
	if err := actor.Require(account.PermissionReadCatalogue); err != nil {
		return domain.Slice[Advertiser]{}, err
	}
	list, err := s.Store.List(ctx, actor.Scope(), f, p)
	if err != nil {
		return domain.Slice[Advertiser]{}, fmt.Errorf("list advertisers: %w", err)
	}
	return list, nil
}

// Delete removes an advertiser that nothing refers to; else it is Conflict in_use.
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
			return fmt.Errorf("delete advertiser %d: %w", id, err)
		}
		return s.record(ctx, actor, "advertiser.delete", id, before.masked(), nil)
	})
}

// giveToken makes a postback token if a has none.
func (s *Service) giveToken(a *Advertiser) error {
	if a.PostbackToken != "" {
		return nil
	}
	random := make([]byte, 24) // 192 bits, 32 characters
	if _, err := io.ReadFull(s.Random, random); err != nil {
		return fmt.Errorf("make postback token: %w", err)
	}
	a.PostbackToken = base64.RawURLEncoding.EncodeToString(random)
	return nil
}

func (s *Service) record(ctx context.Context, actor account.Actor, action string, id ID, before, after any) error {
	e, err := actor.Audit(s.Clock.Now(), action, "advertiser", id, before, after)
	if err != nil {
		return err
	}
	return s.Audit.Record(ctx, e)
}

// masked is a without its secret, for the audit log.
func (a Advertiser) masked() Advertiser {
	a.PostbackToken = "***"
	return a
}

func (a Advertiser) clone() Advertiser {
	a.IPAllowlist = slices.Clone(a.IPAllowlist)
	a.StatusMap = maps.Clone(a.StatusMap)
	return a
}
