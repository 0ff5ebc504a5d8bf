package conversion

import (
	"context"
	"slices"

	"github.com/waypost/waypost/domain/advertiser"
	"github.com/waypost/waypost/domain/click"
)

// Whose a line of the log is. A call that proved to be from the advertiser of its click is that advertiser's. Of any
// other, the token tells who sent it: a call with a wrong click id stands in the log of who must mend it, and one that
// names the click of another advertiser does not show that one what it says. A token that nobody has, as when it was
// mistyped, leaves the line with the click's advertiser.

// loadHolders asks whose the tokens are of calls that did not prove to be from a click's advertiser.
func (b *batch) loadHolders(ctx context.Context, results []Result) (err error) {
	var tokens []string
	for i, w := range b.works {
		_, c := b.matched(w, &results[i])
		if w.sent.Token != "" && unproved(w, results[i], c) {
			tokens = append(tokens, w.sent.Token)
		}
	}
	if len(tokens) > 0 {
		b.holders, err = b.s.d.Store.TokenHolders(ctx, tokens)
	}
	return err
}

// unproved tells a call that is not known to be from the advertiser of its click. One from an address that is blocked is
// only logged, at no look-up's cost.
func unproved(w *work, r Result, c click.Click) bool {
	return !w.call.Limited && (c.AdvertiserID == 0 || Unauthenticated(r.Code))
}

// owned is what the line says of the parties: those of the click c, unless the call is from somebody else.
func (b *batch) owned(w *work, r Result, c click.Click) click.Click {
	if !unproved(w, r, c) {
		return c
	}
	senders := b.holders[w.sent.Token]
	if !w.call.Rehearsal.IsZero() {
		senders = []advertiser.ID{w.call.InPlaceOf}
	}
	switch {
	case len(senders) == 0 || slices.Contains(senders, c.AdvertiserID):
		return c
	case c.AdvertiserID != 0: // of another's click they learn nothing
		c.OfferID, c.AffiliateID, c.AdvertiserID = 0, 0, 0
	}
	if len(senders) == 1 {
		c.AdvertiserID = senders[0]
	}
	return c
}
