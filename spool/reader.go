package spool

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
)

// source is where Next reads: one segment at a time.
type source struct {
	sg *segment
	f  *os.File
	sc scanner
}

// Next waits for durable records that were not yet delivered and returns at least one and at most max of them (fewer
// if their payloads pass 8 MiB), oldest first, including those of earlier processes. Each is delivered once per
// process; the caller keeps it until it is committed and then names it in Release. Errors: ctx.Err(), ErrClosed, or
// a file that cannot be opened now; the call may then be repeated.
func (s *Spool) Next(ctx context.Context, max int) ([]Entry, error) {
	select {
	case <-s.stop:
		return nil, ErrClosed
	case <-ctx.Done():
		return nil, ctx.Err()
	case s.reading <- struct{}{}:
	}
	defer func() { <-s.reading }()
	for {
		if err := ctx.Err(); err != nil { // before reading: what is read counts as delivered
			return nil, err
		}
		entries, err := s.read(max)
		if err != nil || len(entries) > 0 {
			return entries, err
		}
		select {
		case <-s.avail:
		case <-ctx.Done():
		case <-s.stop:
			return nil, ErrClosed
		}
	}
}

// read returns what there is, up to max records.
func (s *Spool) read(max int) ([]Entry, error) {
	var out []Entry
	for size := 0; ; {
		sg, end := s.undelivered()
		if sg == nil {
			return out, nil
		}
		if err := s.from.open(sg); err != nil {
			if errors.Is(err, fs.ErrNotExist) {
				s.damage(sg, err)
				continue
			}
			if len(out) > 0 {
				return out, nil // the next call meets the error again
			}
			return nil, fmt.Errorf("read spool: %w", err)
		}
		var n int64
		var err error
		for len(out) == 0 || len(out) < max && size < maxBatch {
			var r Record
			if r, err = s.from.sc.next(end); err != nil {
				break
			}
			out = append(out, Entry{Record: r, Segment: sg.id})
			size += len(r.Payload)
			n++
		}
		s.mu.Lock()
		sg.delivered += n
		s.mu.Unlock()
		if err == nil {
			return out, nil
		}
		if err != io.EOF {
			s.damage(sg, err)
		}
	}
}

// undelivered gives the oldest segment with something to read and the offset where its durable records end.
func (s *Spool) undelivered() (*segment, int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, sg := range s.segments {
		if sg.delivered < sg.records {
			return sg, sg.end
		}
	}
	return nil, 0
}

// damage gives up the records of sg that were not delivered; the file stays. The disk lost them after they were
// durable: Open had found them good, or this process wrote them.
func (s *Spool) damage(sg *segment, cause error) {
	s.mu.Lock()
	lost, bytes := sg.records-sg.delivered, sg.end-s.from.sc.off
	sg.records = sg.delivered
	sg.damaged, sg.damagedAt = true, s.from.sc.off
	s.settled(lost)
	gone := s.retire(sg)
	s.mu.Unlock()
	s.o.Log.ErrorContext(context.Background(), "spool: LOST durable records that can no longer be read; the file is kept",
		"segment", sg.path, "offset", s.from.sc.off, "bytes", bytes, "records", lost, "error", cause)
	if gone {
		s.remove(sg)
	}
}

// open makes src stand at the first undelivered record of sg. It leaves a segment only when all of it was delivered or
// given up, so a new one is begun at its start.
func (src *source) open(sg *segment) error {
	if src.sg == sg {
		return nil
	}
	src.close()
	f, err := os.Open(sg.path)
	src.sc = scanner{r: f, off: segmentHeader}
	if err != nil {
		return err
	}
	src.sg, src.f = sg, f
	return nil
}

func (src *source) close() {
	if src.f != nil {
		_ = src.f.Close()
	}
	*src = source{}
}
