package tracking_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/waypost/waypost/domain/conversion"
)

// The answer blames no outage: it is the same where the database is there and the fault is ours.
func TestStoredCallBlamesNobody(t *testing.T) {
	t.Parallel()
	n, _ := postbackNode(t, func(conversion.Call) conversion.Result { return conversion.Result{Err: errors.New("a fault of ours")} }, nil)
	w := n.get("/postback?token=secret&clickid=" + n.newClickID(t))
	if a := answer(t, w); w.Code != 202 || strings.Contains(a["message"].(string), "database") {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}

// A coupon stands for the click: such a call is kept for when the database can say whose the code is.
func TestCouponIsQueuedWhileTheDatabaseIsAway(t *testing.T) {
	t.Parallel()
	n, _ := postbackNode(t, away, nil)
	for query, want := range map[string]string{
		"coupon=X&token=secret":           "202 queued ok",
		"coupon=X&token=wrong":            "403 refused invalid_token",
		"coupon=X&token=secret&clickid=y": "400 refused malformed_clickid",
		"token=secret":                    "400 refused missing_clickid",
	} {
		w := n.get("/postback?" + query)
		a := answer(t, w)
		if got := fmt.Sprint(w.Code, " ", a["status"], " ", a["code"]); got != want {
			t.Errorf("%s: %s, want %s", query, got, want)
		}
	}
}
