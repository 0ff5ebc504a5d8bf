package jobs

import (
	"context"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/waypost/waypost/domain/conversion"
)

// durations of statements and jobs.
var durations = []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30, 60}

// loaderMetrics is what the loader tells of its batches.
type loaderMetrics struct {
	size, took prometheus.Histogram
	failures   prometheus.Counter
	aside      prometheus.Counter
	settled    prometheus.Counter
	unsettled  prometheus.Counter
	calls      *prometheus.CounterVec
}

func newLoaderMetrics() loaderMetrics {
	m := loaderMetrics{
		size: prometheus.NewHistogram(prometheus.HistogramOpts{Name: "waypost_loader_batch_size", Buckets: []float64{1, 5, 20, 100, 500, 1000, 2500, 5000},
			Help: "Clicks that the spool's loader gave to the database in one statement."}),
		took: prometheus.NewHistogram(prometheus.HistogramOpts{Name: "waypost_loader_duration_seconds", Buckets: durations,
			Help: "Time in which the database took a batch of clicks, or failed to."}),
		failures: prometheus.NewCounter(prometheus.CounterOpts{Name: "waypost_loader_failures_total",
			Help: "Batches of clicks that the database did not take; they are given again."}),
		aside: prometheus.NewCounter(prometheus.CounterOpts{Name: "waypost_loader_set_aside_total",
			Help: "Records that can never be loaded and were set aside in files. Any growth wants a look."}),
		calls: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "waypost_loader_postbacks_total",
			Help: "Tries to decide postbacks of the spool, by whether the database took them."}, []string{"result"}),
	}
	m.settled, m.unsettled = m.calls.WithLabelValues("settled"), m.calls.WithLabelValues("again")
	return m
}

func (m loaderMetrics) note(clicks int, began time.Time, err error) {
	m.size.Observe(float64(clicks))
	m.took.Observe(time.Since(began).Seconds())
	if err != nil {
		m.failures.Inc()
	}
}

func (m loaderMetrics) decided(results []conversion.Result) {
	for _, r := range results {
		if r.Err == nil && !r.ClickPending {
			m.settled.Inc()
		} else {
			m.unsettled.Inc()
		}
	}
}

// Collectors are the loader's numbers for the operator.
func (l *SpoolLoader) Collectors() []prometheus.Collector {
	waiting := prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "waypost_loader_postbacks_waiting",
		Help: "Postbacks of the spool that wait in memory to be decided."}, func() float64 { return float64(l.calls.len() + l.slow.len()) })
	return []prometheus.Collector{l.metrics.size, l.metrics.took, l.metrics.failures, l.metrics.aside, l.metrics.calls, waiting}
}

// wakerMetrics counts what Redis took.
type wakerMetrics struct {
	wakeUps      *prometheus.CounterVec
	sent, failed prometheus.Counter
}

func newWakerMetrics() wakerMetrics {
	m := wakerMetrics{wakeUps: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "waypost_delivery_wakeups_total",
		Help: "Wake-ups of the delivery workers for a host, by whether the queue took them; the sweeper finds what a failed one leaves."}, []string{"result"})}
	m.sent, m.failed = m.wakeUps.WithLabelValues("sent"), m.wakeUps.WithLabelValues("failed")
	return m
}

// Collectors are the waker's numbers for the operator.
func (w *Waker) Collectors() []prometheus.Collector { return []prometheus.Collector{w.metrics.wakeUps} }

func newFinds() prometheus.Counter {
	return prometheus.NewCounter(prometheus.CounterOpts{Name: "waypost_sweeper_finds_total",
		Help: "Hosts with overdue deliveries that the sweeper went to because no task of the queue had."})
}

// Collectors are the sweeper's numbers for the operator.
func (s *Sweeper) Collectors() []prometheus.Collector { return []prometheus.Collector{s.finds} }

// scheduleMetrics tells when each periodic job last went well on this node.
type scheduleMetrics struct {
	success, interval *prometheus.GaugeVec
	failures          *prometheus.CounterVec
	took              *prometheus.HistogramVec
}

func newScheduleMetrics(jobs []Periodic) scheduleMetrics {
	label := []string{"job"}
	m := scheduleMetrics{
		success: prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "waypost_periodic_job_last_success_timestamp_seconds",
			Help: "When a periodic job last went well on this node; when its schedule began, while there was no such turn. Of several nodes the newest counts."}, label),
		interval: prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "waypost_periodic_job_interval_seconds",
			Help: "How often a periodic job has its turn."}, label),
		failures: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "waypost_periodic_job_failures_total",
			Help: "Turns of a periodic job that failed on this node."}, label),
		took: prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "waypost_periodic_job_duration_seconds", Buckets: []float64{.01, .1, 1, 10, 60, 600},
			Help: "How long the turns of a periodic job took on this node."}, label),
	}
	for _, j := range jobs {
		m.success.WithLabelValues(j.Name).SetToCurrentTime()
		m.interval.WithLabelValues(j.Name).Set(j.Every.Seconds())
		m.failures.WithLabelValues(j.Name)
		m.took.WithLabelValues(j.Name)
	}
	return m
}

// note counts a turn. One that a stop called off did not fail.
func (m scheduleMetrics) note(ctx context.Context, job string, began time.Time, err error) {
	if err != nil && ctx.Err() != nil {
		return
	}
	m.took.WithLabelValues(job).Observe(time.Since(began).Seconds())
	if err != nil {
		m.failures.WithLabelValues(job).Inc()
		return
	}
	m.success.WithLabelValues(job).SetToCurrentTime()
}

// Collectors are the schedule's numbers for the operator.
func (s *Schedule) Collectors() []prometheus.Collector {
	return []prometheus.Collector{s.metrics.success, s.metrics.interval, s.metrics.failures, s.metrics.took}
}
