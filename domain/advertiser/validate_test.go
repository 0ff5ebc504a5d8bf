package advertiser_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/waypost/waypost/domain/advertiser"
	"github.com/waypost/waypost/domain/errs"
	"github.com/waypost/waypost/domain/money"
)

func TestValidateDefaults(t *testing.T) {
	t.Parallel()
	a := advertiser.Advertiser{Name: " Acme "}
	warnings, err := a.Validate()
	if err != nil || len(warnings) > 0 {
		t.Fatalf("got %v, %v", warnings, err)
	}
	if a.Name != "Acme" || a.Status != advertiser.StatusActive || a.Currency != "USD" || a.PostbackAuth != advertiser.AuthToken {
		t.Errorf("defaults: %+v", a)
	}
}

func TestValidateStoredForm(t *testing.T) {
	t.Parallel()
	a := advertiser.Advertiser{
		Name: "Acme", Currency: "eur",
		IPAllowlist: []string{" 203.0.113.7 ", "10.1.2.3/8", "10.0.0.0/8", "2001:DB8::1", "::ffff:192.0.2.1"},
		StatusMap:   map[string]string{"Sale Paid": "Approved", "OPEN": " pending "},
	}
	if _, err := a.Validate(); err != nil {
		t.Fatal(err)
	}
	if a.Currency != "EUR" {
		t.Errorf("currency %q", a.Currency)
	}
	if diff := cmp.Diff([]string{"203.0.113.7", "10.0.0.0/8", "2001:db8::1", "192.0.2.1"}, a.IPAllowlist); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(map[string]string{"sale paid": "approved", "open": "pending"}, a.StatusMap); diff != "" {
		t.Error(diff)
	}
}

func TestValidateRefuses(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		change   func(*advertiser.Advertiser)
		code, at string
	}{
		"no name":             {func(a *advertiser.Advertiser) { a.Name = "" }, "required", "body.name"},
		"long name":           {func(a *advertiser.Advertiser) { a.Name = strings.Repeat("x", 201) }, "too_long", "body.name"},
		"e-mail":              {func(a *advertiser.Advertiser) { a.Email = "nobody" }, "invalid_email", "body.email"},
		"status":              {func(a *advertiser.Advertiser) { a.Status = "on" }, "invalid_choice", "body.status"},
		"currency":            {func(a *advertiser.Advertiser) { a.Currency = "XXX" }, "invalid_currency", "body.currency"},
		"negative percent":    {func(a *advertiser.Advertiser) { a.OverridePercent = money.MustRate("-1") }, "invalid_percent", "body.override_percent"},
		"percent over 1000":   {func(a *advertiser.Advertiser) { a.OverridePercent = money.MustRate("1000.5") }, "invalid_percent", "body.override_percent"},
		"seven decimals":      {func(a *advertiser.Advertiser) { a.OverridePercent = money.MustRate("0.1234567") }, "too_many_decimals", "body.override_percent"},
		"auth":                {func(a *advertiser.Advertiser) { a.PostbackAuth = "basic" }, "invalid_choice", "body.postback_auth"},
		"auth ip without ips": {func(a *advertiser.Advertiser) { a.PostbackAuth = advertiser.AuthIP }, "ip_allowlist_required", "body.ip_allowlist"},
		"token with a space":  {func(a *advertiser.Advertiser) { a.PostbackToken = "a b" }, "invalid_postback_token", "body.postback_token"},
		"address":             {func(a *advertiser.Advertiser) { a.IPAllowlist = []string{"10.0.0.1", "10.0.0.256"} }, "invalid_ip", "body.ip_allowlist[1]"},
		"address with a zone": {func(a *advertiser.Advertiser) { a.IPAllowlist = []string{"fe80::1%eth0"} }, "invalid_ip", "body.ip_allowlist[0]"},
		"host name":           {func(a *advertiser.Advertiser) { a.IPAllowlist = []string{"example.com"} }, "invalid_ip", "body.ip_allowlist[0]"},
		"status of the map":   {func(a *advertiser.Advertiser) { a.StatusMap = map[string]string{"x": "paid"} }, "invalid_status", "body.status_map.x"},
		"empty word":          {func(a *advertiser.Advertiser) { a.StatusMap = map[string]string{" ": "approved"} }, "required", "body.status_map. "},
		"one word twice": {func(a *advertiser.Advertiser) { a.StatusMap = map[string]string{"OK": "approved", "ok": "pending"} },
			"duplicate_word", "body.status_map.ok"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := advertiser.Advertiser{Name: "Acme"}
			tc.change(&a)
			_, err := a.Validate()
			e, ok := errs.As(err)
			if !ok || e.Kind != errs.KindInvalid || e.Code != tc.code || len(e.Fields) != 1 || e.Fields[0].Location != tc.at {
				t.Errorf("got %+v", e)
			}
		})
	}
}

func TestValidateWarns(t *testing.T) {
	t.Parallel()
	a := advertiser.Advertiser{Name: "Acme", PostbackAuth: advertiser.AuthNone, PostbackToken: "short"}
	warnings, err := a.Validate()
	if err != nil || len(warnings) != 2 || warnings[0].Code != "postbacks_unauthenticated" || warnings[1].Code != "weak_token" {
		t.Errorf("got %v, %v", warnings, err)
	}
}
