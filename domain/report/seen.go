package report

import "github.com/waypost/waypost/domain/account"

// Seen is which of a report's figures its reader may learn: who earns and who pays do not know what the other does.
type Seen struct {
	Commission bool // and EPC, which is commission per click
	Revenue    bool
	Profit     bool
	Affiliates bool // by name; advertisers know them by their numbers alone
}

// SeenBy is what an actor may learn.
func SeenBy(actor account.Actor) Seen {
	scope := actor.Scope()
	_, affiliate := scope.Affiliate()
	_, advertiser := scope.Advertiser()
	operator := scope.Network()
	return Seen{Commission: operator || affiliate, Revenue: operator || advertiser, Profit: operator, Affiliates: operator || affiliate}
}

// DimensionsOf are those that an actor may group by.
func DimensionsOf(actor account.Actor) []Dimension { return dimensionsOf(actor.Scope()) }
