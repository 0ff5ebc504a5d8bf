package trace

import (
	"context"
	"fmt"
	"slices"

	"github.com/waypost/waypost/domain"
	"github.com/waypost/waypost/domain/account"
	"github.com/waypost/waypost/domain/click"
	"github.com/waypost/waypost/domain/conversion"
	"github.com/waypost/waypost/domain/ledger"
	"github.com/waypost/waypost/domain/postback"
)

// maxRows bounds how many rows of each kind (lines of the log, events, postings, deliveries) one trace tells: the newest.
const maxRows = 2000

// Store reads what no other service gives by click.
type Store interface {
	// Entries are the postings that belong to a click, of the scope's own party unless it is the network's: the newest
	// so many, oldest first.
	Entries(ctx context.Context, scope account.Scope, id click.ID, limit int) ([]ledger.Entry, error)
}

// Service tells traces.
type Service struct {
	store       Store
	clicks      *click.Service
	conversions *conversion.Service
	postbacks   *postback.Service
}

// NewService makes the service.
func NewService(store Store, clicks *click.Service, conversions *conversion.Service, postbacks *postback.Service) *Service {
	return &Service{store: store, clicks: clicks, conversions: conversions, postbacks: postbacks}
}

// Trace tells the story of the click that text names, as far as the actor may know it. Errors: NotFound, Forbidden.
func (s *Service) Trace(ctx context.Context, actor account.Actor, text string) (Trace, error) {
	c, err := s.clicks.Get(ctx, actor, text)
	if err != nil {
		return Trace{}, err
	}
	rows := Rows{Click: c}
	if rows.Log, err = all(func(p domain.Page) (domain.Slice[conversion.LogEntry], error) {
		return s.conversions.LogList(ctx, actor, conversion.LogFilter{ClickID: c.ID}, p)
	}); err != nil {
		return Trace{}, fmt.Errorf("trace postbacks: %w", err)
	}
	if rows.Events, err = s.conversions.Events(ctx, actor, c.ID, maxRows); err != nil {
		return Trace{}, fmt.Errorf("trace conversions: %w", err)
	}
	if rows.Entries, err = s.store.Entries(ctx, actor.Scope(), c.ID, maxRows); err != nil {
		return Trace{}, fmt.Errorf("trace ledger: %w", err)
	}
	if rows.Deliveries, err = all(func(p domain.Page) (domain.Slice[postback.Delivery], error) {
		return s.postbacks.ListDeliveries(ctx, actor, postback.DeliveryFilter{ClickID: c.ID}, p)
	}); err != nil {
		return Trace{}, fmt.Errorf("trace deliveries: %w", err)
	}
	if view := viewOf(actor); view.Commission {
		rows.Conversions, err = all(func(p domain.Page) (domain.Slice[conversion.Conversion], error) {
			return s.conversions.List(ctx, actor, conversion.Filter{ClickID: c.ID}, p)
		})
		if err != nil {
			return Trace{}, fmt.Errorf("trace conversions: %w", err)
		}
		if rows.Recipients, err = s.postbacks.Known(ctx, actor, c.AffiliateID); err != nil {
			return Trace{}, fmt.Errorf("trace postbacks: %w", err)
		}
	}
	return Tell(rows, viewOf(actor), s.clicks.Text), nil
}

func viewOf(actor account.Actor) View {
	scope := actor.Scope()
	_, affiliate := scope.Affiliate()
	_, advertiser := scope.Advertiser()
	return View{Commission: scope.Network() || affiliate, Revenue: scope.Network() || advertiser}
}

// all reads a list to its end, or to maxRows, oldest first.
func all[T any](list func(domain.Page) (domain.Slice[T], error)) ([]T, error) {
	var rows []T
	page := domain.Page{Limit: domain.MaxLimit}
	for len(rows) < maxRows {
		part, err := list(page)
		if err != nil {
			return nil, err
		}
		rows = append(rows, part.Items...)
		if page.Cursor = part.NextCursor; page.Cursor == "" {
			break
		}
	}
	slices.Reverse(rows) // lists are newest first
	return rows, nil
}
