package spool

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"testing"
)

// TestRandomHistories mixes Append (some to a failing disk), Next, Release, Close and crashes (a copy of the folder is
// opened in place of the folder) and compares with a model: in each life every acknowledged record that was not
// released is delivered once and in order, and nothing that was never appended.
func TestRandomHistories(t *testing.T) {
	t.Parallel()
	for seed := range uint64(40) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			runHistory(t, rand.New(rand.NewPCG(seed, 1)))
		})
	}
}

func runHistory(t *testing.T, rnd *rand.Rand) {
	disk := &faultyDisk{}
	o := Options{SegmentBytes: int64(50 + rnd.IntN(400)), Create: disk.create}
	dir := t.TempDir()
	s := mustOpen(t, dir, o)
	owed := map[uint64]bool{} // acknowledged, not released
	sizes := map[uint64]int{} // all that was ever appended
	var held []Entry          // delivered in this life, not released
	var last, id uint64
	read := func() {
		if sg, _ := s.undelivered(); sg == nil {
			return
		}
		entries, err := s.Next(t.Context(), 1+rnd.IntN(9))
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range entries {
			n := number(e.Record)
			size, appended := sizes[n]
			if !appended || n <= last || !bytes.Equal(e.Payload, record(n, size).Payload) {
				t.Fatalf("delivered %d (appended: %v) after %d, %d bytes", n, appended, last, len(e.Payload))
			}
			last = n
		}
		held = append(held, entries...)
	}
	// endLife checks that all that is owed has been delivered, for which it reads the rest.
	endLife := func() {
		for sg, _ := s.undelivered(); sg != nil; sg, _ = s.undelivered() {
			read()
		}
		got := map[uint64]bool{}
		for _, e := range held {
			got[number(e.Record)] = true
		}
		for n := range owed {
			if !got[n] {
				t.Fatalf("acknowledged record %d is lost", n)
			}
		}
		held, last = nil, 0
	}
	for range 250 {
		switch p := rnd.IntN(100); {
		case p < 45:
			id++
			sizes[id] = rnd.IntN(90)
			if rnd.IntN(5) == 0 {
				disk.fail(faults[rnd.IntN(len(faults))], 1)
			}
			if s.Append(t.Context(), record(id, sizes[id])) == nil {
				owed[id] = true
			}
			disk.fail(faultNone, 0)
		case p < 70:
			read()
		case p < 94:
			if n := rnd.IntN(len(held) + 1); n > 0 {
				release(s, held[:n])
				for _, e := range held[:n] {
					delete(owed, number(e.Record))
				}
				held = held[n:]
			}
		case p < 97:
			if rnd.IntN(2) == 0 {
				endLife()
			}
			mustClose(t, s)
			held, last = nil, 0
			s = mustOpen(t, dir, o)
		default:
			crashed := t.TempDir()
			if err := os.CopyFS(crashed, os.DirFS(dir)); err != nil {
				t.Fatal(err)
			}
			mustClose(t, s)
			held, last, dir = nil, 0, crashed
			s = mustOpen(t, dir, o)
		}
	}
	mustClose(t, s)
	held, last = nil, 0
	s = mustOpen(t, dir, o)
	endLife()
}
