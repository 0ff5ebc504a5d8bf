package click

import (
	"cmp"
	"context"
	"crypto/sha256"
	"fmt"

	"github.com/waypost/waypost/domain/advertiser"
	"github.com/waypost/waypost/domain/affiliate"
	"github.com/waypost/waypost/domain/offer"
)

// RoutingStore reads the catalogue as the click path needs it.
type RoutingStore interface {
	// CatalogueVersion grows with every change of the catalogue.
	CatalogueVersion(ctx context.Context) (int64, error)
	// LoadRouting reads version and catalogue in one snapshot of the database.
	LoadRouting(ctx context.Context) (*Routing, error)
}

// Routing is the catalogue in the form that decides clicks: small enough to be held in memory by every tracking node
// and kept on disk for a start while the database is away. It is immutable once built.
type Routing struct {
	Version     int64                              `json:"version"`
	Offers      map[offer.ID]*Route                `json:"offers"`
	Affiliates  map[affiliate.ID]bool              `json:"affiliates"`  // true = active
	Advertisers map[advertiser.ID]*RoutedSender    `json:"advertisers"` // who may send postbacks
	Access      map[offer.ID]map[affiliate.ID]bool `json:"access"`      // the approved ones; not asked for public offers

	senders     map[[32]byte]*RoutedSender // by the hash of their token
	otherForms  bool
	anyOpen     bool
	anyAlwaysOK bool
}

// CookiePrefix and an offer's id name the cookie that holds a visitor's newest click on that offer.
const CookiePrefix = "wp_o"

// Route is one offer.
type Route struct {
	OfferID      offer.ID         `json:"offer_id"`
	OfferName    string           `json:"offer_name"`
	AdvertiserID advertiser.ID    `json:"advertiser_id"`
	Active       bool             `json:"active"` // the offer takes clicks and its advertiser is active
	Visibility   offer.Visibility `json:"visibility"`
	Destination  string           `json:"destination"`
	FallbackURL  string           `json:"fallback_url,omitempty"`
	WindowDays   int              `json:"window_days,omitempty"` // how long a click may convert; 0 = the default

	template Template
	fallback Template

	cookie, cookieLife string
}

// Template is the destination, parsed once by Compile.
func (r *Route) Template() Template { return r.template }

// Fallback is FallbackURL, parsed once by Compile.
func (r *Route) Fallback() Template { return r.fallback }

// Cookie is the beginning of the cookie that remembers a click on the offer: its name and "=".
func (r *Route) Cookie() string { return r.cookie }

// CookieLife is the rest of that cookie but for what depends on the address: how long it lives, and where.
func (r *Route) CookieLife() string { return r.cookieLife }

// RoutedSender is what a tracking node must know of an advertiser to judge a postback while the database is away.
type RoutedSender struct {
	Auth      advertiser.Auth `json:"auth"`
	TokenHash [32]byte        `json:"token_hash"` // SHA-256
	AlwaysOK  bool            `json:"always_ok,omitempty"`
}

// Compile parses the destinations; call it once after loading, before the routing is shared.
func (r *Routing) Compile() {
	for _, route := range r.Offers {
		route.template = DestinationMacros.Parse(route.Destination)
		route.fallback = DestinationMacros.Parse(route.FallbackURL)
		route.cookie = fmt.Sprintf(CookiePrefix+"%d=", route.OfferID)
		route.cookieLife = fmt.Sprintf("; Path=/; Max-Age=%d; HttpOnly", cmp.Or(route.WindowDays, offer.DefaultWindowDays)*24*60*60)
	}
	r.senders = make(map[[32]byte]*RoutedSender, len(r.Advertisers))
	r.otherForms, r.anyOpen, r.anyAlwaysOK = false, false, false
	for _, sender := range r.Advertisers {
		r.senders[sender.TokenHash] = sender
		r.otherForms = r.otherForms || sender.Auth != advertiser.AuthToken
		r.anyOpen = r.anyOpen || sender.Auth == advertiser.AuthIP || sender.Auth == advertiser.AuthNone
		r.anyAlwaysOK = r.anyAlwaysOK || sender.AlwaysOK
	}
}

// Sender is an advertiser who has this token, nil if none has. The look-up is by hash, so that its time tells nothing
// about a token. The nil Routing knows nobody.
func (r *Routing) Sender(token string) *RoutedSender {
	if r == nil || token == "" {
		return nil
	}
	return r.senders[sha256.Sum256([]byte(token))]
}

// OnlyTokens tells that every advertiser proves itself by its token alone. The nil Routing does not know.
func (r *Routing) OnlyTokens() bool { return r != nil && !r.otherForms }

// AnyOpen tells that some advertiser takes calls that carry neither a token nor a signature.
func (r *Routing) AnyOpen() bool { return r != nil && r.anyOpen }

// AnyAlwaysOK tells that some advertiser wants HTTP 200 whatever the outcome.
func (r *Routing) AnyAlwaysOK() bool { return r != nil && r.anyAlwaysOK }

// Decide is the verdict on a click on offer o by affiliate a: the route (nil for an unknown offer) and the first
// reason that speaks against it, in the order of contract section 2.
func (r *Routing) Decide(o offer.ID, a affiliate.ID) (*Route, Reason) {
	route, ok := r.Offers[o]
	if !ok {
		return nil, ReasonOfferNotFound
	}
	if !route.Active {
		return route, ReasonOfferInactive
	}
	active, ok := r.Affiliates[a]
	if !ok {
		return route, ReasonAffiliateNotFound
	}
	if !active {
		return route, ReasonAffiliateInactive
	}
	if route.Visibility != offer.VisibilityPublic && !r.Access[o][a] {
		return route, ReasonNotApproved
	}
	return route, ReasonNone
}
