package ledger

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/waypost/waypost/domain/money"
)

// Fold adds postings up to what they change in their parties' balances, one Balance per party and currency, in the
// order in which the rows are locked. Balances that do not change are left out.
func Fold(postings []Posting) ([]Balance, error) {
	type key struct {
		party    Party
		currency money.Currency
	}
	sums := map[key]*Balance{}
	for _, p := range postings {
		k := key{p.Party, p.Amount.Currency()}
		b := sums[k]
		if b == nil {
			zero := money.Zero(k.currency)
			b = &Balance{Party: k.party, Currency: k.currency, Pending: zero, Approved: zero, Invoiced: zero, Paid: zero}
			sums[k] = b
		}
		if err := b.apply(p); err != nil {
			return nil, err
		}
	}
	var folded []Balance
	for _, b := range sums {
		if !b.IsZero() {
			folded = append(folded, *b)
		}
	}
	slices.SortFunc(folded, func(a, b Balance) int {
		return cmp.Or(cmp.Compare(a.Party, b.Party), cmp.Compare(a.Currency, b.Currency))
	})
	return folded, nil
}

// IsZero tells that nothing lies in any bucket.
func (b Balance) IsZero() bool {
	return b.Pending.IsZero() && b.Approved.IsZero() && b.Invoiced.IsZero() && b.Paid.IsZero()
}

func (b *Balance) apply(p Posting) error {
	var err error
	if bucket, ok := p.Party.bucket(p.From); ok {
		at := b.at(bucket)
		if *at, err = at.Sub(p.Amount); err != nil {
			return fmt.Errorf("fold %s: %w", p.From, err)
		}
	}
	if bucket, ok := p.Party.bucket(p.To); ok {
		at := b.at(bucket)
		if *at, err = at.Add(p.Amount); err != nil {
			return fmt.Errorf("fold %s: %w", p.To, err)
		}
	}
	return nil
}

func (b *Balance) at(bucket Bucket) *money.Amount {
	switch bucket {
	case BucketPending:
		return &b.Pending
	case BucketApproved:
		return &b.Approved
	case BucketInvoiced:
		return &b.Invoiced
	}
	return &b.Paid
}
