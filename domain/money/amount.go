package money

import (
	"cmp"
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/shopspring/decimal"

	"github.com/waypost/waypost/domain/errs"
)

// maxAmountLength bounds what ParseAmount reads; the longest amount that fits has 21 characters.
const maxAmountLength = 40

// Amount is what is owed or posted: whole minor units of one currency. It compares with ==.
type Amount struct {
	minor    int64
	currency Currency
}

// NewAmount is an amount of so many minor units: 1250 and USD are 12.50 dollars.
func NewAmount(minor int64, c Currency) Amount { return Amount{minor: minor, currency: c} }

// Zero is nothing of a currency.
func Zero(c Currency) Amount { return Amount{currency: c} }

// ParseAmount reads a plain decimal such as "12.50" or "-3". More digits after the point than the currency has are
// the error too_many_decimals, even where they are zeros; an amount beyond 64 bits of minor units is
// amount_overflow; anything else that is not a plain decimal is invalid_amount.
func ParseAmount(s string, c Currency) (Amount, error) {
	if !c.known() {
		return Amount{}, fmt.Errorf("money: parse an amount of unknown currency %q", string(c))
	}
	digits, negative := strings.CutPrefix(s, "-")
	whole, decimals, ok := splitDecimal(digits, ".")
	if !ok || len(s) > maxAmountLength {
		return Amount{}, errs.Invalid("invalid_amount", "amount must be a plain decimal such as 12.34")
	}
	if len(decimals) > c.Exponent() {
		return Amount{}, errs.Invalid("too_many_decimals", "an amount in %s has at most %d digits after the point", c, c.Exponent())
	}
	text := whole + decimals + strings.Repeat("0", c.Exponent()-len(decimals))
	if negative {
		text = "-" + text
	}
	minor, err := strconv.ParseInt(text, 10, 64)
	if err != nil { // only digits stand in text, so it can only be out of range
		return Amount{}, overflow(c)
	}
	return Amount{minor: minor, currency: c}, nil
}

// Minor is the amount in minor units.
func (a Amount) Minor() int64 { return a.minor }

// Currency is the amount's currency.
func (a Amount) Currency() Currency { return a.currency }

// String is the decimal with all of the currency's digits, without its code: "12.50", "-3.00", "105" for JPY.
func (a Amount) String() string {
	return decimal.New(a.minor, 0).Shift(-a.exponent()).StringFixed(a.exponent())
}

// MarshalText writes the amount as String does; JSON therefore carries it as a string, never as a number.
func (a Amount) MarshalText() ([]byte, error) { return []byte(a.String()), nil }

// IsZero tells whether nothing is owed.
func (a Amount) IsZero() bool { return a.minor == 0 }

// Sign is -1, 0 or 1.
func (a Amount) Sign() int { return cmp.Compare(a.minor, 0) }

// Add gives a + b. Another currency is a fault of the caller (an internal error); a sum beyond 64 bits is the error
// amount_overflow.
func (a Amount) Add(b Amount) (Amount, error) {
	if a.currency != b.currency {
		return Amount{}, fmt.Errorf("money: amounts in %q and %q do not add up", string(a.currency), string(b.currency))
	}
	sum := a.minor + b.minor // wraps; then it lies on the wrong side of a
	if (sum > a.minor) != (b.minor > 0) {
		return Amount{}, overflow(a.currency)
	}
	return Amount{minor: sum, currency: a.currency}, nil
}

// Sub gives a - b, with the errors of Add.
func (a Amount) Sub(b Amount) (Amount, error) {
	if a.currency != b.currency {
		return Amount{}, fmt.Errorf("money: amounts in %q and %q do not subtract", string(a.currency), string(b.currency))
	}
	difference := a.minor - b.minor
	if (difference < a.minor) != (b.minor > 0) {
		return Amount{}, overflow(a.currency)
	}
	return Amount{minor: difference, currency: a.currency}, nil
}

// Neg gives -a. The one amount without a negative, the least, is the error amount_overflow.
func (a Amount) Neg() (Amount, error) {
	if a.minor == math.MinInt64 {
		return Amount{}, overflow(a.currency)
	}
	return Amount{minor: -a.minor, currency: a.currency}, nil
}

// Cmp is -1, 0 or 1 as a is less than, equal to or more than b. Only amounts in one currency have a meaningful
// order; others are ordered by their codes, so that a sort is at least stable and 0 always means equal.
func (a Amount) Cmp(b Amount) int {
	return cmp.Or(cmp.Compare(a.currency, b.currency), cmp.Compare(a.minor, b.minor))
}

// Rate is the amount as an exact decimal of the major unit.
func (a Amount) Rate() Rate { return Rate{value: decimal.New(a.minor, -a.exponent())} }

func (a Amount) exponent() int32 { return int32(a.currency.Exponent()) }

// overflow is the error of a result that int64 cannot hold.
func overflow(c Currency) error {
	return errs.Invalid("amount_overflow", "the amount in %s is too large", c)
}
