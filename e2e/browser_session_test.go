package e2e

import (
	"context"
	"testing"

	"github.com/chromedp/cdproto/cdp"
	devtools "github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"
)

// TestSessionEnd: a page warns before the log-in ends and goes on with one request; once it is over, what was typed
// comes back after another log-in, also when the form was sent too late.
func TestSessionEnd(t *testing.T) {
	t.Parallel()
	w := mustServe(t, mustDataDir(t))
	b := mustBrowser(t)
	p := b.mustTab(w.URL, 390, 844)
	p.mustLogIn(adminEmail, adminPassword)
	p.open("/admin/affiliates/new")
	p.fill("Name", "Typed before the end")
	p.await("the warning is fetched", `customElements.get('x-session')`)

	// A page that is about to end, as far as it knows: the server says that the log-in goes on.
	soon := func(seconds string) { ask[any](p, `document.querySelector('x-session').dataset.left = `+seconds+`; 0`) }
	soon("119")
	p.sees("Your log-in ends soon")
	p.await("the warning has the focus", `document.querySelector('#session').contains(document.activeElement)`)
	p.click("Stay signed in")
	p.await("the warning goes", `!document.querySelector('#session').open`)

	// The log-in ends elsewhere; the page finds out, keeps what was typed, and comes back to it.
	end := func() {
		t.Helper()
		p.do(chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
			_, err := cdp.Call(ctx, t, devtools.ClearBrowserCookies, cdp.Empty{})
			return err
		}))
	}
	end()
	soon("1")
	p.sees("You are logged out")
	p.click("Log in again")
	again := func() {
		t.Helper()
		p.sees("Forgotten password")
		p.fill("E-mail", adminEmail)
		p.fill("Password", adminPassword)
		p.click("Log in")
		p.sees("What you typed before you logged in again is back.")
		if got := ask[string](p, `document.querySelector('#name').value`); got != "Typed before the end" || p.path() != "/admin/affiliates/new" {
			p.t.Fatalf("at %s the field holds %q", p.path(), got)
		}
		p.await("the page says that it is not saved", `document.querySelector('x-form[data-dirty]')`)
	}
	again()

	// The form itself is sent too late.
	end()
	p.click("Add affiliate")
	again()
	p.click("Add affiliate")
	p.sees("Typed before the end is added.")
	if kept := ask[bool](p, `sessionStorage.getItem('draft') !== null`); kept {
		t.Error("what was saved is kept still")
	}
	for _, trouble := range p.troubles() {
		if trouble != "401 for "+w.URL+"/admin/session" {
			t.Error(trouble)
		}
	}
}
