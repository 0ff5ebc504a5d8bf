package main

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"sync/atomic"
	"time"
)

// network is what clicks and postbacks are about: one advertiser's offer, and affiliates.
type network struct {
	offer      string
	token      string // the advertiser's
	affiliates []string
}

const affiliates = 16

func (p *product) makeNetwork(ctx context.Context) (*network, error) {
	advertiser, err := p.api(ctx, "POST", "/advertisers", object{"name": "Shop", "override_percent": "20"}, http.StatusCreated)
	if err != nil {
		return nil, err
	}
	offer, err := p.api(ctx, "POST", "/offers", object{"advertiser_id": advertiser["id"], "name": "Offer", "status": "active",
		"destination_url": "https://shop.example/land?cid={click_id}&s={sub1}"}, http.StatusCreated)
	if err != nil {
		return nil, err
	}
	n := &network{offer: offer.text("id"), token: advertiser.text("postback_token")}
	for i := range affiliates {
		id, err := p.makeAffiliate(ctx, fmt.Sprintf("Buyer %d", i+1))
		if err != nil {
			return nil, err
		}
		n.affiliates = append(n.affiliates, id)
	}
	return n, nil
}

func (p *product) makeAffiliate(ctx context.Context, name string) (string, error) {
	affiliate, err := p.api(ctx, "POST", "/affiliates", object{"name": name}, http.StatusCreated)
	return affiliate.text("id"), err
}

// approved is what the affiliates are owed, in cents.
func (p *product) approved(ctx context.Context, affiliates []string) (cents int64, err error) {
	for _, id := range affiliates {
		answer, err := p.api(ctx, "GET", "/affiliates/"+id+"/balance", nil, http.StatusOK)
		if err != nil {
			return 0, err
		}
		items, _ := answer["items"].([]any)
		for _, item := range items {
			text := object(item.(map[string]any)).text("approved")
			n, err := strconv.ParseInt(strings.Replace(text, ".", "", 1), 10, 64)
			if err != nil {
				return 0, fmt.Errorf("balance of affiliate %s: %w", id, err)
			}
			cents += n
		}
	}
	return cents, nil
}

// clickRequest is one visitor's request, of which only the affiliate's own click id changes.
type clickRequest struct {
	bytes  []byte
	number []byte // within bytes
	n      uint64
}

// newClickRequest is a browser's request for a tracking link. Visitors differ in browser version, campaign and page.
func newClickRequest(addr, offer, affiliate string, visitor int) *clickRequest {
	head := fmt.Sprintf("GET /click?o=%s&a=%s&sub1=campaign-%d&sub2=banner&source=news&aff_click_id=%04d-", offer, affiliate, visitor%20, visitor)
	const number = "000000000"
	tail := fmt.Sprintf(" HTTP/1.1\r\nHost: %s\r\n"+
		"User-Agent: Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/%d.0.0.0 Safari/537.36\r\n"+
		"Accept: text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8\r\nAccept-Language: en-GB,en;q=0.9\r\n"+
		"Accept-Encoding: gzip, deflate, br\r\nReferer: https://blog.example/post/%d\r\n\r\n", addr, 100+visitor%64, visitor)
	r := &clickRequest{bytes: []byte(head + number + tail)}
	r.number = r.bytes[len(head) : len(head)+len(number)]
	return r
}

func (r *clickRequest) next() []byte {
	r.n++
	for i, n := len(r.number)-1, r.n; i >= 0; i, n = i-1, n/10 {
		r.number[i] = byte('0' + n%10)
	}
	return r.bytes
}

// clickFault tells why an answer is no acknowledged click; empty = it is one.
func clickFault(a response, err error) string {
	switch {
	case err != nil:
		return err.Error()
	case a.status != http.StatusFound:
		return fmt.Sprintf("status %d", a.status)
	case bytes.Contains(a.header, []byte("Waypost-Stored:")):
		return "redirected, not stored"
	}
	return ""
}

// clickRequests gives each connection a visitor, the affiliates taking turns.
func clickRequests(c *client, offer string, affiliates []string) []*clickRequest {
	requests := make([]*clickRequest, len(c.conns))
	for i := range requests {
		requests[i] = newClickRequest(c.addr, offer, affiliates[i%len(affiliates)], i)
	}
	return requests
}

// makeClicks makes n clicks and returns their ids as the links' destinations show them, the affiliates mixed.
func (r *run) makeClicks(ctx context.Context, affiliates []string, n int) ([]string, error) {
	c, err := dial(r.product.addr, r.conns, makeLimit)
	if err != nil {
		return nil, err
	}
	defer c.close()
	ids := make([]string, n)
	var next atomic.Int64
	requests := clickRequests(c, r.network.offer, affiliates)
	o := closedLoop{workers: r.conns, step: func(worker int) (string, bool) {
		i := int(next.Add(1)) - 1
		if i >= n {
			return "", false
		}
		a, err := c.call(worker, requests[worker].next())
		if fault := clickFault(a, err); fault != "" {
			return fault, true
		}
		_, id, _ := bytes.Cut(a.header, []byte("cid="))
		if len(id) < clickIDLength {
			return "a redirect without the click's id", true
		}
		ids[i] = string(id[:clickIDLength])
		return "", true
	}}.run(ctx)
	if err := o.err(); err != nil {
		return nil, err
	}
	if o.acknowledged < n {
		return nil, fmt.Errorf("made %d of %d clicks: %w", o.acknowledged, n, context.Cause(ctx))
	}
	return ids, r.product.settled(ctx)
}

const (
	clickIDLength = 32
	makeLimit     = time.Minute
)
