package server

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"time"

	"github.com/waypost/waypost/config"
	"github.com/waypost/waypost/domain/account"
	"github.com/waypost/waypost/embedded"
	"github.com/waypost/waypost/store/pgstore"
)

// ErrMissingPart marks an error that a package on this machine would mend.
var ErrMissingPart = errors.New("a part of this machine is missing")

// parts are what a process stands on: PostgreSQL and Redis, its own or given.
type parts struct {
	databaseURL string
	directURL   string // for migrations and the listener: never a transaction pooler
	redisURL    string

	mu       sync.Mutex
	stopping bool
	postgres *embedded.Postgres // nil where DATABASE_URL is set
	redis    *embedded.Redis    // nil where REDIS_URL is set
}

// openDatabase finds or starts the database of the settings. One of our own that recovers from a crash is waited for within
// the patience; 0 = until it answers.
func openDatabase(ctx context.Context, cfg config.Config, patience time.Duration, log *slog.Logger) (*parts, error) {
	p := &parts{databaseURL: cfg.DatabaseURL, directURL: cfg.DatabaseDirectURL, redisURL: cfg.RedisURL}
	if p.databaseURL != "" {
		return p, nil
	}
	pg, err := embedded.StartPostgres(ctx, embedded.PostgresOptions{DataDir: cfg.DataDir, Log: log, Patience: patience})
	if err != nil {
		if errors.Is(err, embedded.ErrNoBinaries) {
			return nil, fmt.Errorf("%w (%w)", err, ErrMissingPart)
		}
		return nil, fmt.Errorf("embedded PostgreSQL: %w", err)
	}
	p.postgres, p.databaseURL, p.directURL = pg, pg.DSN(), pg.DSN()
	return p, nil
}

// openQueue starts the embedded Redis unless one is given.
func (p *parts) openQueue() error {
	if p.redisURL != "" {
		return nil
	}
	r, err := embedded.StartRedis()
	if err != nil {
		return fmt.Errorf("embedded Redis: %w", err)
	}
	p.redis, p.redisURL = r, r.URL()
	return nil
}

// keepPostgres starts the embedded cluster again whenever it ends by itself, until ctx ends.
func (p *parts) keepPostgres(ctx context.Context, cfg config.Config, log *slog.Logger) {
	for p.postgres != nil {
		select {
		case <-ctx.Done():
			return
		case <-p.postgres.Exited():
		}
		log.ErrorContext(ctx, "the embedded PostgreSQL ended; starting it again")
		for wait := 200 * time.Millisecond; ; wait = min(2*wait, 10*time.Second) {
			pg, err := embedded.StartPostgres(ctx, embedded.PostgresOptions{DataDir: cfg.DataDir, Log: log})
			if err == nil {
				if pg.DSN() != p.databaseURL { // its socket folder was taken: the pool cannot follow
					log.ErrorContext(ctx, "the embedded PostgreSQL came back at another address; restart waypost")
				}
				p.swap(ctx, pg)
				break
			}
			log.ErrorContext(ctx, "the embedded PostgreSQL does not start", "error", err)
			select {
			case <-ctx.Done():
				return
			case <-time.After(wait):
			}
		}
	}
}

func (p *parts) swap(ctx context.Context, pg *embedded.Postgres) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.stopping {
		_ = pg.Stop(context.WithoutCancel(ctx))
		return
	}
	p.postgres = pg
}

func (p *parts) close(ctx context.Context) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.stopping = true
	if p.redis != nil {
		p.redis.Close()
	}
	if p.postgres == nil {
		return nil
	}
	return p.postgres.Stop(ctx)
}

// Connections of one process. Clicks and postbacks have a pool of their own, so that what waits behind the API's locks
// cannot keep them waiting.
const (
	poolConns  = 16
	trackConns = 6
)

// stores are the pools on the database, with the sealer of the settings' secret.
type stores struct {
	db       *pgstore.DB
	trackDB  *pgstore.DB // nil without role track
	secret   []byte
	previous [][]byte

	limiter   account.Limiter // nil = in the memory of this process
	meters    *meters         // nil = nobody asks for numbers
	telemetry *telemetry      // nil = no traces
}

func openStores(cfg config.Config, p *parts, track bool, spans *telemetry) (*stores, error) {
	secret, previous, err := loadSecret(cfg)
	if err != nil {
		return nil, err
	}
	sealer, err := pgstore.NewSealer(secret, previous...)
	if err != nil {
		return nil, fmt.Errorf("WAYPOST_SECRET: %w", err)
	}
	s := &stores{secret: secret, previous: previous, telemetry: spans}
	if s.db, err = pgstore.Open(pgstore.Options{URL: p.databaseURL, MaxConns: poolConns, Sealer: sealer, Tracer: spans.queries()}); err != nil {
		return nil, err
	}
	if track {
		if s.trackDB, err = pgstore.Open(pgstore.Options{URL: p.databaseURL, MaxConns: trackConns, Sealer: sealer, Tracer: spans.queries()}); err != nil {
			s.close()
			return nil, err
		}
	}
	return s, nil
}

func (s *stores) close() {
	s.db.Close()
	if s.trackDB != nil {
		s.trackDB.Close()
	}
}

// makeDataDir makes the data folder. The embedded database's user must be able to pass through it; what is secret in
// it has a mode of its own.
func makeDataDir(dir string) error {
	if err := os.MkdirAll(dir, 0o711); err != nil {
		return fmt.Errorf("make data folder: %w", err)
	}
	return nil
}
