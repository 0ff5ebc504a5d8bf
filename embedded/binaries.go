package embedded

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
)

// oldestMajor is the oldest PostgreSQL the schema runs on.
const oldestMajor = 15

// ErrNoBinaries is the answer on a machine that has no usable PostgreSQL and could not get one.
var ErrNoBinaries = errors.New("PostgreSQL 15 or newer is not installed: install the package postgresql (postgresql-server on Fedora and RHEL, postgresql@17 with Homebrew), or set DATABASE_URL to a database elsewhere")

// installFolders are where distributions put server binaries that they do not link into PATH.
var installFolders = []string{
	"/usr/lib/postgresql/*/bin",
	"/usr/pgsql-*/bin",
	"/usr/libexec/postgresql*",
	"/opt/homebrew/opt/postgresql@*/bin",
	"/usr/local/opt/postgresql@*/bin",
	"/Applications/Postgres.app/Contents/Versions/*/bin",
}

// binaries is a folder with postgres and initdb of one major version.
type binaries struct {
	dir   string
	major int
}

func (b binaries) path(program string) string { return filepath.Join(b.dir, program) }

// finder looks for binaries. Its ways are fields so that a test can close them.
type finder struct {
	log      *slog.Logger
	path     func() []string                  // folders on PATH
	folders  []string                         // patterns of folders, after those on PATH
	download func(context.Context, int) error // fetches a major (0: the pinned one) into one of folders
	install  func(context.Context) error      // by the package manager
	user     func() (runAs, error)            // who has to be able to run them; an installation may add the user
	probe    func(context.Context, runAs, string) (binaries, error)
}

func newFinder(log *slog.Logger, cluster string) *finder {
	f := &finder{
		log:      log,
		path:     pathFolders,
		folders:  installFolders,
		download: func(context.Context, int) error { return errors.ErrUnsupported },
		install:  func(ctx context.Context) error { return installPackage(ctx, log) },
		user:     func() (runAs, error) { return runUser(cluster) },
		probe:    probeBinaries,
	}
	if cache, err := cacheFolder(); err == nil {
		f.folders = append(slices.Clone(f.folders), filepath.Join(cache, "postgres-*", "bin"))
		f.download = func(ctx context.Context, major int) error { return download(ctx, log, cache, major) }
	}
	return f
}

// find gives binaries of the wanted major version, or the first that is new enough when wanted is 0. What the machine
// has comes first, then a download, then (only where there is nothing at all) the package manager.
func (f *finder) find(ctx context.Context, wanted int) (binaries, error) {
	if wanted != 0 && wanted < oldestMajor {
		return binaries{}, fmt.Errorf("the data folder holds a database of PostgreSQL %d, and Waypost needs %d or newer: bring it over with pg_upgrade or with a dump and restore", wanted, oldestMajor)
	}
	bins, others, err := f.installed(ctx, wanted)
	if err != nil || bins.major != 0 {
		return bins, err
	}
	if err := f.download(ctx, wanted); err != nil {
		f.log.DebugContext(ctx, "no PostgreSQL by download", "error", err)
	} else if bins, _, err = f.installed(ctx, wanted); err != nil || bins.major != 0 {
		return bins, err
	}
	if len(others) == 0 {
		if err := f.install(ctx); err != nil {
			f.log.DebugContext(ctx, "no PostgreSQL by the package manager", "error", err)
		} else if bins, others, err = f.installed(ctx, wanted); err != nil || bins.major != 0 {
			return bins, err
		}
	}
	if err := ctx.Err(); err != nil {
		return binaries{}, err
	}
	if wanted != 0 {
		found := "none was found"
		if len(others) > 0 {
			found = fmt.Sprintf("only %v was found", others)
		}
		return binaries{}, fmt.Errorf("the data folder holds a database of PostgreSQL %d, and %s on this machine: install PostgreSQL %d, or bring the database over with pg_upgrade or with a dump and restore", wanted, found, wanted)
	}
	return binaries{}, ErrNoBinaries
}

// installed gives the first fitting binaries, and which other majors new enough there are.
func (f *finder) installed(ctx context.Context, wanted int) (binaries, []int, error) {
	user, err := f.user()
	if err != nil {
		// A machine without PostgreSQL may lack the user too; the package brings both.
		f.log.DebugContext(ctx, "no user to run PostgreSQL as", "error", err)
		return binaries{}, nil, nil
	}
	var inFolders []binaries
	for _, pattern := range f.folders {
		dirs, _ := filepath.Glob(pattern) // the only error is a bad pattern
		for _, dir := range dirs {
			if b, err := f.probe(ctx, user, dir); err == nil {
				inFolders = append(inFolders, b)
			}
		}
	}
	slices.SortStableFunc(inFolders, func(a, b binaries) int { return cmp.Compare(b.major, a.major) })
	var all []binaries
	for _, dir := range f.path() {
		if b, err := f.probe(ctx, user, dir); err == nil {
			all = append(all, b)
		}
	}
	var others []int
	for _, b := range append(all, inFolders...) {
		switch {
		case b.major < oldestMajor:
		case wanted == 0 || b.major == wanted:
			return b, nil, nil
		case !slices.Contains(others, b.major):
			others = append(others, b.major)
		}
	}
	return binaries{}, others, ctx.Err()
}

// pathFolders are the real folders of the server programs on PATH, which may be links (Debian links only some).
func pathFolders() []string {
	var dirs []string
	for _, program := range []string{"postgres", "initdb", "pg_ctl"} {
		found, err := exec.LookPath(program)
		if err != nil {
			continue
		}
		if found, err = filepath.EvalSymlinks(found); err != nil {
			continue
		}
		if abs, err := filepath.Abs(found); err == nil && !slices.Contains(dirs, filepath.Dir(abs)) {
			dirs = append(dirs, filepath.Dir(abs))
		}
	}
	return dirs
}

var versionLine = regexp.MustCompile(`^postgres \(PostgreSQL\) (\d+)`)

// probeBinaries asks the server program of a folder for its version, as the user who will run it.
func probeBinaries(ctx context.Context, user runAs, dir string) (binaries, error) {
	dir, err := filepath.EvalSymlinks(dir)
	if err != nil {
		return binaries{}, err
	}
	b := binaries{dir: dir}
	if _, err := os.Stat(b.path("initdb")); err != nil {
		return binaries{}, err
	}
	out, err := user.command(ctx, "/", b.path("postgres"), "--version").Output()
	if err != nil {
		return binaries{}, err
	}
	m := versionLine.FindSubmatch(out)
	if m == nil {
		return binaries{}, fmt.Errorf("%s is not a PostgreSQL server", b.path("postgres"))
	}
	b.major, err = strconv.Atoi(string(m[1]))
	return b, err
}
