package embedded

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// fakeServer makes a folder with programs that say they are of this version.
func fakeServer(t *testing.T, root, version string) string {
	t.Helper()
	dir := filepath.Join(root, version, "bin")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	for _, program := range []string{"postgres", "initdb"} {
		script := fmt.Sprintf("#!/bin/sh\necho '%s (PostgreSQL) %s (Some Linux)'\n", program, version)
		if err := os.WriteFile(filepath.Join(dir, program), []byte(script), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestFindBinaries(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		onPath, folders []string
		fetched         string // what the download brings
		installed       string // what the package manager brings
		wanted          int
		major           int    // found
		says            string // or this error
		asked           string // of download and package manager
	}{
		"PATH first":               {onPath: []string{"16.1"}, folders: []string{"17.2"}, major: 16},
		"newest folder":            {folders: []string{"9.6", "15.3", "17.2", "16.4"}, major: 17},
		"old on PATH passed over":  {onPath: []string{"14.9"}, folders: []string{"15.3"}, major: 15},
		"the cluster's major":      {onPath: []string{"17.2"}, folders: []string{"16.3", "15.3"}, wanted: 15, major: 15},
		"beta":                     {folders: []string{"19beta1"}, major: 19},
		"download":                 {onPath: []string{"13.1"}, fetched: "17.5", major: 17, asked: "download 0"},
		"download for the cluster": {onPath: []string{"15.1"}, fetched: "17.5", wanted: 17, major: 17, asked: "download 17"},
		"package manager":          {installed: "15.9", major: 15, asked: "download 0 install"},
		"package too old":          {installed: "13.9", says: "install the package postgresql", asked: "download 0 install"},
		"nothing":                  {says: "install the package postgresql", asked: "download 0 install"},
		"nothing for the cluster":  {wanted: 16, says: "PostgreSQL 16, and none was found", asked: "download 16 install"},
		"another major only":       {onPath: []string{"15.1"}, folders: []string{"17.2"}, wanted: 16, says: "PostgreSQL 16, and only [15 17] was found", asked: "download 16"},
		"the cluster is too old":   {onPath: []string{"13.1"}, wanted: 13, says: "pg_upgrade"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path, folders := dataFolder(t), dataFolder(t)
			for _, v := range c.onPath {
				fakeServer(t, path, v)
			}
			for _, v := range c.folders {
				fakeServer(t, folders, v)
			}
			var asked []string
			bring := func(version string) error {
				if version == "" {
					return errors.New("refused")
				}
				fakeServer(t, folders, version)
				return nil
			}
			f := newFinder(slog.New(slog.DiscardHandler), "")
			f.path = func() []string { dirs, _ := filepath.Glob(path + "/*/bin"); return dirs }
			f.folders = []string{folders + "/*/bin"}
			f.download = func(_ context.Context, major int) error {
				asked = append(asked, fmt.Sprint("download ", major))
				return bring(c.fetched)
			}
			f.install = func(context.Context) error {
				asked = append(asked, "install")
				return bring(c.installed)
			}
			bins, err := f.find(t.Context(), c.wanted)
			if bins.major != c.major || (err == nil) != (c.says == "") || err != nil && !strings.Contains(err.Error(), c.says) {
				t.Errorf("found %+v, error %v", bins, err)
			}
			if (c.wanted == 0 && c.says != "") != errors.Is(err, ErrNoBinaries) {
				t.Errorf("ErrNoBinaries: %v", err)
			}
			if got := strings.Join(asked, " "); got != c.asked {
				t.Errorf("asked %q, want %q", got, c.asked)
			}
		})
	}
}

func TestFolderWithoutInitdbIsPassedOver(t *testing.T) {
	t.Parallel()
	dir := fakeServer(t, dataFolder(t), "17.1")
	if err := os.Remove(filepath.Join(dir, "initdb")); err != nil {
		t.Fatal(err)
	}
	user, err := runUser("")
	if err != nil {
		t.Fatal(err)
	}
	if b, err := probeBinaries(t.Context(), user, dir); err == nil {
		t.Errorf("took %+v", b)
	}
}
