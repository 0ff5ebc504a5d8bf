package postback

import (
	"context"
	"log/slog"
	"time"

	"github.com/waypost/waypost/domain/account"
)

// settleAll writes results as they come; those that come while one statement runs make up the next, so a slow receiver
// holds nobody else's result back.
func (s *Service) settleAll(ctx context.Context, results <-chan Result) {
	var kept *Result
	for {
		if kept == nil {
			r, ok := <-results
			if !ok {
				return
			}
			kept = &r
		}
		batch := []Result{*kept}
		seen := map[DeliveryID]bool{kept.DeliveryID: true}
		kept = nil
	gather:
		for {
			select {
			case r, ok := <-results:
				if !ok {
					break gather
				}
				if seen[r.DeliveryID] {
					kept = &r
					break gather
				}
				seen[r.DeliveryID] = true
				batch = append(batch, r)
			default:
				break gather
			}
		}
		s.settle(ctx, batch)
	}
}

// settleLimit is how long a result is tried to be written. It may outlast the lease: until another process takes the
// delivery, its fence still fits.
const settleLimit = 30 * time.Second

// settle tries for settleLimit, or until ctx ends: a result that cannot be written means a second call, by another
// process after the lease, under the same id.
func (s *Service) settle(ctx context.Context, batch []Result) {
	ctx, cancel := context.WithTimeout(ctx, settleLimit)
	defer cancel()
	pause := 50 * time.Millisecond
	for {
		err := s.settleOnce(ctx, batch)
		if err == nil {
			return
		}
		s.Log.ErrorContext(ctx, "cannot write results of deliveries", slog.Int("results", len(batch)), slog.Any("error", err))
		select {
		case <-ctx.Done():
			return
		case <-time.After(pause):
			pause = min(2*pause, 2*time.Second)
		}
	}
}

func (s *Service) settleOnce(ctx context.Context, batch []Result) error {
	limited, cancel := context.WithTimeout(ctx, storeLimit)
	defer cancel()
	var paused []ID
	err := s.Tx.InTx(limited, func(ctx context.Context) error {
		failing, err := s.Deliveries.Settle(ctx, batch)
		if err != nil {
			return err
		}
		for _, h := range failing {
			reason := h.Verdict()
			if reason == "" {
				continue
			}
			if err := s.Deliveries.Deactivate(ctx, h.PostbackID, reason); err != nil {
				return err
			}
			paused = append(paused, h.PostbackID)
			err := s.record(ctx, account.SystemActor("worker"), "postback.pause", h.PostbackID, nil,
				map[string]any{"active": false, "paused_reason": reason, "failures": h.Failures})
			if err != nil {
				return err
			}
			if s.Notices == nil {
				continue
			}
			if err := s.Notices.Post(ctx, h.notice(reason)); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	for _, id := range paused {
		s.follow(ctx, id)
	}
	return nil
}
