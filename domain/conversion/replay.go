package conversion

import (
	"context"
	"errors"
	"fmt"

	"github.com/waypost/waypost/domain/account"
	"github.com/waypost/waypost/domain/errs"
)

// settlePage is how many queued calls are decided in one transaction.
const settlePage = 100

// Replay decides a logged call again, as it came and as of the time when it came, after the cause of its refusal was
// mended. Its line takes the new result; the audit log keeps the old one. A call that was neither refused nor is still
// queued is answered duplicate and changes nothing.
func (s *Service) Replay(ctx context.Context, actor account.Actor, id LogID) (Result, error) {
	if err := actor.Require(account.PermissionManageConversions); err != nil {
		return Result{}, err
	}
	if !actor.Scope().Network() {
		return Result{}, errs.Forbidden("forbidden", "only operators of the network may replay calls")
	}
	before, err := s.d.Store.LogGet(ctx, actor.Scope(), id)
	if err != nil {
		return Result{}, fmt.Errorf("replay call %s: %w", id, err)
	}
	call, err := s.d.Store.LogCall(ctx, id)
	if err != nil {
		return Result{}, fmt.Errorf("replay call %s: %w", id, err)
	}
	r := s.record(ctx, []Call{call}, replay, func(ctx context.Context, results []Result) error {
		e, err := actor.Audit(s.d.Clock(), "postback_log.replay", "postback_log", id, before.result().Answer(), results[0].Answer())
		if err != nil {
			return err
		}
		return s.d.Audit.Record(ctx, e)
	})[0]
	if r.Err != nil {
		return Result{}, fmt.Errorf("replay call %s: %w", id, r.Err)
	}
	return r, nil
}

// SettlePending decides the queued calls whose click has arrived and refuses those whose click is missing for more
// than 24 h. It gives the number of calls that were settled; one that cannot be decided does not keep the others.
func (s *Service) SettlePending(ctx context.Context) (settled int, err error) {
	var after LogID
	var failed error
	for {
		calls, err := s.d.Store.LogQueued(ctx, after, settlePage)
		if err != nil || len(calls) == 0 {
			return settled, errors.Join(failed, err)
		}
		for _, r := range s.record(ctx, calls, settleQueued, nil) {
			switch {
			case r.Err != nil:
				failed = errors.Join(failed, fmt.Errorf("settle a queued call: %w", r.Err))
			case !r.ClickPending:
				settled++
			}
		}
		if errs.Is(failed, errs.KindUnavailable) || ctx.Err() != nil {
			return settled, failed
		}
		after = calls[len(calls)-1].ID
	}
}
