package jobs

import (
	"crypto/tls"
	"errors"
	"net"
	"net/url"
	"strings"

	"github.com/hibiken/asynq"
)

// ParseRedis reads REDIS_URL: redis://, rediss://, redis-sentinel://, redis-cluster:// or rediss-cluster://. Its error
// shows nothing of the address, which may hold a password.
func ParseRedis(address string) (asynq.RedisConnOpt, error) {
	scheme, rest, _ := strings.Cut(address, "://")
	if scheme == "redis-cluster" || scheme == "rediss-cluster" {
		return parseCluster(rest, scheme == "rediss-cluster")
	}
	opt, err := asynq.ParseRedisURI(address)
	if err != nil {
		return nil, errors.New("REDIS_URL cannot be read; write it as redis://user:password@host:6379/0 (signs such as @ / # in a password as %40 %2F %23)")
	}
	if single, ok := opt.(asynq.RedisClientOpt); ok && scheme != "redis-socket" {
		u, err := url.Parse(address)
		if err == nil {
			single.Username = u.User.Username() // which asynq leaves out
			if u.Port() == "" {
				single.Addr = net.JoinHostPort(u.Hostname(), "6379")
			}
		}
		return single, nil
	}
	return opt, nil
}

// parseCluster reads user:password@host:port,host:port: several hosts are no URL.
func parseCluster(rest string, secure bool) (asynq.RedisConnOpt, error) {
	fault := errors.New("REDIS_URL cannot be read; write a cluster as redis-cluster://user:password@host:6379,host:6379 (signs such as @ / # in a password as %40 %2F %23)")
	var opt asynq.RedisClusterClientOpt
	if i := strings.LastIndexByte(rest, '@'); i >= 0 {
		name, password, _ := strings.Cut(rest[:i], ":")
		var err, err2 error
		opt.Username, err = url.PathUnescape(name)
		opt.Password, err2 = url.PathUnescape(password)
		if err != nil || err2 != nil {
			return nil, fault
		}
		rest = rest[i+1:]
	}
	for addr := range strings.SplitSeq(strings.TrimRight(rest, "/"), ",") {
		host, _, err := net.SplitHostPort(addr)
		if err != nil || host == "" {
			return nil, fault
		}
		opt.Addrs = append(opt.Addrs, addr)
		if secure && opt.TLSConfig == nil {
			opt.TLSConfig = &tls.Config{ServerName: host, MinVersion: tls.VersionTLS12}
		}
	}
	return opt, nil
}
