package tracking

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// metrics counts what happens at the doors. What a click touches is looked up once, here: a click looks up no label.
type metrics struct {
	clicks    *prometheus.CounterVec // by result: valid, refused or unrouted
	valid     prometheus.Counter
	refused   prometheus.Counter
	unrouted  prometheus.Counter
	unstored  prometheus.Counter
	clickTook prometheus.Histogram
	appended  prometheus.Histogram
	postbacks *prometheus.CounterVec // by status of the answer
	refusals  *prometheus.CounterVec // by code
	batches   batchMetrics
}

// batchMetrics is what the collector tells of its batches.
type batchMetrics struct{ size, took prometheus.Histogram }

// latencies begins where a click is answered from memory and one fsync.
var latencies = []float64{.00025, .0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5}

// commonRefusals are shown from the start, so that their first occurrence is a growth that an alarm can see.
var commonRefusals = []string{"missing_clickid", "malformed_clickid", "click_not_found", "click_not_valid", "goal_not_found",
	"missing_token", "invalid_token", "invalid_signature", "ip_not_allowed"}

func newMetrics() *metrics {
	m := &metrics{
		clicks: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "waypost_clicks_total",
			Help: "Answered clicks: valid, refused (for a reason), unrouted (no catalogue was loaded)."}, []string{"result"}),
		unstored: prometheus.NewCounter(prometheus.CounterOpts{Name: "waypost_clicks_unstored_total",
			Help: "Clicks that were answered although the spool could not keep them. Any growth is an alarm."}),
		clickTook: prometheus.NewHistogram(prometheus.HistogramOpts{Name: "waypost_click_duration_seconds", Buckets: latencies,
			Help: "Time from a tracking link's request to its answer: decision, durable record, redirect."}),
		appended: prometheus.NewHistogram(prometheus.HistogramOpts{Name: "waypost_spool_append_duration_seconds", Buckets: latencies,
			Help: "Time until a click's or postback's record was durable in the spool, or was given up."}),
		postbacks: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "waypost_postbacks_total",
			Help: "Answered postbacks by the status of the answer; unavailable = 503."}, []string{"status"}),
		refusals: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "waypost_postbacks_refused_total",
			Help: "Refused postbacks by the code of the answer."}, []string{"code"}),
		batches: batchMetrics{
			size: prometheus.NewHistogram(prometheus.HistogramOpts{Name: "waypost_postback_batch_size", Buckets: prometheus.ExponentialBuckets(1, 2, 9),
				Help: "Postbacks that were decided together in one transaction."}),
			took: prometheus.NewHistogram(prometheus.HistogramOpts{Name: "waypost_postback_batch_duration_seconds", Buckets: latencies,
				Help: "Time in which a batch of postbacks was decided and committed, or given up."}),
		},
	}
	m.valid, m.refused, m.unrouted = m.clicks.WithLabelValues("valid"), m.clicks.WithLabelValues("refused"), m.clicks.WithLabelValues("unrouted")
	for _, status := range []string{"recorded", "updated", "duplicate", "queued", "refused", statusUnavailable, "rate_limited"} {
		m.postbacks.WithLabelValues(status)
	}
	for _, code := range commonRefusals {
		m.refusals.WithLabelValues(code)
	}
	return m
}

func (t *Tracking) collectors() []prometheus.Collector {
	waiting := prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "waypost_postbacks_waiting",
		Help: "Postbacks whose senders wait for the next batch."}, func() float64 { return float64(t.collector.queued()) })
	m := t.metrics
	return append(t.Routing.collectors(), m.clicks, m.unstored, m.clickTook, m.appended, m.postbacks, m.refusals, m.batches.size, m.batches.took, waiting)
}

// since observes the time from began in seconds.
func since(h prometheus.Observer, began time.Time) { h.Observe(time.Since(began).Seconds()) }
