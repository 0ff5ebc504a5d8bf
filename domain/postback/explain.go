package postback

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/waypost/waypost/domain/account"
	"github.com/waypost/waypost/domain/affiliate"
	"github.com/waypost/waypost/domain/conversion"
)

// Explanation says whether a postback was told of a status that a conversion took, and why not.
type Explanation struct {
	PostbackID ID
	Fired      bool
	Why        string // a sentence; empty where it fired
}

// Explain says of each postback whose scope the conversion lies in, inactive ones included, whether it was told that the
// conversion took this status at this time. fired tells those that have a delivery of it. What a postback was like at
// the time is not kept, so the reasons are those of today.
func Explain(c *conversion.Conversion, at time.Time, recipients []Recipient, fired func(ID) bool) []Explanation {
	var decides *Postback // the most specific active one
	for i := range recipients {
		r := &recipients[i]
		if r.Fire != affiliate.FireAll && covers(&r.Postback, c) && (decides == nil || specificity(&r.Postback) > specificity(decides)) {
			decides = &r.Postback
		}
	}
	var all []Explanation
	for i := range recipients {
		p := &recipients[i].Postback
		if !inScope(p, c) {
			continue
		}
		e := Explanation{PostbackID: p.ID, Fired: fired(p.ID)}
		if !e.Fired {
			e.Why = why(p, c, at, decides)
		}
		all = append(all, e)
	}
	return all
}

func why(p *Postback, c *conversion.Conversion, at time.Time, decides *Postback) string {
	switch {
	case !p.Active && p.PausedReason != "":
		return fmt.Sprintf("it is paused: %s", p.PausedReason)
	case !p.Active:
		return "it is not active"
	case !slices.Contains(p.Statuses, c.Status):
		return fmt.Sprintf("it asks for %s, not for %s", listed(p.Statuses), c.Status)
	case !p.wants(c):
		return fmt.Sprintf("it asks for other goals than %d", c.GoalID)
	case decides != nil && specificity(decides) > specificity(p):
		return fmt.Sprintf("postback %d is for this %s alone and decides", decides.ID, []string{"network", "offer", "goal"}[specificity(decides)])
	case p.CreatedAt.After(at):
		return "it was made after this; a back-fill sends it"
	case p.UpdatedAt.After(at):
		return "it was changed after this; as it is now it would fire, and a back-fill sends it"
	}
	return "this status was set without postbacks; a back-fill sends it"
}

func listed(statuses []conversion.Status) string {
	words := make([]string, len(statuses))
	for i, s := range statuses {
		words[i] = string(s)
	}
	return strings.Join(words, ", ")
}

// maxKnown bounds how many postbacks of one affiliate an explanation looks at: the newest.
const maxKnown = 500

// Known are an affiliate's postbacks, inactive ones included, newest first, for Explain.
func (s *Service) Known(ctx context.Context, actor account.Actor, id affiliate.ID) ([]Recipient, error) {
	if err := actor.Require(account.PermissionReadTraffic); err != nil {
		return nil, err
	}
	return s.Store.Known(ctx, actor.Scope(), id, maxKnown)
}
