package tracking_test

import (
	"bytes"
	"image/gif"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/waypost/waypost/domain/advertiser"
	"github.com/waypost/waypost/domain/click"
	"github.com/waypost/waypost/domain/conversion"
	"github.com/waypost/waypost/spool"
	"github.com/waypost/waypost/tracking"
)

// all gives the calls that were decided so far, last the newest, of which there must be one.
func (r *recorder) all() []conversion.Call {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]conversion.Call(nil), r.calls...)
}

func (r *recorder) last(t testing.TB) conversion.Call {
	t.Helper()
	calls := r.all()
	if len(calls) == 0 {
		t.Fatal("no call was decided")
	}
	return calls[len(calls)-1]
}

// cookieOf is the cookie that an answer sets; nil if it sets none.
func cookieOf(t testing.TB, w *httptest.ResponseRecorder) *http.Cookie {
	t.Helper()
	cookies := w.Result().Cookies()
	if len(cookies) > 1 {
		t.Fatalf("%d cookies", len(cookies))
	}
	if len(cookies) == 0 {
		return nil
	}
	return cookies[0]
}

func TestClickLeavesACookie(t *testing.T) {
	t.Parallel()
	for _, https := range []bool{false, true} {
		n := newNode(t, func(o *tracking.Options, _ *spool.Options) { o.HTTPS = https })
		n.catalogue.change(func(r *click.Routing) { r.Offers[1].WindowDays = 30 })
		n.routing.Refresh(t.Context())
		w := n.get("/click?o=1&a=1")
		c := cookieOf(t, w)
		if c == nil {
			t.Fatal("no cookie")
		}
		if c.Name != "wp_o1" || !strings.HasSuffix(location(t, w), "="+c.Value) || c.Path != "/" || c.MaxAge != 30*24*60*60 || !c.HttpOnly || c.Domain != "" {
			t.Errorf("cookie %s", c.Raw)
		}
		if c.Secure != https || https != (c.SameSite == http.SameSiteNoneMode) || https == (c.SameSite == http.SameSiteLaxMode) {
			t.Errorf("https %t: %s", https, c.Raw)
		}
		for dest, want := range map[string]bool{"document": true, "iframe": true, "image": false, "script": false, "empty": false, "style": false} {
			w := n.get("/click?o=1&a=1", "Sec-Fetch-Dest", dest)
			if location(t, w) == "" || (cookieOf(t, w) != nil) != want {
				t.Errorf("a link fetched as %s: %d %v", dest, w.Code, cookieOf(t, w))
			}
		}
		if c := cookieOf(t, n.get("/click?o=2&a=1")); c == nil || c.MaxAge != 90*24*60*60 {
			t.Errorf("default window: %v", c)
		}
		for name, w := range map[string]*httptest.ResponseRecorder{
			"HEAD":     n.request(http.MethodHead, "/click?o=1&a=1", nil),
			"prefetch": n.get("/click?o=1&a=1", "Sec-Purpose", "prefetch;prerender"),
			"refused":  n.get("/click?o=2&a=2"),
			"fallback": n.get("/click?o=4&a=1"),
			"bad link": n.get("/click?o=x&a=1"),
		} {
			if c := cookieOf(t, w); c != nil {
				t.Errorf("%s leaves the cookie %s", name, c.Raw)
			}
		}
	}
	full := newNode(t, func(_ *tracking.Options, s *spool.Options) { s.Create = fullDisk })
	if c := cookieOf(t, full.get("/click?o=1&a=1")); c != nil {
		t.Errorf("a click that is not stored leaves the cookie %s", c.Raw)
	}
}

// pixelWorld: offers 1 and 2 of advertiser 9, 5 of advertiser 8.
func pixelWorld(t testing.TB, answer func(conversion.Call) conversion.Result) (*node, *recorder) {
	n, r := postbackNode(t, answer, nil)
	n.catalogue.change(func(c *click.Routing) {
		other := *c.Offers[1]
		other.OfferID, other.AdvertiserID = 5, 8
		c.Offers[5] = &other
		c.Advertisers[8] = &click.RoutedSender{Auth: advertiser.AuthNone}
	})
	n.routing.Refresh(t.Context())
	return n, r
}

func (n *node) clickIDAt(t testing.TB, at time.Time) string {
	t.Helper()
	id, err := click.Mint(at, bytes.NewReader(bytes.Repeat([]byte{byte(at.Unix())}, 16)))
	if err != nil {
		t.Fatal(err)
	}
	return n.signer.Text(id)
}

func TestPixelFindsTheClick(t *testing.T) {
	t.Parallel()
	n, r := pixelWorld(t, recorded)
	now := time.Now()
	first, second, third := n.clickIDAt(t, now.Add(-3*time.Hour)), n.clickIDAt(t, now.Add(-2*time.Hour)), n.clickIDAt(t, now.Add(-time.Hour))
	jar := "wp_o5=" + third + "; wp_o1=" + first + "; other=1; wp_o2=" + second
	for _, c := range []struct{ target, cookies, want string }{
		{"/pixel.gif", jar, ""}, // of two advertisers
		{"/pixel.gif", "wp_o1=" + first + "; wp_o2=" + second, second},
		{"/pixel", "wp_o2=" + second + "; wp_o1=" + first, second},
		{"/pixel.js", "wp_o5=" + third, third},
		{"/pixel.gif", "wp_o5=garbage; wp_o1=" + first, first},
		{"/pixel.gif", "wp_o77=" + first, first}, // the catalogue may be behind
		{"/pixel.gif", "wp_o77=" + first + "; wp_o78=" + second, ""},
		{"/pixel.gif?val=1", "wp_o1=" + second + "; wp_o2=" + first, second},
		{"/pixel.gif?o=1", jar, first},
		{"/pixel.gif?offer_id=2&val=3", jar, second},
		{"/pixel.gif?o=&offer_id=2", jar, second},
		{"/pixel.gif?o=77", jar, ""},
		{"/pixel.gif?o=x", jar, ""},
		{"/pixel.gif?o=x&offer_id=1", jar, ""},
		{"/pixel.gif?o=-1", jar, ""},
		{"/pixel.gif?o={offer_id}", jar, ""},
		{"/pixel.gif?o={offer_id}&token=secret", jar, ""},
		{"/pixel.gif?token=secret", jar, second}, // of the token's advertiser
		{"/pixel.gif?secure=secret", jar, second},
		{"/pixel.gif?token=secret&o=5", jar, third},
		{"/pixel.gif?token=wrong", jar, ""},
		{"/pixel.gif?token=wrong", "wp_o1=" + first, ""},
		{"/pixel.gif?token=wrong&o=1", jar, first}, // refused, in the log of the offer's advertiser
		{"/pixel.gif?token={token}", jar, ""},
		{"/pixel.gif", "", ""},
		{"/pixel.gif", "wp_o1=garbage", ""},
		{"/pixel.gif", "wp_o1=" + strings.Repeat("z", 32) + "; wp_o2=" + first, first},
		{"/pixel.gif", "wp_ox=" + first, ""},
		{"/pixel.gif", "wp_o1=" + n.clickIDAt(t, now.Add(time.Hour)), ""},
		{"/postback", jar, ""}, // server to server: a browser's cookie proves nothing there
	} {
		n.get(c.target, "Cookie", c.cookies)
		call := r.last(t)
		if call.Cookie != c.want || call.Path != strings.Split(c.target, "?")[0] {
			t.Errorf("%s with %q: the call of %s has the cookie %q, want %q", c.target, c.cookies, call.Path, call.Cookie, c.want)
		}
	}
	if sent, _ := conversion.ParseSent(conversion.Call{Path: "/pixel.gif", RawQuery: "clickid=" + first, Cookie: third}); sent.ClickID != first {
		t.Errorf("a click id that is sent counts before the cookie: %s", sent.ClickID)
	}
	if sent, _ := conversion.ParseSent(conversion.Call{Path: "/pixel.gif", RawQuery: "clickid={clickid}", Cookie: third}); sent.ClickID != third {
		t.Errorf("an unfilled click id is none: %s", sent.ClickID)
	}
}

func TestPixelAnswers(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		result conversion.Result
		status int
	}{
		{conversion.Result{Status: "recorded", Code: "ok", HTTPStatus: 200}, 200},
		{conversion.Result{Status: "duplicate", Code: "duplicate", HTTPStatus: 200}, 200},
		{conversion.Result{Status: "queued", Code: "click_pending", HTTPStatus: 202}, 200},
		{conversion.Result{Status: "refused", Code: "invalid_val", HTTPStatus: 400}, 400},
		{conversion.Result{Status: "refused", Code: "click_not_found", HTTPStatus: 404, ClickID: "secret-click"}, 404},
	} {
		n, _ := postbackNode(t, func(conversion.Call) conversion.Result { return c.result }, nil)
		for path, mediaType := range map[string]string{"/pixel.gif": "image/gif", "/pixel": "text/html; charset=UTF-8", "/pixel.js": "text/javascript; charset=utf-8"} {
			w := n.get(path + "?token=secret&clickid=x")
			h := w.Header()
			if w.Code != c.status || h.Get("Waypost-Status") != string(c.result.Status) || h.Get("Waypost-Code") != c.result.Code ||
				h.Get("Content-Type") != mediaType || h.Get("Cache-Control") != "no-store" || h.Get("X-Content-Type-Options") != "nosniff" {
				t.Errorf("%s of %+v: %d %v", path, c.result, w.Code, h)
			}
			switch path {
			case "/pixel.gif":
				if picture, err := gif.DecodeAll(w.Body); err != nil || picture.Config.Width != 1 || picture.Config.Height != 1 {
					t.Errorf("no picture: %v", err)
				}
			case "/pixel":
				if policy := h.Get("Content-Security-Policy"); !strings.Contains(policy, "default-src 'none'") || strings.Contains(policy, "frame-ancestors") {
					t.Errorf("policy %q", policy)
				}
			case "/pixel.js":
				if body := w.Body.String(); !strings.Contains(body, `"code":"`+c.result.Code+`"`) || strings.Contains(body, "secret-click") {
					t.Errorf("script %s", body)
				}
			}
		}
	}
}

// Only failures count, by address; a token that some advertiser has passes through a block.
func TestRefusedAuthenticationsAreLimited(t *testing.T) {
	t.Parallel()
	n, r := postbackNode(t, func(c conversion.Call) conversion.Result {
		if strings.Contains(c.RawQuery, "token=secret") {
			return conversion.Result{Status: "recorded", Code: "ok", HTTPStatus: 200}
		}
		return conversion.Result{Status: "refused", Code: "invalid_token", HTTPStatus: 403}
	}, nil)
	from := func(ip, query string) *httptest.ResponseRecorder {
		request := httptest.NewRequest(http.MethodGet, "/postback?"+query, nil)
		request.RemoteAddr = netip.AddrPortFrom(netip.MustParseAddr(ip), 1).String()
		w := httptest.NewRecorder()
		n.ServeHTTP(w, request)
		return w
	}
	for range 500 {
		if w := from("192.0.2.1", "token=secret"); w.Code != 200 {
			t.Fatalf("a valid call: %d", w.Code)
		}
	}
	for i := range 300 {
		if w := from("192.0.2.1", "token=wrong&i="+strconv.Itoa(i)); w.Code != 403 {
			t.Fatalf("refusal %d: %d", i+1, w.Code)
		}
	}
	asked := len(r.all())
	w := from("192.0.2.1", "token=wrong")
	a := answer(t, w)
	if wait, err := strconv.Atoi(w.Header().Get("Retry-After")); w.Code != 429 || a["status"] != "refused" || a["code"] != "rate_limited" || err != nil || wait < 1 || wait > 60 {
		t.Errorf("%d %v %s", w.Code, w.Header(), w.Body)
	}
	if len(r.all()) != asked {
		t.Error("a limited call is decided all the same")
	}
	if w := from("192.0.2.1", "token=secret"); w.Code != 200 {
		t.Errorf("a valid call from the same address: %d", w.Code)
	}
	if w := from("192.0.2.2", "token=wrong"); w.Code != 403 {
		t.Errorf("another address: %d", w.Code)
	}
	if left, _ := n.spool.Unreleased(); left != 803 {
		t.Errorf("%d records are in the spool", left)
	}
	entries, err := n.spool.Next(t.Context(), 1000)
	if err != nil {
		t.Fatal(err)
	}
	limited := 0
	for _, e := range entries {
		call, err := conversion.ParseCall(e.Payload)
		if err != nil {
			t.Fatal(err)
		}
		if call.Limited {
			limited++
		}
	}
	if limited != 1 {
		t.Errorf("%d records say that they were limited", limited)
	}
}

// A block holds up no call that may prove itself in another way than by a token, and codes cannot be tried without end.
func TestLimitSparesOtherProofs(t *testing.T) {
	t.Parallel()
	for _, auth := range []advertiser.Auth{advertiser.AuthHMAC, advertiser.AuthIP, advertiser.AuthNone} {
		n, r := postbackNode(t, func(c conversion.Call) conversion.Result {
			if strings.Contains(c.RawQuery, "coupon=") {
				return conversion.Result{Status: "refused", Code: "coupon_not_found", HTTPStatus: 404}
			}
			return recorded(c)
		}, nil)
		n.catalogue.change(func(c *click.Routing) { c.Advertisers[8] = &click.RoutedSender{Auth: auth} })
		n.routing.Refresh(t.Context())
		for range 300 {
			n.get("/postback?coupon=GUESS")
		}
		open := map[bool]int{true: 200, false: 429}[auth != advertiser.AuthHMAC]
		for target, want := range map[string]int{
			"/postback?clickid=x": open, "/pixel.gif?val=1": open, "/postback?clickid=x&token={token}": open,
			"/postback?clickid=x&token=wrong": 429, "/pixel.js?token=wrong": 429,
			"/postback?clickid=x&token=secret": 200, "/postback?clickid=x&ts=1&sig=00": 200,
		} {
			before, spooled := len(r.all()), unreleased(n)
			w := n.get(target)
			if decided := len(r.all()) - before; w.Code != want || (decided == 1) != (want == 200) || unreleased(n) != spooled+1 {
				t.Errorf("%s: %s: %d %s, decided %d times, %d records more", auth, target, w.Code, w.Body, decided, unreleased(n)-spooled)
			}
			if w.Code == 429 && w.Header().Get("Retry-After") == "" {
				t.Errorf("%s: %s: no Retry-After", auth, target)
			}
		}
		if w := n.request(http.MethodPost, "/postback", strings.NewReader("clickid=x"), "Waypost-Signature", "t=1,v1=00"); w.Code != 200 {
			t.Errorf("%s: a signed body: %d", auth, w.Code)
		}
	}
}

func unreleased(n *node) int64 {
	records, _ := n.spool.Unreleased()
	return int64(records)
}

// Where the click does not tell whose call it is, the token does.
func TestAlways200ByToken(t *testing.T) {
	t.Parallel()
	for _, there := range []bool{true, false} {
		n, r := postbackNode(t, func(c conversion.Call) conversion.Result {
			if !there {
				return conversion.Result{Err: errAway}
			}
			return conversion.Result{Status: "refused", Code: "missing_clickid", HTTPStatus: map[bool]int{true: 200, false: 400}[c.AlwaysOK]}
		}, nil)
		n.catalogue.change(func(c *click.Routing) { c.Advertisers[9].AlwaysOK = true })
		n.routing.Refresh(t.Context())
		for query, status := range map[string]int{"token=secret": 200, "token=other": 400, "": 400} {
			w := n.get("/postback?" + query)
			if a := answer(t, w); w.Code != status || a["status"] != "refused" || a["code"] != "missing_clickid" {
				t.Errorf("database there %t, %q: %d %s", there, query, w.Code, w.Body)
			}
			r.last(t)
		}
	}
}

func FuzzPixel(f *testing.F) {
	n, r := pixelWorld(f, recorded)
	id := n.newClickID(f)
	f.Add("/pixel.gif", "o=1&val=1", "wp_o1="+id)
	f.Add("/pixel", "token=secret", "wp_o1="+id+"; wp_o2="+id+"x; wp_o=; wp_o99999999999999999999="+id)
	f.Add("/pixel.js", "%zz;o=1&offer_id=-1", "=;;\"; wp_o1=\""+id+"\"")
	f.Fuzz(func(t *testing.T, path, query, cookies string) {
		if path != "/pixel.gif" && path != "/pixel" {
			path = "/pixel.js"
		}
		request := httptest.NewRequest(http.MethodGet, path, nil)
		request.URL.RawQuery = query
		request.Header["Cookie"] = []string{cookies}
		w := httptest.NewRecorder()
		n.ServeHTTP(w, request)
		if w.Code != 200 || w.Header().Get("Waypost-Status") != "recorded" {
			t.Fatalf("%d %v", w.Code, w.Header())
		}
		if c := r.last(t).Cookie; c != "" && (!strings.Contains(cookies, c) || len(c) != 32) {
			t.Fatalf("the click %q is not one of %q", c, cookies)
		}
	})
}
