package conversion_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/waypost/waypost/domain"
	"github.com/waypost/waypost/domain/account"
	"github.com/waypost/waypost/domain/conversion"
	"github.com/waypost/waypost/domain/errs"
	"github.com/waypost/waypost/domain/ledger"
)

// A conversion's walk by repeats and by hand: after each step the money lies where the status says.
func TestStatusWalk(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.click(1, noon.Add(-time.Hour), "")
	ctx := context.Background()
	first := w.post("clickid", id, "txid", "walk", "com", "10", "status", "pending")
	byHand := func(to conversion.Status) error {
		_, err := w.s.ChangeStatus(ctx, operator, first.ConversionID, to, "by hand", true)
		return err
	}
	byRepeat := func(word string) error {
		r := w.post("clickid", id, "txid", "walk", "status", word)
		if r.Status == conversion.OutcomeRefused {
			return errs.Conflict(r.Code, "%s", r.Message)
		}
		return nil
	}
	check := func(step, affiliate, advertiser string) {
		t.Helper()
		w.at(w.clock().Add(time.Millisecond))
		if a, d := w.balance("a1"), w.balance("d1"); a != affiliate || d != advertiser {
			t.Errorf("%s: affiliate %s, advertiser %s; want %s, %s", step, a, d, affiliate, advertiser)
		}
		w.verify()
	}
	check("pending", "10.00 0.00", "12.00 0.00")
	w.fatal(byRepeat("hold"))
	check("hold", "10.00 0.00", "12.00 0.00")
	w.fatal(byRepeat("shipped")) // the advertiser's own word
	check("approved", "0.00 10.00", "0.00 12.00")
	if err := byRepeat("pending"); !errs.HasCode(err, "status_not_allowed") {
		t.Errorf("approved to pending: %v", err)
	}
	w.fatal(byHand(conversion.StatusRejected))
	check("rejected", "0.00 0.00", "0.00 0.00")
	w.fatal(byHand(conversion.StatusRejected)) // no move, no harm
	if err := byHand(conversion.StatusPending); !errs.HasCode(err, "status_not_allowed") || !errs.Is(err, errs.KindConflict) {
		t.Errorf("rejected to pending: %v", err)
	}
	w.fatal(byHand(conversion.StatusApproved))
	check("approved again", "0.00 10.00", "0.00 12.00")
	w.fatal(byHand(conversion.StatusTrash))
	check("trash", "0.00 0.00", "0.00 0.00")
	if err := byRepeat("approved"); !errs.HasCode(err, "status_not_allowed") {
		t.Errorf("out of the trash: %v", err)
	}
	parsed, err := w.signer.Parse(id, noon)
	w.fatal(err)
	events, err := w.s.Events(ctx, operator, parsed, 100)
	w.fatal(err)
	var walk []string
	for _, e := range events {
		walk = append(walk, fmt.Sprintf("%s %s>%s %s", e.Kind, e.From, e.To, e.Actor))
	}
	want := "created >pending postback|status_change pending>hold postback|status_change hold>approved postback|" +
		"status_change approved>rejected admin|status_change rejected>approved admin|status_change approved>trash admin"
	if got := strings.Join(walk, "|"); got != want {
		t.Errorf("events\n%s, want\n%s", got, want)
	}
	if n := len(w.announcer.told()); n != 6 || w.audits.Load() != 3 {
		t.Errorf("%d announcements, %d audit rows", n, w.audits.Load())
	}
	entries, err := w.ledger.Entries(ctx, operator, ledger.Filter{Party: "a1"}, domain.Page{})
	w.fatal(err)
	if len(entries.Items) != 5 || entries.Items[4].From != ledger.NetworkCommission || entries.Items[4].To != "a1:pending" ||
		entries.Items[0].From != "a1:approved" || entries.Items[0].ConversionID != first.ConversionID.UUID {
		t.Errorf("ledger %+v", entries.Items)
	}
}

func TestChangeStatusRights(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx := context.Background()
	id := w.post("clickid", w.click(1, noon.Add(-time.Hour), ""), "com", "1", "status", "pending").ConversionID
	told := len(w.announcer.told())
	for _, c := range []struct {
		name   string
		actor  account.Actor
		status conversion.Status
		kind   errs.Kind
	}{
		{"affiliate", account.Actor{UserID: 9, Role: account.RoleAffiliate, AffiliateID: 1}, "approved", errs.KindForbidden},
		{"viewer", account.Actor{UserID: 9, Role: account.RoleViewer}, "approved", errs.KindForbidden},
		{"another advertiser", seller2, "approved", errs.KindNotFound},
		{"another advertiser, trash", seller2, "trash", errs.KindNotFound},
		{"another advertiser, unknown status", seller2, "shipped", errs.KindNotFound},
		{"another affiliate", affiliate2, "approved", errs.KindNotFound},
		{"its advertiser, trash", seller1, "trash", errs.KindForbidden},
		{"unknown status", operator, "shipped", errs.KindInvalid},
		{"nobody", account.Actor{}, "approved", errs.KindForbidden},
	} {
		if _, err := w.s.ChangeStatus(ctx, c.actor, id, c.status, "", true); !errs.Is(err, c.kind) {
			t.Errorf("%s: %v", c.name, err)
		}
	}
	if _, err := w.s.ChangeStatus(ctx, seller1, id, conversion.StatusRejected, "", false); !errs.Is(err, errs.KindForbidden) {
		t.Errorf("its advertiser, behind the affiliate's back: %v", err)
	}
	c, err := w.s.ChangeStatus(ctx, seller1, id, conversion.StatusApproved, "paid\x00", true)
	if err != nil || c.Status != conversion.StatusApproved || len(w.announcer.told()) != told+1 {
		t.Errorf("its advertiser: %+v, %v", c, err)
	}
	w.verify()
}

// Approved on a goal that holds is held; neither a retry nor time spent cuts it short, a hand may.
func TestHold(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.click(1, noon.Add(-time.Hour), "")
	r := w.post("clickid", id, "goal", "hold", "status", "approved")
	if c := w.conversion(r.ConversionID); r.ConversionStatus != "hold" || !c.HoldUntil.Equal(noon.Add(7*24*time.Hour)) {
		t.Errorf("%+v, %+v", r, c)
	}
	w.at(noon.Add(6 * 24 * time.Hour))
	if r := w.post("clickid", id, "goal", "hold", "status", "approved"); r.Status != "duplicate" || r.ConversionStatus != "hold" {
		t.Errorf("a retry: %+v", r)
	}
	if got := w.balance("a1"); got != "5.00 0.00" {
		t.Errorf("held money: %s", got)
	}
	w.at(noon.Add(7 * 24 * time.Hour))
	if r := w.post("clickid", id, "goal", "hold", "status", "approved"); r.Status != "updated" || r.ConversionStatus != "approved" {
		t.Errorf("after the hold: %+v", r)
	}
	if c := w.conversion(r.ConversionID); !c.HoldUntil.IsZero() {
		t.Errorf("approved, but held until %s", c.HoldUntil)
	}
	w.at(noon)
	r = w.post("clickid", id, "goal", "hold", "txid", "2", "status", "sale")
	c, err := w.s.ChangeStatus(context.Background(), operator, r.ConversionID, conversion.StatusApproved, "", true)
	if err != nil || c.Status != conversion.StatusApproved || !c.HoldUntil.IsZero() {
		t.Errorf("by hand: %+v, %v", c, err)
	}
	w.verify()
}

func TestUpdateOverwritesAmounts(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.click(1, noon.Add(-time.Hour), "")
	r := w.post("clickid", id, "goal", "update", "val", "100", "com", "10")
	post := func(pairs ...string) conversion.Result {
		return w.post(append(pairs, "clickid", id, "goal", "update")...)
	}
	if again := post("val", "100", "com", "10"); again.Status != "updated" || again.ConversionID != r.ConversionID {
		t.Errorf("the same figures: %+v", again)
	}
	if got := w.count(`SELECT count(*) FROM ledger_entries`); got != 2 {
		t.Errorf("the same figures moved money: %d entries", got)
	}
	if again := post("val", "100", "com", "4"); again.Status != "updated" {
		t.Errorf("less: %+v", again)
	}
	if a, d := w.balance("a1"), w.balance("d1"); a != "0.00 4.00" || d != "0.00 4.80" {
		t.Errorf("balances %s, %s", a, d)
	}
	if again := post("status", "rejected"); again.Status != "updated" || w.conversion(r.ConversionID).Commission.String() != "4.00" {
		t.Errorf("a status without amounts keeps them: %+v", again)
	}
	if again := post("com", "6", "status", "approved"); again.Status != "updated" {
		t.Errorf("amount and status: %+v", again)
	}
	if got := w.balance("a1"); got != "0.00 6.00" {
		t.Errorf("balance %s", got)
	}
	if again := post("com", "7", "currency", "GBP"); again.Status != "updated" || again.ConversionStatus != "pending" || again.Warnings[0] != "no_rate" {
		t.Errorf("without a rate: %+v", again)
	}
	if got := w.balance("a1"); got != "0.00 0.00" {
		t.Errorf("balance while the amount is unknown: %s", got)
	}
	if again := post("com", "7", "currency", "EUR"); again.ConversionStatus != "approved" {
		t.Errorf("with a rate: %+v", again)
	}
	if again := post(); again.Status != "duplicate" {
		t.Errorf("nothing sent: %+v", again)
	}
	if got := w.balance("a1"); got != "0.00 8.75" {
		t.Errorf("balance %s", got)
	}
	w.verify()
}

// What cannot be added is refused, and can be replayed once it can.
func TestAddNeedsARate(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.click(1, noon.Add(-time.Hour), "")
	post := func(pairs ...string) conversion.Call { return w.query(append(pairs, "clickid", id, "goal", "add")...) }
	w.send(post("com", "1", "val", "10"))
	gbp := post("com", "1", "val", "10", "currency", "GBP")
	if r := w.send(gbp); r.Status != "refused" || r.Code != "no_rate" || r.HTTPStatus != 422 {
		t.Errorf("%+v", r)
	}
	w.exec(`INSERT INTO exchange_rates VALUES ('2026-11-21', 'GBP', 'USD', 2, 'manual')`)
	r, err := w.s.Replay(context.Background(), operator, gbp.ID)
	if err != nil || r.Status != "updated" {
		t.Errorf("%+v, %v", r, err)
	}
	c := w.conversion(r.ConversionID)
	if c.Commission.String() != "3.00" || c.Val.String() != "30" || c.OriginalVal.String() != "30" || c.OriginalCurrency != "USD" {
		t.Errorf("%+v", c)
	}
	w.verify()
}

// A test walks the whole chain and counts for nothing.
func TestTestConversion(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.click(1, noon.Add(-time.Hour), "")
	r := w.post("clickid", id, "txid", "1", "com", "10", "test", "1")
	if r.Status != "recorded" || !w.conversion(r.ConversionID).Test || len(w.announcer.told()) != 1 {
		t.Errorf("%+v", r)
	}
	if again := w.post("clickid", id, "txid", "1", "com", "10", "test", "1"); again.Status != "duplicate" || again.ConversionID != r.ConversionID {
		t.Errorf("again: %+v", again)
	}
	if got := w.balance("a1"); got != "none" {
		t.Errorf("balance %s", got)
	}
	if real := w.post("clickid", id, "txid", "1", "com", "10"); real.Status != "recorded" {
		t.Errorf("the real one: %+v", real)
	}
	w.verify()
}

func TestReplay(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx := context.Background()
	id := w.click(1, noon.Add(-time.Hour), "")
	call := w.query("clickid", id, "goal", "late", "com", "1")
	w.fatalIf(w.send(call).Code != "goal_not_found", "there is such a goal")
	w.at(noon.Add(200 * 24 * time.Hour)) // the call is still judged by the time when it came
	if r, err := w.s.Replay(ctx, operator, call.ID); err != nil || r.Code != "goal_not_found" || r.HTTPStatus != 404 {
		t.Errorf("before the cause is mended: %+v, %v", r, err)
	}
	w.exec(`UPDATE goals SET alias = 'late' WHERE id = 3`) // its mode is none: each call counts
	for _, want := range []conversion.Outcome{"recorded", "duplicate", "duplicate"} {
		r, err := w.s.Replay(ctx, operator, call.ID)
		if err != nil || r.Status != want || r.ConversionID.IsZero() || r.ConversionStatus != "approved" || r.ClickID != id {
			t.Errorf("want %s: %+v, %v", want, r, err)
		}
	}
	line, err := w.s.LogGet(ctx, operator, call.ID)
	if err != nil || line.Status != "recorded" || !line.ReceivedAt.Equal(noon) || line.OfferID != 1 {
		t.Errorf("line %+v, %v", line, err)
	}
	if _, err := w.s.Replay(ctx, seller1, call.ID); !errs.Is(err, errs.KindForbidden) {
		t.Errorf("by an advertiser: %v", err)
	}
	if _, err := w.s.Replay(ctx, operator, conversion.LogID{}); !errs.Is(err, errs.KindNotFound) {
		t.Errorf("nothing: %v", err)
	}
	if w.audits.Load() != 4 || w.count(`SELECT count(*) FROM conversions`) != 1 {
		t.Errorf("%d audit rows", w.audits.Load())
	}
	w.verify()
}
