// Package mail is what Waypost writes to people. A mail is a row that is written in the transaction of the deed that it
// tells of, and sent after the commit: at least once, under an id that stays the same.
package mail

import (
	"context"
	"regexp"
	"time"

	"github.com/waypost/waypost/domain"
	"github.com/waypost/waypost/domain/errs"
	"github.com/waypost/waypost/domain/field"
)

// ID names a mail.
type ID struct{ domain.UUID }

// Message is a mail in plain text to one address. It may carry a file.
type Message struct {
	To      string
	Subject string
	Text    string
	File    *File // nil = none
}

// File is what a mail carries besides its text.
type File struct {
	Name string // as it is saved: letters, digits and . _ -
	Type string // media type
	Data []byte
}

// MaxFile is the largest file that a mail carries, in bytes: what common servers take, coded as text.
const MaxFile = 5 << 20

// fileName and mediaType are what can end no header line and leave no folder.
var (
	fileName  = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_-]{0,99}(\.[A-Za-z0-9]{1,10}){0,2}$`)
	mediaType = regexp.MustCompile(`^[a-z]{1,20}/[a-z0-9.+-]{1,100}$`)
)

func (f *File) check() error {
	switch {
	case f == nil:
		return nil
	case !fileName.MatchString(f.Name):
		return errs.Invalid("invalid_file_name", "a file's name has letters, digits, _ and -, and an ending")
	case !mediaType.MatchString(f.Type):
		return errs.Invalid("invalid_file_type", "a file's type is a media type such as text/csv")
	case len(f.Data) > MaxFile:
		return errs.Invalid("file_too_large", "a mail carries at most %d bytes", MaxFile)
	}
	return nil
}

// maxSubject is the longest subject, in characters.
const maxSubject = 300

// Check is an Invalid error for a message that no server may get: an address that is none, a subject that would end
// its header line, or a file that is too large or oddly named.
func (m Message) Check() error {
	var c field.Checks
	to, err := field.Email(m.To)
	if err == nil && (to == "" || to != m.To) {
		err = errs.Invalid("invalid_email", "must be an e-mail address such as name@example.com")
	}
	c.Add("to", err)
	_, err = field.Text(m.Subject, maxSubject)
	c.Add("subject", err)
	c.Add("file", m.File.check())
	return c.Err()
}

// Limit is how long one try may take: a file is long on its way.
func (m Message) Limit() time.Duration {
	if m.File != nil {
		return 3 * SendLimit
	}
	return SendLimit
}

// Outbox takes mails to be sent after the commit.
type Outbox interface {
	// Queue writes the mail in the caller's open transaction.
	Queue(ctx context.Context, m Message) error
}

// Due is a mail that was claimed. It is this process's until Until, by the database's clock.
type Due struct {
	ID        ID
	CreatedAt time.Time
	Message   Message
	Tries     int // made before
	Until     time.Time
	Fault     error // why the message cannot be read; nil if it can
}

// waits is how long to wait after the first, second … failed try.
var waits = []time.Duration{time.Minute, 5 * time.Minute, 30 * time.Minute, 2 * time.Hour, 6 * time.Hour, 24 * time.Hour}

// wait is how long to wait after a failed try, of which there were so many before; false means to give up.
func wait(tries int, err error) (time.Duration, bool) {
	if errs.Is(err, errs.KindInvalid) || tries >= len(waits) {
		return 0, false
	}
	return waits[max(tries, 0)], true
}
