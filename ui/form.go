package ui

import (
	"slices"
	"strconv"
	"strings"

	"github.com/a-h/templ"
)

// Option is a choice of a select, of radios or checkboxes.
type Option struct {
	Value, Label string
	Hint         string // radios and checkboxes only
	Chosen       bool   // checkboxes only: others follow Field.Value
	Off          bool
}

// Field is a field of a form. Value is what was typed: keep it when the form comes back with an Error. Fields are
// required unless Optional says otherwise; the label says "optional", never a star.
type Field struct {
	Name, Label, Hint, Error string
	ID                       string // default: Name
	Value                    string
	Type                     string // text (default), password, email, url, tel, number, date, datetime-local, search; of a Checkbox "checkbox"
	Placeholder              string
	Autocomplete             string // "username", "current-password", "new-password", "one-time-code", …
	InputMode                string // "decimal" for money: text, never type=number, so that 1.234,56 can be typed
	Unit                     string // shown beside: "EUR", "%", "days"
	UnitBefore               bool
	Optional                 bool
	Off, ReadOnly            bool
	Focus                    bool // has the focus when the page opens: at most one
	Mono                     bool
	Rows                     int    // text areas
	MaxLength                int    // 0: none
	Accept                   string // files: ".csv,text/csv"
	Options                  []Option
	Find                     string // Pick alone: the address that offers names for ?q=…, by PickOptions
	HX                       HX
}

func (f Field) id() string {
	if f.ID != "" {
		return f.ID
	}
	return f.Name
}

func (f Field) kind() string {
	if f.Type == "" {
		return "text"
	}
	return f.Type
}

// describedBy names the hint and the error.
func (f Field) describedBy() string {
	var ids []string
	if f.Hint != "" {
		ids = append(ids, f.id()+"-hint")
	}
	if f.Error != "" {
		ids = append(ids, f.id()+"-error")
	}
	return strings.Join(ids, " ")
}

// attrs are the attributes that all kinds of fields share.
func (f Field) attrs() templ.Attributes {
	a := f.HX.attrs()
	for name, value := range map[string]string{
		"aria-describedby": f.describedBy(), "placeholder": f.Placeholder, "autocomplete": f.Autocomplete, "inputmode": f.InputMode, "accept": f.Accept,
	} {
		if value != "" {
			a[name] = value
		}
	}
	if f.MaxLength > 0 {
		a["maxlength"] = f.MaxLength
	}
	for name, on := range map[string]bool{"disabled": f.Off, "readonly": f.ReadOnly, "autofocus": f.Focus} {
		if on {
			a[name] = true
		}
	}
	if f.Error != "" {
		a["aria-invalid"] = "true"
	}
	if f.Mono {
		a["spellcheck"] = "false"
	}
	return a
}

func (f Field) rows() int {
	if f.Rows == 0 {
		return 3
	}
	return f.Rows
}

// Problem is a line of the error summary. Field is the id of the control; empty for what concerns no field. Label is
// what the reader calls the field, Value what was typed there, where it helps to see it again.
type Problem struct{ Field, Label, Value, Text string }

// Problems are the errors of fields, for the summary above the form.
func Problems(fields ...Field) []Problem {
	var all []Problem
	for _, f := range fields {
		if f.Error != "" {
			all = append(all, Problem{Field: f.id(), Label: f.Label, Value: f.quoted(), Text: f.Error})
		}
	}
	return all
}

// mostQuoted is how many characters of a wrong value the summary repeats.
const mostQuoted = 60

// quoted is what was typed into the field, for the summary: nothing of a secret, and nothing of what is chosen.
func (f Field) quoted() string {
	if len(f.Options) > 0 || f.Type == "password" || f.Type == "checkbox" || f.Autocomplete == "one-time-code" {
		return ""
	}
	value := []rune(strings.Join(strings.Fields(f.Value), " "))
	if len(value) > mostQuoted {
		return string(value[:mostQuoted]) + "…"
	}
	return string(value)
}

// said is the problem in a sentence that stands apart from its field: "Commission: “12,,5” must be a number."
func (p Problem) said() string {
	if p.Label == "" {
		return p.Text
	}
	predicate := slices.ContainsFunc([]string{"Must ", "Is ", "Has ", "Needs ", "Cannot ", "Does "}, func(verb string) bool { return strings.HasPrefix(p.Text, verb) })
	switch {
	case p.Value == "":
		return p.Label + ": " + p.Text
	case predicate:
		return p.Label + ": “" + p.Value + "” " + strings.ToLower(p.Text[:1]) + p.Text[1:]
	}
	return p.Label + ": “" + p.Value + "” is not accepted. " + p.Text
}

// Token is a {name} that a template may hold.
type Token struct{ Name, Help string }

// TokenGroup is a labelled group of tokens.
type TokenGroup struct {
	Label  string
	Tokens []Token
}

// TokenField is a text area of a template with its tokens as chips.
type TokenField struct {
	Field  Field
	Groups []TokenGroup
	Others []string // names that are known too but have no chip
}

func (t TokenField) known() string {
	names := append([]string(nil), t.Others...)
	for _, g := range t.Groups {
		for _, token := range g.Tokens {
			names = append(names, token.Name)
		}
	}
	return strings.Join(names, " ")
}

// Part is a piece of a filled template: Token names what filled it, Bad marks what stays as it is.
type Part struct {
	Text, Token string
	Bad         bool
}

// breaks cuts a text where a URL may break its line.
func breaks(text string) []string {
	return strings.Split(strings.ReplaceAll(text, "&", "\x00&"), "\x00")
}

func moneyField(f Field, currency string) Field {
	f.InputMode, f.Unit = "decimal", currency
	if f.Autocomplete == "" {
		f.Autocomplete = "off"
	}
	return f
}

func problemsTitle(n int) string {
	if n == 1 {
		return "There is a problem"
	}
	return "There are " + strconv.Itoa(n) + " problems"
}
