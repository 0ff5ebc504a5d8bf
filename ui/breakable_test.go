package ui

import (
	"strings"
	"testing"
)

func TestBreakable(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"":                             "",
		"Lumio Sleep":                  "Lumio Sleep",
		"$1,234.00":                    "$1,234.00",
		"Mon, 2 Jan 2006":              "Mon, 2 Jan 2006",
		"clara@voss.example":           "clara@<wbr>voss.<wbr>example",
		"of clara.voss@mail.example .": "of clara.<wbr>voss@<wbr>mail.<wbr>example .",
		"01a20305-2ac0-7f0d-819e":      "01a20305-<wbr>2ac0-<wbr>7f0d-<wbr>819e",
		`<b>"a'&b"</b>@evil.example`:   "&lt;b&gt;&#34;a&#39;&amp;b&#34;&lt;/<wbr>b&gt;@<wbr>evil.<wbr>example",
	} {
		var b strings.Builder
		if err := Breakable(text).Render(t.Context(), &b); err != nil || b.String() != want {
			t.Errorf("%q is written as %q, %v", text, b.String(), err)
		}
	}
}

// TestLongWordsBreak: the cells of lists and the pairs of records.
func TestLongWordsBreak(t *testing.T) {
	t.Parallel()
	const mail, want = "clara@voss.example", "clara@<wbr>voss.<wbr>example"
	table := Table{Columns: []Column{{Label: "A"}, {Label: "B"}, {Label: "C"}}, Rows: []Row{{Cells: []Cell{{Text: mail, Sub: mail, Narrow: mail, Href: "/x"}, {Text: mail}, {Text: mail, Strong: true}, {Text: mail, Mono: true}}}}}
	var b strings.Builder
	if err := DataTable(table).Render(t.Context(), &b); err != nil || strings.Count(b.String(), want) != 6 {
		t.Errorf("%v: %s", err, b.String())
	}
	b.Reset()
	if err := Pairs([]Pair{{Label: "E-mail", Text: mail}}).Render(t.Context(), &b); err != nil || !strings.Contains(b.String(), want) {
		t.Errorf("%v: %s", err, b.String())
	}
}
