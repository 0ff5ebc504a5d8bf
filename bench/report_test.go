package main

import (
	"bytes"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestMissingRowsAreAnError(t *testing.T) {
	t.Parallel()
	r := newReport(options{})
	if r.check("click", "rows", 3, "redirects", 3) != nil || r.check("click", "rows", 2, "redirects", 3) == nil || len(r.Checks) != 2 {
		t.Errorf("%+v", r.Checks)
	}
}

func TestVerdicts(t *testing.T) {
	t.Parallel()
	nan := figure(math.NaN())
	for _, tc := range []struct {
		atLeast bool
		found   figure
		want    string
	}{
		{true, 0.55, "met"}, {true, 0.5499, "missed"}, {true, 7, "met"}, {true, nan, "not measured"}, {true, figure(math.Inf(1)), "not measured"},
		{false, 0.55, "met"}, {false, 0.5501, "missed"}, {false, 0, "met"}, {false, nan, "not measured"},
	} {
		if got := (target{Limit: 0.55, AtLeast: tc.atLeast, Found: tc.found}).verdict(); got != tc.want {
			t.Errorf("%v, at least %v: %s, want %s", tc.found, tc.atLeast, got, tc.want)
		}
	}
	if got := (target{Limit: 8, Unit: " ms"}).bound(); got != "≤ 8 ms" {
		t.Error(got)
	}
}

func TestOnlyRivalsAreComparedWith(t *testing.T) {
	t.Parallel()
	r := newReport(options{rounds: 1})
	r.add("click", ours, 64, figures{PerSecond: 30})
	r.add("click", ours+" at a pace", 64, figures{PerSecond: 10})
	r.add("click", "bare", 64, figures{PerSecond: 60})
	r.add("click", "bare", 256, figures{PerSecond: 60})
	r.add("click", "no rate", 64, unmeasured(func(*figures) {}))
	for i, want := range []string{"", "", "0.50", "", ""} {
		if got := r.than(r.Rows[i]); got != want {
			t.Errorf("%s, %d connections: %q, want %q", r.Rows[i].Target, r.Rows[i].Conns, got, want)
		}
	}
	if ratio := r.ratio("click", "nginx", 64); !ratio.missing() {
		t.Errorf("a ratio to what was not measured: %v", ratio)
	}
}

func TestGrowthNeedsThreeRounds(t *testing.T) {
	t.Parallel()
	if g := (&row{Rounds: []figures{{End: 100}, {End: 200}}}).growth(); !g.missing() {
		t.Error(g)
	}
	if g := (&row{Rounds: []figures{{End: 100}, {End: 200}, {End: 210}}}).growth(); math.Abs(float64(g)-5) > 1e-9 {
		t.Error(g)
	}
}

func TestReplaceBlock(t *testing.T) {
	t.Parallel()
	const begin, end = "<!-- bench click: begin -->", "<!-- bench click: end -->"
	for _, tc := range []struct{ document, want string }{
		{"a\n" + begin + "\n" + end + "\nb\n", "a\n" + begin + "\n\nNEW\n\n" + end + "\nb\n"},
		{"a\n" + begin + "\nold\n\nold\n" + end + "\nb", "a\n" + begin + "\n\nNEW\n\n" + end + "\nb"},
		{begin + "\n<!-- bench cold: begin -->\n" + end, begin + "\n\nNEW\n\n" + end},
		{"  " + begin + "\r\nold\r\n" + end + "\r\n", "  " + begin + "\r\n\nNEW\n\n" + end + "\r\n"},
		{"", "refused"}, {begin, "refused"}, {end + "\n" + begin, "refused"}, {begin + end, "refused"}, {"say " + begin + "\n" + end, "refused"},
		{begin + "\n" + begin + "\n" + end, "refused"}, {begin + "\n" + end + "\n" + end, "refused"},
		{strings.ReplaceAll(begin+"\n"+end, "click", "cold"), "refused"},
	} {
		got, err := replaceBlock([]byte(tc.document), "click", "NEW\n")
		if text := string(got); err == nil && text != tc.want || err != nil && tc.want != "refused" {
			t.Errorf("%q: %q, %v; want %q", tc.document, text, err, tc.want)
		}
	}
}

// FuzzReplaceBlock: what is accepted keeps everything outside the block, and a second writing changes nothing.
func FuzzReplaceBlock(f *testing.F) {
	begin, end := blockMarks("click")
	f.Add("a\n"+begin+"\nold\n"+end+"\nb", "new")
	f.Add(begin+"\n"+end, "")
	f.Fuzz(func(t *testing.T, document, text string) {
		if strings.Contains(text, "<!--") {
			return // no table of ours has one
		}
		once, err := replaceBlock([]byte(document), "click", text)
		if err != nil {
			return
		}
		before, _, _ := strings.Cut(document, begin)
		after := document[strings.LastIndex(document, end):]
		if !bytes.HasPrefix(once, []byte(before+begin)) || !bytes.HasSuffix(once, []byte(after)) {
			t.Fatalf("%q became %q", document, once)
		}
		if twice, err := replaceBlock(once, "click", text); err != nil || !bytes.Equal(once, twice) {
			t.Fatalf("%q, again %q, %v", once, twice, err)
		}
	})
}

func TestMarkdown(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "performance.md")
	begin, end := blockMarks("click")
	if err := os.WriteFile(path, []byte("# Clicks\n"+begin+"\nold\n"+end+"\nmore\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	r := newReport(options{rounds: 2})
	r.add("click", ours, 64, figures{PerSecond: 30, Database: figure(math.NaN())})
	r.add("click", "bare", 64, figures{PerSecond: 60})
	r.add("cold", "elsewhere", 0, figures{})
	r.atLeast("click", "ratio", 0.55, "", 2, r.ratio("click", "bare", 64))
	_ = r.check("click", "rows", 3, "redirects", 3)
	if err := r.writeMarkdown(path, []string{"click"}); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	text := string(b)
	for _, want := range []string{"# Clicks\n", "\nmore\n", "| bare | 64 | 60 |", "| 0.50 |\n", "| ratio | ≥ 0.55 | 0.50 | missed |\n", "- rows: 3 = 3 redirects\n", "| click | conns |"} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
	if strings.Contains(text, "old") || strings.Contains(text, "elsewhere") {
		t.Error(text)
	}
	columnsOf := func(line string) int { return strings.Count(line, "|") }
	var table []string
	for _, line := range strings.Split(text, "\n") {
		if strings.HasPrefix(line, "|") && !strings.Contains(line, "target") && len(table) < 4 {
			table = append(table, line)
		}
	}
	for _, line := range table {
		if columnsOf(line) != columnsOf(table[0]) {
			t.Errorf("%q has other columns than %q", line, table[0])
		}
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Error(info.Mode(), err)
	}
	if err := r.writeMarkdown(path, []string{"cold"}); err == nil {
		t.Error("a part without a place was written")
	}
}
