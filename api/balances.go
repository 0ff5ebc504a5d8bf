package api

import (
	"context"
	"net/http"
	"time"

	"github.com/waypost/waypost/domain"
	"github.com/waypost/waypost/domain/account"
	"github.com/waypost/waypost/domain/affiliate"
	"github.com/waypost/waypost/domain/ledger"
)

const tagBalances = "Balances"

func (s *service) balanceRoutes() {
	register(s, op{"get-affiliate-balance", http.MethodGet, "/affiliates/{id}/balance", "Read what is owed to an affiliate", tagBalances, 0, nil}, s.getBalance)
	register(s, op{"list-affiliate-ledger", http.MethodGet, "/affiliates/{id}/ledger", "List the postings of an affiliate", tagBalances, 0, nil}, s.listLedger)
}

// balanceBody is what lies in an affiliate's accounts in one currency.
type balanceBody struct {
	Currency string `json:"currency"`
	Pending  string `json:"pending"`
	Approved string `json:"approved"`
	Invoiced string `json:"invoiced"`
	Paid     string `json:"paid"`
}

func newBalanceBody(b ledger.Balance) balanceBody {
	return balanceBody{Currency: string(b.Currency), Pending: b.Pending.String(), Approved: b.Approved.String(),
		Invoiced: b.Invoiced.String(), Paid: b.Paid.String()}
}

func (s *service) getBalance(ctx context.Context, actor account.Actor, in *affiliateID) (*list[balanceBody], error) {
	party, err := s.affiliateParty(ctx, actor, in.ID)
	if err != nil {
		return nil, err
	}
	balances, err := s.Ledger.Balances(ctx, actor, party)
	if err != nil {
		return nil, err
	}
	return newList(domain.Slice[ledger.Balance]{Items: balances}, newBalanceBody), nil
}

// affiliateParty is the affiliate's party in the ledger, if the actor may know of the affiliate. An affiliate without
// entries has an empty ledger, one that does not exist has none.
func (s *service) affiliateParty(ctx context.Context, actor account.Actor, id affiliate.ID) (ledger.Party, error) {
	if _, err := s.Affiliates.Get(ctx, actor, id); err != nil {
		return "", err
	}
	return ledger.Affiliate(id), nil
}

// entryBody is one posting: money leaves FromAccount and enters ToAccount.
type entryBody struct {
	ID            string    `json:"id"`
	TransactionID string    `json:"transaction_id" doc:"Joins the postings of one deed"`
	At            time.Time `json:"at"`
	Kind          string    `json:"kind"`
	FromAccount   string    `json:"from_account"`
	ToAccount     string    `json:"to_account"`
	Amount        string    `json:"amount"`
	Currency      string    `json:"currency"`
	ConversionID  *string   `json:"conversion_id" nullable:"true"`
	Note          string    `json:"note"`
}

func newEntryBody(e ledger.Entry) entryBody {
	b := entryBody{ID: e.ID.String(), TransactionID: e.TransactionID.String(), At: moment(e.At), Kind: string(e.Kind),
		FromAccount: string(e.From), ToAccount: string(e.To), Amount: e.Amount.String(),
		Currency: string(e.Amount.Currency()), Note: e.Note}
	if !e.ConversionID.IsZero() {
		b.ConversionID = optionalText(e.ConversionID.String())
	}
	return b
}

type ledgerList struct {
	ID affiliate.ID `path:"id"`
	Paging
	Period
}

func (s *service) listLedger(ctx context.Context, actor account.Actor, in *ledgerList) (*list[entryBody], error) {
	party, err := s.affiliateParty(ctx, actor, in.ID)
	if err != nil {
		return nil, err
	}
	from, to, err := in.bounds()
	if err != nil {
		return nil, err
	}
	found, err := s.Ledger.Entries(ctx, actor, ledger.Filter{Party: party, From: from, To: to}, in.page())
	if err != nil {
		return nil, err
	}
	return newList(found, newEntryBody), nil
}
