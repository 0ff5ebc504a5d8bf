package postback

import (
	"slices"
	"strings"
)

// masked stands for a value that a log must not show.
const masked = "***"

// secretWords make a parameter's name a secret's where they are one of its words, secretParts wherever they stand.
var (
	secretWords = []string{"key", "pass", "pwd", "sig", "sign", "hmac", "auth", "pin", "jwt", "bearer"}
	secretParts = []string{"token", "secret", "passw", "signature", "apikey", "accesskey", "credential"}
)

// MaskURL replaces the values of query parameters that are named like secrets. The rest of the text stays as it is.
func MaskURL(address string) string {
	start := strings.IndexByte(address, '?')
	if start < 0 {
		return address
	}
	query, fragment, hasFragment := strings.Cut(address[start+1:], "#")
	pairs := strings.Split(query, "&")
	for i, pair := range pairs {
		if name, value, ok := strings.Cut(pair, "="); ok && value != "" && namesSecret(name) {
			pairs[i] = name + "=" + masked
		}
	}
	address = address[:start+1] + strings.Join(pairs, "&")
	if hasFragment {
		address += "#" + fragment
	}
	return address
}

func namesSecret(name string) bool {
	name = strings.ToLower(name)
	for _, part := range secretParts {
		if strings.Contains(name, part) {
			return true
		}
	}
	words := strings.FieldsFunc(name, func(r rune) bool { return r < 'a' || r > 'z' })
	return slices.ContainsFunc(words, func(w string) bool { return slices.Contains(secretWords, w) })
}
