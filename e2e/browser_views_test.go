package e2e

import (
	"strings"
	"testing"
)

// TestSavedViews: a list with its filters and columns is kept under a name, by mouse and by keys, and opens by itself.
func TestSavedViews(t *testing.T) {
	t.Parallel()
	w := mustFresh(t)
	c := w.mustLogIn()
	w.mustNetwork(c, nil, nil)
	b := mustBrowser(t)
	p := b.mustTab(w.URL, 1440, 900)
	p.mustLogIn(adminEmail, adminPassword)

	t.Run("by mouse", func(t *testing.T) {
		p.t = t
		p.open("/admin/conversions?status=pending&columns=conversion,txid")
		p.click("Any time")
		p.click("Last 7 days")
		p.await("the days are in the address", `location.search.includes('from=')`)
		p.click("Views")
		p.click("Save this view…")
		p.await("the dialog, with the days that move", `document.querySelector('#save-view').open && document.querySelector('#view-span').value === '7d'`)
		for _, bad := range p.audit("light", "dark") {
			t.Errorf("with the dialog: %s", bad)
		}
		p.theme("light")
		p.fill("Name", "Pending, last week")
		p.click("Save view")
		p.sees("The view is saved.")
		if at := p.address(); !strings.Contains(at, "view=1") || !strings.Contains(at, "status=pending") || !strings.Contains(at, "columns=conversion%2Ctxid") {
			t.Errorf("saving led to %s", at)
		}
		p.open("/admin/conversions")
		p.click("Views")
		p.click("Pending, last week")
		p.await("it opens", `location.search.includes('view=1') && location.search.includes('status=pending') && [...document.querySelectorAll('#views .menu-item')].some(i => i.textContent.includes('Open now'))`)
		// Another filter is saved into it.
		p.fill("Status", "approved")
		p.await("another filter, the same view", `location.search.includes('status=approved') && location.search.includes('view=1')`)
		p.click("Pending, last week, the open view")
		p.click("Save changes to")
		p.sees("The view is saved as the page is now.")
	})

	t.Run("by keys", func(t *testing.T) {
		p.t = t
		p.open("/admin/affiliates?status=active")
		p.enterOn("Views")
		p.await("the menu is open", `document.querySelector('#views').matches(':popover-open')`)
		p.downTo("Save this view… With its filters and columns")
		p.press(enter)
		p.await("the dialog is open", `document.querySelector('#save-view').open`)
		p.typeInto("Name", "Active ones")
		p.tabTo("Open the page with it")
		p.press(" ")
		p.enterOn("Save view")
		p.sees("The view is saved.")
		p.open("/admin/affiliates")
		p.await("the page opens with it", `location.search.includes('status=active') && location.search.includes('view=2')`)
		p.enterOn("Clear filters")
		p.await("and without it where that is asked", `location.search === '?view=none'`)
		p.open("/admin/account/views")
		p.sees("opens with the page")
		p.enterOn("Edit Active ones")
		p.typeInto("Name", "Partners at work")
		p.enterOn("Save view")
		p.sees("Partners at work")
		p.enterOn("Delete Partners at work")
		p.await("it asks first", `document.querySelector('#delete-view').open`)
		p.enterOn("Delete view")
		p.sees("The view is deleted.")
		p.open("/admin/affiliates")
		if at := p.address(); strings.Contains(at, "view") {
			t.Errorf("the deleted view opens: %s", at)
		}
	})

	t.Run("on a phone", func(t *testing.T) {
		narrow := b.mustTab(w.URL, 390, 844)
		narrow.t = t
		narrow.calm()
		narrow.mustLogIn(adminEmail, adminPassword)
		for _, path := range []string{"/admin/conversions?view=1&status=approved", "/admin/account/views", "/admin/account/views/1", "/admin/reports"} {
			narrow.inspect(path, 390, 90)
		}
		narrow.open("/admin/conversions")
		narrow.click("Views")
		narrow.click("Save this view…")
		for _, bad := range narrow.audit("light") {
			t.Errorf("the dialog on a phone: %s", bad)
		}
	})
}
