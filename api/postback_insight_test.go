package api_test

import (
	"strings"
	"testing"
)

func TestPostbackInsight(t *testing.T) {
	t.Parallel()
	n := newNetwork(t)
	pb := n.must(201, n.affUser[0], "POST", "/postbacks", fields{"url": "https://a.example/?p={payout}&t={txid}", "method": "POST", "offer_id": n.offers[0]["id"]})
	own := path("/postbacks/%d", id(pb))
	made := n.postback(0, n.click(0), "com", "12.5", "txid", "T1")

	// A preview marks its parts, also of what cannot be saved.
	got := n.must(200, n.affUser[0], "POST", "/postbacks/preview", fields{"url": "https://a.example/?p={payout}&x={nope}", "conversion_id": made.ConversionID.String()})
	if got["url"] != "https://a.example/?p=12.50&x={nope}" || got["fault"] != nil || got["invented"] != false || len(got["parts"].([]any)) != 4 || len(got["warnings"].([]any)) == 0 {
		t.Errorf("preview: %v", got)
	}
	got = n.must(200, n.affUser[0], "POST", "/postbacks/preview", fields{"url": "https://"})
	if fault, _ := got["fault"].(string); !strings.Contains(fault, "host") || got["invented"] != true {
		t.Errorf("preview of half a URL: %v", got)
	}
	n.refused(422, "unknown_conversion", n.affUser[1], "POST", "/postbacks/preview", fields{"url": "https://a.example/", "conversion_id": made.ConversionID.String()})

	// A test shows what was sent.
	sent := n.must(200, n.affUser[0], "POST", own+"/test", nil)
	request, _ := sent["request"].(map[string]any)
	if sent["status_line"] != nil || request["method"] != "POST" || !strings.Contains(request["body"].(string), `"payout":"1.00"`) || sent["phases"].(map[string]any)["wait_ms"] == nil {
		t.Errorf("test: %v", sent)
	}

	// One delivery waits, of the postback and of its affiliate.
	for _, at := range []string{own + "/health", path("/affiliates/%d/postback-health", id(n.affiliates[0]))} {
		got := n.must(200, n.affUser[0], "GET", at, nil)
		if last := got["last_24_hours"].(map[string]any); last["total"] != 1.0 || last["success_rate"] != nil || got["waiting"] != 1.0 || got["oldest_waiting_at"] == nil {
			t.Errorf("%s: %v", at, got)
		}
		n.refused(404, "not_found", n.affUser[1], "GET", at, nil)
	}
}
