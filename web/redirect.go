package web

import (
	"net/url"
	"strings"
)

// LocalPath is next if it is a path of ours to go on to after a log-in, else fallback. Browsers read a backslash as a
// slash, drop tabs and line ends, and take two slashes for the begin of another host: none of these is let through.
func LocalPath(next, fallback string) string {
	if len(next) < 1 || len(next) > 2000 || next[0] != '/' || strings.HasPrefix(next, "//") {
		return fallback
	}
	for i := range len(next) {
		if b := next[i]; b <= ' ' || b == '\\' || b >= 0x7f {
			return fallback
		}
	}
	u, err := url.Parse(next)
	if err != nil || u.Scheme != "" || u.Host != "" || u.User != nil || u.Opaque != "" {
		return fallback
	}
	// As sent and as a proxy may unescape it.
	if strings.HasPrefix(u.Path, "//") || strings.ContainsAny(u.Path, "\\\x00") || strings.Contains(u.Path, "/..") {
		return fallback
	}
	return next
}
