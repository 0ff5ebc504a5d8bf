package report_test

import (
	"context"
	"math"
	"math/big"
	"testing"

	"github.com/waypost/waypost/domain/money"
	"github.com/waypost/waypost/domain/report"
)

// Sums beyond 64 bits are exact and close no report: neither of one currency, nor converted to a weak one.
func TestSumsBeyond64Bits(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.traffic(200)
	w.exec(`UPDATE conversions SET commission = 9000000000000000000, revenue = 9000000000000000001`)
	n := int64(0)
	for _, d := range w.deals {
		if !d.test && d.status != "trash" && d.status != "rejected" && d.currency == "JPY" {
			n++
		}
	}
	if n < 2 {
		t.Fatal("too few conversions")
	}
	w.exec(`INSERT INTO exchange_rates SELECT d, 'JPY', 'IRR', 42000, 'manual' FROM generate_series(date '2026-10-20', date '2026-11-21', interval '1 day') d`)
	for _, currency := range []string{"", "IRR"} {
		r, err := w.service.Report(context.Background(), admin, report.Query{GroupBy: "offer", Currency: currency, Filter: report.Filter{OfferID: 3}, From: "2026-10-25", Limit: 10})
		if err != nil || len(r.Items) != 1 || len(r.Totals) != 1 || !r.Items[0].Revenue.Equal(r.Totals[0].Revenue) {
			t.Fatalf("%v, %+v", err, r)
		}
		want := report.NewSum(sumOf(n, currency), r.Items[0].Currency)
		if got := r.Items[0]; !got.Commission.Equal(want) || len(got.Profit().String()) > 12 && currency == "" {
			t.Errorf("%s: %s, want %s; profit %s", currency, got.Commission, want, got.Profit())
		}
	}
}

// sumOf is n times the commission, in minor units of JPY or, at 42000 and with two more decimals, of IRR.
func sumOf(n int64, currency string) *big.Int {
	sum := new(big.Int).Mul(big.NewInt(n), big.NewInt(9_000_000_000_000_000_000))
	if currency == "IRR" {
		sum.Mul(sum, big.NewInt(4_200_000))
	}
	return sum
}

func TestSumIsWrittenLikeAnAmount(t *testing.T) {
	t.Parallel()
	for _, c := range []money.Currency{"USD", "JPY", "KWD", "CLF", ""} {
		for _, minor := range []int64{0, 1, -1, 9, 10, -99, 100, 12345, -1234567, math.MaxInt64, math.MinInt64} {
			if got, want := report.NewSum(big.NewInt(minor), c).String(), money.NewAmount(minor, c).String(); got != want {
				t.Errorf("%d %s: %s, want %s", minor, c, got, want)
			}
		}
	}
	if got := (report.Sum{}).String(); got != (money.Amount{}).String() {
		t.Errorf("the zero value is %s", got)
	}
}
