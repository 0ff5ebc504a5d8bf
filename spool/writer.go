package spool

import (
	"context"
	"fmt"
	"io"
	"time"
)

// run is the writer: it takes everything that was queued while the previous fsync ran.
func (s *Spool) run() {
	defer close(s.stopped)
	for stopping := false; !stopping; {
		var retry <-chan time.Time
		if s.failure != nil { // only this goroutine sets it
			retry = time.After(retryEvery)
		}
		select {
		case <-s.wake:
		case <-retry:
		case <-s.stop:
			stopping = true
		}
		s.flush()
	}
	if s.active != nil {
		s.seal(false)
	}
	s.dropRoom()
}

// flush writes the pending batch, if any. Without one it tries to recover from a failure by opening a segment.
func (s *Spool) flush() {
	now := s.o.Now()
	b := s.take(now)
	if b == nil && s.failure == nil {
		return
	}
	began := time.Now() // durations are the machine's
	err := s.ensureSegment(now)
	if err == nil && b != nil {
		err = writeSync(s.file, b.buf)
	}
	took := time.Since(began)
	s.settle(b, now, err)
	if b != nil {
		s.o.Observe(b.n, took, err)
	}
	if s.active != nil {
		s.prepareRoom()
	}
}

// take gives the pending batch, or nil if it is empty, and puts a new one in its place.
func (s *Spool) take(now time.Time) *batch {
	s.mu.Lock()
	defer s.mu.Unlock()
	b := s.pending
	if b.n == 0 {
		return nil
	}
	s.pending = &batch{buf: s.spare, done: make(chan struct{})}
	s.spare = nil
	s.writing = now
	return b
}

// ensureSegment sees that there is an active segment with room.
func (s *Spool) ensureSegment(now time.Time) error {
	if s.active != nil {
		s.mu.Lock()
		damaged := s.active.damaged
		s.mu.Unlock()
		if !damaged && s.active.end < s.o.SegmentBytes && now.Sub(s.active.created) < segmentAge {
			return nil
		}
		s.seal(false)
	}
	s.lastID++ // also after a failure, which may have left a file
	sg := &segment{id: s.lastID, path: s.path(s.lastID), created: now, end: segmentHeader}
	f, err := s.create(sg.path)
	if err != nil {
		return err
	}
	if err = writeSync(f, appendSegmentHeader(nil, now)); err == nil {
		err = syncDir(s.dir)
	}
	if err != nil {
		_ = f.Close()
		s.remove(sg)
		return err
	}
	s.active, s.file = sg, f
	s.mu.Lock()
	s.segments = append(s.segments, sg)
	s.mu.Unlock()
	return nil
}

// settle makes the outcome of a write known: to the reader, to Err and to those who wait for b (which may be nil).
func (s *Spool) settle(b *batch, now time.Time, err error) {
	s.mu.Lock()
	s.writing = time.Time{}
	if b != nil {
		if err == nil && s.active.damaged {
			err = errBad // reading stops before these records, so they must not be acknowledged
		}
		if err == nil {
			s.active.extend(b, now)
			s.unreleased += b.n
		}
		if cap(b.buf) <= maxBatch/8 { // one flood must not be kept for ever
			s.spare = b.buf[:0]
		}
	}
	before, since := s.failure, s.failedAt
	s.failure = nil
	if err != nil {
		s.failure = fmt.Errorf("%w: %w", ErrUnwritable, err)
		if before == nil {
			s.failedAt = now
		}
	}
	failure := s.failure
	s.mu.Unlock()

	switch {
	case failure != nil && before == nil:
		s.o.Log.ErrorContext(context.Background(), "spool: cannot be written", "error", err)
	case failure == nil && before != nil:
		s.o.Log.InfoContext(context.Background(), "spool: can be written again", "failing_since", since)
	}
	if failure != nil && s.active != nil {
		s.seal(true)
	}
	if b != nil {
		b.err = failure
		close(b.done)
		if failure == nil {
			signal(s.avail)
		}
	}
}

// seal ends the active segment. It first cuts what is not durable after a failure, and room that was not used: zeros at
// the end of any but the last segment count as damage.
func (s *Spool) seal(failed bool) {
	sg, f := s.active, s.file
	s.active, s.file = nil, nil
	if _, ok := f.(*room); ok && sg.end < s.o.SegmentBytes || failed {
		err := f.Truncate(sg.end)
		if err == nil {
			err = f.Sync()
		}
		if err != nil {
			s.o.Log.ErrorContext(context.Background(), "spool: a segment cannot be cut: refused records may be delivered after a restart",
				"segment", sg.path, "durable_bytes", sg.end, "refused", failed, "error", err)
		}
	}
	_ = f.Close() // what counts is fsynced
	s.mu.Lock()
	sg.sealed = true
	gone := s.retire(sg)
	s.mu.Unlock()
	if gone {
		s.remove(sg)
	}
}

// writeSync makes data durable at the end of f.
func writeSync(f File, data []byte) error {
	n, err := f.Write(data)
	if err == nil && n < len(data) {
		err = io.ErrShortWrite
	}
	if err != nil {
		return err
	}
	return f.Sync()
}
