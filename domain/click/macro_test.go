package click_test

import (
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/waypost/waypost/domain/click"
)

// sample answers with values that need encoding; what is missing is "".
func sample(name string) string {
	return map[string]string{
		"click_id": "01hwx5rzgg",
		"sub1":     "a b&c=d/é",
		"sub2":     "x\x00\r\ny\u0085\x7f",
		"sub3":     "100% \xff%2F%",
		"sub10":    "ten",
		"source":   "{click_id}",
		"status":   "approved",
		"payout":   "12.50",
		"ip":       "2001:db8::1",
	}[name]
}

func TestFill(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ template, want string }{
		{"", ""},
		{"https://h/?s={click_id}", "https://h/?s=01hwx5rzgg"},
		{"#click_id# [click_id] {click_id}", "01hwx5rzgg 01hwx5rzgg 01hwx5rzgg"},
		{"{clickid}{s2sidentifier}[transaction_id]", "01hwx5rzgg01hwx5rzgg01hwx5rzgg"},
		{"[s2sidentifier]", "01hwx5rzgg"},
		{"{commission} {payout}", "12.50 12.50"},
		{"{sub10}{sub1", "ten{sub1"},
		{"ip={ip}", "ip=2001%3Adb8%3A%3A1"},
		{"a={sub4}&b={aff_click_id}&c", "a=&b=&c"},

		// Encoding and the raw form.
		{"{sub1}", "a%20b%26c%3Dd%2F%C3%A9"},
		{"{_sub1}", "a%20b&c=d/é"},
		{"{sub2}", "x%00%0D%0Ay%C2%85%7F"},
		{"{_sub2}", "xy"},
		{"{sub3}", "100%25%20%FF%252F%25"},
		{"{_sub3}", "100%25%20%FF%2F%25"},
		{"[_sub1]#_sub1#", "[_sub1]#_sub1#"},
		{"{__sub1}", "{__sub1}"},

		// Values are never read again.
		{"{source}{_source}", "%7Bclick_id%7D{click_id}"},

		// Mapping.
		{"{status:approved=1,rejected=2}", "1"},
		{"#status:rejected=2,approved=1#[status:approved=]", "1"},
		{"{status:rejected=2}", "approved"},
		{"{status:Approved=1}", "approved"},
		{"{status:approved=a=b+c}", "a%3Db%2Bc"},
		{"{_status:approved=a/b}", "a/b"},
		{"{sub4:=none}", "none"},
		{"{status:}{status:approved}{status:a=b,c}", "{status:}{status:approved}{status:a=b,c}"},
		{"{status:approved={click_id}}", "{status:approved=01hwx5rzgg}"},

		// What is no macro of ours stays.
		{"{unknown} #unknown# [unknown] {Click_Id}", "{unknown} #unknown# [unknown] {Click_Id}"},
		{"{}##[]{ click_id }", "{}##[]{ click_id }"},
		{"/p#top", "/p#top"},
		{"/p?x=#click_id#", "/p?x=01hwx5rzgg"},
		{"/p#top#click_id#", "/p#top01hwx5rzgg"},
		{"/p#click_id#sub10#", "/p01hwx5rzggsub10#"},
		{"/p#a#&b={click_id}#a#", "/p#a#&b=01hwx5rzgg#a#"},
		{"a[0]=1&a[b]=2&c=[click_id]", "a[0]=1&a[b]=2&c=01hwx5rzgg"},
		{"[[click_id]]{{click_id}}", "[01hwx5rzgg]{01hwx5rzgg}"},
		{"{#click_id#}[{click_id}]", "{01hwx5rzgg}[01hwx5rzgg]"},
		{"[click_id}{click_id]#click_id", "[click_id}{click_id]#click_id"},
		{"%7Bclick_id%7D", "%7Bclick_id%7D"},
	} {
		tpl := click.PostbackMacros.Parse(c.template)
		if got := tpl.Fill(sample); got != c.want {
			t.Errorf("Fill(%q)\n got %q\nwant %q", c.template, got, c.want)
		}
		if got := string(tpl.AppendFill([]byte("before "), sample)); got != "before "+c.want {
			t.Errorf("AppendFill(%q) = %q", c.template, got)
		}
		if tpl.String() != c.template {
			t.Errorf("String() = %q, want %q", tpl.String(), c.template)
		}
	}
}

func TestDestinationKnowsNoConversion(t *testing.T) {
	t.Parallel()
	const s = "{conversion_id}{payout}{commission}{status:approved=1}"
	if got := click.DestinationMacros.Parse(s).Fill(sample); got != s {
		t.Errorf("filled to %q", got)
	}
}

// The contract's lists, sections 2 and 4.
func TestMacroNames(t *testing.T) {
	t.Parallel()
	numbered := func(name string) (names []string) {
		for i := range 10 {
			names = append(names, name+strconv.Itoa(i+1))
		}
		return names
	}
	destination := slices.Concat([]string{"click_id", "clickid", "s2sidentifier", "transaction_id", "aff_click_id",
		"offer_id", "affiliate_id"}, numbered("sub"), []string{"source", "ip", "country", "device", "os", "browser",
		"language", "timestamp", "rand", "deep_link", "creative_id"})
	postback := slices.Concat(destination, []string{"conversion_id", "txid", "status", "payout", "commission", "val",
		"currency", "goal", "goal_id", "offer_name"}, numbered("param"), numbered("event"),
		[]string{"click_time", "conversion_time", "date", "test", "delivery_id"})
	for set, want := range map[*click.MacroSet][]string{click.DestinationMacros: destination, click.PostbackMacros: postback} {
		var got []string
		for _, d := range set.Names() {
			got = append(append(got, d.Name), d.Aliases...)
			if d.Doc == "" || d.Example == "" {
				t.Errorf("%s has no doc or example", d.Name)
			}
			for _, name := range append([]string{d.Name}, d.Aliases...) {
				if name != strings.ToLower(name) {
					t.Errorf("%s is not lower-case, which the linter's hint about case relies on", name)
				}
				tpl := set.Parse("{" + name + "}")
				if got := tpl.Fill(func(canonical string) string { return canonical }); got != d.Name || !tpl.Has(d.Name) {
					t.Errorf("{%s} asks for %q, want %q", name, got, d.Name)
				}
			}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("names (-want +got):\n%s", diff)
		}
	}
}

func TestHas(t *testing.T) {
	t.Parallel()
	tpl := click.DestinationMacros.Parse("x={clickid}&y={_sub1}&z={nothing}")
	for name, want := range map[string]bool{"click_id": true, "clickid": false, "sub1": true, "sub2": false, "nothing": false, "": false} {
		if tpl.Has(name) != want {
			t.Errorf("Has(%q) = %t", name, !want)
		}
	}
}

func TestUnknown(t *testing.T) {
	t.Parallel()
	for template, want := range map[string][]string{
		"{click_id}":                         nil,
		"{a}{b}{a}#c#":                       {"a", "b", "c"},
		"x=[foo]&y=/[bar]":                   {"foo", "bar"},
		"filter[colour]=1&a[b][c]=2&d[0]=3":  nil,
		"ids=[1]&j={}&k={1}&l={a b}":         nil,
		"/p#top":                             nil,
		"/p#top#click_id#":                   nil,
		"/p#click_id#sub10#":                 nil,
		"{Click_ID}{_foo}{utm.source}{a-b}":  {"Click_ID", "_foo", "utm.source", "a-b"},
		"{sub1:x}{date:Y-m-d}{sub11}{payout": {"sub1", "date", "sub11"},
	} {
		if diff := cmp.Diff(want, click.DestinationMacros.Parse(template).Unknown()); diff != "" {
			t.Errorf("Unknown(%q) (-want +got):\n%s", template, diff)
		}
	}
}

func TestEncodingIsQueryEscapingWithoutPlus(t *testing.T) {
	t.Parallel()
	tpl := click.DestinationMacros.Parse("{sub1}")
	for c := range 256 {
		value := "a" + string([]byte{byte(c)}) + "b"
		want := strings.ReplaceAll(url.QueryEscape(value), "+", "%20")
		if got := tpl.Fill(func(string) string { return value }); got != want {
			t.Errorf("byte %02x: got %s, want %s", c, got, want)
		}
	}
}

func FuzzFill(f *testing.F) {
	f.Add("https://h/?a={click_id}&b=[sub1]#source#", "a b")
	f.Add("{status:approved=1,rejected=2}{_sub1}", "approved")
	f.Add("{{#[click_id:=]#}}#a#", "\x00%\xff%2")
	f.Add("{unknown}[x]#y#", "\u0085\u2028")
	f.Fuzz(func(t *testing.T, template, value string) {
		tpl := click.PostbackMacros.Parse(template)
		if tpl.String() != template {
			t.Fatalf("String() = %q, want %q", tpl.String(), template)
		}
		fills := 0
		got := tpl.Fill(func(name string) string {
			if fills++; !tpl.Has(name) {
				t.Errorf("asked for %q, which Has denies", name)
			}
			return value
		})
		if fills == 0 && got != template {
			t.Errorf("without a macro %q became %q", template, got)
		}
		if !hasControl(template) && hasControl(got) {
			t.Errorf("Fill(%q, %q) = %q holds a control character", template, value, got)
		}
		if utf8.ValidString(template) && !utf8.ValidString(got) {
			t.Errorf("Fill(%q, %q) = %q is not UTF-8", template, value, got)
		}
		for _, name := range tpl.Unknown() {
			if !strings.Contains(got, name) {
				t.Errorf("unknown %q of %q does not stand in %q", name, template, got)
			}
		}
		if !strings.Contains(template, "{_") && !strings.Contains(template, ":") {
			for _, c := range tpl.Fill(func(string) string { return "\x01" + value }) {
				if c == 1 && !strings.ContainsRune(template, 1) {
					t.Errorf("%q inserts unencoded", template)
				}
			}
		}
	})
}

func hasControl(s string) bool { return strings.ContainsFunc(s, unicode.IsControl) }

func BenchmarkFill(b *testing.B) {
	tpl := click.DestinationMacros.Parse(
		"https://shop.example/landing?clickref={click_id}&src={source}&s1={sub1}&s2=[sub2]&aff=#affiliate_id#&ts={timestamp}")
	value := func(name string) string {
		if name == "click_id" {
			return "01hwx5rzggek9ake67tvjz80rjvwjqq5"
		}
		return "some value"
	}
	dst := make([]byte, 0, 512)
	b.ReportAllocs()
	for b.Loop() {
		dst = tpl.AppendFill(dst[:0], value)
	}
}

func BenchmarkParseTemplate(b *testing.B) {
	s := strings.Repeat("{#[a:b", 1300)
	b.ReportAllocs()
	for b.Loop() {
		click.DestinationMacros.Parse(s)
	}
}
