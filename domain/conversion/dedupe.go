package conversion

import (
	"fmt"

	"github.com/waypost/waypost/domain/advertiser"
	"github.com/waypost/waypost/domain/click"
	"github.com/waypost/waypost/domain/offer"
)

// DedupeKey is what makes a call a repeat (contract section 3, Idempotency): advertiser, goal and order id; without an
// order id, or in the mode click, click and goal; in the mode none the call itself. Tests have keys of their own.
func DedupeKey(a advertiser.ID, g offer.Goal, txid string, c click.ID, log LogID, test bool) string {
	prefix := ""
	if test {
		prefix = "test:"
	}
	switch {
	case g.Dedupe == offer.DedupeNone:
		return fmt.Sprintf("%sn:%s", prefix, log)
	case txid == "" || g.Dedupe == offer.DedupeClick:
		return fmt.Sprintf("%sc:%s:%d", prefix, c.UUID(), g.ID)
	}
	return fmt.Sprintf("%st:%d:%d:%s", prefix, a, g.ID, txid) // the free text last: no two triples make one key
}
