package money_test

import (
	"encoding/json"
	"math"
	"math/big"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/waypost/waypost/domain/errs"
	"github.com/waypost/waypost/domain/money"
)

func TestParseRate(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"0": "0", "-0": "0", "0.000": "0", "-0.00": "0", "7.5": "7.5", "7.50000000": "7.5", "12": "12", "1200": "1200", "-3.10": "-3.1",
		"007": "7", "0.00000001": "0.00000001", "999999999999.99999999": "999999999999.99999999",
		"-999999999999.99999999": "-999999999999.99999999", "000000000000.00000000": "0", "1.234": "1.234",
	} {
		if got, err := money.ParseRate(in); err != nil || got.String() != want {
			t.Errorf("ParseRate(%q) = %v, %v; want %s", in, got, err, want)
		}
	}
	for in, code := range map[string]string{
		"": "invalid_decimal", "-": "invalid_decimal", ".": "invalid_decimal", ".5": "invalid_decimal", "5.": "invalid_decimal",
		"+1": "invalid_decimal", "--1": "invalid_decimal", "1-": "invalid_decimal", "1,5": "invalid_decimal", "1/2": "invalid_decimal", "1:2": "invalid_decimal", "1.2.3": "invalid_decimal",
		"1e3": "invalid_decimal", "1E-3": "invalid_decimal", "1e999999999": "invalid_decimal", "0x1": "invalid_decimal",
		" 1": "invalid_decimal", "1 ": "invalid_decimal", "1\x00": "invalid_decimal", "١٢": "invalid_decimal", "\u22121": "invalid_decimal",
		"NaN": "invalid_decimal", "Inf": "invalid_decimal", "1000000000000": "invalid_decimal", "0000000000001": "invalid_decimal",
		strings.Repeat("9", 1<<20): "invalid_decimal", "1.000000000": "too_many_decimals", "0.123456789": "too_many_decimals",
		"0." + strings.Repeat("1", 1<<20): "too_many_decimals",
	} {
		got, err := money.ParseRate(in)
		if !errs.HasCode(err, code) || !errs.Is(err, errs.KindInvalid) || !got.IsZero() {
			t.Errorf("ParseRate(%.40q) = %v, %v; want %s", in, got, err, code)
		}
	}
}

func TestParseSent(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"0": "0", "12": "12", "12.34": "12.34", "12,34": "12.34", "1,23": "1.23", "1,2": "1.2", "1,2345": "1.2345", "1.234": "1.234",
		"0.123": "0.123", "00.50": "0.5", "0,12345678": "0.12345678", "007": "7", "0,0": "0", "1.0": "1",
		"999999999999": "999999999999", "999999999999.99999999": "999999999999.99999999", "999999999999,99999999": "999999999999.99999999",
	} {
		if got, ok := money.ParseSent(in); !ok || got.String() != want {
			t.Errorf("ParseSent(%q) = %v, %v; want %s", in, got, ok, want)
		}
	}
	for _, in := range []string{
		"", " ", ".", ",", ".5", ",5", "5.", "5,", "1,234", "0,123", "12,345", "123456,789", "000,000", "0,000",
		"1.2.3", "1,2,3", "1,234.5", "1.234,5", "1,234,567", "1.234.567", "1,,2", "1..2", "1.,2", "1'234", "1 234", "1_234", "1/2", "1:2", "1.2:", "1\u00a0234",
		"+1", "-1", "-0", "\u22121", "1-", "1e3", "1E3", "1e-3", "0x1", "0b1", "1p2", "NaN", "Inf", "$1", "1%", "1USD",
		" 1", "1 ", "1\n", "\t1", "1\x00", "\x00", "1\x002", "1.\x00", "\xff", "1\xff", "١٢", "१२", "\uff11\uff12", "1٫5", "1。5", "½", "²",
		"1000000000000", "0000000000001", "1000000000000.5", "0.123456789", "1.000000000", "0,123456789", "{amount}", "null", "true",
		strings.Repeat("1", 1<<20), "0." + strings.Repeat("0", 1<<20),
	} {
		if got, ok := money.ParseSent(in); ok || !got.IsZero() {
			t.Errorf("ParseSent(%.40q) = %v, %v; want refused", in, got, ok)
		}
	}
}

// The examples of contract section 3, and both sides of each half.
func TestPercentRounds(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		value, percent string
		currency       money.Currency
		want           string
	}{
		{"99.99", "7.5", "USD", "7.50"}, {"1050", "10", "JPY", "105"}, {"0.05", "10", "USD", "0.01"},
		{"0.04", "10", "USD", "0.00"}, {"0.04999999", "10", "USD", "0.00"}, {"0.05000001", "10", "USD", "0.01"},
		{"-0.05", "10", "USD", "-0.01"}, {"-0.04999999", "10", "USD", "0.00"}, {"0.15", "10", "USD", "0.02"}, {"0.25", "10", "USD", "0.03"},
		{"1055", "10", "JPY", "106"}, {"1054", "10", "JPY", "105"}, {"1054.99999999", "10", "JPY", "105"},
		{"1.005", "100", "USD", "1.01"}, {"2.675", "100", "USD", "2.68"}, {"0.0005", "100", "KWD", "0.001"}, {"0.00005", "100", "CLF", "0.0001"},
		{"10", "33.333333", "USD", "3.33"}, {"100", "0", "USD", "0.00"}, {"0", "50", "USD", "0.00"},
		{"999999999999.99999999", "0.00000001", "USD", "100.00"},
	} {
		got, err := money.MustRate(c.value).Percent(money.MustRate(c.percent)).Round(c.currency)
		if err != nil || got.String() != c.want || got.Currency() != c.currency {
			t.Errorf("%s%% of %s %s = %v, %v; want %s", c.percent, c.value, c.currency, got, err, c.want)
		}
	}
}

// Round agrees with a rational number rounded half away from zero: |x| + 1/2, floored, with x's sign.
func TestRoundAgreesWithRationals(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(2026, 4217))
	currencies := money.Currencies()
	overflows, halves := 0, 0
	for range 20_000 {
		c := currencies[random.IntN(len(currencies))]
		a, b := randomDecimal(random), randomDecimal(random)
		if random.IntN(2) == 0 { // a half lies between two minor units only by intent
			a, b = randomHalf(random, c), "1"
		}
		exact := scaled(t, a, c)
		factor, _ := new(big.Rat).SetString(b)
		exact.Mul(exact, factor)
		if exact.Denom().Cmp(big.NewInt(2)) == 0 {
			halves++
		}
		want := halfAwayFromZero(exact)
		got, err := money.MustRate(a).Mul(money.MustRate(b)).Round(c)
		if !want.IsInt64() {
			overflows++
			if !errs.HasCode(err, "amount_overflow") {
				t.Fatalf("%s × %s in %s = %v, %v; want amount_overflow", a, b, c, got, err)
			}
			continue
		}
		if err != nil || got != money.NewAmount(want.Int64(), c) {
			t.Fatalf("%s × %s in %s = %v, %v; want %v minor units", a, b, c, got, err, want)
		}
	}
	if overflows < 100 || halves < 5000 {
		t.Errorf("the cases are weak: %d overflows, %d halves", overflows, halves)
	}
}

func TestRoundOverflow(t *testing.T) {
	t.Parallel()
	largest, least, half := money.RateFromInt(math.MaxInt64), money.RateFromInt(math.MinInt64), money.MustRate("0.5")
	justUnder := money.MustRate("0.49999999")
	for _, c := range []struct {
		rate     money.Rate
		currency money.Currency
		minor    int64
		fits     bool
	}{
		{largest, "JPY", math.MaxInt64, true}, {largest.Add(justUnder), "JPY", math.MaxInt64, true}, {largest.Add(half), "JPY", 0, false},
		{least, "JPY", math.MinInt64, true}, {least.Sub(justUnder), "JPY", math.MinInt64, true}, {least.Sub(half), "JPY", 0, false},
		{largest, "USD", 0, false}, {least, "USD", 0, false},
		{largest.Percent(money.RateFromInt(1)), "USD", math.MaxInt64, true},
		{largest.Percent(money.RateFromInt(1)).Add(money.MustRate("0.005")), "USD", 0, false},
		{largest.Mul(largest).Mul(largest), "JPY", 0, false},
	} {
		got, err := c.rate.Round(c.currency)
		if c.fits && (err != nil || got != money.NewAmount(c.minor, c.currency)) {
			t.Errorf("%v in %s = %v, %v; want %d", c.rate, c.currency, got, err, c.minor)
		}
		if !c.fits && (!errs.HasCode(err, "amount_overflow") || got != money.Amount{}) {
			t.Errorf("%v in %s = %v, %v; want amount_overflow", c.rate, c.currency, got, err)
		}
	}
	if _, err := money.RateFromInt(1).Round("usd"); err == nil || errs.Is(err, errs.KindInvalid) {
		t.Errorf("an unknown currency is the caller's fault, got %v", err)
	}
}

// Sums, products and comparisons are exact, and leave what they are made of alone.
func TestRateArithmetic(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(7, 7))
	for range 2_000 {
		a, b := randomDecimal(random), randomDecimal(random)
		x, y := money.MustRate(a), money.MustRate(b)
		ratX, _ := new(big.Rat).SetString(a)
		ratY, _ := new(big.Rat).SetString(b)
		product := new(big.Rat).Mul(ratX, ratY)
		for what, pair := range map[string]struct {
			got  money.Rate
			want *big.Rat
		}{
			"+": {x.Add(y), new(big.Rat).Add(ratX, ratY)},
			"-": {x.Sub(y), new(big.Rat).Sub(ratX, ratY)},
			"×": {x.Mul(y), product},
			"%": {x.Percent(y), new(big.Rat).Mul(product, big.NewRat(1, 100))},
		} {
			got, ok := new(big.Rat).SetString(pair.got.String())
			if !ok || got.Cmp(pair.want) != 0 {
				t.Fatalf("%s %s %s = %v, want %v", a, what, b, pair.got, pair.want)
			}
		}
		if x.Cmp(y) != ratX.Cmp(ratY) || x.Equal(y) != (ratX.Cmp(ratY) == 0) || x.Sign() != ratX.Sign() || x.IsZero() != (ratX.Sign() == 0) {
			t.Fatalf("%s and %s: Cmp %d, Equal %v, Sign %d", a, b, x.Cmp(y), x.Equal(y), x.Sign())
		}
		if !x.Equal(money.MustRate(a)) || !y.Equal(money.MustRate(b)) {
			t.Fatalf("%s or %s was changed to %v, %v", a, b, x, y)
		}
	}
}

func TestRateZeroValue(t *testing.T) {
	t.Parallel()
	var zero money.Rate
	one := money.RateFromInt(1)
	if zero.String() != "0" || !zero.IsZero() || zero.Sign() != 0 || zero.Decimals() != 0 || !zero.Equal(money.MustRate("0.00")) {
		t.Errorf("the zero value is %v", zero)
	}
	if !zero.Add(one).Equal(one) || !one.Sub(zero).Equal(one) || !zero.Mul(one).IsZero() || !one.Percent(zero).IsZero() || zero.Cmp(one) != -1 {
		t.Error("the zero value does not calculate as 0")
	}
	if a, err := zero.Round("USD"); err != nil || a != money.Zero("USD") {
		t.Errorf("0 rounds to %v, %v", a, err)
	}
}

func TestRateDecimals(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]int{"0": 0, "0.00": 0, "12": 0, "100": 0, "7.5": 1, "7.50": 1, "-7.05": 2, "0.00000001": 8} {
		if got := money.MustRate(in).Decimals(); got != want {
			t.Errorf("%s has %d decimals, want %d", in, got, want)
		}
	}
	if got := money.MustRate("0.00000001").Mul(money.MustRate("0.00000001")); got.Decimals() != 16 || got.String() != "0.0000000000000001" {
		t.Errorf("product = %v with %d decimals", got, got.Decimals())
	}
	if got := money.RateFromInt(math.MinInt64).String(); got != "-9223372036854775808" {
		t.Errorf("RateFromInt = %s", got)
	}
}

func TestRateText(t *testing.T) {
	t.Parallel()
	type body struct {
		Percent money.Rate  `json:"percent"`
		Amount  *money.Rate `json:"amount"`
	}
	var b body
	if err := json.Unmarshal([]byte(`{"percent":"7.50","amount":"-0.10"}`), &b); err != nil {
		t.Fatal(err)
	}
	if text, err := json.Marshal(b); err != nil || string(text) != `{"percent":"7.5","amount":"-0.1"}` {
		t.Errorf("JSON = %s, %v", text, err)
	}
	if text, err := b.Percent.MarshalText(); err != nil || string(text) != "7.5" {
		t.Errorf("text = %s, %v", text, err)
	}
	for _, in := range []string{`{"percent":7.5}`, `{"percent":7}`, `{"percent":""}`, `{"percent":"1e3"}`, `{"percent":true}`, `{"percent":"7,5"}`} {
		if err := json.Unmarshal([]byte(in), &b); err == nil {
			t.Errorf("%s was taken as %v", in, b.Percent)
		}
	}
	if !b.Percent.Equal(money.MustRate("7.5")) {
		t.Errorf("a refused text changed the rate to %v", b.Percent)
	}
}

func TestMustRatePanics(t *testing.T) {
	t.Parallel()
	defer func() {
		if recover() == nil {
			t.Error("MustRate took what ParseRate refuses")
		}
	}()
	money.MustRate("1e3")
}

// randomDecimal is a decimal of 1 to 12 digits before and 0 to 8 after the point, either sign.
func randomDecimal(random *rand.Rand) string {
	var b strings.Builder
	if random.IntN(2) == 0 {
		b.WriteByte('-')
	}
	for range 1 + random.IntN(12) {
		b.WriteByte(byte('0' + random.IntN(10)))
	}
	if decimals := random.IntN(9); decimals > 0 {
		b.WriteByte('.')
		for range decimals {
			b.WriteByte(byte('0' + random.IntN(10)))
		}
	}
	return b.String()
}

// randomHalf lies exactly between two minor units of c, or by the smallest step that 8 decimals know beside it.
func randomHalf(random *rand.Rand, c money.Currency) string {
	step := new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(8-c.Exponent())), nil) // one minor unit in 1e-8
	n := new(big.Int).Mul(big.NewInt(random.Int64N(1000)), step)
	n.Add(n, step.Rsh(step, 1))
	if beside := random.IntN(5); beside < 2 {
		n.Add(n, big.NewInt(int64(2*beside-1)))
	}
	if random.IntN(2) == 0 {
		n.Neg(n)
	}
	return new(big.Rat).SetFrac(n, big.NewInt(100_000_000)).FloatString(8)
}

func halfAwayFromZero(x *big.Rat) *big.Int {
	up := new(big.Rat).Add(new(big.Rat).Abs(x), big.NewRat(1, 2))
	whole := new(big.Int).Quo(up.Num(), up.Denom())
	if x.Sign() < 0 {
		whole.Neg(whole)
	}
	return whole
}
