package pgstore

import (
	"context"
	"crypto/rand"
	"time"

	"gorm.io/gorm"

	"github.com/waypost/waypost/domain"
	"github.com/waypost/waypost/domain/errs"
	"github.com/waypost/waypost/domain/mail"
)

// Mails keeps mails to be sent; it implements mail.Store.
type Mails struct{ db *DB }

// Mails is the store of mails.
func (db *DB) Mails() Mails { return Mails{db} }

var _ mail.Store = Mails{}

// What seals mails.body and mails.attachment.
const (
	columnMailBody = "mails.body"
	columnMailFile = "mails.attachment"
)

// mailRow is a row of mails.
type mailRow struct {
	ID            uuid `gorm:"primaryKey"`
	CreatedAt     time.Time
	Recipient     string
	Subject       string
	Body          []byte
	Tries         int
	NextAttemptAt *time.Time
	SentAt        *time.Time
	Error         string

	AttachmentName string
	AttachmentType string
	Attachment     []byte
}

// TableName implements gorm's Tabler.
func (mailRow) TableName() string { return "mails" }

// due opens the text and the file. One that does not open fails for good by itself, and holds up no other.
func (s Mails) due(r mailRow) mail.Due {
	d := mail.Due{ID: mail.ID{UUID: domain.UUID(r.ID)}, CreatedAt: r.CreatedAt.UTC(), Tries: r.Tries, Until: orZero(r.NextAttemptAt),
		Message: mail.Message{To: r.Recipient, Subject: r.Subject}}
	text, err := s.db.sealer.Open(columnMailBody, r.Body)
	if err != nil {
		d.Fault = errs.Invalid("unreadable", "the mail's text cannot be read").Because(err)
	}
	d.Message.Text = string(text)
	if r.AttachmentName == "" {
		return d
	}
	file, err := s.db.sealer.Open(columnMailFile, r.Attachment)
	if err != nil {
		d.Fault = errs.Invalid("unreadable", "the mail's file cannot be read").Because(err)
	}
	d.Message.File = &mail.File{Name: r.AttachmentName, Type: r.AttachmentType, Data: file}
	return d
}

// Queue implements mail.Outbox. Due times come from the database's clock, like the leases.
func (s Mails) Queue(ctx context.Context, m mail.Message) error {
	now := time.Now()
	id, err := domain.NewUUID(now, rand.Reader)
	if err != nil {
		return err
	}
	file, sealed := mail.File{}, []byte{}
	if m.File != nil {
		file, sealed = *m.File, s.db.sealer.Seal(columnMailFile, m.File.Data)
	}
	err = s.db.orm(ctx).Exec(`INSERT INTO mails (id, created_at, recipient, subject, body, next_attempt_at, attachment_name, attachment_type, attachment)
		VALUES (?, now(), ?, ?, ?, now(), ?, ?, ?)`,
		uuid(id), m.To, m.Subject, s.db.sealer.Seal(columnMailBody, []byte(m.Text)), file.Name, file.Type, sealed).Error
	return translate("queue mail", err)
}

// Claim implements mail.Store.
func (s Mails) Claim(ctx context.Context, limit int, lease time.Duration) ([]mail.Due, error) {
	var rows []mailRow
	err := s.db.orm(ctx).Raw(`
		WITH due AS MATERIALIZED (
			SELECT id FROM mails WHERE next_attempt_at <= now() ORDER BY next_attempt_at LIMIT ? FOR UPDATE SKIP LOCKED)
		UPDATE mails m SET next_attempt_at = now() + make_interval(secs => ?) FROM due WHERE m.id = due.id
		RETURNING m.*`, limit, lease.Seconds()).Scan(&rows).Error
	if err != nil {
		return nil, translate("claim mails", err)
	}
	due := make([]mail.Due, len(rows))
	for i, r := range rows {
		due[i] = s.due(r)
	}
	return due, nil
}

// Settle implements mail.Store. The end of the lease tells whether the mail is still the caller's.
func (s Mails) Settle(ctx context.Context, d mail.Due, o mail.Outcome) error {
	set := `tries = tries + 1, error = ?, next_attempt_at = now() + make_interval(secs => ?)`
	args := []any{o.Error, o.Wait.Seconds()}
	switch {
	case o.Error == "":
		set, args = `tries = tries + 1, error = '', next_attempt_at = NULL, body = '', attachment = '', sent_at = now()`, nil
	case o.Wait == 0:
		set, args = `tries = tries + 1, error = ?, next_attempt_at = NULL, body = '', attachment = ''`, args[:1]
	}
	err := s.db.orm(ctx).Exec(`UPDATE mails SET `+set+` WHERE id = ? AND next_attempt_at = ?`,
		append(args, uuid(d.ID.UUID), d.Until)...).Error
	return translate("settle mail", err)
}

// Prune implements mail.Store.
func (s Mails) Prune(ctx context.Context, olderThan time.Duration) (int, error) {
	n, err := gorm.G[mailRow](s.db.orm(ctx)).
		Where("next_attempt_at IS NULL AND created_at < now() - make_interval(secs => ?)", olderThan.Seconds()).Delete(ctx)
	return n, translate("prune mails", err)
}
