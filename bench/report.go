package main

import (
	"encoding/json"
	"fmt"
	"io"
	"math"
	"os"
	"runtime"
	"strings"
)

// report collects what was measured, and shows it.
type report struct {
	Machine    string  `json:"machine"`
	PostgreSQL string  `json:"postgresql"`
	Rounds     int     `json:"rounds"`
	Seconds    float64 `json:"seconds"`
	Rows       []*row  `json:"rows"`
	Checks     []check `json:"checks"`
	notes      map[string][]string
}

// row is one target under one load.
type row struct {
	Scenario string    `json:"scenario"`
	Target   string    `json:"target"`
	Conns    int       `json:"connections"`
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
		Rounds: o.rounds, Seconds: o.length.Seconds(), notes: map[string][]string{}}
}

func (r *report) add(scenario, target string, conns int, f figures) {
	var found *row
	for _, row := range r.Rows {
		if row.Scenario == scenario && row.Target == target && row.Conns == conns {
			found = row
		}
	}
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
		"CPU in µs for each acknowledged request; after = time until what they caused was done; other = load of the rest of\n"+
		"the machine, with the number of rounds (!) that had more than %.0f %% of it.",
		r.Machine, r.PostgreSQL, r.Rounds, maxOtherLoad*100)
}

func (r *report) foot() string {
	return "\nCompare ratios of one run, never absolute figures of two."
}

func (r *report) print(out io.Writer, scenario string) {
	const line = "%-36s%6s%9s%8s%8s%11s%14s%9s%9s  %s\n"
	fmt.Fprintf(out, "\n"+line, strings.ToUpper(scenario), "conns", "per s", "p50 ms", "p99 ms", "server µs", "PostgreSQL µs", "load µs", "after s", "other")
	var ours *row
	for _, row := range r.Rows {
		if row.Scenario != scenario {
			continue
		}
		m := row.Median
		fmt.Fprintf(out, line, row.Target, fmt.Sprint(row.Conns), m.PerSecond.text(0), m.P50.text(1), m.P99.text(1),
			m.Server.text(1), m.Database.text(1), m.Generator.text(1), m.Settle.text(1), row.other())
		if ours == nil || ours.Conns != row.Conns {
			ours = row // the program's own row is the first
			continue
		}
		fmt.Fprintf(out, "%-36s%6s%9s\n", "  waypost ÷ this", "", figure(ours.Median.PerSecond/m.PerSecond).text(2))
	}
	for _, c := range r.Checks {
		if c.Scenario == scenario {
			sign := "="
			if c.Found != c.Want {
				sign = "≠"
			}
			fmt.Fprintf(out, "%s: %d %s %d %s\n", c.What, c.Found, sign, c.Want, c.Against)
		}
	}
	for _, n := range r.notes[scenario] {
		fmt.Fprintln(out, "NOTE", n)
	}
}

func (row *row) other() string {
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
	if math.IsNaN(float64(f)) || math.IsInf(float64(f), 0) {
		return "-"
	}
	return fmt.Sprintf("%.*f", digits, float64(f))
}

// MarshalJSON gives null for what could not be measured.
func (f figure) MarshalJSON() ([]byte, error) {
	if math.IsNaN(float64(f)) || math.IsInf(float64(f), 0) {
		return []byte("null"), nil
	}
	return json.Marshal(float64(f))
}
