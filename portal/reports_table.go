package portal

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/waypost/waypost/domain/report"
	"github.com/waypost/waypost/ui"
)

// reportFigure is a column of figures.
type reportFigure struct {
	name  report.Figure
	label string
	plain func(report.Row) string // for files
	shown func(report.Row) string // for people
	main  bool                    // stays on narrow screens
}

// reportFigures are the columns that a reader may see.
func reportFigures(seen report.Seen) []reportFigure {
	count := func(name report.Figure, label string, of func(report.Row) int64) reportFigure {
		return reportFigure{name: name, label: label, plain: func(r report.Row) string { return strconv.FormatInt(of(r), 10) }, shown: func(r report.Row) string { return Count(of(r)) }}
	}
	sum := func(name report.Figure, label string, of func(report.Row) string) reportFigure {
		return reportFigure{name: name, label: label, plain: of, shown: func(r report.Row) string {
			if r.Currency == "" {
				return None
			}
			return withCurrency(of(r), r.Currency)
		}}
	}
	all := []reportFigure{
		count(report.FigureClicks, "Clicks", func(r report.Row) int64 { return r.Clicks }),
		count(report.FigureUnique, "Unique", func(r report.Row) int64 { return r.UniqueClicks }),
		count(report.FigureInvalid, "Refused", func(r report.Row) int64 { return r.InvalidClicks }),
		count(report.FigureConversions, "Conversions", func(r report.Row) int64 { return r.Conversions }),
		count(report.FigureApproved, "Approved", func(r report.Row) int64 { return r.Approved }),
		count(report.FigurePending, "Pending", func(r report.Row) int64 { return r.Pending }),
		count(report.FigureRejected, "Rejected", func(r report.Row) int64 { return r.Rejected }),
		{name: report.FigureCR, label: "CR", plain: report.Row.CR, shown: func(r report.Row) string {
			if r.Clicks == 0 {
				return None
			}
			return r.CR() + "%"
		}},
	}
	if seen.Commission {
		epc := sum(report.FigureEPC, "EPC", report.Row.EPC)
		inner := epc.shown
		epc.shown = func(r report.Row) string {
			if r.Clicks == 0 {
				return None
			}
			return inner(r)
		}
		all = append(all, epc)
	}
	if seen.Revenue {
		label := "Revenue"
		if !seen.Commission { // it is the advertiser who reads it
			label = "Cost"
		}
		all = append(all, sum(report.FigureRevenue, label, func(r report.Row) string { return r.Revenue.String() }))
	}
	if seen.Commission {
		all = append(all, sum(report.FigureCommission, "Commission", func(r report.Row) string { return r.Commission.String() }))
	}
	if seen.Profit {
		all = append(all, sum(report.FigureProfit, "Profit", func(r report.Row) string { return r.Profit().String() }))
	}
	all[len(all)-1].main = true
	return all
}

// shownFigures are the columns in the order that people look at them: what is cut off where the window is narrow matters
// least.
func shownFigures(seen report.Seen) []reportFigure {
	all := reportFigures(seen)
	order := []report.Figure{report.FigureClicks, report.FigureConversions, report.FigureCR, report.FigureRevenue, report.FigureCommission, report.FigureProfit,
		report.FigureEPC, report.FigureApproved, report.FigurePending, report.FigureRejected, report.FigureUnique, report.FigureInvalid}
	slices.SortFunc(all, func(a, b reportFigure) int { return slices.Index(order, a.name) - slices.Index(order, b.name) })
	return all
}

// dimensionWord is what a dimension is called on screens.
func dimensionWord(d report.Dimension) string {
	switch d {
	case report.DimensionOS:
		return "System"
	}
	if number, ok := strings.CutPrefix(string(d), "sub"); ok {
		return "Sub " + number
	}
	return strings.ToUpper(string(d[:1])) + string(d[1:])
}

// arrange shows the figures that were chosen.
func (v reportView) arrange(bar *ui.Filter, t *ui.Table) {
	Arrange[report.Row](v.f, t, bar, &ui.PageLinks{}, len(v.filter.levels()), nil, nil)
}

// table is the report itself.
func (v reportView) table() ui.Table {
	levels, figures := v.filter.levels(), shownFigures(v.seen)
	t := ui.Table{ID: "report", Name: "Report", Compact: true}
	for i, d := range levels {
		t.Columns = append(t.Columns, ui.Column{Label: dimensionWord(d), Hide: i > 0})
	}
	for _, figure := range figures {
		t.Columns = append(t.Columns, v.sortable(figure))
	}
	for i, row := range v.report.Items {
		t.Rows = append(t.Rows, ui.Row{ID: "r" + strconv.Itoa(i), Cells: v.cells(row, levels, figures)})
	}
	for i, total := range v.report.Totals {
		line := []ui.Cell{{Text: totalWord(len(v.report.Totals), total)}}
		for range levels[1:] {
			line = append(line, ui.Cell{})
		}
		for _, figure := range figures {
			line = append(line, ui.Cell{Text: figure.shown(total), Strong: true})
		}
		if i == 0 {
			t.Totals = line
		} else {
			t.MoreTotals = append(t.MoreTotals, line)
		}
	}
	return t
}

func totalWord(currencies int, total report.Row) string {
	switch {
	case total.Currency == "":
		return "Unknown offers"
	case currencies > 1:
		return "Total " + string(total.Currency)
	}
	return "Total"
}

// sortable is a column whose head orders by it: falling first, then rising, then as it was.
func (v reportView) sortable(figure reportFigure) ui.Column {
	c := ui.Column{Label: figure.label, Number: true, Hide: !figure.main}
	switch {
	case v.filter.Sort != figure.name:
		c.SortHref = v.url("sort", string(figure.name), "rising", "")
	case !v.filter.Rising:
		c.Sorted, c.SortHref = "descending", v.url("rising", "1")
	default:
		c.Sorted, c.SortHref = "ascending", v.url("sort", "", "rising", "")
	}
	return c
}

func (v reportView) cells(row report.Row, levels []report.Dimension, figures []reportFigure) []ui.Cell {
	var cells []ui.Cell
	var below []string // of the first cell on narrow screens
	for i, d := range levels {
		cell := v.key(d, row.Keys[i])
		if pairs := v.drill(d, row.Keys[i], levels); pairs != nil {
			cell.Href = v.url(pairs...)
		}
		if i > 0 {
			below = append(below, cell.Text)
		}
		cells = append(cells, cell)
	}
	cells[0].Narrow = strings.Join(append(below, Count(row.Clicks)+" clicks", plural(int(row.Conversions), "conversion")), " · ")
	for _, figure := range figures {
		cells = append(cells, ui.Cell{Text: figure.shown(row), Strong: figure.main})
	}
	return cells
}

func idText(k report.Key) string {
	if k.ID == 0 {
		return ""
	}
	return strconv.FormatInt(k.ID, 10)
}

// key is the value of a dimension.
func (v reportView) key(d report.Dimension, k report.Key) ui.Cell {
	switch {
	case k.None && d == report.DimensionGoal:
		return ui.Cell{Text: "No goal", Title: "Clicks have no goal"}
	case k.None:
		return ui.Cell{Text: "No status", Title: "Clicks have no status"}
	}
	switch d {
	case report.DimensionOffer, report.DimensionAffiliate, report.DimensionAdvertiser, report.DimensionGoal:
		if k.Name == "" || d == report.DimensionAffiliate && !v.seen.Affiliates {
			return ui.Cell{Text: dimensionWord(d) + " " + idText(k)}
		}
		return ui.Cell{Text: k.Name}
	case report.DimensionStatus:
		status := ui.StatusOf(ui.Conversions, k.Text)
		return ui.Cell{Text: status.Word, Title: status.Sentence}
	case report.DimensionMonth, report.DimensionWeek, report.DimensionDay:
		return v.span(d, k.Text)
	case report.DimensionHour:
		at, err := time.Parse(time.RFC3339, k.Text)
		if err != nil {
			return ui.Cell{Text: k.Text}
		}
		return ui.Cell{Text: at.In(v.zone).Format("2 Jan 2006, 15:04"), Title: at.In(v.zone).Format("2 Jan 2006, 15:04 MST")}
	}
	if k.Text == "" {
		return ui.Cell{Text: "(unknown)"}
	}
	return ui.Cell{Text: k.Text}
}

// span names a month, week or day; the one that is not over yet says so.
func (v reportView) span(d report.Dimension, text string) ui.Cell {
	layout, shown, days, months := time.DateOnly, "Mon, 2 Jan 2006", 1, 0
	switch d {
	case report.DimensionMonth:
		layout, shown, days, months = "2006-01", "January 2006", 0, 1
	case report.DimensionWeek:
		shown, days = "Week of 2 Jan 2006", 7
	}
	start, err := time.ParseInLocation(layout, text, v.zone)
	if err != nil {
		return ui.Cell{Text: text}
	}
	cell := ui.Cell{Text: start.Format(shown)}
	if start.AddDate(0, months, days).After(v.f.Now) {
		cell.Badge = stillCounting()
	}
	return cell
}

// drill is the filter that a value leads to, and the next group behind it; nil where there is none.
func (v reportView) drill(d report.Dimension, k report.Key, levels []report.Dimension) []string {
	var pairs []string
	next := report.DimensionOffer
	switch d {
	case report.DimensionOffer, report.DimensionAffiliate, report.DimensionAdvertiser, report.DimensionGoal:
		if k.None || k.ID == 0 {
			return nil
		}
		pairs = []string{string(d), idText(k)}
		next = map[report.Dimension]report.Dimension{report.DimensionOffer: report.DimensionAffiliate, report.DimensionAffiliate: report.DimensionOffer,
			report.DimensionAdvertiser: report.DimensionOffer, report.DimensionGoal: report.DimensionDay}[d]
		if d == report.DimensionOffer && !v.seen.Revenue { // an affiliate has no others
			next = "sub1"
		}
	case report.DimensionCountry, "sub1":
		if k.Text == "" {
			return nil
		}
		pairs, next = []string{string(d), k.Text}, report.DimensionDay
	case report.DimensionMonth, report.DimensionWeek, report.DimensionDay:
		from, to := v.spanDates(d, k.Text)
		if from == "" {
			return nil
		}
		pairs = []string{"from", from, "to", to}
		if d != report.DimensionDay {
			next = report.DimensionDay
		}
	default:
		return nil
	}
	rest := slices.DeleteFunc(slices.Clone(levels), func(other report.Dimension) bool { return other == d })
	if len(rest) == 0 {
		rest = []report.Dimension{next}
	}
	return append(pairs, "group", groupOf(rest))
}

// spanDates are the first and the last day of a month, week or day within the report's period.
func (v reportView) spanDates(d report.Dimension, text string) (from, to string) {
	layout, days, months := time.DateOnly, 0, 0
	switch d {
	case report.DimensionMonth:
		layout, days, months = "2006-01", -1, 1
	case report.DimensionWeek:
		days = 6
	}
	start, err := time.Parse(layout, text)
	if err != nil {
		return "", ""
	}
	first, last := v.filter.period(v.f.Now, v.zone)
	return max(start.Format(time.DateOnly), first), min(start.AddDate(0, months, days).Format(time.DateOnly), last)
}

// stats are the totals of a report in one currency; one in several has them below its table alone.
func (v reportView) stats() []ui.Stat {
	if len(v.report.Totals) != 1 {
		return nil
	}
	total := v.report.Totals[0]
	var stats []ui.Stat
	for _, figure := range shownFigures(v.seen) {
		switch figure.name {
		case report.FigureUnique, report.FigureInvalid, report.FigureApproved, report.FigurePending, report.FigureRejected:
			continue
		}
		stat := ui.Stat{Label: figure.label, Value: figure.shown(total)}
		if figure.name == report.FigureConversions && total.Pending > 0 {
			stat.After = fmt.Sprintf("%s pending", Count(total.Pending))
		}
		stats = append(stats, stat)
	}
	return stats
}
