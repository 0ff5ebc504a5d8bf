package jobs_test

import (
	"context"
	"errors"
	"net"
	"sync/atomic"
	"testing"
	"time"

	"github.com/hibiken/asynq"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/alicebob/miniredis/v2"

	"github.com/waypost/waypost/jobs"
)

// told reads numbers: by name, or by name and the value of their only label or last one.
func told(t testing.TB, collectors ...prometheus.Collector) map[string]float64 {
	t.Helper()
	registry := prometheus.NewPedanticRegistry()
	registry.MustRegister(collectors...)
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]float64{}
	for _, f := range families {
		for _, m := range f.GetMetric() {
			name := f.GetName()
			if labels := m.GetLabel(); len(labels) > 0 {
				name += " " + labels[len(labels)-1].GetValue()
			}
			all[name] = m.GetGauge().GetValue() + m.GetCounter().GetValue() + float64(m.GetHistogram().GetSampleCount())
		}
	}
	return all
}

// TestQueueCollector: a Redis that is empty, holds a task, is away, or hangs. None holds up a reading.
func TestQueueCollector(t *testing.T) {
	t.Parallel()
	redis := miniredis.RunT(t)
	collector := func(addr string) *jobs.QueueCollector {
		c := jobs.NewQueueCollector(asynq.RedisClientOpt{Addr: addr})
		t.Cleanup(func() { _ = c.Close() })
		return c
	}
	c := collector(redis.Addr())
	if got := told(t, c); got["waypost_queue_up"] != 1 || got["waypost_queue_tasks pending"] != 0 || len(got) != 7 {
		t.Errorf("empty: %v", got)
	}
	client := asynq.NewClient(asynq.RedisClientOpt{Addr: redis.Addr()})
	defer client.Close()
	if _, err := client.Enqueue(asynq.NewTask(jobs.KindDeliver, nil), asynq.Queue("deliver")); err != nil {
		t.Fatal(err)
	}
	if got := told(t, c); got["waypost_queue_tasks pending"] != 1 {
		t.Errorf("with a task: %v", got)
	}
	hanging, err := net.Listen("tcp", "127.0.0.1:0") // accepts, and never answers
	if err != nil {
		t.Fatal(err)
	}
	defer hanging.Close()
	for name, c := range map[string]*jobs.QueueCollector{"away": collector("127.0.0.1:1"), "hanging": collector(hanging.Addr().String())} {
		for range 2 {
			began := time.Now()
			if got := told(t, c); got["waypost_queue_up"] != 0 || len(got) != 1 || time.Since(began) > 10*time.Second {
				t.Errorf("%s: %v after %s", name, got, time.Since(began))
			}
		}
	}
}

// turns gives every job every turn.
type turns struct{}

// Claim implements jobs.Runs.
func (turns) Claim(context.Context, string, time.Duration) (bool, time.Duration, error) {
	return true, 5 * time.Millisecond, nil
}

func TestScheduleTellsHowJobsFare(t *testing.T) {
	t.Parallel()
	var good, bad atomic.Int64
	s := jobs.NewSchedule(turns{}, clock, discard,
		jobs.Periodic{Name: "good", Every: time.Hour, Run: func(context.Context) error { good.Add(1); return nil }},
		jobs.Periodic{Name: "bad", Every: time.Minute, Run: func(context.Context) error { bad.Add(1); return errors.New("no") }})
	const success = "waypost_periodic_job_last_success_timestamp_seconds"
	before := told(t, s.Collectors()...)
	if before[success+" bad"] == 0 || before["waypost_periodic_job_interval_seconds bad"] != 60 {
		t.Errorf("at the start: %v", before)
	}
	during(t, s.Run)
	eventually(t, 10*time.Second, "both have had turns", func() bool { return good.Load() > 3 && bad.Load() > 3 })
	after := told(t, s.Collectors()...)
	if after["waypost_periodic_job_failures_total bad"] < 2 || after["waypost_periodic_job_failures_total good"] != 0 || after[success+" bad"] != before[success+" bad"] ||
		after[success+" good"] <= before[success+" good"] || after["waypost_periodic_job_duration_seconds good"] < 2 {
		t.Errorf("before %v, after %v", before, after)
	}
}
