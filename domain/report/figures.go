package report

import (
	"math/big"
	"strings"

	"github.com/waypost/waypost/domain/money"
)

// Row is a group's figures in one currency, or a total. The package's comment says what they mean.
type Row struct {
	Keys     []Key          // one for each dimension of the report; none in a total
	Currency money.Currency // empty = clicks of offers that do not exist

	Clicks, UniqueClicks, InvalidClicks      int64
	Conversions, Approved, Pending, Rejected int64
	Commission, Revenue                      Sum // approved and pending
}

// Key is the value of a dimension in a row.
type Key struct {
	None bool   // clicks have no goal and no status
	ID   int64  // of an offer, affiliate, advertiser or goal; of a time the number of its span, from 1
	Text string // of everything else; of a time its label
	Name string // of the thing that ID names, the alias of a goal; empty if it does not exist
}

// Profit is what the network keeps.
func (r Row) Profit() Sum { return r.Revenue.sub(r.Commission) }

// CR is the conversion rate: conversions per click in percent, with 2 decimals.
func (r Row) CR() string { return quotient(big.NewInt(r.Conversions), r.Clicks, 2, 2) }

// EPC is the commission per click in the row's currency, with 4 decimals.
func (r Row) EPC() string {
	return quotient(r.Commission.Minor(), r.Clicks, -r.Currency.Exponent(), 4)
}

// quotient is n × 10^shift / clicks with so many decimals, at least -shift of them, rounded half away from zero; 0
// without clicks.
func quotient(n *big.Int, clicks int64, shift, decimals int) string {
	if clicks == 0 {
		n, clicks = new(big.Int), 1
	}
	// |n| × 10^(shift+decimals) / clicks + 1/2, in whole numbers
	unit := new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(shift+decimals)), nil)
	twice := new(big.Int).Mul(new(big.Int).Abs(n), unit)
	twice.Lsh(twice, 1).Add(twice, big.NewInt(clicks))
	digits := twice.Quo(twice, new(big.Int).Lsh(big.NewInt(clicks), 1)).String()
	if missing := decimals + 1 - len(digits); missing > 0 {
		digits = strings.Repeat("0", missing) + digits
	}
	text := digits[:len(digits)-decimals] + "." + digits[len(digits)-decimals:]
	if n.Sign() < 0 && strings.Trim(digits, "0") != "" {
		return "-" + text
	}
	return text
}
