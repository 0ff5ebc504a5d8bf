package ui

import (
	"os"
	"regexp"
	"testing"
)

func TestBrandReachesContrastWithAnyColour(t *testing.T) {
	t.Parallel()
	token := regexp.MustCompile(`--([a-z-]+):light-dark\(#([0-9a-f]{6}),#([0-9a-f]{6})\)`)
	for _, hex := range []string{
		"#2f57e3", "#000000", "#ffffff", "#ffff00", "#ffd400", "#ff0000", "#00ff00", "#0000ff", "#00ffff", "#ff00ff",
		"#808080", "#c0c0c0", "#7c3aad", "#0b7a66", "#e05a00", "#fa8072", "#123456", "#f5f5dc", "#3b0a45", "A1FF0A",
	} {
		css := BrandCSS(hex)
		found := token.FindAllStringSubmatch(css, -1)
		if len(found) != 4 {
			t.Fatalf("%s: four tokens expected in %q", hex, css)
		}
		for i, theme := range []string{"light", "dark"} {
			c := map[string]colour{}
			for _, f := range found {
				c[f[1]] = parseColour(f[2+i])
			}
			grounds := []colour{white, lightPage}
			if i == 1 {
				grounds = []colour{darkCard, darkHover}
			}
			for _, ground := range grounds {
				if got := contrast(c["brand"], ground); got < 3 {
					t.Errorf("%s %s: fill %s on %s has %.2f:1", hex, theme, c["brand"], ground, got)
				}
			}
			for _, ground := range append(grounds, c["brand-soft"]) {
				if got := contrast(c["brand-ink"], ground); got < 4.5 {
					t.Errorf("%s %s: text %s on %s has %.2f:1", hex, theme, c["brand-ink"], ground, got)
				}
			}
			for _, ground := range []colour{c["brand-soft"], grounds[0]} { // inside and outside of the current item's bar
				if got := contrast(c[currentBar(t)], ground); got < 3 {
					t.Errorf("%s %s: the current item's bar %s on %s has %.2f:1", hex, theme, c[currentBar(t)], ground, got)
				}
			}
			if got := contrast(c["on-brand"], c["brand"]); got < 4.5 {
				t.Errorf("%s %s: text %s on the fill %s has %.2f:1", hex, theme, c["on-brand"], c["brand"], got)
			}
		}
	}
}

// currentBar is the token that the style sheet paints the mark of the sidebar's current item with.
func currentBar(t *testing.T) string {
	t.Helper()
	css, err := os.ReadFile("css/shell.css")
	if err != nil {
		t.Fatal(err)
	}
	found := regexp.MustCompile(`\.side li a\[aria-current\]::before\{[^}]*border-inline-start:3px solid var\(--([a-z-]+)\)`).FindSubmatch(css)
	if found == nil {
		t.Fatal("the current item of the sidebar has no bar")
	}
	return string(found[1])
}

func TestBrandRefusesWhatIsNoColour(t *testing.T) {
	t.Parallel()
	for _, bad := range []string{"", "red", "#fff", "#12345g", "#123456;}body{display:none", "</style>"} {
		if css := BrandCSS(bad); css != "" {
			t.Errorf("%q gave %q", bad, css)
		}
	}
}
