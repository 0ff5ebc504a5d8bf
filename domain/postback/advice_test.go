package postback

import (
	"testing"
	"time"
)

func TestAdvice(t *testing.T) {
	t.Parallel()
	for status := 300; status < 600; status++ {
		if Advice(Response{StatusCode: status}.Class(), status) == "" {
			t.Errorf("no advice for the answer %d", status)
		}
	}
	for _, class := range []ErrorClass{ErrorTimeout, ErrorConnect, ErrorRefused, ErrorConnection, ErrorTLS, ErrorCertificate, ErrorDNS, ErrorBlockedAddress} {
		if Advice(class, 0) == "" {
			t.Errorf("no advice for %s", class)
		}
	}
	if advice := Advice("", 200); advice != "" {
		t.Errorf("a success is told %q", advice)
	}
}

// The figures that pages show are the contract's (section 4).
func TestDeliveryRules(t *testing.T) {
	t.Parallel()
	r := DeliveryRules()
	if r.Tries != 9 || r.Span < 27*time.Hour || r.Span > 28*time.Hour || r.SendLimit != 15*time.Second || r.PauseAfter != 72*time.Hour || r.PauseFailures != 10 {
		t.Errorf("rules %+v", r)
	}
}
