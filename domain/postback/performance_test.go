package postback_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/waypost/waypost/domain/errs"
	"github.com/waypost/waypost/domain/postback"
)

func TestRateOfADay(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		delivered, tried int
		want             string
	}{{0, 0, ""}, {0, 3, "0.0"}, {1, 3, "33.3"}, {19_999, 20_000, "99.9"}, {20_000, 20_000, "100.0"}} {
		if got := (postback.Day{Delivered: c.delivered, Tried: c.tried}).Rate(); got != c.want {
			t.Errorf("%d of %d: %q, want %q", c.delivered, c.tried, got, c.want)
		}
	}
}

func TestPerformance(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p, other := w.postback("https://t.example/?c={click_id}"), w.postback("https://o.example/?c={click_id}")
	theirs := w.postback("https://x.example/?c={click_id}", func(p *postback.Postback) { p.AffiliateID = 2 })
	oldest := time.Now().UTC().Add(-5 * time.Hour).Truncate(time.Microsecond)
	add := func(p postback.Postback, status, reason string, at time.Time, tries ...int) {
		t.Helper()
		w.exec(`WITH d AS (INSERT INTO deliveries (id, created_at, postback_id, affiliate_id, offer_id, conversion_id, click_id, event_status, method, url, body, host, status, reason, updated_at)
			VALUES (gen_random_uuid(), $1, $2, $3, 1, gen_random_uuid(), gen_random_uuid(), 'approved', 'GET', '', '', 'h:443', $4, $5, $1) RETURNING id)
			INSERT INTO delivery_attempts SELECT d.id, t.n, $1, '', CASE WHEN t.ms < 0 THEN 0 ELSE 200 END, abs(t.ms), '', '' FROM d, unnest($6::int[]) WITH ORDINALITY t (ms, n)`,
			at, p.ID, p.AffiliateID, status, reason, tries)
	}
	now := time.Now().UTC()
	for i := range 19 {
		add(p, "delivered", "", now.Add(-time.Duration(i)*time.Minute), 100)
	}
	add(p, "delivered", "", now.Add(-time.Hour), -15000, 2000) // the last try counts
	add(p, "failed", "http_5xx", now.Add(-2*time.Hour), -5)
	add(p, "failed", "superseded", now.Add(-2*time.Hour))
	add(p, "retrying", "", oldest, 100)
	add(p, "pending", "", now.Add(-time.Minute))
	add(p, "paused", "", now.Add(-90*time.Hour))
	add(p, "delivered", "", now.Add(-30*time.Hour), 50)
	add(p, "failed", "gone", now.Add(-30*time.Hour), 50)
	add(p, "delivered", "", now.Add(-50*time.Hour), 50)
	add(other, "delivered", "", now.Add(-time.Hour), 100)
	add(theirs, "failed", "http_5xx", now.Add(-time.Hour), 100)

	got, err := w.service.Performance(w.ctx, affiliateUser(1), p.ID)
	if err != nil {
		t.Fatal(err)
	}
	if got.P95 < 100*time.Millisecond || got.P95 > 2*time.Second {
		t.Errorf("p95 %s", got.P95)
	}
	got.P95 = 0
	want := postback.Performance{Last: postback.Day{Total: 23, Delivered: 20, Failed: 1, Tried: 22}, Before: postback.Day{Total: 2, Delivered: 1, Failed: 1, Tried: 2},
		Median: 100 * time.Millisecond, Waiting: 1, Retrying: 1, Paused: 1, Oldest: oldest}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	got, err = w.service.PerformanceOfAll(w.ctx, affiliateUser(1), 1)
	if err != nil || got.Last.Total != 24 || got.Last.Delivered != 21 || got.Retrying != 1 || !got.Oldest.Equal(oldest) {
		t.Errorf("all of the affiliate: %+v, %v", got, err)
	}
	if got, err := w.service.PerformanceOfAll(w.ctx, operator, 2); err != nil || got.Last.Total != 1 || got.Last.Rate() != "0.0" {
		t.Errorf("the other affiliate: %+v, %v", got, err)
	}
	if got, err := w.service.Performance(w.ctx, operator, w.postback("https://n.example/?c={click_id}").ID); err != nil || got != (postback.Performance{}) {
		t.Errorf("nothing yet: %+v, %v", got, err)
	}
	for name, call := range map[string]func() (postback.Performance, error){
		"another's postback":       func() (postback.Performance, error) { return w.service.Performance(w.ctx, affiliateUser(2), p.ID) },
		"an advertiser":            func() (postback.Performance, error) { return w.service.Performance(w.ctx, advertiserUser(1), p.ID) },
		"another affiliate":        func() (postback.Performance, error) { return w.service.PerformanceOfAll(w.ctx, affiliateUser(2), 1) },
		"an advertiser of the all": func() (postback.Performance, error) { return w.service.PerformanceOfAll(w.ctx, advertiserUser(1), 1) },
	} {
		if got, err := call(); !errs.Is(err, errs.KindNotFound) {
			t.Errorf("%s: %s, %v", name, fmt.Sprint(got), err)
		}
	}
}
