package portaladvertiser_test

import (
	"crypto/rand"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/waypost/waypost/domain/advertiser"
	"github.com/waypost/waypost/domain/live"
	"github.com/waypost/waypost/domain/network"
	"github.com/waypost/waypost/domain/offer"
	"github.com/waypost/waypost/domain/trace"
	portaladvertiser "github.com/waypost/waypost/portal-advertiser"
	"github.com/waypost/waypost/portal/portaltest"
	"github.com/waypost/waypost/store/storetest"
)

func TestMain(m *testing.M) { storetest.Main(m) }

func mounted(t *testing.T) *portaltest.Network {
	t.Helper()
	n := portaltest.New(t)
	mount(n)
	return n
}

func mount(n *portaltest.Network) {
	portaladvertiser.Mount(n.Portal, n.Echo, portaladvertiser.Deps{Advertisers: n.Advertisers, Offers: n.Offers, Coupons: n.Coupons, Clicks: n.Clicks,
		Conversions: n.Conversions, Ledger: n.Ledger, Reports: n.Reports, Search: n.Search, Traces: n.Traces,
		TraceLinks: trace.NewLinks(trace.LinkDeps{Traces: n.Traces, Store: n.DB.Traces(), Tx: n.DB, Audit: n.DB.Audit(), Clock: n.Clock, Random: rand.Reader}),
		Live:       live.NewService(n.Clicks, n.Conversions, n.Postbacks, n.Clock), TrackingURL: portaltest.TrackingURL})
}

// What an advertiser must never see: affiliates' earnings and names, other advertisers.
var secrets = []string{"Voss", "Blog &", "Kettle", "tracker.example", "$5.00", "A-4"}

func TestPagesShowTheAdvertisersOwn(t *testing.T) {
	t.Parallel()
	n := mounted(t)
	a := n.Advertiser(0)
	for path, shows := range map[string][]string{
		"":                                {"Dashboard", "Conversions", "$34.00", "Wrong token", "1 conversion", "wait for your decision", "A-1"},
		"/offers":                         {"Lumio Sleep", "Secret deals", "$34.00"},
		"/offers/1":                       {"Lumio Sleep", "$8.00", "15.00% of the value", "default", "Tracking health"},
		"/tracking":                       {"Lumio Sleep", "Secret deals"},
		"/conversions":                    {"A-1", "A-2", "A-3", "B-1", "$18.00", "First order", "Rejected"},
		"/conversions?status=pending":     {"A-2", "Status is Pending"},
		"/conversions?txid=none":          {"No results with these filters"},
		"/postback-log":                   {"Token is not that of the click's advertiser", "A-5", "Recorded"},
		"/postback-log?status=recorded":   {"A-1", "Result is Recorded"},
		"/postback-log?click=nothing":     {"No results with these filters"},
		"/balance":                        {"Pending, USD", "$18.00", "New conversion"},
		"/debugger":                       {"Waiting for your call", "Live"},
		"/trace":                          {"Paste a click id"},
		"/conversions?format=csv":         {"revenue", "A-2", "18.00"},
		"/postback-log?format=csv":        {"invalid_token", "token=***"},
		"/balance?format=csv":             {"d1:receivable"},
		"/offers?format=csv&status=draft": {"destination_url"},
	} {
		a.Get("/advertiser" + path).Is(200).Shows(shows...).Lacks(secrets...)
	}
	for _, id := range []string{n.Results[0].ConversionID.String(), n.Results[1].ConversionID.String()} {
		a.Get("/advertiser/conversions/"+id).Is(200).Shows("Facts", "Your decision").Lacks(secrets...)
		a.Part("/advertiser/conversions/"+id, "sheet").Is(200).Lacks("<html")
	}
}

func TestForeignIDsAreNotFound(t *testing.T) {
	t.Parallel()
	n := mounted(t)
	b, own := n.Advertiser(1), n.Results[0].ConversionID.String()
	for _, path := range []string{"/offers/1", "/offers/1/tracking", "/offers/0", "/offers/x", "/conversions/" + own, "/conversions/x", "/postback-log/" + own, "/trace/" + n.ClickIDs[0], "/nothing"} {
		b.Get("/advertiser"+path).Is(404).Lacks("Lumio Sleep", "A-1")
	}
	b.Post("/advertiser/conversions/"+own+"/decide", url.Values{"status": {"rejected"}, "reason": {"x"}}).Is(404)
	b.Post("/advertiser/offers/1/tracking", url.Values{"click_id": {n.ClickIDs[0]}}).Is(404)
	b.Post("/advertiser/conversions/preview", url.Values{"status": {"rejected"}, "id": {own}}).Is(200).Shows("There is no conversion with this id").Lacks("A-1", "8.00")
	b.Post("/advertiser/conversions/decide", url.Values{"status": {"rejected"}, "id": {own}, "reason": {"x"}}).Is(303)
	if n.Count(`SELECT count(*) FROM conversions WHERE id = $1 AND status = 'approved'`, own) != 1 {
		t.Error("another's conversion was changed")
	}
	b.Get("/advertiser/debugger?offer=1").Is(200).Lacks("A-1", n.ClickIDs[0])
	n.Affiliate(0).Get("/advertiser/conversions").To("/affiliate")
}

func TestDecisions(t *testing.T) {
	t.Parallel()
	n := mounted(t)
	a, id := n.Advertiser(0), n.Results[1].ConversionID.String()
	path := "/advertiser/conversions/" + id
	a.Post(path+"/decide", url.Values{"status": {"rejected"}}).Is(422).Shows("Say why")
	a.Post(path+"/decide", url.Values{"status": {"trash"}, "reason": {"x"}}).Is(403)
	a.PostForged(path+"/decide", url.Values{"status": {"approved"}}).Is(403)
	a.Post(path+"/decide", url.Values{"status": {"approved"}}).To(path).Is(200).Shows("Approved")
	preview := a.Post("/advertiser/conversions/preview", url.Values{"status": {"rejected"}, "id": {id, n.Results[2].ConversionID.String()}}).Is(200)
	preview.Shows("Reject 2 conversions", "Reject 1 conversion", "−$18.00", "stays").Lacks("12.00")
	a.Post("/advertiser/conversions/decide", url.Values{"status": {"rejected"}, "id": {id}}).Is(422).Shows("Say why")
	a.Post("/advertiser/conversions/decide", url.Values{"status": {"rejected"}, "id": {id}, "reason": {`<script>fraud`}}).To("/advertiser/conversions").Is(200)
	if n.Count(`SELECT count(*) FROM conversion_events WHERE conversion_id = $1 AND to_status = 'rejected' AND actor = 'advertiser' AND reason = '<script>fraud'`, id) != 1 {
		t.Error("the rejection is not in the history")
	}
	a.Get("/advertiser/trace/" + n.ClickIDs[portaltest.ClickSale]).Is(200).Shows("<script>fraud").Lacks("12.00")

	_, err := n.Settings.Update(t.Context(), portaltest.System, func(s *network.Settings) { s.AdvertisersDecide = false })
	if err != nil {
		t.Fatal(err)
	}
	a.Get("/advertiser/conversions").Is(200).Shows("The network approves and rejects").Lacks("preview")
	a.Get(path).Is(200).Lacks("Your decision")
	a.Post(path+"/decide", url.Values{"status": {"approved"}}).Is(403)
}

func TestTrackingSetUp(t *testing.T) {
	t.Parallel()
	n := mounted(t)
	a, token := n.Advertiser(0), n.AdvertiserOf[0].PostbackToken
	page := a.Get("/advertiser/offers/1/tracking").Is(200)
	page.Shows(portaltest.TrackingURL+"/postback?clickid=CLICK_ID&txid=ORDER_ID&val=AMOUNT&goal=lead&token="+token, "Python", "http_build_query", "URLSearchParams", "your token in each call")
	a.Get("/advertiser/offers/1/tracking?goal=sale").Is(200).Shows("goal=sale")
	a.Get("/advertiser/offers/1/tracking?way=pixel").Is(200).Shows("offer_id=1", "pixel.js", "token="+token)
	a.Get("/advertiser/offers/1/tracking?way=coupon").Is(200).Shows("coupon=CODE")
	everflow := a.Get("/advertiser/offers/1/tracking?way=platform&platform=affise").Is(200).Shows("go.example/postback?token="+token, "sub1={click_id}")
	for _, left := range []string{"NETWORK", "TOKEN"} {
		if strings.Contains(everflow.Text(), left) {
			t.Errorf("%s is left to fill in", left)
		}
	}
	send := func(click, txid string) *portaltest.Page {
		return a.Post("/advertiser/offers/1/tracking", url.Values{"click_id": {click}, "goal": {"lead"}, "txid": {txid}, "val": {"10"}})
	}
	send("", "t").Is(422).Shows("Put the id of a click")
	send(`"><img src=x>`, "t").Is(200).Shows("Refused").Lacks("<img src=x")
	send(n.ClickIDs[portaltest.ClickHeld], "t").Is(200).Shows("Refused") // a click of another advertiser's
	send(n.ClickIDs[portaltest.ClickBare], "t-1").Is(200).Shows("Recorded", "token=***", "Show the test conversion")
	if n.Count(`SELECT count(*) FROM conversions WHERE txid = 't-1' AND test`) != 1 {
		t.Error("no test conversion")
	}
	_, _, err := n.Advertisers.Update(t.Context(), portaltest.System, n.AdvertiserOf[0].ID, func(a *advertiser.Advertiser) { a.PostbackAuth = advertiser.AuthHMAC })
	if err != nil {
		t.Fatal(err)
	}
	a.Get("/advertiser/offers/1/tracking").Is(200).Shows("openssl dgst", "hash_hmac('sha256', $query, '"+token+"')", "a signature with your secret").Lacks("&token=")
	_, _, err = n.Offers.Update(t.Context(), portaltest.System, n.OfferOf[0].ID, func(o *offer.Offer) { o.DestinationURL = "https://lumio.example/plain" })
	if err != nil {
		t.Fatal(err)
	}
	a.Get("/advertiser/offers/1/tracking").Is(200).Shows("Sales cannot be matched")
}

// The debugger waits for a call, shows a wrong token, then the match; and only to the advertiser of the click.
func TestWaitingForACall(t *testing.T) {
	t.Parallel()
	n := mounted(t)
	a, click := n.Advertiser(0), n.ClickIDs[portaltest.ClickBare]
	page := a.Get("/advertiser/debugger?click="+click).Is(200).Shows("Nothing yet", "Nothing with these filters in the last 15 minutes")
	poll, _ := portaltest.Attr(page.All("div", "id", "waiting")[0], "hx-get")
	n.Call(0, n.Now, "clickid", click, "txid", "W-1", "token", "wrong")
	a.Part(poll, "waiting").Is(200).Shows("Not matched", "Token is not that of the click's advertiser")
	n.Advertiser(1).Part(poll, "waiting").Is(200).Shows("Nothing yet").Lacks("Token is not")
	n.Now = n.Now.Add(time.Second)
	n.Call(0, n.Now, "clickid", click, "txid", "W-1")
	done := a.Part(poll, "waiting").Is(200).Shows("Matched", "The conversion is recorded")
	if _, asks := portaltest.Attr(done.All("div", "id", "waiting")[0], "hx-get"); asks {
		t.Error("it asks again although the call matched")
	}
	a.Get("/advertiser/debugger?click="+click).Is(200).Shows("W-1", "Refused", "Recorded").Lacks("token=wrong", n.AdvertiserOf[0].PostbackToken, "tracker.example")
	a.Get("/advertiser/debugger?click=<script>").Is(200).Shows("This is no click id", "Click is <script>")
}

// What people type is text wherever it shows.
// TestUnreadableDays: a filter that is left out would take more than was asked for.
func TestUnreadableDays(t *testing.T) {
	t.Parallel()
	n := mounted(t)
	for _, page := range []string{"/conversions", "/postback-log", "/balance"} {
		for _, query := range []string{"?from=yesterday", "?to=2026-02-30", "?from=2026-01-01&to=x"} {
			n.Advertiser(0).Get("/advertiser" + page + query).Is(422).Shows("2026-11-30")
		}
		n.Advertiser(0).Get("/advertiser" + page + "?from=2026-01-01&to=2026-01-31").Is(200)
	}
}

func TestTextsAreEscaped(t *testing.T) {
	t.Parallel()
	n := mounted(t)
	a := n.Advertiser(0)
	for _, hostile := range []string{`<script>alert(1)</script>`, `"><img src=x onerror=alert(1)>`, `javascript:alert(1)`} {
		n.Call(0, n.Now, "clickid", n.ClickIDs[portaltest.ClickBare], "txid", hostile, "goal", hostile, "adv1", hostile, hostile, hostile)
		n.Call(0, n.Now, "clickid", n.ClickIDs[portaltest.ClickBare], "txid", hostile, "adv1", hostile)
		_, _, err := n.Offers.Update(t.Context(), portaltest.System, n.OfferOf[0].ID, func(o *offer.Offer) { o.Name = hostile })
		if err != nil {
			t.Fatal(err)
		}
		q := url.QueryEscape(hostile)
		for _, path := range []string{"", "/offers", "/offers?q=" + q, "/offers/1", "/offers/1/tracking?goal=" + q + "&way=" + q + "&platform=" + q, "/conversions?txid=" + q, "/postback-log?code=" + q + "&ip=" + q,
			"/trace/" + n.ClickIDs[portaltest.ClickBare], "/debugger?kind=" + q, "/balance?cursor="} {
			page := a.Get("/advertiser" + path).Is(200)
			if strings.Contains(page.Body, "<script>alert") || strings.Contains(page.Body, "<img src=x") {
				t.Errorf("%s: %s stands raw", path, hostile)
			}
			for _, href := range page.Links() {
				if strings.HasPrefix(strings.ToLower(strings.TrimSpace(href)), "javascript:") {
					t.Errorf("%s: link %s", path, href)
				}
			}
		}
	}
}

func TestFirstSteps(t *testing.T) {
	t.Parallel()
	n := portaltest.New(t)
	mount(n)
	made, _, err := n.Advertisers.Create(t.Context(), portaltest.System, advertiser.Advertiser{Name: "New & <b>bold</b>"})
	if err != nil {
		t.Fatal(err)
	}
	u := n.Advertiser(0).User
	u.ID, u.AdvertiserID, u.Role = 0, int64(made.ID), "advertiser"
	n.AddUser("new", u)
	b := n.Browser("new")
	b.Get("/advertiser").Is(200).Shows("First steps", "0 of 5 done", "No calls in 24 hours").Shows("New & <b>bold</b>")
	for path, text := range map[string]string{"/offers": "You have no offers yet", "/conversions": "No conversions yet", "/postback-log": "No calls yet", "/balance": "Nothing has been booked yet", "/tracking": "You have no offers yet"} {
		b.Get("/advertiser" + path).Is(200).Shows(text)
	}
}
