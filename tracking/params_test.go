package tracking

import (
	"net/url"
	"strconv"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/waypost/waypost/domain/click"
)

func TestLinkParameters(t *testing.T) {
	t.Parallel()
	full := click.Click{OfferID: 12, AffiliateID: 34}
	with := func(change func(*click.Click)) click.Click {
		c := full
		change(&c)
		return c
	}
	for query, want := range map[string]click.Click{
		"o=12&a=34":                      full,
		"offer_id=12&affiliate_id=34":    full,
		"offer_id=12&aff_id=34":          full,
		"pid=34&&o=12&foo=bar&":          full,
		"o=12&offer_id=99&pid=99&a=34":   full, // the first name of the contract's list wins
		"offer_id=99&pid=99&o=12&a=34":   full, // wherever it stands
		"o=12&o=99&a=34&a=99":            full, // of a repeated parameter the first
		"o=&offer_id=12&a=&aff_id=34":    full, // an empty one is missing
		"%6f=12&a=34":                    full,
		"o=12&a=34&aff_click_id=x":       with(func(c *click.Click) { c.AffClickID = "x" }),
		"o=12&a=34&click_id=x":           with(func(c *click.Click) { c.AffClickID = "x" }),
		"o=12&a=34&clickid=x":            with(func(c *click.Click) { c.AffClickID = "x" }),
		"o=12&a=34&source=x":             with(func(c *click.Click) { c.Source = "x" }),
		"o=12&a=34&landing_page_id=x":    with(func(c *click.Click) { c.LandingPageID = "x" }),
		"o=12&a=34&link_id=x":            with(func(c *click.Click) { c.LandingPageID = "x" }),
		"o=12&a=34&creative_id=x":        with(func(c *click.Click) { c.CreativeID = "x" }),
		"o=12&a=34&coupon=x":             with(func(c *click.Click) { c.Coupon = "x" }),
		"o=12&a=34&deep_link=x%3Fa%3D1":  with(func(c *click.Click) { c.DeepLink = "x?a=1" }),
		"o=12&a=34&url=x&redirect=y":     with(func(c *click.Click) { c.DeepLink = "x" }),
		"o=12&a=34&redirect=y":           with(func(c *click.Click) { c.DeepLink = "y" }),
		"o=12&a=34&sub1=x&s2=y&sub_id3=": with(func(c *click.Click) { c.Subs[0], c.Subs[1] = "x", "y" }),
		"o=12&a=34&aff_sub=x":            with(func(c *click.Click) { c.Subs[0] = "x" }),
		"o=12&a=34&aff_sub2=x&sub_id10=": with(func(c *click.Click) { c.Subs[1] = "x" }),
		"o=12&a=34&sub_id10=x&s1=1+2%2B": with(func(c *click.Click) { c.Subs[9], c.Subs[0] = "x", "1 2+" }),
		"o=12&a=34&sub1=100%&sub2=%zz;x": with(func(c *click.Click) { c.Subs[0], c.Subs[1] = "100%", "%zz;x" }),
		"o=12&a=34&sub11=x&sub0=y&sub=z": full,
	} {
		var got click.Click
		if err := parseLink(query, &got); err != nil {
			t.Errorf("%s: %v", query, err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", query, diff)
		}
	}
}

// Every name of contract section 2, in the order in which the first present wins wherever it stands.
func TestEveryLinkAlias(t *testing.T) {
	t.Parallel()
	type table struct {
		names []string
		get   func(*click.Click) string
	}
	tables := []table{
		{[]string{"o", "offer_id"}, func(c *click.Click) string { return strconv.FormatInt(int64(c.OfferID), 10) }},
		{[]string{"a", "affiliate_id", "aff_id", "pid"}, func(c *click.Click) string { return strconv.FormatInt(int64(c.AffiliateID), 10) }},
		{[]string{"aff_click_id", "click_id", "clickid"}, func(c *click.Click) string { return c.AffClickID }},
		{[]string{"source"}, func(c *click.Click) string { return c.Source }},
		{[]string{"landing_page_id", "link_id"}, func(c *click.Click) string { return c.LandingPageID }},
		{[]string{"creative_id"}, func(c *click.Click) string { return c.CreativeID }},
		{[]string{"deep_link", "url", "redirect"}, func(c *click.Click) string { return c.DeepLink }},
		{[]string{"coupon"}, func(c *click.Click) string { return c.Coupon }},
	}
	for i := range click.SubCount {
		n := strconv.Itoa(i + 1)
		names := []string{"sub" + n, "sub_id" + n, "aff_sub" + n, "s" + n}
		if i == 0 {
			names = append(names, "aff_sub")
		}
		tables = append(tables, table{names, func(c *click.Click) string { return c.Subs[i] }})
	}
	for _, tc := range tables {
		for i, name := range tc.names {
			query := name + "=1&" + name + "=2"
			for _, later := range tc.names[i+1:] {
				query = later + "=3&" + query
			}
			if tc.names[0] != "o" {
				query += "&o=7"
			}
			if tc.names[0] != "a" {
				query += "&a=7"
			}
			for _, query := range []string{query, "preset=nobody&" + query} { // an unknown preset is ignored, as every unknown thing in a link
				var c click.Click
				if err := parseLink(query, &c); err != nil || tc.get(&c) != "1" {
					t.Errorf("%s: %s is %q, %v", query, tc.names[0], tc.get(&c), err)
				}
			}
		}
	}
	for _, foreign := range []string{"oid=1&affid=2", "o=1&affid=2", "oid=1&a=2", "preset=nobody&oid=1&affid=2", "preset=tune&oid=1&affid=2"} {
		if err := parseLink(foreign, &click.Click{}); err == nil {
			t.Errorf("%s is read without its preset", foreign)
		}
	}
}

func FuzzClickQuery(f *testing.F) {
	f.Add("o=1&a=2", "x", "de-DE,de;q=0.9", "curl/8")
	f.Add("offer_id=1&pid=2&s1=%ff%00&url=https%3A%2F%2F", "x%\x80", ";,", "Mozilla/5.0 (Linux; Android 13; ) (((;;")
	f.Add("preset=everflow&oid=1&affid=2&sub10=x&source_id=%zz&PRESET=cake", "x", "", "")
	f.Add("&&=&o&a=%", strings.Repeat("ü", 200), "", "Mozilla/5.0 (iPhone; CPU iPhone OS ")
	f.Fuzz(func(t *testing.T, query, value, accept, header string) {
		var c click.Click
		_ = parseLink(query, &c)
		if err := parseLink("o=1&a=2&sub1="+url.QueryEscape(value), &c); err != nil {
			t.Fatal(err)
		}
		if utf8.ValidString(value) && !strings.ContainsRune(value, utf8.RuneError) && len(value) <= maxValue &&
			!strings.ContainsFunc(value, unicode.IsControl) && c.Subs[0] != value {
			t.Errorf("sub1 %q became %q", value, c.Subs[0])
		}
		a := parseAgent(clean(header, maxAgent))
		for _, s := range append(c.Subs[:], c.AffClickID, c.Source, c.LandingPageID, c.CreativeID, c.Coupon, a.os, a.browser, a.device,
			language(accept)) {
			if len(s) > maxValue || !utf8.ValidString(s) || strings.ContainsFunc(s, unicode.IsControl) {
				t.Errorf("%q of %q", s, query)
			}
		}
		if len(c.DeepLink) > maxURL || !utf8.ValidString(c.DeepLink) || strings.ContainsFunc(c.DeepLink, unicode.IsControl) {
			t.Errorf("deep link %q", c.DeepLink)
		}
	})
}

func TestAgentsAreForgottenWhenThereAreTooMany(t *testing.T) {
	t.Parallel()
	var cache agentCache
	for i := range 3 * maxAgents {
		cache.parse("agent/" + strings.Repeat("x", i%700) + string(rune('a'+i/700)))
	}
	if n := cache.size.Load(); n > maxAgents+1 {
		t.Errorf("%d agents are remembered", n)
	}
}

func BenchmarkParseLink(b *testing.B) {
	const query = "o=12&a=34&aff_click_id=c384EFV6JHQODRN70575OK6UG5&sub1=summer&sub2=banner+7&source=news&fbclid=IwAR0"
	b.ReportAllocs()
	for b.Loop() {
		var c click.Click
		if err := parseLink(query, &c); err != nil {
			b.Fatal(err)
		}
	}
}
