package conversion

import (
	"encoding/binary"
	"errors"
	"strings"
	"time"

	"github.com/waypost/waypost/domain/account"
	"github.com/waypost/waypost/domain/advertiser"
)

// Call is one request to /postback or a pixel, as it came. It is all that a decision needs from the request, so that a
// stored call can be decided later exactly as it would have been at once.
type Call struct {
	ID          LogID
	ReceivedAt  time.Time // to the millisecond; rules of time (window, age of a signature) are asked about this instant
	Method      string
	Path        string
	RawQuery    string
	ContentType string
	Body        []byte
	IP          string // of the client, as far as proxies are trusted
	Signature   string // header Waypost-Signature
	Cookie      string // click id of the pixel's cookie; taken where the call names none

	// Rehearsal is who sent the call from a portal, as a test in the place of the advertiser InPlaceOf; zero for a call
	// from outside.
	Rehearsal Rehearser
	InPlaceOf advertiser.ID

	// Limited says that the door answered rate_limited: the call is only logged, at no look-up's cost, unless it is
	// replayed.
	Limited bool

	// LogPending asks for a final answer although the click's row has not arrived: the call is logged as queued
	// (click_pending). Without it such a call is answered ClickPending and leaves no trace, for the door waits and
	// asks again. It is the asker's wish, not part of the record.
	LogPending bool
	// AlwaysOK says that the advertiser whose token the call carries wants HTTP 200 whatever the outcome; it counts
	// where nothing else tells whose call it is. The door's knowledge, not part of the record.
	AlwaysOK bool
}

// Pixel tells a call that a visitor's browser made, not an advertiser's server.
func (c Call) Pixel() bool { return strings.HasPrefix(c.Path, "/pixel") }

// A record's version; that of a limited call has the same layout, that of a rehearsal ends with who sent it
// for whom.
const (
	recordVersion          = 1
	limitedRecordVersion   = 2
	rehearsalRecordVersion = 3
)

var errRecord = errors.New("not a record of a call")

// AppendRecord appends the call in the form that ParseCall reads: for the spool and the sealed column of the log.
// Layout: version byte, id, received at (Unix ms), then each text as its length and bytes; of a rehearsal the role as one
// more text, then the ids of user and advertiser.
func (c Call) AppendRecord(dst []byte) []byte {
	version := byte(recordVersion)
	texts := []string{c.Method, c.Path, c.RawQuery, c.ContentType, string(c.Body), c.IP, c.Signature, c.Cookie}
	switch {
	case c.Limited:
		version = limitedRecordVersion
	case !c.Rehearsal.IsZero():
		version, texts = rehearsalRecordVersion, append(texts, string(c.Rehearsal.Role))
	}
	dst = append(dst, version)
	dst = append(dst, c.ID.UUID[:]...)
	dst = binary.AppendVarint(dst, c.ReceivedAt.UnixMilli())
	for _, s := range texts {
		dst = binary.AppendUvarint(dst, uint64(len(s)))
		dst = append(dst, s...)
	}
	if version == rehearsalRecordVersion {
		dst = binary.AppendVarint(binary.AppendVarint(dst, int64(c.Rehearsal.UserID)), int64(c.InPlaceOf))
	}
	return dst
}

// ParseCall reads one record of AppendRecord, exactly; anything else is an error.
func ParseCall(b []byte) (Call, error) {
	var c Call
	if len(b) < 1+len(c.ID.UUID) || b[0] < recordVersion || b[0] > rehearsalRecordVersion {
		return Call{}, errRecord
	}
	c.Limited = b[0] == limitedRecordVersion
	rehearsal := b[0] == rehearsalRecordVersion
	b = b[1:]
	b = b[copy(c.ID.UUID[:], b):]
	ms, n := binary.Varint(b)
	if n <= 0 {
		return Call{}, errRecord
	}
	b = b[n:]
	c.ReceivedAt = time.UnixMilli(ms).UTC()
	var body, role string
	texts := []*string{&c.Method, &c.Path, &c.RawQuery, &c.ContentType, &body, &c.IP, &c.Signature, &c.Cookie}
	if rehearsal {
		texts = append(texts, &role)
	}
	for _, s := range texts {
		size, n := binary.Uvarint(b)
		if n <= 0 || size > uint64(len(b)-n) {
			return Call{}, errRecord
		}
		*s = string(b[n : n+int(size)])
		b = b[n+int(size):]
	}
	if rehearsal {
		user, n := binary.Varint(b)
		if n <= 0 || role == "" {
			return Call{}, errRecord
		}
		of, m := binary.Varint(b[n:])
		if m <= 0 {
			return Call{}, errRecord
		}
		c.Rehearsal, c.InPlaceOf, b = Rehearser{UserID: account.UserID(user), Role: account.Role(role)}, advertiser.ID(of), b[n+m:]
	}
	if len(b) > 0 {
		return Call{}, errRecord
	}
	if body != "" {
		c.Body = []byte(body)
	}
	return c, nil
}
