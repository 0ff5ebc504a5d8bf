package e2e

import (
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

// journey is a network on its way from the first log-in to a rejected sale: who takes part, and what they made.
type journey struct {
	w                               *waypost
	b                               *browser
	tracker                         *receiver // the affiliate's
	operator, affiliate, advertiser *tab
	offer, postback, link, clickID  string // paths of the first two
	token                           string // of the advertiser's calls
}

const partnerPassword = "a-long-pass-phrase-of-partners"

func mustJourney(t *testing.T) *journey {
	t.Helper()
	b := mustBrowser(t)
	j := &journey{w: mustFresh(t), b: b, tracker: mustReceiver(t)}
	j.operator, j.affiliate, j.advertiser = b.mustTab(j.w.URL, 1440, 900), b.mustTab(j.w.URL, 1440, 900), b.mustTab(j.w.URL, 1440, 900)
	return j
}

// TestJourney walks through the three portals by the mouse.
func TestJourney(t *testing.T) {
	t.Parallel()
	j := mustJourney(t)
	j.setUp()
	j.approve()
	j.promote()
	j.convert()
	j.reject()
	j.debug()
	for name, p := range map[string]*tab{"operator": j.operator, "affiliate": j.affiliate, "advertiser": j.advertiser} {
		for _, trouble := range p.troubles() {
			t.Errorf("the %s's page: %s", name, trouble)
		}
	}
}

// setUp: the operator makes advertiser, offer and affiliate, and invites a user of each partner, who sets a password.
func (j *journey) setUp() {
	p := j.operator
	p.mustLogIn(adminEmail, adminPassword)
	p.click("Advertisers")
	p.click("Add advertiser")
	p.fill("Name", "Lumio Sleep")
	p.fill("Contact e-mail", "hello@lumio.example")
	p.click("Add advertiser")
	p.sees("Lumio Sleep is added.")
	j.invite(j.advertiser, "engineer@lumio.example")

	p.click("Offers")
	p.click("Create offer")
	p.pick("Advertiser", "lumio", "Lumio Sleep")
	p.fill("Name", "Lumio Mattress")
	p.fill("Destination", "https://lumio.example/buy?cid={click_id}")
	p.click("Save and continue")
	p.choose("Commission", "Fixed amount")
	p.fill("Amount", "12.50")
	p.choose("Revenue", "Fixed amount")
	p.fillIn("Revenue", "Amount", "20")
	p.click("Save and continue")
	p.sees("A sale counts within")
	p.click("Save and continue")
	p.click("Affiliates whose request you approve")
	p.click("Save and continue")
	p.sees("Those whose request was approved")
	p.click("Activate offer")
	p.click("Activate")
	p.sees("Active")
	j.offer = p.path()

	p.click("Affiliates")
	p.click("Add affiliate")
	p.fill("Name", "Media Cove")
	p.click("Add affiliate")
	p.sees("Media Cove is added.")
	j.invite(j.affiliate, "team@cove.example")
}

// invite asks a user to the partner whose record is open, and lets it follow the mailed link.
func (j *journey) invite(partner *tab, email string) {
	p := j.operator
	p.t.Helper()
	p.click("Users")
	p.click("Invite user")
	p.fill("E-mail address", email)
	p.click("Send invitation")
	p.sees(email + " is invited")
	partner.do(navigate(j.mail(email, `http\S+/set-password\?token=\S+`)))
	partner.settle()
	partner.fill("New password", partnerPassword)
	partner.fill("The same once more", partnerPassword)
	partner.click("Set the password")
	partner.mustLogIn(email, partnerPassword)
}

// mail waits for a mail to somebody and gives the first text in it that is like the pattern.
func (j *journey) mail(to, pattern string) string {
	j.w.t.Helper()
	like, found := regexp.MustCompile(pattern), ""
	eventually(j.w.t, 20*time.Second, "mail to "+to, func() bool {
		files, _ := filepath.Glob(filepath.Join(j.w.Dir, "mail", "*.eml"))
		slices.Reverse(files) // the newest first
		for _, file := range files {
			b, err := os.ReadFile(file)
			text := strings.NewReplacer("=\r\n", "", "=\n", "", "=3D", "=").Replace(string(b))
			if err == nil && strings.Contains(text, to) {
				if found = like.FindString(text); found != "" {
					return true
				}
			}
		}
		return false
	})
	return found
}

// approve: the affiliate applies, the operator approves in the work queue, the affiliate is told.
func (j *journey) approve() {
	p := j.affiliate
	p.click("Offers")
	p.click("Apply for access to Lumio Mattress")
	p.sees("Apply for this offer?")
	p.click("Apply for access")
	p.sees("You have applied")

	o := j.operator
	o.click("Work queue")
	o.click("Approve Media Cove for Lumio Mattress")
	o.sees("The request is approved")
	o.sees("Nothing waits for you")

	p.open("/affiliate/notifications")
	p.sees("Lumio Mattress")
}

// promote: the affiliate builds a link, starts its global postback from Voluum's, changes it to its own tracker, and tests it.
func (j *journey) promote() {
	p := j.affiliate
	p.click("Link builder")
	p.fill("Offer", "lumio") // leaving the field takes the name that is found
	p.fill("Your click id", "their-click-1")
	p.await("the offer is taken", `/^\d+ · Lumio Mattress$/.test(document.querySelector('#offer').value)`)
	p.fill("Sub 1", "newsletter & more")
	p.await("the link follows what is typed", `document.querySelector('#link-url')?.textContent.includes('newsletter')`)
	j.link = ask[string](p, `document.querySelector('#link-url').textContent.trim()`)
	if u, err := url.Parse(j.link); err != nil || u.Query().Get("sub1") != "newsletter & more" || u.Query().Get("aff_click_id") != "their-click-1" {
		p.t.Errorf("the link is %s", j.link)
	}
	p.allowClipboard()
	p.click("Copy tracking link")
	p.sees("Copied")
	if copied := ask[string](p, `navigator.clipboard.readText()`); copied != j.link {
		p.t.Errorf("copied %q, the link is %q", copied, j.link)
	}

	p.click("Postbacks")
	p.click("Set global postback")
	p.click("Start from a tracker")
	p.click("Voluum")
	host := strings.TrimPrefix(j.tracker.URL, "http://")
	p.fill("Tracker domain", host)
	p.click("Fill in the URL")
	filled := ask[string](p, `document.querySelector('#pb textarea').value`)
	if !strings.HasPrefix(filled, "https://"+host+"/postback?cid={aff_click_id}") {
		p.t.Errorf("the preset filled in %q", filled)
	}
	p.fill("Postback URL", strings.Replace(filled, "https:", "http:", 1)+"&status={status}&reason={reason}")
	p.await("the preview shows the address as it will be called", `document.querySelector('#preview')?.innerText.includes(`+quoted(host+"/postback?cid=")+`)`)
	p.check("Rejected")
	p.click("Create postback")
	j.postback = p.path()
	p.click("Send test postback")
	p.await("the test's answer and time", `/200 OK[^]*\d+ ms[^]*thank you/.test(document.querySelector('#test-result').innerText)`)
	if calls := j.tracker.all(); len(calls) != 1 || calls[0].url.Path != "/postback" {
		p.t.Errorf("the tracker was called %d times by the test: %v", len(calls), calls)
	}
}

// convert: a visitor clicks and buys; the open log shows the delivery by itself, and each partner sees its share of the story.
func (j *journey) convert() {
	p := j.affiliate
	p.open(j.postback)
	p.await("the log is live", `document.querySelector('#log-live')`)
	before := ask[float64](p, `performance.timeOrigin`)
	j.clickID = mustClick(p.t, j.link)
	j.token = j.tokenOf()
	if status, answer := j.w.postback(url.Values{"clickid": {j.clickID}, "token": {j.token}, "txid": {"order-1001"}, "val": {"250"}}); status != http.StatusOK || answer.text("status") != "recorded" {
		p.t.Fatalf("postback: %d %v", status, answer)
	}
	p.await("the delivery shows in the log", `/Delivered/.test(document.querySelector('#log-live tbody')?.innerText)`)
	if ask[float64](p, `performance.timeOrigin`) != before {
		p.t.Error("the page was loaded anew")
	}
	if q := j.tracker.all()[1].url.Query(); q.Get("cid") != "their-click-1" || q.Get("payout") != "12.50" || q.Get("status") != "approved" {
		p.t.Errorf("the tracker was told %v", q)
	}

	p.open("/affiliate/trace/" + j.clickID)
	p.sees("Conversion recorded")
	p.assertTells([]string{"order-1001", "12.50", j.tracker.URL}, []string{"20.00", "20.0", "Revenue", "revenue", "Lumio Sleep", j.token})
	a := j.advertiser
	a.click("Trace")
	a.fill("Click id", j.clickID)
	a.click("Show the trace")
	a.sees("Conversion recorded")
	a.assertTells([]string{"order-1001", "20.00"}, []string{"12.50", "12.5", "ommission", j.tracker.URL, "Media Cove", j.token})
	j.operator.open("/admin/trace/" + j.clickID)
	j.operator.sees("Booked $12.50")
	j.operator.sees("Booked $20.00")
}

// assertTells checks what a page's own part says and keeps to itself, folded parts included.
func (p *tab) assertTells(said, hidden []string) {
	p.t.Helper()
	text := ask[string](p, `document.querySelector('main').textContent`)
	for _, s := range said {
		if !strings.Contains(text, s) {
			p.t.Errorf("%s does not tell %q", p.path(), s)
		}
	}
	for _, h := range hidden {
		if i := strings.Index(text, h); i >= 0 {
			p.t.Errorf("%s tells %q: …%s…", p.path(), h, text[max(0, i-120):min(len(text), i+120)])
		}
	}
}

// tokenOf reads the advertiser's token where it finds it: in its own ready postback URL.
func (j *journey) tokenOf() string {
	p := j.advertiser
	p.click("Tracking set-up") // of its only offer
	shown := ask[string](p, `document.querySelector('#postback-url').textContent.trim()`)
	u, err := url.Parse(shown)
	if err != nil || u.Query().Get("token") == "" {
		p.t.Fatalf("the postback URL is %q", shown)
	}
	return u.Query().Get("token")
}

// reject: the operator rejects the sale; the affiliate reads the reason and sees that its tracker was told.
func (j *journey) reject() {
	o, p := j.operator, j.affiliate
	o.click("Conversions")
	o.follow(`#main tbody tr th a`)
	o.fill("New status", "Rejected")
	o.click("Save")
	o.sees("Say why: the partners read it.")
	o.fill("Reason", "The order was cancelled within a day")
	o.click("Save")
	o.sees("is rejected")

	eventually(p.t, 20*time.Second, "the tracker hears of the rejection", func() bool {
		calls := j.tracker.all()
		return len(calls) == 3 && calls[2].url.Query().Get("status") == "rejected"
	})
	p.click("Conversions")
	p.follow(`#main tbody tr th a`)
	p.sees("The order was cancelled within a day")
	p.sees("Rejected")
	p.await("the postback of the rejection is shown", `/Postbacks of this status[^]*(Delivered|200)/.test(document.body.innerText)`)
}

// debug: the advertiser waits for its call; one with a wrong token is refused in words, then a right one matches.
func (j *journey) debug() {
	p := j.advertiser
	p.click("Live debugger")
	p.sees("Nothing yet")
	clickID := mustClick(p.t, j.link)
	call := url.Values{"clickid": {clickID}, "token": {"wrong"}, "txid": {"order-1002"}}
	if status, answer := j.w.postback(call); status != http.StatusForbidden && status != http.StatusUnauthorized {
		p.t.Fatalf("a wrong token is answered %d %v", status, answer)
	}
	p.await("the refusal with its reason", `/refused[^]*token/i.test(document.querySelector('#waiting').innerText)`)
	p.await("the refusal in the stream", `/Refused/.test(document.querySelector('#live-rows')?.innerText ?? document.querySelector('main tbody').innerText)`)
	call.Set("token", j.token)
	if status, answer := j.w.postback(call); status != http.StatusOK {
		p.t.Fatalf("the right token is answered %d %v", status, answer)
	}
	p.await("the match", `/Recorded/.test(document.querySelector('#waiting').innerText) && !document.querySelector('#waiting[hx-get]')`)
	p.click("Look at the call")
	p.await("the call in the side sheet", `document.querySelector('#sheet[open]')?.innerText.includes('order-1002')`)
	p.press(esc)
	p.await("the sheet is closed", `!document.querySelector('#sheet[open]')`)
}
