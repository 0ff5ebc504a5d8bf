package spool

import (
	"bufio"
	"context"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"sync"
	"testing"
)

const (
	childDir  = "SPOOL_TEST_CHILD_DIR"
	childFrom = "SPOOL_TEST_CHILD_FROM"
)

// TestMain lets the test binary be the process that TestKill kills.
func TestMain(m *testing.M) {
	if dir := os.Getenv(childDir); dir != "" {
		appendForEver(dir)
	}
	os.Exit(m.Run())
}

// appendForEver appends records and prints the number of each that was acknowledged.
func appendForEver(dir string) {
	from, err := strconv.ParseUint(os.Getenv(childFrom), 10, 64)
	if err != nil {
		panic(err)
	}
	s, err := Open(dir, Options{SegmentBytes: 20 << 10})
	if err != nil {
		panic(err)
	}
	var wg sync.WaitGroup
	for g := range uint64(16) {
		wg.Go(func() {
			for n := from + g; ; n += 16 {
				if err := s.Append(context.Background(), record(n, int(n%300))); err != nil {
					panic(err)
				}
				if _, err := fmt.Println(n); err != nil { // one write each, so a line is whole or absent
					panic(err)
				}
			}
		})
	}
	wg.Wait()
}

var killLives = flag.Int("kill-lives", 5, "how often TestKill kills")

// TestKill: what a process acknowledged before kill -9 is there afterwards, over several lives of one folder.
func TestKill(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	var acknowledged []uint64
	for life := range uint64(*killLives) {
		cmd := exec.CommandContext(t.Context(), os.Args[0])
		cmd.Env = append(os.Environ(), childDir+"="+dir, fmt.Sprintf("%s=%d", childFrom, life*1_000_000))
		cmd.Stderr = os.Stderr
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		lines := bufio.NewScanner(out)
		for n := 0; lines.Scan(); n++ {
			id, err := strconv.ParseUint(lines.Text(), 10, 64)
			if err != nil {
				t.Fatal(err)
			}
			acknowledged = append(acknowledged, id)
			if n == 500+int(life)*37 {
				if err := cmd.Process.Kill(); err != nil {
					t.Fatal(err)
				}
			}
		}
		_ = cmd.Wait()
	}
	if len(acknowledged) < 500**killLives {
		t.Fatalf("only %d records were acknowledged", len(acknowledged))
	}
	found := map[uint64]bool{}
	for _, r := range mustDrain(t, mustOpen(t, dir, Options{}), true) {
		n := number(r)
		if want := record(n, int(n%300)); string(r.Payload) != string(want.Payload) {
			t.Errorf("payload of %d differs", n)
		}
		found[n] = true
	}
	for _, n := range acknowledged {
		if !found[n] {
			t.Errorf("%d was acknowledged and is lost", n)
		}
	}
}
