package tracking

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/waypost/waypost/domain/click"
	"github.com/waypost/waypost/domain/conversion"
	"github.com/waypost/waypost/domain/offer"
)

// rememberClick leaves the click in a cookie of the tracking host, for as long as it may convert, so that a pixel finds
// it. Only over https does a browser take and send it from another site's page.
func (t *Tracking) rememberClick(w *echo.Response, route *click.Route, idText string) {
	attributes := "; SameSite=Lax"
	if t.HTTPS {
		attributes = "; Secure; SameSite=None"
	}
	w.Header()["Set-Cookie"] = []string{route.Cookie() + idText + route.CookieLife() + attributes}
}

// cookieClick is the click id of a pixel's visitor, "" if none is known: of the offer that the call names as offer_id
// or o, else the newest of those that may be meant, which are those of the token's advertiser, if there is a token.
func (t *Tracking) cookieClick(r *http.Request, call conversion.Call) string {
	cookies := r.Cookies()
	if len(cookies) == 0 {
		return ""
	}
	routing := t.Routing.Current()
	wanted, chosen := pixelOffer(call.RawQuery)
	sent, _ := conversion.ParseSent(call)
	sender := routing.Sender(sent.Token)
	newest := ""
	for _, cookie := range cookies {
		text, ours := strings.CutPrefix(cookie.Name, click.CookiePrefix)
		n, err := strconv.ParseInt(text, 10, 64)
		if !ours || err != nil || cookie.Value <= newest { // ids sort by their time
			continue
		}
		id := offer.ID(n)
		if chosen && id != wanted {
			continue
		}
		if sender != nil && !chosen {
			route := routing.Offers[id]
			if route == nil {
				continue
			}
			if owner := routing.Advertisers[route.AdvertiserID]; owner == nil || owner.TokenHash != sender.TokenHash {
				continue
			}
		}
		if _, err := t.Signer.Parse(cookie.Value, call.ReceivedAt); err == nil {
			newest = cookie.Value
		}
	}
	return newest
}

// pixelOffer is the offer that a pixel's query names.
func pixelOffer(rawQuery string) (offer.ID, bool) {
	query, _ := url.ParseQuery(rawQuery) // what it could read of a broken one
	for _, name := range linkNames[paramOffer] {
		if n, err := strconv.ParseInt(query.Get(name), 10, 64); err == nil && n > 0 {
			return offer.ID(n), true
		}
	}
	return 0, false
}
