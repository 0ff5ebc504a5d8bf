package demo

import (
	"github.com/waypost/waypost/domain/advertiser"
	"github.com/waypost/waypost/domain/money"
	"github.com/waypost/waypost/domain/offer"
)

// company is an advertiser and how its system sends postbacks.
type company struct {
	advertiser.Advertiser
	key     string
	sends   sending
	ip      string            // that its calls come from
	names   map[string]string // its names for our parameters
	words   map[string]string // its words for our statuses
	decides bool              // its people decide on sales themselves, instead of its system at night

	undecided []sale
}

// sending is the form of an advertiser's calls.
type sending int

const (
	byQuery sending = iota
	byForm
	byJSON
)

func companies() []*company {
	percent := money.MustRate
	return []*company{
		{key: "northwind", ip: "203.0.113.10", decides: true, Advertiser: advertiser.Advertiser{Name: "Northwind Shop",
			Email: "partners@northwind.example", Currency: "USD", OverridePercent: percent("25")}},
		{key: "kestrel", ip: "203.0.113.20", names: map[string]string{"goal": "event"}, Advertiser: advertiser.Advertiser{
			Name: "Kestrel Games", Email: "ua@kestrel.example", Currency: "EUR", OverridePercent: percent("30"), PostbackAuth: advertiser.AuthHMAC}},
		{key: "albion", ip: "203.0.113.30", sends: byForm,
			names: map[string]string{"clickid": "click_id", "txid": "order_id", "payout": "revenue"},
			words: map[string]string{"approved": "won", "rejected": "lost", "pending": "open"},
			Advertiser: advertiser.Advertiser{Name: "Albion Insurance", Email: "leads@albion.example", Currency: "GBP",
				OverridePercent: percent("20"), StatusMap: map[string]string{"won": "approved", "lost": "rejected", "open": "pending"}}},
		{key: "sakura", ip: "198.51.100.40", sends: byJSON, names: map[string]string{"clickid": "clickId", "val": "sale_amount", "txid": "action_id"},
			Advertiser: advertiser.Advertiser{Name: "Sakura Mobile", Email: "affiliates@sakura.example", Currency: "JPY",
				OverridePercent: percent("15"), PostbackAuth: advertiser.AuthIP, IPAllowlist: []string{"198.51.100.40/29"}, AlwaysOK: true}},
		{key: "dunes", ip: "203.0.113.50", names: map[string]string{"clickid": "cid", "val": "sum", "txid": "tid"},
			Advertiser: advertiser.Advertiser{Name: "Dunes Delivery", Email: "growth@dunes.example", Currency: "KWD", OverridePercent: percent("40")}},
		{key: "lumen", ip: "203.0.113.60", names: map[string]string{"clickid": "transaction_id", "txid": "adv_sub"},
			Advertiser: advertiser.Advertiser{Name: "Lumen Energy", Email: "sales@lumen.example", Currency: "EUR",
				OverridePercent: percent("12.5"), PostbackAuth: advertiser.AuthNone, IPAllowlist: []string{"203.0.113.60"}}},
		{key: "fjord", ip: "203.0.113.70", names: map[string]string{"val": "amount", "txid": "txn_id"},
			Advertiser: advertiser.Advertiser{Name: "Fjord Travel", Email: "booking@fjord.example", Currency: "USD", OverridePercent: percent("10")}},
	}
}

// product is an offer and what its clicks lead to.
type product struct {
	offer.Offer
	key     string
	company string
	flow    []step
}

// step is one kind of conversion of a product's visitors.
type step struct {
	goal     string // alias; empty = the call names none
	permille int    // of good clicks, or of those that took the step before
	after    int    // minutes until then, typically
	then     bool   // only for those that took the step before
	low      int64  // value of the sale, in minor units; 0 = the call names none
	high     int64
	com      string // com, comperc and payout as the advertiser sends them; empty = it does not
	comperc  string
	payout   string
	status   string   // that it sends; empty = none
	foreign  []string // other currencies that a part of its customers pay in
	noTxID   bool

	onlyForeign bool // all of them do
}

func rule(m offer.Model, amount, percent string) offer.Rule {
	r := offer.Rule{Model: m}
	if amount != "" {
		a := money.MustRate(amount)
		r.Amount = &a
	}
	if percent != "" {
		p := money.MustRate(percent)
		r.Percent = &p
	}
	return r
}

func fixed(amount string) offer.Rule           { return rule(offer.ModelFixed, amount, "") }
func percent(percent string) offer.Rule        { return rule(offer.ModelPercent, "", percent) }
func hybrid(amount, percent string) offer.Rule { return rule(offer.ModelHybrid, amount, percent) }
func asSent() offer.Rule                       { return rule(offer.ModelPostback, "", "") }

const (
	approved = "approved"
	pending  = "pending"
	hold     = "hold"
)
