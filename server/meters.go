package server

import (
	"context"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/waypost/waypost/domain"
	"github.com/waypost/waypost/domain/account"
	"github.com/waypost/waypost/domain/conversion"
	"github.com/waypost/waypost/domain/mail"
	"github.com/waypost/waypost/domain/postback"
)

// meters measure what passes between the domain and its hands, so that neither knows of it. Those of the doors and the
// jobs are their own. A nil *meters measures nothing.
type meters struct {
	written       prometheus.Histogram
	writeTook     prometheus.Histogram
	writeFailures prometheus.Counter
	conversions   map[string]prometheus.Counter // by change
	attempts      map[postback.ErrorClass]prometheus.Counter
	requestTook   prometheus.Histogram
	age           prometheus.Histogram
	leased        prometheus.Histogram
	limited       map[string]prometheus.Counter // by kind
	mails         map[bool]prometheus.Counter   // by whether the mail server took it
	all           []prometheus.Collector
}

func newMeters() *meters {
	m := &meters{conversions: map[string]prometheus.Counter{}, attempts: map[postback.ErrorClass]prometheus.Counter{},
		limited: map[string]prometheus.Counter{}, mails: map[bool]prometheus.Counter{}}
	histogram := func(name, help string, buckets []float64) prometheus.Histogram {
		h := prometheus.NewHistogram(prometheus.HistogramOpts{Name: "waypost_" + name, Help: help, Buckets: buckets})
		m.all = append(m.all, h)
		return h
	}
	counters := func(name, help, label string) *prometheus.CounterVec {
		c := prometheus.NewCounterVec(prometheus.CounterOpts{Name: "waypost_" + name, Help: help}, []string{label})
		m.all = append(m.all, c)
		return c
	}
	m.written = histogram("spool_write_records", "Records that one write and one fsync of the spool made durable.", prometheus.ExponentialBuckets(1, 2, 11))
	m.writeTook = histogram("spool_write_duration_seconds", "How long a write of the spool and its fsync took.",
		[]float64{.0001, .00025, .0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5})
	m.writeFailures = prometheus.NewCounter(prometheus.CounterOpts{Name: "waypost_spool_write_failures_total",
		Help: "Writes of the spool that failed. Any growth is an alarm."})
	m.all = append(m.all, m.writeFailures)

	changes := counters("conversions_total", "Committed changes of conversions: made, of their status, of their amounts.", "change")
	for _, change := range []string{"made", "status", "amounts"} {
		m.conversions[change] = changes.WithLabelValues(change)
	}
	attempts := counters("delivery_attempts_total", "Tries of deliveries by what came of them: delivered, or the class of the error.", "outcome")
	for _, class := range deliveryErrors {
		m.attempts[class] = attempts.WithLabelValues(string(class))
	}
	m.attempts[""] = attempts.WithLabelValues("delivered")
	m.requestTook = histogram("delivery_request_duration_seconds", "How long affiliates' servers took to answer a delivery, or not to.",
		[]float64{.005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 15})
	m.age = histogram("delivery_age_seconds", "Time from the commit of a conversion or its change to its delivery.",
		[]float64{.025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30, 60, 300, 1800, 7200, 36000, 86400})
	m.leased = histogram("delivery_lease_size", "Deliveries that one question to the database gave a worker.", []float64{0, 1, 2, 4, 8, 16, 32, 64, 128, 256})

	limited := counters("rate_limited_total", "Attempts that a limit refused, by what was attempted.", "kind")
	for _, kind := range limitKinds {
		m.limited[kind] = limited.WithLabelValues(strings.ReplaceAll(kind, " ", "_"))
	}
	mails := counters("mails_total", "Tries to hand a mail to the mail server.", "result")
	m.mails[true], m.mails[false] = mails.WithLabelValues("sent"), mails.WithLabelValues("failed")
	return m
}

// wrote notes a write of the spool.
func (m *meters) wrote(records int64, took time.Duration, err error) {
	m.written.Observe(float64(records))
	m.writeTook.Observe(took.Seconds())
	if err != nil {
		m.writeFailures.Inc()
	}
}

// deliveryErrors are all classes, so that each is shown from the start.
var deliveryErrors = []postback.ErrorClass{postback.ErrorTimeout, postback.ErrorConnect, postback.ErrorRefused, postback.ErrorConnection, postback.ErrorTLS,
	postback.ErrorCertificate, postback.ErrorDNS, postback.ErrorBlockedAddress, postback.ErrorInvalidURL,
	postback.ErrorHTTP1xx, postback.ErrorHTTP3xx, postback.ErrorHTTP4xx, postback.ErrorHTTP5xx}

// sender measures tries that nobody watches: a test of a URL says nothing about the deliveries.
func (m *meters) sender(next postback.Sender) postback.Sender {
	if m == nil {
		return next
	}
	return measuredSender{next, m}
}

type measuredSender struct {
	postback.Sender
	m *meters
}

// Send implements postback.Sender.
func (s measuredSender) Send(ctx context.Context, r postback.Request) postback.Response {
	if r.Watched {
		return s.Sender.Send(ctx, r)
	}
	began := time.Now()
	response := s.Sender.Send(ctx, r)
	s.m.requestTook.Observe(time.Since(began).Seconds())
	if outcome := s.m.attempts[response.Class()]; outcome != nil {
		outcome.Inc()
	}
	if id, ok := domain.ParseUUID(r.Header[postback.HeaderID]); ok && response.Succeeded() { // made in the conversion's transaction
		s.m.age.Observe(max(0, now().Sub(id.Time()).Seconds()))
	}
	return response
}

// deliveries measures leases.
func (m *meters) deliveries(next postback.DeliveryStore) postback.DeliveryStore {
	if m == nil {
		return next
	}
	return measuredLeases{next, m.leased}
}

type measuredLeases struct {
	postback.DeliveryStore
	size prometheus.Observer
}

// Lease implements postback.DeliveryStore.
func (s measuredLeases) Lease(ctx context.Context, host string, limit int, length time.Duration) ([]postback.Lease, error) {
	leases, err := s.DeliveryStore.Lease(ctx, host, limit, length)
	if err == nil {
		s.size.Observe(float64(len(leases)))
	}
	return leases, err
}

// announcer counts changes once they are committed, whoever made them.
func (m *meters) announcer(next conversion.Announcer) conversion.Announcer {
	if m == nil {
		return next
	}
	return measuredAnnouncer{next, m.conversions}
}

type measuredAnnouncer struct {
	conversion.Announcer
	changes map[string]prometheus.Counter
}

// Announce implements conversion.Announcer.
func (a measuredAnnouncer) Announce(ctx context.Context, changes []conversion.Change) (func(context.Context), error) {
	var made, status, amounts float64
	for i := range changes {
		switch c := &changes[i]; {
		case c.Created:
			made++
		case c.StatusChanged():
			status++
		default:
			amounts++
		}
	}
	wake, err := a.Announcer.Announce(ctx, changes)
	if err != nil {
		return nil, err
	}
	return func(ctx context.Context) { // after the commit
		a.changes["made"].Add(made)
		a.changes["status"].Add(status)
		a.changes["amounts"].Add(amounts)
		wake(ctx)
	}, nil
}

// limitKinds are what is limited, each the beginning of its keys; what begins otherwise is "other".
var limitKinds = []string{"postback ip", "postback test", "login", "proof", "reset", "apply", "verify ip", "trace links", "shared trace", "rehearsal", "other"}

// limiter counts refusals.
func (m *meters) limiter(next account.Limiter) account.Limiter {
	return measuredLimiter{next, m.limited}
}

type measuredLimiter struct {
	account.Limiter
	refused map[string]prometheus.Counter
}

// Take implements account.Limiter.
func (l measuredLimiter) Take(ctx context.Context, key string, most int, window time.Duration) (time.Duration, bool) {
	wait, ok := l.Limiter.Take(ctx, key, most, window)
	if !ok {
		l.refused[limitKind(key)].Inc()
	}
	return wait, ok
}

func limitKind(key string) string {
	for _, kind := range limitKinds {
		if strings.HasPrefix(key, kind) {
			return kind
		}
	}
	return "other"
}

// mailer counts tries.
func (m *meters) mailer(next mail.Sender) mail.Sender {
	if m == nil {
		return next
	}
	return measuredMail{next, m.mails}
}

type measuredMail struct {
	mail.Sender
	tries map[bool]prometheus.Counter
}

// Send implements mail.Sender.
func (s measuredMail) Send(ctx context.Context, d mail.Due) error {
	err := s.Sender.Send(ctx, d)
	s.tries[err == nil].Inc()
	return err
}
