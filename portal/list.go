package portal

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/waypost/waypost/domain"
	"github.com/waypost/waypost/domain/errs"
	"github.com/waypost/waypost/domain/money"
	"github.com/waypost/waypost/domain/report"
	"github.com/waypost/waypost/ui"
)

// Period is embedded in the filter of a list: days in the viewer's zone, both included. Query and Bind refuse what is no
// day, for a filter that is left out takes more than was asked for.
type Period struct {
	From string `query:"from" form:"from"`
	To   string `query:"to" form:"to"`
}

func (p Period) faults(location string) (faults []errs.Field) {
	for _, day := range [...]struct{ name, text string }{{"from", p.From}, {"to", p.To}} {
		if _, err := time.Parse(time.DateOnly, day.text); err != nil && day.text != "" {
			faults = append(faults, errs.Field{Location: location + day.name, Code: "invalid_value", Message: "must be a day such as 2026-11-30"})
		}
	}
	return faults
}

// Bounds are the instants of the period, to excluded; zero where a day is not given.
func (p Period) Bounds(f *Frame) (from, to time.Time) {
	if day, err := time.ParseInLocation(time.DateOnly, p.From, f.Zone); err == nil {
		from = day
	}
	if day, err := time.ParseInLocation(time.DateOnly, p.To, f.Zone); err == nil {
		to = day.AddDate(0, 0, 1)
	}
	return from, to
}

// Picker is the period as a field of a filter; all is what it says where no day is chosen.
func (p Period) Picker(f *Frame, id, all string) *ui.DateRange {
	today := f.Now.In(f.Zone).Format(time.DateOnly)
	return &ui.DateRange{ID: id, From: p.From, To: p.To, Today: today, Max: today, Label: p.Label(all), Zone: f.Zone.String()}
}

// Label is the period in words: "22 Oct – 20 Nov 2026".
func (p Period) Label(all string) string {
	const day = "2 Jan 2006"
	from, errFrom := time.Parse(time.DateOnly, p.From)
	to, errTo := time.Parse(time.DateOnly, p.To)
	switch {
	case errFrom != nil && errTo != nil:
		return all
	case errFrom != nil:
		return "until " + to.Format(day)
	case errTo != nil:
		return "since " + from.Format(day)
	case from.Equal(to):
		return from.Format(day)
	case from.Year() == to.Year():
		return from.Format("2 Jan") + " – " + to.Format(day)
	}
	return from.Format(day) + " – " + to.Format(day)
}

// Pager says how much of a list is shown, and links to the rest with the filter kept. thing is the word for one row.
func Pager[T any](path string, filter any, p Paging, list domain.Slice[T], thing string) ui.PageLinks {
	links := ui.PageLinks{Text: Counted(len(list.Items), thing)}
	if list.NextCursor != "" {
		links.OlderHref = URL(path, filter, "cursor", list.NextCursor)
	}
	if p.Cursor != "" {
		links.NewerHref = URL(path, filter, "cursor", "")
	}
	if list.NextCursor != "" || p.Cursor != "" {
		links.Text += " on this page, newest first"
	}
	return links
}

// Tested says in a pager how many of the rows are tests, which no figure counts.
func Tested[T any](links ui.PageLinks, list []T, test func(T) bool) ui.PageLinks {
	n := 0
	for _, row := range list {
		if test(row) {
			n++
		}
	}
	if n > 0 {
		links.Text += ", of them " + Counted(n, "test")
	}
	return links
}

// Counted is "1 offer", "12 offers".
func Counted(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return Count(n) + " " + thing + "s"
}

// Chips are the active filters, as pairs of the field's name and what the chip says; pairs that say nothing are left out.
func Chips(path string, filter any, pairs ...string) (chips []ui.Chip) {
	for i := 0; i+1 < len(pairs); i += 2 {
		if pairs[i+1] != "" {
			chips = append(chips, ui.Chip{Text: pairs[i+1], Href: URL(path, filter, pairs[i], "", "cursor", "")})
		}
	}
	return chips
}

// Is is what a chip says of a value; empty where none is set.
func Is(what, value string) string {
	if value == "" {
		return ""
	}
	return what + " is " + value
}

// Number reads a whole number above nought of the path. What is none is not found.
func (f *Frame) Number(name string) (int64, error) {
	n, err := strconv.ParseInt(f.Param(name), 10, 64)
	if err != nil || n <= 0 {
		return 0, errs.NotFound("not_found", "there is nothing with this id")
	}
	return n, nil
}

// Sum is a sum of a report with its currency.
func Sum(s report.Sum, c money.Currency) string {
	if c == "" {
		return None
	}
	return withCurrency(s.String(), c)
}

// Unnamed is what a thing is called whose name the viewer may not know, or that has none: "Offer #12".
func Unnamed[ID ~int64](what string, id ID) string {
	return strings.TrimSpace(fmt.Sprintf("%s #%d", what, id))
}

// Decimal is an exact decimal of a report, such as an EPC, with its currency.
func Decimal(text string, c money.Currency) string { return withCurrency(text, c) }

// Symbol is what stands before an amount on a chart's axis: "€", or the currency's code.
func Symbol(c money.Currency) string {
	if symbol, ok := symbols[c]; ok {
		return symbol
	}
	return string(c) + "\u00a0"
}
