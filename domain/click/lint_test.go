package click_test

import (
	"math/rand/v2"
	"net/url"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/waypost/waypost/domain/click"
	"github.com/waypost/waypost/domain/errs"
)

func TestLintRefuses(t *testing.T) {
	t.Parallel()
	for what, bad := range map[string]string{
		"empty":                      "",
		"no scheme":                  "shop.example/?c={click_id}",
		"scheme-relative":            "//shop.example/?c={click_id}",
		"ftp":                        "ftp://shop.example/{click_id}",
		"javascript":                 "javascript://shop.example/%0aalert({click_id})",
		"whole destination":          "{deep_link}",
		"whole destination, raw":     "{_deep_link}",
		"macro as scheme":            "{sub1}://shop.example/{click_id}",
		"macro in scheme":            "http{sub1}://shop.example/{click_id}",
		"macro as host":              "https://{sub1}/?c={click_id}",
		"raw macro as host":          "https://{_sub1}/?c={click_id}",
		"macro in host":              "https://{country}.shop.example/?c={click_id}",
		"macro ends host":            "https://shop.example{sub1}/?c={click_id}",
		"raw macro ends host":        "https://shop.example{_deep_link}",
		"hash macro ends host":       "https://shop.example#click_id#",
		"bracket macro ends host":    "https://shop.example[click_id]/",
		"bracket macro as host":      "https://[click_id]/",
		"macro as port":              "https://shop.example:{sub1}/?c={click_id}",
		"unknown macro in host":      "https://{geo}.shop.example/?c={click_id}",
		"userinfo":                   "https://user:pass@shop.example/?c={click_id}",
		"user":                       "https://shop.example@evil.example/?c={click_id}",
		"macro as userinfo":          "https://{sub1}@shop.example/?c={click_id}",
		"no host":                    "https:///?c={click_id}",
		"only port":                  "https://:443/?c={click_id}",
		"empty port":                 "https://shop.example:/?c={click_id}",
		"port 0":                     "https://shop.example:0/?c={click_id}",
		"port too large":             "https://shop.example:65536/?c={click_id}",
		"port a word":                "https://shop.example:https/?c={click_id}",
		"dot":                        "https://./?c={click_id}",
		"empty label":                "https://shop..example/?c={click_id}",
		"backslash":                  `https://shop.example\.evil.example/?c={click_id}`,
		"backslashes":                `https:\\shop.example/?c={click_id}`,
		"escape in host":             "https://shop%2eexample/?c={click_id}",
		"full-width dot":             "https://shop\uff0eexample/?c={click_id}",
		"international host":         "https://caf\u00e9.example/?c={click_id}",
		"IPv6 zone":                  "https://[fe80::1%25eth0]/?c={click_id}",
		"no IPv6":                    "https://[1.2.3.4]/?c={click_id}",
		"bracket not closed":         "https://[::1/?c={click_id}",
		"decimal address":            "https://2130706433/?c={click_id}",
		"hexadecimal address":        "https://0x7f.1/?c={click_id}",
		"hexadecimal last":           "https://127.0.0.0x1/?c={click_id}",
		"octal address":              "https://0177.0.0.1/?c={click_id}",
		"short address":              "https://127.1/?c={click_id}",
		"space":                      "https://shop.example/a b?c={click_id}",
		"space before":               " https://shop.example/?c={click_id}",
		"line break":                 "https://shop.example/?c={click_id}\n",
		"NUL":                        "https://shop.example/\x00?c={click_id}",
		"DEL":                        "https://shop.example/\x7f?c={click_id}",
		"C1 control":                 "https://shop.example/\u0085?c={click_id}",
		"no-break space":             "https://shop.example/\u00a0?c={click_id}",
		"not UTF-8":                  "https://shop.example/\xff?c={click_id}",
		"broken escape in path":      "https://shop.example/100%/?c={click_id}",
		"escape ended by a macro":    "https://shop.example/%2{sub1}?c={click_id}",
		"escape made of macro alone": "https://shop.example/%{sub1}?c={click_id}",
		"too long":                   "https://shop.example/?c={click_id}&x=" + strings.Repeat("x", 8<<10),
	} {
		for name, lint := range map[string]func(string) ([]errs.Warning, error){
			"destination": click.LintDestination, "postback": click.LintPostback,
		} {
			if warnings, err := lint(bad); !errs.HasCode(err, "invalid_url") || !errs.Is(err, errs.KindInvalid) || warnings != nil {
				t.Errorf("%s, %s: %q gives %v, %v; want invalid_url", name, what, bad, warnings, err)
			}
		}
	}
}

var accepted = []string{
	"https://shop.example/?c={click_id}",
	"HTTP://Shop.Example:8080/#click_id#",
	"https://shop.example?c={click_id}",
	"https://shop.example/{_deep_link}?c=[s2sidentifier]",
	"https://shop.example/{sub1}/{_sub1}?{_sub2}={sub2}&c={transaction_id}#frag-{_sub3}",
	"https://xn--caf-dma.example./p/{clickid}",
	"https://a_b.example/p?c={click_id}",
	"https://192.0.2.1:8443/p?c={click_id}",
	"https://[2001:db8::1]:8443/p?c={click_id}",
	"https://shop.example/%2F{click_id}?q=100%&z={_sub1}",
	"https://shop.example/caf\u00e9?u=https://{_sub1}@other.example&c={click_id}",
	"https://shop.example#top-{click_id}",
	"https://shop.example/?filter[colour]=red&a[0]=1&c={click_id}#top",
	"https://shop.example/?t=%20sale%20&e=%E2%82%AC&c={click_id}",
	"https://shop.example/?c={click_id}&x=" + strings.Repeat("x", 8192-len("https://shop.example/?c={click_id}&x=")),
}

func TestLintAccepts(t *testing.T) {
	t.Parallel()
	for _, good := range accepted {
		if warnings, err := click.LintDestination(good); err != nil || len(warnings) != 0 {
			t.Errorf("destination %q: %v, %v", good, warnings, err)
		}
		if warnings, err := click.LintPostback(good); err != nil || len(warnings) != 0 {
			t.Errorf("postback %q: %v, %v", good, warnings, err)
		}
	}
	if warnings, err := click.LintPostback("https://t.example"); err != nil || len(warnings) != 0 {
		t.Errorf("a postback without macros: %v, %v", warnings, err)
	}
}

func TestLintWarnings(t *testing.T) {
	t.Parallel()
	type want map[string]string // code → what its message has to name
	for _, c := range []struct {
		query       string
		destination want
		postback    want
	}{
		{"x=1", want{"no_click_id_macro": "{click_id}"}, nil},
		{"c={click-id}", want{"unknown_macro": "{click-id}", "no_click_id_macro": ""}, want{"unknown_macro": "{click-id}"}},
		{"c={click_id}&g={geo}", want{"unknown_macro": "{geo}"}, want{"unknown_macro": "{geo}"}},
		{"c={click_id}&g={_geo}", want{"unknown_macro": "{_geo}"}, want{"unknown_macro": "{_geo}"}},
		{"c={click_id}&g={geo}&h={geo}", want{"unknown_macro": "{geo}"}, want{"unknown_macro": "{geo}"}},
		{"c=#cid#", want{"unknown_macro": "#cid#", "no_click_id_macro": ""}, want{"unknown_macro": "#cid#"}},
		{"c={ClickId}", want{"macro_case": "{clickid}", "no_click_id_macro": ""}, want{"macro_case": "{clickid}"}},
		{"c={click_id}&s=[SUB1]", want{"macro_case": "{sub1}"}, want{"macro_case": "{sub1}"}},
		{"c={click_id}&p={payout}", want{"macro_never_filled": "{payout}"}, nil},
		{"c={click_id}&p={Payout}", want{"macro_never_filled": "{Payout}"}, want{"macro_case": "{payout}"}},
		{"c={click_id}&s={sub1:x}", want{"unknown_macro": "{sub1:a=b,c=d}"}, want{"unknown_macro": "{sub1:a=b,c=d}"}},
		{"c={click_id}&s=[_sub1]", want{"unknown_macro": "{_sub1}"}, want{"unknown_macro": "{_sub1}"}},
		{"c=${CLICK_ID}", want{"foreign_macro": "${CLICK_ID}", "no_click_id_macro": ""}, want{"foreign_macro": "${CLICK_ID}"}},
		{"c=${(click_id)!}", want{"foreign_macro": "${(click_id)!}", "no_click_id_macro": ""}, want{"foreign_macro": "${(click_id)!}"}},
		{"c={{click_id}}", want{"foreign_macro": "{{click_id}}"}, want{"foreign_macro": "{{click_id}}"}},
		{"c={{campaign.id}}", want{"foreign_macro": "{{campaign.id}}", "no_click_id_macro": ""}, want{"foreign_macro": "{{campaign.id}}"}},
		{"c={click_id}&x=<name>", want{"foreign_macro": "<name>"}, want{"foreign_macro": "<name>"}},
		{"c={click_id}&x=%name%", want{"foreign_macro": "%name%"}, want{"foreign_macro": "%name%"}},
		{"c={click_id}&x=%campaign_id%&y", want{"foreign_macro": "%campaign_id%"}, want{"foreign_macro": "%campaign_id%"}},
		{"c={click_id}&x=%E2%82%ACabc%E2%name%", want{"foreign_macro": "%name%"}, want{"foreign_macro": "%name%"}},
		{"c=%7Bclick_id%7d", want{"foreign_macro": "%7Bclick_id%7d", "no_click_id_macro": ""}, want{"foreign_macro": "%7Bclick_id%7d"}},
	} {
		for _, l := range []struct {
			lint  func(string) ([]errs.Warning, error)
			field string
			want  want
		}{{click.LintDestination, "destination_url", c.destination}, {click.LintPostback, "url", c.postback}} {
			warnings, err := l.lint("https://shop.example/p?" + c.query)
			if err != nil {
				t.Errorf("%s of %q: %v", l.field, c.query, err)
				continue
			}
			got := want{}
			for _, w := range warnings {
				if w.Field != l.field {
					t.Errorf("%q: field %q, want %q", c.query, w.Field, l.field)
				}
				if !strings.Contains(w.Message, l.want[w.Code]) {
					t.Errorf("%q: message %q does not name %s", c.query, w.Message, l.want[w.Code])
				}
				got[w.Code] = l.want[w.Code]
			}
			if diff := cmp.Diff(l.want, got); len(warnings) != len(l.want) || len(got) != len(l.want) {
				t.Errorf("%s of %q: %v; codes (-want +got):\n%s", l.field, c.query, warnings, diff)
			}
		}
	}
}

// What a linter suggests instead of a wrong macro: code, piece, suggestion.
func TestLintSuggests(t *testing.T) {
	t.Parallel()
	type finding struct{ code, piece, suggestion string }
	for _, c := range []struct {
		query                 string
		destination, postback finding // zero: nothing about this piece
	}{
		{"{ClickID}", finding{"macro_case", "{ClickID}", "{clickid}"}, finding{"macro_case", "{ClickID}", "{clickid}"}},
		{"#SUB1#", finding{"macro_case", "#SUB1#", "{sub1}"}, finding{"macro_case", "#SUB1#", "{sub1}"}},
		{"{click-id}", finding{"unknown_macro", "{click-id}", "{click_id}"}, finding{"unknown_macro", "{click-id}", "{click_id}"}},
		{"{externalid}", finding{"unknown_macro", "{externalid}", "{aff_click_id}"}, finding{"unknown_macro", "{externalid}", "{aff_click_id}"}},
		{"{external_id}", finding{"unknown_macro", "{external_id}", "{aff_click_id}"}, finding{"unknown_macro", "{external_id}", "{aff_click_id}"}},
		{"#reqid#", finding{"unknown_macro", "#reqid#", "{click_id}"}, finding{"unknown_macro", "#reqid#", "{aff_click_id}"}},
		{"{subid}", finding{"unknown_macro", "{subid}", "{click_id}"}, finding{"unknown_macro", "{subid}", "{aff_click_id}"}},
		{"{transactionid}", finding{"unknown_macro", "{transactionid}", "{click_id}"}, finding{"unknown_macro", "{transactionid}", "{txid}"}},
		{"{sum}", finding{"unknown_macro", "{sum}", ""}, finding{"unknown_macro", "{sum}", "{payout}"}},
		{"#price#", finding{"unknown_macro", "#price#", ""}, finding{"unknown_macro", "#price#", "{payout}"}},
		{"{sale_amount}", finding{"unknown_macro", "{sale_amount}", ""}, finding{"unknown_macro", "{sale_amount}", "{val}"}},
		{"{cnv_status}", finding{"unknown_macro", "{cnv_status}", ""}, finding{"unknown_macro", "{cnv_status}", "{status}"}},
		{"{aff_sub}", finding{"unknown_macro", "{aff_sub}", "{sub1}"}, finding{"unknown_macro", "{aff_sub}", "{sub1}"}},
		{"{aff_sub3}", finding{"unknown_macro", "{aff_sub3}", "{sub3}"}, finding{"unknown_macro", "{aff_sub3}", "{sub3}"}},
		{"{sub_id10}", finding{"unknown_macro", "{sub_id10}", "{sub10}"}, finding{"unknown_macro", "{sub_id10}", "{sub10}"}},
		{"#s2#", finding{"unknown_macro", "#s2#", "{sub2}"}, finding{"unknown_macro", "#s2#", "{sub2}"}},
		{"{pid}", finding{"unknown_macro", "{pid}", "{affiliate_id}"}, finding{"unknown_macro", "{pid}", "{affiliate_id}"}},
		{"{geo}", finding{"unknown_macro", "{geo}", "{country}"}, finding{"unknown_macro", "{geo}", "{country}"}},
		{"{nonsense}", finding{"unknown_macro", "{nonsense}", ""}, finding{"unknown_macro", "{nonsense}", ""}},
		{"{sub11}", finding{"unknown_macro", "{sub11}", ""}, finding{"unknown_macro", "{sub11}", ""}},
		{"[_sub1]", finding{"unknown_macro", "[_sub1]", "{_sub1}"}, finding{"unknown_macro", "[_sub1]", "{_sub1}"}},
		{"{date:Y-m-d}", finding{"macro_never_filled", "{date:Y-m-d}", ""}, finding{"unknown_macro", "{date:Y-m-d}", "{date}"}},
		{"{payout}", finding{"macro_never_filled", "{payout}", ""}, finding{}},
		{"{status:approved=1,rejected=2}", finding{"macro_never_filled", "{status:approved=1,rejected=2}", ""}, finding{}},
		{"{rand}-{timestamp}-{ip}-{_sub10}", finding{}, finding{}},
		{"{param10}", finding{"macro_never_filled", "{param10}", ""}, finding{}},
		{"{event1}", finding{"macro_never_filled", "{event1}", ""}, finding{}},
		{"{click_time}", finding{"macro_never_filled", "{click_time}", ""}, finding{}},
		{"${CLICK_ID}", finding{"foreign_macro", "${CLICK_ID}", "{click_id}"}, finding{"foreign_macro", "${CLICK_ID}", "{click_id}"}},
		{"${SUBID}", finding{"foreign_macro", "${SUBID}", "{click_id}"}, finding{"foreign_macro", "${SUBID}", "{aff_click_id}"}},
		{"${(payout)!}", finding{"foreign_macro", "${(payout)!}", ""}, finding{"foreign_macro", "${(payout)!}", "{payout}"}},
		{"{{clickid}}", finding{"foreign_macro", "{{clickid}}", "{clickid}"}, finding{"foreign_macro", "{{clickid}}", "{clickid}"}},
		{"%7Bclick_id%7D", finding{"foreign_macro", "%7Bclick_id%7D", "{click_id}"}, finding{"foreign_macro", "%7Bclick_id%7D", "{click_id}"}},
		{"%5bs2sidentifier%5d", finding{"foreign_macro", "%5bs2sidentifier%5d", "{s2sidentifier}"}, finding{"foreign_macro", "%5bs2sidentifier%5d", "{s2sidentifier}"}},
		{"%23clickid%23", finding{"foreign_macro", "%23clickid%23", "{clickid}"}, finding{"foreign_macro", "%23clickid%23", "{clickid}"}},
		{"<sub1>", finding{"foreign_macro", "<sub1>", "{sub1}"}, finding{"foreign_macro", "<sub1>", "{sub1}"}},
		{"__CLICKID__", finding{"foreign_macro", "__CLICKID__", "{clickid}"}, finding{"foreign_macro", "__CLICKID__", "{clickid}"}},
		{"__GEO__", finding{"foreign_macro", "__GEO__", "{country}"}, finding{"foreign_macro", "__GEO__", "{country}"}},
		{"$subid$", finding{"foreign_macro", "$subid$", "{click_id}"}, finding{"foreign_macro", "$subid$", "{aff_click_id}"}},
		{":payout", finding{"foreign_macro", ":payout", ""}, finding{"foreign_macro", ":payout", "{payout}"}},
		{"%country%", finding{"foreign_macro", "%country%", "{country}"}, finding{"foreign_macro", "%country%", "{country}"}},
		{"a__b__c", finding{}, finding{}}, {"5$off$now", finding{}, finding{}}, {"12:30", finding{}, finding{}}, {"%5B1%5D", finding{}, finding{}},
	} {
		for _, query := range []string{"id={click_id}&x=" + c.query, "x=" + c.query + "&id={click_id}#top"} {
			for kind, l := range map[string]struct {
				lint func(string) (click.Report, error)
				want finding
			}{"destination": {click.LintDestinationURL, c.destination}, "postback": {click.LintPostbackURL, c.postback}} {
				r, err := l.lint("https://shop.example/p?" + query)
				if err != nil {
					t.Errorf("%s: %v", query, err)
					continue
				}
				var got finding
				if len(r.Findings) == 1 {
					f := r.Findings[0]
					got = finding{f.Code, f.Piece, f.Suggestion}
					if !strings.Contains(f.Message, f.Suggestion) || !strings.Contains(f.Message, f.Piece) {
						t.Errorf("%s: message %q names not both %s and %s", query, f.Message, f.Piece, f.Suggestion)
					}
				}
				if got != l.want || len(r.Findings) > 1 {
					t.Errorf("%s of %s: %+v, want %+v", kind, query, r.Findings, l.want)
				}
			}
		}
	}
}

func TestLintReports(t *testing.T) {
	t.Parallel()
	r, err := click.LintDestinationURL("https://shop.example/{sub1}?c=#clickid#&p={payout}&q={_Payout}&s={status:approved=1}&f={nope}&x=[country]")
	if err != nil {
		t.Fatal(err)
	}
	want := []click.MacroUse{
		{Text: "{sub1}", Name: "sub1", Known: true, Filled: true}, {Text: "#clickid#", Name: "click_id", Known: true, Filled: true},
		{Text: "{payout}", Name: "payout", Known: true}, {Text: "{_Payout}", Name: "_Payout"}, {Text: "{status:approved=1}", Name: "status", Known: true},
		{Text: "{nope}", Name: "nope"}, {Text: "[country]", Name: "country", Known: true, Filled: true},
	}
	if diff := cmp.Diff(want, r.Macros); diff != "" {
		t.Errorf("macros (-want +got):\n%s", diff)
	}
	if want := "https://shop.example/banner-7?c=01jd3w8q4g7e0h5r2m9v6x1c8k4t7yqz&p={payout}&q={_Payout}&s={status:approved=1}&f={nope}&x=DE"; r.Preview != want {
		t.Errorf("preview %s\n   want %s", r.Preview, want)
	}
	for query, missing := range map[string]bool{"p={payout}": true, "c={aff_click_id}": false, "c={sub3}": false, "t={txid}": false, "c={Aff_Click_Id}": true, "": true} {
		r, err := click.LintPostbackURL("https://t.example/?" + query)
		found := slices.ContainsFunc(r.Findings, func(f click.Finding) bool { return f.Code == "no_click_id_macro" && f.Suggestion == "{aff_click_id}" })
		if err != nil || found != missing {
			t.Errorf("postback %q: %+v, %v", query, r.Findings, err)
		}
	}
	if r, err := click.LintDestinationURL("https://{sub1}/"); err == nil || len(r.Findings)+len(r.Macros) > 0 || r.Preview != "" {
		t.Errorf("a URL that cannot be saved: %+v, %v", r, err)
	}
}

// Whatever the text, the report speaks of what stands there, suggests only what is filled, and says nothing twice.
func FuzzLint(f *testing.F) {
	for _, s := range accepted[:len(accepted)-1] {
		f.Add(s)
	}
	f.Add("https://h/?a=${CLICK_ID}&b={{x}}&c=<y>&d=__Z__&e=$x$&f=:x&g=%7Bx%7D&h=%x%&i=#s2#&j={date:Y}&k=%5Bx%5D&l=%23x%23")
	f.Add("https://h/:a/:b/__c__/$d$/{_Payout}{payout")
	f.Fuzz(func(t *testing.T, s string) {
		for _, l := range []struct {
			lint func(string) (click.Report, error)
			set  *click.MacroSet
		}{{click.LintDestinationURL, click.DestinationMacros}, {click.LintPostbackURL, click.PostbackMacros}} {
			r, err := l.lint(s)
			if err != nil {
				if !errs.HasCode(err, "invalid_url") {
					t.Fatalf("error %v", err)
				}
				continue
			}
			seen := map[string]bool{}
			for _, f := range r.Findings {
				if !strings.Contains(s, f.Piece) || seen[f.Piece] || f.Message == "" || f.Code == "" || (f.Piece == "") != (f.Code == "no_click_id_macro") {
					t.Fatalf("%q: %+v", s, f)
				}
				seen[f.Piece] = true
				if f.Suggestion != "" && len(l.set.Parse(f.Suggestion).Unknown()) > 0 {
					t.Fatalf("%q: %s is suggested, which is never filled", s, f.Suggestion)
				}
			}
			rest := s
			for _, m := range r.Macros {
				var ok bool
				if _, rest, ok = strings.Cut(rest, m.Text); !ok || m.Filled && !m.Known {
					t.Fatalf("%q: macro %+v", s, m)
				}
			}
			if utf8.ValidString(s) && !utf8.ValidString(r.Preview) || r.Preview == "" {
				t.Fatalf("%q: preview %q", s, r.Preview)
			}
		}
	})
}

// wantSameOrigin checks what the contract promises of a saved template: no value leads elsewhere.
func wantSameOrigin(t *testing.T, template, value string) {
	t.Helper()
	origin := func(s string) string {
		end := strings.IndexAny(s[len("https://"):], "/?#")
		if end < 0 {
			return s
		}
		return s[:len("https://")+end]
	}
	filled := click.PostbackMacros.Parse(template).Fill(func(string) string { return value })
	u, err := url.Parse(filled)
	if err != nil {
		t.Fatalf("%q filled with %q: %v", template, value, err)
	}
	want, err := url.Parse(template)
	if err != nil { // a template is text; only its origin is surely a URL
		if want, err = url.Parse(origin(template)); err != nil {
			t.Fatal(err)
		}
	}
	if u.Scheme != want.Scheme || u.Host != want.Host || u.User != nil {
		t.Fatalf("%q filled with %q leads to %s://%s", template, value, u.Scheme, u.Host)
	}
	// Browsers read a backslash like a slash; the origin as text has to be the same as well.
	if o := strings.ReplaceAll(filled, `\`, "/"); origin(o) != origin(strings.ReplaceAll(template, `\`, "/")) {
		t.Fatalf("%q filled with %q has another origin in browsers: %q", template, value, o)
	}
}

func TestFillingNeverLeadsElsewhere(t *testing.T) {
	t.Parallel()
	pieces := []string{"@", ":", "/", "//", `\`, "?", "#", "%", "%2", "%2F", "%zz", "..", "evil.example", "https://", "\r\n",
		"\x00", " ", "\t", "[", "]", "{click_id}", "{_sub1}", "\xff", "\u2028", "\uff0f", "&", "=", "javascript:", "é", ""}
	r := rand.New(rand.NewPCG(3, 4))
	for _, template := range accepted[:len(accepted)-1] {
		for range 2000 {
			var value strings.Builder
			for range r.IntN(6) {
				value.WriteString(pieces[r.IntN(len(pieces))])
			}
			wantSameOrigin(t, template, value.String())
		}
	}
}

func FuzzLintedTemplateKeepsItsOrigin(f *testing.F) {
	for _, template := range accepted[:len(accepted)-1] {
		f.Add(template, "@evil.example/%")
	}
	f.Add("https://h#click_id#", "evil.example")
	f.Add("http://h:80{_sub1}", "80@evil.example")
	f.Add("https://h/%4{sub1}", "")
	f.Fuzz(func(t *testing.T, template, value string) {
		if _, err := click.LintPostback(template); err != nil {
			if !errs.HasCode(err, "invalid_url") {
				t.Errorf("error %v, want invalid_url", err)
			}
			return
		}
		if strings.HasPrefix(strings.ToLower(template), "http://") { // wantSameOrigin counts the characters of https://
			template = "https" + template[len("http"):]
		}
		wantSameOrigin(t, template, value)
	})
}
