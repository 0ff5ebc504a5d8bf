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
		{"ann@example.com", "Hello", "text"}, {"ann@example.com", "", ""}, {"o'neil+x@sub.example.co.uk", "Grüße an 株式会社", "\r\n.\r\n"},
	} {
		if err := m.Check(); err != nil {
			t.Errorf("%+v: %v", m, err)
		}
	}
	for _, m := range []Message{
		{"", "s", ""}, {"ann", "s", ""}, {"ann@example.com\r\nBcc: eve@example.com", "s", ""}, {"ann@example.com, eve@example.com", "s", ""},
		{"Ann <ann@example.com>", "s", ""}, {" ann@example.com", "s", ""}, {"ann@example.com\n", "s", ""}, {"ann@[127.0.0.1]", "s", ""},
		{"ann@example.com", "s\r\nBcc: eve@example.com", ""}, {"ann@example.com", "a\nb", ""}, {"ann@example.com", "a\rb", ""},
		{"ann@example.com", "a\x00b", ""}, {"ann@example.com", "a\u2028b", ""}, {"ann@example.com", strings.Repeat("x", 301), ""},
	} {
		if err := m.Check(); !errs.Is(err, errs.KindInvalid) {
			t.Errorf("%+q: %v", m, err)
		}
	}
}

func FuzzCheckKeepsHeadersWhole(f *testing.F) {
	f.Add("ann@example.com", "Hello")
	f.Add("ann@example.com\r\nBcc: x@example.com", "a\r\nb")
	f.Fuzz(func(t *testing.T, to, subject string) {
		if (Message{To: to, Subject: subject}).Check() == nil && strings.ContainsAny(to+subject, "\r\n\x00") {
			t.Errorf("accepted %q, %q", to, subject)
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
