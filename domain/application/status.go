package application

import (
	"slices"

	"github.com/waypost/waypost/domain/errs"
)

// Status is where an application stands.
type Status string

// The statuses.
const (
	StatusUnverified Status = "unverified" // the e-mail address is not proved
	StatusPending    Status = "pending"    // an operator has to decide
	StatusApproved   Status = "approved"
	StatusRejected   Status = "rejected"
)

// moves is the state machine: a decision is final, and nobody decides on an address that may be another's.
var moves = map[Status][]Status{
	StatusUnverified: {StatusPending},
	StatusPending:    {StatusApproved, StatusRejected},
	StatusApproved:   nil,
	StatusRejected:   nil,
}

// CanMove tells whether an application may go from one status to another.
func CanMove(from, to Status) bool { return slices.Contains(moves[from], to) }

// move takes the application to a status. Errors: application_not_pending.
func (a *Application) move(to Status) error {
	if !CanMove(a.Status, to) {
		return errs.Conflict("application_not_pending", "an application that is %s cannot become %s", a.Status, to)
	}
	a.Status = to
	return nil
}
