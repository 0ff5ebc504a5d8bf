package postback

import (
	"context"
	"fmt"
	"time"

	"github.com/waypost/waypost/domain"
	"github.com/waypost/waypost/domain/account"
	"github.com/waypost/waypost/domain/click"
	"github.com/waypost/waypost/domain/conversion"
	"github.com/waypost/waypost/domain/errs"
	"github.com/waypost/waypost/domain/money"
	"github.com/waypost/waypost/domain/offer"
)

// How many tests a user may send in a while.
const (
	testsMost   = 30
	testsWindow = time.Minute
)

// TestInput says what a test sends. Without a conversion or a click all values are invented.
type TestInput struct {
	URL          string        // instead of the postback's, to try one before it is saved
	Method       string        // likewise
	ConversionID conversion.ID // whose values are sent
	ClickID      click.ID      // with invented values of a conversion
}

// Sample is what one call brought back.
type Sample struct {
	URL          string // secrets masked
	Method       string
	StatusCode   int // 0 where no answer came
	Duration     time.Duration
	Error        ErrorClass
	ResponseBody string
	RequestBody  string // of a POST
	Detail       Detail
}

// Detail is what a request that was watched shows besides its result.
type Detail struct {
	Timing Timing
	Sent   []HeaderLine // of the request as it went out, in order; none where no connection was made
	Status string       // status line of the answer, such as "HTTP/1.1 200 OK"; empty where none came
	Header []HeaderLine // of the answer: those that help to find a fault
}

// HeaderLine is one line of an HTTP header.
type HeaderLine struct{ Name, Value string }

// Timing is how long each phase of a request took, in their order. A phase that did not happen took 0; the one in which
// the request failed lasts until then.
type Timing struct {
	DNS     time.Duration // look-up of the name
	Connect time.Duration // TCP, all addresses that were tried
	TLS     time.Duration
	Wait    time.Duration // from the request's last byte to the answer's first
	Read    time.Duration // of the answer
}

// SendTest calls the postback once, now, with {test} = 1. It leaves neither a delivery nor a mark on the postback's
// health. Errors: too_many_tests, and what makes a URL invalid.
func (s *Service) SendTest(ctx context.Context, actor account.Actor, id ID, in TestInput) (Sample, error) {
	if err := actor.Require(account.PermissionWritePostbacks); err != nil {
		return Sample{}, err
	}
	p, err := s.Store.Get(ctx, actor.Scope(), id)
	if err != nil {
		return Sample{}, err
	}
	if err := s.takeTest(ctx, actor); err != nil {
		return Sample{}, err
	}
	if in.URL != "" || in.Method != "" {
		if in.URL != "" {
			p.URL = in.URL
		}
		if in.Method != "" {
			p.Method = in.Method
		}
		p.Normalise()
		if _, err := s.judge(ctx, p); err != nil {
			return Sample{}, err
		}
	}
	return s.sendTest(ctx, actor, p, in)
}

// SendUnsaved is SendTest of a postback that is nobody's yet, to try it before it is made. A POST is signed with a secret
// that is used once. Errors: as SendTest, and what makes a postback invalid.
func (s *Service) SendUnsaved(ctx context.Context, actor account.Actor, in PreviewInput) (Sample, error) {
	if err := actor.Require(account.PermissionWritePostbacks); err != nil {
		return Sample{}, err
	}
	if err := actor.Scope().Check(); err != nil {
		return Sample{}, err
	}
	p := in.postback(actor)
	if err := s.takeTest(ctx, actor); err != nil {
		return Sample{}, err
	}
	if _, err := s.judge(ctx, p); err != nil {
		return Sample{}, err
	}
	var err error
	if p.SigningSecret, err = NewSigningSecret(s.Random); err != nil {
		return Sample{}, err
	}
	return s.sendTest(ctx, actor, p, TestInput{ConversionID: in.ConversionID, ClickID: in.ClickID})
}

// takeTest counts a test of the actor's.
func (s *Service) takeTest(ctx context.Context, actor account.Actor) error {
	if wait, ok := s.Limiter.Take(ctx, fmt.Sprintf("postback test %d", actor.UserID), testsMost, testsWindow); !ok {
		return errs.Limited("too_many_tests", "at most %d tests a minute; try again in %d s", testsMost, int(wait.Seconds())+1).In(wait)
	}
	return nil
}

// sendTest calls a postback that was judged; its id is 0 while it is not saved.
func (s *Service) sendTest(ctx context.Context, actor account.Actor, p Postback, in TestInput) (Sample, error) {
	c, err := s.testChange(ctx, actor, p, in)
	if err != nil {
		return Sample{}, err
	}
	d, err := s.deliveryOf(&p, &c)
	if err != nil {
		return Sample{}, fmt.Errorf("test postback %d: %w", p.ID, err)
	}
	err = s.Tx.InTx(ctx, func(ctx context.Context) error { // before the call, so that no test goes out unseen
		return s.record(ctx, actor, "postback.test", p.ID, nil, map[string]any{"method": d.Method, "url": MaskURL(d.URL)})
	})
	if err != nil {
		return Sample{}, fmt.Errorf("test postback %d: %w", p.ID, err)
	}
	r, response := s.send(ctx, Lease{Delivery: d, SigningSecret: p.SigningSecret}, true)
	a := r.Attempt
	sample := Sample{URL: a.URL, Method: d.Method, StatusCode: a.StatusCode, Duration: a.Duration, Error: a.Error, ResponseBody: a.ResponseBody,
		RequestBody: d.Body}
	if response.Detail != nil {
		sample.Detail = *response.Detail
	}
	return sample, nil
}

// testChange is what a test tells of: a conversion or a click of the postback's affiliate, or an invented one. A preview
// may be of a postback that is nobody's yet.
func (s *Service) testChange(ctx context.Context, actor account.Actor, p Postback, in TestInput) (conversion.Change, error) {
	invented, err := s.sampleChange(p)
	if err != nil {
		return conversion.Change{}, err
	}
	switch {
	case !in.ConversionID.IsZero():
		c, err := s.Store.Told(ctx, actor.Scope(), in.ConversionID)
		if errs.Is(err, errs.KindNotFound) || err == nil && p.AffiliateID != 0 && c.Conversion.AffiliateID != p.AffiliateID {
			return c, errs.Invalid("unknown_conversion", "this affiliate has no conversion with this id").At("body.conversion_id")
		}
		c.Conversion.Test = true
		return c, err
	case !in.ClickID.IsZero():
		c, err := s.Store.Visit(ctx, actor.Scope(), in.ClickID)
		if errs.Is(err, errs.KindNotFound) || err == nil && p.AffiliateID != 0 && c.Click.AffiliateID != p.AffiliateID {
			return c, errs.Invalid("unknown_click", "this affiliate has no click with this id on an offer").At("body.click_id")
		}
		if err != nil {
			return c, err
		}
		c.Conversion, c.At = invented.Conversion, invented.At
		c.Conversion.ClickID, c.Conversion.OfferID, c.Conversion.ClickedAt = c.Click.ID, c.Click.OfferID, c.Click.CreatedAt()
		if goal, ok := c.Offer.Goal(p.GoalID); ok {
			c.Conversion.GoalID = goal.ID
		} else if len(c.Offer.Goals) > 0 {
			c.Conversion.GoalID = c.Offer.Goals[0].ID
		}
		return c, nil
	}
	return invented, nil
}

// sampleChange is an invented conversion within the postback's scope, in the first status that it asks for.
func (s *Service) sampleChange(p Postback) (conversion.Change, error) {
	now := s.Clock()
	visit, err := click.Mint(now.Add(-time.Minute), s.Random)
	if err != nil {
		return conversion.Change{}, err
	}
	id, err := domain.NewUUID(now, s.Random)
	if err != nil {
		return conversion.Change{}, err
	}
	o := offer.Offer{ID: max(p.OfferID, 1), Name: "Test offer", ShowValue: true, Goals: []offer.Goal{{ID: max(p.GoalID, 1), Alias: offer.DefaultGoalAlias}}}
	facts := click.Facts{AffClickID: "test-click", Source: "test", IP: "192.0.2.1", Country: "US", Device: "desktop", OS: "Linux", Browser: "Firefox", Language: "en-US"}
	for i := range facts.Subs {
		facts.Subs[i] = fmt.Sprint("sub", i+1)
	}
	return conversion.Change{Created: true, At: now, Offer: o, Click: click.Click{ID: visit, OfferID: o.ID, AffiliateID: p.AffiliateID, Facts: facts},
		Conversion: conversion.Conversion{ID: conversion.ID{UUID: id}, ClickID: visit, TxID: "test", OfferID: o.ID, GoalID: o.Goals[0].ID,
			AffiliateID: p.AffiliateID, Status: p.Statuses[0], Val: money.RateFromInt(10), Commission: money.NewAmount(100, "USD"),
			Revenue: money.Zero("USD"), Test: true, ClickedAt: visit.Time(), CreatedAt: now}}, nil
}
