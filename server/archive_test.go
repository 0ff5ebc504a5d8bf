package server

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/waypost/waypost/store/pgstore"
)

func mustArchive(t *testing.T) (path string, content []byte) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "a.tar.gz")
	w, err := createArchive(path, time.Date(2026, 11, 21, 0, 0, 0, 0, time.UTC))
	if err != nil {
		t.Fatal(err)
	}
	defer w.abort()
	w.manifest.Migration = 1
	if err := w.add(secretEntry, []byte(strings.Repeat("s", 32)+"\n")); err != nil {
		t.Fatal(err)
	}
	for i, name := range []string{"users", "empty", "clicks"} {
		err := w.addTable(pgstore.ArchivedTable{Name: name, Columns: []string{"id"}}, func(out io.Writer) (int64, error) {
			if name == "empty" {
				return 0, nil
			}
			for range 100 {
				if _, err := fmt.Fprintf(out, "%d\n", i); err != nil {
					return 0, err
				}
			}
			return 100, nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := w.finish(); err != nil {
		t.Fatal(err)
	}
	if content, err = os.ReadFile(path); err != nil {
		t.Fatal(err)
	}
	return path, content
}

func TestArchiveRoundTrip(t *testing.T) {
	t.Parallel()
	path, _ := mustArchive(t)
	m, err := verifyArchive(path)
	if err != nil {
		t.Fatal(err)
	}
	if len(m.Tables) != 3 || m.Tables[2].Rows != 100 || m.Tables[2].Bytes != 200 || m.summary().Rows != 200 {
		t.Errorf("manifest: %+v", m)
	}
	if left, _ := filepath.Glob(filepath.Join(filepath.Dir(path), ".a.tar.gz.*")); len(left) > 0 {
		t.Errorf("temporary files stay: %v", left)
	}
}

// TestArchiveThatIsNotWhole: every truncation is found, and every changed byte that changes the content.
func TestArchiveThatIsNotWhole(t *testing.T) {
	t.Parallel()
	_, content := mustArchive(t)
	path := filepath.Join(t.TempDir(), "broken")
	refused := func(b []byte) bool {
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := verifyArchive(path)
		return err != nil && strings.Contains(err.Error(), "no whole backup")
	}
	plain := func(b []byte) []byte {
		r, err := gzip.NewReader(bytes.NewReader(b))
		if err != nil {
			t.Fatal(err)
		}
		content, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		return content
	}
	for n := range content {
		if !refused(content[:n]) {
			t.Fatalf("the first %d of %d bytes pass", n, len(content))
		}
		changed := append([]byte(nil), content...)
		changed[n] ^= 0x10
		if !refused(changed) && !bytes.Equal(plain(changed), plain(content)) {
			t.Fatalf("byte %d of %d may change", n, len(content))
		}
	}
	if !refused(append(append([]byte(nil), content...), "more"...)) {
		t.Error("bytes behind the end pass")
	}
}

// TestArchiveRowsBeyondTheManifest: an archive whose parts are sound but whose manifest is another's is refused.
func TestArchiveRowsBeyondTheManifest(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(m *archiveManifest){
		"file missing from the manifest": func(m *archiveManifest) { m.Files = nil },
		"table missing":                  func(m *archiveManifest) { m.Tables = m.Tables[:2] },
		"tables in another order":        func(m *archiveManifest) { m.Tables[0], m.Tables[2] = m.Tables[2], m.Tables[0] },
		"other sum":                      func(m *archiveManifest) { m.Tables[0].SHA256 = strings.Repeat("0", 64) },
		"no schema":                      func(m *archiveManifest) { m.Migration = 0 },
		"other format":                   func(m *archiveManifest) { m.Format = 2 },
		"rows without bytes":             func(m *archiveManifest) { m.Tables[1].Rows = 1 },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "a.tar.gz")
			w, err := createArchive(path, time.Now())
			if err != nil {
				t.Fatal(err)
			}
			w.manifest.Migration = 1
			if err := w.add(secretEntry, []byte("s")); err != nil {
				t.Fatal(err)
			}
			for _, table := range []string{"a", "empty", "c"} {
				if err := w.addTable(pgstore.ArchivedTable{Name: table}, func(out io.Writer) (int64, error) {
					if table == "empty" {
						return 0, nil
					}
					_, err := io.WriteString(out, table)
					return 1, err
				}); err != nil {
					t.Fatal(err)
				}
			}
			change(&w.manifest)
			if err := w.finish(); err != nil {
				t.Fatal(err)
			}
			if _, err := verifyArchive(path); err == nil {
				t.Error("it passes")
			}
		})
	}
}
