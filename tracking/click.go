package tracking

import (
	"context"
	"math/rand/v2"
	"net/http"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/waypost/waypost/domain/click"
	"github.com/waypost/waypost/domain/errs"
	"github.com/waypost/waypost/spool"
)

// click answers GET and HEAD /click.
func (t *Tracking) click(c echo.Context) error {
	began := time.Now()
	err := t.answerClick(c)
	since(t.metrics.clickTook, began)
	return err
}

// answerClick decides, makes durable and redirects.
func (t *Tracking) answerClick(c echo.Context) error {
	r := c.Request()
	var visit click.Click
	if err := parseLink(r.URL.RawQuery, &visit); err != nil {
		return invalidLink(c, err)
	}
	routing := t.Routing.Current()
	if routing == nil {
		t.metrics.unrouted.Inc()
		c.Response().Header().Set("Retry-After", "5")
		return plainPage(c, http.StatusServiceUnavailable)
	}
	route, reason := routing.Decide(visit.OfferID, visit.AffiliateID)
	if catalogueMayDiffer(reason) {
		t.Routing.confirm(r.Context())
		route, reason = t.Routing.Current().Decide(visit.OfferID, visit.AffiliateID)
	}
	visit.Reason = reason
	if route != nil {
		visit.AdvertiserID = route.AdvertiserID
	}
	t.readVisitor(c, &visit)
	var err error
	if visit.ID, err = click.Mint(t.Clock(), t.Random); err != nil {
		return err
	}
	remember := !unvisited(r) && t.store(c, &visit) && navigates(r)
	return t.forward(c, route, &visit, remember)
}

// catalogueMayDiffer tells the reasons that a newer catalogue could take back.
func catalogueMayDiffer(reason click.Reason) bool {
	switch reason {
	case click.ReasonOfferNotFound, click.ReasonOfferInactive, click.ReasonAffiliateNotFound, click.ReasonAffiliateInactive,
		click.ReasonNotApproved:
		return true
	}
	return false
}

// unvisited tells requests that follow the link although nobody clicked: HEAD, and what a browser fetches in advance.
func unvisited(r *http.Request) bool {
	if r.Method == http.MethodHead {
		return true
	}
	h := r.Header
	return isPrefetch(h, "Purpose") || isPrefetch(h, "Sec-Purpose") || isPrefetch(h, "X-Moz")
}

// navigates is false where the browser says that it fetches the link for a part of a page, such as an image: then no
// visitor followed it, and it leaves no cookie. Clients that do not say are believed.
func navigates(r *http.Request) bool {
	switch first(r.Header, "Sec-Fetch-Dest") {
	case "", "document", "iframe":
		return true
	}
	return false
}

// isPrefetch reads headers such as "Sec-Purpose: prefetch;prerender". key is canonical.
func isPrefetch(h http.Header, key string) bool {
	v := h[key]
	return len(v) > 0 && len(v[0]) >= len("prefetch") && strings.EqualFold(v[0][:len("prefetch")], "prefetch")
}

// readVisitor adds what the request itself tells.
func (t *Tracking) readVisitor(c echo.Context, visit *click.Click) {
	h := c.Request().Header
	if addr, err := netip.ParseAddr(c.RealIP()); err == nil {
		addr = addr.Unmap().WithZone("")
		visit.IP = addr.String()
		visit.Country = t.Country(addr)
	}
	visit.UserAgent = clean(first(h, "User-Agent"), maxAgent)
	visit.Referrer = clean(first(h, "Referer"), maxURL)
	visit.Language = language(first(h, "Accept-Language"))
	a := t.agents.parse(visit.UserAgent)
	visit.Device, visit.OS, visit.Browser, visit.Robot = a.device, a.os, a.browser, a.robot
}

// first is h.Get for a key that is canonical already.
func first(h http.Header, key string) string {
	if v := h[key]; len(v) > 0 {
		return v[0]
	}
	return ""
}

// language is the first tag of an Accept-Language header, such as de-DE; "" if it is none.
func language(header string) string {
	if i := strings.IndexAny(header, ",;"); i >= 0 {
		header = header[:i]
	}
	header = strings.TrimSpace(header)
	if len(header) > 35 { // the longest that RFC 5646, 4.4.1 expects
		return ""
	}
	for i := range len(header) {
		c := header[i]
		if c != '-' && (c < '0' || c > '9') && (c|0x20 < 'a' || c|0x20 > 'z') {
			return ""
		}
	}
	return header
}

// store makes the click durable. A client that has gone away has clicked all the same, so its going does not matter.
func (t *Tracking) store(c echo.Context, visit *click.Click) (stored bool) {
	buf := payloads.Get().(*[]byte)
	*buf = visit.AppendRecord((*buf)[:0])
	err := t.keep(spool.Record{Kind: click.RecordKind, ID: visit.ID, Payload: *buf})
	payloads.Put(buf)
	if err != nil { // the spool itself tells the operator why
		t.metrics.unstored.Inc()
		c.Response().Header().Set("Waypost-Stored", "no")
	}
	return err == nil
}

// keep makes a record durable. The spool copies it.
func (t *Tracking) keep(r spool.Record) error {
	ctx, cancel := context.WithTimeout(context.Background(), spoolWithin)
	defer cancel()
	began := time.Now()
	err := t.Spool.Append(ctx, r)
	since(t.metrics.appended, began)
	return err
}

// forward answers with the destination, or for a click that does not qualify with the first fallback there is. remember
// asks for a cookie, if the click qualifies.
func (t *Tracking) forward(c echo.Context, route *click.Route, visit *click.Click, remember bool) error {
	var target click.Template
	if visit.Valid() {
		t.metrics.valid.Inc()
		target = route.Template()
	} else {
		t.metrics.refused.Inc()
		if route != nil {
			target = route.Fallback()
		}
		if target.String() == "" {
			target = t.fallback
		}
	}
	w := c.Response()
	if target.String() == "" {
		return plainPage(c, http.StatusNotFound)
	}
	idText := t.Signer.Text(visit.ID)
	buf := payloads.Get().(*[]byte)
	*buf = target.AppendFill((*buf)[:0], func(name string) string {
		if name == "rand" {
			return strconv.FormatUint(uint64(rand.Uint32()), 10)
		}
		return visit.Macro(name, idText)
	})
	w.Header()["Location"] = []string{string(*buf)}
	w.Header()["Cache-Control"] = noStore
	payloads.Put(buf)
	if remember && visit.Valid() {
		t.rememberClick(w, route, idText)
	}
	w.WriteHeader(http.StatusFound)
	return nil
}

var noStore = []string{"no-store"}

// plainPage names no internals: neither the offer nor why.
func plainPage(c echo.Context, status int) error {
	c.Response().Header().Set("Cache-Control", "no-store")
	text := "This link leads nowhere at the moment."
	return c.HTML(status, "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>Not available</title><p>"+text+"</p></html>\n")
}

// invalidLink answers a link that names no offer or affiliate; nothing is stored, for there is nobody to tell.
func invalidLink(c echo.Context, err error) error {
	e, ok := errs.As(err)
	if !ok {
		return err
	}
	c.Response().Header().Set("Cache-Control", "no-store")
	return c.JSON(http.StatusBadRequest, map[string]any{"status": http.StatusBadRequest, "code": e.Code, "message": e.Message})
}
