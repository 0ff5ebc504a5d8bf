package postback

import (
	"context"
	"fmt"
	"time"

	"github.com/waypost/waypost/domain/account"
	"github.com/waypost/waypost/domain/affiliate"
	"github.com/waypost/waypost/domain/errs"
)

// Performance is how the deliveries of a postback, or of all postbacks of an affiliate, fare.
type Performance struct {
	Last, Before Day // the last 24 hours, and the 24 before them
	// Answers of the last 24 hours, of at most the newest 1000 tries that were answered; zero where there is none.
	Median, P95 time.Duration

	Waiting  int       // for a first try
	Retrying int       // for another one
	Paused   int       // until the postback is active again
	Oldest   time.Time // when the oldest that waits or is retried was made; zero where none waits
}

// Day counts the deliveries made within 24 hours, of at most the newest PerformanceMost. Those that a newer status
// overtook are not among them.
type Day struct {
	Total     int
	Delivered int
	Failed    int // given up
	Tried     int // delivered, given up or to be tried again
}

// PerformanceMost bounds what is counted of a day, and of what waits.
const PerformanceMost = 20_000

// Rate is the share of those tried that were delivered, in percent with one decimal, rounded down: 100.0 means all.
// Empty where none was tried.
func (d Day) Rate() string {
	if d.Tried == 0 {
		return ""
	}
	perMille := d.Delivered * 1000 / d.Tried
	return fmt.Sprintf("%d.%d", perMille/10, perMille%10)
}

// PerformanceOf names whose deliveries are looked at: one postback's, or all of an affiliate.
type PerformanceOf struct {
	PostbackID  ID
	AffiliateID affiliate.ID // 0 where PostbackID is set
}

// Performance tells how a postback's deliveries fare. Errors: not_found.
func (s *Service) Performance(ctx context.Context, actor account.Actor, id ID) (Performance, error) {
	if err := actor.Require(account.PermissionReadTraffic); err != nil {
		return Performance{}, err
	}
	if _, err := s.Store.Get(ctx, actor.Scope(), id); err != nil { // advertisers know no postback
		return Performance{}, err
	}
	return s.Deliveries.Performance(ctx, actor.Scope(), PerformanceOf{PostbackID: id})
}

// PerformanceOfAll does so for all postbacks of an affiliate. Errors: not_found.
func (s *Service) PerformanceOfAll(ctx context.Context, actor account.Actor, id affiliate.ID) (Performance, error) {
	if err := actor.Require(account.PermissionReadTraffic); err != nil {
		return Performance{}, err
	}
	scope := actor.Scope()
	if own, ok := scope.Affiliate(); !scope.Network() && (!ok || affiliate.ID(own) != id) {
		return Performance{}, errs.NotFound("not_found", "there is nothing with this id")
	}
	return s.Deliveries.Performance(ctx, scope, PerformanceOf{AffiliateID: id})
}
