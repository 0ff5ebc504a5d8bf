package view

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/waypost/waypost/domain"
	"github.com/waypost/waypost/domain/account"
	"github.com/waypost/waypost/domain/errs"
)

// Filter narrows a list of views; zero fields do not.
type Filter struct {
	Page string
	Own  bool // only those of who asks
}

// Store keeps views. Who asks sees their own, and those that users of the same party share: anything else is NotFound.
// Default is that of who asks.
type Store interface {
	// Insert sets v.ID. A name that the owner has on that page already is Conflict views_name; so it is for Update.
	Insert(ctx context.Context, v *View) error
	Update(ctx context.Context, v View) error
	Delete(ctx context.Context, id ID) error
	// Count locks the user until the transaction ends, and counts the user's views.
	Count(ctx context.Context, user account.UserID) (int, error)
	Get(ctx context.Context, s account.Scope, reader account.UserID, id ID) (View, error)
	GetForUpdate(ctx context.Context, s account.Scope, reader account.UserID, id ID) (View, error)
	List(ctx context.Context, s account.Scope, reader account.UserID, f Filter, p domain.Page) (domain.Slice[View], error)
	// OfPage are those of a page, at most so many: the reader's own first, each by name.
	OfPage(ctx context.Context, s account.Scope, reader account.UserID, page string, most int) ([]View, error)
	// SetDefault makes the view open with its page for the user, in the place of another one; DropDefault takes it back.
	SetDefault(ctx context.Context, user account.UserID, page string, id ID) error
	DropDefault(ctx context.Context, user account.UserID, id ID) error
	// DropOthers ends that the view is the default of anybody but its owner.
	DropOthers(ctx context.Context, owner account.UserID, id ID) error
	// NextDue locks one view whose time has come and that nobody else holds, with its owner, who is active; none of the
	// ids in but. Errors: not_found where there is none.
	NextDue(ctx context.Context, now time.Time, but []ID) (View, account.User, error)
	SetNext(ctx context.Context, id ID, at time.Time) error
}

// Zones tells users' time zones.
type Zones interface {
	GetUser(ctx context.Context, s account.Scope, id account.UserID) (account.User, error)
}

// Files makes the files of views: it orders that of a page, to be mailed to the actor, in the caller's transaction.
type Files interface {
	OrderMailed(ctx context.Context, actor account.Actor, path string, format Format, title string) error
}

// Deps is what a Service works with.
type Deps struct {
	Tx    domain.Transactor
	Store Store
	Users Zones
	Files Files
	Clock domain.Clock
	Log   *slog.Logger
}

// Service is what can be done with views.
type Service struct{ Deps }

// NewService makes the service.
func NewService(d Deps) *Service { return &Service{d} }

// Create saves a view of the actor. Errors: name_taken, too_many_views.
func (s *Service) Create(ctx context.Context, actor account.Actor, v View) (View, error) {
	if err := mayKeep(actor); err != nil {
		return View{}, err
	}
	if err := v.Validate(actor.Scope()); err != nil {
		return View{}, err
	}
	v.OwnerID, v.CreatedAt = actor.UserID, s.Clock.Now()
	v.UpdatedAt = v.CreatedAt
	err := s.Tx.InTx(ctx, func(ctx context.Context) error {
		n, err := s.Store.Count(ctx, actor.UserID)
		if err != nil {
			return err
		}
		if n >= maxViews {
			return errs.Conflict("too_many_views", "you have %d views, and that is the most: delete one that you no longer open", n)
		}
		if err := s.time(ctx, actor, &v, Never); err != nil {
			return err
		}
		if err := s.Store.Insert(ctx, &v); err != nil {
			return nameTaken(v, err)
		}
		if v.Default {
			return s.Store.SetDefault(ctx, actor.UserID, v.Page, v.ID)
		}
		return nil
	})
	if err != nil {
		return View{}, fmt.Errorf("save view: %w", err)
	}
	return s.Get(ctx, actor, v.ID)
}

// Update changes a view. Of one that somebody shares only Default is the actor's. Errors: name_taken, not_owner.
func (s *Service) Update(ctx context.Context, actor account.Actor, id ID, change func(*View)) (View, error) {
	if err := mayKeep(actor); err != nil {
		return View{}, err
	}
	err := s.Tx.InTx(ctx, func(ctx context.Context) error {
		before, err := s.Store.GetForUpdate(ctx, actor.Scope(), actor.UserID, id)
		if err != nil {
			return err
		}
		after := before
		change(&after)
		own := after
		own.Default = before.Default
		if own != before {
			if err := s.save(ctx, actor, before, after); err != nil {
				return err
			}
		}
		switch {
		case after.Default && !before.Default:
			return s.Store.SetDefault(ctx, actor.UserID, before.Page, id)
		case before.Default && !after.Default:
			return s.Store.DropDefault(ctx, actor.UserID, id)
		}
		return nil
	})
	if err != nil {
		return View{}, fmt.Errorf("change view %d: %w", id, err)
	}
	return s.Get(ctx, actor, id)
}

// save changes what is the owner's.
func (s *Service) save(ctx context.Context, actor account.Actor, before, after View) error {
	if before.OwnerID != actor.UserID {
		return notOwner(before)
	}
	after.ID, after.OwnerID, after.Page, after.CreatedAt, after.NextAt = before.ID, before.OwnerID, before.Page, before.CreatedAt, before.NextAt
	if err := after.Validate(actor.Scope()); err != nil {
		return err
	}
	if err := s.time(ctx, actor, &after, before.Schedule); err != nil {
		return err
	}
	after.UpdatedAt = s.Clock.Now()
	if err := s.Store.Update(ctx, after); err != nil {
		return nameTaken(after, err)
	}
	if before.Shared && !after.Shared {
		return s.Store.DropOthers(ctx, before.OwnerID, before.ID)
	}
	return nil
}

// time sets when the file of a view whose schedule was another one goes out first.
func (s *Service) time(ctx context.Context, actor account.Actor, v *View, before Schedule) error {
	if v.Schedule == before {
		return nil
	}
	user, err := s.Users.GetUser(ctx, account.SystemActor("views").Scope(), actor.UserID)
	if err != nil {
		return fmt.Errorf("time zone of user %d: %w", actor.UserID, err)
	}
	v.NextAt = v.Schedule.Next(s.Clock.Now(), ZoneOf(user))
	return nil
}

// ZoneOf is the time zone that a user's days are of.
func ZoneOf(u account.User) *time.Location {
	if zone, err := time.LoadLocation(u.TimeZone); err == nil {
		return zone
	}
	return time.UTC
}

// Delete removes a view of the actor. Errors: not_owner.
func (s *Service) Delete(ctx context.Context, actor account.Actor, id ID) error {
	if err := mayKeep(actor); err != nil {
		return err
	}
	err := s.Tx.InTx(ctx, func(ctx context.Context) error {
		v, err := s.Store.GetForUpdate(ctx, actor.Scope(), actor.UserID, id)
		if err != nil {
			return err
		}
		if v.OwnerID != actor.UserID {
			return notOwner(v)
		}
		return s.Store.Delete(ctx, id)
	})
	if err != nil {
		return fmt.Errorf("delete view %d: %w", id, err)
	}
	return nil
}

// Get reads a view of the actor's, or one that is shared with the actor.
func (s *Service) Get(ctx context.Context, actor account.Actor, id ID) (View, error) {
	if err := actor.Require(account.PermissionReadCatalogue); err != nil {
		return View{}, err
	}
	v, err := s.Store.Get(ctx, actor.Scope(), actor.UserID, id)
	if err != nil {
		return View{}, fmt.Errorf("get view %d: %w", id, err)
	}
	return v, nil
}

// List reads a part of the views that the actor sees, newest first.
func (s *Service) List(ctx context.Context, actor account.Actor, f Filter, p domain.Page) (domain.Slice[View], error) {
	if err := actor.Require(account.PermissionReadCatalogue); err != nil {
		return domain.Slice[View]{}, err
	}
	list, err := s.Store.List(ctx, actor.Scope(), actor.UserID, f, p)
	if err != nil {
		return domain.Slice[View]{}, fmt.Errorf("list views: %w", err)
	}
	return list, nil
}

// mostOfPage is as many views as a menu holds.
const mostOfPage = 2 * maxViews

// OfPage are the views of a page that the actor sees: the actor's own first, each by name.
func (s *Service) OfPage(ctx context.Context, actor account.Actor, page string) ([]View, error) {
	if err := actor.Require(account.PermissionReadCatalogue); err != nil {
		return nil, err
	}
	all, err := s.Store.OfPage(ctx, actor.Scope(), actor.UserID, page, mostOfPage)
	if err != nil {
		return nil, fmt.Errorf("views of %s: %w", page, err)
	}
	return all, nil
}

// mayKeep is nil for a person of their own, of whatever role: a view changes nothing but what its owner sees.
func mayKeep(actor account.Actor) error {
	if err := actor.RequireWrite(); err != nil {
		return err
	}
	if actor.UserID == 0 {
		return errs.Forbidden("forbidden", "views are a user's own")
	}
	return actor.Require(account.PermissionReadCatalogue)
}

func notOwner(v View) error {
	return errs.Forbidden("not_owner", "this view is %s's, who alone can change it: save one of your own", v.OwnerName)
}

func nameTaken(v View, err error) error {
	if errs.HasCode(err, "views_name") {
		return errs.Conflict("name_taken", "you have a view %q of this page already: choose another name", v.Name).At("body.name").Because(err)
	}
	return err
}
