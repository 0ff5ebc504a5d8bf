package report

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/waypost/waypost/domain/account"
	"github.com/waypost/waypost/domain/errs"
)

// Three reports run at once, one of each party; who waits gets the turn that becomes free.
func TestTurns(t *testing.T) {
	t.Parallel()
	var turns turns
	ctx := context.Background()
	network := account.Actor{Role: account.RoleAdmin}.Scope()
	party := func(id int64) account.Scope {
		return account.Actor{Role: account.RoleAffiliate, AffiliateID: id}.Scope()
	}
	take := func(s account.Scope) func() {
		t.Helper()
		done, err := turns.take(ctx, s, 0)
		if err != nil {
			t.Fatal(err)
		}
		return done
	}
	refused := func(s account.Scope) {
		t.Helper()
		_, err := turns.take(ctx, s, 0)
		if e, ok := errs.As(err); !ok || e.Kind != errs.KindLimited || e.Code != "too_many_reports" || e.Wait != 2*time.Second {
			t.Errorf("%v", err)
		}
	}
	first := take(party(1))
	refused(party(1))
	operator, other := take(network), take(network)
	refused(party(2))
	refused(network)
	operator()
	second := take(party(2))
	refused(party(1))
	second()
	other()
	refused(party(1)) // its own still runs
	got := make(chan func())
	go func() {
		done, err := turns.take(ctx, party(1), time.Minute)
		if err != nil {
			t.Error(err)
			done = func() {}
		}
		got <- done
	}()
	first()
	(<-got)()
	if turns.running != 0 || len(turns.busy) != 0 {
		t.Errorf("%d run, busy %v", turns.running, turns.busy)
	}

	// Never more than there are turns, whoever asks.
	var mu sync.Mutex
	running, byParty := 0, map[int64]int{}
	var wg sync.WaitGroup
	for i := range int64(60) {
		wg.Go(func() {
			id := i % 5
			done, err := turns.take(ctx, party(id+1), time.Minute)
			if err != nil {
				t.Error(err)
				return
			}
			mu.Lock()
			running++
			byParty[id]++
			if running > mostAtOnce || byParty[id] > 1 {
				t.Errorf("%d run, %v", running, byParty)
			}
			mu.Unlock()
			mu.Lock()
			running--
			byParty[id]--
			mu.Unlock()
			done()
		})
	}
	wg.Wait()
}
