package conversion_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/waypost/waypost/domain/account"
	"github.com/waypost/waypost/domain/click"
	"github.com/waypost/waypost/domain/conversion"
	"github.com/waypost/waypost/domain/errs"
	"github.com/waypost/waypost/domain/money"
)

func rate(s string) *money.Rate { r := money.MustRate(s); return &r }

func status(s conversion.Status) *conversion.Status { return &s }

func TestMakeByHand(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx := context.Background()
	manager := account.Actor{UserID: 5, Role: account.RoleManager}
	c, warnings, err := w.s.Make(ctx, manager, conversion.MakeInput{OfferID: 1, AffiliateID: 2, Note: "phone\x00 order",
		Amounts: conversion.Amounts{Val: rate("100"), ComPerc: rate("7.5")}, TxID: "P 1"})
	if err != nil || len(warnings) > 0 {
		t.Fatalf("%v, %v", warnings, err)
	}
	if c.Status != "approved" || c.Commission.String() != "7.50" || c.Revenue.String() != "9.00" || c.GoalID != 1 || c.AdvertiserID != 1 ||
		!c.CreatedAt.Equal(noon) || c.TxID != "P 1" || c.DedupeKey != "t:1:1:P 1" {
		t.Errorf("%+v", c)
	}
	if w.balance("a2") != "0.00 7.50" || w.balance("d1") != "0.00 9.00" || w.audits.Load() != 1 {
		t.Errorf("%s, %s, %d audit rows", w.balance("a2"), w.balance("d1"), w.audits.Load())
	}
	made, err := w.db.Clicks().Get(ctx, manager.Scope(), c.ClickID)
	if err != nil || made.OfferID != 1 || made.AffiliateID != 2 || made.AdvertiserID != 1 || made.Source != "" || !made.Valid() || !c.ClickedAt.Equal(noon) {
		t.Errorf("click %+v, %v", made, err)
	}
	events, err := w.s.Events(ctx, manager, c.ClickID, 10)
	if err != nil || len(events) != 1 || events[0].Actor != "manager" || events[0].Reason != "phone order" || !events[0].Data.ByHand || events[0].Kind != "created" {
		t.Errorf("%+v, %v", events, err)
	}
	if told := w.announcer.told(); len(told) != 1 || !told[0].Created || told[0].Click.ID != c.ClickID || told[0].Offer.ID != 1 {
		t.Errorf("told %+v", told)
	}

	// A call with its txid is a repeat of it, and it of a call's.
	if r := w.post("clickid", w.click(1, noon.Add(-time.Hour), ""), "txid", "P 1"); r.Status != "duplicate" || r.ConversionID != c.ID {
		t.Errorf("%+v", r)
	}
	called := w.post("clickid", w.click(1, noon.Add(-time.Hour), ""), "txid", "called").ConversionID
	_, _, err = w.s.Make(ctx, operator, conversion.MakeInput{OfferID: 1, AffiliateID: 1, TxID: "called"})
	if e, ok := errs.As(err); !ok || e.Kind != errs.KindConflict || e.Code != "duplicate" || !strings.Contains(e.Message, called.String()) {
		t.Errorf("%v", err)
	}

	// Its own click, an older day without a partition, a status of its own, in silence.
	id, err := w.signer.Parse(w.click(1, noon.Add(-40*24*time.Hour), click.ReasonDuplicate), noon)
	w.fatal(err)
	c, _, err = w.s.Make(ctx, operator, conversion.MakeInput{OfferID: 1, AffiliateID: 1, GoalID: 6, ClickID: id, Status: "approved", Quiet: true,
		CreatedAt: noon.Add(-39 * 24 * time.Hour)})
	if err != nil || c.Status != "approved" || !c.HoldUntil.IsZero() || c.ClickID != id || c.Commission.String() != "5.00" {
		t.Errorf("%+v, %v", c, err)
	}
	c, warnings, err = w.s.Make(ctx, operator, conversion.MakeInput{OfferID: 1, AffiliateID: 1, GoalID: 6, CreatedAt: noon.Add(-900*24*time.Hour + 1234567),
		Amounts: conversion.Amounts{Val: rate("10"), Com: rate("1")}})
	if err != nil || c.Status != "hold" || c.CreatedAt != noon.Add(-900*24*time.Hour+time.Millisecond) || len(warnings) != 1 || warnings[0].Code != "ignored" {
		t.Errorf("%+v, %v, %v", c, warnings, err)
	}
	if w.endHolds() != 1 || w.conversion(c.ID).Status != "approved" {
		t.Error("its hold was over long ago")
	}

	// Another currency, with the rate of its day and without.
	c, _, err = w.s.Make(ctx, operator, conversion.MakeInput{OfferID: 1, AffiliateID: 1, Amounts: conversion.Amounts{Com: rate("2"), Currency: "eur"}})
	if err != nil || c.Commission.String() != "2.50" || c.OriginalCurrency != "EUR" {
		t.Errorf("%+v, %v", c, err)
	}
	c, warnings, err = w.s.Make(ctx, operator, conversion.MakeInput{OfferID: 1, AffiliateID: 1, Amounts: conversion.Amounts{Com: rate("2"), Currency: "EUR"},
		CreatedAt: noon.Add(-30 * 24 * time.Hour)})
	if err != nil || c.Status != "pending" || c.AwaitingRate != "approved" || len(warnings) != 1 || warnings[0].Code != "no_rate" {
		t.Errorf("%+v, %v, %v", c, warnings, err)
	}
	w.putRate("2026-10-20", "EUR", "USD", "3")
	if c = w.conversion(c.ID); c.Status != "approved" || c.Commission.String() != "6.00" {
		t.Errorf("%+v", c)
	}
	w.checkSums()
}

func TestMakeIsRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx := context.Background()
	clickID := func(at time.Time) click.ID {
		id, err := w.signer.Parse(w.click(1, at, ""), noon)
		w.fatal(err)
		return id
	}
	absent, err := click.Mint(noon.Add(-time.Hour), strings.NewReader(strings.Repeat("x", 16)))
	w.fatal(err)
	for _, c := range []struct {
		name, code, at string
		change         func(*conversion.MakeInput)
	}{
		{"offer", "unknown_reference", "body.offer_id", func(in *conversion.MakeInput) { in.OfferID = 99 }},
		{"affiliate", "unknown_reference", "body.affiliate_id", func(in *conversion.MakeInput) { in.AffiliateID = 99 }},
		{"goal of another offer", "goal_not_found", "body.goal_id", func(in *conversion.MakeInput) { in.GoalID = 20 }},
		{"click", "click_not_found", "body.click_id", func(in *conversion.MakeInput) { in.ClickID = absent }},
		{"click of another", "click_of_another", "body.click_id", func(in *conversion.MakeInput) { in.ClickID, in.AffiliateID = clickID(noon), 2 }},
		{"before its click", "invalid_time", "body.created_at", func(in *conversion.MakeInput) { in.ClickID, in.CreatedAt = clickID(noon), noon.Add(-time.Second) }},
		{"future", "time_in_future", "body.created_at", func(in *conversion.MakeInput) { in.CreatedAt = noon.Add(time.Second) }},
		{"ancient", "invalid_time", "body.created_at", func(in *conversion.MakeInput) { in.CreatedAt = time.Unix(0, 0) }},
		{"val", "invalid_amount", "body.val", func(in *conversion.MakeInput) { in.Amounts.Val = rate("-1") }},
		{"com", "invalid_amount", "body.com", func(in *conversion.MakeInput) { in.Amounts.Com = rate("-1") }},
		{"payout", "invalid_amount", "body.payout", func(in *conversion.MakeInput) { in.Amounts.Payout = rate("-1") }},
		{"comperc", "invalid_comperc", "body.comperc", func(in *conversion.MakeInput) { in.Amounts.ComPerc = rate("100.1") }},
		{"currency", "invalid_currency", "body.currency", func(in *conversion.MakeInput) { in.Amounts.Currency = "XXX" }},
		{"status", "invalid_status", "body.status", func(in *conversion.MakeInput) { in.Status = "shipped" }},
		{"txid", "too_long", "body.txid", func(in *conversion.MakeInput) { in.TxID = strings.Repeat("x", 256) }},
		{"hidden txid", "invalid_text", "body.txid", func(in *conversion.MakeInput) { in.TxID = "a\n" }},
		{"too much", "amount_overflow", "body.val", func(in *conversion.MakeInput) {
			in.Amounts, in.GoalID = conversion.Amounts{Val: rate("999999999999"), ComPerc: rate("100"), Currency: "EUR"}, 0
			w.exec(`INSERT INTO exchange_rates VALUES ('2026-11-21', 'EUR', 'USD', 999999999999, 'manual')`)
		}},
	} {
		in := conversion.MakeInput{OfferID: 1, AffiliateID: 1}
		c.change(&in)
		_, _, err := w.s.Make(ctx, operator, in)
		e, ok := errs.As(err)
		if !ok || e.Code != c.code || e.Kind != errs.KindInvalid || len(e.Fields) != 1 || e.Fields[0].Location != c.at {
			t.Errorf("%s: %v %+v", c.name, err, e)
		}
	}
	for _, actor := range []account.Actor{{}, affiliate2, seller1, {UserID: 9, Role: account.RoleViewer}, {UserID: 9, Role: account.RoleFinance}} {
		if _, _, err := w.s.Make(ctx, actor, conversion.MakeInput{OfferID: 1, AffiliateID: 1}); !errs.Is(err, errs.KindForbidden) {
			t.Errorf("%s: %v", actor.Role, err)
		}
	}
	if n := w.count(`SELECT count(*) FROM conversions`) + w.count(`SELECT count(*) FROM conversion_keys`) + w.count(`SELECT count(*) FROM ledger_entries`); n > 0 || w.audits.Load() > 0 {
		t.Errorf("%d rows were left", n)
	}
}

// A hand and a call with one txid at the same instant make one conversion.
func TestMakeRacesWithCalls(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for i := range 20 {
		txid := fmt.Sprint(i)
		call := w.query("clickid", w.click(1, noon.Add(-time.Hour), ""), "txid", txid, "com", "1")
		var wg sync.WaitGroup
		var called conversion.Result
		errors := make([]error, 2)
		wg.Go(func() { called = w.s.RecordBatch(context.Background(), []conversion.Call{call})[0] })
		for j := range errors {
			wg.Go(func() {
				_, _, errors[j] = w.s.Make(context.Background(), operator, conversion.MakeInput{OfferID: 1, AffiliateID: 1, TxID: txid, Amounts: conversion.Amounts{Com: rate("1")}})
			})
		}
		wg.Wait()
		made := 0
		if called.Status == "recorded" {
			made++
		}
		for _, err := range errors {
			if err == nil {
				made++
			} else if !errs.HasCode(err, "duplicate") {
				t.Error(err)
			}
		}
		if made != 1 || called.Err != nil {
			t.Errorf("%d were made; %+v, %v", made, called, errors)
		}
	}
	if got := w.balance("a1"); got != "0.00 20.00" {
		t.Errorf("affiliate %s", got)
	}
	w.checkSums()
}

func TestCorrectByHand(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx := context.Background()
	id := w.post("clickid", w.click(1, noon.Add(-time.Hour), ""), "val", "100", "com", "10", "txid", "1").ConversionID
	told := len(w.announcer.told())
	w.at(noon.Add(time.Millisecond)) // events of one millisecond have no order
	c, err := w.s.Edit(ctx, operator, id, conversion.EditInput{Val: rate("90"), Commission: rate("9.5"), Reason: "part of it came back"})
	if err != nil || c.Val.String() != "90" || c.Commission.String() != "9.50" || c.Revenue.String() != "12.00" || c.Status != "approved" || c.OriginalVal.String() != "100" {
		t.Errorf("%+v, %v", c, err)
	}
	if w.balance("a1") != "0.00 9.50" || w.balance("d1") != "0.00 12.00" || w.audits.Load() != 1 {
		t.Errorf("%s, %s, %d audits", w.balance("a1"), w.balance("d1"), w.audits.Load())
	}
	if n := w.count(`SELECT count(*) FROM ledger_entries WHERE kind IN ('reversal', 'correction') AND account_id = 'a1'`); n != 2 {
		t.Errorf("%d entries", n)
	}
	events, err := w.s.Events(ctx, operator, c.ClickID, 10)
	if e := events[len(events)-1]; err != nil || e.Kind != "amounts" || e.Actor != "admin" || e.Reason != "part of it came back" || e.Data.Before.Commission != "10.00" {
		t.Errorf("%+v, %v", events, err)
	}
	if _, err = w.s.Edit(ctx, operator, id, conversion.EditInput{Commission: rate("9.50")}); err != nil || w.audits.Load() != 1 {
		t.Errorf("no change: %v, %d audits", err, w.audits.Load())
	}
	if len(w.announcer.told()) != told+1 || w.announcer.told()[told].StatusChanged() {
		t.Error("affiliates' postbacks fire for a status, not for an amount")
	}
	c, err = w.s.Edit(ctx, operator, id, conversion.EditInput{Status: status("rejected"), Revenue: rate("0"), Commission: rate("0")})
	if err != nil || c.Status != "rejected" || w.balance("a1") != "0.00 0.00" || w.balance("d1") != "0.00 0.00" {
		t.Errorf("%+v, %v", c, err)
	}
	for _, f := range []struct {
		name, code string
		actor      account.Actor
		in         conversion.EditInput
	}{
		{"nothing", "required", operator, conversion.EditInput{}},
		{"negative", "invalid_amount", operator, conversion.EditInput{Commission: rate("-1")}},
		{"negative val", "invalid_amount", operator, conversion.EditInput{Val: rate("-0.1")}},
		{"half a cent", "too_many_decimals", operator, conversion.EditInput{Revenue: rate("0.005")}},
		{"two faults", "invalid_input", operator, conversion.EditInput{Revenue: rate("0.005"), Commission: rate("-1")}},
		{"advertiser", "forbidden", seller1, conversion.EditInput{Revenue: rate("1")}},
		{"advertiser, with a status", "forbidden", seller1, conversion.EditInput{Status: status("approved"), Revenue: rate("1")}},
		{"another advertiser", "not_found", seller2, conversion.EditInput{Revenue: rate("1")}},
		{"forbidden move", "status_not_allowed", operator, conversion.EditInput{Status: status("hold"), Revenue: rate("1")}},
	} {
		if _, err := w.s.Edit(ctx, f.actor, id, f.in); !errs.HasCode(err, f.code) {
			t.Errorf("%s: %v", f.name, err)
		}
	}
	w.at(noon.Add(time.Second))
	_, err = w.s.Edit(ctx, operator, id, conversion.EditInput{Status: status("approved")})
	w.fatal(err)
	_, err = w.s.Edit(ctx, operator, id, conversion.EditInput{Status: status("trash")})
	w.fatal(err)
	if _, err := w.s.Edit(ctx, operator, id, conversion.EditInput{Commission: rate("1")}); !errs.HasCode(err, "conversion_in_trash") {
		t.Errorf("in the trash: %v", err)
	}
	w.checkSums()
}

func TestAdvertisersDecide(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx := context.Background()
	id := w.post("clickid", w.click(1, noon.Add(-time.Hour), ""), "com", "1", "status", "pending").ConversionID
	w.exec(`UPDATE network_settings SET advertisers_decide = false`)
	if _, err := w.s.ChangeStatus(ctx, seller1, id, "approved", "", true); !errs.HasCode(err, "advertisers_do_not_decide") || !errs.Is(err, errs.KindForbidden) {
		t.Errorf("%v", err)
	}
	if _, err := w.s.ChangeStatus(ctx, seller2, id, "approved", "", true); !errs.Is(err, errs.KindNotFound) {
		t.Errorf("another's: %v", err)
	}
	if c, err := w.s.ChangeStatus(ctx, operator, id, "approved", "", true); err != nil || c.Status != "approved" {
		t.Errorf("%v", err)
	}
	w.exec(`UPDATE network_settings SET advertisers_decide = true`)
	if c, err := w.s.ChangeStatus(ctx, seller1, id, "rejected", "", true); err != nil || c.Status != "rejected" {
		t.Errorf("%v", err)
	}
}

// An older call does not overwrite newer amounts, wherever those came from; and what is said again is new again.
func TestOlderCallKeepsNewerAmounts(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.click(1, noon.Add(-time.Hour), "")
	call := func(at time.Duration, com string, pairs ...string) conversion.Call {
		w.at(noon.Add(at))
		return w.query(append(pairs, "clickid", id, "goal", "update", "txid", "1", "com", com)...)
	}
	check := func(what string, r conversion.Result, outcome conversion.Outcome, com string, warnings ...string) {
		t.Helper()
		if c := w.conversion(r.ConversionID); r.Status != outcome || c.Commission.String() != com || fmt.Sprint(r.Warnings) != fmt.Sprint(warnings) {
			t.Errorf("%s: %+v, %s", what, r, c.Commission)
		}
		w.checkSums()
	}
	second := time.Second
	made := w.send(call(0, "10"))
	late, alsoLate, withStatus := call(1*second, "11"), call(3*second, "13"), call(2*second, "12", "status", "rejected")
	check("newer", w.send(call(4*second, "14")), "updated", "14.00")
	check("older", w.send(late), "duplicate", "14.00", "older_than_amounts")
	check("older, a status", w.send(withStatus), "updated", "14.00", "older_than_amounts")
	fifth := call(5*second, "15")
	w.at(noon.Add(6 * second))
	_, err := w.s.Edit(context.Background(), operator, made.ConversionID, conversion.EditInput{Commission: rate("16")})
	w.fatal(err)
	check("older than a correction", w.send(fifth), "duplicate", "16.00", "older_than_amounts")
	seventh := call(7*second, "17")
	check("newer than a correction", w.send(call(8*second, "18")), "updated", "18.00")
	ninth := call(9*second, "19")
	events := w.count(`SELECT count(*) FROM conversion_events`)
	check("the same again", w.send(call(10*second, "18")), "updated", "18.00")
	if n := w.count(`SELECT count(*) FROM conversion_events`); n != events {
		t.Error("nothing happened, yet there is an event")
	}
	check("older than what was said again", w.send(ninth), "duplicate", "18.00", "older_than_amounts")
	check("older than all", w.send(seventh), "duplicate", "18.00", "older_than_amounts")
	check("oldest", w.send(alsoLate), "duplicate", "18.00", "older_than_amounts")

	// In one batch, in the wrong order.
	first, next := call(20*second, "20"), call(21*second, "21")
	results := w.s.RecordBatch(context.Background(), []conversion.Call{next, first})
	check("batch", results[0], "updated", "21.00")
	check("batch", results[1], "duplicate", "21.00", "older_than_amounts")
}
