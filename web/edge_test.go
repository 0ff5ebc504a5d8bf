package web_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/waypost/waypost/domain/errs"
	"github.com/waypost/waypost/web"
)

func TestClientIP(t *testing.T) {
	t.Parallel()
	proxies := []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("fd00::/8")}
	cases := []struct {
		name    string
		trusted []netip.Prefix
		remote  string
		xff     []string
		want    string
	}{
		{"direct", nil, "203.0.113.5:1234", nil, "203.0.113.5"},
		{"header of a stranger counts for nothing", nil, "203.0.113.5:1234", []string{"1.2.3.4"}, "203.0.113.5"},
		{"private peers are not trusted by themselves", nil, "10.0.0.1:1", []string{"1.2.3.4"}, "10.0.0.1"},
		{"loopback is not trusted by itself", proxies, "127.0.0.1:1", []string{"1.2.3.4"}, "127.0.0.1"},
		{"one proxy", proxies, "10.0.0.1:1", []string{"1.2.3.4"}, "1.2.3.4"},
		{"two proxies", proxies, "10.0.0.1:1", []string{"1.2.3.4, 10.9.9.9"}, "1.2.3.4"},
		{"what the client wrote itself is skipped", proxies, "10.0.0.1:1", []string{"6.6.6.6, 1.2.3.4"}, "1.2.3.4"},
		{"several headers are one list", proxies, "10.0.0.1:1", []string{"6.6.6.6", "1.2.3.4"}, "1.2.3.4"},
		{"rubbish ends the chain", proxies, "10.0.0.1:1", []string{"1.2.3.4, rubbish, 10.2.2.2"}, "10.2.2.2"},
		{"only proxies", proxies, "10.0.0.1:1", []string{"10.2.2.2"}, "10.2.2.2"},
		{"no header behind a proxy", proxies, "10.0.0.1:1", nil, "10.0.0.1"},
		{"empty header", proxies, "10.0.0.1:1", []string{""}, "10.0.0.1"},
		{"IPv6", proxies, "[fd00::1]:1", []string{"2001:db8::1"}, "2001:db8::1"},
		{"mapped IPv4", proxies, "[::ffff:10.0.0.1]:1", []string{"::ffff:1.2.3.4"}, "1.2.3.4"},
		{"zone is dropped", nil, "[fe80::1%eth0]:1", nil, "fe80::1"},
		{"no address", nil, "@", nil, ""},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			r := httptest.NewRequest(http.MethodGet, "/", nil)
			r.RemoteAddr = c.remote
			r.Header["X-Forwarded-For"] = c.xff
			r.Header.Set("X-Real-Ip", "9.9.9.9")
			if got := web.ClientIP(c.trusted)(r); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

func TestMaskQuery(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"":                             "",
		"clickid=1&val=2":              "clickid=1&val=2",
		"token=secret&val=2":           "token=***&val=2",
		"val=2&SIG=abc":                "val=2&SIG=***",
		"%74oken=secret":               "%74oken=***",
		"a=1;security_token=secret":    "a=1&security_token=***",
		"token=":                       "token=***",
		"token":                        "token",
		"%zz=1&password=hunter2":       "%zz=1&password=***",
		"token=a=b&token=c":            "token=***&token=***",
		"verification_token=x&secure=": "verification_token=***&secure=***",
	} {
		if got := web.MaskQuery(in); got != want {
			t.Errorf("%q: got %q, want %q", in, got, want)
		}
	}
}

func TestProblemOf(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		err    error
		status int
		code   string
	}{
		{errs.Invalid("too_many_decimals", "x").At("body.amount"), 422, "too_many_decimals"},
		{fmt.Errorf("get offer: %w", errs.NotFound("not_found", "x")), 404, "not_found"},
		{errs.Conflict("in_use", "x"), 409, "in_use"},
		{errs.Forbidden("forbidden", "x"), 403, "forbidden"},
		{errs.Unauthenticated("invalid_token", "x"), 401, "invalid_token"},
		{errs.Limited("rate_limited", "x"), 429, "rate_limited"},
		{errs.Unavailable("database_unavailable", "x"), 503, "database_unavailable"},
		{errors.New("pq: password is hunter2"), 500, "internal"},
		{&errs.Error{Code: "odd", Message: "hunter2"}, 500, "internal"},
		{echo.ErrNotFound, 404, "not_found"},
		{echo.ErrMethodNotAllowed, 405, "method_not_allowed"},
		{echo.NewHTTPError(500, "hunter2"), 500, "internal"},
		{&http.MaxBytesError{Limit: 5}, 413, "body_too_large"},
	} {
		p := web.ProblemOf(t.Context(), c.err)
		if p.Status != c.status || p.Code != c.code || p.Title != http.StatusText(c.status) || p.Detail == "" || strings.Contains(p.Detail, "hunter2") {
			t.Errorf("%v: %+v", c.err, p)
		}
	}
	p := web.ProblemOf(t.Context(), errs.Invalid("too_many_decimals", "at most 2").At("body.amount"))
	if len(p.Errors) != 1 || p.Errors[0] != (web.ProblemField{Location: "body.amount", Code: "too_many_decimals", Message: "at most 2"}) {
		t.Errorf("fields: %+v", p.Errors)
	}
}

func TestRetryAfter(t *testing.T) {
	t.Parallel()
	for want, err := range map[string]error{
		"60":  errs.Limited("rate_limited", "x"),
		"5":   errs.Unavailable("database_unavailable", "x"),
		"900": fmt.Errorf("log in: %w", errs.Limited("too_many_attempts", "x").In(15*time.Minute-time.Millisecond)),
		"1":   errs.Conflict("in_progress", "x").In(time.Millisecond),
		"":    errs.Conflict("in_use", "x"),
	} {
		h := http.Header{}
		web.SetProblemHeaders(h, web.ProblemOf(t.Context(), err))
		if got := h.Get("Retry-After"); got != want {
			t.Errorf("%v: %q, want %q", err, got, want)
		}
	}
}

// Only a request that was called off excuses a cancelled call; one that lives waits for an answer.
func TestClientThatHangsUp(t *testing.T) {
	t.Parallel()
	gone, hangUp := context.WithCancel(t.Context())
	hangUp()
	err := fmt.Errorf("list offers: %w", context.Canceled)
	if p := web.ProblemOf(gone, err); p.Status != 499 || p.Code != "client_gone" {
		t.Errorf("gone: %+v", p)
	}
	if p := web.ProblemOf(t.Context(), err); p.Status != 500 {
		t.Errorf("there: %+v", p)
	}
	if p := web.ProblemOf(gone, errors.New("x")); p.Status != 500 {
		t.Errorf("gone, and our fault: %+v", p)
	}
}

func newEcho(log *slog.Logger, https bool) *echo.Echo {
	e := echo.New()
	e.IPExtractor = web.ClientIP(nil)
	e.HTTPErrorHandler = web.ErrorHandler(log)
	e.Use(web.AccessLog(log, time.Now), web.SecurityHeaders(https), web.Recover)
	e.GET("/ok", func(c echo.Context) error { return c.String(200, "ok") })
	e.GET("/fault", func(echo.Context) error { return errors.New("hunter2") })
	e.GET("/panic", func(echo.Context) error { panic("hunter2") })
	e.POST("/body", func(c echo.Context) error {
		if _, err := io.ReadAll(c.Request().Body); err != nil {
			return err
		}
		return c.NoContent(204)
	}, web.BodyLimit(5))
	return e
}

func TestMiddleware(t *testing.T) {
	t.Parallel()
	var lines bytes.Buffer
	e := newEcho(slog.New(slog.NewJSONHandler(&lines, nil)), true)
	for _, c := range []struct {
		method, target, body string
		status               int
		logged               []string // in the log
	}{
		{"GET", "/ok?token=hunter2", "", 200, []string{`"query":"token=***"`, `"status":200`, `"ip":"192.0.2.1"`}},
		{"GET", "/fault", "", 500, []string{`"msg":"internal error"`, `"status":500`}},
		{"GET", "/panic", "", 500, []string{"panic:", "edge_test.go"}},
		{"GET", "/nowhere", "", 404, []string{`"status":404`}},
		{"HEAD", "/nowhere", "", 404, nil},
		{"PUT", "/ok", "", 405, nil},
		{"POST", "/body", "12345", 204, nil},
		{"POST", "/body", "123456", 413, nil},
	} {
		lines.Reset()
		r := httptest.NewRequest(c.method, c.target, strings.NewReader(c.body))
		r.Header.Set("X-Forwarded-For", "6.6.6.6")
		r.Header.Set(web.HeaderRequestID, "forged")
		w := httptest.NewRecorder()
		e.ServeHTTP(w, r)
		if w.Code != c.status {
			t.Errorf("%s %s: %d", c.method, c.target, w.Code)
		}
		for _, want := range c.logged {
			if !strings.Contains(lines.String(), want) {
				t.Errorf("%s %s: %q is not in %s", c.method, c.target, want, lines.String())
			}
		}
		id := w.Header().Get(web.HeaderRequestID)
		if len(id) != 32 || !strings.Contains(lines.String(), id) || strings.Contains(lines.String(), "forged") {
			t.Errorf("%s %s: request id %q", c.method, c.target, id)
		}
		if strings.Contains(w.Body.String(), "hunter2") {
			t.Errorf("%s %s shows the fault: %s", c.method, c.target, w.Body)
		}
		h := w.Header()
		if h.Get("X-Content-Type-Options") != "nosniff" || h.Get("Strict-Transport-Security") == "" ||
			!strings.Contains(h.Get("Content-Security-Policy"), "frame-ancestors 'none'") {
			t.Errorf("%s %s: headers %v", c.method, c.target, h)
		}
		if w.Code >= 400 && c.method != "HEAD" {
			var p web.Problem
			if err := json.Unmarshal(w.Body.Bytes(), &p); err != nil || p.Status != w.Code || h.Get("Content-Type") != web.ProblemType {
				t.Errorf("%s %s: no problem: %s", c.method, c.target, w.Body)
			}
		}
	}
}

func TestBodyLimitWithoutLength(t *testing.T) {
	t.Parallel()
	r := httptest.NewRequest("POST", "/body", io.MultiReader(strings.NewReader("1234"), strings.NewReader("5678")))
	r.ContentLength = -1
	w := httptest.NewRecorder()
	newEcho(slog.New(slog.DiscardHandler), false).ServeHTTP(w, r)
	if w.Code != 413 {
		t.Errorf("status %d", w.Code)
	}
	if w.Header().Get("Strict-Transport-Security") != "" {
		t.Error("HSTS over http")
	}
}
