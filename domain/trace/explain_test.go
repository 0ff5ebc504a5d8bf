package trace_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/waypost/waypost/domain/conversion"
	"github.com/waypost/waypost/domain/postback"
	"github.com/waypost/waypost/domain/trace"
)

// A conversion and each change of its status tell which postbacks of the affiliate fired, and why the others did not.
func TestWhyAPostbackDidNotFire(t *testing.T) {
	t.Parallel()
	r := story()
	r.Conversions = []conversion.Conversion{{ID: r.Events[0].ConversionID, AffiliateID: 12, OfferID: 3, GoalID: 1, Status: conversion.StatusRejected}}
	approved := []conversion.Status{conversion.StatusApproved}
	r.Recipients = []postback.Recipient{
		{Postback: postback.Postback{ID: 5, AffiliateID: 12, Statuses: approved, Active: true, CreatedAt: start, UpdatedAt: start}},
		{Postback: postback.Postback{ID: 6, AffiliateID: 12, Statuses: approved}},
	}
	data := func(s trace.Trace, kind trace.Kind) (any, string) {
		for _, item := range s.Items {
			if item.Kind == kind {
				return item.Data["postbacks"], item.Summary
			}
		}
		t.Fatalf("no %s", kind)
		return nil, ""
	}
	told := trace.Tell(r, affiliate, text)
	got, summary := data(told, trace.KindConversion)
	want := []map[string]any{{"postback_id": postback.ID(5), "fired": true}, {"postback_id": postback.ID(6), "fired": false, "why": "it is not active"}}
	if diff := cmp.Diff(want, got); diff != "" || strings.Contains(summary, "postback") {
		t.Errorf("conversion %q (-want +got):\n%s", summary, diff)
	}
	got, summary = data(told, trace.KindStatusChange)
	want = []map[string]any{{"postback_id": postback.ID(5), "fired": false, "why": "it asks for approved, not for rejected"}, {"postback_id": postback.ID(6), "fired": false, "why": "it is not active"}}
	if diff := cmp.Diff(want, got); diff != "" || !strings.HasSuffix(summary, "; none of the affiliate's 2 postbacks fired") {
		t.Errorf("change %q (-want +got):\n%s", summary, diff)
	}
	r.Recipients = nil
	if _, summary = data(trace.Tell(r, operator, text), trace.KindStatusChange); !strings.HasSuffix(summary, "; no postback fired: the affiliate has none for this offer and goal") {
		t.Errorf("without postbacks: %q", summary)
	}
	r.Conversions = nil // as for an advertiser
	if got, summary = data(trace.Tell(r, advertiser, text), trace.KindStatusChange); got != nil || strings.Contains(summary, "postback") {
		t.Errorf("an advertiser: %v, %q", got, summary)
	}
}
