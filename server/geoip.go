package server

import (
	"context"
	"log/slog"
	"net/netip"
	"time"

	"github.com/waypost/waypost/config"
	"github.com/waypost/waypost/outbound"
)

// geoIPEvery is how often the file of countries is looked at for a newer one.
const geoIPEvery = time.Minute

// countries finds the country of an address; without a file every one is unknown.
type countries struct{ db *outbound.GeoIP }

func openCountries(cfg config.Config) (countries, error) {
	if cfg.GeoIPDB == "" {
		return countries{}, nil
	}
	db, err := outbound.OpenGeoIP(cfg.GeoIPDB)
	return countries{db}, err
}

func (c countries) of(ip netip.Addr) string {
	if c.db == nil {
		return ""
	}
	return c.db.Country(ip)
}

// watch follows the file until ctx ends.
func (c countries) watch(ctx context.Context, log *slog.Logger) {
	if c.db != nil {
		c.db.Watch(ctx, geoIPEvery, log)
	}
}
