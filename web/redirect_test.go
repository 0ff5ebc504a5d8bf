package web_test

import (
	"net/url"
	"strings"
	"testing"

	"github.com/waypost/waypost/web"
)

// TestLocalPath is a corpus of addresses by which open redirects are made elsewhere.
func TestLocalPath(t *testing.T) {
	t.Parallel()
	for _, ours := range []string{"/admin", "/affiliate/offers?status=active&cursor=abc", "/admin/offers/12#goals", "/affiliate/links?deep=https%3A%2F%2Fshop.example%2F", "/"} {
		if got := web.LocalPath(ours, "/x"); got != ours {
			t.Errorf("%q became %q", ours, got)
		}
	}
	hosts := []string{"evil.example", "evil.example/", "evil.example:443/x", "user@evil.example", "[::1]", "127.0.0.1", "%65vil.example"}
	before := []string{"//", "///", "////", "/\\", "\\/", "\\\\", "/\\/", "http://", "https://", "HTTPS://", "https:/", "https:", "http:\\\\", "ftp://", "//\\",
		"/\t/", "/\n/", "/\r/", "\t//", " //", "/ /", "/%09/", "/%0a/", "/%2f", "/%2F/", "/%5c", "/%5C/", "/.//", "/..//", "/x/..//", "/x/../..//", "/%2e%2e//",
		"/./\\", "\x00//", "/\x00/", "/\u00a0//", "//\u2044", "\u2044\u2044", "javascript://", "JaVaScRiPt:", "data:text/html,", "vbscript:", "//;@", "/\x7f/", "?//", "#//", "x//", ".//", ":/", "@"}
	tried := 0
	for _, b := range before {
		for _, h := range hosts {
			tried++
			got := web.LocalPath(b+h, "/fallback")
			if got == "/fallback" {
				continue
			}
			// What is let through must stay on this host for a browser, whatever a proxy unescapes of it.
			plain, err := url.PathUnescape(got)
			if err != nil || !strings.HasPrefix(got, "/") || strings.HasPrefix(got, "//") || strings.HasPrefix(plain, "//") || strings.ContainsAny(plain, "\\\t\r\n\x00") && !strings.Contains(got, "%0") {
				t.Errorf("%q leads to %q", b+h, got)
			}
		}
	}
	if tried < 100 {
		t.Errorf("a corpus of %d", tried)
	}
	for _, none := range []string{"", "/" + strings.Repeat("a", 3000), "relative", "/%zz", "/%"} {
		if got := web.LocalPath(none, "/fallback"); got != "/fallback" {
			t.Errorf("%q became %q", none, got)
		}
	}
}

func FuzzLocalPath(f *testing.F) {
	for _, s := range []string{"/admin", "//evil.example", "/\\evil.example", "https://evil.example", "/%2f%2fevil.example"} {
		f.Add(s)
	}
	base := &url.URL{Scheme: "https", Host: "network.example", Path: "/login"}
	f.Fuzz(func(t *testing.T, next string) {
		got := web.LocalPath(next, "/")
		to, err := base.Parse(got)
		if err != nil || to.Host != "network.example" || to.Scheme != "https" || to.User != nil || strings.HasPrefix(to.Path, "//") || strings.ContainsAny(got, "\\\t\r\n") {
			t.Errorf("%q leads to %v (%v)", next, to, err)
		}
	})
}
