package report

import (
	"math/big"
	"strings"

	"github.com/waypost/waypost/domain/money"
)

// Sum is what a report adds up, exactly: of many conversions, converted to a weak currency, more than the 64 bits that
// one money.Amount and one balance have. The zero value is 0 of no currency.
type Sum struct {
	minor    *big.Int // minor units; nil = 0
	currency money.Currency
}

// NewSum is a sum of minor units.
func NewSum(minor *big.Int, c money.Currency) Sum { return Sum{new(big.Int).Set(minor), c} }

// Minor is the sum in minor units of its currency.
func (s Sum) Minor() *big.Int {
	if s.minor == nil {
		return new(big.Int)
	}
	return new(big.Int).Set(s.minor)
}

// String is the decimal with all of the currency's digits, as money.Amount writes it.
func (s Sum) String() string {
	digits := s.currency.Exponent()
	return strings.TrimSuffix(quotient(s.Minor(), 1, -digits, digits), ".")
}

// Equal tells whether both are the same sum in the same currency.
func (s Sum) Equal(other Sum) bool {
	return s.currency == other.currency && s.Minor().Cmp(other.Minor()) == 0
}

func (s Sum) add(other Sum) Sum { return Sum{new(big.Int).Add(s.Minor(), other.Minor()), s.currency} }

func (s Sum) sub(other Sum) Sum { return Sum{new(big.Int).Sub(s.Minor(), other.Minor()), s.currency} }
