package server

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/waypost/waypost/store/pgstore"
)

// A backup is a gzipped tar:
//
//	FORMAT                 first: what the file is
//	secret                 present secret, then previous ones, a line each
//	spool/…                segments, and records that nobody could read
//	tables/NAME/NNNNNN     pieces of the table's COPY text
//	manifest.json          last: what the archive must hold, with sizes and SHA-256
const (
	archiveFormat   = 1
	archiveMagic    = "waypost backup 1\n"
	formatEntry     = "FORMAT"
	secretEntry     = "secret"
	spoolEntries    = "spool/"
	tableEntries    = "tables/"
	manifestEntry   = "manifest.json"
	archivePiece    = 4 << 20 // bytes of a table in one entry
	largestManifest = 64 << 20
)

// archiveManifest says what an archive holds.
type archiveManifest struct {
	Format    int             `json:"format"`
	Program   string          `json:"program"`   // version that wrote it
	Migration int64           `json:"migration"` // version of the schema
	CreatedAt time.Time       `json:"created_at"`
	Tables    []archivedTable `json:"tables"` // in the order of loading
	Sequences []archivedSeq   `json:"sequences"`
	Files     []archivedFile  `json:"files"`
}

type archivedTable struct {
	Name    string      `json:"name"`
	Columns []string    `json:"columns"`
	Days    []time.Time `json:"days,omitempty"` // of its partitions
	Rows    int64       `json:"rows"`
	Bytes   int64       `json:"bytes"`
	SHA256  string      `json:"sha256"`
}

func (t archivedTable) table() pgstore.ArchivedTable {
	return pgstore.ArchivedTable{Name: t.Name, Columns: t.Columns, Days: t.Days}
}

type archivedSeq struct {
	Table  string `json:"table"`
	Column string `json:"column"`
	Last   int64  `json:"last"`
}

type archivedFile struct {
	Name   string `json:"name"`
	Bytes  int64  `json:"bytes"`
	SHA256 string `json:"sha256"`
}

// archiveWriter writes a backup under a temporary name, which finish makes the real one.
type archiveWriter struct {
	path     string
	file     *os.File
	gz       *gzip.Writer
	tar      *tar.Writer
	manifest archiveManifest
}

func createArchive(path string, at time.Time) (*archiveWriter, error) {
	file, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*") // mode 0600
	if err != nil {
		return nil, fmt.Errorf("make backup: %w", err)
	}
	gz, _ := gzip.NewWriterLevel(file, gzip.BestSpeed) // a level that exists
	w := &archiveWriter{path: path, file: file, gz: gz, tar: tar.NewWriter(gz),
		manifest: archiveManifest{Format: archiveFormat, Program: Version().String(), CreatedAt: at}}
	if err := w.entry(formatEntry, []byte(archiveMagic)); err != nil {
		w.abort()
		return nil, err
	}
	return w, nil
}

func (w *archiveWriter) entry(name string, content []byte) error {
	err := w.tar.WriteHeader(&tar.Header{Name: name, Mode: 0o600, Size: int64(len(content)), ModTime: w.manifest.CreatedAt})
	if err == nil {
		_, err = w.tar.Write(content)
	}
	if err != nil {
		return fmt.Errorf("write backup: %w", err)
	}
	return nil
}

// add puts a file into the archive.
func (w *archiveWriter) add(name string, content []byte) error {
	sum := sha256.Sum256(content)
	w.manifest.Files = append(w.manifest.Files, archivedFile{name, int64(len(content)), hex.EncodeToString(sum[:])})
	return w.entry(name, content)
}

// addTable puts in what copy writes, and notes the number of rows that it returns.
func (w *archiveWriter) addTable(t pgstore.ArchivedTable, copyOut func(io.Writer) (rows int64, err error)) error {
	pieces := &pieceWriter{archive: w, prefix: tableEntries + t.Name + "/", sum: sha256.New()}
	rows, err := copyOut(pieces)
	if err == nil {
		err = pieces.flush()
	}
	if err != nil {
		return err
	}
	w.manifest.Tables = append(w.manifest.Tables, archivedTable{Name: t.Name, Columns: t.Columns, Days: t.Days, Rows: rows,
		Bytes: pieces.bytes, SHA256: hex.EncodeToString(pieces.sum.Sum(nil))})
	return nil
}

// pieceWriter cuts a stream of unknown length into entries, whose length a tar must know.
type pieceWriter struct {
	archive *archiveWriter
	prefix  string
	buf     bytes.Buffer
	number  int
	bytes   int64
	sum     hash.Hash
}

// Write implements io.Writer.
func (p *pieceWriter) Write(b []byte) (int, error) {
	p.buf.Write(b)
	if p.buf.Len() < archivePiece {
		return len(b), nil
	}
	return len(b), p.flush()
}

func (p *pieceWriter) flush() error {
	if p.buf.Len() == 0 {
		return nil
	}
	p.sum.Write(p.buf.Bytes())
	p.bytes += int64(p.buf.Len())
	err := p.archive.entry(fmt.Sprintf("%s%06d", p.prefix, p.number), p.buf.Bytes())
	p.number++
	p.buf.Reset()
	return err
}

// finish writes the manifest and gives the archive its name, durably.
func (w *archiveWriter) finish() error {
	content, err := json.MarshalIndent(w.manifest, "", " ")
	if err != nil {
		return fmt.Errorf("write backup: %w", err)
	}
	if err := w.entry(manifestEntry, content); err != nil {
		return err
	}
	if err := errors.Join(w.tar.Close(), w.gz.Close(), w.file.Sync(), w.file.Close()); err != nil {
		return fmt.Errorf("write backup: %w", err)
	}
	if err := os.Rename(w.file.Name(), w.path); err != nil {
		return fmt.Errorf("write backup: %w", err)
	}
	return syncFolder(filepath.Dir(w.path))
}

// abort removes what was written; after finish it does nothing.
func (w *archiveWriter) abort() {
	_ = w.file.Close()
	_ = os.Remove(w.file.Name())
}

// walkArchive calls visit for every entry but the first and the manifest, which it returns. An error of visit ends it
// and is returned as it is.
func walkArchive(path string, visit func(name string, r io.Reader) error) (m archiveManifest, err error) {
	var visited error
	defer func() {
		if err != nil && err != visited {
			err = fmt.Errorf("%s is no whole backup: %w", path, err)
		}
	}()
	file, err := os.Open(path)
	if err != nil {
		return m, err
	}
	defer file.Close()
	gz, err := gzip.NewReader(file)
	if err != nil {
		return m, err
	}
	entries := tar.NewReader(gz)
	for first := true; ; first = false {
		h, err := entries.Next()
		if errors.Is(err, io.EOF) {
			return m, errors.New("its end is missing")
		}
		if err != nil {
			return m, err
		}
		switch {
		case first:
			content, err := io.ReadAll(io.LimitReader(entries, 64))
			if err != nil || h.Name != formatEntry {
				return m, errors.Join(errors.New("it was not made by waypost backup"), err)
			}
			if string(content) != archiveMagic {
				return m, fmt.Errorf("its format is %q, which this program does not know: use the waypost that made it, or a newer one", content)
			}
		case h.Name == manifestEntry:
			if err := json.NewDecoder(io.LimitReader(entries, largestManifest)).Decode(&m); err != nil {
				return m, err
			}
			if _, err := entries.Next(); !errors.Is(err, io.EOF) {
				return m, errors.Join(errors.New("something follows its manifest"), err)
			}
			_, err := io.Copy(io.Discard, gz) // to the checksum behind the last byte
			return m, err
		default:
			if visited = visit(h.Name, entries); visited != nil {
				return m, visited
			}
		}
	}
}

// verifyArchive reads a whole archive and returns its manifest. Nothing is missing, added or changed if there is no
// error.
func verifyArchive(path string) (archiveManifest, error) {
	files, order := map[string]archivedFile{}, []string(nil)
	tables, sums := map[string]*archivedTable{}, map[string]hash.Hash{}
	m, err := walkArchive(path, func(name string, r io.Reader) error {
		sum := sha256.New()
		if table, _, ok := tableOf(name); ok {
			if tables[table] == nil {
				tables[table], sums[table] = &archivedTable{Name: table}, sha256.New()
				order = append(order, table)
			} else if order[len(order)-1] != table {
				return fmt.Errorf("%s is no whole backup: table %s is not in one place", path, table)
			}
			n, err := io.Copy(sums[table], r)
			if err != nil {
				return fmt.Errorf("%s is no whole backup: %w", path, err)
			}
			tables[table].Bytes += n
			return nil
		}
		if _, twice := files[name]; twice {
			return fmt.Errorf("%s is no whole backup: %s is in it twice", path, name)
		}
		n, err := io.Copy(sum, r)
		if err != nil {
			return fmt.Errorf("%s is no whole backup: %w", path, err)
		}
		files[name] = archivedFile{name, n, hex.EncodeToString(sum.Sum(nil))}
		return nil
	})
	if err != nil {
		return m, err
	}
	bad := func(what string) error {
		return fmt.Errorf("%s is no whole backup: %s is not what its manifest says", path, what)
	}
	if m.Format != archiveFormat || m.Migration < 1 || len(m.Tables) == 0 {
		return m, bad(manifestEntry)
	}
	for _, f := range m.Files {
		if files[f.Name] != f {
			return m, bad(f.Name)
		}
		delete(files, f.Name)
	}
	for name := range files {
		return m, bad(name)
	}
	for _, t := range m.Tables {
		if t.Bytes == 0 && tables[t.Name] == nil && t.Rows == 0 {
			continue // an empty table has no entry
		}
		if len(order) == 0 || order[0] != t.Name || tables[t.Name].Bytes != t.Bytes || hex.EncodeToString(sums[t.Name].Sum(nil)) != t.SHA256 {
			return m, bad("table " + t.Name)
		}
		order = order[1:]
	}
	if len(order) > 0 {
		return m, bad("table " + order[0])
	}
	return m, nil
}

func tableOf(entry string) (table, piece string, ok bool) {
	rest, ok := strings.CutPrefix(entry, tableEntries)
	table, piece, cut := strings.Cut(rest, "/")
	return table, piece, ok && cut
}

// file is what the manifest says of a file.
func (m archiveManifest) file(name string) (archivedFile, bool) {
	i := slices.IndexFunc(m.Files, func(f archivedFile) bool { return f.Name == name })
	if i < 0 {
		return archivedFile{}, false
	}
	return m.Files[i], true
}

// syncFolder sees a folder's names to the disk.
func syncFolder(dir string) error {
	f, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}
