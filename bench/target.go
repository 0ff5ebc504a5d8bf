package main

import "fmt"

// target is what the program has to reach, beside what was found.
type target struct {
	Scenario string  `json:"scenario"`
	What     string  `json:"what"`
	Limit    float64 `json:"limit"`
	AtLeast  bool    `json:"at_least"` // else at most
	Unit     string  `json:"unit"`
	Digits   int     `json:"-"`
	Found    figure  `json:"found"`
	Verdict  string  `json:"verdict"`
}

// atLeast and atMost keep a target. digits are those after the point of the figure that is shown.
func (r *report) atLeast(scenario, what string, limit float64, unit string, digits int, found figure) {
	r.Targets = append(r.Targets, newTarget(target{Scenario: scenario, What: what, Limit: limit, AtLeast: true, Unit: unit, Digits: digits, Found: found}))
}

func (r *report) atMost(scenario, what string, limit float64, unit string, digits int, found figure) {
	r.Targets = append(r.Targets, newTarget(target{Scenario: scenario, What: what, Limit: limit, Unit: unit, Digits: digits, Found: found}))
}

func newTarget(t target) target {
	t.Verdict = t.verdict()
	return t
}

func (t target) bound() string {
	sign := "≤"
	if t.AtLeast {
		sign = "≥"
	}
	return fmt.Sprintf("%s %g%s", sign, t.Limit, t.Unit)
}

// verdict judges the figure itself, not its rounded text.
func (t target) verdict() string {
	switch {
	case t.Found.missing():
		return "not measured"
	case t.AtLeast && float64(t.Found) >= t.Limit, !t.AtLeast && float64(t.Found) <= t.Limit:
		return "met"
	}
	return "missed"
}
