package money_test

import (
	"slices"
	"testing"

	"github.com/waypost/waypost/domain/errs"
	"github.com/waypost/waypost/domain/money"
)

func TestParseCurrency(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]money.Currency{"USD": "USD", "usd": "USD", "eUr": "EUR", "jpy": "JPY", "xcg": "XCG"} {
		if got, err := money.ParseCurrency(in); err != nil || got != want {
			t.Errorf("ParseCurrency(%q) = %q, %v; want %q", in, got, err, want)
		}
	}
	// "uſd" has a long s, whose upper case is S; XAU and XXX have no minor unit; DEM and BGN are withdrawn.
	for _, in := range []string{"", "US", "USDT", " USD", "USD ", "US\x00", "uſd", "ſd", "XAU", "XXX", "XTS", "DEM", "BGN", "ABC", "840", "$"} {
		if got, err := money.ParseCurrency(in); !errs.HasCode(err, "invalid_currency") || !errs.Is(err, errs.KindInvalid) || got != "" {
			t.Errorf("ParseCurrency(%q) = %q, %v; want invalid_currency", in, got, err)
		}
	}
}

// ISO 4217 list one of 2026-01-01: 165 codes with a minor unit; the 26 that have not two digits are named here.
func TestExponents(t *testing.T) {
	t.Parallel()
	others := map[money.Currency]int{
		"BHD": 3, "IQD": 3, "JOD": 3, "KWD": 3, "LYD": 3, "OMR": 3, "TND": 3,
		"CLF": 4, "UYW": 4,
		"BIF": 0, "CLP": 0, "DJF": 0, "GNF": 0, "ISK": 0, "JPY": 0, "KMF": 0, "KRW": 0, "PYG": 0, "RWF": 0, "UGX": 0,
		"UYI": 0, "VND": 0, "VUV": 0, "XAF": 0, "XOF": 0, "XPF": 0,
	}
	all := money.Currencies()
	if len(all) != 165 || !slices.IsSorted(all) {
		t.Errorf("%d currencies, sorted %v; want 165 in order", len(all), slices.IsSorted(all))
	}
	for _, c := range all {
		want, other := others[c]
		if !other {
			want = 2
		}
		if c.Exponent() != want {
			t.Errorf("%s has exponent %d, want %d", c, c.Exponent(), want)
		}
		if parsed, err := money.ParseCurrency(string(c)); err != nil || parsed != c {
			t.Errorf("ParseCurrency(%q) = %q, %v", c, parsed, err)
		}
		delete(others, c)
	}
	if len(others) != 0 {
		t.Errorf("missing: %v", others)
	}
	if money.Currency("").Exponent() != 0 || money.Currency("usd").Exponent() != 0 {
		t.Error("an unknown code has an exponent")
	}
}
