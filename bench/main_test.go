package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestMain lets the test's program be the ceiling too.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == ceilingArg {
		main()
		return
	}
	os.Exit(m.Run())
}

// TestEveryPart runs the whole benchmark with small numbers. It takes a minute or two and wants a built program:
//
//	WAYPOST_BENCH=$PWD/bin/waypost go test ./bench -run EveryPart -v
func TestEveryPart(t *testing.T) {
	binary := os.Getenv("WAYPOST_BENCH")
	if binary == "" {
		t.Skip("WAYPOST_BENCH names no program")
	}
	figures, document := filepath.Join(t.TempDir(), "figures.json"), filepath.Join(t.TempDir(), "performance.md")
	var blocks strings.Builder
	for _, name := range names(nil) {
		begin, end := blockMarks(name)
		fmt.Fprintf(&blocks, "# %s\n%s\n%s\n", name, begin, end)
	}
	if err := os.WriteFile(document, []byte(blocks.String()), 0o644); err != nil {
		t.Fatal(err)
	}
	o, err := parseOptions([]string{"-bin", binary, "-rounds", "1", "-seconds", "0.5", "-click-conns", "64", "-deliveries", "500",
		"-stored", "3000", "-paced", "1s", "-json", figures, "-markdown", document})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), o.limit)
	defer cancel()
	var out bytes.Buffer
	err = measure(ctx, o, &out)
	t.Log(out.String())
	if err != nil {
		t.Fatal(err)
	}
	var r report
	b, err := os.ReadFile(figures)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(b, &r); err != nil {
		t.Fatal(err)
	}
	if b, err = os.ReadFile(document); err != nil {
		t.Fatal(err)
	}
	for _, name := range names(nil) {
		if !bytes.Contains(b, []byte("| "+name+" | conns |")) {
			t.Errorf("the document has no table of %s", name)
		}
		found := 0
		for _, target := range r.Targets {
			if target.Scenario == name {
				found++
			}
		}
		if found == 0 {
			t.Errorf("%s has no target", name)
		}
	}
	for _, row := range r.Rows {
		if len(row.Rounds) != 1 || row.Median.PerSecond <= 0 && row.Median.P50 <= 0 { // what was not measured is read as 0
			t.Errorf("%s, %s: %+v", row.Scenario, row.Target, row.Rounds)
		}
	}
	if left, _ := filepath.Glob("/tmp/wpbench-*"); len(left) > 0 {
		t.Logf("left by this run or another: %v", left)
	}
}

func TestOptions(t *testing.T) {
	t.Parallel()
	o, err := parseOptions([]string{"-seconds", "0.5", "-click-conns", "8, 16", "-only", "click,delivery"})
	if err != nil || o.length != 500*time.Millisecond || len(o.clickConns) != 2 || o.clickConns[1] != 16 || len(o.only) != 2 {
		t.Errorf("%+v, %v", o, err)
	}
	for _, args := range [][]string{{"-only", "clicks"}, {"-rounds", "0"}, {"-click-conns", ""}, {"x"}, {"-seconds", "-1"},
		{"-stored", "1"}, {"-paced", "1ms"}, {"-markdown", "/dev/null"}, {"-markdown", "missing.md"}} {
		if _, err := parseOptions(args); err == nil {
			t.Errorf("%q is accepted", args)
		}
	}
	if got := fmt.Sprint(names([]string{"cold", "click"})); got != "[click cold]" {
		t.Errorf("the parts run as %s", got)
	}
}

// The document of the repository has a place for every part.
func TestTheDocumentHasAllBlocks(t *testing.T) {
	t.Parallel()
	if err := checkMarkdown("../docs/performance.md", names(nil)); err != nil {
		t.Error(err)
	}
}
