package portaladmin_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/waypost/waypost/domain"
	"github.com/waypost/waypost/domain/history"
	portaladmin "github.com/waypost/waypost/portal-admin"
	"github.com/waypost/waypost/portal/portaltest"
	"github.com/waypost/waypost/store/storetest"
)

func TestMain(m *testing.M) { storetest.Main(m) }

// newPortal is the portal on a small network.
func newPortal(t *testing.T) *portaltest.Network {
	t.Helper()
	n := portaltest.New(t)
	portaladmin.Mount(n.Portal, n.Echo, portaladmin.Deps{Accounts: n.Accounts, Advertisers: n.Advertisers, Affiliates: n.Affiliates, Offers: n.Offers, Coupons: n.Coupons,
		Applications: n.Applications, Notes: n.Notes, History: n.History, Work: n.Work, Search: n.Search, Postbacks: n.Postbacks, Conversions: n.Conversions,
		Clicks: n.Clicks, Ledger: n.Ledger, Reports: n.Reports, Traces: n.Traces, TraceLinks: n.TraceLinks, TrackingURL: portaltest.TrackingURL,
		Network: n.Settings, PublicURL: portaltest.PublicURL, Doctor: oneFailing})
	return n
}

// corpus are names that break pages which do not escape.
var corpus = []string{`<script>alert(1)</script>`, `"><img src=x onerror=alert(1)>`, `{{7*7}}`, `'-alert(1)-'`}

// shown are the texts as a page must have them: no element or attribute of theirs.
func safe(t *testing.T, p *portaltest.Page) {
	t.Helper()
	if len(p.All("script", "", "")) > 1 || len(p.All("img", "onerror", "")) > 0 || strings.Contains(p.Text(), "49") && strings.Contains(p.Body, "{{7*7}}") {
		t.Errorf("a name became markup:\n%.2000s", p.Body)
	}
	for _, href := range p.Links() {
		if strings.HasPrefix(strings.ToLower(strings.TrimSpace(href)), "javascript:") {
			t.Errorf("link to %q", href)
		}
	}
}

// deeds are the actions that the audit log has of an object, newest first.
func deeds(t *testing.T, n *portaltest.Network, kind string, id any) []string {
	t.Helper()
	list, err := n.History.List(context.Background(), portaltest.System, history.Filter{ObjectType: kind, ObjectID: fmt.Sprint(id)}, domain.Page{Limit: 50})
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, e := range list.Items {
		all = append(all, e.Action)
	}
	return all
}
