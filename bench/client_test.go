package main

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

func TestParseHead(t *testing.T) {
	t.Parallel()
	for head, want := range map[string]string{
		"HTTP/1.1 302 Found\r\nLocation: https://x/?content-length:9\r\nContent-Length: 0":       "302 0",
		"HTTP/1.1 200 OK\r\ncontent-length:  17 \r\nX-Content-Length: 3\r\nContent-Type: text/x": "200 17",
		"HTTP/1.1 204 No Content\r\nDate: today":                                                 "204 0",
		"HTTP/1.1 200":                                                                           "refused",
		"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2":                              "refused",
		"HTTP/1.1 200 OK\r\nContent-Length: -1":                                                  "refused",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked":                                          "refused",
		"HTTP/1.1 100 Continue\r\nContent-Length: 0":                                             "refused",
		"HTTP/1.1 2000 OK\r\nContent-Length: 0":                                                  "refused",
		"HTTP/1.0 200 OK\r\nContent-Length: 0":                                                   "refused",
		"":                                                                                       "refused",
	} {
		status, length, err := parseHead([]byte(head))
		got := fmt.Sprint(status, " ", length)
		if err != nil {
			got = "refused"
		}
		if got != want {
			t.Errorf("%q: %s (%v), want %s", head, got, err, want)
		}
	}
}

// FuzzParseHead compares with net/http's reading of what is accepted.
func FuzzParseHead(f *testing.F) {
	f.Add("HTTP/1.1 302 Found\r\nLocation: https://shop.example/\r\nContent-Length: 0")
	f.Add("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\ncontent-length: 171")
	f.Add("HTTP/1.1 204 No Content\r\nDate: x")
	f.Fuzz(func(t *testing.T, head string) {
		status, length, err := parseHead([]byte(head))
		if err != nil || strings.Contains(head, "\r\n\r\n") || strings.Contains(strings.ReplaceAll(head, "\r\n", ""), "\n") {
			return // net/http lets a bare line feed end a line
		}
		r, err := http.ReadResponse(bufio.NewReader(strings.NewReader(head+"\r\n\r\n")), nil)
		if err != nil || len(r.TransferEncoding) > 0 || status == http.StatusNoContent || status == http.StatusNotModified {
			return // a stricter reader than one for the program's own answers needs to be
		}
		if r.StatusCode != status || r.ContentLength != int64(length) {
			t.Errorf("%q: %d %d, net/http reads %d %d", head, status, length, r.StatusCode, r.ContentLength)
		}
	})
}

func TestCall(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		size := len("x")
		_, _ = fmt.Sscan(r.URL.Query().Get("size"), &size)
		if r.URL.Path == "/break" {
			w.Header().Set("Connection", "close")
		}
		w.Header().Set("Content-Length", fmt.Sprint(size))
		_, _ = io.WriteString(w, strings.Repeat("x", size))
	}))
	t.Cleanup(server.Close)
	addr := server.Listener.Addr().String()
	c, err := dial(addr, 1, time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	defer c.close()
	call := func(path string) (response, error) {
		return c.call(0, fmt.Appendf(nil, "GET %s HTTP/1.1\r\nHost: %s\r\n\r\n", path, addr))
	}
	for _, size := range []int{0, 1, 3900, 4000, 5000, 300_000, 10} {
		r, err := call(fmt.Sprintf("/?size=%d", size))
		if err != nil || r.status != 200 || len(r.body) != size || !bytes.Contains(r.header, []byte("Content-Length:")) {
			t.Fatalf("size %d: %d, %d bytes, %v", size, r.status, len(r.body), err)
		}
	}
	if _, err := call("/break"); err != nil {
		t.Fatal(err)
	}
	if _, err := call("/"); err == nil {
		t.Error("an answer on a connection that the server has closed")
	}
	if _, err := call("/"); err != nil {
		t.Errorf("no new connection after a broken one: %v", err)
	}
}

func TestSinkCountsEachDeliveryOnce(t *testing.T) {
	t.Parallel()
	s, err := newSink()
	if err != nil {
		t.Fatal(err)
	}
	defer s.close()
	s.hold()
	fired := make(chan error, 1)
	go func() {
		err := fire(t.Context(), s.url(), 50, 4)
		if err == nil {
			err = fire(t.Context(), s.url(), 10, 2)
		}
		fired <- err
	}()
	o, err := s.drain(t.Context(), 50)
	if err != nil || o.acknowledged != 50 {
		t.Fatal(o, err)
	}
	if err := <-fired; err != nil {
		t.Fatal(err)
	}
	if arrived, distinct, _ := s.counts(); arrived != 60 || distinct != 50 {
		t.Errorf("%d arrived, %d of them for the first time", arrived, distinct)
	}
	for _, head := range []string{"", "POST /postback?x=1&d=7 HTTP/1.1", "GET / HTTP/1.1", "GET /postback?x=1&d= HTTP/1.1"} {
		if id, err := deliveryID([]byte(head)); err == nil {
			t.Errorf("%q: delivery %q", head, id)
		}
	}
}
