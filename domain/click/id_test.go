package click_test

import (
	"bytes"
	"crypto/rand"
	"errors"
	mathrand "math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/iotest"
	"time"

	"github.com/waypost/waypost/domain/click"
	"github.com/waypost/waypost/domain/errs"
)

const alphabet = "0123456789abcdefghjkmnpqrstvwxyz"

var (
	secret = []byte("correct horse battery staple")
	noon   = time.Date(2026, 3, 14, 12, 0, 0, 0, time.UTC)
)

func mustMint(t testing.TB, now time.Time) click.ID {
	t.Helper()
	id, err := click.Mint(now, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return id
}

func mustParseUUID(t testing.TB, s string) click.ID {
	t.Helper()
	id, err := click.ParseUUID(s)
	if err != nil {
		t.Fatal(err)
	}
	return id
}

func wantMalformed(t testing.TB, what string, err error) {
	t.Helper()
	if !errs.HasCode(err, "malformed_clickid") || !errs.Is(err, errs.KindInvalid) {
		t.Errorf("%s: got error %v, want malformed_clickid", what, err)
	}
}

// The texts were computed from the contract's words by an independent program.
func TestTextKnownVectors(t *testing.T) {
	t.Parallel()
	s := click.NewSigner(secret)
	for uuid, want := range map[string]string{
		"018f3a5c-7e10-7000-8000-000000000000": "01hwx5rzgge008000000000000harmgq",
		"018f3a5c-7e10-74d2-a9b8-c7d6e5f40312": "01hwx5rzggek9ake67tvjz80rjvwjqq5",
	} {
		id := mustParseUUID(t, uuid)
		if got := s.Text(id); got != want {
			t.Errorf("Text(%s) = %s, want %s", uuid, got, want)
		}
		if got, err := s.Parse(want, noon); err != nil || got != id {
			t.Errorf("Parse(%s) = %s, %v", want, got.UUID(), err)
		}
		if got, want := id.Time(), time.UnixMilli(1714671091216).UTC(); got != want {
			t.Errorf("Time() = %s, want %s", got, want)
		}
	}
}

func TestMintFillsExactlyTheRandomBits(t *testing.T) {
	t.Parallel()
	at := time.UnixMilli(0x018f3a5c7e10).Add(999 * time.Microsecond)
	for fill, want := range map[byte]string{
		0x00: "018f3a5c-7e10-7000-8000-000000000000",
		0xff: "018f3a5c-7e10-7fff-bfff-ffffffffffff",
	} {
		id, err := click.Mint(at, bytes.NewReader(bytes.Repeat([]byte{fill}, 10)))
		if err != nil || id.UUID() != want {
			t.Errorf("Mint with %02x = %s, %v; want %s", fill, id.UUID(), err, want)
		}
	}
}

func TestMintFails(t *testing.T) {
	t.Parallel()
	broken := errors.New("no entropy")
	if id, err := click.Mint(noon, iotest.ErrReader(broken)); !errors.Is(err, broken) || !id.IsZero() {
		t.Errorf("broken source: %v, %v", id, err)
	}
	if _, err := click.Mint(noon, strings.NewReader("too short")); err == nil {
		t.Error("a source with nine bytes was enough")
	}
	for _, at := range []time.Time{time.UnixMilli(-1), time.UnixMilli(1 << 48)} {
		if _, err := click.Mint(at, rand.Reader); err == nil {
			t.Errorf("time %s was accepted", at)
		}
	}
}

func TestIDRoundTripAndOrder(t *testing.T) {
	t.Parallel()
	s := click.NewSigner(secret)
	r := mathrand.New(mathrand.NewPCG(1, 2))
	var texts []string
	seen := map[click.ID]bool{}
	for at := time.UnixMilli(0); at.Before(noon); at = at.Add(time.Duration(r.Int64N(int64(200 * time.Hour)))) {
		id := mustMint(t, at)
		if seen[id] {
			t.Fatalf("%s minted twice", id.UUID())
		}
		seen[id] = true
		if got, want := id.Time(), at.Truncate(time.Millisecond).UTC(); got != want {
			t.Fatalf("Time() = %s, want %s", got, want)
		}
		if mustParseUUID(t, id.UUID()) != id || mustParseUUID(t, strings.ToUpper(id.UUID())) != id {
			t.Fatalf("UUID %s does not come back", id.UUID())
		}
		text := s.Text(id)
		if len(text) != 32 || strings.Trim(text, alphabet) != "" {
			t.Fatalf("text %q is not 32 characters of the alphabet", text)
		}
		if got, err := s.Parse(text, noon); err != nil || got != id {
			t.Fatalf("Parse(%s) = %s, %v; want %s", text, got.UUID(), err, id.UUID())
		}
		if _, err := s.Parse(strings.ToUpper(text), noon); err == nil && strings.ToUpper(text) != text {
			t.Fatalf("upper case %s is read, which the alphabet has not", strings.ToUpper(text))
		}
		if len(texts) == 0 || at.UnixMilli() > seenLast(texts, s, t) {
			texts = append(texts, text)
		}
	}
	if len(texts) < 1000 || !slices.IsSorted(texts) {
		t.Errorf("%d texts do not sort by time", len(texts))
	}
}

func seenLast(texts []string, s *click.Signer, t testing.TB) int64 {
	t.Helper()
	id, err := s.Parse(texts[len(texts)-1], noon)
	if err != nil {
		t.Fatal(err)
	}
	return id.Time().UnixMilli()
}

// A 30-bit check lets one change in 10⁹ through; the 32 × 255 of a fixed id are all found.
func TestAnyChangedCharacterIsMalformed(t *testing.T) {
	t.Parallel()
	s := click.NewSigner(secret)
	text := "01hwx5rzggek9ake67tvjz80rjvwjqq5"
	for i := range len(text) {
		for c := range 256 {
			b := []byte(text)
			b[i] = byte(c)
			if strings.EqualFold(string(b), text) {
				continue
			}
			if _, err := s.Parse(string(b), noon); err == nil {
				t.Errorf("Parse(%q), changed at %d, was accepted", b, i)
			} else {
				wantMalformed(t, string(b), err)
			}
		}
	}
}

func TestParseRefuses(t *testing.T) {
	t.Parallel()
	s := click.NewSigner(secret)
	text := s.Text(mustMint(t, noon))
	for what, bad := range map[string]string{
		"empty":               "",
		"short":               text[:31],
		"long":                text + "0",
		"space before":        " " + text[:31],
		"UUID":                mustMint(t, noon).UUID(),
		"UUID without dashes": strings.ReplaceAll(mustMint(t, noon).UUID(), "-", ""),
		"macro":               "{click_id}",
		"zeros":               strings.Repeat("0", 32),
		"first spare bit":     "g" + text[1:],
		"second spare bit":    "8" + text[1:],
		"multi-byte":          strings.Repeat("é", 16),
		"NUL":                 text[:31] + "\x00",
		"other secret":        click.NewSigner([]byte("other")).Text(mustMint(t, noon)),
		// Well signed, but no id that was ever minted.
		"version 4":  s.Text(mustParseUUID(t, "018f3a5c-7e10-44d2-a9b8-c7d6e5f40312")),
		"variant 11": s.Text(mustParseUUID(t, "018f3a5c-7e10-74d2-e9b8-c7d6e5f40312")),
		"variant 0x": s.Text(mustParseUUID(t, "018f3a5c-7e10-74d2-29b8-c7d6e5f40312")),
		"zero id":    s.Text(click.ID{}),
	} {
		if id, err := s.Parse(bad, noon); err == nil || !id.IsZero() {
			t.Errorf("%s: Parse(%q) was accepted", what, bad)
		} else {
			wantMalformed(t, what, err)
		}
	}
}

func TestParseTimeAhead(t *testing.T) {
	t.Parallel()
	s := click.NewSigner(secret)
	for _, c := range []struct {
		ahead time.Duration
		ok    bool
	}{
		{-20 * 365 * 24 * time.Hour, true},
		{0, true},
		{5 * time.Minute, true},
		{5*time.Minute + time.Millisecond, false},
		{time.Hour, false},
	} {
		_, err := s.Parse(s.Text(mustMint(t, noon.Add(c.ahead))), noon)
		if c.ok && err != nil {
			t.Errorf("%s ahead: %v", c.ahead, err)
		} else if !c.ok {
			wantMalformed(t, c.ahead.String(), err)
		}
	}
}

func TestPreviousSecrets(t *testing.T) {
	t.Parallel()
	older, old, current := []byte("older"), []byte("old"), []byte("current")
	id := mustMint(t, noon)
	rotated := click.NewSigner(current, old, nil, older)
	for _, s := range [][]byte{older, old, current} {
		if got, err := rotated.Parse(click.NewSigner(s).Text(id), noon); err != nil || got != id {
			t.Errorf("signed under %q: %v", s, err)
		}
	}
	if rotated.Text(id) != click.NewSigner(current).Text(id) {
		t.Error("Text does not sign under the current secret")
	}
	_, err := click.NewSigner(old).Parse(rotated.Text(id), noon)
	wantMalformed(t, "signed under a later secret", err)
}

func TestEmptySecretPanics(t *testing.T) {
	t.Parallel()
	defer func() {
		if recover() == nil {
			t.Error("an empty secret was accepted")
		}
	}()
	click.NewSigner(nil)
}

func TestParseUUIDRefuses(t *testing.T) {
	t.Parallel()
	good := "018f3a5c-7e10-74d2-a9b8-c7d6e5f40312"
	for _, bad := range []string{"", good[:35], good + "0", "{" + good[:34] + "}", strings.ReplaceAll(good, "-", ""),
		strings.Replace(good, "-", "0", 1), strings.Replace(good, "3", "g", 1), strings.Replace(good, "a", "-", 1)} {
		_, err := click.ParseUUID(bad)
		wantMalformed(t, bad, err)
	}
}

func TestSignerIsSafeForConcurrentUse(t *testing.T) {
	t.Parallel()
	s := click.NewSigner(secret, []byte("old"))
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 500 {
				id := mustMint(t, noon)
				if got, err := s.Parse(s.Text(id), noon); err != nil || got != id {
					t.Errorf("%s: %v", id.UUID(), err)
				}
			}
		})
	}
	wg.Wait()
}

// Whatever is accepted is, apart from case, the very text of its id.
func FuzzParseID(f *testing.F) {
	s := click.NewSigner(secret, []byte("old"))
	f.Add("01hwx5rzggek9ake67tvjz80rjvwjqq5")
	f.Add("01HWX5RZGGEK9AKE67TVJZ80RJVWJQQ5")
	f.Add("81hwx5rzggek9ake67tvjz80rjvwjqq5")
	f.Add("")
	f.Add(strings.Repeat("z", 32))
	f.Fuzz(func(t *testing.T, text string) {
		id, err := s.Parse(text, noon)
		if err != nil {
			wantMalformed(t, text, err)
			return
		}
		if old := click.NewSigner([]byte("old")); s.Text(id) != strings.ToLower(text) && old.Text(id) != strings.ToLower(text) {
			t.Errorf("Parse(%q) = %s, which is written %s", text, id.UUID(), s.Text(id))
		}
	})
}

func BenchmarkMint(b *testing.B) {
	for b.Loop() {
		mustMint(b, noon)
	}
}

func BenchmarkText(b *testing.B) {
	s, id := click.NewSigner(secret), mustMint(b, noon)
	b.ReportAllocs()
	for b.Loop() {
		s.Text(id)
	}
}

func BenchmarkParse(b *testing.B) {
	s := click.NewSigner(secret)
	text := s.Text(mustMint(b, noon))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := s.Parse(text, noon); err != nil {
			b.Fatal(err)
		}
	}
}
