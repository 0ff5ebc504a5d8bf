package conversion

import (
	"github.com/waypost/waypost/domain/ledger"
	"github.com/waypost/waypost/domain/money"
)

// Postings are the movements of money between two states of a conversion; before is nil for a new one. Commission and
// its twin, the revenue, move alike, each with its own party. A status that moved carries the money along; an amount
// that changed is taken back from where it lies and posted anew. Tests and zero amounts move nothing.
func Postings(before *Conversion, after Conversion) []ledger.Posting {
	if after.Test {
		return nil
	}
	affiliate, advertiser := ledger.Affiliate(after.AffiliateID), ledger.Advertiser(after.AdvertiserID)
	if before == nil {
		return append(move(affiliate, nil, after.lying(after.Commission)), move(advertiser, nil, after.lying(after.Revenue))...)
	}
	return append(
		move(affiliate, before.lying(before.Commission), after.lying(after.Commission)),
		move(advertiser, before.lying(before.Revenue), after.lying(after.Revenue))...)
}

// lying is where an amount of a conversion is. Held money lies in pending; what was rejected lies nowhere.
type lying struct {
	bucket ledger.Bucket // empty = with the network
	amount money.Amount
}

func (c Conversion) lying(amount money.Amount) *lying {
	l := &lying{amount: amount}
	switch c.Status {
	case StatusPending, StatusHold:
		l.bucket = ledger.BucketPending
	case StatusApproved:
		l.bucket = ledger.BucketApproved
	}
	return l
}

func move(p ledger.Party, from, to *lying) []ledger.Posting {
	place := func(l *lying) ledger.Account {
		if l.bucket == "" {
			return p.Network()
		}
		return p.Account(l.bucket)
	}
	var postings []ledger.Posting
	post := func(from, to ledger.Account, amount money.Amount, kind ledger.Kind) {
		if from != to && !amount.IsZero() {
			postings = append(postings, ledger.Posting{Party: p, From: from, To: to, Amount: amount, Kind: kind})
		}
	}
	switch {
	case from == nil:
		post(p.Network(), place(to), to.amount, ledger.KindConversion)
	case from.amount == to.amount:
		post(place(from), place(to), to.amount, ledger.KindStatusChange)
	default:
		post(place(from), p.Network(), from.amount, ledger.KindReversal)
		post(p.Network(), place(to), to.amount, ledger.KindCorrection)
	}
	return postings
}
