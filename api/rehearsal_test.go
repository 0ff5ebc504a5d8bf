package api_test

import (
	"strings"
	"testing"
)

// A test call carries the advertiser's proof, tells no secret, counts for nothing, and is sent for one's own clicks alone.
func TestRehearsal(t *testing.T) {
	t.Parallel()
	n := newNetwork(t)
	c, own, others := n.click(0), path("/advertisers/%d/test-postback", id(n.advertisers[0])), path("/advertisers/%d/test-postback", id(n.advertisers[1]))
	for i, token := range []string{n.admin, n.advUser[0]} {
		body := n.must(200, token, "POST", own, fields{"click_id": strings.ToUpper(c), "val": "10", "com": "2", "txid": string(rune('a' + i))})
		answer := body["answer"].(map[string]any)
		if body["http_status"] != 200.0 || answer["status"] != "recorded" || answer["conversion_id"] == nil || answer["click_id"] != c {
			t.Errorf("%v", body)
		}
		if sent := body["sent"].(string); !strings.Contains(sent, "test=1") || strings.Contains(sent, n.advertisers[0]["postback_token"].(string)) {
			t.Errorf("sent %q", sent)
		}
		if made := n.must(200, n.admin, "GET", "/conversions/"+answer["conversion_id"].(string), nil); made["test"] != true {
			t.Errorf("%v", made)
		}
	}
	if all := items(n.must(200, n.admin, "GET", path("/affiliates/%d/balance", id(n.affiliates[0])), nil)); len(all) != 0 {
		t.Errorf("a test moved money: %v", all)
	}
	refused := n.must(200, n.admin, "POST", others, fields{"click_id": c})
	if answer := refused["answer"].(map[string]any); refused["http_status"] == 200.0 || answer["status"] != "refused" {
		t.Errorf("another's click: %v", refused)
	}
	n.refused(404, "not_found", n.advUser[1], "POST", own, fields{"click_id": c})
	n.refused(404, "not_found", n.affUser[0], "POST", own, fields{"click_id": c})
}
