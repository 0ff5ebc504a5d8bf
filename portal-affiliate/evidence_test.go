package portalaffiliate

import (
	"testing"

	"github.com/waypost/waypost/domain/offer"
	"github.com/waypost/waypost/portal/portaltest"
)

// The value of a sale is on no page of an affiliate whose offer keeps it.
func TestValueOfSaleIsKept(t *testing.T) {
	t.Parallel()
	n := mounted(portaltest.New(t))
	b, of := n.Affiliate(0), n.Results[1].ConversionID.String()
	pages := []string{"/affiliate/conversions/" + of, "/affiliate/trace/" + n.ClickIDs[portaltest.ClickSale]}
	for _, path := range pages {
		b.Get(path).Is(200).Shows("120.00")
	}
	show := func(o *offer.Offer) { o.ShowValue = false }
	if _, _, err := n.Offers.Update(t.Context(), portaltest.System, n.OfferOf[portaltest.Public].ID, show); err != nil {
		t.Fatal(err)
	}
	for _, path := range append(pages, "/affiliate/conversions", "/affiliate/conversions.csv") {
		b.Get(path).Is(200).Lacks("120.00", ",120,", "120 USD", "$120")
	}
	b.Get(pages[0]).Shows("Not shown by this offer")
}
