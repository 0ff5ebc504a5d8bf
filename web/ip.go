package web

import (
	"net/http"
	"net/netip"
	"strings"

	"github.com/labstack/echo/v4"
)

// ClientIP finds the caller's address. It is that of the connection, unless the connection comes from a trusted proxy:
// then it is the last address of X-Forwarded-For that is no trusted proxy itself. Whatever stands before it was
// written by the client and proves nothing.
func ClientIP(trusted []netip.Prefix) echo.IPExtractor {
	return func(r *http.Request) string {
		peer, ok := peerAddr(r.RemoteAddr)
		if !ok {
			return ""
		}
		client := peer
		hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
		for i := len(hops) - 1; i >= 0 && within(client, trusted); i-- {
			hop, err := netip.ParseAddr(strings.TrimSpace(hops[i]))
			if err != nil {
				break // a proxy of ours would have written an address: stay at the last one that is proven
			}
			client = hop.Unmap().WithZone("")
		}
		return client.String()
	}
}

func peerAddr(remote string) (netip.Addr, bool) {
	if ap, err := netip.ParseAddrPort(remote); err == nil {
		return ap.Addr().Unmap().WithZone(""), true
	}
	a, err := netip.ParseAddr(remote)
	return a.Unmap().WithZone(""), err == nil
}

func within(a netip.Addr, prefixes []netip.Prefix) bool {
	for _, p := range prefixes {
		if p.Contains(a) {
			return true
		}
	}
	return false
}
