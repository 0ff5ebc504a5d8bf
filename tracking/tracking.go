package tracking

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/netip"
	"time"

	"github.com/labstack/echo/v4"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/waypost/waypost/domain"
	"github.com/waypost/waypost/domain/account"
	"github.com/waypost/waypost/domain/click"
	"github.com/waypost/waypost/domain/conversion"
	"github.com/waypost/waypost/spool"
)

// Options are what the doors need. Only the last ones have defaults.
type Options struct {
	Routing *Routing
	Spool   *spool.Spool
	Signer  *click.Signer
	Clock   domain.Clock
	Random  io.Reader // a cryptographic source
	Log     *slog.Logger

	// Record decides a batch of calls, one result each, within the deadline of ctx: conversion.Service.RecordBatch.
	Record func(ctx context.Context, calls []conversion.Call) []conversion.Result
	// BatchContext makes the context that a batch is recorded under from those of its calls, whose ends do not end it;
	// nil = an empty one.
	BatchContext func(calls []context.Context) context.Context
	// Flush asks the loader of the spool to make rows of what it holds now.
	Flush func(ctx context.Context) error
	// InFlight is shared with that loader, which takes out what the door puts in.
	InFlight *conversion.InFlight

	// NetworkFallback receives clicks that do not qualify and whose offer names no fallback. It may hold macros; empty
	// = a plain page with status 404.
	NetworkFallback string
	// HTTPS tells that the address of tracking links begins with https: cookies are then marked Secure.
	HTTPS bool
	// Limiter counts refused authentications of postbacks by address; nil = in this process.
	Limiter account.Limiter
	// Country finds the ISO 3166-1 alpha-2 code of an address, "" if unknown; nil = always unknown.
	Country func(netip.Addr) string
	// RecordWithin bounds the statements of one batch; 0 = one second. The database counts as away after it.
	RecordWithin time.Duration
}

// Tracking is the doors of the hot path. Mount it once; Close it after the HTTP server has stopped.
type Tracking struct {
	Options
	fallback  click.Template
	agents    agentCache
	collector *collector
	metrics   *metrics
	refusals  refusals
}

// spoolWithin bounds how long an answer waits for the disk; a disk that hangs must not hang the redirects.
const spoolWithin = time.Second

// New makes the doors.
func New(o Options) *Tracking {
	if o.Country == nil {
		o.Country = func(netip.Addr) string { return "" }
	}
	if o.RecordWithin <= 0 {
		o.RecordWithin = time.Second
	}
	if o.Limiter == nil {
		o.Limiter = account.NewLimits(o.Clock)
	}
	m := newMetrics()
	return &Tracking{
		Options:   o,
		fallback:  click.DestinationMacros.Parse(o.NetworkFallback),
		collector: newCollector(o.Record, o.RecordWithin, o.BatchContext, m.batches),
		metrics:   m,
		refusals:  refusals{limiter: o.Limiter, now: o.Clock, blocked: map[string]time.Time{}},
	}
}

// Mount adds the routes. Clients' addresses come from e's IPExtractor.
func (t *Tracking) Mount(e *echo.Echo) {
	e.GET("/click", t.click)
	e.HEAD("/click", t.click)
	e.GET("/postback", t.postback)
	e.POST("/postback", t.postback)
	e.GET("/pixel.gif", t.pixelImage)
	e.GET("/pixel", t.pixelFrame)
	e.GET("/pixel.js", t.pixelScript)
}

// Collectors are the numbers for the operator.
func (t *Tracking) Collectors() []prometheus.Collector { return t.collectors() }

// Ready is nil while this node can redirect. A spool that cannot be written does not count: redirects go on.
func (t *Tracking) Ready() error { return t.Routing.Ready() }

var errNoRouting = errors.New("the routing catalogue is not loaded: neither the database nor a snapshot could be read yet")
