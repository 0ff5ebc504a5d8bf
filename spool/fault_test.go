package spool

import (
	"context"
	"errors"
	"os"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// fault is a way in which the disk fails.
type fault int

const (
	faultNone fault = iota
	faultCreate
	faultWrite      // nothing is written
	faultShort      // the first half is written, ENOSPC
	faultShortQuiet // the first half is written, no error
	faultSync
	faultSyncAndTruncate
)

var faults = []fault{faultCreate, faultWrite, faultShort, faultShortQuiet, faultSync}

// faultyDisk makes files that fail on demand.
type faultyDisk struct {
	mu    sync.Mutex
	mode  fault
	times int           // operations still to fail
	hang  chan struct{} // Sync waits until it is closed; nil: it does not
	hung  chan struct{} // is sent to when a Sync begins to wait
}

func (d *faultyDisk) fail(mode fault, times int) {
	d.mu.Lock()
	d.mode, d.times = mode, times
	d.mu.Unlock()
}

// hit tells whether an operation of one of these kinds is to fail, and how.
func (d *faultyDisk) hit(modes ...fault) fault {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, m := range modes {
		if d.mode == m && d.times > 0 {
			d.times--
			return m
		}
	}
	return faultNone
}

func (d *faultyDisk) create(path string) (File, error) {
	if d.hit(faultCreate) != faultNone {
		return nil, syscall.ENOSPC
	}
	f, err := createFile(path)
	if err != nil {
		return nil, err
	}
	return &faultyFile{File: f, disk: d}, nil
}

type faultyFile struct {
	File
	disk *faultyDisk
}

func (f *faultyFile) Write(b []byte) (int, error) {
	switch f.disk.hit(faultWrite, faultShort, faultShortQuiet) {
	case faultWrite:
		return 0, syscall.EIO
	case faultShort:
		n, _ := f.File.Write(b[:len(b)/2])
		return n, syscall.ENOSPC
	case faultShortQuiet:
		return f.File.Write(b[:len(b)/2])
	}
	return f.File.Write(b)
}

func (f *faultyFile) Sync() error {
	if f.disk.hang != nil {
		f.disk.hung <- struct{}{}
		<-f.disk.hang
	}
	if f.disk.hit(faultSync, faultSyncAndTruncate) != faultNone {
		return syscall.EIO
	}
	return f.File.Sync()
}

func (f *faultyFile) Truncate(size int64) error {
	if f.disk.hit(faultSyncAndTruncate) != faultNone {
		return syscall.EIO
	}
	return f.File.Truncate(size)
}

// TestDiskFails: whatever fails, and however often, refused appends are errors, later ones work, and exactly the
// acknowledged records are read back, at once and after a restart.
func TestDiskFails(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name  string
		mode  fault
		times int
	}{
		{"create", faultCreate, 2}, {"write", faultWrite, 1}, {"write, then header", faultWrite, 3},
		{"short write", faultShort, 1}, {"short write without error", faultShortQuiet, 3},
		{"fsync", faultSync, 1}, {"fsync for long", faultSync, 5},
		{"fsync and truncate", faultSyncAndTruncate, 2},
	} {
		for _, fresh := range []bool{true, false} {
			t.Run(tc.name, func(t *testing.T) {
				t.Parallel()
				dir := t.TempDir()
				disk := &faultyDisk{}
				segment := int64(1) // every append opens one, or only the first
				if !fresh {
					segment = 1 << 20
				}
				s := mustOpen(t, dir, Options{Create: disk.create, SegmentBytes: segment})
				mustAppend(t, s, record(1, 50), record(2, 50))
				acknowledged := []Record{record(1, 50), record(2, 50)}
				if tc.mode == faultCreate && !fresh { // the next batch must open one
					disk.fail(faultWrite, 1)
					if err := s.Append(t.Context(), record(90, 5)); !errors.Is(err, ErrUnwritable) {
						t.Fatal(err)
					}
				}
				disk.fail(tc.mode, tc.times)
				refused := 0
				for n := uint64(3); n < 13; n++ {
					err := s.Append(t.Context(), record(n, 50))
					since, failing := s.Err()
					if err == nil {
						acknowledged = append(acknowledged, record(n, 50))
						if failing != nil {
							t.Errorf("Err after a good append: %v", failing)
						}
						continue
					}
					refused++
					if !errors.Is(err, ErrUnwritable) {
						t.Errorf("%v, want ErrUnwritable", err)
					}
					if failing == nil || since.IsZero() {
						t.Errorf("Err after a failed append: %v since %v", failing, since)
					}
				}
				if refused == 0 || len(acknowledged) < 5 {
					t.Errorf("%d refused, %d acknowledged: want some of both", refused, len(acknowledged))
				}
				if diff := cmp.Diff(acknowledged, mustDrain(t, s, false)); diff != "" {
					t.Errorf("in the same process (-want +got):\n%s", diff)
				}
				mustClose(t, s)
				s = mustOpen(t, dir, Options{})
				got := mustDrain(t, s, true)
				if tc.mode == faultSyncAndTruncate { // refused records may come back, no acknowledged one may be missing
					got = without(got, acknowledged)
				}
				if diff := cmp.Diff(acknowledged, got); diff != "" {
					t.Errorf("after a restart (-want +got):\n%s", diff)
				}
			})
		}
	}
}

// without leaves out of got what is not in want.
func without(got, want []Record) (out []Record) {
	for _, r := range got {
		for _, w := range want {
			if r.ID == w.ID {
				out = append(out, r)
			}
		}
	}
	return out
}

func TestRecoversWithoutTraffic(t *testing.T) {
	t.Parallel()
	disk := &faultyDisk{}
	s := mustOpen(t, t.TempDir(), Options{Create: disk.create})
	disk.fail(faultSync, 1)
	if err := s.Append(t.Context(), record(1, 1)); !errors.Is(err, ErrUnwritable) {
		t.Fatal(err)
	}
	for {
		if _, err := s.Err(); err == nil {
			break
		}
		if t.Context().Err() != nil {
			t.Fatal("still failing")
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// TestDiskHangs: nothing is acknowledged or delivered before its fsync returns; appends give up with their context, Err reports the hang, waiting records stay bounded, and all that
// was acknowledged in the end is there.
func TestDiskHangs(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	now := time.Now()
	disk := &faultyDisk{}
	s := mustOpen(t, t.TempDir(), Options{Create: disk.create, Now: func() time.Time {
		mu.Lock()
		defer mu.Unlock()
		return now
	}})
	mustAppend(t, s, record(0, 1))
	mustDrain(t, s, true)
	disk.hang, disk.hung = make(chan struct{}), make(chan struct{}, 100)
	first := make(chan error)
	go func() { first <- s.Append(t.Context(), record(1, 1)) }()
	<-disk.hung
	if _, err := s.Err(); err != nil {
		t.Errorf("just begun: %v", err)
	}
	if got := mustDrain(t, s, false); len(got) != 0 {
		t.Errorf("%d records are delivered before their fsync has returned", len(got))
	}
	ended, cancel := context.WithTimeout(t.Context(), time.Millisecond)
	defer cancel()
	if err := s.Append(ended, record(1, 1)); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("append while fsync hangs: %v", err)
	}
	mu.Lock()
	now = now.Add(stallAfter + time.Second)
	mu.Unlock()
	if _, err := s.Err(); !errors.Is(err, ErrUnwritable) {
		t.Errorf("hangs for 3 s: %v", err)
	}
	const n = maxBatch/MaxPayload + 8 // more than may wait
	var wg sync.WaitGroup
	errs := make(chan error, n)
	for i := range uint64(n) {
		wg.Go(func() { errs <- s.Append(t.Context(), record(2+i, MaxPayload)) })
	}
	for {
		s.mu.Lock()
		waiting := len(s.pending.buf)
		s.mu.Unlock()
		if waiting > maxBatch {
			t.Fatalf("%d bytes wait", waiting)
		}
		if waiting > maxBatch-2*MaxPayload {
			break
		}
		time.Sleep(time.Millisecond)
	}
	close(disk.hang)
	wg.Wait()
	close(errs)
	for err := range errs {
		if err != nil {
			t.Error(err)
		}
	}
	if err := <-first; err != nil {
		t.Error(err)
	}
	if got := mustDrain(t, s, true); len(got) != n+2 {
		t.Errorf("%d records, want %d", len(got), n+2)
	}
}

// TestDiskForgets: bytes that were durable change or vanish while the process runs. What is still good is delivered,
// the file is kept, and the spool goes on.
func TestDiskForgets(t *testing.T) {
	t.Parallel()
	for _, active := range []bool{true, false} {
		for _, how := range []string{"changed", "cut", "gone"} {
			t.Run(how, func(t *testing.T) {
				t.Parallel()
				dir := t.TempDir()
				s := mustOpen(t, dir, Options{SegmentBytes: 300})
				mustAppend(t, s, record(1, 100), record(2, 100), record(3, 100))
				want := []Record{record(1, 100)}
				if !active {
					mustAppend(t, s, record(4, 100))
					want = append(want, record(4, 100))
				}
				path := segmentFiles(t, dir)[0]
				switch how {
				case "changed":
					b, _ := os.ReadFile(path)
					b[segmentHeader+125+60] ^= 4
					if err := os.WriteFile(path, b, 0o600); err != nil {
						t.Fatal(err)
					}
				case "cut":
					if err := os.Truncate(path, segmentHeader+125+60); err != nil {
						t.Fatal(err)
					}
				case "gone":
					if err := os.Remove(path); err != nil {
						t.Fatal(err)
					}
					want = want[1:]
				}
				got := mustDrain(t, s, true)
				mustAppend(t, s, record(5, 100))
				got = append(got, mustDrain(t, s, true)...)
				if diff := cmp.Diff(append(want, record(5, 100)), got); diff != "" {
					t.Errorf("-want +got:\n%s", diff)
				}
				if err := s.WaitDrained(t.Context()); err != nil {
					t.Error(err)
				}
				mustClose(t, s)
				if files, _ := os.ReadDir(dir); how != "gone" && len(files) != 2 {
					t.Errorf("left: %v, want the lock and the damaged segment", files)
				}
			})
		}
	}
}

// TestDamageDuringWrite: records behind a damaged place would never be read, so their append must fail.
func TestDamageDuringWrite(t *testing.T) {
	t.Parallel()
	disk := &faultyDisk{}
	s := mustOpen(t, t.TempDir(), Options{Create: disk.create})
	mustAppend(t, s, record(1, 100))
	if err := os.Truncate(s.path(1), segmentHeader+60); err != nil {
		t.Fatal(err)
	}
	disk.hang, disk.hung = make(chan struct{}), make(chan struct{}, 100)
	second := make(chan error)
	go func() { second <- s.Append(t.Context(), record(2, 100)) }()
	<-disk.hung
	if got := mustDrain(t, s, true); len(got) != 0 {
		t.Errorf("read %v", got)
	}
	close(disk.hang)
	if err := <-second; !errors.Is(err, ErrUnwritable) {
		t.Errorf("append behind the damage: %v, want ErrUnwritable", err)
	}
	mustAppend(t, s, record(3, 100))
	if diff := cmp.Diff([]Record{record(3, 100)}, mustDrain(t, s, true)); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}
