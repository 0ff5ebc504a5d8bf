package portaladmin

import (
	"encoding/json"
	"fmt"
	"testing"
)

func TestDifferences(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ before, after, want string }{
		{`{"Name":"A","UpdatedAt":"1"}`, `{"Name":"A","UpdatedAt":"2"}`, `[]`},
		{`{"WindowDays":90}`, `{"WindowDays":45}`, `[{Window days 90 45}]`},
		{`{"Goals":[{"Payout":{"Amount":"5"}}]}`, `{"Goals":[{"Payout":{"Amount":"5.00000001"}}]}`, `[{Goals 1 commission amount 5 5.00000001}]`},
		{``, `{"Name":"A"}`, `[{Name  A}]`},
		{`{"IPAllowlist":["1","2"]}`, `{"IPAllowlist":["1"]}`, `[{Ip allowlist 2 2 }]`},
		{`"old"`, `"new"`, `[{Value old new}]`},
		{`{"N":12345678901234567890}`, `{"N":12345678901234567891}`, `[{N 12345678901234567890 12345678901234567891}]`},
		{`not json`, `null`, `[]`},
	} {
		if got := fmt.Sprint(differences(json.RawMessage(c.before), json.RawMessage(c.after))); got != c.want {
			t.Errorf("%s → %s: %s, want %s", c.before, c.after, got, c.want)
		}
	}
}
