package field_test

import (
	"errors"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/waypost/waypost/domain/errs"
	"github.com/waypost/waypost/domain/field"
	"github.com/waypost/waypost/domain/money"
)

func TestRequired(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ in, want, code string }{
		{"Acme", "Acme", ""},
		{"  Acme Ltd ", "Acme Ltd", ""},
		{"Öl & Gas 株式会社", "Öl & Gas 株式会社", ""},
		{strings.Repeat("ä", 200), strings.Repeat("ä", 200), ""},
		{strings.Repeat("ä", 201), "", "too_long"},
		{"", "", "required"},
		{" \t ", "", "required"},
		{"a\x00b", "", "invalid_text"},
		{"a\nb", "", "invalid_text"},
		{"a\u202eb", "", "invalid_text"},
		{"a\x7fb", "", "invalid_text"},
		{"a\xff", "", "invalid_text"},
	} {
		got, err := field.Required(tc.in)
		if code(err) != tc.code || tc.code == "" && got != tc.want {
			t.Errorf("Required(%q) = %q, %v; want %q, %q", tc.in, got, err, tc.want, tc.code)
		}
	}
}

func TestEmail(t *testing.T) {
	t.Parallel()
	for in, ok := range map[string]bool{
		"":                                     true,
		"a@b.example":                          true,
		"first.last+tag@x-y.io":                true,
		"admin@localhost":                      true,
		"müller@bücher.example":                true,
		"a":                                    false,
		"a@":                                   false,
		"@b.example":                           false,
		"a@b@c.example":                        false,
		"a b@c.example":                        false,
		"a@b..example":                         false,
		"a@-b.example":                         false,
		"a@b.example.":                         false,
		"<a@b.example>":                        false,
		"a@b.example, c@d.org":                 false,
		strings.Repeat("a", 65) + "@b.example": false,
		"a@" + strings.Repeat("b.", 130) + "example":   false,
		"a@b.example\r\nBcc: victim@example.com":       false,
		"a@b.example\u2028":                            true, // trimmed: a line separator at the end is white space
		"name <script>alert(1)</script>@example.com":   false,
		"\"quoted local\"@example.com":                 false,
		"comment(x)@example.com":                       false,
		"a@[127.0.0.1]":                                false,
		"very.long.but.fine.address@sub.sub.example.e": true,
	} {
		if _, err := field.Email(in); (err == nil) != ok {
			t.Errorf("Email(%q): %v, want ok %t", in, err, ok)
		}
	}
}

func TestPercent(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"0": "", "1000": "", "7.5": "", "0.000001": "", "7.50000000": "",
		"-0.1": "invalid_percent", "1000.000001": "invalid_percent", "0.0000001": "too_many_decimals",
	} {
		if err := field.Percent(money.MustRate(in)); code(err) != want {
			t.Errorf("Percent(%s): %v, want %q", in, err, want)
		}
	}
}

func TestChecksCollectEverything(t *testing.T) {
	t.Parallel()
	var none field.Checks
	none.Add("body.a", nil)
	if err := none.Err(); err != nil {
		t.Errorf("no fault gives %v", err)
	}

	var one field.Checks
	one.Add("body.a", errs.Invalid("required", "must not be empty"))
	if err, _ := errs.As(one.Err()); err == nil || err.Code != "required" || len(err.Fields) != 1 || err.Fields[0].Location != "body.a" {
		t.Errorf("one fault gives %+v", err)
	}

	var two field.Checks
	two.Add("body.a", errs.Invalid("required", "must not be empty"))
	two.Add("body.b", errs.Invalid("too_long", "too long"))
	if err, _ := errs.As(two.Err()); err == nil || err.Code != "invalid_input" || len(err.Fields) != 2 || err.Fields[1].Code != "too_long" {
		t.Errorf("two faults give %+v", err)
	}

	var broken field.Checks
	broken.Add("body.a", errs.Invalid("required", "must not be empty"))
	broken.Add("body.b", errors.New("disk on fire"))
	if err := broken.Err(); err == nil || errs.Is(err, errs.KindInvalid) {
		t.Errorf("a failure of our own gives %v", err)
	}
}

func FuzzText(f *testing.F) {
	for _, s := range []string{"", "Acme", " a ", "\x00", "\u202e", "a\xff", "株式会社"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got, err := field.Text(s, 50)
		if err != nil {
			return
		}
		again, err := field.Text(got, 50)
		if err != nil || again != got {
			t.Errorf("Text(%q) = %q, whose own Text is %q, %v", s, got, again, err)
		}
		if !utf8.ValidString(got) || utf8.RuneCountInString(got) > 50 || strings.ContainsAny(got, "\x00\n\r") {
			t.Errorf("Text(%q) let %q through", s, got)
		}
	})
}

func code(err error) string {
	if e, ok := errs.As(err); ok {
		return e.Code
	}
	return ""
}
