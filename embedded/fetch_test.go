package embedded

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// The library is given an archive as if it had been downloaded; what counts is that only the binaries come out of it.
func TestFetchUnpacksBinariesOnly(t *testing.T) {
	if _, err := exec.LookPath("xz"); err != nil {
		t.Fatal("xz is missing; make test installs it")
	}
	cache := dataFolder(t)
	t.Setenv("TMPDIR", t.TempDir()) // where the library leaves an empty log
	tmp, source := filepath.Join(cache, "download-1"), t.TempDir()
	archive := filepath.Join(tmp, "archive")
	if err := os.MkdirAll(archive, 0o755); err != nil {
		t.Fatal(err)
	}
	bin := fakeServer(t, source, "17.5")
	// As the real one does with a folder that holds no settings.
	if err := os.WriteFile(filepath.Join(bin, "pg_ctl"), []byte("#!/bin/sh\nexit 1\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	for _, platform := range []string{"linux-amd64", "linux-arm64v8", "linux-amd64-alpine", "linux-arm64v8-alpine", "darwin-amd64", "darwin-arm64v8"} {
		name := filepath.Join(archive, fmt.Sprintf("embedded-postgres-binaries-%s-%s.txz", platform, downloads[pinnedMajor]))
		if out, err := exec.Command("tar", "-cJf", name, "-C", filepath.Dir(bin), "bin").CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
	}
	target := filepath.Join(cache, "postgres-"+string(downloads[pinnedMajor]))
	for range 2 { // the second finds that another process was faster
		if err := fetch(tmp, target, downloads[pinnedMajor]); err != nil {
			t.Fatal(err)
		}
		if err := os.RemoveAll(filepath.Join(tmp, "data")); err != nil {
			t.Fatal(err)
		}
	}
	user, err := runUser("")
	if err != nil {
		t.Fatal(err)
	}
	if b, err := probeBinaries(t.Context(), user, filepath.Join(target, "bin")); err != nil || b.major != pinnedMajor {
		t.Errorf("%+v %v", b, err)
	}
}
