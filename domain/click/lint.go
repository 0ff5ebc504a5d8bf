package click

import (
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/waypost/waypost/domain/errs"
)

// maxURL is the longest template that can be saved, in bytes.
const maxURL = 8 << 10

// Finding is one thing that a URL's macros leave to be desired.
type Finding struct {
	// Code is no_click_id_macro, unknown_macro, macro_case (only the case is wrong), macro_never_filled (a macro of
	// postbacks in a destination) or foreign_macro (a spelling of other systems).
	Code       string
	Piece      string // as it stands in the URL; empty where something is missing
	Suggestion string // what to write instead, such as {click_id}; empty where nothing is known to fit
	Message    string
}

// MacroUse is a macro, or what looks like one, in a URL.
type MacroUse struct {
	Text   string // as it stands in the URL
	Name   string // canonical where it is known, else as it is written
	Known  bool   // there is a macro of this name
	Filled bool   // it is filled in this kind of URL; false where it stays as it is
}

// Report is what a linter knows of a URL that can be saved.
type Report struct {
	Findings []Finding
	Macros   []MacroUse // in the order of the URL
	Preview  string     // the URL filled with the examples of the macros' documentation
}

// LintDestinationURL judges an offer's destination URL. The error (code invalid_url) says why it can never work or is
// not safe. A URL that passes keeps its scheme and host whatever values fill it.
func LintDestinationURL(destination string) (Report, error) {
	r, t, err := report(destination, DestinationMacros, PostbackMacros)
	if err == nil && !t.Has("click_id") {
		r.Findings = append(r.Findings, Finding{Code: "no_click_id_macro", Suggestion: "{click_id}",
			Message: "no {click_id} in this URL: the advertiser cannot report conversions of its clicks"})
	}
	return r, err
}

// LintPostbackURL judges an affiliate's postback URL in the same way. Whether its address may be reached is for the
// sender to find out.
func LintPostbackURL(postback string) (Report, error) {
	r, _, err := report(postback, PostbackMacros, DestinationMacros)
	if err == nil && !slices.ContainsFunc(r.Macros, func(m MacroUse) bool { return m.Filled && identifies(m.Name) }) {
		r.Findings = append(r.Findings, Finding{Code: "no_click_id_macro", Suggestion: "{aff_click_id}",
			Message: "no {aff_click_id} in this URL: a GET cannot tell the receiver which of its clicks converted; the body of a POST does"})
	}
	return r, err
}

// identifies tells the macros by which an affiliate can recognise a click or a conversion.
func identifies(name string) bool {
	switch name {
	case "aff_click_id", "click_id", "conversion_id", "txid", "delivery_id":
		return true
	}
	return strings.HasPrefix(name, "sub")
}

// LintDestination is LintDestinationURL for whoever saves an offer: warnings with the Field destination_url.
func LintDestination(destination string) ([]errs.Warning, error) {
	r, err := LintDestinationURL(destination)
	return r.warnings("destination_url"), err
}

// LintPostback is LintPostbackURL for whoever saves a postback: warnings with the Field url, without no_click_id_macro,
// for not every postback is a GET.
func LintPostback(postback string) ([]errs.Warning, error) {
	r, err := LintPostbackURL(postback)
	r.Findings = slices.DeleteFunc(r.Findings, func(f Finding) bool { return f.Code == "no_click_id_macro" })
	return r.warnings("url"), err
}

func (r Report) warnings(field string) []errs.Warning {
	var warnings []errs.Warning
	for _, f := range r.Findings {
		warnings = append(warnings, errs.Warning{Field: field, Code: f.Code, Message: f.Message})
	}
	return warnings
}

func report(url string, set, other *MacroSet) (Report, Template, error) {
	t := set.Parse(url)
	if err := checkURL(t); err != nil {
		return Report{}, t, err
	}
	return Report{Findings: findings(t, set, other), Macros: uses(t, other), Preview: t.Fill(set.example)}, t, nil
}

// uses lists the macros of t, known or not, in its order.
func uses(t Template, other *MacroSet) []MacroUse {
	var list []MacroUse
	unknown, offset := t.unknown(), 0
	for _, p := range t.parts {
		offset += len(p.text)
		for len(unknown) > 0 && unknown[0].start < offset {
			u := unknown[0]
			unknown = unknown[1:]
			use := MacroUse{Text: t.source[u.start:u.end], Name: u.name}
			if name := other.names[strings.TrimPrefix(u.name, "_")]; name != "" {
				use.Name, use.Known = name, true
			}
			list = append(list, use)
		}
		if p.name != "" {
			list = append(list, MacroUse{Text: p.text, Name: p.name, Known: true, Filled: true})
		}
	}
	return list
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
