package e2e

import (
	"encoding/json"
	"net/http"
	"testing"
)

// pickByKeys types a part of a name into a field that offers names, and goes on: the first name is taken.
func (p *tab) pickByKeys(field, part, name string) {
	p.t.Helper()
	p.typeInto(field, part)
	p.press(tabKey)
	p.await(name+" is taken", `[...document.querySelectorAll('x-pick input')].some(i => i.labels[0]?.innerText.trim().startsWith(`+quoted(field)+`) && i.value.endsWith(' · ' + `+quoted(name)+`))`)
}

// TestFormsByKeyboard fills the longer forms of the portals without a mouse.
func TestFormsByKeyboard(t *testing.T) {
	t.Parallel()
	w := mustFresh(t)
	c := w.mustLogIn()
	n := w.mustNetwork(c, nil, nil)
	c.must("POST", "/offers/"+n.Offer+"/goals", object{"alias": "lead", "name": "Newsletter"}, http.StatusCreated)
	c.must("POST", "/users", object{"email": "clara.von.hohenzollern@a-rather-long-name.example", "role": "affiliate", "affiliate_id": json.Number(n.Affiliate), "password": partnerPassword}, http.StatusCreated)
	b := mustBrowser(t)
	o, p, stranger := b.mustTab(w.URL, 1440, 900), b.mustTab(w.URL, 1440, 900), b.mustTab(w.URL, 1440, 900)
	o.logInByKeys(adminEmail, adminPassword)

	o.open("/admin/settings")
	o.typeInto("Network name", "Cove & Partners")
	o.typeInto("Brand colour", "#aa3311")
	o.tabTo("Currency of new partners")
	o.press("gbp")
	o.tabTo("Advertisers approve and reject")
	o.press(space)
	o.enterOn("Save settings")
	o.sees("The settings are saved")
	if got := c.must("GET", "/network", nil, http.StatusOK); got["name"] != "Cove & Partners" || got["currency"] != "GBP" || got["brand_colour"] != "#aa3311" {
		t.Errorf("saved %v", got)
	}
	o.open("/admin/settings/sign-up")
	o.tabTo("Affiliates may sign up by themselves")
	o.press(space)
	o.enterOn("Save sign-up")
	o.sees("The sign-up forms are saved")

	stranger.open("/sign-up/affiliate")
	stranger.assertFocus("Company or name", "when the page opens")
	stranger.press("Media Cove")
	stranger.enterOn("Send the application") // with nothing else
	stranger.await("the summary has the focus", `document.activeElement.matches('.summary')`)
	stranger.typeInto("Your name", "Clara")
	stranger.typeInto("E-mail address", "clara@cove.example")
	stranger.tabTo("Country")
	stranger.press("germ")
	stranger.tabTo("I accept the terms")
	stranger.press(space)
	stranger.enterOn("Send the application")
	stranger.await("the application is sent", `location.pathname === '/sign-up/sent'`)

	p.logInByKeys("clara.von.hohenzollern@a-rather-long-name.example", partnerPassword)
	p.open("/affiliate/postbacks/new")
	p.pickByKeys("Offer", "off", "Offer")
	p.await("its goals are offered", `[...document.querySelectorAll('#goal_id option')].some(o => o.text === 'Newsletter')`)
	p.tabTo("Goal")
	p.press("news")
	p.typeInto("Postback URL", "https://tracker.example/p?cid={aff_click_id}")
	p.enterOn("Create postback")
	p.await("the postback is made", `/\/postbacks\/\d+$/.test(location.pathname)`)
	p.sees("Newsletter")

	o.open("/admin/conversions/new")
	o.pickByKeys("Offer", "off", "Offer")
	o.pickByKeys("Affiliate", "buy", "Buyer")
	o.await("its goals are offered", `[...document.querySelectorAll('#goal_id option')].some(o => o.text === 'Newsletter')`)
	o.tabTo("Goal")
	o.press("news")
	o.typeInto("Transaction id", "by-keys")
	o.tabTo("Status")
	o.press("appr")
	o.typeInto("Note", "They called")
	o.enterOn("Add conversion")
	o.sees("The conversion is made")
	o.sees("Newsletter")

	narrow := b.mustTab(w.URL, 390, 844)
	narrow.mustLogIn(adminEmail, adminPassword)
	narrow.open("/admin/people?q=clara")
	narrow.await("the address breaks", `document.querySelectorAll('tbody wbr').length > 1`)
	if cut := ask[[]string](narrow, `[...document.querySelectorAll('tbody wbr')].map(w => w.previousSibling).filter(n => { const r = document.createRange(); r.selectNodeContents(n); return new Set([...r.getClientRects()].map(x => Math.round(x.top))).size > 1; }).map(n => n.data)`); len(cut) > 0 {
		t.Errorf("lines break within %q", cut)
	}
	for name, page := range map[string]*tab{"operator": o, "affiliate": p, "stranger": stranger, "narrow": narrow} {
		for _, trouble := range page.troubles() {
			t.Errorf("the %s's page: %s", name, trouble)
		}
	}
}
