package outbound

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"os"
	"sync/atomic"
	"time"

	"github.com/oschwald/maxminddb-golang/v2"
)

// GeoIP finds the country of an address in a MaxMind DB file whose records hold country.iso_code, as those of GeoLite2
// and DB-IP do, by country or by city. It is safe for concurrent use.
type GeoIP struct {
	path   string
	reader atomic.Pointer[maxminddb.Reader]
	seen   fileState
}

// fileState tells one version of a file from another.
type fileState struct {
	modified time.Time
	size     int64
}

// OpenGeoIP reads WAYPOST_GEOIP_DB into memory: a file that is mapped instead takes the process down with it when
// somebody overwrites it.
func OpenGeoIP(path string) (*GeoIP, error) {
	g := &GeoIP{path: path}
	if _, err := g.reload(); err != nil {
		return nil, fmt.Errorf("WAYPOST_GEOIP_DB: %w", err)
	}
	return g, nil
}

// Country is the ISO 3166-1 alpha-2 code of an address, upper case, "" if unknown.
func (g *GeoIP) Country(ip netip.Addr) string {
	var code string
	if err := g.reader.Load().Lookup(ip.Unmap().WithZone("")).DecodePath(&code, "country", "iso_code"); err != nil {
		return ""
	}
	return countryCode(code)
}

func countryCode(s string) string {
	if len(s) != 2 {
		return ""
	}
	for i := range 2 {
		if s[i] < 'A' || s[i] > 'Z' {
			return ""
		}
	}
	return s
}

// Watch reads the file again when it has changed, at most once per interval, until ctx ends. A file that cannot be
// read leaves the old one in use.
func (g *GeoIP) Watch(ctx context.Context, every time.Duration, log *slog.Logger) {
	tick := time.NewTicker(every)
	defer tick.Stop()
	failing := false
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		changed, err := g.reload()
		switch {
		case err != nil && !failing:
			log.ErrorContext(ctx, "the file of countries cannot be read; the one before stays in use", slog.String("setting", "WAYPOST_GEOIP_DB"), slog.Any("error", err))
		case changed:
			log.InfoContext(ctx, "the file of countries was read anew", slog.Time("built", g.reader.Load().Metadata.BuildTime()))
		}
		failing = err != nil
	}
}

// reload reads the file if it is not the one that was read last.
func (g *GeoIP) reload() (changed bool, err error) {
	info, err := os.Stat(g.path)
	if err != nil {
		return false, err
	}
	state := fileState{info.ModTime(), info.Size()}
	if state == g.seen {
		return false, nil
	}
	content, err := os.ReadFile(g.path)
	if err != nil {
		return false, err
	}
	reader, err := maxminddb.OpenBytes(content)
	if err != nil {
		return false, fmt.Errorf("%s is no MaxMind DB file (mmdb): %w", g.path, err)
	}
	if err := holdsCountries(reader); err != nil {
		return false, fmt.Errorf("%s (%s): %w", g.path, reader.Metadata.DatabaseType, err)
	}
	g.reader.Store(reader)
	g.seen = state
	return true, nil
}

// holdsCountries is an error for a file of something else, such as networks' owners. The first networks of some files
// have no country, so a good many are asked.
func holdsCountries(r *maxminddb.Reader) error {
	asked := 0
	for result := range r.Networks() {
		if err := result.Err(); err != nil {
			return fmt.Errorf("is damaged: %w", err)
		}
		var code string
		if err := result.DecodePath(&code, "country", "iso_code"); err == nil && countryCode(code) != "" {
			return nil
		}
		if asked++; asked == 100_000 {
			break
		}
	}
	return errors.New("holds no country.iso_code; take a file by country or by city, such as GeoLite2-Country or DB-IP's")
}
