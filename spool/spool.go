package spool

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"sync"
	"time"
)

const (
	// MaxPayload is the largest payload of a record, in bytes.
	MaxPayload = 64 << 10

	defaultSegmentBytes = 16 << 20
	segmentAge          = 10 * time.Minute // bounds what a crash delivers again on a quiet node
	retryEvery          = time.Second      // a failing spool tries by itself, so that it recovers without traffic
	stallAfter          = 2 * time.Second  // a write that takes longer counts as a failure in Err
	maxBatch            = 8 << 20          // bytes that may wait for one write, or that one Next returns
)

// The errors of the package, to be asked for with errors.Is.
var (
	ErrLocked     = errors.New("spool: folder is in use by another spool")
	ErrClosed     = errors.New("spool: closed")
	ErrTooLarge   = errors.New("spool: payload is larger than 64 KiB")
	ErrUnwritable = errors.New("spool: cannot be written")

	errStalled = errors.New("a write or fsync has not returned")
)

// Record is what is stored. The spool gives Kind and ID no meaning.
type Record struct {
	Kind    uint8
	ID      [16]byte
	Payload []byte // at most MaxPayload bytes
}

// Entry is a durable record as read back, with the segment to be named in Release.
type Entry struct {
	Record
	Segment uint64
}

// File is the part of an *os.File that the writer needs.
type File interface {
	io.Writer
	Sync() error
	Truncate(size int64) error
	Close() error
}

// Options change how a spool works; the zero value is good.
type Options struct {
	SegmentBytes int64            // a segment of this size or more is sealed; default 16 MiB
	Log          *slog.Logger     // default: none
	Now          func() time.Time // default time.Now

	// Observe is told of each write: how many records it made durable, or failed to, and how long that took. It must
	// return at once. Default: nobody is told.
	Observe func(records int64, took time.Duration, err error)

	// Create makes a new segment file for writing; it must fail if the file exists. Default: os.OpenFile. Tests use it
	// to inject failures of the disk.
	Create func(path string) (File, error)
}

// Spool is an open spool folder. All methods may be called concurrently.
type Spool struct {
	dir  string
	o    Options
	lock *os.File

	wake    chan struct{} // one token: pending is not empty
	stop    chan struct{} // closed by Close
	stopped chan struct{} // closed when the writer has ended

	avail   chan struct{} // one token: there may be more to read
	reading chan struct{} // one place, held by the Next call that may use from
	from    source

	// Owned by the writer goroutine.
	active *segment // nil: the next batch opens a segment
	file   File
	lastID uint64

	rooms     bool       // files are made in the folder, not by a test
	roomAsked bool       // by the writer: room will bring one, or nil
	room      chan *room // holds one

	mu         sync.Mutex
	pending    *batch
	spare      []byte     // buffer of the batch before last
	segments   []*segment // oldest first, the active one last
	unreleased int64
	drained    chan struct{} // closed and cleared when unreleased falls to 0; nil if nobody waits
	closed     bool
	writing    time.Time // start of the write under way; zero: none
	failedAt   time.Time
	failure    error // of the last write; nil: it worked
}

// batch is what one write and one fsync make durable.
type batch struct {
	buf  []byte
	n    int64
	done chan struct{}
	err  error // valid once done is closed
}

// Open opens the spool in dir, making the folder if needed, checks all that earlier processes left and cuts a torn
// tail. ErrLocked if a spool, in this or another process, has it open. It creates no segment before the first Append,
// so it works on a full disk. The caller owns the Spool and must Close it.
func Open(dir string, o Options) (*Spool, error) {
	if o.SegmentBytes <= 0 {
		o.SegmentBytes = defaultSegmentBytes
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Observe == nil {
		o.Observe = func(int64, time.Duration, error) {}
	}
	rooms := o.Create == nil
	if rooms {
		o.Create = createFile
	}
	if err := makeDir(dir); err != nil {
		return nil, fmt.Errorf("open spool: %w", err)
	}
	lock, err := lockDir(dir)
	if err != nil {
		return nil, fmt.Errorf("open spool %s: %w", dir, err)
	}
	s := &Spool{
		dir: dir, o: o, lock: lock,
		wake: make(chan struct{}, 1), stop: make(chan struct{}), stopped: make(chan struct{}),
		avail: make(chan struct{}, 1), reading: make(chan struct{}, 1),
		pending: &batch{done: make(chan struct{})},
		rooms:   rooms, room: make(chan *room, 1),
	}
	s.dropRoom() // that a crash left
	if err := s.recover(); err != nil {
		_ = unlockDir(lock)
		return nil, fmt.Errorf("open spool %s: %w", dir, err)
	}
	go s.run()
	return s, nil
}

// Append stores r and returns nil once it is on disk. The payload is copied before the first wait. Errors: ErrTooLarge;
// ErrUnwritable if the disk failed or the spool is closed (then also ErrClosed); ctx.Err() if ctx ends first, in which
// case the record may or may not be stored.
func (s *Spool) Append(ctx context.Context, r Record) error {
	if len(r.Payload) > MaxPayload {
		return fmt.Errorf("%w: %d bytes", ErrTooLarge, len(r.Payload))
	}
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		b, queued, err := s.enqueue(r)
		if err != nil {
			return err
		}
		select {
		case <-b.done:
			if queued {
				return b.err
			}
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// enqueue adds r to the pending batch. If that is full, queued is false and the caller tries again when it is done:
// callers that give up while a disk hangs must not fill the memory.
func (s *Spool) enqueue(r Record) (b *batch, queued bool, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil, false, fmt.Errorf("%w: %w", ErrUnwritable, ErrClosed)
	}
	b = s.pending
	if len(b.buf)+recordHeader+bodyHeader+len(r.Payload) > maxBatch {
		return b, false, nil
	}
	b.buf = appendRecord(b.buf, r)
	if b.n++; b.n == 1 {
		signal(s.wake)
	}
	return b, true, nil
}

// Release says that n of the records of the segment that Next delivered are settled, in whatever order. A sealed
// segment whose records are all released is deleted.
func (s *Spool) Release(segment uint64, n int) {
	s.mu.Lock()
	sg := s.find(segment)
	if sg == nil || n < 0 || sg.released+int64(n) > sg.delivered {
		s.mu.Unlock()
		// A fault of the caller. Doing nothing keeps the file, which costs a second delivery and no record.
		s.o.Log.ErrorContext(context.Background(), "spool: release of records that were not delivered",
			"segment", segment, "records", n)
		return
	}
	sg.release(int64(n))
	s.settled(int64(n))
	gone := s.retire(sg)
	s.mu.Unlock()
	if gone {
		s.remove(sg)
	}
}

// Unreleased gives the number of durable records that are not released and the time at which the oldest was stored
// (zero if there is none). The time is exact to a second for records of this process; for those of earlier ones it is
// when their segment was begun, up to ten minutes early. Releases count as made in the order of delivery.
func (s *Spool) Unreleased() (records int64, oldest time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, sg := range s.segments {
		if sg.released < sg.records {
			return s.unreleased, sg.oldest()
		}
	}
	return s.unreleased, time.Time{}
}

// WaitDrained waits until every durable record is released. It returns ctx.Err() or ErrClosed if that ends first.
func (s *Spool) WaitDrained(ctx context.Context) error {
	s.mu.Lock()
	if s.unreleased == 0 {
		s.mu.Unlock()
		return nil
	}
	if s.drained == nil {
		s.drained = make(chan struct{})
	}
	drained := s.drained
	s.mu.Unlock()
	select {
	case <-drained:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	case <-s.stop:
		return ErrClosed
	}
}

// Err tells whether the spool is failing: the last write failed, or the one under way has not returned for two
// seconds. It gives the error and since when; nil if all is well. A failing spool tries to write every second.
func (s *Spool) Err() (since time.Time, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.failure != nil:
		return s.failedAt, s.failure
	case !s.writing.IsZero() && s.o.Now().Sub(s.writing) > stallAfter:
		return s.writing, fmt.Errorf("%w: %w", ErrUnwritable, errStalled)
	}
	return time.Time{}, nil
}

// Close refuses new appends, writes those that wait, seals the active segment, deletes it if all is released, and
// unlocks the folder. It returns when the disk does. Further calls do nothing.
func (s *Spool) Close() error {
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		<-s.stopped
		return nil
	}
	s.closed = true
	s.mu.Unlock()
	close(s.stop)
	<-s.stopped
	s.reading <- struct{}{} // for good: a Next that is reading ends first, no other begins
	s.from.close()
	if err := unlockDir(s.lock); err != nil {
		return fmt.Errorf("close spool: %w", err)
	}
	return nil
}

// settled takes n records off the backlog. The caller holds mu.
func (s *Spool) settled(n int64) {
	s.unreleased -= n
	if s.unreleased == 0 && s.drained != nil {
		close(s.drained)
		s.drained = nil
	}
}

// signal leaves a token unless one lies there.
func signal(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}
