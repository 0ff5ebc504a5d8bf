package tracking_test

import (
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/waypost/waypost/domain/click"
	"github.com/waypost/waypost/spool"
	"github.com/waypost/waypost/tracking"
)

func TestClickIsDurableBeforeItsRedirect(t *testing.T) {
	t.Parallel()
	n := newNode(t, nil)
	to := location(t, n.get("/click?o=1&a=2&sub1=x"))
	c := n.stored(t, 1)[0]
	if c.ID != n.clickIDIn(t, to) || c.OfferID != 1 || c.AffiliateID != 2 || c.AdvertiserID != 9 || !c.Valid() || c.Subs[0] != "x" {
		t.Errorf("redirected to %s, stored %+v", to, c)
	}
}

func TestReasons(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		query  string
		reason click.Reason
	}{
		{"o=1&a=1", click.ReasonNone},
		{"o=2&a=1", click.ReasonNone},
		{"o=77&a=1", click.ReasonOfferNotFound},
		{"o=0&a=0", click.ReasonOfferNotFound},
		{"o=77&a=77", click.ReasonOfferNotFound},
		{"o=3&a=1", click.ReasonOfferInactive},
		{"o=1&a=77", click.ReasonAffiliateNotFound},
		{"o=1&a=3", click.ReasonAffiliateInactive},
		{"o=2&a=2", click.ReasonNotApproved},
	} {
		n := newNode(t, nil)
		w := n.get("/click?" + tc.query)
		c := n.stored(t, 1)[0]
		if c.Reason != tc.reason {
			t.Errorf("%s: reason %q, want %q", tc.query, c.Reason, tc.reason)
		}
		if tc.reason == click.ReasonNone {
			location(t, w)
			continue
		}
		if w.Code != http.StatusNotFound || !strings.HasPrefix(w.Header().Get("Content-Type"), "text/html") || w.Header().Get("Location") != "" {
			t.Errorf("%s: status %d, %v", tc.query, w.Code, w.Header())
		}
		for _, internal := range []string{"offer", "affiliate", "approved", string(tc.reason)} {
			if strings.Contains(strings.ToLower(w.Body.String()), internal) {
				t.Errorf("%s: the page names %q", tc.query, internal)
			}
		}
	}
}

func TestFallbacks(t *testing.T) {
	t.Parallel()
	n := newNode(t, func(o *tracking.Options, _ *spool.Options) {
		o.NetworkFallback = "https://network.example/?r={click_id}"
	})
	if to := location(t, n.get("/click?o=4&a=1&s1=a%26b")); !strings.HasPrefix(to, "https://else.example/?o=4&s=a%26b&c=") {
		t.Errorf("the offer's fallback: %s", to)
	} else if c := n.stored(t, 1)[0]; c.ID != n.clickIDIn(t, to) || c.Reason != click.ReasonOfferInactive {
		t.Errorf("stored %+v", c)
	}
	for _, query := range []string{"o=3&a=1", "o=77&a=1"} {
		if to := location(t, n.get("/click?"+query)); !strings.HasPrefix(to, "https://network.example/?r=0") {
			t.Errorf("%s: the network's fallback: %s", query, to)
		}
	}
	n.stored(t, 2)
}

func TestLinkWithoutOfferOrAffiliate(t *testing.T) {
	t.Parallel()
	n := newNode(t, nil)
	for query, code := range map[string]string{
		"": "missing_offer", "a=1": "missing_offer", "o=&a=1": "missing_offer", "o=1": "missing_affiliate", "o=1&a=": "missing_affiliate",
		"o=x&a=1": "invalid_offer", "o=1&a={aff_id}": "invalid_affiliate", "o=-1&a=1": "invalid_offer", "o=1.5&a=1": "invalid_offer",
		"o=1&a=99999999999999999999": "invalid_affiliate", "o=+1&a=1": "invalid_offer", "o=%31x&a=1": "invalid_offer",
	} {
		w := n.get("/click?" + query)
		if w.Code != http.StatusBadRequest || !strings.Contains(w.Body.String(), `"code":"`+code+`"`) {
			t.Errorf("%q: %d %s, want 400 %s", query, w.Code, w.Body, code)
		}
	}
	n.stored(t, 0)
}

func TestMacrosOfTheDestination(t *testing.T) {
	t.Parallel()
	n := newNode(t, func(o *tracking.Options, _ *spool.Options) {
		o.Country = func(a netip.Addr) string {
			if a == netip.MustParseAddr("192.0.2.1") {
				return "DE"
			}
			return ""
		}
	})
	names := []string{"clickid", "aff_click_id", "offer_id", "affiliate_id", "sub1", "sub10", "source", "ip", "country", "device", "os",
		"browser", "language", "timestamp", "rand", "deep_link", "creative_id", "unknown_one"}
	n.catalogue.change(func(r *click.Routing) {
		d := "https://shop.example/p?"
		for _, name := range names {
			d += name + "={" + name + "}&"
		}
		r.Offers[1].Destination = d + "#sub2#[sub3]{_sub4}"
	})
	n.routing.Refresh(t.Context())
	to := location(t, n.get("/click?o=1&a=2&click_id=AFF&s1=a%20b%26c&sub10=ten&source=so&url=https%3A%2F%2Fshop.example%2Fx%3Fy%3D1"+
		"&creative_id=77&sub2=two&sub3=%C3%BC&sub4=a/b%0D%0Ac", "User-Agent",
		"Mozilla/5.0 (iPhone; CPU iPhone OS 17_4 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.4 Mobile/15E148 Safari/604.1",
		"Accept-Language", "de-DE,de;q=0.9"))
	c := n.stored(t, 1)[0]
	if !strings.HasSuffix(to, "two%C3%BCa/bc") {
		t.Errorf("other spellings: %s", to)
	}
	u, err := url.Parse(to)
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for _, name := range names {
		got[name] = u.Query().Get(name)
	}
	if got["rand"] == "" || got["timestamp"] == "" {
		t.Errorf("rand %q, timestamp %q", got["rand"], got["timestamp"])
	}
	delete(got, "rand")
	delete(got, "timestamp")
	want := map[string]string{"clickid": n.signer.Text(c.ID), "aff_click_id": "AFF", "offer_id": "1", "affiliate_id": "2", "sub1": "a b&c",
		"sub10": "ten", "source": "so", "ip": "192.0.2.1", "country": "DE", "device": "mobile", "os": "iOS", "browser": "Safari",
		"language": "de-DE", "deep_link": "https://shop.example/x?y=1", "creative_id": "77", "unknown_one": "{unknown_one}"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestFactsAreCleanedAndBounded(t *testing.T) {
	t.Parallel()
	n := newNode(t, nil)
	long := strings.Repeat("x", 254) + "ü"
	location(t, n.get("/click?o=1&a=1&sub1="+url.QueryEscape(long)+"&sub2=a%00b%0Ac%C2%85d&sub3=%FFe%C3&deep_link="+strings.Repeat("d", 9000),
		"User-Agent", strings.Repeat("u", 1500), "Referer", "https://r/\x01"+strings.Repeat("r", 9000), "Accept-Language", "<script>"))
	c := n.stored(t, 1)[0]
	if c.Subs[0] != long[:254] || c.Subs[1] != "abcd" || c.Subs[2] != "e" {
		t.Errorf("subs %q", c.Subs[:3])
	}
	if len(c.DeepLink) != 8<<10 || len(c.UserAgent) != 1<<10 || len(c.Referrer) != 8<<10 || strings.Contains(c.Referrer, "\x01") || c.Language != "" {
		t.Errorf("deep link %d, agent %d, referrer %d bytes, language %q", len(c.DeepLink), len(c.UserAgent), len(c.Referrer), c.Language)
	}
}

func TestNobodyClicked(t *testing.T) {
	t.Parallel()
	n := newNode(t, nil)
	for _, header := range [][]string{{"Purpose", "prefetch"}, {"Sec-Purpose", "prefetch;prerender"}, {"X-Moz", "Prefetch"}} {
		n.clickIDIn(t, location(t, n.get("/click?o=1&a=1", header...)))
	}
	n.clickIDIn(t, location(t, n.request(http.MethodHead, "/click?o=1&a=1", nil)))
	n.stored(t, 0)
	location(t, n.get("/click?o=1&a=1", "Purpose", "something"))
	n.stored(t, 1)
}

func TestRobotsAreMarkedScriptsPass(t *testing.T) {
	t.Parallel()
	n := newNode(t, nil)
	for agent, robot := range map[string]bool{"Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)": true,
		"curl/8.5.0": false, "": false, "Mozilla/5.0 (X11; Linux x86_64; rv:125.0) Gecko/20100101 Firefox/125.0": false} {
		location(t, n.get("/click?o=1&a=1", "User-Agent", agent))
		if c := n.stored(t, 1)[0]; c.Robot != robot || !c.Valid() {
			t.Errorf("%q: robot %t, reason %q", agent, c.Robot, c.Reason)
		}
	}
}

func TestRedirectsGoOnWithoutASpool(t *testing.T) {
	t.Parallel()
	n := newNode(t, func(_ *tracking.Options, o *spool.Options) { o.Create = fullDisk })
	w := n.get("/click?o=1&a=1")
	n.clickIDIn(t, location(t, w))
	if w.Header().Get("Waypost-Stored") != "no" {
		t.Error("the answer does not say that the click is not stored")
	}
	if w := n.get("/click?o=77&a=1"); w.Code != http.StatusNotFound || w.Header().Get("Waypost-Stored") != "no" {
		t.Errorf("refused click: %d %v", w.Code, w.Header())
	}
	if n.Ready() != nil {
		t.Error("a node whose spool fails can redirect all the same")
	}
}

func TestConcurrentClicksAreAllStored(t *testing.T) {
	t.Parallel()
	n := newNode(t, nil)
	var visitors sync.WaitGroup
	var mu sync.Mutex
	acknowledged := map[click.ID]bool{}
	for range 50 {
		visitors.Go(func() {
			for range 20 {
				id := n.clickIDIn(t, n.get("/click?o=1&a=1").Header().Get("Location"))
				mu.Lock()
				acknowledged[id] = true
				mu.Unlock()
			}
		})
	}
	visitors.Wait()
	for _, c := range n.stored(t, 1000) {
		delete(acknowledged, c.ID)
	}
	if len(acknowledged) > 0 {
		t.Errorf("%d acknowledged clicks are lost", len(acknowledged))
	}
}

func BenchmarkClick(b *testing.B) {
	n := newNode(b, nil)
	go func() {
		for {
			entries, err := n.spool.Next(b.Context(), 5000)
			if err != nil {
				return
			}
			for _, e := range entries {
				n.spool.Release(e.Segment, 1)
			}
		}
	}()
	b.ReportAllocs()
	b.SetParallelism(64)
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if w := n.get("/click?o=1&a=2&sub1=one&sub2=two&source=news&aff_click_id=abc", "User-Agent",
				"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/124.0 Safari/537.36",
				"Accept-Language", "en-GB,en;q=0.9"); w.Code != http.StatusFound {
				b.Error(w.Code)
			}
		}
	})
}
