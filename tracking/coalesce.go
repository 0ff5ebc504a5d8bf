package tracking

import (
	"context"
	"sync"
	"time"
)

// coalescer runs a deed for many callers at once: whoever asks is served by a run that begins after it asked, and all
// who ask meanwhile share that run. One run at a time; their beginnings are at least every apart.
type coalescer struct {
	every time.Duration
	run   func(context.Context) error

	mu      sync.Mutex
	next    *flight // not begun yet
	running bool
}

type flight struct {
	done chan struct{}
	err  error // valid once done is closed
}

// do waits for a run that begins after the call, and returns its error, or ctx's if that ends first; the run goes on.
func (c *coalescer) do(ctx context.Context) error {
	c.mu.Lock()
	f := c.next
	if f == nil {
		f = &flight{done: make(chan struct{})}
		c.next = f
	}
	if !c.running {
		c.running = true
		go c.fly()
	}
	c.mu.Unlock()
	select {
	case <-f.done:
		return f.err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// fly runs until nobody waits.
func (c *coalescer) fly() {
	for {
		pace := time.NewTimer(c.every)
		c.mu.Lock()
		f := c.next
		if f == nil {
			c.running = false
			c.mu.Unlock()
			return
		}
		c.next = nil
		c.mu.Unlock()
		f.err = c.run(context.Background())
		close(f.done)
		<-pace.C
	}
}
