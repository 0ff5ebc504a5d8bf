package conversion

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/waypost/waypost/domain/preset"
)

// A postback of each system that one migrates from, in the form that its documentation writes, with the preset's name;
// and the postback that an advertiser's platform sends once it has filled our template's macros.

func TestClickMeter(t *testing.T) {
	t.Parallel()
	wantSent(t, "preset=clickmeter&token=T&clickId=C1&id=sale&val=99.90&com=0&comperc=7.5&param=a;b",
		Sent{Preset: "clickmeter", ClickID: "C1", Token: "T", Goal: "sale", Val: "99.90", Com: "0", ComPerc: "7.5", ReadAs: []string{"clickId=clickid"},
			Params: Params{Param: []string{"a", "b"}}})
}

func TestScaleo(t *testing.T) {
	t.Parallel()
	wantSent(t, "preset=scaleo&click_id=974efaa86716e372442ab44c8a3f563b&token=344387eb&goal_id=1673&conv_status=Spam&trash_status=spam,duplicate&approved_status=ok"+
		"&transaction_id=T-1&amount=100&payout=12.5&revenue=20&currency=EUR&adv_param2=x&firstname=John&sub_id1=SID1",
		Sent{Preset: "scaleo", ClickID: "974efaa86716e372442ab44c8a3f563b", Token: "344387eb", Goal: "1673", Status: "Spam", TxID: "T-1",
			Val: "100", Com: "12.5", Payout: "20", Currency: "EUR", Params: Params{Values: map[string]string{"adv2": "x"}},
			StatusLists: map[string]Status{"spam": StatusTrash, "duplicate": StatusTrash, "ok": StatusApproved},
			ReadAs: []string{"click_id=clickid", "amount=val", "payout=com", "revenue=payout", "transaction_id=txid", "goal_id=id", "conv_status=status",
				"adv_param2=adv2"},
			Unknown: []string{"firstname", "sub_id1"}})
	// Without the preset the contract's meanings stay.
	wantSent(t, "transaction_id=C1&payout=20", Sent{ClickID: "C1", Payout: "20", ReadAs: []string{"transaction_id=clickid"}})
	wantSent(t, sentBy(t, "scaleo", "{aff_click_id}", "C1"), Sent{ClickID: "C1", Token: "TOKEN"})
}

func TestEverflow(t *testing.T) {
	t.Parallel()
	wantSent(t, "nid=23452&transaction_id=56d75d3a4d6e433fb215698c056d0d58&adv_event_id=deposit&amount=12,34&revenue_amount=3&order_id=O1&adv1=a&adv10=z"+
		"&coupon_code=SAVE&verification_token=S&preset=everflow&email=x",
		Sent{Preset: "everflow", ClickID: "56d75d3a4d6e433fb215698c056d0d58", Goal: "deposit", Val: "12,34", Payout: "3", TxID: "O1", Token: "S",
			Params: Params{Coupon: "SAVE", Values: map[string]string{"adv1": "a", "adv10": "z"}},
			ReadAs: []string{"transaction_id=clickid", "verification_token=token", "amount=val", "revenue_amount=payout", "order_id=txid", "adv_event_id=id",
				"coupon_code=coupon"},
			Unknown: []string{"nid", "email"}})
	wantSent(t, sentBy(t, "everflow", "{sub1}", "C1", "{sale_amount}", "75"), Sent{ClickID: "C1", Token: "TOKEN", Val: "75"})
}

func TestTUNE(t *testing.T) {
	t.Parallel()
	wantSent(t, "offer_id=26&transaction_id=1027c887059b47bc69c699f45466b9&amount=9.99&adv_sub=ORDER&adv_sub2=b&adv_unique1=u&goal_id=7&security_token=S&preset=tune",
		Sent{Preset: "tune", ClickID: "1027c887059b47bc69c699f45466b9", Val: "9.99", TxID: "ORDER", Goal: "7", Token: "S",
			Params: Params{Values: map[string]string{"adv2": "b", "adv6": "u"}},
			ReadAs: []string{"transaction_id=clickid", "security_token=token", "amount=val", "adv_sub=txid", "goal_id=id", "adv_sub2=adv2", "adv_unique1=adv6"}})
	wantSent(t, sentBy(t, "tune", "{aff_click_id}", "C1", "{adv_sub}", "", "{payout}", "5", "{sale_amount}", "50", "{currency}", "USD"),
		Sent{ClickID: "C1", Token: "TOKEN", Payout: "5", Val: "50", Currency: "USD"})
}

func TestAffise(t *testing.T) {
	t.Parallel()
	wantSent(t, "clickid=5f1a&action_id=A1&goal=2&sum=4.5&status=5&secure=S&promo_code=SAVE&custom_field1=x&custom_field11=y&preset=affise",
		Sent{Preset: "affise", ClickID: "5f1a", TxID: "A1", Goal: "2", Payout: "4.5", Status: "5", Token: "S",
			Params: Params{Coupon: "SAVE", Values: map[string]string{"adv1": "x"}},
			ReadAs: []string{"secure=token", "sum=payout", "action_id=txid", "goal=id", "promo_code=coupon", "custom_field1=adv1"}, Unknown: []string{"custom_field11"}})
	for word, want := range map[string]Status{"1": StatusApproved, "2": StatusPending, "3": StatusRejected, "5": StatusHold} {
		if got, ok := StatusOf(word, nil, nil); !ok || got != want {
			t.Errorf("status %s of Affise is %q", word, got)
		}
	}
	wantSent(t, sentBy(t, "affise", "{sub1}", "C1", "{transactionid}", "A1", "{status}", "1", "{sum}", "4.5", "{currency}", "USD"),
		Sent{ClickID: "C1", Token: "TOKEN", TxID: "A1", Status: "1", Payout: "4.5", Currency: "USD"})
}

func TestCAKE(t *testing.T) {
	t.Parallel()
	wantSent(t, "a=1&t=123456&r=25566&f=pb&e=123&ecsk=123ABC^321CMS&eccu=USD&ect=72.80&ecc=FF25&p=61.00&ap=6.10&preset=cake",
		Sent{Preset: "cake", ClickID: "25566", TxID: "123456", Goal: "123", Val: "72.80", Payout: "61.00", Com: "6.10", Currency: "USD", Params: Params{Coupon: "FF25"},
			ReadAs:  []string{"r=clickid", "ect=val", "ap=com", "p=payout", "t=txid", "e=id", "eccu=currency", "ecc=coupon"},
			Unknown: []string{"a", "f", "ecsk"}})
	wantSent(t, sentBy(t, "cake", "#s2#", "C1", "#leadid#", "L1", "#price#", "6"), Sent{ClickID: "C1", Token: "TOKEN", TxID: "L1", Payout: "6"})
}

func TestKeitaro(t *testing.T) {
	t.Parallel()
	wantSent(t, "preset=keitaro&subid=K1&status=Reg&payout=10&currency=EUR&tid=2&lead_status=reg,topup&sale_status=billed&rejected_status=canceled,fake&return=OK",
		Sent{Preset: "keitaro", ClickID: "K1", Status: "Reg", Payout: "10", Currency: "EUR", TxID: "2",
			StatusLists: map[string]Status{"reg": StatusPending, "topup": StatusPending, "billed": StatusApproved, "canceled": StatusRejected, "fake": StatusRejected,
				"lead": StatusPending, "sale": StatusApproved, "rebill": StatusApproved, "rejected": StatusRejected},
			ReadAs:  []string{"subid=clickid", "tid=txid", "sale_status=approved_status", "lead_status=pending_status"},
			Unknown: []string{"return"}})
	words := map[string]Status{"lead": StatusPending, "sale": StatusApproved, "rebill": StatusApproved, "rejected": StatusRejected}
	wantSent(t, sentBy(t, "keitaro", "{external_id}", "C1", "{status}", "rebill", "{tid}", "3"),
		Sent{Preset: "keitaro", ClickID: "C1", Token: "TOKEN", Status: "rebill", TxID: "3", StatusLists: words, ReadAs: []string{"subid=clickid", "tid=txid"}})
	// A list of the call wins over the preset's words.
	if s, _ := ParseSent(form("preset=keitaro&rejected_status=sale", "", "")); s.StatusLists["sale"] != StatusRejected {
		t.Errorf("sale is %q", s.StatusLists["sale"])
	}
}

// sentBy is the query of a platform's postback: our template for it, its macros filled.
func sentBy(t *testing.T, name string, macros ...string) string {
	t.Helper()
	p, ok := preset.Find(name)
	if !ok || !p.Is(preset.KindAdvertiser) {
		t.Fatalf("%s is no advertiser's platform", name)
	}
	_, query, _ := strings.Cut(strings.NewReplacer(macros...).Replace(p.AdvertiserPostbackURL), "?")
	if strings.ContainsAny(query, "{}#[]") {
		t.Fatalf("%s: unfilled: %s", name, query)
	}
	return query
}

func wantSent(t *testing.T, query string, want Sent) {
	t.Helper()
	for _, c := range []Call{form(query, "", ""), form("", urlencoded, query)} {
		got, err := ParseSent(c)
		if err != nil {
			t.Fatalf("%s: %v", query, err)
		}
		got.Masked = ""
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", query, diff)
		}
	}
}

func TestPresetOfACall(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		call               Call
		preset, txid, warn string
	}{
		{form("preset=cake&t=1", "", ""), "cake", "1", ""},
		{form("preset=CAKE&t=1", "", ""), "cake", "1", ""},
		{form("preset=&preset={preset}&preset=cake&preset=tune&t=1", "", ""), "cake", "1", ""},
		{form("preset=cake", "application/json", `{"t":1,"preset":"tune"}`), "cake", "1", ""},
		{form("t=1", "application/json", `{"preset":"cake"}`), "cake", "1", ""},
		{form("preset=nobody&t=1&tid=2", "", ""), "", "2", "unknown_preset"},
		{form("Preset=cake&t=1&tid=2", "", ""), "", "2", ""},
		{form("preset=voluum&txid=2", "", ""), "voluum", "2", ""}, // a tracker's names are the contract's
		{form("preset=cake&txid=later&t=1", "", ""), "cake", "1", ""},
		{form("preset=cake&t=&txid=2", "", ""), "cake", "2", ""},
		{form("preset=cake&t=%23tid%23&txid=2", "", ""), "cake", "2", "unfilled_macro"},
	} {
		s, err := ParseSent(c.call)
		if err != nil || s.Preset != c.preset || s.TxID != c.txid || strings.Join(s.Warnings, ",") != c.warn {
			t.Errorf("%s %s: preset %q, txid %q, warnings %v, %v", c.call.RawQuery, c.call.Body, s.Preset, s.TxID, s.Warnings, err)
		}
	}
}

func TestUnknownNames(t *testing.T) {
	t.Parallel()
	var query strings.Builder
	query.WriteString("clickid=a&preset=cake&ts=1&sig=2&=x&%00=y&x=1&x=2&" + strings.Repeat("ü", 40) + "=1&%ff=1")
	for i := range 30 {
		fmt.Fprintf(&query, "&u%d=1", i)
	}
	s, _ := ParseSent(form(query.String(), "", ""))
	want := []string{"x", strings.Repeat("ü", 32), "\uFFFD"}
	for i := range 17 {
		want = append(want, fmt.Sprint("u", i))
	}
	if diff := cmp.Diff(want, s.Unknown); diff != "" {
		t.Errorf("unknown (-want +got):\n%s", diff)
	}
}

// Under a signed body nothing in the query may be listened to, with whatever preset.
func TestPresetNamesNeedASignatureToo(t *testing.T) {
	t.Parallel()
	for _, query := range []string{"preset=cake", "r=1", "sale_status=x", "custom_field3=x", "clickid=1"} {
		if !namesParameters(query) {
			t.Errorf("%s would be read although nobody signed it", query)
		}
	}
	if namesParameters("utm_source=x&cachebuster=1") {
		t.Error("what nothing reads needs no signature")
	}
}

// Whatever a preset names is a parameter of ours, and no name means two things.
func TestPresetsNameOurParameters(t *testing.T) {
	t.Parallel()
	ours := map[string]bool{}
	for _, names := range contractNames {
		ours[names[0]] = true
	}
	for _, p := range preset.All() {
		seen := map[string]string{}
		for _, parameter := range p.Postback {
			if !ours[parameter.As] {
				t.Errorf("%s: %s stands for %s, which is no parameter", p.Name, parameter.Name, parameter.As)
			}
			if seen[parameter.Name] != "" {
				t.Errorf("%s: %s twice", p.Name, parameter.Name)
			}
			seen[parameter.Name] = parameter.As
		}
		for word, status := range p.Words {
			if !Status(status).Valid() || word != strings.ToLower(word) {
				t.Errorf("%s: word %q → %q", p.Name, word, status)
			}
		}
		meaning := map[string]int{}
		for i, names := range presetReadings[p.Name].names {
			for _, n := range names {
				if other, ok := meaning[n]; ok && other != i {
					t.Errorf("%s: %s is read as %s and as %s", p.Name, n, contractNames[other][0], contractNames[i][0])
				}
				meaning[n] = i
			}
		}
	}
}
