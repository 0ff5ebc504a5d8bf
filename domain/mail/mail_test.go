package mail

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/waypost/waypost/domain/errs"
)

func TestCheck(t *testing.T) {
	t.Parallel()
	for _, m := range []Message{
		{"ann@example.com", "Hello", "text", nil}, {"ann@example.com", "", "", nil}, {"o'neil+x@sub.example.co.uk", "Grüße an 株式会社", "\r\n.\r\n", nil},
	} {
		if err := m.Check(); err != nil {
			t.Errorf("%+v: %v", m, err)
		}
	}
	for _, m := range []Message{
		{"", "s", "", nil}, {"ann", "s", "", nil}, {"ann@example.com\r\nBcc: eve@example.com", "s", "", nil}, {"ann@example.com, eve@example.com", "s", "", nil},
		{"Ann <ann@example.com>", "s", "", nil}, {" ann@example.com", "s", "", nil}, {"ann@example.com\n", "s", "", nil}, {"ann@[127.0.0.1]", "s", "", nil},
		{"ann@example.com", "s\r\nBcc: eve@example.com", "", nil}, {"ann@example.com", "a\nb", "", nil}, {"ann@example.com", "a\rb", "", nil},
		{"ann@example.com", "a\x00b", "", nil}, {"ann@example.com", "a\u2028b", "", nil}, {"ann@example.com", strings.Repeat("x", 301), "", nil},
	} {
		if err := m.Check(); !errs.Is(err, errs.KindInvalid) {
			t.Errorf("%q, %q: %v", m.To, m.Subject, err)
		}
	}
}

func TestCheckFile(t *testing.T) {
	t.Parallel()
	check := func(f File) error { return Message{To: "ann@example.com", File: &f}.Check() }
	for _, f := range []File{{"conversions-2026-11-01.csv", "text/csv", nil}, {"a.xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", make([]byte, MaxFile)}, {"x", "text/plain", nil}} {
		if err := check(f); err != nil {
			t.Errorf("%s: %v", f.Name, err)
		}
	}
	for _, f := range []File{{"", "text/csv", nil}, {"a\r\nBcc: eve@example.com", "text/csv", nil}, {`a".csv`, "text/csv", nil}, {"../a.csv", "text/csv", nil},
		{"a/b.csv", "text/csv", nil}, {".hidden", "text/csv", nil}, {"a b.csv", "text/csv", nil}, {"ü.csv", "text/csv", nil}, {"a.csv\n", "text/csv", nil},
		{strings.Repeat("a", 200), "text/csv", nil}, {"a.csv", "", nil}, {"a.csv", "text/csv\r\nX: y", nil}, {"a.csv", "text", nil}, {"a.csv", "text/csv; name=x", nil},
		{"a.csv", "text/csv", make([]byte, MaxFile+1)}} {
		if err := check(f); !errs.Is(err, errs.KindInvalid) {
			t.Errorf("%q %q: %v", f.Name, f.Type, err)
		}
	}
}

func FuzzCheckKeepsHeadersWhole(f *testing.F) {
	f.Add("ann@example.com", "Hello", "a.csv", "text/csv")
	f.Add("ann@example.com\r\nBcc: x@example.com", "a\r\nb", "a.csv\r\nX: y", "text/csv\nX: y")
	f.Fuzz(func(t *testing.T, to, subject, name, kind string) {
		m := Message{To: to, Subject: subject, File: &File{Name: name, Type: kind}}
		if m.Check() == nil && (strings.ContainsAny(to+subject+name+kind, "\r\n\x00") || strings.ContainsAny(name, `/\"`)) {
			t.Errorf("accepted %q, %q, %q, %q", to, subject, name, kind)
		}
	})
}

func TestWaits(t *testing.T) {
	t.Parallel()
	refused := errors.New("refused")
	for tries, want := range []time.Duration{time.Minute, 5 * time.Minute, 30 * time.Minute, 2 * time.Hour, 6 * time.Hour, 24 * time.Hour} {
		if got, again := wait(tries, refused); got != want || !again {
			t.Errorf("after %d tries: %v %v, want %v", tries, got, again, want)
		}
	}
	if _, again := wait(6, refused); again {
		t.Error("tried for ever")
	}
	if _, again := wait(0, errs.Invalid("invalid_email", "no address")); again {
		t.Error("a wrong address is tried again")
	}
}

func TestReason(t *testing.T) {
	t.Parallel()
	for _, err := range []error{errors.New(""), errors.New("a\x00b\xff"), errors.New(strings.Repeat("é", 400)),
		errs.Invalid("code", "text").Because(errors.New("550 no such user"))} {
		got := reason(err)
		if got == "" || len(got) > maxError || strings.ContainsRune(got, 0) || strings.ToValidUTF8(got, "") != got {
			t.Errorf("%q becomes %q", err, got)
		}
	}
	if got := reason(errs.Invalid("code", "text").Because(errors.New("550 no such user"))); !strings.Contains(got, "550 no such user") {
		t.Errorf("the server's words are lost: %q", got)
	}
}
