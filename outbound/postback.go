package outbound

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"syscall"
	"time"

	"github.com/waypost/waypost/domain/postback"
)

const (
	connectLimit = 5 * time.Second
	keptBody     = 4 << 10  // of a response, for the log
	readBody     = 64 << 10 // of a response, so that the connection can be used again
	userAgent    = "Waypost"
)

// PostbackClient sends deliveries. It implements postback.Sender: no redirects, no proxy, no cookies, 15 s in all, and
// only to addresses that the guard lets through.
type PostbackClient struct{ client *http.Client }

// limits are what one client may use.
type limits struct {
	connect, total time.Duration
	idle           int // connections kept over all hosts
}

// NewPostbackClient makes the client with a pool of connections of its own.
func NewPostbackClient(guard *Guard) *PostbackClient {
	return newPostbackClient(guard.resolver, guard.Control, limits{connect: connectLimit, total: postback.SendLimit, idle: 1024})
}

func newPostbackClient(resolver *net.Resolver, control func(network, address string, _ syscall.RawConn) error, l limits) *PostbackClient {
	dialer := &net.Dialer{Timeout: l.connect, Control: control, Resolver: resolver}
	return &PostbackClient{&http.Client{
		Timeout:       l.total,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport: &http.Transport{
			Proxy:                  nil, // a proxy would connect where the guard does not see it
			DialContext:            dialer.DialContext,
			ForceAttemptHTTP2:      true,
			TLSHandshakeTimeout:    l.connect,
			TLSClientConfig:        &tls.Config{MinVersion: tls.VersionTLS12},
			MaxIdleConns:           l.idle,
			MaxIdleConnsPerHost:    64, // as many as may be under way to one host
			IdleConnTimeout:        90 * time.Second,
			MaxResponseHeaderBytes: 64 << 10,
			DisableCompression:     true, // nothing is unpacked here
		},
	}}
}

// Send implements postback.Sender.
func (c *PostbackClient) Send(ctx context.Context, r postback.Request) postback.Response {
	var body io.Reader
	if r.Body != "" {
		body = strings.NewReader(r.Body)
	}
	request, err := http.NewRequestWithContext(ctx, r.Method, r.URL, body)
	if err != nil {
		return postback.Response{Error: postback.ErrorInvalidURL}
	}
	for name, value := range r.Header {
		request.Header.Set(name, value)
	}
	request.Header.Set("User-Agent", userAgent)
	client, w := c.client, (*watch)(nil)
	if r.Watched {
		var done func()
		client, done = c.fresh()
		defer done()
		w = &watch{}
		request = request.WithContext(w.follow(ctx))
	}
	response, err := client.Do(request)
	if err != nil {
		return postback.Response{Error: classify(err), Detail: w.detail(nil)}
	}
	defer response.Body.Close()
	// The status has decided; a body that breaks off takes nothing away from it.
	kept, _ := io.ReadAll(io.LimitReader(response.Body, keptBody))
	_, _ = io.Copy(io.Discard, io.LimitReader(response.Body, readBody-keptBody))
	return postback.Response{StatusCode: response.StatusCode, RetryAfter: response.Header.Get("Retry-After"), Body: text(kept), Detail: w.detail(response)}
}

// CloseIdle ends the connections that are not in use.
func (c *PostbackClient) CloseIdle() { c.client.CloseIdleConnections() }

// text is what PostgreSQL takes for text: UTF-8 without NUL. The signs that stand for what was not text are longer than
// it, so the result is cut to keptBody again.
func text(b []byte) string {
	s := strings.ReplaceAll(strings.ToValidUTF8(string(b), "\ufffd"), "\x00", "\ufffd")
	if len(s) > keptBody {
		s = strings.ToValidUTF8(s[:keptBody], "")
	}
	return s
}

// classify names the phase in which a request failed. The error's own text stays here: it names our resolver and
// addresses.
func classify(err error) postback.ErrorClass {
	var dns *net.DNSError
	var operation *net.OpError
	var network net.Error
	switch {
	case errors.Is(err, ErrBlocked):
		return postback.ErrorBlockedAddress
	case errors.As(err, &dns):
		return postback.ErrorDNS
	case errors.As(err, &network) && network.Timeout(), errors.Is(err, context.DeadlineExceeded):
		return postback.ErrorTimeout
	case isCertificate(err):
		return postback.ErrorCertificate
	case isTLS(err):
		return postback.ErrorTLS
	case errors.Is(err, syscall.ECONNREFUSED):
		return postback.ErrorRefused
	case errors.As(err, &operation) && operation.Op == "dial":
		return postback.ErrorConnect
	}
	return postback.ErrorConnection
}

func isCertificate(err error) bool {
	var certificate *tls.CertificateVerificationError
	var host x509.HostnameError
	var authority x509.UnknownAuthorityError
	return errors.As(err, &certificate) || errors.As(err, &host) || errors.As(err, &authority)
}

func isTLS(err error) bool {
	var record tls.RecordHeaderError
	var alert tls.AlertError
	return errors.As(err, &record) || errors.As(err, &alert) || strings.Contains(err.Error(), "tls: ")
}
