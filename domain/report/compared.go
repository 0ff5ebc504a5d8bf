package report

import (
	"cmp"
	"context"
	"math/big"
	"slices"
	"time"

	"github.com/waypost/waypost/domain/account"
	"github.com/waypost/waypost/domain/errs"
	"github.com/waypost/waypost/domain/money"
)

// Compared gives the report of a period and that of the one right before it, which begins at a date or time like
// Query.From: in one report of both where that gives the same, which costs little more than either. Its rates that are
// missing are told of by day (UTC), so that of the day on which the one ends and the other begins both tell. Errors: those
// of Report.
func (s *Service) Compared(ctx context.Context, actor account.Actor, q Query, before string) (now, was Report, err error) {
	both := q
	both.From, both.Limit = before, MaxRows
	d, err := parseGroupBy(q.GroupBy, actor.Scope())
	if err == nil && (d[0] == DimensionDay || d[0] == DimensionHour) && q.From != "" && q.Cursor == "" {
		var all Report
		if all, err = s.Report(ctx, actor, both); err == nil && all.NextCursor == "" {
			zone, _ := parseZone(q.Zone) // it was read for the report
			from, fault := parseBound(q.From, zone, 0)
			if fault == nil && from.After(all.From) && from.Before(all.To) && startsSpan(d[0], from, zone) {
				now, was = all.part(label(d[0], from, zone), from)
				return now, was, nil
			}
		}
		if err != nil && !errs.HasCode(err, "period_too_long") {
			return now, was, err
		}
	}
	if now, err = s.Report(ctx, actor, q); err != nil {
		return now, was, err
	}
	q.From, q.To = before, now.From.UTC().Format(time.RFC3339Nano)
	was, err = s.Report(ctx, actor, q)
	return now, was, err
}

// startsSpan tells whether a span of the dimension begins at the moment.
func startsSpan(d Dimension, at time.Time, zone *time.Location) bool {
	spans := starts(d, at, at.Add(1), zone)
	return len(spans) > 0 && spans[0].Equal(at)
}

// part parts a report by time at the span with this label, which begins at a moment.
func (r Report) part(first string, at time.Time) (now, was Report) {
	now, was = Report{GroupBy: r.GroupBy, From: at, To: r.To}, Report{GroupBy: r.GroupBy, From: r.From, To: at}
	for _, row := range r.Items {
		if row.Keys[0].Text >= first { // labels are in the order of time
			now.Items = append(now.Items, row)
		} else {
			was.Items = append(was.Items, row)
		}
	}
	now.Totals, was.Totals = addUp(now.Items), addUp(was.Items)
	for _, m := range r.Missing {
		late, early := MissingRate{Currency: m.Currency}, MissingRate{Currency: m.Currency}
		for _, d := range m.Days {
			if d.Add(day).After(at) {
				late.Days = append(late.Days, d)
			}
			if d.Before(at) {
				early.Days = append(early.Days, d)
			}
		}
		if len(late.Days) > 0 {
			now.Missing = append(now.Missing, late)
		}
		if len(early.Days) > 0 {
			was.Missing = append(was.Missing, early)
		}
	}
	return now, was
}

// addUp gives the totals of rows by currency, clicks of no offer last, as the store does.
func addUp(rows []Row) (totals []Row) {
	for _, r := range rows {
		i := slices.IndexFunc(totals, func(t Row) bool { return t.Currency == r.Currency })
		if i < 0 {
			i, totals = len(totals), append(totals, Row{Currency: r.Currency, Commission: NewSum(new(big.Int), r.Currency), Revenue: NewSum(new(big.Int), r.Currency)})
		}
		t := &totals[i]
		t.count(r)
		t.Commission, t.Revenue = t.Commission.add(r.Commission), t.Revenue.add(r.Revenue)
	}
	slices.SortFunc(totals, func(a, b Row) int {
		if (a.Currency == "") != (b.Currency == "") {
			return cmp.Compare(b.Currency, a.Currency)
		}
		return cmp.Compare(a.Currency, b.Currency)
	})
	return totals
}

// AddUp gives one row of many: all that they count, and the money of one currency.
func AddUp(rows []Row, of money.Currency) Row {
	sum := Row{Currency: of, Commission: NewSum(new(big.Int), of), Revenue: NewSum(new(big.Int), of)}
	for _, r := range rows {
		sum.count(r)
		if r.Currency == of {
			sum.Commission, sum.Revenue = sum.Commission.add(r.Commission), sum.Revenue.add(r.Revenue)
		}
	}
	return sum
}

// count adds what another row counts.
func (r *Row) count(o Row) {
	r.Clicks, r.UniqueClicks, r.InvalidClicks = r.Clicks+o.Clicks, r.UniqueClicks+o.UniqueClicks, r.InvalidClicks+o.InvalidClicks
	r.Conversions, r.Approved, r.Pending, r.Rejected = r.Conversions+o.Conversions, r.Approved+o.Approved, r.Pending+o.Pending, r.Rejected+o.Rejected
}
