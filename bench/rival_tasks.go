package main

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/hibiken/asynq"
	"github.com/labstack/echo/v4"
)

// tasks is the rival of deliveries: an asynq task for each, on the embedded Redis that the program uses too. It keeps no
// result.
type tasks struct {
	redis asynq.RedisClientOpt
}

const taskKind = "deliver"

func newTasks() (*tasks, error) {
	server := miniredis.NewMiniRedis()
	if err := server.Start(); err != nil {
		return nil, err
	}
	go func() { // keys expire as they do in the program
		const tick = 100 * time.Millisecond
		for range time.Tick(tick) {
			server.FastForward(tick)
		}
	}()
	return &tasks{asynq.RedisClientOpt{Addr: server.Addr(), PoolSize: 2 * deliveryConns}}, nil
}

// queue enqueues n tasks; each gets url with its number behind it.
func (t *tasks) queue(c echo.Context) error {
	n, err := strconv.Atoi(c.QueryParam("n"))
	if err != nil {
		return err
	}
	client := asynq.NewClient(t.redis)
	defer client.Close()
	var next atomic.Int64
	var workers sync.WaitGroup
	const enqueuers = 16
	failed := make(chan error, enqueuers)
	for range enqueuers {
		workers.Go(func() {
			for i := next.Add(1); i <= int64(n); i = next.Add(1) {
				task := asynq.NewTask(taskKind, strconv.AppendInt([]byte(c.QueryParam("url")), i, 10), asynq.MaxRetry(0), asynq.Timeout(time.Minute))
				if _, err := client.Enqueue(task); err != nil {
					failed <- err
					return
				}
			}
		})
	}
	workers.Wait()
	close(failed)
	if err := <-failed; err != nil {
		return err
	}
	return c.NoContent(http.StatusNoContent)
}

// run handles n tasks.
func (t *tasks) run(c echo.Context) error {
	n, err := strconv.Atoi(c.QueryParam("n"))
	if err != nil {
		return err
	}
	transport := &http.Transport{MaxIdleConnsPerHost: deliveryConns}
	defer transport.CloseIdleConnections()
	client := &http.Client{Transport: transport}
	var handled atomic.Int64
	var fault atomic.Pointer[error]
	done := make(chan struct{})
	server := asynq.NewServer(t.redis, asynq.Config{Concurrency: deliveryConns, LogLevel: asynq.FatalLevel, ShutdownTimeout: time.Second})
	if err := server.Start(asynq.HandlerFunc(func(ctx context.Context, task *asynq.Task) error {
		err := get(ctx, client, string(task.Payload()))
		if err != nil {
			fault.Store(&err)
		}
		if handled.Add(1) == int64(n) {
			close(done)
		}
		return err
	})); err != nil {
		return err
	}
	defer server.Shutdown()
	select {
	case <-done:
	case <-c.Request().Context().Done():
		return fmt.Errorf("%d of %d tasks were handled", handled.Load(), n)
	}
	if err := fault.Load(); err != nil {
		return *err
	}
	return c.NoContent(http.StatusNoContent)
}
