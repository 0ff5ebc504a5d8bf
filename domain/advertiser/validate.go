package advertiser

import (
	"cmp"
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strings"
	"unicode"

	"github.com/waypost/waypost/domain/errs"
	"github.com/waypost/waypost/domain/field"
	"github.com/waypost/waypost/domain/money"
)

const (
	maxEntries = 200 // of ip_allowlist and status_map
	maxToken   = 200 // bytes
	weakToken  = 16  // a shorter token is accepted, for migrations, with a warning
)

// conversionStatuses are what a word of a status_map can stand for (contract section 3).
var conversionStatuses = []string{"approved", "pending", "hold", "rejected", "trash"}

// Validate judges a new advertiser: it fills in defaults, brings a into its stored form and finds all that is wrong
// with it. The warnings are for whoever saves it.
func (a *Advertiser) Validate() ([]errs.Warning, error) {
	a.Status = cmp.Or(a.Status, StatusActive)
	a.Currency = cmp.Or(a.Currency, "USD")
	a.PostbackAuth = cmp.Or(a.PostbackAuth, AuthToken)
	return a.check()
}

// check is Validate without defaults: what a change empties is a fault.
func (a *Advertiser) check() ([]errs.Warning, error) {
	var c field.Checks
	var err error
	a.Name, err = field.Required(a.Name)
	c.Add("body.name", err)
	a.Email, err = field.Email(a.Email)
	c.Add("body.email", err)
	a.Status, err = field.Choice(a.Status, StatusActive, StatusPaused, StatusPending, StatusBlocked)
	c.Add("body.status", err)
	a.Currency, err = money.ParseCurrency(string(a.Currency))
	c.Add("body.currency", err)
	c.Add("body.override_percent", field.Percent(a.OverridePercent))
	a.PostbackAuth, err = field.Choice(a.PostbackAuth, AuthToken, AuthHMAC, AuthIP, AuthNone)
	c.Add("body.postback_auth", err)
	c.Add("body.postback_token", checkToken(a.PostbackToken))
	a.validateAllowlist(&c)
	a.validateStatusMap(&c)
	return a.warnings(), c.Err()
}

func checkToken(token string) error {
	if len(token) > maxToken || strings.ContainsFunc(token, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return errs.Invalid("invalid_postback_token", "must be at most %d printable ASCII characters without spaces", maxToken)
	}
	return nil
}

func (a *Advertiser) validateAllowlist(c *field.Checks) {
	if len(a.IPAllowlist) > maxEntries {
		c.Add("body.ip_allowlist", errs.Invalid("too_many", "at most %d entries", maxEntries))
		return
	}
	if a.PostbackAuth == AuthIP && len(a.IPAllowlist) == 0 {
		c.Add("body.ip_allowlist", errs.Invalid("ip_allowlist_required", "postback_auth ip needs at least one address"))
	}
	stored := make([]string, 0, len(a.IPAllowlist))
	for i, entry := range a.IPAllowlist {
		prefix, err := parseNetwork(strings.TrimSpace(entry))
		c.Add(fmt.Sprintf("body.ip_allowlist[%d]", i), err)
		if !slices.Contains(stored, prefix) {
			stored = append(stored, prefix)
		}
	}
	a.IPAllowlist = stored
}

// parseNetwork reads an address or a network and gives its shortest form.
func parseNetwork(entry string) (string, error) {
	if addr, err := netip.ParseAddr(entry); err == nil && addr.Zone() == "" {
		return addr.Unmap().String(), nil
	}
	if prefix, err := netip.ParsePrefix(entry); err == nil && !prefix.Addr().Is4In6() {
		return prefix.Masked().String(), nil
	}
	return "", errs.Invalid("invalid_ip", "must be an address such as 203.0.113.7 or a network such as 203.0.113.0/24")
}

func (a *Advertiser) validateStatusMap(c *field.Checks) {
	if len(a.StatusMap) > maxEntries {
		c.Add("body.status_map", errs.Invalid("too_many", "at most %d words", maxEntries))
		return
	}
	stored := make(map[string]string, len(a.StatusMap))
	for _, word := range slices.Sorted(maps.Keys(a.StatusMap)) {
		at := "body.status_map." + strings.Map(visible, word)
		status := strings.ToLower(strings.TrimSpace(a.StatusMap[word]))
		if !slices.Contains(conversionStatuses, status) {
			c.Add(at, errs.Invalid("invalid_status", "must be one of %s", strings.Join(conversionStatuses, ", ")))
		}
		key, err := field.Text(strings.ToLower(word), 64)
		if err == nil && key == "" {
			err = errs.Invalid("required", "the advertiser's word must not be empty")
		}
		if other, taken := stored[key]; err == nil && taken && other != status {
			err = errs.Invalid("duplicate_word", "the same word, case ignored, stands for two statuses")
		}
		c.Add(at, err)
		stored[key] = status
	}
	a.StatusMap = stored
}

// visible keeps what can stand in an error's location.
func visible(r rune) rune {
	if unicode.IsPrint(r) {
		return r
	}
	return '?'
}

func (a *Advertiser) warnings() []errs.Warning {
	var w []errs.Warning
	if a.PostbackAuth == AuthNone {
		w = append(w, errs.Warning{Field: "postback_auth", Code: "postbacks_unauthenticated",
			Message: "anyone who knows a click id can report conversions of this advertiser"})
	}
	if n := len(a.PostbackToken); n > 0 && n < weakToken {
		w = append(w, errs.Warning{Field: "postback_token", Code: "weak_token",
			Message: fmt.Sprintf("a token of fewer than %d characters can be guessed; leave it out to have one made", weakToken)})
	}
	return w
}
