package click

import (
	"context"

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
}

// Route is one offer.
type Route struct {
	OfferID      offer.ID         `json:"offer_id"`
	OfferName    string           `json:"offer_name"`
	AdvertiserID advertiser.ID    `json:"advertiser_id"`
	Active       bool             `json:"active"` // the offer takes clicks and its advertiser is active
	Visibility   offer.Visibility `json:"visibility"`
	Destination  string           `json:"destination"`
	FallbackURL  string           `json:"fallback_url,omitempty"`

	template Template
	fallback Template
}

// Template is the destination, parsed once by Compile.
func (r *Route) Template() Template { return r.template }

// Fallback is FallbackURL, parsed once by Compile.
func (r *Route) Fallback() Template { return r.fallback }

// RoutedSender is what a tracking node must know of an advertiser to judge a postback while the database is away.
type RoutedSender struct {
	Auth      advertiser.Auth `json:"auth"`
	TokenHash [32]byte        `json:"token_hash"` // SHA-256
}

// Compile parses the destinations; call it once after loading, before the routing is shared.
func (r *Routing) Compile() {
	for _, route := range r.Offers {
		route.template = DestinationMacros.Parse(route.Destination)
		route.fallback = DestinationMacros.Parse(route.FallbackURL)
	}
}

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
