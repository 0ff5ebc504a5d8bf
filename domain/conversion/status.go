package conversion

import (
	"slices"
	"strings"
	"time"

	"github.com/waypost/waypost/domain/errs"
	"github.com/waypost/waypost/domain/offer"
)

// moves is the state machine of contract section 3.
var moves = map[Status][]Status{
	StatusPending:  {StatusApproved, StatusHold, StatusRejected, StatusTrash},
	StatusHold:     {StatusApproved, StatusRejected, StatusTrash},
	StatusApproved: {StatusRejected, StatusTrash},
	StatusRejected: {StatusApproved},
	StatusTrash:    nil,
}

// Valid tells a status that exists.
func (s Status) Valid() bool {
	_, ok := moves[s]
	return ok
}

// CanMove tells whether a conversion may go from one status to another. Staying is no move.
func CanMove(from, to Status) bool { return slices.Contains(moves[from], to) }

// From gives the statuses that a conversion may leave for this one.
func (s Status) From() []Status {
	var from []Status
	for at := range moves {
		if CanMove(at, s) {
			from = append(from, at)
		}
	}
	return from
}

// NeedsReason tells the statuses that take money from a partner, who has a right to know why.
func NeedsReason(s Status) bool { return s == StatusRejected || s == StatusTrash }

// CheckReason is the rule of the portals for a person's change: what is rejected or trashed says why. The API leaves the
// reason to its callers. Errors: required.
func CheckReason(in EditInput) error {
	if in.Status != nil && NeedsReason(*in.Status) && strings.TrimSpace(withoutControl(in.Reason)) == "" {
		return errs.Invalid("required", "say why: the partners read it").At("body.reason")
	}
	return nil
}

func notAllowed(from, to Status) *errs.Error {
	return errs.Conflict("status_not_allowed", "a conversion that is %s cannot become %s", from, to)
}

// initialStatus is the status of a new conversion: the sent one, else the goal's; but approved on a goal that holds is
// held. sent is empty where the call named none.
func initialStatus(g offer.Goal, sent Status) Status {
	status := sent
	if status == "" {
		status = Status(g.InitialStatus)
	}
	if status == StatusApproved && holds(g) {
		return StatusHold
	}
	return status
}

// targetStatus is the status that a repeat naming sent asks for. Approved on a goal that holds means held until the
// time is over, so that a sender's retry does not cut the hold short; what is approved already stays so. A hold that has
// begun keeps its own end, whatever becomes of the goal's days.
func targetStatus(g offer.Goal, c Conversion, sent Status, now time.Time) Status {
	current := c.settled()
	if sent != StatusApproved || !holds(g) || current != StatusHold && current != StatusPending {
		return sent
	}
	end := c.HoldUntil
	if current == StatusPending {
		end = holdEnd(g, c.CreatedAt)
	}
	if end.IsZero() || now.Before(end) {
		return StatusHold
	}
	return sent
}

func holds(g offer.Goal) bool { return Status(g.InitialStatus) == StatusHold }

// holdEnd is when a conversion made at that time leaves hold by itself; zero = never, for a goal without days.
func holdEnd(g offer.Goal, made time.Time) time.Time {
	if g.HoldDays <= 0 {
		return time.Time{}
	}
	return made.Add(time.Duration(g.HoldDays) * 24 * time.Hour)
}

// settled is the status that the conversion has, or will have once the exchange rate that it waits for is known.
func (c Conversion) settled() Status {
	if c.AwaitingRate != "" {
		return c.AwaitingRate
	}
	return c.Status
}

// take gives the conversion the status, and the end of its hold where it is held.
func (c *Conversion) take(status Status, g offer.Goal) {
	c.HoldUntil = time.Time{}
	if status == StatusHold {
		c.HoldUntil = holdEnd(g, c.CreatedAt)
	}
	c.Status = status
	if c.AwaitingRate != "" {
		c.Status, c.AwaitingRate = whileAwaiting(status), status
	}
}

// whileAwaiting is how a conversion stands while it waits for the exchange rate: pending, unless it earns nothing
// anyway.
func whileAwaiting(status Status) Status {
	if status == StatusApproved || status == StatusHold {
		return StatusPending
	}
	return status
}
