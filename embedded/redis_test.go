package embedded

import (
	"context"
	"testing"
	"time"

	"github.com/hibiken/asynq"
	"github.com/redis/go-redis/v9"
)

func mustRedis(t *testing.T) (*Redis, *redis.Client) {
	t.Helper()
	r, err := StartRedis()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(r.Close)
	options, err := redis.ParseURL(r.URL())
	if err != nil {
		t.Fatal(err)
	}
	client := redis.NewClient(options)
	t.Cleanup(func() { _ = client.Close() })
	return r, client
}

func TestRedisKeysExpire(t *testing.T) {
	t.Parallel()
	_, client := mustRedis(t)
	ctx := t.Context()
	began := time.Now()
	if err := client.Set(ctx, "short", 1, 400*time.Millisecond).Err(); err != nil {
		t.Fatal(err)
	}
	if err := client.Set(ctx, "long", 1, time.Hour).Err(); err != nil {
		t.Fatal(err)
	}
	for client.Exists(ctx, "short").Val() == 1 {
		if time.Since(began) > 10*time.Second {
			t.Fatal("the key stays")
		}
		time.Sleep(5 * time.Millisecond)
	}
	if lived := time.Since(began); lived < 400*time.Millisecond-2*redisTick {
		t.Errorf("the key lived %s only", lived)
	}
	if client.Exists(ctx, "long").Val() != 1 {
		t.Error("a key went too early")
	}
}

func TestRedisWantsThePassword(t *testing.T) {
	t.Parallel()
	_, client := mustRedis(t)
	stranger := redis.NewClient(&redis.Options{Addr: client.Options().Addr})
	defer stranger.Close()
	if err := stranger.Ping(t.Context()).Err(); err == nil {
		t.Error("answers without a password")
	}
	if other, _ := StartRedis(); other == nil || other.URL() == "" {
		t.Error("no second server")
	} else {
		defer other.Close()
		if o, _ := redis.ParseURL(other.URL()); o.Password == client.Options().Password || len(o.Password) < 22 {
			t.Error("the password is not random")
		}
	}
}

func TestRedisRunsScheduledTasks(t *testing.T) {
	t.Parallel()
	r, _ := mustRedis(t)
	connection, err := asynq.ParseRedisURI(r.URL())
	if err != nil {
		t.Fatal(err)
	}
	ran := make(chan time.Time, 1)
	server := asynq.NewServer(connection, asynq.Config{
		Concurrency: 1, DelayedTaskCheckInterval: 50 * time.Millisecond, LogLevel: asynq.FatalLevel,
	})
	err = server.Start(asynq.HandlerFunc(func(context.Context, *asynq.Task) error {
		ran <- time.Now()
		return nil
	}))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(server.Shutdown)
	client := asynq.NewClient(connection)
	t.Cleanup(func() { _ = client.Close() })
	due := time.Now().Add(time.Second)
	if _, err := client.Enqueue(asynq.NewTask("test:later", nil), asynq.ProcessAt(due)); err != nil {
		t.Fatal(err)
	}
	select {
	case at := <-ran:
		if at.Before(due.Truncate(time.Second)) { // asynq counts whole seconds
			t.Errorf("ran %s early", due.Sub(at))
		}
	case <-time.After(15 * time.Second):
		t.Fatal("the task did not run")
	}
}
