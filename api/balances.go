package api

import (
	"context"
	"net/http"
	"time"

	"github.com/waypost/waypost/domain"
	"github.com/waypost/waypost/domain/account"
	"github.com/waypost/waypost/domain/advertiser"
	"github.com/waypost/waypost/domain/affiliate"
	"github.com/waypost/waypost/domain/ledger"
)

const tagBalances = "Balances"

func (s *service) balanceRoutes() {
	register(s, op{"get-affiliate-balance", http.MethodGet, "/affiliates/{id}/balance", "Read what is owed to an affiliate", tagBalances, 0, nil}, s.getAffiliateBalance)
	register(s, op{"list-affiliate-ledger", http.MethodGet, "/affiliates/{id}/ledger", "List the postings of an affiliate", tagBalances, 0, nil}, s.listAffiliateLedger)
	register(s, op{"get-advertiser-balance", http.MethodGet, "/advertisers/{id}/balance", "Read what an advertiser owes", tagBalances, 0, nil}, s.getAdvertiserBalance)
	register(s, op{"list-advertiser-ledger", http.MethodGet, "/advertisers/{id}/ledger", "List the postings of an advertiser", tagBalances, 0, nil}, s.listAdvertiserLedger)
}

// balanceBody is what lies in an affiliate's accounts in one currency.
type balanceBody struct {
	Currency string `json:"currency" doc:"ISO 4217"`
	Pending  string `json:"pending" csv:"number" doc:"Of conversions that are pending or on hold"`
	Approved string `json:"approved" csv:"number" doc:"Of approved conversions, not invoiced yet"`
	Invoiced string `json:"invoiced" csv:"number" doc:"On an invoice, not paid yet"`
	Paid     string `json:"paid" csv:"number" doc:"Paid out"`
}

func newBalanceBody(b ledger.Balance) balanceBody {
	return balanceBody{Currency: string(b.Currency), Pending: b.Pending.String(), Approved: b.Approved.String(),
		Invoiced: b.Invoiced.String(), Paid: b.Paid.String()}
}

// owedBody is what lies in an advertiser's accounts in one currency.
type owedBody struct {
	Currency   string `json:"currency" doc:"ISO 4217"`
	Pending    string `json:"pending" doc:"Of conversions that are pending or on hold"`
	Receivable string `json:"receivable" doc:"Of approved conversions"`
	Invoiced   string `json:"invoiced" doc:"On an invoice, not received yet"`
	Received   string `json:"received" doc:"Received"`
}

func newOwedBody(b ledger.Balance) owedBody {
	return owedBody{Currency: string(b.Currency), Pending: b.Pending.String(), Receivable: b.Approved.String(),
		Invoiced: b.Invoiced.String(), Received: b.Paid.String()}
}

func (s *service) getAffiliateBalance(ctx context.Context, actor account.Actor, in *affiliateID) (*list[balanceBody], error) {
	party, err := s.affiliateParty(ctx, actor, in.ID)
	if err != nil {
		return nil, err
	}
	return balances(ctx, s, actor, party, newBalanceBody)
}

func (s *service) getAdvertiserBalance(ctx context.Context, actor account.Actor, in *advertiserID) (*list[owedBody], error) {
	party, err := s.advertiserParty(ctx, actor, in.ID)
	if err != nil {
		return nil, err
	}
	return balances(ctx, s, actor, party, newOwedBody)
}

func balances[T any](ctx context.Context, s *service, actor account.Actor, p ledger.Party, body func(ledger.Balance) T) (*list[T], error) {
	found, err := s.Ledger.Balances(ctx, actor, p)
	if err != nil {
		return nil, err
	}
	return newList(domain.Slice[ledger.Balance]{Items: found}, body), nil
}

// affiliateParty is the affiliate's party in the ledger, if the actor may know of the affiliate. An affiliate without
// entries has an empty ledger, one that does not exist has none.
func (s *service) affiliateParty(ctx context.Context, actor account.Actor, id affiliate.ID) (ledger.Party, error) {
	if _, err := s.Affiliates.Get(ctx, actor, id); err != nil {
		return "", err
	}
	return ledger.Affiliate(id), nil
}

// advertiserParty is affiliateParty for an advertiser.
func (s *service) advertiserParty(ctx context.Context, actor account.Actor, id advertiser.ID) (ledger.Party, error) {
	if _, err := s.Advertisers.Get(ctx, actor, id); err != nil {
		return "", err
	}
	return ledger.Advertiser(id), nil
}

// entryBody is one posting: money leaves FromAccount and enters ToAccount.
type entryBody struct {
	ID            string    `json:"id" doc:"Id of the entry"`
	TransactionID string    `json:"transaction_id" doc:"Joins the postings of one deed"`
	At            time.Time `json:"at" doc:"When it happened"`
	Kind          string    `json:"kind" doc:"Why money moved: conversion (one was made), status_change (it moved), reversal (an old amount taken back), correction (the amount after it)"`
	FromAccount   string    `json:"from_account" doc:"Account that the money leaves: a12 is affiliate 12, d7 advertiser 7, network the network"`
	ToAccount     string    `json:"to_account" doc:"Account that the money enters"`
	Amount        string    `json:"amount" doc:"Always positive"`
	Currency      string    `json:"currency" doc:"ISO 4217"`
	ConversionID  *string   `json:"conversion_id" nullable:"true" doc:"The conversion that it comes from; null where there is none"`
	Note          string    `json:"note" doc:"Reason, for people; may be empty"`
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

type affiliateLedger struct {
	ID affiliate.ID `path:"id" doc:"Id of the affiliate"`
	Paging
	Period
}

func (s *service) listAffiliateLedger(ctx context.Context, actor account.Actor, in *affiliateLedger) (*list[entryBody], error) {
	party, err := s.affiliateParty(ctx, actor, in.ID)
	if err != nil {
		return nil, err
	}
	return s.entries(ctx, actor, party, in.Period, in.page())
}

type advertiserLedger struct {
	ID advertiser.ID `path:"id" doc:"Id of the advertiser"`
	Paging
	Period
}

func (s *service) listAdvertiserLedger(ctx context.Context, actor account.Actor, in *advertiserLedger) (*list[entryBody], error) {
	party, err := s.advertiserParty(ctx, actor, in.ID)
	if err != nil {
		return nil, err
	}
	return s.entries(ctx, actor, party, in.Period, in.page())
}

func (s *service) entries(ctx context.Context, actor account.Actor, party ledger.Party, p Period, page domain.Page) (*list[entryBody], error) {
	from, to, err := p.bounds()
	if err != nil {
		return nil, err
	}
	found, err := s.Ledger.Entries(ctx, actor, ledger.Filter{Party: party, From: from, To: to}, page)
	if err != nil {
		return nil, err
	}
	return newList(found, newEntryBody), nil
}
