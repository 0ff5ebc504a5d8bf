package outbound

import (
	"bufio"
	"bytes"
	"context"
	"flag"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/waypost/waypost/domain/postback"
)

var update = flag.Bool("update", false, "rewrite golden files")

var loopback = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}

func TestGoldenRequests(t *testing.T) {
	t.Parallel()
	const id = "0195f1a0-0000-7000-8000-000000000001"
	body := `{"type":"conversion.created","timestamp":"2026-03-31T21:59:58Z","data":{"payout":"7.50","status":"approved"}}`
	signature, err := postback.Sign("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", id, time.Unix(1774994398, 0), body)
	if err != nil {
		t.Fatal(err)
	}
	for name, request := range map[string]postback.Request{
		"get": {Method: "GET", URL: "/pb?c=aff%261&p=7.50", Header: map[string]string{"Webhook-Id": id}},
		"post": {Method: "POST", URL: "/hook?c=1", Body: body, Header: map[string]string{"Webhook-Id": id,
			"Content-Type": "application/json", "Webhook-Timestamp": "1774994398", "Webhook-Signature": signature}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			listener, err := net.Listen("tcp4", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			defer listener.Close()
			received := make(chan string, 1)
			go func() { received <- receive(listener) }()
			_, port, _ := net.SplitHostPort(listener.Addr().String())
			client := NewPostbackClient(newGuard(loopback, names(t, map[string][]string{"receiver.test": {"127.0.0.1"}})))
			request.URL = "http://receiver.test:" + port + request.URL
			if r := client.Send(t.Context(), request); r.StatusCode != 200 || r.Body != "OK" || r.Class() != "" {
				t.Errorf("response %+v", r)
			}
			got := strings.ReplaceAll(<-received, "receiver.test:"+port, "receiver.test")
			file := filepath.Join("testdata", name+".golden")
			if *update {
				if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), got); diff != "" {
				t.Errorf("request (-want +got):\n%s", diff)
			}
		})
	}
}

// receive reads one request as it comes over the wire and answers OK.
func receive(listener net.Listener) string {
	conn, err := listener.Accept()
	if err != nil {
		return err.Error()
	}
	defer conn.Close()
	var wire bytes.Buffer
	request, err := http.ReadRequest(bufio.NewReader(io.TeeReader(conn, &wire)))
	if err != nil {
		return err.Error()
	}
	_, _ = io.Copy(io.Discard, request.Body)
	fmt.Fprint(conn, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nOK")
	return strings.ReplaceAll(wire.String(), "\r\n", "\n")
}

// A name that is public when the postback is saved and leads inside when it is sent.
func TestRebinding(t *testing.T) {
	t.Parallel()
	guard := newGuard(nil, names(t, map[string][]string{"rebind.test": {"93.184.216.34", "127.0.0.1"}}))
	if _, err := guard.CheckURL(t.Context(), "http://rebind.test/"); err != nil {
		t.Fatalf("at save: %v", err)
	}
	r := NewPostbackClient(guard).Send(t.Context(), postback.Request{Method: "GET", URL: "http://rebind.test/"})
	if r.StatusCode != 0 || r.Class() != postback.ErrorBlockedAddress {
		t.Errorf("response %+v", r)
	}
}

// The canary listens where no postback may go; one client in the end shows that it would have answered.
func TestNothingReachesTheCanary(t *testing.T) {
	t.Parallel()
	var reached atomic.Int64
	canary := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { reached.Add(1) }))
	defer canary.Close()
	port := strconv.Itoa(canary.Listener.Addr().(*net.TCPAddr).Port)
	resolver := names(t, map[string][]string{"inside.test": {"127.0.0.1"}, "mapped.test": {"::ffff:127.0.0.1"}, "mixed.test": {"::1,127.0.0.1"}})
	client := NewPostbackClient(newGuard(nil, resolver))
	for _, host := range []string{"127.0.0.1", "localhost", "inside.test", "inside.test.", "mapped.test", "mixed.test", "[::ffff:127.0.0.1]", "[::1]",
		"2130706433", "0x7f.1", "0", "127.1", "017700000001"} {
		r := client.Send(t.Context(), postback.Request{Method: "GET", URL: "http://" + host + ":" + port + "/"})
		if r.StatusCode != 0 || r.Class() == "" {
			t.Errorf("%s: %+v", host, r)
		}
	}
	// Neither a redirect nor the environment's proxy leads around the guard.
	redirect := httptest.NewServer(http.RedirectHandler(canary.URL, http.StatusFound))
	defer redirect.Close()
	open := NewPostbackClient(newGuard(loopback, resolver))
	if r := open.Send(t.Context(), postback.Request{Method: "GET", URL: redirect.URL}); r.StatusCode != 302 || r.Class() != postback.ErrorHTTP3xx {
		t.Errorf("redirect: %+v", r)
	}
	if n := reached.Load(); n != 0 {
		t.Fatalf("%d requests reached the canary", n)
	}
	if r := open.Send(t.Context(), postback.Request{Method: "GET", URL: "http://inside.test:" + port}); r.StatusCode != 200 || reached.Load() != 1 {
		t.Errorf("the operator's exception: %+v", r)
	}
}

func TestNoProxyNoCookies(t *testing.T) {
	for _, name := range []string{"HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "ALL_PROXY"} {
		t.Setenv(name, "http://127.0.0.1:1")
	}
	var cookies atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		cookies.Add(int64(len(r.Cookies())))
		http.SetCookie(w, &http.Cookie{Name: "a", Value: "b"})
	}))
	defer server.Close()
	client := NewPostbackClient(newGuard(loopback, names(t, map[string][]string{"receiver.test": {"127.0.0.1"}})))
	url := "http://receiver.test:" + strconv.Itoa(server.Listener.Addr().(*net.TCPAddr).Port)
	for range 2 {
		if r := client.Send(t.Context(), postback.Request{Method: "GET", URL: url}); r.StatusCode != 200 {
			t.Fatalf("response %+v", r)
		}
	}
	if cookies.Load() != 0 {
		t.Error("a cookie came back")
	}
}

func TestResponses(t *testing.T) {
	t.Parallel()
	var connections atomic.Int64
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/long":
			_, _ = io.WriteString(w, strings.Repeat("x", 60<<10))
		case "/binary":
			_, _ = w.Write([]byte("a\x00b\xffc"))
		case "/later":
			w.Header().Set("Retry-After", "17")
			w.WriteHeader(http.StatusServiceUnavailable)
		case "/broken":
			w.Header().Set("Content-Length", "100")
			_, _ = io.WriteString(w, "begun")
		}
	}))
	server.Config.ConnState = func(_ net.Conn, s http.ConnState) {
		if s == http.StateNew {
			connections.Add(1)
		}
	}
	server.Start()
	defer server.Close()
	client := NewPostbackClient(NewGuard(loopback))
	for path, want := range map[string]postback.Response{
		"/long":   {StatusCode: 200, Body: strings.Repeat("x", 4<<10)},
		"/binary": {StatusCode: 200, Body: "a\ufffdb\ufffdc"},
		"/later":  {StatusCode: 503, RetryAfter: "17"},
	} {
		if diff := cmp.Diff(want, client.Send(t.Context(), postback.Request{Method: "GET", URL: server.URL + path})); diff != "" {
			t.Errorf("%s (-want +got):\n%s", path, diff)
		}
	}
	if n := connections.Load(); n != 1 {
		t.Errorf("%d connections: bodies were not drained", n)
	}
	if r := client.Send(t.Context(), postback.Request{Method: "GET", URL: server.URL + "/broken"}); !r.Succeeded() || r.Body != "begun" {
		t.Errorf("a body that breaks off: %+v", r)
	}
}

func TestErrorClasses(t *testing.T) {
	t.Parallel()
	secure := httptest.NewUnstartedServer(http.NotFoundHandler())
	secure.Config.ErrorLog = log.New(io.Discard, "", 0)
	secure.StartTLS()
	defer secure.Close()
	closed, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	nobody := closed.Addr().String()
	closed.Close()
	silent, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	hangsUp, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer hangsUp.Close()
	go func() {
		for {
			conn, err := hangsUp.Accept()
			if err != nil {
				return
			}
			conn.Close()
		}
	}()
	client := NewPostbackClient(newGuard(loopback, names(t, nil)))
	for url, want := range map[string]postback.ErrorClass{
		"http://nowhere.test/":              postback.ErrorDNS,
		"http://" + nobody:                  postback.ErrorRefused,
		"http://" + hangsUp.Addr().String(): postback.ErrorConnection,
		secure.URL:                          postback.ErrorCertificate,
		"http://" + silent.Addr().String():  postback.ErrorTimeout,
		"http://10.0.0.1/":                  postback.ErrorBlockedAddress,
		"http://h/%zz":                      postback.ErrorInvalidURL,
		"http://127.0.0.1:25/\x7f":          postback.ErrorInvalidURL,
	} {
		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
		r := client.Send(ctx, postback.Request{Method: "GET", URL: url})
		cancel()
		if r.Class() != want {
			t.Errorf("%s: %+v, want %s", url, r, want)
		}
	}
}
