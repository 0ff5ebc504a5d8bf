package server

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/waypost/waypost/config"
	"github.com/waypost/waypost/domain/ledger"
	"github.com/waypost/waypost/migrations"
	"github.com/waypost/waypost/store/pgstore"
)

// Restore puts a backup into an empty database and a data folder without a spool, and brings it up to date. Nothing is
// written before the whole archive has been read and found good. What was interrupted may be started again.
func Restore(ctx context.Context, cfg config.Config, log *slog.Logger, path string) (sum BackupSummary, err error) {
	r := &restore{cfg: cfg, log: log, path: path}
	if r.manifest, err = verifyArchive(path); err != nil {
		return sum, err
	}
	if newest := migrations.Newest(); r.manifest.Migration > newest {
		return sum, fmt.Errorf("the backup is of schema version %d and this program knows %d: use %s or newer", r.manifest.Migration, newest, r.manifest.Program)
	}
	if err := r.readFiles(); err != nil {
		return sum, err
	}
	lock, err := lockDataDir(cfg.DataDir)
	if err != nil {
		return sum, err
	}
	defer func() { err = errors.Join(err, lock.Close()) }()
	if err := r.checkFolder(); err != nil {
		return sum, err
	}
	if r.parts, err = openDatabase(ctx, cfg, 0, log); err != nil {
		return sum, err
	}
	defer func() { err = errors.Join(err, r.parts.close(context.WithoutCancel(ctx))) }()
	if err := r.load(ctx); err != nil {
		return sum, err
	}
	return r.manifest.summary(), r.prove(ctx)
}

// restore is one run of Restore.
type restore struct {
	cfg      config.Config
	log      *slog.Logger
	path     string
	manifest archiveManifest
	secrets  []string // the backup's present secret and its previous ones
	parts    *parts
}

// spoolEntry is what a backup may put into the data folder: segments, and records that nobody could read. Any other
// name could lead elsewhere in it.
var spoolEntry = regexp.MustCompile(`^` + spoolEntries + `([0-9]+\.[a-z0-9-]+|` + badFolder + `/[a-z0-9-]+\.record)$`)

const largestSecrets = 64 << 10

// readFiles reads the secrets, and refuses an archive that holds what no backup does.
func (r *restore) readFiles() error {
	_, err := walkArchive(r.path, func(name string, content io.Reader) error {
		_, _, table := tableOf(name)
		switch {
		case name == secretEntry:
			text, err := io.ReadAll(io.LimitReader(content, largestSecrets))
			r.secrets = strings.Fields(string(text))
			return err
		case !table && !spoolEntry.MatchString(name):
			return fmt.Errorf("%s is no whole backup: %s has no place in one", r.path, name)
		}
		return nil
	})
	if err == nil && len(r.secrets) == 0 {
		err = fmt.Errorf("%s is no whole backup: it holds no secret", r.path)
	}
	return err
}

// checkFolder refuses settings and a data folder under which the backup could not be read, or that hold something else.
func (r *restore) checkFolder() error {
	present := r.secrets[0]
	if r.cfg.Secret != "" && r.cfg.Secret != present {
		return fmt.Errorf("WAYPOST_SECRET is not the secret of the backup: unset it, or set it to what `tar -xzOf %s %s` prints in its first line, and restore again; rotate it afterwards", r.path, secretEntry)
	}
	dir := r.cfg.DataDir
	if b, err := os.ReadFile(filepath.Join(dir, secretFile)); err == nil && strings.TrimSpace(string(b)) != present {
		return fmt.Errorf("%s holds the secret of another installation: set WAYPOST_DATA_DIR to an empty folder", dir)
	}
	found, err := filepath.Glob(filepath.Join(dir, spoolFolder, "*.*"))
	if err != nil {
		return fmt.Errorf("look at spool: %w", err)
	}
	for _, path := range found {
		if strings.HasSuffix(path, ".new") { // left by a restore that was interrupted
			continue
		}
		name := spoolEntries + filepath.Base(path)
		content, err := os.ReadFile(path)
		if err != nil {
			return fmt.Errorf("look at spool: %w", err)
		}
		sum := sha256.Sum256(content)
		if f, known := r.manifest.file(name); !known || f.SHA256 != hex.EncodeToString(sum[:]) {
			return fmt.Errorf("the spool in %s holds records of its own (%s): set WAYPOST_DATA_DIR to an empty folder", dir, filepath.Base(path))
		}
	}
	return nil
}

// load fills the database. The files are in their places before the commit, so that there is never a database without
// its secret; the transaction is what an interrupted restore leaves nothing of.
func (r *restore) load(ctx context.Context) error {
	archive, err := pgstore.OpenArchive(ctx, r.parts.directURL)
	if err != nil {
		return err
	}
	defer archive.Close(context.WithoutCancel(ctx))
	table, err := archive.Occupied(ctx)
	if err != nil {
		return err
	}
	if table != "" {
		how := "set WAYPOST_DATA_DIR to an empty folder"
		if r.cfg.DatabaseURL != "" {
			how = "make an empty one (CREATE DATABASE …) and name it in DATABASE_URL"
		}
		return fmt.Errorf("the database holds data already (table %s is not empty), and a restore changes none: %s", table, how)
	}
	if err := r.migrate(ctx, r.manifest.Migration); err != nil {
		return err
	}
	db, err := pgstore.Open(pgstore.Options{URL: r.parts.directURL, MaxConns: 2})
	if err != nil {
		return err
	}
	defer db.Close()
	for _, t := range r.manifest.Tables {
		for _, day := range t.Days {
			if err := db.EnsurePartitions(ctx, day, day); err != nil {
				return err
			}
		}
	}
	return archive.Load(ctx, func() error {
		if err := r.loadTables(ctx, archive); err != nil {
			return err
		}
		for _, q := range r.manifest.Sequences {
			if err := archive.SetSequence(ctx, pgstore.ArchivedSequence(q)); err != nil {
				return err
			}
		}
		return r.placeFiles()
	})
}

// migrate brings the database to the version of the backup, whose tables it then has exactly.
func (r *restore) migrate(ctx context.Context, version int64) error {
	db, err := sql.Open("pgx", r.parts.directURL)
	if err != nil {
		return fmt.Errorf("open database: %w", err)
	}
	defer db.Close()
	return migrations.UpTo(ctx, db, version)
}

// loadTables streams the tables of the archive into the database, and compares what arrived with the manifest.
func (r *restore) loadTables(ctx context.Context, archive *pgstore.Archive) error {
	left := r.manifest.Tables
	var open *tableLoad
	finish := func() error {
		if open == nil {
			return nil
		}
		err := open.finish()
		open = nil
		return err
	}
	_, err := walkArchive(r.path, func(name string, content io.Reader) error {
		table, _, ok := tableOf(name)
		if !ok {
			return nil
		}
		if open == nil || open.table.Name != table {
			if err := finish(); err != nil {
				return err
			}
			for len(left) > 0 && left[0].Name != table { // those without rows
				left = left[1:]
			}
			if len(left) == 0 {
				return fmt.Errorf("table %s has changed since it was checked", table)
			}
			open = startLoad(ctx, archive, left[0])
			left = left[1:]
		}
		return open.write(content)
	})
	return errors.Join(err, finish())
}

// tableLoad is one table on its way into the database.
type tableLoad struct {
	table archivedTable
	pipe  *io.PipeWriter
	done  chan struct{}
	rows  int64
	err   error
}

func startLoad(ctx context.Context, archive *pgstore.Archive, t archivedTable) *tableLoad {
	read, write := io.Pipe()
	l := &tableLoad{table: t, pipe: write, done: make(chan struct{})}
	go func() {
		defer close(l.done)
		l.rows, l.err = archive.CopyIn(ctx, t.table(), read)
		_ = read.CloseWithError(l.err) // whoever writes on learns why nobody reads
	}()
	return l
}

func (l *tableLoad) write(r io.Reader) error {
	_, err := io.Copy(l.pipe, r)
	return err
}

func (l *tableLoad) finish() error {
	_ = l.pipe.Close()
	<-l.done
	if l.err != nil {
		return l.err
	}
	if l.rows != l.table.Rows {
		return fmt.Errorf("table %s took %d rows of %d", l.table.Name, l.rows, l.table.Rows)
	}
	return nil
}

// placeFiles puts spool and secret into the data folder. A secret that comes from the environment stays there alone.
func (r *restore) placeFiles() error {
	dir := r.cfg.DataDir
	_, err := walkArchive(r.path, func(name string, content io.Reader) error {
		if !spoolEntry.MatchString(name) {
			return nil
		}
		return placeFile(filepath.Join(dir, filepath.FromSlash(name)), content)
	})
	if err != nil {
		return err
	}
	if len(r.secrets) > 1 {
		if err := placeFile(filepath.Join(dir, previousSecretsFile), strings.NewReader(strings.Join(r.secrets[1:], "\n")+"\n")); err != nil {
			return err
		}
	}
	if r.cfg.Secret != "" {
		return nil
	}
	return placeFile(filepath.Join(dir, secretFile), strings.NewReader(r.secrets[0]+"\n"))
}

// placeFile writes a private file durably.
func placeFile(path string, content io.Reader) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return fmt.Errorf("restore files: %w", err)
	}
	f, err := os.OpenFile(path+".new", os.O_CREATE|os.O_WRONLY|os.O_TRUNC, fs.FileMode(0o600))
	if err != nil {
		return fmt.Errorf("restore files: %w", err)
	}
	_, err = io.Copy(f, content)
	if err = errors.Join(err, f.Sync(), f.Close()); err == nil {
		err = os.Rename(path+".new", path)
	}
	if err == nil {
		err = syncFolder(filepath.Dir(path))
	}
	if err != nil {
		return fmt.Errorf("restore files: %w", err)
	}
	return nil
}

// prove brings the database up to date, as the next start would, and finds its secret and its balances right.
func (r *restore) prove(ctx context.Context) error {
	if _, err := migrate(ctx, r.parts.directURL); err != nil {
		return err
	}
	stores, err := openStores(r.cfg, r.parts, false, nil)
	if err != nil {
		return err
	}
	defer stores.close()
	if err := stores.db.ProveSecret(ctx); err != nil {
		return err
	}
	if err := ensurePartitions(ctx, stores.db); err != nil {
		return err
	}
	differences, err := ledger.NewService(stores.db.Ledger()).VerifyBalances(ctx)
	if err == nil && len(differences) > 0 {
		err = fmt.Errorf("restored as it was backed up, but %d balances do not equal the ledger: run waypost doctor", len(differences))
	}
	return err
}
