package portal_test

import (
	"crypto/rand"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/waypost/waypost/domain/account"
	"github.com/waypost/waypost/domain/network"
	"github.com/waypost/waypost/domain/trace"
	"github.com/waypost/waypost/portal"
	"github.com/waypost/waypost/portal/portaltest"
)

// traced is a network whose three portals have the trace page and the search.
func traced(t *testing.T) *portaltest.Network {
	t.Helper()
	n := portaltest.New(t)
	links := trace.NewLinks(trace.LinkDeps{Traces: n.Traces, Store: n.DB.Traces(), Tx: n.DB, Audit: n.DB.Audit(), Clock: n.Clock, Random: rand.Reader})
	for _, kind := range []portal.Kind{portal.Admin, portal.Affiliate, portal.Advertiser} {
		g := n.Portal.Door(n.Echo, portal.Door{Kind: kind, Name: "Portal"})
		g.Traces(n.Traces, links, n.Clicks)
		g.Search(n.Search)
	}
	n.Portal.SharedTraces(n.Echo, links)
	n.Portal.SignUp(n.Echo, n.Applications)
	return n
}

// Each party sees the whole story but for the other side's money.
func TestTraceShowsEachPartyItsShare(t *testing.T) {
	t.Parallel()
	n := traced(t)
	lead := n.ClickIDs[portaltest.ClickLead]
	n.Operator(account.RoleViewer).Get("/admin/trace/"+lead).Is(200).Shows("Incoming call", "Conversion recorded", "$5.00", "$8.00", "Try 1", "tracker.example").Lacks("hush")
	n.Affiliate(0).Get("/affiliate/trace/"+lead).Is(200).Shows("Incoming call", "Conversion recorded", "$5.00", "Try 1", "tracker.example").
		Lacks("8.00", "Revenue", "revenue", "203.0.113.9", "hush", n.AdvertiserOf[0].PostbackToken)
	n.Advertiser(0).Get("/advertiser/trace/"+strings.ToUpper(lead)).Is(200).Shows("Incoming call", "Cost $8.00", "203.0.113.9").
		Lacks("5.00", "tracker.example", n.AdvertiserOf[0].PostbackToken)
	n.Advertiser(0).Get("/advertiser/trace/"+n.ClickIDs[portaltest.ClickBare]).Is(200).Shows("Refused", "not that of the click's advertiser")
	n.Affiliate(0).Get("/affiliate/trace/" + n.ClickIDs[portaltest.ClickRejected]).Is(200).Shows("Duplicate customer")
}

func TestTraceOfNobody(t *testing.T) {
	t.Parallel()
	n := traced(t)
	lead := n.ClickIDs[portaltest.ClickLead]
	for who, path := range map[*portaltest.Browser]string{n.Affiliate(1): "/affiliate", n.Advertiser(1): "/advertiser"} {
		who.Get(path+"/trace/"+lead).Is(404).Shows("No click with this id").Lacks("198.51.100.1", "Lumio")
		who.Post(path+"/trace/"+lead+"/share", url.Values{"hours": {"24"}}).Is(404).Lacks("/t/")
	}
	a := n.Affiliate(0)
	a.Get("/affiliate/trace?click_id=++" + lead + "+").To("/affiliate/trace/" + lead).Is(200)
	a.Get("/affiliate/trace").Is(200).Shows("Paste a click id")
	for _, hostile := range []string{`<script>alert(1)</script>`, `"><img src=x onerror=alert(1)>`, `{{7*7}}`, `../../x`} {
		page := a.Get("/affiliate/trace/" + url.PathEscape(hostile)).Is(404).Shows("it was cut or is another system's id")
		page.Lacks("<script>alert", "<img src=x")
	}
}

var sharedLink = regexp.MustCompile(`http://portal\.example(/t/[A-Za-z0-9_-]{43})`)

func TestSharedTraces(t *testing.T) {
	t.Parallel()
	n := traced(t)
	lead := n.ClickIDs[portaltest.ClickLead]
	a := n.Affiliate(0)
	a.Post("/affiliate/trace/"+lead+"/share", url.Values{"hours": {"9999"}}).Is(422).Shows("1 hour to 30 days")
	page := a.Post("/affiliate/trace/"+lead+"/share", url.Values{"hours": {"24"}, "note": {`<b>Kettle</b>`}}).Is(200)
	if strings.Contains(page.Body, "<b>Kettle") {
		t.Error("the note is not escaped")
	}
	found := sharedLink.FindStringSubmatch(page.Body)
	if found == nil {
		t.Fatalf("no link:\n%s", page.Text())
	}
	shared := n.Nobody().Get(found[1]).Is(200).Shows("as the affiliate sees it", "$5.00").Lacks("8.00", "Kettle", "revenue")
	if got := shared.Header.Get("X-Robots-Tag") + " " + shared.Header.Get("Referrer-Policy"); got != "noindex, nofollow no-referrer" {
		t.Errorf("headers: %s", got)
	}
	a.Get("/affiliate/trace").Is(200).Shows("<b>Kettle</b>", "opened 1 time").Lacks(found[1])
	n.Affiliate(1).Get("/affiliate/trace").Is(200).Lacks("Kettle")

	revoke := regexp.MustCompile(`/trace/links/([0-9a-f-]+)/revoke`).FindStringSubmatch(a.Get("/affiliate/trace").Body)
	n.Affiliate(1).Post("/affiliate/trace/links/"+revoke[1]+"/revoke", nil).Is(404)
	n.Nobody().Get(found[1]).Is(200)
	a.PostForged("/affiliate/trace/links/"+revoke[1]+"/revoke", nil).Is(403)
	a.Post("/affiliate/trace/links/"+revoke[1]+"/revoke?of=click", nil).To("/affiliate/trace/" + lead).Is(200).Shows("revoked")
	n.Nobody().Get(found[1]).Is(404).Shows("This link opens nothing").Lacks("5.00")

	// An operator's link shows what the party may see.
	page = n.Operator(account.RoleManager).Post("/admin/trace/"+lead+"/share", url.Values{"hours": {"1"}, "as": {"advertiser"}}).Is(200)
	found = sharedLink.FindStringSubmatch(page.Body)
	n.Nobody().Get(found[1]).Is(200).Shows("as the advertiser sees it", "Cost $8.00", "Cost, approved").Lacks("5.00", "Revenue")
}

// A role that only reads publishes nothing, and ends nobody's link; the whole view is chosen, never taken for granted.
func TestReadersPublishNoTrace(t *testing.T) {
	t.Parallel()
	n := traced(t)
	lead := n.ClickIDs[portaltest.ClickLead]
	share := "/admin/trace/" + lead + "/share"
	for _, role := range []account.Role{account.RoleViewer, account.RoleFinance} {
		n.Operator(role).Post(share, url.Values{"hours": {"720"}, "as": {"affiliate"}}).Is(403)
		if page := n.Operator(role).Get("/admin/trace/" + lead).Is(200); len(page.All("button", "data-dialog", "share")) > 0 {
			t.Errorf("%s is offered to share", role)
		}
	}
	manager := n.Operator(account.RoleManager)
	manager.Post(share, url.Values{"hours": {"720"}}).Is(422).Shows("whose eyes")
	page := manager.Post(share, url.Values{"hours": {"24"}, "as": {"operator"}, "note": {"Kettle"}}).Is(200).Shows("as the network sees it")
	link := sharedLink.FindStringSubmatch(page.Body)[1]
	revoke := regexp.MustCompile(`/trace/links/[0-9a-f-]+/revoke`).FindString(manager.Get("/admin/trace").Body)
	if strings.Contains(n.Operator(account.RoleViewer).Get("/admin/trace").Is(200).Shows("Kettle").Body, revoke) {
		t.Error("a viewer is offered to revoke another's link")
	}
	n.Operator(account.RoleViewer).Post("/admin"+revoke, nil).Is(403)
	n.Nobody().Get(link).Is(200).Shows("$8.00", "$5.00")
	n.Operator(account.RoleAdmin).Post("/admin"+revoke, nil).Is(303)
	n.Nobody().Get(link).Is(404)
}

func TestSearchFindsOnlyWhatIsOnesOwn(t *testing.T) {
	t.Parallel()
	n := traced(t)
	lead := n.ClickIDs[portaltest.ClickLead]
	n.Affiliate(0).Get("/affiliate/search?q=").Is(200).Shows("Notifications", "Security")
	n.Affiliate(0).Get("/affiliate/search?q="+lead).Is(200).Shows("Clicks", lead)
	n.Affiliate(1).Get("/affiliate/search?q=" + lead).Is(200).Shows("Nothing found").Lacks("/trace/")
	n.Affiliate(0).Get("/affiliate/search?q=secret").Is(200).Lacks("Secret deals")
	n.Advertiser(0).Get("/advertiser/search?q=secret").Is(200).Shows("Secret deals")
	n.Advertiser(0).Get("/advertiser/search?q=kettle").Is(200).Lacks("Kettle")
	n.Operator(account.RoleViewer).Get("/admin/search?q=voss").Is(200).Shows("Affiliates", "Voss Media")
	n.Affiliate(0).Get("/affiliate/search?q=" + url.QueryEscape(`<script>`)).Is(200).Lacks("<script>")
	n.Nobody().Get("/affiliate/search?q=x").To("/login?next=%2Faffiliate%2Fsearch%3Fq%3Dx")
}

func TestSignUp(t *testing.T) {
	t.Parallel()
	n := traced(t)
	open := func(affiliates, advertisers bool) {
		_, err := n.Settings.Update(t.Context(), portaltest.System, func(s *network.Settings) {
			s.AffiliateSignUp, s.AdvertiserSignUp, s.TermsURL = affiliates, advertisers, "https://net.example/terms"
			s.AffiliateQuestions = []network.Question{{ID: "how", Label: "How do you promote?", Kind: network.QuestionSelect, Options: []string{"Mail", "Search"}, Required: true},
				{ID: "more", Label: "Tell us more", Kind: network.QuestionTextArea}, {ID: "adult", Label: "I am of age", Kind: network.QuestionCheckbox, Required: true}}
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	open(false, false)
	n.Nobody().Get("/sign-up/affiliate").Is(404).Shows("Sign-up is closed")
	b := n.Nobody()
	open(true, false)
	b.Get("/sign-up").To("/sign-up/affiliate").Is(200).Shows("How do you promote?", "Tell us more", "Read the terms", "Germany")
	b.Get("/sign-up/advertiser").Is(404)
	form := url.Values{"company": {`Voss <script>`}, "contact": {"Clara"}, "email": {"new@voss.example"}, "country": {"DE"},
		"answer-how": {"Search"}, "answer-adult": {"yes"}, "accepted_terms": {"1"}}
	b.PostForged("/sign-up/affiliate", form).Is(403)
	send := func(change func(url.Values)) *portaltest.Page {
		with := url.Values{"csrf": {b.Get("/sign-up/affiliate").Field("csrf")}}
		for name, values := range form {
			with[name] = values
		}
		change(with)
		return b.PostForged("/sign-up/affiliate", with)
	}
	bad := send(func(v url.Values) { v.Del("answer-how"); v.Del("accepted_terms"); v.Set("email", "nobody") }).Is(422).Lacks("<script>")
	bad.Shows("Must be answered", "who does not accept the terms")
	if bad.Field("company") != "Voss <script>" || bad.Field("country") != "DE" {
		t.Error("what was typed is lost")
	}
	send(func(url.Values) {}).To("/sign-up/sent").Is(200).Shows("Check your mail")
	if n.Count(`SELECT count(*) FROM applications WHERE email = 'new@voss.example' AND status = 'unverified'`) != 1 {
		t.Error("no application")
	}
	b.Get("/sign-up/verify?token=none").Is(200).Shows("Confirm my address")
	verify := b.Get("/sign-up/verify?token=none")
	b.PostForged("/sign-up/verify", url.Values{"csrf": {verify.Field("csrf")}, "token": {"none"}}).Is(422).Shows("good no more")
}
