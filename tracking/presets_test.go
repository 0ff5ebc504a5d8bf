package tracking

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/waypost/waypost/domain/click"
)

// A link of each system that one migrates from, in the form that its documentation writes, with the ids of this network
// and the preset's name.

func TestScaleo(t *testing.T) {
	t.Parallel()
	wantLink(t, "o=16&a=1&aff_click_id=a3p22snfbg53shfgtekt3s&sub_id1=Google&sub_id5=Ads&aff_param1=p1&aff_param5=p5&link_id=3&creative_id=4"+
		"&deep_link=https://brand.com/catalog/item/123&idfa=x&gaid=y&preset=scaleo",
		click.Click{OfferID: 16, AffiliateID: 1, Facts: click.Facts{AffClickID: "a3p22snfbg53shfgtekt3s",
			Subs:          [10]string{0: "Google", 4: "Ads", 5: "p1", 9: "p5"},
			LandingPageID: "3", CreativeID: "4", DeepLink: "https://brand.com/catalog/item/123"}})
}

func TestEverflow(t *testing.T) {
	t.Parallel()
	wantLink(t, "oid=3&affid=5&sub1=one&sub10=ten&source_id=facebook&creative_id=14&uid=5&coupon_code=SAVE&url=https%3A%2F%2Fshop.example%2Fp&preset=everflow",
		click.Click{OfferID: 3, AffiliateID: 5, Facts: click.Facts{Subs: [10]string{0: "one", 9: "ten"}, Source: "facebook", CreativeID: "14",
			Coupon: "SAVE", DeepLink: "https://shop.example/p"}})
	wantLink(t, "oid=3&o=9&affid=5&a=9&preset=Everflow", click.Click{OfferID: 3, AffiliateID: 5}) // its names come first
	wantLink(t, "o=9&a=8&preset=everflow&source=s", click.Click{OfferID: 9, AffiliateID: 8, Facts: click.Facts{Source: "s"}})
}

func TestTUNE(t *testing.T) {
	t.Parallel()
	wantLink(t, "offer_id=1001&aff_id=2002&aff_click_id=AFFSESSIONID&source=SOURCE&aff_sub=S1&aff_sub2=S2&aff_sub5=S5&google_aid=G&preset=tune",
		click.Click{OfferID: 1001, AffiliateID: 2002, Facts: click.Facts{AffClickID: "AFFSESSIONID", Source: "SOURCE",
			Subs: [10]string{0: "S1", 1: "S2", 4: "S5"}}})
}

func TestAffise(t *testing.T) {
	t.Parallel()
	wantLink(t, "pid=5210&offer_id=132005&ref_id=CLICK&sub1=S1&sub8=S8&redirect=https%3A%2F%2Fshop.example%2Fskirts&os_id=1&ext1=2&preset=affise",
		click.Click{OfferID: 132005, AffiliateID: 5210, Facts: click.Facts{AffClickID: "CLICK", Subs: [10]string{0: "S1", 7: "S8"},
			DeepLink: "https://shop.example/skirts"}})
	wantLink(t, "pid=5210&offer_id=132005&ref_id=ours", click.Click{OfferID: 132005, AffiliateID: 5210}) // only within the preset
}

func TestCAKE(t *testing.T) {
	t.Parallel()
	wantLink(t, "a=1&c=2&s1=sub&s2=session&s5=five&p=c&preset=cake&o=12",
		click.Click{OfferID: 12, AffiliateID: 1, Facts: click.Facts{CreativeID: "2", Subs: [10]string{0: "sub", 1: "session", 4: "five"}}})
}

func wantLink(t *testing.T, query string, want click.Click) {
	t.Helper()
	var got click.Click
	if err := parseLink(query, &got); err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", query, diff)
	}
}
