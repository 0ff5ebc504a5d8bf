// Package search finds things by what people know of them: a name, an id, a click's id. It serves the command palette.
package search

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/waypost/waypost/domain"
	"github.com/waypost/waypost/domain/account"
	"github.com/waypost/waypost/domain/click"
	"github.com/waypost/waypost/domain/conversion"
	"github.com/waypost/waypost/domain/errs"
)

// Kind says what was found.
type Kind string

// The kinds, in the order of an answer.
const (
	KindClick      Kind = "click"
	KindConversion Kind = "conversion"
	KindOffer      Kind = "offer"
	KindAffiliate  Kind = "affiliate"
	KindAdvertiser Kind = "advertiser"
)

// Result is one thing that was found, and that its reader may open.
type Result struct {
	Kind   Kind
	ID     string // as it stands in an address
	Title  string
	Detail string // its state, on one line
}

const (
	most     = 20  // results of an answer
	maxQuery = 200 // characters
)

// Store finds what the scope may see.
type Store interface {
	// Named finds offers, affiliates and advertisers whose id begins with the text, or whose name holds it: of each at
	// most so many, exact ids first, then names that begin with it.
	Named(ctx context.Context, s account.Scope, text string, most int) ([]Result, error)
	// Choices finds things of one kind in the same way; where the text is empty, the newest.
	Choices(ctx context.Context, s account.Scope, c Choice, most int) ([]Result, error)
}

// Clicks finds a click; click.Store is one.
type Clicks interface {
	Get(ctx context.Context, s account.Scope, id click.ID) (click.Click, error)
}

// Conversions finds a conversion; conversion.Store is one.
type Conversions interface {
	Get(ctx context.Context, s account.Scope, id conversion.ID) (conversion.Conversion, error)
}

// Deps is what a Service works with.
type Deps struct {
	Store       Store
	Clicks      Clicks
	Conversions Conversions
	Signer      *click.Signer
	Clock       domain.Clock
}

// Service answers searches.
type Service struct{ Deps }

// NewService makes the service.
func NewService(d Deps) *Service { return &Service{d} }

// Search finds at most 20 things by an id or a part of a name, case ignored. Whatever is no id of a click or conversion
// is looked for as a name; an empty text finds nothing.
func (s *Service) Search(ctx context.Context, actor account.Actor, text string) ([]Result, error) {
	if err := actor.Require(account.PermissionReadCatalogue); err != nil {
		return nil, err
	}
	if err := actor.Scope().Check(); err != nil {
		return nil, err
	}
	text = strings.TrimSpace(text)
	switch {
	case text == "":
		return nil, nil
	case utf8.RuneCountInString(text) > maxQuery:
		return nil, errs.Invalid("too_long", "must have at most %d characters", maxQuery).At("query.q")
	}
	if id, err := s.Signer.Parse(strings.ToLower(text), s.Clock()); err == nil {
		return one(s.click(ctx, actor, id))
	}
	if id, ok := domain.ParseUUID(strings.ToLower(text)); ok {
		return one(s.conversion(ctx, actor, conversion.ID{UUID: id}))
	}
	found, err := s.Store.Named(ctx, actor.Scope(), text, most)
	if err != nil {
		return nil, fmt.Errorf("search: %w", err)
	}
	return trim(found), nil
}

// trim leaves the first results of each kind, so that none crowds the others out.
func trim(found []Result) []Result {
	of := map[Kind]int{}
	for _, r := range found {
		of[r.Kind]++
	}
	for len(found) > most {
		largest := slices.MaxFunc(found, func(a, b Result) int { return of[a.Kind] - of[b.Kind] }).Kind
		for i := len(found) - 1; ; i-- {
			if found[i].Kind == largest {
				found = slices.Delete(found, i, i+1)
				of[largest]--
				break
			}
		}
	}
	return found
}

func (s *Service) click(ctx context.Context, actor account.Actor, id click.ID) (Result, error) {
	if _, err := s.Clicks.Get(ctx, actor.Scope(), id); err != nil {
		return Result{}, err
	}
	text := s.Signer.Text(id)
	return Result{Kind: KindClick, ID: text, Title: text, Detail: "of " + id.Time().Format("2006-01-02 15:04 MST")}, nil
}

func (s *Service) conversion(ctx context.Context, actor account.Actor, id conversion.ID) (Result, error) {
	c, err := s.Conversions.Get(ctx, actor.Scope(), id)
	if err != nil {
		return Result{}, err
	}
	return Result{Kind: KindConversion, ID: id.String(), Title: id.String(), Detail: fmt.Sprintf("%s, of %s", c.Status, c.CreatedAt.Format("2006-01-02 15:04 MST"))}, nil
}

// one is the answer to a search by the id of one thing, which may not exist for the reader.
func one(r Result, err error) ([]Result, error) {
	if errs.Is(err, errs.KindNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("search: %w", err)
	}
	return []Result{r}, nil
}
