package portal_test

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/labstack/echo/v4"
	"github.com/pquerna/otp/totp"

	"github.com/waypost/waypost/domain/account"
	"github.com/waypost/waypost/portal"
	"github.com/waypost/waypost/portal/portaltest"
)

const passphrase = "correct horse battery"

// mount gives a network its log-in and three bare portals.
func mount(t *testing.T) *portaltest.Network {
	t.Helper()
	n := portaltest.New(t)
	n.Portal.Mount(n.Echo)
	for kind, name := range map[portal.Kind]string{portal.Admin: "Admin portal", portal.Affiliate: "Affiliate portal", portal.Advertiser: "Advertiser portal"} {
		g := n.Portal.Door(n.Echo, portal.Door{Kind: kind, Name: name})
		g.GET("", func(f *portal.Frame) error { return f.Redirect(f.Path("/account")) })
	}
	return n
}

// person makes a user with a password.
func person(t *testing.T, n *portaltest.Network, u account.User) account.User {
	t.Helper()
	u, err := n.Accounts.CreateUser(t.Context(), portaltest.System, u, passphrase)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

// sent fills a form's field of forged requests with the one that its page shows.
func sent(page *portaltest.Page, pairs ...string) url.Values {
	form := url.Values{"csrf": {page.Field("csrf")}}
	for i := 0; i < len(pairs); i += 2 {
		form.Set(pairs[i], pairs[i+1])
	}
	return form
}

func TestLogin(t *testing.T) {
	t.Parallel()
	n := mount(t)
	person(t, n, account.User{Email: "eva@network.example", Role: account.RoleManager})
	b := n.Nobody()
	b.Get("/admin/account?x=1").Is(303).To("/login?next=" + url.QueryEscape("/admin/account?x=1"))
	page := b.Get("/login?next=" + url.QueryEscape("/admin/account?x=1")).Is(200)
	wrong := b.PostForged("/login", sent(page, "email", "eva@network.example", "password", "not this one", "next", "/admin/account?x=1")).Is(422).
		Shows("E-mail address or password is not right.").Lacks("not this one")
	if got := wrong.Field("email"); got != "eva@network.example" {
		t.Errorf("the form forgot the address: %q", got)
	}
	unknown := b.PostForged("/login", sent(page, "email", "nobody@network.example", "password", "not this one")).Is(422)
	if strings.ReplaceAll(unknown.Text(), "nobody@", "eva@") != wrong.Text() {
		t.Error("the answer tells whether there is an account")
	}
	b.PostForged("/login", url.Values{"email": {"eva@network.example"}, "password": {passphrase}}).Is(403).Shows("This is not allowed")
	b.PostForged("/login", sent(page, "email", "eva@network.example", "password", passphrase, "next", "/admin/account?x=1")).Is(303).To("/admin/account?x=1")
	b.Get("/admin/account").Is(200).Shows("eva@network.example")
	b.Get("/login").Is(303).To("/admin")
	b.Get("/").Is(303).To("/admin")
	for _, elsewhere := range []string{"https://evil.example", "//evil.example", "/\\evil.example", "javascript:alert(1)"} {
		b := n.Nobody()
		b.PostForged("/login", sent(b.Get("/login"), "email", "eva@network.example", "password", passphrase, "next", elsewhere)).Is(303).To("/admin")
	}
	account := b.Get("/admin/account")
	b.PostForged("/admin/logout", sent(account)).Is(303).To("/login")
	b.Get("/admin/account").Is(303)
	n.Nobody().Get("/").Is(303).To("/login")
}

// A session that somebody planted in the browser is not the one that the log-in goes on with.
func TestLoginTakesNoPlantedSession(t *testing.T) {
	t.Parallel()
	n := mount(t)
	person(t, n, account.User{Email: "eva@network.example", Role: account.RoleManager})
	attacker := n.Affiliate(0)
	attacker.Get("/affiliate/account").Is(200)
	page := attacker.Get("/forgotten").Is(200)
	attacker.PostForged("/login", sent(page, "email", "eva@network.example", "password", passphrase)).Is(303).To("/admin")
	if got := n.Count(`SELECT count(*) FROM browser_sessions WHERE ended_at IS NULL`); got != 1 {
		t.Errorf("%d sessions go on, want the new one", got)
	}
}

func TestSecondFactorByForm(t *testing.T) {
	t.Parallel()
	n := mount(t)
	person(t, n, account.User{Email: "eva@network.example", Role: account.RoleManager})
	b := n.Nobody()
	b.PostForged("/login", sent(b.Get("/login"), "email", "eva@network.example", "password", passphrase)).Is(303)
	page := b.Get("/admin/account/security").Is(200).Shows("Second factor", "Off")
	page = b.PostForged("/admin/account/second-factor", sent(page)).Is(200).Shows("Scan the picture")
	address := page.Field("url")
	secret := address[strings.Index(address, "secret=")+len("secret="):]
	secret, _, _ = strings.Cut(secret, "&")
	page = b.PostForged("/admin/account/second-factor/confirm", sent(page, "url", address, "password", passphrase, "otp", "000000")).Is(422).
		Shows("This is not the code")
	if picture := page.All("img", "src", ""); len(picture) != 1 {
		t.Errorf("%d pictures of the enrolment after a wrong code, want it again", len(picture))
	}
	code, err := totp.GenerateCode(secret, n.Now)
	if err != nil {
		t.Fatal(err)
	}
	page = b.PostForged("/admin/account/second-factor/confirm", sent(page, "url", address, "password", passphrase, "otp", code)).Is(200).Shows("Your recovery codes")
	var recovery string
	for _, word := range strings.Fields(page.Text()) {
		if len(word) == 19 && strings.Count(word, "-") == 3 {
			recovery = word
		}
	}
	b = n.Nobody()
	b.PostForged("/login", sent(b.Get("/login"), "email", "eva@network.example", "password", passphrase, "next", "/admin/account")).
		Is(303).To("/login/code?next=" + url.QueryEscape("/admin/account"))
	b.Get("/admin/account").Is(303) // the password alone opens nothing
	page = b.Get("/login/code?next=/admin/account").Is(200)
	b.PostForged("/login/code", sent(page, "otp", code)).Is(422).Shows("was used before")
	b.PostForged("/login/code", sent(page, "otp", recovery, "next", "/admin/account")).Is(303).To("/admin/account")
	b.Get("/admin/account/security").Is(200).Shows("On", "this one")
}

// Every page of every portal refuses frames and foreign scripts, and is kept nowhere.
func TestHeadersOfPages(t *testing.T) {
	t.Parallel()
	n := mount(t)
	for path, b := range map[string]*portaltest.Browser{"/login": n.Nobody(), "/admin/account": n.Operator(account.RoleAdmin),
		"/affiliate/account/security": n.Affiliate(0), "/advertiser/nothing": n.Advertiser(0), "/affiliate/account": n.Nobody()} {
		h := b.Get(path).Header
		if policy := h.Get("Content-Security-Policy"); !strings.Contains(policy, "frame-ancestors 'none'") || !strings.Contains(policy, "script-src 'self';") {
			t.Errorf("%s: policy %q", path, policy)
		}
		if h.Get("X-Frame-Options") != "DENY" || h.Get("Cache-Control") != "no-store" || h.Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("%s: headers %v", path, h)
		}
	}
}

func TestPortalsAreTheirPartys(t *testing.T) {
	t.Parallel()
	n := mount(t)
	for base, own := range map[string]*portaltest.Browser{"/admin": n.Operator(account.RoleViewer), "/affiliate": n.Affiliate(0), "/advertiser": n.Advertiser(0)} {
		for _, other := range []string{"/admin", "/affiliate", "/advertiser"} {
			if other == base {
				own.Get(base + "/account").Is(200)
				continue
			}
			own.Get(other + "/account").Is(303).To(base)
			own.Post(other+"/account", url.Values{"name": {"x"}}).Is(403)
		}
	}
}

// paths are the routes of a portal that change something, with ids of things that exist.
func paths(n *portaltest.Network, base string) (all []string) {
	for _, r := range n.Echo.Routes() {
		if r.Method == http.MethodPost && strings.HasPrefix(r.Path, base+"/") {
			all = append(all, strings.NewReplacer(":kind", "affiliate", ":id", "1").Replace(r.Path))
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// An operator who looks at a party's portal reads it, and none of what it sends changes anything.
func TestViewAsWritesNothing(t *testing.T) {
	t.Parallel()
	n := mount(t)
	for kind, id := range map[string]int64{"affiliate": int64(n.AffiliateOf[0].ID), "advertiser": int64(n.AdvertiserOf[0].ID)} {
		b := n.Operator(account.RoleAdmin)
		b.Post("/admin/view-as/"+kind+"/"+strconv.FormatInt(id, 10), nil).Is(303).To("/" + kind)
		b.Get("/"+kind+"/account").Is(200).Shows("You are viewing as", "Stop")
		b.Get("/admin/account").Is(303).To("/" + kind)
		audited := n.Count(`SELECT count(*) FROM audit_log`)
		tried := 0
		for _, path := range paths(n, "/"+kind) {
			if strings.HasSuffix(path, "/view-as/stop") || strings.HasSuffix(path, "/logout") || strings.HasSuffix(path, "/session") {
				continue
			}
			tried++
			b.Post(path, url.Values{"name": {"changed"}, "theme": {"dark"}, "password": {passphrase}, "again": {passphrase}}).Is(403).Shows("nothing can be changed")
		}
		if tried < 12 {
			t.Errorf("only %d routes were tried", tried)
		}
		if got := n.Count(`SELECT count(*) FROM audit_log`); got != audited {
			t.Errorf("%d deeds were done", got-audited)
		}
		record := "/admin/" + kind + "s/" + strconv.FormatInt(id, 10)
		b.Post("/"+kind+"/view-as/stop", nil).Is(303).To(record)
		b.Get("/admin/account").Is(200).Lacks("You are viewing as")
	}
	for _, role := range []account.Role{account.RoleFinance, account.RoleViewer} {
		n.Operator(role).Post("/admin/view-as/affiliate/1", nil).Is(403)
	}
	n.Operator(account.RoleManager).Post("/admin/view-as/affiliate/999", nil).Is(404)
	n.Affiliate(0).Post("/admin/view-as/affiliate/1", nil).Is(403)
	if got := n.Count(`SELECT count(*) FROM audit_log WHERE action IN ('view_as.start', 'view_as.stop')`); got != 4 {
		t.Errorf("%d audit entries of viewing, want 4", got)
	}
}

// No route takes a form without the token.
func TestEveryFormNeedsItsToken(t *testing.T) {
	t.Parallel()
	n := mount(t)
	for base, b := range map[string]*portaltest.Browser{"/admin": n.Operator(account.RoleAdmin), "/affiliate": n.Affiliate(0), "/advertiser": n.Advertiser(0)} {
		for _, path := range paths(n, base) {
			b.PostForged(path, url.Values{"name": {"changed"}}).Is(403)
		}
	}
	for _, path := range []string{"/login", "/login/code", "/forgotten", "/set-password"} {
		n.Nobody().PostForged(path, url.Values{"email": {"x@x.example"}}).Is(403)
	}
	if !slices.ContainsFunc(n.Echo.Routes(), func(r *echo.Route) bool { return r.Path == "/affiliate/account/password" }) {
		t.Error("the routes are named otherwise")
	}
}
