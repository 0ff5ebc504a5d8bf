package ledger

import (
	"fmt"
	"time"

	"github.com/waypost/waypost/domain"
	"github.com/waypost/waypost/domain/advertiser"
	"github.com/waypost/waypost/domain/affiliate"
	"github.com/waypost/waypost/domain/money"
)

// ID names an entry.
type ID struct{ domain.UUID }

// TransactionID joins the entries that one deed wrote.
type TransactionID struct{ domain.UUID }

// Party is the owner of a set of accounts: "a12" is affiliate 12, "d7" advertiser 7. It is the account_id of the
// account tables and the key that they are distributed by.
type Party string

// Affiliate is the party of an affiliate.
func Affiliate(id affiliate.ID) Party { return Party(fmt.Sprintf("a%d", id)) }

// Advertiser is the party of an advertiser.
func Advertiser(id advertiser.ID) Party { return Party(fmt.Sprintf("d%d", id)) }

// Bucket is the stage that money lies in. An advertiser's approved money is called receivable and its paid money
// received; both parties share the four columns of a balance.
type Bucket string

// The buckets, in the order money walks through them.
const (
	BucketPending  Bucket = "pending"
	BucketApproved Bucket = "approved"
	BucketInvoiced Bucket = "invoiced"
	BucketPaid     Bucket = "paid"
)

// Account is one end of a posting: "a12:approved", "d7:receivable", "network:commission".
type Account string

// The network's own accounts.
const (
	NetworkCommission Account = "network:commission"
	NetworkRevenue    Account = "network:revenue"
	NetworkAdjustment Account = "network:adjustment"
)

// Kind says which deed moved the money.
type Kind string

// The kinds of postings that conversions make.
const (
	KindConversion   Kind = "conversion"    // a conversion was made
	KindStatusChange Kind = "status_change" // its status moved
	KindReversal     Kind = "reversal"      // the old amount is taken back before a new one is posted
	KindCorrection   Kind = "correction"    // the new amount after a reversal
)

// Posting moves one positive amount from one account to another, so every sum is zero by construction.
type Posting struct {
	Party  Party
	From   Account
	To     Account
	Amount money.Amount
	Kind   Kind
}

// Entry is a stored posting. Entries are only ever appended.
type Entry struct {
	Posting
	ID            ID
	TransactionID TransactionID
	ConversionID  domain.UUID // zero where there is none
	ClickID       domain.UUID // zero where there is none
	Note          string
	At            time.Time
}

// Balance is the fold of a party's entries in one currency.
type Balance struct {
	Party    Party
	Currency money.Currency
	Pending  money.Amount
	Approved money.Amount // receivable, of an advertiser
	Invoiced money.Amount
	Paid     money.Amount // received, of an advertiser
}
