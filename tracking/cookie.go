package tracking

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/waypost/waypost/domain/advertiser"
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

// cookieClick is the click id of a pixel's visitor, "" if it is not known which is meant: the click on the offer that the
// call names as offer_id or o; else the newest on an offer of the token's advertiser; without a token the newest, if all
// are of one advertiser, for another's would be charged otherwise and read this one's sale. An offer that cannot be read
// and a token that nobody has tell that something is meant, but not what.
func (t *Tracking) cookieClick(r *http.Request, call conversion.Call) string {
	cookies := r.Cookies()
	if len(cookies) == 0 {
		return ""
	}
	wanted, named, ok := pixelOffer(call.RawQuery)
	if !ok {
		return ""
	}
	var sender *click.RoutedSender
	if sent, _ := conversion.ParseSent(call); !named && sent.Token != "" {
		if sender = t.Routing.Current().Sender(sent.Token); sender == nil {
			t.Routing.confirm(r.Context()) // the token may be new
			if sender = t.Routing.Current().Sender(sent.Token); sender == nil {
				return ""
			}
		}
	}
	routing := t.Routing.Current()
	newest, owner := "", advertiser.ID(0)
	for _, cookie := range cookies {
		text, ours := strings.CutPrefix(cookie.Name, click.CookiePrefix)
		n, err := strconv.ParseInt(text, 10, 64)
		if !ours || err != nil || n < 1 || named && offer.ID(n) != wanted {
			continue
		}
		of := ownerOf(routing, offer.ID(n))
		if sender != nil && (routing.Advertisers[of] == nil || routing.Advertisers[of].TokenHash != sender.TokenHash) {
			continue
		}
		if _, err := t.Signer.Parse(cookie.Value, call.ReceivedAt); err != nil {
			continue
		}
		if owner != 0 && of != owner {
			return ""
		}
		owner, newest = of, max(newest, cookie.Value) // ids sort by their time
	}
	return newest
}

// ownerOf is the advertiser of an offer; one of its own, that is none, for an offer that the catalogue does not have.
func ownerOf(routing *click.Routing, id offer.ID) advertiser.ID {
	if routing != nil {
		if route := routing.Offers[id]; route != nil {
			return route.AdvertiserID
		}
	}
	return advertiser.ID(-id)
}

// pixelOffer is the offer that a pixel's query names, if it names one; ok is false where it names something that is no
// id.
func pixelOffer(rawQuery string) (id offer.ID, named, ok bool) {
	query, _ := url.ParseQuery(rawQuery) // what it could read of a broken one
	for _, name := range linkNames[paramOffer] {
		if text := query.Get(name); text != "" {
			n, err := strconv.ParseInt(text, 10, 64)
			return offer.ID(n), true, err == nil && n > 0
		}
	}
	return 0, false, true
}
