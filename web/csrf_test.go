package web_test

import (
	"bytes"
	"errors"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/labstack/echo/v4"

	"github.com/waypost/waypost/domain/errs"
	"github.com/waypost/waypost/web"
)

// TestCSRF sends what a foreign site could make a browser send, and what our own pages do.
func TestCSRF(t *testing.T) {
	t.Parallel()
	const secret = "q8Zr1vX5mB2nK7dS4gT9hJ6wL3cP0fYaEuGiOxRtVbM"
	check, err := web.NewCSRF("https://network.example")
	if err != nil {
		t.Fatal(err)
	}
	token := web.CSRFToken(secret)
	if again := web.CSRFToken(secret); again == token {
		t.Error("two pages have the same token")
	}
	form := func(value string) string { return url.Values{"csrf": {value}, "name": {"x"}}.Encode() }
	for _, c := range []struct {
		what, method, body string
		header             map[string]string
		secret             string
		ok                 bool
	}{
		{"our form", "POST", form(token), map[string]string{"Sec-Fetch-Site": "same-origin"}, secret, true},
		{"our form in an old browser", "POST", form(token), map[string]string{"Origin": "https://network.example"}, secret, true},
		{"htmx", "POST", "name=x", map[string]string{"X-CSRF-Token": token, "Sec-Fetch-Site": "same-origin"}, secret, true},
		{"htmx deletes", "DELETE", "", map[string]string{"X-CSRF-Token": token}, secret, true},
		{"a program without a browser", "POST", form(token), nil, secret, true},
		{"a look", "GET", "", map[string]string{"Sec-Fetch-Site": "cross-site"}, "", true},
		{"no token", "POST", "name=x", map[string]string{"Sec-Fetch-Site": "same-origin"}, secret, false},
		{"an empty token", "POST", form(""), nil, secret, false},
		{"another session's token", "POST", form(web.CSRFToken("another")), nil, secret, false},
		{"a shortened token", "POST", form(token[:40]), nil, secret, false},
		{"a token of zeros", "POST", form(strings.Repeat("A", len(token))), nil, secret, false},
		{"the secret itself", "POST", form(secret), nil, secret, false},
		{"no session", "POST", form(web.CSRFToken("")), nil, "", false},
		{"cross-site with a token", "POST", form(token), map[string]string{"Sec-Fetch-Site": "cross-site"}, secret, false},
		{"same site, another host", "POST", form(token), map[string]string{"Sec-Fetch-Site": "same-site"}, secret, false},
		{"foreign origin", "POST", form(token), map[string]string{"Origin": "https://evil.example"}, secret, false},
		{"origin of a sandbox", "POST", form(token), map[string]string{"Origin": "null"}, secret, false},
		{"origin that begins like ours", "POST", form(token), map[string]string{"Origin": "https://network.example.evil.example"}, secret, false},
		{"our host by http", "POST", form(token), map[string]string{"Origin": "http://other.example", "Host": "other.example"}, secret, false},
		{"foreign PUT", "PUT", form(token), map[string]string{"Sec-Fetch-Site": "cross-site"}, secret, false},
		{"foreign PATCH", "PATCH", form(token), map[string]string{"Origin": "https://evil.example"}, secret, false},
		{"a method that nobody knows", "BREW", form(""), nil, secret, false},
	} {
		r := httptest.NewRequest(c.method, "https://network.example/admin/x?csrf="+url.QueryEscape(token), strings.NewReader(c.body))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		for name, value := range c.header {
			r.Header.Set(name, value)
		}
		err := check.Check(echo.New().NewContext(r, httptest.NewRecorder()), c.secret)
		if c.ok != (err == nil) || err != nil && !errs.HasCode(err, "forged_request") {
			t.Errorf("%s: %v", c.what, err)
		}
	}
}

func TestCSRFReadsForms(t *testing.T) {
	t.Parallel()
	check, err := web.NewCSRF("")
	if err != nil {
		t.Fatal(err)
	}
	var body bytes.Buffer
	w := multipart.NewWriter(&body)
	_ = w.WriteField("csrf", web.CSRFToken("secret"))
	_ = w.Close()
	r := httptest.NewRequest("POST", "/", &body)
	r.Header.Set("Content-Type", w.FormDataContentType())
	if err := check.Check(echo.New().NewContext(r, httptest.NewRecorder()), "secret"); err != nil {
		t.Errorf("a form with files: %v", err)
	}
	for what, contentType := range map[string]string{"a%zz=1": "application/x-www-form-urlencoded", "no parts": "multipart/form-data; boundary=x"} {
		r := httptest.NewRequest("POST", "/", strings.NewReader(what))
		r.Header.Set("Content-Type", contentType)
		var h *echo.HTTPError
		if err := check.Check(echo.New().NewContext(r, httptest.NewRecorder()), "secret"); !errors.As(err, &h) || h.Code != http.StatusBadRequest {
			t.Errorf("%q: %v", what, err)
		}
	}
	if _, err := web.NewCSRF("not an origin"); err == nil {
		t.Error("a public URL that is none was taken")
	}
}

func TestCookies(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		https bool
		want  string
	}{
		{true, "__Host-waypost=token; Path=/; Max-Age=60; HttpOnly; Secure; SameSite=Lax"},
		{false, "waypost_session=token; Path=/; Max-Age=60; HttpOnly; SameSite=Lax"},
	} {
		k := web.NewCookies(c.https)
		r, w := httptest.NewRequest("GET", "/", nil), httptest.NewRecorder()
		ctx := echo.New().NewContext(r, w)
		k.SetSession(ctx, "token", 60e9)
		if got := w.Header().Get("Set-Cookie"); got != c.want {
			t.Errorf("cookie %q, want %q", got, c.want)
		}
		name, _, _ := strings.Cut(c.want, "=")
		r.AddCookie(&http.Cookie{Name: name, Value: "one"})
		if got := k.Session(ctx); got != "one" {
			t.Errorf("read %q", got)
		}
		r.AddCookie(&http.Cookie{Name: name, Value: "two"})
		if got := k.Session(ctx); got != "" {
			t.Errorf("of two cookies %q was believed", got)
		}
	}
}

func TestPageHeaders(t *testing.T) {
	t.Parallel()
	w := httptest.NewRecorder()
	nonce := web.PageHeaders(echo.New().NewContext(httptest.NewRequest("GET", "/", nil), w))
	policy := w.Header().Get("Content-Security-Policy")
	for _, part := range []string{"default-src 'none'", "script-src 'self';", "frame-ancestors 'none'", "base-uri 'none'", "form-action 'self'", "style-src 'self' 'nonce-" + nonce + "'"} {
		if !strings.Contains(policy, part) {
			t.Errorf("policy %q lacks %q", policy, part)
		}
	}
	for name, want := range map[string]string{"X-Frame-Options": "DENY", "X-Content-Type-Options": "nosniff", "Cache-Control": "no-store", "Referrer-Policy": "same-origin"} {
		if got := w.Header().Get(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	if strings.Contains(policy, "unsafe-eval") || strings.Contains(policy, "script-src 'self' 'unsafe") || len(nonce) < 20 {
		t.Errorf("policy %q", policy)
	}
}
