package conversion_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/waypost/waypost/domain"
	"github.com/waypost/waypost/domain/account"
	"github.com/waypost/waypost/domain/conversion"
	"github.com/waypost/waypost/domain/errs"
)

// What a tenant sees of conversions, events and the log is its own; another's id is not found.
func TestTenants(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx := context.Background()
	clicks := [2]string{w.click(1, noon.Add(-time.Hour), ""), w.click(5, noon.Add(-time.Hour), "")} // of affiliate 1 and advertiser 1, of 2 and 2
	var calls [2]conversion.Call
	var ids [2]conversion.ID
	for i, c := range clicks {
		calls[i] = w.query("clickid", c, "com", "1", "txid", "same")
		ids[i] = w.send(calls[i]).ConversionID
	}
	if ids[0] == ids[1] {
		t.Fatal("two advertisers share an order id's conversion")
	}
	nobody := w.query("clickid", "nonsense")
	w.send(nobody)
	affiliate1 := account.Actor{UserID: 5, Role: account.RoleAffiliate, AffiliateID: 1}
	for _, c := range []struct {
		name  string
		actor account.Actor
		sees  [2]bool
	}{
		{"operator", operator, [2]bool{true, true}}, {"affiliate 1", affiliate1, [2]bool{true, false}}, {"affiliate 2", affiliate2, [2]bool{false, true}},
		{"advertiser 1", seller1, [2]bool{true, false}}, {"advertiser 2", seller2, [2]bool{false, true}},
	} {
		conversions, err := w.s.List(ctx, c.actor, conversion.Filter{TxID: "same"}, domain.Page{})
		w.fatal(err)
		lines, err := w.s.LogList(ctx, c.actor, conversion.LogFilter{}, domain.Page{})
		w.fatal(err)
		for i, visible := range c.sees {
			got, err := w.s.Get(ctx, c.actor, ids[i])
			if visible != (err == nil && got.ID == ids[i]) || !visible && !errs.Is(err, errs.KindNotFound) {
				t.Errorf("%s gets conversion %d: %v", c.name, i, err)
			}
			line, err := w.s.LogGet(ctx, c.actor, calls[i].ID)
			if visible != (err == nil && line.ConversionID == ids[i]) || !visible && !errs.Is(err, errs.KindNotFound) {
				t.Errorf("%s gets line %d: %v", c.name, i, err)
			}
			if listed := slices.ContainsFunc(conversions.Items, func(v conversion.Conversion) bool { return v.ID == ids[i] }); listed != visible {
				t.Errorf("%s lists conversion %d: %v", c.name, i, listed)
			}
			if listed := slices.ContainsFunc(lines.Items, func(l conversion.LogEntry) bool { return l.ID == calls[i].ID }); listed != visible {
				t.Errorf("%s lists line %d: %v", c.name, i, listed)
			}
			parsed, err := w.signer.Parse(clicks[i], noon)
			w.fatal(err)
			events, err := w.s.Events(ctx, c.actor, parsed, 10)
			if err != nil || len(events) != map[bool]int{true: 1}[visible] {
				t.Errorf("%s: events of click %d: %d, %v", c.name, i, len(events), err)
			}
		}
		if _, err := w.s.LogGet(ctx, c.actor, nobody.ID); (err == nil) != c.actor.Scope().Network() {
			t.Errorf("%s gets a line that belongs to nobody: %v", c.name, err)
		}
	}
	for name, actor := range map[string]account.Actor{"zero": {}, "affiliate without party": {Role: account.RoleAffiliate}} {
		if _, err := w.s.List(ctx, actor, conversion.Filter{}, domain.Page{}); !errs.Is(err, errs.KindForbidden) {
			t.Errorf("%s lists conversions: %v", name, err)
		}
		if _, err := w.s.LogList(ctx, actor, conversion.LogFilter{}, domain.Page{}); !errs.Is(err, errs.KindForbidden) {
			t.Errorf("%s lists the log: %v", name, err)
		}
		if _, err := w.s.Get(ctx, actor, ids[0]); !errs.Is(err, errs.KindForbidden) {
			t.Errorf("%s gets a conversion: %v", name, err)
		}
	}
}

// Pages of every size give each row once, newest first; filters narrow.
func TestLists(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx := context.Background()
	one, two := w.click(1, noon.Add(-time.Hour), ""), w.click(2, noon.Add(-time.Hour), "")
	var calls []conversion.Call
	for i := range 7 { // several in the same millisecond, over midnight
		if i%3 == 0 {
			w.at(noon.Add(time.Duration(i) * 4 * time.Hour))
		}
		calls = append(calls, w.query("clickid", []string{one, two}[i%2], "txid", fmt.Sprint(i), "com", "1", "status", []string{"approved", "pending"}[i%2]))
	}
	test := w.query("clickid", one, "txid", "t", "test", "1", "goal", "click")
	for _, c := range append(calls, test, w.query("clickid", one, "val", "x")) {
		w.send(c)
	}
	for limit := 1; limit <= 9; limit++ {
		var seen []conversion.Conversion
		var lines []conversion.LogEntry
		for page := (domain.Page{Limit: limit}); ; {
			s, err := w.s.List(ctx, operator, conversion.Filter{}, page)
			w.fatal(err)
			seen = append(seen, s.Items...)
			if page.Cursor = s.NextCursor; page.Cursor == "" {
				break
			}
		}
		for page := (domain.Page{Limit: limit}); ; {
			s, err := w.s.LogList(ctx, operator, conversion.LogFilter{}, page)
			w.fatal(err)
			lines = append(lines, s.Items...)
			if page.Cursor = s.NextCursor; page.Cursor == "" {
				break
			}
		}
		ids := map[conversion.ID]bool{}
		for _, c := range seen {
			ids[c.ID] = true
		}
		if len(seen) != 8 || len(ids) != 8 || len(lines) != 9 ||
			!slices.IsSortedFunc(seen, func(a, b conversion.Conversion) int { return b.CreatedAt.Compare(a.CreatedAt) }) ||
			!slices.IsSortedFunc(lines, func(a, b conversion.LogEntry) int { return b.ReceivedAt.Compare(a.ReceivedAt) }) {
			t.Errorf("pages of %d: %d conversions, %d lines", limit, len(seen), len(lines))
		}
	}
	clickOne, err := w.signer.Parse(one, noon)
	w.fatal(err)
	yes, no := true, false
	for name, c := range map[string]struct {
		f    conversion.Filter
		want int
	}{
		"click": {conversion.Filter{ClickID: clickOne}, 5}, "txid": {conversion.Filter{TxID: "3"}, 1}, "offer": {conversion.Filter{OfferID: 2}, 3},
		"goal": {conversion.Filter{GoalID: 2}, 1}, "affiliate": {conversion.Filter{AffiliateID: 2}, 0}, "advertiser": {conversion.Filter{AdvertiserID: 1}, 8},
		"status": {conversion.Filter{Status: "pending"}, 3}, "test": {conversion.Filter{Test: &yes}, 1}, "no test": {conversion.Filter{Test: &no}, 7},
		"from": {conversion.Filter{From: noon.Add(12 * time.Hour)}, 5}, "to": {conversion.Filter{To: noon.Add(12 * time.Hour)}, 3},
		"between": {conversion.Filter{From: noon.Add(12 * time.Hour), To: noon.Add(24 * time.Hour), Status: "pending"}, 2},
	} {
		s, err := w.s.List(ctx, operator, c.f, domain.Page{})
		if err != nil || len(s.Items) != c.want {
			t.Errorf("%s: %d conversions, %v; want %d", name, len(s.Items), err, c.want)
		}
	}
	for name, c := range map[string]struct {
		f    conversion.LogFilter
		want int
	}{
		"click": {conversion.LogFilter{ClickID: clickOne}, 6}, "status": {conversion.LogFilter{Status: "refused"}, 1},
		"code": {conversion.LogFilter{Code: "invalid_val"}, 1}, "from": {conversion.LogFilter{From: noon.Add(12 * time.Hour)}, 6}, "to": {conversion.LogFilter{To: noon.Add(12 * time.Hour)}, 3},
	} {
		s, err := w.s.LogList(ctx, operator, c.f, domain.Page{})
		if err != nil || len(s.Items) != c.want {
			t.Errorf("%s: %d lines, %v; want %d", name, len(s.Items), err, c.want)
		}
	}
	for _, cursor := range []string{"x", "MTIz", strings.Repeat("A", 40)} {
		if _, err := w.s.List(ctx, operator, conversion.Filter{}, domain.Page{Cursor: cursor}); !errs.HasCode(err, "invalid_cursor") {
			t.Errorf("cursor %q: %v", cursor, err)
		}
		if _, err := w.s.LogList(ctx, operator, conversion.LogFilter{}, domain.Page{Cursor: cursor}); !errs.HasCode(err, "invalid_cursor") {
			t.Errorf("log, cursor %q: %v", cursor, err)
		}
	}
}

// What a conversion was stored with comes back as it was.
func TestConversionRoundTrip(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.click(1, noon.Add(-time.Hour), "")
	r := w.post("clickid", id, "goal", "hold", "txid", "o'\"\\;ü", "val", "999999999999.99999999", "comperc", "7,5", "param", "a;b\"c",
		"adv3", "x", "event2", "1,5", "coupon", "SAVE", "currency", "USD", "status", "approved")
	c := w.conversion(r.ConversionID)
	if c.Val.String() != "999999999999.99999999" || c.TxID != "o'\"\\;ü" || c.Params.ComPerc != "7.5" || c.Params.Coupon != "SAVE" ||
		!slices.Equal(c.Params.Param, []string{"a", "b\"c"}) || c.Params.Values["event2"] != "1.5" || c.Params.Values["adv3"] != "x" ||
		c.OfferID != 1 || c.GoalID != 6 || c.AffiliateID != 1 || c.AdvertiserID != 1 || !c.ClickedAt.Equal(noon.Add(-time.Hour)) ||
		!c.CreatedAt.Equal(noon) || !c.HoldUntil.Equal(noon.Add(7*24*time.Hour)) || c.Revenue.String() != "100000000000.00" {
		t.Errorf("%+v", c)
	}
	if again := w.post("clickid", id, "goal", "hold", "txid", "o'\"\\;ü", "val", "999999999999,99999999"); len(again.Warnings) != 0 || again.Status != "duplicate" {
		t.Errorf("%+v", again)
	}
}
