package ui

import (
	"context"
	"io"
	"strings"

	"github.com/a-h/templ"
)

// longWord is from how many bytes on a word may have to be broken on a narrow screen.
const longWord = 12

var wordBreaks = strings.NewReplacer("@", "@<wbr>", ".", ".<wbr>", "_", "_<wbr>", "-", "-<wbr>", "/", "/<wbr>", "?", "?<wbr>")

// Breakable is a text whose long words, such as e-mail addresses, ids and web addresses, break at their signs where they
// must break: not in the middle of a name. What is copied of it has no such places.
func Breakable(text string) templ.Component {
	return templ.ComponentFunc(func(_ context.Context, w io.Writer) error {
		words := strings.Split(text, " ")
		for i, word := range words {
			escaped := templ.EscapeString(word)
			if len(word) > longWord {
				escaped = wordBreaks.Replace(escaped) // none of the signs stands in what escapes
			}
			words[i] = escaped
		}
		_, err := io.WriteString(w, strings.Join(words, " "))
		return err
	})
}
