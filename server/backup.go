package server

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/waypost/waypost/config"
	"github.com/waypost/waypost/embedded"
	"github.com/waypost/waypost/spool"
	"github.com/waypost/waypost/store/pgstore"
)

// BackupSummary is what a backup or a restore held.
type BackupSummary struct {
	CreatedAt time.Time
	Migration int64
	Tables    int
	Rows      int64
	Spool     int // files
	Bytes     int64
}

// Backup writes database, spool and secret into one file. The server may go on running: what it acknowledged before
// the backup began is in it.
func Backup(ctx context.Context, cfg config.Config, log *slog.Logger, path string) (sum BackupSummary, err error) {
	if cfg.DatabaseURL == "" && !embedded.HasCluster(cfg.DataDir) {
		return sum, fmt.Errorf("there is no database in %s: set WAYPOST_DATA_DIR to the data folder of the installation, or DATABASE_URL", cfg.DataDir)
	}
	err = opened(ctx, cfg, log, func(s *Server) error {
		// The secret belongs to the database, or the archive could not be read again.
		if err := s.db.ProveSecret(ctx); err != nil {
			return err
		}
		w, err := createArchive(path, now())
		if err != nil {
			return err
		}
		defer w.abort()
		if err := s.fillArchive(ctx, w); err != nil {
			return err
		}
		if err := w.finish(); err != nil {
			return err
		}
		sum = w.manifest.summary()
		if info, err := os.Stat(path); err == nil {
			sum.Bytes = info.Size()
		}
		return nil
	})
	return sum, err
}

func (m archiveManifest) summary() BackupSummary {
	sum := BackupSummary{CreatedAt: m.CreatedAt, Migration: m.Migration, Tables: len(m.Tables)}
	for _, t := range m.Tables {
		sum.Rows += t.Rows
	}
	for _, f := range m.Files {
		if strings.HasPrefix(f.Name, spoolEntries) {
			sum.Spool++
		}
	}
	return sum
}

// fillArchive copies the spool first, and takes the database's snapshot after it: a record that the loader released
// before its segment was copied has its rows in the snapshot. One that is in both is loaded once.
func (s *Server) fillArchive(ctx context.Context, w *archiveWriter) error {
	lines := []string{string(s.secret)}
	for _, previous := range s.previous {
		lines = append(lines, string(previous))
	}
	if err := w.add(secretEntry, []byte(strings.Join(lines, "\n")+"\n")); err != nil {
		return err
	}
	if err := addSpool(w, filepath.Join(s.cfg.DataDir, spoolFolder)); err != nil {
		return err
	}
	archive, err := pgstore.OpenArchive(ctx, s.parts.directURL)
	if err != nil {
		return err
	}
	defer archive.Close(context.WithoutCancel(ctx))
	return archive.Snapshot(ctx, func(c pgstore.Contents) error {
		if c.Migration == 0 {
			return errors.New("the database holds no Waypost tables: there is nothing to back up")
		}
		w.manifest.Migration = c.Migration
		for _, q := range c.Sequences {
			w.manifest.Sequences = append(w.manifest.Sequences, archivedSeq(q))
		}
		for _, t := range c.Tables {
			if err := w.addTable(t, func(to io.Writer) (int64, error) { return archive.CopyOut(ctx, t, to) }); err != nil {
				return err
			}
		}
		return nil
	})
}

// addSpool copies the segments, and the records that nobody could read. The last segment may grow meanwhile: what was
// appended before the copy is in it, and a record that is cut is cut off when the spool is opened.
func addSpool(w *archiveWriter, dir string) error {
	segments, err := spool.Inspect(dir)
	if err != nil {
		return err
	}
	var paths []string
	for _, segment := range segments {
		paths = append(paths, segment.Path)
	}
	bad, _ := filepath.Glob(filepath.Join(dir, badFolder, "*.record")) // the only error is a bad pattern
	for _, path := range append(paths, bad...) {
		content, err := os.ReadFile(path)
		if errors.Is(err, fs.ErrNotExist) {
			continue // loaded since
		}
		if err != nil {
			return fmt.Errorf("copy spool: %w", err)
		}
		name, err := filepath.Rel(dir, path)
		if err != nil {
			return fmt.Errorf("copy spool: %w", err)
		}
		if err := w.add(spoolEntries+filepath.ToSlash(name), content); err != nil {
			return err
		}
	}
	return nil
}
