package conversion

import (
	"strings"
	"unicode"
)

// maxBodyStart is how much of a body that cannot be read the log shows, in bytes.
const maxBodyStart = 1 << 10

// bodyStart is the beginning of a body that cannot be read, for whoever looks why. Nobody knows its form, so whatever
// follows the name of a secret is masked, up to the next character that ends values in forms, JSON or XML.
func bodyStart(body []byte) string {
	text := string(body[:min(len(body), maxBodyStart+maxValue)]) // a secret across the end is masked before the cut
	text = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) && r != '\n' && r != '\t' {
			return -1
		}
		return r
	}, strings.ToValidUTF8(text, "\uFFFD"))
	return cut(maskSecrets(text), maxBodyStart)
}

const (
	nameEnds  = "\"'= :>\t\n\\" // between the name of a secret and its value
	valueEnds = "\"'&<>,;}\t\n \\"
)

func maskSecrets(text string) string {
	var b strings.Builder
	for text != "" {
		n := secretAt(text)
		if n == 0 {
			b.WriteByte(text[0])
			text = text[1:]
			continue
		}
		n += len(text[n:]) - len(strings.TrimLeft(text[n:], nameEnds))
		b.WriteString(text[:n])
		ends := valueEnds
		if quote := text[n-1 : n]; quote == `"` || quote == "'" {
			ends = quote
		}
		text = text[n:]
		if end := strings.IndexAny(text, ends); end > 0 {
			text = text[end:]
		} else if end < 0 {
			text = ""
		}
		b.WriteString("***")
	}
	return b.String()
}

// secretAt is the length of a secret's name that text begins with and that a separator follows; 0 if there is none.
func secretAt(text string) int {
	end := strings.IndexAny(text, nameEnds)
	if end > 0 && secret(text[:end]) {
		return end
	}
	return 0
}
