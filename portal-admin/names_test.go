package portaladmin_test

import (
	"fmt"
	"net/http"
	"reflect"
	"testing"

	"github.com/waypost/waypost/domain/account"
	"github.com/waypost/waypost/portal/portaltest"
)

// TestNamesAtScale: what a page reads to name things does not grow with the network, and every one can be chosen.
func TestNamesAtScale(t *testing.T) {
	t.Parallel()
	n := newPortal(t)
	reads, admin := n.CountReads(), n.Operator(account.RoleAdmin)
	paths := []string{"/conversions", "/conversions/" + n.Results[0].ConversionID.String(), "/conversions/new", "/clicks", "/postback-log", "/deliveries", "/offers", "/offers/1/access", "/offers/1/coupons", "/affiliates/1/offers", "/affiliates/1/postbacks"}
	small := map[string]map[string]int{}
	for _, path := range paths {
		reads.Take()
		admin.Get("/admin" + path).Is(http.StatusOK)
		small[path] = reads.Take()
	}
	const many = 1200
	n.Many(many)
	for _, path := range paths {
		reads.Take()
		admin.Get("/admin" + path).Is(http.StatusOK)
		if now := reads.Take(); !reflect.DeepEqual(now, small[path]) {
			t.Errorf("%s reads %v, before %v", path, now, small[path])
		}
	}
	admin.Get("/admin/conversions").Shows("Lumio Sleep", "Voss Media")
	for _, i := range []int{1, 501, 777, many} {
		id, name := portaltest.ManyFrom+i, fmt.Sprint("Scale ", i)
		for _, kind := range []string{"offer", "affiliate", "advertiser"} {
			for _, q := range []string{fmt.Sprint(id), fmt.Sprintf("scale+%d", i)} {
				if page := admin.Part("/admin/pick/"+kind+"?q="+q, "x").Is(http.StatusOK); len(page.All("div", "data-value", fmt.Sprintf("%d · %s", id, name))) == 0 {
					t.Errorf("%s %s is not offered:\n%s", kind, q, page.Body)
				}
			}
		}
		page := admin.Get(fmt.Sprintf("/admin/conversions?offer=%d&affiliate=%d&advertiser=%d", id, id, id)).Is(http.StatusOK)
		page.Shows("Offer is "+name, "Affiliate is "+name, "Advertiser is "+name)
		for _, field := range []string{"offer", "affiliate", "advertiser"} {
			if got, want := page.Field(field), fmt.Sprintf("%d · %s", id, name); got != want {
				t.Errorf("the field %s holds %q, want %q", field, got, want)
			}
		}
	}
	admin.Part("/admin/pick/conversion?q=1", "x").Is(http.StatusNotFound)
}
