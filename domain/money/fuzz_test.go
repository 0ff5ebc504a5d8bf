package money_test

import (
	"math/big"
	"regexp"
	"strings"
	"testing"

	"github.com/waypost/waypost/domain/money"
)

var (
	rateForm      = regexp.MustCompile(`\A-?[0-9]{1,12}(\.[0-9]{1,8})?\z`)
	sentForm      = regexp.MustCompile(`\A[0-9]{1,12}([.,][0-9]{1,8})?\z`)
	thousandsForm = regexp.MustCompile(`,[0-9]{3}\z`)
)

var decimalSeeds = []string{
	"", "0", "-0", "12.34", "12,34", "1,234", "1,2345", "1.234", "-7.50", "+1", "1e3", "0x1", ".5", "5.", "1.2.3", "1,2,3", "1,234.5", "1.234,5",
	"999999999999.99999999", "1000000000000", "0.123456789", "١٢", "\u22121", "1\x00", " 1", "1_000", "\xff", "0,123", "00000000000000000000",
}

func FuzzParseRate(f *testing.F) {
	for _, s := range decimalSeeds {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got, err := money.ParseRate(s)
		if (err == nil) != rateForm.MatchString(s) {
			t.Fatalf("ParseRate(%q) = %v, %v", s, got, err)
		}
		if err == nil {
			checkRate(t, s, got)
		}
	})
}

func FuzzParseSent(f *testing.F) {
	for _, s := range decimalSeeds {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got, ok := money.ParseSent(s)
		if ok != (sentForm.MatchString(s) && !thousandsForm.MatchString(s)) {
			t.Fatalf("ParseSent(%q) = %v, %v", s, got, ok)
		}
		if ok {
			checkRate(t, strings.Replace(s, ",", ".", 1), got)
		}
	})
}

var canonicalForm = regexp.MustCompile(`\A(0|-?(0|[1-9][0-9]*)\.[0-9]*[1-9]|-?[1-9][0-9]*)\z`)

// checkRate tells that r is the number that stands in text, is written canonically and comes back from its text.
func checkRate(t *testing.T, text string, r money.Rate) {
	t.Helper()
	want, ok := new(big.Rat).SetString(text)
	written := r.String()
	got, ok2 := new(big.Rat).SetString(written)
	if !ok || !ok2 || got.Cmp(want) != 0 || r.Sign() != want.Sign() {
		t.Fatalf("%q is read as %s", text, written)
	}
	if !canonicalForm.MatchString(written) {
		t.Fatalf("%q is written %q, not canonically", text, written)
	}
	if back, err := money.ParseRate(written); err != nil || !back.Equal(r) || back.String() != written {
		t.Fatalf("%q does not come back from %q: %v, %v", text, written, back, err)
	}
}
