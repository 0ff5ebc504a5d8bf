package api_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/waypost/waypost/domain/account"
)

func TestAPIKeys(t *testing.T) {
	t.Parallel()
	n := newNetwork(t)
	k := n.must(201, n.admin, "POST", "/api-keys", fields{"name": "import", "expires_at": now().Add(time.Hour).Format(time.RFC3339)})
	secret, _ := k["secret"].(string)
	if k["name"] != "import" || !strings.HasPrefix(secret, k["prefix"].(string)) || k["role"] != nil || k["expires_at"] == nil || k["last_used_at"] != nil {
		t.Fatalf("made: %v", k)
	}
	me := n.must(200, secret, "GET", "/me", nil)
	if me["email"] != adminEmail {
		t.Errorf("me: %v", me)
	}
	self := path("/api-keys/%d", id(k))
	got := n.must(200, n.admin, "GET", self, nil)
	if got["secret"] != nil || got["last_used_at"] == nil || !strings.HasSuffix(got["last_used_at"].(string), ":00Z") {
		t.Errorf("read: %v", got)
	}
	n.must(201, secret, "POST", "/advertisers", fields{"name": "by key"})
	user := n.must(201, secret, "POST", "/users", fields{"email": "x@example.com", "role": "affiliate", "affiliate_id": id(n.affiliates[0]), "password": otherPassword})
	for name, c := range map[string]struct {
		method, path string
		body         any
	}{
		"password":       {"POST", path("/users/%d/password", id(user)), fields{"password": otherPassword}},
		"own password":   {"POST", path("/users/%d/password", id(me)), fields{"password": otherPassword, "current_password": adminPassword}},
		"key":            {"POST", "/api-keys", fields{"name": "more"}},
		"factor":         {"POST", "/me/second-factor", nil},
		"confirm":        {"POST", "/me/second-factor/confirm", fields{"otp": "123456", "password": adminPassword}},
		"codes":          {"POST", "/me/second-factor/recovery-codes", fields{"otp": "123456"}},
		"drop":           {"DELETE", "/me/second-factor", fields{"password": adminPassword, "otp": "123456"}},
		"another's":      {"DELETE", path("/users/%d/second-factor", id(user)), nil},
		"make operator":  {"POST", "/users", fields{"email": "y@example.com", "role": "admin", "password": otherPassword}},
		"promote":        {"PATCH", path("/users/%d", id(user)), fields{"role": "admin", "affiliate_id": nil}},
		"take over":      {"PATCH", path("/users/%d", id(me)), fields{"email": "mine@example.com"}},
		"end a session":  {"DELETE", "/me/sessions/" + items(n.must(200, n.admin, "GET", "/me/sessions", nil))[0]["id"].(string), nil},
		"end its log-in": {"POST", "/auth/logout", nil},
	} {
		if a := n.call(secret, c.method, c.path, c.body); a.status != 403 || a.body["code"] != "login_required" || c.path != "/auth/logout" && !strings.Contains(a.body["detail"].(string), "log in") {
			t.Errorf("%s: %d %s", name, a.status, a.raw)
		}
	}
	list := items(n.must(200, n.admin, "GET", "/api-keys", nil))
	if len(list) != 1 || list[0]["secret"] != nil || list[0]["prefix"] != k["prefix"] {
		t.Errorf("list: %v", list)
	}
	n.must(204, n.admin, "DELETE", self, nil)
	n.refused(401, "invalid_api_key", secret, "GET", "/me", nil)
	if strings.Contains(n.log.String(), secret) {
		t.Error("the log has the secret")
	}
}

func TestKeyOfARole(t *testing.T) {
	t.Parallel()
	n := newNetwork(t)
	viewer := n.must(201, n.admin, "POST", "/api-keys", fields{"name": "v", "role": "viewer"})["secret"].(string)
	n.must(200, viewer, "GET", "/offers", nil)
	n.refused(403, "forbidden", viewer, "POST", "/advertisers", fields{"name": "x"})
	n.refused(403, "forbidden", viewer, "GET", "/users", nil)
	if permissions, _ := n.must(200, viewer, "GET", "/me", nil)["permissions"].([]any); len(permissions) != 3 {
		t.Errorf("permissions: %v", permissions)
	}
	_, manager := n.user(account.User{Role: account.RoleManager})
	for _, c := range []struct{ token, role string }{{manager, "admin"}, {manager, "finance"}, {n.affUser[0], "admin"}, {n.affUser[0], "viewer"},
		{n.affUser[0], "advertiser"}, {n.admin, "affiliate"}, {n.admin, "owner"}} {
		if a := n.call(c.token, "POST", "/api-keys", fields{"name": "x", "role": c.role}); a.status != 422 {
			t.Errorf("%s: %d %s", c.role, a.status, a.raw)
		}
	}
	n.refused(422, "in_the_past", n.admin, "POST", "/api-keys", fields{"name": "x", "expires_at": "2020-01-01T00:00:00Z"})
	n.refused(422, "required", n.admin, "POST", "/api-keys", fields{"name": " "})
	// A party's key sees its party's rows and fields, as its user does.
	key := n.must(201, n.affUser[0], "POST", "/api-keys", fields{"name": "a"})["secret"].(string)
	for _, target := range []string{"/offers", "/affiliates", path("/offers/%d", id(n.offers[1])), path("/affiliates/%d", id(n.affiliates[1])), "/users"} {
		mine, its := n.call(n.affUser[0], "GET", target, nil), n.call(key, "GET", target, nil)
		if mine.status != its.status || mine.raw != its.raw {
			t.Errorf("%s: the user gets %d %s, its key %d %s", target, mine.status, mine.raw, its.status, its.raw)
		}
	}
}

// A key that is narrower than its user does not get an answer of the user's by its Idempotency-Key.
func TestKeyDoesNotReplayItsUsersAnswers(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	viewer := w.must(201, w.admin, "POST", "/api-keys", fields{"name": "v", "role": "viewer"})["secret"].(string)
	send := func(token string) answer {
		return w.send(token, http.MethodPost, "/api-keys", "application/json", strings.NewReader(`{"name":"all"}`), "Idempotency-Key", "one")
	}
	first, again := send(w.admin), send(w.admin)
	if first.status != 201 || again.raw != first.raw {
		t.Fatalf("%d %s, then %s", first.status, first.raw, again.raw)
	}
	if a := send(viewer); a.status != 422 || a.body["code"] != "idempotency_key_reused" || strings.Contains(a.raw, "wp_") {
		t.Errorf("a key gets: %d %s", a.status, a.raw)
	}
}
