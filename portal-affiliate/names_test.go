package portalaffiliate

import (
	"fmt"
	"net/url"
	"reflect"
	"testing"

	"github.com/waypost/waypost/portal/portaltest"
)

// TestNamesAtScale: an affiliate finds every offer, and pages read as little as with few.
func TestNamesAtScale(t *testing.T) {
	t.Parallel()
	n := mounted(portaltest.New(t))
	reads, a := n.CountReads(), n.Affiliate(0)
	paths := []string{"", "/conversions", "/clicks", "/links", "/postbacks", "/postbacks/new", "/deliveries"}
	small := map[string]map[string]int{}
	for _, path := range paths {
		reads.Take()
		a.Get("/affiliate" + path).Is(200)
		small[path] = reads.Take()
	}
	const many = 1200
	n.Many(many)
	for _, path := range paths {
		reads.Take()
		a.Get("/affiliate" + path).Is(200)
		if now := reads.Take(); !reflect.DeepEqual(now, small[path]) {
			t.Errorf("%s reads %v, before %v", path, now, small[path])
		}
	}
	for _, i := range []int{501, 777, many} {
		id, name := portaltest.ManyFrom+i, fmt.Sprint("Scale ", i)
		chosen := fmt.Sprintf("%d · %s", id, name)
		if page := a.Part(fmt.Sprintf("/affiliate/pick/offer?q=scale+%d", i), "x").Is(200); len(page.All("div", "data-value", chosen)) == 0 {
			t.Errorf("%s is not offered:\n%s", name, page.Body)
		}
		if got := a.Get(fmt.Sprintf("/affiliate/links?offer=%d", id)).Is(200).Field("offer"); got != chosen {
			t.Errorf("the link builder's offer is %q, want %q", got, chosen)
		}
		a.Post("/affiliate/postbacks", url.Values{"url": {"https://tracker.example/?c={aff_click_id}"}, "method": {"GET"}, "statuses": {"approved"}, "offer_id": {chosen}}).Is(303)
		a.Get("/affiliate/postbacks?page=1").Is(200).Shows(name)
	}
	a.Part("/affiliate/pick/affiliate?q=", "x").Is(200).Shows("Voss Media").Lacks("Scale")
	a.Part("/affiliate/pick/advertiser?q=", "x").Is(200).Lacks("Scale", "Lumio")
	a.Get("/affiliate/clicks?offer=lumio").Is(422)
}

// TestPagesSpeakPlainly: no page calls things by bare numbers or by the ledger's own words.
func TestPagesSpeakPlainly(t *testing.T) {
	t.Parallel()
	n := mounted(portaltest.New(t))
	paths := []string{"", "/offers", "/offers/1", "/links", "/conversions", "/clicks", "/balance", "/postbacks", "/postbacks/new", "/postbacks/global", "/deliveries", "/reports", "/trace"}
	for _, r := range n.Results {
		if !r.ConversionID.IsZero() {
			paths = append(paths, "/conversions/"+r.ConversionID.String())
		}
	}
	for _, id := range n.ClickIDs {
		paths = append(paths, "/trace/"+id)
	}
	for _, path := range paths {
		n.Affiliate(0).Get("/affiliate" + path).SpeaksPlainly(path)
	}
}
