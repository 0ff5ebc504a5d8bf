package conversion

import (
	"math/rand/v2"
	"testing"

	"github.com/waypost/waypost/domain/ledger"
	"github.com/waypost/waypost/domain/money"
)

// Random walks: whatever moves of status and changes of amounts come after one another, the fold of all postings is
// what the conversion's last state says, in both parties' balances, and every transaction sums to zero.
func TestPostingsFollowTheConversion(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(3, 14))
	for range 2_000 {
		c := Conversion{AffiliateID: 12, AdvertiserID: 7, Test: random.IntN(10) == 0}
		var before *Conversion
		var all []ledger.Posting
		for range 1 + random.IntN(12) {
			c.Status = allStatuses[random.IntN(len(allStatuses))] // more than the state machine allows
			if random.IntN(3) == 0 || before == nil {
				c.Commission = money.NewAmount(int64(random.IntN(4)*100), "USD")
				c.Revenue = money.NewAmount(int64(random.IntN(4)*150), "USD")
			}
			step := Postings(before, c)
			sums := map[ledger.Account]int64{}
			parties := map[ledger.Party]int64{}
			for _, p := range step {
				if err := p.Validate(); err != nil {
					t.Fatal(err)
				}
				sums[p.From] -= p.Amount.Minor()
				sums[p.To] += p.Amount.Minor()
			}
			for account, sum := range sums {
				party := ledger.Party("a12")
				if account == ledger.NetworkRevenue || account[0] == 'd' {
					party = "d7"
				}
				parties[party] += sum
			}
			if parties["a12"] != 0 || parties["d7"] != 0 {
				t.Fatalf("a transaction does not sum to zero: %+v", step)
			}
			if before != nil && *before.lying(before.Commission) == *c.lying(c.Commission) && *before.lying(before.Revenue) == *c.lying(c.Revenue) && len(step) > 0 {
				t.Fatalf("nothing changed, but %+v", step)
			}
			all = append(all, step...)
			was := c
			before = &was
		}
		folded, err := ledger.Fold(all)
		if err != nil {
			t.Fatal(err)
		}
		got := map[ledger.Party]ledger.Balance{}
		for _, b := range folded {
			got[b.Party] = b
		}
		for party, amount := range map[ledger.Party]money.Amount{"a12": c.Commission, "d7": c.Revenue} {
			var pending, approved int64
			switch {
			case c.Test:
			case c.Status == StatusPending || c.Status == StatusHold:
				pending = amount.Minor()
			case c.Status == StatusApproved:
				approved = amount.Minor()
			}
			b := got[party]
			if b.Pending.Minor() != pending || b.Approved.Minor() != approved || b.Invoiced.Minor() != 0 || b.Paid.Minor() != 0 {
				t.Fatalf("%s of a conversion that is %s with %s: %+v after %+v", party, c.Status, amount, b, all)
			}
		}
	}
}

func TestPostings(t *testing.T) {
	t.Parallel()
	base := Conversion{AffiliateID: 12, AdvertiserID: 7, Status: StatusHold, Commission: money.NewAmount(100, "USD"), Revenue: money.NewAmount(120, "USD")}
	with := func(change func(*Conversion)) Conversion {
		c := base
		change(&c)
		return c
	}
	render := func(postings []ledger.Posting) (s string) {
		for _, p := range postings {
			s += string(p.Kind) + " " + string(p.From) + ">" + string(p.To) + " " + p.Amount.String() + "; "
		}
		return s
	}
	for _, c := range []struct {
		name   string
		before *Conversion
		after  Conversion
		want   string
	}{
		{"held", nil, base, "conversion network:commission>a12:pending 1.00; conversion network:revenue>d7:pending 1.20; "},
		{"made approved", nil, with(func(c *Conversion) { c.Status = StatusApproved }),
			"conversion network:commission>a12:approved 1.00; conversion network:revenue>d7:receivable 1.20; "},
		{"made rejected", nil, with(func(c *Conversion) { c.Status = StatusRejected }), ""},
		{"approved", &base, with(func(c *Conversion) { c.Status = StatusApproved }),
			"status_change a12:pending>a12:approved 1.00; status_change d7:pending>d7:receivable 1.20; "},
		{"rejected", &base, with(func(c *Conversion) { c.Status = StatusRejected }),
			"status_change a12:pending>network:commission 1.00; status_change d7:pending>network:revenue 1.20; "},
		{"hold to pending", &base, with(func(c *Conversion) { c.Status = StatusPending }), ""},
		{"another commission, approved", &base, with(func(c *Conversion) { c.Status, c.Commission = StatusApproved, money.NewAmount(50, "USD") }),
			"reversal a12:pending>network:commission 1.00; correction network:commission>a12:approved 0.50; status_change d7:pending>d7:receivable 1.20; "},
		{"no revenue", nil, with(func(c *Conversion) { c.Revenue = money.Zero("USD") }), "conversion network:commission>a12:pending 1.00; "},
		{"another currency", &base, with(func(c *Conversion) { c.Commission = money.NewAmount(100, "EUR") }),
			"reversal a12:pending>network:commission 1.00; correction network:commission>a12:pending 1.00; "},
		{"test", nil, with(func(c *Conversion) { c.Test = true }), ""},
	} {
		if got := render(Postings(c.before, c.after)); got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
}
