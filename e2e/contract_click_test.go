package e2e

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"
)

// visit follows a link one step with some headers and gives the answer.
func visit(t testing.TB, method, link string, headers ...string) (status int, location *url.URL, header http.Header) {
	t.Helper()
	req, err := http.NewRequest(method, link, nil)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	status, _, header = do(t, req)
	location, err = url.Parse(header.Get("Location"))
	if err != nil {
		t.Fatalf("Location %q: %v", header.Get("Location"), err)
	}
	return status, location, header
}

// TestContractLinkParameters is the table of section 2: each name and alias reaches its field.
func TestContractLinkParameters(t *testing.T) {
	t.Parallel()
	w := mustShared(t)
	c := w.mustLogIn()
	n := w.mustNetwork(c, nil, nil)
	lines := map[string][2]string{ // query → field and value of the click
		"aff_click_id=AC-1": {"aff_click_id", "AC-1"}, "click_id=AC-2": {"aff_click_id", "AC-2"}, "clickid=AC-3": {"aff_click_id", "AC-3"},
		"landing_page_id=lp1": {"landing_page_id", "lp1"}, "link_id=lp2": {"landing_page_id", "lp2"}, "creative_id=cr1": {"creative_id", "cr1"}, "coupon=SAVE": {"coupon", "SAVE"},
		"deep_link=https%3A%2F%2Fshop.example%2Fa": {"deep_link", "https://shop.example/a"}, "url=https%3A%2F%2Fshop.example%2Fb": {"deep_link", "https://shop.example/b"},
		"redirect=https%3A%2F%2Fshop.example%2Fc": {"deep_link", "https://shop.example/c"},
		"source=fb": {"source", "fb"}, "aff_sub=one": {"sub1", "one"},
		"aff_click_id=first&click_id=second": {"aff_click_id", "first"},
		"nothing_knows_this=1&sub1=x":        {"sub1", "x"},
		"sub1=caf%C3%A9+%26+co":              {"sub1", "café & co"},
	}
	for i := 1; i <= 10; i++ {
		field, value := fmt.Sprintf("sub%d", i), fmt.Sprintf("v%d", i)
		for _, name := range []string{"sub%d", "sub_id%d", "s%d", "aff_sub%d"} {
			if name == "aff_sub%d" && i == 1 {
				continue // its name is aff_sub
			}
			lines[fmt.Sprintf(name, i)+"="+value] = [2]string{field, value}
		}
	}
	for query, want := range lines {
		t.Run(query, func(t *testing.T) {
			t.Parallel()
			id := mustClick(t, amp(n.Link, query))
			got := (&client{t: t, base: w.URL, token: c.token}).must("GET", "/clicks/"+id, nil, http.StatusOK)
			if got.text(want[0]) != want[1] {
				t.Errorf("%s is %q, want %q", want[0], got.text(want[0]), want[1])
			}
		})
	}
	for _, ids := range []string{"o=%s&a=%s", "offer_id=%s&affiliate_id=%s", "o=%s&aff_id=%s", "offer_id=%s&pid=%s"} {
		link := w.URL + "/click?" + fmt.Sprintf(ids, n.Offer, n.Affiliate)
		click := c.must("GET", "/clicks/"+mustClick(t, link), nil, http.StatusOK)
		if click.text("offer_id") != n.Offer || click.text("affiliate_id") != n.Affiliate || click["valid"] != true {
			t.Errorf("%s: %v", ids, click)
		}
	}
	for _, query := range []string{"", "o=" + n.Offer, "a=" + n.Affiliate, "o=x&a=" + n.Affiliate, "o=" + n.Offer + "&a=-1", "o=1e1&a=1", "o=&a="} {
		if status, _, _ := visit(t, "GET", w.URL+"/click?"+query); status != http.StatusBadRequest {
			t.Errorf("/click?%s: %d, want 400", query, status)
		}
	}
}

// TestContractDestinationMacros fills every macro of section 2 in each spelling.
func TestContractDestinationMacros(t *testing.T) {
	t.Parallel()
	w := mustShared(t)
	c := w.mustLogIn()
	const agent = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1"
	n := w.mustNetwork(c, nil, nil)
	const clickID, number = `^[0-9a-z]{32}$`, `^\d+$`
	macros := map[string]string{ // name → value, or a pattern that begins with ^
		"click_id": clickID, "clickid": clickID, "s2sidentifier": clickID, "transaction_id": clickID, "aff_click_id": "AC 1&2",
		"offer_id": n.Offer, "affiliate_id": n.Affiliate, "source": "s/o", "ip": "127.0.0.1", "country": "", "language": "de-CH",
		"device": `^(mobile|phone|smartphone)$`, "os": `^(?i)ios`, "browser": `^(?i).*safari`, "timestamp": number, "rand": `^.+`,
		"deep_link": "https://shop.example/p?a=1&b=2", "creative_id": "cr7", "no_such_macro": "",
	}
	for i := 1; i <= 10; i++ {
		macros[fmt.Sprintf("sub%d", i)] = fmt.Sprintf("s&%d", i)
	}
	destination := "https://shop.example/land?cid={click_id}"
	for name := range macros {
		for i, spelling := range []string{"{%s}", "#%s#", "[%s]"} {
			if name != "no_such_macro" || i == 0 {
				destination += fmt.Sprintf("&%s_%d="+spelling, name, i, name)
			}
		}
	}
	n.c.must("PATCH", "/offers/"+n.Offer, object{"destination_url": destination + "&raw={_deep_link}"}, http.StatusOK)
	link := n.Link + "&aff_click_id=AC+1%262&source=s%2Fo&creative_id=cr7&deep_link=" + url.QueryEscape("https://shop.example/p?a=1&b=2")
	for i := 1; i <= 10; i++ {
		link += fmt.Sprintf("&sub%d=s%%26%d", i, i)
	}
	status, location, header := visit(t, "GET", link, "User-Agent", agent, "Accept-Language", "de-CH,de;q=0.8")
	if status != http.StatusFound || !strings.Contains(header.Get("Cache-Control"), "no-store") {
		t.Fatalf("%d %v", status, header)
	}
	if location.Scheme != "https" || location.Host != "shop.example" || location.Path != "/land" {
		t.Errorf("destination %s", location)
	}
	query := location.Query()
	for name, want := range macros {
		for i := range 3 {
			got := query.Get(fmt.Sprintf("%s_%d", name, i))
			switch {
			case name == "no_such_macro":
				if i == 0 && got != "{no_such_macro}" {
					t.Errorf("an unknown macro became %q", got)
				}
			case strings.HasPrefix(want, "^"):
				if !regexp.MustCompile(want).MatchString(got) {
					t.Errorf("%s spelling %d: %q does not match %s", name, i, got, want)
				}
			case got != want:
				t.Errorf("%s spelling %d: %q, want %q", name, i, got, want)
			}
		}
	}
	if cid := query.Get("cid"); query.Get("transaction_id_1") != cid || query.Get("s2sidentifier_2") != cid {
		t.Error("the spellings of the click id differ")
	}
	if !strings.Contains(location.RawQuery, "raw=https://shop.example/p?a=1&b=2") {
		t.Errorf("{_deep_link} is encoded: %s", location.RawQuery)
	}
	ms, err := strconv.ParseInt(query.Get("timestamp_0"), 10, 64)
	if at := time.Unix(ms, 0); err != nil || time.Since(at).Abs() > time.Minute {
		t.Errorf("timestamp %q is not now in Unix seconds", query.Get("timestamp_0"))
	}
}

// TestContractDestinationWarnings: what a save tells about a destination.
func TestContractDestinationWarnings(t *testing.T) {
	t.Parallel()
	w := mustShared(t)
	c := w.mustLogIn()
	n := w.mustNetwork(c, nil, nil)
	for destination, want := range map[string]int{ // → warnings at least
		"https://shop.example/?cid={click_id}":            0,
		"https://shop.example/?cid=[s2sidentifier]":       0,
		"https://shop.example/?cid=%23clickid%23":         1, // encoded, so no macro
		"https://shop.example/":                           1, // no click id
		"https://shop.example/?cid={click_id}&x={nope}":   1,
		"https://shop.example/?cid={ClickID}":             1,
		"https://shop.example/?cid={click_id}&p={payout}": 1, // never filled here
	} {
		got := c.must("PATCH", "/offers/"+n.Offer, object{"destination_url": destination}, http.StatusOK)
		warnings, _ := got["warnings"].([]any)
		if want == 0 && len(warnings) > 0 || want > 0 && len(warnings) == 0 {
			t.Errorf("%s: warnings %v", destination, warnings)
		}
		for _, warning := range warnings {
			if o := object(warning.(map[string]any)); o.text("field") == "" || o.text("code") == "" || o.text("message") == "" {
				t.Errorf("%s: warning %v", destination, o)
			}
		}
	}
	for _, destination := range []string{"", "shop.example", "javascript:alert(1)", "ftp://shop.example/", "https://{sub1}/x", "https://{sub1}.shop.example/",
		"{deep_link}", "https://user:pw@shop.example/", "https://shop.example{sub1}/", "https://shop.example:{sub1}/", "https:///x", "https://{_sub1}/"} {
		c.must("PATCH", "/offers/"+n.Offer, object{"destination_url": destination}, http.StatusUnprocessableEntity)
	}
}

// TestContractRefusedClicks: the reasons of section 2, the fallback chain, and what is never stored.
func TestContractRefusedClicks(t *testing.T) {
	t.Parallel()
	w := mustFresh(t)
	c := w.mustLogIn()
	listed := func(offer, reason string) int {
		count := 0
		for _, click := range c.must("GET", "/clicks?valid=false&limit=500", nil, http.StatusOK).items(t) {
			if click.text("offer_id") == offer && click.text("reason") == reason && click["valid"] == false {
				count++
			}
		}
		return count
	}
	refused := func(link, offer, reason string) {
		t.Helper()
		status, _, header := visit(t, "GET", link)
		if status != http.StatusNotFound {
			t.Errorf("%s: %d, want 404", reason, status)
		}
		for _, internal := range []string{"offer", "affiliate", "waypost"} {
			if strings.Contains(strings.ToLower(header.Get("Server")), internal) {
				t.Errorf("%s: header names %s", reason, internal)
			}
		}
		eventually(t, 15*time.Second, reason+" is listed", func() bool { return listed(offer, reason) == 1 })
	}
	n := w.mustNetwork(c, nil, nil)
	refused(w.URL+"/click?o=999999&a="+n.Affiliate, "999999", "offer_not_found")
	refused(w.URL+"/click?o="+n.Offer+"&a=999999", n.Offer, "affiliate_not_found")
	for status := range map[string]bool{"paused": true, "blocked": true, "pending": true} {
		m := w.mustNetwork(c, nil, nil)
		c.must("PATCH", "/affiliates/"+m.Affiliate, object{"status": status}, http.StatusOK)
		refused(m.Link, m.Offer, "affiliate_inactive")
	}
	for status := range map[string]bool{"paused": true, "draft": true, "expired": true} {
		m := w.mustNetwork(c, nil, nil)
		c.must("PATCH", "/offers/"+m.Offer, object{"status": status}, http.StatusOK)
		refused(m.Link, m.Offer, "offer_inactive")
	}
	for visibility := range map[string]bool{"approval": true, "private": true} {
		m := w.mustNetwork(c, nil, object{"visibility": visibility})
		refused(m.Link, m.Offer, "not_approved")
		access := func(status string) {
			c.must("POST", "/offers/"+m.Offer+"/affiliates", object{"affiliate_id": json.Number(m.Affiliate), "status": status}, http.StatusCreated)
		}
		access("approved")
		mustClick(t, m.Link) // in force at once: read your writes
		access("rejected")
		if status, _, _ := visit(t, "GET", m.Link); status != http.StatusNotFound {
			t.Errorf("%s after the rejection: %d", visibility, status)
		}
	}
	fallback := w.mustNetwork(c, nil, object{"fallback_url": "https://elsewhere.example/?s={sub1}", "status": "paused"})
	status, location, _ := visit(t, "GET", amp(fallback.Link, "sub1=x"))
	if status != http.StatusFound || location.Host != "elsewhere.example" || location.Query().Get("s") != "x" {
		t.Errorf("fallback: %d %s", status, location)
	}

	quiet := w.mustNetwork(c, nil, nil)
	for _, request := range [][]string{{"HEAD"}, {"GET", "Purpose", "prefetch"}, {"GET", "Sec-Purpose", "prefetch;prerender"}, {"GET", "X-Moz", "prefetch"}} {
		if status, _, _ := visit(t, request[0], quiet.Link, request[1:]...); status != http.StatusFound {
			t.Errorf("%v: %d, want 302", request, status)
		}
	}
	mustClick(t, quiet.Link)
	for _, agent := range []string{"curl/8.5.0", "python-requests/2.32", "Googlebot/2.1 (+http://www.google.com/bot.html)"} {
		if status, _, _ := visit(t, "GET", quiet.Link, "User-Agent", agent); status != http.StatusFound {
			t.Errorf("%s: %d", agent, status)
		}
	}
	eventually(t, 15*time.Second, "the four clicks are listed, and nothing else", func() bool {
		return len(c.must("GET", "/clicks?offer_id="+quiet.Offer, nil, http.StatusOK).items(t)) == 4
	})
}
