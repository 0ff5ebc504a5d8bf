package server

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/waypost/waypost/config"
)

// TestRestoreTakesOnlyItsOwnFiles: an archive with sound sums still writes nowhere but to spool and secrets.
func TestRestoreTakesOnlyItsOwnFiles(t *testing.T) {
	t.Parallel()
	for name, fits := range map[string]bool{
		"spool/0000000000000001.seg":             true,
		"spool/0000000000000001.damaged-at-17":   true,
		"spool/bad/bad-1-00ff.record":            true,
		"spool/../postgres/postgresql.auto.conf": false,
		"spool/bad/../../secret":                 false,
		"spool/bad/../1.record":                  false,
		"spool/./1.seg":                          false,
		"spool//1.seg":                           false,
		"spool/..":                               false,
		"spool/sub/1.seg":                        false,
		"spool/1.seg\n":                          false,
		"spool/bad/.record":                      false,
		"/spool/1.seg":                           false,
		"postgres/postgresql.auto.conf":          false,
		`spool/..\postgres`:                      false,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "a.tar.gz")
			w, err := createArchive(path, time.Now())
			if err != nil {
				t.Fatal(err)
			}
			defer w.abort()
			for entry, content := range map[string]string{secretEntry: "present\nprevious\n", name: "content"} {
				if err := w.add(entry, []byte(content)); err != nil {
					t.Fatal(err)
				}
			}
			if err := w.finish(); err != nil {
				t.Fatal(err)
			}
			r := &restore{cfg: config.Config{DataDir: t.TempDir()}, path: path}
			err = r.readFiles()
			if !fits {
				if err == nil || !strings.Contains(err.Error(), "has no place in one") {
					t.Errorf("it is taken: %v", err)
				}
				return
			}
			if err != nil || !slices.Equal(r.secrets, []string{"present", "previous"}) {
				t.Fatalf("secrets %q, %v", r.secrets, err)
			}
			if err := r.placeFiles(); err != nil {
				t.Fatal(err)
			}
			for file, want := range map[string]string{name: "content", secretFile: "present\n", previousSecretsFile: "previous\n"} {
				if got := mustRead(t, filepath.Join(r.cfg.DataDir, filepath.FromSlash(file))); got != want {
					t.Errorf("%s holds %q, want %q", file, got, want)
				}
			}
		})
	}
}

func mustRead(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}
