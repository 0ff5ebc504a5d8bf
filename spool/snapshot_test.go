package spool

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"testing"
)

func TestSnapshot(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "routing.snapshot")
	if _, err := ReadSnapshot(path); !errors.Is(err, ErrNoSnapshot) {
		t.Errorf("none: %v", err)
	}
	mustWrite(t, path+".tmp", bytes.Repeat([]byte("left by a crash"), 100))
	for _, want := range [][]byte{[]byte("first, longer"), {}, []byte("third")} {
		if err := WriteSnapshot(path, want); err != nil {
			t.Fatal(err)
		}
		if got, err := ReadSnapshot(path); err != nil || !bytes.Equal(got, want) {
			t.Errorf("%q, %v, want %q", got, err, want)
		}
	}
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for i := range whole {
		flipped := bytes.Clone(whole)
		flipped[i] ^= 1 << (i % 8)
		for _, bad := range [][]byte{whole[:i], flipped} {
			mustWrite(t, path, bad)
			if _, err := ReadSnapshot(path); !errors.Is(err, ErrCorrupt) {
				t.Errorf("damaged at byte %d: %v, want ErrCorrupt", i, err)
			}
		}
	}
	mustWrite(t, path, append(whole, 0))
	if _, err := ReadSnapshot(path); !errors.Is(err, ErrCorrupt) {
		t.Errorf("one byte too many: %v, want ErrCorrupt", err)
	}
	if err := WriteSnapshot(filepath.Join(path, "below a file"), nil); err == nil {
		t.Error("written below a file")
	}
	left, err := filepath.Glob(path + ".tmp*")
	if err != nil || len(left) != 0 {
		t.Errorf("left: %v, %v", left, err)
	}
}
