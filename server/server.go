// Package server builds everything once, mounts the doors of the process's roles, starts the workers and stops them in
// order. It is the only place that constructs.
package server

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/redis/go-redis/v9"

	"github.com/waypost/waypost/config"
	"github.com/waypost/waypost/domain/export"
	"github.com/waypost/waypost/domain/mail"
	"github.com/waypost/waypost/jobs"
	"github.com/waypost/waypost/store/pgstore"
	"github.com/waypost/waypost/store/redisstore"
)

// Bounds of an orderly stop, counted from its begin; the contract allows 20 s in all. A delivery under way takes up to
// 15 s.
const (
	stopRequests = 5 * time.Second
	stopDraining = 7 * time.Second
	stopWorkers  = 15500 * time.Millisecond
	stopAll      = 17500 * time.Millisecond // a busy machine needs the rest
	stopPools    = 500 * time.Millisecond   // of closing: a connection that hangs must not leave an embedded database running
)

// Server is one process of Waypost.
type Server struct {
	cfg  config.Config
	log  *slog.Logger
	out  io.Writer // for people: addresses and the walk
	lock *os.File

	parts *parts
	*stores
	services *services
	waker    *jobs.Waker
	queue    redis.UniversalClient // for the probe only
	limits   *redisstore.Limits
	track    *trackingNode // nil without role track
	mail     *mail.Service // nil without role worker
	sink     *sink         // nil outside the demo
	handler  http.Handler  // what the door opens on
	registry *prometheus.Registry
	queued   *jobs.QueueCollector // nil without role worker
	spans    *telemetry           // nil without an endpoint of traces
	door     door
	http     *http.Server
	debug    *http.Server // nil unless WAYPOST_DEBUG_ADDR is set
	failed   chan error   // of what listens

	makeFile export.Renderer // nil where no portal is mounted

	demoState
	migrated int         // by a command
	prepared atomic.Bool // schema, partitions and first operator are there
}

// New opens what the process stands on and builds it. What it opened is closed again when it fails.
func New(ctx context.Context, cfg config.Config, log *slog.Logger, out io.Writer) (*Server, error) {
	s := &Server{cfg: cfg, log: log, out: out}
	if err := s.build(ctx); err != nil {
		s.close(stopAll)
		return nil, err
	}
	return s, nil
}

func (s *Server) build(ctx context.Context) (err error) {
	cfg, log := s.cfg, s.log
	if s.lock, err = lockDataDir(cfg.DataDir); err != nil {
		return err
	}
	redis.SetLogger(redisLog{componentLog(log, "redis")})
	if err := s.serve(); err != nil {
		return err
	}
	if cfg.Demo {
		if err := s.prepareDemo(); err != nil {
			return err
		}
	}
	if s.parts, err = openDatabase(ctx, s.cfg, s.patience(), log); err != nil {
		return err
	}
	if err = s.parts.openQueue(); err != nil {
		return err
	}
	queue, err := jobs.ParseRedis(s.parts.redisURL)
	if err != nil {
		return err
	}
	s.queue = queue.MakeRedisClient().(redis.UniversalClient)
	if s.spans, err = newTelemetry(cfg, componentLog(log, "traces")); err != nil {
		return err
	}
	if s.stores, err = openStores(s.cfg, s.parts, cfg.Has(config.RoleTrack), s.spans); err != nil {
		return err
	}
	s.limits = newLimits(queue, componentLog(log, "limits"))
	s.stores.meters = newMeters()
	s.stores.limiter = s.meters.limiter(s.limits)
	s.waker = jobs.NewWaker(queue, now, componentLog(log, "waker"))
	if cfg.Has(config.RoleWorker) {
		s.queued = jobs.NewQueueCollector(queue)
	}
	guard := outboundGuard(s.cfg, s.sink, s.troubledSink)
	s.services = newServices(s.cfg, s.stores, s.db, guard, s.waker, log)
	if cfg.Has(config.RoleTrack) {
		if s.track, err = newTrackingNode(s.cfg, s.stores, newServices(s.cfg, s.stores, s.stores.trackDB, guard, s.waker, log), log); err != nil {
			return err
		}
	}
	if cfg.Has(config.RoleWorker) {
		if s.mail, err = newMail(s.cfg, s.stores, componentLog(log, "mail")); err != nil {
			return err
		}
	}
	s.handler, err = s.routes()
	return err
}

// Run serves until ctx ends, then stops in order: deliveries and requests, the spool's loader, the database. It returns
// nil after an orderly stop.
func (s *Server) Run(ctx context.Context) error {
	began := time.Now()
	defer func() { s.close(stopAll - time.Since(began)) }()
	group := newGroup(ctx)
	defer group.stop(0)
	if err := s.prepareAtStart(ctx, group); err != nil {
		began = time.Now()
		return err
	}
	if s.cfg.Demo {
		if err := s.loadDemo(ctx); err != nil {
			began = time.Now()
			return err
		}
	}
	s.startNode(group)
	s.startWorkers(group)
	s.startMaker(group)
	s.door.open(s.handler)
	s.log.InfoContext(ctx, "serving", "addr", s.cfg.Addr, "roles", s.cfg.Roles(), "version", Version().String())
	err := s.announce(ctx)
	if err == nil {
		s.hintOperator(ctx)
		select {
		case <-ctx.Done():
		case err = <-group.failed:
		case err = <-s.failed:
		}
	}
	if err != nil {
		s.log.ErrorContext(ctx, "stopping after a failure", "error", err)
	}
	began = time.Now()
	s.say("Waypost is stopping …")
	s.stop(group)
	s.say("Waypost has stopped serving; what was acknowledged is kept.")
	return err
}

// listen opens all addresses before anything is served, so that one that is taken ends the start early.
func (s *Server) listen() (map[*http.Server]net.Listener, error) {
	listeners := map[*http.Server]net.Listener{}
	open := func(setting, addr string, server *http.Server) error {
		if server == nil {
			return nil
		}
		ln, err := net.Listen("tcp", addr)
		if err != nil {
			for _, other := range listeners {
				_ = other.Close()
			}
			return fmt.Errorf("%w; set %s to another address", err, setting)
		}
		listeners[server] = ln
		return nil
	}
	if err := open("WAYPOST_ADDR", s.cfg.Addr, s.http); err != nil {
		return nil, err
	}
	return listeners, open("WAYPOST_DEBUG_ADDR", s.cfg.DebugAddr, s.debug)
}

// startNode starts what tracking needs beside its requests. It outlives them.
func (s *Server) startNode(g *group) {
	g.node.start(func(ctx context.Context) error { s.parts.keepPostgres(ctx, s.cfg, s.log); return nil })
	if s.track == nil {
		return
	}
	g.node.start(func(ctx context.Context) error { s.track.routing.Run(ctx); return nil })
	g.node.start(func(ctx context.Context) error { s.track.loader.Run(ctx); return nil })
	g.node.start(func(ctx context.Context) error { s.watchSpool(ctx); return nil })
	g.node.start(func(ctx context.Context) error { s.track.geo.watch(ctx, s.log); return nil })
	g.node.start(func(ctx context.Context) error {
		pgstore.ListenCatalogue(ctx, s.parts.directURL, componentLog(s.log, "routing"), s.track.routing.Refresh)
		return nil
	})
}

// startWorkers starts role worker.
func (s *Server) startWorkers(g *group) {
	if !s.cfg.Has(config.RoleWorker) {
		return
	}
	queue, _ := jobs.ParseRedis(s.parts.redisURL) // build has read it
	g.workers.start(jobs.NewWorker(queue, s.services.postbacks, now, componentLog(s.log, "deliveries")).Run)
	sweeper, schedule := jobs.NewSweeper(s.services.postbacks, componentLog(s.log, "sweeper")), jobs.NewSchedule(s.db.PeriodicRuns(), now, componentLog(s.log, "periodic jobs"), s.periodic()...)
	s.registry.MustRegister(append(sweeper.Collectors(), schedule.Collectors()...)...)
	g.workers.start(sweeper.Run)
	g.workers.start(schedule.Run)
}

// stop tells the workers first, for a delivery under way takes longest; ends the requests, so that nothing new is
// acknowledged; gives the loader a moment to empty the spool (what is left stays durable there); then waits.
func (s *Server) stop(g *group) {
	began := time.Now()
	g.workers.cancel()
	ctx, cancel := context.WithTimeout(context.Background(), stopRequests)
	defer cancel()
	if err := s.http.Shutdown(ctx); err != nil {
		s.log.WarnContext(ctx, "requests were cut off", "error", err)
		_ = s.http.Close()
	}
	if s.debug != nil {
		_ = s.debug.Close()
	}
	if s.track != nil {
		drain, cancel := context.WithTimeout(context.Background(), stopDraining-time.Since(began))
		_ = s.track.spool.WaitDrained(drain)
		cancel()
	}
	if !g.stop(stopWorkers - time.Since(began)) {
		s.log.Warn("workers were cut off; their leases run out by themselves")
	}
}

// close gives back what build opened, in reverse, but waits no longer than the limit: a database that hangs must not
// keep the process from ending.
func (s *Server) close(limit time.Duration) {
	limit = max(limit, 2*time.Second)
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	closed := make(chan struct{})
	go func() {
		defer close(closed)
		s.closeAll(ctx)
	}()
	select {
	case <-closed:
	case <-time.After(limit):
		s.log.Error("some parts did not close in time; the process ends without them")
	}
}

func (s *Server) closeAll(ctx context.Context) {
	var faults []error
	if s.http != nil {
		_ = s.http.Close()
	}
	if s.debug != nil {
		_ = s.debug.Close()
	}
	if s.track != nil {
		faults = append(faults, s.track.spool.Close())
	}
	for _, one := range []*sink{s.sink, s.troubledSink} {
		if one != nil {
			faults = append(faults, one.stop(ctx))
		}
	}
	if s.waker != nil {
		faults = append(faults, s.waker.Close())
	}
	if s.spans != nil {
		s.spans.close(ctx)
	}
	if s.queued != nil {
		faults = append(faults, s.queued.Close())
	}
	if s.queue != nil {
		faults = append(faults, s.queue.Close())
	}
	if s.limits != nil {
		faults = append(faults, s.limits.Close())
	}
	pools := make(chan struct{})
	go func() {
		defer close(pools)
		if s.stores != nil {
			s.stores.close()
		}
	}()
	select {
	case <-pools:
	case <-time.After(stopPools):
	}
	if s.parts != nil {
		faults = append(faults, s.parts.close(ctx))
	}
	<-pools
	if s.lock != nil {
		faults = append(faults, s.lock.Close())
	}
	if err := errors.Join(faults...); err != nil {
		s.log.ErrorContext(ctx, "closing", "error", err)
	}
}

// announce tells the person at the terminal where everything is.
func (s *Server) announce(ctx context.Context) error {
	if s.sink != nil {
		return s.printDemo(ctx)
	}
	_, err := fmt.Fprintf(s.out, "Waypost serves at %s (roles: %v)\n", s.cfg.PublicURL, s.cfg.Roles())
	return err
}
