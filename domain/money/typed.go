package money

import (
	"strings"

	"github.com/waypost/waypost/domain/errs"
)

// ParseTyped reads a number as a person types it into a form or a sheet: what ParseSent reads, with spaces around it and
// a leading '-' besides, which is for the rule of the field to judge. Errors: those of ParseRate.
func ParseTyped(s string) (Rate, error) {
	s = strings.TrimSpace(s)
	digits, negative := strings.CutPrefix(s, "-")
	r, ok := ParseSent(digits)
	if !ok {
		if whole, thousands, found := strings.Cut(digits, ","); found && len(thousands) == 3 && allDigits(whole) && allDigits(thousands) {
			return Rate{}, errs.Invalid("invalid_decimal", "could be thousands or decimals: write %s or %s.%s", whole+thousands, whole, thousands)
		}
		return ParseRate(strings.Replace(s, ",", ".", 1)) // says what is wrong
	}
	if negative {
		r.value = r.value.Neg()
	}
	return r, nil
}
