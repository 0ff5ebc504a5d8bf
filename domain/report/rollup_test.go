package report_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/waypost/waypost/domain/account"
	"github.com/waypost/waypost/domain/click"
	"github.com/waypost/waypost/domain/errs"
	"github.com/waypost/waypost/domain/report"
)

// late loads more clicks, any of which may lie in spans that are added up.
func (w *world) late(clicks int, within time.Duration) {
	w.Helper()
	var batch []click.Click
	for range clicks {
		batch = append(batch, w.visit(within))
	}
	w.clicks = append(w.clicks, batch...)
	if err := w.load(context.Background(), batch); err != nil {
		w.Fatal(err)
	}
}

// roll adds up what was over before a moment.
func (w *world) roll(over time.Time) {
	w.Helper()
	if err := w.db.Rollups().RollAll(context.Background(), over); err != nil {
		w.Fatal(err)
	}
}

const history = 28 * 24 * time.Hour // of the property's clicks: clocks go back in Berlin and in St. John's within it

// Whatever was added up when, and whatever came late, a report says what adding up each click says.
func TestRolledFiguresAddUp(t *testing.T) {
	t.Parallel()
	zones := []string{"UTC", "Asia/Kolkata", "Europe/Berlin", "America/St_Johns", "Asia/Kathmandu", "Australia/Lord_Howe"}
	dimensions := []string{"month", "week", "day", "hour", "offer", "affiliate", "advertiser", "goal", "status", "country", "source", "sub1"}
	filters := []report.Filter{{}, {}, {}, {OfferID: 1}, {AffiliateID: 3}, {AdvertiserID: 2}, {GoalID: 11}, {Country: "DE"}, {Sub1: "red"}, {OfferID: 99}, {OfferID: 2, Country: "US"}}
	w := newWorld(t)
	w.traffic(600)
	var days, halves, clicks int
	for range 14 {
		switch w.random.IntN(3) {
		case 0:
			w.late(1+w.random.IntN(200), history)
		case 1:
			w.late(1+w.random.IntN(9), history)
		}
		w.roll(today.Add(-time.Duration(w.random.Int64N(int64(history)))))
		w.roll(today.Add(-time.Duration(w.random.Int64N(int64(3 * 24 * time.Hour)))))
		if w.random.IntN(2) == 0 {
			w.late(1+w.random.IntN(12), history)
		}
		for range 30 {
			actor := pick(w, admin, admin, anAffiliate, anAdvertiser)
			groupBy := pick(w, dimensions...)
			if other := pick(w, dimensions...); other != groupBy {
				groupBy += "," + other
			}
			if actor.AffiliateID != 0 {
				groupBy = pick(w, "day", "hour,offer", "month", "country", "day,country", "sub1", "offer,status")
			}
			q := report.Query{GroupBy: groupBy, Zone: pick(w, zones...), Filter: pick(w, filters...)}
			v := view{zone: zoneOf(t, q.Zone), actor: actor, filter: q.Filter}
			v.from = today.Add(-time.Duration(w.random.Int64N(int64(history))))
			v.to = v.from.Add(time.Duration(1 + w.random.Int64N(int64(history))))
			switch w.random.IntN(3) {
			case 0: // whole days
				v.from, v.to = v.from.In(v.zone), v.to.In(v.zone)
				q.From, q.To = v.from.Format(time.DateOnly), v.to.Format(time.DateOnly)
				v.from = time.Date(v.from.Year(), v.from.Month(), v.from.Day(), 0, 0, 0, 0, v.zone)
				v.to = time.Date(v.to.Year(), v.to.Month(), v.to.Day()+1, 0, 0, 0, 0, v.zone)
			case 1:
				v.from, v.to = v.from.Truncate(30*time.Minute), v.to.Truncate(30*time.Minute).Add(30*time.Minute)
				fallthrough
			default:
				v.from, v.to = v.from.Truncate(time.Millisecond), v.to.Truncate(time.Millisecond).Add(time.Millisecond)
				q.From, q.To = v.from.Format(time.RFC3339Nano), v.to.Format(time.RFC3339Nano)
			}
			w.check(q, v)
		}
		d, h, c := w.covered()
		days, halves, clicks = days+d, halves+h, clicks+c
	}
	if days == 0 || halves == 0 || clicks == 0 {
		t.Errorf("the property met %d days, %d half hours and %d spans that were not added up: it proves little", days, halves, clicks)
	}
}

// covered counts what is added up and what is not.
func (w *world) covered() (days, halves, clicks int) {
	w.Helper()
	err := w.db.Pool().QueryRow(context.Background(), `SELECT sum(spans >> 48), sum(bit_count((spans & (1::bigint << 48) - 1)::bit(48))), sum(48 - bit_count((spans & (1::bigint << 48) - 1)::bit(48)))
		FROM stats_days`).Scan(&days, &halves, &clicks)
	if err != nil {
		w.Fatal(err)
	}
	return days, halves, clicks
}

// A day's clicks are dropped only when they are added up; then reports of totals go on, and others say since when they
// can be asked.
func TestReportsOfDroppedDays(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.traffic(900)
	ctx := context.Background()
	first := today.Truncate(24*time.Hour).AddDate(0, 0, -10) // whose clicks are kept
	late := w.clicks[0]
	for i := range w.clicks {
		if w.clicks[i].CreatedAt().Before(late.CreatedAt()) {
			late = w.clicks[i]
		}
	}
	w.roll(today)
	w.exec(`UPDATE stats_days SET spans = spans & ~(1::bigint << 7) WHERE day = '2026-11-04'`) // as a late click does
	if dropped, err := w.db.DropPartitions(ctx, first); err != nil || len(dropped) != 15+14 && len(dropped) != 15+15 {
		t.Fatalf("dropped %d: %v, %v", len(dropped), dropped, err)
	}
	w.roll(today)
	if dropped, err := w.db.DropPartitions(ctx, first); err != nil || len(dropped) != 1 || dropped[0] != "clicks_20261104" {
		t.Fatalf("dropped %v, %v", dropped, err)
	}
	for i := range w.deals { // what is converted of dropped clicks has no facts of theirs any more
		if c := &w.deals[i].click; c.CreatedAt().Before(first) {
			c.Country, c.Subs = "", [10]string{}
		}
	}
	kolkata := zoneOf(t, "Asia/Kolkata")
	for _, groupBy := range []string{"day", "hour", "day,offer,affiliate", "month,advertiser", "week,goal"} {
		v := view{zone: kolkata, actor: admin, from: time.Date(2026, 11, 1, 0, 0, 0, 0, kolkata), to: time.Date(2026, 11, 22, 0, 0, 0, 0, kolkata)}
		w.check(report.Query{GroupBy: groupBy, Zone: "Asia/Kolkata", From: "2026-11-01", To: "2026-11-21"}, v)
	}
	for _, q := range []report.Query{{GroupBy: "sub1"}, {GroupBy: "country"}, {Filter: report.Filter{Country: "DE"}}, {Filter: report.Filter{Sub1: "red"}},
		{Zone: "Asia/Kathmandu"}, {From: "2026-11-05T10:20:00Z"}} {
		if q.From == "" {
			q.From = "2026-11-02"
		}
		if _, err := w.service.Report(ctx, admin, q); !errs.HasCode(err, "clicks_dropped") {
			t.Errorf("%+v: %v", q, err)
		}
		v := view{zone: time.UTC, actor: account.Actor{Role: account.RoleAdmin}, from: first, to: today.AddDate(0, 0, 1).Truncate(24 * time.Hour), filter: q.Filter}
		if q.Zone == "" {
			if q.GroupBy == "" {
				q.GroupBy = "day"
			}
			q.From = first.Format(time.DateOnly)
			w.check(q, v)
		}
	}
	// A spool that was lost for long brings no clicks back into days whose sums stay.
	if err := w.load(ctx, []click.Click{late}); !errs.Is(err, errs.KindInvalid) {
		t.Errorf("a click of a dropped day: %v", err)
	}
	if err := w.db.EnsurePartitions(ctx, late.CreatedAt(), late.CreatedAt()); err != nil { // for a call of that day
		t.Fatal(err)
	}
	w.roll(today)
	if dropped, err := w.db.DropPartitions(ctx, first); err != nil || len(dropped) != 2 {
		t.Errorf("made again for a late call, dropped %v, %v", dropped, err)
	}
	v := view{zone: time.UTC, actor: admin, from: today.Truncate(24*time.Hour).AddDate(0, 0, -25), to: today.AddDate(0, 0, 1).Truncate(24 * time.Hour)}
	w.check(report.Query{GroupBy: "day", From: v.from.Format(time.DateOnly)}, v)
}

// What a click changes that comes late, and what is over, by hand.
func TestSpans(t *testing.T) {
	t.Parallel()
	midnight := time.Date(2026, 3, 29, 0, 0, 0, 0, time.UTC)
	for at, want := range map[time.Duration]string{0: "1ffffffffffff", 29 * time.Minute: "1ffffffffffff", 30 * time.Minute: "1fffffffffffe", 24*time.Hour - 1: "1800000000000"} {
		if got := fmt.Sprintf("%x", report.SpansSince(midnight.Add(at))); got != want {
			t.Errorf("a click %s into the day changes %s, want %s", at, got, want)
		}
	}
	for at, want := range map[time.Duration]string{-time.Hour: "0", 0: "0", 29 * time.Minute: "0", 30 * time.Minute: "1", 61 * time.Minute: "3", 24*time.Hour - 1: "7fffffffffff",
		24 * time.Hour: "1ffffffffffff", 70 * time.Hour: "1ffffffffffff"} {
		if got := fmt.Sprintf("%x", report.SpansEnded(midnight, midnight.Add(at))); got != want {
			t.Errorf("over %s into the day are %s, want %s", at, got, want)
		}
	}
}

// A period and the one before it are what they are by themselves, in whatever zone and however long.
func TestCompared(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.traffic(500)
	ctx := context.Background()
	compare := cmp.Comparer(report.Sum.Equal)
	for _, q := range []report.Query{
		{From: "2026-11-12", To: "2026-11-21"}, {From: "2026-11-12", To: "2026-11-21", Zone: "Europe/Berlin", GroupBy: "hour,offer"},
		{From: "2026-11-12", GroupBy: "day,affiliate", Zone: "America/St_Johns"}, {From: "2026-11-12", To: "2026-11-21", GroupBy: "week"},
		{From: "2026-11-12T07:30:00Z", To: "2026-11-20T09:12:00Z"}, {From: "2026-11-12", To: "2026-11-21", GroupBy: "offer"},
		{From: "2026-11-12", To: "2026-11-21", Currency: "USD"},
	} {
		q.Limit = report.MaxRows
		now, was, err := w.service.Compared(ctx, admin, q, "2026-11-03")
		if err != nil {
			t.Fatalf("%+v: %v", q, err)
		}
		alone, err := w.service.Report(ctx, admin, q)
		if err != nil {
			t.Fatal(err)
		}
		ids := cmpopts.IgnoreFields(report.Key{}, "ID") // of a time it is the number of its span
		if diff := cmp.Diff(alone, now, compare, ids, cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("%+v (-alone +compared):\n%.1500s", q, diff)
		}
		q.From, q.To = "2026-11-03", now.From.Format(time.RFC3339)
		if alone, err = w.service.Report(ctx, admin, q); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(alone, was, compare, ids, cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("before %+v (-alone +compared):\n%.1500s", q, diff)
		}
	}
	if now, was, err := w.service.Compared(ctx, admin, report.Query{From: "2026-10-30", To: "2026-11-21", Limit: 1000}, "2025-10-20"); err != nil || len(now.Totals) == 0 || len(was.Totals) != 0 {
		t.Errorf("both together are longer than a report: %v, %v, %v", now.Totals, was.Totals, err)
	}
	if _, _, err := w.service.Compared(ctx, admin, report.Query{From: "soon"}, "2026-11-03"); !errs.HasCode(err, "invalid_time") {
		t.Error(err)
	}
}
