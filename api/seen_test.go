package api_test

import (
	"fmt"
	"strings"
	"testing"
)

// An offer that keeps the value of its sales from affiliates keeps it in all that they read. The affiliate's own marks are
// fields of a click for every party: the contract leaves none of them out.
func TestSeenByOffersSettings(t *testing.T) {
	t.Parallel()
	n := newNetwork(t)
	c := n.click(0)
	if err := n.exec(`UPDATE clicks SET aff_click_id = 'theirs', subs = '{scarlet}'`); err != nil {
		t.Fatal(err)
	}
	made := n.postback(0, c, "sale_amount", "77.77", "com", "5", "txid", "T1").ConversionID.String()
	log := items(n.must(200, n.admin, "GET", "/postback-log", nil))[0]["id"].(string)
	values := []string{"/conversions", "/conversions/" + made, "/postback-log", "/postback-log/" + log, "/clicks/" + c + "/trace", "/live"}
	marks := []string{"/clicks", "/clicks/" + c, "/clicks/" + c + "/trace", "/clicks?aff_click_id=theirs"}
	target := path("/offers/%d", id(n.offers[0]))
	for _, showValue := range []bool{true, false} {
		n.must(200, n.admin, "PATCH", target, fields{"show_value": showValue})
		for role, token := range map[string]string{"operator": n.admin, "affiliate": n.affUser[0], "advertiser": n.advUser[0]} {
			why := fmt.Sprintf("%s, show_value %t", role, showValue)
			expect := func(at, raw string, seen bool, texts ...string) {
				for _, text := range texts {
					if strings.Contains(raw, text) != seen {
						t.Errorf("%s: %s has %s: %t\n%s", why, at, text, !seen, raw)
					}
				}
			}
			read := func(at string) string {
				a := n.call(token, "GET", at, nil)
				if a.status != 200 {
					t.Fatalf("%s: %s: %d %s", why, at, a.status, a.raw)
				}
				return string(a.raw)
			}
			mayValue := role != "affiliate" || showValue
			for _, at := range values {
				expect(at, read(at), mayValue, "77.77")
			}
			expect("conversions as CSV", fmt.Sprint(n.mustCSV(token, "/conversions").rows), mayValue, "77.77")
			expect("log as CSV", fmt.Sprint(n.mustCSV(token, "/postback-log").rows), mayValue, "77.77", "sale_amount")
			for _, at := range marks {
				expect(at, read(at), true, "theirs", "scarlet")
			}
			expect("clicks as CSV", fmt.Sprint(n.mustCSV(token, "/clicks").rows), true, "theirs", "scarlet")
			one := n.must(200, token, "GET", "/conversions/"+made, nil)
			_, val := one["val"]
			_, original := one["original_val"]
			if val != mayValue || original != mayValue || role == "affiliate" && one["commission"] != "5.00" {
				t.Errorf("%s: %v", why, one)
			}
		}
	}
}
