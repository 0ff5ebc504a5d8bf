package postback

import (
	"github.com/waypost/waypost/domain/affiliate"
	"github.com/waypost/waypost/domain/conversion"
)

// Recipient is an active postback as the announcement of a change needs it: with its affiliate's wish.
type Recipient struct {
	Postback Postback // SigningSecret is not loaded
	Fire     affiliate.Fire
}

// specificity ranks a scope: goal before offer before global.
func specificity(p *Postback) int {
	switch {
	case p.GoalID != 0:
		return 2
	case p.OfferID != 0:
		return 1
	}
	return 0
}

// covers tells whether the conversion lies in the scope of an active postback.
func covers(p *Postback, c *conversion.Conversion) bool { return p.Active && inScope(p, c) }

func inScope(p *Postback, c *conversion.Conversion) bool {
	return p.AffiliateID == c.AffiliateID && (p.OfferID == 0 || p.OfferID == c.OfferID) && (p.GoalID == 0 || p.GoalID == c.GoalID)
}

// Select chooses the postbacks that a change fires. A change that made no conversion and moved no status fires none.
// The most specific scope in which the affiliate has an active postback decides alone, even where its postbacks ask
// for other statuses or goals: that is how an affiliate silences an offer. Several postbacks of that scope all fire. With
// affiliate.FireAll every scope counts.
func Select(c *conversion.Change, recipients []Recipient) []*Postback {
	if !c.StatusChanged() {
		return nil
	}
	deciding := 0
	for i := range recipients {
		if r := &recipients[i]; r.Fire != affiliate.FireAll && covers(&r.Postback, &c.Conversion) {
			deciding = max(deciding, specificity(&r.Postback))
		}
	}
	var fired []*Postback
	for i := range recipients {
		p := &recipients[i].Postback
		if covers(p, &c.Conversion) && specificity(p) >= deciding && p.wants(&c.Conversion) {
			fired = append(fired, p)
		}
	}
	return fired
}
