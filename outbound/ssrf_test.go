package outbound

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"os"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/waypost/waypost/domain/click"
	"github.com/waypost/waypost/domain/errs"
	"github.com/waypost/waypost/domain/postback"
)

// hostileNames lead where no postback may go, some only sometimes.
var hostileNames = map[string][]string{
	"private.test": {"10.0.0.1"}, "private-172.test": {"172.16.5.5"}, "private-192.test": {"192.168.1.1"}, "metadata.test": {"169.254.169.254"},
	"azure.test": {"168.63.129.16"}, "alibaba.test": {"100.100.100.200"}, "oracle.test": {"192.0.0.192"}, "cgnat.test": {"100.64.1.1"},
	"linklocal.test": {"169.254.1.1"}, "zero.test": {"0.0.0.0"}, "broadcast.test": {"255.255.255.255"}, "multicast.test": {"224.0.0.1"},
	"benchmark.test": {"198.18.0.1"}, "six.test": {"::1"}, "unspecified.test": {"::"}, "mapped.test": {"::ffff:127.0.0.1"},
	"mappedmeta.test": {"::ffff:169.254.169.254"}, "compatible.test": {"::127.0.0.1"}, "nat64.test": {"64:ff9b::a9fe:a9fe"},
	"sixtofour.test": {"2002:7f00:1::1"}, "teredo.test": {"2001:0:7f00:1::1"}, "ula.test": {"fd00::1"}, "ec2six.test": {"fd00:ec2::254"},
	"linklocalsix.test": {"fe80::1"}, "sitelocal.test": {"fec0::1"}, "docs.test": {"192.0.2.1,2001:db8::1"},
	"many.test":     {"10.0.0.1,172.16.0.1,192.168.0.1,127.0.0.1,169.254.169.254,::1,fd00::1"},
	"loopback.test": {"127.0.0.1"}, "sub.loopback.test": {"127.0.0.1"}, "127.0.0.1.nip.test": {"127.0.0.1"},
	"169-254-169-254.nip.test": {"169.254.169.254"}, "xn--bcher-prv.test": {"10.0.0.1"},
	"metadata.google.internal": {"169.254.169.254"}, "metadata": {"169.254.169.254"}, "instance-data": {"169.254.169.254"},
	"metadata.tencentyun.com": {"169.254.0.23"}, "rancher-metadata": {"169.254.169.250"}, "kubernetes.default.svc": {"10.96.0.1"},
	"host.docker.internal": {"192.168.65.2"}, "localhost": {"127.0.0.1,::1"}, "sub.localhost": {"127.0.0.1"}, "a.b.localhost": {"127.0.0.1"},
	"localhost.localdomain": {"127.0.0.1"}, "ip6-localhost": {"::1"}, "ip6-loopback": {"::1"},
}

// publicNames lead to addresses of the internet; no test connects to one.
var publicNames = map[string][]string{
	"public.test": {"93.184.216.34"}, "public-six.test": {"2606:4700::1"}, "public-both.test": {"93.184.216.34,2606:4700::1"},
}

// turncoats are public when they are asked first, or in part, and lead inside later, or in part.
var turncoats = map[string][]string{
	"rebind.test": {"93.184.216.34", "127.0.0.1"}, "rebind-meta.test": {"93.184.216.34", "169.254.169.254"}, "rebind-six.test": {"93.184.216.34", "::1"},
	"rebind-mapped.test": {"93.184.216.34", "::ffff:127.0.0.1"}, "rebind-twice.test": {"93.184.216.34", "93.184.216.34", "10.0.0.1"},
	"mixed.test": {"93.184.216.34,127.0.0.1"}, "mixed-first.test": {"127.0.0.1,93.184.216.34"}, "mixed-six.test": {"93.184.216.34,::1"},
	"mixed-meta.test": {"169.254.169.254,2606:4700::1"}, "mixed-many.test": {"10.0.0.1,93.184.216.34,192.168.0.1,fd00::1,2606:4700::1"},
}

func merged(all ...map[string][]string) map[string][]string {
	m := map[string][]string{}
	for _, names := range all {
		for name, addresses := range names {
			m[name] = addresses
		}
	}
	return m
}

// corpus reads testdata/ssrf.txt.
func corpus(t testing.TB) []string {
	t.Helper()
	f, err := os.Open("testdata/ssrf.txt")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var urls []string
	for lines := bufio.NewScanner(f); lines.Scan(); {
		line := lines.Text()
		if line == "" || strings.HasPrefix(line, "# ") {
			continue
		}
		if strings.HasPrefix(line, `"`) {
			if line, err = strconv.Unquote(line); err != nil {
				t.Fatalf("%s: %v", lines.Text(), err)
			}
		}
		urls = append(urls, line)
	}
	if len(urls) < 500 {
		t.Fatalf("the corpus has %d lines only", len(urls))
	}
	return urls
}

// canary stands at the last gate, where a connection is about to be made: what the guard lets through is noted and goes
// no further.
type canary struct {
	guard   *Guard
	mu      sync.Mutex
	reached []string
}

var errReached = errors.New("the connection would have been made")

func (c *canary) control(network, address string, raw syscall.RawConn) error {
	if err := c.guard.Control(network, address, raw); err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.reached = append(c.reached, address)
	return errReached
}

// inside are the addresses reached that are not those of publicNames.
func (c *canary) inside() (inside []string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, a := range c.reached {
		to := netip.MustParseAddrPort(a)
		if ip := to.Addr().String(); ip != "93.184.216.34" && ip != "2606:4700::1" || to.Port() != 80 && to.Port() != 443 {
			inside = append(inside, a)
		}
	}
	return inside
}

func (c *canary) client(l limits) *PostbackClient {
	return newPostbackClient(c.guard.resolver, c.control, l)
}

var shortLimits = limits{connect: 5 * time.Second, total: 10 * time.Second, idle: 16}

func TestCorpusIsRefusedAtSave(t *testing.T) {
	t.Parallel()
	g := newGuard(nil, names(t, merged(hostileNames, publicNames)))
	for _, u := range corpus(t) {
		if err := save(g, u); !errs.Is(err, errs.KindInvalid) {
			t.Errorf("%q was accepted: %v", u, err)
		}
	}
}

// At connect there is no lint: whatever got into the database, nothing inside is reached.
func TestCorpusReachesNothing(t *testing.T) {
	t.Parallel()
	c := &canary{guard: newGuard(nil, names(t, merged(hostileNames, publicNames)))}
	client := c.client(shortLimits)
	for _, u := range corpus(t) {
		for _, method := range []string{"GET", "POST"} {
			if r := client.Send(t.Context(), postback.Request{Method: method, URL: u, Body: "{}"}); r.StatusCode != 0 || r.Class() == "" {
				t.Errorf("%q: %+v", u, r)
			}
		}
	}
	if inside := c.inside(); len(inside) != 0 {
		t.Errorf("reached: %v", inside)
	}
}

// The canary itself is alive: the same seam, with the operator's leave, lets a hostile address through.
func TestCanaryIsAlive(t *testing.T) {
	t.Parallel()
	c := &canary{guard: newGuard(loopback, names(t, merged(hostileNames, publicNames)))}
	client := c.client(shortLimits)
	for _, u := range []string{"http://127.0.0.1:22/", "http://loopback.test/", "http://public.test/"} {
		client.Send(t.Context(), postback.Request{Method: "GET", URL: u})
	}
	if len(c.reached) != 3 || len(c.inside()) != 2 {
		t.Errorf("reached %v", c.reached)
	}
}

// Names that change their mind, and names with two faces: a connection goes to the public address or nowhere.
func TestTurncoatsReachNothing(t *testing.T) {
	t.Parallel()
	for name := range turncoats {
		for _, scheme := range []string{"http", "https"} {
			c := &canary{guard: newGuard(nil, names(t, turncoats))}
			u := scheme + "://" + name + "/"
			if err := save(c.guard, u); err != nil {
				t.Errorf("%s is public at save: %v", u, err)
			}
			for range 4 { // keep-alive pools remember nothing of the look-up before
				if r := c.client(shortLimits).Send(t.Context(), postback.Request{Method: "GET", URL: u}); r.StatusCode != 0 {
					t.Errorf("%s: %+v", u, r)
				}
			}
			if inside := c.inside(); len(inside) != 0 {
				t.Errorf("%s reached %v", u, inside)
			}
			if strings.HasPrefix(name, "mixed") && len(c.reached) == 0 {
				t.Errorf("%s: the public address was not tried", u)
			}
		}
	}
}

// What a receiver answers leads nowhere: neither 3xx nor a header is followed.
func TestAnswersLeadNowhere(t *testing.T) {
	t.Parallel()
	var canaryReached, asked atomic.Int64
	inside := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { canaryReached.Add(1) }))
	defer inside.Close()
	port := strconv.Itoa(inside.Listener.Addr().(*net.TCPAddr).Port)
	var mu sync.Mutex
	var next func(http.ResponseWriter)
	receiver := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		asked.Add(1)
		mu.Lock()
		defer mu.Unlock()
		next(w)
	}))
	defer receiver.Close()
	// All of loopback is allowed here, so the guard would not save us: only not following does.
	client := NewPostbackClient(newGuard(loopback, names(t, map[string][]string{"inside.test": {"127.0.0.1"}})))
	calls := int64(0)
	send := func(answer func(http.ResponseWriter), wantStatus int) {
		mu.Lock()
		next = answer
		mu.Unlock()
		calls++
		for _, method := range []string{"GET", "POST"} {
			r := client.Send(t.Context(), postback.Request{Method: method, URL: receiver.URL + "/", Body: "{}"})
			if r.StatusCode != wantStatus {
				t.Errorf("status %d, want %d", r.StatusCode, wantStatus)
			}
		}
	}
	targets := []string{inside.URL, "//127.0.0.1:" + port, "http://localhost:" + port, "http://inside.test:" + port + "/", "http://[::ffff:127.0.0.1]:" + port,
		"http://2130706433:" + port, "http://169.254.169.254/", "http://user@127.0.0.1:" + port, "/loop", "", "file:///etc/passwd", "gopher://127.0.0.1:" + port}
	for _, status := range []int{300, 301, 302, 303, 304, 305, 307, 308, 399} {
		for _, to := range targets {
			send(func(w http.ResponseWriter) { w.Header().Set("Location", to); w.WriteHeader(status) }, status)
		}
	}
	for _, header := range [][2]string{{"Refresh", "0;url=" + inside.URL}, {"Alt-Svc", `h2="127.0.0.1:` + port + `", http/1.1="127.0.0.1:` + port + `"; ma=999`},
		{"Content-Location", inside.URL}, {"Link", "<" + inside.URL + ">; rel=preload"}, {"Location", inside.URL}, {"Proxy-Connection", "keep-alive"}} {
		send(func(w http.ResponseWriter) { w.Header().Set(header[0], header[1]) }, 200)
		send(func(w http.ResponseWriter) {}, 200) // nor is it remembered
	}
	if canaryReached.Load() != 0 || asked.Load() != 2*calls {
		t.Errorf("%d requests inside, %d to the receiver, want 0 and %d", canaryReached.Load(), asked.Load(), 2*calls)
	}
}

// legitimate URLs reach a receiver that stands in for the internet: its address is the operator's exception.
func TestLegitimateURLsPass(t *testing.T) {
	t.Parallel()
	var heard sync.Map
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		heard.Store(r.Header.Get("Webhook-Id"), r.Host+r.URL.String())
	})
	receiver := httptest.NewServer(handler)
	defer receiver.Close()
	to := receiver.Listener.Addr().(*net.TCPAddr).AddrPort()
	known := map[string][]string{}
	for _, name := range []string{"tracker.test", "www.tracker.test", "a.b.c.d.tracker.test", "tracker-2.test", "t_racker.test", "1tracker.test", "127-0-0-1.tracker.test",
		"localhost.tracker.test", "xn--bcher-kva.test", strings.Repeat("a", 63) + ".test"} {
		known[name] = []string{to.Addr().String()}
	}
	guard := newGuard([]netip.Prefix{netip.PrefixFrom(to.Addr(), 32)}, names(t, known))
	client := NewPostbackClient(guard)
	port := fmt.Sprint(":", to.Port())
	urls := []string{
		"http://tracker.test" + port, "http://tracker.test" + port + "/", "HTTP://tracker.test" + port + "/x", "http://TRACKER.Test" + port + "/x",
		"http://tracker.test." + port + "/x", "http://www.tracker.test" + port + "/pb?cid=abc&payout=1.50", "http://a.b.c.d.tracker.test" + port + "/",
		"http://tracker-2.test" + port + "/", "http://t_racker.test" + port + "/", "http://1tracker.test" + port + "/", "http://127-0-0-1.tracker.test" + port + "/",
		"http://localhost.tracker.test" + port + "/", "http://xn--bcher-kva.test" + port + "/", "http://" + strings.Repeat("a", 63) + ".test" + port + "/",
		"http://" + to.String() + "/", "http://tracker.test" + port + "?x=1", "http://tracker.test" + port + "/#part", "http://tracker.test" + port + "/a%2Fb/%C3%BC?q=%20",
		"http://tracker.test" + port + "/?url=http://127.0.0.1/", "http://tracker.test" + port + "/x@127.0.0.1", "http://tracker.test" + port + "/?user@127.0.0.1:22",
		"http://tracker.test" + port + "/a//b/../c", "http://tracker.test" + port + "/" + strings.Repeat("x", 4000), "http://tracker.test" + port + "/;p=1,2&3",
	}
	for i, u := range urls {
		if err := save(guard, u); err != nil {
			t.Errorf("%s at save: %v", u, err)
		}
		id := strconv.Itoa(i)
		r := client.Send(t.Context(), postback.Request{Method: "GET", URL: u, Header: map[string]string{"Webhook-Id": id}})
		if _, got := heard.Load(id); !r.Succeeded() || !got {
			t.Errorf("%s: %+v", u, r)
		}
	}
	// And to public addresses, as far as the last gate.
	c := &canary{guard: newGuard(nil, names(t, publicNames))}
	public := []string{"http://public.test/", "https://public.test/", "http://public.test:80/", "https://public.test:443/", "http://public.test:443/", "https://public.test:80/",
		"http://93.184.216.34/", "https://[2606:4700::1]/", "http://public-six.test/", "https://public.test./x"}
	for _, u := range public {
		if err := save(c.guard, u); err != nil {
			t.Errorf("%s at save: %v", u, err)
		}
		before := len(c.reached)
		c.client(shortLimits).Send(t.Context(), postback.Request{Method: "GET", URL: u})
		if len(c.reached) == before || len(c.inside()) != 0 {
			t.Errorf("%s reached %v", u, c.reached[before:])
		}
	}
	if len(urls)+len(public) < 20 {
		t.Error("too few")
	}
}

// An exception opens its own addresses on any port, and no neighbour.
func TestExceptionsOpenNoNeighbour(t *testing.T) {
	t.Parallel()
	var allow []netip.Prefix
	for _, p := range []string{"10.1.2.0/24", "192.168.7.7/32", "fd00:1::/64", "127.0.0.1/32"} {
		allow = append(allow, netip.MustParsePrefix(p))
	}
	known := map[string][]string{"in.test": {"10.1.2.9"}, "out.test": {"10.1.3.9"}, "both.test": {"10.1.3.9,10.1.2.9"}}
	for u, allowed := range map[string]bool{
		"http://10.1.2.0/": true, "http://10.1.2.255:8080/": true, "https://10.1.2.3:22/": true, "http://10.1.1.255/": false, "http://10.1.3.0/": false,
		"http://10.1.3.0:8080/": false, "http://192.168.7.7:9000/": true, "http://192.168.7.6:80/": false, "http://192.168.7.8:80/": false,
		"http://[fd00:1::]:81/": true, "http://[fd00:1::ffff:ffff:ffff:ffff]/": true, "http://[fd00:1:0:1::]/": false, "http://[fd00:2::1]/": false,
		"http://[::ffff:10.1.2.3]:81/": true, "http://[::ffff:10.1.3.3]/": false, "http://127.0.0.1:6379/": true, "http://127.0.0.2/": false, "http://[::1]/": false,
		"http://169.254.169.254/": false, "http://in.test:8080/": true, "http://out.test:8080/": false, "http://out.test/": false, "http://both.test:8080/": true,
		"http://93.184.216.34/": true, "http://93.184.216.34:8080/": false, "http://user@10.1.2.3/": false, "http://0x0a010203/": false, "ftp://10.1.2.3/": false,
		"http://10.1.2.3:0/": false, "http://10.1.2.3:65536/": false,
	} {
		c := &canary{guard: newGuard(allow, names(t, known))}
		if err := save(c.guard, u); (err == nil) != allowed {
			t.Errorf("%s at save: %v", u, err)
		}
		if !allowed && (strings.Contains(u, "@") || strings.HasSuffix(u, ":0/")) {
			continue // refused for its form; the address itself is allowed
		}
		c.client(shortLimits).Send(t.Context(), postback.Request{Method: "GET", URL: u})
		if (len(c.reached) != 0) != allowed {
			t.Errorf("%s at connect: reached %v", u, c.reached)
		}
		for _, a := range c.reached {
			if strings.Contains(a, "10.1.3.") {
				t.Errorf("%s reached the neighbour %s", u, a)
			}
		}
	}
}

// What is accepted is what the client will call: the same host, a plain one, over HTTP, on a port that is allowed.
func FuzzCheckURL(f *testing.F) {
	for i, u := range corpus(f) {
		if i%4 == 0 {
			f.Add(u)
		}
	}
	f.Add("https://public.test/pb?c={aff_click_id}&p=[payout]#x")
	f.Add("http://[2606:4700::1]:443/")
	g := newGuard(nil, names(f, merged(hostileNames, publicNames)))
	f.Fuzz(func(t *testing.T, address string) {
		_, lint := click.LintPostback(address)
		warnings, err := g.CheckURL(context.Background(), address)
		if err != nil && !errs.Is(err, errs.KindInvalid) {
			t.Fatalf("%q: %v", address, err)
		}
		if lint != nil || err != nil {
			return
		}
		u, err := url.Parse(address)
		if err != nil {
			return // never sent
		}
		if u.Scheme != "http" && u.Scheme != "https" || u.User != nil || u.Port() != "" && u.Port() != "80" && u.Port() != "443" && strings.TrimLeft(u.Port(), "0") != "80" && strings.TrimLeft(u.Port(), "0") != "443" {
			t.Errorf("%q was accepted and leads to %s", address, u)
		}
		host := strings.TrimSuffix(strings.ToLower(u.Hostname()), ".")
		if ip, err := netip.ParseAddr(host); err == nil {
			if g.check(netip.AddrPortFrom(ip, 80)) != nil {
				t.Errorf("%q was accepted and leads to %s", address, ip)
			}
		} else if hostileNames[host] != nil || len(warnings) == 0 && publicNames[host] == nil {
			t.Errorf("%q was accepted and leads to %s", address, host)
		}
	})
}
