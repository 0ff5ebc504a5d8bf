package report

import (
	"sort"
	"strings"
	"time"
	_ "time/tzdata" // the zones, where the machine has none

	"github.com/waypost/waypost/domain/errs"
)

const (
	// MaxDays is the longest period of a report.
	MaxDays = 400
	// defaultDays is the period where none is asked for, today included.
	defaultDays = 30
)

// parseZone reads the name of a time zone as the IANA data base has it; empty means UTC.
func parseZone(name string) (*time.Location, error) {
	zone, err := time.LoadLocation(name)
	if err != nil || name == "Local" { // which is the machine's
		return nil, errs.Invalid("invalid_tz", "must be a time zone of the IANA data base such as Europe/Berlin")
	}
	return zone, nil
}

// date is a day of the calendar; it may run over its month, as in time.Date.
type date struct {
	year  int
	month time.Month
	day   int
}

func dateOf(t time.Time) date {
	y, m, d := t.Date()
	return date{y, m, d}
}

func (d date) plus(days int) date {
	return dateOf(time.Date(d.year, d.month, d.day+days, 0, 0, 0, 0, time.UTC))
}

func (d date) monday() date {
	return d.plus(-(int(time.Date(d.year, d.month, d.day, 0, 0, 0, 0, time.UTC).Weekday()) + 6) % 7)
}

// start is the first instant of the day in a zone. It is not always midnight: there are places where clocks go forward
// at midnight.
func (d date) start(zone *time.Location) time.Time {
	const span = 30 * 60 * 60 // seconds that the same date is under way on earth, and then some
	earliest := time.Date(d.year, d.month, d.day, 0, 0, 0, 0, time.UTC).Add(-15 * time.Hour)
	n := sort.Search(span, func(seconds int) bool {
		y, m, day := earliest.Add(time.Duration(seconds) * time.Second).In(zone).Date()
		return !time.Date(y, m, day, 0, 0, 0, 0, time.UTC).Before(earliest.Add(15 * time.Hour))
	})
	return earliest.Add(time.Duration(n) * time.Second)
}

// parseBound reads a time, or a date in the zone: its start, or that of a day so many later.
func parseBound(text string, zone *time.Location, days int) (time.Time, error) {
	if t, err := time.Parse(time.DateOnly, text); err == nil {
		return dateOf(t).plus(days).start(zone), nil
	}
	t, err := time.Parse(time.RFC3339, strings.Replace(text, " ", "+", 1)) // a "+" that nobody encoded
	if err != nil {
		return time.Time{}, errs.Invalid("invalid_time", "must be a date such as 2026-03-04 or a time such as 2026-03-04T05:06:07Z")
	}
	return t.UTC(), nil
}

// starts gives the first instants of all spans of a dimension that touch the time between from and to.
func starts(d Dimension, from, to time.Time, zone *time.Location) []time.Time {
	if d == DimensionHour {
		var hours []time.Time
		for t := dateOf(from.In(zone)).start(zone); t.Before(to); {
			local := t.In(zone)
			next := t.Add(time.Hour - time.Duration(local.Minute())*time.Minute - time.Duration(local.Second())*time.Second)
			if next.After(from) {
				hours = append(hours, t)
			}
			t = next
		}
		return hours
	}
	day, step := dateOf(from.In(zone)), func(d date) date { return d.plus(1) }
	switch d {
	case DimensionWeek:
		day, step = day.monday(), func(d date) date { return d.plus(7) }
	case DimensionMonth:
		day.day, step = 1, func(d date) date { return dateOf(time.Date(d.year, d.month+1, 1, 0, 0, 0, 0, time.UTC)) }
	}
	var spans []time.Time
	for ; day.start(zone).Before(to); day = step(day) {
		spans = append(spans, day.start(zone))
	}
	return spans
}

// label names the span of a dimension that begins at an instant: a month as 2026-11, a week and a day by their (first)
// day, an hour by its start in UTC.
func label(d Dimension, start time.Time, zone *time.Location) string {
	switch d {
	case DimensionMonth:
		return start.In(zone).Format("2006-01")
	case DimensionHour:
		return start.UTC().Format(time.RFC3339)
	}
	return start.In(zone).Format(time.DateOnly)
}
