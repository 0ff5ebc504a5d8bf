package web_test

import (
	"bytes"
	"log/slog"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/waypost/waypost/web"
)

// hidden is the secret that every line of the corpus holds and no line of the log may.
const hidden = "hunter2hunter2"

// TestNoSecretReachesTheAccessLog feeds requests that carry a secret in every place and spelling a client may use.
func TestNoSecretReachesTheAccessLog(t *testing.T) {
	t.Parallel()
	var lines bytes.Buffer
	e := newEcho(slog.New(slog.NewJSONHandler(&lines, nil)), false)
	nested := url.QueryEscape("https://x.example/?a=1&token=" + hidden)
	for _, target := range []string{
		"/ok?token=" + hidden, "/ok?TOKEN=" + hidden, "/ok?%74oken=" + hidden, "/ok?a=1;token=" + hidden, "/ok?security_token=" + hidden,
		"/ok?secure=" + hidden, "/ok?verification_token=" + hidden, "/ok?clickid=1&ts=2&sig=" + hidden, "/ok?password=" + hidden,
		"/ok?refresh_token=" + hidden, "/ok?api_key=" + hidden, "/ok?postback_token=" + hidden, "/ok?signing_secret=whsec_" + hidden,
		"/ok?x=whsec_" + hidden, "/ok?url=" + nested, "/ok?url=" + url.QueryEscape(nested), "/ok?u=" + url.QueryEscape("https://me:"+hidden+"@x.example/"),
		"/ok?otp=" + hidden, "/nowhere?token=" + hidden, "/fault?token=" + hidden, "/panic?token=" + hidden, "/t/" + hidden + hidden, "/api/v1/shared-traces/" + hidden, "/nowhere/whsec_" + hidden,
	} {
		r := httptest.NewRequest("GET", target, nil)
		r.Header.Set("Authorization", "Bearer "+hidden)
		r.Header.Set("Cookie", "session="+hidden)
		r.Header.Set("User-Agent", "curl Bearer "+hidden)
		e.ServeHTTP(httptest.NewRecorder(), r)
		if strings.Contains(lines.String(), hidden) {
			t.Errorf("%s: %s", target, lines.String())
		}
		lines.Reset()
	}
}

func TestMaskText(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"plain text": "plain text",
		"GET /t/OlyKoyJj4Loue0bN_-x?a=1 and https://x.example/t/kettle": "GET /t/***?a=1 and https://x.example/t/kettle",
		"clickid=1&token=a":                                             "clickid=1&token=***",
		`{"email":"a@b.example","password":"hunter2"}`:                  `{"email":"a@b.example","password":"***"}`,
		"dial postgres://u:hunter2@h:5432/d: refused":                   "dial postgres://u:***@h:5432/d: refused",
		"redis://:p%40ss@h:1":                                           "redis://:***@h:1",
		"Authorization: Bearer abcdef.ghi":                              "Authorization: Bearer ***",
		"secret whsec_abc+/=":                                           "secret ***",
		"eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln is over":             "*** is over",
		"the token is missing":                                          "the token is missing",
		"http://h:8080/path@x":                                          "http://h:8080/path@x",
		"missing_token: send the advertiser's token":                    "missing_token: send the advertiser's token",
		"WAYPOST_SECRET needs 32 characters":                            "WAYPOST_SECRET needs 32 characters",
		"2026-11-21 10:00:00 click 0123456789abcdefghjkmnpqrstvwxyz ok": "2026-11-21 10:00:00 click 0123456789abcdefghjkmnpqrstvwxyz ok",
	} {
		if got := web.MaskText(in); got != want {
			t.Errorf("%q: got %q, want %q", in, got, want)
		}
	}
}

func FuzzMaskText(f *testing.F) {
	f.Add("token=a b", "x")
	f.Fuzz(func(t *testing.T, before, secret string) {
		masked := web.MaskText(before + "?token=" + url.QueryEscape("zq"+secret+"qz"))
		if strings.Contains(masked, "token="+url.QueryEscape("zq"+secret)) {
			t.Errorf("%q", masked)
		}
		if again := web.MaskText(masked); strings.Contains(again, "zq"+url.QueryEscape(secret)+"qz") && secret != "" {
			t.Errorf("%q", again)
		}
	})
}
