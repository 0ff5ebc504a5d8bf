package portaladvertiser

import (
	"math/big"
	"slices"
	"strconv"
	"time"

	"github.com/waypost/waypost/domain/errs"
	"github.com/waypost/waypost/domain/money"
	"github.com/waypost/waypost/domain/report"
	"github.com/waypost/waypost/portal"
	"github.com/waypost/waypost/ui"
)

// figuresQuery is a period and the metric of its chart.
type figuresQuery struct {
	portal.Period
	Metric string `query:"metric"`
}

// span is the days of the figures and as many before them.
type span struct{ from, to, beforeFrom, beforeTo string }

const (
	figuresDays = 7
	recordDays  = 30
)

// span is the period that is asked for, by default the last days.
func (q figuresQuery) span(f *portal.Frame, days int) span {
	day := func(t time.Time) string { return t.Format(time.DateOnly) }
	to, err := time.Parse(time.DateOnly, q.To)
	if err != nil {
		to, _ = time.Parse(time.DateOnly, day(f.Now.In(f.Zone)))
	}
	from, err := time.Parse(time.DateOnly, q.From)
	if err != nil || from.After(to) {
		from = to.AddDate(0, 0, 1-days)
	}
	length := int(to.Sub(from)/(24*time.Hour)) + 1
	return span{day(from), day(to), day(from.AddDate(0, 0, -length)), day(from.AddDate(0, 0, -1))}
}

// metric is a figure of a report's row.
type metric struct {
	id, label string
	text      func(report.Row) string
	value     func(report.Row) *big.Rat
}

func metrics() []metric {
	whole := func(id, label string, of func(report.Row) int64) metric {
		return metric{id: id, label: label, text: func(r report.Row) string { return portal.Count(of(r)) }, value: func(r report.Row) *big.Rat { return new(big.Rat).SetInt64(of(r)) }}
	}
	return []metric{
		whole("clicks", "Clicks", func(r report.Row) int64 { return r.Clicks }),
		whole("conversions", "Conversions", func(r report.Row) int64 { return r.Conversions }),
		{id: "cr", label: "Conversion rate", text: func(r report.Row) string {
			if r.Clicks == 0 {
				return portal.None
			}
			return r.CR() + "%"
		}, value: func(r report.Row) *big.Rat { v, _ := new(big.Rat).SetString(r.CR()); return v }},
		{id: "cost", label: "Cost", text: func(r report.Row) string { return portal.Sum(r.Revenue, r.Currency) }, value: func(r report.Row) *big.Rat {
			unit := new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(r.Currency.Exponent())), nil)
			return new(big.Rat).SetFrac(r.Revenue.Minor(), unit)
		}},
	}
}

// figuresView is what traffic and cost came to: the main currency large, others below.
type figuresView struct {
	kpis    []ui.KPI
	chart   ui.Chart
	others  []ui.Pair
	nothing bool
	failed  string // why there are no figures now
	retry   string
	byState []ui.Stat
}

// figures adds up a period and the one before.
func (s *pages) figures(f *portal.Frame, filter report.Filter, p span, q figuresQuery, path string) (figuresView, error) {
	now, before, err := s.Reports.Compared(f.Context(), f.Actor, report.Query{GroupBy: "day", From: p.from, To: p.to, Zone: f.Zone.String(), Filter: filter, Limit: report.MaxRows}, p.beforeFrom)
	if errs.Is(err, errs.KindLimited) || errs.Is(err, errs.KindInvalid) || errs.Is(err, errs.KindForbidden) {
		e, _ := errs.As(err)
		return figuresView{failed: portal.Sentence(e.Message), retry: f.Echo.Request().URL.RequestURI()}, nil
	}
	if err != nil {
		return figuresView{}, err
	}
	main := mainCurrency(now.Totals, before.Totals)
	is, was := totalOf(now.Totals, main), totalOf(before.Totals, main)
	v := figuresView{nothing: len(now.Totals) == 0 && len(before.Totals) == 0, byState: []ui.Stat{
		{Label: "Approved", Value: portal.Count(is.Approved), After: share(is.Approved, is.Conversions)},
		{Label: "Pending and on hold", Value: portal.Count(is.Pending), After: share(is.Pending, is.Conversions)},
		{Label: "Rejected", Value: portal.Count(is.Rejected), After: share(is.Rejected, is.Conversions)},
		{Label: "Clicks not counted", Value: portal.Count(is.InvalidClicks)}}}
	days, all := daysOf(p.from, p.to), metrics()
	if !slices.ContainsFunc(all, func(m metric) bool { return m.id == q.Metric }) {
		q.Metric = "conversions"
	}
	for _, m := range all {
		rows := byDay(now.Items, days, main)
		href := portal.URL(path, q, "metric", m.id)
		v.kpis = append(v.kpis, ui.KPI{ID: "kpi-" + m.id, Label: m.label, Value: m.text(is), Previous: m.text(was), Change: change(m, is, was),
			Spark: numbers(rows, m), Chosen: m.id == q.Metric, Href: href, HX: ui.HX{Get: href, Target: "#figures", Swap: "outerMorph", PushURL: true}})
		if m.id == q.Metric {
			v.chart = dayChart(m, days, rows, byDay(before.Items, daysOf(p.beforeFrom, p.beforeTo), main), main)
		}
	}
	for _, r := range now.Totals {
		if r.Currency != main && r.Currency != "" {
			v.others = append(v.others, ui.Pair{Label: "In " + string(r.Currency), Text: portal.Counted(int(r.Clicks), "click") + ", " + portal.Counted(int(r.Conversions), "conversion") + ", " + portal.Sum(r.Revenue, r.Currency)})
		}
	}
	return v, nil
}

// mainCurrency is that of most conversions, then of most clicks.
func mainCurrency(totals ...[]report.Row) money.Currency {
	var best report.Row
	for _, list := range totals {
		for _, r := range list {
			if r.Currency != "" && (best.Currency == "" || r.Conversions > best.Conversions || r.Conversions == best.Conversions && r.Clicks > best.Clicks) {
				best = r
			}
		}
	}
	return best.Currency
}

func totalOf(rows []report.Row, c money.Currency) report.Row {
	for _, r := range rows {
		if r.Currency == c {
			return r
		}
	}
	return report.Row{Currency: c}
}

func share(part, whole int64) string {
	if whole == 0 {
		return ""
	}
	return portal.Ratio(part, whole)
}

// byDay gives a row for each day, those without traffic included.
func byDay(items []report.Row, days []string, c money.Currency) []report.Row {
	rows := make([]report.Row, len(days))
	for i, day := range days {
		rows[i].Currency = c
		for _, item := range items {
			if item.Currency == c && item.Keys[0].Text == day {
				rows[i] = item
			}
		}
	}
	return rows
}

func daysOf(from, to string) (days []string) {
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

// numbers are for drawing only.
func numbers(rows []report.Row, m metric) []float64 {
	all := make([]float64, len(rows))
	for i, r := range rows {
		if v := m.value(r); v != nil {
			all[i], _ = v.Float64()
		}
	}
	return all
}

// change is how a figure moved; none without a figure before. More cost is good news: it comes of more conversions.
func change(m metric, now, before report.Row) ui.Change {
	is, was := m.value(now), m.value(before)
	if is == nil || was == nil || was.Sign() == 0 {
		return ui.Change{}
	}
	moved := new(big.Rat).Sub(is, was)
	percent := new(big.Rat).Quo(moved, new(big.Rat).Abs(was))
	percent.Mul(percent, big.NewRat(100, 1)).Abs(percent)
	return ui.Change{Text: percent.FloatString(1) + "%", Up: moved.Sign() >= 0, Good: moved.Sign() >= 0}
}

func dayChart(m metric, days []string, now, before []report.Row, c money.Currency) ui.Chart {
	chart := ui.Chart{ID: "chart", Title: m.label + " per day", Description: m.label + " per day, with the days before."}
	switch m.id {
	case "cost":
		chart.Prefix = string(c) + " "
	case "cr":
		chart.Suffix = "%"
	}
	texts := func(rows []report.Row) (all []string) {
		for _, r := range rows {
			all = append(all, m.text(r))
		}
		return all
	}
	for _, day := range days {
		d, _ := time.Parse(time.DateOnly, day)
		chart.Labels = append(chart.Labels, d.Format("2 Jan"))
		chart.Long = append(chart.Long, d.Format("Mon 2 Jan 2006"))
	}
	chart.Series = []ui.Series{{Label: "This period", Colour: "brand", Values: numbers(now, m), Texts: texts(now)},
		{Label: "Previous " + strconv.Itoa(len(before)) + " days", Colour: "previous", Dashed: true, Values: numbers(before, m), Texts: texts(before)}}
	return chart
}
