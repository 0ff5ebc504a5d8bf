package report

import (
	"slices"
	"time"

	"github.com/waypost/waypost/domain/errs"
)

// Rolled is what is kept of a UTC day's clicks beside themselves.
type Rolled struct {
	Day     time.Time
	Spans   Spans // that are added up
	Dropped bool  // the clicks themselves are gone
}

// Period is a span of time; To is excluded.
type Period struct{ From, To time.Time }

// Cover is how the clicks of a period are read, each of them once: from what is added up by UTC day, by half hour, and
// for the rest from the clicks. Its periods are in order.
type Cover struct{ Days, Halves, Clicks []Period }

// Cover parts the selection's period by what is added up. A span that lies in two groups of the report is read from
// the clicks, and so is everything where a fact of the click is asked for that is not added up. Errors: Invalid
// clicks_dropped where those clicks are gone.
func (s Selection) Cover(rolled []Rolled) (Cover, error) {
	of := make(map[time.Time]Rolled, len(rolled))
	var dropped time.Time // the newest such day
	for _, r := range rolled {
		of[r.Day] = r
		if r.Dropped && r.Day.After(dropped) {
			dropped = r.Day
		}
	}
	byDay, byHalf, ofClick := s.addedUp()
	if ofClick && !dropped.IsZero() {
		return Cover{}, clicksDropped(dropped)
	}
	var c Cover
	for at := s.From.UTC().Truncate(day); at.Before(s.To); at = at.Add(day) {
		r := of[at]
		if byDay && r.Spans&WholeDay != 0 && s.holds(at, at.Add(day)) {
			c.Days = extend(c.Days, at, at.Add(day))
			continue
		}
		for i := range spansOfDay {
			from := at.Add(time.Duration(i) * Span)
			to := from.Add(Span)
			if byHalf && r.Spans.Has(i) && s.holds(from, to) {
				c.Halves = extend(c.Halves, from, to)
				continue
			}
			if from.Before(s.From) {
				from = s.From
			}
			if s.To.Before(to) {
				to = s.To
			}
			if !from.Before(to) {
				continue
			}
			if r.Dropped {
				return Cover{}, clicksDropped(dropped)
			}
			c.Clicks = extend(c.Clicks, from, to)
		}
	}
	return c, nil
}

func clicksDropped(last time.Time) error {
	return errs.Invalid("clicks_dropped", "single clicks are kept from %s on; of earlier days there are totals by half hour, offer and affiliate",
		last.Add(day).Format(time.DateOnly)).At("query.from")
}

// addedUp tells which totals hold all that the selection groups and narrows by, and whether it asks for facts of the
// click, which its conversions have from it.
func (s Selection) addedUp() (byDay, byHalf, ofClick bool) {
	byDay, byHalf = true, true
	country := s.Filter.Country != ""
	for _, d := range s.GroupBy {
		switch d {
		case DimensionOffer, DimensionAffiliate, DimensionAdvertiser, DimensionGoal, DimensionStatus:
		case DimensionCountry:
			country = true
		default:
			if !d.OfTime() {
				return false, false, true
			}
		}
	}
	if s.Filter.Sub1 != "" {
		return false, false, true
	}
	return byDay, !country, country
}

// holds tells whether a span lies within the period and in one group of each dimension of time.
func (s Selection) holds(from, to time.Time) bool {
	if from.Before(s.From) || s.To.Before(to) {
		return false
	}
	for _, starts := range s.Starts {
		next, exact := slices.BinarySearchFunc(starts, from, time.Time.Compare)
		if exact {
			next++
		}
		if next < len(starts) && starts[next].Before(to) {
			return false
		}
	}
	return true
}

// extend adds a period to those before it, to the last one where it goes on there.
func extend(periods []Period, from, to time.Time) []Period {
	if last := len(periods) - 1; last >= 0 && periods[last].To.Equal(from) {
		periods[last].To = to
		return periods
	}
	return append(periods, Period{from, to})
}
