package click

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// MacroDoc describes one macro for the documentation page and the link builder.
type MacroDoc struct {
	Name    string   // canonical: what Template.Fill asks its value function for
	Aliases []string // other names that mean the same
	Doc     string   // one line: what is inserted
	Example string   // a value
}

// MacroSet is the list of macros that one kind of URL knows. Immutable.
type MacroSet struct {
	docs  []MacroDoc
	names map[string]string // every known name, canonical or alias → canonical
}

var (
	// DestinationMacros are filled in an offer's destination URL when a click is redirected.
	DestinationMacros = newMacroSet(clickMacros())
	// PostbackMacros are filled in an affiliate's postback URL: those of the click, and those of the conversion.
	PostbackMacros = newMacroSet(clickMacros(), conversionMacros())
)

// clickMacros is the list of contract section 2.
func clickMacros() []MacroDoc {
	docs := []MacroDoc{
		{"click_id", []string{"clickid", "s2sidentifier", "transaction_id"}, "Waypost's id of the click; the postback has to bring it back", "01jd3w8q4g7e0h5r2m9v6x1c8k4t7yqz"},
		{"aff_click_id", nil, "the affiliate's own click id, as the tracking link brought it", "c384EFV6JHQODRN70575OK6UG5"},
		{"offer_id", nil, "number of the offer", "12"},
		{"affiliate_id", nil, "number of the affiliate", "34"},
	}
	docs = append(docs, numbered("sub", "free value %d of the tracking link", "banner-7")...)
	return append(docs, []MacroDoc{
		{"source", nil, "traffic source named by the tracking link", "newsletter"},
		{"ip", nil, "visitor's IP address", "192.0.2.1"},
		{"country", nil, "visitor's country, ISO 3166-1 alpha-2", "DE"},
		{"device", nil, "kind of device", "mobile"},
		{"os", nil, "operating system", "Android"},
		{"browser", nil, "browser", "Chrome"},
		{"language", nil, "browser's preferred language", "de-DE"},
		{"timestamp", nil, "time, Unix seconds", "1767225600"},
		{"rand", nil, "random number, against caches", "2718281828"},
		{"deep_link", nil, "address within the advertiser's site that the tracking link asks for", "/item/7"},
		{"creative_id", nil, "creative named by the tracking link", "5"},
	}...)
}

// conversionMacros is the list of contract section 4.
func conversionMacros() []MacroDoc {
	docs := []MacroDoc{
		{"conversion_id", nil, "Waypost's id of the conversion", "01jd3x00000000000000000000"},
		{"txid", nil, "the advertiser's id of the transaction", "order-1001"},
		{"status", nil, "status of the conversion; {status:approved=1,rejected=2} maps it", "approved"},
		{"payout", []string{"commission"}, "commission that the affiliate earns", "12.50"},
		{"val", nil, "value of the sale, if the offer shows it", "99.90"},
		{"currency", nil, "currency of the amounts, ISO 4217", "USD"},
		{"goal", nil, "alias of the goal", "sale"},
		{"goal_id", nil, "number of the goal", "56"},
		{"offer_name", nil, "name of the offer", "Shoes"},
	}
	docs = append(docs, numbered("param", "free value %d of the advertiser's postback", "blue")...)
	docs = append(docs, numbered("event", "numeric value %d of the advertiser's postback", "3")...)
	return append(docs, []MacroDoc{
		{"click_time", nil, "time of the click", "2026-01-01T00:00:00Z"},
		{"conversion_time", nil, "time of the conversion", "2026-01-01T00:10:00Z"},
		{"date", nil, "day of the conversion", "2026-01-01"},
		{"test", nil, "whether this is a test", "0"},
		{"delivery_id", nil, "id of this delivery, the same on every try", "01jd3x11111111111111111111"},
	}...)
}

// numbered is name1 … name10.
func numbered(name, doc, example string) []MacroDoc {
	docs := make([]MacroDoc, 10)
	for i := range docs {
		docs[i] = MacroDoc{Name: fmt.Sprint(name, i+1), Doc: fmt.Sprintf(doc, i+1), Example: example}
	}
	return docs
}

func newMacroSet(lists ...[]MacroDoc) *MacroSet {
	m := &MacroSet{docs: slices.Concat(lists...), names: map[string]string{}}
	for _, d := range m.docs {
		m.names[d.Name] = d.Name
		for _, alias := range d.Aliases {
			m.names[alias] = d.Name
		}
	}
	return m
}

// Names lists the macros in the order in which to show them.
func (m *MacroSet) Names() []MacroDoc { return slices.Clone(m.docs) }

// Template is a text with macros, parsed once and filled often. Immutable; the zero value is the empty text.
//
// A macro is spelled {name}, #name# or [name]; names are case-sensitive. In each spelling name:a=b,c=d maps the value a
// to b, c to d and leaves others as they are. {_name} inserts the value unencoded. The text is read from left to right,
// and only known names match: whatever else stands between such signs (a fragment, a query array, an unknown macro)
// stays as it is.
type Template struct {
	source string
	parts  []part
}

// part is a piece of a template: literal text, or a macro when name is set.
type part struct {
	text  string // as it stands in the source
	name  string // canonical
	raw   bool
	cases []mapping
}

type mapping struct{ from, to string }

// Parse reads s, which is plain text: no URL parsing comes before. It never fails.
func (m *MacroSet) Parse(s string) Template {
	t := Template{source: s}
	literal := 0
	for i := 0; i < len(s); {
		p, ok := m.macroAt(s[i:])
		if !ok {
			i++
			continue
		}
		if literal < i {
			t.parts = append(t.parts, part{text: s[literal:i]})
		}
		t.parts = append(t.parts, p)
		i += len(p.text)
		literal = i
	}
	if literal < len(s) {
		t.parts = append(t.parts, part{text: s[literal:]})
	}
	return t
}

// macroAt reads a known macro at the very beginning of s.
func (m *MacroSet) macroAt(s string) (part, bool) {
	inside, end, ok := spelled(s)
	if !ok {
		return part{}, false
	}
	p := part{text: s[:end]}
	name, args, mapped := strings.Cut(inside, ":")
	if s[0] == '{' {
		name, p.raw = strings.CutPrefix(name, "_")
	}
	if p.name = m.names[name]; p.name == "" {
		return part{}, false
	}
	if mapped {
		for pair := range strings.SplitSeq(args, ",") {
			from, to, ok := strings.Cut(pair, "=")
			if !ok {
				return part{}, false
			}
			p.cases = append(p.cases, mapping{from, to})
		}
	}
	return p, true
}

// spelled reads {inside}, #inside# or [inside] at the very beginning of s. What is inside holds none of these signs and
// no &, so a macro never reaches beyond its query parameter, and reading stays linear.
func spelled(s string) (inside string, end int, ok bool) {
	var closing byte
	switch s[0] {
	case '{':
		closing = '}'
	case '#':
		closing = '#'
	case '[':
		closing = ']'
	default:
		return "", 0, false
	}
	n := strings.IndexAny(s[1:], "{}[]#&")
	if n < 1 || s[1+n] != closing {
		return "", 0, false
	}
	return s[1 : 1+n], n + 2, true
}

// String is the text that was parsed.
func (t Template) String() string { return t.source }

// Has tells whether the macro with this canonical name occurs.
func (t Template) Has(name string) bool {
	return slices.ContainsFunc(t.parts, func(p part) bool { return p.name != "" && p.name == name })
}

// Fill replaces each macro by value(canonical name), where "" means that there is none. Values are percent-encoded byte
// by byte, except for letters, digits and -._~. A {_name} is inserted as it is, except for what no URL can hold: control
// characters are left out; spaces, bytes that are no UTF-8 and a % without its two digits are percent-encoded.
func (t Template) Fill(value func(name string) string) string {
	return string(t.AppendFill(make([]byte, 0, len(t.source)+64), value))
}

// AppendFill appends what Fill returns.
func (t Template) AppendFill(dst []byte, value func(name string) string) []byte {
	for i := range t.parts {
		p := &t.parts[i]
		switch {
		case p.name == "":
			dst = append(dst, p.text...)
		case p.raw:
			dst = appendRaw(dst, p.mapped(value(p.name)))
		default:
			dst = appendEncoded(dst, p.mapped(value(p.name)))
		}
	}
	return dst
}

func (p *part) mapped(value string) string {
	for _, c := range p.cases {
		if c.from == value {
			return c.to
		}
	}
	return value
}

func appendEncoded(dst []byte, s string) []byte {
	for i := range len(s) {
		if c := s[i]; isWordByte(c) || c == '-' || c == '.' || c == '~' {
			dst = append(dst, c)
		} else {
			dst = appendEscape(dst, c)
		}
	}
	return dst
}

func appendRaw(dst []byte, s string) []byte {
	for i := 0; i < len(s); {
		r, size := utf8.DecodeRuneInString(s[i:])
		switch {
		case unicode.IsControl(r):
		case r == ' ', r == utf8.RuneError && size == 1, r == '%' && !isEscape(s[i:]):
			dst = appendEscape(dst, s[i])
		default:
			dst = append(dst, s[i:i+size]...)
		}
		i += size
	}
	return dst
}

func appendEscape(dst []byte, c byte) []byte {
	const digits = "0123456789ABCDEF"
	return append(dst, '%', digits[c>>4], digits[c&15])
}

// isEscape tells whether s begins with a percent-escape such as %2F.
func isEscape(s string) bool {
	return len(s) >= 3 && s[0] == '%' && isHexDigit(s[1]) && isHexDigit(s[2])
}

func isHexDigit(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c|0x20 && c|0x20 <= 'f'
}

func isWordByte(c byte) bool {
	return 'a' <= c|0x20 && c|0x20 <= 'z' || '0' <= c && c <= '9' || c == '_'
}

// example is what the documentation shows for a macro.
func (m *MacroSet) example(name string) string {
	i := slices.IndexFunc(m.docs, func(d MacroDoc) bool { return d.Name == name })
	return m.docs[i].Example
}

// Unknown lists, each once, the names that look like macros but are none of this set, or whose mapping cannot be read.
func (t Template) Unknown() []string {
	var names []string
	for _, u := range t.unknown() {
		if !slices.Contains(names, u.name) {
			names = append(names, u.name)
		}
	}
	return names
}

// unknownMacro stands at source[start:end].
type unknownMacro struct {
	name       string // without signs and mapping
	start, end int
}

func (t Template) unknown() []unknownMacro {
	var found []unknownMacro
	offset := 0
	for _, p := range t.parts {
		if p.name == "" {
			for i := 0; i < len(p.text); {
				inside, end, ok := spelled(p.text[i:])
				name, _, _ := strings.Cut(inside, ":")
				if !ok || !looksLikeName(name) || p.text[i] == '[' && isArrayIndex(t.source, offset+i) {
					i++
					continue
				}
				found = append(found, unknownMacro{name, offset + i, offset + i + end})
				i += end
			}
		}
		offset += len(p.text)
	}
	return found
}

func looksLikeName(s string) bool {
	letter := false
	for i := range len(s) {
		c := s[i]
		if !isWordByte(c) && c != '-' && c != '.' {
			return false
		}
		letter = letter || 'a' <= c|0x20 && c|0x20 <= 'z'
	}
	return letter
}

// isArrayIndex tells whether the [ at s[i] belongs to a query array such as filter[colour] or a[b][c].
func isArrayIndex(s string, i int) bool {
	return i > 0 && (isWordByte(s[i-1]) || s[i-1] == ']')
}
