package outbound

import (
	"bytes"
	"context"
	"log/slog"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/maxmind/mmdbwriter"
	"github.com/maxmind/mmdbwriter/mmdbtype"
)

// country is a record as GeoLite2 and DB-IP lay it out, by country or by city.
func country(code string, city bool) mmdbtype.Map {
	m := mmdbtype.Map{"country": mmdbtype.Map{"iso_code": mmdbtype.String(code), "names": mmdbtype.Map{"en": mmdbtype.String("Name")}},
		"continent": mmdbtype.Map{"code": mmdbtype.String("EU")}}
	if city {
		m["city"] = mmdbtype.Map{"names": mmdbtype.Map{"en": mmdbtype.String("City")}}
		m["location"] = mmdbtype.Map{"latitude": mmdbtype.Float64(1), "longitude": mmdbtype.Float64(2)}
	}
	return m
}

// writeGeoIP builds a file of networks and replaces path with it.
func writeGeoIP(t testing.TB, path, kind string, networks map[string]mmdbtype.DataType) {
	t.Helper()
	tree, err := mmdbwriter.New(mmdbwriter.Options{DatabaseType: kind, IncludeReservedNetworks: true})
	if err != nil {
		t.Fatal(err)
	}
	for cidr, record := range networks {
		_, network, err := net.ParseCIDR(cidr)
		if err != nil {
			t.Fatal(err)
		}
		if err := tree.Insert(network, record); err != nil {
			t.Fatal(err)
		}
	}
	var b bytes.Buffer
	if _, err := tree.WriteTo(&b); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path+".new", b.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(path+".new", path); err != nil {
		t.Fatal(err)
	}
}

func TestCountry(t *testing.T) {
	t.Parallel()
	for _, kind := range []string{"GeoLite2-Country", "GeoLite2-City", "DBIP-Country-Lite", "DBIP-City-Lite"} {
		path := filepath.Join(t.TempDir(), "geo.mmdb")
		city := strings.Contains(kind, "City")
		writeGeoIP(t, path, kind, map[string]mmdbtype.DataType{
			"81.2.69.0/24": country("GB", city), "2001:218::/32": country("JP", city), "5.5.0.0/16": country("zz", city),
			"6.6.0.0/16": mmdbtype.Map{"registered_country": mmdbtype.Map{"iso_code": mmdbtype.String("US")}},
			"7.7.0.0/16": mmdbtype.Map{"country": mmdbtype.Map{"iso_code": mmdbtype.Uint32(5)}},
			"8.8.0.0/16": mmdbtype.Map{"country": mmdbtype.String("US")},
		})
		g, err := OpenGeoIP(path)
		if err != nil {
			t.Fatalf("%s: %v", kind, err)
		}
		for ip, want := range map[string]string{"81.2.69.142": "GB", "::ffff:81.2.69.142": "GB", "2001:218::1": "JP", "81.2.70.1": "",
			"127.0.0.1": "", "5.5.5.5": "", "6.6.6.6": "", "7.7.7.7": "", "8.8.8.8": "", "fe80::1%eth0": ""} {
			if got := g.Country(netip.MustParseAddr(ip)); got != want {
				t.Errorf("%s: %s is %q, want %q", kind, ip, got, want)
			}
		}
		if got := g.Country(netip.Addr{}); got != "" {
			t.Errorf("%s: no address is %q", kind, got)
		}
	}
}

func TestBadGeoIPFiles(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	good := filepath.Join(dir, "good.mmdb")
	writeGeoIP(t, good, "GeoLite2-Country", map[string]mmdbtype.DataType{"81.2.69.0/24": country("GB", false)})
	content, err := os.ReadFile(good)
	if err != nil {
		t.Fatal(err)
	}
	asn := filepath.Join(dir, "asn.mmdb")
	writeGeoIP(t, asn, "GeoLite2-ASN", map[string]mmdbtype.DataType{"81.2.69.0/24": mmdbtype.Map{"autonomous_system_number": mmdbtype.Uint32(1)}})
	files := map[string]string{"missing": filepath.Join(dir, "missing"), "a folder": dir, "no countries": asn}
	for name, bytes := range map[string][]byte{"empty": nil, "text": []byte("hello"), "cut": content[:len(content)/2], "beginning lost": content[200:]} {
		files[name] = filepath.Join(dir, name)
		if err := os.WriteFile(files[name], bytes, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for name, path := range files {
		if _, err := OpenGeoIP(path); err == nil || !strings.Contains(err.Error(), "WAYPOST_GEOIP_DB") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestGeoIPReload(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "geo.mmdb")
	ip := netip.MustParseAddr("81.2.69.142")
	writeGeoIP(t, path, "GeoLite2-Country", map[string]mmdbtype.DataType{"81.2.69.0/24": country("GB", false)})
	g, err := OpenGeoIP(path)
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	defer func() { stop(); wg.Wait() }()
	logged := make(chan string, 100)
	wg.Go(func() { g.Watch(ctx, 5*time.Millisecond, slog.New(slog.NewTextHandler(lines(logged), nil))) })
	wg.Go(func() { // readers meanwhile; the race detector looks on
		for ctx.Err() == nil {
			if c := g.Country(ip); c != "GB" && c != "IE" {
				t.Errorf("country %q", c)
				return
			}
		}
	})
	await := func(want string) {
		t.Helper()
		select {
		case line := <-logged:
			if !strings.Contains(line, want) {
				t.Fatalf("logged %s, want %s", line, want)
			}
		case <-time.After(20 * time.Second):
			t.Fatalf("no line %q", want)
		}
	}
	if err := os.WriteFile(path, []byte("broken"), 0o644); err != nil {
		t.Fatal(err)
	}
	await("cannot be read")
	if c := g.Country(ip); c != "GB" {
		t.Errorf("after a broken file: %q", c)
	}
	writeGeoIP(t, path, "DBIP-Country-Lite", map[string]mmdbtype.DataType{"81.2.69.0/24": country("IE", false)})
	await("read anew")
	if c := g.Country(ip); c != "IE" {
		t.Errorf("after the new file: %q", c)
	}
}

// lines is a writer of a channel.
type lines chan string

func (l lines) Write(b []byte) (int, error) { l <- string(b); return len(b), nil }

func BenchmarkCountry(b *testing.B) {
	path := filepath.Join(b.TempDir(), "geo.mmdb")
	networks := map[string]mmdbtype.DataType{}
	for i := range 200 {
		networks[netip.PrefixFrom(netip.AddrFrom4([4]byte{byte(i + 11), 0, 0, 0}), 8).String()] = country([]string{"GB", "DE", "FR"}[i%3], true)
	}
	writeGeoIP(b, path, "GeoLite2-City", networks)
	g, err := OpenGeoIP(path)
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		i := 0
		for pb.Next() {
			i++
			if g.Country(netip.AddrFrom4([4]byte{byte(i%190 + 11), 1, byte(i), 4})) == "" {
				b.Error("unknown")
				return
			}
		}
	})
}
