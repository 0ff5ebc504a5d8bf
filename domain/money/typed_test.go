package money_test

import (
	"testing"

	"github.com/waypost/waypost/domain/errs"
	"github.com/waypost/waypost/domain/money"
)

func TestParseTyped(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{"12.5": "12.5", "12,5": "12.5", " 12,50 ": "12.5", "0": "0", "-3,25": "-3.25", "1.234": "1.234", "1234,5678": "1234.5678"} {
		if r, err := money.ParseTyped(text); err != nil || r.String() != want {
			t.Errorf("%q is %s, %v; want %s", text, r, err, want)
		}
	}
	for text, code := range map[string]string{"1,234": "invalid_decimal", "": "invalid_decimal", "12,,5": "invalid_decimal", "1,2.3": "invalid_decimal", "1.234,5": "invalid_decimal", "1e3": "invalid_decimal",
		"--1": "invalid_decimal", "1,": "invalid_decimal", ",5": "invalid_decimal", "1 000": "invalid_decimal", "12,123456789": "too_many_decimals"} {
		if r, err := money.ParseTyped(text); !errs.HasCode(err, code) {
			t.Errorf("%q is %s, %v; want %s", text, r, err, code)
		}
	}
}

// A form takes whatever a postback takes, as the same number.
func FuzzParseTyped(f *testing.F) {
	for _, s := range []string{"12,5", "1,234", "-1", " 7 "} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		typed, err := money.ParseTyped(s)
		if sent, ok := money.ParseSent(s); ok && (err != nil || !typed.Equal(sent)) {
			t.Errorf("%q: typed %s, %v; sent %s", s, typed, err, sent)
		}
		if err == nil {
			if again, err := money.ParseTyped(typed.String()); err != nil || !again.Equal(typed) {
				t.Errorf("%q: %s is not read again", s, typed)
			}
		}
	})
}
