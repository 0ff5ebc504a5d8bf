package embedded

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

const (
	pollEvery    = 20 * time.Millisecond
	answerLimit  = 5 * time.Second // for a server that says it is ready
	readyLimit   = 5 * time.Minute // for crash recovery
	progressLog  = 5 * time.Second
	watchAdopted = 200 * time.Millisecond
	abortLimit   = 5 * time.Second // for an immediate shutdown
)

var (
	errExited = errors.New("the database server ended")
	errSilent = errors.New("the database server does not answer")
)

// lockInfo is the part of postmaster.pid that is needed (PostgreSQL, src/include/utils/pidfile.h).
type lockInfo struct {
	pid    int
	socket string // folder
	status string // starting, ready, standby, stopping
}

// readLock reads a cluster's postmaster.pid. Lines the server has not written yet are empty.
func readLock(dir string) (lockInfo, error) {
	b, err := os.ReadFile(filepath.Join(dir, "postmaster.pid"))
	if err != nil {
		return lockInfo{}, err
	}
	lines := append(strings.Split(string(b), "\n"), make([]string, 8)...)
	pid, _ := strconv.Atoi(strings.TrimSpace(lines[0]))
	// A standalone backend writes its pid negative.
	return lockInfo{pid: max(pid, -pid), socket: lines[4], status: strings.TrimSpace(lines[7])}, nil
}

// running gives the live server of a cluster; pid 0 when there is none.
func running(dir string) (lockInfo, error) {
	info, err := readLock(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return lockInfo{}, nil
	}
	if err != nil {
		return lockInfo{}, err
	}
	program, args := commandLine(info.pid)
	switch filepath.Base(program) {
	case "postgres", "postmaster":
		if strings.Contains(" "+args+" ", " -D "+dir+" ") {
			return info, nil
		}
	}
	return lockInfo{}, nil
}

// commandLine gives program and arguments of a process; empty when it is gone or a zombie.
func commandLine(pid int) (program, args string) {
	if pid <= 0 {
		return "", ""
	}
	if _, err := os.Stat("/proc/self/cmdline"); err == nil {
		b, _ := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid))
		program, args, _ = strings.Cut(strings.TrimRight(string(b), "\x00"), "\x00")
		return program, strings.ReplaceAll(args, "\x00", " ")
	}
	out, _ := exec.Command("ps", "-ww", "-o", "command=", "-p", strconv.Itoa(pid)).Output()
	program, args, _ = strings.Cut(strings.TrimSpace(string(out)), " ")
	return program, args
}

// clearStale makes the lock files of a server that is gone harmless. The server does so itself, unless a foreign
// process with the same user has got the pid since. The file of the cluster also names the shared memory by which a
// server notices what is left of its predecessor, so only the pid in it is changed, to one that cannot exist.
func clearStale(ctx context.Context, dir, socket string, user runAs) error {
	path := filepath.Join(dir, "postmaster.pid")
	b, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err == nil {
		_, rest, whole := strings.Cut(string(b), "\n")
		if whole {
			err = user.write(ctx, dir, "postmaster.pid", "2147483647\n"+rest)
		} else { // torn by a power failure
			err = os.Remove(path)
		}
		if err != nil {
			return err
		}
	}
	for _, left := range []string{socketPath(socket), socketPath(socket) + ".lock"} {
		if err := os.Remove(left); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}

// launch starts the server of p's cluster as a child. Its first words go to a file, as a pipe would end with us.
func (p *Postgres) launch(user runAs, bins binaries) error {
	early, err := os.OpenFile(p.earlyLog(), os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	defer early.Close() // the child has its own
	cmd := user.command(context.Background(), p.dir, bins.path("postgres"), "-D", p.dir, "-c", "config_file="+filepath.Join(p.dir, configFile),
		"-c", "listen_addresses=", "-c", "unix_socket_directories="+p.socket, "-c", "port="+socketPort)
	cmd.Stdout, cmd.Stderr = early, early
	if err := cmd.Start(); err != nil {
		return err
	}
	p.process, p.adopted = cmd.Process, false
	exited := make(chan struct{})
	p.exited = exited
	go func() {
		_ = cmd.Wait() // why it ended stands in its log
		close(exited)
	}()
	return nil
}

// adopt takes over a running server that is not our child.
func (p *Postgres) adopt(info lockInfo) error {
	process, err := os.FindProcess(info.pid)
	if err != nil {
		return err
	}
	p.process, p.socket, p.adopted = process, info.socket, true
	exited := make(chan struct{})
	p.exited = exited
	go func() {
		tick := time.NewTicker(watchAdopted)
		defer tick.Stop()
		for {
			select {
			case <-p.done:
				return
			case <-tick.C:
			}
			if program, _ := commandLine(info.pid); program == "" {
				close(exited)
				return
			}
		}
	}()
	return nil
}

// awaitReady waits until the server answers, as long as it lives; crash recovery may take minutes, which are not waited
// for beyond the patience, where there is one.
func (p *Postgres) awaitReady(ctx context.Context, patience time.Duration) error {
	ctx, cancel := context.WithTimeoutCause(ctx, readyLimit,
		errors.New("the database is still recovering: start again to go on waiting"))
	defer cancel()
	tick, slow := time.NewTicker(pollEvery), time.NewTicker(progressLog)
	defer tick.Stop()
	defer slow.Stop()
	var silent, enough <-chan time.Time
	if patience > 0 {
		enough = time.After(patience)
	}
	for {
		info, err := readLock(p.dir)
		if err == nil && info.pid == p.process.Pid && info.status == "ready" {
			if answers(ctx, p.socket) {
				return nil
			}
			if silent == nil {
				silent = time.After(answerLimit)
			}
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-p.exited:
			return errExited
		case <-silent:
			return errSilent
		case <-enough:
			if silent == nil { // one that says it is ready has to answer
				p.recovering = true
				return nil
			}
		case <-slow.C:
			p.log.InfoContext(ctx, "waiting for the database", "status", info.status, "log", p.lastLog())
		case <-tick.C:
		}
	}
}

// answers tells whether a server process answers on the socket: asked for TLS, it says a byte, whatever its load.
func answers(ctx context.Context, socket string) bool {
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	conn, err := new(net.Dialer).DialContext(ctx, "unix", socketPath(socket))
	if err != nil {
		return false
	}
	defer conn.Close()
	defer context.AfterFunc(ctx, func() { conn.Close() })()
	if _, err := conn.Write([]byte{0, 0, 0, 8, 4, 210, 22, 47}); err != nil { // SSLRequest: length 8, code 80877103
		return false
	}
	_, err = conn.Read(make([]byte, 1))
	return err == nil
}

// shutdown ends the server: fast (clients are cut, a checkpoint is written), and at once when ctx ends before that.
func (p *Postgres) shutdown(ctx context.Context) error {
	if err := p.process.Signal(os.Interrupt); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("stop postgres: %w", err)
	}
	select {
	case <-p.exited:
		return nil
	case <-ctx.Done():
	}
	_ = p.process.Signal(syscall.SIGQUIT) // a server that is gone is what we want
	select {
	case <-p.exited:
		return fmt.Errorf("stop postgres: ended at once, it will recover at the next start: %w", ctx.Err())
	case <-time.After(abortLimit):
		return fmt.Errorf("stop postgres: process %d does not end: %w", p.process.Pid, ctx.Err())
	}
}

func (p *Postgres) earlyLog() string { return filepath.Join(p.dataDir, "postgres.log") }

// memoryHeld tells whether the server would not start because processes of a killed predecessor have not ended yet.
func (p *Postgres) memoryHeld() bool {
	b, _ := os.ReadFile(p.earlyLog())
	return strings.Contains(string(b), "pre-existing shared memory block")
}

// lastLog is the end of what the server said last, for error messages and patience.
func (p *Postgres) lastLog() string {
	folder := filepath.Join(p.dir, "log")
	entries, _ := os.ReadDir(folder) // absent before the first start
	paths := []string{p.earlyLog()}
	for _, e := range entries {
		paths = append(paths, filepath.Join(folder, e.Name()))
	}
	var content []byte
	var changed time.Time
	for _, path := range paths {
		info, err := os.Lstat(path)
		if err != nil || !info.Mode().IsRegular() || info.Size() == 0 || info.ModTime().Before(changed) {
			continue
		}
		if b, err := os.ReadFile(path); err == nil {
			content, changed = b, info.ModTime()
		}
	}
	return lastLines(string(content), 4)
}
