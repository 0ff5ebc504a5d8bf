package domain

import (
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"io"
	"time"
)

// UUID is a version 7 UUID (RFC 9562): 48 bits of Unix milliseconds and 74 random bits. Concepts embed it in an id
// type of their own, so that a conversion's id cannot be passed for a delivery's.
type UUID [16]byte

// NewUUID makes a UUID for the instant now from a cryptographic source.
func NewUUID(now time.Time, random io.Reader) (UUID, error) {
	var id UUID
	if _, err := io.ReadFull(random, id[6:]); err != nil {
		return UUID{}, fmt.Errorf("read randomness: %w", err)
	}
	binary.BigEndian.PutUint16(id[0:], uint16(now.UnixMilli()>>32))
	binary.BigEndian.PutUint32(id[2:], uint32(now.UnixMilli()))
	id[6] = id[6]&0x0f | 0x70
	id[8] = id[8]&0x3f | 0x80
	return id, nil
}

// FirstUUID is the least id of at's millisecond, as a bound: ids are in the order of their milliseconds.
func FirstUUID(at time.Time) UUID {
	const last = 1<<48 - 1
	ms := min(max(at.UnixMilli(), 0), last)
	var id UUID
	binary.BigEndian.PutUint16(id[0:], uint16(ms>>32))
	binary.BigEndian.PutUint32(id[2:], uint32(ms))
	return id
}

// Time is the millisecond that the id was made in, UTC.
func (id UUID) Time() time.Time {
	ms := int64(binary.BigEndian.Uint16(id[0:]))<<32 | int64(binary.BigEndian.Uint32(id[2:]))
	return time.UnixMilli(ms).UTC()
}

// String is the canonical form of 36 characters.
func (id UUID) String() string {
	var b [36]byte
	hex.Encode(b[0:8], id[0:4])
	hex.Encode(b[9:13], id[4:6])
	hex.Encode(b[14:18], id[6:8])
	hex.Encode(b[19:23], id[8:10])
	hex.Encode(b[24:36], id[10:16])
	b[8], b[13], b[18], b[23] = '-', '-', '-', '-'
	return string(b[:])
}

// IsZero tells an id that was never set.
func (id UUID) IsZero() bool { return id == UUID{} }

// ParseUUID reads the canonical form; any other text is no id (false).
func ParseUUID(s string) (UUID, bool) {
	var id UUID
	if len(s) != 36 || s[8] != '-' || s[13] != '-' || s[18] != '-' || s[23] != '-' {
		return UUID{}, false
	}
	hexed := s[0:8] + s[9:13] + s[14:18] + s[19:23] + s[24:36]
	if _, err := hex.Decode(id[:], []byte(hexed)); err != nil {
		return UUID{}, false
	}
	return id, true
}
