package offer

import (
	"fmt"
	"net/url"
	"regexp"
	"strconv"
	"strings"

	"github.com/waypost/waypost/domain/affiliate"
	"github.com/waypost/waypost/domain/errs"
	"github.com/waypost/waypost/domain/field"
)

// LinkInput is what a tracking link carries (contract section 2). Empty values are left out.
type LinkInput struct {
	OfferID       ID
	AffiliateID   affiliate.ID // 0 for an affiliate's own link
	AffClickID    string
	Subs          [10]string
	Source        string
	LandingPageID string
	CreativeID    string
	DeepLink      string
	Coupon        string
}

// Longest values of a link, in bytes.
const (
	maxLinkValue = 255
	maxDeepLink  = 2048
)

// TrackingLink is the address that visitors are sent to. Base is the address of the tracking host, such as
// https://track.example.com. A value that is a traffic source's macro, such as {gclid}, stays legible for it.
func TrackingLink(base string, in LinkInput) (string, error) {
	var c field.Checks
	var b strings.Builder
	b.WriteString(strings.TrimRight(base, "/"))
	fmt.Fprintf(&b, "/click?o=%d&a=%d", in.OfferID, in.AffiliateID)
	add := func(name, value string, most int) {
		if len(value) > most {
			c.Add("body."+name, errs.Invalid("too_long", "must have at most %d bytes", most))
			return
		}
		value, err := field.Text(value, most)
		c.Add("body."+name, err)
		if value == "" {
			return
		}
		b.WriteString("&" + name + "=")
		if sourceMacro.MatchString(value) {
			b.WriteString(value)
		} else {
			b.WriteString(url.QueryEscape(value))
		}
	}
	add("aff_click_id", in.AffClickID, maxLinkValue)
	for i, sub := range in.Subs {
		add("sub"+strconv.Itoa(i+1), sub, maxLinkValue)
	}
	add("source", in.Source, maxLinkValue)
	add("landing_page_id", in.LandingPageID, maxLinkValue)
	add("creative_id", in.CreativeID, maxLinkValue)
	add("deep_link", in.DeepLink, maxDeepLink)
	add("coupon", in.Coupon, maxLinkValue)
	return b.String(), c.Err()
}

// sourceMacro is a whole value that a traffic source or tracker replaces: {x}, {{x}}, ${x}, [x].
var sourceMacro = regexp.MustCompile(`^(\$?\{[\w.:-]+\}|\{\{[\w.:-]+\}\}|\[[\w.:-]+\])$`)
