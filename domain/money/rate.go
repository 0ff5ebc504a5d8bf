package money

import (
	"fmt"
	"math/big"
	"strings"

	"github.com/shopspring/decimal"

	"github.com/waypost/waypost/domain/errs"
)

// Rate is an exact decimal without a currency: a goal's amount, a percent, an exchange rate, a value as sent. It is
// immutable and its zero value is 0. Results of arithmetic are exact, however many digits they need; what is
// stored, numeric(20,8), is what ParseRate and ParseSent accept.
type Rate struct {
	_     [0]func() // not comparable with ==, which would tell 7.5 from 7.50: use Equal
	value decimal.Decimal
}

// ParseRate reads digits[.digits] with an optional leading '-', at most 12 digits before the point and 8 after it.
// More after it are the error too_many_decimals, anything else is invalid_decimal.
func ParseRate(s string) (Rate, error) {
	digits, negative := strings.CutPrefix(s, "-")
	whole, decimals, ok := splitDecimal(digits, ".")
	switch {
	case !ok:
		return Rate{}, errs.Invalid("invalid_decimal", "must be a number such as 12.34")
	case len(whole) > maxWholeDigits:
		return Rate{}, errs.Invalid("invalid_decimal", "write at most %d digits before the point", maxWholeDigits)
	case len(decimals) > maxDecimals:
		return Rate{}, errs.Invalid("too_many_decimals", "write at most %d digits after the point", maxDecimals)
	}
	r := newRate(whole, decimals)
	if negative {
		r.value = r.value.Neg()
	}
	return r, nil
}

// ParseSent reads a number as a postback sends it (contract, section 3, "Numbers"): digits with at most one point or
// comma between digits, at most 12 before and 8 after it. One comma followed by exactly three digits could be a
// thousands separator and is refused, as is everything else: a number is never guessed.
func ParseSent(s string) (Rate, bool) {
	whole, decimals, ok := splitDecimal(s, ".,")
	if !ok || len(whole) > maxWholeDigits || len(decimals) > maxDecimals {
		return Rate{}, false
	}
	if len(decimals) == 3 && s[len(whole)] == ',' {
		return Rate{}, false
	}
	return newRate(whole, decimals), true
}

// MustRate is ParseRate for constants and tests; it panics on an error.
func MustRate(s string) Rate {
	r, err := ParseRate(s)
	if err != nil {
		panic(fmt.Sprintf("money: rate %q: %v", s, err))
	}
	return r
}

// RateFromInt is a whole number.
func RateFromInt(n int64) Rate { return Rate{value: decimal.NewFromInt(n)} }

// String is the shortest plain decimal: no exponent, no trailing zeros ("7.5", "0", "12").
func (r Rate) String() string { return r.value.String() }

// MarshalText writes the rate as String does. A product may have more digits than UnmarshalText takes back.
func (r Rate) MarshalText() ([]byte, error) { return []byte(r.String()), nil }

// UnmarshalText reads what ParseRate reads. A JSON number is refused by encoding/json before it comes here.
func (r *Rate) UnmarshalText(text []byte) error {
	parsed, err := ParseRate(string(text))
	if err != nil {
		return err
	}
	*r = parsed
	return nil
}

// MarshalJSON writes a JSON string, never a number, which a reader might take for binary floating point.
func (r Rate) MarshalJSON() ([]byte, error) { return []byte(`"` + r.String() + `"`), nil }

// Add gives r + other.
func (r Rate) Add(other Rate) Rate { return Rate{value: r.value.Add(other.value)} }

// Sub gives r - other.
func (r Rate) Sub(other Rate) Rate { return Rate{value: r.value.Sub(other.value)} }

// Mul gives r × other.
func (r Rate) Mul(other Rate) Rate { return Rate{value: r.value.Mul(other.value)} }

// Percent gives r × percent / 100.
func (r Rate) Percent(percent Rate) Rate { return Rate{value: r.value.Mul(percent.value).Shift(-2)} }

// IsZero tells whether r is 0.
func (r Rate) IsZero() bool { return r.value.IsZero() }

// Sign is -1, 0 or 1.
func (r Rate) Sign() int { return r.value.Sign() }

// Cmp is -1, 0 or 1 as r is less than, equal to or more than other.
func (r Rate) Cmp(other Rate) int { return r.value.Cmp(other.value) }

// Equal tells whether r and other are the same number: 7.5 equals 7.50.
func (r Rate) Equal(other Rate) bool { return r.value.Equal(other.value) }

// Decimals is the number of digits after the point, without trailing zeros.
func (r Rate) Decimals() int {
	_, decimals, _ := strings.Cut(r.String(), ".")
	return len(decimals)
}

// Round gives r in c, rounded half away from zero to c's minor unit. It is called once per result, on the exact
// value. A result beyond 64 bits of minor units is the error amount_overflow.
func (r Rate) Round(c Currency) (Amount, error) {
	if !c.known() {
		return Amount{}, fmt.Errorf("money: round to unknown currency %q", string(c))
	}
	minor := r.value.Shift(int32(c.Exponent())).Round(0).BigInt()
	if !minor.IsInt64() {
		return Amount{}, overflow(c)
	}
	return Amount{minor: minor.Int64(), currency: c}, nil
}

// newRate joins digits that splitDecimal has checked. They are at most 20, one more than an int64 holds.
func newRate(whole, decimals string) Rate {
	var digits big.Int
	digits.SetString(whole+decimals, 10)
	return Rate{value: decimal.NewFromBigInt(&digits, -int32(len(decimals)))}
}
