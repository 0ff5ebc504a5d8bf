package offer_test

import (
	"strings"
	"testing"

	"github.com/waypost/waypost/domain/click"
	"github.com/waypost/waypost/domain/errs"
	"github.com/waypost/waypost/domain/money"
	"github.com/waypost/waypost/domain/offer"
)

const destination = "https://shop.example/?c={click_id}"

func rate(s string) *money.Rate {
	r := money.MustRate(s)
	return &r
}

func TestValidateDefaults(t *testing.T) {
	t.Parallel()
	o := offer.Offer{AdvertiserID: 1, Name: "Shoes", DestinationURL: destination, Currency: "USD"}
	warnings, err := o.Validate(click.LintDestination)
	if err != nil || len(warnings) > 0 {
		t.Fatalf("got %v, %v", warnings, err)
	}
	if o.Status != offer.StatusActive || o.Visibility != offer.VisibilityPublic || o.WindowDays != 90 || len(o.Goals) != 1 {
		t.Fatalf("defaults: %+v", o)
	}
	g := o.Goals[0]
	if g.Alias != "default" || !g.IsDefault || g.Payout.Model != offer.ModelPostback || g.Revenue.Model != offer.ModelPostback ||
		g.InitialStatus != "approved" || g.Dedupe != offer.DedupeTxID {
		t.Errorf("default goal: %+v", g)
	}
}

func TestValidateMakesOneDefault(t *testing.T) {
	t.Parallel()
	o := valid()
	o.Goals = []offer.Goal{{Alias: "lead"}, {Alias: "sale"}}
	if _, err := o.Validate(click.LintDestination); err != nil {
		t.Fatal(err)
	}
	if !o.Goals[0].IsDefault || o.Goals[1].IsDefault {
		t.Errorf("the first goal should be the default: %+v", o.Goals)
	}
	o.Goals[0].IsDefault, o.Goals[1].IsDefault = false, true
	if _, err := o.Validate(click.LintDestination); err != nil || o.Goals[0].IsDefault || !o.Goals[1].IsDefault {
		t.Errorf("the named default should stay: %+v, %v", o.Goals, err)
	}
}

func valid() offer.Offer {
	return offer.Offer{AdvertiserID: 1, Name: "Shoes", DestinationURL: destination, Currency: "USD", Goals: []offer.Goal{{Alias: "sale"}}}
}

func TestValidateRefuses(t *testing.T) {
	t.Parallel()
	rule := func(r offer.Rule) func(*offer.Offer) {
		return func(o *offer.Offer) { o.Goals[0].Payout = r }
	}
	alias := func(a string) func(*offer.Offer) {
		return func(o *offer.Offer) { o.Goals[0].Alias = a }
	}
	for name, tc := range map[string]struct {
		change   func(*offer.Offer)
		code, at string
	}{
		"no advertiser":         {func(o *offer.Offer) { o.AdvertiserID = 0 }, "required", "body.advertiser_id"},
		"no name":               {func(o *offer.Offer) { o.Name = "" }, "required", "body.name"},
		"no destination":        {func(o *offer.Offer) { o.DestinationURL = "" }, "invalid_url", "body.destination_url"},
		"script":                {func(o *offer.Offer) { o.DestinationURL = "javascript:alert(1)" }, "invalid_url", "body.destination_url"},
		"macro as host":         {func(o *offer.Offer) { o.DestinationURL = "https://{sub1}/" }, "invalid_url", "body.destination_url"},
		"preview":               {func(o *offer.Offer) { o.PreviewURL = "ftp://x.example" }, "invalid_url", "body.preview_url"},
		"preview with user":     {func(o *offer.Offer) { o.PreviewURL = "https://u@x.example" }, "invalid_url", "body.preview_url"},
		"preview, backslash":    {func(o *offer.Offer) { o.PreviewURL = `https://x.example\@evil.example` }, "invalid_url", "body.preview_url"},
		"fallback":              {func(o *offer.Offer) { o.FallbackURL = "//x.example" }, "invalid_url", "body.fallback_url"},
		"fallback, open host":   {func(o *offer.Offer) { o.FallbackURL = "https://x.example#sub1#" }, "invalid_url", "body.fallback_url"},
		"currency":              {func(o *offer.Offer) { o.Currency = "ABC" }, "invalid_currency", "body.currency"},
		"status":                {func(o *offer.Offer) { o.Status = "deleted" }, "invalid_choice", "body.status"},
		"visibility":            {func(o *offer.Offer) { o.Visibility = "secret" }, "invalid_choice", "body.visibility"},
		"window":                {func(o *offer.Offer) { o.WindowDays = 3651 }, "out_of_range", "body.window_days"},
		"minimum":               {func(o *offer.Offer) { o.MinSeconds = -1 }, "out_of_range", "body.min_seconds"},
		"alias missing":         {alias(""), "required", "body.goals[0].alias"},
		"alias all digits":      {alias("123"), "invalid_alias", "body.goals[0].alias"},
		"alias with a space":    {alias("my sale"), "invalid_alias", "body.goals[0].alias"},
		"alias too long":        {alias(strings.Repeat("a", 65)), "invalid_alias", "body.goals[0].alias"},
		"alias with a new line": {alias("sale\n"), "invalid_alias", "body.goals[0].alias"},
		"alias twice": {func(o *offer.Offer) { o.Goals = append(o.Goals, offer.Goal{Alias: "sale"}) },
			"duplicate_alias", "body.goals[1].alias"},
		"two defaults": {func(o *offer.Offer) {
			o.Goals = []offer.Goal{{Alias: "a", IsDefault: true}, {Alias: "b"}, {Alias: "c", IsDefault: true}}
		}, "two_default_goals", "body.goals[2].is_default"},
		"model":                  {rule(offer.Rule{Model: "cpm"}), "invalid_choice", "body.goals[0].payout.model"},
		"fixed without amount":   {rule(offer.Rule{Model: offer.ModelFixed}), "required", "body.goals[0].payout.amount"},
		"percent without":        {rule(offer.Rule{Model: offer.ModelPercent}), "required", "body.goals[0].payout.percent"},
		"hybrid without amount":  {rule(offer.Rule{Model: offer.ModelHybrid, Percent: rate("1")}), "required", "body.goals[0].payout.amount"},
		"hybrid without percent": {rule(offer.Rule{Model: offer.ModelHybrid, Amount: rate("1")}), "required", "body.goals[0].payout.percent"},
		"negative amount":        {rule(offer.Rule{Model: offer.ModelFixed, Amount: rate("-1")}), "invalid_amount", "body.goals[0].payout.amount"},
		"negative percent":       {rule(offer.Rule{Model: offer.ModelPercent, Percent: rate("-1")}), "invalid_percent", "body.goals[0].payout.percent"},
		"fixed, three decimals":  {rule(offer.Rule{Model: offer.ModelFixed, Amount: rate("1.234")}), "too_many_decimals", "body.goals[0].payout.amount"},
		"hybrid, three decimals": {rule(offer.Rule{Model: offer.ModelHybrid, Amount: rate("1.234"), Percent: rate("1")}), "too_many_decimals", "body.goals[0].payout.amount"},
		"percent, 7 decimals":    {rule(offer.Rule{Model: offer.ModelPercent, Percent: rate("1.1234567")}), "too_many_decimals", "body.goals[0].payout.percent"},
		"yen have no decimals": {func(o *offer.Offer) {
			o.Currency, o.Goals[0].Revenue = "JPY", offer.Rule{Model: offer.ModelFixed, Amount: rate("1.5")}
		}, "too_many_decimals", "body.goals[0].revenue.amount"},
		"initial status": {func(o *offer.Offer) { o.Goals[0].InitialStatus = "rejected" }, "invalid_choice", "body.goals[0].initial_status"},
		"dedupe":         {func(o *offer.Offer) { o.Goals[0].Dedupe = "ip" }, "invalid_choice", "body.goals[0].dedupe"},
		"days, no hold":  {func(o *offer.Offer) { o.Goals[0].HoldDays = 7 }, "hold_days_without_hold", "body.goals[0].hold_days"},
		"hold days":      {func(o *offer.Offer) { o.Goals[0].HoldDays = -1 }, "out_of_range", "body.goals[0].hold_days"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := valid()
			tc.change(&o)
			_, err := o.Validate(click.LintDestination)
			e, ok := errs.As(err)
			if !ok || e.Kind != errs.KindInvalid || e.Code != tc.code || len(e.Fields) != 1 || e.Fields[0].Location != tc.at {
				t.Errorf("got %+v", e)
			}
		})
	}
}

func TestValidateAccepts(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*offer.Offer){
		"two decimals":             func(o *offer.Offer) { o.Goals[0].Payout = offer.Rule{Model: offer.ModelFixed, Amount: rate("12.34")} },
		"trailing zeros":           func(o *offer.Offer) { o.Goals[0].Payout = offer.Rule{Model: offer.ModelFixed, Amount: rate("12.3400")} },
		"exact part of a postback": func(o *offer.Offer) { o.Goals[0].Payout = offer.Rule{Amount: rate("0.12345678")} },
		"dinar": func(o *offer.Offer) {
			o.Currency, o.Goals[0].Payout = "KWD", offer.Rule{Model: offer.ModelFixed, Amount: rate("1.234")}
		},
		"digits and a letter": func(o *offer.Offer) { o.Goals[0].Alias = "123a" },
		"dots, dashes":        func(o *offer.Offer) { o.Goals[0].Alias = "Step_1.a-B" },
		"alias by case":       func(o *offer.Offer) { o.Goals = append(o.Goals, offer.Goal{Alias: "SALE"}) },
		"fallback, macro":     func(o *offer.Offer) { o.FallbackURL = "https://x.example/?o={offer_id}" },
	} {
		o := valid()
		change(&o)
		if warnings, err := o.Validate(click.LintDestination); err != nil || len(warnings) > 0 {
			t.Errorf("%s: %v, %v", name, warnings, err)
		}
	}
}

func TestValidateHold(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		status     string
		days, want int
	}{{"hold", 0, 30}, {"hold", 7, 7}, {"approved", 0, 0}, {"pending", 0, 0}} {
		o := valid()
		o.Goals[0].InitialStatus, o.Goals[0].HoldDays = tc.status, tc.days
		if _, err := o.Validate(click.LintDestination); err != nil || o.Goals[0].HoldDays != tc.want {
			t.Errorf("%+v: %d days, %v", tc, o.Goals[0].HoldDays, err)
		}
	}
}

func TestValidateWarns(t *testing.T) {
	t.Parallel()
	o := valid()
	o.DestinationURL = "https://shop.example/"
	o.FallbackURL = "https://shop.example/{nonsense}"
	o.Goals = []offer.Goal{{Alias: "a"}, {Alias: "b", Dedupe: offer.DedupeNone}, {Alias: "c", Dedupe: offer.DedupeAdd}}
	warnings, err := o.Validate(click.LintDestination)
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"destination_url no_click_id_macro", "fallback_url unknown_macro", "goals[1].dedupe repeats_count_twice", "goals[2].dedupe repeats_count_twice"}
	if len(warnings) != len(want) {
		t.Fatalf("got %v", warnings)
	}
	for i, w := range warnings {
		if w.Field+" "+w.Code != want[i] {
			t.Errorf("got %s %s, want %s", w.Field, w.Code, want[i])
		}
	}
}

// Whatever the model, what it does not use is dropped and what it uses stays.
func TestRuleKeepsWhatItsModelUses(t *testing.T) {
	t.Parallel()
	for model, want := range map[offer.Model][2]bool{
		offer.ModelPostback: {true, true}, offer.ModelFixed: {true, false}, offer.ModelPercent: {false, true}, offer.ModelHybrid: {true, true},
	} {
		o := valid()
		o.Goals[0].Payout = offer.Rule{Model: model, Amount: rate("1"), Percent: rate("2")}
		if _, err := o.Validate(click.LintDestination); err != nil {
			t.Fatal(err)
		}
		if p := o.Goals[0].Payout; (p.Amount != nil) != want[0] || (p.Percent != nil) != want[1] {
			t.Errorf("%s keeps %v, %v", model, p.Amount, p.Percent)
		}
	}
}
