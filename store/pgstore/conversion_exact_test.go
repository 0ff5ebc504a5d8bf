package pgstore

import (
	"strings"
	"testing"

	"github.com/waypost/waypost/domain/money"
)

func TestReadExact(t *testing.T) {
	t.Parallel()
	long := money.MustRate("999999999999.99999999")
	for in, want := range map[string]string{
		"0": "0", "1": "1", "-1.5": "-1.5", "12.5000000125": "12.5000000125", "123456789.123456789": "123456789.123456789",
		"0.0000000000000001": "0.0000000000000001", "100000000": "100000000", long.Mul(long).String(): long.Mul(long).String(),
		"10.00": "10", strings.Repeat("9", 30) + "." + strings.Repeat("9", 30): strings.Repeat("9", 30) + "." + strings.Repeat("9", 30),
	} {
		if got, err := readExact(in); err != nil || got.String() != want {
			t.Errorf("%s: %s, %v", in, got, err)
		}
	}
	for _, in := range []string{"NaN", "1e3", "x", "1.2.3"} {
		if got, err := readExact(in); err == nil {
			t.Errorf("%s was read as %s", in, got)
		}
	}
}
