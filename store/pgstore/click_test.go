package pgstore_test

import (
	"context"
	"crypto/rand"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/waypost/waypost/domain"
	"github.com/waypost/waypost/domain/account"
	"github.com/waypost/waypost/domain/affiliate"
	"github.com/waypost/waypost/domain/click"
	"github.com/waypost/waypost/domain/errs"
	"github.com/waypost/waypost/domain/offer"
	"github.com/waypost/waypost/store/pgstore"
	"github.com/waypost/waypost/store/storetest"
)

var network = account.SystemActor("test").Scope()

func clickAt(t testing.TB, at time.Time) click.Click {
	t.Helper()
	id, err := click.Mint(at, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return click.Click{ID: id, OfferID: 1, AffiliateID: 2, AdvertiserID: 3}
}

func count(t testing.TB, db *pgstore.DB, query string, args ...any) (n int) {
	t.Helper()
	if err := db.Pool().QueryRow(context.Background(), query, args...).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

func TestClickComesBackAsItWas(t *testing.T) {
	t.Parallel()
	db := storetest.New(t)
	ctx := context.Background()
	c := clickAt(t, time.Now())
	c.Reason = click.ReasonNotApproved
	c.Facts = click.Facts{AffClickID: "a1", Subs: [10]string{"", "zwei", "", "ünï'\"{}\\,NULL"}, Source: "s", LandingPageID: "l",
		CreativeID: "cr", DeepLink: "https://x/?a=b", Coupon: "co", IP: "2001:db8::1", UserAgent: "ua", Referrer: "r", Language: "de-DE",
		Country: "DE", Device: "mobile", OS: "iOS", Browser: "Safari", Robot: true}
	if err := db.Clicks().LoadClicks(ctx, []click.Click{c}); err != nil {
		t.Fatal(err)
	}
	got, err := db.Clicks().Get(ctx, network, c.ID)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(c, got); diff != "" {
		t.Errorf("stored and read (-want +got):\n%s", diff)
	}
}

func TestLoadingTwiceLeavesOneRowInTheRightDay(t *testing.T) {
	t.Parallel()
	db := storetest.New(t)
	ctx := context.Background()
	midnight := time.Date(2026, 11, 21, 0, 0, 0, 0, time.UTC)
	var clicks []click.Click
	for i := range 1000 { // from ten days before to a second after, in a mixed order
		at := midnight.Add(time.Duration(i%7-3) * 200 * time.Millisecond)
		if i%100 == 0 {
			at = midnight.AddDate(0, 0, -i/100)
		}
		clicks = append(clicks, clickAt(t, at))
	}
	for range 2 {
		if err := db.Clicks().LoadClicks(ctx, clicks); err != nil {
			t.Fatal(err)
		}
		if n := count(t, db, "SELECT count(*) FROM clicks"); n != len(clicks) {
			t.Fatalf("%d rows, want %d", n, len(clicks))
		}
	}
	before := 0
	for _, c := range clicks {
		if at := c.CreatedAt(); at.Before(midnight) && !at.Before(midnight.AddDate(0, 0, -1)) {
			before++
		}
	}
	if n := count(t, db, "SELECT count(*) FROM clicks_20261120"); n != before || n == 0 {
		t.Errorf("%d rows before midnight, want %d", n, before)
	}
	if err := db.Clicks().LoadClicks(ctx, nil); err != nil {
		t.Errorf("no clicks: %v", err)
	}
}

func TestClickThatNoDatabaseTakesIsInvalid(t *testing.T) {
	t.Parallel()
	db := storetest.New(t)
	bad := clickAt(t, time.Now())
	bad.Source = "nul\x00byte"
	err := db.Clicks().LoadClicks(context.Background(), []click.Click{clickAt(t, time.Now()), bad})
	if !errs.HasCode(err, "invalid_click") {
		t.Errorf("got %v, want invalid_click", err)
	}
	db.Close()
	err = db.Clicks().LoadClicks(context.Background(), []click.Click{clickAt(t, time.Now())})
	if err == nil || errs.Is(err, errs.KindInvalid) {
		t.Errorf("a database that is away is no fault of the click: %v", err)
	}
}

func TestClicksBelongToTheirTenants(t *testing.T) {
	t.Parallel()
	db := storetest.New(t)
	ctx := context.Background()
	c := clickAt(t, time.Now())
	if err := db.Clicks().LoadClicks(ctx, []click.Click{c}); err != nil {
		t.Fatal(err)
	}
	for name, tc := range map[string]struct {
		actor account.Actor
		sees  bool
	}{
		"operator":          {account.Actor{Role: account.RoleViewer}, true},
		"its affiliate":     {account.Actor{Role: account.RoleAffiliate, AffiliateID: 2}, true},
		"its advertiser":    {account.Actor{Role: account.RoleAdvertiser, AdvertiserID: 3}, true},
		"other affiliate":   {account.Actor{Role: account.RoleAffiliate, AffiliateID: 3}, false},
		"other advertiser":  {account.Actor{Role: account.RoleAdvertiser, AdvertiserID: 2}, false},
		"offer as party":    {account.Actor{Role: account.RoleAdvertiser, AdvertiserID: 1}, false},
		"affiliate's advid": {account.Actor{Role: account.RoleAffiliate, AffiliateID: 1, AdvertiserID: 3}, false},
	} {
		_, err := db.Clicks().Get(ctx, tc.actor.Scope(), c.ID)
		if tc.sees != (err == nil) || !tc.sees && !errs.Is(err, errs.KindNotFound) {
			t.Errorf("%s: get: %v", name, err)
		}
		list, err := db.Clicks().List(ctx, tc.actor.Scope(), click.Filter{}, domain.Page{})
		if err != nil || tc.sees != (len(list.Items) == 1) {
			t.Errorf("%s: list of %d, %v", name, len(list.Items), err)
		}
	}
	if _, err := db.Clicks().Get(ctx, account.Scope{}, c.ID); !errs.Is(err, errs.KindForbidden) {
		t.Errorf("zero scope gets: %v", err)
	}
	if _, err := db.Clicks().List(ctx, account.Scope{}, click.Filter{}, domain.Page{}); !errs.Is(err, errs.KindForbidden) {
		t.Errorf("zero scope lists: %v", err)
	}
}

func TestListOfClicks(t *testing.T) {
	t.Parallel()
	db := storetest.New(t)
	ctx := context.Background()
	start := time.Date(2026, 3, 1, 23, 59, 59, 0, time.UTC)
	var clicks []click.Click
	for i := range 60 { // several within a millisecond, across midnight
		c := clickAt(t, start.Add(time.Duration(i/3)*100*time.Millisecond))
		c.OfferID, c.AffiliateID = offer.ID(i%2+1), affiliate.ID(i%3+1)
		if i%4 == 0 {
			c.Reason = click.ReasonOfferInactive
		}
		clicks = append(clicks, c)
	}
	if err := db.Clicks().LoadClicks(ctx, clicks); err != nil {
		t.Fatal(err)
	}
	yes, no := true, false
	for name, tc := range map[string]struct {
		filter click.Filter
		keep   func(click.Click) bool
	}{
		"all":       {click.Filter{}, func(click.Click) bool { return true }},
		"offer":     {click.Filter{OfferID: 2}, func(c click.Click) bool { return c.OfferID == 2 }},
		"affiliate": {click.Filter{AffiliateID: 3}, func(c click.Click) bool { return c.AffiliateID == 3 }},
		"valid":     {click.Filter{Valid: &yes}, click.Click.Valid},
		"invalid":   {click.Filter{Valid: &no}, func(c click.Click) bool { return !c.Valid() }},
		"time": {click.Filter{From: start.Add(100 * time.Millisecond), To: start.Add(1100 * time.Millisecond)}, func(c click.Click) bool {
			return !c.CreatedAt().Before(start.Add(100*time.Millisecond)) && c.CreatedAt().Before(start.Add(1100*time.Millisecond))
		}},
		"all of them": {click.Filter{From: start, OfferID: 1, AffiliateID: 1, Valid: &yes}, func(c click.Click) bool {
			return c.OfferID == 1 && c.AffiliateID == 1 && c.Valid()
		}},
	} {
		want := map[click.ID]bool{}
		for _, c := range clicks {
			if tc.keep(c) {
				want[c.ID] = true
			}
		}
		page := domain.Page{Limit: 7}
		var last click.ID
		for {
			part, err := db.Clicks().List(ctx, network, tc.filter, page)
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			for _, c := range part.Items {
				if !want[c.ID] {
					t.Errorf("%s: click %s twice, or not asked for", name, c.ID.UUID())
				}
				if !last.IsZero() && c.ID.UUID() >= last.UUID() {
					t.Errorf("%s: %s after %s is not newest first", name, c.ID.UUID(), last.UUID())
				}
				delete(want, c.ID)
				last = c.ID
			}
			if page.Cursor = part.NextCursor; page.Cursor == "" {
				break
			}
		}
		if len(want) > 0 {
			t.Errorf("%s: %d clicks are missing", name, len(want))
		}
	}
	for _, cursor := range []string{"x", "!", "MTIz", "MSB4"} {
		if _, err := db.Clicks().List(ctx, network, click.Filter{}, domain.Page{Cursor: cursor}); !errs.HasCode(err, "invalid_cursor") {
			t.Errorf("cursor %q: %v", cursor, err)
		}
	}
}

// A click counts from the moment of its redirect: who asks before its row is there waits for the loader.
func TestServiceWaitsForTheRow(t *testing.T) {
	t.Parallel()
	db := storetest.New(t)
	ctx := context.Background()
	signer := click.NewSigner([]byte("a secret of the tests"))
	c := clickAt(t, time.Now())
	flushes := 0
	flush := func(ctx context.Context) error {
		flushes++
		return db.Clicks().LoadClicks(ctx, []click.Click{c})
	}
	service := click.NewService(db.Clicks(), signer, flush, time.Now)
	operator := account.Actor{Role: account.RoleViewer}
	if err := db.EnsurePartitions(ctx, time.Now(), time.Now()); err != nil {
		t.Fatal(err)
	}
	got, err := service.Get(ctx, operator, signer.Text(c.ID))
	if err != nil || got.ID != c.ID || flushes != 1 {
		t.Errorf("got %v, %v after %d flushes", got.ID, err, flushes)
	}
	// Another's click is not found at once: its existence must not show in the time that the answer takes.
	stranger := account.Actor{Role: account.RoleAffiliate, AffiliateID: 99}
	if _, err := service.Get(ctx, stranger, signer.Text(c.ID)); !errs.Is(err, errs.KindNotFound) {
		t.Errorf("stranger: %v", err)
	}
	for _, text := range []string{"", "nonsense", fmt.Sprintf("%032d", 0)} {
		if _, err := service.Get(ctx, operator, text); !errs.HasCode(err, "click_not_found") {
			t.Errorf("%q: %v", text, err)
		}
	}
	if _, err := service.Get(ctx, account.Actor{}, signer.Text(c.ID)); !errs.Is(err, errs.KindForbidden) {
		t.Errorf("nobody: %v", err)
	}
	if flushes != 1 {
		t.Errorf("%d flushes, want 1", flushes)
	}
	never := clickAt(t, time.Now())
	if _, err := service.Get(ctx, operator, signer.Text(never.ID)); !errs.Is(err, errs.KindNotFound) {
		t.Errorf("a click that was never stored: %v", err)
	}
}
