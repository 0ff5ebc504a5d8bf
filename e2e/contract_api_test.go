package e2e

import (
	"crypto/hmac"
	"crypto/sha1"
	"encoding/base32"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// userPassword is that of every user whom a test makes.
const userPassword = "another long password"

// logIn gives a new user's client and tokens.
func (c *client) logIn(t testing.TB, email, password string) (*client, object) {
	t.Helper()
	tokens := (&client{t: t, base: c.base}).must("POST", "/auth/login", object{"email": email, "password": password}, http.StatusOK)
	return &client{t: t, base: c.base, token: tokens.text("access_token")}, tokens
}

// oneTime is the code of RFC 6238 at a moment.
func oneTime(t testing.TB, secret string, at time.Time) string {
	t.Helper()
	key, err := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(strings.TrimRight(secret, "="))
	if err != nil {
		t.Fatal(err)
	}
	mac := hmac.New(sha1.New, key)
	for step, shift := at.Unix()/30, 56; shift >= 0; shift -= 8 {
		mac.Write([]byte{byte(step >> shift)})
	}
	sum := mac.Sum(nil)
	offset := sum[len(sum)-1] & 15
	code := 0
	for _, b := range sum[offset : offset+4] {
		code = code<<8 | int(b)
	}
	return fmt.Sprintf("%06d", code&0x7fffffff%1000000)
}

// TestContractAPI: what all resources of section 5 share, and log-in, roles, lists, log lines, reports.
func TestContractAPI(t *testing.T) {
	t.Parallel()
	w := mustFresh(t)
	c := w.mustLogIn()
	n := w.mustNetwork(c, object{"override_percent": "25"}, nil)
	user := func(t testing.TB, role, email string, fields object) *client {
		t.Helper()
		body := object{"email": email, "role": role, "password": userPassword}
		for name, value := range fields {
			body[name] = value
		}
		c.as(t).must("POST", "/users", body, http.StatusCreated)
		got, _ := c.logIn(t, strings.ToUpper(email), userPassword)
		return got
	}

	t.Run("log-in", func(t *testing.T) {
		t.Parallel()
		user(t, "viewer", "login@network.example", nil)
		me, tokens := c.logIn(t, "login@network.example", userPassword)
		assertFields(t, tokens, map[string]string{"token_type": "Bearer"})
		assertKinds(t, "tokens", tokens, "access_token:s refresh_token:s token_type:s expires_in:i")
		assertFields(t, me.must("GET", "/me", nil, 200), map[string]string{"email": "login@network.example", "role": "viewer", "status": "active"})
		for _, body := range []string{`{"email":"login@network.example","password":"wrong"}`, `{"email":"nobody@network.example","password":"` + userPassword + `"}`} {
			status, answer, header := me.send(t, "POST", "/auth/login", "application/json", body)
			assertProblem(t, body, status, answer, header, 401, "")
		}
		refresh := func(token string, status int) object {
			t.Helper()
			return (&client{t: t, base: c.base}).must("POST", "/auth/refresh", object{"refresh_token": token}, status)
		}
		second := refresh(tokens.text("refresh_token"), 200)
		if second.text("refresh_token") == tokens.text("refresh_token") {
			t.Error("a refresh token is not rotated")
		}
		third := refresh(second.text("refresh_token"), 200)
		refresh(tokens.text("refresh_token"), 401) // reuse ends the whole family
		refresh(third.text("refresh_token"), 401)
		(&client{t: t, base: c.base, token: third.text("access_token")}).must("GET", "/me", nil, 401)
		me, tokens = c.logIn(t, "login@network.example", userPassword)
		status, _, _ := me.send(t, "POST", "/auth/logout", "", "")
		if status >= 300 {
			t.Errorf("logout: %d", status)
		}
		me.must("GET", "/me", nil, 401)
		refresh(tokens.text("refresh_token"), 401)
		for _, path := range []string{"/me", "/clicks", "/users", "/offers/1"} {
			status, answer, header := (&client{t: t, base: c.base}).send(t, "GET", path, "", "")
			assertProblem(t, "no token: "+path, status, answer, header, 401, "")
		}
	})

	t.Run("second factor", func(t *testing.T) {
		t.Parallel()
		me := user(t, "finance", "otp@network.example", nil)
		secret := me.must("POST", "/me/second-factor", nil, 200).text("secret")
		codes := me.must("POST", "/me/second-factor/confirm", object{"password": userPassword, "otp": oneTime(t, secret, time.Now())}, 200)["recovery_codes"].([]any)
		login := func(otp string, status int) {
			t.Helper()
			body := object{"email": "otp@network.example", "password": userPassword}
			if otp != "" {
				body["otp"] = otp
			}
			(&client{t: t, base: c.base}).must("POST", "/auth/login", body, status)
		}
		login("", 401)
		login("000000", 401)
		code := oneTime(t, secret, time.Now().Add(30*time.Second)) // the next one, so that it is good whenever this runs
		login(code, 200)
		login(code, 401) // once
		login(fmt.Sprint(codes[0]), 200)
		login(fmt.Sprint(codes[0]), 401)
	})

	t.Run("users", func(t *testing.T) {
		t.Parallel()
		for what, tc := range map[string]struct {
			body  object
			field string
		}{
			"affiliate without its id":  {object{"email": "a1@network.example", "role": "affiliate", "password": userPassword}, "affiliate_id"},
			"advertiser without its id": {object{"email": "a2@network.example", "role": "advertiser", "password": userPassword}, "advertiser_id"},
			"operator with a party":     {object{"email": "a3@network.example", "role": "admin", "password": userPassword, "affiliate_id": number(n.Affiliate)}, "affiliate_id"},
			"affiliate with advertiser": {object{"email": "a4@network.example", "role": "affiliate", "password": userPassword, "affiliate_id": number(n.Affiliate), "advertiser_id": number(n.Advertiser)}, "advertiser_id"},
			"eleven characters":         {object{"email": "a5@network.example", "role": "admin", "password": "elevenchar1"}, "password"},
		} {
			b, _ := json.Marshal(tc.body)
			status, answer, header := c.send(t, "POST", "/users", "application/json", string(b))
			assertProblem(t, what, status, answer, header, 422, tc.field)
		}
		for i := range 2 { // a party may have many users
			user(t, "affiliate", fmt.Sprintf("many%d@network.example", i), object{"affiliate_id": number(n.Affiliate)})
		}
		status, answer, _ := c.send(t, "POST", "/users", "application/json", `{"email":"MANY0@Network.example","role":"viewer","password":"`+userPassword+`"}`)
		if status != 409 && status != 422 || !strings.Contains(fmt.Sprint(answer["errors"]), "email") {
			t.Errorf("an address twice: %d %v", status, answer)
		}
		invited := c.as(t).must("POST", "/users", object{"email": "invited@network.example", "role": "viewer"}, 201)
		assertFields(t, invited, map[string]string{"status": "invited"})
		var mail string
		eventually(t, 20*time.Second, "the invitation is mailed", func() bool {
			files, _ := filepath.Glob(filepath.Join(w.Dir, "mail", "*"))
			for _, file := range files {
				if b, _ := os.ReadFile(file); strings.Contains(string(b), "invited@network.example") {
					mail = string(b)
				}
			}
			return mail != ""
		})
		c.as(t).must("POST", "/users/"+invited.text("id")+"/password", object{"password": userPassword}, 204)
		disabled := user(t, "viewer", "disabled@network.example", nil)
		id := disabled.must("GET", "/me", nil, 200).text("id")
		key := disabled.must("POST", "/api-keys", object{"name": "x"}, 201).text("secret")
		(&client{t: t, base: c.base, token: key}).must("GET", "/me", nil, 200)
		c.as(t).must("PATCH", "/users/"+id, object{"status": "disabled"}, 200)
		disabled.must("GET", "/me", nil, 401)
		(&client{t: t, base: c.base, token: key}).must("GET", "/me", nil, 401)
		(&client{t: t, base: c.base}).must("POST", "/auth/login", object{"email": "disabled@network.example", "password": userPassword}, 401)
	})

	t.Run("api keys", func(t *testing.T) {
		t.Parallel()
		owner := user(t, "manager", "keys@network.example", nil)
		made := owner.must("POST", "/api-keys", object{"name": "import", "role": "viewer", "expires_at": time.Now().Add(time.Hour).UTC().Format(time.RFC3339)}, 201)
		assertKinds(t, "key", made, "id:i name:s prefix:s secret:s")
		if again := owner.must("GET", "/api-keys/"+made.text("id"), nil, 200); again["secret"] != nil || !strings.HasPrefix(made.text("secret"), again.text("prefix")) {
			t.Errorf("read again: %v", again)
		}
		key := &client{t: t, base: c.base, token: made.text("secret")}
		key.must("GET", "/offers", nil, 200)
		key.must("POST", "/affiliates", object{"name": "x"}, 403) // its role is narrower than its maker's
		wide := &client{t: t, base: c.base, token: owner.must("POST", "/api-keys", object{"name": "wide"}, 201).text("secret")}
		wide.must("POST", "/affiliates", object{"name": "x"}, 201)
		for _, body := range []string{`{}`, `{"name":"x","role":"admin"}`, `{"name":"x","role":"king"}`, `{"name":"x","expires_at":"2020-01-01T00:00:00Z"}`} {
			if status, answer, _ := owner.send(t, "POST", "/api-keys", "application/json", body); status != 422 && status != 403 {
				t.Errorf("%s: %d %v", body, status, answer)
			}
		}
		owner.must("DELETE", "/api-keys/"+made.text("id"), nil, 204)
		key.must("GET", "/offers", nil, 401)
		c.as(t).must("DELETE", "/users/"+owner.must("GET", "/me", nil, 200).text("id"), nil, 204)
		wide.must("GET", "/offers", nil, 401)
	})

	t.Run("idempotency", func(t *testing.T) {
		t.Parallel()
		var first string
		for i := range 3 {
			status, answer, _ := c.send(t, "POST", "/affiliates", "application/json", `{"name":"Once"}`, "Idempotency-Key", "once-1")
			if i == 0 {
				first = answer.text("id")
			}
			if status != 201 || answer.text("id") != first {
				t.Errorf("try %d: %d %v", i, status, answer)
			}
		}
		if status, answer, _ := c.send(t, "POST", "/affiliates", "application/json", `{"name":"Other"}`, "Idempotency-Key", "once-1"); status < 400 {
			t.Errorf("another body under the same key: %d %v", status, answer)
		}
	})

	t.Run("lists", func(t *testing.T) {
		t.Parallel()
		m := w.mustNetwork(c.as(t), nil, nil)
		for i := range 7 {
			_, _ = m.convert(t, "com", "1", "txid", fmt.Sprintf("L%d", i))
			m.c.must("POST", "/affiliates", object{"name": fmt.Sprintf("List %d", i)}, 201)
		}
		for i := range 50 {
			m.c.must("POST", "/coupons", object{"code": fmt.Sprintf("L%d", i), "offer_id": number(m.Offer), "affiliate_id": number(m.Affiliate)}, 201)
		}
		m.c.must("POST", "/coupons", object{"code": "L50", "offer_id": number(m.Offer), "affiliate_id": number(m.Affiliate)}, 201)
		if page := m.c.must("GET", "/coupons?offer_id="+m.Offer, nil, 200); len(page.items(t)) != 50 || page["next_cursor"] == nil {
			t.Errorf("without a limit: %d of 51", len(page.items(t)))
		}
		for _, list := range []string{"/clicks?offer_id=" + m.Offer, "/conversions?offer_id=" + m.Offer, "/affiliates?", "/advertisers?", "/offers?", "/users?", "/postback-log?", "/affiliates/" + m.Affiliate + "/ledger?"} {
			seen := map[string]bool{}
			var at []string
			cursor, pages := "", 0
			for {
				page := m.c.must("GET", list+"&limit=3&nonsense=1&cursor="+url.QueryEscape(cursor), nil, 200)
				if len(page.items(t)) > 3 {
					t.Errorf("%s: %d items with limit 3", list, len(page.items(t)))
				}
				for _, item := range page.items(t) {
					id := item.text("id") + item.text("click_id")
					if seen[id] {
						t.Errorf("%s shows %s twice", list, id)
					}
					seen[id] = true
					at = append(at, item.text("created_at")+item.text("received_at")+item.text("at"))
				}
				if cursor = page.text("next_cursor"); page["next_cursor"] == nil {
					break
				}
				if pages++; pages > 200 {
					t.Fatalf("%s does not end", list)
				}
			}
			if strings.Contains(list, m.Offer) && strings.Contains(list, "offer_id") && len(seen) != 7 || len(seen) == 0 {
				t.Errorf("%s: %d items", list, len(seen))
			}
			ours := strings.Contains(list, "offer_id") || strings.Contains(list, "ledger") // what nobody else writes to meanwhile
			if ours && !slices.IsSortedFunc(at, func(a, b string) int {
				x, _ := time.Parse(time.RFC3339Nano, a)
				y, _ := time.Parse(time.RFC3339Nano, b)
				return y.Compare(x)
			}) {
				t.Errorf("%s is not newest first: %v", list, at)
			}
			for _, bad := range []string{"limit=0", "limit=501", "limit=x", "cursor=nonsense"} {
				if status, answer, _ := m.c.send(t, "GET", list+"&"+bad, "", ""); status != 422 && status != 400 {
					t.Errorf("%s&%s: %d %v", list, bad, status, answer)
				}
			}
			m.c.must("GET", list+"&limit=500", nil, 200)
			if got := m.c.must("GET", list+"&from=2020-01-01T00:00:00Z&to=2020-01-02T00:00:00Z", nil, 200).items(t); len(got) != 0 {
				t.Errorf("%s of 2020: %v", list, got)
			}
		}
	})

	t.Run("filters", func(t *testing.T) {
		t.Parallel()
		m := w.mustNetwork(c.as(t), nil, nil)
		answer, got := m.convert(t, "com", "1", "txid", "F 1", "status", "pending")
		m.convert(t, "com", "1", "txid", "F 2")
		refusedID := mustClick(t, m.Link)
		w.call(t, "GET", form("clickid", refusedID, "token", "wrong"))
		m.c.must("PATCH", "/affiliates/"+m.Affiliate, object{"status": "paused"}, 200)
		visit(t, "GET", m.Link)
		eventually(t, 10*time.Second, "the refused click is listed", func() bool {
			return len(m.c.must("GET", "/clicks?valid=false&offer_id="+m.Offer, nil, 200).items(t)) == 1
		})
		for query, want := range map[string]int{
			"/clicks?offer_id=" + m.Offer: 4, "/clicks?affiliate_id=" + m.Affiliate: 4, "/clicks?valid=true&offer_id=" + m.Offer: 3, "/clicks?valid=false&offer_id=" + m.Offer: 1,
			"/conversions?click_id=" + answer.text("click_id"): 1, "/conversions?txid=F+1&offer_id=" + m.Offer: 1, "/conversions?offer_id=" + m.Offer: 2, "/conversions?goal_id=" + got.text("goal_id"): 2,
			"/conversions?affiliate_id=" + m.Affiliate: 2, "/conversions?advertiser_id=" + m.Advertiser: 2, "/conversions?status=pending&offer_id=" + m.Offer: 1, "/conversions?test=true&offer_id=" + m.Offer: 0,
			"/postback-log?click_id=" + answer.text("click_id"): 1, "/postback-log?status=refused&click_id=" + refusedID: 1, "/postback-log?code=invalid_token&click_id=" + refusedID: 1, "/postback-log?code=ok&click_id=" + refusedID: 0,
		} {
			if list := m.c.must("GET", query, nil, 200).items(t); len(list) != want {
				t.Errorf("%s: %d, want %d", query, len(list), want)
			}
		}
		line := m.c.must("GET", "/postback-log?click_id="+refusedID, nil, 200).items(t)[0]
		assertKinds(t, "log line", line, "id:s received_at:t method:s query:s ip:s http_status:i status:s code:s message:s warnings:l click_id:S conversion_id:S")
		assertKinds(t, "log line", m.c.must("GET", "/postback-log/"+line.text("id"), nil, 200), "id:s received_at:t")
		visitor := m.c.must("GET", "/clicks/"+answer.text("click_id"), nil, 200)
		assertKinds(t, "click", visitor, "click_id:s valid:b created_at:t")
	})

	t.Run("roles", func(t *testing.T) {
		t.Parallel()
		m := w.mustNetwork(c.as(t), object{"override_percent": "25"}, nil)
		answer, _ := m.convert(t, "com", "4", "val", "9", "payout", "7")
		affiliate := user(t, "affiliate", "role-a@network.example", object{"affiliate_id": number(m.Affiliate)})
		advertiser := user(t, "advertiser", "role-d@network.example", object{"advertiser_id": number(m.Advertiser)})
		conversion := "/conversions/" + answer.text("conversion_id")
		has := func(o object, name string) bool { _, there := o[name]; return there }
		if o := affiliate.must("GET", conversion, nil, 200); has(o, "revenue") || has(o, "profit") || o.text("commission") != "4.00" {
			t.Errorf("an affiliate reads %v", o)
		}
		if o := advertiser.must("GET", conversion, nil, 200); has(o, "commission") || has(o, "profit") || o.text("revenue") != "7.00" {
			t.Errorf("an advertiser reads %v", o)
		}
		goal := func(o object) object { return o["goals"].([]any)[0].(map[string]any) }
		if o := goal(affiliate.must("GET", "/offers/"+m.Offer, nil, 200)); has(o, "revenue") || !has(o, "payout") {
			t.Errorf("an affiliate reads the goal %v", o)
		}
		if o := goal(advertiser.must("GET", "/offers/"+m.Offer, nil, 200)); has(o, "payout") || !has(o, "revenue") {
			t.Errorf("an advertiser reads the goal %v", o)
		}
		advertiser.must("GET", "/advertisers/"+m.Advertiser, nil, 200)
		affiliate.must("GET", "/affiliates/"+m.Affiliate, nil, 200)
		affiliate.must("GET", "/advertisers/"+m.Advertiser, nil, 404)
		for _, other := range []string{"/affiliates/" + n.Affiliate, "/clicks/" + mustClick(t, n.Link)} {
			affiliate.must("GET", other, nil, 404)
			advertiser.must("GET", other, nil, 404)
		}
		own := affiliate.must("POST", "/postbacks", object{"url": w.URL + "/healthz"}, 201) // its own is implied
		assertFields(t, own, map[string]string{"affiliate_id": m.Affiliate})
		if link := affiliate.must("POST", "/tracking-links", object{"offer_id": number(m.Offer)}, 201).text("url"); mustClick(t, link) == "" {
			t.Error("no link")
		}
		assertFields(t, advertiser.must("PATCH", conversion, object{"status": "rejected", "reason": "returned"}, 200), map[string]string{"status": "rejected"})
		affiliate.must("PATCH", conversion, object{"status": "approved"}, 403)
	})

	t.Run("reports", func(t *testing.T) {
		t.Parallel()
		m := w.mustNetwork(c.as(t), object{"override_percent": "25"}, nil)
		m.convert(t, "com", "4")
		m.convert(t, "com", "8", "status", "pending")
		m.convert(t, "com", "16", "status", "rejected")
		mustClick(t, amp(m.Link, "sub1=blue"))
		today := time.Now().UTC().Format(time.DateOnly)
		path := "/reports?group_by=day,offer,affiliate&offer_id=" + m.Offer + "&from=" + today + "&to=" + today
		var report object
		eventually(t, 10*time.Second, "reports follow within 10 s", func() bool {
			report = m.c.must("GET", path, nil, 200)
			rows := report.items(t)
			return len(rows) == 1 && rows[0].text("clicks") == "4"
		})
		row := report.items(t)[0]
		assertKinds(t, "row", row, "currency:s clicks:i unique_clicks:i invalid_clicks:i conversions:i approved:i pending:i rejected:i cr:s epc:s revenue:s commission:s profit:s")
		assertFields(t, row, map[string]string{"day": today, "offer_id": m.Offer, "affiliate_id": m.Affiliate, "currency": "USD", "conversions": "3", "approved": "1", "pending": "1", "rejected": "1"})
		if totals := report["totals"].([]any); len(totals) != 1 || object(totals[0].(map[string]any)).text("clicks") != "4" {
			t.Errorf("totals %v", totals)
		}
		for _, tz := range []string{"UTC", "Europe/Berlin", "America/New_York"} {
			m.c.must("GET", path+"&tz="+url.QueryEscape(tz), nil, 200)
		}
		for _, bad := range []string{"&tz=Mars/Base", "&currency=XXQ"} {
			if status, answer, _ := m.c.send(t, "GET", path+bad, "", ""); status != 422 {
				t.Errorf("%s: %d %v", bad, status, answer)
			}
		}
		if status, answer, _ := m.c.send(t, "GET", "/reports?group_by=nonsense", "", ""); status != 422 {
			t.Errorf("an unknown group: %d %v", status, answer)
		}
		excluded := "/reports?group_by=offer&offer_id=" + m.Offer + "&from=" + today + "T00:00:00Z&to=" + today + "T00:00:00Z"
		if status, answer, _ := m.c.send(t, "GET", excluded, "", ""); status == 200 && len(answer.items(t)) != 0 {
			t.Errorf("a time to is excluded: %v", answer)
		}
		for _, list := range []string{path, "/clicks?offer_id=" + m.Offer, "/conversions?offer_id=" + m.Offer} {
			req, _ := http.NewRequest("GET", w.URL+"/api/v1"+list, nil)
			req.Header.Set("Authorization", "Bearer "+c.token)
			req.Header.Set("Accept", "text/csv")
			resp, err := stay.Do(req)
			if err != nil {
				t.Fatal(err)
			}
			b, _ := io.ReadAll(resp.Body)
			resp.Body.Close()
			records, err := csv.NewReader(strings.NewReader(strings.TrimPrefix(string(b), "\ufeff"))).ReadAll()
			if err != nil || len(records) < 2 || !strings.HasPrefix(resp.Header.Get("Content-Type"), "text/csv") || !slices.Contains(records[0], "offer_id") {
				t.Errorf("%s as CSV: %v %v %s", list, err, resp.Header, b)
			}
		}
	})

	t.Run("documents", func(t *testing.T) {
		t.Parallel()
		status, document, _ := w.get("/api/openapi.json")
		if status != 200 || !strings.HasPrefix(document.text("openapi"), "3.1") {
			t.Errorf("openapi.json: %d %s", status, document.text("openapi"))
		}
		if status, _, header := w.get("/api/docs"); status != 200 || !strings.Contains(header.Get("Content-Type"), "text/html") {
			t.Errorf("docs: %d %v", status, header)
		}
		for forwarded, want := range map[string]int{"": 200, "10.0.0.1": 403} { // without a token: private addresses only, and no proxy is trusted
			req, _ := http.NewRequest("GET", w.URL+"/metrics", nil)
			if forwarded != "" {
				req.Header.Set("X-Forwarded-For", forwarded)
			}
			if status, _, _ := do(t, req); status != want {
				t.Errorf("/metrics from %q: %d, want %d", forwarded, status, want)
			}
		}
		status, answer, header := c.send(t, "GET", "/no-such-resource", "", "")
		assertProblem(t, "unknown route", status, answer, header, 404, "")
	})
}
