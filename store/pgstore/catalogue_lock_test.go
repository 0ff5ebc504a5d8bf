package pgstore_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/waypost/waypost/domain/conversion"
	"github.com/waypost/waypost/domain/offer"
	"github.com/waypost/waypost/store/storetest"
)

const oneOffer = `
INSERT INTO advertisers (id, name, status, currency, postback_auth, postback_token, created_at, updated_at)
	VALUES (1, 'a', 'active', 'USD', 'none', '\x%x', now(), now());
INSERT INTO affiliates (id, name, status, currency, fire, created_at, updated_at) VALUES (1, 'a', 'active', 'USD', 'specific', now(), now());
INSERT INTO offers (id, advertiser_id, name, destination_url, currency, status, visibility, created_at, updated_at)
	VALUES (1, 1, 'o', 'https://shop.example/', 'USD', 'active', 'public', now(), now());
INSERT INTO goals (id, offer_id, alias, is_default, payout_model, revenue_model, initial_status, dedupe)
	VALUES (1, 1, 'default', true, 'postback', 'postback', 'approved', 'txid')`

// insertConversion takes the goal.
const insertConversion = `INSERT INTO conversions (click_id, id, dedupe_key, txid, offer_id, goal_id, affiliate_id, advertiser_id,
	status, status_at, val, commission, revenue, currency, original_val, original_currency, exchange_rate, test, params,
	clicked_at, created_at, updated_at) VALUES (gen_random_uuid(), gen_random_uuid(), 'k', '', 1, $1, 1, 1, 'approved', now(),
	0, 0, 0, 'USD', 0, 'USD', 1, false, '{}', now(), now(), now())`

// An edit of the catalogue and a batch of postbacks on the same offer do not wait for each other, whoever comes first.
func TestCatalogueEditsDoNotStallPostbacks(t *testing.T) {
	t.Parallel()
	db := storetest.New(t)
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	exec := func(sql string) {
		t.Helper()
		if _, err := db.Pool().Exec(ctx, sql); err != nil {
			t.Fatal(err)
		}
	}
	exec(fmt.Sprintf(oneOffer, storetest.Sealer(t).Seal("advertisers.postback_token", []byte("secret"))))
	exec(`DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET lock_timeout = ''2s''', current_database()); END $$`)
	db.Pool().Reset() // of sessions to come: a wait is a failure
	edits := map[string]func(context.Context) error{
		"offer": func(ctx context.Context) error {
			o, err := db.Offers().GetForUpdate(ctx, network, 1)
			if err == nil {
				o.Name, o.Status = "edited", offer.StatusPaused
				err = db.Offers().Update(ctx, &o)
			}
			return err
		},
		"affiliate": func(ctx context.Context) error {
			a, err := db.Affiliates().GetForUpdate(ctx, network, 1)
			if err == nil {
				a.Name = "edited"
				err = db.Affiliates().Update(ctx, a)
			}
			return err
		},
		"advertiser": func(ctx context.Context) error {
			a, err := db.Advertisers().GetForUpdate(ctx, network, 1)
			if err == nil {
				a.Name = "edited"
				err = db.Advertisers().Update(ctx, a)
			}
			return err
		},
	}
	// whilePostback runs meanwhile between the statements of a batch and its end.
	whilePostback := func(meanwhile func() error) error {
		return db.InTx(ctx, func(inBatch context.Context) error {
			if _, err := db.Conversions().LoadTerms(inBatch, conversion.TermsQuery{Offers: []offer.ID{1}}); err != nil {
				return err
			}
			insert, err := db.Pool().Begin(ctx)
			if err != nil {
				return err
			}
			defer func() { _ = insert.Rollback(ctx) }()
			if _, err = insert.Exec(ctx, insertConversion, 1); err == nil {
				err = meanwhile()
			}
			return err
		})
	}
	nothing := func() error { return nil }
	for name, edit := range edits {
		if err := db.InTx(ctx, func(inEdit context.Context) error {
			if err := edit(inEdit); err != nil {
				return err
			}
			return whilePostback(nothing)
		}); err != nil {
			t.Errorf("a postback while the %s is edited: %v", name, err)
		}
		if err := whilePostback(func() error { return db.InTx(ctx, edit) }); err != nil {
			t.Errorf("the %s is edited while a postback is recorded: %v", name, err)
		}
	}

	// What conversions are computed in is not changed under them: who has asked for conversions gets none afterwards.
	if err := db.InTx(ctx, func(inEdit context.Context) error {
		if _, err := db.Offers().GetForUpdate(inEdit, network, 1); err != nil {
			t.Error(err)
		}
		if used, err := db.Offers().HasConversions(inEdit, 1); err != nil || used {
			t.Errorf("has conversions: %v, %v", used, err)
		}
		return whilePostback(nothing)
	}); err == nil {
		t.Error("a conversion came although the offer's currency was about to change")
	}
}
