package postback

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"
)

// A postback is made active or inactive by a short transaction. What is owed to it may be long, and follows in pages:
// nothing depends on when, because a delivery of an inactive postback is not sent but set aside by whoever leases it.
const (
	followPage  = 1000 // deliveries of one transaction
	followPages = 3    // at once, by whoever turned the postback; FollowAll does the rest
	followLimit = 2 * time.Second
	followTurn  = 20 * time.Second // of FollowAll
)

// follow lets the first deliveries of a postback that was just turned do the same. It never fails.
func (s *Service) follow(ctx context.Context, id ID) {
	ctx, cancel := context.WithTimeout(ctx, followLimit)
	defer cancel()
	for range followPages {
		hosts, more, err := s.Deliveries.Follow(ctx, id, followPage)
		if err != nil {
			s.Log.WarnContext(ctx, "deliveries do not follow their postback yet; a periodic job will see to it", slog.Int64("postback", int64(id)), slog.Any("error", err))
			return
		}
		s.wake(ctx, hosts)
		if !more {
			return
		}
	}
}

// FollowAll lets the deliveries of all postbacks that were made active or inactive do the same, a page of each in turn,
// for at most followTurn.
func (s *Service) FollowAll(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, followTurn)
	defer cancel()
	ids, err := s.Deliveries.Turning(ctx)
	var faults []error
	for len(ids) > 0 && err == nil {
		var rest []ID
		for _, id := range ids {
			hosts, more, err := s.Deliveries.Follow(ctx, id, followPage)
			if ctx.Err() != nil {
				return errors.Join(faults...) // the next turn goes on
			}
			if err != nil {
				faults = append(faults, fmt.Errorf("let deliveries of postback %d follow: %w", id, err))
				continue
			}
			s.wake(ctx, hosts)
			if more {
				rest = append(rest, id)
			}
		}
		ids = rest
	}
	return errors.Join(append(faults, err)...)
}
