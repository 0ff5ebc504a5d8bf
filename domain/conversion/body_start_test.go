package conversion

import (
	"strings"
	"testing"
	"unicode/utf8"
)

func TestBodyStartMasksSecrets(t *testing.T) {
	t.Parallel()
	for body, want := range map[string]string{
		`[{"token":"a b","val":1}]`:                `[{"token":"***","val":1}]`,
		`[{"Security_Token" : "ab", "x": 'y'}]`:    `[{"Security_Token" : "***", "x": 'y'}]`,
		`<c><token>abc</token><val>5</val></c>`:    `<c><token>***</token>***<val>5</val></c>`,
		"val=1;token=abc&x=2":                      "val=1;token=***&x=2",
		"--b\r\nname=\"secure\"\r\n\r\nabc\r\n--b": "--b\nname=\"secure\"\n\n***\n--b",
		"tokens are nice":                          "tokens are nice",
		"token":                                    "token",
		"sig=deadbeef":                             "sig=***",
		strings.Repeat("x", maxBodyStart-6) + "token=0123456789&y=1": strings.Repeat("x", maxBodyStart-6) + "token=",
		"a\x00b\xffc": "ab\uFFFDc",
	} {
		if got := bodyStart([]byte(body)); got != want {
			t.Errorf("%q: %q, want %q", body, got, want)
		}
	}
}

func FuzzBodyStart(f *testing.F) {
	f.Add([]byte(`{"token":{"a":1}}`))
	f.Add([]byte("<token>x</token>\xff\x00"))
	f.Fuzz(func(t *testing.T, body []byte) {
		got := bodyStart(body)
		if len(got) > maxBodyStart || !utf8.ValidString(got) || strings.ContainsRune(got, 0) {
			t.Errorf("%q gives %q", body, got)
		}
		const hidden = "q7Zp0secret"
		if got := bodyStart([]byte("<x token=\"" + hidden + "\">" + string(body))); strings.Contains(got, hidden) && !strings.Contains(string(body), hidden) {
			t.Errorf("%q shows the secret: %q", body, got)
		}
	})
}

func FuzzForAffiliate(f *testing.F) {
	f.Add("clickid=1&payout=15&val=3", "")
	f.Add("a=1\npayout=2&x=%zz&%70ayout=3", "everflow")
	f.Add("Payout=1;revenue=2", "tune")
	f.Fuzz(func(t *testing.T, query, preset string) {
		got := LogEntry{Query: query, Preset: preset}.ForAffiliate()
		if again := got.ForAffiliate(); again.Query != got.Query || len(got.Query) > len(query) {
			t.Errorf("%q: %q becomes %q when cut again", query, got.Query, again.Query)
		}
		for part := range strings.SplitSeq(got.Query, "\n") {
			for _, p := range splitPairs(part) {
				if p.name == "payout" || p.name == "revenue" {
					t.Errorf("%q still names %s: %q", query, p.name, got.Query)
				}
			}
		}
	})
}
