package tracking

import (
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// routingMetrics tells how fresh the catalogue is.
type routingMetrics struct {
	reloads   prometheus.Counter
	failures  prometheus.Counter
	confirmed atomic.Int64 // Unix nanoseconds at which the database last said that the catalogue in force is its own
	fromDisk  atomic.Bool  // the catalogue in force is the snapshot's, and the database has not confirmed it yet
}

func newRoutingMetrics() *routingMetrics {
	m := &routingMetrics{
		reloads: prometheus.NewCounter(prometheus.CounterOpts{Name: "waypost_routing_reloads_total",
			Help: "Times the routing catalogue was read from the database."}),
		failures: prometheus.NewCounter(prometheus.CounterOpts{Name: "waypost_routing_failures_total",
			Help: "Questions about the routing catalogue or its version that the database did not answer."}),
	}
	m.confirmed.Store(time.Now().UnixNano())
	return m
}

// confirm notes that the catalogue in force is the database's.
func (m *routingMetrics) confirm() {
	m.confirmed.Store(time.Now().UnixNano())
	m.fromDisk.Store(false)
}

func (r *Routing) collectors() []prometheus.Collector {
	version := prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "waypost_routing_version",
		Help: "Version of the routing catalogue in force; 0 = there is none yet."}, func() float64 {
		if c := r.current.Load(); c != nil {
			return float64(c.Version)
		}
		return 0
	})
	age := prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "waypost_routing_age_seconds",
		Help: "Time since the routing catalogue in force was last known to be the database's own; it is compared every second."}, func() float64 {
		return max(0, time.Since(time.Unix(0, r.metrics.confirmed.Load())).Seconds())
	})
	disk := prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "waypost_routing_from_snapshot",
		Help: "1 while clicks follow the snapshot on disk of an earlier start, because the database has not answered since this one."}, func() float64 {
		if r.metrics.fromDisk.Load() {
			return 1
		}
		return 0
	})
	return []prometheus.Collector{version, age, disk, r.metrics.reloads, r.metrics.failures}
}
