package spool

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// mustRoom appends until the active segment is one that was made in advance, and gives what was appended.
func mustRoom(t testing.TB, s *Spool) (rs []Record) {
	t.Helper()
	for n := uint64(1); n < 100_000; n++ {
		rs = append(rs, record(n, 100))
		mustAppend(t, s, rs[len(rs)-1])
		files := segmentFiles(t, s.dir)
		info, err := os.Stat(files[len(files)-1])
		if err != nil {
			t.Fatal(err)
		}
		s.mu.Lock()
		end := s.segments[len(s.segments)-1].end
		s.mu.Unlock()
		if info.Size() == s.o.SegmentBytes && end < s.o.SegmentBytes/2 {
			return rs
		}
	}
	t.Fatal("no segment was written into room")
	return nil
}

// TestRoomIsUsed: segments go into files of zeros once the spool is busy, and nothing of them stays.
func TestRoomIsUsed(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := mustOpen(t, dir, Options{SegmentBytes: 8 << 10})
	rs := mustRoom(t, s)
	if diff := cmp.Diff(rs, mustDrain(t, s, false)); diff != "" {
		t.Fatalf("read (-want +got):\n%s", diff)
	}
	mustClose(t, s)
	files := segmentFiles(t, dir)
	last, err := os.ReadFile(files[len(files)-1])
	if err != nil {
		t.Fatal(err)
	}
	if _, _, end, err := check(bytes.NewReader(last), int64(len(last))); err != nil || end != int64(len(last)) {
		t.Errorf("sealed at %d of %d bytes: %v", end, len(last), err)
	}
	if _, err := os.Stat(filepath.Join(dir, roomName)); !os.IsNotExist(err) {
		t.Errorf("room is left: %v", err)
	}
	s = mustOpen(t, dir, Options{})
	if diff := cmp.Diff(rs, mustDrain(t, s, true)); diff != "" {
		t.Fatalf("reopened (-want +got):\n%s", diff)
	}
	mustClose(t, s)
	if left := append(segmentFiles(t, dir), filepath.Base(dir)); len(left) != 1 || len(damagedFiles(t, dir)) != 0 {
		t.Errorf("left: %v", left)
	}
}

// TestRoomCutAtEveryByte: a crash leaves zeros from any byte on of what was last written into room. What ends before it
// is read; the file is kept aside where a part of a record is there, and the next life goes on.
func TestRoomCutAtEveryByte(t *testing.T) {
	t.Parallel()
	rs := []Record{record(1, 30), record(2, 40)}
	data, ends := segmentOf(rs...)
	for cut := range len(data) + 1 {
		dir := t.TempDir()
		var want []Record
		for i, end := range ends {
			if end <= cut {
				want = append(want, rs[i])
			}
		}
		whole := make([]byte, len(data)+500)
		copy(whole, data[:cut])
		mustWrite(t, (&Spool{dir: dir}).path(7), whole)
		mustWrite(t, filepath.Join(dir, roomName), whole) // a crash leaves it too
		s := mustOpen(t, dir, Options{})
		mustAppend(t, s, record(9, 9))
		got := mustDrain(t, s, true)
		if end := ends[len(ends)-1]; cut < end && cut > 0 && data[end-1] == 0 && len(got) > len(want)+1 {
			want = append(want, got[len(want)]) // its last bytes are zeros themselves
		}
		if diff := cmp.Diff(append(want, record(9, 9)), got); diff != "" {
			t.Fatalf("cut at %d (-want +got):\n%s", cut, diff)
		}
		mustClose(t, s)
		if left := segmentFiles(t, dir); len(left) != 0 {
			t.Fatalf("cut at %d leaves %v", cut, left)
		}
	}
}
