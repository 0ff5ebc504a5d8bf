package server

import (
	"log/slog"
	"net"
	"testing"
	"time"

	"github.com/hibiken/asynq"
)

// Whatever kind of Redis hangs, it holds nobody up.
func TestLimitsDoNotWaitForRedis(t *testing.T) {
	t.Parallel()
	ln, err := net.Listen("tcp", "127.0.0.1:0") // connections are made, and never answered
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	address := ln.Addr().String()
	for name, queue := range map[string]asynq.RedisConnOpt{
		"single":   asynq.RedisClientOpt{Addr: address},
		"sentinel": asynq.RedisFailoverClientOpt{MasterName: "m", SentinelAddrs: []string{address}},
		"cluster":  asynq.RedisClusterClientOpt{Addrs: []string{address}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			limits := newLimits(queue, slog.New(slog.DiscardHandler))
			defer limits.Close()
			began := time.Now()
			if _, ok := limits.Take(t.Context(), "key", 1, time.Minute); !ok {
				t.Error("the first attempt was refused")
			}
			if took := time.Since(began); took > 2*time.Second {
				t.Errorf("it took %s", took)
			}
		})
	}
}
