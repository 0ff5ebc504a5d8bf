package report

import (
	"testing"
	"time"
)

// The days of a zone follow each other without gaps, each beginning where its date begins, also where clocks change at
// midnight.
func TestDaysOfZones(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"UTC", "Europe/Berlin", "America/New_York", "America/Sao_Paulo", "America/Asuncion", "America/Santiago",
		"America/Havana", "Africa/Cairo", "Asia/Beirut", "Asia/Gaza", "Asia/Tehran", "Atlantic/Azores", "Australia/Lord_Howe", "Asia/Kathmandu",
		"Pacific/Apia", "Pacific/Kiritimati", "Pacific/Pago_Pago", "America/St_Johns", "Antarctica/Troll"} {
		zone, err := parseZone(name)
		if err != nil {
			t.Fatal(err)
		}
		for d := (date{2013, 1, 1}); d.year < 2027; d = d.plus(1) {
			start, next := d.start(zone), d.plus(1).start(zone)
			if dateOf(start.In(zone)) != d || dateOf(start.Add(-time.Nanosecond).In(zone)) != d.plus(-1) {
				t.Errorf("%s: %v begins at %v", name, d, start.In(zone))
			}
			if length := next.Sub(start); length < 21*time.Hour || length > 27*time.Hour {
				t.Errorf("%s: %v lasts %v", name, d, length)
			}
		}
	}
	// Samoa had no 30 December 2011.
	apia, _ := parseZone("Pacific/Apia")
	skipped := date{2011, 12, 30}
	if !skipped.start(apia).Equal(skipped.plus(1).start(apia)) {
		t.Error("a day that was not has a length")
	}
}

func TestStarts(t *testing.T) {
	t.Parallel()
	berlin, _ := parseZone("Europe/Berlin")
	howe, _ := parseZone("Australia/Lord_Howe")
	at := func(s string) time.Time {
		parsed, err := time.Parse(time.RFC3339, s)
		if err != nil {
			t.Fatal(err)
		}
		return parsed
	}
	for _, c := range []struct {
		d        Dimension
		from, to string
		zone     *time.Location
		want     []string
	}{
		{DimensionDay, "2026-03-28T12:00:00Z", "2026-03-29T22:00:00Z", berlin, []string{"2026-03-28", "2026-03-29"}},
		{DimensionDay, "2026-03-28T12:00:00Z", "2026-03-29T22:00:01Z", berlin, []string{"2026-03-28", "2026-03-29", "2026-03-30"}},
		{DimensionWeek, "2026-03-01T12:00:00Z", "2026-03-10T00:00:00Z", berlin, []string{"2026-02-23", "2026-03-02", "2026-03-09"}},
		{DimensionWeek, "2026-03-02T00:00:00Z", "2026-03-02T00:00:01Z", time.UTC, []string{"2026-03-02"}},
		{DimensionMonth, "2025-11-30T23:30:00Z", "2026-02-01T00:00:00Z", berlin, []string{"2025-12", "2026-01", "2026-02"}},
		{DimensionHour, "2026-10-25T00:10:00Z", "2026-10-25T02:00:00Z", berlin, []string{"2026-10-25T00:00:00Z", "2026-10-25T01:00:00Z"}}, // 2 o'clock twice
		{DimensionHour, "2026-03-29T00:59:59Z", "2026-03-29T01:00:01Z", berlin, []string{"2026-03-29T00:00:00Z", "2026-03-29T01:00:00Z"}},
		// Clocks go back by half an hour: the hour that begins at 2:00 begins at 1:30 again.
		{DimensionHour, "2026-04-04T14:00:00Z", "2026-04-04T16:00:00Z", howe, []string{"2026-04-04T14:00:00Z", "2026-04-04T15:00:00Z", "2026-04-04T15:30:00Z"}},
	} {
		var labels []string
		for _, s := range starts(c.d, at(c.from), at(c.to), c.zone) {
			labels = append(labels, label(c.d, s, c.zone))
		}
		if len(labels) != len(c.want) {
			t.Errorf("%s from %s to %s: %v, want %v", c.d, c.from, c.to, labels, c.want)
			continue
		}
		for i := range labels {
			if labels[i] != c.want[i] {
				t.Errorf("%s from %s to %s: %v, want %v", c.d, c.from, c.to, labels, c.want)
				break
			}
		}
	}
}
