package offer

import (
	"cmp"
	"fmt"
	"net/url"
	"regexp"
	"strings"

	"github.com/waypost/waypost/domain/errs"
	"github.com/waypost/waypost/domain/field"
	"github.com/waypost/waypost/domain/money"
)

const (
	maxGoals        = 100
	maxURL          = 8 << 10 // bytes
	maxDays         = 3650
	maxSeconds      = maxDays * 24 * 60 * 60
	defaultHold     = 30 // days, where a goal begins to hold and does not say how long
	initialApproved = "approved"
	initialPending  = "pending"
	initialHold     = "hold"
)

// Lint judges a destination URL: click.LintDestination, which stands on a higher floor.
type Lint func(destination string) ([]errs.Warning, error)

// Validate judges a new offer: it fills in defaults, brings o and its goals into their stored form and finds all that is
// wrong with them. Its currency is set before. The warnings are for whoever saves it.
func (o *Offer) Validate(lint Lint) ([]errs.Warning, error) {
	o.Status = cmp.Or(o.Status, StatusActive)
	o.Visibility = cmp.Or(o.Visibility, VisibilityPublic)
	o.WindowDays = cmp.Or(o.WindowDays, DefaultWindowDays)
	if len(o.Goals) == 0 {
		o.Goals = []Goal{{Alias: DefaultGoalAlias}}
	}
	o.fillGoals()
	return o.check(lint, inBody)
}

// fillGoals gives goals without an id, which are new, their defaults.
func (o *Offer) fillGoals() {
	for i := range o.Goals {
		g := &o.Goals[i]
		if g.ID != 0 {
			continue
		}
		g.Payout.Model = cmp.Or(g.Payout.Model, ModelPostback)
		g.Revenue.Model = cmp.Or(g.Revenue.Model, ModelPostback)
		g.InitialStatus = cmp.Or(g.InitialStatus, initialApproved)
		g.Dedupe = cmp.Or(g.Dedupe, DedupeTxID)
		if g.InitialStatus == initialHold {
			g.HoldDays = cmp.Or(g.HoldDays, defaultHold)
		}
	}
}

// inBody is the location of a goal that is sent within its offer.
func inBody(i int) string { return fmt.Sprintf("body.goals[%d]", i) }

// check is Validate without defaults: what a change empties is a fault.
func (o *Offer) check(lint Lint, goalAt func(i int) string) ([]errs.Warning, error) {
	var c field.Checks
	var err error
	if o.AdvertiserID <= 0 {
		c.Add("body.advertiser_id", errs.Invalid("required", "must name an advertiser"))
	}
	o.Name, err = field.Required(o.Name)
	c.Add("body.name", err)
	warnings, err := lint(o.DestinationURL)
	c.Add("body.destination_url", err)
	c.Add("body.preview_url", checkPlainURL(o.PreviewURL))
	if o.FallbackURL != "" { // its macros are filled too, so its host has to be as fixed as the destination's
		more, err := lint(o.FallbackURL)
		c.Add("body.fallback_url", err)
		warnings = append(warnings, ofFallback(more)...)
	}
	if o.Currency != "" || o.AdvertiserID > 0 { // without an advertiser a new offer has nothing to take it from
		o.Currency, err = money.ParseCurrency(string(o.Currency))
		c.Add("body.currency", err)
	}
	o.Status, err = field.Choice(o.Status, StatusActive, StatusDraft, StatusPaused, StatusExpired)
	c.Add("body.status", err)
	o.Visibility, err = field.Choice(o.Visibility, VisibilityPublic, VisibilityApproval, VisibilityPrivate)
	c.Add("body.visibility", err)
	if o.WindowDays < 1 || o.WindowDays > maxDays {
		c.Add("body.window_days", errs.Invalid("out_of_range", "must be from 1 to %d", maxDays))
	}
	if o.MinSeconds < 0 || o.MinSeconds > maxSeconds {
		c.Add("body.min_seconds", errs.Invalid("out_of_range", "must be from 0 to %d", maxSeconds))
	}
	warnings = append(warnings, o.validateGoals(&c, goalAt)...)
	return warnings, c.Err()
}

// ofFallback makes warnings of a destination those of the fallback, which needs no click id.
func ofFallback(warnings []errs.Warning) []errs.Warning {
	var kept []errs.Warning
	for _, w := range warnings {
		if w.Code != "no_click_id_macro" {
			w.Field = "fallback_url"
			kept = append(kept, w)
		}
	}
	return kept
}

// checkPlainURL takes an http or https address without macros, or none.
func checkPlainURL(s string) error {
	if s == "" {
		return nil
	}
	u, err := url.Parse(s) // refuses control characters
	if err != nil || len(s) > maxURL || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" || u.User != nil ||
		strings.ContainsAny(s, " \\") {
		return errs.Invalid("invalid_url", "must be an address such as https://example.com/page, without user name and at most %d bytes long", maxURL)
	}
	return nil
}

func (o *Offer) validateGoals(c *field.Checks, at func(i int) string) []errs.Warning {
	if len(o.Goals) == 0 {
		c.Add("body.goals", errs.Invalid("required", "an offer has at least one goal; leave the field out to keep those it has"))
		return nil
	}
	if len(o.Goals) > maxGoals {
		c.Add("body.goals", errs.Invalid("too_many", "at most %d goals", maxGoals))
		return nil
	}
	var warnings []errs.Warning
	defaults := 0
	seen := map[string]bool{}
	for i := range o.Goals {
		g := &o.Goals[i]
		g.validate(c, at(i), o.Currency)
		if seen[g.Alias] && g.Alias != "" {
			c.Add(at(i)+".alias", errs.Invalid("duplicate_alias", "another goal of this offer has the alias %q", g.Alias))
		}
		seen[g.Alias] = true
		if g.IsDefault {
			defaults++
		}
		if defaults == 2 && g.IsDefault {
			c.Add(at(i)+".is_default", errs.Invalid("two_default_goals", "one goal of an offer is the default, not several"))
		}
		warnings = append(warnings, g.warnings(strings.TrimPrefix(strings.TrimPrefix(at(i), "body"), "."))...)
	}
	if defaults == 0 {
		o.Goals[0].IsDefault = true
	}
	return warnings
}

var (
	aliasForm = regexp.MustCompile(`^[A-Za-z0-9_.-]{1,64}$`)
	allDigits = regexp.MustCompile(`^[0-9]+$`)
)

// validate checks g in its offer's currency, empty where that is wrong itself.
func (g *Goal) validate(c *field.Checks, at string, currency money.Currency) {
	var err error
	switch {
	case g.Alias == "":
		c.Add(at+".alias", errs.Invalid("required", "must not be empty"))
	case !aliasForm.MatchString(g.Alias):
		c.Add(at+".alias", errs.Invalid("invalid_alias", "must be 1 to 64 of the characters A-Z a-z 0-9 _ . -"))
	case allDigits.MatchString(g.Alias):
		c.Add(at+".alias", errs.Invalid("invalid_alias", "must not be all digits, or a postback could not tell it from a goal's id"))
	}
	g.Name, err = field.Text(g.Name, field.MaxName)
	c.Add(at+".name", err)
	g.Payout.validate(c, at+".payout", currency)
	g.Revenue.validate(c, at+".revenue", currency)
	g.InitialStatus, err = field.Choice(g.InitialStatus, initialApproved, initialPending, initialHold)
	c.Add(at+".initial_status", err)
	g.Dedupe, err = field.Choice(g.Dedupe, DedupeTxID, DedupeClick, DedupeNone, DedupeUpdate, DedupeAdd)
	c.Add(at+".dedupe", err)
	switch {
	case g.HoldDays < 0 || g.HoldDays > maxDays:
		c.Add(at+".hold_days", errs.Invalid("out_of_range", "must be from 0 to %d", maxDays))
	case g.InitialStatus == initialHold && g.HoldDays == 0:
		c.Add(at+".hold_days", errs.Invalid("out_of_range", "must be from 1 to %d for a goal that holds", maxDays))
	case g.InitialStatus != initialHold && g.HoldDays > 0:
		c.Add(at+".hold_days", errs.Invalid("hold_days_without_hold", "needs initial_status hold: a goal that starts %s holds nothing back", g.InitialStatus))
	}
}

// validate checks the rule against what its model needs (contract section 3, Commission math). What the model does not
// use is dropped.
func (r *Rule) validate(c *field.Checks, at string, currency money.Currency) {
	var err error
	r.Model, err = field.Choice(r.Model, ModelPostback, ModelFixed, ModelPercent, ModelHybrid)
	c.Add(at+".model", err)
	if r.Amount != nil {
		c.Add(at+".amount", r.checkAmount(currency))
	} else if r.Model == ModelFixed || r.Model == ModelHybrid {
		c.Add(at+".amount", errs.Invalid("required", "model %s needs an amount", r.Model))
	}
	if r.Percent != nil {
		c.Add(at+".percent", field.Percent(*r.Percent))
	} else if r.Model == ModelPercent || r.Model == ModelHybrid {
		c.Add(at+".percent", errs.Invalid("required", "model %s needs a percent", r.Model))
	}
	switch r.Model {
	case ModelFixed:
		r.Percent = nil
	case ModelPercent:
		r.Amount = nil
	}
}

func (r *Rule) checkAmount(currency money.Currency) error {
	if r.Amount.Sign() < 0 {
		return errs.Invalid("invalid_amount", "must not be negative")
	}
	digits := currency.Exponent()
	if currency != "" && (r.Model == ModelFixed || r.Model == ModelHybrid) && r.Amount.Decimals() > digits {
		return errs.Invalid("too_many_decimals", "an amount in %s has at most %d digits after the point", currency, digits)
	}
	return nil
}

// warnings are about what is allowed and rarely meant; at is the goal's place in the answer, empty for the goal itself.
func (g *Goal) warnings(at string) []errs.Warning {
	if g.Dedupe != DedupeNone && g.Dedupe != DedupeAdd {
		return nil
	}
	if at != "" {
		at += "."
	}
	return []errs.Warning{{Field: at + "dedupe", Code: "repeats_count_twice",
		Message: fmt.Sprintf("with dedupe %q a sender's retry of the same postback counts twice", g.Dedupe)}}
}
