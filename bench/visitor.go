package main

import (
	"bytes"
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"sync/atomic"
	"time"

	"github.com/maxmind/mmdbwriter"
	"github.com/maxmind/mmdbwriter/mmdbtype"
)

// agents are 200 different User-Agent headers: ten browsers in twenty versions.
var agents = func() (list []string) {
	const chrome, webkit = "AppleWebKit/537.36 (KHTML, like Gecko) Chrome/%d.0.0.0 ", "AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.%d "
	for version := range 20 {
		for _, browser := range []struct {
			format string
			first  int // version
		}{
			{"(Windows NT 10.0; Win64; x64) " + chrome + "Safari/537.36", 110},
			{"(Macintosh; Intel Mac OS X 10_15_7) " + chrome + "Safari/537.36", 110},
			{"(Linux; Android 14; Pixel 8) " + chrome + "Mobile Safari/537.36", 110},
			{"(Linux; Android 13; SM-S918B) " + chrome + "Mobile Safari/537.36", 110},
			{"(iPhone; CPU iPhone OS 17_5 like Mac OS X) " + webkit + "Mobile/15E148 Safari/604.1", 0},
			{"(iPad; CPU OS 17_5 like Mac OS X) " + webkit + "Mobile/15E148 Safari/604.1", 0},
			{"(Macintosh; Intel Mac OS X 14_5) " + webkit + "Safari/605.1.15", 0},
			{"(Windows NT 10.0; Win64; x64; rv:109.0) Gecko/20100101 Firefox/%d.0", 105},
			{"(X11; Linux x86_64; rv:109.0) Gecko/20100101 Firefox/%d.0", 105},
			{"(Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 Safari/537.36 Edg/%d.0.0.0", 100},
		} {
			list = append(list, "Mozilla/5.0 "+fmt.Sprintf(browser.format, browser.first+version))
		}
	}
	return list
}()

// The networks that visitors come from: each /16 of these has a country.
const (
	firstNetwork, lastNetwork = 20, 80
	countries                 = "USGBDEFRITESPLNLBRINIDPHVNTHMXARCOCLZANGKEEGTRSAAEILUAROHUCZGRPTSEFIDKNO"
)

func country(n int) string {
	n = n * 7 % (len(countries) / 2)
	return countries[2*n : 2*n+2]
}

// visitor gives the address of the n-th visitor, and its country.
func visitor(n int) (ip, of string) {
	n = n * 507_452_113 & math.MaxInt32 // scattered
	network := n % ((lastNetwork - firstNetwork) << 8)
	return fmt.Sprintf("%d.%d.%d.%d", firstNetwork+network>>8, network&255, n>>16&255, 1+n>>3&127), country(network)
}

// writeGeoDB writes a database of countries of some fifteen thousand networks.
func writeGeoDB(path string) error {
	tree, err := mmdbwriter.New(mmdbwriter.Options{DatabaseType: "GeoLite2-Country"})
	if err != nil {
		return err
	}
	for i := range (lastNetwork - firstNetwork) << 8 {
		network := &net.IPNet{IP: net.IP{byte(firstNetwork + i>>8), byte(i), 0, 0}, Mask: net.CIDRMask(16, 32)}
		if err := tree.Insert(network, mmdbtype.Map{"country": mmdbtype.Map{"iso_code": mmdbtype.String(country(i))}}); err != nil {
			return err
		}
	}
	var b bytes.Buffer
	if _, err := tree.WriteTo(&b); err != nil {
		return err
	}
	return os.WriteFile(path, b.Bytes(), 0o644)
}

// clickRequest is one visitor's request, of which only the affiliate's own click id changes.
type clickRequest struct {
	bytes  []byte
	number []byte // within bytes
	n      uint64
}

// newClickRequest is a browser's request for a tracking link with eight parameters besides offer and affiliate. It comes
// through a proxy, which names the visitor's address.
func newClickRequest(addr string, w way, number int) *clickRequest {
	ip, _ := visitor(number)
	head := fmt.Sprintf("GET /click?o=%d&a=%d&sub1=campaign-%d&sub2=adset-%d&sub3=ad-%d&sub4=placement-%d&sub5=keyword&source=news&creative_id=c%d&aff_click_id=%05d-",
		w.offer.id, w.affiliate, number%20, number%50, number%90, number%7, number%90, number)
	const counter = "000000000"
	tail := fmt.Sprintf(" HTTP/1.1\r\nHost: %s\r\nUser-Agent: %s\r\n"+
		"Accept: text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8\r\nAccept-Language: en-GB,en;q=0.9\r\n"+
		"Accept-Encoding: gzip, deflate, br\r\nX-Forwarded-For: %s\r\nReferer: https://blog.example/post/%d\r\n\r\n",
		addr, agents[number%len(agents)], ip, number)
	r := &clickRequest{bytes: []byte(head + counter + tail)}
	r.number = r.bytes[len(head) : len(head)+len(counter)]
	return r
}

func (r *clickRequest) next() []byte {
	r.n++
	for i, n := len(r.number)-1, r.n; i >= 0; i, n = i-1, n/10 {
		r.number[i] = byte('0' + n%10)
	}
	return r.bytes
}

// clickID is the text between cid= and the next parameter; nil if the answer has none, as a fallback has.
func clickID(header []byte) []byte {
	_, id, _ := bytes.Cut(header, []byte("cid="))
	if len(id) < clickIDLength {
		return nil
	}
	return id[:clickIDLength]
}

// faultNotStored is a redirect whose click could not be made durable in time.
const faultNotStored = "redirected, not stored"

// clickFault tells why an answer is no acknowledged click; empty = it is one.
func clickFault(a response, err error) string {
	switch {
	case err != nil:
		return err.Error()
	case a.status != http.StatusFound:
		return fmt.Sprintf("status %d", a.status)
	case clickID(a.header) == nil:
		return "a redirect without a click's id"
	case bytes.Contains(a.header, []byte("Waypost-Stored:")):
		return faultNotStored
	}
	return ""
}

// visitors is the traffic of one connection: its visitors take turns.
type visitors struct {
	requests []*clickRequest
	turn     int
}

func (v *visitors) next() (request []byte, of int) {
	of = v.turn
	v.turn = (v.turn + 1) % len(v.requests)
	return v.requests[of].next(), of
}

// perConnection is how many visitors share a connection, as they do behind a proxy.
const perConnection = 16

// newVisitors gives each connection its visitors; the ways take turns.
func newVisitors(c *client, ways []way) []*visitors {
	all := make([]*visitors, len(c.conns))
	for i := range all {
		all[i] = &visitors{}
		for k := range perConnection {
			n := i*perConnection + k
			all[i].requests = append(all[i].requests, newClickRequest(c.addr, ways[n%len(ways)], n))
		}
	}
	return all
}

// clicked is a click that a postback can be sent for.
type clicked struct {
	id    string // as the destination shows it, or the UUID
	token string // its advertiser's
}

// makeClicks makes n clicks.
func (r *run) makeClicks(ctx context.Context, ways []way, n int) ([]clicked, error) {
	c, err := dial(r.product.addr, r.conns, makeLimit)
	if err != nil {
		return nil, err
	}
	defer c.close()
	made := make([]clicked, n)
	var next atomic.Int64
	traffic := newVisitors(c, ways)
	o := closedLoop{workers: r.conns, step: func(worker int) (string, bool) {
		i := int(next.Add(1)) - 1
		if i >= n {
			return "", false
		}
		request, of := traffic[worker].next()
		a, err := c.call(worker, request)
		fault := clickFault(a, err)
		if fault == faultNotStored { // the disk took over a second; these clicks are only made to be sold
			a, err = c.call(worker, request)
			fault = clickFault(a, err)
		}
		if fault != "" {
			return fault, true
		}
		made[i] = clicked{string(clickID(a.header)), ways[(worker*perConnection+of)%len(ways)].advertiser.token}
		return "", true
	}}.run(ctx)
	if err := o.err(); err != nil {
		return nil, err
	}
	if o.acknowledged < n {
		return nil, fmt.Errorf("made %d of %d clicks: %w", o.acknowledged, n, context.Cause(ctx))
	}
	rand.Shuffle(n, func(i, j int) { made[i], made[j] = made[j], made[i] })
	return made, r.product.settled(ctx)
}

const (
	clickIDLength = 32
	makeLimit     = time.Minute
)
