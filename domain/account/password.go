package account

import (
	"context"
	"crypto/subtle"
	_ "embed"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"unicode/utf8"

	"golang.org/x/crypto/argon2"

	"github.com/waypost/waypost/domain/errs"
)

// Bounds of a password, in characters. There are no rules of composition (NIST SP 800-63B).
const (
	MinPassword = 12
	MaxPassword = 256
)

//go:embed common_passwords.txt
var commonText string

var commonPasswords = sync.OnceValue(func() map[string]bool {
	common := map[string]bool{}
	for line := range strings.Lines(commonText) {
		common[strings.TrimSpace(line)] = true
	}
	return common
})

// CheckPassword refuses a password that is too short, too long, among the first that an attacker tries, or little more
// than the user's own e-mail address or the product's name.
func CheckPassword(password, email string) error {
	length := utf8.RuneCountInString(password)
	switch {
	case !utf8.ValidString(password):
		return errs.Invalid("invalid_password", "the password must be valid UTF-8")
	case length < MinPassword:
		return errs.Invalid("password_too_short", "the password needs at least %d characters; several words make a good one", MinPassword)
	case length > MaxPassword:
		return errs.Invalid("password_too_long", "the password must have at most %d characters", MaxPassword)
	}
	folded := strings.ToLower(password)
	if commonPasswords()[strings.TrimRight(folded, "!?.")] || commonPasswords()[folded] || distinct(folded) < 5 {
		return errs.Invalid("password_common", "this password is among the first that are guessed; choose another")
	}
	rest := folded
	local, host, _ := strings.Cut(strings.ToLower(email), "@")
	name, _, _ := strings.Cut(host, ".")
	for _, word := range []string{strings.ToLower(email), local, name, "waypost"} {
		if len(word) >= 4 {
			rest = strings.ReplaceAll(rest, word, "")
		}
	}
	if rest != folded && utf8.RuneCountInString(rest) < 8 {
		return errs.Invalid("password_guessable", "the password is little more than your e-mail address or the product's name; choose another")
	}
	return nil
}

// distinct counts different characters.
func distinct(s string) int {
	seen := map[rune]bool{}
	for _, r := range s {
		seen[r] = true
	}
	return len(seen)
}

// argonParams are the costs of argon2id; memory is in KiB.
type argonParams struct {
	memory, time uint32
	threads      uint8
}

// present is OWASP's first choice for argon2id (Password Storage Cheat Sheet): 19 MiB, 2 passes, 1 lane.
var present = argonParams{memory: 19456, time: 2, threads: 1}

const (
	saltBytes = 16
	hashBytes = 32
)

// hasher makes and verifies password hashes, at most two at once: each takes a core and 19 MiB.
type hasher struct {
	random io.Reader
	slots  chan struct{}
}

func newHasher(random io.Reader) *hasher {
	return &hasher{random: random, slots: make(chan struct{}, 2)}
}

// hash gives the PHC string of a password.
func (h *hasher) hash(ctx context.Context, password string) (string, error) {
	salt := make([]byte, saltBytes)
	if _, err := io.ReadFull(h.random, salt); err != nil {
		return "", fmt.Errorf("make salt: %w", err)
	}
	key, err := h.derive(ctx, password, salt, present, hashBytes)
	if err != nil {
		return "", err
	}
	return formatPHC(present, salt, key), nil
}

// unknownUser is verified where there is no user or no password, so that the answer takes as long as with one. No
// password has this hash but by a chance of 2^-256.
var unknownUser = formatPHC(present, make([]byte, saltBytes), make([]byte, hashBytes))

// verify tells whether the password belongs to the PHC string, and whether that is weaker than hash would make it now.
func (h *hasher) verify(ctx context.Context, password, phc string) (ok, weak bool, err error) {
	p, salt, want, err := parsePHC(phc)
	if err != nil {
		return false, false, err
	}
	got, err := h.derive(ctx, password, salt, p, uint32(len(want)))
	if err != nil {
		return false, false, err
	}
	weak = p.memory < present.memory || p.time < present.time || len(want) < hashBytes
	return subtle.ConstantTimeCompare(got, want) == 1, weak, nil
}

func (h *hasher) derive(ctx context.Context, password string, salt []byte, p argonParams, size uint32) ([]byte, error) {
	select {
	case h.slots <- struct{}{}:
		defer func() { <-h.slots }()
	case <-ctx.Done():
		return nil, errs.Unavailable("busy", "too many log-ins at once; try again").Because(ctx.Err())
	}
	return argon2.IDKey([]byte(password), salt, p.time, p.memory, p.threads, size), nil
}

// formatPHC writes $argon2id$v=19$m=…,t=…,p=…$salt$hash.
func formatPHC(p argonParams, salt, key []byte) string {
	b64 := base64.RawStdEncoding
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, p.memory, p.time, p.threads,
		b64.EncodeToString(salt), b64.EncodeToString(key))
}

// parsePHC reads what formatPHC wrote, with any costs up to 1 GiB.
func parsePHC(phc string) (p argonParams, salt, key []byte, err error) {
	malformed := errors.New("stored password hash is not in PHC form")
	parts := strings.Split(phc, "$")
	if len(parts) != 6 || parts[1] != "argon2id" || parts[2] != fmt.Sprintf("v=%d", argon2.Version) {
		return p, nil, nil, malformed
	}
	if _, err := fmt.Sscanf(parts[3], "m=%d,t=%d,p=%d", &p.memory, &p.time, &p.threads); err != nil {
		return p, nil, nil, malformed
	}
	salt, saltErr := base64.RawStdEncoding.DecodeString(parts[4])
	key, keyErr := base64.RawStdEncoding.DecodeString(parts[5])
	if saltErr != nil || keyErr != nil || len(salt) < 8 || len(key) < 16 ||
		p.memory < 8 || p.memory > 1<<20 || p.time < 1 || p.time > 100 || p.threads < 1 {
		return p, nil, nil, malformed
	}
	return p, salt, key, nil
}
