package outbound

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	gomail "github.com/wneessen/go-mail"

	domainmail "github.com/waypost/waypost/domain/mail"
)

// folderRoom is how many bytes of mails a folder keeps. It shares the disk with the spool, and mails carry files.
const folderRoom = 256 << 20

// MailFolder writes each mail into a file of its own, <time>-<id>.eml, for installations without a mail server. It
// implements mail.Sender. A mail may hold a link that logs in, so nobody but the owner may read the files. The newest
// folderRoom bytes are kept, and the newest mail in any case.
type MailFolder struct {
	dir  string
	from sender
	room int64
}

// NewMailFolder makes the folder where it is missing. An empty from is a sender on localhost.
func NewMailFolder(dir, from string) (*MailFolder, error) {
	if from == "" {
		from = "Waypost <waypost@localhost>"
	}
	s, err := readSender(from)
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("make folder for mail: %w", err)
	}
	return &MailFolder{dir: dir, from: s, room: folderRoom}, nil
}

// Send implements mail.Sender. A file appears as a whole, and a repetition replaces it.
func (f *MailFolder) Send(_ context.Context, d domainmail.Due) error {
	m, err := compose(f.from, d, gomail.WithEncoding(gomail.NoEncoding))
	if err != nil {
		return err
	}
	var b bytes.Buffer
	if _, err := m.WriteTo(&b); err != nil {
		return fmt.Errorf("write mail: %w", err)
	}
	name := filepath.Join(f.dir, d.CreatedAt.UTC().Format("20060102T150405.000Z")+"-"+d.ID.String()+".eml")
	if err := os.WriteFile(name+".part", b.Bytes(), 0o600); err != nil {
		return fmt.Errorf("write mail: %w", err)
	}
	if err := os.Rename(name+".part", name); err != nil {
		return fmt.Errorf("write mail: %w", err)
	}
	if err := f.makeRoom(); err != nil {
		return fmt.Errorf("make room for mail: %w", err)
	}
	return nil
}

// makeRoom removes the oldest mails beyond the room. Their names begin with their times. Another send may remove one first.
func (f *MailFolder) makeRoom() error {
	mails, err := filepath.Glob(filepath.Join(f.dir, "*.eml"))
	if err != nil {
		return err
	}
	slices.Sort(mails)
	slices.Reverse(mails)
	var size int64
	for i, mail := range mails {
		info, err := os.Stat(mail)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return err
		}
		if size += info.Size(); i == 0 || size <= f.room {
			continue
		}
		if err := os.Remove(mail); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}
