// Package field judges single values that people type in, the same way in every concept, and collects all faults of
// one input into one error, so that a form can show them at once.
package field

import (
	"fmt"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/waypost/waypost/domain/errs"
	"github.com/waypost/waypost/domain/money"
)

// MaxName is the longest name, in characters.
const MaxName = 200

// Checks collects what is wrong with one input. The zero value is ready.
type Checks struct {
	faults []*errs.Error
	broken error // a failure that is not the input's
}

// Add notes a fault of the field at location (such as "body.goals[0].alias"); a nil error is none.
func (c *Checks) Add(location string, err error) {
	if err == nil {
		return
	}
	e, ok := errs.As(err)
	if !ok || e.Kind != errs.KindInvalid {
		if c.broken == nil {
			c.broken = fmt.Errorf("check %s: %w", location, err)
		}
		return
	}
	fault := *e
	fault.Fields = nil
	c.faults = append(c.faults, fault.At(location))
}

// Err is nil if nothing was wrong, the one fault with its own code, or invalid_input with all of them as Fields.
func (c *Checks) Err() error {
	switch {
	case c.broken != nil:
		return c.broken
	case len(c.faults) == 0:
		return nil
	case len(c.faults) == 1:
		return c.faults[0]
	}
	all := errs.Invalid("invalid_input", "%d fields are not acceptable; each is listed with its reason", len(c.faults))
	for _, f := range c.faults {
		all.Fields = append(all.Fields, f.Fields...)
	}
	return all
}

// Required trims a name and refuses an empty one.
func Required(s string) (string, error) {
	s, err := Text(s, MaxName)
	if err == nil && s == "" {
		err = errs.Invalid("required", "must not be empty")
	}
	return s, err
}

// Text trims a text of at most so many characters that stands on one line.
func Text(s string, most int) (string, error) {
	s = strings.TrimSpace(s)
	switch {
	case !utf8.ValidString(s):
		return "", errs.Invalid("invalid_text", "must be valid UTF-8")
	case utf8.RuneCountInString(s) > most:
		return "", errs.Invalid("too_long", "must have at most %d characters", most)
	case strings.ContainsFunc(s, hidden):
		return "", errs.Invalid("invalid_text", "must not contain control characters or line breaks")
	}
	return s, nil
}

// hidden tells characters that do not show, or that make others show in another order than they are stored in.
func hidden(r rune) bool {
	return unicode.IsControl(r) || r == '\u2028' || r == '\u2029' || r >= '\u202a' && r <= '\u202e' ||
		r >= '\u2066' && r <= '\u2069' || r == '\ufeff'
}

// emailForm is what mail systems of today take: no quoted parts, no comments, no address literals.
var emailForm = regexp.MustCompile(`^[^\s@<>()\[\],;:"\\]{1,64}@[\pL\pN]([\pL\pN-]*[\pL\pN])?(\.[\pL\pN]([\pL\pN-]*[\pL\pN])?)*$`)

// Email trims an e-mail address and refuses what has not the form of one; empty is allowed.
func Email(s string) (string, error) {
	s, err := Text(s, 254)
	if err != nil || s == "" {
		return s, err
	}
	if !emailForm.MatchString(s) {
		return "", errs.Invalid("invalid_email", "must be an e-mail address such as name@example.com")
	}
	return s, nil
}

// Percent refuses what is not from 0 to 1000 with at most 6 decimals.
func Percent(p money.Rate) error {
	if p.Sign() < 0 || p.Cmp(money.RateFromInt(1000)) > 0 {
		return errs.Invalid("invalid_percent", "must be from 0 to 1000")
	}
	if p.Decimals() > 6 {
		return errs.Invalid("too_many_decimals", "a percent has at most 6 digits after the point")
	}
	return nil
}

// Choice refuses a value that is not one of those offered.
func Choice[T ~string](value T, offered ...T) (T, error) {
	words := make([]string, len(offered))
	for i, o := range offered {
		if value == o {
			return value, nil
		}
		words[i] = string(o)
	}
	return "", errs.Invalid("invalid_choice", "must be one of %s", strings.Join(words, ", "))
}
