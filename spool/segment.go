package spool

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"time"
)

const (
	segmentMagic   = "WPSPOOL\x00"
	segmentVersion = 1
	segmentHeader  = 24
	recordHeader   = 8
	bodyHeader     = 17      // kind and id
	window         = 1 << 20 // bytes read at once; more than the largest record
)

var (
	errBad     = errors.New("record fails its check")
	errShort   = errors.New("record is incomplete")
	errHeader  = errors.New("segment header fails its check")
	errVersion = errors.New("segment was written by another version of the program")

	castagnoli = crc32.MakeTable(crc32.Castagnoli)
)

// segment is what is known of one file. All but id, path and created is guarded by Spool.mu; end is also read by the
// writer, which alone changes it.
type segment struct {
	id      uint64
	path    string
	created time.Time

	end       int64 // offset behind the last durable record
	records   int64 // durable and readable
	delivered int64
	released  int64
	marks     []mark
	sealed    bool
	damaged   bool  // bytes from damagedAt on cannot be read: never delete the file
	damagedAt int64 // offset
}

// mark notes when the record of this index was stored.
type mark struct {
	index int64
	at    time.Time
}

func (sg *segment) extend(b *batch, now time.Time) {
	if n := len(sg.marks); n == 0 || now.Sub(sg.marks[n-1].at) >= time.Second {
		sg.marks = append(sg.marks, mark{sg.records, now})
	}
	sg.end += int64(len(b.buf))
	sg.records += b.n
}

func (sg *segment) release(n int64) {
	sg.released += n
	for len(sg.marks) > 1 && sg.marks[1].index <= sg.released {
		sg.marks = sg.marks[1:]
	}
}

// oldest is when the first record that is not released was stored.
func (sg *segment) oldest() time.Time {
	if len(sg.marks) == 0 {
		return sg.created
	}
	return sg.marks[0].at
}

func appendSegmentHeader(b []byte, created time.Time) []byte {
	n := len(b)
	b = append(b, segmentMagic...)
	b = binary.LittleEndian.AppendUint32(b, segmentVersion)
	b = binary.LittleEndian.AppendUint64(b, uint64(created.UnixMilli()))
	return binary.LittleEndian.AppendUint32(b, crc32.Checksum(b[n:], castagnoli))
}

func decodeSegmentHeader(b []byte) (created time.Time, err error) {
	if len(b) < segmentHeader {
		return time.Time{}, errShort
	}
	if string(b[:8]) != segmentMagic || crc32.Checksum(b[:20], castagnoli) != binary.LittleEndian.Uint32(b[20:]) {
		return time.Time{}, errHeader
	}
	if v := binary.LittleEndian.Uint32(b[8:]); v != segmentVersion {
		return time.Time{}, fmt.Errorf("%w: %d", errVersion, v)
	}
	return time.UnixMilli(int64(binary.LittleEndian.Uint64(b[12:]))), nil
}

func appendRecord(b []byte, r Record) []byte {
	n := len(b)
	b = binary.LittleEndian.AppendUint32(b, uint32(bodyHeader+len(r.Payload)))
	b = append(b, 0, 0, 0, 0, r.Kind)
	b = append(b, r.ID[:]...)
	b = append(b, r.Payload...)
	binary.LittleEndian.PutUint32(b[n+4:], crc32.Checksum(b[n+recordHeader:], castagnoli))
	return b
}

// decodeRecord reads the record at the start of b and gives its size on disk. The payload is a part of b. errShort
// if b ends before the record does, errBad if it is none.
func decodeRecord(b []byte) (r Record, size int, err error) {
	if len(b) < recordHeader {
		return Record{}, 0, errShort
	}
	body := int64(binary.LittleEndian.Uint32(b))
	if body < bodyHeader || body > bodyHeader+MaxPayload {
		return Record{}, 0, errBad
	}
	if int64(len(b)-recordHeader) < body {
		return Record{}, 0, errShort
	}
	size = recordHeader + int(body)
	if crc32.Checksum(b[recordHeader:size], castagnoli) != binary.LittleEndian.Uint32(b[4:]) {
		return Record{}, 0, errBad
	}
	r.Kind = b[8]
	copy(r.ID[:], b[9:25])
	r.Payload = b[25:size:size]
	return r, size, nil
}

// scanner reads records one after another. Records that it returned stay valid.
type scanner struct {
	r   io.ReaderAt
	off int64  // of the next record
	buf []byte // what was read ahead, from off on
}

// next gives the record at off, which must end at or before end. io.EOF at end; errShort or errBad as decodeRecord.
func (sc *scanner) next(end int64) (Record, error) {
	if sc.off >= end {
		return Record{}, io.EOF
	}
	r, size, err := decodeRecord(sc.buf)
	if err == errShort && int64(len(sc.buf)) < end-sc.off {
		buf := make([]byte, min(end-sc.off, window))
		n, readErr := sc.r.ReadAt(buf, sc.off)
		sc.buf = buf[:n]
		if r, size, err = decodeRecord(sc.buf); err == errShort && n < len(buf) {
			err = fmt.Errorf("%w: %w", errShort, readErr)
		}
	}
	if err != nil {
		return Record{}, err
	}
	sc.buf = sc.buf[size:]
	sc.off += int64(size)
	return r, nil
}

// check reads a whole segment of size bytes: when it was begun (zero if the header is damaged, which does not keep its
// records from being read), how many good records it begins with and where they end. err says why it ends there; nil
// if that is the end of the file.
func check(r io.ReaderAt, size int64) (created time.Time, records, end int64, err error) {
	head := make([]byte, min(size, segmentHeader))
	if n, err := r.ReadAt(head, 0); n < len(head) {
		return time.Time{}, 0, 0, err
	}
	created, err = decodeSegmentHeader(head)
	if err != nil && err != errHeader {
		return time.Time{}, 0, 0, err
	}
	sc := scanner{r: r, off: segmentHeader}
	for {
		if _, e := sc.next(size); e == io.EOF {
			return created, records, sc.off, err
		} else if e != nil {
			return created, records, sc.off, e
		}
		records++
	}
}
