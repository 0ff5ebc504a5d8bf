package conversion

import (
	"context"
	"fmt"

	"github.com/waypost/waypost/domain/account"
	"github.com/waypost/waypost/domain/errs"
)

// LogCount is how many calls had an outcome with a code.
type LogCount struct {
	Status Outcome
	Code   string
	Count  int64
}

// LogTally counts the lines of the incoming log that the filter takes by what became of them, the most frequent first. It
// needs the filter's From: without a bound all of the log would be read. Errors: required.
func (s *Service) LogTally(ctx context.Context, actor account.Actor, f LogFilter) ([]LogCount, error) {
	if err := actor.Require(account.PermissionReadTraffic); err != nil {
		return nil, err
	}
	if f.From.IsZero() {
		return nil, errs.Invalid("required", "say from when on the calls are counted").At("query.from")
	}
	if _, affiliate := actor.Scope().Affiliate(); affiliate && f.IP != "" {
		return nil, nil
	}
	counts, err := s.d.Store.LogTally(ctx, actor.Scope(), f)
	if err != nil {
		return nil, fmt.Errorf("count calls: %w", err)
	}
	return counts, nil
}
