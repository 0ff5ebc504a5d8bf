package portaltest

import (
	"context"
	"crypto/rand"
	"net/url"
	"time"

	"github.com/waypost/waypost/domain"
	"github.com/waypost/waypost/domain/account"
	"github.com/waypost/waypost/domain/advertiser"
	"github.com/waypost/waypost/domain/affiliate"
	"github.com/waypost/waypost/domain/click"
	"github.com/waypost/waypost/domain/conversion"
	"github.com/waypost/waypost/domain/money"
	"github.com/waypost/waypost/domain/offer"
	"github.com/waypost/waypost/domain/postback"
)

// Offers by what they are.
const (
	Public   = 0 // Lumio Sleep, USD, goals lead (default: 5.00 for 8.00) and sale (10 % for 15 %, pending)
	Approval = 1 // Kettle Coffee, EUR, one goal (12.50 for 20.00, on hold for 7 days)
	Private  = 2 // Secret deals, USD, of the first advertiser, for the second affiliate alone
)

// Clicks by what became of them. The first six are of the first affiliate.
const (
	ClickLead      = 0 // an approved lead, A-1
	ClickSale      = 1 // a pending sale, A-2
	ClickRejected  = 2 // a lead, A-3, approved and then rejected: "Duplicate customer"
	ClickHeld      = 3 // on hold, A-4, of the offer on approval
	ClickBare      = 4 // nothing came of it
	ClickRefused   = 5 // not counted: ReasonDuplicate
	ClickOther     = 6 // of the second affiliate: an approved lead, B-1
	ClickSecret    = 7 // of the second affiliate and the private offer
	conversionsOfA = 4
)

// Made is what New makes.
type Made struct {
	// Lumio (USD, signs with a token, override 0) and Kettle (EUR).
	AdvertiserOf [2]advertiser.Advertiser
	// Voss Media (approved for the offer on approval) and Blog & Sons (asked for it).
	AffiliateOf [2]affiliate.Affiliate
	OfferOf     [3]offer.Offer
	// Of Voss Media: a global one, and one of the offer on approval whose tracker is broken.
	PostbackOf [2]postback.Postback
	ClickIDs   [8]string           // as clients see them
	Results    []conversion.Result // of the advertisers' calls, B-1, and one with a wrong token

	users map[string]account.User
}

// people makes a user of each role and two of each party's kind, with a browser each.
func (n *Network) people() {
	ctx := context.Background()
	for i, name := range []string{"Lumio", "Kettle"} {
		a, _, err := n.Advertisers.Create(ctx, System, advertiser.Advertiser{Name: name, Email: name + "@shop.example", Currency: []money.Currency{"USD", "EUR"}[i]})
		n.must(err)
		n.AdvertiserOf[i] = a
	}
	for i, name := range []string{"Voss Media", "Blog & Sons"} {
		a, _, err := n.Affiliates.Create(ctx, System, affiliate.Affiliate{Name: name, Email: []string{"voss@media.example", "blog@sons.example"}[i], Currency: "USD"})
		n.must(err)
		n.AffiliateOf[i] = a
	}
	n.users = map[string]account.User{}
	for _, role := range []account.Role{account.RoleAdmin, account.RoleManager, account.RoleFinance, account.RoleViewer} {
		n.AddUser(string(role), account.User{Role: role, Name: "Otto " + string(role)})
	}
	for i := range 2 {
		n.AddUser(key("affiliate", i), account.User{Role: account.RoleAffiliate, AffiliateID: int64(n.AffiliateOf[i].ID), Name: "Clara Voss"})
		n.AddUser(key("advertiser", i), account.User{Role: account.RoleAdvertiser, AdvertiserID: int64(n.AdvertiserOf[i].ID), Name: "Ada Vert"})
	}
}

func (n *Network) catalogue() {
	ctx := context.Background()
	rule := func(model offer.Model, amount, percent string) offer.Rule {
		r := offer.Rule{Model: model}
		if amount != "" {
			v := money.MustRate(amount)
			r.Amount = &v
		}
		if percent != "" {
			v := money.MustRate(percent)
			r.Percent = &v
		}
		return r
	}
	for i, o := range []offer.Offer{
		{AdvertiserID: n.AdvertiserOf[0].ID, Name: "Lumio Sleep", DestinationURL: "https://lumio.example/?c={click_id}", PreviewURL: "https://lumio.example/",
			Visibility: offer.VisibilityPublic, WindowDays: 30, Goals: []offer.Goal{
				{Alias: "lead", Name: "Trial", IsDefault: true, Payout: rule(offer.ModelFixed, "5", ""), Revenue: rule(offer.ModelFixed, "8", ""), InitialStatus: "approved"},
				{Alias: "sale", Name: "First order", Payout: rule(offer.ModelPercent, "", "10"), Revenue: rule(offer.ModelPercent, "", "15"), InitialStatus: "pending"}}},
		{AdvertiserID: n.AdvertiserOf[1].ID, Name: "Kettle Coffee", DestinationURL: "https://kettle.example/?c={click_id}",
			Visibility: offer.VisibilityApproval, Goals: []offer.Goal{
				{Alias: "default", Name: "Order", IsDefault: true, Payout: rule(offer.ModelFixed, "12.5", ""), Revenue: rule(offer.ModelFixed, "20", ""), InitialStatus: "hold", HoldDays: 7}}},
		{AdvertiserID: n.AdvertiserOf[0].ID, Name: "Secret deals", DestinationURL: "https://lumio.example/secret?c={click_id}", Visibility: offer.VisibilityPrivate},
	} {
		o.Status, o.ShowValue = offer.StatusActive, true
		made, _, err := n.Offers.Create(ctx, System, o)
		n.must(err)
		n.OfferOf[i] = made
	}
	for _, a := range []offer.Access{
		{OfferID: n.OfferOf[Approval].ID, AffiliateID: n.AffiliateOf[0].ID, Status: offer.AccessApproved},
		{OfferID: n.OfferOf[Approval].ID, AffiliateID: n.AffiliateOf[1].ID, Status: offer.AccessPending},
		{OfferID: n.OfferOf[Private].ID, AffiliateID: n.AffiliateOf[1].ID, Status: offer.AccessApproved},
	} {
		_, err := n.Offers.SetAccess(ctx, System, a)
		n.must(err)
	}
	for i, p := range []postback.Postback{
		{URL: "https://tracker.example/pb?cid={aff_click_id}&st={status}&payout={payout}&key=hush", Statuses: []conversion.Status{"approved", "rejected"}},
		{URL: "https://broken.example/pb?cid={aff_click_id}", Method: postback.MethodPOST, OfferID: n.OfferOf[Approval].ID,
			Statuses: []conversion.Status{"hold", "approved"}},
	} {
		p.AffiliateID, p.Active = n.AffiliateOf[0].ID, true
		made, _, err := n.Postbacks.Create(ctx, System, p)
		n.must(err)
		n.PostbackOf[i] = made
	}
}

// history is a few hours of traffic that end at noon.
func (n *Network) history() {
	ctx := context.Background()
	for i, c := range []struct {
		affiliate, offer int
		reason           click.Reason
		sub1             string
	}{
		ClickLead: {0, Public, "", "fb-04"}, ClickSale: {0, Public, "", "fb-04"}, ClickRejected: {0, Public, "", "news"}, ClickHeld: {0, Approval, "", "news"},
		ClickBare: {0, Public, "", ""}, ClickRefused: {0, Public, click.ReasonDuplicate, ""}, ClickOther: {1, Public, "", "b"}, ClickSecret: {1, Private, "", ""},
	} {
		facts := click.Facts{AffClickID: "theirs-" + string(rune('0'+i)), IP: "198.51.100." + string(rune('1'+i)), UserAgent: "Mozilla/5.0", Country: "DE", Device: "mobile", OS: "iOS", Browser: "Safari"}
		facts.Subs[0] = c.sub1
		n.ClickIDs[i] = n.Click(n.AffiliateOf[c.affiliate].ID, n.OfferOf[c.offer], n.Now.Add(time.Duration(i-60)*time.Minute), c.reason, facts)
	}
	at := func(minutes int) time.Time { return n.Now.Add(time.Duration(minutes-30) * time.Minute) }
	n.Results = []conversion.Result{
		n.Call(0, at(0), "clickid", n.ClickIDs[ClickLead], "txid", "A-1"),
		n.Call(0, at(1), "clickid", n.ClickIDs[ClickSale], "txid", "A-2", "goal", "sale", "val", "120.00"),
		n.Call(0, at(2), "clickid", n.ClickIDs[ClickRejected], "txid", "A-3"),
		n.Call(1, at(3), "clickid", n.ClickIDs[ClickHeld], "txid", "A-4"),
		n.Call(0, at(4), "clickid", n.ClickIDs[ClickOther], "txid", "B-1"),
		n.Call(0, at(5), "clickid", n.ClickIDs[ClickBare], "txid", "A-5", "token", "wrong"),
	}
	for i, r := range n.Results[:conversionsOfA+1] {
		if r.Status != conversion.OutcomeRecorded {
			n.Fatalf("call %d: %s %s", i, r.Code, r.Message)
		}
	}
	n.Deliver("tracker.example:443", "broken.example:443")
	_, err := n.Conversions.ChangeStatus(ctx, System, n.Results[ClickRejected].ConversionID, conversion.StatusRejected, "Duplicate customer", true)
	n.must(err)
	n.Deliver("tracker.example:443")
}

// Deliver sends what is due for hosts, named as "tracker.example:443".
func (n *Network) Deliver(hosts ...string) {
	n.Helper()
	for _, host := range hosts {
		_, err := n.Postbacks.DeliverHost(context.Background(), host)
		n.must(err)
	}
}

// Click stores a click and gives its id as clients see it.
func (n *Network) Click(a affiliate.ID, o offer.Offer, at time.Time, reason click.Reason, facts click.Facts) string {
	n.Helper()
	id, err := click.Mint(at, rand.Reader)
	n.must(err)
	c := click.Click{ID: id, OfferID: o.ID, AffiliateID: a, AdvertiserID: o.AdvertiserID, Reason: reason, Facts: facts}
	n.must(n.DB.Clicks().LoadClicks(context.Background(), []click.Click{c}))
	return n.Signer.Text(id)
}

// Call is what an advertiser (0 or 1) calls /postback with; params are pairs of name and value, over its token.
func (n *Network) Call(by int, at time.Time, params ...string) conversion.Result {
	n.Helper()
	q := url.Values{"token": {n.AdvertiserOf[by].PostbackToken}}
	for i := 0; i+1 < len(params); i += 2 {
		q.Set(params[i], params[i+1])
	}
	id, err := domain.NewUUID(at, rand.Reader)
	n.must(err)
	r := n.Conversions.RecordBatch(context.Background(), []conversion.Call{{ID: conversion.LogID{UUID: id}, ReceivedAt: at.Truncate(time.Millisecond),
		Method: "GET", Path: "/postback", RawQuery: q.Encode(), IP: "203.0.113.9"}})[0]
	if r.Err != nil {
		n.Fatalf("call: %v", r.Err)
	}
	return r
}
