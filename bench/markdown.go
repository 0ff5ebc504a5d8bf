package main

import (
	"bytes"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// blockMarks are the comment lines between which a document shows a part's figures.
func blockMarks(scenario string) (begin, end string) {
	return "<!-- bench " + scenario + ": begin -->", "<!-- bench " + scenario + ": end -->"
}

// checkMarkdown tells before a run that a document has no place for its figures.
func checkMarkdown(path string, scenarios []string) error {
	b, err := os.ReadFile(path)
	for _, s := range scenarios {
		if err == nil {
			_, err = replaceBlock(b, s, "")
		}
	}
	return err
}

// writeMarkdown puts the figures of the parts that were measured into a document. The file is replaced as a whole.
func (r *report) writeMarkdown(path string, scenarios []string) error {
	b, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	for _, s := range scenarios {
		if b, err = replaceBlock(b, s, r.markdown(s)); err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
	}
	written := filepath.Join(filepath.Dir(path), "."+filepath.Base(path)+".new")
	mode := fs.FileMode(0o644)
	if info, err := os.Stat(path); err == nil {
		mode = info.Mode().Perm()
	}
	if err := os.WriteFile(written, b, mode); err != nil {
		return err
	}
	return os.Rename(written, path)
}

// replaceBlock puts text between the two comment lines of a part, each of which stands once and alone on its line.
func replaceBlock(document []byte, scenario, text string) ([]byte, error) {
	begin, end := blockMarks(scenario)
	lines := bytes.SplitAfter(document, []byte("\n"))
	from, to := -1, -1
	for i, line := range lines {
		switch string(bytes.TrimSpace(line)) {
		case begin:
			if from >= 0 {
				return nil, fmt.Errorf("the line %s stands there twice", begin)
			}
			from = i
		case end:
			if to >= 0 {
				return nil, fmt.Errorf("the line %s stands there twice", end)
			}
			to = i
		}
	}
	if from < 0 || to < from {
		return nil, fmt.Errorf("there have to be a line %s and, after it, a line %s", begin, end)
	}
	var b bytes.Buffer
	for _, line := range lines[:from+1] {
		b.Write(line)
	}
	if text != "" {
		b.WriteString("\n" + strings.TrimSpace(text) + "\n\n")
	}
	for _, line := range lines[to:] {
		b.Write(line)
	}
	return b.Bytes(), nil
}

// markdown is a part's table, its targets and its comparisons.
func (r *report) markdown(scenario string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s, PostgreSQL %s, %s; %d rounds.\n\n", r.Machine, r.PostgreSQL, r.Date, r.Rounds)
	line := func(cells ...string) { b.WriteString("| " + strings.Join(cells, " | ") + " |\n") }
	line(append([]string{scenario}, append(columns, "waypost ÷ this")...)...)
	line("---", strings.Repeat("---: | ", len(columns))+"---:")
	for _, row := range r.Rows {
		if row.Scenario == scenario {
			line(append([]string{row.Target}, append(row.cells(), r.than(row))...)...)
		}
	}
	for i, t := range r.ofScenario(scenario) {
		if i == 0 {
			b.WriteString("\n")
			line("target", "bound", "figure", "")
			line("---", "---:", "---:", "---")
		}
		line(t.What, t.bound(), t.Found.text(t.Digits), t.verdict())
	}
	b.WriteString("\n")
	for _, c := range r.Checks {
		if c.Scenario == scenario {
			b.WriteString("- " + c.text() + "\n")
		}
	}
	for _, n := range r.notes[scenario] {
		b.WriteString("- Note: " + strings.ReplaceAll(n, "\n", " ") + "\n")
	}
	return b.String()
}

func (r *report) ofScenario(scenario string) (targets []target) {
	for _, t := range r.Targets {
		if t.Scenario == scenario {
			targets = append(targets, t)
		}
	}
	return targets
}
