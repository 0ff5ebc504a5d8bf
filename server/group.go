package server

import (
	"context"
	"sync"
	"time"
)

// group is what runs beside the requests: the workers, which stop first, and the node's own parts, which outlive the
// requests.
type group struct {
	workers, node *crew
	failed        chan error // the first failure; it ends the process
}

// crew are goroutines that end together.
type crew struct {
	ctx    context.Context
	cancel context.CancelFunc
	wg     sync.WaitGroup
	fail   func(error)
}

// newGroup keeps the values of ctx but not its end: what runs is ended by stop.
func newGroup(ctx context.Context) *group {
	g := &group{failed: make(chan error, 1)}
	g.workers, g.node = newCrew(ctx, g.fail), newCrew(ctx, g.fail)
	return g
}

func newCrew(ctx context.Context, fail func(error)) *crew {
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	return &crew{ctx: ctx, cancel: cancel, fail: fail}
}

func (g *group) fail(err error) {
	select {
	case g.failed <- err:
	default:
	}
}

// start runs a function until the crew's context ends; an error before that ends the process.
func (c *crew) start(run func(context.Context) error) {
	c.wg.Go(func() {
		if err := run(c.ctx); err != nil && c.ctx.Err() == nil {
			c.fail(err)
		}
	})
}

// stop ends all and tells whether they ended within the limit.
func (g *group) stop(limit time.Duration) bool {
	g.workers.cancel()
	g.node.cancel()
	ended := make(chan struct{})
	go func() {
		g.workers.wg.Wait()
		g.node.wg.Wait()
		close(ended)
	}()
	select {
	case <-ended:
		return true
	case <-time.After(limit):
		return false
	}
}
