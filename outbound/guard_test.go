package outbound

import (
	"context"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"

	"golang.org/x/net/dns/dnsmessage"

	"github.com/waypost/waypost/domain/click"
	"github.com/waypost/waypost/domain/errs"
)

// names is a resolver that knows these names; a list of addresses is given one by one, a look-up each, the last for
// good.
func names(t testing.TB, known map[string][]string) *net.Resolver {
	t.Helper()
	asked := map[string]*atomic.Int64{}
	for name := range known {
		asked[name] = &atomic.Int64{}
	}
	answer := func(query []byte) ([]byte, error) {
		var m dnsmessage.Message
		if err := m.Unpack(query); err != nil {
			return nil, err
		}
		m.Response, m.Authoritative = true, true
		q := m.Questions[0]
		name := strings.ToLower(strings.TrimSuffix(q.Name.String(), "."))
		addresses := known[name]
		if len(addresses) == 0 {
			m.RCode = dnsmessage.RCodeNameError
			return m.Pack()
		}
		// A and AAAA are asked for together; the A decides about the turn.
		turn := asked[name].Load()
		if q.Type == dnsmessage.TypeA {
			asked[name].Add(1)
		}
		header := dnsmessage.ResourceHeader{Name: q.Name, Class: dnsmessage.ClassINET}
		for _, text := range strings.Split(addresses[min(int(turn), len(addresses)-1)], ",") {
			ip := netip.MustParseAddr(text)
			switch {
			case ip.Is4() && q.Type == dnsmessage.TypeA:
				m.Answers = append(m.Answers, dnsmessage.Resource{Header: header, Body: &dnsmessage.AResource{A: ip.As4()}})
			case ip.Is6() && q.Type == dnsmessage.TypeAAAA:
				m.Answers = append(m.Answers, dnsmessage.Resource{Header: header, Body: &dnsmessage.AAAAResource{AAAA: ip.As16()}})
			}
		}
		return m.Pack()
	}
	return &net.Resolver{PreferGo: true, Dial: func(context.Context, string, string) (net.Conn, error) {
		ours, theirs := net.Pipe() // a stream, so each message has its length before it
		go func() {
			defer theirs.Close()
			for {
				var length [2]byte
				if _, err := io.ReadFull(theirs, length[:]); err != nil {
					return
				}
				query := make([]byte, binary.BigEndian.Uint16(length[:]))
				if _, err := io.ReadFull(theirs, query); err != nil {
					return
				}
				reply, err := answer(query)
				if err != nil {
					return
				}
				if _, err := theirs.Write(append(binary.BigEndian.AppendUint16(nil, uint16(len(reply))), reply...)); err != nil {
					return
				}
			}
		}()
		return ours, nil
	}}
}

// refusedAddresses are where no connection may go on port 80.
var refusedAddresses = []string{
	"0.0.0.0", "0.1.2.3", "10.0.0.1", "10.255.255.255", "100.64.0.1", "100.100.100.200", "127.0.0.1", "127.255.255.254",
	"169.254.0.1", "169.254.169.254", "169.254.170.2", "172.16.0.1", "172.31.255.255", "192.0.0.1", "192.0.0.192", "192.0.2.1",
	"192.88.99.1", "192.168.0.1", "192.168.255.255", "198.18.0.1", "198.51.100.1", "203.0.113.1", "224.0.0.1", "239.255.255.250",
	"240.0.0.1", "255.255.255.255", "168.63.129.16",
	"::", "::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:169.254.169.254", "::ffff:168.63.129.16", "::127.0.0.1", "64:ff9b::7f00:1",
	"64:ff9b::a9fe:a9fe", "64:ff9b:1::1", "100::1", "2001::1", "2001:db8::1", "2002:7f00:1::1", "2002:a9fe:a9fe::1", "3fff::1",
	"5f00::1", "fc00::1", "fd00:ec2::254", "fe80::1", "fec0::1", "ff02::1", "4000::1",
}

var publicAddresses = []string{"1.1.1.1", "8.8.8.8", "93.184.216.34", "172.15.0.1", "172.32.0.1", "100.63.0.1", "192.167.1.1",
	"::ffff:8.8.8.8", "2606:4700:4700::1111", "2a00:1450:4001:81b::200e"}

func TestControl(t *testing.T) {
	t.Parallel()
	g := NewGuard(nil)
	dial := func(ip, port string) error {
		network := "tcp4"
		if strings.Contains(ip, ":") {
			network = "tcp6"
		}
		return g.Control(network, net.JoinHostPort(ip, port), nil)
	}
	for _, ip := range refusedAddresses {
		if err := dial(ip, "80"); !errors.Is(err, ErrBlocked) {
			t.Errorf("%s: %v", ip, err)
		}
	}
	for _, ip := range publicAddresses {
		for _, port := range []string{"80", "443"} {
			if err := dial(ip, port); err != nil {
				t.Errorf("%s: %v", ip, err)
			}
		}
		for _, port := range []string{"22", "25", "81", "8080", "5432", "6379"} {
			if err := dial(ip, port); !errors.Is(err, ErrBlocked) {
				t.Errorf("%s port %s: %v", ip, port, err)
			}
		}
	}
	for _, c := range [][2]string{{"udp4", "8.8.8.8:80"}, {"unix", "/run/x"}, {"tcp4", "8.8.8.8"}, {"tcp6", "[fe80::1%eth0]:80"}} {
		if err := g.Control(c[0], c[1], nil); !errors.Is(err, ErrBlocked) {
			t.Errorf("%v: %v", c, err)
		}
	}
}

func TestControlWithExceptions(t *testing.T) {
	t.Parallel()
	g := NewGuard([]netip.Prefix{netip.MustParsePrefix("10.1.0.0/16"), netip.MustParsePrefix("fd00::/64")})
	for address, allowed := range map[string]bool{
		"10.1.2.3:8080": true, "10.1.2.3:80": true, "10.2.0.1:80": false, "[::ffff:10.1.2.3]:9000": true,
		"[fd00::5]:25": true, "[fd00:1::5]:80": false, "8.8.8.8:443": true, "8.8.8.8:8080": false, "127.0.0.1:80": false,
	} {
		if err := g.Control("tcp4", address, nil); (err == nil) != allowed {
			t.Errorf("%s: %v", address, err)
		}
	}
}

// The corpus: what must be refused when a postback is saved, by the lint of its form or by the guard.
func TestRefusedAtSave(t *testing.T) {
	t.Parallel()
	g := newGuard(nil, names(t, map[string][]string{
		"private.test": {"10.0.0.1"}, "loopback.test": {"127.0.0.1"}, "metadata.test": {"169.254.169.254"}, "six.test": {"::1"},
		"mapped.test": {"::ffff:127.0.0.1"}, "nat64.test": {"64:ff9b::a9fe:a9fe"}, "both.test": {"10.0.0.1,fd00::1"}, "public.test": {"93.184.216.34"},
	}))
	urls := []string{
		// Numbers that some readers take for 127.0.0.1 or 169.254.169.254.
		"http://2130706433/", "http://0x7f000001/", "http://0x7f.1/", "http://0177.0.0.1/", "http://017700000001/", "http://127.1/",
		"http://127.0.1/", "http://0/", "http://0x0/", "http://00000177.0.0.1/", "http://127.0.0.0x1/", "http://127.0.0.01/", "http://2852039166/",
		"http://0xa9fea9fe/", "http://0251.0376.0251.0376/", "http://169.254.43518/", "http://1.2.3.4.5/", "http://256.256.256.256/", "http://127.0.0.1./",
		"http://0x/",
		// Signs that look like dots, digits or letters.
		"http://127。0。0。1/", "http://127．0．0．1/", "http://127｡0｡0｡1/", "http://①②⑦.⓪.⓪.①/", "http://ⓛocalhost/", "http://loc%61lhost/", "http://%31%32%37.0.0.1/",
		// Userinfo, and what hides the true host.
		"http://user@127.0.0.1/", "http://public.test@127.0.0.1/", "http://127.0.0.1@public.test/", "http://public.test:80@127.0.0.1/", "http://@127.0.0.1/",
		"http://public.test\\@127.0.0.1/", "http://public.test#@127.0.0.1:22/\t", "http://[::1]@public.test/", "http:127.0.0.1/", "http:///127.0.0.1/", "//127.0.0.1/",
		"http://public.test /", "http://public.test\r\nHost:127.0.0.1/",
		// Schemes.
		"file:///etc/passwd", "ftp://public.test/", "gopher://public.test:70/_x", "dict://public.test:11211/", "javascript:alert(1)", "unix:///run/x.sock",
		// Ports.
		"http://public.test:22/", "http://93.184.216.34:8080/", "https://public.test:6379/", "http://public.test:0/", "http://public.test:65536/", "http://public.test:80x/",
		"http://unknown.test:8080/", "http://public.test:-1/", "http://public.test:0x50/",
		// IPv6.
		"http://[::1]/", "http://[::]/", "http://[::ffff:127.0.0.1]/", "http://[0:0:0:0:0:ffff:7f00:1]/", "http://[64:ff9b::7f00:1]/", "http://[2002:7f00:1::]/",
		"http://[fe80::1]/", "http://[fe80::1%25eth0]/", "http://[fd00:ec2::254]/", "http://[::1", "http://::1/", "http://[127.0.0.1]/",
		// Names.
		"http://private.test/", "http://loopback.test/", "http://LOOPBACK.test./", "http://metadata.test/latest/meta-data/", "http://six.test/", "http://mapped.test/",
		"http://nat64.test/", "http://both.test/", "http://localhost/", "http://localhost./", "http://{sub1}.test/", "http://private.test{sub1}/",
	}
	for _, ip := range refusedAddresses {
		host := ip
		if strings.Contains(ip, ":") {
			host = "[" + ip + "]"
		}
		urls = append(urls, "http://"+host+"/", "https://"+host+"/?c={click_id}")
	}
	for _, u := range urls {
		if err := save(g, u); !errs.Is(err, errs.KindInvalid) {
			t.Errorf("%q was accepted: %v", u, err)
		}
	}
}

// save is what a service does before it stores an address.
func save(g *Guard, address string) error {
	if _, err := click.LintPostback(address); err != nil {
		return err
	}
	_, err := g.CheckURL(context.Background(), address)
	return err
}

// The guard on its own refuses what it cannot tell apart, too.
func TestGuardWithoutLint(t *testing.T) {
	t.Parallel()
	g := newGuard(nil, names(t, map[string][]string{"public.test": {"93.184.216.34"}}))
	for _, u := range []string{"http://user@public.test/", "http://public.test:80@127.0.0.1/", "http://0x7f.1/", "http://2130706433/", "http://127.0.0.1./",
		"ftp://public.test/", "http:///x", "", "http://[::1", "http://public.test:99999/", "http://[fe80::1%25eth0]/"} {
		if _, err := g.CheckURL(context.Background(), u); !errs.Is(err, errs.KindInvalid) {
			t.Errorf("%q: %v", u, err)
		}
	}
}

func TestAcceptedAtSave(t *testing.T) {
	t.Parallel()
	resolver := names(t, map[string][]string{"public.test": {"93.184.216.34"}, "both.test": {"10.0.0.1,2606:4700::1"}, "inside.test": {"10.1.2.3"},
		"xn--bcher-kva.test": {"93.184.216.34"}})
	strict, open := newGuard(nil, resolver), newGuard([]netip.Prefix{netip.MustParsePrefix("10.1.0.0/16")}, resolver)
	for _, c := range []struct {
		guard   *Guard
		url     string
		warning string
	}{
		{strict, "https://public.test/pb?c={aff_click_id}", ""},
		{strict, "HTTPS://Public.Test:443/pb", ""},
		{strict, "http://public.test:80", ""},
		{strict, "http://public.test./", ""},
		{strict, "http://93.184.216.34/", ""},
		{strict, "https://[2606:4700::1]/?x={_sub1}", ""},
		{strict, "https://both.test/", ""},
		{strict, "https://xn--bcher-kva.test/", ""},
		{strict, "https://nowhere.test/", "host_unresolved"},
		{open, "http://inside.test:8080/", ""},
		{open, "http://10.1.9.9:9000/", ""},
		{open, "http://nowhere.test:9000/", "host_unresolved"},
	} {
		if _, err := click.LintPostback(c.url); err != nil {
			t.Errorf("%s: lint: %v", c.url, err)
		}
		warnings, err := c.guard.CheckURL(context.Background(), c.url)
		if err != nil || len(warnings) > 1 || (len(warnings) == 1) != (c.warning != "") || len(warnings) == 1 && warnings[0].Code != c.warning {
			t.Errorf("%s: %v, %v, want %q", c.url, warnings, err, c.warning)
		}
	}
	if err := save(open, "http://10.2.0.1:9000/"); !errs.HasCode(err, "blocked_port") {
		t.Errorf("beyond the exception: %v", err)
	}
	if err := save(strict, "http://10.2.0.1/"); !errs.HasCode(err, "blocked_address") {
		t.Errorf("private address: %v", err)
	}
}
