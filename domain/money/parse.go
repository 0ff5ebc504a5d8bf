package money

import "strings"

// Bounds of a decimal as it is sent and stored: numeric(20,8).
const (
	maxWholeDigits = 12
	maxDecimals    = 8
)

// splitDecimal takes "digits" or "digits, one of marks, digits" apart. Only ASCII digits count; everything else, an
// empty side of the mark included, is refused.
func splitDecimal(s, marks string) (whole, decimals string, ok bool) {
	whole = s
	if i := strings.IndexAny(s, marks); i >= 0 {
		whole, decimals = s[:i], s[i+1:]
		if !allDigits(decimals) {
			return "", "", false
		}
	}
	return whole, decimals, allDigits(whole)
}

// allDigits tells whether s is one or more ASCII digits.
func allDigits(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return s != ""
}
