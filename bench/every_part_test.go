//go:build bench

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
)

// TestEveryPart runs the whole benchmark with small numbers. It takes a minute or two and wants a built program:
//
//	make build && go test -tags bench ./bench -run EveryPart -v
func TestEveryPart(t *testing.T) {
	figures, document := filepath.Join(t.TempDir(), "figures.json"), filepath.Join(t.TempDir(), "performance.md")
	var blocks strings.Builder
	for _, name := range names(nil) {
		begin, end := blockMarks(name)
		fmt.Fprintf(&blocks, "# %s\n%s\n%s\n", name, begin, end)
	}
	if err := os.WriteFile(document, []byte(blocks.String()), 0o644); err != nil {
		t.Fatal(err)
	}
	o, err := parseOptions([]string{"-bin", "../bin/waypost", "-rounds", "1", "-seconds", "0.5", "-click-conns", "64", "-deliveries", "500",
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
