package portalaffiliate

import (
	"strconv"
	"strings"

	"github.com/a-h/templ"

	"github.com/waypost/waypost/domain/affiliate"
	"github.com/waypost/waypost/domain/money"
	"github.com/waypost/waypost/domain/offer"
	"github.com/waypost/waypost/portal"
	"github.com/waypost/waypost/ui"
)

// namesOf reads the names of the offers that the rows name.
func namesOf[T any](f *portal.Frame, rows []T, of func(T) offer.ID, more ...offer.ID) (portal.Names, error) {
	for _, row := range rows {
		more = append(more, of(row))
	}
	return f.Names(portal.NameIDs{Offers: more})
}

// commissionText is what a goal earns: "€12.50", "10% of the sale", "$1.00 + 10%".
func commissionText(r offer.Rule, c money.Currency) string {
	var amount, percent string
	if r.Amount != nil {
		amount = portal.Price(*r.Amount, c)
	}
	if r.Percent != nil {
		percent = r.Percent.String() + "%"
	}
	switch r.Model {
	case offer.ModelFixed:
		return amount
	case offer.ModelPercent:
		return percent + " of the sale"
	case offer.ModelHybrid:
		return amount + " + " + percent + " of the sale"
	}
	return "Set with each conversion"
}

// commissionLine sums up what an offer's goals earn, for a line of a list.
func commissionLine(o offer.Offer) string {
	const most = 2
	var parts []string
	for i, g := range o.Goals {
		if i == most {
			parts = append(parts, portal.Counted(len(o.Goals)-most, "more goal"))
			break
		}
		text := commissionText(g.Payout, o.Currency)
		if len(o.Goals) > 1 {
			text = goalName(g) + " " + text
		}
		parts = append(parts, text)
	}
	return strings.Join(parts, " · ")
}

// firstStatus is what happens to a conversion of a goal at first.
func firstStatus(g offer.Goal) string {
	switch g.InitialStatus {
	case "pending":
		return "Pending, until it is checked"
	case "hold":
		return "On hold for " + portal.Counted(g.HoldDays, "day") + ", then approved"
	}
	return "Approved at once"
}

// accesses are the answers to the affiliate's requests.
type accesses map[offer.ID]offer.AccessStatus

// mayRun tells whether the affiliate may run an offer that it sees.
func (a accesses) mayRun(o offer.Offer) bool {
	return o.Visibility == offer.VisibilityPublic || a[o.ID] == offer.AccessApproved
}

// mayAsk tells whether it may apply for it.
func (a accesses) mayAsk(o offer.Offer) bool { return !a.mayRun(o) && a[o.ID] == "" }

// badge says how the affiliate stands with an offer.
func (a accesses) badge(o offer.Offer) (ui.Kind, string) {
	switch status := a[o.ID]; {
	case o.Visibility == offer.VisibilityPublic:
		return ui.OK, "Open to all"
	case status == "":
		return ui.Mute, "Needs approval"
	default:
		word := ui.StatusOf(ui.Access, string(status))
		return word.Kind, word.Word
	}
}

func idText[ID ~int64](id ID) string {
	if id == 0 {
		return ""
	}
	return strconv.FormatInt(int64(id), 10)
}

// webAddress is an address that a link may lead to: of the web, never a script.
func webAddress(address string) string {
	if strings.HasPrefix(address, "https://") || strings.HasPrefix(address, "http://") {
		return address
	}
	return ""
}

// joined is the texts that are not empty, with dots between them.
func joined(texts ...string) string {
	var some []string
	for _, text := range texts {
		if text != "" {
			some = append(some, text)
		}
	}
	return strings.Join(some, " · ")
}

// withActions puts something at the end of a filter bar.
func withActions(bar ui.Filter, actions templ.Component) ui.Filter {
	bar.Actions = actions
	return bar
}

// self is the affiliate whose portal this is.
func self(f *portal.Frame) affiliate.ID { return affiliate.ID(f.Actor.AffiliateID) }
