package spool

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// SegmentFile is a segment as it lies in the folder, for whoever looks at a spool that another process may have open.
type SegmentFile struct {
	Path    string
	Begun   time.Time // zero where the header cannot be read
	Bytes   int64
	Damaged bool // *.damaged-at-OFFSET: unreadable bytes that were set aside
}

// Inspect lists the segments of a folder, in their order. It opens no spool and changes nothing; a segment that is
// finished meanwhile is left out. A folder that does not exist holds none.
func Inspect(dir string) ([]SegmentFile, error) {
	entries, err := os.ReadDir(dir) // sorted by name, which begins with the number
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("look at spool: %w", err)
	}
	var files []SegmentFile
	for _, e := range entries {
		number, rest, _ := strings.Cut(e.Name(), ".")
		if _, err := strconv.ParseUint(number, 10, 63); err != nil || "."+rest != segmentSuffix && !strings.HasPrefix(rest, "damaged-at-") {
			continue
		}
		file := SegmentFile{Path: filepath.Join(dir, e.Name()), Damaged: "."+rest != segmentSuffix}
		err := file.read()
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("look at spool: %w", err)
		}
		files = append(files, file)
	}
	return files, nil
}

func (s *SegmentFile) read() error {
	f, err := os.Open(s.Path)
	if err != nil {
		return err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	s.Bytes = info.Size()
	head := make([]byte, segmentHeader)
	if n, _ := f.ReadAt(head, 0); n == segmentHeader {
		s.Begun, _ = decodeSegmentHeader(head) // a damaged one is told by the zero time
	}
	return nil
}

// Records counts the good records of a segment file.
func (s SegmentFile) Records() (int64, error) {
	f, err := os.Open(s.Path)
	if err != nil {
		return 0, fmt.Errorf("look at spool: %w", err)
	}
	defer f.Close()
	_, records, _, err := check(f, s.Bytes)
	if errors.Is(err, errShort) || errors.Is(err, errBad) || errors.Is(err, errHeader) {
		err = nil // of a file that is being written, or one whose damage Open reports
	}
	return records, err
}
