package report

import "time"

const (
	day = 24 * time.Hour
	// Span is the length of the shortest spans that clicks are added up for: most zones' days and hours begin at one.
	Span       = 30 * time.Minute
	spansOfDay = int(day / Span)
)

// Spans are spans of one UTC day: bit 0 to 47 its half hours, bit 48 the whole day.
type Spans int64

const (
	// WholeDay is the day itself.
	WholeDay Spans = 1 << spansOfDay
	// AllSpans are the day and all of its half hours.
	AllSpans = WholeDay<<1 - 1
)

// SpansSince are those whose figures change when a click of this moment comes late: its own, the day, and every later
// one, where another click may have counted as its visitor's first.
func SpansSince(at time.Time) Spans {
	return AllSpans &^ (1<<(at.Sub(at.UTC().Truncate(day))/Span) - 1)
}

// SpansEnded are those of a UTC day that are over at a moment.
func SpansEnded(of, at time.Time) Spans {
	switch past := at.Sub(of); {
	case past < 0:
		return 0
	case past >= day:
		return AllSpans
	default:
		return 1<<(past/Span) - 1
	}
}

// Has tells whether a half hour of the day, counted from 0, is one of them.
func (s Spans) Has(halfHour int) bool { return s>>halfHour&1 == 1 }

// Starts are when the half hours among them begin, on a UTC day.
func (s Spans) Starts(of time.Time) (starts []time.Time) {
	for i := range spansOfDay {
		if s.Has(i) {
			starts = append(starts, of.Add(time.Duration(i)*Span))
		}
	}
	return starts
}
