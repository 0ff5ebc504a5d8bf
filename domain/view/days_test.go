package view_test

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/waypost/waypost/domain/view"
)

func day(t *testing.T, text string) time.Time {
	t.Helper()
	at, err := time.Parse(time.DateOnly, text)
	if err != nil {
		t.Fatal(err)
	}
	return at
}

func TestSpans(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		span            view.Span
		today, from, to string
	}{
		{view.Today, "2026-03-31", "2026-03-31", "2026-03-31"},
		{view.Yesterday, "2026-03-01", "2026-02-28", "2026-02-28"},
		{view.Last7Days, "2024-03-03", "2024-02-26", "2024-03-03"},
		{view.Last14Days, "2026-01-05", "2025-12-23", "2026-01-05"},
		{view.Last30Days, "2026-03-31", "2026-03-02", "2026-03-31"},
		{view.ThisWeek, "2026-11-23", "2026-11-23", "2026-11-23"}, // a Monday
		{view.ThisWeek, "2026-11-22", "2026-11-16", "2026-11-22"}, // a Sunday
		{view.LastWeek, "2026-11-22", "2026-11-09", "2026-11-15"},
		{view.LastWeek, "2026-01-01", "2025-12-22", "2025-12-28"},
		{view.ThisMonth, "2026-12-31", "2026-12-01", "2026-12-31"},
		{view.LastMonth, "2026-01-31", "2025-12-01", "2025-12-31"},
		{view.LastMonth, "2024-03-31", "2024-02-01", "2024-02-29"},
		{view.ThisQuarter, "2026-12-31", "2026-10-01", "2026-12-31"},
		{view.ThisQuarter, "2026-01-01", "2026-01-01", "2026-01-01"},
		{view.LastQuarter, "2026-02-28", "2025-10-01", "2025-12-31"},
		{view.LastQuarter, "2026-05-31", "2026-01-01", "2026-03-31"},
		{view.ThisYear, "2026-01-01", "2026-01-01", "2026-01-01"},
		{view.ThisYear, "2028-02-29", "2028-01-01", "2028-02-29"},
	} {
		if from, to := tc.span.Days(day(t, tc.today)); from != tc.from || to != tc.to {
			t.Errorf("%s on %s: %s to %s, want %s to %s", tc.span, tc.today, from, to, tc.from, tc.to)
		}
	}
}

// Every span ends today or before, begins no later than it ends, and is found again by its days.
func TestSpansOfAnyDay(t *testing.T) {
	t.Parallel()
	for today := day(t, "2023-12-01"); today.Before(day(t, "2028-04-01")); today = today.AddDate(0, 0, 1) {
		for _, span := range view.Spans() {
			from, to := span.Days(today)
			if from > to || to > today.Format(time.DateOnly) {
				t.Fatalf("%s on %s: %s to %s", span, today.Format(time.DateOnly), from, to)
			}
			found := view.SpanOf(from, to, today)
			if first, last := found.Days(today); found == "" || first != from || last != to {
				t.Fatalf("%s on %s is found as %q", span, today.Format(time.DateOnly), found)
			}
		}
	}
	if got := view.SpanOf("2026-01-02", "2026-01-09", day(t, "2026-03-01")); got != "" {
		t.Errorf("days of no span are %q", got)
	}
}

func TestSchedule(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		schedule        view.Schedule
		zone, now, want string
	}{
		{view.Daily, "Europe/Berlin", "2026-03-28T05:59:59Z", "2026-03-28T06:00:00Z"},
		{view.Daily, "Europe/Berlin", "2026-03-28T06:00:00Z", "2026-03-29T05:00:00Z"}, // the clocks went on meanwhile
		{view.Daily, "Europe/Berlin", "2026-10-24T05:00:00Z", "2026-10-25T06:00:00Z"}, // and back
		{view.Daily, "Asia/Tokyo", "2026-11-22T00:00:00Z", "2026-11-22T22:00:00Z"},
		{view.Weekly, "UTC", "2026-11-23T06:59:00Z", "2026-11-23T07:00:00Z"},
		{view.Weekly, "UTC", "2026-11-23T07:00:00Z", "2026-11-30T07:00:00Z"},
		{view.Weekly, "America/Los_Angeles", "2026-11-23T07:30:00Z", "2026-11-23T15:00:00Z"}, // it is Sunday there
		{view.Monthly, "UTC", "2026-12-01T08:00:00Z", "2027-01-01T07:00:00Z"},
		{view.Monthly, "Pacific/Auckland", "2026-11-30T17:59:00Z", "2026-11-30T18:00:00Z"},
	} {
		zone, err := time.LoadLocation(tc.zone)
		if err != nil {
			t.Fatal(err)
		}
		now, _ := time.Parse(time.RFC3339, tc.now)
		if got := tc.schedule.Next(now, zone).Format(time.RFC3339); got != tc.want {
			t.Errorf("%s in %s after %s: %s, want %s", tc.schedule, tc.zone, tc.now, got, tc.want)
		}
	}
	if !view.Never.Next(time.Now(), time.UTC).IsZero() {
		t.Error("never has a time")
	}
}

// The next time lies ahead, within its period, at the hour and on the day of the zone, and there is none before it.
func TestScheduleOfAnyTime(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(1, 2))
	zones := []string{"UTC", "Europe/Berlin", "America/St_Johns", "Pacific/Auckland", "Asia/Kathmandu", "America/Sao_Paulo", "Africa/Cairo", "Pacific/Kiritimati"}
	within := map[view.Schedule]time.Duration{view.Daily: 26 * time.Hour, view.Weekly: 7*24*time.Hour + 2*time.Hour, view.Monthly: 31*24*time.Hour + 2*time.Hour}
	for range 20000 {
		zone, err := time.LoadLocation(zones[random.IntN(len(zones))])
		if err != nil {
			t.Fatal(err)
		}
		now := day(t, "2020-01-01").Add(time.Duration(random.Int64N(int64(12 * 365 * 24 * time.Hour))))
		for schedule, most := range within {
			next := schedule.Next(now, zone)
			local := next.In(zone)
			if !next.After(now) || next.Sub(now) > most || local.Hour() != 7 || local.Minute() != 0 {
				t.Fatalf("%s in %s after %s: %s", schedule, zone, now, local)
			}
			if schedule == view.Weekly && local.Weekday() != time.Monday || schedule == view.Monthly && local.Day() != 1 {
				t.Fatalf("%s in %s after %s: %s", schedule, zone, now, local)
			}
			if again := schedule.Next(next.Add(-time.Nanosecond), zone); !again.Equal(next) {
				t.Fatalf("%s in %s: %s, then %s", schedule, zone, next, again)
			}
		}
	}
}
