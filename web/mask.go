package web

import (
	"net/url"
	"regexp"
	"strings"
)

// Mask stands where a secret stood.
const Mask = "***"

// secretNames are the parameters and fields whose values never reach a log.
var secretNames = map[string]bool{
	"token": true, "security_token": true, "secure": true, "verification_token": true, "postback_token": true,
	"access_token": true, "refresh_token": true, "invitation_token": true, "reset_token": true,
	"sig": true, "signature": true, "password": true, "new_password": true, "current_password": true, "otp": true,
	"recovery_code": true, "secret": true, "signing_secret": true, "key": true, "api_key": true, "apikey": true,
	"authorization": true, "session": true, "csrf": true,
}

// MaskQuery replaces the values of secret parameters, also of those inside a value that is an address itself, and
// leaves everything else as it was sent.
func MaskQuery(raw string) string {
	if raw == "" {
		return ""
	}
	pairs := strings.FieldsFunc(raw, func(r rune) bool { return r == '&' || r == ';' })
	for i, pair := range pairs {
		name, value, hasValue := strings.Cut(pair, "=")
		plain, err := url.QueryUnescape(name)
		if err != nil {
			plain = name
		}
		if !hasValue {
			continue
		}
		if secretNames[strings.ToLower(strings.TrimSpace(plain))] || hidesSecret(value) {
			pairs[i] = name + "=" + Mask
		}
	}
	return cut(strings.Join(pairs, "&"), 8192)
}

// hidesSecret tells whether a value, unescaped as often as needed, is text that MaskText would change.
func hidesSecret(value string) bool {
	for range 3 {
		if MaskText(value) != value {
			return true
		}
		plain, err := url.QueryUnescape(value)
		if err != nil || plain == value {
			return false
		}
		value = plain
	}
	return false
}

var (
	// secretText is what a secret looks like whatever it is called: signing secrets, JWTs.
	secretText = regexp.MustCompile(`whsec_[A-Za-z0-9+/=_-]+|\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*`)
	// secretBearer is the value of an Authorization header.
	secretBearer = regexp.MustCompile(`(?i)\b(bearer|basic) +[A-Za-z0-9+/=._~-]{6,}`)
	// secretUser is the password of an address: scheme://user:password@host.
	secretUser = regexp.MustCompile(`(://[^\s/?#:@"']*):[^\s/?#"']+@`)
	// secretPair is name=value or "name":"value". An error's code before its message (invalid_token: …) is none.
	secretPair = regexp.MustCompile(`(?i)\b([a-z_]*(?:token|secret|passw(?:or)?d|signature|api_?key)|sig|secure|otp|recovery_code)(\s*=\s*"?|\\?"\s*:\s*\\?")([^\s&;"',}\\]+)`)
)

// secretPath is the token of a link to a trace in an address: the API's, and the page's, whose short path others may
// have for something short.
var secretPath = regexp.MustCompile(`(/shared-traces/)[^/?#\s"]+|(/t/)[^/?#\s"]{16,}`)

// MaskText replaces what looks like a secret in a line that is not known to be a query: a body, an error's text.
func MaskText(s string) string {
	s = secretPath.ReplaceAllString(s, "${1}${2}"+Mask)
	if !strings.ContainsAny(s, "=:_ .") { // a word
		return s
	}
	s = secretText.ReplaceAllString(s, Mask)
	s = secretBearer.ReplaceAllString(s, "$1 "+Mask)
	s = secretUser.ReplaceAllString(s, "$1:"+Mask+"@")
	return secretPair.ReplaceAllStringFunc(s, func(pair string) string {
		m := secretPair.FindStringSubmatch(pair)
		if strings.Trim(m[3], "*") == "" {
			return pair
		}
		return m[1] + m[2] + Mask
	})
}
