package tracking

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/waypost/waypost/domain/click"
	"github.com/waypost/waypost/spool"
)

const (
	compareEvery  = time.Second            // how often the version is compared without any occasion
	compareWithin = 200 * time.Millisecond // the limit of one comparison
	confirmEvery  = 100 * time.Millisecond // at most ten comparisons a second before refusals
	confirmWithin = time.Second            // the longest wait for a comparison and the reload that it may lead to
	loadWithin    = 10 * time.Second       // the limit of one load of the catalogue
)

// Routing holds the routing catalogue in force and keeps it up to date.
type Routing struct {
	store    click.RoutingStore
	snapshot string // path
	log      *slog.Logger

	current atomic.Pointer[click.Routing]
	away    atomic.Bool // the last comparison failed, or its reload did or is slow: no click waits until one succeeds
	dirty   atomic.Bool // current is newer than the snapshot file
	load    coalescer
	compare coalescer
	metrics *routingMetrics
}

// NewRouting reads the catalogue from store and keeps a copy in the file snapshot for a start while store is away.
func NewRouting(store click.RoutingStore, snapshot string, log *slog.Logger) *Routing {
	r := &Routing{store: store, snapshot: snapshot, log: log, metrics: newRoutingMetrics()}
	r.load.run = r.reload
	r.compare.every, r.compare.run = confirmEvery, r.compareVersion
	return r
}

// Load brings a first catalogue into force: the store's, else that of the snapshot file. Its error tells why neither
// could be read; Run goes on trying.
func (r *Routing) Load(ctx context.Context) error {
	err := r.load.do(ctx)
	if err == nil {
		return nil
	}
	data, readErr := spool.ReadSnapshot(r.snapshot)
	if readErr != nil {
		return errors.Join(err, readErr)
	}
	var c click.Routing
	if readErr := json.Unmarshal(data, &c); readErr != nil {
		return errors.Join(err, fmt.Errorf("read routing snapshot: %w", readErr))
	}
	c.Compile()
	r.metrics.fromDisk.Store(true) // before it is, so that a reload which comes meanwhile has the last word
	if r.current.CompareAndSwap(nil, &c) {
		r.log.WarnContext(ctx, "routing: the database is away, clicks follow the snapshot on disk", "version", c.Version, "error", err)
	} else {
		r.metrics.fromDisk.Store(false)
	}
	return nil
}

// Current is the catalogue in force, nil before the first Load.
func (r *Routing) Current() *click.Routing { return r.current.Load() }

// Ready is nil once there is a catalogue.
func (r *Routing) Ready() error {
	if r.current.Load() == nil {
		return errNoRouting
	}
	return nil
}

// Refresh returns when a catalogue that was read after the call is in force, so that its caller's own committed change
// is. If the database does not give one, that is logged and Run catches up.
func (r *Routing) Refresh(ctx context.Context) {
	if err := r.load.do(ctx); err != nil {
		r.log.WarnContext(ctx, "routing: catalogue not refreshed", "error", err)
	}
}

// Run compares versions every second, reloads what is newer and writes the snapshot file, until ctx ends.
func (r *Routing) Run(ctx context.Context) {
	tick := time.NewTicker(compareEvery)
	defer tick.Stop()
	for {
		r.save(ctx)
		select {
		case <-ctx.Done():
			r.save(context.WithoutCancel(ctx))
			return
		case <-tick.C:
		}
		if r.current.Load() == nil {
			_ = r.Load(ctx) // Ready says so meanwhile
			continue
		}
		_ = r.compare.do(ctx) // clicks go on with what there is; the database's own check tells the operator
	}
}

// confirm compares the catalogue's version with the database before a click is refused, and reloads what is newer.
// While the database is away or slow it returns at once; Run finds out when it is back.
func (r *Routing) confirm(ctx context.Context) {
	if r.away.Load() {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, confirmWithin)
	defer cancel()
	_ = r.compare.do(ctx) // the click is decided by what there is
}

// compareVersion brings the newest catalogue into force. A load that takes longer than confirmWithin goes on by itself.
func (r *Routing) compareVersion(ctx context.Context) error {
	newest, err := r.upToDate(ctx)
	if err == nil && !newest {
		wait, cancel := context.WithTimeout(ctx, confirmWithin)
		defer cancel()
		err = r.load.do(wait)
	}
	r.away.Store(err != nil)
	return err
}

// upToDate tells whether the catalogue in force has the database's version.
func (r *Routing) upToDate(ctx context.Context) (bool, error) {
	ctx, cancel := context.WithTimeout(ctx, compareWithin)
	defer cancel()
	version, err := r.store.CatalogueVersion(ctx)
	if err != nil {
		r.metrics.failures.Inc()
		return false, fmt.Errorf("read catalogue version: %w", err)
	}
	c := r.current.Load()
	if c == nil || c.Version != version {
		return false, nil
	}
	r.metrics.confirm()
	return true, nil
}

// reload does without a load when the newest catalogue is in force by now, such as when a node hears of its own change.
func (r *Routing) reload(ctx context.Context) error {
	if r.current.Load() != nil {
		if newest, err := r.upToDate(ctx); err == nil && newest {
			return nil
		}
	}
	ctx, cancel := context.WithTimeout(ctx, loadWithin)
	defer cancel()
	c, err := r.store.LoadRouting(ctx)
	if err != nil {
		r.metrics.failures.Inc()
		return fmt.Errorf("load routing catalogue: %w", err)
	}
	c.Compile()
	if old := r.current.Swap(c); old == nil || old.Version != c.Version {
		r.dirty.Store(true)
	}
	r.metrics.reloads.Inc()
	r.metrics.confirm()
	return nil
}

// save writes the snapshot file if the catalogue has changed since.
func (r *Routing) save(ctx context.Context) {
	if !r.dirty.CompareAndSwap(true, false) {
		return
	}
	data, err := json.Marshal(r.current.Load())
	if err == nil {
		err = spool.WriteSnapshot(r.snapshot, data)
	}
	if err != nil {
		r.dirty.Store(true)
		r.log.ErrorContext(ctx, "routing: snapshot not written; a start while the database is away would not know this catalogue", "error", err)
	}
}
