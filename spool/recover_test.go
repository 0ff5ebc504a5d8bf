package spool

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// segmentOf is the content of a segment of these records, and where each ends.
func segmentOf(rs ...Record) (data []byte, ends []int) {
	data = appendSegmentHeader(nil, time.UnixMilli(1_700_000_000_000))
	for _, r := range rs {
		data = appendRecord(data, r)
		ends = append(ends, len(data))
	}
	return data, ends
}

func mustWrite(t testing.TB, path string, data []byte) {
	t.Helper()
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
}

// damagedFiles gives the contents of the files that were put aside.
func damagedFiles(t testing.TB, dir string) (out [][]byte) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*.damaged-at-*"))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		b, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, b)
	}
	return out
}

// TestTruncatedAtEveryByte: the records that end before the cut are read, nothing else is, and the next process,
// which finds the segment in the middle, sees no damage.
func TestTruncatedAtEveryByte(t *testing.T) {
	t.Parallel()
	rs := []Record{record(1, 0), record(2, 40), record(3, 1), record(4, 130), record(5, 17)}
	data, ends := segmentOf(rs...)
	name := filepath.Base((&Spool{}).path(7))
	dir := t.TempDir()
	for cut := range len(data) + 1 {
		var want []Record
		for i, end := range ends {
			if end <= cut {
				want = append(want, rs[i])
			}
		}
		mustWrite(t, filepath.Join(dir, name), data[:cut])
		s := mustOpen(t, dir, Options{})
		if diff := cmp.Diff(want, mustDrain(t, s, false)); diff != "" {
			t.Fatalf("cut at %d (-want +got):\n%s", cut, diff)
		}
		mustAppend(t, s, record(9, 9))
		mustClose(t, s)
		s = mustOpen(t, dir, Options{})
		if diff := cmp.Diff(append(want, record(9, 9)), mustDrain(t, s, true)); diff != "" {
			t.Fatalf("cut at %d, reopened (-want +got):\n%s", cut, diff)
		}
		mustClose(t, s)
		if files := append(segmentFiles(t, dir), fmt.Sprint(damagedFiles(t, dir))); len(files) != 1 || files[0] != "[]" {
			t.Fatalf("cut at %d leaves %v", cut, files)
		}
	}
}

// TestBitFlips: a flipped bit anywhere never invents or changes a record, keeps all those before it, does not touch the
// other segment, and no byte of the damaged one is deleted unless it can be a torn tail.
func TestBitFlips(t *testing.T) {
	t.Parallel()
	rs := []Record{record(1, 3), record(2, 40), record(3, 0), record(4, 20)}
	data, ends := segmentOf(rs...)
	other, _ := segmentOf(record(50, 5))
	for _, last := range []bool{true, false} {
		t.Run(fmt.Sprintf("last=%v", last), func(t *testing.T) {
			t.Parallel()
			for i := range data {
				dir := t.TempDir()
				flipped := bytes.Clone(data)
				flipped[i] ^= 1 << (i % 8)
				ids := []uint64{1, 2}
				if last {
					ids = []uint64{2, 1}
				}
				paths := &Spool{dir: dir}
				mustWrite(t, paths.path(ids[0]), flipped)
				mustWrite(t, paths.path(ids[1]), other)

				var want []Record // all if the flip is in the segment's header, which the records do not need
				for j, end := range ends {
					if i < segmentHeader || end <= i {
						want = append(want, rs[j])
					}
				}
				if last {
					want = append([]Record{record(50, 5)}, want...)
				} else {
					want = append(want, record(50, 5))
				}
				s := mustOpen(t, dir, Options{})
				if diff := cmp.Diff(want, mustDrain(t, s, true)); diff != "" {
					t.Fatalf("bit flipped in byte %d (-want +got):\n%s", i, diff)
				}
				mustClose(t, s)
				kept := damagedFiles(t, dir)
				torn := last && decodesShort(flipped)
				if i >= segmentHeader && !torn && (len(kept) != 1 || !bytes.Equal(kept[0], flipped)) {
					t.Fatalf("bit flipped in byte %d: %d files kept, want the damaged one", i, len(kept))
				}
			}
		})
	}
}

// decodesShort tells whether the segment looks like one whose last write was cut short.
func decodesShort(data []byte) bool {
	_, _, _, err := check(bytes.NewReader(data), int64(len(data)))
	return err == errShort
}

func TestTailOfZerosIsCut(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	data, _ := segmentOf(record(1, 30))
	mustWrite(t, (&Spool{dir: dir}).path(1), append(data, make([]byte, 200_000)...))
	s := mustOpen(t, dir, Options{})
	if diff := cmp.Diff([]Record{record(1, 30)}, mustDrain(t, s, true)); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	mustClose(t, s)
	if kept := damagedFiles(t, dir); len(kept) != 0 {
		t.Errorf("%d files kept", len(kept))
	}
}

func TestForeignFiles(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	paths := &Spool{dir: dir}
	mustWrite(t, filepath.Join(dir, "notes.seg"), []byte("not ours"))
	mustWrite(t, paths.path(3), []byte(strings.Repeat("not a segment\n", 9)))
	mustWrite(t, strings.TrimSuffix(paths.path(8), segmentSuffix)+".damaged-at-99", []byte("older damage"))
	s := mustOpen(t, dir, Options{})
	mustAppend(t, s, record(1, 1))
	if files := segmentFiles(t, dir); len(files) != 2 || files[0] != paths.path(9) {
		t.Errorf("segments %v, want number 9, as 8 was used, and the foreign file", files)
	}
	if kept := damagedFiles(t, dir); len(kept) != 2 {
		t.Errorf("%d damaged files, want 2", len(kept))
	}
	mustClose(t, s)

	newer := appendSegmentHeader(nil, time.UnixMilli(1))
	newer[8]++
	binary.LittleEndian.PutUint32(newer[20:], crc32.Checksum(newer[:20], castagnoli))
	mustWrite(t, paths.path(20), newer)
	if _, err := Open(dir, Options{}); err == nil || !strings.Contains(err.Error(), "another version") {
		t.Errorf("segment of a newer version: %v", err)
	}
	if err := os.Remove(paths.path(20)); err != nil {
		t.Fatal(err)
	}
	mustOpen(t, dir, Options{}) // the refused Open gave the lock back
}

// FuzzSegment: whatever the bytes, check does not panic, and what it calls good is exactly what lies in the file.
func FuzzSegment(f *testing.F) {
	whole, ends := segmentOf(record(1, 0), record(2, 30), record(3, 7))
	f.Add(whole)
	f.Add(whole[:ends[1]+5])
	f.Add(whole[:10])
	f.Add(append(bytes.Clone(whole), make([]byte, 40)...))
	f.Add(append(bytes.Clone(whole), 0xff, 0xff, 0, 0, 1, 2, 3, 4, 5))
	f.Add(append(bytes.Repeat([]byte{'x'}, segmentHeader), whole[segmentHeader:]...))
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, data []byte) {
		r := bytes.NewReader(data)
		_, records, end, err := check(r, int64(len(data)))
		if len(data) == 0 {
			return
		}
		if end > int64(len(data)) || (err == nil) != (end == int64(len(data))) && err != errHeader {
			t.Fatalf("end %d of %d bytes, error %v", end, len(data), err)
		}
		if end == 0 {
			return
		}
		again := bytes.Clone(data[:segmentHeader])
		sc := scanner{r: r, off: segmentHeader}
		for range records {
			rec, err := sc.next(end)
			if err != nil {
				t.Fatal(err)
			}
			again = appendRecord(again, rec)
		}
		if !bytes.Equal(again, data[:end]) {
			t.Fatalf("the %d records do not make up the %d good bytes", records, end)
		}
	})
}
