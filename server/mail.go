package server

import (
	"context"
	"crypto/rand"
	"log/slog"
	"path/filepath"
	"time"

	"github.com/waypost/waypost/config"
	"github.com/waypost/waypost/domain/mail"
	"github.com/waypost/waypost/domain/notice"
	"github.com/waypost/waypost/jobs"
	"github.com/waypost/waypost/outbound"
	"github.com/waypost/waypost/store/pgstore"
)

// mailFolder is the place in the data folder of mails that no server was set for.
const mailFolder = "mail"

// newNotices makes the service that tells parties what happened.
func newNotices(cfg config.Config, db *pgstore.DB) *notice.Service {
	return notice.NewService(notice.Deps{Tx: db, Store: db.Notices(), Outbox: db.Mails(), Clock: now, Random: rand.Reader, PublicURL: cfg.PublicURL})
}

// newMail makes what sends the queued mails: through the mail server, or into the data folder.
func newMail(cfg config.Config, st *stores, log *slog.Logger) (*mail.Service, error) {
	var sender mail.Sender
	var err error
	if cfg.SMTPURL != "" {
		sender, err = outbound.NewSMTP(cfg.SMTPURL, cfg.MailFrom)
	} else {
		sender, err = outbound.NewMailFolder(filepath.Join(cfg.DataDir, mailFolder), cfg.MailFrom)
	}
	if err != nil {
		return nil, err
	}
	return mail.NewService(st.db.Mails(), st.meters.mailer(sender), log), nil
}

// mailJobs are the periodic jobs of mail.
func (s *Server) mailJobs() []jobs.Periodic {
	return []jobs.Periodic{
		{Name: "mail", Every: 2 * time.Second, Run: func(ctx context.Context) error { _, err := s.mail.SendDue(ctx); return err }},
		{Name: "prune_mail", Every: time.Hour, Run: func(ctx context.Context) error { _, err := s.mail.Prune(ctx); return err }},
	}
}
