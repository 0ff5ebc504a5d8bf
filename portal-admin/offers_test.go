package portaladmin_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"

	"github.com/waypost/waypost/domain"
	"github.com/waypost/waypost/domain/account"
	"github.com/waypost/waypost/domain/ledger"
	"github.com/waypost/waypost/domain/offer"
	"github.com/waypost/waypost/portal/portaltest"
)

// TestWizard makes an offer step by step, leaves, and goes on.
func TestWizard(t *testing.T) {
	t.Parallel()
	n := newPortal(t)
	admin := n.Operator(account.RoleAdmin)
	page := admin.Post("/admin/offers/new", url.Values{"advertiser": {"no number"}, "name": {""}, "destination_url": {"javascript:alert(1)"}}).Is(http.StatusUnprocessableEntity)
	if page.Field("destination_url") != "javascript:alert(1)" || page.Field("advertiser") != "no number" {
		t.Error("what was typed is gone")
	}
	safe(t, page)
	shop := fmt.Sprintf("%d · Kettle", n.AdvertiserOf[1].ID)
	made := admin.Post("/admin/offers/new", url.Values{"advertiser": {shop}, "name": {corpus[1]}, "destination_url": {"https://kettle.example/?c={click_id}"}}).Is(http.StatusSeeOther)
	base := strings.TrimSuffix(made.Header.Get("Location"), "/edit/goals")
	id, err := strconv.ParseInt(strings.TrimPrefix(base, "/admin/offers/"), 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	read := func() offer.Offer {
		o, err := n.Offers.Get(t.Context(), portaltest.System, offer.ID(id))
		if err != nil {
			t.Fatal(err)
		}
		return o
	}
	if o := read(); o.Status != offer.StatusDraft || o.Currency != "EUR" || o.AdvertiserID != n.AdvertiserOf[1].ID {
		t.Fatalf("draft %+v", o)
	}
	safe(t, admin.Get(base).Shows("This offer is a draft.", corpus[1]))

	goal := read().Goals[0]
	at := fmt.Sprintf("%s/goals/%d", base, goal.ID)
	form := url.Values{"wizard": {"1"}, "alias": {"order"}, "is_default": {"1"}, "payout_model": {"hybrid"}, "payout_amount": {"1.005"}, "payout_percent": {"ten"}, "revenue_model": {"fixed"}, "revenue_amount": {"4"},
		"initial_status": {"hold"}, "hold_days": {"14"}, "dedupe": {"update"}}
	if page := admin.Post(at, form).Is(http.StatusUnprocessableEntity).Shows("must be a number such as"); page.Field("payout_percent") != "ten" {
		t.Error("what was typed is gone")
	}
	admin.Post(base+"/goals/explain", form).Is(http.StatusOK).Shows("Type what the rules ask for")
	form.Set("payout_percent", "10")
	admin.Post(base+"/goals/explain", url.Values{"payout_model": {"percent"}, "payout_percent": {"10"}, "payout_amount": {"none"}, "revenue_model": {"fixed"}, "revenue_amount": {"4"}}).Is(http.StatusOK).
		Shows("A sale of €100.00 pays the affiliate €10.00 and brings the network €4.00.", "The network then pays more than it earns.")
	admin.Post(base+"/goals/explain", url.Values{"payout_model": {"postback"}, "revenue_model": {"postback"}}).Is(http.StatusOK).Shows("One that names neither pays the affiliate nothing.")
	admin.Post(at, form).Is(http.StatusUnprocessableEntity).Shows("at most 2 digits")
	form.Set("payout_amount", "1")
	admin.Post(at, form).To(base + "/edit/tracking")
	if g := read().Goals[0]; g.ID != goal.ID || g.Alias != "order" || g.Payout.Model != offer.ModelHybrid || g.Payout.Percent.String() != "10" || g.Revenue.Amount.String() != "4" || g.HoldDays != 14 || g.Dedupe != offer.DedupeUpdate {
		t.Errorf("goal %+v", g)
	}

	admin.Post(base+"/edit/tracking", url.Values{"window_days": {"0"}, "min_seconds": {"x"}}).Is(http.StatusUnprocessableEntity)
	admin.Post(base+"/edit/tracking", url.Values{"window_days": {"45"}, "min_seconds": {"3"}, "show_value": {"1"}}).To(base + "/edit/access")
	admin.Post(base+"/edit/access", url.Values{"visibility": {"private"}}).To(base+"/edit/review").Shows("45 days", "Those that you invited", "€1.00 + 10%")
	if o := read(); o.WindowDays != 45 || o.MinSeconds != 3 || !o.ShowValue || o.Visibility != offer.VisibilityPrivate {
		t.Errorf("offer %+v", o)
	}
	admin.Post(base+"/status", url.Values{"status": {"active"}}).To(base).Shows("Active").Lacks("This offer is a draft.")
	admin.Get(base+"/history").Shows("Offer created", "Goal changed", "Window days", "90", "45")
	copied := admin.Post(base+"/copy", nil).Is(http.StatusSeeOther)
	admin.Get(copied.Header.Get("Location")).Shows("Copy of ")
}

func TestLintWhileTyping(t *testing.T) {
	t.Parallel()
	n := newPortal(t)
	admin := n.Operator(account.RoleAdmin)
	for destination, want := range map[string]string{
		"https://shop.example/?c={click_id}":   "All macros are known",
		"https://shop.example/":                "No {click_id} in this URL",
		"https://{sub1}.example/?c={click_id}": "host",
		"javascript:alert(1)":                  "has to begin with https://",
		"":                                     "Type an address",
	} {
		page := admin.Post("/admin/offers/lint", url.Values{"destination_url": {destination}}).Is(http.StatusOK).Shows(want)
		if len(page.Links()) > 0 {
			t.Errorf("%q became a link", destination)
		}
	}
	n.Operator(account.RoleViewer).Post("/admin/offers/lint", nil).Is(http.StatusForbidden)
}

func TestAccess(t *testing.T) {
	t.Parallel()
	n := newPortal(t)
	admin := n.Operator(account.RoleAdmin)
	at := fmt.Sprintf("/admin/offers/%d/access", n.OfferOf[portaltest.Approval].ID)
	admin.Get(at).Shows("Blog & Sons", "Requested", "Voss Media", "Approved")
	admin.Get(at + "?status=rejected").Shows("No results with these filters")
	admin.Post(at, url.Values{"affiliate": {"Nobody"}, "status": {"approved"}}).Is(http.StatusUnprocessableEntity).Shows("Choose one of the affiliates")
	admin.Post(at, url.Values{"affiliate": {fmt.Sprintf("%d · Blog & Sons", n.AffiliateOf[1].ID)}, "status": {"approved"}}).To(at)
	list, err := n.Offers.ListAccess(t.Context(), portaltest.System, offer.AccessFilter{OfferID: n.OfferOf[portaltest.Approval].ID, Status: offer.AccessApproved}, domain.Page{Limit: 10})
	if err != nil || len(list.Items) != 2 {
		t.Errorf("%d accesses, error %v", len(list.Items), err)
	}
	own := fmt.Sprintf("/admin/affiliates/%d/offers", n.AffiliateOf[1].ID)
	admin.Get(own).Shows("Kettle Coffee", "Secret deals")
	admin.Post(own, url.Values{"offer": {fmtInt(n.OfferOf[portaltest.Private].ID)}, "status": {"rejected"}}).To(own).Shows("Rejected")
}

func fmtInt[T ~int64](n T) string { return strconv.FormatInt(int64(n), 10) }

func TestCoupons(t *testing.T) {
	t.Parallel()
	n := newPortal(t)
	admin := n.Operator(account.RoleAdmin)
	at := fmt.Sprintf("/admin/offers/%d/coupons", n.OfferOf[0].ID)
	admin.Get(at).Shows("No coupons yet")
	admin.Post(at, url.Values{"code": {""}, "affiliate": {""}}).Is(http.StatusUnprocessableEntity)
	admin.Post(at, url.Values{"code": {"SUMMER"}, "affiliate": {fmtInt(n.AffiliateOf[0].ID)}}).To(at).Shows("SUMMER", "Voss Media", "Active")
	admin.Post(at, url.Values{"code": {"summer"}, "affiliate": {fmtInt(n.AffiliateOf[1].ID)}}).Is(http.StatusUnprocessableEntity).Shows("already")
	list, err := n.Coupons.List(t.Context(), portaltest.System, offer.CouponFilter{OfferID: n.OfferOf[0].ID}, domain.Page{Limit: 10})
	if err != nil || len(list.Items) != 1 {
		t.Fatalf("%d coupons, error %v", len(list.Items), err)
	}
	one := at + "/" + fmtInt(list.Items[0].ID)
	admin.Post(one+"/active", url.Values{"active": {"0"}}).To(at).Shows("Switch on")
	admin.Post(fmt.Sprintf("/admin/offers/%d/coupons/%d/delete", n.OfferOf[1].ID, list.Items[0].ID), nil).Is(http.StatusNotFound)
	admin.Post(one+"/delete", nil).To(at).Shows("No coupons yet")
}

// TestTrial sends the postback of a sale in the advertiser's place: it is answered as /postback answers, and counts for
// nothing.
func TestTrial(t *testing.T) {
	t.Parallel()
	for _, auth := range []string{"token", "hmac", "ip"} {
		t.Run(auth, func(t *testing.T) {
			t.Parallel()
			n := newPortal(t)
			admin, at := n.Operator(account.RoleAdmin), fmt.Sprintf("/admin/offers/%d/test", n.OfferOf[0].ID)
			shop := n.AdvertiserOf[0]
			settings := url.Values{"name": {shop.Name}, "status": {"active"}, "currency": {"USD"}, "postback_auth": {auth}, "ip_allowlist": {"203.0.113.0/24"}}
			admin.Post(fmt.Sprintf("/admin/advertisers/%d/settings", shop.ID), settings).Is(http.StatusSeeOther)
			admin.Get(at+"?affiliate="+fmtInt(n.AffiliateOf[0].ID)).Shows(portaltest.TrackingURL+"/click?o=", "Waiting for the click")
			before := balances(t, n)
			form := url.Values{"affiliate": {fmtInt(n.AffiliateOf[0].ID)}, "click_id": {n.ClickIDs[portaltest.ClickBare]}, "goal": {"lead"}, "val": {"10"}, "txid": {"try-1"}, "status": {"approved"}}
			page := admin.Post(at, form).Is(http.StatusOK).Shows("Recorded as Approved", "Commission $5.00, revenue $8.00", "&test=1")
			page.Lacks(shop.PostbackToken)
			if len(page.All("a", "href", "/admin/trace/"+n.ClickIDs[portaltest.ClickBare])) == 0 {
				t.Error("no way to the click's story")
			}
			if after := balances(t, n); after != before {
				t.Errorf("balances %s, before %s", after, before)
			}
			form.Set("val", "1,234")
			admin.Post(at, form).Is(http.StatusOK).Shows("Refused: invalid_val")
			form.Set("click_id", "nonsense")
			admin.Post(at, form).Is(http.StatusOK).Shows("Refused: malformed_clickid")
			n.Operator(account.RoleFinance).Post(at, form).Is(http.StatusForbidden)
		})
	}
}

func balances(t *testing.T, n *portaltest.Network) string {
	t.Helper()
	list, err := n.Ledger.Balances(t.Context(), portaltest.System, ledger.Affiliate(n.AffiliateOf[0].ID))
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprint(list)
}
