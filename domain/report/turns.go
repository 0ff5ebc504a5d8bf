package report

import (
	"context"
	"sync"
	"time"

	"github.com/waypost/waypost/domain/account"
	"github.com/waypost/waypost/domain/errs"
)

// A report holds a connection of the database and much of its memory for seconds, and any party can ask for one: so few
// run at once that all else goes on.
const (
	mostAtOnce  = 3               // reports in all; one for each party
	tryAgain    = 2 * time.Second // said to who is refused
	waitForTurn = 20 * time.Second
)

// turns lets a bounded number of reports run. The zero value is ready.
type turns struct {
	mu      sync.Mutex
	running int
	busy    map[account.Scope]bool // parties whose report runs
	ended   chan struct{}          // closed when one ends
}

// take begins a report, or waits until it may, at most so long. Errors: too_many_reports.
func (t *turns) take(ctx context.Context, scope account.Scope, wait time.Duration) (done func(), err error) {
	ctx, cancel := context.WithTimeout(ctx, wait)
	defer cancel()
	for {
		t.mu.Lock()
		if t.busy == nil {
			t.busy, t.ended = map[account.Scope]bool{}, make(chan struct{})
		}
		if t.running < mostAtOnce && !t.busy[scope] {
			t.running++
			t.busy[scope] = !scope.Network()
			t.mu.Unlock()
			return func() { t.end(scope) }, nil
		}
		ended := t.ended
		t.mu.Unlock()
		select {
		case <-ended:
		case <-ctx.Done():
			return nil, errs.Limited("too_many_reports", "other reports are being made; try again in a moment").In(tryAgain)
		}
	}
}

func (t *turns) end(scope account.Scope) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.running--
	delete(t.busy, scope)
	close(t.ended)
	t.ended = make(chan struct{})
}
