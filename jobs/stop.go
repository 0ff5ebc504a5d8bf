package jobs

import (
	"context"
	"log/slog"
	"time"
)

// stopLimit is how long after the end of its context a Run may take to finish what is under way. The requests of
// deliveries take 15 s at most.
const stopLimit = 16 * time.Second

// finish waits until wait returns, but no longer than stopLimit after the end of ctx.
func finish(ctx context.Context, log *slog.Logger, what string, wait func()) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		wait()
	}()
	select {
	case <-done:
		return
	case <-ctx.Done():
	}
	limit := time.NewTimer(stopLimit)
	defer limit.Stop()
	select {
	case <-done:
	case <-limit.C:
		log.WarnContext(ctx, "did not finish in time", slog.String("what", what))
	}
}

// health logs when something begins to fail and when it works again, and nothing in between.
type health struct {
	log     *slog.Logger
	what    string
	failing bool
}

func (h *health) note(ctx context.Context, err error) {
	switch {
	case err != nil && !h.failing:
		h.log.ErrorContext(ctx, h.what+" failed; it is tried again", slog.Any("error", err))
	case err == nil && h.failing:
		h.log.InfoContext(ctx, h.what+" works again")
	}
	h.failing = err != nil
}
