package outbound

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/waypost/waypost/domain/postback"
)

// impatient is a client for receivers on loopback that gives up soon.
func impatient(t testing.TB, known map[string][]string) *PostbackClient {
	t.Helper()
	c := newPostbackClient(names(t, known), newGuard(loopback, nil).Control, limits{connect: 2 * time.Second, total: 3 * time.Second, idle: 16})
	t.Cleanup(c.CloseIdle)
	return c
}

func TestLimitsOfTheContract(t *testing.T) {
	t.Parallel()
	c := NewPostbackClient(newGuard(nil, nil)).client
	if c.Timeout != 15*time.Second || connectLimit != 5*time.Second || keptBody != 4<<10 || readBody != 64<<10 || c.Jar != nil {
		t.Errorf("limits %v, %v, %d, %d", c.Timeout, connectLimit, keptBody, readBody)
	}
	transport := c.Transport.(*http.Transport)
	if transport.Proxy != nil || transport.MaxIdleConns == 0 || transport.MaxIdleConnsPerHost == 0 || transport.IdleConnTimeout == 0 || !transport.DisableCompression {
		t.Errorf("transport %+v", transport)
	}
}

// A receiver that wants to use us up: every answer costs no more than the limits.
func TestHostileReceivers(t *testing.T) {
	t.Parallel()
	var bomb bytes.Buffer
	z := gzip.NewWriter(&bomb)
	_, _ = z.Write(make([]byte, 32<<20))
	_ = z.Close()
	drip := func(w io.Writer, flush func(), piece string) {
		for {
			if _, err := io.WriteString(w, piece); err != nil {
				return
			}
			flush()
			time.Sleep(20 * time.Millisecond)
		}
	}
	var sent atomic.Int64 // bytes of /endless that went out
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		flush := w.(http.Flusher).Flush
		switch r.URL.Path {
		case "/gzip":
			w.Header().Set("Content-Encoding", "gzip")
			_, _ = w.Write(bomb.Bytes())
		case "/endless":
			block := bytes.Repeat([]byte("x"), 32<<10)
			for {
				n, err := w.Write(block)
				sent.Add(int64(n))
				if err != nil {
					return
				}
			}
		case "/slow":
			drip(w, flush, "x")
		case "/nul":
			_, _ = w.Write(make([]byte, 8<<10))
		case "/invalid":
			_, _ = io.WriteString(w, strings.Repeat("a\xff", 4<<10))
		case "/headers":
			for i := range 2000 {
				w.Header().Set(fmt.Sprint("X-", i), strings.Repeat("y", 100))
			}
		case "/trailers":
			w.Header().Set("Trailer", "X-T")
			_, _ = io.WriteString(w, "ok")
			w.Header().Set("X-T", strings.Repeat("y", 1<<20))
		}
	}))
	t.Cleanup(server.Close)
	raw := func(answer func(net.Conn)) string {
		listener, err := net.Listen("tcp4", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { listener.Close() })
		go func() {
			for {
				conn, err := listener.Accept()
				if err != nil {
					return
				}
				go func() {
					defer conn.Close()
					_, _ = conn.Read(make([]byte, 4096))
					answer(conn)
				}()
			}
		}()
		return "http://" + listener.Addr().String()
	}
	client := impatient(t, nil)
	for name, c := range map[string]struct {
		url    string
		status int
		class  postback.ErrorClass
	}{
		"gzip bomb":       {server.URL + "/gzip", 200, ""},
		"endless body":    {server.URL + "/endless", 200, ""},
		"slow body":       {server.URL + "/slow", 200, ""},
		"only NUL":        {server.URL + "/nul", 200, ""},
		"no text":         {server.URL + "/invalid", 200, ""},
		"flood of header": {server.URL + "/headers", 0, postback.ErrorConnection},
		"long trailer":    {server.URL + "/trailers", 200, ""},
		"endless header": {raw(func(c net.Conn) {
			_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\n")
			for i := 0; ; i++ {
				if _, err := fmt.Fprintf(c, "X-%d: %s\r\n", i, strings.Repeat("y", 1000)); err != nil {
					return
				}
			}
		}), 0, postback.ErrorConnection},
		"endless line": {raw(func(c net.Conn) { _, _ = io.Copy(c, endless{}) }), 0, postback.ErrorConnection},
		"slow header":  {raw(func(c net.Conn) { drip(c, func() {}, "H") }), 0, postback.ErrorTimeout},
		"1xx for ever": {raw(func(c net.Conn) { drip(c, func() {}, "HTTP/1.1 103 Early Hints\r\n\r\n") }), 0, postback.ErrorTimeout},
		"no HTTP":      {raw(func(c net.Conn) { _, _ = io.WriteString(c, "SSH-2.0-x\r\n") }), 0, postback.ErrorConnection},
		"silence":      {raw(func(c net.Conn) { _, _ = io.Copy(io.Discard, c) }), 0, postback.ErrorTimeout},
		"endless chunk": {raw(func(c net.Conn) {
			_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\nx")
		}), 200, ""},
		"bad chunk": {raw(func(c net.Conn) {
			_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nx")
		}), 200, ""},
		"false length": {raw(func(c net.Conn) { _, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 999999999999\r\n\r\nx") }), 200, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			began := time.Now()
			r := client.Send(t.Context(), postback.Request{Method: "GET", URL: c.url})
			if took := time.Since(began); took > 20*time.Second {
				t.Errorf("took %v", took)
			}
			if r.StatusCode != c.status || r.Class() != c.class || len(r.Body) > keptBody || !utf8.ValidString(r.Body) || strings.ContainsRune(r.Body, 0) {
				t.Errorf("status %d, class %q, %d bytes of body", r.StatusCode, r.Class(), len(r.Body))
			}
		})
	}
	t.Cleanup(func() { // what the kernel buffers counts too
		if n := sent.Load(); n > 16<<20 {
			t.Errorf("%d bytes of an endless body went out", n)
		}
	})
}

// endless is the letter x for ever.
type endless struct{}

func (endless) Read(b []byte) (int, error) {
	for i := range b {
		b[i] = 'x'
	}
	return len(b), nil
}

// Thousands of receivers leave neither connections nor memory behind beyond the pool's size. Not parallel: it looks at
// the memory of all.
func TestPoolIsBounded(t *testing.T) {
	var open, most atomic.Int64
	// With a body: after an answer without one net/http makes the connection idle before it hands the answer over, and with
	// a pool as small as this one the other workers may have pushed it out by then ("too many idle connections").
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "ok") }))
	server.Config.ConnState = func(_ net.Conn, s http.ConnState) {
		switch s {
		case http.StateNew:
			if n := open.Add(1); n > most.Load() {
				most.Store(n)
			}
		case http.StateClosed:
			open.Add(-1)
		}
	}
	server.Start()
	defer server.Close()
	const hosts, idle, workers = 2000, 16, 8
	known := map[string][]string{}
	for i := range hosts {
		known[fmt.Sprintf("h%d.test", i)] = []string{"127.0.0.1"}
	}
	client := newPostbackClient(names(t, known), newGuard(loopback, nil).Control, limits{connect: 5 * time.Second, total: 15 * time.Second, idle: idle})
	defer client.CloseIdle()
	_, port, _ := net.SplitHostPort(server.Listener.Addr().String())
	runtime.GC()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	var wg sync.WaitGroup
	for w := range workers {
		wg.Go(func() {
			for i := w; i < hosts; i += workers {
				if r := client.Send(t.Context(), postback.Request{Method: "GET", URL: fmt.Sprintf("http://h%d.test:%s/", i, port)}); r.StatusCode != 200 {
					t.Errorf("host %d: %+v", i, r)
					return
				}
			}
		})
	}
	wg.Wait()
	for deadline := time.Now().Add(20 * time.Second); open.Load() > idle; time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%d connections stay open, want at most %d", open.Load(), idle)
		}
	}
	if n := most.Load(); n > 20*(idle+workers) {
		t.Errorf("%d connections were open at once", n)
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	if grown := int64(after.HeapAlloc) - int64(before.HeapAlloc); grown > 32<<20 {
		t.Errorf("%d bytes more are in use after %d hosts", grown, hosts)
	}
}

// The connections of one host are kept for the next delivery, and no more of them than may be under way.
func TestKeepAlive(t *testing.T) {
	t.Parallel()
	for _, secure := range []bool{false, true} {
		var made atomic.Int64
		server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, r.Proto) }))
		server.EnableHTTP2 = true
		server.Config.ConnState = func(_ net.Conn, s http.ConnState) {
			if s == http.StateNew {
				made.Add(1)
			}
		}
		client := NewPostbackClient(newGuard(loopback, names(t, nil)))
		want := "HTTP/1.1"
		if secure {
			server.StartTLS()
			client.client.Transport.(*http.Transport).TLSClientConfig.RootCAs = trusted
			want = "HTTP/2.0"
		} else {
			server.Start()
		}
		for range 20 {
			if r := client.Send(t.Context(), postback.Request{Method: "GET", URL: server.URL}); r.StatusCode != 200 || r.Body != want {
				t.Fatalf("%+v, want %s", r, want)
			}
		}
		if n := made.Load(); n != 1 {
			t.Errorf("%s: %d connections for 20 deliveries", want, n)
		}
		client.CloseIdle()
		server.Close()
	}
}
