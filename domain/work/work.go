// Package work is the queue of what waits for an operator: who wants to join, who wants to run an offer, which sales
// somebody has to judge, and which postbacks do not get through.
package work

import (
	"context"
	"fmt"
	"time"

	"github.com/waypost/waypost/domain/account"
	"github.com/waypost/waypost/domain/advertiser"
	"github.com/waypost/waypost/domain/affiliate"
	"github.com/waypost/waypost/domain/application"
	"github.com/waypost/waypost/domain/conversion"
	"github.com/waypost/waypost/domain/errs"
	"github.com/waypost/waypost/domain/money"
	"github.com/waypost/waypost/domain/offer"
	"github.com/waypost/waypost/domain/postback"
	"github.com/waypost/waypost/domain/report"
)

// Queue is what waits, each kind with its number and its items, oldest first.
type Queue struct {
	Applications   Part[application.Application] // verified, not decided
	AccessRequests Part[AccessRequest]
	Conversions    Part[conversion.Conversion] // pending, tests left out
	ConversionSums []Sum                       // of all pending conversions, by currency
	Postbacks      Part[Postback]
}

// Part is one kind of work. Items holds the oldest, as many as were asked for.
type Part[T any] struct {
	Count int
	Items []T
}

// AccessRequest is an affiliate's wish to run an offer.
type AccessRequest struct {
	OfferID       offer.ID
	OfferName     string
	AffiliateID   affiliate.ID
	AffiliateName string
	At            time.Time
}

// Sum is what pending conversions in one currency would earn.
type Sum struct {
	Currency    money.Currency
	Conversions int
	Commission  report.Sum
	Revenue     report.Sum
}

// FailingFrom is from how many failures on, without a success between them, an active postback is work: one that fails
// now and then is retried by itself.
const FailingFrom = 3

// Postback is one that was paused by the system, or that is failing.
type Postback struct {
	ID            postback.ID
	AffiliateID   affiliate.ID
	AffiliateName string
	URL           string // secrets masked
	Active        bool
	PausedReason  postback.PausedReason // empty for an active one
	FailingSince  time.Time
	Failures      int // since the last success
}

// Names are those of the parties and offers that a queue names.
type Names struct {
	Offers      map[offer.ID]string
	Affiliates  map[affiliate.ID]string
	Advertisers map[advertiser.ID]string
}

// Store reads the queue.
type Store interface {
	// Queue gives of each kind the oldest so many.
	Queue(ctx context.Context, s account.Scope, most int) (Queue, error)
	// Count gives the numbers alone, each counted no further than most.
	Count(ctx context.Context, s account.Scope, most int) (Queue, error)
	// Names reads the names of what the queue's conversions name.
	Names(ctx context.Context, s account.Scope, q Queue) (Names, error)
}

// Service reads the queue.
type Service struct{ store Store }

// NewService makes the service.
func NewService(store Store) *Service { return &Service{store} }

const (
	defaultItems = 10
	maxItems     = 100
)

// Queue reads what waits, of each kind the oldest most items: 0 means 10, more than 100 mean 100. For operators.
func (s *Service) Queue(ctx context.Context, actor account.Actor, most int) (Queue, Names, error) {
	if err := mayRead(actor); err != nil {
		return Queue{}, Names{}, err
	}
	if most <= 0 {
		most = defaultItems
	}
	q, err := s.store.Queue(ctx, actor.Scope(), min(most, maxItems))
	if err != nil {
		return Queue{}, Names{}, fmt.Errorf("read work queue: %w", err)
	}
	for i := range q.Postbacks.Items {
		q.Postbacks.Items[i].URL = postback.MaskURL(q.Postbacks.Items[i].URL)
	}
	names, err := s.store.Names(ctx, actor.Scope(), q)
	if err != nil {
		return Queue{}, Names{}, fmt.Errorf("read names of the work queue: %w", err)
	}
	return q, names, nil
}

// maxCounted is how far Count counts: it is asked for with every page.
const maxCounted = 1000

// Count gives how much of each kind waits, 1000 for what is more, without items and sums: for a badge. For operators.
func (s *Service) Count(ctx context.Context, actor account.Actor) (Queue, error) {
	if err := mayRead(actor); err != nil {
		return Queue{}, err
	}
	q, err := s.store.Count(ctx, actor.Scope(), maxCounted)
	if err != nil {
		return Queue{}, fmt.Errorf("count work: %w", err)
	}
	return q, nil
}

func mayRead(actor account.Actor) error {
	if err := actor.Require(account.PermissionReadTraffic); err != nil {
		return err
	}
	if !actor.Scope().Network() {
		return errs.Forbidden("forbidden", "the work queue is the operators' of the network")
	}
	return nil
}
