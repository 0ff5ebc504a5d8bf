package demo

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/waypost/waypost/domain/money"
	"github.com/waypost/waypost/domain/offer"
)

func TestDeedsHappenInTheirOrder(t *testing.T) {
	t.Parallel()
	var a agenda
	var done []string
	noon := time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)
	plan := func(at time.Time, name string) {
		a.plan(at, func(context.Context) error { done = append(done, name); return nil })
	}
	plan(noon.Add(time.Hour), "later")
	plan(noon, "first of noon")
	plan(noon, "second of noon")
	plan(noon.Add(-time.Hour), "before")
	plan(noon.Add(2*time.Hour), "never")
	for d, ok := a.next(noon.Add(time.Hour)); ok; d, ok = a.next(noon.Add(time.Hour)) {
		_ = d.do(t.Context())
	}
	if want := []string{"before", "first of noon", "second of noon", "later"}; !slices.Equal(done, want) {
		t.Errorf("happened %v, want %v", done, want)
	}
}

func TestTrackersAnswerByTheirTroubles(t *testing.T) {
	t.Parallel()
	for path, want := range map[string]int{"/mediacove/postback": 200, "/down/quoterunner/click.php": 500, "/gone/couponfalcon/postback": 410,
		"/removed/approcket/postback": 404, "/slow/tokyodeals/postback": 200, "/outage/clickwell/click.php": 200, "/": 200, "": 200, "/downtown": 200} {
		if status, body, after := Answer(path); status != want || body == "" || (after > 0) != (path == "/slow/tokyodeals/postback") {
			t.Errorf("%s: %d %q after %s, want %d", path, status, body, after, want)
		}
	}
}

// What refers to a thing by name finds it: a slip of the pen would end a load.
func TestNamesAreKnown(t *testing.T) {
	t.Parallel()
	w := newWorld(Deps{Clock: &Clock{}}, Options{Seed: 1, Days: 1}, time.Now())
	for _, p := range w.products {
		if w.companyOf(p) == nil {
			t.Errorf("%s has no advertiser", p.key)
		}
		for _, s := range p.flow {
			if s.goal != "" && !slices.ContainsFunc(p.Goals, func(g offer.Goal) bool { return g.Alias == s.goal }) {
				t.Errorf("%s has no goal %s", p.key, s.goal)
			}
			for _, c := range s.foreign {
				if of := w.companyOf(p).Currency; abroad[pairOf{of, money.Currency(c)}] == 0 {
					t.Errorf("no worth of %s in %s", of, c)
				}
			}
		}
	}
	for _, p := range w.partners {
		for _, key := range p.runs {
			w.product(key)
		}
		for _, c := range p.countries {
			if languages[c] == "" {
				t.Errorf("no language for %s", c)
			}
		}
		if len(p.slug) < 3 {
			t.Errorf("slug %q is too short for a click id", p.slug)
		}
	}
}

func TestUnitsAreExact(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		minor    int64
		currency money.Currency
		want     string
	}{{5, "USD", "0.05"}, {12345, "USD", "123.45"}, {1050, "JPY", "1050"}, {1250, "KWD", "1.250"}, {7, "KWD", "0.007"}, {0, "USD", "0.00"}} {
		if got := units(c.minor, c.currency); got != c.want {
			t.Errorf("%d %s = %s, want %s", c.minor, c.currency, got, c.want)
		}
	}
	if got := grouped(1234567) + " " + grouped(999) + " " + grouped(1000); got != "1,234,567 999 1,000" {
		t.Error(got)
	}
}
