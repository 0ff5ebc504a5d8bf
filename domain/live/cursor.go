package live

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"slices"
	"time"

	"github.com/waypost/waypost/domain/errs"
)

// Cursor remembers what was told. The zero Cursor begins.
type Cursor struct {
	told time.Time // the time of the poll; zero = begin
	seen []mark    // sorted
}

// mark is the beginning of the SHA-256 of what makes an event one of its own.
type mark [markBytes]byte

const (
	markBytes = 6
	maxMarks  = 3 * MostRows
)

func markOf(key string) mark {
	sum := sha256.Sum256([]byte(key))
	return mark(sum[:markBytes])
}

func (c Cursor) has(m mark) bool {
	_, found := slices.BinarySearchFunc(c.seen, m, compareMarks)
	return found
}

func compareMarks(a, b mark) int { return slices.Compare(a[:], b[:]) }

// String is the cursor for a client, opaque to it.
func (c Cursor) String() string {
	b := binary.BigEndian.AppendUint64(nil, uint64(c.told.UnixMilli()))
	for _, m := range c.seen {
		b = append(b, m[:]...)
	}
	return base64.RawURLEncoding.EncodeToString(b)
}

// ParseCursor reads what String made; "" begins. Errors: invalid_cursor.
func ParseCursor(s string) (Cursor, error) {
	if s == "" {
		return Cursor{}, nil
	}
	b, err := base64.RawURLEncoding.DecodeString(s)
	if err != nil || len(b) < 8 || (len(b)-8)%markBytes != 0 || (len(b)-8)/markBytes > maxMarks {
		return Cursor{}, errs.Invalid("invalid_cursor", "is not one that a poll gave; start again without it").At("query.after")
	}
	c := Cursor{told: time.UnixMilli(int64(binary.BigEndian.Uint64(b) % (1 << 47))).UTC()}
	for b = b[8:]; len(b) > 0; b = b[markBytes:] {
		c.seen = append(c.seen, mark(b[:markBytes]))
	}
	slices.SortFunc(c.seen, compareMarks)
	return c, nil
}
