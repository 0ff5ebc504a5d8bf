package server

import (
	"context"
	"path/filepath"
	"sync"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/waypost/waypost/domain"
	"github.com/waypost/waypost/spool"
	"github.com/waypost/waypost/store/pgstore"
)

// gauge describes a number that is read when it is asked for.
func gauge(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc("waypost_"+name, help, labels, nil)
}

func send(to chan<- prometheus.Metric, d *prometheus.Desc, value float64, labels ...string) {
	to <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, value, labels...)
}

// counter describes a number that only grows.
func counter(name, help string, labels ...string) *prometheus.Desc {
	return gauge(name, help, labels...)
}

func count(to chan<- prometheus.Metric, d *prometheus.Desc, value float64, labels ...string) {
	to <- prometheus.MustNewConstMetric(d, prometheus.CounterValue, value, labels...)
}

var (
	spoolRecords = gauge("spool_unreleased_records", "Records of the spool that the database has not got yet.")
	spoolBytes   = gauge("spool_bytes", "Size of the spool's segments on the disk.")
	spoolLag     = gauge("spool_lag_seconds", "Age of the oldest record that the database has not got yet; 0 = none waits.")
	spoolFailing = gauge("spool_failing", "1 while the spool cannot be written and redirects go out unrecorded.")
)

// spoolCollector reads the spool's state.
type spoolCollector struct {
	spool   *spool.Spool
	dataDir string
}

// Describe implements prometheus.Collector.
func (c *spoolCollector) Describe(to chan<- *prometheus.Desc) {
	prometheus.DescribeByCollect(c, to)
}

// Collect implements prometheus.Collector.
func (c *spoolCollector) Collect(to chan<- prometheus.Metric) {
	records, oldest := c.spool.Unreleased()
	var lag, bytes, failing float64
	if !oldest.IsZero() {
		lag = max(0, now().Sub(oldest).Seconds())
	}
	if segments, err := spool.Inspect(filepath.Join(c.dataDir, spoolFolder)); err == nil {
		for _, s := range segments {
			bytes += float64(s.Bytes)
		}
	}
	if _, err := c.spool.Err(); err != nil {
		failing = 1
	}
	send(to, spoolRecords, float64(records))
	send(to, spoolBytes, bytes)
	send(to, spoolLag, lag)
	send(to, spoolFailing, failing)
}

var (
	poolConnections = gauge("database_connections", "Connections of this process's pools: acquired, idle.", "pool", "state")
	poolWaits       = counter("database_acquires_waited_total", "Times somebody waited for a connection of a pool that was used up.", "pool")
	poolGivenUp     = counter("database_acquires_canceled_total", "Times a wait for a connection was given up.", "pool")
	poolWaited      = counter("database_acquire_wait_seconds_total", "Time spent waiting for connections of a pool that was used up.", "pool")
	poolLimit       = gauge("database_connections_limit", "The most connections that a pool of this process opens.", "pool")
)

// poolCollector reads the pools' state.
type poolCollector struct{ stores *stores }

// Describe implements prometheus.Collector.
func (c *poolCollector) Describe(to chan<- *prometheus.Desc) { prometheus.DescribeByCollect(c, to) }

// Collect implements prometheus.Collector.
func (c *poolCollector) Collect(to chan<- prometheus.Metric) {
	pool := func(name string, stat *pgxpool.Stat) {
		send(to, poolConnections, float64(stat.AcquiredConns()), name, "acquired")
		send(to, poolConnections, float64(stat.IdleConns()), name, "idle")
		send(to, poolLimit, float64(stat.MaxConns()), name)
		count(to, poolWaits, float64(stat.EmptyAcquireCount()), name)
		count(to, poolGivenUp, float64(stat.CanceledAcquireCount()), name)
		count(to, poolWaited, stat.EmptyAcquireWaitTime().Seconds(), name)
	}
	pool("main", c.stores.db.Pool().Stat())
	if c.stores.trackDB != nil {
		pool("track", c.stores.trackDB.Pool().Stat())
	}
}

var (
	backlogUp         = gauge("backlog_up", "1 if the database told what waits in it; the other numbers of the backlog are absent otherwise.")
	deliveriesWaiting = gauge("deliveries_waiting", "Deliveries that are yet to be made, by status.", "status")
	deliveriesRecent  = gauge("deliveries_last_hour", "Deliveries that were made in the past hour, by their status now.", "status")
	deliveriesOverdue = gauge("deliveries_overdue", "Deliveries that have been due for more than a minute.")
	deliveriesLag     = gauge("deliveries_lag_seconds", "How long the first overdue delivery has been due; 0 = none is.")
	postbacksQueued   = gauge("postbacks_queued", "Postbacks that are stored but not yet decided.")
	postbacksLag      = gauge("postbacks_lag_seconds", "Age of the oldest postback that is not yet decided; 0 = none.")
	mailsWaiting      = gauge("mails_waiting", "Mails that are yet to be sent.")
	mailsLag          = gauge("mails_lag_seconds", "Age of the oldest mail that is yet to be sent; 0 = none.")
)

const (
	backlogEvery  = 10 * time.Second // however often it is asked for
	backlogWithin = 2 * time.Second
)

// backlogCollector asks the database what waits, at most every backlogEvery.
type backlogCollector struct {
	ask   func(context.Context) (pgstore.Backlog, error)
	clock domain.Clock

	mu    sync.Mutex
	asked time.Time
	last  pgstore.Backlog
	err   error
}

func newBacklogCollector(ask func(context.Context) (pgstore.Backlog, error), clock domain.Clock) *backlogCollector {
	return &backlogCollector{ask: ask, clock: clock}
}

// Describe implements prometheus.Collector.
func (c *backlogCollector) Describe(to chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{backlogUp, deliveriesWaiting, deliveriesRecent, deliveriesOverdue, deliveriesLag,
		postbacksQueued, postbacksLag, mailsWaiting, mailsLag} {
		to <- d
	}
}

// Collect implements prometheus.Collector.
func (c *backlogCollector) Collect(to chan<- prometheus.Metric) {
	c.mu.Lock()
	defer c.mu.Unlock()
	at := c.clock()
	if c.asked.IsZero() || at.Sub(c.asked).Abs() >= backlogEvery {
		ctx, cancel := context.WithTimeout(context.Background(), backlogWithin)
		c.last, c.err = c.ask(ctx)
		cancel()
		c.asked = at
	}
	if c.err != nil {
		send(to, backlogUp, 0)
		return
	}
	send(to, backlogUp, 1)
	for _, status := range []string{"pending", "retrying"} {
		send(to, deliveriesWaiting, float64(c.last.Deliveries[status]), status)
	}
	for _, status := range []string{"pending", "retrying", "delivered", "failed", "paused"} {
		send(to, deliveriesRecent, float64(c.last.Recent[status]), status)
	}
	lag := func(oldest time.Time) float64 {
		if oldest.IsZero() {
			return 0
		}
		return max(0, at.Sub(oldest).Seconds())
	}
	send(to, deliveriesOverdue, float64(c.last.Overdue))
	send(to, deliveriesLag, lag(c.last.OldestOverdue))
	send(to, postbacksQueued, float64(c.last.Queued))
	send(to, postbacksLag, lag(c.last.OldestQueued))
	send(to, mailsWaiting, float64(c.last.Mails))
	send(to, mailsLag, lag(c.last.OldestMail))
}
