package embedded

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// parentOf makes the test binary a process that starts the database of a folder and waits to be killed.
const parentOf = "EMBEDDED_TEST_PARENT_OF"

var fast = map[string]string{"fsync": "off", "max_connections": "20", "shared_buffers": "16MB"}

func TestMain(m *testing.M) {
	if dir := os.Getenv(parentOf); dir != "" {
		if _, err := StartPostgres(context.Background(), PostgresOptions{DataDir: dir, Settings: fast}); err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
		fmt.Println("ready")
		select {}
	}
	os.Exit(m.Run())
}

// dataFolder is a folder that, unlike testing's, another user may pass through when the tests run as root.
func dataFolder(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "wp-data-")
	if err == nil {
		err = os.Chmod(dir, 0o711)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	return dir
}

func mustStart(t *testing.T, dir string) *Postgres {
	t.Helper()
	p, err := StartPostgres(t.Context(), PostgresOptions{DataDir: dir, Settings: fast})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { mustStop(t, p) })
	return p
}

func mustStop(t *testing.T, p *Postgres) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	if err := p.Stop(ctx); err != nil {
		t.Error(err)
	}
}

func adminDSN(p *Postgres) string { return p.dsn("postgres", "postgres") }

func mustExec(t *testing.T, dsn string, statements ...string) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.Background())
	for _, s := range statements {
		if _, err := conn.Exec(t.Context(), s); err != nil {
			t.Fatalf("%s: %v", s, err)
		}
	}
}

func mustAsk(t *testing.T, dsn, query string) string {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.Background())
	var answer string
	if err := conn.QueryRow(t.Context(), query).Scan(&answer); err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	return answer
}

func TestFirstStart(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(dataFolder(t), "not", "yet")
	p := mustStart(t, dir)
	for query, want := range map[string]string{
		"SELECT current_user || ' ' || current_database()":                                  "waypost waypost",
		"SELECT rolsuper::text || rolcreatedb FROM pg_roles WHERE rolname = 'waypost'":      "falsetrue",
		"SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = 'waypost'":         "waypost",
		"SELECT pg_encoding_to_char(encoding) || datcollate FROM pg_database LIMIT 1":       "UTF8C",
		"SELECT current_setting('data_checksums') || current_setting('TimeZone')":           "onUTC",
		"SELECT current_setting('listen_addresses') || current_setting('max_connections')":  "20",
		"SELECT current_setting('synchronous_commit') || ' jit ' || current_setting('jit')": "on jit off",
	} {
		if got := mustAsk(t, p.DSN(), query); got != want {
			t.Errorf("%s: %q, want %q", query, got, want)
		}
	}
	if got := mustAsk(t, adminDSN(p), "SELECT current_setting('unix_socket_directories')"); got != p.socket {
		t.Errorf("socket in %s", got)
	}
	if got := mustAsk(t, adminDSN(p), "SELECT rolsuper::text FROM pg_roles WHERE rolname = current_user"); got != "true" {
		t.Error("the administrator is no superuser")
	}
	mustExec(t, p.DSN(), "CREATE TABLE t (x int)", "REVOKE UPDATE ON t FROM waypost", "CREATE DATABASE another")
	if info, err := os.Stat(p.socket); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("socket folder: %v %v", info.Mode(), err)
	}
	if group, err := syscall.Getpgid(p.process.Pid); err != nil || group == syscall.Getpgrp() {
		t.Errorf("a terminal's Ctrl-C would reach the server: %d %v", group, err)
	}
	if p.adopted {
		t.Error("adopted a server of its own")
	}
	mustStop(t, p)
	select {
	case <-p.Exited():
	default:
		t.Error("Exited is open after Stop")
	}
	if _, err := os.Stat(p.socket); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("socket folder stays: %v", err)
	}
	mustStop(t, p) // a second time is harmless
}

func TestLaterStartKeepsData(t *testing.T) {
	t.Parallel()
	dir := dataFolder(t)
	p := mustStart(t, dir)
	mustExec(t, p.DSN(), "CREATE TABLE t (x text)", "INSERT INTO t VALUES ('kept')")
	mustStop(t, p)
	if info, err := running(p.Dir()); info.pid != 0 || err != nil {
		t.Errorf("found a stopped server: %+v %v", info, err)
	}
	// A power failure may leave an empty lock file.
	user, err := runUser(p.Dir())
	if err != nil {
		t.Fatal(err)
	}
	if err := user.write(t.Context(), p.Dir(), "postmaster.pid", ""); err != nil {
		t.Fatal(err)
	}
	// A start that was interrupted leaves a stage.
	stage := filepath.Join(dir, stagePath+"1")
	if err := os.Mkdir(stage, 0o700); err != nil {
		t.Fatal(err)
	}
	if got := mustAsk(t, mustStart(t, dir).DSN(), "SELECT x FROM t"); got != "kept" {
		t.Errorf("got %q", got)
	}
}

func TestKilledServerRecovers(t *testing.T) {
	t.Parallel()
	dir := dataFolder(t)
	p := mustStart(t, dir)
	mustExec(t, p.DSN(), "CREATE TABLE t (x text)", "INSERT INTO t VALUES ('committed')")
	// A client that is still in a statement holds the shared memory for a moment after the server's death.
	conn, err := pgx.Connect(t.Context(), p.DSN())
	if err != nil {
		t.Fatal(err)
	}
	go func() { _, _ = conn.Exec(context.Background(), "SELECT pg_sleep(60)") }()
	if err := p.process.Kill(); err != nil {
		t.Fatal(err)
	}
	select {
	case <-p.Exited():
	case <-time.After(10 * time.Second):
		t.Fatal("Exited stays open")
	}
	again := mustStart(t, dir)
	if got := mustAsk(t, again.DSN(), "SELECT x FROM t"); got != "committed" {
		t.Errorf("got %q", got)
	}
	mustStop(t, p) // the dead handle neither stops nor keeps its successor
	mustStop(t, again)
	if info, err := running(p.Dir()); info.pid != 0 || err != nil {
		t.Errorf("still running: %+v %v", info, err)
	}
}

func TestOrphanIsAdopted(t *testing.T) {
	t.Parallel()
	dir := dataFolder(t)
	parent := exec.Command(os.Args[0])
	parent.Env = append(os.Environ(), parentOf+"="+dir)
	out, err := parent.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := parent.Start(); err != nil {
		t.Fatal(err)
	}
	line, _ := bufio.NewReader(out).ReadString('\n')
	_ = parent.Process.Kill()
	_ = parent.Wait()
	if line != "ready\n" {
		t.Fatalf("parent: %s", line)
	}
	p := mustStart(t, dir)
	if !p.adopted {
		t.Error("not adopted")
	}
	if got := mustAsk(t, p.DSN(), "SELECT current_user"); got != "waypost" {
		t.Errorf("got %q", got)
	}
	// One whose socket is lost cannot be used, and is replaced.
	if err := os.RemoveAll(p.socket); err != nil {
		t.Fatal(err)
	}
	replaced := mustStart(t, dir)
	if replaced.adopted {
		t.Error("adopted a server that does not answer")
	}
	select {
	case <-p.Exited():
	case <-time.After(10 * time.Second):
		t.Error("the silent server's end was not seen")
	}
}

func TestLastHandleStops(t *testing.T) {
	t.Parallel()
	dir := dataFolder(t)
	server := mustStart(t, dir)
	command := mustStart(t, dir)
	if !command.adopted || command.DSN() != server.DSN() || command.Dir() != server.Dir() {
		t.Errorf("got another server: %+v", command)
	}
	mustStop(t, server)
	if got := mustAsk(t, command.DSN(), "SELECT current_user"); got != "waypost" {
		t.Errorf("got %q", got)
	}
	mustStop(t, command)
	select {
	case <-command.Exited():
	default:
		t.Error("the last handle did not stop the server")
	}
}

func TestConcurrentStartsShareOneServer(t *testing.T) {
	t.Parallel()
	dir := dataFolder(t)
	started := make(chan *Postgres)
	for range 3 {
		go func() {
			p, err := StartPostgres(t.Context(), PostgresOptions{DataDir: dir, Settings: fast})
			if err != nil {
				t.Error(err)
			}
			started <- p
		}()
	}
	launched := 0
	for range 3 {
		p := <-started
		if p == nil {
			continue
		}
		if !p.adopted {
			launched++
		}
		t.Cleanup(func() { mustStop(t, p) })
	}
	if launched != 1 {
		t.Errorf("%d servers launched", launched)
	}
}

func TestStaleLockWithForeignProcess(t *testing.T) {
	t.Parallel()
	dir := dataFolder(t)
	p := mustStart(t, dir)
	mustStop(t, p)
	user, err := runUser(p.Dir())
	if err != nil {
		t.Fatal(err)
	}
	// Of the same user, with the folder in its arguments: the worst case.
	foreign := user.command(context.Background(), "/", "/bin/sh", "-c", "read x", "-D", p.Dir())
	hold, err := foreign.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	defer hold.Close()
	if err := foreign.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = foreign.Process.Kill(); _ = foreign.Wait() }()
	lock := fmt.Sprintf("%d\n%s\n1700000000\n5432\n%s\n\n  5432001 1\nready   \n", foreign.Process.Pid, p.Dir(), p.socket)
	if err := user.write(t.Context(), p.Dir(), "postmaster.pid", lock); err != nil {
		t.Fatal(err)
	}
	if err := claim(p.socket, user); err != nil {
		t.Fatal(err)
	}
	if err := user.write(t.Context(), p.socket, ".s.PGSQL.5432.lock", lock); err != nil {
		t.Fatal(err)
	}
	if info, err := running(p.Dir()); info.pid != 0 || err != nil {
		t.Errorf("took a foreign process for a server: %+v %v", info, err)
	}
	if again := mustStart(t, dir); again.adopted {
		t.Error("adopted a foreign process")
	}
	if err := foreign.Process.Signal(syscall.Signal(0)); err != nil {
		t.Errorf("the foreign process was harmed: %v", err)
	}
}

func TestCancelledStartLeavesNothing(t *testing.T) {
	t.Parallel()
	dir := dataFolder(t)
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		for { // as soon as a server process exists
			if info, err := readLock(filepath.Join(dir, "postgres")); ctx.Err() != nil || err == nil && info.pid != 0 {
				cancel()
				return
			}
		}
	}()
	if p, err := StartPostgres(ctx, PostgresOptions{DataDir: dir, Settings: fast}); err == nil {
		mustStop(t, p) // it was faster
	} else if !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	if info, err := running(filepath.Join(dir, "postgres")); info.pid != 0 || err != nil {
		t.Errorf("left running: %+v %v", info, err)
	}
	mustStart(t, dir)
}

func TestBrokenSettingIsNamed(t *testing.T) {
	t.Parallel()
	dir := dataFolder(t)
	_, err := StartPostgres(t.Context(), PostgresOptions{DataDir: dir, Settings: map[string]string{"fsync": "off", "no_such": "1"}})
	if err == nil || !strings.Contains(err.Error(), "no_such") {
		t.Errorf("error %v", err)
	}
}
