package conversion

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/waypost/waypost/domain/account"
	"github.com/waypost/waypost/domain/errs"
)

// settlePage is how many queued calls are decided in one transaction.
const settlePage = 100

// What one Replays decides at most, as a client can wait for it.
const (
	replayMost   = 5000
	replayWithin = 15 * time.Second
)

// Replay decides a logged call again, as it came and as of the time when it came, after the cause of its refusal was
// mended. Its line takes the new result; the audit log keeps the old one. A call that was neither refused nor is still
// queued is answered duplicate and changes nothing.
func (s *Service) Replay(ctx context.Context, actor account.Actor, id LogID) (Result, error) {
	before, err := s.LogGet(ctx, actor, id) // before all else: another's call does not exist
	if err != nil {
		return Result{}, fmt.Errorf("replay call %s: %w", id, err)
	}
	if err := mayReplay(actor); err != nil {
		return Result{}, err
	}
	call, err := s.d.Store.LogCall(ctx, id)
	if err != nil {
		return Result{}, fmt.Errorf("replay call %s: %w", id, err)
	}
	r := s.record(ctx, []Call{call}, replay, s.auditReplays(actor, []LogLine{{LogEntry: before}}))[0]
	if r.Err != nil {
		return Result{}, fmt.Errorf("replay call %s: %w", id, r.Err)
	}
	return r, nil
}

// mayReplay is nil for operators who manage conversions.
func mayReplay(actor account.Actor) error {
	if err := actor.Require(account.PermissionManageConversions); err != nil {
		return err
	}
	if !actor.Scope().Network() {
		return errs.Forbidden("forbidden", "only operators of the network may replay calls")
	}
	return nil
}

// auditReplays records what each replayed call was answered before and is answered now.
func (s *Service) auditReplays(actor account.Actor, before []LogLine) alsoDo {
	answers := make(map[LogID]Answer, len(before))
	for _, l := range before {
		answers[l.ID] = l.result().Answer()
	}
	return func(ctx context.Context, calls []Call, results []Result) error {
		for i, c := range calls {
			e, err := actor.Audit(s.d.Clock(), "postback_log.replay", "postback_log", c.ID, answers[c.ID], results[i].Answer())
			if err != nil {
				return err
			}
			if err := s.d.Audit.Record(ctx, e); err != nil {
				return err
			}
		}
		return nil
	}
}

// Replayed counts what became of calls that were decided again.
type Replayed struct {
	Count    int  // calls that were decided
	Recorded int  // of them: recorded, updated, or found to repeat another
	Refused  int  // of them
	Queued   int  // of them: still, for their click has not arrived
	More     bool // others that the filter takes are left; ask again with From
	Last     time.Time
}

// Replays is Replay for all calls that the filter takes and that were refused or are queued, oldest first, at most 5,000
// or 15 s at a time. One that cannot be decided stops it; those before it are done. One that cannot be read counts as
// refused.
func (s *Service) Replays(ctx context.Context, actor account.Actor, f LogFilter) (Replayed, error) {
	if err := mayReplay(actor); err != nil {
		return Replayed{}, err
	}
	begin := s.d.Clock()
	if f.To.IsZero() || f.To.After(begin) {
		f.To = begin // not what is coming in meanwhile
	}
	var done Replayed
	var after LogID
	for done.Count < replayMost && s.d.Clock().Sub(begin) < replayWithin {
		lines, err := s.d.Store.LogAgain(ctx, f, after, settlePage)
		if err != nil || len(lines) == 0 {
			return done, err
		}
		readable, unreadable := split(lines)
		if _, err := s.refuseUnreadable(ctx, unreadable); err != nil {
			return done, fmt.Errorf("replay calls: %w", err)
		}
		done.Count, done.Refused = done.Count+len(unreadable), done.Refused+len(unreadable)
		for _, r := range s.record(ctx, callsOf(readable), replay, s.auditReplays(actor, readable)) {
			if r.Err != nil {
				return done, fmt.Errorf("replay calls: %w", r.Err)
			}
			done.count(r)
		}
		after = lines[len(lines)-1].ID
		done.Last = lines[len(lines)-1].ReceivedAt
	}
	rest, err := s.d.Store.LogAgain(ctx, f, after, 1)
	done.More = len(rest) > 0
	return done, err
}

func (d *Replayed) count(r Result) {
	d.Count++
	switch r.Status {
	case OutcomeRefused:
		d.Refused++
	case OutcomeQueued:
		d.Queued++
	default:
		d.Recorded++
	}
}

// SettlePending decides the queued calls whose click has arrived and refuses those whose click is missing for more
// than 24 h. It gives the number of calls that were settled; one that cannot be decided does not keep the others.
func (s *Service) SettlePending(ctx context.Context) (settled int, err error) {
	var after LogID
	var failed error
	for {
		lines, err := s.d.Store.LogAgain(ctx, LogFilter{Status: OutcomeQueued}, after, settlePage)
		if err != nil || len(lines) == 0 {
			return settled, errors.Join(failed, err)
		}
		readable, unreadable := split(lines)
		n, err := s.refuseUnreadable(ctx, unreadable)
		settled, failed = settled+n, errors.Join(failed, err)
		for _, r := range s.record(ctx, callsOf(readable), settleQueued, nil) {
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
		after = lines[len(lines)-1].ID
	}
}

// CodeUnreadable is the refusal of a call whose sealed record cannot be opened: its secret was dropped, or it is damaged.
const CodeUnreadable = "unreadable_call"

// split parts the lines whose call can be read from those whose call cannot.
func split(lines []LogLine) (readable, unreadable []LogLine) {
	for _, l := range lines {
		if l.Unreadable == nil {
			readable = append(readable, l)
		} else {
			unreadable = append(unreadable, l)
		}
	}
	return readable, unreadable
}

func callsOf(lines []LogLine) []Call {
	calls := make([]Call, len(lines))
	for i, l := range lines {
		calls[i] = l.Call
	}
	return calls
}

// refuseUnreadable refuses those of the lines that are still queued and gives their number. A line that was refused
// before keeps its reason. The sealed call stays, so that it can be replayed once its secret is back.
func (s *Service) refuseUnreadable(ctx context.Context, lines []LogLine) (refusals int, err error) {
	if len(lines) == 0 {
		return 0, nil
	}
	ids := make([]LogID, len(lines))
	for i, l := range lines {
		ids[i] = l.ID
	}
	err = s.d.Tx.InTx(ctx, func(ctx context.Context) error {
		now, _, err := s.d.Store.LoadCalls(ctx, ids, true, nil)
		if err != nil {
			return err
		}
		var w Writes
		for _, l := range lines {
			if now[l.ID].Status != OutcomeQueued {
				continue
			}
			r := refused(errs.Conflict(CodeUnreadable, "the stored call cannot be read any more; if the server's secret was changed, add the old one to WAYPOST_SECRET_PREVIOUS and replay the call, else send it again"))
			l.Status, l.Code, l.Message, l.HTTPStatus, l.SettledAt = r.Status, r.Code, r.Message, r.HTTPStatus, s.d.Clock()
			w.Relined = append(w.Relined, l)
		}
		refusals = len(w.Relined)
		return s.d.Store.Save(ctx, w)
	})
	if err != nil {
		return 0, fmt.Errorf("refuse unreadable calls: %w", err)
	}
	return refusals, nil
}
