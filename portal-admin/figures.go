package portaladmin

import (
	"cmp"
	"math/big"
	"slices"
	"strconv"
	"time"

	"github.com/a-h/templ"

	"github.com/waypost/waypost/domain/errs"
	"github.com/waypost/waypost/domain/money"
	"github.com/waypost/waypost/domain/report"
	"github.com/waypost/waypost/portal"
	"github.com/waypost/waypost/ui"
)

// figuresDays is the period of a record's figures.
const figuresDays = 30

// figuresView is what traffic and money came to in a period: the main currency large, others in a table.
type figuresView struct {
	KPIs    []ui.KPI
	Chart   ui.Chart
	Others  ui.Table
	Nothing bool   // no traffic at all
	Failed  string // why there are no figures now
	Retry   string
}

// metric is a figure of a report's row.
type metric struct {
	id, label string
	text      func(report.Row) string
	value     func(report.Row) *big.Rat
	money     bool
}

func metrics() []metric {
	count := func(of func(report.Row) int64) (func(report.Row) string, func(report.Row) *big.Rat) {
		return func(r report.Row) string { return portal.Count(of(r)) }, func(r report.Row) *big.Rat { return new(big.Rat).SetInt64(of(r)) }
	}
	sum := func(of func(report.Row) report.Sum) (func(report.Row) string, func(report.Row) *big.Rat) {
		return func(r report.Row) string { return portal.Sum(of(r), r.Currency) }, func(r report.Row) *big.Rat { return new(big.Rat).SetInt(of(r).Minor()) }
	}
	var all []metric
	text, value := count(func(r report.Row) int64 { return r.Clicks })
	all = append(all, metric{"clicks", "Clicks", text, value, false})
	text, value = count(func(r report.Row) int64 { return r.Conversions })
	all = append(all, metric{"conversions", "Conversions", text, value, false})
	text, value = sum(func(r report.Row) report.Sum { return r.Revenue })
	all = append(all, metric{"revenue", "Revenue", text, value, true})
	text, value = sum(func(r report.Row) report.Sum { return r.Commission })
	all = append(all, metric{"commission", "Commission", text, value, true})
	text, value = sum(func(r report.Row) report.Sum { return r.Profit() })
	return append(all, metric{"profit", "Profit", text, value, true})
}

// period is a span of days in the viewer's zone, as reports ask for it, and the span of the same length before it.
type period struct{ from, to, beforeFrom, beforeTo string }

func lastDays(f *portal.Frame, days int) period {
	today := f.Now.In(f.Zone)
	day := func(back int) string { return today.AddDate(0, 0, -back).Format(time.DateOnly) }
	return period{day(days - 1), day(0), day(2*days - 1), day(days)}
}

// figures adds up a period and the one before. Who may not read money, or asks while reports queue, gets none and is told.
func (a *admin) figures(f *portal.Frame, filter report.Filter, p period, chosen, path string, query any) (figuresView, error) {
	now, before, err := a.Reports.Compared(f.Context(), f.Actor, report.Query{GroupBy: "day", From: p.from, To: p.to, Zone: f.Zone.String(), Filter: filter, Limit: report.MaxRows}, p.beforeFrom)
	if err == nil {
		return newFigures(f, append(before.Items, now.Items...), p, chosen, path, query), nil
	}
	if errs.Is(err, errs.KindLimited) || errs.Is(err, errs.KindInvalid) || errs.Is(err, errs.KindForbidden) {
		e, _ := errs.As(err)
		return figuresView{Failed: capital(e.Message) + ".", Retry: f.Echo.Request().URL.RequestURI()}, nil
	}
	return figuresView{}, err
}

// newFigures makes the cards of a report by day over the period and the one before.
func newFigures(f *portal.Frame, items []report.Row, p period, chosen, path string, query any) figuresView {
	v := figuresView{Nothing: len(items) == 0}
	if v.Nothing {
		return v
	}
	nowTotals, beforeTotals := addUp(items, p.from, p.to), addUp(items, p.beforeFrom, p.beforeTo)
	main := mainCurrency(f.Settings.Currency, nowTotals, beforeTotals)
	all := metrics()
	if !slices.ContainsFunc(all, func(m metric) bool { return m.id == chosen }) {
		chosen = "revenue"
	}
	days := daysOf(p.from, p.to)
	is, was := total(nowTotals, main), total(beforeTotals, main)
	for _, m := range all {
		series := byDay(items, days, main)
		v.KPIs = append(v.KPIs, ui.KPI{ID: "kpi-" + m.id, Label: m.label, Value: m.text(is), Previous: m.text(was), Change: change(m.value(is), m.value(was)),
			Spark: numbers(series, m, main), Chosen: m.id == chosen, Href: portal.URL(path, query, "metric", m.id),
			HX: ui.HX{Get: portal.URL(path, query, "metric", m.id), Target: "#figures", Swap: "outerMorph", PushURL: true}})
		if m.id == chosen {
			v.Chart = dayChart(m, days, series, byDay(items, daysOf(p.beforeFrom, p.beforeTo), main), main)
		}
	}
	v.Others = otherCurrencies(nowTotals, main)
	return v
}

// mainCurrency is the network's, where there is any of it, else the one with most conversions.
func mainCurrency(network money.Currency, totals ...[]report.Row) money.Currency {
	var best report.Row
	for _, list := range totals {
		for _, r := range list {
			if r.Currency == network {
				return network
			}
			if best.Currency == "" || r.Conversions > best.Conversions {
				best = r
			}
		}
	}
	return best.Currency
}

// addUp adds the days from one to another, both included, by currency.
func addUp(items []report.Row, from, to string) []report.Row {
	var totals []report.Row
	for _, r := range items {
		if day := r.Keys[0].Text; day < from || day > to {
			continue
		}
		i := slices.IndexFunc(totals, func(t report.Row) bool { return t.Currency == r.Currency })
		if i < 0 {
			i, totals = len(totals), append(totals, report.Row{Currency: r.Currency})
		}
		t := &totals[i]
		t.Clicks, t.Conversions = t.Clicks+r.Clicks, t.Conversions+r.Conversions
		t.Revenue = report.NewSum(new(big.Int).Add(t.Revenue.Minor(), r.Revenue.Minor()), r.Currency)
		t.Commission = report.NewSum(new(big.Int).Add(t.Commission.Minor(), r.Commission.Minor()), r.Currency)
	}
	slices.SortFunc(totals, func(a, b report.Row) int { return cmp.Compare(a.Currency, b.Currency) })
	return totals
}

func total(rows []report.Row, c money.Currency) report.Row {
	for _, r := range rows {
		if r.Currency == c {
			return r
		}
	}
	return report.Row{Currency: c}
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

func daysOf(from, to string) []string {
	start, err := time.Parse(time.DateOnly, from)
	end, err2 := time.Parse(time.DateOnly, to)
	if err != nil || err2 != nil {
		return nil
	}
	var days []string
	for d := start; !d.After(end) && len(days) <= report.MaxDays; d = d.AddDate(0, 0, 1) {
		days = append(days, d.Format(time.DateOnly))
	}
	return days
}

// numbers are for drawing only.
func numbers(rows []report.Row, m metric, c money.Currency) []float64 {
	all := make([]float64, len(rows))
	for i, r := range rows {
		v := m.value(r)
		if m.money {
			v = new(big.Rat).Quo(v, new(big.Rat).SetInt(new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(c.Exponent())), nil)))
		}
		all[i], _ = v.Float64()
	}
	return all
}

// change is how a figure moved; none without a figure before.
func change(is, was *big.Rat) ui.Change {
	if was.Sign() == 0 {
		return ui.Change{}
	}
	moved := new(big.Rat).Sub(is, was)
	share := new(big.Rat).Quo(moved, new(big.Rat).Abs(was))
	share.Mul(share, big.NewRat(100, 1)).Abs(share)
	text := share.FloatString(1) + "%"
	if share.Cmp(big.NewRat(1000, 1)) >= 0 {
		text = "over 1,000%"
	}
	return ui.Change{Text: text, Up: moved.Sign() >= 0, Good: moved.Sign() >= 0}
}

func dayChart(m metric, days []string, now, before []report.Row, c money.Currency) ui.Chart {
	chart := ui.Chart{ID: "chart", Title: m.label + " per day", Description: m.label + " per day, with the days before."}
	if m.money {
		chart.Prefix = string(c) + " "
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
	chart.Series = []ui.Series{
		{Label: "This period", Colour: "brand", Values: numbers(now, m, c), Texts: texts(now)},
		{Label: "Previous " + strconv.Itoa(len(before)) + " days", Colour: "previous", Dashed: true, Values: numbers(before, m, c), Texts: texts(before)},
	}
	return chart
}

// otherCurrencies is a table of the totals beside the main currency's.
func otherCurrencies(totals []report.Row, main money.Currency) ui.Table {
	t := ui.Table{ID: "other-currencies", Name: "Other currencies", Compact: true, Columns: []ui.Column{{Label: "Currency", Wide: true}}}
	for _, m := range metrics() {
		t.Columns = append(t.Columns, ui.Column{Label: m.label, Number: true, Hide: m.id == "clicks" || m.id == "conversions" || m.id == "profit"})
	}
	for _, r := range totals {
		if r.Currency == main || r.Clicks == 0 && r.Conversions == 0 {
			continue
		}
		name := string(r.Currency)
		if name == "" {
			name = "Without a currency"
		}
		row := ui.Row{ID: "currency-" + name, Cells: []ui.Cell{{Text: name, Strong: true, Narrow: portal.Count(r.Conversions) + " conversions"}}}
		for _, m := range metrics() {
			row.Cells = append(row.Cells, ui.Cell{Text: m.text(r)})
		}
		t.Rows = append(t.Rows, row)
	}
	return t
}

// recordFigures are the figures of one record's last 30 days.
func (a *admin) recordFigures(f *portal.Frame, filter report.Filter, path string) (templ.Component, error) {
	var query struct {
		Metric string `query:"metric"`
	}
	if err := f.Query(&query); err != nil {
		return nil, err
	}
	v, err := a.figures(f, filter, lastDays(f, figuresDays), query.Metric, path, nil)
	if err != nil {
		return nil, err
	}
	return figuresCard(v), nil
}
