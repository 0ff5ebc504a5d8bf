package postback

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"
)

// The headers of a delivery. All but HeaderID only where it is signed.
const (
	HeaderID        = "Webhook-Id"
	HeaderTimestamp = "Webhook-Timestamp"
	HeaderSignature = "Webhook-Signature"
)

const (
	secretPrefix = "whsec_"
	secretBytes  = 32
)

// NewSigningSecret makes a secret in the form of the Standard Webhooks specification.
func NewSigningSecret(random io.Reader) (string, error) {
	key := make([]byte, secretBytes)
	if _, err := io.ReadFull(random, key); err != nil {
		return "", fmt.Errorf("read randomness: %w", err)
	}
	return secretPrefix + base64.StdEncoding.EncodeToString(key), nil
}

// signAll is the Webhook-Signature under each secret that is not empty, separated by spaces: during a rotation the
// receiver may know either (Standard Webhooks 1.0.0, "Multiple signatures").
func signAll(id string, at time.Time, body string, secrets ...string) (string, error) {
	var signatures []string
	for i, secret := range secrets {
		if secret == "" && i > 0 {
			continue
		}
		signature, err := Sign(secret, id, at, body)
		if err != nil {
			return "", err
		}
		signatures = append(signatures, signature)
	}
	return strings.Join(signatures, " "), nil
}

// Sign is the Webhook-Signature of a body: "v1," and the base64 of HMAC-SHA256 over "id.timestamp.body", as the Standard
// Webhooks specification 1.0.0 says.
func Sign(secret, id string, at time.Time, body string) (string, error) {
	encoded, ok := strings.CutPrefix(secret, secretPrefix)
	key, err := base64.StdEncoding.DecodeString(encoded)
	if !ok || err != nil || len(key) == 0 {
		return "", fmt.Errorf("the signing secret for %s is not %s and base64", id, secretPrefix)
	}
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(id + "." + strconv.FormatInt(at.Unix(), 10) + "." + body))
	return "v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil)), nil
}
