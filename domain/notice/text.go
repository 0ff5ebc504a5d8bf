package notice

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/waypost/waypost/domain/mail"
)

const (
	maxSubject = 120  // characters
	maxText    = 4000 // characters
)

// clean makes the texts fit for the database, whatever a name within them holds.
func (n *Notice) clean() {
	n.Kind, n.ObjectType, n.ObjectID = printable(n.Kind), printable(n.ObjectType), printable(n.ObjectID)
	n.Text = cut(strings.TrimSpace(printable(n.Text)), maxText)
}

// message is the mail of a notice to one address.
func (n Notice) message(to, publicURL string) mail.Message {
	text := n.Text + "\n"
	if publicURL != "" {
		text += "\nLog in for details: " + publicURL + "\n"
	}
	return mail.Message{To: to, Subject: n.subject(), Text: text}
}

// subject is the text's first sentence, on one line.
func (n Notice) subject() string {
	line := strings.Join(strings.Fields(n.Text), " ")
	if end := strings.Index(line, ". "); end > 0 {
		line = line[:end]
	}
	return cut(strings.TrimSuffix(line, "."), maxSubject)
}

// printable is valid UTF-8 without characters that do not show or that reorder others; line breaks stay.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if r != '\n' && !unicode.IsGraphic(r) || r == '\u2028' || r == '\u2029' {
			return -1
		}
		return r
	}, strings.ToValidUTF8(s, "?"))
}

// cut shortens to so many characters; what was cut off shows.
func cut(s string, most int) string {
	if utf8.RuneCountInString(s) <= most {
		return s
	}
	return string([]rune(s)[:most-1]) + "…"
}
