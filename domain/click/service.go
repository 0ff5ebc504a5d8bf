package click

import (
	"context"
	"time"

	"github.com/waypost/waypost/domain"
	"github.com/waypost/waypost/domain/account"
	"github.com/waypost/waypost/domain/advertiser"
	"github.com/waypost/waypost/domain/affiliate"
	"github.com/waypost/waypost/domain/errs"
	"github.com/waypost/waypost/domain/offer"
)

const (
	arrivalWait = 2 * time.Second // how long a click that was acknowledged may take to become a row (contract section 3)
	arrivalPoll = 50 * time.Millisecond
)

// Filter narrows a list of clicks; zero fields do not narrow.
type Filter struct {
	From, To     time.Time // made at or after From, before To
	ClickID      ID
	ClickIDs     []ID   // one of these
	AffClickID   string // the affiliate's own id, exactly
	OfferID      offer.ID
	AffiliateID  affiliate.ID
	AdvertiserID advertiser.ID
	Valid        *bool
}

// Store keeps clicks.
type Store interface {
	// Get is NotFound for a click outside the scope.
	Get(ctx context.Context, scope account.Scope, id ID) (Click, error)
	// Exists asks without a scope, so that nobody waits for the click of another tenant. The answer goes to no client.
	Exists(ctx context.Context, id ID) (bool, error)
	// List gives the newest first.
	List(ctx context.Context, scope account.Scope, f Filter, p domain.Page) (domain.Slice[Click], error)
}

// Service reads clicks. They are made by package tracking.
type Service struct {
	store  Store
	signer *Signer
	flush  func(context.Context) error
	now    domain.Clock
}

// NewService reads from store. flush asks the loader of this node to make rows of what its spool holds now; nil where
// there is none.
func NewService(store Store, signer *Signer, flush func(context.Context) error, now domain.Clock) *Service {
	if flush == nil {
		flush = func(context.Context) error { return nil }
	}
	return &Service{store: store, signer: signer, flush: flush, now: now}
}

// Text is the form of an id that clients see.
func (s *Service) Text(id ID) string { return s.signer.Text(id) }

// Parse reads the form that clients see. A text that is no id of ours names nothing: NotFound click_not_found.
func (s *Service) Parse(text string) (ID, error) {
	id, err := s.signer.Parse(text, s.now())
	if err != nil {
		return ID{}, errs.NotFound("click_not_found", "there is no click with this id").Because(err)
	}
	return id, nil
}

// Get gives the click that text names, waiting up to two seconds for one whose row has not arrived. Errors: NotFound,
// Forbidden.
func (s *Service) Get(ctx context.Context, actor account.Actor, text string) (Click, error) {
	if err := actor.Require(account.PermissionReadTraffic); err != nil {
		return Click{}, err
	}
	id, err := s.Parse(text)
	if err != nil {
		return Click{}, err
	}
	return s.Find(ctx, actor, id)
}

// Find is Get for whoever holds the id itself.
func (s *Service) Find(ctx context.Context, actor account.Actor, id ID) (Click, error) {
	if err := actor.Require(account.PermissionReadTraffic); err != nil {
		return Click{}, err
	}
	c, err := s.store.Get(ctx, actor.Scope(), id)
	if !errs.Is(err, errs.KindNotFound) {
		return c, err
	}
	if err := s.awaitArrival(ctx, id); err != nil {
		return Click{}, err
	}
	return s.store.Get(ctx, actor.Scope(), id)
}

// awaitArrival returns when the click has a row, or when the wait is over.
func (s *Service) awaitArrival(ctx context.Context, id ID) error {
	wait, cancel := context.WithTimeout(ctx, arrivalWait)
	defer cancel()
	for {
		found, err := s.store.Exists(ctx, id)
		if err != nil || found {
			return err
		}
		_ = s.flush(wait) // it fails where the database is away, which the next look shows
		select {
		case <-wait.Done():
			return ctx.Err()
		case <-time.After(arrivalPoll):
		}
	}
}

// List gives a part of the clicks that the actor may see, newest first.
func (s *Service) List(ctx context.Context, actor account.Actor, f Filter, p domain.Page) (domain.Slice[Click], error) {
	if err := actor.Require(account.PermissionReadTraffic); err != nil {
		return domain.Slice[Click]{}, err
	}
	return s.store.List(ctx, actor.Scope(), f, p)
}
