package tracking_test

import (
	"errors"
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
