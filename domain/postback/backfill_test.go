package postback_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/waypost/waypost/domain"
	"github.com/waypost/waypost/domain/account"
	"github.com/waypost/waypost/domain/conversion"
	"github.com/waypost/waypost/domain/errs"
	"github.com/waypost/waypost/domain/notice"
	"github.com/waypost/waypost/domain/offer"
	"github.com/waypost/waypost/domain/postback"
)

// stored puts a conversion of affiliate 1 and its click into the database, as if made so long ago.
func (w *world) stored(ago time.Duration, change ...func(*conversion.Conversion)) conversion.Change {
	w.t.Helper()
	c := w.conversion()
	c.Conversion.TxID = "t-" + c.Conversion.ID.String()[:8]
	c.Conversion.CreatedAt = c.Conversion.CreatedAt.Add(-ago).Truncate(time.Microsecond)
	for _, f := range change {
		f(&c.Conversion)
	}
	k := c.Conversion
	w.exec(`INSERT INTO conversions (click_id, id, dedupe_key, txid, offer_id, goal_id, affiliate_id, advertiser_id, status, status_at, val, commission,
			revenue, currency, original_val, original_currency, exchange_rate, test, params, clicked_at, created_at, updated_at)
		VALUES ($1, $2::uuid, $2::uuid::text, $3, $4, $5, $6, 1, $7, $8, 100, 750, 1000, 'USD', 100, 'USD', 1, $9, '{}', $8, $8, $8)`,
		k.ClickID.UUID(), k.ID.String(), k.TxID, int64(k.OfferID), int64(k.GoalID), int64(k.AffiliateID), string(k.Status), k.CreatedAt, k.Test)
	day := k.ClickID.Time().Truncate(24 * time.Hour)
	w.exec(fmt.Sprintf(`CREATE TABLE IF NOT EXISTS clicks_test_%s PARTITION OF clicks FOR VALUES FROM ('%s') TO ('%s')`, day.Format("20060102"),
		day.Format(time.RFC3339), day.AddDate(0, 0, 1).Format(time.RFC3339)))
	w.exec(`INSERT INTO clicks SELECT $1, $2, 1, $3, 1, '', 'theirs', '{first}', '', '', '', '', '', '', '', '', '', '', '', '', '', false`,
		k.ClickID.UUID(), k.ClickID.Time(), int64(k.AffiliateID))
	return c
}

func (w *world) backfill(actor account.Actor, id postback.ID, dryRun bool) int {
	w.t.Helper()
	n, err := w.service.Backfill(w.ctx, actor, id, time.Now().Add(-24*time.Hour), time.Now().Add(time.Minute), dryRun)
	if err != nil {
		w.t.Fatal(err)
	}
	return n
}

// A postback that was set late hears of what it has missed, once.
func TestBackfill(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	rc := newReceiver(t, always(200))
	missed := []conversion.Change{w.stored(3 * time.Hour), w.stored(2*time.Hour, func(c *conversion.Conversion) { c.Status = "rejected" })}
	w.stored(25 * time.Hour)                                                           // before the period
	w.stored(time.Hour, func(c *conversion.Conversion) { c.Status = "pending" })       // not asked for
	w.stored(time.Hour, func(c *conversion.Conversion) { c.GoalID = 2 })               // another goal
	w.stored(time.Hour, func(c *conversion.Conversion) { c.OfferID, c.GoalID = 2, 3 }) // another offer
	w.stored(time.Hour, func(c *conversion.Conversion) { c.AffiliateID = 2 })          // another affiliate
	w.stored(time.Hour, func(c *conversion.Conversion) { c.Test = true })
	p := w.postback(rc.URL+"/?t={txid}&s={status}&c={aff_click_id}&g={goal}&o={offer_name}&sub={sub1}", func(p *postback.Postback) {
		p.OfferID, p.GoalIDs = 1, []offer.GoalID{1}
	})
	heard := w.stored(time.Hour) // of which it was told in time
	w.announce(heard)
	w.deliver(rc.host)

	if n := w.backfill(affiliateUser(1), p.ID, true); n != 2 || w.count(`SELECT count(*) FROM deliveries`) != 1 {
		t.Errorf("dry run: %d", n)
	}
	if n := w.backfill(affiliateUser(1), p.ID, false); n != 2 {
		t.Errorf("back-fill: %d", n)
	}
	if n := w.backfill(operator, p.ID, false) + w.backfill(operator, p.ID, true); n != 0 {
		t.Errorf("again: %d", n)
	}
	w.deliver(rc.host)
	got := map[string]bool{}
	for _, r := range rc.received() {
		got[r.url] = true
	}
	want := map[string]bool{}
	for _, c := range append(missed, heard) {
		sub := "first"
		if c.Conversion.ID == heard.Conversion.ID {
			sub = "" // announced with the click that the test made up
		}
		want[fmt.Sprintf("/?t=%s&s=%s&c=theirs&g=default&o=Shoes&sub=%s", c.Conversion.TxID, c.Conversion.Status, sub)] = true
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("requests (-want +got):\n%s", diff)
	}
	// A new status is missed again, and takes the place of what still waits.
	w.exec(`UPDATE conversions SET status = 'rejected' WHERE id = $1`, missed[0].Conversion.ID.String())
	if n := w.backfill(operator, p.ID, false); n != 1 {
		t.Errorf("after a move: %d", n)
	}
	if diff := cmp.Diff(2, strings.Count(strings.Join(w.audited.actions(), " "), "postback.backfill")); diff != "" {
		t.Errorf("audit %v", w.audited.actions())
	}
	if len(w.woken.told()) == 0 {
		t.Error("nobody was woken")
	}
}

func TestBackfillIsRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := w.postback("https://t.example/")
	now := time.Now()
	for name, c := range map[string]struct {
		actor    account.Actor
		from, to time.Time
		code     string
	}{
		"another affiliate": {affiliateUser(2), now.Add(-time.Hour), now, "not_found"},
		"an advertiser":     {advertiserUser(1), now.Add(-time.Hour), now, "forbidden"},
		"from after to":     {operator, now, now.Add(-time.Hour), "invalid_period"},
	} {
		if _, err := w.service.Backfill(w.ctx, c.actor, p.ID, c.from, c.to, false); !errs.HasCode(err, c.code) {
			t.Errorf("%s: %v, want %s", name, err, c.code)
		}
	}
	w.exec(`UPDATE postbacks SET active = false`)
	if _, err := w.service.Backfill(w.ctx, operator, p.ID, now.Add(-time.Hour), now, true); !errs.HasCode(err, "postback_inactive") {
		t.Errorf("inactive: %v", err)
	}
}

// Several pages, several runs at once: each conversion is sent once. What a more specific postback decides is not sent.
func TestBackfillAtOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	const n = 1203
	w.exec(`INSERT INTO conversions (click_id, id, dedupe_key, txid, offer_id, goal_id, affiliate_id, advertiser_id, status, val, commission,
			revenue, currency, original_val, original_currency, exchange_rate, test, params, clicked_at, created_at, updated_at)
		SELECT gen_random_uuid(), gen_random_uuid(), i::text, '', 1, 1, 1, 1, 'approved', 1, 1, 1, 'USD', 1, 'USD', 1, false, '{}', now(), now() - i % 7 * interval '1 second', now()
		FROM generate_series(1, $1) i`, n)
	w.stored(0, func(c *conversion.Conversion) { c.GoalID = 2 })
	p := w.postback("https://t.example/")
	w.postback("https://lead.example/", func(p *postback.Postback) { p.OfferID, p.GoalID = 1, 2 })
	var wg sync.WaitGroup
	counts := make(chan int, 3)
	for range 3 {
		wg.Go(func() {
			count, err := w.service.Backfill(w.ctx, operator, p.ID, time.Now().Add(-time.Hour), time.Now().Add(time.Hour), false)
			if err != nil {
				t.Error(err)
			}
			counts <- count
		})
	}
	wg.Wait()
	if sum := <-counts + <-counts + <-counts; sum != n {
		t.Errorf("%d sent in all, want %d", sum, n)
	}
	if got := w.count(`SELECT count(DISTINCT conversion_id) FROM deliveries WHERE status = 'pending'`); got != n {
		t.Errorf("%d deliveries", got)
	}
}

// 12,001 that failed for good are all listed, part by part, and sent again by one call, each under its own id.
func TestManyFailuresAreResendable(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := w.postback("https://t.example/")
	const n = 12_001
	w.exec(`INSERT INTO deliveries (id, created_at, postback_id, affiliate_id, offer_id, conversion_id, click_id, event_status, method, url, body, host, status, reason, tries, attempts, updated_at)
		SELECT gen_random_uuid(), now() - i / 5 * interval '1 second', $1, 1, 1, gen_random_uuid(), gen_random_uuid(), 'approved', 'GET', 'https://t.example/', '', 't.example:443',
			'failed', 'http_5xx', 9, 9, now() FROM generate_series(1, $2) i`, int64(p.ID), n)
	w.exec(`UPDATE deliveries SET lease_until = now() + interval '1 hour' WHERE id = (SELECT min(id::text)::uuid FROM deliveries)`) // is being sent
	seen := map[postback.DeliveryID]bool{}
	page := domain.Page{Limit: 500}
	for {
		list, err := w.service.ListDeliveries(w.ctx, affiliateUser(1), postback.DeliveryFilter{Status: postback.DeliveryFailed}, page)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range list.Items {
			seen[d.ID] = true
		}
		if page.Cursor = list.NextCursor; page.Cursor == "" {
			break
		}
	}
	if len(seen) != n {
		t.Errorf("%d listed", len(seen))
	}
	f := postback.DeliveryFilter{Status: postback.DeliveryFailed}
	if count, err := w.service.ResendAll(w.ctx, affiliateUser(2), f); err != nil || count != 0 {
		t.Errorf("another affiliate: %d, %v", count, err)
	}
	if count, err := w.service.CountResend(w.ctx, affiliateUser(1), f); err != nil || count != n-1 {
		t.Errorf("%d counted, %v", count, err)
	}
	if can, err := w.service.CanResend(w.ctx, affiliateUser(1), f); err != nil || !can.More || can.Count < 999 || can.Count > 1000 {
		t.Errorf("a page counts %+v, %v", can, err)
	}
	if can, err := w.service.CanResend(w.ctx, affiliateUser(2), f); err != nil || can != (postback.Resendable{}) {
		t.Errorf("another affiliate's page counts %+v, %v", can, err)
	}
	began := time.Now()
	count, err := w.service.ResendAll(w.ctx, affiliateUser(1), f)
	if err != nil || count != n-1 {
		t.Errorf("%d resent, %v", count, err)
	}
	t.Logf("%d resent in %s", count, time.Since(began))
	if got := w.count(`SELECT count(*) FROM deliveries WHERE status = 'pending' AND tries = 0 AND attempts = 9 AND reason = '' AND next_attempt_at <= now()`); got != n-1 {
		t.Errorf("%d are due", got)
	}
	if _, err := w.service.ResendAll(w.ctx, operator, postback.DeliveryFilter{}); !errs.HasCode(err, "filter_required") {
		t.Errorf("no filter: %v", err)
	}
}

// Of several deliveries of one conversion to one postback only the last is sent again by a filter; any one by its id.
func TestResendKeepsTheOrderOfStatuses(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	rc := newReceiver(t, always(200))
	w.postback(rc.URL + "/?s={status}")
	c := w.conversion()
	w.announce(c)
	w.deliver(rc.host)
	w.announce(moved(c, conversion.StatusRejected))
	w.deliver(rc.host)
	if n, err := w.service.ResendAll(w.ctx, operator, postback.DeliveryFilter{ConversionID: c.Conversion.ID}); err != nil || n != 1 {
		t.Errorf("%d resent, %v", n, err)
	}
	w.deliver(rc.host)
	first := w.deliveries(c)[0]
	if _, err := w.service.Resend(w.ctx, operator, first.ID); err != nil {
		t.Fatal(err)
	}
	w.deliver(rc.host)
	var got []string
	for _, r := range rc.received() {
		got = append(got, r.url)
	}
	if diff := cmp.Diff([]string{"/?s=approved", "/?s=rejected", "/?s=rejected", "/?s=approved"}, got); diff != "" {
		t.Errorf("requests (-want +got):\n%s", diff)
	}
}

// A test can tell of a real conversion or click of its affiliate, at an address that is not saved yet, so many a minute.
func TestSendTestOf(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	rc := newReceiver(t, always(200))
	p := w.postback("https://t.example/")
	mine := w.stored(time.Hour)
	theirs := w.stored(time.Hour, func(c *conversion.Conversion) { c.AffiliateID = 2 })
	try := func(actor account.Actor, in postback.TestInput) (postback.Sample, error) {
		in.URL = rc.URL + "/?t={txid}&c={aff_click_id}&x={test}&sub={sub1}&o={offer_name}"
		return w.service.SendTest(w.ctx, actor, p.ID, in)
	}
	sample, err := try(affiliateUser(1), postback.TestInput{ConversionID: mine.Conversion.ID, Method: "POST"})
	if want := rc.URL + "/?t=" + mine.Conversion.TxID + "&c=theirs&x=1&sub=first&o=Shoes"; err != nil || sample.URL != want || sample.Method != "POST" {
		t.Errorf("conversion: %+v, %v, want %s", sample, err, want)
	}
	sample, err = try(affiliateUser(1), postback.TestInput{ClickID: mine.Click.ID})
	if want := rc.URL + "/?t=test&c=theirs&x=1&sub=first&o=Shoes"; err != nil || sample.URL != want {
		t.Errorf("click: %+v, %v, want %s", sample, err, want)
	}
	for _, actor := range []account.Actor{affiliateUser(1), operator} {
		if _, err := try(actor, postback.TestInput{ConversionID: theirs.Conversion.ID}); !errs.HasCode(err, "unknown_conversion") {
			t.Errorf("another affiliate's conversion: %v", err)
		}
		if _, err := try(actor, postback.TestInput{ClickID: theirs.Click.ID}); !errs.HasCode(err, "unknown_click") {
			t.Errorf("another affiliate's click: %v", err)
		}
	}
	if _, err := w.service.SendTest(w.ctx, operator, p.ID, postback.TestInput{URL: "https://private.example/"}); !errs.HasCode(err, "blocked_address") {
		t.Errorf("a private address: %v", err)
	}
	if _, err := w.service.SendTest(w.ctx, operator, p.ID, postback.TestInput{URL: "ftp://t.example/"}); !errs.Is(err, errs.KindInvalid) {
		t.Errorf("another scheme: %v", err)
	}
	if w.count(`SELECT count(*) FROM deliveries`) != 0 || len(w.audited.actions()) != 3 {
		t.Errorf("left behind: audit %v", w.audited.actions())
	}
	for range 40 {
		if _, err = try(affiliateUser(1), postback.TestInput{}); err != nil {
			break
		}
	}
	if e, ok := errs.As(err); !ok || e.Kind != errs.KindLimited || e.Wait <= 0 {
		t.Errorf("forty tests: %v", err)
	}
	if _, err := try(operator, postback.TestInput{}); err != nil {
		t.Errorf("another user: %v", err)
	}
}

// poster remembers notices.
type poster struct{ notices []notice.Notice }

func (p *poster) Post(_ context.Context, n notice.Notice) error {
	p.notices = append(p.notices, n)
	return nil
}

func TestOwnerIsToldOfAPause(t *testing.T) {
	t.Parallel()
	told := &poster{}
	w := newWorld(t, func(d *postback.Deps) { d.Notices = told })
	rc := newReceiver(t, always(410))
	p := w.postback(rc.URL)
	w.announce(w.conversion())
	w.deliver(rc.host)
	if len(told.notices) != 1 {
		t.Fatalf("notices %+v", told.notices)
	}
	n := told.notices[0]
	if n.AffiliateID != 1 || n.Kind != postback.NoticePaused || n.ObjectType != "postback" || n.ObjectID != fmt.Sprint(p.ID) ||
		!strings.HasPrefix(n.Text, fmt.Sprintf("Your postback %d is paused. %s answered 410", p.ID, rc.host)) {
		t.Errorf("notice %+v", n)
	}
	w.exec(`UPDATE postbacks SET active = true, failures = 9, failing_since = '2026-01-02T03:04:00Z'`)
	down := newReceiver(t, always(500))
	w.exec(`UPDATE postbacks SET url = $1`, down.URL)
	w.announce(w.conversion())
	w.deliver(down.host)
	if len(told.notices) != 2 || !strings.Contains(told.notices[1].Text, "has not accepted a call since 2 January 2026 03:04 UTC, in 10 tries") {
		t.Errorf("notices %+v", told.notices)
	}
}
