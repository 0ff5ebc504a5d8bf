package web

import (
	"bytes"
	"regexp"
	"strings"
	"unicode/utf8"
)

// CSVType is the media type of a CSV file.
const CSVType = "text/csv; charset=utf-8"

// plainNumber is what no spreadsheet takes for a formula although it may begin with a minus sign.
var plainNumber = regexp.MustCompile(`^-?[0-9]+(\.[0-9]+)?$`)

// CSVNumber is a decimal number as a cell; what is no number is CSVText.
func CSVNumber(s string) string {
	if plainNumber.MatchString(s) {
		return s
	}
	return CSVText(s)
}

// formulaStarts are the characters that make a spreadsheet take a cell for a formula, some of them only after it has
// dropped the white space or narrowed the East Asian form.
const formulaStarts = "=+-@\t\r\n＝＋－＠"

// CSVText is a text as a cell: an apostrophe makes a text out of what a spreadsheet would compute (OWASP, CSV injection).
func CSVText(s string) string {
	if first, size := utf8.DecodeRuneInString(s); size > 0 && strings.ContainsRune(formulaStarts, first) {
		return "'" + s
	}
	return s
}

// WriteCSVCell writes the i-th field of a line of RFC 4180. encoding/csv would change the line breaks inside it.
func WriteCSVCell(b *bytes.Buffer, i int, s string) {
	if i > 0 {
		b.WriteByte(',')
	}
	if !strings.ContainsAny(s, "\",\r\n") && strings.TrimSpace(s) == s {
		b.WriteString(s)
		return
	}
	b.WriteByte('"')
	b.WriteString(strings.ReplaceAll(s, `"`, `""`))
	b.WriteByte('"')
}

// EndCSVLine ends a line.
func EndCSVLine(b *bytes.Buffer) { b.WriteString("\r\n") }
