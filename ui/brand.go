package ui

import (
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"
)

var hexColour = regexp.MustCompile(`^#?[0-9a-fA-F]{6}$`)

// BrandCSS derives the four brand tokens of both themes from one colour ("#2f57e3"): the fill reaches 3:1 against cards
// and page, the text colour 4.5:1 against them and its tint, and the text on the fill 4.5:1. The result is empty when
// the colour is not six hex digits; it holds nothing but hex digits and fixed words.
func BrandCSS(hex string) string {
	if !hexColour.MatchString(hex) {
		return ""
	}
	base := parseColour(strings.TrimPrefix(hex, "#"))
	light, dark := brandLight(base), brandDark(base)
	return fmt.Sprintf(":root{--brand:light-dark(%s,%s);--brand-ink:light-dark(%s,%s);--brand-soft:light-dark(%s,%s);--on-brand:light-dark(%s,%s)}",
		light.fill, dark.fill, light.ink, dark.ink, light.soft, dark.soft, light.on, dark.on)
}

// colour is sRGB, each part 0 to 1.
type colour struct{ r, g, b float64 }

// tokens are the brand's of one theme.
type tokens struct{ fill, ink, soft, on colour }

// The neutral colours that the brand stands on (css/tokens.css).
var (
	white     = colour{1, 1, 1}
	nearBlack = parseColour("0a0f1f")
	lightPage = parseColour("f5f6f8")
	darkCard  = parseColour("131822")
	darkHover = parseColour("181e2a")
)

func brandLight(base colour) tokens {
	t := tokens{soft: mix(base, white, 0.09)}
	t.fill, t.on = fill(base, []colour{white, lightPage}, -1)
	t.ink = move(base, -1, func(c colour) bool { return reads(c, 4.5, white, lightPage, t.soft) })
	return t
}

func brandDark(base colour) tokens {
	t := tokens{soft: mix(base, darkCard, 0.2)}
	t.fill, t.on = fill(base, []colour{darkCard, darkHover}, 1)
	t.ink = move(base, 1, func(c colour) bool { return reads(c, 4.5, darkCard, darkHover, t.soft) })
	return t
}

// fill moves a colour until it shows on the grounds and carries text, and says which text.
func fill(base colour, grounds []colour, step float64) (c, on colour) {
	c = move(base, step, func(c colour) bool {
		return reads(c, 3, grounds...) && (contrast(c, white) >= 4.5 || contrast(c, nearBlack) >= 4.5)
	})
	if contrast(c, white) >= 4.5 {
		return c, white
	}
	return c, nearBlack
}

// move mixes black (step -1) or white (step 1) in, a hundredth at a time, until ok says so.
func move(base colour, step float64, ok func(colour) bool) colour {
	target := white
	if step < 0 {
		target = colour{}
	}
	for i := range 101 {
		if c := mix(target, base, float64(i)/100).rounded(); ok(c) {
			return c
		}
	}
	return target
}

// mix is share of a and the rest of b.
func mix(a, b colour, share float64) colour {
	part := func(x, y float64) float64 { return x*share + y*(1-share) }
	return colour{part(a.r, b.r), part(a.g, b.g), part(a.b, b.b)}.rounded()
}

// rounded is the colour as its hex digits say it, so that what is measured is what is written.
func (c colour) rounded() colour {
	part := func(x float64) float64 { return math.Round(min(max(x, 0), 1)*255) / 255 }
	return colour{part(c.r), part(c.g), part(c.b)}
}

func (c colour) String() string {
	part := func(x float64) int { return int(math.Round(x * 255)) }
	return fmt.Sprintf("#%02x%02x%02x", part(c.r), part(c.g), part(c.b))
}

func reads(c colour, ratio float64, grounds ...colour) bool {
	for _, ground := range grounds {
		if contrast(c, ground) < ratio {
			return false
		}
	}
	return true
}

// contrast is the ratio of WCAG 2.2, 1 to 21.
func contrast(a, b colour) float64 {
	la, lb := luminance(a), luminance(b)
	return (max(la, lb) + 0.05) / (min(la, lb) + 0.05)
}

func luminance(c colour) float64 {
	linear := func(x float64) float64 {
		if x <= 0.04045 {
			return x / 12.92
		}
		return math.Pow((x+0.055)/1.055, 2.4)
	}
	return 0.2126*linear(c.r) + 0.7152*linear(c.g) + 0.0722*linear(c.b)
}

// parseColour reads six hex digits that are known to be such.
func parseColour(hex string) colour {
	n, _ := strconv.ParseUint(hex, 16, 32)
	part := func(shift uint) float64 { return float64(n>>shift&0xff) / 255 }
	return colour{part(16), part(8), part(0)}
}
