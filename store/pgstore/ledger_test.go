package pgstore_test

import (
	"context"
	"net/url"
	"slices"
	"testing"
	"time"

	"github.com/waypost/waypost/domain"
	"github.com/waypost/waypost/domain/account"
	"github.com/waypost/waypost/domain/conversion"
	"github.com/waypost/waypost/domain/errs"
	"github.com/waypost/waypost/domain/ledger"
	"github.com/waypost/waypost/domain/money"
	"github.com/waypost/waypost/store/pgstore"
	"github.com/waypost/waypost/store/storetest"
)

// entriesOf makes n postings into a party's pending bucket, one each millisecond, and their sum.
func entriesOf(party ledger.Party, n int) conversion.Writes {
	var w conversion.Writes
	var postings []ledger.Posting
	for i := range n {
		p := ledger.Posting{Party: party, From: party.Network(), To: party.Account(ledger.BucketPending),
			Amount: money.NewAmount(int64(i+1), "USD"), Kind: ledger.KindConversion}
		at := time.UnixMilli(1_790_000_000_000 + int64(i/2)).UTC()
		id, _ := domain.NewUUID(at, constant(i))
		postings = append(postings, p)
		w.Entries = append(w.Entries, ledger.Entry{Posting: p, ID: ledger.ID{UUID: id}, TransactionID: ledger.TransactionID{UUID: id}, At: at})
	}
	w.Balances, _ = ledger.Fold(postings)
	return w
}

// constant is randomness that always gives one byte.
type constant byte

func (c constant) Read(b []byte) (int, error) {
	for i := range b {
		b[i] = byte(c)
	}
	return len(b), nil
}

func TestLedgerPagesAndBalances(t *testing.T) {
	t.Parallel()
	db := storetest.New(t)
	ctx := context.Background()
	for _, party := range []ledger.Party{"a1", "a12", "d1"} {
		if err := db.Conversions().Save(ctx, entriesOf(party, 7)); err != nil {
			t.Fatal(err)
		}
	}
	for limit := 1; limit <= 8; limit++ {
		var seen []ledger.Entry
		for page := (domain.Page{Limit: limit}); ; {
			s, err := db.Ledger().Entries(ctx, network, ledger.Filter{Party: "a1"}, page)
			if err != nil {
				t.Fatal(err)
			}
			seen = append(seen, s.Items...)
			if page.Cursor = s.NextCursor; page.Cursor == "" {
				break
			}
		}
		for i, e := range seen {
			if len(seen) != 7 || e.Party != "a1" || e.Amount != money.NewAmount(int64(7-i), "USD") || e.From != ledger.NetworkCommission || e.To != "a1:pending" {
				t.Fatalf("pages of %d: entry %d is %+v", limit, i, e)
			}
		}
	}
	first := time.UnixMilli(1_790_000_000_000)
	within := ledger.Filter{Party: "a1", From: first.Add(time.Millisecond), To: first.Add(3 * time.Millisecond)}
	for _, page := range []domain.Page{{}, {Limit: 1}} { // from is included, to is not, on every page
		var amounts []int64
		for {
			s, err := db.Ledger().Entries(ctx, network, within, page)
			if err != nil {
				t.Fatal(err)
			}
			for _, e := range s.Items {
				amounts = append(amounts, e.Amount.Minor())
			}
			if page.Cursor = s.NextCursor; page.Cursor == "" {
				break
			}
		}
		if !slices.Equal(amounts, []int64{6, 5, 4, 3}) {
			t.Errorf("within a period: %v", amounts)
		}
	}
	if _, err := db.Ledger().Entries(ctx, network, ledger.Filter{Party: "a1"}, domain.Page{Cursor: "x"}); !errs.HasCode(err, "invalid_cursor") {
		t.Errorf("cursor: %v", err)
	}
	balances, err := db.Ledger().Balances(ctx, network, "d1")
	if err != nil || len(balances) != 1 || balances[0].Pending != money.NewAmount(28, "USD") || !balances[0].Approved.IsZero() {
		t.Errorf("balances %+v, %v", balances, err)
	}
}

// The store itself keeps a tenant from another's books, whatever its caller forgot.
func TestLedgerOfOthers(t *testing.T) {
	t.Parallel()
	db := storetest.New(t)
	ctx := context.Background()
	parties := []ledger.Party{"a1", "a12", "d1"}
	for _, party := range parties {
		if err := db.Conversions().Save(ctx, entriesOf(party, 2)); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct {
		actor account.Actor
		own   ledger.Party
	}{
		{account.Actor{Role: account.RoleAffiliate, AffiliateID: 1}, "a1"}, {account.Actor{Role: account.RoleAffiliate, AffiliateID: 12}, "a12"},
		{account.Actor{Role: account.RoleAdvertiser, AdvertiserID: 1}, "d1"}, {account.Actor{Role: account.RoleAffiliate, AffiliateID: 2}, ""},
	} {
		for _, party := range parties {
			entries, err := db.Ledger().Entries(ctx, c.actor.Scope(), ledger.Filter{Party: party}, domain.Page{})
			if err != nil || (len(entries.Items) > 0) != (party == c.own) {
				t.Errorf("%+v reads %d entries of %s, %v", c.actor, len(entries.Items), party, err)
			}
			balances, err := db.Ledger().Balances(ctx, c.actor.Scope(), party)
			if err != nil || (len(balances) > 0) != (party == c.own) {
				t.Errorf("%+v reads %d balances of %s, %v", c.actor, len(balances), party, err)
			}
		}
	}
	if _, err := db.Ledger().Entries(ctx, account.Scope{}, ledger.Filter{Party: "a1"}, domain.Page{}); !errs.Is(err, errs.KindForbidden) {
		t.Errorf("entries for nobody: %v", err)
	}
	if _, err := db.Ledger().Balances(ctx, account.Scope{}, "a1"); !errs.Is(err, errs.KindForbidden) {
		t.Errorf("balances for nobody: %v", err)
	}
}

func TestDifferences(t *testing.T) {
	t.Parallel()
	db := storetest.New(t)
	ctx := context.Background()
	for _, party := range []ledger.Party{"a1", "d1", "a2", "a3"} {
		if err := db.Conversions().Save(ctx, entriesOf(party, 3)); err != nil {
			t.Fatal(err)
		}
	}
	if found, err := db.Ledger().Differences(ctx); err != nil || len(found) != 0 {
		t.Fatalf("sound books: %+v, %v", found, err)
	}
	for _, sql := range []string{
		`UPDATE balances SET pending = pending + 1 WHERE account_id = 'a1'`, `DELETE FROM balances WHERE account_id = 'd1'`,
		`INSERT INTO balances VALUES ('a9', 'USD', 0, 5, 0, 0)`, `INSERT INTO balances VALUES ('a8', 'USD', 0, 0, 0, 0)`,
		`UPDATE balances SET approved = pending, pending = 0 WHERE account_id = 'a3'`,
	} {
		if _, err := db.Pool().Exec(ctx, sql); err != nil {
			t.Fatal(err)
		}
	}
	found, err := db.Ledger().Differences(ctx)
	var parties []ledger.Party
	for _, d := range found {
		parties = append(parties, d.Stored.Party)
	}
	if err != nil || len(found) != 4 || parties[0] != "a1" || parties[1] != "a3" || parties[2] != "a9" || parties[3] != "d1" ||
		found[0].Stored.Pending.Minor() != 7 || found[0].Folded.Pending.Minor() != 6 || found[3].Folded.Pending.Minor() != 6 {
		t.Errorf("found %+v, %v", found, err)
	}
	// The application's role cannot mend its books by rewriting them.
	for _, sql := range []string{`UPDATE ledger_entries SET amount = 1`, `DELETE FROM ledger_entries`, `TRUNCATE ledger_entries`} {
		if _, err := db.Pool().Exec(ctx, sql); err == nil {
			t.Errorf("%s passed", sql)
		}
	}
}

// TestDifferencesTakeTheirTime: the limit of other statements does not hold for the one that reads the whole ledger.
func TestDifferencesTakeTheirTime(t *testing.T) {
	t.Parallel()
	address, err := url.Parse(storetest.URL(t))
	if err != nil {
		t.Fatal(err)
	}
	q := address.Query()
	q.Set("statement_timeout", "300")
	address.RawQuery = q.Encode()
	db, err := pgstore.Open(pgstore.Options{URL: address.String(), MaxConns: 2})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	tx, err := db.Pool().Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tx.Exec(t.Context(), "LOCK TABLE balances"); err != nil {
		t.Fatal(err)
	}
	time.AfterFunc(time.Second, func() { _ = tx.Rollback(context.Background()) })
	if _, err := db.Ledger().Differences(t.Context()); err != nil {
		t.Error(err)
	}
}
