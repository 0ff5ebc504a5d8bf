package embedded

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"time"
)

// Two locks in the data folder order what processes do to one cluster. The start lock is held exclusively while a
// cluster is started or stopped; the use lock is held shared by every handle, so that the last one can be told.
const (
	startLock = "postgres.start.lock"
	useLock   = "postgres.use.lock"
)

// fileLock is an flock(2) that ends with the process, however that ends.
type fileLock struct {
	file *os.File
	once sync.Once
}

// tryLock takes the lock name in dir in the way how (syscall.LOCK_EX or LOCK_SH); nil when another holder excludes it.
func tryLock(dir, name string, how int) (*fileLock, error) {
	f, err := os.OpenFile(filepath.Join(dir, name), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	for {
		err = syscall.Flock(int(f.Fd()), how|syscall.LOCK_NB)
		switch {
		case err == nil:
			return &fileLock{file: f}, nil
		case errors.Is(err, syscall.EINTR):
			continue
		}
		_ = f.Close()
		if errors.Is(err, syscall.EWOULDBLOCK) {
			return nil, nil
		}
		return nil, &os.PathError{Op: "flock", Path: f.Name(), Err: err}
	}
}

// waitLock is tryLock that waits for its turn.
func waitLock(ctx context.Context, dir, name string, how int) (*fileLock, error) {
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		if l, err := tryLock(dir, name, how); l != nil || err != nil {
			return l, err
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-tick.C:
		}
	}
}

// release gives the lock up, also when a child that is just being forked still shares the file.
func (l *fileLock) release() {
	l.once.Do(func() {
		_ = syscall.Flock(int(l.file.Fd()), syscall.LOCK_UN)
		_ = l.file.Close()
	})
}
