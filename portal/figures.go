package portal

import (
	"math/big"
	"slices"
	"strconv"
	"time"

	"github.com/waypost/waypost/domain/money"
	"github.com/waypost/waypost/domain/report"
	"github.com/waypost/waypost/ui"
)

// Figure is one of the figures of a report's row: its text, and its exact value to draw and compare it by, money in whole
// units of the row's currency. A value may be nil where a row has none.
type Figure struct {
	ID, Label      string
	Money, Percent bool
	Text           func(report.Row) string
	Exact          func(report.Row) *big.Rat
}

// CountFigure counts.
func CountFigure(id, label string, of func(report.Row) int64) Figure {
	return Figure{ID: id, Label: label, Text: func(r report.Row) string { return Count(of(r)) }, Exact: func(r report.Row) *big.Rat { return new(big.Rat).SetInt64(of(r)) }}
}

// SumFigure adds money up.
func SumFigure(id, label string, of func(report.Row) report.Sum) Figure {
	return Figure{ID: id, Label: label, Money: true, Text: func(r report.Row) string { return Sum(of(r), r.Currency) }, Exact: func(r report.Row) *big.Rat {
		unit := new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(r.Currency.Exponent())), nil)
		return new(big.Rat).SetFrac(of(r).Minor(), unit)
	}}
}

// RateFigure is the conversion rate.
func RateFigure() Figure {
	return Figure{ID: "cr", Label: "Conversion rate", Percent: true, Text: func(r report.Row) string {
		if r.Clicks == 0 {
			return None
		}
		return r.CR() + "%"
	}, Exact: func(r report.Row) *big.Rat { v, _ := new(big.Rat).SetString(r.CR()); return v }}
}

// Figures are the cards of a period beside the one before, and the chart of the chosen figure.
type Figures struct {
	Is, Was report.Row // in the main currency
	KPIs    []ui.KPI
	Chart   ui.Chart
}

// NewFigures makes them of a report by day and currency. Money is that of the main currency; clicks and conversions are
// counted once each, whatever their currencies. chosen is all's first where it is none of them.
func NewFigures(all []Figure, chosen string, main money.Currency, days, before []string, items []report.Row, href func(metric string) string) Figures {
	is, was := byDay(items, days, main), byDay(items, before, main)
	v := Figures{Is: report.AddUp(is, main), Was: report.AddUp(was, main)}
	if !slices.ContainsFunc(all, func(m Figure) bool { return m.ID == chosen }) {
		chosen = all[0].ID
	}
	for _, m := range all {
		at := href(m.ID)
		v.KPIs = append(v.KPIs, ui.KPI{ID: "kpi-" + m.ID, Label: m.Label, Value: m.Text(v.Is), Previous: m.Text(v.Was), Change: Change(m.Exact(v.Was), m.Exact(v.Is)),
			Spark: m.values(is), Chosen: m.ID == chosen, Href: at, HX: ui.HX{Get: at, Target: "#figures", Swap: "outerMorph", PushURL: true}})
		if m.ID == chosen {
			v.Chart = dayChart(m, days, is, was, main)
		}
	}
	return v
}

// Days are the days from one to another as reports label them, both included; none where either is no day.
func Days(from, to string) (days []string) {
	start, err := time.Parse(time.DateOnly, from)
	end, err2 := time.Parse(time.DateOnly, to)
	if err != nil || err2 != nil {
		return nil
	}
	for d := start; !d.After(end) && len(days) <= report.MaxDays; d = d.AddDate(0, 0, 1) {
		days = append(days, d.Format(time.DateOnly))
	}
	return days
}

// byDay gives a row for each day, those without traffic included.
func byDay(items []report.Row, days []string, main money.Currency) []report.Row {
	of := map[string][]report.Row{}
	for _, r := range items {
		of[r.Keys[0].Text] = append(of[r.Keys[0].Text], r)
	}
	rows := make([]report.Row, len(days))
	for i, day := range days {
		rows[i] = report.AddUp(of[day], main)
	}
	return rows
}

// values are for drawing only.
func (m Figure) values(rows []report.Row) []float64 {
	all := make([]float64, len(rows))
	for i, r := range rows {
		all[i] = Drawn(m.Exact(r))
	}
	return all
}

// Drawn is a value for drawing only; 0 for nil.
func Drawn(exact *big.Rat) float64 {
	if exact == nil {
		return 0
	}
	n, _ := exact.Float64()
	return n
}

// Change is how a figure moved, in percent; none where it stayed, or where the one before is nothing or less, of which
// no share can be told.
func Change(was, is *big.Rat) ui.Change {
	if was == nil || is == nil || was.Sign() <= 0 || was.Cmp(is) == 0 {
		return ui.Change{}
	}
	moved := new(big.Rat).Sub(is, was)
	up := moved.Sign() > 0
	moved.Abs(moved).Mul(moved, big.NewRat(100, 1)).Quo(moved, was)
	text := moved.FloatString(1) + "%"
	if moved.Cmp(big.NewRat(1000, 1)) > 0 {
		text = "over 1,000%"
	}
	return ui.Change{Text: text, Up: up, Good: up}
}

func dayChart(m Figure, days []string, now, before []report.Row, main money.Currency) ui.Chart {
	chart := ui.Chart{ID: "chart", Title: m.Label + " per day", Description: m.Label + " per day, with the days before."}
	if m.Money {
		chart.Prefix = Symbol(main)
	}
	if m.Percent {
		chart.Suffix = "%"
	}
	texts := func(rows []report.Row) (all []string) {
		for _, r := range rows {
			all = append(all, m.Text(r))
		}
		return all
	}
	for _, day := range days {
		d, _ := time.Parse(time.DateOnly, day)
		chart.Labels, chart.Long = append(chart.Labels, d.Format("2 Jan")), append(chart.Long, d.Format("Mon 2 Jan 2006"))
	}
	chart.Series = []ui.Series{{Label: "This period", Colour: "brand", Values: m.values(now), Texts: texts(now)},
		{Label: "Previous " + strconv.Itoa(len(before)) + " days", Colour: "previous", Dashed: true, Values: m.values(before), Texts: texts(before)}}
	return chart
}
