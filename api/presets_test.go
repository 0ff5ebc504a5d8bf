package api_test

import (
	"net/http"
	"strings"
	"testing"
)

func TestPresets(t *testing.T) {
	t.Parallel()
	n := newNetwork(t)
	for _, token := range []string{n.admin, n.affUser[0], n.advUser[0]} {
		if all := items(n.must(200, token, "GET", "/presets", nil)); len(all) != 12 {
			t.Errorf("%d presets", len(all))
		}
	}
	for kind, want := range map[string]string{
		"tracker":    "affise bemob binom cake clickmeter everflow keitaro peerclick redtrack scaleo tune voluum",
		"advertiser": "affise cake clickmeter everflow keitaro scaleo tune",
		"network":    "affise cake clickmeter everflow keitaro scaleo tune",
	} {
		var names []string
		for _, p := range items(n.must(200, n.admin, "GET", "/presets?kind="+kind, nil)) {
			names = append(names, p["name"].(string))
		}
		if got := strings.Join(names, " "); got != want {
			t.Errorf("%s: %s, want %s", kind, got, want)
		}
	}
	n.refused(422, "invalid", n.admin, "GET", "/presets?kind=pixel", nil)
	n.refused(404, "preset_not_found", n.admin, "GET", "/presets/nobody", nil)
	n.refused(401, "missing_token", "", "GET", "/presets", nil)

	p := n.must(200, n.affUser[0], "GET", "/presets/voluum", nil)
	if p["postback_url"] != "https://YOUR-TRACKER-DOMAIN/postback?cid={aff_click_id}&payout={payout}&txid={txid}&currency={currency}" ||
		p["tracking_link_parameter"] != "aff_click_id={clickid}" || p["destination_parameter"] != nil || p["advertiser_postback_url"] != nil ||
		len(p["link_parameters"].([]any)) != 0 || len(p["sources"].([]any)) == 0 {
		t.Errorf("voluum: %v", p)
	}
	p = n.must(200, n.advUser[0], "GET", "/presets/everflow", nil)
	first := p["postback_parameters"].([]any)[0].(map[string]any)
	if p["destination_parameter"] != "sub1={click_id}" || p["advertiser_postback_url"] != "https://NETWORK/postback?token=TOKEN&clickid={sub1}&val={sale_amount}" ||
		first["name"] != "transaction_id" || first["as"] != "clickid" {
		t.Errorf("everflow: %v", p)
	}
}

// A preset's postback URL can be saved as it stands, but for the address, and warns of nothing.
func TestPresetPostbacksCanBeSaved(t *testing.T) {
	t.Parallel()
	n := newNetwork(t)
	for _, p := range items(n.must(200, n.affUser[0], "GET", "/presets?kind=tracker", nil)) {
		saved := n.must(201, n.affUser[0], "POST", "/postbacks", fields{"url": p["postback_url"]})
		if warnings := saved["warnings"].([]any); len(warnings) > 0 {
			t.Errorf("%s: %v", p["name"], warnings)
		}
	}
}

func TestLint(t *testing.T) {
	t.Parallel()
	n := newNetwork(t)
	for _, token := range []string{n.admin, n.affUser[0], n.advUser[0]} {
		r := n.must(http.StatusOK, token, "POST", "/lint", fields{"kind": "destination", "url": "https://shop.example/?c={ClickID}&p={payout}&s=[sub1]"})
		var codes []string
		for _, w := range r["warnings"].([]any) {
			codes = append(codes, w.(map[string]any)["code"].(string))
		}
		if got := strings.Join(codes, " "); got != "macro_case macro_never_filled no_click_id_macro" {
			t.Errorf("codes %s", got)
		}
		if w := r["warnings"].([]any)[0].(map[string]any); w["piece"] != "{ClickID}" || w["suggestion"] != "{clickid}" {
			t.Errorf("warning %v", w)
		}
		if w := r["warnings"].([]any)[2].(map[string]any); w["piece"] != nil || w["suggestion"] != "{click_id}" {
			t.Errorf("warning %v", w)
		}
		macros := r["macros"].([]any)
		if len(macros) != 3 || macros[1].(map[string]any)["known"] != true || macros[1].(map[string]any)["filled"] != false || macros[2].(map[string]any)["filled"] != true {
			t.Errorf("macros %v", macros)
		}
		if r["preview"] != "https://shop.example/?c={ClickID}&p={payout}&s=banner-7" {
			t.Errorf("preview %v", r["preview"])
		}
	}
	r := n.must(200, n.affUser[0], "POST", "/lint", fields{"kind": "postback", "url": "https://t.example/?c={aff_click_id}&p={payout}&s={status:approved=1}"})
	if len(r["warnings"].([]any)) != 0 || r["preview"] != "https://t.example/?c=c384EFV6JHQODRN70575OK6UG5&p=12.50&s=1" {
		t.Errorf("%v", r)
	}
	a := n.refused(422, "invalid_url", n.admin, "POST", "/lint", fields{"kind": "postback", "url": "https://{sub1}/"})
	if e := a.body["errors"].([]any); e[0].(map[string]any)["location"] != "body.url" {
		t.Errorf("errors %v", e)
	}
	n.refused(422, "invalid", n.admin, "POST", "/lint", fields{"kind": "pixel", "url": "https://t.example/"})
	n.refused(401, "missing_token", "", "POST", "/lint", fields{"kind": "postback", "url": "https://t.example/"})
}
