package offer

import (
	"time"

	"github.com/waypost/waypost/domain/advertiser"
	"github.com/waypost/waypost/domain/affiliate"
	"github.com/waypost/waypost/domain/errs"
	"github.com/waypost/waypost/domain/field"
)

// CouponID names a coupon. Small integers.
type CouponID int64

// maxCoupon is the longest code, in characters; postbacks keep 255 bytes of one.
const maxCoupon = 60

// Coupon is a code that a shop's customers type in. It finds the offer and the affiliate of a sale that came without a
// click (contract section 3). An advertiser has a code once, whatever its case. The operator who made the coupon allowed
// the affiliate to earn by it: no access to the offer is asked for.
type Coupon struct {
	ID           CouponID
	Code         string
	OfferID      ID
	AdvertiserID advertiser.ID // the offer's
	AffiliateID  affiliate.ID
	Active       bool
	CreatedAt    time.Time
	UpdatedAt    time.Time
}

// Validate trims the code and finds what is wrong with the coupon.
func (c *Coupon) Validate() error {
	var checks field.Checks
	code, err := field.Required(c.Code)
	if err == nil {
		code, err = field.Text(code, maxCoupon)
	}
	checks.Add("body.code", err)
	c.Code = code
	if c.OfferID <= 0 {
		checks.Add("body.offer_id", errs.Invalid("required", "must name the offer whose sales the code finds"))
	}
	if c.AffiliateID <= 0 {
		checks.Add("body.affiliate_id", errs.Invalid("required", "must name the affiliate who earns by the code"))
	}
	return checks.Err()
}
