package portaladmin_test

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"testing"
	"time"

	"github.com/waypost/waypost/domain/account"
	"github.com/waypost/waypost/domain/network"
	"github.com/waypost/waypost/domain/offer"
	"github.com/waypost/waypost/portal/portaltest"
)

// A test that an operator sends stands in the log as what it is.
func TestTrialIsMarked(t *testing.T) {
	t.Parallel()
	n := newPortal(t)
	admin := n.Operator(account.RoleAdmin)
	admin.Post(fmt.Sprintf("/admin/offers/%d/test", n.OfferOf[0].ID), url.Values{"click_id": {n.ClickIDs[portaltest.ClickBare]}, "com": {"5"}, "txid": {"try-1"}}).Is(http.StatusOK)
	by := fmt.Sprintf("Test sent from a portal by user %d of the network (admin)", admin.User.ID)
	admin.Get("/admin/postback-log").Shows(by)
	var line string
	if err := n.DB.Pool().QueryRow(t.Context(), `SELECT id FROM postback_log WHERE rehearsed_by = $1 AND ip = '192.0.2.1'`, int64(admin.User.ID)).Scan(&line); err != nil {
		t.Fatal(err)
	}
	if page := admin.Get("/admin/postback-log/"+line).Shows("Sent by", by); len(page.All("a", "href", "/admin/people/"+fmtInt(admin.User.ID))) == 0 {
		t.Error("no way to the user")
	}
	admin.Get("/admin/trace/"+n.ClickIDs[portaltest.ClickBare]).Shows("Test call, sent from a portal", fmt.Sprintf("user %d of the network (admin)", admin.User.ID))
	if got := deeds(t, n, "postback_log", line); len(got) != 1 || got[0] != "postback.rehearse" {
		t.Errorf("audited %v", got)
	}
}

// An offer whose destination carries no click id says so on each of its pages until it does.
func TestOfferWithoutClickIDSaysSo(t *testing.T) {
	t.Parallel()
	n := newPortal(t)
	const says = "Sales of this offer cannot be matched."
	base := fmt.Sprintf("/admin/offers/%d", n.OfferOf[0].ID)
	admin := n.Operator(account.RoleAdmin)
	admin.Get(base).Lacks(says)
	change := func(to string) {
		if _, _, err := n.Offers.Update(t.Context(), portaltest.System, n.OfferOf[0].ID, func(o *offer.Offer) { o.DestinationURL = to }); err != nil {
			t.Fatal(err)
		}
	}
	change("https://shop.example/?a={affiliate_id}")
	for _, tab := range []string{"", "/goals", "/access", "/test", "/history"} {
		if page := admin.Get(base + tab).Shows(says); len(page.All("a", "href", base+"/edit/basics")) == 0 {
			t.Errorf("%s: no way to mend it", tab)
		}
	}
	n.Operator(account.RoleViewer).Get(base).Shows(says).Lacks("Mend the destination")
	change("https://shop.example/?c={click_id}")
	admin.Get(base).Lacks(says)
}

// An error in the middle of many approvals takes nothing back, and the page says how far they came.
func TestApprovalsThatStop(t *testing.T) {
	t.Parallel()
	n := newPortal(t)
	if _, err := n.Settings.Update(t.Context(), portaltest.System, func(s *network.Settings) {
		s.AffiliateSignUp, s.AffiliateQuestions = true, []network.Question{{ID: "site", Label: "Where?", Kind: network.QuestionURL}}
	}); err != nil {
		t.Fatal(err)
	}
	var ids []string
	for i := range 4 {
		ids = append(ids, fmtInt(apply(t, n, fmt.Sprintf("Firm %d", i), fmt.Sprintf("p%d@applicant.example", i))))
	}
	n.Exec(fmt.Sprintf(`CREATE FUNCTION broken() RETURNS trigger LANGUAGE plpgsql AS $f$ BEGIN RAISE EXCEPTION 'disk on fire'; END $f$;
		CREATE TRIGGER broken BEFORE UPDATE ON applications FOR EACH ROW WHEN (OLD.id = %s) EXECUTE FUNCTION broken()`, ids[2]))
	admin := n.Operator(account.RoleAdmin)
	form := url.Values{"id": {ids[0], "999999", ids[1], ids[2], ids[3]}}
	admin.Post("/admin/applications", form).To("/admin/applications").
		Shows("2 applications are approved.", "Application "+ids[2]+" and the 1 after it were not", "There is no application 999999.").Lacks("disk on fire")
	if n.Count(`SELECT count(*) FROM applications WHERE status = 'approved'`) != 2 || n.Count(`SELECT count(*) FROM applications WHERE status = 'pending' AND id::text = ANY($1)`, ids) != 2 {
		t.Error("not what the page says")
	}
	admin.Post("/admin/applications", url.Values{"id": {ids[2]}}).Is(http.StatusInternalServerError)
}

// Another user is logged out everywhere, and may log in again; oneself is not, by that button.
func TestEndSessionsOfAnother(t *testing.T) {
	t.Parallel()
	n := newPortal(t)
	admin, other := n.Operator(account.RoleAdmin), n.Operator(account.RoleViewer)
	other.Get("/admin/offers").Is(http.StatusOK)
	at := "/admin/people/" + fmtInt(other.User.ID)
	admin.Get(at).Shows("Log out everywhere")
	n.Operator(account.RoleManager).Post(at+"/sessions/end", nil).Is(http.StatusForbidden)
	other.Get("/admin/offers").Is(http.StatusOK)
	admin.Post(at+"/sessions/end", nil).To(at).Shows("is logged out everywhere")
	other.Get("/admin/offers").Is(http.StatusSeeOther)
	if n.Count(`SELECT count(*) FROM users WHERE id = $1 AND status = 'active'`, int64(other.User.ID)) != 1 {
		t.Error("the user was disabled")
	}
	if got := deeds(t, n, "user", int64(other.User.ID)); !slices.Contains(got, "user.sessions_end") { // one moment: any order
		t.Errorf("audited %v", got)
	}
	self := "/admin/people/" + fmtInt(admin.User.ID)
	admin.Get(self).Lacks("Log out everywhere")
	admin.Post(self+"/sessions/end", nil).Is(http.StatusForbidden)
	admin.Get(self).Is(http.StatusOK)
}

// Forms read numbers as postbacks bring them, and a sale that was recorded with nothing says why.
func TestNumbersWithCommaAndSalesOfNothing(t *testing.T) {
	t.Parallel()
	n := newPortal(t)
	admin := n.Operator(account.RoleAdmin)
	shop := n.AdvertiserOf[0]
	at := fmt.Sprintf("/admin/advertisers/%d/settings", shop.ID)
	form := url.Values{"name": {shop.Name}, "status": {"active"}, "currency": {"USD"}, "postback_auth": {"token"}, "override_percent": {"12,5"}}
	admin.Post(at, form).Is(http.StatusSeeOther)
	if n.Count(`SELECT count(*) FROM advertisers WHERE id = $1 AND override_percent = 12.5`, int64(shop.ID)) != 1 {
		t.Error("12,5 was not read as 12.5")
	}
	form.Set("override_percent", "1,234")
	admin.Post(at, form).Is(http.StatusUnprocessableEntity).Shows("Could be thousands or decimals")
	o := n.OfferOf[0]
	if _, _, err := n.Offers.Update(t.Context(), portaltest.System, o.ID, func(o *offer.Offer) {
		for i := range o.Goals {
			o.Goals[i].Payout, o.Goals[i].Revenue = offer.Rule{Model: offer.ModelPostback}, offer.Rule{Model: offer.ModelPostback}
		}
	}); err != nil {
		t.Fatal(err)
	}
	r := n.Call(0, n.Now.Add(-time.Minute), "clickid", n.ClickIDs[portaltest.ClickBare], "txid", "for-nothing")
	const why = "Recorded with 0.00: it came with no com, comperc or val, and the goal adds no amount of its own"
	admin.Get("/admin/conversions/"+r.ConversionID.String()).Shows("Why no commission", why)
	admin.Get("/admin/conversions").Shows("Needs a look")
}
