package view

import "time"

// Span is a period that moves with the calendar, by the name that the portals' date range has for it.
type Span string

// The spans; weeks begin on Monday.
const (
	Today       Span = "today"
	Yesterday   Span = "yesterday"
	Last7Days   Span = "7d" // with today, as the next two
	Last14Days  Span = "14d"
	Last30Days  Span = "30d"
	ThisWeek    Span = "week" // up to today, as month, quarter and year
	LastWeek    Span = "last_week"
	ThisMonth   Span = "month"
	LastMonth   Span = "last_month"
	ThisQuarter Span = "quarter"
	LastQuarter Span = "last_quarter"
	ThisYear    Span = "year"
)

// Spans are all of them, counts of days before weeks and months.
func Spans() []Span {
	return []Span{Today, Yesterday, Last7Days, Last14Days, Last30Days, ThisWeek, LastWeek, ThisMonth, LastMonth, ThisQuarter, LastQuarter, ThisYear}
}

// Days are the first and the last day of the span on a day, as YYYY-MM-DD. Of that only the date in its zone counts.
func (s Span) Days(today time.Time) (from, to string) {
	year, month, day := today.Date()
	on := func(year int, month time.Month, day int) time.Time {
		return time.Date(year, month, day, 0, 0, 0, 0, time.UTC)
	}
	now := on(year, month, day)
	monday := day - (int(now.Weekday())+6)%7
	quarter := month - (month-1)%3
	first, last := now, now
	switch s {
	case Yesterday:
		first, last = on(year, month, day-1), on(year, month, day-1)
	case Last7Days:
		first = on(year, month, day-6)
	case Last14Days:
		first = on(year, month, day-13)
	case Last30Days:
		first = on(year, month, day-29)
	case ThisWeek:
		first = on(year, month, monday)
	case LastWeek:
		first, last = on(year, month, monday-7), on(year, month, monday-1)
	case ThisMonth:
		first = on(year, month, 1)
	case LastMonth:
		first, last = on(year, month-1, 1), on(year, month, 0)
	case ThisQuarter:
		first = on(year, quarter, 1)
	case LastQuarter:
		first, last = on(year, quarter-3, 1), on(year, quarter, 0)
	case ThisYear:
		first = on(year, time.January, 1)
	}
	return first.Format(time.DateOnly), last.Format(time.DateOnly)
}

// SpanOf is the span that these days are on a day; empty where they are none. Where several are, it is the first of Spans,
// so a plain count of days before a week or month.
func SpanOf(from, to string, today time.Time) Span {
	for _, s := range Spans() {
		if first, last := s.Days(today); first == from && last == to {
			return s
		}
	}
	return ""
}
