package view_test

import (
	"strings"
	"testing"

	"github.com/waypost/waypost/domain/account"
	"github.com/waypost/waypost/domain/errs"
	"github.com/waypost/waypost/domain/view"
)

var operators = account.Actor{UserID: 1, Role: account.RoleViewer}.Scope()

func TestCanonical(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"": "",
		"status=pending&from=2026-01-01&cursor=x&page=2&format=csv&limit=9&view=7": "from=2026-01-01&status=pending",
		"b=2&a=1&a=&c=":           "a=1&b=2",
		"q=%3Cb%3E&columns=a%2Cb": "columns=a%2Cb&q=%3Cb%3E",
	} {
		if got, err := view.Canonical(in); got != want || err != nil {
			t.Errorf("Canonical(%q) = %q, %v; want %q", in, got, err, want)
		}
	}
	for _, in := range []string{"a=%zz", "a=1;b=2", "q=" + strings.Repeat("x", 4096), "q=" + strings.Repeat("ä", 1500)} {
		if got, err := view.Canonical(in); !errs.Is(err, errs.KindInvalid) {
			t.Errorf("Canonical(%.20q) = %.20q, %v", in, got, err)
		}
	}
}

func FuzzCanonical(f *testing.F) {
	f.Add("status=pending&from=2026-01-01&view=none")
	f.Add("a=&b=%00&c=%ff")
	f.Fuzz(func(t *testing.T, in string) {
		once, err := view.Canonical(in)
		if err != nil {
			return
		}
		if twice, err := view.Canonical(once); err != nil || twice != once {
			t.Errorf("%q is %q, then %q, %v", in, once, twice, err)
		}
		if strings.ContainsAny(once, "\r\n\x00 \"<>") {
			t.Errorf("%q leaves %q", in, once)
		}
	})
}

func TestValidate(t *testing.T) {
	t.Parallel()
	good := view.View{Name: " Mine ", Page: "/conversions", Query: "to=2026-01-02&status=pending&from=2026-01-01", Span: view.Last7Days}
	if err := good.Validate(operators); err != nil || good.Name != "Mine" || good.Query != "status=pending" || good.Format != view.CSV {
		t.Errorf("%+v: %v", good, err)
	}
	for location, spoil := range map[string]func(*view.View){
		"body.name":     func(v *view.View) { v.Name = strings.Repeat("ä", 81) },
		"body.page":     func(v *view.View) { v.Page = "//evil.example/conversions" },
		"body.query":    func(v *view.View) { v.Query = "%" },
		"body.span":     func(v *view.View) { v.Span = "all" },
		"body.schedule": func(v *view.View) { v.Schedule = "hourly" },
		"body.format":   func(v *view.View) { v.Format = "pdf" },
	} {
		bad := good
		spoil(&bad)
		e, ok := errs.As(bad.Validate(operators))
		if !ok || e.Kind != errs.KindInvalid || len(e.Fields) != 1 || e.Fields[0].Location != location {
			t.Errorf("%s: %v", location, e)
		}
	}
	foreign := good
	foreign.Page = "/affiliates"
	if err := foreign.Validate(account.Actor{UserID: 1, Role: account.RoleAffiliate, AffiliateID: 3}.Scope()); err == nil {
		t.Error("an affiliate may keep a page of another portal")
	}
}

func TestAddress(t *testing.T) {
	t.Parallel()
	today := day(t, "2026-11-22")
	v := view.View{ID: 5, Page: "/conversions", Query: "columns=a%2Cb&status=pending", Span: view.LastMonth}
	const days = "from=2026-10-01&status=pending&to=2026-10-31"
	if got := v.Address(today); got != "/conversions?columns=a%2Cb&"+days+"&view=5" {
		t.Errorf("address %s", got)
	}
	if got := v.FileAddress(today); got != "/conversions?columns=a%2Cb&"+days {
		t.Errorf("file of %s", got)
	}
	for query, same := range map[string]bool{days + "&columns=a%2Cb&view=5&cursor=x": true, days: false, "status=pending&columns=a%2Cb": false, "%": false} {
		if v.Same(query, today) != same {
			t.Errorf("Same(%q) is not %t", query, same)
		}
	}
	if got := (view.View{ID: 6, Page: "/offers"}).Address(today); got != "/offers?view=6" {
		t.Errorf("address %s", got)
	}
}
