package account

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base32"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/pquerna/otp"
	"github.com/pquerna/otp/hotp"
)

// A one-time password is a code of an authenticator app (RFC 6238: SHA-1, 6 digits, 30 s, as all apps take it) or one
// of the recovery codes.
const (
	totpPeriod = 30 * time.Second
	totpDigits = 6
	totpSkew   = 1 // steps that the two clocks may differ by

	recoveryCodes      = 10
	recoveryCodeBytes  = 10 // 80 random bits
	recoveryCodeLength = recoveryCodeBytes * 8 / 5
)

// totpStep is the time step that a code belongs to: one around now that is later than used, the last one taken.
func totpStep(secret, code string, now time.Time, used int64) (step int64, ok bool) {
	present := now.Unix() / int64(totpPeriod/time.Second)
	for s := present - totpSkew; s <= present+totpSkew; s++ {
		want, err := hotp.GenerateCodeCustom(secret, uint64(s), hotp.ValidateOpts{Digits: otp.DigitsSix, Algorithm: otp.AlgorithmSHA1})
		if err == nil && subtle.ConstantTimeCompare([]byte(want), []byte(code)) == 1 && s > used {
			step, ok = s, true
		}
	}
	return step, ok
}

// plainOTP is a one-time password without the blanks and hyphens that people type, in lower case.
func plainOTP(s string) string {
	return strings.ToLower(strings.NewReplacer(" ", "", "-", "", "\t", "").Replace(strings.TrimSpace(s)))
}

// newRecoveryCodes makes the codes as they are shown, such as abcd-efgh-2345-mnop.
func newRecoveryCodes(random io.Reader) ([]string, error) {
	codes := make([]string, recoveryCodes)
	for i := range codes {
		var b [recoveryCodeBytes]byte
		if _, err := io.ReadFull(random, b[:]); err != nil {
			return nil, fmt.Errorf("make recovery codes: %w", err)
		}
		text := strings.ToLower(base32.StdEncoding.EncodeToString(b[:]))
		codes[i] = text[:4] + "-" + text[4:8] + "-" + text[8:12] + "-" + text[12:]
	}
	return codes, nil
}

// hashRecoveryCode is what is stored of a code.
func hashRecoveryCode(code string) [32]byte { return sha256.Sum256([]byte(plainOTP(code))) }
