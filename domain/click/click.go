package click

import (
	"strconv"
	"strings"
	"time"

	"github.com/waypost/waypost/domain/advertiser"
	"github.com/waypost/waypost/domain/affiliate"
	"github.com/waypost/waypost/domain/offer"
)

// Reason says why a click does not qualify; empty for a valid one.
type Reason string

// The reasons of contract section 2.
const (
	ReasonNone              Reason = ""
	ReasonOfferNotFound     Reason = "offer_not_found"
	ReasonOfferInactive     Reason = "offer_inactive"
	ReasonAffiliateNotFound Reason = "affiliate_not_found"
	ReasonAffiliateInactive Reason = "affiliate_inactive"
	ReasonNotApproved       Reason = "not_approved"
	ReasonTargeting         Reason = "targeting"
	ReasonCap               Reason = "cap"
	ReasonDuplicate         Reason = "duplicate"
	ReasonFraud             Reason = "fraud"
	ReasonRateLimited       Reason = "rate_limited"
)

// SubCount is how many sub ids a tracking link may carry.
const SubCount = 10

// Facts is what a visit brought with it. Every text is valid UTF-8 without control characters and cut to its limit.
type Facts struct {
	AffClickID    string // the affiliate's own click id
	Subs          [SubCount]string
	Source        string
	LandingPageID string
	CreativeID    string
	DeepLink      string
	Coupon        string
	IP            string
	UserAgent     string
	Referrer      string
	Language      string // first of Accept-Language, such as "de-DE"
	Country       string // ISO 3166-1 alpha-2, empty if unknown
	Device        string // desktop, mobile, tablet, other
	OS            string
	Browser       string
	Robot         bool // marked, not refused
}

// Click is one visit through a tracking link. Its time is that inside its id, to the millisecond.
type Click struct {
	ID           ID
	OfferID      offer.ID      // as sent; may name no offer
	AffiliateID  affiliate.ID  // as sent; may name no affiliate
	AdvertiserID advertiser.ID // 0 where the offer is unknown
	Reason       Reason
	Facts
}

// Valid tells a click that may earn.
func (c Click) Valid() bool { return c.Reason == ReasonNone }

// CreatedAt is the millisecond inside the id.
func (c Click) CreatedAt() time.Time { return c.ID.Time() }

// Macro is the value of a macro that the click alone decides, "" for one without a value. name is canonical, idText the
// id as clients see it. rand is not among them: it is no fact of the click.
func (c *Click) Macro(name, idText string) string {
	switch name {
	case "click_id":
		return idText
	case "aff_click_id":
		return c.AffClickID
	case "offer_id":
		return strconv.FormatInt(int64(c.OfferID), 10)
	case "affiliate_id":
		return strconv.FormatInt(int64(c.AffiliateID), 10)
	case "source":
		return c.Source
	case "ip":
		return c.IP
	case "country":
		return c.Country
	case "device":
		return c.Device
	case "os":
		return c.OS
	case "browser":
		return c.Browser
	case "language":
		return c.Language
	case "timestamp":
		return strconv.FormatInt(c.CreatedAt().Unix(), 10)
	case "deep_link":
		return c.DeepLink
	case "creative_id":
		return c.CreativeID
	}
	if n, ok := strings.CutPrefix(name, "sub"); ok {
		if i, err := strconv.Atoi(n); err == nil && i >= 1 && i <= SubCount {
			return c.Subs[i-1]
		}
	}
	return ""
}
