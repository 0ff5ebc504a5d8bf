package ledger

import (
	"fmt"
	"strconv"
	"strings"
)

// advertiserWords are the buckets whose name differs in an advertiser's accounts.
var advertiserWords = map[Bucket]string{BucketApproved: "receivable", BucketPaid: "received"}

var buckets = [...]Bucket{BucketPending, BucketApproved, BucketInvoiced, BucketPaid}

// isAdvertiser tells an advertiser's party from an affiliate's.
func (p Party) isAdvertiser() bool { return strings.HasPrefix(string(p), "d") }

// Account is the party's account of a bucket: "a12:approved", "d7:receivable".
func (p Party) Account(b Bucket) Account {
	word := string(b)
	if p.isAdvertiser() && advertiserWords[b] != "" {
		word = advertiserWords[b]
	}
	return Account(string(p) + ":" + word)
}

// Network is the network's account that faces the party when it earns or owes.
func (p Party) Network() Account {
	if p.isAdvertiser() {
		return NetworkRevenue
	}
	return NetworkCommission
}

// bucket finds which of the party's buckets an account is; false for the network's accounts and other parties'.
func (p Party) bucket(a Account) (Bucket, bool) {
	for _, b := range buckets {
		if a == p.Account(b) {
			return b, true
		}
	}
	return "", false
}

// Validate is an error for a posting that must never be stored: it is a fault of the rule that made it.
func (p Posting) Validate() error {
	_, from := p.Party.bucket(p.From)
	_, to := p.Party.bucket(p.To)
	network := func(a Account) bool {
		return a == NetworkCommission || a == NetworkRevenue || a == NetworkAdjustment
	}
	switch {
	case p.Amount.Sign() <= 0:
		return fmt.Errorf("posting %s → %s: the amount %s is not positive", p.From, p.To, p.Amount)
	case p.From == p.To, !from && !to, !from && !network(p.From), !to && !network(p.To):
		return fmt.Errorf("posting %s → %s does not belong to party %s", p.From, p.To, p.Party)
	}
	return nil
}

// AffiliateID is the id of an affiliate's party.
func (p Party) AffiliateID() (id int64, ok bool) { return p.id("a") }

// AdvertiserID is the id of an advertiser's party.
func (p Party) AdvertiserID() (id int64, ok bool) { return p.id("d") }

func (p Party) id(kind string) (int64, bool) {
	digits, ok := strings.CutPrefix(string(p), kind)
	id, err := strconv.ParseInt(digits, 10, 64)
	return id, ok && err == nil
}
