package portalaffiliate

import (
	"math/big"
	"time"

	"github.com/waypost/waypost/domain/affiliate"
	"github.com/waypost/waypost/domain/errs"
	"github.com/waypost/waypost/domain/money"
	"github.com/waypost/waypost/domain/report"
	"github.com/waypost/waypost/portal"
	"github.com/waypost/waypost/ui"
)

// figuresQuery is the dashboard's address.
type figuresQuery struct {
	Metric  string `query:"metric"`  // of metrics; empty = earnings
	By      string `query:"by"`      // hour, day, week; empty = what suits the period
	Compare string `query:"compare"` // previous (empty), year, none
	portal.Period
}

// dayspan is the days that are shown, and those that they are compared with.
type dayspan struct {
	from, to             time.Time // days in the zone; to is included
	before, beforeTo     time.Time
	compare              string // none, previous, year
	by                   report.Dimension
	zone                 *time.Location
	currency             money.Currency
	previousName, period string
}

const defaultDays = 30

// span reads the period; what cannot be read is the last 30 days.
func (in figuresQuery) span(f *portal.Frame) dayspan {
	today := day(f.Now.In(f.Zone))
	d := dayspan{zone: f.Zone, to: today, compare: in.Compare}
	from, end := in.Bounds(f)
	if !end.IsZero() {
		d.to = end.AddDate(0, 0, -1)
	}
	if d.from = from; from.IsZero() || d.from.After(d.to) || d.from.AddDate(0, 0, report.MaxDays-1).Before(d.to) {
		d.from = d.to.AddDate(0, 0, 1-defaultDays)
	}
	days := d.days()
	switch in.Compare {
	case "none":
	case "year":
		d.before, d.beforeTo, d.previousName = d.from.AddDate(-1, 0, 0), d.to.AddDate(-1, 0, 0), "Year before"
	default:
		d.compare = "previous"
		d.before, d.beforeTo, d.previousName = d.from.AddDate(0, 0, -days), d.from.AddDate(0, 0, -1), "Previous "+portal.Counted(days, "day")
	}
	const hourMost, dayMost = 4, 92
	switch by := report.Dimension(in.By); {
	case by == report.DimensionHour && days <= hourMost, by == report.DimensionDay, by == report.DimensionWeek:
		d.by = by
	case days <= 2:
		d.by = report.DimensionHour
	case days <= dayMost:
		d.by = report.DimensionDay
	default:
		d.by = report.DimensionWeek
	}
	d.period = portal.Period{From: d.from.Format(time.DateOnly), To: d.to.Format(time.DateOnly)}.Label("")
	return d
}

func day(t time.Time) time.Time {
	return time.Date(t.Year(), t.Month(), t.Day(), 0, 0, 0, 0, t.Location())
}

// days is how many there are, however long each is.
func (d dayspan) days() int {
	from := time.Date(d.from.Year(), d.from.Month(), d.from.Day(), 0, 0, 0, 0, time.UTC)
	to := time.Date(d.to.Year(), d.to.Month(), d.to.Day(), 0, 0, 0, 0, time.UTC)
	return int(to.Sub(from)/(24*time.Hour)) + 1
}

func (d dayspan) picker(f *portal.Frame) ui.DateRange {
	p := portal.Period{From: d.from.Format(time.DateOnly), To: d.to.Format(time.DateOnly)}.Picker(f, "dates", "")
	p.CompareField, p.Compare = "compare", d.compare
	if d.compare != "none" {
		p.Compared = "vs " + lower(d.previousName)
	}
	return *p
}

// query asks for a report of some days, all in the currency of the dashboard.
func (d dayspan) query(groupBy string, from, to time.Time) report.Query {
	return report.Query{GroupBy: groupBy, From: from.Format(time.DateOnly), To: to.Format(time.DateOnly), Zone: d.zone.String(), Currency: string(d.currency), Limit: report.MaxRows}
}

// buckets are the spans of the chart's axis: as the report labels them.
func (d dayspan) buckets(from, to time.Time) (keys []string, starts []time.Time) {
	end := to.AddDate(0, 0, 1)
	switch d.by {
	case report.DimensionHour:
		for t := from; t.Before(end); t = t.Add(time.Hour) {
			keys, starts = append(keys, t.UTC().Format(time.RFC3339)), append(starts, t)
		}
	case report.DimensionWeek:
		monday := from.AddDate(0, 0, -(int(from.Weekday())+6)%7)
		for t := monday; t.Before(end); t = t.AddDate(0, 0, 7) {
			keys, starts = append(keys, t.Format(time.DateOnly)), append(starts, t)
		}
	default:
		for t := from; t.Before(end); t = t.AddDate(0, 0, 1) {
			keys, starts = append(keys, t.Format(time.DateOnly)), append(starts, t)
		}
	}
	return keys, starts
}

// figuresView is the dashboard's figures and their chart.
type figuresView struct {
	kpis  []ui.KPI
	chart ui.Chart
}

// figureList are the figures of an affiliate.
func figureList() []portal.Figure {
	earnings := portal.SumFigure("earnings", "Earnings", func(r report.Row) report.Sum { return r.Commission })
	perClick := portal.Figure{ID: "epc", Label: "EPC", Money: true, Text: epc, Exact: func(r report.Row) *big.Rat { v, _ := new(big.Rat).SetString(r.EPC()); return v }}
	return []portal.Figure{earnings, portal.CountFigure("clicks", "Clicks", func(r report.Row) int64 { return r.Clicks }),
		portal.CountFigure("conversions", "Conversions", func(r report.Row) int64 { return r.Conversions }), portal.RateFigure(), perClick}
}

// figures reads the figures of the period. missing tells that money is left out for want of an exchange rate.
func (s *pages) figures(f *portal.Frame, in figuresQuery, d dayspan) (v figuresView, missing bool, err error) {
	var now, before report.Report
	compared := d.compare != "none"
	if d.compare == "previous" {
		err = inTurn(f, func() (err error) {
			now, before, err = s.Reports.Compared(f.Context(), f.Actor, d.query(string(d.by), d.from, d.to), d.before.Format(time.DateOnly))
			return err
		})
	} else if now, err = s.report(f, d.query(string(d.by), d.from, d.to)); err == nil && compared {
		before, err = s.report(f, d.query(string(d.by), d.before, d.beforeTo))
	}
	if err != nil {
		return v, false, err
	}
	keys, starts := d.buckets(d.from, d.to)
	rows := byKey(now.Items, d.currency)
	oldKeys, _ := d.buckets(d.before, d.beforeTo)
	oldRows := byKey(before.Items, d.currency)
	total, _ := totalIn(now.Totals, d.currency)
	old, _ := totalIn(before.Totals, d.currency)
	chosen := figureList()[0]
	for _, m := range figureList() {
		if m.ID == in.Metric {
			chosen = m
		}
	}
	for _, m := range figureList() {
		k := ui.KPI{ID: "kpi-" + m.ID, Label: m.Label, Value: m.Text(total), Chosen: m.ID == chosen.ID, Href: portal.URL(f.Path(""), in, "metric", m.ID),
			HX: ui.HX{Get: portal.URL(f.Path(""), in, "metric", m.ID), Target: "#figures", Swap: "outerMorph", PushURL: true}}
		for _, key := range keys {
			k.Spark = append(k.Spark, portal.Drawn(m.Exact(row(rows, key, d.currency))))
		}
		if compared {
			k.Previous, k.Change = m.Text(old), portal.Change(m.Exact(old), m.Exact(total))
		}
		v.kpis = append(v.kpis, k)
	}
	v.chart = ui.Chart{ID: "figures-chart", Title: chosen.Label + " per " + string(d.by), Description: chosen.Label + " per " + string(d.by) + ", " + d.period + ".", Head: map[report.Dimension]string{
		report.DimensionHour: "Hour", report.DimensionWeek: "Week from"}[d.by], Intervals: intervals(f, in, d)}
	if chosen.Money {
		v.chart.Prefix = portal.Symbol(d.currency)
	}
	if chosen.Percent {
		v.chart.Suffix = "%"
	}
	current := ui.Series{Label: d.period, Colour: "brand"}
	previous := ui.Series{Label: d.previousName, Colour: "previous", Dashed: true}
	for i, key := range keys {
		short, long := "2 Jan", "Mon 2 Jan 2006"
		if d.by == report.DimensionHour {
			short, long = "15:04", "Mon 2 Jan, 15:04"
		}
		v.chart.Labels, v.chart.Long = append(v.chart.Labels, starts[i].Format(short)), append(v.chart.Long, starts[i].Format(long))
		r := row(rows, key, d.currency)
		current.Values, current.Texts = append(current.Values, portal.Drawn(chosen.Exact(r))), append(current.Texts, chosen.Text(r))
		old := report.Row{Currency: d.currency}
		if i < len(oldKeys) {
			old = row(oldRows, oldKeys[i], d.currency)
		}
		previous.Values, previous.Texts = append(previous.Values, portal.Drawn(chosen.Exact(old))), append(previous.Texts, chosen.Text(old))
	}
	v.chart.Series = []ui.Series{current}
	if compared {
		v.chart.Series = append(v.chart.Series, previous)
	}
	return v, len(now.Missing) > 0, nil
}

func intervals(f *portal.Frame, in figuresQuery, d dayspan) (tabs []ui.Tab) {
	for _, t := range []struct {
		label string
		by    report.Dimension
		least int
		most  int
	}{{"Hour", report.DimensionHour, 1, 4}, {"Day", report.DimensionDay, 2, report.MaxDays}, {"Week", report.DimensionWeek, 14, report.MaxDays}} {
		if n := d.days(); n < t.least || n > t.most {
			continue
		}
		href := portal.URL(f.Path(""), in, "by", string(t.by))
		tabs = append(tabs, ui.Tab{Label: t.label, Href: href, Current: d.by == t.by, HX: ui.HX{Get: href, Target: "#figures", Swap: "outerMorph", PushURL: true}})
	}
	return tabs
}

// report asks for a report when it is its turn.
func (s *pages) report(f *portal.Frame, q report.Query) (r report.Report, err error) {
	err = inTurn(f, func() (err error) {
		r, err = s.Reports.Report(f.Context(), f.Actor, q)
		return err
	})
	return r, err
}

// inTurn asks, and once more where another report of the same affiliate is being made: a page has several.
func inTurn(f *portal.Frame, ask func() error) error {
	const tries, pause = 10, 150 * time.Millisecond
	for try := 1; ; try++ {
		err := ask()
		if !errs.Is(err, errs.KindLimited) || try == tries {
			return err
		}
		select {
		case <-f.Context().Done():
			return f.Context().Err()
		case <-time.After(pause):
		}
	}
}

// ownCurrency is what the affiliate wants its figures in.
func (s *pages) ownCurrency(f *portal.Frame) (money.Currency, error) {
	a, err := s.Affiliates.Get(f.Context(), f.Actor, affiliate.ID(f.Actor.AffiliateID))
	if err != nil {
		return "", err
	}
	if a.Currency == "" {
		return "USD", nil
	}
	return a.Currency, nil
}

func byKey(items []report.Row, c money.Currency) map[string]report.Row {
	rows := map[string]report.Row{}
	for _, r := range items {
		if r.Currency == c {
			rows[r.Keys[0].Text] = r
		}
	}
	return rows
}

// row is that of a key, or one of noughts.
func row(rows map[string]report.Row, key string, c money.Currency) report.Row {
	if r, found := rows[key]; found {
		return r
	}
	return report.Row{Currency: c, Commission: report.NewSum(new(big.Int), c)}
}

// totalIn is the total in a currency, or one of noughts.
func totalIn(totals []report.Row, c money.Currency) (report.Row, bool) {
	for _, r := range totals {
		if r.Currency == c {
			return r, true
		}
	}
	return report.Row{Currency: c, Commission: report.NewSum(new(big.Int), c)}, false
}

// shareOf is a row's commission of another's, in whole percent, at least 1 where there is any.
func shareOf(part, whole report.Row) int {
	if whole.Commission.Minor().Sign() <= 0 || part.Commission.Minor().Sign() <= 0 {
		return 0
	}
	hundredfold := new(big.Int).Mul(part.Commission.Minor(), big.NewInt(100))
	return max(1, int(hundredfold.Quo(hundredfold, whole.Commission.Minor()).Int64()))
}

func lower(s string) string {
	if s == "" {
		return s
	}
	return string(s[0]|0x20) + s[1:]
}
