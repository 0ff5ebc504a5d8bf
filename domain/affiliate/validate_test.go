package affiliate_test

import (
	"testing"

	"github.com/waypost/waypost/domain/affiliate"
	"github.com/waypost/waypost/domain/errs"
)

func TestValidate(t *testing.T) {
	t.Parallel()
	a := affiliate.Affiliate{Name: "Jo"}
	if err := a.Validate(); err != nil {
		t.Fatal(err)
	}
	if a.Status != affiliate.StatusActive || a.Currency != "USD" || a.Fire != affiliate.FireSpecific {
		t.Errorf("defaults: %+v", a)
	}
	bad := affiliate.Affiliate{Email: "x", Status: "on", Currency: "ZZZ", Fire: "none"}
	e, _ := errs.As(bad.Validate())
	if e == nil || e.Code != "invalid_input" || len(e.Fields) != 5 {
		t.Errorf("five faults give %+v", e)
	}
}
