package server

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	_ "github.com/jackc/pgx/v5/stdlib" // the driver that migrations use

	"github.com/waypost/waypost/config"
	"github.com/waypost/waypost/domain/account"
	"github.com/waypost/waypost/domain/conversion"
	"github.com/waypost/waypost/domain/errs"
	"github.com/waypost/waypost/jobs"
	"github.com/waypost/waypost/migrations"
	"github.com/waypost/waypost/spool"
	"github.com/waypost/waypost/store/pgstore"
)

// partitionsAhead is how far daily partitions are made in advance; a day without one would refuse its clicks.
const partitionsAhead = 7 * 24 * time.Hour

// prepare brings the schema up to date, makes the partitions of the coming days and the first operator.
func (s *Server) prepare(ctx context.Context) error {
	applied, err := migrate(ctx, s.parts.directURL)
	if err != nil {
		return err
	}
	if applied > 0 {
		s.log.InfoContext(ctx, "database migrated", "migrations", applied)
	}
	if err := s.db.CheckSecret(ctx); err != nil {
		return err
	}
	if err := ensurePartitions(ctx, s.db); err != nil {
		return err
	}
	if s.cfg.AdminEmail != "" {
		if err := s.services.accounts.EnsureOperator(ctx, s.cfg.AdminEmail, s.cfg.AdminPassword); err != nil {
			return fmt.Errorf("first operator (WAYPOST_ADMIN_EMAIL): %w", err)
		}
	}
	s.prepared.Store(true)
	return nil
}

// startPatience is how long a start waits for a database before it serves what it can without it: an external one, or its
// own that recovers from a crash.
const startPatience = time.Second

// patience is for how long a start waits for the recovery of its own database; 0 = until it answers, where nothing can be
// served before: no copy of the routing catalogue is there, or the demo is to be loaded.
func (s *Server) patience() time.Duration {
	if _, err := os.Stat(routingSnapshot(s.cfg)); err != nil || s.cfg.Demo || !s.cfg.Has(config.RoleTrack) {
		return 0
	}
	return startPatience
}

// mayWait tells that the database may be long in coming.
func (s *Server) mayWait() bool {
	return s.cfg.DatabaseURL != "" || s.parts.postgres.Recovering()
}

// prepareAtStart prepares, and brings a first routing catalogue into force. A database that is away, slow, recovering or
// being migrated by another node must not keep known links from redirecting: then it goes on preparing beside the
// requests, and /readyz says so.
func (s *Server) prepareAtStart(ctx context.Context, g *group) error {
	mayWait := s.mayWait()
	prepared := make(chan error, 1)
	g.node.start(func(ctx context.Context) error {
		err := s.prepare(ctx)
		for tries := 1; tries < 10 && !mayWait && unavailable(err); tries++ {
			err = s.prepare(ctx) // of our own, just started on a machine that may be busy: the next try finds it warm
		}
		prepared <- err
		for wait := 100 * time.Millisecond; err != nil; wait = min(2*wait, 10*time.Second) {
			select {
			case <-ctx.Done():
				return nil
			case <-time.After(wait):
			}
			if err = s.prepare(ctx); err != nil && !unavailable(err) {
				s.log.ErrorContext(ctx, "the database is not prepared; trying again", "error", err)
			}
		}
		if s.track != nil {
			s.track.routing.Refresh(ctx)
		}
		return nil
	})
	var patience <-chan time.Time
	if mayWait {
		patience = time.After(startPatience)
	}
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-patience:
		s.log.WarnContext(ctx, "the database is slow; starting without it")
	case err := <-prepared:
		switch {
		case err == nil:
		case mayWait && unavailable(err):
			s.log.WarnContext(ctx, "the database is away; starting without it", "error", err)
		default:
			return err
		}
	}
	if s.track != nil {
		if err := s.track.routing.Load(ctx); err != nil {
			s.log.WarnContext(ctx, "no routing catalogue yet; clicks are answered once the database is there", "error", err)
		}
	}
	return nil
}

func migrate(ctx context.Context, url string) (applied int, err error) {
	db, err := sql.Open("pgx", url)
	if err != nil {
		return 0, fmt.Errorf("open database: %w", err)
	}
	defer db.Close()
	reach, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	if err := db.PingContext(reach); err != nil {
		return 0, errs.Unavailable("database_unavailable", "the database does not answer").Because(err)
	}
	return migrations.Up(ctx, db)
}

func ensurePartitions(ctx context.Context, db *pgstore.DB) error {
	return db.EnsurePartitions(ctx, now().AddDate(0, 0, -1), now().Add(partitionsAhead))
}

// unavailable tells a database that is away from one that refuses.
func unavailable(err error) bool {
	var connect *pgconn.ConnectError
	return errs.Is(err, errs.KindUnavailable) || errors.As(err, &connect)
}

// periodic are the jobs of the worker, each run by one node of all.
func (s *Server) periodic() []jobs.Periodic {
	return append(slices.Concat(s.mailJobs(), s.signUpJobs(), s.clickJobs(), s.exportJobs(), s.viewJobs()), []jobs.Periodic{
		{Name: "partitions", Every: time.Hour, Run: func(ctx context.Context) error { return ensurePartitions(ctx, s.db) }},
		{Name: "settle_pending", Every: time.Second, Run: func(ctx context.Context) error {
			_, err := s.services.conversions.SettlePending(ctx)
			return err
		}},
		{Name: "holds", Every: time.Second, Run: func(ctx context.Context) error {
			_, err := s.services.conversions.EndHolds(ctx)
			return err
		}},
		{Name: "turned_postbacks", Every: 5 * time.Second, Run: s.services.postbacks.FollowAll},
		{Name: "rates", Every: 10 * time.Second, Run: func(ctx context.Context) error {
			_, err := s.services.conversions.ApplyRates(ctx)
			return err
		}},
		{Name: "prune", Every: time.Hour, Run: func(ctx context.Context) error {
			_, err := s.services.accounts.Prune(ctx)
			return err
		}},
		{Name: "prune_trace_links", Every: time.Hour, Run: func(ctx context.Context) error { return pruneTraceLinks(ctx, s.db) }},
	}...)
}

// beside opens the settings' database for a command and brings it up to date.
func beside(ctx context.Context, cfg config.Config, log *slog.Logger, do func(*Server) error) error {
	return opened(ctx, cfg, log, func(s *Server) (err error) {
		if s.migrated, err = migrate(ctx, s.parts.directURL); err != nil {
			return err
		}
		if err := s.db.CheckSecret(ctx); err != nil {
			return err
		}
		return do(s)
	})
}

// opened gives a command the settings' database as it is: the one of a running server, or one started for the command.
func opened(ctx context.Context, cfg config.Config, log *slog.Logger, do func(*Server) error) (err error) {
	s := &Server{cfg: cfg, log: log}
	defer func() { s.close(stopAll) }()
	if err := makeDataDir(cfg.DataDir); err != nil {
		return err
	}
	if cfg.DatabaseURL != "" && cfg.Secret == "" && !hasSecret(cfg.DataDir) {
		return errors.New("WAYPOST_SECRET must be set to the secret of the installation that DATABASE_URL belongs to: a command makes no secret of its own")
	}
	if s.parts, err = openDatabase(ctx, cfg, 0, log); err != nil {
		return err
	}
	if s.stores, err = openStores(cfg, s.parts, false, nil); err != nil {
		return err
	}
	s.services = newServices(cfg, s.stores, s.db, outboundGuard(cfg), noQueue{}, log)
	return do(s)
}

// noQueue is the waker of commands: the sweeper of the running server finds what they leave.
type noQueue struct{}

func (noQueue) Wake(context.Context, []string) error { return nil }

// Migrate brings the database up to date and returns how many migrations it applied.
func Migrate(ctx context.Context, cfg config.Config, log *slog.Logger) (applied int, err error) {
	err = beside(ctx, cfg, log, func(s *Server) error {
		applied = s.migrated
		return ensurePartitions(ctx, s.db)
	})
	return applied, err
}

// CreateAdmin makes an operator with the role admin.
func CreateAdmin(ctx context.Context, cfg config.Config, log *slog.Logger, email, password string) error {
	return beside(ctx, cfg, log, func(s *Server) error {
		_, err := s.services.accounts.CreateUser(ctx, account.SystemActor("admin create"), account.User{Email: email, Role: account.RoleAdmin}, password)
		if errs.HasCode(err, "users_email") {
			return fmt.Errorf("there is already a user %s", email)
		}
		return err
	})
}

// LoadSpool loads what a lost node left in its spool folder, or in the spool of its data folder, and returns how many
// records that were. No process may be writing to it.
func LoadSpool(ctx context.Context, cfg config.Config, log *slog.Logger, dir string) (records int64, err error) {
	if info, err := os.Stat(filepath.Join(dir, spoolFolder)); err == nil && info.IsDir() {
		dir = filepath.Join(dir, spoolFolder)
	}
	if segments, _ := filepath.Glob(filepath.Join(dir, "*.seg")); len(segments) == 0 {
		return 0, fmt.Errorf("%s holds no spool segments (*.seg): name the spool folder of the lost node, or its data folder", dir)
	}
	err = beside(ctx, cfg, log, func(s *Server) (err error) {
		if err := ensurePartitions(ctx, s.db); err != nil {
			return err
		}
		sp, err := spool.Open(dir, spool.Options{Log: log})
		if err != nil {
			return fmt.Errorf("open %s: %w", dir, err)
		}
		defer func() { err = errors.Join(err, sp.Close()) }()
		records, _ = sp.Unreleased()
		loader, err := newLoader(sp, dir, s.db, s.services.conversions.RecordBatch, &conversion.InFlight{}, log)
		if err != nil {
			return err
		}
		run, cancel := context.WithCancel(ctx)
		ended := make(chan struct{})
		go func() { loader.Run(run); close(ended) }()
		err = sp.WaitDrained(ctx)
		cancel()
		<-ended
		return err
	})
	return records, err
}
