package api_test

import (
	"context"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"hash"
	"math/big"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/waypost/waypost/api"
	"github.com/waypost/waypost/domain/account"
	"github.com/waypost/waypost/web"
)

// forger makes tokens by hand, under the very key of the API where a case needs it, so that only the fault under test
// keeps a token out.
type forger struct {
	key    []byte
	user   account.UserID
	family string
}

func (f forger) claims(change ...any) map[string]any {
	return altered(map[string]any{"iss": "waypost", "aud": web.AudienceAPI, "sub": strconv.FormatInt(int64(f.user), 10), "iat": now().Unix(),
		"exp": now().Add(5 * time.Minute).Unix(), "sid": f.family}, change)
}

func (f forger) header(change ...any) map[string]any {
	return altered(map[string]any{"alg": "HS256", "typ": "at+jwt"}, change)
}

func altered(m map[string]any, change []any) map[string]any {
	for i := 0; i < len(change); i += 2 {
		if m[change[i].(string)] = change[i+1]; change[i+1] == nil {
			delete(m, change[i].(string))
		}
	}
	return m
}

func encode(v any) string {
	b, _ := json.Marshal(v)
	return base64.RawURLEncoding.EncodeToString(b)
}

func (f forger) mac(text string, h func() hash.Hash, key []byte) string {
	m := hmac.New(h, key)
	m.Write([]byte(text))
	return text + "." + base64.RawURLEncoding.EncodeToString(m.Sum(nil))
}

func (f forger) sign(header, claims map[string]any) string {
	return f.mac(encode(header)+"."+encode(claims), sha256.New, f.key)
}

// No forged token opens the API. The control shows that the forger's hand is good.
func TestForgedTokensOverHTTP(t *testing.T) {
	t.Parallel()
	n := newNetwork(t)
	key, err := hkdf.Key(sha256.New, secret, nil, "waypost access token v1 "+web.AudienceAPI, 32)
	if err != nil {
		t.Fatal(err)
	}
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	login := n.logIn(adminEmail, adminPassword).body
	good, refresh := login["access_token"].(string), login["refresh_token"].(string)
	parsed, err := n.tokens.Verify(good)
	if err != nil {
		t.Fatal(err)
	}
	f := forger{key: key, user: parsed.UserID, family: parsed.Family.String()}
	if a := n.call(f.sign(f.header(), f.claims()), "GET", "/users", nil); a.status != 200 {
		t.Fatalf("the control is refused: %d %s", a.status, a.raw)
	}
	part := strings.Split(good, ".")
	unsigned := func(alg string) string { return encode(f.header("alg", alg)) + "." + part[1] + "." }
	with := func(tokens *web.Tokens, err error) string {
		if err != nil {
			t.Fatal(err)
		}
		text, err := tokens.Issue(parsed)
		if err != nil {
			t.Fatal(err)
		}
		return text
	}
	rsaText := encode(f.header("alg", "RS256", "kid", "1")) + "." + encode(f.claims())
	rsaSignature, err := jwt.SigningMethodRS256.Sign(rsaText, rsaKey)
	if err != nil {
		t.Fatal(err)
	}
	jwk := map[string]any{"kty": "RSA", "n": base64.RawURLEncoding.EncodeToString(rsaKey.N.Bytes()), "e": base64.RawURLEncoding.EncodeToString(big.NewInt(int64(rsaKey.E)).Bytes())}
	twice := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"none","alg":"HS256","typ":"at+jwt"}`)) + "." + part[1]

	change := func(id account.UserID, change func(*account.User)) {
		if _, err := n.accounts.UpdateUser(context.Background(), system, id, change); err != nil {
			t.Fatal(err)
		}
	}
	disabled, disabledToken := n.user(account.User{Role: account.RoleManager})
	disabledKey := n.must(201, disabledToken, "POST", "/api-keys", fields{"name": "k"})["secret"].(string)
	change(disabled.ID, func(u *account.User) { u.Status = account.UserStatusDisabled })
	deleted, deletedToken := n.user(account.User{Role: account.RoleManager})
	deletedKey := n.must(201, deletedToken, "POST", "/api-keys", fields{"name": "k"})["secret"].(string)
	n.must(204, n.admin, "DELETE", path("/users/%d", deleted.ID), nil)
	demoted, demotedToken := n.user(account.User{Role: account.RoleAdmin})
	demotedKey := n.must(201, demotedToken, "POST", "/api-keys", fields{"name": "k", "role": "finance"})["secret"].(string)
	change(demoted.ID, func(u *account.User) { u.Role = account.RoleManager })
	loggedOut := n.logIn(adminEmail, adminPassword).body["access_token"].(string)
	n.must(204, loggedOut, "POST", "/auth/logout", nil)
	made := n.must(201, n.admin, "POST", "/api-keys", fields{"name": "k"})
	apiKey := made["secret"].(string)
	gone := n.must(201, n.admin, "POST", "/api-keys", fields{"name": "gone"})
	n.must(204, n.admin, "DELETE", path("/api-keys/%d", id(gone)), nil)
	expired := n.must(201, n.admin, "POST", "/api-keys", fields{"name": "old"})
	if err := n.exec(`UPDATE api_keys SET expires_at = now() - interval '1 second' WHERE name = 'old'`); err != nil {
		t.Fatal(err)
	}
	hashed := sha256.Sum256([]byte(apiKey))
	flip := func(s string) string { // the middle character becomes another letter
		b := []byte(s)
		if b[len(b)/2]++; b[len(b)/2] > 'z' || b[len(b)/2] < 'a' {
			b[len(b)/2] = 'b'
		}
		if string(b) == s {
			b[len(b)/2] = 'c'
		}
		return string(b)
	}

	cases := map[string]string{
		"no token":                        "hello",
		"one part":                        part[0],
		"two parts":                       part[0] + "." + part[1],
		"four parts":                      good + "." + part[2],
		"five parts, as encrypted":        good + "." + part[0] + "." + part[1],
		"empty parts":                     "..",
		"empty signature":                 part[0] + "." + part[1] + ".",
		"signature cut by one":            good[:len(good)-1],
		"signature cut by half":           good[:len(good)-20],
		"one byte more":                   good + "A",
		"padding":                         good + "=",
		"alg none":                        unsigned("none"),
		"alg None":                        unsigned("None"),
		"alg nOnE":                        unsigned("nOnE"),
		"alg NONE, old signature":         unsigned("NONE") + part[2],
		"alg none, right signature":       f.sign(f.header("alg", "none"), f.claims()),
		"alg hs256":                       f.sign(f.header("alg", "hs256"), f.claims()),
		"alg empty":                       f.sign(f.header("alg", ""), f.claims()),
		"no alg":                          f.sign(f.header("alg", nil), f.claims()),
		"alg is a list":                   f.sign(f.header("alg", []string{"HS256"}), f.claims()),
		"HS384":                           f.mac(encode(f.header("alg", "HS384"))+"."+encode(f.claims()), sha512.New384, key),
		"HS512":                           f.mac(encode(f.header("alg", "HS512"))+"."+encode(f.claims()), sha512.New, key),
		"RS256, our key as secret":        f.sign(f.header("alg", "RS256"), f.claims()),
		"ES256, our key as secret":        f.sign(f.header("alg", "ES256"), f.claims()),
		"RS256, a key of its own":         rsaText + "." + base64.RawURLEncoding.EncodeToString(rsaSignature),
		"HS256 under an RSA modulus":      f.mac(encode(f.header())+"."+encode(f.claims()), sha256.New, rsaKey.N.Bytes()),
		"jwk in the header":               f.mac(encode(f.header("jwk", jwk, "alg", "RS256"))+"."+encode(f.claims()), sha256.New, rsaKey.N.Bytes()),
		"jwk of a known secret":           f.mac(encode(f.header("jwk", map[string]any{"kty": "oct", "k": "c2VjcmV0"}))+"."+encode(f.claims()), sha256.New, []byte("secret")),
		"jku elsewhere":                   f.mac(encode(f.header("jku", "https://evil.example/keys"))+"."+encode(f.claims()), sha256.New, []byte("secret")),
		"x5u elsewhere":                   f.mac(encode(f.header("x5u", "https://evil.example/cert"))+"."+encode(f.claims()), sha256.New, []byte("secret")),
		"kid /dev/null, empty key":        f.mac(encode(f.header("kid", "/dev/null"))+"."+encode(f.claims()), sha256.New, nil),
		"kid ../../dev/null, zero key":    f.mac(encode(f.header("kid", "../../../dev/null"))+"."+encode(f.claims()), sha256.New, []byte{0}),
		"kid as SQL":                      f.mac(encode(f.header("kid", "x' UNION SELECT 'secret' --"))+"."+encode(f.claims()), sha256.New, []byte("secret")),
		"critical header":                 f.sign(f.header("crit", []string{"exp"}), f.claims()),
		"typ JWT":                         f.sign(f.header("typ", "JWT"), f.claims()),
		"no typ":                          f.sign(f.header("typ", nil), f.claims()),
		"typ refresh":                     f.sign(f.header("typ", "rt+jwt"), f.claims()),
		"alg twice, the first none":       twice + "." + part[2],
		"alg twice, unsigned":             twice + ".",
		"another secret":                  with(web.NewTokens([]byte(strings.Repeat("x", 32)), web.AudienceAPI, now)),
		"the secret itself as key":        f.mac(encode(f.header())+"."+encode(f.claims()), sha256.New, secret),
		"empty key":                       f.mac(encode(f.header())+"."+encode(f.claims()), sha256.New, nil),
		"key of the admin portal":         with(web.NewTokens(secret, "waypost-admin", now)),
		"key of the affiliate portal":     with(web.NewTokens(secret, "waypost-affiliate", now)),
		"another audience, our key":       f.sign(f.header(), f.claims("aud", "waypost-admin")),
		"audience in other case":          f.sign(f.header(), f.claims("aud", strings.ToUpper(web.AudienceAPI))),
		"no audience":                     f.sign(f.header(), f.claims("aud", nil)),
		"another issuer":                  f.sign(f.header(), f.claims("iss", "https://evil.example")),
		"no issuer":                       f.sign(f.header(), f.claims("iss", nil)),
		"expired":                         f.sign(f.header(), f.claims("iat", now().Add(-10*time.Minute).Unix(), "exp", now().Add(-time.Second).Unix())),
		"no exp":                          f.sign(f.header(), f.claims("exp", nil)),
		"exp is a text":                   f.sign(f.header(), f.claims("exp", "9999999999")),
		"exp is huge":                     f.sign(f.header(), f.claims("exp", 1e300)),
		"lives a year":                    f.sign(f.header(), f.claims("exp", now().AddDate(1, 0, 0).Unix())),
		"no iat":                          f.sign(f.header(), f.claims("iat", nil)),
		"nbf ahead":                       f.sign(f.header(), f.claims("nbf", now().Add(time.Minute).Unix())),
		"no user":                         f.sign(f.header(), f.claims("sub", nil)),
		"user 0":                          f.sign(f.header(), f.claims("sub", "0")),
		"user as SQL":                     f.sign(f.header(), f.claims("sub", "1 OR 1=1")),
		"user is a number":                f.sign(f.header(), f.claims("sub", 1)),
		"another user's log-in":           f.sign(f.header(), f.claims("sub", strconv.FormatInt(int64(demoted.ID), 10))),
		"no log-in":                       f.sign(f.header(), f.claims("sid", nil)),
		"log-in of nobody":                f.sign(f.header(), f.claims("sid", "00000000-0000-7000-8000-000000000000")),
		"tampered header":                 flip(part[0]) + "." + part[1] + "." + part[2],
		"tampered claims":                 part[0] + "." + flip(part[1]) + "." + part[2],
		"tampered signature":              part[0] + "." + part[1] + "." + flip(part[2]),
		"claims of another, old seal":     part[0] + "." + encode(f.claims("sub", "2")) + "." + part[2],
		"role in the claims of another":   f.sign(f.header(), f.claims("sub", strconv.FormatInt(int64(deleted.ID), 10), "role", "admin")),
		"refresh token as access token":   refresh,
		"password as token":               adminPassword,
		"two tokens":                      good + " " + good,
		"two tokens with a comma":         good + ", " + good,
		"line break within":               good[:30] + "\r\n " + good[30:],
		"a log-in that ended":             loggedOut,
		"token of a disabled user":        disabledToken,
		"token of a deleted user":         deletedToken,
		"token from before the demotion":  demotedToken,
		"key of a disabled user":          disabledKey,
		"key of a deleted user":           deletedKey,
		"key wider than its user now":     demotedKey,
		"key that was deleted":            gone["secret"].(string),
		"key whose time is over":          expired["secret"].(string),
		"key's prefix alone":              made["prefix"].(string),
		"key's prefix, another secret":    made["prefix"].(string) + strings.Repeat("A", len(apiKey)-len(made["prefix"].(string))),
		"key in upper case":               strings.ToUpper(apiKey),
		"key in lower case":               strings.ToLower(apiKey),
		"key without its mark":            apiKey[3:],
		"key with another mark":           "WP_" + apiKey[3:],
		"key cut by one":                  apiKey[:len(apiKey)-1],
		"key and one more":                apiKey + "A",
		"tampered key":                    flip(apiKey),
		"key's hash in hex":               "wp_" + hex.EncodeToString(hashed[:])[:43],
		"key's hash in base64":            "wp_" + base64.RawURLEncoding.EncodeToString(hashed[:]),
		"key's last character equivalent": apiKey[:len(apiKey)-1] + equivalent(apiKey[len(apiKey)-1]),
		"key as SQL wildcard":             "wp_" + strings.Repeat("%", 43),
		"mark alone":                      "wp_",
		"key and token":                   apiKey + "." + part[1] + "." + part[2],
	}
	if len(cases) < 40 {
		t.Errorf("only %d forgeries", len(cases))
	}
	for name, token := range cases {
		for _, target := range []string{"/me", "/users"} {
			r := httptest.NewRequest(http.MethodGet, api.Base+target, nil)
			r.Header["Authorization"] = []string{"Bearer " + token} // as it is, line breaks too
			rec := httptest.NewRecorder()
			n.e.ServeHTTP(rec, r)
			if rec.Code != http.StatusUnauthorized || strings.Contains(rec.Body.String(), adminEmail) {
				t.Errorf("%s: GET %s: %d %s", name, target, rec.Code, rec.Body)
			}
		}
	}
	for name, header := range map[string][]string{
		"two headers":            {"Bearer " + good, "Bearer " + good},
		"forged header first":    {"Bearer " + unsigned("none"), "Bearer " + good},
		"forged header last":     {"Bearer " + good, "Bearer " + unsigned("none")},
		"key and token":          {"Bearer " + apiKey, "Bearer " + good},
		"no scheme":              {good},
		"scheme Basic":           {"Basic " + base64.StdEncoding.EncodeToString([]byte(adminEmail+":"+adminPassword))},
		"scheme Token":           {"Token " + good},
		"no blank after Bearer":  {"Bearer" + good},
		"empty":                  {""},
		"scheme alone":           {"Bearer"},
		"scheme and blank alone": {"Bearer "},
	} {
		r := httptest.NewRequest(http.MethodGet, api.Base+"/me", nil)
		r.Header["Authorization"] = header
		rec := httptest.NewRecorder()
		n.e.ServeHTTP(rec, r)
		if rec.Code != http.StatusUnauthorized {
			t.Errorf("%s: %d %s", name, rec.Code, rec.Body)
		}
	}
	// In places where tokens do not belong.
	for name, r := range map[string]*http.Request{
		"query":  httptest.NewRequest(http.MethodGet, api.Base+"/me?access_token="+good+"&token="+apiKey, nil),
		"cookie": httptest.NewRequest(http.MethodGet, api.Base+"/me", nil),
	} {
		r.AddCookie(&http.Cookie{Name: "waypost_session", Value: good})
		rec := httptest.NewRecorder()
		n.e.ServeHTTP(rec, r)
		if rec.Code != http.StatusUnauthorized {
			t.Errorf("token in the %s: %d", name, rec.Code)
		}
	}
	// A refresh does not take what is none.
	for name, token := range map[string]string{"access token": good, "API key": apiKey, "tampered": flip(refresh), "other case": strings.ToLower(refresh), "empty": ""} {
		if a := n.call("", "POST", "/auth/refresh", fields{"refresh_token": token}); a.status != 401 {
			t.Errorf("refresh with %s: %d %s", name, a.status, a.raw)
		}
	}
	n.must(200, good, "GET", "/me", nil)
	n.must(200, apiKey, "GET", "/me", nil)
	n.must(200, "", "POST", "/auth/refresh", fields{"refresh_token": refresh})
}

// equivalent is a last character that base64 decodes to the same bytes.
func equivalent(c byte) string {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	i := strings.IndexByte(alphabet, c)
	return alphabet[i^1 : i^1+1]
}
