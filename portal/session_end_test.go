package portal_test

import (
	"strings"
	"testing"
	"time"

	"github.com/waypost/waypost/domain/account"
)

// The warning before the end of a log-in asks how long it goes on, which is no use of it, and one request makes it go on.
func TestSessionGoesOn(t *testing.T) {
	t.Parallel()
	n := mount(t)
	b := n.Operator(account.RoleViewer)
	page := b.Get("/admin/account").Is(200)
	if len(page.All("x-session", "data-left", "43200")) != 1 || len(page.All("x-session", "data-back", "/admin/account")) != 1 {
		t.Error("the page does not know when the log-in ends, or where it is")
	}
	n.Now = n.Now.Add(account.BrowserIdle - time.Minute)
	for range 2 {
		if page := b.Get("/admin/session").Is(200); strings.TrimSpace(page.Body) != `{"final":false,"left":60}` {
			t.Errorf("a minute before the end: %s", page.Body)
		}
	}
	b.PostForged("/admin/session", nil).Is(403)
	if page := b.Post("/admin/session", nil).Is(200); !strings.Contains(page.Body, `"left":43`) {
		t.Errorf("after staying: %s", page.Body)
	}
	for range 40 { // to the limit of its lifetime
		n.Now = n.Now.Add(account.BrowserIdle - time.Hour)
		if page := b.Post("/admin/session", nil); page.Status != 200 {
			t.Fatalf("the session ended without its last warning: %d", page.Status)
		} else if strings.Contains(page.Body, `"final":true`) {
			b.Get("/login?next=%2Fadmin%2Faccount&again=1").Is(200).Shows("Log in")
			b.Get("/login?next=%2Fadmin%2Faccount").To("/admin/account")
			n.Now = n.Now.Add(account.BrowserIdle)
			b.Get("/admin/session").Is(303)
			return
		}
	}
	t.Error("the session never comes to its limit")
}
