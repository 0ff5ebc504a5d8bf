package offer_test

import (
	"net/url"
	"strings"
	"testing"

	"github.com/waypost/waypost/domain/errs"
	"github.com/waypost/waypost/domain/offer"
)

func TestTrackingLink(t *testing.T) {
	t.Parallel()
	link, err := offer.TrackingLink("https://trk.example/", offer.LinkInput{
		OfferID: 7, AffiliateID: 12, AffClickID: "{gclid}", Subs: [10]string{"a b", "", "x&o=9", 9: "{{ad.id}}"},
		Source: "news letter", DeepLink: "https://shop.example/p?id=1&x=2", Coupon: "[code]", CreativeID: "${zone}",
	})
	want := "https://trk.example/click?o=7&a=12&aff_click_id={gclid}&sub1=a+b&sub3=x%26o%3D9&sub10={{ad.id}}" +
		"&source=news+letter&creative_id=${zone}&deep_link=https%3A%2F%2Fshop.example%2Fp%3Fid%3D1%26x%3D2&coupon=[code]"
	if err != nil || link != want {
		t.Errorf("got  %s, %v\nwant %s", link, err, want)
	}
}

func TestTrackingLinkRefuses(t *testing.T) {
	t.Parallel()
	_, err := offer.TrackingLink("https://trk.example", offer.LinkInput{Subs: [10]string{2: strings.Repeat("x", 256), 3: "a\x00b"}})
	e, _ := errs.As(err)
	if e == nil || len(e.Fields) != 2 || e.Fields[0].Location != "body.sub3" || e.Fields[1].Location != "body.sub4" {
		t.Errorf("got %+v", e)
	}
}

// Whatever a value holds, the link reads back as that value and nothing else.
func FuzzTrackingLink(f *testing.F) {
	for _, s := range []string{"", "a", "a b", "&o=9", "#x", "%41", "{gclid}", "{{x}}", "[x]", "${x}", "+", "ä", "{a}&o=2"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		link, err := offer.TrackingLink("https://trk.example", offer.LinkInput{OfferID: 7, AffiliateID: 12, Subs: [10]string{s}})
		if err != nil {
			return
		}
		u, err := url.Parse(link)
		if err != nil {
			t.Fatalf("link %q: %v", link, err)
		}
		q, err := url.ParseQuery(u.RawQuery)
		if err != nil || u.Host != "trk.example" || u.Fragment != "" || len(q["o"]) != 1 || q.Get("o") != "7" || q.Get("a") != "12" || len(q) > 3 {
			t.Errorf("link %q reads as %v, %v", link, q, err)
		}
		if got := q.Get("sub1"); got != strings.TrimSpace(s) {
			t.Errorf("sub1 %q reads as %q", s, got)
		}
	})
}
