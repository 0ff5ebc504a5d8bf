package conversion_test

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/waypost/waypost/domain/account"
	"github.com/waypost/waypost/domain/conversion"
	"github.com/waypost/waypost/domain/errs"
	"github.com/waypost/waypost/domain/money"
)

// checkSums: beyond verify, what lies in each balance is the sum over the conversions that belong there.
func (w *world) checkSums() {
	w.t.Helper()
	w.verify()
	w.fatalIf(w.count(`WITH owed AS (
			SELECT 'a' || affiliate_id AS account_id, currency, status, commission AS amount FROM conversions WHERE NOT test
			UNION ALL SELECT 'd' || advertiser_id, currency, status, revenue FROM conversions WHERE NOT test
		), sums AS (
			SELECT account_id, currency, coalesce(sum(amount) FILTER (WHERE status IN ('pending', 'hold')), 0) AS pending,
				coalesce(sum(amount) FILTER (WHERE status = 'approved'), 0) AS approved FROM owed GROUP BY 1, 2)
		SELECT count(*) FROM sums FULL JOIN balances b USING (account_id, currency)
		WHERE (coalesce(sums.pending, 0), coalesce(sums.approved, 0)) <> (coalesce(b.pending, 0), coalesce(b.approved, 0))`) > 0,
		"a balance is not the sum of its conversions")
}

func (w *world) endHolds() int {
	w.t.Helper()
	n, err := w.s.EndHolds(context.Background())
	w.fatal(err)
	return n
}

func (w *world) putRate(day, base, quote, rate string) {
	w.t.Helper()
	at, err := time.Parse(time.DateOnly, day)
	w.fatal(err)
	_, err = w.s.PutRate(context.Background(), operator, conversion.Rate{Date: at, Base: money.Currency(base), Quote: money.Currency(quote),
		Rate: money.MustRate(rate), Source: conversion.RateManual})
	w.fatal(err)
}

func TestHoldsEndByThemselves(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	const many = 230 // more than two pages
	var calls []conversion.Call
	for i := range many {
		calls = append(calls, w.query("clickid", w.click(1, noon.Add(-time.Hour), ""), "goal", "hold", "txid", fmt.Sprint(i), "val", "100"))
	}
	var ids []conversion.ID
	for _, r := range w.s.RecordBatch(context.Background(), calls) {
		w.fatal(r.Err)
		ids = append(ids, r.ConversionID)
	}
	told := len(w.announcer.told())
	w.at(noon.Add(7*24*time.Hour - time.Millisecond))
	if n := w.endHolds(); n != 0 {
		t.Errorf("%d ended before their time", n)
	}
	_, err := w.s.ChangeStatus(context.Background(), operator, ids[0], conversion.StatusRejected, "", true)
	w.fatal(err)
	late := w.query("clickid", w.click(1, noon.Add(-time.Hour), ""), "goal", "hold", "txid", "1", "status", "rejected")
	w.at(noon.Add(7 * 24 * time.Hour))
	if n := w.endHolds(); n != many-1 {
		t.Errorf("%d of %d ended", n, many-1)
	}
	if n := w.endHolds(); n != 0 {
		t.Errorf("%d ended twice", n)
	}
	if got := w.balance("a1"); got != fmt.Sprintf("0.00 %d.00", 5*(many-1)) {
		t.Errorf("affiliate %s", got)
	}
	changes := w.announcer.told()[told+1:]
	if len(changes) != many-1 || changes[0].OldStatus != "hold" || changes[0].Conversion.Status != "approved" || changes[0].Click.ID.IsZero() {
		t.Errorf("%d announcements", len(changes))
	}
	c := w.conversion(ids[1])
	events, err := w.s.Events(context.Background(), operator, c.ClickID, 10)
	w.fatal(err)
	if e := events[1]; len(events) != 2 || e.Actor != "worker" || e.Reason != "the hold is over" || e.From != "hold" || e.To != "approved" || !e.LogID.IsZero() {
		t.Errorf("events %+v", events)
	}
	if !c.HoldUntil.IsZero() || !c.UpdatedAt.Equal(w.clock()) {
		t.Errorf("%+v", c)
	}
	// What the advertiser said before the end, and we decide after it, still counts.
	if r := w.send(late); r.Status != "updated" || r.ConversionStatus != "rejected" {
		t.Errorf("a late call: %+v", r)
	}
	w.checkSums()
}

// Nodes, postbacks and hands race for the same conversions: each is moved once.
func TestHoldsEndOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	const many = 150
	var approve, reject []conversion.Call
	var ids []conversion.ID
	for i := range many {
		id := w.click(1, noon.Add(-time.Hour), "")
		ids = append(ids, w.post("clickid", id, "goal", "hold", "txid", fmt.Sprint(i), "val", "10").ConversionID)
		w.at(noon.Add(7 * 24 * time.Hour))
		approve = append(approve, w.query("clickid", id, "goal", "hold", "txid", fmt.Sprint(i), "status", "approved"))
		reject = append(reject, w.query("clickid", id, "goal", "hold", "txid", fmt.Sprint(i), "status", "rejected"))
		w.at(noon)
	}
	w.at(noon.Add(7 * 24 * time.Hour))
	var wg sync.WaitGroup
	var ended atomic.Int64
	for range 3 {
		wg.Go(func() {
			n, err := w.s.EndHolds(context.Background())
			ended.Add(int64(n))
			if err != nil {
				t.Error(err)
			}
		})
	}
	wg.Go(func() {
		for calls := range slices.Chunk(approve[:many/3], 10) {
			for _, r := range w.s.RecordBatch(context.Background(), calls) {
				if r.Err != nil || r.ConversionStatus != "approved" {
					t.Errorf("postback: %+v", r)
				}
			}
		}
	})
	wg.Go(func() {
		for calls := range slices.Chunk(reject[many/3:2*many/3], 10) {
			for _, r := range w.s.RecordBatch(context.Background(), calls) {
				if r.Err != nil || r.ConversionStatus != "rejected" {
					t.Errorf("postback: %+v", r)
				}
			}
		}
	})
	wg.Go(func() {
		for _, id := range ids[2*many/3:] {
			if _, err := w.s.ChangeStatus(context.Background(), operator, id, conversion.StatusTrash, "", true); err != nil {
				t.Error(err)
			}
		}
	})
	wg.Wait()
	if n := w.count(`SELECT count(*) FROM conversion_events WHERE actor = 'worker'`); n != int(ended.Load()) {
		t.Errorf("%d ended, %d events", ended.Load(), n)
	}
	if n := w.count(`SELECT count(*) FROM (SELECT FROM conversion_events WHERE to_status = 'approved' GROUP BY conversion_id HAVING count(*) > 1) twice`); n > 0 {
		t.Errorf("%d approved twice", n)
	}
	if got, want := w.balance("a1"), fmt.Sprintf("0.00 %d.00", 5*many/3); got != want {
		t.Errorf("affiliate %s, want %s", got, want)
	}
	w.checkSums()
}

func TestWaitingForARate(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	post := func(pairs ...string) conversion.ID {
		t.Helper()
		r := w.post(append(pairs, "clickid", w.click(1, noon.Add(-time.Hour), ""), "currency", "GBP")...)
		if !slices.Contains(r.Warnings, "no_rate") || r.Status != "recorded" {
			t.Fatalf("%+v", r)
		}
		return r.ConversionID
	}
	ids := map[string]conversion.ID{
		"percent":  post("val", "10.55", "comperc", "10", "txid", "percent"),
		"com":      post("val", "100", "com", "12.345", "payout", "15", "txid", "com"),
		"pending":  post("val", "100", "comperc", "10", "txid", "pending", "status", "pending"),
		"rejected": post("val", "100", "comperc", "10", "txid", "rejected", "status", "rejected"),
		"hybrid":   post("val", "100", "goal", "pending", "txid", "hybrid"),
		"hold":     post("val", "100", "goal", "hold", "txid", "hold"),
		"test":     post("val", "100", "com", "1", "txid", "test", "test", "1"),
	}
	if got := w.balance("a1"); got != "none" {
		t.Errorf("before: %s", got)
	}
	told := len(w.announcer.told())
	w.putRate("2026-11-13", "GBP", "USD", "7") // eight days old
	w.putRate("2026-11-22", "GBP", "USD", "7") // of the day after
	w.putRate("2026-11-20", "USD", "GBP", "7") // the other direction
	if n := len(w.announcer.told()); n != told {
		t.Errorf("%d were computed by a rate that is not theirs", n-told)
	}
	w.at(noon.Add(20 * 24 * time.Hour)) // a rate is of the time when the call came, whenever it is set
	w.putRate("2026-11-14", "GBP", "USD", "1.3333")
	for name, want := range map[string]string{
		"percent": "approved 14.066315 1.41 1.69", "com": "approved 133.33 16.46 20.00", "pending": "pending 133.33 13.33 16.00",
		"rejected": "rejected 133.33 13.33 16.00", "hybrid": "pending 133.33 14.33 20.00", "hold": "hold 133.33 5.00 13.33", "test": "approved 133.33 1.33 1.60",
	} {
		c := w.conversion(ids[name])
		if got := fmt.Sprintf("%s %s %s %s", c.Status, c.Val, c.Commission, c.Revenue); got != want {
			t.Errorf("%s: %s, want %s", name, got, want)
		}
		if c.AwaitingRate != "" || !c.ExchangeRate.Equal(money.MustRate("1.3333")) || c.OriginalCurrency != "GBP" || c.OriginalVal.String() == c.Val.String() {
			t.Errorf("%s: %+v", name, c)
		}
	}
	if c := w.conversion(ids["hold"]); !c.HoldUntil.Equal(noon.Add(7 * 24 * time.Hour)) {
		t.Errorf("held until %s", c.HoldUntil)
	}
	if n := len(w.announcer.told()) - told; n != 7 {
		t.Errorf("%d were told", n)
	}
	if n := w.endHolds(); n != 1 || w.conversion(ids["hold"]).Status != "approved" {
		t.Errorf("%d holds ended", n)
	}
	w.putRate("2026-11-14", "GBP", "USD", "9") // what is computed stays
	if c := w.conversion(ids["com"]); c.Commission.String() != "16.46" {
		t.Errorf("computed again: %+v", c)
	}
	w.checkSums()
}

// A hold may be over before the rate is there.
func TestHoldEndsWhileWaitingForARate(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.post("clickid", w.click(1, noon.Add(-time.Hour), ""), "goal", "hold", "val", "100", "currency", "GBP").ConversionID
	w.at(noon.Add(8 * 24 * time.Hour))
	if n := w.endHolds(); n != 1 {
		t.Errorf("%d ended", n)
	}
	if c := w.conversion(id); c.Status != "pending" || c.AwaitingRate != "approved" || w.balance("a1") != "none" {
		t.Errorf("%+v", c)
	}
	w.putRate("2026-11-20", "GBP", "USD", "2")
	if c := w.conversion(id); c.Status != "approved" || w.balance("a1") != "0.00 5.00" {
		t.Errorf("%+v", c)
	}
	w.checkSums()
}

// A rate that comes while calls change the same conversions: nothing is lost, nothing counted twice, and what slips past
// the PUT is found by the periodic job.
func TestRateComesAmidCalls(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	const many = 120
	var later []conversion.Call
	for i := range many {
		id := w.click(1, noon.Add(-time.Hour), "")
		w.post("clickid", id, "goal", "update", "txid", fmt.Sprint(i), "com", "1", "currency", "GBP")
		later = append(later, w.query("clickid", id, "goal", "update", "txid", fmt.Sprint(i), "com", "2", "currency", "GBP", "status", []string{"approved", "rejected"}[i%2]))
	}
	var wg sync.WaitGroup
	wg.Go(func() { w.putRate("2026-11-21", "GBP", "USD", "1.5") })
	for range 2 {
		wg.Go(func() {
			if _, err := w.s.ApplyRates(context.Background()); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Go(func() {
		for calls := range slices.Chunk(later, 10) {
			for _, r := range w.s.RecordBatch(context.Background(), calls) {
				if r.Err != nil || r.Status != "updated" {
					t.Errorf("%+v", r)
				}
			}
		}
	})
	wg.Wait()
	if _, err := w.s.ApplyRates(context.Background()); err != nil {
		t.Error(err)
	}
	if n := w.count(`SELECT count(*) FROM conversions WHERE awaiting_rate <> '' OR commission <> 300 OR exchange_rate <> 1.5`); n > 0 {
		t.Errorf("%d are wrong", n)
	}
	if got := w.balance("a1"); got != fmt.Sprintf("0.00 %d.00", 3*many/2) {
		t.Errorf("affiliate %s", got)
	}
	w.checkSums()
}

// One conversion that cannot be computed keeps no other waiting.
func TestRateThatOneCannotTake(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	click := func() string { return w.click(1, noon.Add(-time.Hour), "") }
	bad := w.post("clickid", click(), "val", "999999999999", "comperc", "100", "currency", "GBP").ConversionID
	good := w.post("clickid", click(), "val", "0.00000001", "com", "0.001", "currency", "GBP").ConversionID
	w.putRate("2026-11-21", "GBP", "USD", "999999999999")
	if c := w.conversion(good); c.Status != "approved" || c.Commission.String() != "1000000000.00" {
		t.Errorf("%+v", c)
	}
	n, err := w.s.ApplyRates(context.Background())
	if n != 0 || err != nil {
		t.Errorf("tried for ever: %d, %v", n, err)
	}
	if n := w.count(`SELECT count(*) FROM conversion_events WHERE reason LIKE 'the amounts are too large%'`); n != 1 {
		t.Errorf("%d events tell of it", n)
	}
	if c := w.conversion(bad); c.Status != "pending" || c.AwaitingRate != "approved" {
		t.Errorf("%+v", c)
	}
	two := money.MustRate("2")
	if _, err := w.s.Edit(context.Background(), operator, bad, conversion.EditInput{Commission: &two}); !errs.HasCode(err, "no_rate") {
		t.Errorf("half a correction: %v", err)
	}
	c, err := w.s.Edit(context.Background(), operator, bad, conversion.EditInput{Commission: &two, Revenue: &two})
	if err != nil || c.Status != "approved" || c.AwaitingRate != "" {
		t.Errorf("%+v, %v", c, err)
	}
	w.checkSums()
}

func TestPutRateChecks(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx := context.Background()
	day := noon.Truncate(24 * time.Hour)
	good := conversion.Rate{Date: day.Add(24 * time.Hour), Base: "gbp", Quote: "USD", Rate: money.MustRate("0.00000001"), Source: conversion.RateManual}
	for _, c := range []struct {
		name, code string
		change     func(*conversion.Rate)
	}{
		{"base", "invalid_currency", func(r *conversion.Rate) { r.Base = "XXX" }}, {"quote", "invalid_currency", func(r *conversion.Rate) { r.Quote = "" }},
		{"equal", "same_currency", func(r *conversion.Rate) { r.Quote = "GBP" }}, {"zero", "invalid_rate", func(r *conversion.Rate) { r.Rate = money.Rate{} }},
		{"negative", "invalid_rate", func(r *conversion.Rate) { r.Rate = money.MustRate("-1") }},
		{"future", "date_in_future", func(r *conversion.Rate) { r.Date = day.Add(48 * time.Hour) }},
		{"all", "invalid_input", func(r *conversion.Rate) { *r = conversion.Rate{Date: day.AddDate(1, 0, 0)} }},
	} {
		r := good
		c.change(&r)
		if _, err := w.s.PutRate(ctx, operator, r); !errs.HasCode(err, c.code) {
			t.Errorf("%s: %v", c.name, err)
		}
	}
	for _, role := range []account.Role{account.RoleManager, account.RoleViewer, account.RoleAffiliate, account.RoleAdvertiser} {
		actor := account.Actor{UserID: 9, Role: role, AffiliateID: 1, AdvertiserID: 1}
		if _, err := w.s.PutRate(ctx, actor, good); !errs.Is(err, errs.KindForbidden) {
			t.Errorf("%s: %v", role, err)
		}
	}
	if r, err := w.s.PutRate(ctx, account.Actor{UserID: 9, Role: account.RoleFinance}, good); err != nil || r.Base != "GBP" || w.audits.Load() != 1 {
		t.Errorf("%+v, %v", r, err)
	}
	if n := w.count(`SELECT count(*) FROM exchange_rates WHERE date = '2026-11-22' AND rate = 0.00000001`); n != 1 {
		t.Error("not stored")
	}
}
