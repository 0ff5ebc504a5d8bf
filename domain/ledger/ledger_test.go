package ledger_test

import (
	"context"
	"math"
	"testing"

	"github.com/waypost/waypost/domain"
	"github.com/waypost/waypost/domain/account"
	"github.com/waypost/waypost/domain/errs"
	"github.com/waypost/waypost/domain/ledger"
	"github.com/waypost/waypost/domain/money"
)

func TestAccounts(t *testing.T) {
	t.Parallel()
	a, d := ledger.Affiliate(12), ledger.Advertiser(7)
	for bucket, want := range map[ledger.Bucket][2]ledger.Account{
		ledger.BucketPending:  {"a12:pending", "d7:pending"},
		ledger.BucketApproved: {"a12:approved", "d7:receivable"},
		ledger.BucketInvoiced: {"a12:invoiced", "d7:invoiced"},
		ledger.BucketPaid:     {"a12:paid", "d7:received"},
	} {
		if got := [2]ledger.Account{a.Account(bucket), d.Account(bucket)}; got != want {
			t.Errorf("%s: %v, want %v", bucket, got, want)
		}
	}
	if a.Network() != "network:commission" || d.Network() != "network:revenue" {
		t.Errorf("facing accounts %s, %s", a.Network(), d.Network())
	}
}

func posting(p ledger.Party, from, to ledger.Account, minor int64, c money.Currency) ledger.Posting {
	return ledger.Posting{Party: p, From: from, To: to, Amount: money.NewAmount(minor, c)}
}

func TestPostingValidate(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		p  ledger.Posting
		ok bool
	}{
		"from the network": {posting("a12", "network:commission", "a12:pending", 1, "USD"), true},
		"to the network":   {posting("d7", "d7:receivable", "network:revenue", 1, "USD"), true},
		"adjustment":       {posting("a12", "network:adjustment", "a12:approved", 1, "USD"), true},
		"between buckets":  {posting("a12", "a12:pending", "a12:approved", 1, "USD"), true},
		"zero":             {posting("a12", "network:commission", "a12:pending", 0, "USD"), false},
		"negative":         {posting("a12", "network:commission", "a12:pending", -1, "USD"), false},
		"nowhere":          {posting("a12", "a12:pending", "a12:pending", 1, "USD"), false},
		"another party's":  {posting("a12", "network:commission", "a1:pending", 1, "USD"), false},
		"between parties":  {posting("a12", "a12:pending", "a1:pending", 1, "USD"), false},
		"network only":     {posting("a12", "network:commission", "network:revenue", 1, "USD"), false},
		"wrong word":       {posting("a12", "network:commission", "a12:receivable", 1, "USD"), false},
	} {
		if err := c.p.Validate(); (err == nil) != c.ok {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestFold(t *testing.T) {
	t.Parallel()
	got, err := ledger.Fold([]ledger.Posting{
		posting("d7", "network:revenue", "d7:pending", 120, "USD"), posting("a2", "network:commission", "a2:pending", 100, "USD"),
		posting("a2", "a2:pending", "a2:approved", 30, "USD"), posting("a2", "a2:approved", "network:commission", 50, "USD"),
		posting("a2", "network:commission", "a2:approved", 7, "JPY"), posting("a10", "network:commission", "a10:pending", 5, "USD"),
		posting("a10", "a10:pending", "network:commission", 5, "USD"), posting("a2", "a2:approved", "a2:invoiced", 4, "JPY"),
		posting("a2", "a2:invoiced", "a2:paid", 1, "JPY"), posting("d7", "d7:pending", "d7:receivable", 120, "USD"),
	})
	if err != nil {
		t.Fatal(err)
	}
	balance := func(p ledger.Party, c money.Currency, pending, approved, invoiced, paid int64) ledger.Balance {
		return ledger.Balance{Party: p, Currency: c, Pending: money.NewAmount(pending, c), Approved: money.NewAmount(approved, c),
			Invoiced: money.NewAmount(invoiced, c), Paid: money.NewAmount(paid, c)}
	}
	want := []ledger.Balance{balance("a2", "JPY", 0, 3, 3, 1), balance("a2", "USD", 70, -20, 0, 0), balance("d7", "USD", 0, 120, 0, 0)}
	if len(got) != len(want) {
		t.Fatalf("got %v, want %v", got, want)
	}
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("got %v, want %v", got[i], want[i])
		}
	}
	_, err = ledger.Fold([]ledger.Posting{posting("a2", "network:commission", "a2:pending", math.MaxInt64, "USD"), posting("a2", "network:commission", "a2:pending", 1, "USD")})
	if !errs.HasCode(err, "amount_overflow") {
		t.Errorf("overflow: %v", err)
	}
}

// store answers for every party, so that only the service decides who sees what.
type store struct{}

func (store) Entries(context.Context, account.Scope, ledger.Filter, domain.Page) (domain.Slice[ledger.Entry], error) {
	return domain.Slice[ledger.Entry]{Items: make([]ledger.Entry, 1)}, nil
}
func (store) Balances(context.Context, account.Scope, ledger.Party) ([]ledger.Balance, error) {
	return make([]ledger.Balance, 1), nil
}
func (store) Differences(context.Context) ([]ledger.Difference, error) { return nil, nil }

func TestPartiesReadTheirOwn(t *testing.T) {
	t.Parallel()
	s := ledger.NewService(store{})
	affiliate := account.Actor{Role: account.RoleAffiliate, AffiliateID: 7}
	advertiser := account.Actor{Role: account.RoleAdvertiser, AdvertiserID: 7}
	for _, c := range []struct {
		name  string
		actor account.Actor
		party ledger.Party
		kind  errs.Kind
		ok    bool
	}{
		{"own", affiliate, "a7", 0, true}, {"another's", affiliate, "a8", errs.KindNotFound, false}, {"the advertiser's of that number", affiliate, "d7", errs.KindNotFound, false},
		{"own, advertiser", advertiser, "d7", 0, true}, {"affiliate's of that number", advertiser, "a7", errs.KindNotFound, false},
		{"viewer", account.Actor{Role: account.RoleViewer}, "a7", 0, true}, {"system", account.SystemActor("worker"), "d7", 0, true},
		{"nobody", account.Actor{}, "a7", errs.KindForbidden, false}, {"without party", account.Actor{Role: account.RoleAffiliate}, "a0", errs.KindForbidden, false},
	} {
		_, err := s.Entries(context.Background(), c.actor, ledger.Filter{Party: c.party}, domain.Page{})
		_, err2 := s.Balances(context.Background(), c.actor, c.party)
		if (err == nil) != c.ok || (err2 == nil) != c.ok || !c.ok && (!errs.Is(err, c.kind) || !errs.Is(err2, c.kind)) {
			t.Errorf("%s: %v, %v", c.name, err, err2)
		}
	}
}
