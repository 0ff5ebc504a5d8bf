package portaladmin

import (
	"cmp"
	"math/big"
	"slices"
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

// figureList are the figures of the network.
func figureList() []portal.Figure {
	return []portal.Figure{portal.SumFigure("revenue", "Revenue", func(r report.Row) report.Sum { return r.Revenue }),
		portal.SumFigure("commission", "Commission", func(r report.Row) report.Sum { return r.Commission }),
		portal.SumFigure("profit", "Profit", report.Row.Profit),
		portal.CountFigure("clicks", "Clicks", func(r report.Row) int64 { return r.Clicks }),
		portal.CountFigure("conversions", "Conversions", func(r report.Row) int64 { return r.Conversions })}
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
	shown := portal.NewFigures(figureList(), chosen, main, portal.Days(p.from, p.to), portal.Days(p.beforeFrom, p.beforeTo), items, func(metric string) string {
		return portal.URL(path, query, "metric", metric)
	})
	v.KPIs, v.Chart = shown.KPIs, shown.Chart
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

// otherCurrencies is a table of the totals beside the main currency's.
func otherCurrencies(totals []report.Row, main money.Currency) ui.Table {
	t := ui.Table{ID: "other-currencies", Name: "Other currencies", Compact: true, Columns: []ui.Column{{Label: "Currency", Wide: true}}}
	for _, m := range figureList() {
		t.Columns = append(t.Columns, ui.Column{Label: m.Label, Number: true, Hide: m.ID == "clicks" || m.ID == "conversions" || m.ID == "profit"})
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
		for _, m := range figureList() {
			row.Cells = append(row.Cells, ui.Cell{Text: m.Text(r)})
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
