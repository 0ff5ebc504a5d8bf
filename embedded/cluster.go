package embedded

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

const (
	noteFile   = "postgres.json"
	stagePath  = ".postgres-new-" // what a cluster is called until it is complete
	configFile = "waypost.conf"   // in the cluster; written anew at each start

	// rootStore is where root keeps clusters whose data folder the server's user cannot enter.
	rootStore = "/var/lib/waypost"

	// maxSocketPath is what sun_path holds on the tightest system (macOS), with its closing zero.
	maxSocketPath = 103
)

// note is what the data folder remembers of its cluster.
type note struct {
	Cluster string `json:"cluster,omitempty"` // set when the cluster is not in the data folder
	Socket  string `json:"socket"`            // folder of the unix socket
}

func readNote(dataDir string) (note, error) {
	var n note
	b, err := os.ReadFile(filepath.Join(dataDir, noteFile))
	if errors.Is(err, fs.ErrNotExist) {
		return n, nil
	}
	if err == nil {
		err = json.Unmarshal(b, &n)
	}
	if err != nil {
		return n, fmt.Errorf("read where the database is: %w", err)
	}
	return n, nil
}

func (n note) write(dataDir string) error {
	b, err := json.MarshalIndent(n, "", "  ")
	if err != nil {
		return err
	}
	path := filepath.Join(dataDir, noteFile)
	f, err := os.OpenFile(path+".new", os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(append(b, '\n'))
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	if err := os.Rename(path+".new", path); err != nil {
		return err
	}
	return syncFolder(dataDir)
}

// clusterDir is the folder of the data folder's cluster, whether or not there is one yet.
func (n note) clusterDir(dataDir string) string {
	if n.Cluster != "" {
		return n.Cluster
	}
	return filepath.Join(dataDir, "postgres")
}

// clusterMajor gives the major version of the cluster in dir, 0 when there is none yet. A folder that holds anything
// else is refused.
func clusterMajor(dir string) (int, error) {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) || err == nil && len(entries) == 0 {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	b, err := os.ReadFile(filepath.Join(dir, "PG_VERSION"))
	if errors.Is(err, fs.ErrNotExist) {
		return 0, fmt.Errorf("%s is neither empty nor a PostgreSQL database: move it away or choose another data folder", dir)
	}
	if err != nil {
		return 0, err
	}
	major, err := strconv.Atoi(strings.TrimSpace(string(b)))
	if err != nil {
		return 0, fmt.Errorf("%s/PG_VERSION names no version that Waypost can use: %q", dir, strings.TrimSpace(string(b)))
	}
	return major, nil
}

// place makes sure that the user can reach the cluster's folder. A new cluster moves out of a data folder that the user
// cannot enter, such as one in root's home; the note then says where it is.
func (n *note) place(ctx context.Context, dataDir string, major int, user runAs) error {
	dir := n.clusterDir(dataDir)
	if n.Cluster != "" {
		if _, err := os.Stat(filepath.Dir(n.Cluster)); err != nil {
			return fmt.Errorf("the database of this data folder is kept elsewhere and is gone (restore it, or delete %s to begin anew): %w",
				filepath.Join(dataDir, noteFile), err)
		}
	}
	if major != 0 {
		if info, err := os.Stat(dir); err != nil {
			return err
		} else if !user.owns(info) && user.switches {
			if err := user.ownAll(dir); err != nil {
				return err
			}
		}
		if !user.canEnter(ctx, dir) {
			return fmt.Errorf("PostgreSQL runs as user id %d, which cannot enter %s: allow that user to enter the folders above it", user.uid, dir)
		}
		return nil
	}
	if n.Cluster != "" || user.canEnter(ctx, dataDir) {
		return nil
	}
	if err := os.MkdirAll(rootStore, 0o755); err != nil {
		return err
	}
	home, err := os.MkdirTemp(rootStore, "")
	if err != nil {
		return err
	}
	// Whoever clears up later can tell whose it was.
	if err := errors.Join(os.Chmod(home, 0o711), os.WriteFile(filepath.Join(home, "data-folder"), []byte(dataDir+"\n"), 0o600)); err != nil {
		return err
	}
	n.Cluster = filepath.Join(home, "postgres")
	return n.write(dataDir)
}

// initialise makes a cluster with the application's role and database. It becomes visible under its name only when it
// is complete; what an interrupted attempt left is removed first.
func initialise(ctx context.Context, bins binaries, user runAs, dir string, settings map[string]string) error {
	parent := filepath.Dir(dir)
	siblings, err := os.ReadDir(parent)
	if err != nil {
		return err
	}
	for _, s := range siblings {
		if strings.HasPrefix(s.Name(), stagePath) {
			if err := os.RemoveAll(filepath.Join(parent, s.Name())); err != nil {
				return err
			}
		}
	}
	stage, err := os.MkdirTemp(parent, stagePath)
	if err != nil {
		return err
	}
	defer os.RemoveAll(stage) // gone under this name once it is complete
	if err := user.own(stage); err != nil {
		return err
	}
	args := []string{"-D", stage, "-U", "postgres", "--encoding=UTF8", "--locale=C", "--data-checksums",
		"--auth-local=trust", "--auth-host=reject"} // the socket's folder admits this user and root only
	if settings["fsync"] == "off" {
		args = append(args, "--no-sync")
	}
	if out, err := user.command(ctx, stage, bins.path("initdb"), args...).CombinedOutput(); err != nil {
		return fmt.Errorf("initdb: %w: %s", err, lastLines(string(out), 5))
	}
	// One statement a line. The role is no superuser, so that rights can be taken from it.
	single := user.command(ctx, stage, bins.path("postgres"), "--single", "-D", stage, "-c", "exit_on_error=on", "postgres")
	single.Stdin = strings.NewReader("CREATE ROLE waypost LOGIN CREATEDB\nCREATE DATABASE waypost OWNER waypost\n")
	if out, err := single.CombinedOutput(); err != nil {
		return fmt.Errorf("create role and database: %w: %s", err, lastLines(string(out), 5))
	}
	if err := syncFolder(stage); err != nil {
		return err
	}
	if err := os.Rename(stage, dir); err != nil {
		return err
	}
	return syncFolder(parent)
}

// defaults suit a small machine. They overrule postgresql.conf; an operator's ALTER SYSTEM overrules them.
var defaults = map[string]string{
	"max_connections":               "100",
	"max_locks_per_transaction":     "512", // a restore locks every daily partition
	"shared_buffers":                sharedBuffers(),
	"fsync":                         "on",
	"synchronous_commit":            "on",
	"jit":                           "off",
	"random_page_cost":              "1.1",
	"timezone":                      "UTC",
	"log_timezone":                  "UTC",
	"logging_collector":             "on",
	"log_directory":                 "log",
	"log_filename":                  "postgresql-%a.log", // a week of logs
	"log_truncate_on_rotation":      "on",
	"log_rotation_age":              "1d",
	"log_rotation_size":             "0",
	"log_line_prefix":               "%m [%p] %q%u@%d ",
	"log_startup_progress_interval": "5s",
}

// configure writes the file that the server reads its settings from: the cluster's own, then ours.
func configure(ctx context.Context, dir string, user runAs, settings map[string]string) error {
	all := maps.Clone(defaults)
	maps.Copy(all, settings)
	var b strings.Builder
	b.WriteString("# Written by Waypost at each start. To change a setting use ALTER SYSTEM.\ninclude_if_exists 'postgresql.conf'\n")
	for _, name := range slices.Sorted(maps.Keys(all)) {
		fmt.Fprintf(&b, "%s = '%s'\n", name, strings.ReplaceAll(all[name], "'", "''"))
	}
	return user.write(ctx, dir, configFile, b.String())
}

// socketFolder gives a folder that only the user may enter and whose path is short enough for a socket: the noted one,
// else one named after the cluster, else, when somebody else has that name, a random one.
func socketFolder(ctx context.Context, user runAs, cluster, noted string) (string, error) {
	name := fmt.Sprintf("wp-%x", sha256.Sum256([]byte(cluster)))[:13]
	var bases []string
	for _, base := range []string{os.TempDir(), "/tmp"} {
		if base, err := filepath.Abs(base); err == nil && user.canEnter(ctx, base) {
			bases = append(bases, base)
		}
	}
	var candidates []string
	if noted != "" && user.canEnter(ctx, filepath.Dir(noted)) {
		candidates = append(candidates, noted)
	}
	for _, base := range bases {
		candidates = append(candidates, filepath.Join(base, name))
	}
	var errs []error
	for _, dir := range candidates {
		err := claim(dir, user)
		if err == nil {
			return dir, nil
		}
		errs = append(errs, err)
	}
	for _, base := range bases {
		dir, err := os.MkdirTemp(base, "wp-")
		if err == nil {
			err = errors.Join(user.own(dir), claim(dir, user))
		}
		if err == nil {
			return dir, nil
		}
		errs = append(errs, err)
	}
	return "", fmt.Errorf("no folder for the database's socket: %w", errors.Join(errs...))
}

// claim makes dir a private folder of the user, or checks that it is one already.
func claim(dir string, user runAs) error {
	if len(socketPath(dir)) > maxSocketPath {
		return fmt.Errorf("%s is too long for a socket", dir)
	}
	err := os.Mkdir(dir, 0o700)
	if err == nil {
		return user.own(dir)
	}
	if !errors.Is(err, fs.ErrExist) {
		return err
	}
	info, err := os.Lstat(dir)
	if err != nil {
		return err
	}
	if !info.IsDir() || info.Mode().Perm() != 0o700 || !user.owns(info) {
		return fmt.Errorf("%s is not a private folder of user id %d", dir, user.uid)
	}
	return nil
}

// socketPort is part of the socket's name only.
const socketPort = "5432"

func socketPath(dir string) string { return filepath.Join(dir, ".s.PGSQL."+socketPort) }

// syncFolder sees a folder's names to the disk.
func syncFolder(dir string) error {
	f, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

// HasCluster tells whether the data folder has a cluster, running or not.
func HasCluster(dataDir string) bool {
	n, err := readNote(dataDir)
	if err != nil {
		return true // one that cannot be read is no reason to make another
	}
	major, err := clusterMajor(n.clusterDir(dataDir))
	return err != nil || major != 0
}
