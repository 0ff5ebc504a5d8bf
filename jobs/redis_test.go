package jobs

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/hibiken/asynq"
)

func TestParseRedis(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]asynq.RedisConnOpt{
		"redis://h":                            asynq.RedisClientOpt{Addr: "h:6379"},
		"redis://:p%40@h:1/2":                  asynq.RedisClientOpt{Addr: "h:1", Password: "p@", DB: 2},
		"rediss://waypost:p@h:1":               asynq.RedisClientOpt{Addr: "h:1", Username: "waypost", Password: "p"},
		"redis-cluster://:p%2F@a:1,b:2":        asynq.RedisClusterClientOpt{Addrs: []string{"a:1", "b:2"}, Password: "p/"},
		"rediss-cluster://u:p@a:1/":            asynq.RedisClusterClientOpt{Addrs: []string{"a:1"}, Username: "u", Password: "p"},
		"redis-sentinel://:p@a:1,b:2?master=m": asynq.RedisFailoverClientOpt{SentinelAddrs: []string{"a:1", "b:2"}, MasterName: "m", SentinelPassword: "p"},
	} {
		got, err := ParseRedis(address)
		if err != nil {
			t.Errorf("%s: %v", address, err)
			continue
		}
		ignore := cmp.Options{cmpopts.IgnoreFields(asynq.RedisClientOpt{}, "TLSConfig"), cmpopts.IgnoreFields(asynq.RedisClusterClientOpt{}, "TLSConfig")}
		if d := cmp.Diff(want, got, ignore); d != "" {
			t.Errorf("%s: %s", address, d)
		}
	}
	if opt, _ := ParseRedis("rediss-cluster://a:1"); opt.(asynq.RedisClusterClientOpt).TLSConfig == nil {
		t.Error("a secure cluster without TLS")
	}
	for _, bad := range []string{"redis://:hunter2%zz@h", "redis-cluster://:hunter2@a", "redis-cluster://:hunter2%zz@a:1", "http://hunter2", "redis-cluster://:hunter2@"} {
		if _, err := ParseRedis(bad); err == nil || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: %v", bad, err)
		}
	}
}
