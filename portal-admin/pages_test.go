package portaladmin_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/waypost/waypost/domain/account"
	"github.com/waypost/waypost/domain/affiliate"
	"github.com/waypost/waypost/domain/errs"
	"github.com/waypost/waypost/portal/portaltest"
)

// records are the pages of one record of each kind.
func records(n *portaltest.Network) []string {
	offer, partner, shop := fmt.Sprintf("/admin/offers/%d", n.OfferOf[0].ID), fmt.Sprintf("/admin/affiliates/%d", n.AffiliateOf[0].ID), fmt.Sprintf("/admin/advertisers/%d", n.AdvertiserOf[0].ID)
	var all []string
	for _, tab := range []string{"", "/goals", "/access", "/coupons", "/history"} {
		all = append(all, offer+tab)
	}
	for _, tab := range []string{"", "/offers", "/postbacks", "/balance", "/notes", "/activity"} {
		all = append(all, partner+tab)
	}
	for _, tab := range []string{"", "/offers", "/tracking", "/notes", "/activity"} {
		all = append(all, shop+tab)
	}
	return all
}

func TestPagesAnswer(t *testing.T) {
	t.Parallel()
	n := newPortal(t)
	reading := append(records(n), "/admin", "/admin/work", "/admin/applications", "/admin/advertisers", "/admin/affiliates", "/admin/offers")
	writing := []string{"/admin/advertisers/new", "/admin/affiliates/new", "/admin/offers/new"}
	for _, step := range []string{"basics", "goals", "tracking", "access", "review"} {
		writing = append(writing, fmt.Sprintf("/admin/offers/%d/edit/%s", n.OfferOf[0].ID, step))
	}
	writing = append(writing, fmt.Sprintf("/admin/offers/%d/goals/%d", n.OfferOf[0].ID, n.OfferOf[0].Goals[0].ID), fmt.Sprintf("/admin/offers/%d/goals/new", n.OfferOf[0].ID),
		fmt.Sprintf("/admin/offers/%d/test", n.OfferOf[0].ID), fmt.Sprintf("/admin/advertisers/%d/settings", n.AdvertiserOf[0].ID), fmt.Sprintf("/admin/affiliates/%d/settings", n.AffiliateOf[0].ID),
		fmt.Sprintf("/admin/affiliates/%d/users", n.AffiliateOf[0].ID))
	for _, role := range []account.Role{account.RoleAdmin, account.RoleManager, account.RoleFinance, account.RoleViewer} {
		for _, path := range reading {
			page := n.Operator(role).Get(path).Is(http.StatusOK)
			if len(page.All("h1", "", "")) != 1 {
				t.Errorf("%s: not one h1", path)
			}
			if role == account.RoleViewer && len(page.All("button", "data-dialog", "confirm-blocked")) > 0 {
				t.Errorf("%s offers a viewer what would be refused", path)
			}
		}
	}
	for _, path := range writing {
		n.Operator(account.RoleAdmin).Get(path).Is(http.StatusOK)
	}
}

// TestOtherPartiesStayOut: partners have portals of their own, strangers log in, and ids of nothing are not found.
func TestOtherPartiesStayOut(t *testing.T) {
	t.Parallel()
	n := newPortal(t)
	for _, path := range records(n) {
		for _, who := range []*portaltest.Browser{n.Affiliate(0), n.Advertiser(0), n.Nobody()} {
			if page := who.Get(path); page.Status != http.StatusSeeOther {
				t.Errorf("%s: status %d", path, page.Status)
			}
			if page := who.Post(path+"/status", map[string][]string{"status": {"blocked"}}); page.Status == http.StatusOK || page.Status == http.StatusSeeOther && strings.HasPrefix(page.Header.Get("Location"), "/admin/") {
				t.Errorf("POST %s: status %d", path, page.Status)
			}
		}
	}
	for _, path := range []string{"/admin/offers/999999", "/admin/affiliates/999999", "/admin/advertisers/999999/tracking", "/admin/applications/999999", "/admin/offers/x", "/admin/affiliates/-1",
		fmt.Sprintf("/admin/offers/%d/goals/%d", n.OfferOf[0].ID, n.OfferOf[1].Goals[0].ID), fmt.Sprintf("/admin/offers/%d/edit/other", n.OfferOf[0].ID)} {
		n.Operator(account.RoleAdmin).Get(path).Is(http.StatusNotFound)
	}
}

// TestViewersChangeNothing: what a viewer is not offered is refused all the same.
func TestViewersChangeNothing(t *testing.T) {
	t.Parallel()
	n := newPortal(t)
	viewer := n.Operator(account.RoleViewer)
	offer, partner, shop := fmt.Sprintf("/admin/offers/%d", n.OfferOf[0].ID), fmt.Sprintf("/admin/affiliates/%d", n.AffiliateOf[0].ID), fmt.Sprintf("/admin/advertisers/%d", n.AdvertiserOf[0].ID)
	for _, path := range []string{partner + "/status", shop + "/status", offer + "/status", shop + "/token", partner + "/delete", offer + "/copy", "/admin/affiliates/new", "/admin/advertisers/new",
		partner + "/notes", "/admin/affiliates", "/admin/offers"} {
		page := viewer.Post(path, map[string][]string{"status": {"paused"}, "name": {"Mine"}, "text": {"Mine"}, "id": {"1"}})
		if page.Status != http.StatusForbidden && page.Status != http.StatusNotFound {
			t.Errorf("POST %s: status %d", path, page.Status)
		}
	}
	viewer.Get(shop + "/tracking").Lacks(n.AdvertiserOf[0].PostbackToken)
	n.Operator(account.RoleManager).Get(shop + "/tracking").Shows(n.AdvertiserOf[0].PostbackToken)
	viewer.PostForged(partner+"/status", map[string][]string{"status": {"active"}}).Is(http.StatusForbidden)
	if one, err := n.Affiliates.Get(t.Context(), portaltest.System, n.AffiliateOf[0].ID); err != nil || one.Status != affiliate.StatusActive {
		t.Errorf("status %q, error %v", one.Status, err)
	}
}

func TestAffiliateForm(t *testing.T) {
	t.Parallel()
	n := newPortal(t)
	admin := n.Operator(account.RoleAdmin)
	page := admin.Post("/admin/affiliates/new", map[string][]string{"name": {""}, "email": {"no address"}, "status": {"active"}, "currency": {"EUR"}, "fire": {"all"}}).Is(http.StatusUnprocessableEntity)
	if page.Field("email") != "no address" || page.Field("currency") != "EUR" {
		t.Error("what was typed is gone")
	}
	if len(page.All("input", "aria-invalid", "true")) != 2 {
		t.Error("not both fields carry their error")
	}
	for _, name := range corpus {
		made := admin.Post("/admin/affiliates/new", map[string][]string{"name": {name}, "email": {""}, "status": {"pending"}, "currency": {"EUR"}, "fire": {"all"}}).Is(http.StatusSeeOther)
		at := made.Header.Get("Location")
		safe(t, admin.Get(at).Shows(name, "Pending", "Approve"))
		safe(t, admin.Get(at+"/settings"))
		admin.Post(at+"/status", map[string][]string{"status": {"active"}}).To(at).Shows("Active")
	}
	safe(t, admin.Get("/admin/affiliates").Shows(corpus...))
	admin.Get("/admin/affiliates?q=nobody").Shows("No results with these filters")
	entries := admin.Get(fmt.Sprintf("/admin/affiliates/%d/balance?format=csv", n.AffiliateOf[0].ID)).Is(http.StatusOK)
	if !strings.Contains(entries.Body, ",network:commission,") || !strings.Contains(entries.Body, ",5.00,USD,") {
		t.Errorf("file %q", entries.Body)
	}
	file := admin.Get("/admin/affiliates?format=csv").Is(http.StatusOK)
	if !strings.HasPrefix(file.Body, "id,name,email,status,currency,fire,created_at\r\n") || !strings.Contains(file.Body, "Voss Media") {
		t.Errorf("file %q", file.Body)
	}
}

func TestAdvertiserSettings(t *testing.T) {
	t.Parallel()
	n := newPortal(t)
	admin, at := n.Operator(account.RoleAdmin), fmt.Sprintf("/admin/advertisers/%d", n.AdvertiserOf[0].ID)
	form := map[string][]string{"name": {"Lumio"}, "status": {"active"}, "currency": {"USD"}, "override_percent": {"a lot"}, "postback_auth": {"hmac"}, "status_map": {"sold = approved"}, "ip_allowlist": {"203.0.113.7"}}
	admin.Post(at+"/settings", form).Is(http.StatusUnprocessableEntity).Shows("Margin on top of the commission: “a lot” must be a number")
	form["override_percent"], form["ip_allowlist"] = []string{"12.5"}, []string{"203.0.113.7\nnonsense"}
	admin.Post(at+"/settings", form).Is(http.StatusUnprocessableEntity).Shows("nonsense: Must be an address")
	form["ip_allowlist"], form["status_map"] = []string{"203.0.113.7"}, []string{"sold"}
	admin.Post(at+"/settings", form).Is(http.StatusUnprocessableEntity).Shows("word = status")
	form["status_map"] = []string{"sold = approved\nvoid = trash"}
	admin.Post(at+"/settings", form).To(at + "/settings")
	one, err := n.Advertisers.Get(t.Context(), portaltest.System, n.AdvertiserOf[0].ID)
	if err != nil || one.OverridePercent.String() != "12.5" || one.PostbackAuth != "hmac" || one.StatusMap["void"] != "trash" || len(one.IPAllowlist) != 1 {
		t.Errorf("saved %+v, error %v", one, err)
	}
	if one.PostbackToken != n.AdvertiserOf[0].PostbackToken {
		t.Error("an empty token made a new one")
	}
	admin.Post(at+"/token", nil).To(at + "/tracking")
	if again, err := n.Advertisers.Get(t.Context(), portaltest.System, one.ID); err != nil || again.PostbackToken == one.PostbackToken {
		t.Errorf("the token stayed; error %v", err)
	}
	admin.Get(at+"/activity").Shows("Advertiser changed", "Override percent").Lacks(one.PostbackToken)
}

// TestStaleForms: what was done while a form lay open stays done, and the form says so.
func TestStaleForms(t *testing.T) {
	t.Parallel()
	n := newPortal(t)
	admin := n.Operator(account.RoleAdmin)
	for at, form := range map[string]map[string][]string{
		fmt.Sprintf("/admin/affiliates/%d", n.AffiliateOf[0].ID):   {"name": {"Old page"}, "status": {"active"}, "currency": {"USD"}, "fire": {"all"}},
		fmt.Sprintf("/admin/advertisers/%d", n.AdvertiserOf[0].ID): {"name": {"Old page"}, "status": {"active"}, "currency": {"USD"}, "postback_auth": {"none"}},
	} {
		page := admin.Get(at + "/settings").Is(http.StatusOK)
		if len(page.All("select", "name", "status")) > 0 {
			t.Errorf("%s: the status stands in the settings", at)
		}
		form["seen"] = []string{page.Field("seen")}
		n.Now = n.Now.Add(time.Second)
		admin.Post(at+"/status", map[string][]string{"status": {"blocked"}}).To(at).Shows("Blocked")
		admin.Post(at+"/settings", form).Is(http.StatusUnprocessableEntity).Shows("was changed since you opened it", "Blocked")
		admin.Get(at).Shows("Blocked").Lacks("Old page")
		form["seen"] = []string{admin.Get(at + "/settings").Field("seen")}
		admin.Post(at+"/settings", form).To(at+"/settings").Shows("Old page", "Blocked")
	}
	offer := fmt.Sprintf("/admin/offers/%d/edit/", n.OfferOf[0].ID)
	access := map[string][]string{"visibility": {"private"}, "seen": {admin.Get(offer + "access").Field("seen")}}
	n.Now = n.Now.Add(time.Second)
	admin.Post(offer+"tracking", map[string][]string{"window_days": {"44"}, "min_seconds": {"0"}}).To(offer + "tracking")
	stale := admin.Post(offer+"access", access).Is(http.StatusUnprocessableEntity).Shows("was changed since you opened it")
	access["seen"] = []string{stale.Field("seen")} // sent once more, now that it is known
	admin.Post(offer+"access", access).To(offer + "access").Shows("The changes are saved")
	goals := fmt.Sprintf("/admin/offers/%d/goals/", n.OfferOf[0].ID)
	goal := goals + fmt.Sprint(n.OfferOf[0].Goals[0].ID)
	rules := func(page *portaltest.Page, name string) map[string][]string {
		return map[string][]string{"name": {name}, "alias": {n.OfferOf[0].Goals[0].Alias}, "is_default": {"1"}, "payout_model": {"fixed"}, "payout_amount": {"5"}, "revenue_model": {"fixed"}, "revenue_amount": {"8"},
			"initial_status": {"approved"}, "dedupe": {"txid"}, "seen": {page.Field("seen")}}
	}
	old := rules(admin.Get(goal), "Old page")
	admin.Post(goals+"new", map[string][]string{"alias": {"other"}, "payout_model": {"postback"}, "revenue_model": {"postback"}, "initial_status": {"approved"}, "dedupe": {"txid"}}).Is(http.StatusSeeOther)
	admin.Post(goal, rules(admin.Get(goal), "Colleague's")).Is(http.StatusSeeOther)
	for range 2 { // sending it again does not help: it is still the old form
		stale = admin.Post(goal, old).Is(http.StatusUnprocessableEntity).Shows("was changed since you opened it")
		old["seen"] = []string{stale.Field("seen")}
	}
	admin.Get(goal).Shows("Goals").Lacks("Old page")
	admin.Post(goal, rules(admin.Get(goal), "New page")).Is(http.StatusSeeOther)

	settings := map[string][]string{"name": {"Old page"}, "currency": {"EUR"}, "time_zone": {"UTC"}, "seen": {admin.Get("/admin/settings").Field("seen")}}
	signUp := map[string][]string{"affiliate_sign_up": {"1"}, "seen": {admin.Get("/admin/settings/sign-up").Field("seen")}}
	n.Now = n.Now.Add(time.Second)
	admin.Post("/admin/settings", map[string][]string{"name": {"Colleague's"}, "currency": {"EUR"}, "time_zone": {"UTC"}}).To("/admin/settings").Shows("The settings are saved")
	admin.Post("/admin/settings", settings).Is(http.StatusUnprocessableEntity).Shows("was changed since you opened it")
	admin.Post("/admin/settings/sign-up", signUp).Is(http.StatusUnprocessableEntity).Shows("was changed since you opened it")
	settings["seen"] = []string{admin.Get("/admin/settings").Field("seen")}
	admin.Post("/admin/settings", settings).To("/admin/settings").Shows("Old page")
	signUp["seen"] = []string{admin.Get("/admin/settings/sign-up").Field("seen")}
	admin.Post("/admin/settings/sign-up", signUp).To("/admin/settings/sign-up").Shows("The sign-up forms are saved")

	viewer := n.Operator(account.RoleViewer)
	at := fmt.Sprintf("/admin/people/%d", viewer.User.ID)
	form := map[string][]string{"name": {"Vic"}, "role": {"manager"}, "status": {"active"}, "seen": {admin.Get(at).Field("seen")}}
	n.Now = n.Now.Add(time.Second)
	admin.Post(at, map[string][]string{"name": {"Vic"}, "role": {"viewer"}, "status": {"disabled"}}).Is(http.StatusSeeOther)
	admin.Post(at, form).Is(http.StatusUnprocessableEntity).Shows("was changed since you opened it")
	if u, err := n.Accounts.GetUser(t.Context(), portaltest.System, viewer.User.ID); err != nil || u.Status != account.UserStatusDisabled || u.Role != account.RoleViewer {
		t.Errorf("%s %s, error %v", u.Status, u.Role, err)
	}
}

func TestUsersAndNotes(t *testing.T) {
	t.Parallel()
	n := newPortal(t)
	admin, at := n.Operator(account.RoleAdmin), fmt.Sprintf("/admin/affiliates/%d", n.AffiliateOf[0].ID)
	admin.Post(at+"/users", map[string][]string{"email": {"nobody"}}).Is(http.StatusUnprocessableEntity)
	page := admin.Post(at+"/users", map[string][]string{"email": {"new@voss.example"}, "name": {"Nina New"}}).Is(http.StatusOK).Shows("new@voss.example is invited", "Invited")
	if !strings.Contains(page.Text(), portaltest.PublicURL+"/set-password?token=") {
		t.Error("the link of the invitation is not shown")
	}
	other := n.Browser("affiliate1").User
	admin.Post(fmt.Sprintf("%s/users/%d/status", at, other.ID), map[string][]string{"status": {"disabled"}}).Is(http.StatusNotFound)
	own := n.Browser("affiliate0").User
	admin.Post(fmt.Sprintf("%s/users/%d/status", at, own.ID), map[string][]string{"status": {"disabled"}}).To(at + "/users").Shows("Disabled")

	admin.Post(at+"/notes", map[string][]string{"text": {""}}).Is(http.StatusUnprocessableEntity)
	for _, text := range corpus {
		admin.Post(at+"/notes", map[string][]string{"text": {text}}).Is(http.StatusSeeOther)
	}
	safe(t, admin.Get(at+"/notes").Shows(corpus...))
	n.Operator(account.RoleViewer).Get(at + "/notes").Lacks("Save note")
}

func TestDelete(t *testing.T) {
	t.Parallel()
	n := newPortal(t)
	admin := n.Operator(account.RoleAdmin)
	used := fmt.Sprintf("/admin/affiliates/%d", n.AffiliateOf[0].ID)
	admin.Post(used+"/delete", nil).To(used).Shows("cannot be deleted")
	fresh, _, err := n.Affiliates.Create(t.Context(), portaltest.System, affiliate.Affiliate{Name: "Fresh", Currency: "USD"})
	if err != nil {
		t.Fatal(err)
	}
	admin.Post(fmt.Sprintf("/admin/affiliates/%d/delete", fresh.ID), nil).To("/admin/affiliates").Shows("Fresh is deleted")
	if _, err := n.Affiliates.Get(t.Context(), portaltest.System, fresh.ID); !errs.Is(err, errs.KindNotFound) {
		t.Errorf("error %v", err)
	}
}
