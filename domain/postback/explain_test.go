package postback

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/waypost/waypost/domain/affiliate"
	"github.com/waypost/waypost/domain/conversion"
	"github.com/waypost/waypost/domain/offer"
)

func TestExplain(t *testing.T) {
	t.Parallel()
	approved := []conversion.Status{conversion.StatusApproved}
	early := noon.Add(-time.Hour)
	global := Postback{ID: 1, AffiliateID: 1, Statuses: approved, Active: true, CreatedAt: early, UpdatedAt: early}
	with := func(change func(*Postback)) Postback { p := global; change(&p); return p }
	ofOffer := with(func(p *Postback) { p.ID, p.OfferID = 2, 5 })
	ofGoal := with(func(p *Postback) { p.ID, p.OfferID, p.GoalID = 3, 5, 7 })
	c := conversion.Conversion{AffiliateID: 1, OfferID: 5, GoalID: 7, Status: conversion.StatusApproved}
	rejected := c
	rejected.Status = conversion.StatusRejected
	for name, x := range map[string]struct {
		c         conversion.Conversion
		postbacks []Postback
		fire      affiliate.Fire
		fired     ID
		want      []Explanation
	}{
		"none":              {c, nil, "", 0, nil},
		"another offer":     {c, []Postback{with(func(p *Postback) { p.OfferID = 6 })}, "", 0, nil},
		"fired":             {c, []Postback{global}, "", 1, []Explanation{{1, true, ""}}},
		"another status":    {rejected, []Postback{global}, "", 0, []Explanation{{1, false, "it asks for approved, not for rejected"}}},
		"another goal":      {c, []Postback{with(func(p *Postback) { p.GoalIDs = []offer.GoalID{8} })}, "", 0, []Explanation{{1, false, "it asks for other goals than 7"}}},
		"inactive":          {c, []Postback{with(func(p *Postback) { p.Active = false })}, "", 0, []Explanation{{1, false, "it is not active"}}},
		"paused":            {c, []Postback{with(func(p *Postback) { p.Active, p.PausedReason = false, PausedGone })}, "", 0, []Explanation{{1, false, "it is paused: gone"}}},
		"made after":        {c, []Postback{with(func(p *Postback) { p.CreatedAt = noon.Add(time.Second) })}, "", 0, []Explanation{{1, false, "it was made after this; a back-fill sends it"}}},
		"changed after":     {c, []Postback{with(func(p *Postback) { p.UpdatedAt = noon.Add(time.Second) })}, "", 0, []Explanation{{1, false, "it was changed after this; as it is now it would fire, and a back-fill sends it"}}},
		"quiet":             {c, []Postback{global}, "", 0, []Explanation{{1, false, "this status was set without postbacks; a back-fill sends it"}}},
		"the offer decides": {c, []Postback{global, ofOffer}, "", 2, []Explanation{{1, false, "postback 2 is for this offer alone and decides"}, {2, true, ""}}},
		"the goal decides": {rejected, []Postback{ofGoal, with(func(p *Postback) { p.Statuses = allStatuses })}, "", 0,
			[]Explanation{{3, false, "it asks for approved, not for rejected"}, {1, false, "postback 3 is for this goal alone and decides"}}},
		"all fire": {rejected, []Postback{ofGoal, with(func(p *Postback) { p.Statuses = allStatuses })}, affiliate.FireAll, 1,
			[]Explanation{{3, false, "it asks for approved, not for rejected"}, {1, true, ""}}},
	} {
		var recipients []Recipient
		for _, p := range x.postbacks {
			recipients = append(recipients, Recipient{Postback: p, Fire: x.fire})
		}
		got := Explain(&x.c, noon, recipients, func(id ID) bool { return id == x.fired })
		if diff := cmp.Diff(x.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

// Where nothing fired at the time although the postbacks were as they are today, each has a reason: the explanation and
// the selection are of one mind.
func TestExplainAgreesWithSelect(t *testing.T) {
	t.Parallel()
	var postbacks []Postback
	for id := range 24 {
		p := Postback{ID: ID(id + 1), AffiliateID: 1, Active: id%4 != 0, Statuses: allStatuses[:1+id%5], CreatedAt: noon, UpdatedAt: noon}
		if id%3 > 0 {
			p.OfferID = 5
		}
		if id%3 == 2 {
			p.GoalID = 7
		}
		postbacks = append(postbacks, p)
	}
	for mask := range 1 << 12 {
		var recipients []Recipient
		for i := range postbacks {
			if mask&(1<<(i%12)) != 0 && i/12 == mask%2 {
				recipients = append(recipients, Recipient{Postback: postbacks[i]})
			}
		}
		change := conversion.Change{Created: true, Conversion: conversion.Conversion{AffiliateID: 1, OfferID: 5, GoalID: 7, Status: allStatuses[mask%5]}}
		fired := map[ID]bool{}
		for _, p := range Select(&change, recipients) {
			fired[p.ID] = true
		}
		for _, x := range Explain(&change.Conversion, noon, recipients, func(ID) bool { return false }) {
			quiet := x.Why == "this status was set without postbacks; a back-fill sends it"
			if quiet != fired[x.PostbackID] {
				t.Fatalf("postback %d: %q, selected %t", x.PostbackID, x.Why, fired[x.PostbackID])
			}
		}
	}
}

func TestSentences(t *testing.T) {
	t.Parallel()
	for want, got := range map[string]string{
		"": ErrorClass("").Sentence("t.example:443", 200),
		"the receiver did not answer within 15 s":                                       ErrorTimeout.Sentence("t.example:443", 0),
		"connection refused: nothing listens at t.example:443":                          ErrorRefused.Sentence("t.example:443", 0),
		"the TLS certificate is not valid for t.example:443":                            ErrorCertificate.Sentence("t.example:443", 0),
		"the name does not resolve: t.example:443":                                      ErrorDNS.Sentence("t.example:443", 0),
		"no connection to the receiver could be made":                                   ErrorConnect.Sentence("", 0),
		"the receiver answered 503":                                                     ErrorHTTP5xx.Sentence("t.example:443", 503),
		"the receiver answered 301; redirects are not followed, name the final address": ErrorHTTP3xx.Sentence("", 301),
	} {
		if got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
