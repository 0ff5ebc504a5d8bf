package embedded

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// runAs is the user PostgreSQL runs as. The server refuses to run as root, so root switches to another user.
type runAs struct {
	uid, gid int
	switches bool
}

// runUser is ourselves, or for root the owner of an existing cluster, else an unprivileged user of the machine
// (initdb wants one that has a passwd entry).
func runUser(cluster string) (runAs, error) {
	if os.Geteuid() != 0 {
		return runAs{uid: os.Geteuid(), gid: os.Getegid()}, nil
	}
	if info, err := os.Stat(filepath.Join(cluster, "PG_VERSION")); err == nil {
		if st, ok := info.Sys().(*syscall.Stat_t); ok && st.Uid != 0 {
			return runAs{uid: int(st.Uid), gid: int(st.Gid), switches: true}, nil
		}
	}
	for _, name := range []string{"postgres", "waypost", "daemon", "nobody"} {
		u, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, uerr := strconv.Atoi(u.Uid)
		gid, gerr := strconv.Atoi(u.Gid)
		if uerr == nil && gerr == nil && uid > 0 {
			return runAs{uid: uid, gid: gid, switches: true}, nil
		}
	}
	return runAs{}, errors.New("PostgreSQL does not run as root and this machine has no user postgres or nobody to run it as")
}

// command prepares a program run as the user, in a process group of its own so that a terminal's Ctrl-C does not reach
// it. dir must be one that the user may enter.
func (r runAs) command(ctx context.Context, dir, program string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Dir = dir
	cmd.Env = childEnv()
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if r.switches {
		cmd.SysProcAttr.Credential = &syscall.Credential{Uid: uint32(r.uid), Gid: uint32(r.gid)}
	}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	return cmd
}

// childEnv drops libpq's variables (PGPORT, PGDATA and others would change the server's settings) and fixes the
// language of messages, some of which are looked at.
func childEnv() []string {
	var env []string
	for _, v := range os.Environ() {
		if !strings.HasPrefix(v, "PG") && !strings.HasPrefix(v, "LC_") && !strings.HasPrefix(v, "LANG") {
			env = append(env, v)
		}
	}
	return append(env, "LC_ALL=C")
}

// canEnter tells, by trying, whether the user may enter dir: a folder below a root-only home cannot be.
func (r runAs) canEnter(ctx context.Context, dir string) bool {
	return !r.switches || r.command(ctx, dir, "/bin/sh", "-c", ":").Run() == nil
}

// write replaces a file in a folder of the user. The user does it: root must not follow what the user can put there.
func (r runAs) write(ctx context.Context, dir, name, content string) error {
	cmd := r.command(ctx, dir, "/bin/sh", "-c", `umask 077 && cat > "$0"`, name)
	cmd.Stdin = strings.NewReader(content)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("write %s in %s: %w: %s", name, dir, err, lastLines(string(out), 1))
	}
	return nil
}

// own gives a file or folder to the user.
func (r runAs) own(path string) error {
	if !r.switches {
		return nil
	}
	return os.Lchown(path, r.uid, r.gid)
}

// ownAll gives a cluster that root owns (restored from a copy, say) to the user.
func (r runAs) ownAll(dir string) error {
	return filepath.WalkDir(dir, func(path string, _ fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		return r.own(path)
	})
}

// owns tells whether the file belongs to the user.
func (r runAs) owns(info fs.FileInfo) bool {
	st, ok := info.Sys().(*syscall.Stat_t)
	return ok && int(st.Uid) == r.uid
}
