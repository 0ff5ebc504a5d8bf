//go:build bench

package server

import (
	"context"
	"flag"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/waypost/waypost/demo"
	"github.com/waypost/waypost/domain"
	"github.com/waypost/waypost/domain/account"
	"github.com/waypost/waypost/domain/conversion"
	"github.com/waypost/waypost/store/storetest"
)

var portalDays = flag.Int("portal-days", 30, "measure the portals' pages on the demo's data of this many days")

// TestTimesOfPages prints how long each page of the portals takes on the demo's data:
//
//	make times
//
// It judges nothing: a figure of a busy machine tells nothing of the page.
func TestTimesOfPages(t *testing.T) {
	db := storetest.New(t)
	began := time.Now()
	sum := mustLoadDemo(t, db, 1, *portalDays, now())
	t.Logf("loaded in %s: %s", time.Since(began).Round(time.Second), sum)
	if err := db.Rollups().RollAll(t.Context(), now().Add(-rollAfter)); err != nil {
		t.Fatal(err)
	}
	if _, err := db.Pool().Exec(t.Context(), "ANALYZE"); err != nil {
		t.Fatal(err)
	}
	w := &portalWorld{TB: t, db: db, hidden: map[byte][]string{}, told: map[[2]int]string{}}
	w.build(netip.MustParseAddrPort("127.0.0.1:8090"))
	w.measured()
	type figure struct {
		page              string
		p50, p95, longest time.Duration
		status, bytes     int
	}
	var figures []figure
	w.pages(func(v visitor, target string) {
		const times = 12
		var took []time.Duration
		f := figure{page: v.name + " " + target}
		for range times {
			began := time.Now()
			rec := w.send(v, "GET", target, nil)
			took = append(took, time.Since(began))
			f.status, f.bytes = rec.Code, rec.Body.Len()
		}
		slices.Sort(took)
		f.p50, f.p95, f.longest = took[times/2], took[times-2], took[times-1]
		figures = append(figures, f)
	})
	slices.SortFunc(figures, func(a, b figure) int { return int(b.p95 - a.p95) })
	var table strings.Builder
	fmt.Fprintf(&table, "%8s %8s %8s  %6s %8s  page\n", "p50 ms", "p95 ms", "max ms", "status", "bytes")
	for _, f := range figures {
		ms := func(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
		fmt.Fprintf(&table, "%8.1f %8.1f %8.1f  %6d %8d  %s\n", ms(f.p50), ms(f.p95), ms(f.longest), f.status, f.bytes, f.page)
	}
	t.Logf("%d pages\n%s", len(figures), table.String())
}

// measured takes who asks and what for from the demo: its log-ins, and the things of theirs with the longest history.
func (w *portalWorld) measured() {
	w.Helper()
	one := func(sql string, args ...any) (id string) {
		w.Helper()
		if err := w.db.Pool().QueryRow(context.Background(), sql, args...).Scan(&id); err != nil {
			w.Fatalf("%s: %v", sql, err)
		}
		return id
	}
	for letter, email := range map[byte]string{'A': "", 'a': demo.AffiliateEmail, 'd': demo.AdvertiserEmail} {
		var u account.User
		if email == "" {
			u = w.user(account.User{Role: account.RoleAdmin, Name: "Otto"})
		} else {
			found, err := w.db.Accounts().FindUser(context.Background(), email)
			w.must(err)
			u = found
		}
		w.whos = append(w.whos, w.visitor(string(u.Role), letter, 0, u))
	}
	w.whos = append(w.whos, visitor{name: "viewer", role: 'V', user: w.who('A', 0).user})
	a, d := w.who('a', 0).user, w.who('d', 0).user
	ids := map[string]string{"affiliates": fmt.Sprint(a.AffiliateID), "advertisers": fmt.Sprint(d.AdvertiserID), "edit": "basics", "t": "nothing",
		"offers":       one(`SELECT offer_id::text FROM conversions WHERE affiliate_id = $1 AND advertiser_id = $2 GROUP BY 1 ORDER BY count(*) DESC LIMIT 1`, a.AffiliateID, d.AdvertiserID),
		"conversions":  one(`SELECT c.id::text FROM conversions c WHERE affiliate_id = $1 AND advertiser_id = $2 ORDER BY created_at DESC LIMIT 1`, a.AffiliateID, d.AdvertiserID),
		"postbacks":    one(`SELECT id::text FROM postbacks WHERE affiliate_id = $1 ORDER BY id LIMIT 1`, a.AffiliateID),
		"deliveries":   one(`SELECT id::text FROM deliveries WHERE affiliate_id = $1 ORDER BY created_at DESC LIMIT 1`, a.AffiliateID),
		"postback-log": one(`SELECT id::text FROM postback_log WHERE advertiser_id = $1 ORDER BY received_at DESC LIMIT 1`, d.AdvertiserID)}
	ids["goals"] = one(`SELECT min(id)::text FROM goals WHERE offer_id = $1::bigint`, ids["offers"])
	ids["applications"] = w.application(0)
	ids["views"], ids["files"] = w.view(w.who('A', 0).user, "Mine", true), w.file(w.who('A', 0).user, "Mine")
	w.ids[0] = ids
	id, _ := domain.ParseUUID(ids["conversions"])
	c, err := w.conversions.Get(context.Background(), tester, conversion.ID{UUID: id})
	w.must(err)
	ids["trace"] = w.signer.Text(c.ClickID)
}
