package conversion

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"iter"
	"slices"
	"strings"
	"time"

	"github.com/waypost/waypost/domain/advertiser"
	"github.com/waypost/waypost/domain/affiliate"
	"github.com/waypost/waypost/domain/click"
	"github.com/waypost/waypost/domain/errs"
	"github.com/waypost/waypost/domain/offer"
)

// CouponTerms is an active coupon, and whether its affiliate may earn.
type CouponTerms struct {
	offer.Coupon
	AffiliateActive bool
}

// couponOf is the code that finds the affiliate of a call. A call that names a click, or brings a pixel's cookie, is
// matched by that alone, and its coupon is only kept.
func couponOf(s Sent) string {
	if s.ClickID != "" {
		return ""
	}
	return strings.TrimSpace(s.Params.Coupon)
}

// loadCoupons reads the coupons that the batch's calls name. It takes no lock: confirmCoupons looks again.
func (b *batch) loadCoupons(ctx context.Context) (err error) {
	var codes []string
	for _, w := range b.works {
		if w.coupon != "" {
			codes = append(codes, w.coupon)
		}
	}
	if len(codes) > 0 {
		b.coupons, err = b.s.d.Store.LoadCoupons(ctx, codes)
	}
	return err
}

// confirmCoupons forgets coupons whose offer was deleted or given to another advertiser since they were read. The terms
// lock the offers, so that from here on they stay.
func (b *batch) confirmCoupons() {
	for code, found := range b.coupons {
		b.coupons[code] = slices.DeleteFunc(found, func(c CouponTerms) bool {
			o, ok := b.terms.Offers[c.OfferID]
			return !ok || o.AdvertiserID != c.AdvertiserID
		})
	}
}

// party is whom a click may concern.
type party struct {
	offer      offer.ID
	advertiser advertiser.ID
	affiliate  affiliate.ID
}

// parties are those that a call may be about.
func (b *batch) parties(w *work) iter.Seq[party] {
	return func(yield func(party) bool) {
		if c, ok := b.clicks[w.clickID]; ok && !yield(party{c.OfferID, c.AdvertiserID, c.AffiliateID}) {
			return
		}
		for _, c := range b.coupons[w.coupon] {
			if !yield(party{c.OfferID, c.AdvertiserID, c.AffiliateID}) {
				return
			}
		}
	}
}

// decideCoupon answers a call that names a coupon and no click, or makes a draft of it with a click minted for it. The
// checks are those of any call. The click is as old as the call, so that no least time can be asked of it; the offer may
// be paused, for the code was given out before. An affiliate who is not active earns nothing: click_not_valid. A call
// that does not prove who sends it belongs to no party, for a code is no secret.
func (b *batch) decideCoupon(w *work) Result {
	found := b.coupons[w.coupon]
	if len(found) == 0 {
		return refused(errs.NotFound("coupon_not_found", "no active coupon has the code %q; send one that exists, or the click id as clickid", cut(w.coupon, 64)))
	}
	c, refusal := b.chooseCoupon(w, found)
	if refusal != nil {
		r := refused(refusal)
		if len(found) == 1 && b.terms.Advertisers[c.AdvertiserID].AlwaysOK {
			r.HTTPStatus = 200
		}
		return r
	}
	minted := c.mint(w.call, w.sent)
	b.minted[w], b.clicks[minted.ID] = minted, minted
	f := b.factsOf(minted)
	f.Offer.MinSeconds = 0
	d, refusal := Decide(w.call, w.sent, f)
	if refusal != nil {
		return refused(refusal)
	}
	switch {
	case d.Sent.TxID == "":
		d.Sent.Warnings = append(slices.Clone(d.Sent.Warnings), warnNoTxID)
	case d.Goal.Dedupe == offer.DedupeClick: // each such call has a click of its own: the order stands for it
		goal := d.Goal
		goal.Dedupe = offer.DedupeTxID
		d.Key = DedupeKey(minted.AdvertiserID, goal, d.Sent.TxID, minted.ID, w.call.ID, d.Sent.Test)
	}
	b.drafts[w] = d
	return Result{}
}

// chooseCoupon finds the coupon whose advertiser the call proves to be from. Of several that it may be from, one that is
// proved by a secret is meant rather than one that is proved by an address, and that rather than one that asks nothing.
func (b *batch) chooseCoupon(w *work, found []CouponTerms) (CouponTerms, *errs.Error) {
	var first *errs.Error
	var best CouponTerms
	strongest, several := -1, false
	for _, c := range found {
		a := b.terms.Advertisers[c.AdvertiserID]
		if err := Authenticate(a, w.call, w.sent); err != nil {
			if first == nil {
				first = err
			}
			continue
		}
		switch strength := authStrength(a.PostbackAuth); {
		case strength > strongest:
			best, strongest, several = c, strength, false
		case strength == strongest:
			several = true
		}
	}
	switch {
	case strongest < 0:
		return found[0], first
	case several:
		return found[0], errs.NotFound("coupon_not_found", "several advertisers have the code %q, and nothing in the call tells which of them sends it; send your token, or the click id", cut(w.coupon, 64))
	}
	return best, nil
}

func authStrength(a advertiser.Auth) int {
	switch a {
	case advertiser.AuthNone:
		return 0
	case advertiser.AuthIP:
		return 1
	}
	return 2
}

// retrySlot is for how long, at most, a call without an order id that says the same as another repeats it.
const retrySlot = 5 * time.Minute

// mint makes the click of a call: the same one however often the call is decided. Calls without an order id that say the
// same within one slot of time share it, so that a retry finds the conversion of its click; two sales differ in some
// parameter, or, where a pixel tells of them, in the visitor's address.
func (c CouponTerms) mint(call Call, s Sent) click.Click {
	at, seed := call.ID.Time(), append([]byte("waypost coupon click v1"), call.ID.UUID[:]...)
	if s.TxID == "" {
		at = at.Truncate(retrySlot)
		seed = c.appendSaid([]byte("waypost coupon click v2"), call, at)
	}
	sum := sha256.Sum256(seed)
	id, _ := click.Mint(at, bytes.NewReader(sum[:])) // the time of an id fits another, the sum is long enough
	minted := click.Click{ID: id, OfferID: c.OfferID, AffiliateID: c.AffiliateID, AdvertiserID: c.AdvertiserID,
		Facts: click.Facts{Coupon: c.Code}}
	if call.Pixel() { // then the caller is the visitor
		minted.IP = cut(call.IP, 64)
	}
	if !c.AffiliateActive {
		minted.Reason = click.ReasonAffiliateInactive
	}
	return minted
}

// appendSaid appends what a call says about a coupon in a slot of time: all its parameters but those that prove its
// sender, in one order, each text after its length.
func (c CouponTerms) appendSaid(dst []byte, call Call, slot time.Time) []byte {
	body, _ := bodyPairs(call.ContentType, call.Body) // one that cannot be read was refused before
	said := slices.DeleteFunc(append(splitPairs(call.RawQuery), body...), func(p pair) bool { return secret(p.name) || p.name == "ts" })
	slices.SortStableFunc(said, func(a, b pair) int { return strings.Compare(a.name, b.name) })
	for _, n := range []int64{slot.Unix(), int64(c.AdvertiserID), int64(c.ID)} {
		dst = binary.AppendVarint(dst, n)
	}
	text := func(s string) { dst = append(binary.AppendUvarint(dst, uint64(len(s))), s...) }
	if call.Pixel() {
		text(call.IP)
	}
	for _, p := range said {
		text(p.name)
		text(p.value)
	}
	return dst
}

// keepMinted stores the minted click of a call that made a conversion; a repeat needs none.
func (b *batch) keepMinted(w *work, r Result) {
	if c, ok := b.minted[w]; ok && r.Status == OutcomeRecorded {
		b.writes.Clicks = append(b.writes.Clicks, c)
	}
}

// matched is the click that the result of a call names, and the parties of the call. A call with a coupon names the
// click of the conversion that it made or repeats; none where it was refused.
func (b *batch) matched(w *work, r *Result) (click.ID, click.Click) {
	if w.coupon == "" {
		return w.clickID, b.clicks[w.clickID]
	}
	minted := b.minted[w]
	if d, ok := b.drafts[w]; ok {
		if c := b.held[d.Key]; c != nil && !r.ConversionID.IsZero() {
			return c.ClickID, minted
		}
		return click.ID{}, minted
	}
	return b.lines[w.call.ID].ClickID, minted
}
