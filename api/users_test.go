package api_test

import (
	"net/url"
	"strings"
	"testing"

	"github.com/pquerna/otp/totp"

	"github.com/waypost/waypost/domain/account"
)

const otherPassword = "another purple monkey"

func (w *world) logIn(email, password string, otp ...string) answer {
	w.Helper()
	body := fields{"email": email, "password": password}
	if len(otp) > 0 {
		body["otp"] = otp[0]
	}
	return w.call("", "POST", "/auth/login", body)
}

func TestUsers(t *testing.T) {
	t.Parallel()
	n := newNetwork(t)
	u := n.must(201, n.admin, "POST", "/users", fields{"email": "Jane@example.com", "name": "Jane", "role": "affiliate",
		"affiliate_id": id(n.affiliates[0]), "password": otherPassword, "time_zone": "Europe/Berlin"})
	if u["email"] != "Jane@example.com" || u["status"] != "active" || u["affiliate_id"] != float64(id(n.affiliates[0])) || u["advertiser_id"] != nil ||
		u["second_factor"] != false || u["last_login_at"] != nil || u["time_zone"] != "Europe/Berlin" || u["created_at"] == nil || u["invitation_url"] != nil {
		t.Errorf("made: %v", u)
	}
	if a := n.logIn("jane@EXAMPLE.com", otherPassword); a.status != 200 {
		t.Errorf("log-in at once: %d %s", a.status, a.raw)
	}
	self := path("/users/%d", id(u))
	if got := n.must(200, n.admin, "GET", self, nil); got["last_login_at"] == nil || got["name"] != "Jane" {
		t.Errorf("read: %v", got)
	}
	for name, c := range map[string]struct {
		body   fields
		status int
		at     string
	}{
		"no e-mail":               {fields{"role": "viewer", "password": otherPassword}, 422, "body.email"},
		"no role":                 {fields{"email": "x@example.com"}, 422, "body.role"},
		"unknown role":            {fields{"email": "x@example.com", "role": "owner"}, 422, "body.role"},
		"affiliate without one":   {fields{"email": "x@example.com", "role": "affiliate", "password": otherPassword}, 422, "body.affiliate_id"},
		"advertiser without one":  {fields{"email": "x@example.com", "role": "advertiser", "password": otherPassword}, 422, "body.advertiser_id"},
		"operator of a party":     {fields{"email": "x@example.com", "role": "manager", "affiliate_id": 1, "password": otherPassword}, 422, "body.affiliate_id"},
		"affiliate of advertiser": {fields{"email": "x@example.com", "role": "affiliate", "affiliate_id": 1, "advertiser_id": 1, "password": otherPassword}, 422, "body.advertiser_id"},
		"no such affiliate":       {fields{"email": "x@example.com", "role": "affiliate", "affiliate_id": 999, "password": otherPassword}, 422, "body.affiliate_id"},
		"short password":          {fields{"email": "x@example.com", "role": "viewer", "password": "short"}, 422, "body.password"},
		"taken":                   {fields{"email": "JANE@example.com", "role": "viewer", "password": otherPassword}, 409, "body.email"},
		"unknown field":           {fields{"email": "x@example.com", "role": "viewer", "is_admin": true}, 422, "body.is_admin"},
		"hash":                    {fields{"email": "x@example.com", "role": "viewer", "password_hash": "x"}, 422, "body.password_hash"},
	} {
		a := n.call(n.admin, "POST", "/users", c.body)
		faults := items(fields{"items": a.body["errors"]})
		if a.status != c.status || len(faults) != 1 || faults[0]["location"] != c.at {
			t.Errorf("%s: %d %s", name, a.status, a.raw)
		}
	}
	got := n.must(200, n.admin, "PATCH", self, fields{"role": "advertiser", "affiliate_id": nil, "advertiser_id": id(n.advertisers[0]), "name": "J"})
	if got["role"] != "advertiser" || got["affiliate_id"] != nil || got["name"] != "J" || got["email"] != "Jane@example.com" {
		t.Errorf("changed: %v", got)
	}
	for query, want := range map[string]int{"?role=advertiser": 3, "?role=admin": 1, "?status=invited": 0, "?to=2020-01-01": 0, "?from=2020-01-01": 6,
		path("?advertiser_id=%d", id(n.advertisers[0])): 2, path("?affiliate_id=%d", id(n.affiliates[1])): 1} {
		if list := items(n.must(200, n.admin, "GET", "/users"+query, nil)); len(list) != want {
			t.Errorf("%s: %d users, want %d", query, len(list), want)
		}
	}
	n.must(204, n.admin, "DELETE", self, nil)
	n.refused(404, "not_found", n.admin, "GET", self, nil)
	n.refused(409, "last_admin", n.admin, "DELETE", path("/users/%d", id(n.must(200, n.admin, "GET", "/me", nil))), nil)
	n.refused(409, "last_admin", n.admin, "PATCH", path("/users/%d", id(n.must(200, n.admin, "GET", "/me", nil))), fields{"role": "manager"})
}

func TestInvitedUser(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	u := w.must(201, w.admin, "POST", "/users", fields{"email": "new@example.com", "role": "finance"})
	link, err := url.Parse(u["invitation_url"].(string))
	if err != nil || u["status"] != "invited" || link.Path != "/set-password" {
		t.Fatalf("invited: %v", u)
	}
	self := path("/users/%d", id(u))
	if got := w.must(200, w.admin, "GET", self, nil); got["invitation_url"] != nil {
		t.Errorf("the link is shown again: %v", got)
	}
	again, err := url.Parse(w.must(200, w.admin, "POST", self+"/invite", nil)["invitation_url"].(string))
	if err != nil {
		t.Fatal(err)
	}
	w.refused(422, "invalid_link", "", "POST", "/auth/set-password", fields{"token": link.Query().Get("token"), "password": otherPassword})
	w.must(204, "", "POST", "/auth/set-password", fields{"token": again.Query().Get("token"), "password": otherPassword})
	w.refused(422, "invalid_link", "", "POST", "/auth/set-password", fields{"token": again.Query().Get("token"), "password": otherPassword})
	if a := w.logIn("new@example.com", otherPassword); a.status != 200 {
		t.Errorf("log-in: %d %s", a.status, a.raw)
	}
	w.refused(409, "not_invited", w.admin, "POST", self+"/invite", nil)
	if strings.Contains(w.log.String(), again.Query().Get("token")) || strings.Contains(w.log.String(), otherPassword) {
		t.Error("the log has a token or password")
	}
}

// The answer is the same for everybody, in what it says and in the time that it takes.
func TestForgotPassword(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	known := w.call("", "POST", "/auth/forgot-password", fields{"email": adminEmail})
	unknown := w.call("", "POST", "/auth/forgot-password", fields{"email": "nobody@example.com"})
	if known.status != 204 || unknown.status != 204 || known.raw != "" || unknown.raw != "" {
		t.Errorf("known %d %s, unknown %d %s", known.status, known.raw, unknown.status, unknown.raw)
	}
}

func TestPasswords(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	u := w.must(201, w.admin, "POST", "/users", fields{"email": "jane@example.com", "role": "manager", "password": otherPassword})
	target := path("/users/%d/password", id(u))
	token := w.logIn("jane@example.com", otherPassword).body["access_token"].(string)
	w.refused(422, "required", token, "POST", target, fields{"password": "yellow monkey banana"})
	w.refused(422, "wrong_password", token, "POST", target, fields{"password": "yellow monkey banana", "current_password": "wrong"})
	w.refused(422, "password_too_short", token, "POST", target, fields{"password": "short", "current_password": otherPassword})
	w.refused(404, "not_found", token, "POST", "/users/1/password", fields{"password": "yellow monkey banana", "current_password": otherPassword})
	w.must(204, token, "POST", target, fields{"password": "yellow monkey banana", "current_password": otherPassword})
	w.refused(401, "session_ended", token, "GET", "/me", nil)
	token = w.logIn("jane@example.com", "yellow monkey banana").body["access_token"].(string)
	w.must(204, w.admin, "POST", target, fields{"password": otherPassword})
	w.refused(401, "session_ended", token, "GET", "/me", nil)
	if a := w.logIn("jane@example.com", otherPassword); a.status != 200 {
		t.Errorf("after the administrator's change: %d", a.status)
	}
}

// Who does not manage users reads and changes nothing of them but itself, under /me.
func TestUsersAreAdministratorsOwn(t *testing.T) {
	t.Parallel()
	n := newNetwork(t)
	tokens := map[string]string{"affiliate": n.affUser[0], "advertiser": n.advUser[0]}
	for _, role := range []account.Role{account.RoleManager, account.RoleFinance, account.RoleViewer} {
		_, tokens[string(role)] = n.user(account.User{Role: role})
	}
	key := n.must(201, n.admin, "POST", "/api-keys", fields{"name": "k"})
	before := n.call(n.admin, "GET", "/users", nil).raw
	for role, token := range tokens {
		me := n.must(200, token, "GET", "/me", nil)
		if me["role"] != role {
			t.Errorf("%s: %v", role, me)
		}
		n.refused(403, "forbidden", token, "GET", "/users", nil)
		n.refused(403, "forbidden", token, "POST", "/users", fields{"email": "x@example.com", "role": "admin", "password": otherPassword})
		for _, user := range []int64{1, id(me), 999} { // an administrator, itself, nobody: no difference
			target := path("/users/%d", user)
			n.refused(404, "not_found", token, "GET", target, nil)
			n.refused(404, "not_found", token, "PATCH", target, fields{"role": "admin"})
			n.refused(404, "not_found", token, "DELETE", target, nil)
			n.refused(404, "not_found", token, "POST", target+"/invite", nil)
			n.refused(404, "not_found", token, "DELETE", target+"/second-factor", nil)
			if user != id(me) {
				n.refused(404, "not_found", token, "POST", target+"/password", fields{"password": otherPassword})
				n.refused(404, "not_found", token, "GET", path("/api-keys?user_id=%d", user), nil)
			}
		}
		n.refused(404, "not_found", token, "GET", path("/api-keys/%d", id(key)), nil)
		n.refused(404, "not_found", token, "DELETE", path("/api-keys/%d", id(key)), nil)
		n.refused(422, "unknown_field", token, "PATCH", "/me", fields{"role": "admin"})
		n.refused(422, "unknown_field", token, "PATCH", "/me", fields{"email": "x@example.com"})
	}
	if after := n.call(n.admin, "GET", "/users", nil).raw; after != before {
		t.Errorf("users changed from %s to %s", before, after)
	}
	n.must(200, n.admin, "GET", path("/api-keys/%d", id(key)), nil)
}

func TestMe(t *testing.T) {
	t.Parallel()
	n := newNetwork(t)
	me := n.must(200, n.affUser[0], "GET", "/me", nil)
	party, _ := me["party"].(map[string]any)
	if party["kind"] != "affiliate" || party["id"] != me["affiliate_id"] || party["name"] != "Blog 0" || party["status"] != "active" {
		t.Errorf("affiliate: %v", me)
	}
	if party, _ = n.must(200, n.advUser[1], "GET", "/me", nil)["party"].(map[string]any); party["kind"] != "advertiser" || party["name"] != "Shop 1" {
		t.Errorf("advertiser: %v", party)
	}
	me = n.must(200, n.admin, "GET", "/me", nil)
	if permissions, _ := me["permissions"].([]any); me["party"] != nil || len(permissions) < 10 || permissions[0] != "manage_users" {
		t.Errorf("admin: %v", me)
	}
	me = n.must(200, n.affUser[0], "PATCH", "/me", fields{"name": "Jane", "time_zone": "Asia/Tokyo"})
	if me["name"] != "Jane" || me["time_zone"] != "Asia/Tokyo" || me["role"] != "affiliate" {
		t.Errorf("changed: %v", me)
	}
	n.refused(422, "invalid_time_zone", n.affUser[0], "PATCH", "/me", fields{"time_zone": "Nowhere"})
}

func TestSessions(t *testing.T) {
	t.Parallel()
	n := newNetwork(t)
	in := n.logIn(adminEmail, adminPassword)
	other := in.body["access_token"].(string)
	list := items(n.must(200, n.admin, "GET", "/me/sessions", nil))
	if len(list) != 2 || list[0]["current"] != false || list[1]["current"] != true || list[0]["ip"] != "192.0.2.1" {
		t.Fatalf("sessions: %v", list)
	}
	target := "/me/sessions/" + list[0]["id"].(string)
	n.refused(404, "not_found", n.affUser[0], "DELETE", target, nil)
	n.refused(404, "not_found", n.admin, "DELETE", "/me/sessions/x", nil)
	n.must(204, n.admin, "DELETE", target, nil)
	n.refused(401, "session_ended", other, "GET", "/me", nil)
	n.refused(401, "invalid_refresh_token", "", "POST", "/auth/refresh", fields{"refresh_token": in.body["refresh_token"]})
	n.refused(404, "not_found", n.admin, "DELETE", target, nil)
	if list = items(n.must(200, n.affUser[0], "GET", "/me/sessions", nil)); len(list) != 1 {
		t.Errorf("another's list: %v", list)
	}
}

func TestSecondFactor(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	e := w.must(200, w.admin, "POST", "/me/second-factor", nil)
	secret := e["secret"].(string)
	if !strings.HasPrefix(e["otpauth_url"].(string), "otpauth://totp/") {
		t.Errorf("enrolment: %v", e)
	}
	w.refused(422, "invalid_otp", w.admin, "POST", "/me/second-factor/confirm", fields{"otp": "abc", "password": adminPassword})
	code, err := totp.GenerateCode(secret, now())
	if err != nil {
		t.Fatal(err)
	}
	w.refused(422, "wrong_password", w.admin, "POST", "/me/second-factor/confirm", fields{"otp": code, "password": "wrong"})
	raw, _ := w.must(200, w.admin, "POST", "/me/second-factor/confirm", fields{"otp": code, "password": adminPassword})["recovery_codes"].([]any)
	if len(raw) != 10 {
		t.Fatalf("recovery codes: %v", raw)
	}
	if me := w.must(200, w.admin, "GET", "/me", nil); me["second_factor"] != true {
		t.Errorf("me: %v", me)
	}
	for otp, want := range map[string]string{"": "otp_required", code: "invalid_otp", "0000-0000-0000-0000": "invalid_otp"} {
		if a := w.logIn(adminEmail, adminPassword, otp); a.status != 401 || a.body["code"] != want {
			t.Errorf("otp %q: %d %s", otp, a.status, a.raw)
		}
	}
	if a := w.logIn(adminEmail, adminPassword, raw[0].(string)); a.status != 200 {
		t.Errorf("recovery code: %d %s", a.status, a.raw)
	}
	renewed, _ := w.must(200, w.admin, "POST", "/me/second-factor/recovery-codes", fields{"otp": raw[1]})["recovery_codes"].([]any)
	if len(renewed) != 10 || renewed[0] == raw[0] {
		t.Errorf("renewed: %v", renewed)
	}
	w.refused(409, "second_factor_on", w.admin, "POST", "/me/second-factor", nil)
	w.refused(422, "wrong_password", w.admin, "DELETE", "/me/second-factor", fields{"password": "wrong", "otp": renewed[0]})
	w.refused(422, "invalid_otp", w.admin, "DELETE", "/me/second-factor", fields{"password": adminPassword, "otp": raw[2]})
	w.must(204, w.admin, "DELETE", "/me/second-factor", fields{"password": adminPassword, "otp": renewed[0]})
	if a := w.logIn(adminEmail, adminPassword); a.status != 200 {
		t.Errorf("without a factor: %d %s", a.status, a.raw)
	}
}
