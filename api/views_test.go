package api_test

import (
	"testing"
)

func TestViews(t *testing.T) {
	t.Parallel()
	n := newNetwork(t)
	own := n.must(201, n.affUser[0], "POST", "/views", fields{"page": "/conversions", "name": "Mine", "query": "status=pending&from=2026-01-01&cursor=x", "span": "7d", "schedule": "daily", "default": true})
	if own["query"] != "status=pending" || own["span"] != "7d" || own["next_at"] == nil || own["default"] != true || own["shared"] != false || own["format"] != "csv" {
		t.Errorf("made %v", own)
	}
	target := path("/views/%d", id(own))
	n.refused(409, "name_taken", n.affUser[0], "POST", "/views", fields{"page": "/conversions", "name": "mine"})
	for code, body := range map[string]fields{"unknown_page": {"page": "/affiliates", "name": "x"}, "invalid_query": {"page": "/clicks", "name": "x", "query": "%"},
		"required": {"page": "/clicks", "name": " "}, "too_long": {"page": "/clicks", "name": "01234567890123456789012345678901234567890123456789012345678901234567890123456789x"}} {
		n.refused(422, code, n.affUser[0], "POST", "/views", body)
	}
	changed := n.must(200, n.affUser[0], "PATCH", target, fields{"schedule": "never", "span": "none", "shared": true, "default": false, "name": "Ours"})
	if changed["schedule"] != "never" || changed["next_at"] != nil || changed["span"] != "none" || changed["name"] != "Ours" || changed["default"] != false || changed["query"] != "status=pending" {
		t.Errorf("changed %v", changed)
	}
	n.refused(404, "not_found", n.affUser[1], "GET", target, nil)
	n.refused(404, "not_found", n.admin, "GET", target, nil)
	if got := items(n.must(200, n.affUser[0], "GET", "/views?page=/conversions&own=true", nil)); len(got) != 1 || len(items(n.must(200, n.affUser[0], "GET", "/views?page=/clicks", nil))) != 0 {
		t.Errorf("listed %v", got)
	}
	n.must(204, n.affUser[0], "DELETE", target, nil)
	n.refused(404, "not_found", n.affUser[0], "GET", target, nil)
}
