package portaladvertiser

import (
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

// figureList are the figures of an advertiser.
func figureList() []portal.Figure {
	return []portal.Figure{portal.CountFigure("conversions", "Conversions", func(r report.Row) int64 { return r.Conversions }),
		portal.CountFigure("clicks", "Clicks", func(r report.Row) int64 { return r.Clicks }), portal.RateFigure(),
		portal.SumFigure("cost", "Cost", func(r report.Row) report.Sum { return r.Revenue })}
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
	shown := portal.NewFigures(figureList(), q.Metric, main, portal.Days(p.from, p.to), portal.Days(p.beforeFrom, p.beforeTo), append(before.Items, now.Items...), func(metric string) string {
		return portal.URL(path, q, "metric", metric)
	})
	is := shown.Is
	v := figuresView{nothing: len(now.Totals) == 0 && len(before.Totals) == 0, kpis: shown.KPIs, chart: shown.Chart, byState: []ui.Stat{
		{Label: "Approved", Value: portal.Count(is.Approved), After: share(is.Approved, is.Conversions)},
		{Label: "Pending and on hold", Value: portal.Count(is.Pending), After: share(is.Pending, is.Conversions)},
		{Label: "Rejected", Value: portal.Count(is.Rejected), After: share(is.Rejected, is.Conversions)},
		{Label: "Clicks not counted", Value: portal.Count(is.InvalidClicks)}}}
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

func share(part, whole int64) string {
	if whole == 0 {
		return ""
	}
	return portal.Ratio(part, whole)
}
