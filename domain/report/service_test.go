package report_test

import (
	"context"
	"fmt"
	"math/big"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/waypost/waypost/domain/account"
	"github.com/waypost/waypost/domain/errs"
	"github.com/waypost/waypost/domain/money"
	"github.com/waypost/waypost/domain/report"
)

var (
	anAffiliate   = account.Actor{Role: account.RoleAffiliate, AffiliateID: 2}
	anAdvertiser  = account.Actor{Role: account.RoleAdvertiser, AdvertiserID: 2}
	compareRows   = cmp.Comparer(report.Sum.Equal)
	allGroupings  = []string{"day", "week", "month", "hour", "offer", "affiliate", "advertiser", "goal", "status", "country", "device", "source", "sub1", "sub10"}
	someGroupings = []string{"day,offer,affiliate", "offer,goal", "affiliate,country,sub1", "month,day,hour", "week,advertiser,status", "sub1,day"}
)

func zoneOf(t testing.TB, name string) *time.Location {
	t.Helper()
	zone, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	return zone
}

// check compares a report with what is added up in memory, and its items with its totals.
func (w *world) check(q report.Query, v view) report.Report {
	w.Helper()
	name := fmt.Sprintf("%+v of %s", q, v.actor.Role)
	if q.Limit == 0 {
		q.Limit = report.MaxRows
	}
	r, err := w.service.Report(context.Background(), v.actor, q)
	if err != nil {
		w.Fatalf("%s: %v", name, err)
	}
	v.groupBy = strings.Split(q.GroupBy, ",")
	items, err := got(r, r.Items)
	if err != nil {
		w.Fatalf("%s: %v", name, err)
	}
	if diff := cmp.Diff(w.expected(v), items, compareRows); diff != "" {
		w.Errorf("%s, items:\n%.3000s", name, diff)
	}
	v.groupBy = nil
	totals, err := got(r, r.Totals)
	if err != nil {
		w.Fatalf("%s: %v", name, err)
	}
	if diff := cmp.Diff(w.expected(v), totals, compareRows); diff != "" {
		w.Errorf("%s, totals:\n%.3000s", name, diff)
	}
	return r
}

// Whatever a report is grouped and narrowed by, its figures are those of an addition in memory and add up to the totals.
func TestFiguresAddUp(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.traffic(1500)
	berlin, kathmandu := zoneOf(t, "Europe/Berlin"), zoneOf(t, "Asia/Kathmandu")
	whole := view{zone: time.UTC, from: today.AddDate(0, 0, -25), to: today.AddDate(0, 0, 1)}
	const from, to = "2026-10-27T10:30:00Z", "2026-11-22T10:30:00Z"
	for _, actor := range []account.Actor{admin, anAffiliate, anAdvertiser} {
		for _, groupBy := range append(allGroupings, someGroupings...) {
			if actor.AffiliateID != 0 && strings.Contains(groupBy, "advertiser") {
				continue
			}
			v := whole
			v.actor = actor
			w.check(report.Query{GroupBy: groupBy, From: from, To: to}, v)
		}
	}
	for _, f := range []report.Filter{{OfferID: 1}, {AffiliateID: 3}, {AdvertiserID: 2}, {GoalID: 11}, {Country: "DE"}, {Sub1: "red"},
		{OfferID: 1, AffiliateID: 2, Country: "US", Sub1: "=blue"}, {OfferID: 99}, {OfferID: 12345}, {GoalID: 11, Country: "DE"}} {
		for _, actor := range []account.Actor{admin, anAffiliate, anAdvertiser} {
			v := whole
			v.actor, v.filter = actor, f
			w.check(report.Query{GroupBy: "day,offer,goal,sub1", From: from, To: to, Filter: f}, v)
		}
	}
	// Other zones, and bounds that cut a UTC day, a local day and an hour.
	for _, zone := range []*time.Location{berlin, kathmandu, zoneOf(t, "America/St_Johns"), zoneOf(t, "Pacific/Kiritimati")} {
		for _, groupBy := range []string{"day", "hour", "week,offer", "month"} {
			v := whole
			v.actor, v.zone, v.from, v.to = admin, zone, today.AddDate(0, 0, -11).Add(-time.Hour), today.AddDate(0, 0, -2).Add(17*time.Minute)
			w.check(report.Query{GroupBy: groupBy, Zone: zone.String(), From: v.from.Format(time.RFC3339), To: v.to.In(zone).Format(time.RFC3339)}, v)
		}
	}
	v := whole
	v.actor, v.zone, v.from, v.to = admin, berlin, time.Date(2026, 11, 5, 0, 0, 0, 0, berlin), time.Date(2026, 11, 12, 0, 0, 0, 0, berlin)
	w.check(report.Query{GroupBy: "day", Zone: "Europe/Berlin", From: "2026-11-05", To: "2026-11-11"}, v)
	v.zone, v.from, v.to = time.UTC, today.Truncate(24*time.Hour).AddDate(0, 0, -29), today.AddDate(0, 0, 1)
	w.check(report.Query{GroupBy: "day"}, v)
}

// Each conversion is converted at its own day's rate and rounded by itself; without a rate it stays as it is.
func TestConvertedFiguresAddUp(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.traffic(800)
	rates := map[money.Currency]map[string]string{
		"EUR": {"2026-10-30": "1.1", "2026-11-03": "1.15555555", "2026-11-19": "1.2"}, // none from the 11th to the 18th
		"JPY": {"2026-11-10": "0.00655"},
	}
	for base, days := range rates {
		for day, rate := range days {
			w.exec(`INSERT INTO exchange_rates VALUES ($1, $2, 'USD', $3::text::numeric, 'manual')`, day, string(base), rate)
		}
	}
	w.exec(`INSERT INTO exchange_rates VALUES ('2026-11-19', 'USD', 'EUR', 0.5, 'manual')`) // the other direction does not count
	missing := map[string]bool{}
	v := view{zone: time.UTC, from: today.AddDate(0, 0, -25), to: today.AddDate(0, 0, 1), actor: admin, into: "USD"}
	v.convert = func(d deal) (money.Currency, int64, int64) {
		if d.currency == "USD" {
			return "USD", d.commission, d.revenue
		}
		var rate string
		for back := 0; back <= 7 && rate == ""; back++ {
			rate = rates[d.currency][d.at.UTC().AddDate(0, 0, -back).Format(time.DateOnly)]
		}
		if rate == "" {
			missing[string(d.currency)+" "+d.at.UTC().Format(time.DateOnly)] = true
			return d.currency, d.commission, d.revenue
		}
		round := func(minor int64) int64 {
			r, _ := new(big.Rat).SetString(rate)
			r.Mul(r, new(big.Rat).SetInt64(minor))
			if d.currency == "JPY" {
				r.Mul(r, big.NewRat(100, 1))
			}
			r.Add(r, big.NewRat(1, 2))
			return new(big.Int).Div(r.Num(), r.Denom()).Int64()
		}
		return "USD", round(d.commission), round(d.revenue)
	}
	var r report.Report
	for _, groupBy := range append(allGroupings, someGroupings...) {
		r = w.check(report.Query{GroupBy: groupBy, From: "2026-10-27T10:30:00Z", To: "2026-11-22T10:30:00Z", Currency: "usd"}, v)
	}
	listed := map[string]bool{}
	for _, m := range r.Missing {
		for _, day := range m.Days {
			listed[string(m.Currency)+" "+day.Format(time.DateOnly)] = true
		}
	}
	if len(missing) == 0 {
		t.Fatal("no rate was missing")
	}
	if diff := cmp.Diff(missing, listed); diff != "" {
		t.Errorf("missing rates:\n%s", diff)
	}
}

func TestOrderNamesAndParts(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.traffic(600)
	q := report.Query{GroupBy: "day,offer,goal,affiliate,country,sub1", From: "2026-10-25", Limit: report.MaxRows}
	whole, err := w.service.Report(context.Background(), admin, q)
	if err != nil || whole.NextCursor != "" {
		t.Fatal(err, whole.NextCursor)
	}
	before := func(a, b report.Row) bool {
		for i := range a.Keys {
			x, y := a.Keys[i], b.Keys[i]
			switch {
			case i == 0 && x.Text != y.Text:
				return x.Text > y.Text // newest first
			case x.None != y.None:
				return y.None
			case x.ID != y.ID && i > 0:
				return x.ID < y.ID
			case x.Text != y.Text:
				return x.Text < y.Text
			}
		}
		return b.Currency == "" || a.Currency != "" && a.Currency < b.Currency
	}
	names := map[string]bool{}
	for i, row := range whole.Items {
		if i > 0 && !before(whole.Items[i-1], row) {
			t.Fatalf("%+v before %+v", whole.Items[i-1], row)
		}
		names[row.Keys[1].Name], names[row.Keys[2].Name], names[row.Keys[3].Name] = true, true, true
	}
	if diff := cmp.Diff(map[string]bool{"": true, "Offer 1": true, "Offer 2": true, "Offer 3": true, "goal0": true, "goal1": true,
		"Blog 1": true, "Blog 2": true, "Blog 3": true}, names); diff != "" {
		t.Errorf("names:\n%s", diff)
	}
	if last := whole.Totals[len(whole.Totals)-1]; last.Currency != "" || last.InvalidClicks == 0 {
		t.Errorf("clicks of no offer stand last: %+v", whole.Totals)
	}
	// Part by part the same, with the same totals.
	var joined []report.Row
	for q.Limit = 97; ; {
		part, err := w.service.Report(context.Background(), admin, q)
		if err != nil || len(part.Items) > 97 {
			t.Fatal(err, len(part.Items))
		}
		if diff := cmp.Diff(whole.Totals, part.Totals, compareRows); diff != "" {
			t.Fatalf("totals of a part:\n%s", diff)
		}
		joined = append(joined, part.Items...)
		if q.Cursor = part.NextCursor; q.Cursor == "" {
			break
		}
	}
	if diff := cmp.Diff(whole.Items, joined, compareRows); diff != "" {
		t.Errorf("parts:\n%s", diff)
	}
}

func TestWhoMayAsk(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.traffic(300)
	ask := func(a account.Actor, q report.Query) (report.Report, error) {
		q.Limit = 1000
		return w.service.Report(context.Background(), a, q)
	}
	for _, q := range []report.Query{{Filter: report.Filter{AffiliateID: 1}}, {GroupBy: "affiliate", Filter: report.Filter{AffiliateID: 3, OfferID: 1}}} {
		if r, err := ask(anAffiliate, q); err != nil || len(r.Items)+len(r.Totals) != 0 {
			t.Errorf("another affiliate's figures: %v %+v", err, r)
		}
	}
	for _, f := range []report.Filter{{AdvertiserID: 1}, {OfferID: 1}, {GoalID: 30}} {
		if r, err := ask(anAdvertiser, report.Query{Filter: f}); err != nil || len(r.Items)+len(r.Totals) != 0 {
			t.Errorf("another advertiser's figures: %v %+v", err, r)
		}
	}
	if _, err := ask(anAffiliate, report.Query{GroupBy: "day,advertiser"}); !errs.HasCode(err, "invalid_group_by") {
		t.Errorf("an affiliate groups by advertiser: %v", err)
	}
	for _, nobody := range []account.Actor{{}, {Role: account.RoleAffiliate}, {Role: account.RoleAdvertiser}, {Role: "guest"}} {
		if r, err := ask(nobody, report.Query{}); !errs.Is(err, errs.KindForbidden) {
			t.Errorf("%+v: %v %+v", nobody, err, r)
		}
	}
}

func TestFaultyQueries(t *testing.T) {
	t.Parallel()
	s := report.NewService(nil, func() time.Time { return today }) // no query gets as far as the store
	for _, c := range []struct {
		q              report.Query
		code, location string
	}{
		{report.Query{GroupBy: "offers"}, "invalid_group_by", "query.group_by"},
		{report.Query{GroupBy: "day,,offer"}, "invalid_group_by", "query.group_by"},
		{report.Query{GroupBy: "day;DROP TABLE clicks"}, "invalid_group_by", "query.group_by"},
		{report.Query{GroupBy: "sub11"}, "invalid_group_by", "query.group_by"},
		{report.Query{Zone: "Local"}, "invalid_tz", "query.tz"},
		{report.Query{Zone: "Europe/Nowhere"}, "invalid_tz", "query.tz"},
		{report.Query{Zone: "../../etc/passwd"}, "invalid_tz", "query.tz"},
		{report.Query{Zone: "+02:00"}, "invalid_tz", "query.tz"},
		{report.Query{Currency: "XYZ"}, "invalid_currency", "query.currency"},
		{report.Query{Currency: "US"}, "invalid_currency", "query.currency"},
		{report.Query{From: "yesterday"}, "invalid_time", "query.from"},
		{report.Query{To: "2026-02-30"}, "invalid_time", "query.to"},
		{report.Query{From: "2026-11-21", To: "2026-11-20"}, "invalid_period", "query.from"},
		{report.Query{From: "2026-11-21T10:00:00Z", To: "2026-11-21T10:00:00Z"}, "invalid_period", "query.from"},
		{report.Query{From: "2026-11-23"}, "invalid_period", "query.from"},
		{report.Query{From: "2025-10-17", To: "2026-11-21"}, "period_too_long", "query.from"},
		{report.Query{From: "0001-01-01"}, "period_too_long", "query.from"},
		{report.Query{Cursor: "x"}, "invalid_cursor", "query.cursor"},
		{report.Query{Cursor: "cm93IC0x"}, "invalid_cursor", "query.cursor"}, // row -1
	} {
		_, err := s.Report(context.Background(), admin, c.q)
		e, ok := errs.As(err)
		if !ok || e.Kind != errs.KindInvalid || e.Code != c.code || len(e.Fields) != 1 || e.Fields[0].Location != c.location {
			t.Errorf("%+v: %+v, want %s at %s", c.q, err, c.code, c.location)
		}
	}
	_, err := s.Report(context.Background(), admin, report.Query{GroupBy: "x", Currency: "x", Cursor: "!", From: "x"})
	if e, _ := errs.As(err); e == nil || len(e.Fields) != 4 {
		t.Errorf("all faults at once: %+v", err)
	}
	if _, err := s.Report(context.Background(), admin, report.Query{GroupBy: "clicks"}); !strings.Contains(err.Error(), "day, hour, offer") {
		t.Errorf("the allowed words are named: %v", err)
	}
}
