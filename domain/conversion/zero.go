package conversion

import (
	"slices"
	"strings"
)

// whyZero says why amounts came to nothing: of the names that they are computed from, those that were sent. came is how
// they came, such as "the call carried".
func whyZero(came string, names, sent []string) string {
	missing := slices.DeleteFunc(slices.Clone(names), func(n string) bool { return slices.Contains(sent, n) })
	switch {
	case len(sent) == 0:
		return "recorded with 0.00: " + came + " no " + listed(missing, "or") + ", and the goal adds no amount of its own"
	case len(sent) == 1 && sent[0] == "val":
		return "recorded with 0.00: " + came + " a val but no " + listed(missing, "or") + ", and the goal pays nothing for this value"
	}
	return "recorded with 0.00: " + came + " " + listed(sent, "and") + ", which come to nothing, and the goal adds no amount of its own"
}

// listed joins words as a sentence does.
func listed(words []string, with string) string {
	if len(words) < 2 {
		return strings.Join(words, "")
	}
	return strings.Join(words[:len(words)-1], ", ") + " " + with + " " + words[len(words)-1]
}

var (
	commissionNames = []string{"com", "comperc", "val"}
	revenueNames    = []string{"payout", "com", "comperc", "val"}
)

// sentNames are those of the amounts that made the conversion.
func (c Conversion) sentNames(of []string) (sent []string) {
	carried := map[string]bool{"com": c.Params.Com != "", "comperc": c.Params.ComPerc != "", "payout": c.Params.Payout != "", "val": !c.OriginalVal.IsZero()}
	for _, n := range of {
		if carried[n] {
			sent = append(sent, n)
		}
	}
	return sent
}

// asMade tells a conversion whose amounts are those that it was made with, and known.
func (c Conversion) asMade() bool { return c.AwaitingRate == "" && !c.AmountsAt.After(c.CreatedAt) }

// WhyNoCommission says why a conversion was recorded with nothing for its affiliate; empty where it was not.
func (c Conversion) WhyNoCommission() string {
	if !c.Commission.IsZero() || !c.asMade() {
		return ""
	}
	return whyZero("it came with", commissionNames, c.sentNames(commissionNames))
}

// WhyNoRevenue says why a conversion was recorded with nothing for its advertiser to pay; empty where it was not.
func (c Conversion) WhyNoRevenue() string {
	if !c.Revenue.IsZero() || !c.asMade() {
		return ""
	}
	return whyZero("it came with", revenueNames, c.sentNames(revenueNames))
}

// whyZero is WhyNoCommission of what a line shows of its call.
func (l LogEntry) whyZero() string {
	if !slices.Contains(l.Warnings, warnZeroCommission) || l.ValueHidden {
		return ""
	}
	var sent []string
	for i, p := range []param{paramCom, paramComPerc, paramVal} {
		if l.names(p) {
			sent = append(sent, commissionNames[i])
		}
	}
	return whyZero("the call carried", commissionNames, sent)
}
