package e2e

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
)

// nameOfFocus is what a screen reader would say of what has the focus.
const nameOfFocus = `(() => {
	const e = document.activeElement, norm = s => (s ?? '').replace(/\s+/g, ' ').trim();
	return e === document.body ? '' : norm(e.ariaLabel) || norm([...e.labels ?? []].map(l => l.innerText).join(' ')) || norm(e.innerText) || norm(e.value);
})()`

// tabTo presses Tab until what is called so has the focus; further words may follow.
func (p *tab) tabTo(name string) {
	p.t.Helper()
	p.settle()
	p.await("focus on "+name+" by Tab", `document.hasFocus()`)
	var seen []string
	for range 160 {
		p.press(tabKey)
		at := ask[string](p, nameOfFocus)
		if at == name || strings.HasPrefix(at, name+" ") {
			p.assertFocusShows(name)
			return
		}
		seen = append(seen, at)
	}
	p.fail("Tab does not lead to %q, but to %q", name, seen)
}

// assertFocusShows checks that what has the focus is in view, not covered, and marked.
func (p *tab) assertFocusShows(name string) {
	p.t.Helper()
	bad := ask[string](p, `(() => {
		const e = document.activeElement, shown = e.type === 'radio' || e.type === 'checkbox' ? e.closest('label') ?? e.labels?.[0] ?? e : e;
		const box = e.getBoundingClientRect();
		if (box.width === 0 || box.top < 0 || box.left < 0 || box.bottom > innerHeight && box.height < innerHeight) return 'out of view';
		const over = document.elementFromPoint(box.left + box.width / 2, Math.max(1, box.top + Math.min(box.height, innerHeight) / 2));
		if (over && !e.contains(over) && !over.contains(e) && !shown.contains(over)) return 'covered by ' + over.outerHTML.slice(0, 100);
		const marks = x => { const s = getComputedStyle(x), around = getComputedStyle(x, '::after'); return s.outlineStyle !== 'none' && parseFloat(s.outlineWidth) >= 1.5 || s.boxShadow !== 'none' || around.outlineStyle !== 'none'; };
		for (let x = e, n = 0; x && n < 3; x = x.parentElement, n++) if (marks(x)) return '';
		return 'not marked';
	})()`)
	if bad != "" {
		p.t.Errorf("%s: focus on %s is %s", p.path(), name, bad)
	}
}

// enterOn goes to what is called so and presses Enter.
func (p *tab) enterOn(name string) {
	p.t.Helper()
	p.tabTo(name)
	p.press(enter)
	p.settle()
}

// typeInto goes to a field and types over what stands there.
func (p *tab) typeInto(name, text string) {
	p.t.Helper()
	p.tabTo(name)
	p.press("a", chromedp.ModifierCtrl)
	p.press(text)
}

// assertFocus checks that what is called so has the focus.
func (p *tab) assertFocus(name, after string) {
	p.t.Helper()
	p.await("the focus is on "+name+" "+after, fmt.Sprintf(`(%s).startsWith(%s)`, nameOfFocus, quoted(name)))
}

// downTo goes down an open menu.
func (p *tab) downTo(name string) {
	p.t.Helper()
	for range 12 {
		if ask[string](p, nameOfFocus) == name {
			return
		}
		p.press(down)
	}
	p.fail("the menu has no %s", name)
}

// goTo opens a page by the command palette.
func (p *tab) goTo(page string) {
	p.t.Helper()
	p.settle()
	p.press("k", chromedp.ModifierCtrl)
	p.assertFocus("Search", "in the palette")
	p.press(page)
	p.await("the palette finds "+page, fmt.Sprintf(`document.querySelector('x-palette [aria-selected=true]')?.innerText.includes(%s)`, quoted(page)))
	p.press(enter)
	p.settle()
	p.await("the palette leads away", `!document.querySelector('x-palette dialog[open]')`)
	p.settle()
}

// TestKeyboard walks the core of the journey without a mouse.
func TestKeyboard(t *testing.T) {
	t.Parallel()
	j := mustJourney(t)
	c := j.w.mustLogIn()
	advertiser := c.must("POST", "/advertisers", object{"name": "Lumio Sleep"}, http.StatusCreated)
	offer := c.must("POST", "/offers", object{"advertiser_id": advertiser["id"], "name": "Lumio Mattress", "status": "active", "visibility": "approval",
		"destination_url": "https://lumio.example/?cid={click_id}"}, http.StatusCreated)
	affiliate := c.must("POST", "/affiliates", object{"name": "Media Cove"}, http.StatusCreated)
	c.must("POST", "/users", object{"email": "team@cove.example", "role": "affiliate", "affiliate_id": affiliate["id"]}, http.StatusCreated)
	j.offer = "/admin/offers/" + offer.text("id")

	p, o := j.affiliate, j.operator
	p.open(strings.TrimPrefix(j.mail("team@cove.example", `http\S+/set-password\?token=\S+`), j.w.URL))
	p.typeInto("New password", partnerPassword)
	p.typeInto("The same once more", partnerPassword)
	p.press(enter)
	p.settle()
	p.logInByKeys("team@cove.example", partnerPassword)
	o.open("/login")
	o.logInByKeys(adminEmail, adminPassword)

	j.applyByKeys()
	j.postbackByKeys()
	j.rejectByKeys(advertiser.text("postback_token"))
	for name, p := range map[string]*tab{"operator": o, "affiliate": p} {
		for _, trouble := range p.troubles() {
			t.Errorf("the %s's page: %s", name, trouble)
		}
	}
}

// logInByKeys begins where the page put the focus.
func (p *tab) logInByKeys(email, password string) {
	p.t.Helper()
	if p.path() != "/login" {
		p.open("/login")
	}
	p.assertFocus("E-mail address", "when the page opens")
	p.press(email)
	p.press(tabKey)
	p.assertFocus("Password", "after the e-mail address")
	p.press(password + enter)
	p.await("the log-in leads to a portal", `location.pathname !== '/login'`)
	p.settle()
}

// applyByKeys: palette, dialog with Esc and focus return, dialog with Enter; then the operator's approval and the link.
func (j *journey) applyByKeys() {
	p, o := j.affiliate, j.operator
	p.goTo("Offers")
	p.tabTo("Apply for access to Lumio Mattress")
	p.press(enter)
	p.await("the dialog asks", `!!document.querySelector('#apply[open]')`)
	p.assertInDialog()
	p.press(esc)
	p.assertFocus("Apply for access to Lumio Mattress", "after Esc")
	p.press(space)
	p.await("the dialog asks again", `!!document.querySelector('#apply[open]')`)
	p.enterOn("Apply for access")
	p.sees("You have applied")

	o.goTo("Work queue")
	o.enterOn("Approve Media Cove for Lumio Mattress")
	o.sees("The request is approved")

	p.goTo("Link builder")
	p.typeInto("Offer", "lumio")
	p.await("a name stands chosen", `document.getElementById(document.activeElement.getAttribute('aria-activedescendant'))?.innerText.includes('Lumio Mattress')`)
	p.press(down)
	p.press(enter)
	p.await("the offer is taken", `/^\d+ · Lumio Mattress$/.test(document.activeElement.value) && document.activeElement.ariaExpanded === 'false'`)
	p.typeInto("Your click id", "their-1")
	p.await("the link follows", `document.querySelector('#link-url')?.textContent.includes('their-1')`)
	j.link = ask[string](p, `document.querySelector('#link-url').textContent.trim()`)
	if u, _ := url.Parse(p.address()); u.Query().Get("aff_click_id") != "their-1" || u.Query().Has("sub2") {
		p.t.Errorf("the address holds %s", u.RawQuery)
	}
	p.allowClipboard()
	p.enterOn("Copy tracking link")
	p.sees("Copied")
	p.assertFocus("Copy tracking link", "after copying")
}

// assertInDialog checks that Tab stays within the open dialog (and the browser's own bar).
func (p *tab) assertInDialog() {
	p.t.Helper()
	for range 8 {
		p.press(tabKey)
		if !ask[bool](p, `document.activeElement === document.body || !!document.activeElement.closest('dialog[open]')`) {
			p.t.Errorf("Tab leaves the dialog for %s", ask[string](p, nameOfFocus))
		}
	}
}

// postbackByKeys: the preset's menu by arrows, the form, the test, the log's answer.
func (j *journey) postbackByKeys() {
	p := j.affiliate
	p.goTo("Postbacks")
	p.enterOn("Set global postback")
	p.tabTo("Start from a tracker")
	p.press(enter)
	p.await("the menu has the focus", `document.activeElement.role === 'menuitem'`)
	first := ask[string](p, nameOfFocus)
	p.press(down)
	if at := ask[string](p, nameOfFocus); at == first {
		p.t.Errorf("the arrow stays on %s", at)
	}
	p.press(esc)
	p.assertFocus("Start from a tracker", "after Esc")
	p.press(enter)
	p.await("the menu has the focus again", `document.activeElement.role === 'menuitem'`)
	p.press("keit")
	p.assertFocus("Keitaro", "by its first letters")
	p.press(enter)
	p.settle()
	p.await("the tracker is asked for", `document.querySelector('#tracker')?.innerText.includes('Keitaro')`)
	for i := range ask[int](p, `document.querySelectorAll('#tracker input:not([type=hidden])').length`) {
		name := ask[string](p, fmt.Sprintf(`document.querySelectorAll('#tracker input:not([type=hidden])')[%d].labels[0].innerText.trim()`, i))
		if ask[string](p, nameOfFocus) != name { // the first has it already
			p.tabTo(name)
		}
		p.press(strings.TrimPrefix(j.tracker.URL, "http://"))
	}
	p.press(enter)
	p.settle()
	p.typeInto("Postback URL", j.tracker.URL+"/keys?cid={aff_click_id}&status={status}")
	p.press(tabKey, chromedp.ModifierShift)
	p.press(tabKey)
	p.assertFocus("Postback URL", "after Shift+Tab and Tab")
	p.press(tabKey, chromedp.ModifierShift)
	for range 20 {
		if ask[string](p, nameOfFocus) == "Rejected" {
			break
		}
		p.press(tabKey, chromedp.ModifierShift)
	}
	p.assertFocus("Rejected", "by Shift+Tab")
	if !ask[bool](p, `document.activeElement.checked`) {
		p.press(space)
	}
	p.enterOn("Create postback")
	p.await("the postback is made", `/\/postbacks\/\d+$/.test(location.pathname)`)
	p.enterOn("Send test postback")
	p.await("the test's answer", `document.querySelector('#test-result').innerText.includes('200 OK')`)
	p.assertFocus("Send test postback", "after the test")
	if calls := j.tracker.all(); len(calls) != 1 || calls[0].url.Path != "/keys" {
		p.t.Errorf("the tracker was called by the test: %v", calls)
	}
}

// rejectByKeys: the operator opens the sale from the list, rejects it, and pauses the affiliate by the confirming dialog.
func (j *journey) rejectByKeys(token string) {
	p, o := j.affiliate, j.operator
	j.clickID = mustClick(o.t, j.link)
	if status, answer := j.w.postback(url.Values{"clickid": {j.clickID}, "token": {token}, "com": {"3"}, "txid": {"order-1"}}); status != http.StatusOK {
		o.t.Fatalf("postback: %d %v", status, answer)
	}
	o.goTo("Conversions")
	o.tabTo("Select")
	o.tabTo("Select") // the first row's
	o.press(space)
	o.enterOn("Reject…")
	o.typeInto("Reason", "A test order")
	o.press(enter)
	o.settle()
	o.sees("1")

	p.goTo("Conversions")
	p.press("j") // the first row
	p.press(enter)
	p.await("the conversion's sheet", `document.querySelector('#sheet[open]')?.innerText.includes('A test order')`)
	p.press(esc)
	p.await("the sheet is closed", `!document.querySelector('#sheet[open]') && !!document.activeElement.closest('tbody')`)

	o.goTo("Affiliates")
	o.enterOn("Media Cove")
	o.tabTo("More")
	o.press(enter)
	o.await("the menu has the focus", `document.activeElement.role === 'menuitem'`)
	o.downTo("Pause")
	o.press(enter)
	o.await("the dialog asks", `!!document.querySelector('dialog[open]')`)
	o.assertInDialog()
	o.press(esc)
	o.assertFocus("More", "after Esc")
	o.press(enter)
	o.await("the menu has the focus again", `document.activeElement.role === 'menuitem'`)
	o.downTo("Pause")
	o.press(enter)
	o.await("the dialog asks again", `!!document.querySelector('dialog[open]')`)
	o.enterOn("Pause")
	o.sees("Paused")
}
