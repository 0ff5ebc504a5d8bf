package outbound

import (
	"context"
	"crypto/tls"
	"net/http"
	"net/http/httptrace"
	"strings"
	"sync"
	"time"

	"github.com/waypost/waypost/domain/postback"
)

// fresh is the client with a connection of its own, so that all phases are seen. It is over when done is called.
func (c *PostbackClient) fresh() (client *http.Client, done func()) {
	transport := c.client.Transport.(*http.Transport).Clone()
	one := *c.client
	one.Transport = transport
	return &one, transport.CloseIdleConnections
}

// watch notes when the phases of one request begin and end. The transport may go on after the request has failed, so
// every note is taken under the lock.
type watch struct {
	mu   sync.Mutex
	sent []postback.HeaderLine

	dns, connect, tls, wait, read phase
}

// phase is a span of time; over is zero while it lasts.
type phase struct{ began, over time.Time }

func (p phase) length(now time.Time) time.Duration {
	switch {
	case p.began.IsZero():
		return 0
	case p.over.IsZero():
		return now.Sub(p.began)
	}
	return p.over.Sub(p.began)
}

// begin notes the first of several beginnings, end the last of several ends.
func (w *watch) begin(p *phase) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if p.began.IsZero() {
		p.began = time.Now()
	}
}

func (w *watch) end(p *phase) {
	w.mu.Lock()
	defer w.mu.Unlock()
	p.over = time.Now()
}

// follow is ctx for the request to watch.
func (w *watch) follow(ctx context.Context) context.Context {
	return httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		DNSStart:     func(httptrace.DNSStartInfo) { w.begin(&w.dns) },
		DNSDone:      func(httptrace.DNSDoneInfo) { w.end(&w.dns) },
		ConnectStart: func(string, string) { w.begin(&w.connect) },
		ConnectDone: func(_, _ string, err error) {
			if err == nil {
				w.end(&w.connect)
			}
		},
		TLSHandshakeStart: func() { w.begin(&w.tls) },
		TLSHandshakeDone: func(_ tls.ConnectionState, err error) {
			if err == nil {
				w.end(&w.tls)
			}
		},
		WroteHeaderField: func(name string, values []string) {
			w.mu.Lock()
			defer w.mu.Unlock()
			w.sent = append(w.sent, headerLine(name, values))
		},
		WroteRequest: func(httptrace.WroteRequestInfo) { w.begin(&w.wait) },
		GotFirstResponseByte: func() {
			w.end(&w.wait)
			w.begin(&w.read)
		},
	})
}

// detail is what was seen until now, nil where nobody watched. response is nil where none came.
func (w *watch) detail(response *http.Response) *postback.Detail {
	if w == nil {
		return nil
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	now := time.Now()
	d := &postback.Detail{Sent: append([]postback.HeaderLine{}, w.sent...), Timing: postback.Timing{DNS: w.dns.length(now),
		Connect: w.connect.length(now), TLS: w.tls.length(now), Wait: w.wait.length(now), Read: w.read.length(now)}}
	if response == nil {
		return d
	}
	d.Status = cut(response.Proto + " " + response.Status)
	for _, name := range telling {
		if values := response.Header.Values(name); len(values) > 0 {
			d.Header = append(d.Header, headerLine(name, values))
		}
	}
	return d
}

// telling are the headers of an answer that help to find out who answered and why. Cookies are none of our business.
var telling = []string{"Content-Type", "Content-Length", "Location", "Retry-After", "Server", "Via", "Allow", "Www-Authenticate",
	"Cf-Ray", "X-Request-Id", "Date"}

func headerLine(name string, values []string) postback.HeaderLine {
	return postback.HeaderLine{Name: cut(name), Value: cut(strings.Join(values, ", "))}
}

// maxLine bounds what is kept of a line that the receiver wrote, in bytes.
const maxLine = 512

func cut(s string) string {
	if len(s) > maxLine {
		s = s[:maxLine]
	}
	return text([]byte(s))
}
