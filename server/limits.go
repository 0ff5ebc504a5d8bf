package server

import (
	"log/slog"

	"github.com/hibiken/asynq"
	"github.com/redis/go-redis/v9"

	"github.com/waypost/waypost/store/redisstore"
)

// newLimits counts attempts for all nodes in the queue's Redis, on connections of its own that wait for no answer
// longer than a caller may.
func newLimits(queue asynq.RedisConnOpt, log *slog.Logger) *redisstore.Limits {
	const patience = redisstore.Patience
	switch o := queue.(type) {
	case asynq.RedisClientOpt:
		o.DialTimeout, o.ReadTimeout, o.WriteTimeout = patience, patience, patience
		queue = o
	case asynq.RedisFailoverClientOpt:
		o.DialTimeout, o.ReadTimeout, o.WriteTimeout = patience, patience, patience
		queue = o
	case asynq.RedisClusterClientOpt:
		o.DialTimeout, o.ReadTimeout, o.WriteTimeout = patience, patience, patience
		queue = o
	}
	client := queue.MakeRedisClient().(redis.UniversalClient)
	// Several tries must not take longer than one.
	switch c := client.(type) {
	case *redis.Client:
		c.Options().ContextTimeoutEnabled = true
	case *redis.ClusterClient:
		c.Options().ContextTimeoutEnabled = true
	}
	return redisstore.NewLimits(client, now, log)
}
