package pgstore

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
)

// Sealer encrypts the secrets that must stay readable (postback tokens, signing secrets, raw calls) with AES-256-GCM
// under a key derived from WAYPOST_SECRET. Older secrets still open what they sealed.
type Sealer struct{ aeads []cipher.AEAD }

// NewSealer derives the keys; the first secret seals.
func NewSealer(secret []byte, previous ...[]byte) (*Sealer, error) {
	s := &Sealer{}
	for _, secret := range append([][]byte{secret}, previous...) {
		if len(secret) < 32 {
			return nil, errors.New("a secret needs at least 32 bytes")
		}
		key, err := hkdf.Key(sha256.New, secret, nil, "waypost sealed columns v1", 32)
		if err != nil {
			return nil, fmt.Errorf("derive sealing key: %w", err)
		}
		block, err := aes.NewCipher(key)
		if err != nil {
			return nil, fmt.Errorf("make cipher: %w", err)
		}
		aead, err := cipher.NewGCM(block)
		if err != nil {
			return nil, fmt.Errorf("make GCM: %w", err)
		}
		s.aeads = append(s.aeads, aead)
	}
	return s, nil
}

// Seal encrypts; column ties the text to its place, so that a value copied into another column does not open.
func (s *Sealer) Seal(column string, plain []byte) []byte {
	nonce := make([]byte, s.aeads[0].NonceSize(), s.aeads[0].NonceSize()+len(plain)+s.aeads[0].Overhead())
	_, _ = rand.Read(nonce) // never fails (Go 1.24)
	return s.aeads[0].Seal(nonce, nonce, plain, []byte(column))
}

// Open decrypts what Seal made under the present or a previous secret.
func (s *Sealer) Open(column string, sealed []byte) ([]byte, error) {
	for _, aead := range s.aeads {
		if len(sealed) < aead.NonceSize() {
			break
		}
		if plain, err := aead.Open(nil, sealed[:aead.NonceSize()], sealed[aead.NonceSize():], []byte(column)); err == nil {
			return plain, nil
		}
	}
	return nil, fmt.Errorf("%s was sealed under another secret: set WAYPOST_SECRET_PREVIOUS to it", column)
}
