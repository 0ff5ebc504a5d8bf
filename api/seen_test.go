package api_test

import (
	"fmt"
	"strings"
	"testing"
)

// What an offer's settings keep from a party is in nothing that the party reads: the value of its sales from affiliates,
// and the affiliate's own marks from an advertiser whose destination does not carry them.
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
	marks := []string{"/clicks", "/clicks/" + c, "/clicks/" + c + "/trace", "/live", "/clicks?aff_click_id=theirs"}
	target := path("/offers/%d", id(n.offers[0]))
	for _, showValue := range []bool{true, false} {
		for _, carried := range []bool{true, false} {
			destination := "https://shop.example/?c={click_id}"
			if carried {
				destination += "&s=#sub1#&a={aff_click_id}"
			}
			n.must(200, n.admin, "PATCH", target, fields{"show_value": showValue, "destination_url": destination})
			for role, token := range map[string]string{"operator": n.admin, "affiliate": n.affUser[0], "advertiser": n.advUser[0]} {
				why := fmt.Sprintf("%s, show_value %t, marks carried %t", role, showValue, carried)
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
				mayValue, mayMarks := role != "affiliate" || showValue, role != "advertiser" || carried
				for _, at := range values {
					expect(at, read(at), mayValue, "77.77")
				}
				expect("conversions as CSV", fmt.Sprint(n.mustCSV(token, "/conversions").rows), mayValue, "77.77")
				expect("log as CSV", fmt.Sprint(n.mustCSV(token, "/postback-log").rows), mayValue, "77.77", "sale_amount")
				for _, at := range marks {
					seen := mayMarks
					if strings.Contains(at, "?aff_click_id") {
						seen = role != "advertiser" // it may not even ask
					}
					expect(at, read(at), seen, "theirs", "scarlet")
				}
				expect("clicks as CSV", fmt.Sprint(n.mustCSV(token, "/clicks").rows), mayMarks, "theirs", "scarlet")
				one := n.must(200, token, "GET", "/conversions/"+made, nil)
				if (one["val"] == nil) != !mayValue || (one["original_val"] == nil) != !mayValue || role == "affiliate" && one["commission"] != "5.00" {
					t.Errorf("%s: %v", why, one)
				}
				if _, named := n.must(200, token, "GET", "/clicks/"+c, nil)["sub2"]; named != (role != "advertiser") {
					t.Errorf("%s: an empty mark is named: %t", why, named)
				}
			}
		}
	}
}
