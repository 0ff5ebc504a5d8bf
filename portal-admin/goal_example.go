package portaladmin

import (
	"net/http"

	"github.com/waypost/waypost/domain/conversion"
	"github.com/waypost/waypost/domain/errs"
	"github.com/waypost/waypost/domain/money"
	"github.com/waypost/waypost/domain/offer"
	"github.com/waypost/waypost/portal"
	"github.com/waypost/waypost/ui"
)

// exampleView says what a sale of 100 earns by the rules as they stand in the form.
type exampleView struct {
	Action string
	Lines  []ui.Flash
}

func (v exampleView) icon(line ui.Flash) string {
	if line.Kind == ui.Warn {
		return "alert-triangle"
	}
	return "coin"
}

// explainGoal answers the form of a goal while somebody types.
func (a *admin) explainGoal(f *portal.Frame) error {
	o, err := a.findOffer(f)
	if err != nil {
		return err
	}
	var in goalInput
	if err := f.Bind(&in); err != nil {
		if _, ok := portal.FaultsOf(err); !ok { // one that is still being typed
			return err
		}
	}
	v, err := a.example(f, o, in)
	if err != nil {
		return err
	}
	return f.RenderPart(http.StatusOK, goalExample(v))
}

// example computes it as a postback would be computed.
func (a *admin) example(f *portal.Frame, o offer.Offer, in goalInput) (exampleView, error) {
	v := exampleView{Action: offerPath(f, o.ID) + "/goals/explain"}
	var g offer.Goal
	apply, err := in.read()
	if err != nil || lacks(in.PayoutModel, in.PayoutAmount, in.PayoutPct) || lacks(in.RevenueModel, in.RevenueAmount, in.RevenuePct) {
		v.Lines = []ui.Flash{{Kind: ui.Mute, Text: "Type what the rules ask for: what a sale pays by them is shown here."}}
		return v, nil
	}
	apply(&g)
	owner, err := a.Advertisers.Get(f.Context(), f.Actor, o.AdvertiserID)
	if err != nil {
		return v, err
	}
	sale := money.RateFromInt(100)
	e, err := conversion.Earn(g, owner.OverridePercent, o.Currency, conversion.Amounts{Val: &sale}, money.RateFromInt(1))
	if fault, ok := errs.As(err); ok && fault.Kind == errs.KindInvalid {
		v.Lines = []ui.Flash{{Kind: ui.Warn, Text: portal.Sentence(fault.Message)}}
		return v, nil
	}
	if err != nil {
		return v, err
	}
	text := "sale of " + portal.Price(sale, o.Currency) + " pays the affiliate " + portal.Money(e.Commission) + " and brings the network " + portal.Money(e.Revenue) + "."
	switch {
	case g.Payout.Model != offer.ModelPostback:
		text = "A " + text
	case !e.Commission.IsZero():
		text = "Where the postback names no commission, a " + text
	default:
		text = "The commission is what the postback names as com or comperc. One that names neither pays the affiliate nothing."
	}
	v.Lines = append(v.Lines, ui.Flash{Kind: ui.OK, Text: text})
	if e.Revenue.Cmp(e.Commission) < 0 {
		v.Lines = append(v.Lines, ui.Flash{Kind: ui.Warn, Text: "The network then pays more than it earns."})
	}
	return v, nil
}

// lacks tells that a kind of rule misses what it asks for.
func lacks(model offer.Model, amount, percent string) bool {
	needsAmount, needsPercent := model == offer.ModelFixed || model == offer.ModelHybrid, model == offer.ModelPercent || model == offer.ModelHybrid
	return needsAmount && amount == "" || needsPercent && percent == ""
}
