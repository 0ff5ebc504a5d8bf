package outbound

import (
	"context"
	"crypto/x509"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/waypost/waypost/domain/postback"
)

// A request that is watched tells each of its phases, and both headers as they were on the wire, however often the host
// was called before; it leaves the answers of other requests as they are.
func TestWatchedRequest(t *testing.T) {
	t.Parallel()
	receiver := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		w.Header().Set("Server", strings.Repeat("s", 2*maxLine))
		w.Header().Set("Set-Cookie", "theirs=1")
		w.WriteHeader(202)
		_, _ = io.WriteString(w, "thanks")
	}))
	t.Cleanup(receiver.Close)
	roots := x509.NewCertPool()
	roots.AddCert(receiver.Certificate())
	address := netip.MustParseAddrPort(receiver.Listener.Addr().String())
	client := newPostbackClient(names(t, map[string][]string{"example.com": {"127.0.0.1"}}), newGuard(loopback, nil).Control,
		limits{connect: 5 * time.Second, total: 10 * time.Second, idle: 8})
	client.client.Transport.(*http.Transport).TLSClientConfig.RootCAs = roots
	url := "https://example.com:" + strings.TrimPrefix(address.String(), "127.0.0.1:") + "/p?x=1"
	request := postback.Request{Method: "POST", URL: url, Body: `{"a":1}`, Header: map[string]string{postback.HeaderID: "7"}}

	if r := client.Send(t.Context(), request); r.StatusCode != 202 || r.Detail != nil {
		t.Fatalf("not watched: %+v", r)
	}
	request.Watched = true
	for range 2 {
		r := client.Send(t.Context(), request)
		if r.StatusCode != 202 || r.Body != "thanks" || r.Detail == nil {
			t.Fatalf("%+v", r)
		}
		d := *r.Detail
		if d.Timing.DNS <= 0 || d.Timing.Connect <= 0 || d.Timing.TLS <= 0 || d.Timing.Wait <= 0 || d.Timing.Read <= 0 {
			t.Errorf("a phase is missing: %+v", d.Timing)
		}
		if d.Status != "HTTP/1.1 202 Accepted" {
			t.Errorf("status line %q", d.Status)
		}
		if !slices.Contains(d.Sent, postback.HeaderLine{Name: "User-Agent", Value: userAgent}) || !slices.Contains(d.Sent, postback.HeaderLine{Name: "Webhook-Id", Value: "7"}) ||
			!slices.ContainsFunc(d.Sent, func(l postback.HeaderLine) bool { return l.Name == "Content-Length" && l.Value == "7" }) {
			t.Errorf("sent %+v", d.Sent)
		}
		for _, l := range d.Header {
			if l.Name == "Set-Cookie" || len(l.Value) > maxLine {
				t.Errorf("answer's header %s: %d bytes", l.Name, len(l.Value))
			}
		}
	}
}

// Where a request fails, the phase in which it did says how long that took, and later ones nothing.
func TestWatchedFailure(t *testing.T) {
	t.Parallel()
	hanging, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = hanging.Close() })
	client := newPostbackClient(names(t, map[string][]string{"a.example": {"127.0.0.1"}}), newGuard(loopback, nil).Control,
		limits{connect: 300 * time.Millisecond, total: 300 * time.Millisecond, idle: 8})
	send := func(url string) postback.Response {
		return client.Send(context.Background(), postback.Request{Method: "GET", URL: url, Watched: true})
	}
	port := hanging.Addr().String()[len("127.0.0.1"):]
	r := send("https://a.example" + port + "/") // nobody accepts: the kernel connects, TLS waits
	if r.Error != postback.ErrorTimeout || r.Detail.Timing.TLS < 200*time.Millisecond || r.Detail.Timing.Wait != 0 || len(r.Detail.Sent) != 0 {
		t.Errorf("TLS that hangs: %+v, %+v", r, r.Detail)
	}
	r = send("http://a.example" + port + "/")
	if r.Error != postback.ErrorTimeout || r.Detail.Timing.Wait < 200*time.Millisecond || r.Detail.Timing.TLS != 0 || len(r.Detail.Sent) == 0 || r.Detail.Status != "" {
		t.Errorf("an answer that does not come: %+v, %+v", r, r.Detail)
	}
	if r = send("http://none.example/"); r.Error != postback.ErrorDNS || r.Detail.Timing.DNS <= 0 || r.Detail.Timing.Connect != 0 {
		t.Errorf("no such name: %+v, %+v", r, r.Detail)
	}
}
