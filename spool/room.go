package spool

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
)

// room is a file of zeros that the next segment is written into. A write into blocks that a file has already changes
// none of its metadata, so fdatasync commits no journal: a third of the time and half of the CPU of appending. It is
// made beside the writer once the active segment is half full, so a quiet node never makes one.
type room struct {
	*os.File
}

const roomName = "room"

// Sync makes the data durable, and of the metadata what reading it needs.
func (r room) Sync() error { return syncData(r.File) }

// prepareRoom begins to make room unless that is under way or done.
func (s *Spool) prepareRoom() {
	if !s.rooms || s.roomAsked || s.active.end < s.o.SegmentBytes/2 {
		return
	}
	s.roomAsked = true
	go func() {
		f, err := makeRoom(filepath.Join(s.dir, roomName), s.o.SegmentBytes)
		if err != nil { // a full disk, for one: the segment is appended to
			s.o.Log.WarnContext(context.Background(), "spool: no room is made in advance", "error", err)
			s.room <- nil
			return
		}
		s.room <- &room{f}
	}()
}

func makeRoom(path string, size int64) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return nil, err
	}
	zeros := make([]byte, 256<<10)
	for left := size; left > 0 && err == nil; left -= int64(len(zeros)) {
		_, err = f.Write(zeros[:min(left, int64(len(zeros)))])
	}
	if err == nil {
		err = f.Sync()
	}
	if err == nil {
		_, err = f.Seek(0, io.SeekStart)
	}
	if err != nil {
		return nil, errors.Join(err, f.Close(), os.Remove(path))
	}
	return f, nil
}

// create makes a segment's file: of the room if it is ready, otherwise an empty one.
func (s *Spool) create(path string) (File, error) {
	if s.roomAsked {
		select {
		case r := <-s.room:
			s.roomAsked = false
			if r == nil {
				break
			}
			err := os.Rename(filepath.Join(s.dir, roomName), path)
			if err == nil {
				return r, nil
			}
			_ = r.Close()
		default:
		}
	}
	return s.o.Create(path)
}

// dropRoom ends what prepareRoom began.
func (s *Spool) dropRoom() {
	if s.roomAsked {
		if r := <-s.room; r != nil {
			_ = r.Close()
		}
	}
	_ = os.Remove(filepath.Join(s.dir, roomName))
}
