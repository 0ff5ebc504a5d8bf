package pgstore

import (
	"context"
	"crypto/sha256"
	"database/sql"

	"gorm.io/gorm"

	"github.com/waypost/waypost/domain/advertiser"
	"github.com/waypost/waypost/domain/affiliate"
	"github.com/waypost/waypost/domain/click"
	"github.com/waypost/waypost/domain/offer"
)

// Routing reads the catalogue as the click path needs it; it implements click.RoutingStore.
type Routing struct{ db *DB }

// Routing is the store of the routing catalogue.
func (db *DB) Routing() Routing { return Routing{db} }

// CatalogueVersion implements click.RoutingStore.
func (s Routing) CatalogueVersion(ctx context.Context) (int64, error) {
	return catalogueVersion(s.db.orm(ctx))
}

func catalogueVersion(g *gorm.DB) (int64, error) {
	var version int64
	err := g.Raw("SELECT version FROM catalogue_version").Scan(&version).Error
	return version, translate("read catalogue version", err)
}

// LoadRouting implements click.RoutingStore. An advertiser whose token was sealed under a lost secret gets the zero
// hash, which no token has: its postbacks are refused, as LoadTerms refuses them, while all clicks go on.
func (s Routing) LoadRouting(ctx context.Context) (*click.Routing, error) {
	var r *click.Routing
	err := s.db.gorm.WithContext(ctx).Transaction(func(g *gorm.DB) (err error) {
		r, err = s.load(ctx, g)
		return err
	}, &sql.TxOptions{Isolation: sql.LevelRepeatableRead, ReadOnly: true})
	if err != nil {
		return nil, translate("load routing", err)
	}
	return r, nil
}

func (s Routing) load(ctx context.Context, g *gorm.DB) (*click.Routing, error) {
	version, err := catalogueVersion(g)
	if err != nil {
		return nil, err
	}
	r := &click.Routing{
		Version:     version,
		Offers:      map[offer.ID]*click.Route{},
		Affiliates:  map[affiliate.ID]bool{},
		Advertisers: map[advertiser.ID]*click.RoutedSender{},
		Access:      map[offer.ID]map[affiliate.ID]bool{},
	}
	advertisers, err := gorm.G[advertiserRow](g).Select("id, status, postback_auth, postback_token, always_ok").Find(ctx)
	if err != nil {
		return nil, err
	}
	active := map[int64]bool{}
	for _, a := range advertisers {
		sender := &click.RoutedSender{Auth: advertiser.Auth(a.PostbackAuth), AlwaysOK: a.AlwaysOK}
		if token, err := s.db.sealer.Open(tokenColumn, a.PostbackToken); err == nil {
			sender.TokenHash = sha256.Sum256(token)
		}
		r.Advertisers[advertiser.ID(a.ID)] = sender
		active[a.ID] = a.Status == string(advertiser.StatusActive)
	}
	offers, err := gorm.G[offerRow](g).Select("id, name, advertiser_id, status, visibility, destination_url, fallback_url, window_days").Find(ctx)
	if err != nil {
		return nil, err
	}
	for _, o := range offers {
		r.Offers[offer.ID(o.ID)] = &click.Route{
			OfferID: offer.ID(o.ID), OfferName: o.Name, AdvertiserID: advertiser.ID(o.AdvertiserID),
			Active:     o.Status == string(offer.StatusActive) && active[o.AdvertiserID],
			Visibility: offer.Visibility(o.Visibility), Destination: o.DestinationURL, FallbackURL: o.FallbackURL,
			WindowDays: o.WindowDays,
		}
	}
	affiliates, err := gorm.G[affiliateRow](g).Select("id, status").Find(ctx)
	if err != nil {
		return nil, err
	}
	for _, a := range affiliates {
		r.Affiliates[affiliate.ID(a.ID)] = a.Status == string(affiliate.StatusActive)
	}
	accesses, err := gorm.G[accessRow](g).Select("offer_id, affiliate_id").Where("status = 'approved'").Find(ctx)
	if err != nil {
		return nil, err
	}
	for _, a := range accesses {
		o := offer.ID(a.OfferID)
		if r.Access[o] == nil {
			r.Access[o] = map[affiliate.ID]bool{}
		}
		r.Access[o][affiliate.ID(a.AffiliateID)] = true
	}
	return r, nil
}
