package click

import (
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/waypost/waypost/domain/advertiser"
	"github.com/waypost/waypost/domain/affiliate"
	"github.com/waypost/waypost/domain/offer"
)

// RecordKind marks a click among the records of a spool.
const RecordKind uint8 = 1

const (
	recordVersion = 1
	flagRobot     = 1
)

var errRecordShort = errors.New("click record ends too early")

// AppendRecord appends the click in the form that the spool keeps: a version, flags, the numbers as varints, the texts
// with their lengths. The id is not part of it, for the spool stores it beside the payload.
func (c *Click) AppendRecord(dst []byte) []byte {
	var flags byte
	if c.Robot {
		flags |= flagRobot
	}
	dst = append(dst, recordVersion, flags)
	dst = binary.AppendVarint(dst, int64(c.OfferID))
	dst = binary.AppendVarint(dst, int64(c.AffiliateID))
	dst = binary.AppendVarint(dst, int64(c.AdvertiserID))
	for i := range recordTexts {
		s := *c.text(i)
		dst = binary.AppendUvarint(dst, uint64(len(s)))
		dst = append(dst, s...)
	}
	return dst
}

// ParseRecord reads what AppendRecord wrote.
func ParseRecord(id ID, payload []byte) (Click, error) {
	if len(payload) < 2 {
		return Click{}, errRecordShort
	}
	if payload[0] != recordVersion {
		return Click{}, fmt.Errorf("click record of version %d: this build reads version %d", payload[0], recordVersion)
	}
	c := Click{ID: id}
	c.Robot = payload[1]&flagRobot != 0
	rest := payload[2:]
	var numbers [3]int64
	for i := range numbers {
		v, n := binary.Varint(rest)
		if n <= 0 {
			return Click{}, errRecordShort
		}
		numbers[i], rest = v, rest[n:]
	}
	c.OfferID, c.AffiliateID, c.AdvertiserID = offer.ID(numbers[0]), affiliate.ID(numbers[1]), advertiser.ID(numbers[2])
	for i := range recordTexts {
		size, n := binary.Uvarint(rest)
		if n <= 0 || size > uint64(len(rest)-n) {
			return Click{}, errRecordShort
		}
		*c.text(i) = string(rest[n : n+int(size)])
		rest = rest[n+int(size):]
	}
	if len(rest) > 0 {
		return Click{}, fmt.Errorf("click record holds %d bytes too many", len(rest))
	}
	return c, nil
}

const recordTexts = 15 + SubCount

// text is the i-th text of the record. The order is part of the version.
func (c *Click) text(i int) *string {
	switch i {
	case 0:
		return (*string)(&c.Reason)
	case 1:
		return &c.AffClickID
	case 2:
		return &c.Source
	case 3:
		return &c.LandingPageID
	case 4:
		return &c.CreativeID
	case 5:
		return &c.DeepLink
	case 6:
		return &c.Coupon
	case 7:
		return &c.IP
	case 8:
		return &c.UserAgent
	case 9:
		return &c.Referrer
	case 10:
		return &c.Language
	case 11:
		return &c.Country
	case 12:
		return &c.Device
	case 13:
		return &c.OS
	case 14:
		return &c.Browser
	}
	return &c.Subs[i-15]
}
