package click

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"hash"
	"io"
	"sync"
	"time"

	"github.com/waypost/waypost/domain/errs"
)

// ID names one click: a UUIDv7 (RFC 9562), stored as uuid. Its first 48 bits are the click's Unix milliseconds, so
// whoever holds an id also holds created_at, the other half of the clicks table's key.
type ID [16]byte

const (
	crockford = "0123456789abcdefghjkmnpqrstvwxyz"
	bodyLen   = 26 // characters that hold the 128 bits of the id; the two bits to spare come first and are zero
	checkLen  = 6  // characters that hold the 30 bits of the check
	textLen   = bodyLen + checkLen

	// maxAhead is how far an id's time may lie in the future: two nodes' clocks never agree exactly.
	maxAhead = 5 * time.Minute

	codeMalformed = "malformed_clickid"
)

// Mint makes a new id: now's milliseconds and 74 bits from random, which has to be a cryptographic source. It fails
// if random does, or if now lies outside the 48 bits (before 1970, after the year 10000).
func Mint(now time.Time, random io.Reader) (ID, error) {
	var id ID
	ms := now.UnixMilli()
	if ms < 0 || ms >= 1<<48 {
		return ID{}, fmt.Errorf("mint click id: time %s does not fit", now)
	}
	if _, err := io.ReadFull(random, id[6:]); err != nil {
		return ID{}, fmt.Errorf("mint click id: %w", err)
	}
	binary.BigEndian.PutUint16(id[0:], uint16(ms>>32))
	binary.BigEndian.PutUint32(id[2:], uint32(ms))
	id[6] = id[6]&0x0f | 0x70 // version 7
	id[8] = id[8]&0x3f | 0x80 // variant 10
	return id, nil
}

// Time is the millisecond at which the id was minted, UTC.
func (id ID) Time() time.Time {
	ms := int64(binary.BigEndian.Uint16(id[0:]))<<32 | int64(binary.BigEndian.Uint32(id[2:]))
	return time.UnixMilli(ms).UTC()
}

// IsZero tells whether id names no click.
func (id ID) IsZero() bool { return id == ID{} }

// UUID is the form 8-4-4-4-12 in lower-case hex, as databases show it. Clients get Signer.Text instead.
func (id ID) UUID() string {
	var b [36]byte
	hex.Encode(b[0:8], id[0:4])
	b[8] = '-'
	hex.Encode(b[9:13], id[4:6])
	b[13] = '-'
	hex.Encode(b[14:18], id[6:8])
	b[18] = '-'
	hex.Encode(b[19:23], id[8:10])
	b[23] = '-'
	hex.Encode(b[24:36], id[10:16])
	return string(b[:])
}

// ParseUUID reads what UUID wrote (either case). It proves nothing about where the id comes from and takes any
// version, so it is for stored ids; what a client sends goes through Signer.Parse. Errors: malformed_clickid.
func ParseUUID(s string) (ID, error) {
	var id ID
	if len(s) != 36 || s[8] != '-' || s[13] != '-' || s[18] != '-' || s[23] != '-' {
		return ID{}, errs.Invalid(codeMalformed, "a click's UUID has the form 8-4-4-4-12 in hex digits")
	}
	digits := s[0:8] + s[9:13] + s[14:18] + s[19:23] + s[24:36]
	if _, err := hex.Decode(id[:], []byte(digits)); err != nil {
		return ID{}, errs.Invalid(codeMalformed, "a click's UUID has the form 8-4-4-4-12 in hex digits")
	}
	return id, nil
}

// Signer turns ids into the text that clients see and back. The text proves itself, so an invented id costs no
// database look-up. Safe for concurrent use.
type Signer struct {
	keys []*checkKey // the current one first
}

// NewSigner signs under secret and also accepts what was signed under each previous one. Empty previous secrets are
// skipped, for everybody knows them; an empty secret panics, at start-up.
func NewSigner(secret []byte, previous ...[]byte) *Signer {
	if len(secret) == 0 {
		panic("click: the secret is empty")
	}
	s := &Signer{keys: []*checkKey{newCheckKey(secret)}}
	for _, p := range previous {
		if len(p) > 0 {
			s.keys = append(s.keys, newCheckKey(p))
		}
	}
	return s
}

// Text is the form that clients see: 32 characters of [0-9a-z], the id in 26 characters of lower-case Crockford base32
// (as a ULID has it) and 6 characters of check. Texts sort by time.
func (s *Signer) Text(id ID) string {
	var b [textLen]byte
	hi, lo := binary.BigEndian.Uint64(id[:8]), binary.BigEndian.Uint64(id[8:])
	for i := bodyLen - 1; i >= 0; i-- {
		b[i] = crockford[lo&31]
		hi, lo = hi>>5, lo>>5|hi<<59
	}
	check := s.keys[0].check(id)
	for i := textLen - 1; i >= bodyLen; i-- {
		b[i] = crockford[check&31]
		check >>= 5
	}
	return string(b[:])
}

// Parse reads what Text wrote. Exactly one text names an id: upper-case letters are refused as the contract's
// alphabet has none, and so are Crockford's look-alikes i, l, o and u. Errors: malformed_clickid for a wrong length, alphabet, version, check (under the current and every previous
// secret), or a time more than five minutes after now.
func (s *Signer) Parse(text string, now time.Time) (ID, error) {
	if len(text) != textLen {
		return ID{}, errs.Invalid(codeMalformed, "a click id has %d characters, this one has %d", textLen, len(text))
	}
	var hi, lo uint64
	for i := range bodyLen {
		v := crockfordValue[text[i]]
		if v > 31 || i == 0 && v > 7 {
			return ID{}, errs.Invalid(codeMalformed, "character %d cannot stand there in a click id", i+1)
		}
		hi, lo = hi<<5|lo>>59, lo<<5|uint64(v)
	}
	var check uint32
	for i := bodyLen; i < textLen; i++ {
		v := crockfordValue[text[i]]
		if v > 31 {
			return ID{}, errs.Invalid(codeMalformed, "character %d cannot stand there in a click id", i+1)
		}
		check = check<<5 | uint32(v)
	}
	var id ID
	binary.BigEndian.PutUint64(id[:8], hi)
	binary.BigEndian.PutUint64(id[8:], lo)
	if id[6]>>4 != 7 || id[8]>>6 != 2 || !s.signed(id, check) {
		return ID{}, errs.Invalid(codeMalformed,
			"this click id was not made here, or was changed on its way: send it exactly as it was received")
	}
	if id.Time().After(now.Add(maxAhead)) {
		return ID{}, errs.Invalid(codeMalformed, "this click id is of a time still to come: check the servers' clocks")
	}
	return id, nil
}

func (s *Signer) signed(id ID, check uint32) bool {
	for _, k := range s.keys {
		if subtle.ConstantTimeEq(int32(k.check(id)), int32(check)) == 1 {
			return true
		}
	}
	return false
}

// checkKey computes checks under one key. Its pool keeps the HMAC's prepared state and the buffers, which spares the
// hot path two of four hash blocks and every allocation.
type checkKey struct {
	pool sync.Pool
}

type checkState struct {
	mac hash.Hash
	id  ID
	sum [sha256.Size]byte
}

// newCheckKey derives the key, so that other uses of the same secret never share it.
func newCheckKey(secret []byte) *checkKey {
	derive := hmac.New(sha256.New, secret)
	derive.Write([]byte("waypost click id v1"))
	key := derive.Sum(nil)
	k := &checkKey{}
	k.pool.New = func() any { return &checkState{mac: hmac.New(sha256.New, key)} }
	return k
}

// check is the first 30 bits of the HMAC-SHA256 over the id's 16 bytes.
func (k *checkKey) check(id ID) uint32 {
	st := k.pool.Get().(*checkState)
	st.id = id
	st.mac.Reset()
	st.mac.Write(st.id[:])
	sum := st.mac.Sum(st.sum[:0])
	check := binary.BigEndian.Uint32(sum) >> 2
	k.pool.Put(st)
	return check
}

// crockfordValue maps a character to its five bits, and what is no digit to 255.
var crockfordValue = func() (t [256]byte) {
	for i := range t {
		t[i] = 255
	}
	for i := range len(crockford) {
		c := crockford[i]
		t[c] = byte(i)
	}
	return t
}()
