package portal_test

import (
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/waypost/waypost/domain/account"
	"github.com/waypost/waypost/portal"
	"github.com/waypost/waypost/portal/portaltest"
)

func reportSite(t *testing.T) *portaltest.Network {
	t.Helper()
	n := portaltest.New(t)
	for _, kind := range []portal.Kind{portal.Admin, portal.Affiliate, portal.Advertiser} {
		n.Portal.Door(n.Echo, portal.Door{Kind: kind, Name: string(kind)}).Reports(n.Reports)
	}
	return n
}

func TestReportsShowEachPartyItsShare(t *testing.T) {
	t.Parallel()
	n := reportSite(t)
	n.Operator(account.RoleViewer).Get("/admin/reports?group=offer,affiliate").Is(200).
		Shows("Lumio Sleep", "Kettle Coffee", "Voss Media", "Total USD", "Total EUR", "Revenue", "Commission", "Profit", "$8.00", "Show API request")
	n.Affiliate(0).Get("/affiliate/reports?group=offer,day").Is(200).
		Shows("Lumio Sleep", "Commission", "EPC").Lacks("Revenue", "Profit", "Secret deals", "$8.00", ">Advertiser<")
	n.Affiliate(0).Get("/affiliate/reports?group=advertiser").Is(422).Shows("There is no report for this")
	n.Advertiser(0).Get("/advertiser/reports?group=affiliate").Is(200).
		Shows("Cost", "Affiliate "+idOf(n.AffiliateOf[0].ID)).Lacks("Revenue", "Commission", "Profit", "EPC", "Voss Media", "Kettle Coffee")
	// What belongs to others is nothing.
	n.Affiliate(0).Get("/affiliate/reports?offer=" + idOf(n.OfferOf[portaltest.Private].ID)).Is(200).Shows("No results with these filters").Lacks("Secret deals")
	n.Advertiser(0).Get("/advertiser/reports?advertiser=" + idOf(n.AdvertiserOf[1].ID)).Is(200).Shows("No results with these filters")
	n.Nobody().Get("/admin/reports").Is(303)
}

func TestReportsLeadOn(t *testing.T) {
	t.Parallel()
	n := reportSite(t)
	op := n.Operator(account.RoleAdmin)
	offer := idOf(n.OfferOf[portaltest.Public].ID)
	page := op.Get("/admin/reports?group=offer,country&sub1=fb-04").Is(200)
	want := map[string]bool{
		"/admin/reports?group=country&offer=" + offer + "&sub1=fb-04":      false, // drill-down
		"/admin/reports?country=DE&group=offer&sub1=fb-04":                 false,
		"/admin/reports?group=country%2Coffer&sub1=fb-04":                  false, // order of the groups
		"/admin/reports?group=country&sub1=fb-04":                          false, // one group less
		"/admin/reports?group=offer%2Ccountry&sort=profit&sub1=fb-04":      false,
		"/admin/reports?group=offer%2Ccountry":                             false, // the chip
		"/admin/reports/file?format=csv&group=offer%2Ccountry&sub1=fb-04":  false,
		"/admin/reports/file?format=xlsx&group=offer%2Ccountry&sub1=fb-04": false,
	}
	for _, href := range page.Links() {
		if _, ok := want[href]; ok {
			want[href] = true
		}
	}
	for href, found := range want {
		if !found {
			t.Errorf("no link to %s in %v", href, page.Links())
		}
	}
	// A day leads to its offers, within that day.
	day := n.Now.Format("2006-01-02")
	op.Get("/admin/reports").Is(200).Shows("so far")
	if page := op.Get("/admin/reports?group=day&from=" + day + "&to=" + day).Is(200); !strings.Contains(page.Body, "/admin/reports?from="+day+"&amp;group=offer&amp;to="+day) {
		t.Errorf("no way from a day to its offers:\n%s", page.Text())
	}
	// One more group, from the page's form.
	op.Get("/admin/reports?group=offer&add=sub1").Is(200).Shows("fb-04", "(unknown)")
	op.Get("/admin/reports?sort=clicks&rising=1&group=affiliate,offer").Is(200).Shows("Blog & Sons")
	op.Get("/admin/reports?group=offer&rows=1&page=2").Is(200).Shows("2–2 of 3 rows", "Previous", "Next")
	op.Get("/admin/reports?group=offer&page=99999999").Is(200).Shows("1–3 of 3 rows")
}

func TestReportsSayWhatIsWrong(t *testing.T) {
	t.Parallel()
	n := reportSite(t)
	op := n.Operator(account.RoleFinance)
	op.Get("/admin/reports?from=2020-01-01").Is(422).Shows("at most 400 days")
	op.Get("/admin/reports?tz=Mars/Base").Is(422).Shows("time zone")
	op.Get("/admin/reports?group=planet").Is(422).Shows("There is no report for this")
	op.Get("/admin/reports?offer=lumio").Is(422)
	op.Get("/admin/reports?currency=EUR&group=offer").Is(200).Shows("Not all could be converted to EUR", "There is no rate from USD on 1 day")
	for _, evil := range []string{"<script>alert(1)</script>", `"><img src=x onerror=alert(1)>`, "{{7*7}}", "javascript:alert(1)"} {
		body := op.Get("/admin/reports?sub1=" + url.QueryEscape(evil)).Is(200).Body
		for _, raw := range []string{"<script>alert", "<img src=x", `href="javascript:`} {
			if strings.Contains(body, raw) {
				t.Errorf("%s stands raw on the page", raw)
			}
		}
	}
	n.Exec(`UPDATE clicks SET subs = '{"<script>alert(1)</script>"}'`)
	op.Get("/admin/reports?group=sub1").Is(200).Shows("<script>alert(1)</script>")
}

// TestReportsSayWhyRowsRepeat: one day in two currencies, and clicks of no offer, would look like a fault.
func TestReportsSayWhyRowsRepeat(t *testing.T) {
	t.Parallel()
	n := reportSite(t)
	const currencies, unknown = "Each currency has a row of its own", "clicks of links that name no offer"
	op := n.Operator(account.RoleFinance)
	op.Get("/admin/reports?group=day").Is(200).Shows(currencies, "Convert money to").Lacks(unknown)
	op.Get("/admin/reports?group=day&rows=1&sort=clicks").Is(200).Shows(currencies) // the other row is on the next page
	op.Get("/admin/reports?group=offer").Is(200).Shows("Total USD", "Total EUR").Lacks(currencies, unknown)
	op.Get("/admin/reports?group=day&offer="+idOf(n.OfferOf[portaltest.Public].ID)).Is(200).Lacks(currencies, unknown)
	n.Exec(`UPDATE clicks SET offer_id = 99999 WHERE click_id = (SELECT click_id FROM clicks WHERE NOT EXISTS (SELECT FROM conversions WHERE conversions.click_id = clicks.click_id) ORDER BY created_at DESC LIMIT 1)`)
	op.Get("/admin/reports?group=day").Is(200).Shows(currencies, unknown)
}

// A long report that is made in the background is known by its page, which links of its mail and of the files lead to.
func TestLongReport(t *testing.T) {
	t.Parallel()
	n := reportSite(t)
	n.Portal.LongSheet = 1
	op := n.Operator(account.RoleViewer)
	files := op.Get("/admin/reports/file?format=xlsx&group=offer%2Caffiliate").To("/admin/account/files").Is(200)
	if !slices.Contains(files.Links(), "/admin/reports?group=offer%2Caffiliate") {
		t.Errorf("no link to the report: %v", files.Links())
	}
	made, err := n.Exports.MakeDue(t.Context(), n.Portal.Make)
	if made != 1 || err != nil || n.Count("SELECT count(*) FROM exports WHERE state = 'ready' AND file_name LIKE 'report-%.xlsx'") != 1 {
		t.Errorf("made %d, %v", made, err)
	}
}

func TestReportsAreFiles(t *testing.T) {
	t.Parallel()
	n := reportSite(t)
	file := n.Operator(account.RoleViewer).Get("/admin/reports/file?group=offer&offer=" + idOf(n.OfferOf[portaltest.Public].ID)).Is(200).Body
	if !strings.HasPrefix(strings.TrimPrefix(file, "\ufeff"), "offer_id,offer_name,currency,clicks,unique_clicks,invalid_clicks,conversions,approved,pending,rejected,cr,epc,revenue,commission,profit") ||
		!strings.Contains(file, "Lumio Sleep") || strings.Contains(file, "Kettle") {
		t.Error(file)
	}
	if file := n.Affiliate(0).Get("/affiliate/reports/file").Is(200).Body; strings.Contains(file, "revenue") || strings.Contains(file, "profit") || !strings.Contains(file, "commission") {
		t.Error(file)
	}
	if file := n.Advertiser(0).Get("/advertiser/reports/file?group=affiliate").Is(200).Body; strings.Contains(file, "commission") || strings.Contains(file, "affiliate_name") {
		t.Error(file)
	}
}
