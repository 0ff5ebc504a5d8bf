package demo

import (
	"fmt"
	"time"

	"github.com/waypost/waypost/domain/advertiser"
	"github.com/waypost/waypost/domain/affiliate"
	"github.com/waypost/waypost/domain/click"
	"github.com/waypost/waypost/domain/offer"
)

// browser is a User-Agent header and what package tracking reads in it.
type browser struct{ header, device, os, name string }

const webKit = " AppleWebKit/537.36 (KHTML, like Gecko) "

// browsers, as often as they are named.
var browsers = func() []browser {
	windows := browser{"Mozilla/5.0 (Windows NT 10.0; Win64; x64)" + webKit + "Chrome/142.0.0.0 Safari/537.36", "desktop", "Windows", "Chrome"}
	android := browser{"Mozilla/5.0 (Linux; Android 10; K)" + webKit + "Chrome/142.0.0.0 Mobile Safari/537.36", "mobile", "Android", "Chrome"}
	iphone := browser{"Mozilla/5.0 (iPhone; CPU iPhone OS 18_7 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.1 Mobile/15E148 Safari/604.1", "mobile", "iOS", "Safari"}
	return []browser{
		windows, windows, windows, windows, android, android, android, android, android, android, iphone, iphone, iphone, iphone, iphone,
		{"Mozilla/5.0 (Windows NT 10.0; Win64; x64)" + webKit + "Chrome/142.0.0.0 Safari/537.36 Edg/142.0.0.0", "desktop", "Windows", "Edge"},
		{"Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:145.0) Gecko/20100101 Firefox/145.0", "desktop", "Windows", "Firefox"},
		{"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.1 Safari/605.1.15", "desktop", "macOS", "Safari"},
		{"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7)" + webKit + "Chrome/142.0.0.0 Safari/537.36", "desktop", "macOS", "Chrome"},
		{"Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0", "desktop", "Linux", "Firefox"},
		{"Mozilla/5.0 (Linux; Android 10; K)" + webKit + "SamsungBrowser/29.0 Chrome/136.0.0.0 Mobile Safari/537.36", "mobile", "Android", "Samsung Browser"},
		{"Mozilla/5.0 (iPhone; CPU iPhone OS 18_7 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) CriOS/142.0.7444.77 Mobile/15E148 Safari/604.1", "mobile", "iOS", "Chrome"},
		{"Mozilla/5.0 (iPad; CPU OS 18_7 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.1 Mobile/15E148 Safari/604.1", "tablet", "iOS", "Safari"},
	}
}()

var robots = []browser{
	{"Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)", "other", "", "Googlebot"},
	{"Mozilla/5.0 (compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm)", "other", "", "Bingbot"},
	{"facebookexternalhit/1.1 (+http://www.facebook.com/externalhit_uatext.php)", "other", "", "facebookexternalhit"},
}

var languages = map[string]string{"US": "en-US", "CA": "en-CA", "GB": "en-GB", "IE": "en-IE", "AU": "en-AU", "DE": "de-DE", "AT": "de-AT",
	"CH": "de-CH", "FR": "fr-FR", "NL": "nl-NL", "BE": "nl-BE", "JP": "ja-JP", "KW": "ar-KW", "SA": "ar-SA", "AE": "ar-AE", "QA": "ar-QA",
	"BR": "pt-BR", "PT": "pt-PT", "MX": "es-MX", "ES": "es-ES", "IT": "it-IT", "PL": "pl-PL", "NO": "nb-NO", "SE": "sv-SE", "DK": "da-DK",
	"FI": "fi-FI", "IN": "en-IN", "ID": "id-ID", "VN": "vi-VN", "BD": "bn-BD", "RU": "ru-RU"}

// sources and campaigns of each means.
var sources = map[means][]string{
	search:    {"google", "google", "google", "bing", "duckduckgo"},
	social:    {"facebook", "instagram", "tiktok", "reddit"},
	native:    {"taboola", "outbrain", "mgid"},
	push:      {"propeller", "richads", "evadav"},
	email:     {"newsletter", "weekly-deals"},
	editorial: {"blog", "youtube", "podcast"},
}

var campaigns = map[means][]string{
	search:    {"brand-exact", "generic-broad", "competitors", "long-tail"},
	social:    {"lookalike-1", "retargeting", "interest-travel", "reels-autumn"},
	native:    {"listicle-7", "quiz-a", "advertorial-b"},
	push:      {"tier1-night", "android-cpc", "classic-22"},
	email:     {"issue-41", "issue-42", "issue-43", "welcome"},
	editorial: {"review", "top-10", "video-description"},
}

// visitor is what stays the same when somebody comes again.
type visitor struct {
	ip, country string
	browser     browser
	robot       bool
	partner     *partner
	product     string
}

// remembered is how many visitors may come again.
const remembered = 400

// newVisitor comes from an address range that is kept for documentation and tests: it is nobody's.
func (w *world) newVisitor(p *partner, product string) visitor {
	v := visitor{country: pick(w, p.countries), partner: p, product: product, browser: pick(w, browsers)}
	if w.draw.IntN(4) == 0 {
		v.ip = fmt.Sprintf("2001:db8:%x:%x::%x", w.draw.IntN(1<<12), w.draw.IntN(1<<16), 1+w.draw.IntN(1<<16-1))
	} else {
		v.ip = fmt.Sprintf("198.%d.%d.%d", 18+w.draw.IntN(2), w.draw.IntN(256), 1+w.draw.IntN(254))
	}
	if w.draw.IntN(40) == 0 {
		v.browser, v.robot, v.country = pick(w, robots), true, "US"
	}
	return v
}

// click is a visit through an affiliate's link at a time, decided by the catalogue as it is now.
func (w *world) click(v visitor, o offer.ID, a affiliate.ID, at time.Time) (click.Click, error) {
	id, err := click.Mint(at, w.Random)
	if err != nil {
		return click.Click{}, err
	}
	c := click.Click{ID: id, OfferID: o, AffiliateID: a}
	route, reason := w.routing().Decide(o, a)
	if route != nil {
		c.AdvertiserID = route.AdvertiserID
	}
	c.Reason = reason
	c.IP, c.Country, c.Robot, c.UserAgent = v.ip, v.country, v.robot, v.browser.header
	c.Device, c.OS, c.Browser, c.Language = v.browser.device, v.browser.os, v.browser.name, languages[v.country]
	p := v.partner
	c.Source = pick(w, sources[p.means])
	c.Subs[0] = pick(w, campaigns[p.means])
	if p.tracker != "" {
		c.AffClickID = fmt.Sprintf("%s-%012x", p.slug[:3], w.draw.Uint64N(1<<48))
		c.Subs[1] = fmt.Sprintf("ad%d", 100+w.draw.IntN(12))
	}
	if p.means == native || p.means == push {
		c.Subs[2] = fmt.Sprintf("zone%d", 1000+w.draw.IntN(60))
		c.CreativeID = fmt.Sprintf("%d", 1+w.draw.IntN(9))
	}
	if p.means == editorial {
		c.Referrer = "https://" + p.slug + ".example/" + c.Subs[0]
		c.LandingPageID = c.Subs[0]
	}
	return c, nil
}

func pick[T any](w *world, from []T) T { return from[w.draw.IntN(len(from))] }

// routing is the catalogue as the click path would have it.
func (w *world) routing() *click.Routing {
	if w.routes != nil {
		return w.routes
	}
	r := &click.Routing{Offers: map[offer.ID]*click.Route{}, Affiliates: map[affiliate.ID]bool{}, Access: map[offer.ID]map[affiliate.ID]bool{}}
	for _, p := range w.products {
		company := w.companyOf(p)
		r.Offers[p.ID] = &click.Route{OfferID: p.ID, AdvertiserID: p.AdvertiserID, Visibility: p.Visibility,
			Active: p.Status == offer.StatusActive && company.Status == advertiser.StatusActive}
		r.Access[p.ID] = map[affiliate.ID]bool{}
	}
	for _, p := range w.partners {
		r.Affiliates[p.ID] = p.Status == affiliate.StatusActive
	}
	for _, a := range w.access {
		r.Access[a.OfferID][a.AffiliateID] = a.Status == offer.AccessApproved
	}
	w.routes = r
	return r
}
