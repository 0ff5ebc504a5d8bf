package tracking

import "github.com/prometheus/client_golang/prometheus"

// metrics counts what happens at the doors.
type metrics struct {
	clicks    *prometheus.CounterVec // by result: valid, refused or unrouted
	valid     prometheus.Counter
	refused   prometheus.Counter
	unrouted  prometheus.Counter
	unstored  prometheus.Counter
	postbacks *prometheus.CounterVec // by status of the answer
}

func newMetrics() *metrics {
	m := &metrics{
		clicks: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "waypost_clicks_total",
			Help: "Answered clicks: valid, refused (for a reason), unrouted (no catalogue was loaded)."}, []string{"result"}),
		unstored: prometheus.NewCounter(prometheus.CounterOpts{Name: "waypost_clicks_unstored_total",
			Help: "Clicks that were answered although the spool could not keep them. Any growth is an alarm."}),
		postbacks: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "waypost_postbacks_total",
			Help: "Answered postbacks by the status of the answer; unavailable = 503."}, []string{"status"}),
	}
	m.valid, m.refused, m.unrouted = m.clicks.WithLabelValues("valid"), m.clicks.WithLabelValues("refused"), m.clicks.WithLabelValues("unrouted")
	return m
}

func (m *metrics) collectors() []prometheus.Collector {
	return []prometheus.Collector{m.clicks, m.unstored, m.postbacks}
}
