package jobs

import (
	"slices"
	"time"

	"github.com/hibiken/asynq"
	"github.com/prometheus/client_golang/prometheus"
)

var (
	queueUp      = prometheus.NewDesc("waypost_queue_up", "1 if Redis told what waits in the queues; the other numbers of the queues are absent otherwise.", nil, nil)
	queueTasks   = prometheus.NewDesc("waypost_queue_tasks", "Tasks in Redis by queue and state; a task only hastens what the database knows.", []string{"queue", "state"}, nil)
	queueLatency = prometheus.NewDesc("waypost_queue_latency_seconds", "Age of the oldest task that waits for a worker; 0 = none does.", []string{"queue"}, nil)
)

// queueWithin is how long a Redis that hangs holds up a reading of the numbers.
const queueWithin = time.Second

// QueueCollector asks Redis what waits in the queues. A question that hangs is waited for by the next reading.
type QueueCollector struct {
	inspector *asynq.Inspector
	asking    chan *asking // holds one while a question is under way
}

// asking is one question.
type asking struct {
	done chan struct{}
	info *asynq.QueueInfo // valid once done is closed; nil = Redis did not tell
}

// NewQueueCollector makes a collector on a connection of its own; Close ends it.
func NewQueueCollector(redis asynq.RedisConnOpt) *QueueCollector {
	return &QueueCollector{inspector: asynq.NewInspector(redis), asking: make(chan *asking, 1)}
}

// Close ends the connection.
func (c *QueueCollector) Close() error { return c.inspector.Close() }

// Describe implements prometheus.Collector.
func (c *QueueCollector) Describe(to chan<- *prometheus.Desc) {
	to <- queueUp
	to <- queueTasks
	to <- queueLatency
}

// Collect implements prometheus.Collector.
func (c *QueueCollector) Collect(to chan<- prometheus.Metric) {
	gauge := func(d *prometheus.Desc, value float64, labels ...string) {
		to <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, value, labels...)
	}
	info := c.ask()
	if info == nil {
		gauge(queueUp, 0)
		return
	}
	gauge(queueUp, 1)
	for state, tasks := range map[string]int{"pending": info.Pending, "active": info.Active, "scheduled": info.Scheduled, "retry": info.Retry, "archived": info.Archived} {
		gauge(queueTasks, float64(tasks), queueDeliver, state)
	}
	gauge(queueLatency, info.Latency.Seconds(), queueDeliver)
}

// ask is nil where Redis does not tell.
func (c *QueueCollector) ask() *asynq.QueueInfo {
	var a *asking
	select {
	case a = <-c.asking:
	default:
		a = &asking{done: make(chan struct{})}
		go func() {
			defer close(a.done)
			a.info = c.question()
		}()
	}
	limit := time.NewTimer(queueWithin)
	defer limit.Stop()
	select {
	case <-a.done:
	case <-limit.C:
		select {
		case c.asking <- a:
		default: // another reading left its own there
		}
		return nil
	}
	return a.info
}

// question asks for a queue only if something was ever put into it.
func (c *QueueCollector) question() *asynq.QueueInfo {
	queues, err := c.inspector.Queues()
	if err != nil {
		return nil
	}
	if !slices.Contains(queues, queueDeliver) {
		return &asynq.QueueInfo{}
	}
	info, err := c.inspector.GetQueueInfo(queueDeliver)
	if err != nil {
		return nil
	}
	return info
}
