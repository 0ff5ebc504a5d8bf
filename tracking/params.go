package tracking

import (
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/waypost/waypost/domain/affiliate"
	"github.com/waypost/waypost/domain/click"
	"github.com/waypost/waypost/domain/errs"
	"github.com/waypost/waypost/domain/offer"
	"github.com/waypost/waypost/domain/preset"
)

// Limits of what a visit may bring, in bytes (reliability requirement 26).
const (
	maxValue = 255
	maxAgent = 1 << 10
	maxURL   = 8 << 10
)

// param is a parameter of the tracking link.
type param uint8

const (
	paramOffer param = iota
	paramAffiliate
	paramAffClickID
	paramSource
	paramLandingPage
	paramCreative
	paramDeepLink
	paramCoupon
	paramSub1   // … sub10
	paramPreset = paramSub1 + click.SubCount
	paramEnd    = paramPreset + 1
)

// linkNames are the names of contract section 2. Of several names of one parameter the first in the list wins.
var linkNames = func() [][]string {
	names := [][]string{
		paramOffer:       {"o", "offer_id"},
		paramAffiliate:   {"a", "affiliate_id", "aff_id", "pid"},
		paramAffClickID:  {"aff_click_id", "click_id", "clickid"},
		paramSource:      {"source"},
		paramLandingPage: {"landing_page_id", "link_id"},
		paramCreative:    {"creative_id"},
		paramDeepLink:    {"deep_link", "url", "redirect"},
		paramCoupon:      {"coupon"},
		paramPreset:      {"preset"},
	}
	for i := range click.SubCount {
		n := strconv.Itoa(i + 1)
		names[int(paramSub1)+i] = []string{"sub" + n, "sub_id" + n, "aff_sub" + n, "s" + n}
	}
	names[paramSub1] = append(names[paramSub1], "aff_sub")
	return names
}()

// linkName is a name's parameter and its rank among that parameter's names, 1 first.
type linkName struct {
	param param
	rank  uint8
}

// linkReading is how the names of a link are understood.
type linkReading map[string]linkName

func newLinkReading(names [][]string) linkReading {
	r := linkReading{}
	for p, list := range names {
		for i, name := range list {
			r[name] = linkName{param(p), uint8(i + 1)}
		}
	}
	return r
}

var (
	linkParams = newLinkReading(linkNames)
	// presetLinks are for links that name a preset: its names first, then those of the contract.
	presetLinks = func() map[string]linkReading {
		all := map[string]linkReading{}
		for _, p := range preset.All() {
			if len(p.Link) > 0 {
				all[p.Name] = newLinkReading(preset.Names(linkNames, p.Link))
			}
		}
		return all
	}()
)

// parseLink reads the query of a tracking link into c. Unknown parameters are ignored, empty ones count as missing, of
// a repeated one the first counts. preset=name has the names of another system read first. Errors: missing_offer,
// invalid_offer, missing_affiliate, invalid_affiliate.
func parseLink(query string, c *click.Click) error {
	values := linkParams.read(query)
	if name := values[paramPreset]; name != "" {
		if r := presetLinks[strings.ToLower(name)]; r != nil {
			values = r.read(query)
		}
	}
	o, err := number(values[paramOffer], "offer", "o")
	if err != nil {
		return err
	}
	a, err := number(values[paramAffiliate], "affiliate", "a")
	if err != nil {
		return err
	}
	c.OfferID, c.AffiliateID = offer.ID(o), affiliate.ID(a)
	c.AffClickID = clean(values[paramAffClickID], maxValue)
	c.Source = clean(values[paramSource], maxValue)
	c.LandingPageID = clean(values[paramLandingPage], maxValue)
	c.CreativeID = clean(values[paramCreative], maxValue)
	c.DeepLink = clean(values[paramDeepLink], maxURL)
	c.Coupon = clean(values[paramCoupon], maxValue)
	for i := range c.Subs {
		c.Subs[i] = clean(values[int(paramSub1)+i], maxValue)
	}
	return nil
}

// read gives each parameter's value; "" where the query has none.
func (r linkReading) read(query string) (values [paramEnd]string) {
	var ranks [paramEnd]uint8
	for len(query) > 0 {
		var pair string
		pair, query, _ = strings.Cut(query, "&")
		name, value, _ := strings.Cut(pair, "=")
		known, ok := r[unescape(name)]
		if !ok || value == "" || ranks[known.param] != 0 && ranks[known.param] <= known.rank {
			continue
		}
		values[known.param], ranks[known.param] = unescape(value), known.rank
	}
	return values
}

// number reads an id: decimal digits only.
func number(s, what, name string) (int64, error) {
	if s == "" {
		return 0, errs.Invalid("missing_"+what, "the link names no %s: it needs the parameter %s", what, name)
	}
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return 0, errs.Invalid("invalid_"+what, "parameter %s must be the number of the %s, in digits", name, what)
		}
	}
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil {
		return 0, errs.Invalid("invalid_"+what, "parameter %s is too large for the number of the %s", name, what)
	}
	return n, nil
}

// unescape decodes a part of a query. What is no escape stays as it is: a link with a bare % in a sub id shall work.
func unescape(s string) string {
	if strings.IndexByte(s, '%') < 0 && strings.IndexByte(s, '+') < 0 {
		return s
	}
	b := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == '+':
			b = append(b, ' ')
		case s[i] == '%' && i+2 < len(s) && hexDigit(s[i+1]) < 16 && hexDigit(s[i+2]) < 16:
			b = append(b, hexDigit(s[i+1])<<4|hexDigit(s[i+2]))
			i += 2
		default:
			b = append(b, s[i])
		}
	}
	return string(b)
}

func hexDigit(c byte) byte {
	switch {
	case '0' <= c && c <= '9':
		return c - '0'
	case 'a' <= c|0x20 && c|0x20 <= 'f':
		return c | 0x20 - 'a' + 10
	}
	return 255
}

// clean makes s valid UTF-8 without control characters, of at most max bytes, cut between characters.
func clean(s string, max int) string {
	plain := len(s) <= max
	for i := 0; plain && i < len(s); i++ {
		plain = ' ' <= s[i] && s[i] < 0x7f
	}
	if plain {
		return s
	}
	b := make([]byte, 0, min(len(s), max))
	for _, r := range s {
		switch {
		case r == utf8.RuneError, unicode.IsControl(r): // U+FFFD says that something was lost before; nothing is lost with it
			continue
		case len(b)+utf8.RuneLen(r) > max:
			return string(b)
		}
		b = utf8.AppendRune(b, r)
	}
	return string(b)
}
