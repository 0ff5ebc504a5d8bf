package portalaffiliate

import (
	"context"
	"fmt"
	"net/url"
	"strings"
	"testing"

	"github.com/waypost/waypost/domain"
	"github.com/waypost/waypost/domain/account"
	"github.com/waypost/waypost/domain/affiliate"
	"github.com/waypost/waypost/domain/click"
	"github.com/waypost/waypost/domain/conversion"
	"github.com/waypost/waypost/domain/offer"
	"github.com/waypost/waypost/portal/portaltest"
)

// mounted is a network with the whole portal.
func mounted(n *portaltest.Network) *portaltest.Network {
	Mount(n.Portal, n.Echo, Deps{Affiliates: n.Affiliates, Offers: n.Offers, Coupons: n.Coupons, Clicks: n.Clicks, Conversions: n.Conversions, Postbacks: n.Postbacks, Ledger: n.Ledger,
		Reports: n.Reports, History: n.History, Search: n.Search, Traces: n.Traces, TraceLinks: n.TraceLinks})
	return n
}

func TestDashboard(t *testing.T) {
	t.Parallel()
	n := mounted(portaltest.New(t))
	n.Exec(`INSERT INTO exchange_rates (date, base, quote, rate, source) VALUES (current_date - 2, 'EUR', 'USD', 2, 'manual')`)
	page := n.Affiliate(0).Get("/affiliate").Is(200)
	// 5.00 of the lead, 12.00 of the pending sale, 12.50 EUR on hold at 2; the rejected lead earns nothing. 5 clicks count.
	page.Shows("Earnings $42.00", "Clicks 5", "Conversions 4", "Conversion rate 80.00%", "EPC $8.4000", "Lumio Sleep", "Kettle Coffee", "$25.00", "All 2 offers",
		"Balance in USD", "$5.00", "$12.00", "Balance in EUR", "€12.50", "Rejected", "sub1 = fb-04", "Earnings per day")
	page.Lacks("Secret deals", "Revenue", "revenue", "Some earnings are left out", "Your way to the first conversion", "B-1")
	n.Affiliate(0).Get("/affiliate?metric=clicks&by=week&compare=none").Is(200).Shows("Clicks per week")
	n.Affiliate(0).Get("/affiliate?metric=nonsense&by=x").Is(200).Shows("Earnings per day")
	n.Affiliate(0).Get("/affiliate?from=2020-13-99&to=..").Is(422)
	if part := n.Affiliate(0).Part("/affiliate?metric=cr", "figures").Is(200); strings.Contains(part.Body, "<h1") || !strings.Contains(part.Body, "Conversion rate per day") {
		t.Errorf("the part is\n%s", part.Body)
	}
	n.Exec(`DELETE FROM exchange_rates`)
	n.Affiliate(0).Get("/affiliate").Is(200).Shows("Some earnings are left out", "Earnings $17.00")
}

// TestClosedOffersHaveNoLink: what is no longer open to an affiliate keeps its name, but nothing leads to its page.
func TestClosedOffersHaveNoLink(t *testing.T) {
	t.Parallel()
	n := mounted(portaltest.New(t))
	page := fmt.Sprintf("/affiliate/offers/%d", n.OfferOf[0].ID)
	link, leading := `href="`+page+`"`, []string{"/affiliate", "/affiliate/conversions/" + n.Results[0].ConversionID.String()}
	n.Affiliate(0).Get(page).Is(200)
	for _, path := range leading {
		if !strings.Contains(n.Affiliate(0).Get(path).Is(200).Body, link) {
			t.Errorf("%s does not lead to the open offer", path)
		}
	}
	for _, closed := range []string{
		`UPDATE advertisers SET status = 'paused'`, `UPDATE advertisers SET status = 'active'; UPDATE offers SET status = 'paused'`,
		`UPDATE offers SET status = 'active', visibility = 'private'; DELETE FROM offer_access`,
	} {
		for one := range strings.SplitSeq(closed, "; ") {
			n.Exec(one)
		}
		n.Affiliate(0).Get(page).Is(404)
		for _, path := range leading {
			n.Affiliate(0).Get(path).Is(200).Lacks(link)
		}
	}
}

func TestDashboardOfSomebodyNew(t *testing.T) {
	t.Parallel()
	n := mounted(portaltest.New(t))
	fresh, _, err := n.Affiliates.Create(context.Background(), portaltest.System, affiliate.Affiliate{Name: "New & keen", Currency: "JPY"})
	if err != nil {
		t.Fatal(err)
	}
	n.AddUser("new", account.User{Role: account.RoleAffiliate, AffiliateID: int64(fresh.ID), TimeZone: "Asia/Tokyo"})
	for path, shows := range map[string][]string{
		"":             {"Your way to the first conversion", "Set your postback", "No traffic in these days", "Nothing earned yet", "¥0", "Asia/Tokyo"},
		"/conversions": {"No conversions yet"}, "/clicks": {"No clicks yet"}, "/balance": {"Nothing earned yet"},
		"/offers?access=mine": {"Lumio Sleep"}, "/offers?q=nothing": {"No results with these filters"}, "/clicks?valid=no": {"No results with these filters"},
	} {
		n.Browser("new").Get("/affiliate" + path).Is(200).Shows(shows...)
	}
}

func TestOffers(t *testing.T) {
	t.Parallel()
	n := mounted(portaltest.New(t))
	for _, view := range []string{"?", "?view=table&"} {
		n.Affiliate(0).Get("/affiliate/offers"+view).Is(200).Shows("Lumio Sleep", "Open to all", "Kettle Coffee", "Approved", "€12.50", "10% of the sale").Lacks("Secret deals", "15%", "8.00")
		n.Affiliate(1).Get("/affiliate/offers"+view).Is(200).Shows("Secret deals", "Requested")
		n.Affiliate(1).Get("/affiliate/offers"+view+"access=ask").Is(200).Shows("Kettle Coffee").Lacks("Lumio Sleep", "Secret deals")
		n.Affiliate(1).Get("/affiliate/offers"+view+"access=mine").Is(200).Shows("Lumio Sleep", "Secret deals").Lacks("Kettle Coffee")
		n.Affiliate(0).Get("/affiliate/offers" + view + "q=kett").Is(200).Shows("Kettle Coffee").Lacks("Lumio Sleep")
	}
	public := n.Affiliate(0).Get(fmt.Sprintf("/affiliate/offers/%d", n.OfferOf[portaltest.Public].ID)).Is(200)
	public.Shows("$5.00", "10% of the sale", "Approved at once", "30 days", fmt.Sprintf("https://go.example/click?o=%d&a=%d", n.OfferOf[0].ID, n.AffiliateOf[0].ID), "No postback of its own")
	public.Lacks("8.00", "15%", "$8", "{click_id}")
	n.Affiliate(0).Get(fmt.Sprintf("/affiliate/offers/%d", n.OfferOf[portaltest.Approval].ID)).Is(200).Shows("broken.example", "On hold for 7 days")
	for _, path := range []string{fmt.Sprint(n.OfferOf[portaltest.Private].ID), "0", "x", "99999999999999999999"} {
		n.Affiliate(0).Get("/affiliate/offers/" + path).Is(404)
	}
}

func TestApply(t *testing.T) {
	t.Parallel()
	n := mounted(portaltest.New(t))
	o, _, err := n.Offers.Create(context.Background(), portaltest.System, offer.Offer{AdvertiserID: n.AdvertiserOf[0].ID, Name: "Third", DestinationURL: "https://a.example/{click_id}",
		Visibility: offer.VisibilityApproval, Status: offer.StatusActive, PreviewURL: "https://a.example/"})
	if err != nil {
		t.Fatal(err)
	}
	path := fmt.Sprintf("/affiliate/offers/%d", o.ID)
	n.Affiliate(0).Get(path).Is(200).Shows("Needs approval", "This offer needs approval", "Apply").Lacks("Your tracking link")
	n.Affiliate(0).PostForged(path+"/apply", nil).Is(403)
	n.Affiliate(0).Post(path+"/apply", nil).To(path).Shows("You have applied", "Requested").Lacks("data-dialog=\"apply\"")
	if n.Count(`SELECT count(*) FROM offer_access WHERE offer_id = $1 AND affiliate_id = $2 AND status = 'pending'`, o.ID, n.AffiliateOf[0].ID) != 1 {
		t.Error("the request is not stored")
	}
	n.Affiliate(0).Post(fmt.Sprintf("/affiliate/offers/%d/apply", n.OfferOf[portaltest.Private].ID), nil).Is(404)
	n.Advertiser(0).Post(path+"/apply", nil).Is(403)
}

func TestLinkBuilder(t *testing.T) {
	t.Parallel()
	n := mounted(portaltest.New(t))
	n.Affiliate(0).Get("/affiliate/links").Is(200).Shows("Choose an offer, and the link stands here")
	n.Affiliate(0).Part("/affiliate/pick/offer?q=", "x").Is(200).Shows("Lumio Sleep").Lacks("Secret deals")
	q := url.Values{"offer": {fmt.Sprint(n.OfferOf[0].ID)}, "sub1": {"a b&c"}, "sub10": {`"><script>alert(1)</script>`}, "aff_click_id": {"{clickid}"}, "deep_link": {"https://lumio.example/x"}}
	page := n.Affiliate(0).Get("/affiliate/links?" + q.Encode()).Is(200)
	page.Shows("sub1=a+b%26c", "aff_click_id={clickid}", "This offer takes no deep link", "QR code").LacksMarkup("<script>alert")
	if got := page.Field("sub10"); got != q.Get("sub10") {
		t.Errorf("sub10 holds %q", got)
	}
	part := n.Affiliate(0).Part("/affiliate/links?"+q.Encode(), "link-result").Is(200)
	if strings.Contains(part.Body, "<form") || !strings.Contains(part.Body, "data:image/svg+xml") {
		t.Errorf("the part is\n%s", part.Body)
	}
	n.Affiliate(1).Get(fmt.Sprintf("/affiliate/links?offer=%d", n.OfferOf[portaltest.Approval].ID)).Is(200).Shows("approved")
	n.Affiliate(0).Get(fmt.Sprintf("/affiliate/links?offer=%d", n.OfferOf[portaltest.Private].ID)).Is(200).Shows("There is no such offer").Lacks("go.example/click")
	n.Affiliate(0).Get("/affiliate/links?" + url.Values{"offer": {fmt.Sprint(n.OfferOf[0].ID)}, "deep_link": {"javascript:alert(1)"}}.Encode()).Is(200).Lacks(`href="javascript:`)
}

func TestConversions(t *testing.T) {
	t.Parallel()
	n := mounted(portaltest.New(t))
	list := n.Affiliate(0).Get("/affiliate/conversions").Is(200)
	list.Shows("A-1", "A-2", "A-3", "A-4", "Trial", "First order", "$12.00", "On hold", "Delivered", "Retry", "Not fired").Lacks("B-1", "Secret deals")
	for query, want := range map[string][2]string{
		"status=rejected": {"A-3", "A-1"}, "q=A-2": {"A-2", "A-1"}, "q=" + n.ClickIDs[portaltest.ClickLead]: {"A-1", "A-2"},
		"offer=" + fmt.Sprint(n.OfferOf[1].ID): {"A-4", "A-1"}, "offer=" + fmt.Sprint(n.OfferOf[0].ID) + "&goal=" + fmt.Sprint(n.OfferOf[0].Goals[1].ID): {"A-2", "A-1"},
		"from=" + n.Now.Format("2006-01-02"): {"A-1", "B-1"}, "status=nonsense": {"No results", "A-1"}, "q=B-1": {"No results", "A-1"},
		"to=2020-01-01": {"No results", "A-1"}, "test=only": {"No results", "A-1"},
	} {
		n.Affiliate(0).Get("/affiliate/conversions?" + query).Is(200).Shows(want[0]).Lacks(">" + want[1] + "<")
	}
	csv := n.Affiliate(0).Get("/affiliate/conversions.csv?status=rejected").Is(200)
	if lines := strings.Split(strings.TrimSpace(csv.Body), "\n"); len(lines) != 2 || !strings.Contains(lines[1], "A-3") || strings.Contains(csv.Body, "revenue") {
		t.Errorf("the file is\n%s", csv.Body)
	}
}

func TestConversion(t *testing.T) {
	t.Parallel()
	n := mounted(portaltest.New(t))
	path := func(i int) string { return "/affiliate/conversions/" + n.Results[i].ConversionID.String() }
	rejected := n.Affiliate(0).Get(path(portaltest.ClickRejected)).Is(200)
	rejected.Shows("Rejected", "Duplicate customer", "tracker.example", "200 Delivered", "theirs-2", "news", "A-3", "Changed from Approved to Rejected", "30 minutes").Lacks("hush", "evenue", "8.00")
	n.Affiliate(0).Get(path(portaltest.ClickSale)).Is(200).Shows("Not fired", "It asks for approved, rejected, not for pending", "$120.00")
	sheet := n.Affiliate(0).Part(path(portaltest.ClickHeld), "sheet").Is(200)
	sheet.Shows("€12.50", "broken.example", "500 Retry").Lacks("<h1")
	for _, path := range []string{path(4), "/affiliate/conversions/x", "/affiliate/conversions/" + (domain.UUID{}).String()} {
		n.Affiliate(0).Get(path).Is(404)
	}
	if strings.Contains(rejected.Body, "Secret") {
		t.Error("another's offer is named")
	}
}

// TestConversionOfAPausedOffer: what an affiliate once ran keeps its name.
func TestConversionOfAPausedOffer(t *testing.T) {
	t.Parallel()
	n := mounted(portaltest.New(t))
	if _, _, err := n.Offers.Update(context.Background(), portaltest.System, n.OfferOf[0].ID, func(o *offer.Offer) { o.Status = offer.StatusPaused }); err != nil {
		t.Fatal(err)
	}
	n.Affiliate(0).Get("/affiliate/conversions").Is(200).Shows("Lumio Sleep", "First order")
	n.Affiliate(0).Get("/affiliate").Is(200).Shows("Lumio Sleep", "Paused")
	n.Affiliate(0).Get(fmt.Sprintf("/affiliate/conversions?offer=%d", n.OfferOf[0].ID)).Is(200).Shows("Offer is Lumio Sleep")
	n.Affiliate(0).Get(fmt.Sprintf("/affiliate/conversions?offer=%d", n.OfferOf[portaltest.Private].ID)).Is(200).Lacks("Secret deals")
}

func TestClicks(t *testing.T) {
	t.Parallel()
	n := mounted(portaltest.New(t))
	list := n.Affiliate(0).Get("/affiliate/clicks").Is(200)
	list.Shows("theirs-0", "theirs-5", "The same visitor had clicked before.", "Counted", "DE · iOS · Safari").Lacks("theirs-6", "theirs-7")
	n.Affiliate(0).Get("/affiliate/clicks?valid=no").Is(200).Shows("theirs-5").Lacks("theirs-0")
	n.Affiliate(0).Get("/affiliate/clicks?q=theirs-3").Is(200).Shows("theirs-3", "Kettle Coffee").Lacks("theirs-0")
	n.Affiliate(0).Get("/affiliate/clicks?q=" + n.ClickIDs[2]).Is(200).Shows("theirs-2").Lacks("theirs-0")
	n.Affiliate(0).Get("/affiliate/clicks?q=" + n.ClickIDs[portaltest.ClickOther]).Is(200).Shows("No results").Lacks("theirs-6")
	if csv := n.Affiliate(0).Get("/affiliate/clicks.csv").Is(200); strings.Count(csv.Body, "theirs-") != 6 {
		t.Errorf("the file is\n%s", csv.Body)
	}
}

func TestBalance(t *testing.T) {
	t.Parallel()
	n := mounted(portaltest.New(t))
	page := n.Affiliate(0).Get("/affiliate/balance").Is(200)
	page.Shows("Balance in USD", "$5.00", "$12.00", "Balance in EUR", "€0.00", "€12.50", "Commission earned, not approved yet", "Commission taken back", "−$5.00", "+$5.00").Lacks("network:", "evenue")
	n.Affiliate(0).Get("/affiliate/balance?to=2020-01-01").Is(200).Shows("No results")
	if csv := n.Affiliate(0).Get("/affiliate/balance.csv").Is(200); strings.Count(csv.Body, "\n") != 6 || strings.Contains(csv.Body, fmt.Sprintf("a%d:", n.AffiliateOf[1].ID)) {
		t.Errorf("the file is\n%s", csv.Body)
	}
}

// TestForeignTexts: what others typed is text on every page.
func TestForeignTexts(t *testing.T) {
	t.Parallel()
	n := mounted(portaltest.New(t))
	ctx := context.Background()
	for _, evil := range []string{`<script>alert(1)</script>`, `"><img src=x onerror=alert(1)>`, `{{7*7}}`, `@ui.Icon("x")`} {
		o, _, err := n.Offers.Create(ctx, portaltest.System, offer.Offer{AdvertiserID: n.AdvertiserOf[0].ID, Name: evil, DestinationURL: "https://a.example/{click_id}", Status: offer.StatusActive,
			Goals: []offer.Goal{{Alias: "g", Name: evil, IsDefault: true}}})
		if err != nil {
			t.Fatal(err)
		}
		facts := click.Facts{AffClickID: evil, Source: evil, Referrer: "javascript:alert(1)", UserAgent: evil, LandingPageID: evil}
		facts.Subs[0] = evil
		id := n.Click(n.AffiliateOf[0].ID, o, n.Now, "", facts)
		r := n.Call(0, n.Now, "clickid", id, "txid", evil, "com", "1")
		if r.Status != conversion.OutcomeRecorded {
			t.Fatalf("call: %s %s", r.Code, r.Message)
		}
		for _, path := range []string{"", "/offers", "/offers?view=table", fmt.Sprintf("/offers/%d", o.ID), fmt.Sprintf("/links?offer=%d", o.ID), "/conversions", "/conversions/" + r.ConversionID.String(),
			"/clicks", "/clicks?q=" + url.QueryEscape(evil), "/conversions?q=" + url.QueryEscape(evil), "/balance"} {
			n.Affiliate(0).Get("/affiliate"+path).Is(200).LacksMarkup("<script>alert", "<img src=x", `href="javascript:`)
		}
	}
}

// TestOthers: nobody else gets in, and an operator who looks on is offered nothing that changes something.
func TestOthers(t *testing.T) {
	t.Parallel()
	n := mounted(portaltest.New(t))
	for _, path := range []string{"", "/offers", "/links", "/conversions", "/clicks", "/balance", "/conversions.csv"} {
		n.Advertiser(0).Get("/affiliate" + path).Is(303)
		n.Operator(account.RoleViewer).Get("/affiliate" + path).Is(303)
		n.Nobody().Get("/affiliate" + path).Is(303)
	}
}
