package main

import (
	"encoding/json"
	"fmt"
	"io"
	"math"
	"os"
	"runtime"
	"strings"
	"time"
)

// report collects what was measured, and shows it.
type report struct {
	Machine    string   `json:"machine"`
	PostgreSQL string   `json:"postgresql"`
	Date       string   `json:"date"`
	Rounds     int      `json:"rounds"`
	Seconds    float64  `json:"seconds"`
	Rows       []*row   `json:"rows"`
	Checks     []check  `json:"checks"`
	Targets    []target `json:"targets"`
	notes      map[string][]string
}

// ours is the name of the program's own row, which the ceilings of its load are compared with. Other rows of its own begin
// with it.
const ours = "waypost"

// row is one target under one load.
type row struct {
	Scenario string    `json:"scenario"`
	Target   string    `json:"target"`
	Conns    int       `json:"connections"` // 0 = the load has no number of them
	Median   figures   `json:"median"`
	Marked   int       `json:"marked_rounds"` // with too much other load
	Rounds   []figures `json:"rounds"`
}

// check compares what the program kept with what it acknowledged.
type check struct {
	Scenario string `json:"scenario"`
	What     string `json:"what"`
	Found    int64  `json:"found"`
	Against  string `json:"against"`
	Want     int64  `json:"want"`
}

func newReport(o options) *report {
	return &report{Machine: fmt.Sprintf("%s/%s, %d cores, %s", runtime.GOOS, runtime.GOARCH, runtime.NumCPU(), runtime.Version()),
		Date: time.Now().UTC().Format(time.DateOnly), Rounds: o.rounds, Seconds: o.length.Seconds(), notes: map[string][]string{}}
}

func (r *report) add(scenario, target string, conns int, f figures) {
	found := r.row(scenario, target, conns)
	if found == nil {
		found = &row{Scenario: scenario, Target: target, Conns: conns}
		r.Rows = append(r.Rows, found)
	}
	found.Rounds = append(found.Rounds, f)
	found.Median = median(found.Rounds)
	if f.OtherLoad > maxOtherLoad {
		found.Marked++
	}
}

// row is nil if there is none.
func (r *report) row(scenario, target string, conns int) *row {
	for _, row := range r.Rows {
		if row.Scenario == scenario && row.Target == target && row.Conns == conns {
			return row
		}
	}
	return nil
}

// median of a row; nothing is measured if there is none.
func (r *report) median(scenario, target string, conns int) figures {
	if row := r.row(scenario, target, conns); row != nil {
		return row.Median
	}
	return unmeasured(func(*figures) {})
}

// ratio is how much the program does of what a ceiling does; NaN if one of them was not measured.
func (r *report) ratio(scenario, ceiling string, conns int) figure {
	return r.median(scenario, ours, conns).PerSecond / r.median(scenario, ceiling, conns).PerSecond
}

// note keeps an oddity to be shown below the table; nil is none.
func (r *report) note(scenario string, err error) {
	if err != nil {
		r.notes[scenario] = append(r.notes[scenario], err.Error())
	}
}

// check keeps a comparison; the error says that it failed.
func (r *report) check(scenario, what string, found int64, against string, want int64) error {
	r.Checks = append(r.Checks, check{scenario, what, found, against, want})
	if found != want {
		return fmt.Errorf("%d %s, but %d %s", found, what, want, against)
	}
	return nil
}

func (r *report) head() string {
	return fmt.Sprintf("%s, PostgreSQL %s on the same machine, as is the load; %d rounds, medians.\n"+
		"CPU in µs for each acknowledged request; MB = memory of the server, the most and at the end; after = time until what the\n"+
		"requests caused was done; other = load of the rest of the machine, with the number of rounds (!) that had more than %.0f %%.",
		r.Machine, r.PostgreSQL, r.Rounds, maxOtherLoad*100)
}

func (r *report) foot() string {
	return "\nCompare ratios of one run, never absolute figures of two."
}

// columns of a row's table.
var columns = []string{"conns", "per s", "p50 ms", "p99 ms", "server µs", "PostgreSQL µs", "load µs", "peak MB", "end MB", "after s", "other"}

func (row *row) cells() []string {
	m, conns := row.Median, "-"
	if row.Conns > 0 {
		conns = fmt.Sprint(row.Conns)
	}
	return []string{conns, m.PerSecond.text(0), m.P50.text(1), m.P99.text(1), m.Server.text(1), m.Database.text(1), m.Generator.text(1),
		m.Peak.text(0), m.End.text(0), m.Settle.text(1), row.other()}
}

// than is how a row compares with the program's own; empty where it does not.
func (r *report) than(row *row) string {
	ratio := r.ratio(row.Scenario, row.Target, row.Conns)
	if strings.HasPrefix(row.Target, ours) || math.IsNaN(float64(ratio)) {
		return ""
	}
	return ratio.text(2)
}

func (r *report) print(out io.Writer, scenario string) {
	line := func(name string, cells []string) {
		fmt.Fprintf(out, "%-42s%6s%9s%8s%8s%11s%14s%9s%9s%8s%9s  %s\n", name, cells[0], cells[1], cells[2], cells[3], cells[4], cells[5], cells[6],
			cells[7], cells[8], cells[9], cells[10])
	}
	fmt.Fprintln(out)
	line(strings.ToUpper(scenario), columns)
	for _, row := range r.Rows {
		if row.Scenario != scenario {
			continue
		}
		line(row.Target, row.cells())
		if than := r.than(row); than != "" {
			fmt.Fprintf(out, "%-42s%6s%9s\n", "  waypost ÷ this", "", than)
		}
	}
	for _, t := range r.Targets {
		if t.Scenario == scenario {
			fmt.Fprintf(out, "TARGET %-80s %10s %10s  %s\n", t.What, t.bound(), t.Found.text(t.Digits), t.verdict())
		}
	}
	for _, c := range r.Checks {
		if c.Scenario == scenario {
			fmt.Fprintln(out, c.text())
		}
	}
	for _, n := range r.notes[scenario] {
		fmt.Fprintln(out, "NOTE", n)
	}
}

func (c check) text() string {
	sign := "="
	if c.Found != c.Want {
		sign = "≠"
	}
	return fmt.Sprintf("%s: %d %s %d %s", c.What, c.Found, sign, c.Want, c.Against)
}

func (row *row) other() string {
	if row.Median.OtherLoad.missing() {
		return "-"
	}
	text := (row.Median.OtherLoad * 100).text(1) + " %"
	if row.Marked > 0 {
		text += fmt.Sprintf(" !%d", row.Marked)
	}
	return text
}

func (r *report) write(path string) error {
	b, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(path, append(b, '\n'), 0o644)
}

func (f figure) text(digits int) string {
	if f.missing() {
		return "-"
	}
	return fmt.Sprintf("%.*f", digits, float64(f))
}

func (f figure) missing() bool { return math.IsNaN(float64(f)) || math.IsInf(float64(f), 0) }

// MarshalJSON gives null for what could not be measured.
func (f figure) MarshalJSON() ([]byte, error) {
	if f.missing() {
		return []byte("null"), nil
	}
	return json.Marshal(float64(f))
}
