package click_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/waypost/waypost/domain/click"
)

func TestPieces(t *testing.T) {
	t.Parallel()
	value := func(name string) string {
		return map[string]string{"aff_click_id": "a b", "status": "approved", "deep_link": "/x"}[name]
	}
	got := click.PostbackMacros.Parse("https://t.example/{_deep_link}?c={aff_click_id}&x={nope}{status:approved=1}[sub1]&q[a]=#s").Pieces(value)
	want := []click.Piece{
		{Kind: click.PieceLiteral, Text: "https://t.example/", Value: "https://t.example/"},
		{Kind: click.PieceMacro, Text: "{_deep_link}", Name: "deep_link", Value: "/x"},
		{Kind: click.PieceLiteral, Text: "?c=", Value: "?c="},
		{Kind: click.PieceMacro, Text: "{aff_click_id}", Name: "aff_click_id", Value: "a%20b"},
		{Kind: click.PieceLiteral, Text: "&x=", Value: "&x="},
		{Kind: click.PieceUnknown, Text: "{nope}", Name: "nope", Value: "{nope}"},
		{Kind: click.PieceMacro, Text: "{status:approved=1}", Name: "status", Value: "1"},
		{Kind: click.PieceMacro, Text: "[sub1]", Name: "sub1"},
		{Kind: click.PieceLiteral, Text: "&q[a]=#s", Value: "&q[a]=#s"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// Whatever is typed, the pieces are the whole text, and their values what would be sent.
func FuzzPieces(f *testing.F) {
	for _, s := range []string{"", "{}", "{payout}", "{{payout}}", "#payout#payout#", "[a][b]{c}", "https://a.example/{x}{payout:1=2}{_val}#sub1#", "{nope{payout}[sub1"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		value := func(name string) string { return "<" + name + "> %" }
		template := click.PostbackMacros.Parse(s)
		var text, filled strings.Builder
		for _, p := range template.Pieces(value) {
			text.WriteString(p.Text)
			filled.WriteString(p.Value)
			if p.Text == "" || (p.Kind == click.PieceLiteral) != (p.Name == "") {
				t.Errorf("%q: piece %+v", s, p)
			}
		}
		if text.String() != s || filled.String() != template.Fill(value) {
			t.Errorf("%q: texts %q, values %q, filled %q", s, text.String(), filled.String(), template.Fill(value))
		}
	})
}
