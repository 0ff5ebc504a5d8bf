package main

import (
	"bufio"
	"bytes"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/oschwald/maxminddb-golang/v2"

	"github.com/waypost/waypost/domain/click"
)

func testNetwork() *network {
	n := &network{advertisers: []sender{{3, "three"}, {4, "four"}}}
	for i := range 10 {
		n.offers = append(n.offers, offer{id: int64(100 + i), advertiser: i % 2, public: i%5 < 3})
	}
	for i := range affiliates {
		n.affiliates = append(n.affiliates, int64(1000+i))
	}
	return n
}

func TestWays(t *testing.T) {
	t.Parallel()
	n := testNetwork()
	for of := range n.offers {
		approved := map[int64]bool{}
		for k := range partners {
			approved[n.partner(of, k)] = true
		}
		if len(approved) != partners {
			t.Fatalf("offer %d has %d partners", of, len(approved))
		}
		for i := of; i < 1000; i += len(n.offers) {
			if w := n.way(i); w.offer != &n.offers[of] || !approved[w.affiliate] || w.advertiser.id != int64(3+of%2) {
				t.Fatalf("way %d: %+v", i, w)
			}
		}
	}
	if ways := n.waysOf(7); len(ways) != 6 || ways[3].offer.id != 105 || ways[3].affiliate != 7 || ways[3].advertiser.token != "four" {
		t.Errorf("%+v", ways)
	}
}

func TestClickRequestsAreRequests(t *testing.T) {
	t.Parallel()
	r := newClickRequest("127.0.0.1:1", testNetwork().way(3), 65)
	seen := map[string]bool{}
	for range 120 {
		request, err := http.ReadRequest(bufio.NewReader(bytes.NewReader(r.next())))
		if err != nil {
			t.Fatal(err)
		}
		q := request.URL.Query()
		if len(q) != 10 || q.Get("o") != "103" || q.Get("a") != "1021" || q.Get("sub1") != "campaign-5" || request.UserAgent() != agents[65] {
			t.Fatalf("%v %s", q, request.UserAgent())
		}
		seen[q.Get("aff_click_id")] = true
	}
	if len(seen) != 120 || !seen["00065-000000120"] {
		t.Errorf("%d different ids", len(seen))
	}
}

func TestVisitorsDiffer(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, a := range agents {
		if strings.Contains(a, "%!") {
			t.Errorf("%q", a)
		}
		seen[a] = true
	}
	if len(seen) != 200 {
		t.Errorf("%d user agents", len(seen))
	}
	path := filepath.Join(t.TempDir(), "geo.mmdb")
	if err := writeGeoDB(path); err != nil {
		t.Fatal(err)
	}
	db, err := maxminddb.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	addresses, from := map[string]bool{}, map[string]bool{}
	for n := range 4096 {
		ip, want := visitor(n)
		addr, err := netip.ParseAddr(ip)
		if err != nil {
			t.Fatal(err)
		}
		var found string
		if err := db.Lookup(addr).DecodePath(&found, "country", "iso_code"); err != nil || found != want || len(found) != 2 {
			t.Fatalf("%s is of %q, not %q: %v", ip, found, want, err)
		}
		addresses[ip], from[want] = true, true
	}
	if len(addresses) < 4000 || len(from) < 30 {
		t.Errorf("%d addresses of %d countries", len(addresses), len(from))
	}
}

func TestClickFault(t *testing.T) {
	t.Parallel()
	const id = "06fn3k2v8c7s9q4t1z5x0w6y2mabcdef"
	for header, want := range map[string]string{
		"Location: https://shop.example/?cid=" + id + "&s=1":                           "",
		"Location: https://fallback.example/":                                          "a redirect without a click's id",
		"Location: https://shop.example/?cid=06fn":                                     "a redirect without a click's id",
		"Location: https://shop.example/?cid=" + id + "\r\nWaypost-Stored: no\r\nA: b": "redirected, not stored",
	} {
		if got := clickFault(response{status: 302, header: []byte(header)}, nil); got != want {
			t.Errorf("%q: %q, want %q", header, got, want)
		}
	}
	if got := clickFault(response{status: 404}, nil); got != "status 404" {
		t.Error(got)
	}
}

func TestStoredClicksHaveAllColumns(t *testing.T) {
	t.Parallel()
	id, err := click.Mint(time.Date(2026, 3, 4, 5, 6, 7, 8e6, time.UTC), strings.NewReader(strings.Repeat("x", 16)))
	if err != nil {
		t.Fatal(err)
	}
	network := testNetwork()
	for n := range 500 {
		line := string(appendClick(nil, id, network.way(n), n))
		fields := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
		if want := strings.Count(clickColumns, ",") + 1; len(fields) != want || strings.Contains(line, `\`) || strings.Count(line, "\n") != 1 {
			t.Fatalf("%d of %d columns: %q", len(fields), want, line)
		}
		if fields[0] != id.UUID() || fields[1] != "2026-03-04 05:06:07.008Z" || !strings.HasPrefix(fields[7], "{campaign-") {
			t.Fatalf("%q", line)
		}
	}
}

func TestPacedPostbacks(t *testing.T) {
	t.Parallel()
	s, err := newSink()
	if err != nil {
		t.Fatal(err)
	}
	defer s.close()
	s.forget()
	program := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		q := r.URL.Query()
		status := "recorded"
		if q.Get("txid") == "p-7" {
			status = "refused"
		} else if err := get(r.Context(), http.DefaultClient, strings.ReplaceAll(s.url(), "{payout}", "1")+q.Get("txid")); err != nil {
			t.Error(err)
		}
		body := fmt.Sprintf(`{"status":%q,"code":"because"}`, status)
		w.Header().Set("Content-Length", fmt.Sprint(len(body)))
		fmt.Fprint(w, body)
	}))
	defer program.Close()
	c, err := dial(program.Listener.Addr().String(), 4, time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	defer c.close()
	const length = 100 * time.Millisecond
	began := time.Now()
	o := paced{length, newPostbacks(c, "p-", []clicked{{"id", "token"}})}.run(t.Context())
	if took := time.Since(began); took < length {
		t.Errorf("all were sent within %s", took)
	}
	if len(o.acked) != 49 || o.answers.acknowledged != 49 || o.answers.faults["status 200, code because"] != 1 || o.answers.perSecond > 500 {
		t.Fatalf("%d acknowledged, %+v", len(o.acked), o.answers)
	}
	after, err := o.arrivals(t.Context(), s, "p-")
	if err != nil || len(after) != 49 || after[0] < 0 {
		t.Errorf("%v, %v", after, err)
	}
}

func TestServerMemory(t *testing.T) {
	t.Parallel()
	const status = "Name:\tVmHWM: 1 kB\nVmPeak:\t 9 kB\nVmHWM:\t  205000 kB\nVmRSS:\t  1000 kB\nVmSwap:\t 0 bytes\n"
	if got := parseStatus([]byte(status), "VmHWM:"); got != 209.92 {
		t.Error(got)
	}
	for _, name := range []string{"VmSwap:", "VmNone:"} {
		if got := parseStatus([]byte(status), name); !got.missing() {
			t.Errorf("%s %v", name, got)
		}
	}
}
