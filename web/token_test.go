package web_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/waypost/waypost/domain"
	"github.com/waypost/waypost/domain/errs"
	"github.com/waypost/waypost/web"
)

var (
	tokenNow = time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)
	secretA  = []byte(strings.Repeat("a", 32))
	secretB  = []byte(strings.Repeat("b", 32))
	someone  = web.Login{UserID: 7, Family: domain.UUID{6: 0x70, 8: 0x80, 15: 1}}
)

func mustTokens(t testing.TB, secret []byte, audience string, now time.Time) *web.Tokens {
	t.Helper()
	tokens, err := web.NewTokens(secret, audience, func() time.Time { return now })
	if err != nil {
		t.Fatal(err)
	}
	return tokens
}

func mustIssue(t testing.TB, tokens *web.Tokens) string {
	t.Helper()
	text, err := tokens.Issue(someone)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func TestTokenRoundTrip(t *testing.T) {
	t.Parallel()
	text := mustIssue(t, mustTokens(t, secretA, web.AudienceAPI, tokenNow))
	for _, after := range []time.Duration{0, time.Minute, web.TokenLifetime - time.Second} {
		got, err := mustTokens(t, secretA, web.AudienceAPI, tokenNow.Add(after)).Verify(text)
		if err != nil || got != someone {
			t.Errorf("after %s: %v, %v", after, got, err)
		}
	}
}

func TestTokenSecretTooShort(t *testing.T) {
	t.Parallel()
	if _, err := web.NewTokens([]byte("short"), web.AudienceAPI, time.Now); err == nil {
		t.Error("a short secret was taken")
	}
}

// forge signs any header and claims with the key that Tokens really uses, so that only the fault under test differs.
func forge(t testing.TB, header, claims map[string]any, hash string, key []byte) string {
	t.Helper()
	h, _ := json.Marshal(header)
	c, _ := json.Marshal(claims)
	text := base64.RawURLEncoding.EncodeToString(h) + "." + base64.RawURLEncoding.EncodeToString(c)
	mac := hmac.New(sha256.New, key)
	if hash == "HS512" {
		mac = hmac.New(sha512.New, key)
	}
	mac.Write([]byte(text))
	return text + "." + base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

func TestForgedTokens(t *testing.T) {
	t.Parallel()
	tokens := mustTokens(t, secretA, web.AudienceAPI, tokenNow)
	good := mustIssue(t, tokens)
	key := tokens.Key()
	header := func(change ...any) map[string]any {
		return changed(map[string]any{"alg": "HS256", "typ": "at+jwt"}, change)
	}
	claims := func(change ...any) map[string]any {
		return changed(map[string]any{"iss": "waypost", "aud": web.AudienceAPI, "sub": "7", "iat": tokenNow.Unix(),
			"exp": tokenNow.Add(time.Minute).Unix(), "sid": someone.Family.String()}, change)
	}
	if _, err := tokens.Verify(forge(t, header(), claims(), "", key)); err != nil {
		t.Fatalf("the unchanged forgery must pass, else the table proves nothing: %v", err)
	}
	part := strings.Split(good, ".")
	unsigned := func(alg string) string {
		h, _ := json.Marshal(header("alg", alg))
		return base64.RawURLEncoding.EncodeToString(h) + "." + part[1] + "."
	}
	flip := func(s string) string {
		b := []byte(s)
		if b[0]++; b[0] > 'z' {
			b[0] = 'A'
		}
		return string(b)
	}
	cases := map[string]string{
		"empty":                          "",
		"no token":                       "hello",
		"two parts":                      part[0] + "." + part[1],
		"four parts":                     good + "." + part[2],
		"no signature":                   part[0] + "." + part[1] + ".",
		"cut signature":                  good[:len(good)-2],
		"alg none":                       unsigned("none"),
		"alg None":                       unsigned("None"),
		"alg NONE with old signature":    unsigned("NONE") + part[2],
		"alg none, right signature":      forge(t, header("alg", "none"), claims(), "", key),
		"alg HS512, right key":           forge(t, header("alg", "HS512"), claims(), "HS512", key),
		"alg RS256 over HMAC":            forge(t, header("alg", "RS256"), claims(), "", key),
		"alg ES256 over HMAC":            forge(t, header("alg", "ES256"), claims(), "", key),
		"no alg":                         forge(t, header("alg", nil), claims(), "", key),
		"alg is a number":                forge(t, header("alg", 1), claims(), "", key),
		"typ JWT":                        forge(t, header("typ", "JWT"), claims(), "", key),
		"no typ":                         forge(t, header("typ", nil), claims(), "", key),
		"critical header":                forge(t, header("crit", []string{"exp"}), claims(), "", key),
		"another secret":                 mustIssue(t, mustTokens(t, secretB, web.AudienceAPI, tokenNow)),
		"the secret itself as key":       forge(t, header(), claims(), "", secretA),
		"empty key":                      forge(t, header(), claims(), "", nil),
		"key of another audience":        mustIssue(t, mustTokens(t, secretA, "waypost-admin", tokenNow)),
		"another audience, right key":    forge(t, header(), claims("aud", "waypost-admin"), "", key),
		"no audience":                    forge(t, header(), claims("aud", nil), "", key),
		"another issuer":                 forge(t, header(), claims("iss", "evil"), "", key),
		"no issuer":                      forge(t, header(), claims("iss", nil), "", key),
		"expired":                        mustIssue(t, mustTokens(t, secretA, web.AudienceAPI, tokenNow.Add(-web.TokenLifetime))),
		"no exp":                         forge(t, header(), claims("exp", nil), "", key),
		"exp is a text":                  forge(t, header(), claims("exp", "tomorrow"), "", key),
		"lives a year":                   forge(t, header(), claims("exp", tokenNow.AddDate(1, 0, 0).Unix()), "", key),
		"no iat":                         forge(t, header(), claims("iat", nil), "", key),
		"not yet valid":                  forge(t, header(), claims("nbf", tokenNow.Add(time.Minute).Unix()), "", key),
		"no user":                        forge(t, header(), claims("sub", nil), "", key),
		"user 0":                         forge(t, header(), claims("sub", "0"), "", key),
		"negative user":                  forge(t, header(), claims("sub", "-7"), "", key),
		"user is no number":              forge(t, header(), claims("sub", "7 OR 1=1"), "", key),
		"user is a JSON number":          forge(t, header(), claims("sub", 7), "", key),
		"no log-in":                      forge(t, header(), claims("sid", nil), "", key),
		"log-in is no id":                forge(t, header(), claims("sid", "x"), "", key),
		"tampered header":                flip(part[0]) + "." + part[1] + "." + part[2],
		"tampered claims":                part[0] + "." + flip(part[1]) + "." + part[2],
		"tampered signature":             part[0] + "." + part[1] + "." + flip(part[2]),
		"claims of another token":        part[0] + "." + strings.Split(forge(t, header(), claims("sub", "1"), "", key), ".")[1] + "." + part[2],
		"padding in the signature":       good + "=",
		"space before":                   " " + good,
		"line break after":               good + "\n",
		"line break within":              good[:50] + "\r\n" + good[50:],
		"claims are a list":              part[0] + "." + base64.RawURLEncoding.EncodeToString([]byte("[]")) + "." + part[2],
		"too long":                       forge(t, header(), claims("x", strings.Repeat("x", 4000)), "", key),
		"non-canonical last character":   nonCanonical(good),
		"standard instead of URL coding": part[0] + "." + part[1] + "." + strings.NewReplacer("-", "+", "_", "/").Replace(part[2]) + "+",
	}
	for name, text := range cases {
		if got, err := tokens.Verify(text); !errs.Is(err, errs.KindUnauthenticated) {
			t.Errorf("%s: %v, %v", name, got, err)
		}
	}
}

// nonCanonical changes the unused bits of the last character, which decode to the same bytes.
func nonCanonical(token string) string {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	last := strings.IndexByte(alphabet, token[len(token)-1])
	return token[:len(token)-1] + alphabet[last^1:last^1+1]
}

func changed(m map[string]any, change []any) map[string]any {
	for i := 0; i < len(change); i += 2 {
		if change[i+1] == nil {
			delete(m, change[i].(string))
		} else {
			m[change[i].(string)] = change[i+1]
		}
	}
	return m
}

// The clocks of two nodes differ: a token of the one that is ahead is good on the other at once.
func TestTokenOfANodeThatIsAhead(t *testing.T) {
	t.Parallel()
	tokens := mustTokens(t, secretA, web.AudienceAPI, tokenNow)
	if got, err := tokens.Verify(mustIssue(t, mustTokens(t, secretA, web.AudienceAPI, tokenNow.Add(3*time.Second)))); err != nil || got != someone {
		t.Errorf("%v, %v", got, err)
	}
}

func TestTokenErrorCodes(t *testing.T) {
	t.Parallel()
	old := mustIssue(t, mustTokens(t, secretA, web.AudienceAPI, tokenNow.Add(-time.Hour)))
	foreign := mustIssue(t, mustTokens(t, secretB, web.AudienceAPI, tokenNow.Add(-time.Hour)))
	tokens := mustTokens(t, secretA, web.AudienceAPI, tokenNow)
	if _, err := tokens.Verify(old); !errs.HasCode(err, "expired_token") {
		t.Errorf("old: %v", err)
	}
	if _, err := tokens.Verify(foreign); !errs.HasCode(err, "invalid_token") {
		t.Errorf("old and foreign: %v", err)
	}
}

func FuzzVerify(f *testing.F) {
	tokens := mustTokens(f, secretA, web.AudienceAPI, tokenNow)
	good := mustIssue(f, tokens)
	f.Add(good)
	f.Add(good[:40])
	f.Add("a.b.c")
	f.Fuzz(func(t *testing.T, text string) {
		if got, err := tokens.Verify(text); err == nil && (text != good || got != someone) {
			t.Errorf("%q was accepted as %v", text, got)
		}
	})
}
