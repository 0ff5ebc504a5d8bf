package e2e

import (
	"encoding/json"
	"fmt"
	"io"
	"math/big"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

// TestContractOutcomes: what becomes of a postback beyond its parameters: order of checks, 422, test=1, replay, coupons,
// pixels, the incoming log.
func TestContractOutcomes(t *testing.T) {
	t.Parallel()
	w := mustFresh(t, "WAYPOST_FALLBACK_URL=https://fallback.example/?o={offer_id}&s={sub1}")
	c := w.mustLogIn()
	send := func(t testing.TB, pairs ...string) (int, object) {
		t.Helper()
		return w.call(t, "GET", form(pairs...))
	}
	refused := func(t testing.TB, status int, code string, pairs ...string) object {
		t.Helper()
		got, answer := send(t, pairs...)
		if got != status {
			t.Errorf("%v: %d %v, want %d", pairs, got, answer, status)
		}
		assertAnswer(t, answer, "refused", code)
		return answer
	}

	t.Run("click ids", func(t *testing.T) {
		n := w.mustNetwork(c.as(t), nil, nil)
		seen := map[string]bool{}
		for range 20 {
			id := mustClick(t, n.Link)
			if !regexp.MustCompile(`^[0-9a-z]{32}$`).MatchString(id) || seen[id] {
				t.Errorf("click id %q", id)
			}
			if ms := clickMillis(t, id); time.Since(time.UnixMilli(ms)).Abs() > time.Minute {
				t.Errorf("click id %q is of %s", id, time.UnixMilli(ms))
			}
			seen[id] = true
		}
		id := mustClick(t, n.Link)
		for _, bad := range []string{id[:31], id + "0", strings.ToUpper(id), id[:5] + "!" + id[6:], id[:5] + "u" + id[6:], "z" + id[1:], flip(id),
			id[16:] + id[:16], strings.Repeat("0", 32), "' OR 1=1 --", "é" + id[2:]} {
			if bad != id {
				refused(t, 400, "malformed_clickid", "clickid", bad, "token", n.Token)
			}
		}
	})

	t.Run("fallback of the network", func(t *testing.T) {
		n := w.mustNetwork(c.as(t), nil, object{"status": "paused"})
		status, location, _ := visit(t, "GET", amp(n.Link, "sub1=a%26b"))
		if status != http.StatusFound || location.Host != "fallback.example" || location.Query().Get("s") != "a&b" || location.Query().Get("o") != n.Offer {
			t.Errorf("%d %s", status, location)
		}
		n.c.must("PATCH", "/offers/"+n.Offer, object{"fallback_url": "https://own.example/"}, http.StatusOK)
		if status, location, _ = visit(t, "GET", n.Link); status != http.StatusFound || location.Host != "own.example" {
			t.Errorf("the offer's fallback comes first: %d %s", status, location)
		}
	})

	t.Run("aliases of currency", func(t *testing.T) {
		n := w.mustNetwork(c.as(t), nil, nil)
		for _, name := range []string{"currency", "cnv_currency", "cur"} {
			refused(t, 400, "invalid_currency", "clickid", mustClick(t, n.Link), "token", n.Token, "com", "1", name, "XXQ")
		}
	})

	t.Run("idempotency key", func(t *testing.T) {
		goals := object{"goals": []object{{"alias": "default", "is_default": true}, {"alias": "lead"}}}
		n, other := w.mustNetwork(c.as(t), nil, goals), w.mustNetwork(c.as(t), nil, goals)
		first, _ := n.convert(t, "com", "1", "txid", "K")
		if again, _ := n.convert(t, "com", "1", "txid", "K"); again.text("status") != "duplicate" || again.text("conversion_id") != first.text("conversion_id") {
			t.Errorf("the same txid by another click: %v", again)
		}
		if lead, _ := n.convert(t, "com", "1", "txid", "K", "goal", "lead"); lead.text("status") != "recorded" {
			t.Errorf("the same txid for another goal: %v", lead)
		}
		if theirs, _ := other.convert(t, "com", "1", "txid", "K"); theirs.text("status") != "recorded" {
			t.Errorf("the same txid of another advertiser: %v", theirs)
		}
		id := mustClick(t, n.Link)
		for i, want := range []string{"recorded", "duplicate"} {
			for _, goal := range []string{"default", "lead"} {
				if answer, _ := n.convert(t, "clickid", id, "com", "1", "goal", goal); answer.text("status") != want {
					t.Errorf("call %d without txid, goal %s: %v", i, goal, answer)
				}
			}
		}
	})

	t.Run("read your writes", func(t *testing.T) {
		n := w.mustNetwork(c.as(t), nil, nil)
		for i := range 5 {
			n.c.must("PATCH", "/offers/"+n.Offer, object{"destination_url": fmt.Sprintf("https://shop%d.example/?cid={click_id}", i)}, 200)
			if _, location, _ := visit(t, "GET", n.Link); location.Host != fmt.Sprintf("shop%d.example", i) {
				t.Errorf("change %d: %s", i, location)
			}
		}
		token := n.c.must("PATCH", "/advertisers/"+n.Advertiser, object{"postback_token": "another-token-of-ours-0123"}, 200).text("postback_token")
		id := mustClick(t, n.Link)
		refused(t, 403, "invalid_token", "clickid", id, "token", n.Token)
		if status, answer := send(t, "clickid", id, "token", token, "com", "1"); status != 200 {
			t.Errorf("the new token: %d %v", status, answer)
		}
	})

	t.Run("order of checks", func(t *testing.T) {
		n := w.mustNetwork(c.as(t), nil, nil)
		late := w.mustNetwork(c.as(t), nil, nil)
		id, lateID := mustClick(t, n.Link), mustClick(t, late.Link)
		late.c.must("PATCH", "/offers/"+late.Offer, object{"status": "expired"}, http.StatusOK)
		trash := mustClick(t, n.Link)
		n.convert(t, "clickid", trash, "txid", "T", "status", "trash", "com", "1")
		faults := []struct { // in the contract's order
			status int
			code   string
			pairs  []string
		}{
			{400, "missing_clickid", []string{"clickid", ""}},
			{400, "malformed_clickid", []string{"clickid", "abc"}},
			{401, "missing_token", []string{"token", ""}},
			{403, "invalid_token", []string{"token", "wrong"}},
			{404, "goal_not_found", []string{"goal", "nope"}},
			{400, "invalid_val", []string{"val", "x"}},
			{400, "invalid_com", []string{"com", "x"}},
			{400, "invalid_comperc", []string{"comperc", "x"}},
			{400, "invalid_payout", []string{"payout", "x"}},
			{400, "invalid_currency", []string{"currency", "XXQ"}},
			{400, "invalid_status", []string{"status", "perhaps"}},
		}
		for i, first := range faults {
			for _, second := range faults[i+1:] {
				if first.pairs[0] == second.pairs[0] {
					continue
				}
				pairs := append([]string{"clickid", lateID, "token", late.Token}, append(slices.Clone(second.pairs), first.pairs...)...)
				refused(t, first.status, first.code, pairs...)
			}
		}
		refused(t, 422, "offer_inactive", "clickid", lateID, "token", late.Token, "com", "1")
		// A duplicate and a forbidden move are found before the offer is looked at.
		n.convert(t, "clickid", id, "txid", "A", "com", "1")
		n.c.must("PATCH", "/offers/"+n.Offer, object{"status": "expired"}, http.StatusOK)
		if status, answer := send(t, "clickid", id, "token", n.Token, "txid", "A", "com", "1"); status != 200 || answer.text("status") != "duplicate" {
			t.Errorf("a duplicate of an expired offer: %d %v", status, answer)
		}
		refused(t, 409, "status_not_allowed", "clickid", trash, "token", n.Token, "txid", "T", "status", "approved")
	})

	t.Run("422", func(t *testing.T) {
		for status, want := range map[string]int{"draft": 422, "expired": 422, "paused": 200} {
			n := w.mustNetwork(c.as(t), nil, nil)
			id := mustClick(t, n.Link)
			n.c.must("PATCH", "/offers/"+n.Offer, object{"status": status}, http.StatusOK)
			got, answer := send(t, "clickid", id, "token", n.Token, "com", "1")
			if got != want || want == 422 && answer.text("code") != "offer_inactive" {
				t.Errorf("%s after the click: %d %v", status, got, answer)
			}
		}
		fast := w.mustNetwork(c.as(t), nil, object{"min_seconds": 3600})
		refused(t, 422, "too_fast", "clickid", mustClick(t, fast.Link), "token", fast.Token, "com", "1")
		n := w.mustNetwork(c.as(t), nil, nil)
		id := mustClick(t, n.Link)
		for field, status := range map[string]string{"affiliates/" + n.Affiliate: "paused", "advertisers/" + n.Advertiser: "paused"} {
			n.c.must("PATCH", "/"+field, object{"status": status}, http.StatusOK)
		}
		if status, answer := send(t, "clickid", id, "token", n.Token, "com", "1"); status != 200 {
			t.Errorf("a pause of the parties costs the sale: %d %v", status, answer)
		}
	})

	t.Run("goals", func(t *testing.T) {
		n := w.mustNetwork(c.as(t), nil, object{"goals": []object{{"alias": "default", "is_default": true}, {"alias": "wait", "initial_status": "pending"}, {"alias": "later", "initial_status": "hold", "hold_days": 3}}})
		other := w.mustNetwork(c.as(t), nil, object{"goals": []object{{"alias": "elsewhere"}}})
		foreign := object(n.c.must("GET", "/offers/"+other.Offer, nil, 200)["goals"].([]any)[0].(map[string]any)).text("id")
		id := mustClick(t, n.Link)
		refused(t, 404, "goal_not_found", "clickid", id, "token", n.Token, "goal", foreign)
		refused(t, 404, "goal_not_found", "clickid", id, "token", n.Token, "goal", "elsewhere")
		for goal, want := range map[string]string{"": "approved", "wait": "pending", "later": "hold"} {
			_, got := n.convert(t, "goal", goal, "com", "1")
			assertFields(t, got, map[string]string{"status": want})
		}
		for query, want := range map[string]string{"approved": "hold", "pending": "pending", "rejected": "rejected", "trash": "trash"} {
			_, got := n.convert(t, "goal", "later", "com", "1", "status", query)
			assertFields(t, got, map[string]string{"status": want})
		}
		_, got := n.convert(t, "goal", "wait", "com", "1", "status", "approved")
		assertFields(t, got, map[string]string{"status": "approved"})
	})

	t.Run("free values", func(t *testing.T) {
		n := w.mustNetwork(c.as(t), nil, nil)
		pairs := []string{"com", "1", "param", "a;b c;d", "conversion_id", "CV-7"}
		for i := 1; i <= 10; i++ {
			pairs = append(pairs, fmt.Sprintf("param%d", i), fmt.Sprintf("p%d", i), fmt.Sprintf("adv%d", i), fmt.Sprintf("x%d", i), fmt.Sprintf("event%d", i), fmt.Sprintf("%d.5", i))
		}
		_, got := n.convert(t, pairs...)
		params, _ := got["params"].(map[string]any)
		for i := 1; i <= 10; i++ {
			assertFields(t, params, map[string]string{fmt.Sprintf("param%d", i): fmt.Sprintf("p%d", i), fmt.Sprintf("adv%d", i): fmt.Sprintf("x%d", i), fmt.Sprintf("event%d", i): fmt.Sprintf("%d.5", i)})
		}
		if list := fmt.Sprint(params["param"]); list != "[a b c d]" || fmt.Sprint(params["conversion_id"]) != "CV-7" {
			t.Errorf("params %v", params)
		}
	})

	t.Run("test=1", func(t *testing.T) {
		n := w.mustNetwork(c.as(t), nil, nil)
		tr := mustTracker(t)
		n.mustPostbackURL(tr.URL + "/?test={test}&txid={txid}")
		id := mustClick(t, n.Link)
		answer, got := n.convert(t, "clickid", id, "txid", "X", "com", "5", "test", "1")
		assertAnswer(t, answer, "recorded", "ok")
		assertFields(t, got, map[string]string{"test": "true", "commission": "5.00"})
		if again, _ := n.convert(t, "clickid", id, "txid", "X", "com", "5", "test", "1"); again.text("status") != "duplicate" || again.text("conversion_id") != answer.text("conversion_id") {
			t.Errorf("the test's repeat: %v", again)
		}
		eventually(t, 20*time.Second, "the test's delivery arrives", func() bool { return len(tr.queries()) == 1 })
		if q := tr.queries()[0]; q.Get("test") != "1" || q.Get("txid") != "X" {
			t.Errorf("delivered %v", q)
		}
		if entries := n.c.must("GET", "/affiliates/"+n.Affiliate+"/ledger", nil, 200).items(t); len(entries) != 0 {
			t.Errorf("a test has ledger entries: %v", entries)
		}
		real, conversion := n.convert(t, "clickid", id, "txid", "X", "com", "5")
		if real.text("status") != "recorded" || conversion.text("test") != "false" {
			t.Errorf("the same txid without test: %v", real)
		}
		eventually(t, 15*time.Second, "the report counts one click and the real conversion", func() bool {
			rows := n.c.must("GET", "/reports?group_by=offer&offer_id="+n.Offer, nil, 200).items(t)
			return len(rows) == 1 && rows[0].text("clicks") == "1" && rows[0].text("conversions") == "1" && rows[0].text("commission") == "5.00"
		})
		for query, want := range map[string]string{"test=true": answer.text("conversion_id"), "test=false": real.text("conversion_id")} {
			if list := n.c.must("GET", "/conversions?offer_id="+n.Offer+"&"+query, nil, 200).items(t); len(list) != 1 || list[0].text("id") != want {
				t.Errorf("%s: %v", query, list)
			}
		}
	})

	t.Run("always_200", func(t *testing.T) {
		n := w.mustNetwork(c.as(t), object{"always_200": true}, nil)
		id := mustClick(t, n.Link)
		n.convert(t, "clickid", id, "txid", "A", "com", "1", "status", "trash")
		gone := mustClick(t, n.Link)
		for _, tc := range []struct {
			code  string
			pairs []string
		}{
			{"missing_token", []string{"token", ""}}, {"invalid_token", []string{"token", "x"}}, {"goal_not_found", []string{"goal", "x"}}, {"invalid_com", []string{"com", "x"}},
			{"invalid_currency", []string{"currency", "x"}}, {"status_not_allowed", []string{"txid", "A", "status", "approved"}},
		} {
			status, answer := send(t, append([]string{"clickid", id, "token", n.Token}, tc.pairs...)...)
			if status != 200 {
				t.Errorf("%s: %d", tc.code, status)
			}
			assertAnswer(t, answer, "refused", tc.code)
		}
		n.c.must("PATCH", "/offers/"+n.Offer, object{"status": "expired"}, 200)
		if status, answer := send(t, "clickid", gone, "token", n.Token); status != 200 || answer.text("code") != "offer_inactive" {
			t.Errorf("offer_inactive: %d %v", status, answer)
		}
	})

	t.Run("log and replay", func(t *testing.T) {
		n := w.mustNetwork(c.as(t), nil, nil)
		id := mustClick(t, n.Link)
		refused(t, 404, "goal_not_found", "clickid", id, "token", n.Token, "goal", "sale", "com", "4", "txid", "R1")
		var line object
		eventually(t, 2*time.Second, "the refused call is in the log", func() bool {
			lines := n.c.must("GET", "/postback-log?click_id="+id+"&code=goal_not_found&status=refused", nil, 200).items(t)
			if len(lines) == 1 {
				line = lines[0]
			}
			return len(lines) == 1
		})
		assertFields(t, line, map[string]string{"method": "GET", "http_status": "404", "status": "refused", "code": "goal_not_found", "click_id": id, "ip": "127.0.0.1"})
		if query := line.text("query"); strings.Contains(query, n.Token) || !strings.Contains(query, "txid=R1") || !strings.Contains(query, "token=") {
			t.Errorf("the logged query: %s", query)
		}
		replay := func(status int) object {
			t.Helper()
			return n.c.must("POST", "/postback-log/"+line.text("id")+"/replay", nil, status)
		}
		assertAnswer(t, replay(404), "refused", "goal_not_found")
		n.c.must("POST", "/offers/"+n.Offer+"/goals", object{"alias": "sale"}, 201)
		answer := replay(200)
		assertAnswer(t, answer, "recorded", "ok")
		assertFields(t, n.c.must("GET", "/conversions/"+answer.text("conversion_id"), nil, 200), map[string]string{"commission": "4.00", "txid": "R1", "click_id": id})
		if again := replay(200); again.text("status") != "duplicate" || again.text("conversion_id") != answer.text("conversion_id") {
			t.Errorf("replayed again: %v", again)
		}
		for _, name := range []string{"security_token", "secure", "verification_token"} {
			send(t, "clickid", id, name, n.Token, "txid", name, "com", "1")
		}
		lines := n.c.must("GET", "/postback-log?click_id="+id, nil, 200).items(t)
		for _, l := range lines {
			if b, _ := json.Marshal(l); strings.Contains(string(b), n.Token) {
				t.Errorf("the token is in the log: %s", b)
			}
		}
	})

	t.Run("coupons", func(t *testing.T) {
		n := w.mustNetwork(c.as(t), nil, nil)
		n.c.must("POST", "/coupons", object{"code": "SAVE10", "offer_id": json.Number(n.Offer), "affiliate_id": json.Number(n.Affiliate)}, 201)
		for _, name := range []string{"coupon", "coupon_code", "promo_code", "cp"} {
			status, answer := send(t, name, "SAVE10", "token", n.Token, "com", "2", "txid", "C-"+name)
			if status != 200 || len(answer.text("click_id")) != 32 {
				t.Fatalf("%s: %d %v", name, status, answer)
			}
			assertFields(t, n.c.must("GET", "/conversions/"+answer.text("conversion_id"), nil, 200), map[string]string{"affiliate_id": n.Affiliate, "offer_id": n.Offer, "commission": "2.00"})
			click := n.c.must("GET", "/clicks/"+answer.text("click_id"), nil, 200)
			assertFields(t, click, map[string]string{"affiliate_id": n.Affiliate, "offer_id": n.Offer, "valid": "true"})
		}
		if status, answer := send(t, "coupon", "SAVE10", "token", "wrong", "com", "2"); status != 403 || answer.text("code") != "invalid_token" {
			t.Errorf("a wrong token: %d %v", status, answer)
		}
		if status, answer := send(t, "coupon", "NOSUCH", "token", n.Token); status < 400 || status >= 500 || answer.text("status") != "refused" {
			t.Errorf("an unknown coupon: %d %v", status, answer)
		}
	})

	t.Run("pixels", func(t *testing.T) {
		n := w.mustNetwork(c.as(t), nil, nil)
		for path, mediaType := range map[string]string{"/pixel.gif": "image/gif", "/pixel": "text/html", "/pixel.js": "javascript"} {
			for _, byCookie := range []bool{false, true} {
				req, _ := http.NewRequest("GET", n.Link, nil)
				resp, err := stay.Do(req)
				if err != nil {
					t.Fatal(err)
				}
				_, _ = io.Copy(io.Discard, resp.Body)
				resp.Body.Close()
				location, _ := url.Parse(resp.Header.Get("Location"))
				id := location.Query().Get("cid")
				values := form("token", n.Token, "com", "3", "txid", fmt.Sprint(path, byCookie))
				if !byCookie {
					values.Set("clickid", id)
				}
				req, _ = http.NewRequest("GET", w.URL+path+"?"+values.Encode(), nil)
				if byCookie {
					for _, cookie := range resp.Cookies() {
						req.AddCookie(cookie)
					}
				}
				status, _, header := do(t, req)
				if status != 200 || !strings.Contains(header.Get("Content-Type"), mediaType) {
					t.Errorf("%s, cookie %t: %d %v", path, byCookie, status, header)
				}
				list := n.c.must("GET", "/conversions?click_id="+id, nil, 200).items(t)
				if len(list) != 1 || list[0].text("commission") != "3.00" {
					t.Errorf("%s, cookie %t: conversions %v", path, byCookie, list)
				}
			}
		}
		status, _, header := visit(t, "GET", w.URL+"/pixel.gif?com=1")
		if header.Get("Location") != "" || status >= 500 {
			t.Errorf("a pixel without a click: %d %v", status, header)
		}
	})
}

// clickMillis reads the time of a click id: its first 26 characters are a number in Crockford's base32, the 128 bits of a
// UUIDv7, whose first 48 are milliseconds.
func clickMillis(t testing.TB, id string) int64 {
	t.Helper()
	const alphabet = "0123456789abcdefghjkmnpqrstvwxyz"
	n := new(big.Int)
	for _, r := range id[:26] {
		value := strings.IndexRune(alphabet, r)
		if value < 0 {
			t.Fatalf("click id %q: %q is not of Crockford's alphabet", id, r)
		}
		n.Or(n.Lsh(n, 5), big.NewInt(int64(value)))
	}
	return n.Rsh(n, 80).Int64()
}
