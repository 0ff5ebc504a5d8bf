package e2e

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
)

// another is a second tab of the same browser: same cookies, same log-in.
func (p *tab) another() *tab {
	p.t.Helper()
	return mustTabIn(p.t, p.ctx, p.base, 1440, 900)
}

// TestHabits: what people expect of every page, whatever it shows.
func TestHabits(t *testing.T) {
	t.Parallel()
	w := mustFresh(t)
	c := w.mustLogIn()
	n := w.mustNetwork(c, nil, nil)
	b := mustBrowser(t)

	t.Run("a session that ends comes back to its page", func(t *testing.T) {
		p := b.mustTab(w.URL, 1440, 900)
		p.t = t
		p.mustLogIn(adminEmail, adminPassword)
		p.open("/admin/offers?status=active")
		other := p.another()
		other.open("/admin")
		other.follow(`[popovertarget=account]`)
		other.click("Log out")
		other.await("the log-in", `location.pathname === '/login'`)
		p.click("Offer") // of the list
		p.await("the way to the log-in", `location.pathname === '/login'`)
		u, _ := url.Parse(p.address())
		if next := u.Query().Get("next"); next != "/admin/offers/"+n.Offer {
			t.Errorf("the log-in leads to %q", next)
		}
		p.fill("E-mail", adminEmail)
		p.fill("Password", adminPassword)
		p.click("Log in")
		if p.path() != "/admin/offers/"+n.Offer {
			t.Errorf("the log-in led to %s", p.path())
		}
	})

	t.Run("back undoes a filter", func(t *testing.T) {
		p := b.mustTab(w.URL, 1440, 900)
		p.t = t
		p.mustLogIn(adminEmail, adminPassword)
		p.open("/admin/affiliates")
		p.sees("Buyer")
		p.fill("Status", "blocked") // goes at once
		p.await("nobody is blocked", `!document.querySelector('main').innerText.includes('Buyer') && location.search.includes('status=blocked')`)
		ask[any](p, `history.back(), 0`)
		p.settle()
		p.await("the list is whole again", `document.querySelector('main').innerText.includes('Buyer') && !location.search.includes('blocked')`)
		ask[any](p, `history.forward(), 0`)
		p.settle()
		p.await("and narrow again", `!document.querySelector('main').innerText.includes('Buyer')`)
	})

	t.Run("columns are chosen and a list is taken away by keys", func(t *testing.T) {
		p := b.mustTab(w.URL, 1440, 900)
		p.t = t
		p.mustLogIn(adminEmail, adminPassword)
		p.open("/admin/affiliates?status=active")
		p.enterOn("Columns")
		p.await("the chooser at its search", `document.querySelector('#columns-affiliates').matches(':popover-open') && document.activeElement.type === 'search'`)
		p.press("email")
		p.tabTo("Email")
		p.press(" ")
		p.enterOn("Show columns")
		p.await("the column beside the filter", `[...document.querySelectorAll('th')].some(h => h.innerText === 'Email') && /columns=.*email/.test(location.search) && location.search.includes('status=active')`)
		p.sees("Buyer")
		p.enterOn("Export affiliates")
		p.downTo("Show API request The same rows by curl")
		p.press(enter)
		p.await("the request", `document.querySelector('#export-affiliates-request').open && document.querySelector('#export-affiliates-request pre').textContent.includes('/api/v1/affiliates?status=active')`)
		for _, bad := range p.audit("light") {
			t.Errorf("with the dialog: %s", bad)
		}
		narrow := b.mustTab(w.URL, 390, 844)
		narrow.t = t
		narrow.calm()
		narrow.mustLogIn(adminEmail, adminPassword)
		for _, path := range []string{"/admin/affiliates?columns=affiliate,email,created-at", "/admin/conversions?columns=conversion,txid,click-id", "/admin/reports?columns=day,clicks,cr"} {
			narrow.inspect(path, 390, 90)
		}
	})

	t.Run("the theme stays and does not flash", func(t *testing.T) {
		p := b.mustTab(w.URL, 1440, 900)
		p.t = t
		p.mustLogIn(adminEmail, adminPassword)
		p.click("Theme")
		p.click("Dark")
		p.await("dark at once", `document.documentElement.dataset.theme === 'dark'`)
		p.awaitNoRequests()
		p.open("/admin/offers")
		if html := ask[string](p, `fetch(location.href).then(r => r.text())`); !strings.Contains(html[:300], `data-theme="dark"`) {
			t.Errorf("the server sends %.300s", html)
		}
		if ground := ask[string](p, `getComputedStyle(document.body).backgroundColor`); ground != "rgb(11, 14, 21)" {
			t.Errorf("the ground is %s", ground)
		}
		p.click("Theme")
		p.click("Auto")
		p.await("auto again", `document.documentElement.dataset.theme !== 'dark'`)
	})

	t.Run("a wizard asks before typed input is left", func(t *testing.T) {
		p := b.mustTab(w.URL, 1440, 900)
		p.t = t
		p.mustLogIn(adminEmail, adminPassword)
		p.open("/admin/offers/new")
		const asks = `(() => { const e = new Event('beforeunload', {cancelable: true}); dispatchEvent(e); return e.defaultPrevented; })()`
		if ask[bool](p, asks) {
			t.Error("it asks before anything was typed")
		}
		p.fill("Name", "Half an offer")
		if !ask[bool](p, asks) {
			t.Error("it asks nothing")
		}
	})

	t.Run("a filter whose name is not taken yet is sent once", func(t *testing.T) {
		p := b.mustTab(w.URL, 1440, 900)
		p.t = t
		p.mustLogIn(adminEmail, adminPassword)
		p.open("/admin/debugger")
		p.await("names are offered", `customElements.get('x-pick')`)
		ask[any](p, `sessionStorage.sent = 0; document.addEventListener('submit', e => { if (!e.defaultPrevented) sessionStorage.sent++; }); 0`)
		p.fill("Offer", "offer")
		ask[any](p, `document.activeElement.form.requestSubmit(); 0`)
		p.await("the filter is in the address", `location.search.includes('offer=`+n.Offer+`')`)
		p.settle()
		if sent := ask[string](p, `sessionStorage.sent`); sent != "1" {
			t.Errorf("it was sent %s times", sent)
		}
	})

	t.Run("? lists the keys on every page of the account", func(t *testing.T) {
		p := b.mustTab(w.URL, 1440, 900)
		p.t = t
		p.mustLogIn(adminEmail, adminPassword)
		for _, path := range []string{"/admin/account", "/admin/account/security", "/admin/account/api-keys"} {
			p.open(path)
			p.press("?")
			p.await("the keys are listed on "+path, `document.querySelector('dialog#keys')?.open`)
		}
	})

	t.Run("who views as a party changes nothing", func(t *testing.T) {
		tr := mustReceiver(t)
		n.mustPostbackURL(tr.URL + "/pb")
		p := b.mustTab(w.URL, 1440, 900)
		p.t = t
		p.mustLogIn(adminEmail, adminPassword)
		p.open("/admin/affiliates/" + n.Affiliate)
		p.click("View as Buyer")
		p.sees("You are viewing as Buyer")
		for _, path := range []string{"/affiliate", "/affiliate/offers", "/affiliate/links", "/affiliate/postbacks", "/affiliate/postbacks/1", "/affiliate/conversions", "/affiliate/deliveries", "/affiliate/balance"} {
			p.open(path)
			p.sees("You are viewing as Buyer")
			// Even a button that were left would be refused: every form of the page is sent as it stands.
			refused := ask[[]string](p, `Promise.all([...document.querySelectorAll('form[method=post]')].filter(f => !/\/(stop|logout)$/.test(f.action) && !f.action.endsWith('/preview'))
				.map(f => fetch(f.action, {method: 'POST', body: new URLSearchParams(new FormData(f)), redirect: 'manual'}).then(r => r.status + ' ' + f.action)))`)
			for _, r := range refused {
				if !strings.HasPrefix(r, "403 ") {
					t.Errorf("%s: a form is answered %s", path, r)
				}
			}
		}
		p.open("/affiliate/postbacks/1")
		if status := ask[int](p, `fetch('/affiliate/postbacks/1/pause', {method: 'POST', headers: {'X-CSRF-Token': document.querySelector('meta[name=csrf-token]').content}}).then(r => r.status)`); status != http.StatusForbidden {
			t.Errorf("pausing while viewing is answered %d", status)
		}
		p.troubles() // the refusals
		p.click("Stop")
		p.await("back at the record", `location.pathname === '/admin/affiliates/`+n.Affiliate+`'`)
		if strings.Contains(p.text("body"), "You are viewing as") {
			t.Error("the bar stays")
		}
		p.open("/admin/audit")
		p.sees("Portal viewed as this partner")
	})
}

// awaitNoRequests waits until what a script sent is answered.
func (p *tab) awaitNoRequests() {
	p.t.Helper()
	p.await("scripts' requests are answered", `performance.getEntriesByType('resource').some(e => e.name.endsWith('/account/theme') && e.responseEnd > 0)`)
}
