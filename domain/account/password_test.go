package account

import (
	"context"
	"crypto/rand"
	"strings"
	"sync"
	"testing"

	"github.com/waypost/waypost/domain/errs"
)

func TestCheckPassword(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ password, email, code string }{
		{"purple monkey dishwasher", "a@b.example", ""},
		{"Tr0ub4dor&3xx", "a@b.example", ""},
		{"пароль-подлиннее", "a@b.example", ""},
		{strings.Repeat("abcdef ", 36), "a@b.example", ""}, // 252 characters
		{"waypost-demo-network", "admin@waypost.example", ""},
		{"short", "a@b.example", "password_too_short"},
		{"elevenchars", "a@b.example", "password_too_short"},
		{strings.Repeat("ä", 11), "a@b.example", "password_too_short"}, // 22 bytes
		{strings.Repeat("abcdef ", 37), "a@b.example", "password_too_long"},
		{"valid until\xff!!", "a@b.example", "invalid_password"},
		{"password1234", "a@b.example", "password_common"},
		{"Password1234!", "a@b.example", "password_common"},
		{"QWERTYUIOP123", "a@b.example", "password_common"},
		{"123456789012", "a@b.example", "password_common"},
		{"aaaaaaaaaaaa", "a@b.example", "password_common"},
		{"abababababab", "a@b.example", "password_common"},
		{"waypost12345", "a@b.example", "password_guessable"},
		{"Waypostwaypost1", "a@b.example", "password_guessable"},
		{"jane.roe@acme.example", "jane.roe@acme.example", "password_guessable"},
		{"jane.roe2024", "jane.roe@acme.example", "password_guessable"},
		{"AcmeAcme2024", "jane.roe@acme.example", "password_guessable"},
		{"jan plays the tuba", "jan@acme.example", ""}, // a short word says little
	} {
		err := CheckPassword(tc.password, tc.email)
		code := ""
		if e, ok := errs.As(err); ok {
			code = e.Code
		}
		if code != tc.code {
			t.Errorf("CheckPassword(%q): %v, want %q", tc.password, err, tc.code)
		}
	}
}

func TestCommonPasswordsAreReachable(t *testing.T) {
	t.Parallel()
	if n := len(commonPasswords()); n < 300 {
		t.Errorf("only %d common passwords", n)
	}
	for p := range commonPasswords() {
		if len(p) < MinPassword || p != strings.ToLower(strings.TrimSpace(p)) {
			t.Errorf("%q is never compared with", p)
		}
	}
}

func TestHash(t *testing.T) {
	t.Parallel()
	ctx, h := context.Background(), newHasher(rand.Reader)
	a, err := h.hash(ctx, "purple monkey")
	if err != nil {
		t.Fatal(err)
	}
	b, err := h.hash(ctx, "purple monkey")
	if err != nil || a == b {
		t.Errorf("two hashes of one password are the same: %v", err)
	}
	if !strings.HasPrefix(a, "$argon2id$v=19$m=19456,t=2,p=1$") {
		t.Errorf("not a PHC string with its parameters: %s", a)
	}
	for password, want := range map[string]bool{"purple monkey": true, "purple monkez": false, "": false, "purple monkey ": false} {
		if ok, weak, err := h.verify(ctx, password, a); ok != want || weak || err != nil {
			t.Errorf("verify(%q) = %t, %t, %v", password, ok, weak, err)
		}
		if ok, _, err := h.verify(ctx, password, unknownUser); ok || err != nil {
			t.Errorf("the unknown user has the password %q, %v", password, err)
		}
	}
}

// A hash of lesser costs is verified with its own parameters, and found weak.
func TestWeakHash(t *testing.T) {
	t.Parallel()
	h := newHasher(rand.Reader)
	weakParams := argonParams{memory: 1024, time: 1, threads: 2}
	key, err := h.derive(context.Background(), "purple monkey", []byte("0123456789abcdef"), weakParams, 32)
	if err != nil {
		t.Fatal(err)
	}
	ok, weak, err := h.verify(context.Background(), "purple monkey", formatPHC(weakParams, []byte("0123456789abcdef"), key))
	if !ok || !weak || err != nil {
		t.Errorf("got %t, %t, %v", ok, weak, err)
	}
}

func FuzzParsePHC(f *testing.F) {
	f.Add(unknownUser)
	f.Add("")
	f.Add("$argon2id$v=19$m=4294967295,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAA")
	f.Add("$argon2id$v=19$m=0,t=0,p=0$$")
	f.Add("$2y$10$abcdefghijklmnopqrstuv")
	f.Fuzz(func(t *testing.T, phc string) {
		p, salt, key, err := parsePHC(phc)
		if err == nil && (p.memory > 1<<20 || p.time > 100 || p.time < 1 || p.threads < 1 || len(salt) < 8 || len(key) < 16) {
			t.Errorf("%q is taken for %+v", phc, p)
		}
	})
}

func TestTwoHashesAtOnce(t *testing.T) {
	t.Parallel()
	h := newHasher(rand.Reader)
	h.slots <- struct{}{}
	h.slots <- struct{}{}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := h.hash(ctx, "x"); !errs.Is(err, errs.KindUnavailable) {
		t.Errorf("a third hash: %v", err)
	}
	<-h.slots
	<-h.slots
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			if _, err := h.hash(context.Background(), "x"); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
}
