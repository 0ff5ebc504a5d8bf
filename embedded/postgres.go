package embedded

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"time"
)

const (
	launchTries = 40 // while what a killed server left is ending
	retryEvery  = 250 * time.Millisecond
	unseenLimit = 5 * time.Second // for handles on a server that cannot be seen
	giveUpLimit = 10 * time.Second
)

// PostgresOptions are what StartPostgres needs to know.
type PostgresOptions struct {
	DataDir  string            // Waypost's data folder; made when absent
	Log      *slog.Logger      // nil: silent
	Settings map[string]string // postgresql.conf settings beyond the defaults; without effect on an adopted server
	Patience time.Duration     // with a server that recovers after a crash; 0 = until it answers
}

// Postgres is a handle on the running server of a data folder's cluster.
type Postgres struct {
	log     *slog.Logger
	dataDir string
	dir     string // of the cluster
	socket  string // folder
	process *os.Process
	adopted bool
	exited  <-chan struct{}

	recovering bool

	use      *fileLock
	done     chan struct{} // closed when the handle is given up
	doneOnce sync.Once
}

// StartPostgres gives the running cluster of the data folder: it makes the cluster when there is none, starts it when it
// does not run, and otherwise adopts it. It returns when the server answers, or has recovered from a crash for longer than
// Patience: then Recovering is true. Errors: ErrNoBinaries, or a sentence for the operator.
func StartPostgres(ctx context.Context, o PostgresOptions) (*Postgres, error) {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	mode := fs.FileMode(0o700)
	if os.Geteuid() == 0 {
		mode = 0o711 // the server's user passes through
	}
	if err := os.MkdirAll(o.DataDir, mode); err != nil {
		return nil, err
	}
	dataDir, err := realPath(o.DataDir)
	if err != nil {
		return nil, err
	}
	start, err := waitLock(ctx, dataDir, startLock, syscall.LOCK_EX)
	if err != nil {
		return nil, fmt.Errorf("wait for another start of the database: %w", err)
	}
	defer start.release()
	n, err := readNote(dataDir)
	if err != nil {
		return nil, err
	}
	major, err := clusterMajor(n.clusterDir(dataDir))
	if err != nil {
		return nil, err
	}
	silent := false
	for try := 0; ; try++ {
		p := &Postgres{log: o.Log, dataDir: dataDir, dir: n.clusterDir(dataDir), done: make(chan struct{})}
		err := p.obtain(ctx, &n, major, o)
		if err == nil {
			go p.letGoOnExit()
			return p, nil
		}
		p.giveUp()
		_ = os.Remove(p.socket) // fails while a server uses it
		// What ended may have been about to end when we found it, or its last processes still hold its memory.
		passing := errors.Is(err, errExited) && (p.adopted || p.memoryHeld()) || errors.Is(err, errSilent) && !silent
		silent = silent || errors.Is(err, errSilent)
		if !passing || try == launchTries {
			if errors.Is(err, errExited) {
				err = fmt.Errorf("%w: %s", err, p.lastLog())
			}
			return nil, fmt.Errorf("start postgres: %w", err)
		}
		major, _ = clusterMajor(p.dir)
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(retryEvery):
		}
	}
}

// obtain adopts or launches the server and waits until it answers. The start lock is held.
func (p *Postgres) obtain(ctx context.Context, n *note, major int, o PostgresOptions) error {
	info, err := running(p.dir)
	if err != nil {
		return err
	}
	if info.pid != 0 {
		err = p.join(func() error { return p.adopt(info) })
	} else {
		err = p.begin(ctx, n, major, o.Settings)
	}
	if err != nil {
		return err
	}
	err = p.awaitReady(ctx, o.Patience)
	// An orphan that does not answer is replaced; a child of a cancelled start ends with it.
	if errors.Is(err, errSilent) || errors.Is(err, context.Canceled) && !p.adopted {
		p.log.WarnContext(ctx, "stopping the database server", "error", err)
		limited, cancel := context.WithTimeout(context.WithoutCancel(ctx), giveUpLimit)
		defer cancel()
		if stopErr := p.shutdown(limited); stopErr != nil {
			p.log.WarnContext(ctx, "the database server was ended", "error", stopErr)
		}
	}
	return err
}

// begin launches the server, after making what it needs.
func (p *Postgres) begin(ctx context.Context, n *note, major int, settings map[string]string) error {
	// A handle on a server that is not to be seen: it may run in another container over the same folder.
	limited, cancel := context.WithTimeout(ctx, unseenLimit)
	defer cancel()
	alone, err := waitLock(limited, p.dataDir, useLock, syscall.LOCK_EX)
	if err != nil {
		return fmt.Errorf("the database of %s is in use by a process whose server is not on this machine: %w", p.dataDir, err)
	}
	alone.release()
	bins, err := newFinder(p.log, p.dir).find(ctx, major)
	if err != nil {
		return err
	}
	user, err := runUser(p.dir)
	if err != nil {
		return err
	}
	if err := n.place(ctx, p.dataDir, major, user); err != nil {
		return err
	}
	p.dir = n.clusterDir(p.dataDir)
	if n.Cluster != "" {
		p.log.WarnContext(ctx, "the database is kept outside the data folder, which PostgreSQL's user cannot enter; it belongs to the data: keep it and back it up too",
			"folder", p.dir, "data_folder", p.dataDir)
	}
	if major == 0 {
		if major, err = clusterMajor(p.dir); err != nil { // the place may hold something already
			return err
		}
	}
	if major == 0 {
		p.log.InfoContext(ctx, "making a new database", "folder", p.dir, "postgres", bins.major)
		if err := initialise(ctx, bins, user, p.dir, settings); err != nil {
			return err
		}
	}
	if p.socket, err = socketFolder(ctx, user, p.dir, n.Socket); err != nil {
		return err
	}
	if n.Socket != p.socket {
		n.Socket = p.socket
		if err := n.write(p.dataDir); err != nil {
			return err
		}
	}
	if err := clearStale(ctx, p.dir, p.socket, user); err != nil {
		return err
	}
	if err := configure(ctx, p.dir, user, settings); err != nil {
		return err
	}
	return p.join(func() error { return p.launch(user, bins) })
}

// join notes us as a user of the server, around what gives us one.
func (p *Postgres) join(obtain func() error) error {
	use, err := tryLock(p.dataDir, useLock, syscall.LOCK_SH)
	if err != nil {
		return err
	}
	if use == nil {
		return errors.New("the database is being stopped")
	}
	p.use = use
	return obtain()
}

// Stop gives the handle up. The last handle on the server, over all processes, shuts it down and waits: clients are cut
// and a checkpoint is written. When ctx ends first the server is ended without one, which is an error but loses nothing.
func (p *Postgres) Stop(ctx context.Context) error {
	if p.givenUp() {
		return nil // stopped before, or it ended by itself
	}
	start, err := waitLock(ctx, p.dataDir, startLock, syscall.LOCK_EX)
	if err != nil {
		return fmt.Errorf("stop postgres: %w", err)
	}
	defer start.release()
	if p.givenUp() {
		return nil // while we waited
	}
	defer p.giveUp()
	p.use.release()
	last, err := tryLock(p.dataDir, useLock, syscall.LOCK_EX)
	if err != nil {
		return fmt.Errorf("stop postgres: %w", err)
	}
	if last == nil {
		p.log.DebugContext(ctx, "the database goes on for another process")
		return nil
	}
	defer last.release()
	if err := p.shutdown(ctx); err != nil {
		return err
	}
	_ = os.Remove(p.socket) // made anew at the next start
	return nil
}

// giveUp ends what the handle holds, not the server.
func (p *Postgres) giveUp() {
	p.doneOnce.Do(func() {
		close(p.done)
		if p.use != nil {
			p.use.release()
		}
	})
}

func (p *Postgres) givenUp() bool {
	select {
	case <-p.done:
		return true
	default:
		return false
	}
}

// letGoOnExit keeps a handle on a dead server from counting as a user of its successor.
func (p *Postgres) letGoOnExit() {
	select {
	case <-p.exited:
		p.giveUp()
	case <-p.done:
	}
}

// DSN is the URL of the application's database, as the role waypost: its owner, no superuser.
func (p *Postgres) DSN() string { return p.dsn("waypost", "waypost") }

func (p *Postgres) dsn(role, database string) string {
	q := url.Values{"host": {p.socket}, "port": {socketPort}, "sslmode": {"disable"}}
	u := url.URL{Scheme: "postgres", User: url.User(role), Path: "/" + database, RawQuery: q.Encode()}
	return u.String()
}

// Dir is the folder of the cluster.
func (p *Postgres) Dir() string { return p.dir }

// Exited is closed when the server has ended, by Stop or by itself, while the handle is held.
func (p *Postgres) Exited() <-chan struct{} { return p.exited }

// Recovering tells that the server did not answer yet when StartPostgres returned.
func (p *Postgres) Recovering() bool { return p.recovering }

func realPath(path string) (string, error) {
	abs, err := filepath.Abs(path)
	if err != nil {
		return "", err
	}
	return filepath.EvalSymlinks(abs)
}
