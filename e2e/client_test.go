package e2e

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"
)

// object is a decoded JSON object; numbers stay as written.
type object map[string]any

func (o object) text(name string) string {
	if o[name] == nil {
		return ""
	}
	return fmt.Sprint(o[name])
}

func (o object) items(t testing.TB) []object {
	t.Helper()
	list, ok := o["items"].([]any)
	if !ok {
		t.Fatalf("no items in %v", o)
	}
	var items []object
	for _, item := range list {
		items = append(items, object(item.(map[string]any)))
	}
	return items
}

// client speaks the JSON API as one user.
type client struct {
	t     testing.TB
	base  string
	token string
}

// mustLogIn gives the first operator's client.
func (w *waypost) mustLogIn() *client {
	w.t.Helper()
	c := &client{t: w.t, base: w.URL}
	c.token = c.must("POST", "/auth/login", object{"email": adminEmail, "password": adminPassword}, http.StatusOK).text("access_token")
	return c
}

// must calls the API and fails the test on another status.
func (c *client) must(method, path string, body any, status int) object {
	c.t.Helper()
	var reader io.Reader
	if body != nil {
		b, err := json.Marshal(body)
		if err != nil {
			c.t.Fatal(err)
		}
		reader = bytes.NewReader(b)
	}
	req, err := http.NewRequest(method, c.base+"/api/v1"+path, reader)
	if err != nil {
		c.t.Fatal(err)
	}
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	if c.token != "" {
		req.Header.Set("Authorization", "Bearer "+c.token)
	}
	got, answer, _ := do(c.t, req)
	if got != status {
		c.t.Fatalf("%s %s: %d %v, want %d", method, path, got, answer, status)
	}
	return answer
}

// stay is a client that shows a redirect instead of following it.
var stay = &http.Client{
	Timeout:       30 * time.Second,
	CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	Transport:     &http.Transport{MaxIdleConnsPerHost: 128},
}

func do(t testing.TB, req *http.Request) (status int, answer object, header http.Header) {
	t.Helper()
	resp, err := stay.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	b := mustRead(t, resp.Body)
	judge(t, req, resp.StatusCode, resp.Header, b)
	return resp.StatusCode, decode(b), resp.Header
}

// get calls an address outside the API.
func (w *waypost) get(path string) (status int, answer object, header http.Header) {
	w.t.Helper()
	req, err := http.NewRequest("GET", w.URL+path, nil)
	if err != nil {
		w.t.Fatal(err)
	}
	return do(w.t, req)
}

// postback sends parameters to /postback by GET, and again, as any sender would, where a busy disk takes over a second to
// keep the call: that is answered 503, and nothing of it was taken.
func (w *waypost) postback(values url.Values) (status int, answer object) {
	w.t.Helper()
	for try := 1; ; try++ {
		status, answer, _ = w.get("/postback?" + values.Encode())
		if status != http.StatusServiceUnavailable || try == 5 {
			return status, answer
		}
	}
}

// mustClick follows a tracking link one step and returns the click id in the destination's cid parameter. A visitor is led
// on, told "Waypost-Stored: no", where a busy disk takes over a second to keep the click; then it clicks again.
func mustClick(t testing.TB, link string) string {
	t.Helper()
	var header http.Header
	for try := 1; ; try++ {
		req, err := http.NewRequest("GET", link, nil)
		if err != nil {
			t.Fatal(err)
		}
		var status int
		if status, _, header = do(t, req); status != http.StatusFound {
			t.Fatalf("click %s: %d", link, status)
		}
		stored := header.Get("Waypost-Stored")
		if stored == "" {
			break
		}
		if try == 5 {
			t.Fatalf("click %s was not stored in %d tries: %s", link, try, stored)
		}
		t.Logf("click %s was not stored at try %d: %s", link, try, stored)
	}
	u, err := url.Parse(header.Get("Location"))
	if err != nil {
		t.Fatal(err)
	}
	id := u.Query().Get("cid")
	if len(id) != 32 {
		t.Fatalf("click id %q in %s", id, u)
	}
	return id
}

// network is an advertiser with an offer and an affiliate with a link.
type network struct {
	w                            *waypost
	c                            *client
	Advertiser, Offer, Affiliate string
	Token, Link                  string
}

// mustNetwork makes one; extra offer fields overwrite the defaults.
func (w *waypost) mustNetwork(c *client, advertiser, offer object) *network {
	w.t.Helper()
	a := object{"name": "Shop"}
	for k, v := range advertiser {
		a[k] = v
	}
	adv := c.must("POST", "/advertisers", a, http.StatusCreated)
	o := object{"advertiser_id": adv["id"], "name": "Offer", "status": "active", "destination_url": "https://shop.example/land?cid={click_id}&s={sub1}"}
	for k, v := range offer {
		o[k] = v
	}
	n := &network{w: w, c: c, Advertiser: adv.text("id"), Token: adv.text("postback_token")}
	n.Offer = c.must("POST", "/offers", o, http.StatusCreated).text("id")
	n.Affiliate = c.must("POST", "/affiliates", object{"name": "Buyer"}, http.StatusCreated).text("id")
	n.Link = c.must("POST", "/tracking-links", object{"offer_id": json.Number(n.Offer), "affiliate_id": json.Number(n.Affiliate)}, http.StatusCreated).text("url")
	return n
}

// mustPostbackURL registers the affiliate's global postback.
func (n *network) mustPostbackURL(address string) string {
	n.w.t.Helper()
	return n.c.must("POST", "/postbacks", object{"affiliate_id": json.Number(n.Affiliate), "url": address}, http.StatusCreated).text("id")
}

// tracker is an affiliate's tracker: it receives postbacks.
type tracker struct {
	*httptest.Server
	mu   sync.Mutex
	hits []*http.Request
	fail bool // answer 500
}

func mustTracker(t testing.TB) *tracker {
	t.Helper()
	tr := &tracker{}
	tr.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		tr.mu.Lock()
		defer tr.mu.Unlock()
		if tr.fail {
			w.WriteHeader(http.StatusInternalServerError)
			return
		}
		tr.hits = append(tr.hits, r)
	}))
	t.Cleanup(tr.Close)
	return tr
}

func (tr *tracker) setFail(fail bool) {
	tr.mu.Lock()
	defer tr.mu.Unlock()
	tr.fail = fail
}

// queries are the queries received so far.
func (tr *tracker) queries() []url.Values {
	tr.mu.Lock()
	defer tr.mu.Unlock()
	var all []url.Values
	for _, r := range tr.hits {
		all = append(all, r.URL.Query())
	}
	return all
}

// patience is how long at least a state is awaited: a busy machine may be slow, and a state that comes late is no fault.
const patience = 3 * time.Minute

// eventually polls until ok or the time is over; within is for what takes longer than others.
func eventually(t testing.TB, within time.Duration, what string, ok func() bool) {
	t.Helper()
	within = max(within, patience)
	deadline := time.Now().Add(within)
	for !ok() {
		if time.Now().After(deadline) {
			t.Fatalf("not within %s: %s", within, what)
		}
		time.Sleep(20 * time.Millisecond)
	}
}

func amp(link, query string) string {
	if strings.Contains(link, "?") {
		return link + "&" + query
	}
	return link + "?" + query
}
