package embedded

import (
	"bytes"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

func TestForeignFoldersStayUntouched(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ file, content, says string }{
		"not a cluster": {"important.txt", "mine", "neither empty nor a PostgreSQL database"},
		"old major":     {"PG_VERSION", "13\n", "PostgreSQL 13"},
		"odd version":   {"PG_VERSION", "9.6\n", "9.6"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := dataFolder(t)
			folder := filepath.Join(dir, "postgres")
			if err := os.Mkdir(folder, 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(folder, c.file), []byte(c.content), 0o644); err != nil {
				t.Fatal(err)
			}
			_, err := StartPostgres(t.Context(), PostgresOptions{DataDir: dir})
			if err == nil || !strings.Contains(err.Error(), c.says) {
				t.Errorf("error %v does not say %q", err, c.says)
			}
			entries, _ := os.ReadDir(folder)
			content, _ := os.ReadFile(filepath.Join(folder, c.file))
			if len(entries) != 1 || string(content) != c.content {
				t.Errorf("touched: %v %q", entries, content)
			}
		})
	}
}

func TestLongDataFolder(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(dataFolder(t), strings.Repeat("long and 'odd' ", 10))
	p := mustStart(t, dir)
	if len(p.Dir()) <= 108 || len(socketPath(p.socket)) > maxSocketPath {
		t.Errorf("%q %q", p.Dir(), p.socket)
	}
	if got := mustAsk(t, adminDSN(p), "SELECT current_setting('data_directory')"); got != p.Dir() {
		t.Errorf("got %q", got)
	}
}

func TestRootOnlyHome(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root runs the server as another user")
	}
	t.Parallel()
	dir := t.TempDir() // mode 0700, root's
	var said bytes.Buffer
	p, err := StartPostgres(t.Context(), PostgresOptions{DataDir: dir, Settings: fast, Log: slog.New(slog.NewTextHandler(&said, nil))})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(filepath.Dir(p.Dir())) })
	t.Cleanup(func() { mustStop(t, p) }) // before it is removed
	if strings.HasPrefix(p.Dir(), dir) {
		t.Errorf("cluster in %s", p.Dir())
	}
	if n := strings.Count(said.String(), "level=WARN"); n != 1 || !strings.Contains(said.String(), "back it up too\" folder="+p.Dir()) {
		t.Errorf("the operator is not told that %s belongs to the data: %s", p.Dir(), &said)
	}
	mustExec(t, p.DSN(), "CREATE TABLE t (x text)", "INSERT INTO t VALUES ('kept')")
	mustStop(t, p)
	// The data folder may move: its note goes along.
	moved := dir + "-moved"
	if err := os.Rename(dir, moved); err != nil {
		t.Fatal(err)
	}
	again := mustStart(t, moved)
	if got := mustAsk(t, again.DSN(), "SELECT x FROM t"); got != "kept" || again.Dir() != p.Dir() {
		t.Errorf("%q in %s", got, again.Dir())
	}
	mustStop(t, again)
	if err := os.RemoveAll(filepath.Dir(p.Dir())); err != nil {
		t.Fatal(err)
	}
	if _, err := StartPostgres(t.Context(), PostgresOptions{DataDir: moved}); err == nil || !strings.Contains(err.Error(), "gone") {
		t.Errorf("a lost cluster was replaced by an empty one: %v", err)
	}
}

func TestSocketFolderOfSomebodyElse(t *testing.T) {
	t.Parallel()
	user, err := runUser("")
	if err != nil {
		t.Fatal(err)
	}
	cluster := filepath.Join(t.TempDir(), strconv.Itoa(os.Getpid()))
	first, err := socketFolder(t.Context(), user, cluster, "")
	if err != nil {
		t.Fatal(err)
	}
	defer os.Remove(first)
	if same, err := socketFolder(t.Context(), user, cluster, first); err != nil || same != first {
		t.Errorf("%s and %s: %v", first, same, err)
	}
	if err := os.Chmod(first, 0o777); err != nil { // as good as foreign
		t.Fatal(err)
	}
	other, err := socketFolder(t.Context(), user, cluster, first)
	if err != nil {
		t.Fatal(err)
	}
	defer os.Remove(other)
	if other == first {
		t.Error("took a folder that others may enter")
	}
}
