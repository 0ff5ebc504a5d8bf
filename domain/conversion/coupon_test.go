package conversion_test

import (
	"context"
	"crypto/rand"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/waypost/waypost/domain"
	"github.com/waypost/waypost/domain/account"
	"github.com/waypost/waypost/domain/audit"
	"github.com/waypost/waypost/domain/click"
	"github.com/waypost/waypost/domain/conversion"
	"github.com/waypost/waypost/domain/errs"
	"github.com/waypost/waypost/store/storetest"
)

// coupons: ANNA is offer 1's and affiliate 2's, BOB advertiser 1's and 2's, and so on by their names.
func (w *world) coupons() {
	w.t.Helper()
	w.exec(`UPDATE advertisers SET postback_token = $1 WHERE id = 2`, storetest.Sealer(w.t).Seal("advertisers.postback_token", []byte("of the second")))
	w.exec(`INSERT INTO coupons (id, code, offer_id, advertiser_id, affiliate_id, active, created_at, updated_at) VALUES
		(1, 'Anna10', 1, 1, 2, true, now(), now()), (2, 'OFF', 1, 1, 2, false, now(), now()), (3, 'BOB', 1, 1, 1, true, now(), now()),
		(4, 'bob', 5, 2, 2, true, now(), now()), (5, 'PAUSED', 2, 1, 1, true, now(), now()), (6, 'EXPIRED', 3, 1, 1, true, now(), now()),
		(7, 'SLOW', 4, 1, 1, true, now(), now()), (8, 'RÄDER', 1, 1, 1, true, now(), now())`)
}

func TestCoupons(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.coupons()
	own := w.click(1, noon.Add(-time.Hour), "")
	for _, c := range []struct {
		name             string
		call             conversion.Call
		http             int
		code             string
		offer, affiliate int
		warnings         string
	}{
		{"any case", w.query("coupon", "aNNa10", "txid", "1", "com", "1"), 200, "ok", 1, 2, ""},
		{"blanks around", w.query("coupon", " ANNA10 ", "txid", "2", "com", "1"), 200, "ok", 1, 2, ""},
		{"alias", w.query("promo_code", "ANNA10", "txid", "3", "com", "1"), 200, "ok", 1, 2, ""},
		{"unfilled click id", w.query("clickid", "{clickid}", "coupon", "ANNA10", "txid", "4", "com", "1"), 200, "ok", 1, 2, "unfilled_macro"},
		{"no txid", w.query("coupon", "ANNA10", "com", "1"), 200, "ok", 1, 2, "no_txid"},
		{"no txid, another sale", w.query("coupon", "ANNA10", "com", "2"), 200, "ok", 1, 2, "no_txid"},
		{"no txid, again", w.query("coupon", "ANNA10", "com", "1"), 200, "duplicate", 1, 2, "no_txid"},
		{"the first advertiser's", w.query("coupon", "bob", "txid", "5", "com", "1"), 200, "ok", 1, 1, ""},
		{"the second advertiser's", w.query("coupon", "BOB", "txid", "5", "com", "1", "token", "of the second"), 200, "ok", 5, 2, ""},
		{"a click wins", w.query("clickid", own, "coupon", "ANNA10", "txid", "6", "com", "1"), 200, "ok", 1, 1, ""},
		{"a paused offer", w.query("coupon", "paused", "txid", "7", "com", "100"), 200, "ok", 2, 1, ""},
		{"an offer with a least time", w.query("coupon", "slow", "txid", "8", "com", "1"), 200, "ok", 4, 1, ""},
		{"not ASCII", w.query("coupon", "RÄDER", "txid", "9", "com", "1"), 200, "ok", 1, 1, ""},
		{"test", w.query("coupon", "ANNA10", "txid", "1", "com", "1", "test", "1"), 200, "ok", 1, 2, ""},
		{"duplicate", w.query("coupon", "ANNA10", "txid", "1", "com", "1"), 200, "duplicate", 1, 2, ""},
		{"expired offer", w.query("coupon", "expired", "txid", "10"), 422, "offer_inactive", 3, 1, ""},
		{"unknown", w.query("coupon", "NOBODY"), 404, "coupon_not_found", 0, 0, ""},
		{"inactive", w.query("coupon", "OFF"), 404, "coupon_not_found", 0, 0, ""},
		{"a malformed click", w.query("clickid", "x", "coupon", "ANNA10"), 400, "malformed_clickid", 0, 0, ""},
		{"no token", w.query("coupon", "ANNA10", "token", ""), 401, "missing_token", 0, 0, ""},
		{"wrong token", w.query("coupon", "ANNA10", "token", "guess"), 403, "invalid_token", 0, 0, ""},
		{"nobody's token", w.query("coupon", "BOB", "token", "guess"), 403, "invalid_token", 0, 0, ""},
		{"goal", w.query("coupon", "ANNA10", "goal", "nope"), 404, "goal_not_found", 1, 2, ""},
		{"val", w.query("coupon", "ANNA10", "val", "1,234"), 400, "invalid_val", 1, 2, ""},
	} {
		r := w.send(c.call)
		if r.HTTPStatus != c.http || r.Code != c.code || strings.Join(r.Warnings, ",") != c.warnings {
			t.Errorf("%s: %+v", c.name, r)
		}
		line, err := w.s.LogGet(context.Background(), operator, c.call.ID)
		if err != nil || int(line.OfferID) != c.offer || int(line.AffiliateID) != c.affiliate || line.Code != c.code {
			t.Errorf("%s: the log says %+v, %v", c.name, line, err)
		}
		if (r.ClickID == "") != (c.http >= 400) || !line.ClickID.IsZero() != (c.http < 400) {
			t.Errorf("%s: click %q, in the log %s", c.name, r.ClickID, line.ClickID.UUID())
		}
		if again := w.send(c.call); again.Code != r.Code || again.ConversionID != r.ConversionID || again.ClickID != r.ClickID {
			t.Errorf("%s: the same call again gives %+v after %+v", c.name, again, r)
		}
		if r.Status != conversion.OutcomeRecorded {
			continue
		}
		made := w.conversion(r.ConversionID)
		if int(made.OfferID) != c.offer || int(made.AffiliateID) != c.affiliate || w.signer.Text(made.ClickID) != r.ClickID || made.Params.Coupon == "" {
			t.Errorf("%s: %+v", c.name, made)
		}
		stored, err := w.db.Clicks().Get(context.Background(), operator.Scope(), made.ClickID)
		if err != nil || !stored.Valid() || stored.OfferID != made.OfferID || stored.AffiliateID != made.AffiliateID || stored.AdvertiserID != made.AdvertiserID {
			t.Errorf("%s: the click %+v, %v", c.name, stored, err)
		}
		if minted := r.ClickID != own; minted && (stored.Coupon == "" || !stored.CreatedAt().Equal(noon)) {
			t.Errorf("%s: minted %+v", c.name, stored)
		}
	}
	// A repeat mints nothing.
	w.fatalIf(w.count(`SELECT count(*) FROM clicks`) != w.count(`SELECT count(DISTINCT click_id) FROM conversions`), "clicks without a conversion")
	w.verify()
}

// Without a secret the call still has to be somebody's.
func TestCouponOfSeveralAdvertisers(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.coupons()
	w.exec(`UPDATE advertisers SET postback_auth = 'none' WHERE id = 2`)
	if r := w.post("coupon", "BOB", "token", "", "txid", "1", "com", "1"); r.Code != "ok" || w.conversion(r.ConversionID).AdvertiserID != 2 {
		t.Errorf("who asks for no proof: %+v", r)
	}
	if r := w.post("coupon", "BOB", "txid", "1", "com", "1"); r.Code != "ok" || w.conversion(r.ConversionID).AdvertiserID != 1 {
		t.Errorf("who is proved by a token: %+v", r)
	}
	w.exec(`UPDATE advertisers SET postback_auth = 'none'`)
	if r := w.post("coupon", "BOB", "com", "1"); r.Code != "coupon_not_found" || !strings.Contains(r.Message, "several") {
		t.Errorf("who knows: %+v", r)
	}
	w.exec(`UPDATE advertisers SET postback_auth = 'ip', ip_allowlist = '{192.0.2.7}' WHERE id = 2`)
	if r := w.post("coupon", "BOB", "txid", "2", "com", "1"); r.Code != "ok" || w.conversion(r.ConversionID).AdvertiserID != 2 {
		t.Errorf("who is proved by the address: %+v", r)
	}
	w.exec(`UPDATE advertisers SET postback_auth = 'token', always_ok = true`)
	if r := w.post("coupon", "ANNA10", "token", "guess"); r.Code != "invalid_token" || r.HTTPStatus != 200 {
		t.Errorf("always 200: %+v", r)
	}
	w.verify()
}

// An order id joins two calls about one sale, whatever the goal's mode; both at once make one conversion.
func TestCouponModes(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.coupons()
	for _, goal := range []string{"default", "click", "update"} {
		call := func() conversion.Call { return w.query("coupon", "ANNA10", "txid", "order", "com", "1", "goal", goal) }
		calls := []conversion.Call{call(), call(), call(), call()}
		results := make([]conversion.Result, len(calls))
		var sending sync.WaitGroup
		for i, c := range calls {
			sending.Go(func() { results[i] = w.send(c) })
		}
		sending.Wait()
		outcomes := map[conversion.Outcome]int{}
		for _, r := range append(results, w.s.RecordBatch(context.Background(), []conversion.Call{call(), call()})...) {
			outcomes[r.Status]++
			if r.ConversionID != results[0].ConversionID || r.ClickID != results[0].ClickID {
				t.Errorf("%s: %+v beside %+v", goal, r, results[0])
			}
		}
		if outcomes["recorded"] != 1 || outcomes["recorded"]+outcomes["duplicate"]+outcomes["updated"] != 6 {
			t.Errorf("%s: %v", goal, outcomes)
		}
	}
	w.verify()
}

// Without an order id a call that says the same within the slot of five minutes is a repeat; one that says something
// else, or a visitor with another address, is another sale.
func TestCouponWithoutAnOrder(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.coupons()
	ctx := context.Background()
	for _, goal := range []string{"default", "click", "update"} {
		w.at(noon.Add(time.Minute))
		call := func(more ...string) conversion.Call {
			return w.query(append([]string{"coupon", "ANNA10", "goal", goal, "com", "1"}, more...)...)
		}
		first := call()
		calls := []conversion.Call{first, call(), call("ts", "1"), w.raw("POST", "com=1&token="+token, "application/json", `{"goal":"`+goal+`","coupon":"ANNA10"}`)}
		results := make([]conversion.Result, len(calls))
		var sending sync.WaitGroup
		for i, c := range calls {
			sending.Go(func() { results[i] = w.send(c) })
		}
		sending.Wait()
		w.at(noon.Add(5*time.Minute - time.Millisecond))
		recorded := 0
		for i, r := range append(results, w.s.RecordBatch(ctx, []conversion.Call{call(), call(), first})...) {
			if r.Status == conversion.OutcomeRecorded && i < len(results) {
				recorded++
			}
			if r.ConversionID != results[0].ConversionID || r.ClickID != results[0].ClickID || !slices.Contains(r.Warnings, "no_txid") {
				t.Errorf("%s: %+v beside %+v", goal, r, results[0])
			}
		}
		if made := w.conversion(results[0].ConversionID); recorded != 1 || !made.ClickedAt.Equal(noon) {
			t.Errorf("%s: recorded %d times, clicked at %s", goal, recorded, made.ClickedAt)
		}
		others := []conversion.Call{call("com", "2"), call("param1", "x"), call("coupon", "bob"), call("param1", "com=1")}
		for _, ip := range []string{"192.0.2.7", "192.0.2.8"} {
			c := call()
			c.Path, c.IP = "/pixel.gif", ip
			others = append(others, c)
		}
		w.at(noon.Add(5 * time.Minute))
		others = append(others, call())
		seen := map[conversion.ID]bool{results[0].ConversionID: true}
		for i, r := range w.s.RecordBatch(ctx, others) {
			if r.Status != conversion.OutcomeRecorded || seen[r.ConversionID] {
				t.Errorf("%s: sale %d: %+v", goal, i, r)
			}
			seen[r.ConversionID] = true
		}
	}
	if a, b := w.post("coupon", "ANNA10", "goal", "none", "com", "1"), w.post("coupon", "ANNA10", "goal", "none", "com", "1"); a.ConversionID == b.ConversionID || b.Status != conversion.OutcomeRecorded {
		t.Errorf("a goal that counts each call: %+v, %+v", a, b)
	}
	w.verify()
}

// gapStore lets something happen after the coupons were read and before the terms lock their offers.
type gapStore struct {
	conversion.Store
	meanwhile func()
}

func (g gapStore) LoadCoupons(ctx context.Context, codes []string) (map[string][]conversion.CouponTerms, error) {
	found, err := g.Store.LoadCoupons(ctx, codes)
	g.meanwhile()
	return found, err
}

// A coupon whose offer is deleted, or goes to another advertiser, while a call is decided finds nothing.
func TestCouponWhoseOfferGoes(t *testing.T) {
	t.Parallel()
	for what, statements := range map[string][]string{
		"deleted": {`DELETE FROM coupons WHERE offer_id = 4`, `DELETE FROM goals WHERE offer_id = 4`, `DELETE FROM offers WHERE id = 4`},
		"moved":   {`UPDATE offers SET advertiser_id = 2 WHERE id = 4`},
	} {
		w := newWorld(t)
		w.coupons()
		w.post() // the log has room for the day, so that the call under test needs one try
		reads := 0
		s := conversion.NewService(conversion.Deps{Store: gapStore{w.db.Conversions(), func() {
			reads++
			for _, sql := range statements {
				w.exec(sql)
			}
		}}, Tx: w.db, Announcer: w.announcer, Signer: w.signer, Random: rand.Reader, Audit: recorder(func(audit.Entry) {}), Clock: w.clock})
		r := s.RecordBatch(context.Background(), []conversion.Call{w.query("coupon", "SLOW", "txid", "1", "com", "1")})[0]
		if reads != 1 || r.Err != nil || r.Code != "coupon_not_found" || w.count(`SELECT count(*) FROM conversions`) > 0 {
			t.Errorf("%s: %+v", what, r)
		}
	}
}

// An offer's codes are printed somewhere: it is not deleted under them.
func TestOfferWithCouponsStays(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.coupons()
	err := w.db.InTx(context.Background(), func(ctx context.Context) error { return w.db.Offers().Delete(ctx, 4) })
	if !errs.HasCode(err, "in_use") || w.count(`SELECT count(*) FROM coupons WHERE offer_id = 4`) != 1 {
		t.Errorf("%v", err)
	}
}

// A call that the door limited costs no look-up: it is logged, belongs to nobody, and can be replayed.
func TestLimitedCallIsLogged(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.coupons()
	ctx := context.Background()
	looked := false
	s := conversion.NewService(conversion.Deps{Store: gapStore{w.db.Conversions(), func() { looked = true }}, Tx: w.db,
		Announcer: w.announcer, Signer: w.signer, Random: rand.Reader, Audit: recorder(func(audit.Entry) {}), Clock: w.clock})
	calls := []conversion.Call{w.query("coupon", "ANNA10", "txid", "1", "com", "1"), w.query("clickid", w.click(1, noon.Add(-time.Hour), ""), "com", "1")}
	for i := range calls {
		calls[i].Limited = true
		stored, err := conversion.ParseCall(calls[i].AppendRecord(nil)) // as the spool's loader has it
		w.fatal(err)
		calls[i] = stored
	}
	for _, r := range s.RecordBatch(ctx, calls) {
		if r.Err != nil || r.Code != "rate_limited" || r.HTTPStatus != 429 || r.Status != conversion.OutcomeRefused {
			t.Errorf("%+v", r)
		}
	}
	if looked {
		t.Error("coupons were looked up")
	}
	for _, c := range calls {
		line, err := s.LogGet(ctx, operator, c.ID)
		if err != nil || line.Code != "rate_limited" || line.HTTPStatus != 429 || line.AdvertiserID != 0 || !line.ClickID.IsZero() || strings.Contains(line.Query, token) {
			t.Errorf("%+v, %v", line, err)
		}
		if r, err := s.Replay(ctx, operator, c.ID); err != nil || r.Status != conversion.OutcomeRecorded {
			t.Errorf("replayed: %+v, %v", r, err)
		}
	}
	w.verify()
}

// An affiliate learns the address of the advertiser's server neither from a line nor by a filter.
func TestAffiliatesSeeNoAddress(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx := context.Background()
	w.exec(`UPDATE advertisers SET ip_allowlist = '{10.9.8.7}' WHERE id = 2`)
	c := w.query("clickid", w.click(5, noon.Add(-time.Hour), ""), "txid", "1")
	c.IP = "203.0.113.77"
	if r := w.send(c); r.Code != "ip_not_allowed" {
		t.Fatalf("%+v", r)
	}
	line, err := w.s.LogGet(ctx, affiliate2, c.ID)
	if err != nil || line.ForAffiliate().IP != "" || strings.Contains(line.Message, c.IP) {
		t.Errorf("%+v, %v", line, err)
	}
	for actor, want := range map[account.Actor]int{operator: 1, seller2: 1, affiliate2: 0} {
		list, err := w.s.LogList(ctx, actor, conversion.LogFilter{IP: c.IP}, domain.Page{})
		if err != nil || len(list.Items) != want {
			t.Errorf("%s: %d lines, %v", actor.Role, len(list.Items), err)
		}
	}
}

// A coupon of an affiliate who is not active earns nothing, until it is active and the call is replayed.
func TestCouponOfAnInactiveAffiliateIsReplayed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.coupons()
	ctx := context.Background()
	w.exec(`UPDATE affiliates SET status = 'blocked' WHERE id = 2`)
	call := w.query("coupon", "ANNA10", "txid", "1", "com", "1")
	if r := w.send(call); r.Code != "click_not_valid" || r.HTTPStatus != 422 || r.ClickID != "" {
		t.Fatalf("%+v", r)
	}
	later := w.query("coupon", "LATER", "txid", "2", "com", "1")
	if r := w.send(later); r.Code != "coupon_not_found" {
		t.Fatalf("%+v", r)
	}
	w.fatalIf(w.count(`SELECT count(*) FROM clicks`) != 0, "a refused call leaves a click")
	w.exec(`UPDATE affiliates SET status = 'active' WHERE id = 2`)
	w.exec(`UPDATE coupons SET code = 'later' WHERE id = 3`)
	w.at(noon.Add(48 * time.Hour))
	for _, c := range []conversion.Call{call, later} {
		r, err := w.s.Replay(ctx, operator, c.ID)
		if err != nil || r.Status != "recorded" || r.ClickID == "" {
			t.Fatalf("%+v, %v", r, err)
		}
		line, err := w.s.LogGet(ctx, operator, c.ID)
		if err != nil || w.signer.Text(line.ClickID) != r.ClickID || line.ConversionID != r.ConversionID {
			t.Errorf("%+v, %v", line, err)
		}
		if made := w.conversion(r.ConversionID); !made.ClickedAt.Equal(noon) {
			t.Errorf("clicked at %s", made.ClickedAt)
		}
	}
	w.verify()
}

func TestReplays(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx := context.Background()
	id := w.click(1, noon.Add(-time.Hour), "")
	var calls []conversion.Call
	for i := range 120 { // more than one page
		w.at(noon.Add(time.Duration(i) * time.Millisecond))
		calls = append(calls, w.query("clickid", id, "goal", "new", "com", "1", "txid", strings.Repeat("x", i+1)))
	}
	wrong := w.query("clickid", id, "token", "guess", "com", "1", "txid", "other")
	for _, r := range w.s.RecordBatch(ctx, append(slices.Clone(calls), wrong)) {
		w.fatalIf(r.Status != "refused", r)
	}
	w.exec(`INSERT INTO goals (id, offer_id, alias, payout_model, revenue_model, initial_status, dedupe) VALUES (99, 1, 'new', 'postback', 'postback', 'approved', 'txid')`)
	w.at(noon.Add(time.Minute))
	if _, err := w.s.Replays(ctx, seller1, conversion.LogFilter{}); !errs.Is(err, errs.KindForbidden) {
		t.Errorf("an advertiser replays: %v", err)
	}
	done, err := w.s.Replays(ctx, operator, conversion.LogFilter{Code: "goal_not_found", From: noon.Add(20 * time.Millisecond)})
	if err != nil || done.Count != 100 || done.Recorded != 100 || done.Refused != 0 || done.More || !done.Last.Equal(noon.Add(119*time.Millisecond)) {
		t.Errorf("%+v, %v", done, err)
	}
	done, err = w.s.Replays(ctx, operator, conversion.LogFilter{ClickID: mustID(t, w, id)})
	if err != nil || done.Count != 21 || done.Recorded != 20 || done.Refused != 1 {
		t.Errorf("%+v, %v", done, err)
	}
	if got := w.audits.Load(); got != 121 {
		t.Errorf("%d audit rows, want one for each replay", got)
	}
	w.verify()
}

func mustID(t testing.TB, w *world, text string) click.ID {
	t.Helper()
	id, err := w.signer.Parse(text, w.clock())
	if err != nil {
		t.Fatal(err)
	}
	return id
}

// Another's line is not there, an own one is not for replaying.
func TestReplayIsForOperators(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	call := w.query("clickid", w.click(1, noon.Add(-time.Hour), ""), "goal", "nope")
	w.send(call)
	if _, err := w.s.Replay(context.Background(), seller1, call.ID); !errs.Is(err, errs.KindForbidden) {
		t.Errorf("its own: %v", err)
	}
	for _, other := range []account.Actor{seller2, affiliate2} {
		if _, err := w.s.Replay(context.Background(), other, call.ID); !errs.Is(err, errs.KindNotFound) {
			t.Errorf("another's: %v", err)
		}
	}
}

func TestLogFilters(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx := context.Background()
	one := w.query("clickid", w.click(1, noon.Add(-time.Hour), ""), "com", "1", "foo", "1,2", "amount", "5")
	made := w.send(one)
	two := w.query("clickid", w.click(5, noon.Add(-time.Hour), ""), "com", "1")
	two.IP = "198.51.100.9"
	w.send(two)
	for name, c := range map[string]struct {
		f    conversion.LogFilter
		want []conversion.LogID
	}{
		"offer":      {conversion.LogFilter{OfferID: 1}, []conversion.LogID{one.ID}},
		"affiliate":  {conversion.LogFilter{AffiliateID: 2}, []conversion.LogID{two.ID}},
		"advertiser": {conversion.LogFilter{AdvertiserID: 2}, []conversion.LogID{two.ID}},
		"conversion": {conversion.LogFilter{ConversionID: made.ConversionID}, []conversion.LogID{one.ID}},
		"address":    {conversion.LogFilter{IP: "198.51.100.9"}, []conversion.LogID{two.ID}},
		"both":       {conversion.LogFilter{IP: "198.51.100.9", OfferID: 1}, nil},
	} {
		list, err := w.s.LogList(ctx, operator, c.f, domain.Page{})
		var got []conversion.LogID
		for _, l := range list.Items {
			got = append(got, l.ID)
		}
		if err != nil || !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, %v", name, got, err)
		}
	}
	line, err := w.s.LogGet(ctx, operator, one.ID)
	if err != nil || !slices.Equal(line.ReadAs, []string{"amount=val"}) || !slices.Equal(line.Unknown, []string{"foo"}) || line.BodyStart != "" {
		t.Errorf("%+v, %v", line, err)
	}
	if hints := strings.Join(line.Hints(), "; "); !strings.Contains(hints, "amount was read as val") || !strings.Contains(hints, "foo") || !strings.Contains(hints, "no txid") {
		t.Errorf("hints %s", hints)
	}
	bad := w.raw("POST", "clickid=x", "application/xml", `<call "quoted", {braces} \ back><token>`+token+`</token></call>`)
	w.send(bad)
	line, err = w.s.LogGet(ctx, operator, bad.ID)
	if err != nil || line.Code != "invalid_body" || !strings.HasPrefix(line.BodyStart, `<call "quoted", {braces} \ back><token>***<`) {
		t.Errorf("%+v, %v", line, err)
	}
}
