package pgstore_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/waypost/waypost/domain/advertiser"
	"github.com/waypost/waypost/domain/affiliate"
	"github.com/waypost/waypost/domain/conversion"
	"github.com/waypost/waypost/domain/errs"
	"github.com/waypost/waypost/domain/offer"
	"github.com/waypost/waypost/store/pgstore"
	"github.com/waypost/waypost/store/storetest"
)

var allTerms = conversion.TermsQuery{Offers: []offer.ID{1}, Advertisers: []advertiser.ID{1}, Affiliates: []affiliate.ID{1}}

// Who deletes what a batch refers to waits for the batch and finds its conversion; a batch that waited for a deletion finds
// nothing to refer to.
func TestDeletionsAndBatchesWaitForEachOther(t *testing.T) {
	t.Parallel()
	db := storetest.New(t)
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	exec := func(sql string) {
		t.Helper()
		if _, err := db.Pool().Exec(ctx, sql); err != nil {
			t.Fatal(err)
		}
	}
	exec(fmt.Sprintf(oneOffer, storetest.Sealer(t).Seal("advertisers.postback_token", []byte("secret"))))
	exec(`INSERT INTO goals (id, offer_id, alias, is_default, payout_model, revenue_model, initial_status, dedupe)
		VALUES (2, 1, 'late', false, 'postback', 'postback', 'approved', 'txid')`)
	waiting := func() bool {
		var n int
		if err := db.Pool().QueryRow(ctx, `SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted
			AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`).Scan(&n); err != nil {
			t.Error(err)
			return true
		}
		return n > 0
	}
	deletions := map[string]func(context.Context) error{
		"offer":      func(ctx context.Context) error { return db.Offers().Delete(ctx, 1) },
		"affiliate":  func(ctx context.Context) error { return db.Affiliates().Delete(ctx, 1) },
		"advertiser": func(ctx context.Context) error { return db.Advertisers().Delete(ctx, 1) },
		"goal": func(ctx context.Context) error {
			o, err := db.Offers().GetForUpdate(ctx, network, 1)
			if err == nil {
				o.Goals = o.Goals[:1]
				o.Goals[0].IsDefault = true
				err = db.Offers().Update(ctx, &o)
			}
			return err
		},
	}
	for name, deletion := range deletions {
		done := make(chan error, 1)
		err := db.InTx(ctx, func(inBatch context.Context) error {
			terms, err := db.Conversions().LoadTerms(inBatch, allTerms)
			if err != nil || len(terms.Offers[1].Goals) != 2 || len(terms.Advertisers) != 1 || !terms.Affiliates[1] {
				return fmt.Errorf("terms: %+v, %w", terms, err)
			}
			go func() { done <- db.InTx(ctx, deletion) }()
			for !waiting() && len(done) == 0 {
				time.Sleep(time.Millisecond)
			}
			return db.Native(inBatch, insertConversion, 2)
		})
		if err != nil {
			t.Errorf("%s: the batch: %v", name, err)
		}
		if err := <-done; !errs.HasCode(err, "in_use") {
			t.Errorf("%s: deleted under a batch: %v", name, err)
		}
		exec(`DELETE FROM conversions`)
	}

	read := make(chan conversion.Terms, 1)
	if err := db.InTx(ctx, func(inEdit context.Context) error {
		if err := deletions["goal"](inEdit); err != nil {
			return err
		}
		go func() {
			terms, err := db.Conversions().LoadTerms(ctx, allTerms)
			if err != nil {
				t.Error(err)
			}
			read <- terms
		}()
		for !waiting() && len(read) == 0 {
			time.Sleep(time.Millisecond)
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	if terms := <-read; len(terms.Offers[1].Goals) != 1 {
		t.Errorf("goals after one was deleted: %+v", terms.Offers[1].Goals)
	}
}

// What batches keep of the catalogue is never older than the batch, whoever changed it, and no change that came to nothing
// stays.
func TestTermsAreThoseOfNow(t *testing.T) {
	t.Parallel()
	db, ctx := storetest.New(t), context.Background()
	if _, err := db.Pool().Exec(ctx, fmt.Sprintf(oneOffer, storetest.Sealer(t).Seal("advertisers.postback_token", []byte("secret")))); err != nil {
		t.Fatal(err)
	}
	other, err := pgstore.Open(pgstore.Options{URL: db.Pool().Config().ConnString(), Sealer: storetest.Sealer(t)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(other.Close)
	names := func(db *pgstore.DB, ctx context.Context) string {
		t.Helper()
		terms, err := db.Conversions().LoadTerms(ctx, allTerms)
		if err != nil {
			t.Fatal(err)
		}
		return terms.Offers[1].Name
	}
	rename := func(ctx context.Context, db *pgstore.DB, name string) error {
		o, err := db.Offers().GetForUpdate(ctx, network, 1)
		if err == nil {
			o.Name = name
			err = db.Offers().Update(ctx, &o)
		}
		return err
	}
	if got := names(db, ctx); got != "o" {
		t.Fatalf("name %q", got)
	}
	if err := other.InTx(ctx, func(ctx context.Context) error { return rename(ctx, other, "by another node") }); err != nil {
		t.Fatal(err)
	}
	if got := names(db, ctx); got != "by another node" {
		t.Errorf("after another node's change: %q", got)
	}
	undo := errors.New("undo")
	if err := db.InTx(ctx, func(ctx context.Context) error {
		if err := rename(ctx, db, "undone"); err != nil {
			return err
		}
		if got := names(db, ctx); got != "undone" {
			t.Errorf("within its own change: %q", got)
		}
		return undo
	}); !errors.Is(err, undo) {
		t.Fatal(err)
	}
	if got := names(db, ctx); got != "by another node" {
		t.Errorf("after a change that was undone: %q", got)
	}
	if err := db.InTx(ctx, func(ctx context.Context) error { return rename(ctx, db, "last") }); err != nil { // takes the version that was undone
		t.Fatal(err)
	}
	if got := names(db, ctx); got != "last" {
		t.Errorf("after the last change: %q", got)
	}
	// A transaction that began to read before a change does not put back what it read.
	if err := db.InTx(ctx, func(old context.Context) error {
		if got := names(db, old); got != "last" {
			t.Errorf("before: %q", got)
		}
		if err := other.InTx(ctx, func(ctx context.Context) error { return rename(ctx, other, "newest") }); err != nil {
			return err
		}
		if got := names(db, ctx); got != "newest" {
			t.Errorf("meanwhile: %q", got)
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	if got := names(db, ctx); got != "newest" {
		t.Errorf("in the end: %q", got)
	}
}
