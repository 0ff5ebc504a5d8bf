package click

import (
	"fmt"
	"net/netip"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/waypost/waypost/domain/errs"
)

// maxURL is the longest template that can be saved, in bytes.
const maxURL = 8 << 10

// LintDestination judges an offer's destination URL before it is saved. The error (code invalid_url) says why it can
// never work or is not safe; the warnings, whose Field is destination_url, are for whoever saves it: no_click_id_macro,
// unknown_macro, macro_case (only the case is wrong), macro_never_filled (a macro of postbacks), foreign_macro (a
// spelling of other systems).
//
// A URL that passes keeps its scheme and host whatever values fill it.
func LintDestination(destination string) ([]errs.Warning, error) {
	t := DestinationMacros.Parse(destination)
	if err := checkURL(t); err != nil {
		return nil, err
	}
	warnings := macroWarnings(t, DestinationMacros, PostbackMacros)
	if !t.Has("click_id") {
		warnings = append(warnings, errs.Warning{Code: "no_click_id_macro",
			Message: "no {click_id} in this URL: the advertiser cannot report conversions of its clicks"})
	}
	return inField("destination_url", warnings), nil
}

// LintPostback judges an affiliate's postback URL in the same way, with the Field url and without no_click_id_macro.
// Whether its address may be reached is for the sender to find out.
func LintPostback(postback string) ([]errs.Warning, error) {
	t := PostbackMacros.Parse(postback)
	if err := checkURL(t); err != nil {
		return nil, err
	}
	return inField("url", macroWarnings(t, PostbackMacros, DestinationMacros)), nil
}

func inField(field string, warnings []errs.Warning) []errs.Warning {
	for i := range warnings {
		warnings[i].Field = field
	}
	return warnings
}

// checkURL holds what must be true of a template so that no value can lead a visitor or a postback elsewhere.
func checkURL(t Template) error {
	s := t.source
	switch {
	case len(s) > maxURL:
		return invalidURL("the URL is longer than %d bytes", maxURL)
	case !utf8.ValidString(s):
		return invalidURL("the URL is not valid UTF-8")
	case strings.ContainsFunc(s, func(r rune) bool { return unicode.IsControl(r) || unicode.IsSpace(r) }):
		return invalidURL("the URL holds a space, line break or control character; write a space as %%20")
	}
	scheme, rest, ok := strings.Cut(s, "://")
	if !ok || !strings.EqualFold(scheme, "http") && !strings.EqualFold(scheme, "https") {
		return invalidURL("the URL has to begin with https:// or http://, followed by a fixed host")
	}
	authority, ended := rest, false
	if end := strings.IndexAny(rest, "/?#"); end >= 0 {
		authority, ended = rest[:end], true
	}
	fixed := len(scheme) + len("://") + len(authority) // where path, query or fragment begin
	if ended {
		fixed++ // the sign itself has to be literal too, else #click_id# could follow the host at once
	}
	// The first part is literal, for a macro cannot begin with h.
	if len(t.parts[0].text) < fixed || !ended && len(t.parts) > 1 {
		return invalidURL("scheme, host and port are fixed: a macro can stand only after the / that follows the host")
	}
	if err := checkAuthority(authority); err != nil {
		return err
	}
	// x is no hex digit, so an escape that a macro would complete (%2{sub1}) is found as well.
	u, err := url.Parse(t.Fill(func(string) string { return "x" }))
	if err != nil {
		return invalidURL("the URL cannot be read; a %% that is meant as such is written %%25").Because(err)
	}
	if !strings.EqualFold(u.Scheme, scheme) || u.Host != authority {
		return invalidURL("scheme, host and port of the URL cannot be told apart from the rest")
	}
	return nil
}

// checkAuthority takes host and host:port in plain form only. What browsers and Go would read differently (userinfo,
// backslashes, escapes, letters that IDNA maps to others, numbers such as 0x7f.1) is refused.
func checkAuthority(authority string) error {
	if strings.Contains(authority, "@") {
		return invalidURL("a URL with user name or password is not accepted")
	}
	host, port := authority, ""
	if i := strings.LastIndexByte(authority, ':'); i > strings.LastIndexByte(authority, ']') {
		host, port = authority[:i], authority[i+1:]
		if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 {
			return invalidURL("the port %q is not a number from 1 to 65535", port)
		}
	}
	if host == "" {
		return invalidURL("the URL has no host")
	}
	if inner, ok := strings.CutPrefix(host, "["); ok {
		ip, err := netip.ParseAddr(strings.TrimSuffix(inner, "]"))
		if err != nil || !strings.HasSuffix(inner, "]") || !ip.Is6() || ip.Zone() != "" {
			return invalidURL("the host %q is not an IPv6 address", host)
		}
		return nil
	}
	labels := strings.Split(strings.TrimSuffix(host, "."), ".")
	for _, label := range labels {
		if label == "" || len(label) > 63 || strings.ContainsFunc(label, func(r rune) bool {
			return r >= utf8.RuneSelf || !isWordByte(byte(r)) && r != '-'
		}) {
			return invalidURL("the host %q is not a plain name; an international one is written as xn--…", host)
		}
	}
	// As in the WHATWG URL standard, a host whose last label is a number is an IPv4 address or an error.
	if last := labels[len(labels)-1]; isNumber(last) {
		if _, err := netip.ParseAddr(host); err != nil {
			return invalidURL("the host %q looks like an address but is no plain IPv4 address", host)
		}
	}
	return nil
}

// isNumber tells whether a resolver could take a label for a number: decimal, octal or hexadecimal.
func isNumber(label string) bool {
	label = strings.ToLower(label)
	if hex, ok := strings.CutPrefix(label, "0x"); ok {
		return strings.Trim(hex, "0123456789abcdef") == ""
	}
	return strings.Trim(label, "0123456789") == ""
}

func invalidURL(format string, args ...any) *errs.Error {
	return errs.Invalid("invalid_url", format, args...)
}

// macroWarnings reports what looks like a macro but will not be filled.
func macroWarnings(t Template, set, other *MacroSet) []errs.Warning {
	foreign := foreignMacros(t.source)
	var warnings []errs.Warning
	seen := map[string]bool{}
	add := func(text, code, format string, args ...any) {
		if !seen[text] {
			seen[text] = true
			warnings = append(warnings, errs.Warning{Code: code, Message: fmt.Sprintf(format, args...)})
		}
	}
	for _, f := range foreign {
		text := t.source[f[0]:f[1]]
		add(text, "foreign_macro", "%s is another system's spelling: write {name}", text)
	}
	for _, u := range t.unknown() {
		if within(foreign, u.start) {
			continue
		}
		text := t.source[u.start:u.end]
		name := strings.TrimPrefix(u.name, "_")
		if set.names[name] != "" {
			add(text, "unknown_macro", "%s stays as it is: its form is {%s}, or {%s:a=b,c=d} to map values", text, u.name, u.name)
		} else if known := set.foldedName(name); known != "" {
			add(text, "macro_case", "%s stays as it is: names are case-sensitive, write {%s}", text, known)
		} else if other.foldedName(name) != "" {
			add(text, "macro_never_filled", "%s stays as it is: it is known only when a conversion is posted back", text)
		} else {
			add(text, "unknown_macro", "%s stays as it is: there is no macro %s", text, u.name)
		}
	}
	return warnings
}

// foldedName is the set's name, canonical or alias, that differs from name at most in case.
func (m *MacroSet) foldedName(name string) string {
	if folded := strings.ToLower(name); m.names[folded] != "" {
		return folded
	}
	return ""
}

func within(spans [][]int, i int) bool {
	for _, s := range spans {
		if s[0] <= i && i < s[1] {
			return true
		}
	}
	return false
}

// foreignSpelling finds ${name} and ${(name)!}, {{name}}, <name>, an escaped %7Bname%7D, and what may be %name%.
var foreignSpelling = regexp.MustCompile(
	`\$\{[^{}]*\}|\{\{[^{}]*\}\}|<[A-Za-z_][\w.-]*>|%7[Bb]\w+%7[Dd]|%[A-Za-z_]\w*%`)

// foreignMacros lists the places [start, end) of other systems' macros in s.
func foreignMacros(s string) [][]int {
	var found [][]int
	for from := 0; ; {
		at := foreignSpelling.FindStringIndex(s[from:])
		if at == nil {
			return found
		}
		start, end := from+at[0], from+at[1]
		// %E2%80, %20sale%20 are escapes. %campaign% begins like one, but its last % begins none.
		if text := s[start:end]; isEscape(text) && text[len(text)-1] == '%' && (len(text) == 4 || isEscape(s[end-1:])) {
			from = start + len("%E2")
			continue
		}
		found = append(found, []int{start, end})
		from = end
	}
}
