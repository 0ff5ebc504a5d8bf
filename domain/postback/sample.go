package postback

import (
	"context"
	"fmt"
	"time"

	"github.com/waypost/waypost/domain"
	"github.com/waypost/waypost/domain/account"
	"github.com/waypost/waypost/domain/click"
	"github.com/waypost/waypost/domain/conversion"
	"github.com/waypost/waypost/domain/money"
	"github.com/waypost/waypost/domain/offer"
)

// Sample is what one call with invented values brought back.
type Sample struct {
	URL          string // secrets masked
	Method       string
	StatusCode   int
	Duration     time.Duration
	Error        ErrorClass
	ResponseBody string
}

// SendTest calls the postback once, now, with invented values and {test} = 1. It leaves no trace: neither a delivery nor
// a mark on the postback's health.
func (s *Service) SendTest(ctx context.Context, actor account.Actor, id ID) (Sample, error) {
	if err := actor.Require(account.PermissionWritePostbacks); err != nil {
		return Sample{}, err
	}
	p, err := s.Store.Get(ctx, actor.Scope(), id)
	if err != nil {
		return Sample{}, err
	}
	c, err := s.sampleChange(p)
	if err != nil {
		return Sample{}, fmt.Errorf("test postback %d: %w", id, err)
	}
	d, err := s.deliveryOf(&p, &c)
	if err != nil {
		return Sample{}, fmt.Errorf("test postback %d: %w", id, err)
	}
	r, _ := s.send(ctx, Lease{Delivery: d, SigningSecret: p.SigningSecret})
	a := r.Attempt
	return Sample{URL: a.URL, Method: d.Method, StatusCode: a.StatusCode, Duration: a.Duration, Error: a.Error, ResponseBody: a.ResponseBody}, nil
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
