package export

import (
	"errors"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/waypost/waypost/domain/account"
	"github.com/waypost/waypost/domain/errs"
)

var (
	ann  = account.Actor{UserID: 1, Role: account.RoleAdmin}
	voss = account.Actor{UserID: 2, Role: account.RoleAffiliate, AffiliateID: 7}
)

func TestStates(t *testing.T) {
	t.Parallel()
	all := []State{Waiting, Making, Ready, Failed}
	may := map[[2]State]bool{{Waiting, Making}: true, {Making, Waiting}: true, {Making, Ready}: true, {Making, Failed}: true}
	for _, from := range all {
		for _, to := range all {
			if got := from.becomes(to); got != may[[2]State{from, to}] {
				t.Errorf("%s becomes %s: %v", from, to, got)
			}
		}
		if from.Over() != (from == Ready || from == Failed) {
			t.Errorf("%s: over %v", from, from.Over())
		}
	}
}

func TestCheckOfOrders(t *testing.T) {
	t.Parallel()
	for path, want := range map[string]string{
		"/admin/conversions": "/admin/conversions",
		"/admin/conversions?status=approved&cursor=x&limit=3":     "/admin/conversions?status=approved",
		"/admin/reports?group=day&format=csv&view=4&from=2026-01": "/admin/reports?from=2026-01&group=day",
		"/admin/affiliates/7?q=%3Cb%3E":                           "/admin/affiliates/7?q=%3Cb%3E",
	} {
		o, err := Order{Path: path, Format: CSV, Title: " Sales "}.check(ann)
		if err != nil || o.Path != want || o.Title != "Sales" {
			t.Errorf("%s: %+v, %v", path, o, err)
		}
	}
	for _, path := range []string{"", "/", "/admin", "/admin/", "admin/conversions", "//evil.example/admin/x", "https://evil.example/admin/x", "/affiliate/conversions",
		"/admin/../affiliate/conversions", "/admin/./x", "/admin//x", "/admin/x/", `/admin/a\b`, "/admin/x\r\nHost: y", "/admin/x#y", "/admin/a%2Fb", "/admin/%0d%0a",
		"/admin/x?%zz", "/administrator/x", "/api/v1/users", "/admin/x?q=" + strings.Repeat("a", maxPath)} {
		if _, err := (Order{Path: path, Format: CSV, Title: "x"}).check(ann); !errs.HasCode(err, "invalid_path") {
			t.Errorf("%q: %v", path, err)
		}
	}
	for _, o := range []Order{{Path: "/admin/x", Format: "pdf", Title: "x"}, {Path: "/admin/x", Format: CSV}, {Path: "/admin/x", Format: CSV, Title: strings.Repeat("x", 121)},
		{Path: "/admin/x", Format: CSV, Title: "a\r\nBcc: eve@example.com"}, {Path: "/admin/x", Format: CSV, Title: "a\x00"}, {Path: "/admin/x", Format: CSV, Title: "a\u202eb"}} {
		if _, err := o.check(ann); !errs.Is(err, errs.KindInvalid) {
			t.Errorf("%+v: %v", o, err)
		}
	}
	if _, err := (Order{Path: "/admin/conversions", Format: CSV, Title: "x"}).check(voss); !errs.HasCode(err, "invalid_path") {
		t.Errorf("an affiliate orders of the network: %v", err)
	}
}

func FuzzOrdersStayInTheirPortal(f *testing.F) {
	f.Add("/affiliate/conversions?status=approved", "Sales")
	f.Add("/affiliate/../admin/users", "a\r\nb")
	f.Add("//affiliate/x", "")
	f.Fuzz(func(t *testing.T, path, title string) {
		o, err := Order{Path: path, Title: title, Format: XLSX}.check(voss)
		if err != nil {
			return
		}
		if !strings.HasPrefix(o.Path, "/affiliate/") || strings.Contains(o.Path, "/../") || strings.ContainsAny(o.Path+o.Title, "\r\n\x00") || utf8.RuneCountInString(o.Title) > maxTitle {
			t.Errorf("taken: %+v", o)
		}
		if again, err := o.check(voss); err != nil || again != o {
			t.Errorf("%+v becomes %+v, %v", o, again, err)
		}
	})
}

// A file is made with what both the order and its user may do now.
func TestRightsAtRendering(t *testing.T) {
	t.Parallel()
	admin := account.User{ID: 1, Role: account.RoleAdmin, Status: account.UserStatusActive}
	for _, c := range []struct {
		ordered, now account.Role
		want         account.Role // empty: refused
	}{
		{account.RoleAdmin, account.RoleAdmin, account.RoleAdmin}, {account.RoleAdmin, account.RoleViewer, account.RoleViewer},
		{account.RoleViewer, account.RoleAdmin, account.RoleViewer}, {account.RoleManager, account.RoleFinance, ""}, {account.RoleAdmin, account.RoleAffiliate, ""},
	} {
		u := admin
		u.Role = c.now
		actor, err := Export{UserID: 1, Role: c.ordered}.as(u)
		if (err == nil) != (c.want != "") || actor.Role != c.want {
			t.Errorf("ordered as %s, now %s: %q, %v", c.ordered, c.now, actor.Role, err)
		}
	}
	disabled := admin
	disabled.Status = account.UserStatusDisabled
	if _, err := (Export{Role: account.RoleAdmin}).as(disabled); !errs.HasCode(err, "user_disabled") {
		t.Errorf("disabled: %v", err)
	}
	moved := account.User{Role: account.RoleAffiliate, AffiliateID: 8, Status: account.UserStatusActive}
	if _, err := (Export{Role: account.RoleAffiliate, AffiliateID: 7}).as(moved); !errs.Is(err, errs.KindForbidden) {
		t.Errorf("moved to another affiliate: %v", err)
	}
}

func TestReason(t *testing.T) {
	t.Parallel()
	for _, err := range []error{errors.New("pq: secret table"), errs.Unavailable("x", "the database is away")} {
		if got := reason(err); strings.Contains(got, "secret") || !strings.Contains(got, "our fault") {
			t.Errorf("%v: %q", err, got)
		}
	}
	if got := reason(errs.Invalid("x", "choose fewer days\x00\r\n").Because(errors.New("secret"))); got != "Choose fewer days   ." {
		t.Errorf("%q", got)
	}
	if got := reason(errs.Invalid("x", "%s", strings.Repeat("é", 400))); !utf8.ValidString(got) || len(got) > maxReason+4 {
		t.Errorf("%d bytes, valid %v", len(got), utf8.ValidString(got))
	}
	if reason(errs.Invalid("x", "")) == "" {
		t.Error("no words at all")
	}
}
