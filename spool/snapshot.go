package spool

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io/fs"
	"os"
	"path/filepath"
)

const (
	snapshotMagic  = "WPSNAP\x00\x01"
	snapshotHeader = 20 // magic, length uint64, CRC32C uint32, little-endian
)

// What ReadSnapshot finds instead of a snapshot.
var (
	ErrNoSnapshot = errors.New("spool: no snapshot")
	ErrCorrupt    = errors.New("spool: snapshot is damaged")
)

// WriteSnapshot replaces the file at path by data, atomically and durably: after a crash the old or the new one is
// there. One caller per path at a time (it writes path.tmp first).
func WriteSnapshot(path string, data []byte) (err error) {
	tmp := path + ".tmp"
	f, err := os.OpenFile(tmp, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return fmt.Errorf("write snapshot: %w", err)
	}
	defer func() {
		if err != nil {
			_ = f.Close()
			_ = os.Remove(tmp)
			err = fmt.Errorf("write snapshot: %w", err)
		}
	}()
	head := []byte(snapshotMagic)
	head = binary.LittleEndian.AppendUint64(head, uint64(len(data)))
	head = binary.LittleEndian.AppendUint32(head, crc32.Checksum(data, castagnoli))
	if _, err = f.Write(head); err != nil {
		return err
	}
	if err = writeSync(f, data); err != nil {
		return err
	}
	if err = f.Close(); err != nil {
		return err
	}
	if err = os.Rename(tmp, path); err != nil {
		return err
	}
	return syncDir(filepath.Dir(path))
}

// ReadSnapshot gives what WriteSnapshot wrote last. ErrNoSnapshot if there is none, ErrCorrupt if it is not whole.
func ReadSnapshot(path string) ([]byte, error) {
	b, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%w: %s", ErrNoSnapshot, path)
	}
	if err != nil {
		return nil, fmt.Errorf("read snapshot: %w", err)
	}
	if len(b) < snapshotHeader || string(b[:8]) != snapshotMagic {
		return nil, fmt.Errorf("%w: %s", ErrCorrupt, path)
	}
	data := b[snapshotHeader:]
	if binary.LittleEndian.Uint64(b[8:]) != uint64(len(data)) ||
		binary.LittleEndian.Uint32(b[16:]) != crc32.Checksum(data, castagnoli) {
		return nil, fmt.Errorf("%w: %s", ErrCorrupt, path)
	}
	return data, nil
}
