package embedded

import (
	"crypto/rand"
	"fmt"
	"net/url"
	"sync"
	"time"

	"github.com/alicebob/miniredis/v2"
)

// redisTick is the grain, in real time, at which keys of the embedded Redis expire.
const redisTick = 100 * time.Millisecond

// Redis is an in-memory Redis of this process on a loopback port. All it holds goes with the process.
type Redis struct {
	server *miniredis.Miniredis
	url    string
	done   chan struct{}
	once   sync.Once
}

// StartRedis starts an empty Redis behind a random password.
func StartRedis() (*Redis, error) {
	password := rand.Text()
	server := miniredis.NewMiniRedis()
	server.RequireAuth(password)
	if err := server.Start(); err != nil {
		return nil, fmt.Errorf("start embedded redis: %w", err)
	}
	u := url.URL{Scheme: "redis", User: url.UserPassword("", password), Host: server.Addr(), Path: "/0"}
	r := &Redis{server: server, url: u.String(), done: make(chan struct{})}
	go r.age()
	return r, nil
}

// age moves the clock that keys expire by. miniredis can do so itself on each command (ClockTTL), which makes it some
// sixteen times slower.
func (r *Redis) age() {
	tick := time.NewTicker(redisTick)
	defer tick.Stop()
	last := <-tick.C
	r.server.FastForward(redisTick)
	for {
		select {
		case <-r.done:
			return
		case now := <-tick.C:
			r.server.FastForward(now.Sub(last))
			last = now
		}
	}
}

// URL is the address with its password, as redis://:password@127.0.0.1:port/0.
func (r *Redis) URL() string { return r.url }

// Close ends the server and its connections.
func (r *Redis) Close() {
	r.once.Do(func() {
		close(r.done)
		r.server.Close()
	})
}
