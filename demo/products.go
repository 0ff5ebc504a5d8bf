package demo

import "github.com/waypost/waypost/domain/offer"

// products are the offers: every payout and revenue model, way of finding repeats, and visibility.
func products() []*product {
	return []*product{
		{key: "shop", company: "northwind", Offer: offer.Offer{Name: "Northwind: everything for outdoors",
			DestinationURL: "https://shop.northwind.example/landing?cid={click_id}&utm_source={source}&utm_content={sub1}",
			PreviewURL:     "https://shop.northwind.example/", FallbackURL: "https://shop.northwind.example/sorry?from={offer_id}",
			Goals: []offer.Goal{
				{Alias: "sale", Name: "Sale", Payout: percent("8"), Revenue: percent("11"), InitialStatus: pending},
				{Alias: "newsletter", Name: "Newsletter sign-up", Payout: fixed("1.20"), Revenue: fixed("1.60"), InitialStatus: approved, Dedupe: offer.DedupeClick},
			}}, flow: []step{
			{goal: "newsletter", permille: 22, after: 4, noTxID: true},
			{goal: "sale", permille: 34, after: 55, low: 1900, high: 24900, foreign: []string{"EUR", "GBP", "CAD"}},
		}},
		{key: "club", company: "northwind", Offer: offer.Offer{Name: "Northwind Club card",
			DestinationURL: "https://club.northwind.example/join?cid={click_id}", Goals: []offer.Goal{
				{Alias: "card", Name: "Club card", Payout: asSent(), Revenue: asSent(), InitialStatus: approved},
			}}, flow: []step{{permille: 46, after: 12, low: 4900, high: 9900, comperc: "12.5", com: "0"}}},
		{key: "marketplace", company: "northwind", Offer: offer.Offer{Name: "Northwind marketplace sellers", Visibility: offer.VisibilityApproval,
			DestinationURL: "https://sell.northwind.example/start?ref={click_id}&partner={affiliate_id}", Goals: []offer.Goal{
				{Alias: "basket", Name: "Basket", Payout: hybrid("2.00", "3"), Revenue: hybrid("3.00", "4.5"), InitialStatus: approved, Dedupe: offer.DedupeUpdate},
			}}, flow: []step{{goal: "basket", permille: 40, after: 90, low: 2500, high: 18000}}},
		{key: "raiders", company: "kestrel", Offer: offer.Offer{Name: "Sky Raiders (mobile game)", MinSeconds: 15,
			DestinationURL: "https://go.kestrel.example/sky-raiders?clickid={click_id}&site={source}&c={creative_id}",
			FallbackURL:    "https://go.kestrel.example/more-games", Goals: []offer.Goal{
				{Alias: "install", Name: "Install", Payout: fixed("1.80"), Revenue: fixed("2.40"), InitialStatus: approved, Dedupe: offer.DedupeClick},
				{Alias: "level10", Name: "Level 10 reached", Payout: fixed("0.90"), Revenue: fixed("1.10"), InitialStatus: approved, Dedupe: offer.DedupeClick},
				{Alias: "purchase", Name: "In-game purchase", Payout: percent("30"), Revenue: percent("42"), InitialStatus: approved, Dedupe: offer.DedupeNone},
			}}, flow: []step{
			{goal: "install", permille: 95, after: 9, noTxID: true},
			{goal: "level10", permille: 330, after: 1300, then: true, noTxID: true},
			{goal: "purchase", permille: 260, after: 2600, then: true, low: 199, high: 4999, foreign: []string{"USD"}},
		}},
		{key: "duel", company: "kestrel", Offer: offer.Offer{Name: "Card Duel, closed beta", Visibility: offer.VisibilityPrivate,
			DestinationURL: "https://go.kestrel.example/card-duel?clickid={click_id}", Goals: []offer.Goal{
				{Alias: "invite", Name: "Accepted invitation", Payout: fixed("4.00"), Revenue: fixed("5.50"), InitialStatus: hold, HoldDays: 3},
			}}, flow: []step{{goal: "invite", permille: 80, after: 30}}},
		{key: "car", company: "albion", Offer: offer.Offer{Name: "Albion car insurance", Visibility: offer.VisibilityApproval, MinSeconds: 30,
			DestinationURL: "https://quote.albion.example/car?click_id={click_id}&source={affiliate_id}",
			FallbackURL:    "https://quote.albion.example/", Goals: []offer.Goal{
				{Alias: "quote", Name: "Quote asked for", Payout: fixed("14.00"), Revenue: fixed("19.00"), InitialStatus: pending},
				{Alias: "policy", Name: "Policy signed", Payout: fixed("38.00"), Revenue: asSent(), InitialStatus: pending},
			}}, flow: []step{
			{goal: "quote", permille: 62, after: 14, status: pending},
			{goal: "policy", permille: 180, after: 3000, then: true, status: pending, payout: "52.50", low: 32000, high: 98000},
		}},
		{key: "home", company: "albion", Offer: offer.Offer{Name: "Albion home insurance", Visibility: offer.VisibilityApproval,
			DestinationURL: "https://quote.albion.example/home?click_id=#click_id#", Goals: []offer.Goal{
				{Alias: "lead", Name: "Lead", Payout: fixed("22.00"), Revenue: asSent(), InitialStatus: hold, HoldDays: 7},
			}}, flow: []step{{goal: "lead", permille: 38, after: 20}}},
		{key: "sim", company: "sakura", Offer: offer.Offer{Name: "Sakura SIM card", ShowValue: true,
			DestinationURL: "https://sakura.example/sim?clickId={click_id}&lang={language}", Goals: []offer.Goal{
				{Alias: "order", Name: "SIM ordered", Payout: percent("10"), Revenue: percent("14"), InitialStatus: approved},
			}}, flow: []step{{goal: "order", permille: 41, after: 25, low: 980, high: 6980, foreign: []string{"USD"}}}},
		{key: "topup", company: "sakura", Offer: offer.Offer{Name: "Sakura prepaid top-up",
			DestinationURL: "https://sakura.example/topup?clickId={click_id}", Goals: []offer.Goal{
				{Alias: "topup", Name: "Top-ups of a customer", Payout: asSent(), Revenue: asSent(), InitialStatus: approved, Dedupe: offer.DedupeAdd},
			}}, flow: []step{{goal: "topup", permille: 50, after: 200, low: 1000, high: 5000, comperc: "6"}}},
		{key: "firstorder", company: "dunes", Offer: offer.Offer{Name: "Dunes: first order", WindowDays: 7,
			DestinationURL: "https://dunes.example/app?cid={click_id}&deep={deep_link}", Goals: []offer.Goal{
				{Alias: "first", Name: "First order", Payout: fixed("1.250"), Revenue: fixed("1.750"), InitialStatus: approved},
			}}, flow: []step{{permille: 58, after: 240, low: 2500, high: 14000}}},
		{key: "groceries", company: "dunes", Offer: offer.Offer{Name: "Dunes groceries",
			DestinationURL: "https://dunes.example/groceries?cid={click_id}", Goals: []offer.Goal{
				{Alias: "order", Name: "Order", Payout: hybrid("0.500", "2"), Revenue: hybrid("0.700", "2.5"), InitialStatus: approved},
			}}, flow: []step{{permille: 44, after: 120, low: 4000, high: 29000}}},
		{key: "power", company: "lumen", Offer: offer.Offer{Name: "Lumen green power contract", Visibility: offer.VisibilityApproval,
			DestinationURL: "https://lumen.example/switch?tid={click_id}", FallbackURL: "https://lumen.example/", Goals: []offer.Goal{
				{Alias: "contract", Name: "Contract", Payout: fixed("45.00"), Revenue: fixed("60.00"), InitialStatus: hold, HoldDays: 14},
				{Alias: "callback", Name: "Call-back", Payout: fixed("3.50"), Revenue: fixed("4.50"), InitialStatus: approved, Dedupe: offer.DedupeClick},
			}}, flow: []step{
			{goal: "callback", permille: 30, after: 6, noTxID: true},
			{goal: "contract", permille: 18, after: 1500},
		}},
		{key: "cabins", company: "fjord", Offer: offer.Offer{Name: "Fjord cabin bookings",
			DestinationURL: "https://fjord.example/cabins?sub={click_id}", Goals: []offer.Goal{
				{Alias: "booking", Name: "Booking", Payout: percent("5"), Revenue: percent("6.5"), InitialStatus: pending},
			}}, flow: []step{{permille: 26, after: 600, low: 21000, high: 140000, foreign: []string{"EUR"}}}},
		{key: "winter", company: "fjord", Offer: offer.Offer{Name: "Fjord winter campaign",
			DestinationURL: "https://fjord.example/winter?sub={click_id}", FallbackURL: "https://fjord.example/", Goals: []offer.Goal{
				{Alias: "booking", Name: "Booking", Payout: asSent(), Revenue: asSent(), InitialStatus: approved},
			}}, flow: []step{{permille: 30, after: 900, low: 30000, high: 90000, com: "15", payout: "19.50"}}},
	}
}
