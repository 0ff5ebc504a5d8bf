package portaladmin_test

import (
	"context"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/waypost/waypost/domain/account"
	portaladmin "github.com/waypost/waypost/portal-admin"
	"github.com/waypost/waypost/portal/portaltest"
)

func TestRates(t *testing.T) {
	t.Parallel()
	n := newPortal(t)
	finance := n.Operator(account.RoleFinance)
	finance.Get("/admin/rates").Is(200).Shows("No exchange rates yet", "Set rate")
	n.Operator(account.RoleViewer).Get("/admin/rates").Is(200).Lacks("Set rate")
	day := n.Now.Format(time.DateOnly)
	in := url.Values{"date": {day}, "base": {"USD"}, "quote": {"EUR"}, "rate": {"nine"}}
	if page := finance.Post("/admin/rates", in).Is(422); page.Field("rate") != "nine" {
		t.Error("what was typed is lost")
	}
	n.Operator(account.RoleManager).Post("/admin/rates", in).Is(422)
	in.Set("rate", "0.9123")
	n.Operator(account.RoleManager).Post("/admin/rates", in).Is(403)
	finance.Post("/admin/rates", in).To("/admin/rates").Shows("1 USD = 0.9123 EUR", "By hand")
	finance.Get("/admin/rates?base=GBP").Is(200).Shows("No results with these filters")
}

func TestPeople(t *testing.T) {
	t.Parallel()
	n := newPortal(t)
	admin := n.Operator(account.RoleAdmin)
	viewer := n.Operator(account.RoleViewer)
	admin.Get("/admin/people").Is(200).Shows(viewer.User.Email, "Manager", "Invite operator")
	n.Operator(account.RoleManager).Get("/admin/people").Is(403)
	admin.Get("/admin/people?q="+url.QueryEscape(strings.ToUpper(viewer.User.Email))).Is(200).Shows(viewer.User.Email, "Name or e-mail is").Lacks(n.Operator(account.RoleFinance).User.Email)
	admin.Get("/admin/people?q=%25").Is(200).Shows("No results with these filters")
	admin.Get("/admin/people?q=" + url.QueryEscape(viewer.User.Email) + "&role=affiliate").Is(200).Shows("No results with these filters")
	if older := admin.Get("/admin/people?q=e&status=active&limit=1").Is(200); !strings.Contains(older.Body, "limit=1&amp;q=e&amp;status=active") {
		t.Errorf("the search is lost on the next page: %v", older.Links())
	}
	admin.Get("/admin/people/roles").Is(200).Shows("Change offers, advertisers and affiliates", "Read balances and the ledger", "yes", "no")
	admin.Post("/admin/people", url.Values{"email": {"new"}, "role": {"manager"}}).Is(422)
	safe(t, admin.Post("/admin/people", url.Values{"email": {"new@network.example"}, "name": {corpus[0]}, "role": {"manager"}}).Is(200).Shows("new@network.example"))
	path := "/admin/people/" + fmtInt(viewer.User.ID)
	admin.Get(path).Is(200).Shows(viewer.User.Email, "Access")
	admin.Get("/admin/people/999999").Is(404)
	n.Operator(account.RoleManager).Post(path, url.Values{"role": {"admin"}, "status": {"active"}}).Is(403)
	viewer.Get("/admin/conversions").Is(200)
	admin.Post(path, url.Values{"name": {"Vic"}, "role": {"viewer"}, "status": {"disabled"}}).Is(303)
	viewer.Get("/admin/conversions").Is(303) // to the log-in
	if u, err := n.Accounts.GetUser(context.Background(), portaltest.System, viewer.User.ID); err != nil || u.Status != account.UserStatusDisabled || u.Name != "Vic" {
		t.Errorf("%v %v", u.Status, err)
	}
}

func TestSettings(t *testing.T) {
	t.Parallel()
	n := newPortal(t)
	admin := n.Operator(account.RoleAdmin)
	admin.Get("/admin/settings").Is(200).Shows("Network name", "Tracking domain", portaltest.TrackingURL)
	n.Operator(account.RoleManager).Get("/admin/settings").Is(403)
	in := url.Values{"name": {"Halyard"}, "support_email": {"help@halyard.example"}, "terms_url": {"javascript:alert(1)"}, "brand_colour": {"#7c3aad"}, "currency": {"EUR"}, "time_zone": {"Europe/Berlin"}, "advertisers_decide": {"1"}}
	page := admin.Post("/admin/settings", in).Is(422)
	safe(t, page)
	if page.Field("name") != "Halyard" {
		t.Error("what was typed is lost")
	}
	in.Set("terms_url", "https://halyard.example/terms")
	admin.Post("/admin/settings", in).To("/admin/settings").Shows("The settings are saved")
	s, err := n.Settings.Get(context.Background(), portaltest.System)
	if err != nil || s.Name != "Halyard" || s.BrandColour != "#7c3aad" || !s.AdvertisersDecide || s.TimeZone != "Europe/Berlin" {
		t.Errorf("%+v %v", s, err)
	}
	if part := admin.Get("/admin/settings/brand?brand_colour=%23ff0000").Is(200).Body; !strings.Contains(part, "--brand:light-dark(") {
		t.Error(part)
	}
	if part := admin.Get("/admin/settings/brand?brand_colour=" + url.QueryEscape(`red;"><script>`)).Is(200).Body; strings.Contains(part, "red") {
		t.Error(part)
	}
}

func TestSignUpQuestions(t *testing.T) {
	t.Parallel()
	n := newPortal(t)
	admin := n.Operator(account.RoleAdmin)
	in := url.Values{"affiliate_sign_up": {"1"},
		"affiliate_questions[0].label": {"How do you promote?"}, "affiliate_questions[0].kind": {"select"}, "affiliate_questions[0].options": {"Blog"}, "affiliate_questions[0].required": {"1"},
		"affiliate_questions[1].label": {""}, "affiliate_questions[1].kind": {"text"},
		"affiliate_questions[2].label": {corpus[0]}, "affiliate_questions[2].kind": {"text"}}
	safe(t, admin.Post("/admin/settings/sign-up", in).Is(422).Shows("2 to 50 options"))
	in.Set("affiliate_questions[0].options", "Blog\nMail\n")
	safe(t, admin.Post("/admin/settings/sign-up", in).To("/admin/settings/sign-up").Shows("The sign-up forms are saved"))
	s, err := n.Settings.Get(context.Background(), portaltest.System)
	if err != nil || !s.AffiliateSignUp || s.AdvertiserSignUp || len(s.AffiliateQuestions) != 2 || s.AffiliateQuestions[0].ID != "how_do_you_promote" ||
		len(s.AffiliateQuestions[0].Options) != 2 || !s.AffiliateQuestions[0].Required {
		t.Errorf("%+v %v", s.AffiliateQuestions, err)
	}
	n.Operator(account.RoleManager).Post("/admin/settings/sign-up", in).Is(403)
}

func TestAuditLog(t *testing.T) {
	t.Parallel()
	n := newPortal(t)
	admin := n.Operator(account.RoleAdmin)
	admin.Post("/admin/settings", url.Values{"name": {"Halyard"}, "currency": {"EUR"}, "time_zone": {"UTC"}}).Is(303)
	admin.Get("/admin/audit").Is(200).Shows("Offer created")
	admin.Get("/admin/audit?type=network").Is(200).Shows(admin.User.Email, "Halyard").Lacks("Offer created (")
	admin.Get("/admin/audit?object=nothing").Is(200).Shows("No results with these filters")
	n.Operator(account.RoleManager).Get("/admin/audit").Is(403)
	if file := admin.Get("/admin/audit?format=csv&type=network").Is(200).Body; !strings.Contains(file, "network.update") {
		t.Error(file)
	}
	for _, evil := range corpus {
		safe(t, admin.Get("/admin/audit?object="+url.QueryEscape(evil)).Is(200))
	}
}

// oneFailing is a system whose database is away.
func oneFailing(context.Context) (portaladmin.Health, error) {
	return portaladmin.Health{Version: "1.2.3", Roles: "all", Parts: []portaladmin.HealthPart{{Name: "settings", State: "ok", Found: "all can be read"},
		{Name: "database", State: "fail", Found: "it does not answer", Mend: "Start it again"}}}, nil
}

func TestSystem(t *testing.T) {
	t.Parallel()
	n := newPortal(t)
	n.Operator(account.RoleAdmin).Get("/admin/system").Is(200).Shows("1.2.3", "Database", "Failing", "Start it again", "1 part failing.", "waypost backup")
	n.Operator(account.RoleManager).Get("/admin/system").Is(403)
}
