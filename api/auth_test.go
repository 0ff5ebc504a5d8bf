package api_test

import (
	"context"
	"strconv"
	"strings"
	"testing"

	"github.com/waypost/waypost/domain"
	"github.com/waypost/waypost/domain/account"
	"github.com/waypost/waypost/web"
)

func TestLogInRefreshLogOut(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	in := w.must(200, "", "POST", "/auth/login", map[string]any{"email": "ROOT@example.com", "password": adminPassword})
	if in["token_type"] != "Bearer" || in["expires_in"] != 600.0 {
		t.Errorf("log-in: %v", in)
	}
	access, refresh := in["access_token"].(string), in["refresh_token"].(string)
	me := w.must(200, access, "GET", "/me", nil)
	if me["email"] != adminEmail || me["role"] != "admin" || me["affiliate_id"] != nil || me["status"] != "active" {
		t.Errorf("me: %v", me)
	}

	next := w.must(200, "", "POST", "/auth/refresh", map[string]any{"refresh_token": refresh})
	w.must(200, next["access_token"].(string), "GET", "/me", nil)
	w.refused(401, "invalid_refresh_token", "", "POST", "/auth/refresh", map[string]any{"refresh_token": refresh})
	// The spent token came twice: somebody else holds it, so the whole log-in has ended.
	w.refused(401, "session_ended", next["access_token"].(string), "GET", "/me", nil)

	in = w.must(200, "", "POST", "/auth/login", map[string]any{"email": adminEmail, "password": adminPassword})
	access, refresh = in["access_token"].(string), in["refresh_token"].(string)
	w.must(204, access, "POST", "/auth/logout", nil)
	w.refused(401, "session_ended", access, "GET", "/me", nil)
	w.refused(401, "invalid_refresh_token", "", "POST", "/auth/refresh", map[string]any{"refresh_token": refresh})
	w.must(200, w.admin, "GET", "/me", nil) // another log-in of the same user goes on
}

func TestWrongPasswordTellsNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	known := w.refused(401, "invalid_credentials", "", "POST", "/auth/login", map[string]any{"email": adminEmail, "password": "wrong"})
	unknown := w.refused(401, "invalid_credentials", "", "POST", "/auth/login", map[string]any{"email": "nobody@example.com", "password": "wrong"})
	if known.raw != unknown.raw {
		t.Errorf("%s differs from %s", known.raw, unknown.raw)
	}
	for range 20 {
		if a := w.call("", "POST", "/auth/login", map[string]any{"email": adminEmail, "password": "wrong"}); a.status == 429 {
			// What the header says is what the sentence says: all attempts are of this minute.
			wait, err := strconv.Atoi(a.header.Get("Retry-After"))
			if err != nil || wait <= 14*60 || wait > 15*60 || !strings.Contains(a.raw, "15 minutes") || a.body["code"] != "too_many_attempts" {
				t.Errorf("429: %v %s", a.header, a.raw)
			}
			return
		}
	}
	t.Error("guessing was never stopped")
}

// A password in a body that is refused must not come back, nor reach the log.
func TestRefusedBodyIsNotEchoed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, body := range []string{`{"email":"a@example.com","password":"hunter2hunter2","x":1}`, `{"email":"a","password":"hunter2hunter2"`, `{"email":1,"password":"hunter2hunter2"}`} {
		if a := w.call("", "POST", "/auth/login", body); strings.Contains(a.raw, "hunter2") {
			t.Errorf("%s came back: %s", body, a.raw)
		}
	}
	if strings.Contains(w.log.String(), "hunter2") {
		t.Error("the log has it")
	}
}

func TestDisabledUserStopsAtOnce(t *testing.T) {
	t.Parallel()
	n := newNetwork(t)
	u, token := n.user(account.User{Role: account.RoleManager})
	n.must(200, token, "GET", "/offers", nil)
	if _, err := n.accounts.UpdateUser(context.Background(), system, u.ID, func(u *account.User) { u.Status = account.UserStatusDisabled }); err != nil {
		t.Fatal(err)
	}
	n.refused(401, "session_ended", token, "GET", "/offers", nil)
}

func TestTokensAtTheDoor(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	other, err := web.NewTokens([]byte(strings.Repeat("x", 32)), web.AudienceAPI, now)
	if err != nil {
		t.Fatal(err)
	}
	portal, err := web.NewTokens(secret, "waypost-admin", now)
	if err != nil {
		t.Fatal(err)
	}
	family, _ := domain.NewUUID(now(), strings.NewReader(strings.Repeat("f", 16)))
	issue := func(tokens *web.Tokens, user account.UserID) string {
		text, err := tokens.Issue(web.Login{UserID: user, Family: family})
		if err != nil {
			t.Fatal(err)
		}
		return text
	}
	for name, c := range map[string]struct{ token, code string }{
		"none":                    {"", "missing_token"},
		"rubbish":                 {"rubbish", "invalid_token"},
		"another secret":          {issue(other, 1), "invalid_token"},
		"another audience":        {issue(portal, 1), "invalid_token"},
		"right key, no such user": {issue(w.tokens, 999), "session_ended"},
		"right user, no log-in":   {issue(w.tokens, 1), "session_ended"},
		"tampered":                {w.admin[:len(w.admin)-2] + "AA", "invalid_token"},
		"two tokens":              {w.admin + " " + w.admin, "invalid_token"},
	} {
		a := w.refused(401, c.code, c.token, "GET", "/me", nil)
		if !strings.HasPrefix(a.header.Get("WWW-Authenticate"), "Bearer") {
			t.Errorf("%s: %v", name, a.header)
		}
	}
	// Who is not known is not told whether the input would be right.
	w.refused(401, "missing_token", "", "POST", "/advertisers", `{"nonsense":`)
	w.refused(401, "missing_token", "", "GET", "/clicks?limit=0", nil)
}

// public are the routes that everybody may call: they begin a log-in, sign up, or show what was shared by a link.
var public = map[string]bool{"/auth/login": true, "/auth/refresh": true, "/auth/forgot-password": true, "/auth/set-password": true,
	"/sign-up": true, "/applications/verify": true, "/shared-traces/{token}": true}

// Every route in the document but the public ones asks who calls.
func TestEveryRouteNeedsAToken(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for template, item := range document.Paths {
		target := strings.NewReplacer("{id}", "1", "{goal_id}", "1", "{click_id}", "x").Replace(template)
		for method, op := range map[string]any{"GET": item.Get, "POST": item.Post, "PATCH": item.Patch, "DELETE": item.Delete} {
			if operation(method, target) == nil || op == nil || public[template] || method == "POST" && template == "/applications" {
				continue
			}
			w.refused(401, "missing_token", "", method, target, nil)
		}
	}
}
