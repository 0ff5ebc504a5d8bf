package portal_test

import (
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/waypost/waypost/domain/account"
	"github.com/waypost/waypost/domain/notice"
)

func TestProfileForm(t *testing.T) {
	t.Parallel()
	n := mount(t)
	b := n.Affiliate(0)
	page := b.Post("/affiliate/account", url.Values{"name": {`Clara "Vo" <b>`}, "time_zone": {"Mars/Olympus"}, "theme": {"dark"}}).Is(422).
		Shows("Must be an IANA time zone such as Europe/Berlin.")
	if got := page.Field("name"); got != `Clara "Vo" <b>` {
		t.Errorf("the form forgot the name: %q", got)
	}
	page = b.Post("/affiliate/account", url.Values{"name": {"Clara V."}, "time_zone": {"Asia/Tokyo"}, "theme": {"dark"}}).Is(303).To("/affiliate/account")
	page.Is(200).Shows("Your profile is saved.", "Clara V.")
	if !strings.Contains(page.Body, `data-theme="dark"`) {
		t.Error("the theme is not on the page")
	}
	b.Get("/affiliate/account").Is(200).Lacks("Your profile is saved.")
	b.Post("/affiliate/account/theme", url.Values{"theme": {"light"}}).Is(303)
	if page := b.Get("/affiliate/account"); !strings.Contains(page.Body, `data-theme="light"`) {
		t.Error("the theme did not change")
	}
	b.Post("/affiliate/account/theme", url.Values{"theme": {"pink"}}).Is(422)
}

func TestChangePasswordByForm(t *testing.T) {
	t.Parallel()
	n := mount(t)
	person(t, n, account.User{Email: "eva@network.example", Role: account.RoleManager})
	here, there := n.Nobody(), n.Nobody()
	here.PostForged("/login", sent(here.Get("/login"), "email", "eva@network.example", "password", passphrase)).Is(303)
	there.PostForged("/login", sent(there.Get("/login"), "email", "eva@network.example", "password", passphrase)).Is(303)
	page := here.Get("/admin/account/security").Is(200)
	for _, c := range []struct{ current, password, again, says string }{
		{passphrase, "another good passphrase", "another", "The two passwords differ"},
		{"not mine", "another good passphrase", "another good passphrase", "The current password is not right"},
		{passphrase, "short", "short", "12"},
	} {
		here.PostForged("/admin/account/password", sent(page, "current_password", c.current, "password", c.password, "again", c.again)).Is(422).Shows(c.says)
	}
	here.PostForged("/admin/account/password", sent(page, "current_password", passphrase, "password", "another good passphrase", "again", "another good passphrase")).
		To("/admin/account/security").Is(200).Shows("Your password is changed.")
	there.Get("/admin/account").Is(303)
}

func TestSessionsByForm(t *testing.T) {
	t.Parallel()
	n := mount(t)
	person(t, n, account.User{Email: "eva@network.example", Role: account.RoleManager})
	here, there := n.Nobody(), n.Nobody()
	here.PostForged("/login", sent(here.Get("/login"), "email", "eva@network.example", "password", passphrase)).Is(303)
	there.PostForged("/login", sent(there.Get("/login"), "email", "eva@network.example", "password", passphrase)).Is(303)
	page := here.Get("/admin/account/security").Is(200).Shows("this one")
	here.PostForged("/admin/account/sessions/end-others", sent(page)).Is(303)
	there.Get("/admin/account").Is(303)
	here.Get("/admin/account/security").Is(200).Shows("All other log-ins have ended.")
	ends := regexp.MustCompile(`/admin/account/sessions/([0-9a-f-]{36})/end`).FindStringSubmatch(page.Body)
	if ends == nil {
		t.Fatal("no session can be ended")
	}
	here.PostForged("/admin/account/sessions/0199b0a2-7c1e-7000-8000-000000000001/end", sent(page)).Is(404)
	here.PostForged("/admin/account/sessions/x/end", sent(page)).Is(404)
}

func TestAPIKeysByForm(t *testing.T) {
	t.Parallel()
	n := mount(t)
	b := n.Affiliate(0)
	b.Post("/affiliate/account/api-keys", url.Values{"name": {""}}).Is(422).Shows("Must not be empty.")
	back := b.Post("/affiliate/account/api-keys", url.Values{"name": {"kept"}, "expires_at": {"2020-01-01"}}).Is(422).Shows("Must lie ahead.")
	if back.Field("name") != "kept" || back.Field("expires_at") != "2020-01-01" {
		t.Error("the form forgot what was typed")
	}
	b.Post("/affiliate/account/api-keys", url.Values{"name": {"kept"}, "role": {"admin"}}).Is(422)
	page := b.Post("/affiliate/account/api-keys", url.Values{"name": {"=warehouse"}}).Is(200)
	secret := regexp.MustCompile(`wp_[A-Za-z0-9_-]{43}`).FindString(page.Body)
	if a, err := n.Accounts.KeyActor(t.Context(), secret, ""); err != nil || a.AffiliateID != int64(n.AffiliateOf[0].ID) {
		t.Fatalf("the key %q: %+v, %v", secret, a, err)
	}
	page = b.Get("/affiliate/account/api-keys").Is(200).Shows("=warehouse").Lacks(secret)
	remove := regexp.MustCompile(`/affiliate/account/api-keys/\d+/delete`).FindString(page.Body)
	n.Affiliate(1).Post(remove, nil).Is(404)
	b.Post(remove, nil).Is(303)
	if _, err := n.Accounts.KeyActor(t.Context(), secret, ""); err == nil {
		t.Error("the key goes on")
	}
}

func TestNotificationsByForm(t *testing.T) {
	t.Parallel()
	n := mount(t)
	b := n.Affiliate(0)
	const all = "Mark all as read"
	n.Exec(`DELETE FROM notices`)
	b.Get("/affiliate/notifications").Is(200).Shows("No notifications yet").Lacks(all)
	if err := n.Notices.Post(t.Context(), notice.Notice{AffiliateID: n.AffiliateOf[0].ID, Kind: "postback_paused", Text: "A postback is paused"}); err != nil {
		t.Fatal(err)
	}
	b.Get("/affiliate/notifications").Is(200).Shows(all)
	b.Post("/affiliate/notifications/read-all", nil).Is(303)
	b.Post("/affiliate/notifications/x/read", nil).Is(404)
	b.Get("/affiliate/notifications?unread=1").Is(200).Shows("Nothing unread").Lacks(all)
	b.Get("/affiliate/notifications").Is(200).Shows("A postback is paused").Lacks(all)
}

func TestForgottenPassword(t *testing.T) {
	t.Parallel()
	n := mount(t)
	u := person(t, n, account.User{Email: "eva@network.example", Role: account.RoleManager})
	b := n.Nobody()
	page := b.Get("/forgotten").Is(200)
	known := b.PostForged("/forgotten", sent(page, "email", u.Email)).Is(200).Shows("Check your mail")
	unknown := b.PostForged("/forgotten", sent(page, "email", "nobody@network.example")).Is(200)
	if strings.ReplaceAll(unknown.Text(), "nobody@", "eva@") != known.Text() {
		t.Error("the answer tells whether there is an account")
	}
	if got := n.Count(`SELECT count(*) FROM user_tokens`); got != 1 {
		t.Errorf("%d links", got)
	}
	page = b.Get("/set-password?token=forged").Is(200)
	b.PostForged("/set-password", sent(page, "token", "forged", "password", "another good passphrase", "again", "another good passphrase")).Is(422).Shows("ask for another")
	b.PostForged("/set-password", sent(page, "token", "forged", "password", "one", "again", "two")).Is(422).Shows("The two passwords differ")
}

// An invited user chooses a password and is in.
func TestInvitation(t *testing.T) {
	t.Parallel()
	n := mount(t)
	_, link, err := n.Accounts.InviteUser(t.Context(), n.Operator(account.RoleAdmin).Actor(), account.User{Email: "new@network.example", Role: account.RoleViewer})
	if err != nil {
		t.Fatal(err)
	}
	address, err := url.Parse(link)
	if err != nil {
		t.Fatal(err)
	}
	b := n.Nobody()
	page := b.Get(address.RequestURI()).Is(200).Shows("Choose a password")
	page = b.PostForged("/set-password", sent(page, "token", page.Field("token"), "password", passphrase, "again", passphrase)).To("/login").Is(200).Shows("Your password is set.")
	b.PostForged("/login", sent(page, "email", "new@network.example", "password", passphrase)).Is(303).To("/admin")
}
