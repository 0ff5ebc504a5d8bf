package view

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/waypost/waypost/domain/account"
	"github.com/waypost/waypost/domain/errs"
)

// base is where the portal of a role begins (contract section 6).
func base(r account.Role) string {
	if r.Operator() {
		return "/admin"
	}
	return "/" + string(r)
}

// Due orders the files of the views whose time has come, and returns how many. Each is timed anew in the transaction that
// orders its file, so that nodes that ask at once order it once. One that cannot be ordered keeps no other from it.
func (s *Service) Due(ctx context.Context) (ordered int, err error) {
	now := s.Clock.Now()
	var tried []ID
	var failures []error
	for ctx.Err() == nil {
		var v View
		err := s.Tx.InTx(ctx, func(ctx context.Context) (err error) {
			var owner account.User
			if v, owner, err = s.Store.NextDue(ctx, now, tried); err != nil {
				return err
			}
			return s.order(ctx, v, owner, now)
		})
		if v.ID == 0 {
			if err != nil && !errs.Is(err, errs.KindNotFound) {
				failures = append(failures, fmt.Errorf("find due views: %w", err))
			}
			break
		}
		tried = append(tried, v.ID)
		if err != nil {
			failures = append(failures, fmt.Errorf("send view %d: %w", v.ID, err))
			continue
		}
		ordered++
	}
	return ordered, errors.Join(failures...)
}

// order has the file made and sets the next time. What the owner may not order, for too much waits already, say, is left
// out this time.
func (s *Service) order(ctx context.Context, v View, owner account.User, now time.Time) error {
	zone := ZoneOf(owner)
	err := s.Files.OrderMailed(ctx, owner.Actor(""), base(owner.Role)+v.FileAddress(now.In(zone)), v.Format, v.Name)
	if refusal, ok := errs.As(err); ok && (refusal.Kind == errs.KindConflict || refusal.Kind == errs.KindInvalid || refusal.Kind == errs.KindForbidden) {
		s.Log.WarnContext(ctx, "view not sent", "view", int64(v.ID), "user", int64(owner.ID), "reason", refusal.Message)
	} else if err != nil {
		return err
	}
	return s.Store.SetNext(ctx, v.ID, v.Schedule.Next(now, zone))
}
