package money_test

import (
	"encoding/json"
	"math"
	"math/big"
	"math/rand/v2"
	"regexp"
	"strings"
	"testing"

	"github.com/waypost/waypost/domain/errs"
	"github.com/waypost/waypost/domain/money"
)

func TestAmountString(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		minor    int64
		currency money.Currency
		want     string
	}{
		{1250, "USD", "12.50"}, {-300, "USD", "-3.00"}, {5, "USD", "0.05"}, {-5, "USD", "-0.05"}, {0, "USD", "0.00"},
		{105, "JPY", "105"}, {-1, "JPY", "-1"}, {0, "JPY", "0"}, {1, "KWD", "0.001"}, {12345, "CLF", "1.2345"},
		{math.MaxInt64, "USD", "92233720368547758.07"}, {math.MinInt64, "USD", "-92233720368547758.08"},
		{math.MinInt64, "JPY", "-9223372036854775808"}, {math.MinInt64, "CLF", "-922337203685477.5808"},
	} {
		a := money.NewAmount(c.minor, c.currency)
		if a.String() != c.want {
			t.Errorf("%d %s is written %q, want %q", c.minor, c.currency, a, c.want)
		}
		if back, err := money.ParseAmount(c.want, c.currency); err != nil || back != a {
			t.Errorf("ParseAmount(%q, %s) = %v, %v", c.want, c.currency, back, err)
		}
		text, err := json.Marshal(a)
		if err != nil || string(text) != `"`+c.want+`"` {
			t.Errorf("JSON of %v is %s, %v", a, text, err)
		}
		if back, err := a.Rate().Round(c.currency); err != nil || back != a {
			t.Errorf("%v as a rate and back is %v, %v", a, back, err)
		}
	}
}

func TestParseAmount(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		in       string
		currency money.Currency
		minor    int64
		code     string
	}{
		{"12.50", "USD", 1250, ""}, {"12.5", "USD", 1250, ""}, {"12", "USD", 1200, ""}, {"-12.50", "USD", -1250, ""},
		{"0", "USD", 0, ""}, {"-0.00", "USD", 0, ""}, {"007", "JPY", 7, ""}, {"1.234", "KWD", 1234, ""},
		{"00000000000000000000000000000000000001", "USD", 100, ""},
		{"12.500", "USD", 0, "too_many_decimals"}, {"0.001", "USD", 0, "too_many_decimals"},
		{"105.0", "JPY", 0, "too_many_decimals"}, {"-1.2345", "KWD", 0, "too_many_decimals"},
		{"92233720368547758.08", "USD", 0, "amount_overflow"}, {"-92233720368547758.09", "USD", 0, "amount_overflow"},
		{"92233720368547759", "USD", 0, "amount_overflow"}, {"9223372036854775808", "JPY", 0, "amount_overflow"},
		{strings.Repeat("9", 40), "JPY", 0, "amount_overflow"}, {strings.Repeat("9", 1<<20), "JPY", 0, "invalid_amount"},
		{"", "USD", 0, "invalid_amount"}, {"-", "USD", 0, "invalid_amount"}, {"--1", "USD", 0, "invalid_amount"},
		{"+1", "USD", 0, "invalid_amount"}, {"1.", "USD", 0, "invalid_amount"}, {".5", "USD", 0, "invalid_amount"},
		{"-.5", "USD", 0, "invalid_amount"}, {"1,5", "USD", 0, "invalid_amount"}, {"1.2.3", "USD", 0, "invalid_amount"},
		{"1e3", "USD", 0, "invalid_amount"}, {"0x1", "USD", 0, "invalid_amount"}, {"1_000", "USD", 0, "invalid_amount"},
		{" 1", "USD", 0, "invalid_amount"}, {"1\n", "USD", 0, "invalid_amount"}, {"1\x00", "USD", 0, "invalid_amount"},
		{"١٢", "USD", 0, "invalid_amount"}, {"\u22121", "USD", 0, "invalid_amount"}, {"NaN", "USD", 0, "invalid_amount"},
	} {
		got, err := money.ParseAmount(c.in, c.currency)
		if c.code != "" {
			if !errs.HasCode(err, c.code) || !errs.Is(err, errs.KindInvalid) || got != (money.Amount{}) {
				t.Errorf("ParseAmount(%.40q, %s) = %v, %v; want %s", c.in, c.currency, got, err, c.code)
			}
			continue
		}
		if want := money.NewAmount(c.minor, c.currency); err != nil || got != want {
			t.Errorf("ParseAmount(%q, %s) = %v, %v; want %v", c.in, c.currency, got, err, want)
		}
	}
	if _, err := money.ParseAmount("1", "usd"); err == nil || errs.Is(err, errs.KindInvalid) {
		t.Errorf("an unknown currency is the caller's fault, got %v", err)
	}
}

// Sums and differences agree with big integers, at the edges of int64 above all.
func TestAmountArithmetic(t *testing.T) {
	t.Parallel()
	edges := []int64{math.MinInt64, math.MinInt64 + 1, math.MinInt64 / 2, -2, -1, 0, 1, 2, math.MaxInt64/2 + 1, math.MaxInt64 - 1, math.MaxInt64}
	random := rand.New(rand.NewPCG(1, 2))
	for range 20 {
		edges = append(edges, int64(random.Uint64()))
	}
	check := func(what string, x, y int64, got money.Amount, err error, exact *big.Int) {
		t.Helper()
		switch {
		case exact.IsInt64() && (err != nil || got != money.NewAmount(exact.Int64(), "USD")):
			t.Errorf("%s of %d and %d = %v, %v; want %v", what, x, y, got, err, exact)
		case !exact.IsInt64() && (!errs.HasCode(err, "amount_overflow") || got != money.Amount{}):
			t.Errorf("%s of %d and %d = %v, %v; want amount_overflow", what, x, y, got, err)
		}
	}
	for _, x := range edges {
		a := money.NewAmount(x, "USD")
		negative, err := a.Neg()
		check("negative", x, 0, negative, err, new(big.Int).Neg(big.NewInt(x)))
		if a.Sign() != big.NewInt(x).Sign() || a.IsZero() != (x == 0) {
			t.Errorf("%d: sign %d, zero %v", x, a.Sign(), a.IsZero())
		}
		for _, y := range edges {
			b := money.NewAmount(y, "USD")
			sum, err := a.Add(b)
			check("sum", x, y, sum, err, new(big.Int).Add(big.NewInt(x), big.NewInt(y)))
			difference, err := a.Sub(b)
			check("difference", x, y, difference, err, new(big.Int).Sub(big.NewInt(x), big.NewInt(y)))
			if a.Cmp(b) != big.NewInt(x).Cmp(big.NewInt(y)) {
				t.Errorf("Cmp of %d and %d = %d", x, y, a.Cmp(b))
			}
		}
	}
}

func TestAmountCurrencies(t *testing.T) {
	t.Parallel()
	usd, eur := money.NewAmount(1, "USD"), money.NewAmount(1, "EUR")
	if _, err := usd.Add(eur); err == nil || errs.Is(err, errs.KindInvalid) {
		t.Errorf("USD + EUR: %v, want an internal error", err)
	}
	if _, err := usd.Sub(money.Zero("EUR")); err == nil || errs.Is(err, errs.KindInvalid) {
		t.Errorf("USD - EUR: %v, want an internal error", err)
	}
	if usd == eur || usd.Cmp(eur) == 0 || usd.Cmp(eur) != -eur.Cmp(usd) {
		t.Error("amounts in two currencies are never equal")
	}
	if z := money.Zero("USD"); !z.IsZero() || z.Currency() != "USD" || z.Minor() != 0 {
		t.Errorf("Zero = %v %s", z, z.Currency())
	}
}

var plainDecimal = regexp.MustCompile(`\A-?[0-9]+(\.([0-9]+))?\z`)

func FuzzParseAmount(f *testing.F) {
	for _, s := range []string{"12.50", "-3", "", "1.", ".1", "92233720368547758.07", "-92233720368547758.08", "1e9", "0.001", "-0", "١٢"} {
		for currency := range uint8(4) {
			f.Add(s, currency)
		}
	}
	currencies := []money.Currency{"JPY", "USD", "KWD", "CLF"}
	f.Fuzz(func(t *testing.T, s string, pick uint8) {
		c := currencies[int(pick)%len(currencies)]
		got, err := money.ParseAmount(s, c)
		match := plainDecimal.FindStringSubmatch(s)
		switch {
		case match == nil || len(s) > 40:
			if !errs.HasCode(err, "invalid_amount") {
				t.Fatalf("ParseAmount(%q) = %v, %v", s, got, err)
			}
			return
		case len(match[2]) > c.Exponent():
			if !errs.HasCode(err, "too_many_decimals") {
				t.Fatalf("ParseAmount(%q, %s) = %v, %v", s, c, got, err)
			}
			return
		}
		exact := scaled(t, s, c)
		if !exact.IsInt() || !exact.Num().IsInt64() {
			if !errs.HasCode(err, "amount_overflow") {
				t.Fatalf("ParseAmount(%q, %s) = %v, %v", s, c, got, err)
			}
			return
		}
		if err != nil || got != money.NewAmount(exact.Num().Int64(), c) {
			t.Fatalf("ParseAmount(%q, %s) = %v, %v; want %v minor units", s, c, got, err, exact)
		}
		if back, err := money.ParseAmount(got.String(), c); err != nil || back != got {
			t.Fatalf("%v does not come back: %v, %v", got, back, err)
		}
	})
}

// scaled is the decimal s in minor units of c, by the standard library alone.
func scaled(t testing.TB, s string, c money.Currency) *big.Rat {
	t.Helper()
	exact, ok := new(big.Rat).SetString(s)
	if !ok {
		t.Fatalf("the oracle does not read %q", s)
	}
	unit := new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(c.Exponent())), nil)
	return exact.Mul(exact, new(big.Rat).SetInt(unit))
}
