package view

import "time"

// Schedule is how often a view's file goes to its owner.
type Schedule string

// The schedules. Each is at 07:00 in the owner's time zone.
const (
	Never   Schedule = ""
	Daily   Schedule = "daily"
	Weekly  Schedule = "weekly"  // Mondays
	Monthly Schedule = "monthly" // the first day
)

const sendingHour = 7

// Next is the first time after now; zero for Never. A day that leaves out the hour has it when its clocks go on.
func (s Schedule) Next(now time.Time, zone *time.Location) time.Time {
	if s == Never {
		return time.Time{}
	}
	year, month, day := now.In(zone).Date()
	for ahead := 0; ; ahead++ {
		date := time.Date(year, month, day+ahead, 0, 0, 0, 0, time.UTC)
		if s == Weekly && date.Weekday() != time.Monday || s == Monthly && date.Day() != 1 {
			continue
		}
		if at := time.Date(year, month, day+ahead, sendingHour, 0, 0, 0, zone); at.After(now) {
			return at.UTC()
		}
	}
}
