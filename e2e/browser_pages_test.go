package e2e

import (
	"context"
	"fmt"
	"net/http"
	"regexp"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
)

// portals are the three, with a log-in of the demo.
var portals = []struct{ base, email string }{
	{"/admin", "operator@demo.example"}, {"/affiliate", "team@mediacove.example"}, {"/advertiser", "partners@northwind.example"},
}

// ids are what differs between the pages of two things of a kind: numbers, UUIDs, click ids.
var ids = regexp.MustCompile(`/([0-9]+|[0-9a-f-]{36}|[0-9a-z]{32})(/|$)`)

// kindOf is what a page is, whatever thing it shows.
func kindOf(path string) string {
	for ids.MatchString(path) {
		path = ids.ReplaceAllString(path, "/:id$2")
	}
	return path
}

// notPages are addresses below a portal that answer with something else than a page of their own.
var notPages = regexp.MustCompile(`\.csv$|/csv$|/stream$|/search$|/logout$|/qr$|/logo`)

// links are the portal's own pages that a page leads to.
func (p *tab) links(base string) []string {
	p.t.Helper()
	return ask[[]string](p, fmt.Sprintf(`[...new Set([...document.querySelectorAll('a[href]:not([download]):not([href*=xlsx])')].filter(a => a.origin === location.origin && (a.pathname === %[1]q || a.pathname.startsWith(%[1]q + '/'))).map(a => a.pathname))]`, base))
}

// themesAt are those that a page is looked at in: both where pictures are asked for (make screenshots), otherwise one for
// each width, which finds nearly as much in half of the time.
func themesAt(width int64) []string {
	switch {
	case screenshots != "":
		return []string{"light", "dark"}
	case width < 600:
		return []string{"dark"}
	}
	return []string{"light"}
}

// TestPages visits every page that links lead to, in each portal, wide and narrow, and holds it against the rules: no
// violation that axe finds, no error in the console, no layout shift, no sideways scroll.
func TestPages(t *testing.T) {
	t.Parallel()
	d := sharedDemo(t)
	for _, width := range []int64{1440, 390} {
		t.Run(fmt.Sprintf("public %d", width), func(t *testing.T) {
			t.Parallel()
			p := mustBrowser(t).mustTab(d.w.URL, width, 844)
			p.calm()
			for _, path := range []string{"/login", "/forgotten", "/set-password?token=none", "/sign-up/affiliate", "/sign-up/advertiser"} {
				p.inspect(path, width, 90)
			}
		})
		for _, portal := range portals {
			t.Run(fmt.Sprintf("%s %d", portal.base[1:], width), func(t *testing.T) {
				t.Parallel()
				p := mustBrowser(t).mustTab(d.w.URL, width, 844)
				p.calm()
				p.mustLogIn(portal.email, d.password)
				seen, queue := map[string]bool{}, []string{portal.base}
				for began := time.Now(); len(queue) > 0 && time.Since(began) < 10*time.Minute; {
					path := queue[0]
					queue = queue[1:]
					if kind := kindOf(path); seen[kind] || notPages.MatchString(path) {
						continue
					} else {
						seen[kind] = true
					}
					p.inspect(path, width, 150)
					queue = append(queue, p.links(portal.base)...)
				}
				t.Logf("%d pages", len(seen))
				if len(seen) < 8 {
					t.Errorf("only %d pages were found", len(seen))
				}
			})
		}
	}
}

// calm asks for less motion, as a reader may: a pulse that never ends would have the page painted all the time.
func (p *tab) calm() {
	p.t.Helper()
	p.do(chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		_, err := cdp.Call(ctx, t, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: "prefers-reduced-motion", Value: "reduce"}}})
		return err
	}))
}

// inspect opens a page and reports what is wrong with it; budget is what a first visit may load, in KiB.
func (p *tab) inspect(path string, width int64, budget float64) {
	p.t.Helper()
	p.mu.Lock()
	p.bytes = 0
	p.mu.Unlock()
	p.open(path)
	if status := ask[int](p, `performance.getEntriesByType('navigation')[0].responseStatus`); status != http.StatusOK {
		p.t.Errorf("%s answers %d", path, status)
		return
	}
	p.mu.Lock()
	kib := p.bytes / 1024
	p.mu.Unlock()
	bad := p.audit(themesAt(width)...)
	if kib > budget {
		bad = append(bad, fmt.Sprintf("%.0f KiB were loaded, at most %.0f may be", kib, budget))
	}
	for _, b := range bad {
		p.t.Errorf("%s at %d: %s", path, width, b)
	}
	if screenshots != "" {
		for _, theme := range themesAt(width) {
			p.theme(theme)
			p.picture(fmt.Sprintf("%s-%d-%s", slug(kindOf(path)), width, theme))
		}
	}
}
