package outbound

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"code.dny.dev/ssrf"

	"github.com/waypost/waypost/domain/errs"
)

// ErrBlocked is the cause of a connection that the guard refused.
var ErrBlocked = errors.New("address is not allowed")

// platformAddress answers inside one large cloud's networks although it looks public (metadata and DHCP of Azure).
var platformAddress = netip.MustParsePrefix("168.63.129.16/32")

// resolveTimeout bounds the look-up of a name at save.
const resolveTimeout = 2 * time.Second

// maxHost is the longest name in text (RFC 1035, 2.3.4).
const maxHost = 253

// Guard decides which addresses outgoing requests may reach: public ones, on ports 80 and 443, and those that the
// operator allowed, on any port. What it says when a connection is made counts (Control); at save it only spares the
// user a surprise (CheckURL).
type Guard struct {
	allow     []netip.Prefix
	endpoints []netip.AddrPort
	public    *ssrf.Guardian
	resolver  *net.Resolver
}

// NewGuard takes the operator's exceptions (WAYPOST_OUTBOUND_ALLOW), and single endpoints of Waypost's own such as the
// demo's sink.
func NewGuard(allow []netip.Prefix, endpoints ...netip.AddrPort) *Guard {
	g := newGuard(allow, net.DefaultResolver)
	g.endpoints = endpoints
	return g
}

func newGuard(allow []netip.Prefix, resolver *net.Resolver) *Guard {
	return &Guard{allow: allow, resolver: resolver, public: ssrf.New(ssrf.WithDeniedV4Prefixes(platformAddress))}
}

// Control is for net.Dialer: it sees the very address that the connection goes to, after every look-up.
func (g *Guard) Control(network, address string, _ syscall.RawConn) error {
	if network != "tcp4" && network != "tcp6" {
		return fmt.Errorf("%w: network %s", ErrBlocked, network)
	}
	to, err := netip.ParseAddrPort(address)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrBlocked, err)
	}
	return g.check(to)
}

func (g *Guard) check(to netip.AddrPort) error {
	ip := to.Addr().Unmap().WithZone("")
	if slices.ContainsFunc(g.allow, func(p netip.Prefix) bool { return p.Contains(ip) }) ||
		slices.Contains(g.endpoints, netip.AddrPortFrom(ip, to.Port())) {
		return nil
	}
	if err := g.public.SafeAddrPort(netip.AddrPortFrom(ip, to.Port())); err != nil {
		return fmt.Errorf("%w: %w", ErrBlocked, err)
	}
	return nil
}

// CheckURL implements postback.AddressGuard.
func (g *Guard) CheckURL(ctx context.Context, address string) ([]errs.Warning, error) {
	host, port, err := hostPort(address)
	if err != nil {
		return nil, err
	}
	if ip, err := netip.ParseAddr(host); err == nil {
		if err := g.check(netip.AddrPortFrom(ip, port)); err != nil {
			return nil, refusal(host, port, err)
		}
		return nil, nil
	}
	ctx, cancel := context.WithTimeout(ctx, resolveTimeout)
	defer cancel()
	ips, err := g.resolver.LookupNetIP(ctx, "ip", host)
	if err != nil || len(ips) == 0 {
		if len(g.allow) == 0 && port != 80 && port != 443 {
			return nil, refusal(host, port, ssrf.ErrProhibitedPort)
		}
		return []errs.Warning{{Field: "url", Code: "host_unresolved",
			Message: fmt.Sprintf("the name %s does not resolve now; postbacks fail until it does", host)}}, nil
	}
	// One address that may be reached is enough: the connection tries them all.
	for _, ip := range ips {
		if err = g.check(netip.AddrPortFrom(ip, port)); err == nil {
			return nil, nil
		}
	}
	return nil, refusal(host, port, err)
}

// hostPort takes the address apart as the HTTP client will, and refuses what other readers could take for something
// else. The forms that click.LintPostback refuses do not come this far when a postback is saved.
func hostPort(address string) (host string, port uint16, err error) {
	scheme, rest, _ := strings.Cut(address, "://")
	if end := strings.IndexAny(rest, "/?#"); end >= 0 {
		rest = rest[:end] // macros stand after it, and need not be valid in a URL
	}
	u, err := url.Parse(strings.ToLower(scheme) + "://" + rest)
	switch {
	case err != nil:
		return "", 0, errs.Invalid("invalid_url", "the URL cannot be read").Because(err).At("body.url")
	case u.Scheme != "http" && u.Scheme != "https":
		return "", 0, errs.Invalid("invalid_url", "the URL has to begin with https:// or http://").At("body.url")
	case u.User != nil || strings.ContainsRune(rest, '@'):
		return "", 0, errs.Invalid("invalid_url", "a URL with user name or password is not accepted").At("body.url")
	case u.Hostname() == "":
		return "", 0, errs.Invalid("invalid_url", "the URL has no host").At("body.url")
	}
	host, port = strings.TrimSuffix(u.Hostname(), "."), 443
	if len(host) > maxHost {
		return "", 0, errs.Invalid("invalid_url", "the host is longer than %d characters", maxHost).At("body.url")
	}
	if u.Scheme == "http" {
		port = 80
	}
	if text := u.Port(); text != "" {
		n, err := strconv.ParseUint(text, 10, 16)
		if err != nil || n == 0 {
			return "", 0, errs.Invalid("invalid_url", "the port %q is not a number from 1 to 65535", text).At("body.url")
		}
		port = uint16(n)
	}
	if _, err := netip.ParseAddr(host); err != nil && numeric(host) {
		return "", 0, errs.Invalid("invalid_url", "the host %q looks like an address but is no plain one", host).At("body.url")
	}
	return host, port, nil
}

// numeric tells a name whose last label is a number, decimal, octal or hexadecimal: some resolvers make an address of
// it (WHATWG URL standard, "ends in a number").
func numeric(host string) bool {
	last := strings.ToLower(host[strings.LastIndexByte(host, '.')+1:])
	if hex, ok := strings.CutPrefix(last, "0x"); ok {
		return strings.Trim(hex, "0123456789abcdef") == ""
	}
	return last != "" && strings.Trim(last, "0123456789") == ""
}

func refusal(host string, port uint16, cause error) error {
	if errors.Is(cause, ssrf.ErrProhibitedPort) {
		return errs.Invalid("blocked_port", "port %d is not allowed: postbacks go to ports 80 and 443, unless WAYPOST_OUTBOUND_ALLOW names the address", port).At("body.url")
	}
	return errs.Invalid("blocked_address", "%s leads to an address that postbacks may not reach: private, local or reserved", host).At("body.url")
}
