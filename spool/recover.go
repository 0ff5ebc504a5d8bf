package spool

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
)

const segmentSuffix = ".seg"

// recover finds the segments of earlier processes.
func (s *Spool) recover() error {
	files, err := os.ReadDir(s.dir)
	if err != nil {
		return err
	}
	var ids []uint64
	for _, f := range files {
		number, rest, _ := strings.Cut(f.Name(), ".")
		id, err := strconv.ParseUint(number, 10, 63)
		if err != nil {
			continue
		}
		s.lastID = max(s.lastID, id) // of damaged ones too: a number is used once
		if "."+rest == segmentSuffix {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	for i, id := range ids {
		if err := s.recoverSegment(id, i == len(ids)-1); err != nil {
			return err
		}
	}
	return nil
}

// recoverSegment checks one segment. In the last one a torn tail is cut: an incomplete record, or zeros, which is what
// a crash leaves of a write that nobody was told of, and room that was not used. Any other damage ends the segment at the
// first bad record. A power cut during a write into room may look like that: then the file is kept although nothing
// acknowledged is in its bad part.
func (s *Spool) recoverSegment(id uint64, last bool) error {
	ctx := context.Background()
	sg := &segment{id: id, path: s.path(id), sealed: true}
	f, err := os.OpenFile(sg.path, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	sg.created, sg.records, sg.end, err = check(f, info.Size())
	bad := info.Size() - sg.end
	switch {
	case errors.Is(err, errVersion):
		return fmt.Errorf("%s: %w", sg.path, err)
	case bad > 0 && last && (err == errShort || zeros(f, sg.end)):
		s.o.Log.WarnContext(ctx, "spool: torn tail or unused room is cut", "segment", sg.path, "offset", sg.end, "bytes", bad)
		if err := errors.Join(f.Truncate(sg.end), f.Sync()); err != nil {
			s.o.Log.ErrorContext(ctx, "spool: torn tail cannot be cut", "segment", sg.path, "error", err)
		}
	case bad > 0:
		sg.damaged, sg.damagedAt = true, sg.end
		s.o.Log.ErrorContext(ctx, "spool: DAMAGED segment: the rest of it is not loaded, the file is kept",
			"segment", sg.path, "offset", sg.end, "bytes", bad, "good_records", sg.records, "error", err)
	case err == errHeader:
		s.o.Log.ErrorContext(ctx, "spool: damaged segment header, the records are good", "segment", sg.path)
	}
	if sg.created.IsZero() {
		sg.created = info.ModTime()
	}
	if sg.records == 0 {
		s.remove(sg)
		return nil
	}
	s.segments = append(s.segments, sg)
	s.unreleased += sg.records
	return nil
}

// zeros tells whether f holds nothing but zero bytes from off on.
func zeros(f io.ReaderAt, off int64) bool {
	r := bufio.NewReaderSize(io.NewSectionReader(f, off, 1<<62), 64<<10)
	for {
		b, err := r.ReadByte()
		if err != nil || b != 0 {
			return err == io.EOF
		}
	}
}

func (s *Spool) path(id uint64) string {
	return filepath.Join(s.dir, fmt.Sprintf("%016d%s", id, segmentSuffix))
}

// find gives the segment, or nil. The caller holds mu.
func (s *Spool) find(id uint64) *segment {
	for _, sg := range s.segments {
		if sg.id == id {
			return sg
		}
	}
	return nil
}

// retire takes sg off the list if it is finished, and tells the caller, who holds mu, to remove its file after that.
func (s *Spool) retire(sg *segment) bool {
	i := slices.Index(s.segments, sg)
	if i < 0 || !sg.sealed || sg.released < sg.records {
		return false
	}
	s.segments = slices.Delete(s.segments, i, i+1)
	return true
}

// remove deletes the file of a finished segment, or renames it if there is something in it that was never loaded. If a
// crash undoes that, the segment is delivered again.
func (s *Spool) remove(sg *segment) {
	var err error
	if sg.damaged {
		err = os.Rename(sg.path, fmt.Sprintf("%s.damaged-at-%d", strings.TrimSuffix(sg.path, segmentSuffix), sg.damagedAt))
	} else {
		err = os.Remove(sg.path)
	}
	if err != nil {
		s.o.Log.WarnContext(context.Background(), "spool: finished segment stays; it is delivered again after a restart",
			"segment", sg.path, "error", err)
	}
}

func createFile(path string) (File, error) {
	return os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
}

// makeDir makes dir and its missing parents, durably.
func makeDir(dir string) error {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return err
	}
	if info, err := os.Stat(dir); err == nil && info.IsDir() {
		return nil
	}
	parent := filepath.Dir(dir)
	if parent != dir {
		if err := makeDir(parent); err != nil {
			return err
		}
	}
	if err := os.Mkdir(dir, 0o700); err != nil && !errors.Is(err, os.ErrExist) {
		return err
	}
	return syncDir(parent)
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Sync()
}

// lockDir takes the folder for this process. The kernel gives it back however the process ends.
func lockDir(dir string) (*os.File, error) {
	f, err := os.OpenFile(filepath.Join(dir, "lock"), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		_ = f.Close()
		if errors.Is(err, syscall.EWOULDBLOCK) {
			return nil, ErrLocked
		}
		return nil, err
	}
	return f, nil
}

// unlockDir unlocks before it closes: a child process that is just being started holds a copy of the file for a moment.
func unlockDir(lock *os.File) error {
	return errors.Join(syscall.Flock(int(lock.Fd()), syscall.LOCK_UN), lock.Close())
}
