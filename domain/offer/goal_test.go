package offer_test

import (
	"reflect"
	"testing"

	"github.com/waypost/waypost/domain/money"
	"github.com/waypost/waypost/domain/offer"
)

// TestGoalVersion: any other field is another version, and the same goal read twice is the same.
func TestGoalVersion(t *testing.T) {
	t.Parallel()
	made := func() offer.Goal {
		amount, percent := money.RateFromInt(5), money.RateFromInt(3)
		return offer.Goal{ID: 1, OfferID: 2, Alias: "order", Name: "Order", IsDefault: true, Payout: offer.Rule{Model: offer.ModelHybrid, Amount: &amount, Percent: &percent},
			Revenue: offer.Rule{Model: offer.ModelPostback}, InitialStatus: "hold", HoldDays: 7, Dedupe: offer.DedupeTxID}
	}
	if first, again := made(), made(); first.Version() != again.Version() {
		t.Error("two readings of one goal differ")
	}
	others := map[string]func(*offer.Goal){
		"payout":  func(g *offer.Goal) { six := money.RateFromInt(6); g.Payout.Amount = &six },
		"percent": func(g *offer.Goal) { g.Payout.Percent = nil },
		"revenue": func(g *offer.Goal) { g.Revenue.Model = offer.ModelFixed },
	}
	for i := range reflect.TypeFor[offer.Goal]().NumField() {
		field := reflect.TypeFor[offer.Goal]().Field(i)
		if field.Type.Kind() != reflect.Struct {
			others[field.Name] = func(g *offer.Goal) { reflect.ValueOf(g).Elem().Field(i).SetZero() }
		}
	}
	for name, change := range others {
		g := made()
		if change(&g); g.Version() == made().Version() {
			t.Errorf("%s changed, and the version did not", name)
		}
	}
}
