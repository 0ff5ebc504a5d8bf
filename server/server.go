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
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/waypost/waypost/config"
	"github.com/waypost/waypost/jobs"
	"github.com/waypost/waypost/store/pgstore"
)

// Bounds of an orderly stop; together under the contract's 20 s.
const (
	stopRequests = 5 * time.Second
	stopWorkers  = 5 * time.Second
	stopParts    = 5 * time.Second
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
	track    *trackingNode         // nil without role track
	sink     *sink                 // nil outside the demo
	http     *http.Server
	debug    *http.Server // nil unless WAYPOST_DEBUG_ADDR is set

	demoPassword string
	prepared     atomic.Bool // schema, partitions and first operator are there
}

// New opens what the process stands on and builds it. What it opened is closed again when it fails.
func New(ctx context.Context, cfg config.Config, log *slog.Logger, out io.Writer) (*Server, error) {
	s := &Server{cfg: cfg, log: log, out: out}
	if err := s.build(ctx); err != nil {
		s.close(context.WithoutCancel(ctx))
		return nil, err
	}
	return s, nil
}

func (s *Server) build(ctx context.Context) (err error) {
	cfg, log := s.cfg, s.log
	if s.lock, err = lockDataDir(cfg.DataDir); err != nil {
		return err
	}
	if cfg.Demo {
		if err := s.prepareDemo(); err != nil {
			return err
		}
	}
	if s.parts, err = openDatabase(ctx, s.cfg, log); err != nil {
		return err
	}
	if err = s.parts.openQueue(); err != nil {
		return err
	}
	queue, err := jobs.ParseRedis(s.parts.redisURL)
	if err != nil {
		return fmt.Errorf("REDIS_URL: %w", err)
	}
	s.queue = queue.MakeRedisClient().(redis.UniversalClient)
	if s.stores, err = openStores(s.cfg, s.parts, cfg.Has(config.RoleTrack)); err != nil {
		return err
	}
	s.waker = jobs.NewWaker(queue, now, log)
	guard := outboundGuard(s.cfg, s.sink)
	s.services = newServices(s.cfg, s.stores, s.db, guard, s.waker, log)
	if cfg.Has(config.RoleTrack) {
		if s.track, err = newTrackingNode(s.cfg, s.stores, newServices(s.cfg, s.stores, s.stores.trackDB, guard, s.waker, log), log); err != nil {
			return err
		}
	}
	e, err := s.routes()
	if err != nil {
		return err
	}
	s.http = httpServer(e)
	if cfg.DebugAddr != "" {
		s.debug = debugServer(cfg.DebugAddr)
	}
	return nil
}

// Run serves until ctx ends, then stops in order: requests, workers, spool, database. It returns nil after an orderly
// stop.
func (s *Server) Run(ctx context.Context) error {
	work, stopWork := context.WithCancel(context.WithoutCancel(ctx))
	var workers sync.WaitGroup
	failed := make(chan error, 4)
	start := func(run func(context.Context) error) {
		workers.Go(func() {
			if err := run(work); err != nil && work.Err() == nil {
				failed <- err
			}
		})
	}
	defer func() {
		stopWork()
		s.close(context.WithoutCancel(ctx))
	}()

	// An external database that is away must not keep known links from redirecting.
	if err := s.prepare(ctx); err != nil {
		if !unavailable(err) || s.cfg.DatabaseURL == "" {
			return err
		}
		s.log.WarnContext(ctx, "the database is away; starting without it", "error", err)
		start(s.prepareUntilDone)
	}
	if s.track != nil {
		if err := s.track.routing.Load(ctx); err != nil {
			s.log.WarnContext(ctx, "no routing catalogue yet; clicks are answered once the database is there", "error", err)
		}
	}

	ln, err := net.Listen("tcp", s.cfg.Addr)
	if err != nil {
		return fmt.Errorf("WAYPOST_ADDR: %w", err)
	}
	serve := func(server *http.Server, ln net.Listener) {
		if err := server.Serve(ln); err != nil && !errors.Is(err, http.ErrServerClosed) {
			failed <- err
		}
	}
	s.startWorkers(start)
	go serve(s.http, ln)
	if s.debug != nil {
		debugLn, err := net.Listen("tcp", s.cfg.DebugAddr)
		if err != nil {
			return fmt.Errorf("WAYPOST_DEBUG_ADDR: %w", err)
		}
		go serve(s.debug, debugLn)
	}
	s.log.InfoContext(ctx, "serving", "addr", ln.Addr().String(), "roles", s.cfg.Roles())
	if err := s.announce(); err != nil {
		return err
	}

	select {
	case <-ctx.Done():
		err = nil
	case err = <-failed:
		s.log.ErrorContext(ctx, "stopping after a failure", "error", err)
	}
	s.stop(stopWork, &workers)
	return err
}

// startWorkers starts what runs beside the requests.
func (s *Server) startWorkers(start func(func(context.Context) error)) {
	quietly := func(run func(context.Context)) func(context.Context) error {
		return func(ctx context.Context) error { run(ctx); return nil }
	}
	start(quietly(func(ctx context.Context) { s.parts.keepPostgres(ctx, s.cfg, s.log) }))
	if s.track != nil {
		start(quietly(s.track.routing.Run))
		start(quietly(s.track.loader.Run))
		start(quietly(func(ctx context.Context) {
			pgstore.ListenCatalogue(ctx, s.parts.directURL, s.log, s.track.routing.Refresh)
		}))
		start(quietly(s.watchSpool))
	}
	if s.cfg.Has(config.RoleWorker) {
		queue, _ := jobs.ParseRedis(s.parts.redisURL) // New has read it
		start(jobs.NewWorker(queue, s.services.postbacks, now, s.log).Run)
		start(jobs.NewSweeper(s.services.postbacks, s.log).Run)
		start(jobs.NewSchedule(s.db.PeriodicRuns(), now, s.log, s.periodic()...).Run)
	}
}

// stop ends requests first, so that nothing new is acknowledged, then gives the loader a moment to empty the spool
// (what is left stays durable there), then ends the workers.
func (s *Server) stop(stopWork context.CancelFunc, workers *sync.WaitGroup) {
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
		flush, cancel := context.WithTimeout(context.Background(), 2*time.Second)
		_ = s.track.spool.WaitDrained(flush)
		cancel()
	}
	stopWork()
	ended := make(chan struct{})
	go func() { workers.Wait(); close(ended) }()
	select {
	case <-ended:
	case <-time.After(stopWorkers):
		s.log.Warn("workers were cut off; their leases run out by themselves")
	}
}

// close gives back what New opened, in reverse.
func (s *Server) close(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, stopParts)
	defer cancel()
	var faults []error
	if s.track != nil {
		faults = append(faults, s.track.spool.Close())
	}
	if s.waker != nil {
		faults = append(faults, s.waker.Close())
	}
	if s.queue != nil {
		faults = append(faults, s.queue.Close())
	}
	if s.sink != nil {
		faults = append(faults, s.sink.stop(ctx))
	}
	if s.stores != nil {
		s.stores.close()
	}
	if s.parts != nil {
		faults = append(faults, s.parts.close(ctx))
	}
	if s.lock != nil {
		faults = append(faults, s.lock.Close())
	}
	if err := errors.Join(faults...); err != nil {
		s.log.ErrorContext(ctx, "closing", "error", err)
	}
}

// prepareDemo gives the demo its operator and its sink.
func (s *Server) prepareDemo() (err error) {
	if s.cfg.AdminEmail == "" {
		s.cfg.AdminEmail = demoEmail
		if s.cfg.AdminPassword, err = generatedOnce(filepath.Join(s.cfg.DataDir, "demo-password"), newPassword); err != nil {
			return fmt.Errorf("demo password: %w", err)
		}
	}
	s.demoPassword = s.cfg.AdminPassword
	if s.sink, err = startSink(s.cfg.SinkAddr, now, s.log); err != nil {
		return fmt.Errorf("demo sink: %w", err)
	}
	return nil
}

// announce tells the person at the terminal where everything is.
func (s *Server) announce() error {
	if s.sink != nil {
		return printWalk(s.out, s.cfg.DataDir, s.cfg.PublicURL, "http://"+s.sink.addr().String(), s.cfg.AdminEmail, s.demoPassword)
	}
	_, err := fmt.Fprintf(s.out, "Waypost serves at %s (roles: %v)\n", s.cfg.PublicURL, s.cfg.Roles())
	return err
}
