package e2e

import (
	"encoding/json"
	"net"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"
)

// mustSinkAddr is an address whose next port is free too: that of the demo's trackers with troubles.
func mustSinkAddr(t testing.TB) string {
	t.Helper()
	for range 100 {
		addr := mustFreeAddr(t)
		host, port, _ := net.SplitHostPort(addr)
		n, _ := strconv.Atoi(port)
		next := net.JoinHostPort(host, strconv.Itoa(n+1))
		if _, taken := handedOut.LoadOrStore(next, true); taken {
			continue
		}
		if ln, err := net.Listen("tcp", next); err == nil {
			ln.Close()
			return addr
		}
	}
	t.Fatal("no two free ports beside each other")
	return ""
}

// TestDemo: the command fills an empty database once; the server finds it, serves it, and sends what is left to be sent
// to its own sinks; the figures add up for the doctor, and every list is as the OpenAPI document says.
func TestDemo(t *testing.T) {
	t.Parallel()
	dir, sink := mustDataDir(t), mustSinkAddr(t)
	env := []string{"WAYPOST_SINK_ADDR=" + sink, "WAYPOST_ADMIN_EMAIL=", "WAYPOST_ADMIN_PASSWORD=", "WAYPOST_OUTBOUND_ALLOW="}
	said := mustRun(t, commandEnv(dir, env...), "demo", "--days", "3", "--seed", "5")
	password := regexp.MustCompile(`all with the password (\S+):`).FindStringSubmatch(said)
	if password == nil || !strings.Contains(said, "demo: clicks ") || !strings.Contains(said, "operator@demo.example") {
		t.Fatalf("the command says:\n%s", said)
	}

	w := mustServe(t, dir, append(env, "WAYPOST_DEMO=true")...)
	eventually(t, 10*time.Second, "the walk is printed", func() bool { return strings.Contains(w.out.String(), "/trace") })
	for _, want := range []string{"holds data already", password[1], "team@mediacove.example", "partners@northwind.example", w.URL + "/api/docs"} {
		if !strings.Contains(w.out.String(), want) {
			t.Errorf("the start does not say %q", want)
		}
	}
	if out, err := command(w.env, "demo"); err == nil || !strings.Contains(out, "only made in an empty one") {
		t.Errorf("a second load: %v\n%s", err, out)
	}
	if got, text, _ := findings(t, w.env); got["balances"] != "ok" {
		t.Errorf("the doctor says:\n%s", text)
	}

	logIn := func(email string) *client {
		c := &client{t: t, base: w.URL}
		c.token = c.must("POST", "/auth/login", object{"email": email, "password": password[1]}, http.StatusOK).text("access_token")
		return c
	}
	operator := logIn("operator@demo.example")
	for _, email := range []string{"operator@demo.example", "team@mediacove.example", "partners@northwind.example"} {
		c := logIn(email)
		for _, list := range []string{"/offers", "/clicks", "/conversions", "/postback-log", "/reports?group_by=day,offer"} {
			if len(c.must("GET", list+map[bool]string{true: "&", false: "?"}[strings.Contains(list, "?")]+"limit=200", nil, http.StatusOK).items(t)) == 0 {
				t.Errorf("%s sees nothing at %s", email, list)
			}
		}
	}
	for _, list := range []string{"/advertisers", "/affiliates", "/users", "/coupons", "/postbacks", "/deliveries", "/exchange-rates"} {
		if len(operator.must("GET", list+"?limit=200", nil, http.StatusOK).items(t)) == 0 {
			t.Errorf("the operator sees nothing at %s", list)
		}
	}

	eventually(t, 30*time.Second, "what was left to be sent reaches the sink", func() bool { return strings.Contains(sinkHas(t, sink), "/mediacove/") })
	eventually(t, 30*time.Second, "the closed tracker's postback is paused", func() bool {
		for _, p := range operator.must("GET", "/postbacks?limit=200", nil, http.StatusOK).items(t) {
			if strings.Contains(p.text("url"), "/gone/") {
				return p["active"] == false && p.text("paused_reason") == "gone"
			}
		}
		return false
	})
	eventually(t, 30*time.Second, "nothing waits for a first try", func() bool {
		return len(operator.must("GET", "/deliveries?status=pending", nil, http.StatusOK).items(t)) == 0
	})
	for _, d := range operator.must("GET", "/deliveries?limit=200", nil, http.StatusOK).items(t) {
		if d.text("status") == "failed" && d.text("reason") == "blocked_address" || !strings.HasPrefix(d.text("url"), "http://127.0.0.1:") {
			t.Errorf("a delivery left the machine, or was held back: %v", d)
		}
	}
}

// sinkHas is what the demo's sink received.
func sinkHas(t testing.TB, addr string) string {
	t.Helper()
	resp, err := http.Get("http://" + addr + "/received")
	if err != nil {
		t.Fatal(err)
	}
	var received struct{ Items []struct{ URL string } }
	if err := json.Unmarshal(mustRead(t, resp.Body), &received); err != nil {
		t.Fatal(err)
	}
	var urls []string
	for _, r := range received.Items {
		urls = append(urls, r.URL)
	}
	return strings.Join(urls, "\n")
}
