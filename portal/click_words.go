package portal

import (
	"strings"

	"github.com/waypost/waypost/domain/click"
)

// clickReasons say why a click does not count.
var clickReasons = map[click.Reason]string{
	click.ReasonOfferNotFound:     "The link names an offer that does not exist.",
	click.ReasonOfferInactive:     "The offer was not active when the visitor came.",
	click.ReasonAffiliateNotFound: "The link names an affiliate that does not exist.",
	click.ReasonAffiliateInactive: "The affiliate's account was not active when the visitor came.",
	click.ReasonNotApproved:       "The affiliate was not approved for this offer when the visitor came.",
	click.ReasonTargeting:         "The visitor is outside of what the offer is for, such as its countries or devices.",
	click.ReasonCap:               "The offer's cap was reached.",
	click.ReasonDuplicate:         "The same visitor had clicked before.",
	click.ReasonFraud:             "The click looked like fraud.",
	click.ReasonRateLimited:       "Too many clicks came from one address.",
}

// ClickReason says in a sentence why a click does not count; empty for one that does.
func ClickReason(r click.Reason) string {
	if text, ok := clickReasons[r]; ok || r == click.ReasonNone {
		return text
	}
	return sentence(strings.ReplaceAll(string(r), "_", " "))
}
