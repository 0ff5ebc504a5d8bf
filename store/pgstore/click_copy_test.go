package pgstore_test

import (
	"context"
	mathrand "math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"github.com/waypost/waypost/domain/click"
	"github.com/waypost/waypost/domain/errs"
	"github.com/waypost/waypost/domain/offer"
	"github.com/waypost/waypost/store/pgstore"
	"github.com/waypost/waypost/store/storetest"
)

// Clicks that are copied become the very rows that they become one at a time; and where some have their rows already, the
// others get theirs.
func TestCopiedClicksAreAsInserted(t *testing.T) {
	t.Parallel()
	ctx, at := context.Background(), time.Date(2026, 11, 21, 0, 0, 0, 0, time.UTC)
	const seed = 1
	random := mathrand.New(mathrand.NewPCG(seed, 0))
	texts := []string{"", "", "a", "ünï'\"{}\\,NULL", "\t\n\\N\\.", "😀", "0"}
	text := func() string { return texts[random.IntN(len(texts))] }
	var clicks []click.Click
	for range 300 {
		c := clickAt(t, at.Add(time.Duration(random.Int64N(int64(24*time.Hour/time.Millisecond)))*time.Millisecond))
		c.OfferID, c.Reason, c.Robot = offer.ID(random.Int64()), click.Reason(text()), random.IntN(2) == 0
		for i := range c.Subs {
			c.Subs[i] = text()
		}
		for _, field := range []*string{&c.AffClickID, &c.Source, &c.LandingPageID, &c.CreativeID, &c.DeepLink, &c.Coupon, &c.IP, &c.UserAgent,
			&c.Referrer, &c.Language, &c.Country, &c.Device, &c.OS, &c.Browser} {
			*field = text()
		}
		clicks = append(clicks, c)
	}
	rows := func(db *pgstore.DB) []string {
		t.Helper()
		found, err := db.Pool().Query(ctx, `SELECT clicks::text FROM clicks ORDER BY click_id`)
		if err != nil {
			t.Fatal(err)
		}
		all, err := pgx.CollectRows(found, pgx.RowTo[string])
		if err != nil {
			t.Fatal(err)
		}
		return all
	}
	load := func(db *pgstore.DB, clicks []click.Click) {
		t.Helper()
		if err := db.Clicks().LoadClicks(ctx, clicks); err != nil {
			t.Fatal(err)
		}
	}
	copied, single, mixed := storetest.New(t), storetest.New(t), storetest.New(t)
	load(copied, clicks)
	for few := range slices.Chunk(clicks, 10) {
		load(single, few)
	}
	load(mixed, clicks[:5])
	load(mixed, clicks)
	want := rows(single)
	if len(want) != len(clicks) {
		t.Fatalf("%d rows of %d clicks", len(want), len(clicks))
	}
	if diff := cmp.Diff(want, rows(copied)); diff != "" {
		t.Errorf("inserted and copied (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(want, rows(mixed)); diff != "" {
		t.Errorf("inserted and partly there (-want +got):\n%s", diff)
	}
	bad := slices.Clone(clicks)
	bad[200] = clickAt(t, at)
	bad[200].Source = "nul\x00byte"
	if err := copied.Clicks().LoadClicks(ctx, bad); !errs.HasCode(err, "invalid_click") {
		t.Errorf("got %v, want invalid_click", err)
	}
}
