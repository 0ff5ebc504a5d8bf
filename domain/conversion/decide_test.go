package conversion

import (
	"testing"
	"time"

	"github.com/waypost/waypost/domain"
	"github.com/waypost/waypost/domain/advertiser"
	"github.com/waypost/waypost/domain/click"
	"github.com/waypost/waypost/domain/money"
	"github.com/waypost/waypost/domain/offer"
)

// zeros is randomness for tests that do not need any.
type zeros struct{}

func (zeros) Read(b []byte) (int, error) { return len(b), nil }

// everyFault is a refused click of an expired offer, authenticated by the token "right".
func everyFault(t *testing.T) Facts {
	t.Helper()
	id, err := click.Mint(time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC), zeros{})
	if err != nil {
		t.Fatal(err)
	}
	rule := offer.Rule{Model: offer.ModelPostback}
	return Facts{
		Click: &click.Click{ID: id, OfferID: 1, AffiliateID: 1, AdvertiserID: 1, Reason: click.ReasonFraud},
		Offer: &offer.Offer{ID: 1, AdvertiserID: 1, Currency: "USD", Status: offer.StatusExpired, WindowDays: 1,
			Goals: []offer.Goal{{ID: 1, Alias: "default", IsDefault: true, Payout: rule, Revenue: rule, InitialStatus: "approved", Dedupe: offer.DedupeTxID}}},
		Advertiser: &advertiser.Advertiser{ID: 1, PostbackAuth: advertiser.AuthToken, PostbackToken: "right"},
	}
}

func TestFindGoal(t *testing.T) {
	t.Parallel()
	o := offer.Offer{Goals: []offer.Goal{{ID: 12, Alias: "lead"}, {ID: 7, Alias: "sale", IsDefault: true}}}
	for name, want := range map[string]offer.GoalID{
		"": 7, "12": 12, "0012": 12, "lead": 12, "sale": 7, "Sale": 0, "13": 0, "99999999999999999999999": 0, "12 ": 0, "-12": 0,
	} {
		g, err := findGoal(o, name)
		if g.ID != want || (err == nil) != (want != 0) || err != nil && err.Code != "goal_not_found" {
			t.Errorf("%q: goal %d, %v", name, g.ID, err)
		}
	}
	if _, err := findGoal(offer.Offer{Goals: o.Goals[:1]}, ""); code(err) != "goal_not_found" {
		t.Errorf("no default goal: %v", err)
	}
}

func TestRatesOn(t *testing.T) {
	t.Parallel()
	day := func(d int) time.Time { return time.Date(2026, 11, d, 0, 0, 0, 0, time.UTC) }
	rates := Rates{
		{day(14), "EUR", "USD", money.MustRate("1.25"), RateManual}, {day(16), "EUR", "USD", money.MustRate("1.5"), RateManual}, {day(16), "EUR", "JPY", money.MustRate("160"), RateManual},
		{day(22), "EUR", "USD", money.MustRate("9"), RateManual},
	}
	for _, c := range []struct {
		base, quote money.Currency
		at          time.Time
		want        string
	}{
		{"EUR", "USD", day(21).Add(23 * time.Hour), "1.5"}, {"EUR", "USD", day(15), "1.25"}, {"EUR", "USD", day(13), ""},
		{"EUR", "JPY", day(23).Add(24*time.Hour - 1), "160"}, {"EUR", "JPY", day(24), ""}, {"USD", "EUR", day(16), ""},
		{"USD", "USD", day(1), "1"}, {"EUR", "USD", day(22), "9"},
	} {
		got, ok := rates.On(c.base, c.quote, c.at)
		if ok != (c.want != "") || ok && got.String() != c.want {
			t.Errorf("%s to %s at %s: %s, %v; want %q", c.base, c.quote, c.at, got, ok, c.want)
		}
	}
}

func TestAuthenticateClosedDoors(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		a    advertiser.Advertiser
		sent string
		code string
	}{
		"no secret set, nothing sent": {advertiser.Advertiser{PostbackAuth: advertiser.AuthToken}, "", "missing_token"},
		"no secret set":               {advertiser.Advertiser{PostbackAuth: advertiser.AuthToken}, "x", "invalid_token"},
		"unknown form":                {advertiser.Advertiser{PostbackAuth: "later", PostbackToken: "s"}, "", "missing_token"},
		"no key for hmac":             {advertiser.Advertiser{PostbackAuth: advertiser.AuthHMAC}, "", "invalid_signature"},
		"right":                       {advertiser.Advertiser{PostbackAuth: advertiser.AuthToken, PostbackToken: "s"}, "s", ""},
		"longer":                      {advertiser.Advertiser{PostbackAuth: advertiser.AuthToken, PostbackToken: "s"}, "ss", "invalid_token"},
	} {
		if got := code(Authenticate(c.a, Call{}, Sent{Token: c.sent})); got != c.code {
			t.Errorf("%s: %q, want %q", name, got, c.code)
		}
	}
}

func TestAddressAllowed(t *testing.T) {
	t.Parallel()
	list := []string{"192.0.2.1", "198.51.100.0/24", "2001:db8::/32", "::ffff:203.0.113.0/120", "nonsense"}
	for ip, want := range map[string]bool{
		"192.0.2.1": true, "192.0.2.2": false, "198.51.100.255": true, "198.51.101.0": false, "2001:db8:1::1": true, "2001:db9::1": false,
		"::ffff:192.0.2.1": true, "203.0.113.9": true, "nonsense": false, "": false, "192.0.2.1:80": false,
	} {
		if addressAllowed(ip, list) != want {
			t.Errorf("%q: %v", ip, !want)
		}
	}
}

// Refusals blame the client, never the server, and an answer has all its fields.
func TestRefusals(t *testing.T) {
	t.Parallel()
	for code, status := range refusals {
		if status < 400 || status > 499 {
			t.Errorf("%s: %d", code, status)
		}
	}
	a := Result{Status: OutcomeRefused, Code: "x"}.Answer()
	if a.ConversionID != nil || a.ClickID != nil || a.ConversionStatus != nil || a.Warnings == nil {
		t.Errorf("%+v", a)
	}
}

// The order of checks: of a call with every fault, mending one shows the next.
func TestOrderOfChecks(t *testing.T) {
	t.Parallel()
	f := everyFault(t)
	s := Sent{Goal: "nope", Val: "x", Com: "x", ComPerc: "x", Payout: "x", Currency: "x", Status: "x", Token: "wrong"}
	for _, step := range []struct {
		code string
		mend func()
	}{
		{"invalid_token", func() { s.Token = "right" }}, {"goal_not_found", func() { s.Goal = "" }},
		{"invalid_val", func() { s.Val = "1" }}, {"invalid_com", func() { s.Com = "1" }}, {"invalid_comperc", func() { s.ComPerc = "1" }},
		{"invalid_payout", func() { s.Payout = "1" }}, {"invalid_currency", func() { s.Currency = "USD" }}, {"invalid_status", func() { s.Status = "approved" }},
	} {
		if _, err := Decide(Call{ReceivedAt: f.Click.CreatedAt().Add(400 * 24 * time.Hour)}, s, f); code(err) != step.code {
			t.Fatalf("%q, want %s", code(err), step.code)
		}
		step.mend()
	}
	d, err := Decide(Call{ReceivedAt: f.Click.CreatedAt().Add(400 * 24 * time.Hour)}, s, f)
	if err != nil {
		t.Fatal(err)
	}
	held := Conversion{Status: StatusTrash}
	if r, _ := d.Apply(&held, ID{}); r.Code != "status_not_allowed" {
		t.Fatalf("a repeat: %+v", r)
	}
	for _, step := range []struct {
		code string
		mend func()
	}{
		{"click_not_valid", func() { f.Click.Reason = "" }}, {"offer_inactive", func() { f.Offer.Status = offer.StatusPaused }},
		{"outside_window", func() { f.Offer.WindowDays = 400 }},
	} {
		d, _ := Decide(d.Call, s, f)
		if r, next := d.Apply(nil, ID{}); r.Code != step.code || next != nil {
			t.Fatalf("%+v, want %s", r, step.code)
		}
		step.mend()
	}
	if d, _ = Decide(d.Call, s, f); d.NotNew != nil {
		t.Fatal(d.NotNew)
	}
	id, _ := domain.NewUUID(d.Call.ReceivedAt, zeros{})
	if r, next := d.Apply(nil, ID{id}); r.Code != "ok" || next == nil || !next.CreatedAt.Equal(d.Call.ReceivedAt) {
		t.Fatalf("all mended: %+v", r)
	}
}
