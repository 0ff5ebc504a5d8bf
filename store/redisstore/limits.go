package redisstore

import (
	"context"
	"crypto/rand"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/waypost/waypost/domain"
	"github.com/waypost/waypost/domain/account"
)

const (
	// Patience is how long an answer of Redis is waited for.
	Patience = 80 * time.Millisecond
	// pause is how long Redis is left alone after it failed to answer, so that not every attempt waits for it.
	pause = time.Second
)

// Limits is an account.Limiter that all nodes share. This process's own count stands beside it: it alone decides while
// Redis is away, and knows what happened before. Safe for concurrent use.
type Limits struct {
	redis redis.UniversalClient
	own   *account.Limits
	now   domain.Clock
	log   *slog.Logger
	wait  time.Duration // for an answer; Patience but in tests
	away  atomic.Int64  // Unix nanoseconds until which Redis is left alone
	down  atomic.Bool   // it was said in the log
}

// NewLimits makes one on a client, which is its own from then on. The client's timeouts should be Patience, for it looks
// at no deadline while it reads.
func NewLimits(client redis.UniversalClient, now domain.Clock, log *slog.Logger) *Limits {
	return &Limits{redis: client, own: account.NewLimits(now), now: now, log: log, wait: Patience}
}

// Close ends the connections.
func (l *Limits) Close() error { return l.redis.Close() }

// take counts an attempt in a sorted set of those within the window, scored by the server's microseconds, or answers
// after how many microseconds the oldest leaves it.
var take = redis.NewScript(`
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local window = tonumber(ARGV[2])
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', string.format('%.0f', now - window))
if redis.call('ZCARD', KEYS[1]) >= tonumber(ARGV[1]) then
	local oldest = redis.call('ZRANGE', KEYS[1], 0, 0, 'WITHSCORES')
	return math.max(oldest[2] + window - now, 1)
end
redis.call('ZADD', KEYS[1], string.format('%.0f', now), ARGV[3])
redis.call('PEXPIRE', KEYS[1], string.format('%.0f', math.ceil(window / 1000)))
return 0
`)

func redisKey(key string) string { return "rl:{" + key + "}" }

// Take implements account.Limiter.
func (l *Limits) Take(ctx context.Context, key string, most int, window time.Duration) (time.Duration, bool) {
	if wait, ok := l.own.Take(ctx, key, most, window); !ok {
		return wait, false
	}
	wait := time.Duration(0)
	l.ask(ctx, func(ctx context.Context) error {
		micros, err := take.Run(ctx, l.redis, []string{redisKey(key)}, most, window.Microseconds(), rand.Text()).Int64()
		wait = time.Duration(micros) * time.Microsecond
		return err
	})
	if wait > 0 {
		l.own.Return(ctx, key)
		return wait, false
	}
	return 0, true
}

// Return implements account.Limiter.
func (l *Limits) Return(ctx context.Context, key string) {
	l.own.Return(ctx, key)
	l.ask(ctx, func(ctx context.Context) error { return l.redis.ZPopMax(ctx, redisKey(key)).Err() })
}

// ask asks Redis, unless it failed to answer a moment ago.
func (l *Limits) ask(ctx context.Context, question func(context.Context) error) {
	if l.now().UnixNano() < l.away.Load() {
		return
	}
	// A caller that hangs up says nothing about Redis.
	limited, cancel := context.WithTimeout(context.WithoutCancel(ctx), l.wait)
	defer cancel()
	err := question(limited)
	if err == nil {
		if l.down.CompareAndSwap(true, false) {
			l.log.InfoContext(ctx, "Redis answers again: limits are counted for all nodes together")
		}
		return
	}
	l.away.Store(l.now().Add(pause).UnixNano())
	if l.down.CompareAndSwap(false, true) {
		l.log.WarnContext(ctx, "Redis does not answer: this node counts limits by itself", "error", err)
	}
}
