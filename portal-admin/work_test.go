package portaladmin_test

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/waypost/waypost/domain"
	"github.com/waypost/waypost/domain/account"
	"github.com/waypost/waypost/domain/application"
	"github.com/waypost/waypost/domain/conversion"
	"github.com/waypost/waypost/domain/network"
	"github.com/waypost/waypost/domain/report"
	"github.com/waypost/waypost/portal/portaltest"
)

func TestWorkQueue(t *testing.T) {
	t.Parallel()
	n := newPortal(t)
	admin := n.Operator(account.RoleAdmin)
	admin.Get("/admin/work").Is(http.StatusOK).Shows("Access requests", "Blog & Sons", "Kettle Coffee", "Pending conversions", "Lumio Sleep")
	admin.Post("/admin/work/access", url.Values{"offer": {fmtInt(n.OfferOf[portaltest.Approval].ID)}, "affiliate": {fmtInt(n.AffiliateOf[1].ID)}, "status": {"rejected"}}).To("/admin/work").Lacks("wants Kettle Coffee")

	list, err := n.Conversions.List(t.Context(), portaltest.System, conversion.Filter{Status: conversion.StatusPending}, domain.Page{Limit: 10})
	if err != nil || len(list.Items) == 0 {
		t.Fatalf("%d pending, error %v", len(list.Items), err)
	}
	id := list.Items[0].ID.String()
	admin.Post("/admin/work/conversions", url.Values{"id": {id}, "status": {"rejected"}}).To("/admin/work").Shows("Say why")
	admin.Post("/admin/work/conversions", url.Values{"id": {id}, "status": {"trash"}}).To("/admin/work").Shows("Say why")
	admin.Post("/admin/work/conversions", url.Values{"status": {"approved"}}).To("/admin/work").Shows("No conversion was chosen")
	admin.Post("/admin/work/conversions", url.Values{"id": {id}, "status": {"rejected"}, "reason": {"Returned"}}).To("/admin/work").Shows("1 conversion is now Rejected.")
	if c, err := n.Conversions.Get(t.Context(), portaltest.System, list.Items[0].ID); err != nil || c.Status != conversion.StatusRejected {
		t.Errorf("status %q, error %v", c.Status, err)
	}
	n.Operator(account.RoleFinance).Post("/admin/work/conversions", url.Values{"id": {id}, "status": {"approved"}}).Is(http.StatusForbidden)
	admin.Post("/admin/work/conversions", url.Values{"id": {"nonsense"}, "status": {"approved"}}).Is(http.StatusNotFound)
}

// apply sends an application and confirms its address.
func apply(t *testing.T, n *portaltest.Network, company, email string) application.ID {
	t.Helper()
	err := n.Applications.Apply(t.Context(), application.Form{Kind: application.KindAffiliate, Company: company, Contact: "Ann Applicant", Email: email, Country: "DE",
		Answers: map[string]string{"site": "https://blog.example/"}, AcceptedTerms: true}, "192.0.2.9")
	if err != nil {
		t.Fatal(err)
	}
	due, err := n.DB.Mails().Claim(t.Context(), 100, time.Second)
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range due {
		if _, token, ok := strings.Cut(m.Message.Text, "/sign-up/verify?token="); ok && m.Message.To == email {
			token, _, _ = strings.Cut(token, "\n")
			a, err := n.Applications.Verify(t.Context(), token, "192.0.2.9")
			if err != nil {
				t.Fatal(err)
			}
			return a.ID
		}
	}
	t.Fatal("no mail with a link")
	return 0
}

func TestApplications(t *testing.T) {
	t.Parallel()
	n := newPortal(t)
	admin := n.Operator(account.RoleAdmin)
	admin.Get("/admin/applications").Shows("Nobody has applied yet")
	_, err := n.Settings.Update(t.Context(), portaltest.System, func(s *network.Settings) {
		s.AffiliateSignUp = true
		s.AffiliateQuestions = []network.Question{{ID: "site", Label: "Where do you advertise?", Kind: network.QuestionURL, Required: true}}
	})
	if err != nil {
		t.Fatal(err)
	}
	first, second := apply(t, n, corpus[0], "ann@first.example"), apply(t, n, "Second Ltd", "bea@second.example")
	safe(t, admin.Get("/admin/applications").Shows(corpus[0], "Second Ltd", "Waiting"))
	at := fmt.Sprintf("/admin/applications/%d", first)
	safe(t, admin.Get(at).Shows("Where do you advertise?", "https://blog.example/", "Ann Applicant"))
	admin.Post(at+"/approve", nil).Is(http.StatusOK).Shows("ann@first.example is invited", "Open affiliate", "/set-password?token=")
	admin.Post(at+"/approve", nil).To(at).Shows("cannot be approved")
	at = fmt.Sprintf("/admin/applications/%d", second)
	admin.Post(at+"/reject", url.Values{"reason": {""}}).Is(http.StatusUnprocessableEntity).Shows("Tell the applicant why")
	admin.Post(at+"/reject", url.Values{"reason": {"No traffic"}}).To("/admin/applications").Shows("Rejected")
	admin.Get(at).Shows("No traffic")
	n.Operator(account.RoleViewer).Post(at+"/approve", nil).Is(http.StatusForbidden)
	if got := deeds(t, n, "application", first); !slices.Contains(got, "application.approved") {
		t.Errorf("deeds %v", got)
	}
}

func TestDashboard(t *testing.T) {
	t.Parallel()
	n := newPortal(t)
	admin := n.Operator(account.RoleAdmin)
	admin.Get("/admin").Is(http.StatusOK).Shows("Revenue per day", "Top offers", "Latest conversions", "Lumio Sleep", "Other currencies", "EUR")
	part := admin.Part("/admin?metric=clicks", "figures").Is(http.StatusOK).Shows("Clicks per day")
	if len(part.All("h1", "", "")) != 0 {
		t.Error("a part is a whole page")
	}
	admin.Get("/admin?from=2020-01-01&to=2020-01-31").Shows("No traffic in")
	admin.Get("/admin?from=nonsense&to=2020-01-31").Is(http.StatusUnprocessableEntity)
	today := n.Now.Format(time.DateOnly)
	for name, days := range map[string]int{"more than half of what a report covers": 325, "all that a report covers": report.MaxDays} {
		from := n.Now.AddDate(0, 0, 1-days).Format(time.DateOnly)
		page := admin.Get("/admin?from=" + from + "&to=" + today).Is(http.StatusOK)
		if text := page.Text(); !strings.Contains(text, "Revenue per day") || !strings.Contains(text, "Previous "+strconv.Itoa(days)+" days") {
			t.Errorf("%s: no figures of it", name)
		}
	}
}

func TestPalette(t *testing.T) {
	t.Parallel()
	n := newPortal(t)
	admin := n.Operator(account.RoleAdmin)
	admin.Get("/admin/search?q=lumio").Is(http.StatusOK).Shows("Lumio Sleep", "Lumio")
	admin.Get("/admin/search?q=create").Shows("Create offer")
	admin.Get("/admin/search?q=" + n.ClickIDs[0]).Shows(n.ClickIDs[0])
}
