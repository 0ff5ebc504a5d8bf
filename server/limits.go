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
	switch o := queue.(type) {
	case asynq.RedisClientOpt:
		o.DialTimeout, o.ReadTimeout, o.WriteTimeout = redisstore.Patience, redisstore.Patience, redisstore.Patience
		queue = o
	case asynq.RedisFailoverClientOpt:
		o.DialTimeout, o.ReadTimeout, o.WriteTimeout = redisstore.Patience, redisstore.Patience, redisstore.Patience
		queue = o
	}
	return redisstore.NewLimits(queue.MakeRedisClient().(redis.UniversalClient), now, log)
}
