package notice

import (
	"strings"
	"testing"
	"unicode/utf8"
)

func TestSubject(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"Your postback 12 was paused. It failed 40 times.": "Your postback 12 was paused",
		"Your postback 12 was paused.":                     "Your postback 12 was paused",
		"Revenue is 1.50 USD below the commission":         "Revenue is 1.50 USD below the commission",
		"Two\nlines": "Two lines",
		". odd":      ". odd",
	} {
		if got := (Notice{Text: text}).subject(); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

// Whatever a name within the text holds, the mail is one that may go out.
func FuzzMessage(f *testing.F) {
	f.Add("Your postback \"a\r\nBcc: eve@example.com\" was paused. Look.")
	f.Add("\x00\u202e\ufeff\u2028\xff")
	f.Add(strings.Repeat("ü", 5000))
	f.Fuzz(func(t *testing.T, text string) {
		n := Notice{Kind: "k", Text: text}
		n.clean()
		if !utf8.ValidString(n.Text) || strings.ContainsRune(n.Text, 0) || utf8.RuneCountInString(n.Text) > maxText {
			t.Errorf("text %q", n.Text)
		}
		if err := n.message("ann@example.com", "https://network.example").Check(); err != nil {
			t.Errorf("%q: %v", text, err)
		}
	})
}
