package pgstore_test

import (
	"context"
	"crypto/sha256"
	"fmt"
	"testing"
	"time"

	"github.com/waypost/waypost/domain/account"
	"github.com/waypost/waypost/domain/advertiser"
	"github.com/waypost/waypost/domain/affiliate"
	"github.com/waypost/waypost/domain/errs"
	"github.com/waypost/waypost/domain/offer"
	"github.com/waypost/waypost/store/pgstore"
	"github.com/waypost/waypost/store/storetest"
)

// mustFillCatalogue makes two advertisers, two affiliates and offers in all states.
func mustFillCatalogue(t *testing.T, db *pgstore.DB) {
	t.Helper()
	now := time.Now()
	err := db.InTx(context.Background(), func(ctx context.Context) error {
		for i, status := range []advertiser.Status{advertiser.StatusActive, advertiser.StatusPaused} {
			err := db.Advertisers().Insert(ctx, &advertiser.Advertiser{Name: "D", Status: status, Currency: "USD",
				PostbackAuth: advertiser.AuthToken, PostbackToken: fmt.Sprintf("token %d", i+1), CreatedAt: now, UpdatedAt: now})
			if err != nil {
				return err
			}
		}
		for _, status := range []affiliate.Status{affiliate.StatusActive, affiliate.StatusBlocked} {
			err := db.Affiliates().Insert(ctx, &affiliate.Affiliate{Name: "A", Status: status, Currency: "USD", Fire: affiliate.FireSpecific, CreatedAt: now, UpdatedAt: now})
			if err != nil {
				return err
			}
		}
		for _, o := range []offer.Offer{
			{AdvertiserID: 1, Status: offer.StatusActive, Visibility: offer.VisibilityPublic, FallbackURL: "https://else.example"},
			{AdvertiserID: 1, Status: offer.StatusPaused, Visibility: offer.VisibilityPrivate},
			{AdvertiserID: 2, Status: offer.StatusActive, Visibility: offer.VisibilityApproval},
		} {
			o.Name, o.DestinationURL, o.Currency, o.WindowDays, o.CreatedAt, o.UpdatedAt = "O", "https://shop.example/?c={click_id}", "USD", 90, now, now
			if err := db.Offers().Insert(ctx, &o); err != nil {
				return err
			}
		}
		for a, status := range map[affiliate.ID]offer.AccessStatus{1: offer.AccessApproved, 2: offer.AccessPending} {
			if err := db.Offers().SetAccess(ctx, &offer.Access{OfferID: 2, AffiliateID: a, Status: status, CreatedAt: now, UpdatedAt: now}); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestLoadRouting(t *testing.T) {
	t.Parallel()
	ctx, db := context.Background(), storetest.New(t)
	mustFillCatalogue(t, db)
	r, err := db.Routing().LoadRouting(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if version, err := db.Routing().CatalogueVersion(ctx); err != nil || version != r.Version || version < 2 {
		t.Errorf("version %d, loaded %d, %v", version, r.Version, err)
	}
	for id, active := range map[offer.ID]bool{1: true, 2: false, 3: false} {
		if route := r.Offers[id]; route == nil || route.OfferID != id || route.Active != active || route.Destination != "https://shop.example/?c={click_id}" || route.OfferName != "O" {
			t.Errorf("offer %d: %+v", id, route)
		}
	}
	if o := r.Offers[1]; o.FallbackURL != "https://else.example" || o.Visibility != offer.VisibilityPublic || o.AdvertiserID != 1 {
		t.Errorf("offer 1: %+v", o)
	}
	if !r.Affiliates[1] || r.Affiliates[2] || len(r.Affiliates) != 2 {
		t.Errorf("affiliates %v", r.Affiliates)
	}
	if !r.Access[2][1] || r.Access[2][2] {
		t.Errorf("access %v", r.Access)
	}
	if d := r.Advertisers[2]; d.Auth != advertiser.AuthToken || d.TokenHash != sha256.Sum256([]byte("token 2")) {
		t.Errorf("advertiser 2: %+v", d)
	}
}

// After the secret is lost, clicks go on, postbacks are refused and the operator is told.
func TestLoadRoutingWithoutTheSecret(t *testing.T) {
	t.Parallel()
	ctx, url := context.Background(), storetest.URL(t)
	open := func(sealer *pgstore.Sealer) *pgstore.DB {
		db, err := pgstore.Open(pgstore.Options{URL: url, Sealer: sealer})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(db.Close)
		return db
	}
	mustFillCatalogue(t, open(storetest.Sealer(t)))
	other, err := pgstore.NewSealer([]byte("another secret of at least 32 bytes"))
	if err != nil {
		t.Fatal(err)
	}
	db := open(other)
	r, err := db.Routing().LoadRouting(ctx)
	if err != nil || !r.Offers[1].Active || r.Advertisers[1].TokenHash != [32]byte{} {
		t.Errorf("got %+v, %v", r, err)
	}
	if _, err := db.Advertisers().Get(ctx, network, 1); err == nil {
		t.Error("an unreadable token goes unnoticed")
	}
}

func TestZeroScopeIsRefused(t *testing.T) {
	t.Parallel()
	ctx, db := context.Background(), storetest.New(t)
	none := account.Scope{}
	for name, err := range map[string]error{
		"advertiser": second(db.Advertisers().Get(ctx, none, 1)),
		"affiliate":  second(db.Affiliates().GetForUpdate(ctx, none, 1)),
		"offer":      second(db.Offers().Get(ctx, none, 1)),
		"user":       second(db.Accounts().GetUser(ctx, none, 1)),
	} {
		if !errs.Is(err, errs.KindForbidden) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func second[T any](_ T, err error) error { return err }
