package view

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
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

// Due orders the files of the views whose time has come, and returns how many came. Each is timed anew in the transaction that
// orders its file, so that nodes that ask at once order it once. One that cannot be ordered keeps no other from it.
func (s *Service) Due(ctx context.Context) (came int, err error) {
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
		came++
	}
	return came, errors.Join(failures...)
}

// again is how long a view waits whose owner has as many files waiting as one may.
const again = time.Minute

// order has the file made and sets the next time. Where too much of the owner's waits already, that is soon; what the owner may
// not order at all is left out this time.
func (s *Service) order(ctx context.Context, v View, owner account.User, now time.Time) error {
	zone := ZoneOf(owner)
	next := v.Schedule.Next(now, zone)
	err := s.Files.OrderMailed(ctx, owner.Actor(""), base(owner.Role)+v.FileAddress(now.In(zone)), v.Format, v.Name)
	switch {
	case errs.Is(err, errs.KindConflict):
		next = now.Add(again)
	case errs.Is(err, errs.KindInvalid), errs.Is(err, errs.KindForbidden):
		s.Log.WarnContext(ctx, "view not sent", slog.Int64("view", int64(v.ID)), slog.Any("error", err))
	case err != nil:
		return err
	}
	return s.Store.SetNext(ctx, v.ID, next)
}
