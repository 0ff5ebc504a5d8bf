package embedded

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	embeddedpostgres "github.com/fergusstrange/embedded-postgres"
)

// pinnedMajor is the major version that a machine without PostgreSQL gets by download.
const pinnedMajor = 17

// downloads are the pinned versions, as far as they can be downloaded, by major.
var downloads = map[int]embeddedpostgres.PostgresVersion{
	15: embeddedpostgres.V15, 16: embeddedpostgres.V16, 17: embeddedpostgres.V17, 18: embeddedpostgres.V18,
}

const (
	downloadHost  = "repo1.maven.org:443" // where embedded-postgres fetches from
	reachLimit    = 3 * time.Second
	downloadLimit = 3 * time.Minute
	installLimit  = 5 * time.Minute
)

// cacheFolder is where downloaded binaries are kept. Root's own cache may not be entered by the user that runs them.
func cacheFolder() (string, error) {
	if os.Geteuid() == 0 {
		return "/var/cache/waypost", nil
	}
	dir, err := os.UserCacheDir()
	return filepath.Join(dir, "waypost"), err
}

// download puts the pinned version of a major (0: of pinnedMajor) into <cache>/postgres-<version>. Such binaries hold
// the server and initdb only, no pg_dump.
func download(ctx context.Context, log *slog.Logger, cache string, major int) error {
	if major == 0 {
		major = pinnedMajor
	}
	version, ok := downloads[major]
	if !ok {
		return fmt.Errorf("no download of PostgreSQL %d is known", major)
	}
	if err := reachable(ctx); err != nil {
		return err
	}
	if err := os.MkdirAll(cache, 0o755); err != nil {
		return err
	}
	tmp, err := os.MkdirTemp(cache, "download-")
	if err != nil {
		return err
	}
	if err := os.Chmod(tmp, 0o755); err != nil {
		return err
	}
	log.InfoContext(ctx, "downloading PostgreSQL", "version", version, "to", cache)
	done := make(chan error, 1)
	go func() { // the library takes no context; what it still does after the limit ends with the folder
		err := fetch(tmp, filepath.Join(cache, "postgres-"+string(version)), version)
		_ = os.RemoveAll(tmp)
		done <- err
	}()
	ctx, cancel := context.WithTimeout(ctx, downloadLimit)
	defer cancel()
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// reachable fails quickly where downloads are blocked. Behind a proxy only the download itself can tell.
func reachable(ctx context.Context) error {
	if os.Getenv("HTTPS_PROXY")+os.Getenv("https_proxy") != "" {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, reachLimit)
	defer cancel()
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", downloadHost)
	if err != nil {
		return err
	}
	return conn.Close()
}

// fetch uses the library for its checked download and unpacking only: it is pointed at a data folder that claims to be
// initialised and is empty, so that what it does next, starting a server, fails at once.
func fetch(tmp, target string, version embeddedpostgres.PostgresVersion) error {
	data, unpacked := filepath.Join(tmp, "data"), filepath.Join(tmp, "postgres")
	if err := os.Mkdir(data, 0o700); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(data, "PG_VERSION"), nil, 0o600); err != nil {
		return err
	}
	library := embeddedpostgres.NewDatabase(embeddedpostgres.DefaultConfig().Version(version).Port(0).Logger(io.Discard).
		CachePath(filepath.Join(tmp, "archive")).RuntimePath(filepath.Join(tmp, "run")).
		BinariesPath(unpacked).DataPath(data))
	expected := library.Start()
	if _, err := os.Stat(filepath.Join(unpacked, "bin", "postgres")); err != nil {
		return errors.Join(expected, err)
	}
	if err := os.Rename(unpacked, target); err != nil && !errors.Is(err, os.ErrExist) {
		return err
	}
	return nil
}

// The scripts install the server and, for backups, pg_dump. Debian's package would also start a cluster of its own.
var packageManagers = []struct{ program, script string }{
	{"apt-get", `export DEBIAN_FRONTEND=noninteractive UCF_FORCE_CONFFOLD=1
mkdir -p /etc/postgresql-common
grep -qs '^[[:space:]]*create_main_cluster' /etc/postgresql-common/createcluster.conf ||
	echo 'create_main_cluster = false' >> /etc/postgresql-common/createcluster.conf
apt-get update -qq
major=$(apt-cache search --names-only '^postgresql-[0-9]+$' | sed 's/^postgresql-\([0-9]*\).*/\1/' | sort -n | tail -n 1)
test "${major:-0}" -ge OLDEST
apt-get install -y -qq --no-install-recommends -o Dpkg::Options::=--force-confold "postgresql-$major"`},
	{"dnf", `dnf install -y -q postgresql-server`},
	{"apk", `apk add -q --no-cache postgresql postgresql-client`},
}

// installPackage installs PostgreSQL where we are root or may become so without being asked.
func installPackage(ctx context.Context, log *slog.Logger) error {
	ctx, cancel := context.WithTimeout(ctx, installLimit)
	defer cancel()
	var prefix []string
	if os.Geteuid() != 0 {
		if err := exec.CommandContext(ctx, "sudo", "-n", "true").Run(); err != nil {
			return fmt.Errorf("sudo: %w", err)
		}
		prefix = []string{"sudo", "-n"}
	}
	for _, m := range packageManagers {
		if _, err := exec.LookPath(m.program); err != nil {
			continue
		}
		log.InfoContext(ctx, "installing PostgreSQL", "with", m.program)
		script := "set -e\n" + strings.ReplaceAll(m.script, "OLDEST", strconv.Itoa(oldestMajor))
		args := append(prefix, "sh", "-c", script)
		if out, err := exec.CommandContext(ctx, args[0], args[1:]...).CombinedOutput(); err != nil {
			return fmt.Errorf("%s: %w: %s", m.program, err, lastLines(string(out), 5))
		}
		return nil
	}
	return errors.New("no package manager that is known")
}

// lastLines is the end of a program's output, on one line.
func lastLines(s string, n int) string {
	lines := strings.Split(strings.TrimSpace(s), "\n")
	return strings.Join(lines[max(0, len(lines)-n):], " | ")
}
