package report

import (
	"math"
	"math/big"
	"math/rand/v2"
	"testing"

	"github.com/waypost/waypost/domain/money"
)

func TestRatios(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		conversions, clicks, commission int64
		currency                        money.Currency
		cr, epc                         string
	}{
		{0, 0, 0, "USD", "0.00", "0.0000"},
		{5, 0, 1000, "USD", "0.00", "0.0000"},
		{1, 3, 100, "USD", "33.33", "0.3333"},
		{2, 3, 200, "USD", "66.67", "0.6667"},
		{3, 3, 1250, "USD", "100.00", "4.1667"},
		{5, 2, 1, "USD", "250.00", "0.0050"},
		{1, 20000, 1, "USD", "0.01", "0.0000"},
		{1, 20001, 1, "USD", "0.00", "0.0000"},
		{1, 8, 1, "USD", "12.50", "0.0013"}, // 0.00125
		{1, 8, -1, "USD", "12.50", "-0.0013"},
		{0, 1000000, -1, "USD", "0.00", "0.0000"},
		{1, 7, 1000, "JPY", "14.29", "142.8571"},
		{1, 7, 1000, "KWD", "14.29", "0.1429"},
		{1, 3, 1, "CLF", "33.33", "0.0000"},
		{1, 3, 2, "CLF", "33.33", "0.0001"},
		{1, 4, 0, "", "25.00", "0.0000"},
		{math.MaxInt64, 1, math.MaxInt64, "USD", "922337203685477580700.00", "92233720368547758.0700"},
	} {
		r := Row{Clicks: c.clicks, Conversions: c.conversions, Currency: c.currency, Commission: NewSum(big.NewInt(c.commission), c.currency)}
		if r.CR() != c.cr || r.EPC() != c.epc {
			t.Errorf("%+v: cr %s, epc %s", c, r.CR(), r.EPC())
		}
	}
}

// quotient is what rational numbers give, rounded half away from zero.
func TestQuotientAgainstRationals(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(3, 4))
	for range 20_000 {
		n, clicks, exponent := random.Int64N(2_000_000)-1_000_000, 1+random.Int64N(5000), random.IntN(5)
		exact := new(big.Rat).SetFrac(big.NewInt(n), new(big.Int).Mul(big.NewInt(clicks), new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(exponent)), nil)))
		want := exact.FloatString(4) // rounds half away from zero
		if want == "-0.0000" {
			want = "0.0000"
		}
		if got := quotient(big.NewInt(n), clicks, -exponent, 4); got != want {
			t.Fatalf("%d / %d / 10^%d = %s, want %s", n, clicks, exponent, got, want)
		}
	}
}
