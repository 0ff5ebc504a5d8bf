package preset_test

import (
	"net/url"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/waypost/waypost/domain/click"
	"github.com/waypost/waypost/domain/preset"
)

// conversion is what a delivery fills the macros with.
var conversion = map[string]string{
	"aff_click_id": "c384EFV6JHQODRN70575OK6UG5", "payout": "12.50", "txid": "order 1001", "status": "approved", "currency": "USD",
	"val": "99.90", "conversion_id": "01jd3w8q4g7e0h5r2m9v6x1c8k",
}

// The URL of each affiliate's tracker as its documentation wants it, with the placeholders for what only its user knows.

func TestBeMob(t *testing.T) {
	t.Parallel()
	wantPostback(t, "bemob", nil, "https://YOUR-TRACKER-DOMAIN/postback?cid=c384EFV6JHQODRN70575OK6UG5&payout=12.50&txid=order%201001&status=approved")
	wantLinkParameter(t, "bemob", "aff_click_id={clickId}")
}

func TestBinom(t *testing.T) {
	t.Parallel()
	wantPostback(t, "binom", nil, "https://YOUR-TRACKER-DOMAIN/click.php?cnv_id=c384EFV6JHQODRN70575OK6UG5&payout=12.50&cnv_status=approved&cnv_currency=USD")
	wantLinkParameter(t, "binom", "aff_click_id={clickid}")
}

func TestClickMeter(t *testing.T) {
	t.Parallel()
	const to = "https://YOUR-CLICKMETER-POSTBACK-DOMAIN/YOUR-PATH?clickId=c384EFV6JHQODRN70575OK6UG5&id=YOUR-CONVERSION-ID"
	wantPostback(t, "clickmeter", nil, to+"&val=99.90&com=12.50&param=order%201001")
	wantPostback(t, "clickmeter", map[string]string{"val": ""}, to+"&val=0&com=12.50&param=order%201001") // val is required, 0 if none
	wantLinkParameter(t, "clickmeter", "aff_click_id=[s2sidentifier]")
	wantDestination(t, "clickmeter")
}

func TestKeitaro(t *testing.T) {
	t.Parallel()
	for ours, theirs := range map[string]string{"approved": "sale", "pending": "lead", "hold": "lead", "rejected": "rejected", "trash": "rejected"} {
		wantPostback(t, "keitaro", map[string]string{"status": ours},
			"https://YOUR-TRACKER-DOMAIN/YOUR-POSTBACK-KEY/postback?subid=c384EFV6JHQODRN70575OK6UG5&status="+theirs+"&payout=12.50&currency=USD&tid=order%201001")
	}
	wantLinkParameter(t, "keitaro", "aff_click_id={subid}")
	wantDestination(t, "keitaro")
}

func TestPeerClick(t *testing.T) {
	t.Parallel()
	wantPostback(t, "peerclick", nil, "https://pstb.peerclick.com/postback?cid=c384EFV6JHQODRN70575OK6UG5&payout=12.50&status=approved&txid=order%201001&currency=USD"+
		"&conversion_id=01jd3w8q4g7e0h5r2m9v6x1c8k")
	wantLinkParameter(t, "peerclick", "aff_click_id={clickid}")
}

func TestRedTrack(t *testing.T) {
	t.Parallel()
	wantPostback(t, "redtrack", nil, "https://YOUR-TRACKER-DOMAIN/postback?clickid=c384EFV6JHQODRN70575OK6UG5&sum=12.50")
	wantLinkParameter(t, "redtrack", "aff_click_id={clickid}")
}

func TestVoluum(t *testing.T) {
	t.Parallel()
	wantPostback(t, "voluum", nil, "https://YOUR-TRACKER-DOMAIN/postback?cid=c384EFV6JHQODRN70575OK6UG5&payout=12.50&txid=order%201001&currency=USD")
	wantLinkParameter(t, "voluum", "aff_click_id={clickid}")
}

func TestAffise(t *testing.T) {
	t.Parallel()
	for ours, theirs := range map[string]string{"approved": "1", "pending": "2", "rejected": "3", "trash": "3", "hold": "5"} {
		wantPostback(t, "affise", map[string]string{"status": ours},
			"https://YOUR-AFFISE-DOMAIN/postback?clickid=c384EFV6JHQODRN70575OK6UG5&action_id=order%201001&sum=12.50&status="+theirs)
	}
	wantLinkParameter(t, "affise", "aff_click_id={clickid}")
	wantDestination(t, "affise")
}

func TestCAKE(t *testing.T) {
	t.Parallel()
	wantPostback(t, "cake", nil, "https://YOUR-CAKE-DOMAIN/p.ashx?f=pb&o=YOUR-OFFER-ID&e=YOUR-EVENT-ID&r=c384EFV6JHQODRN70575OK6UG5&t=order%201001&p=12.50")
	wantLinkParameter(t, "cake", "aff_click_id=#reqid#")
	wantDestination(t, "cake")
}

func TestEverflow(t *testing.T) {
	t.Parallel()
	wantPostback(t, "everflow", nil, "https://YOUR-TRACKING-DOMAIN/?nid=YOUR-NETWORK-ID&transaction_id=c384EFV6JHQODRN70575OK6UG5&revenue_amount=12.50&order_id=order%201001")
	wantLinkParameter(t, "everflow", "aff_click_id={transaction_id}")
	wantDestination(t, "everflow")
}

func TestScaleo(t *testing.T) {
	t.Parallel()
	for ours, theirs := range map[string]string{"approved": "approved", "pending": "pending", "hold": "pending", "rejected": "rejected", "trash": "trash"} {
		wantPostback(t, "scaleo", map[string]string{"status": ours}, "https://YOUR-WORKSPACE.scaletrk.com/track/conv-addchange?click_id=c384EFV6JHQODRN70575OK6UG5"+
			"&token=YOUR-SECURITY-TOKEN&conv_status="+theirs)
	}
	wantLinkParameter(t, "scaleo", "aff_click_id={click_id}")
	wantDestination(t, "scaleo")
}

func TestTUNE(t *testing.T) {
	t.Parallel()
	wantPostback(t, "tune", nil, "https://YOUR-NETWORK.go2cloud.org/aff_lsr?transaction_id=c384EFV6JHQODRN70575OK6UG5&amount=12.50&adv_sub=order%201001")
	wantLinkParameter(t, "tune", "aff_click_id={transaction_id}")
	wantDestination(t, "tune")
}

// wantPostback checks that a tracker's template passes the linter without a warning and becomes exactly the URL that the
// tracker wants.
func wantPostback(t *testing.T, name string, changes map[string]string, want string) {
	t.Helper()
	p := find(t, name, preset.KindTracker)
	report, err := click.LintPostbackURL(p.PostbackURL)
	if err != nil || len(report.Findings) > 0 {
		t.Errorf("%s: %s: %v, %v", name, p.PostbackURL, report.Findings, err)
	}
	got := click.PostbackMacros.Parse(p.PostbackURL).Fill(func(macro string) string {
		if v, ok := changes[macro]; ok {
			return v
		}
		return conversion[macro]
	})
	if got != want {
		t.Errorf("%s:\n got %s\nwant %s", name, got, want)
	}
	if _, err := url.Parse(got); err != nil {
		t.Errorf("%s: %v", name, err)
	}
}

// wantLinkParameter checks what carries the tracker's click id into our tracking link.
func wantLinkParameter(t *testing.T, name, want string) {
	t.Helper()
	if p := find(t, name, preset.KindTracker); p.TrackingLinkParameter != want {
		t.Errorf("%s: %s, want %s", name, p.TrackingLinkParameter, want)
	}
}

// wantDestination checks that a destination with the platform's parameter is saved without a warning and carries the
// click id.
func wantDestination(t *testing.T, name string) {
	t.Helper()
	p := find(t, name, preset.KindAdvertiser)
	destination := "https://platform.example/c/1?a=2&" + p.DestinationParameter
	if warnings, err := click.LintDestination(destination); err != nil || len(warnings) > 0 {
		t.Errorf("%s: %s: %v, %v", name, destination, warnings, err)
	}
	parameter, _, _ := strings.Cut(p.DestinationParameter, "=")
	if got := click.DestinationMacros.Parse(destination).Fill(func(string) string { return "CLICK" }); !strings.HasSuffix(got, "&"+parameter+"=CLICK") {
		t.Errorf("%s: %s", name, got)
	}
}

func find(t *testing.T, name string, k preset.Kind) preset.Preset {
	t.Helper()
	p, ok := preset.Find(name)
	if !ok || !p.Is(k) {
		t.Fatalf("there is no %s %s", k, name)
	}
	return p
}

func TestPresetsAreComplete(t *testing.T) {
	t.Parallel()
	all := preset.All()
	var names []string
	for _, p := range all {
		names = append(names, p.Name)
		if p.Title == "" || len(p.Kinds) == 0 || len(p.Notes) == 0 || len(p.Sources) == 0 || p.Name != strings.ToLower(p.Name) {
			t.Errorf("%s is not complete: %+v", p.Name, p)
		}
		for _, k := range p.Kinds {
			if !slices.Contains(preset.Kinds(), k) {
				t.Errorf("%s: kind %s", p.Name, k)
			}
		}
		if p.Is(preset.KindTracker) != (p.PostbackURL != "" && p.TrackingLinkParameter != "") ||
			p.Is(preset.KindAdvertiser) != (p.DestinationParameter != "" && p.AdvertiserPostbackURL != "") || p.Is(preset.KindNetwork) != (len(p.Postback) > 0) {
			t.Errorf("%s has not what its kinds %v need", p.Name, p.Kinds)
		}
		for _, s := range p.Sources {
			if u, err := url.Parse(s.Address); err != nil || u.Host == "" || s.Title == "" {
				t.Errorf("%s: source %v", p.Name, s)
			}
		}
	}
	want := []string{"affise", "bemob", "binom", "cake", "clickmeter", "everflow", "keitaro", "peerclick", "redtrack", "scaleo", "tune", "voluum"}
	if !slices.Equal(names, want) {
		t.Errorf("presets %v, want %v", names, want)
	}
	if _, ok := preset.Find("nobody"); ok {
		t.Error("nobody was found")
	}
	if p, ok := preset.Find("VoLuum"); !ok || p.Name != "voluum" {
		t.Error("case matters")
	}
}

// TRACKING.md shows the templates; it is written by hand.
func TestTrackingPageShowsTheTemplates(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../../TRACKING.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range preset.All() {
		resold := p.Is(preset.KindTracker) && len(p.Link) > 0 // a network's platform, which the page only names
		for _, text := range []string{"`" + p.Name + "`", p.Title, p.PostbackURL, p.TrackingLinkParameter, p.DestinationParameter, p.AdvertiserPostbackURL} {
			if resold && (text == p.PostbackURL || text == p.TrackingLinkParameter) || text == "`"+p.Name+"`" && !p.Is(preset.KindNetwork) {
				continue
			}
			if !strings.Contains(string(page), text) {
				t.Errorf("%s: TRACKING.md does not show %s", p.Name, text)
			}
		}
	}
}

func TestNames(t *testing.T) {
	t.Parallel()
	contract := [][]string{{"clickid", "click_id", "transaction_id"}, {"txid", "order_id"}, {"payout", "revenue"}, {"com"}}
	got := preset.Names(contract, []preset.Parameter{{"transaction_id", "txid"}, {"payout", "com"}, {"click_id", "clickid"}, {"r", "clickid"}})
	want := [][]string{{"click_id", "r", "clickid"}, {"transaction_id", "txid", "order_id"}, {"revenue"}, {"payout", "com"}}
	for i := range want {
		if !slices.Equal(got[i], want[i]) {
			t.Errorf("%s: %v, want %v", contract[i][0], got[i], want[i])
		}
	}
	if !slices.Equal(contract[0], []string{"clickid", "click_id", "transaction_id"}) {
		t.Error("the contract's own names were changed")
	}
}
