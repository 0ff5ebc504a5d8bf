package application

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/waypost/waypost/domain/account"
	"github.com/waypost/waypost/domain/errs"
	"github.com/waypost/waypost/domain/mail"
	"github.com/waypost/waypost/domain/notice"
)

// Bounds of what strangers may do.
const (
	formsPerSender  = 20 // forms that one network sends within formWindow
	formsPerAddress = 3  // mails that one address is sent within formWindow
	formWindow      = time.Hour
	wrongTokens     = 30 // wrong links that one network opens within wrongWindow
	wrongWindow     = 15 * time.Minute

	tokenBytes    = 32 // 256 bits
	tokenLifetime = 48 * time.Hour
)

// Apply takes a form of anybody and mails a link to its address. Nothing tells the caller whether the address has an
// account or an application already: then the mail says so, and nothing is stored. Errors: sign_up_closed,
// too_many_attempts, and the faults of the form.
func (s *Service) Apply(ctx context.Context, f Form, ip string) error {
	if wait, ok := s.Limiter.Take(ctx, "apply ip "+account.Sender(ip), formsPerSender, formWindow); !ok {
		return errs.Limited("too_many_attempts", "too many applications from this address: try again later").In(wait)
	}
	settings, err := s.Network.Get(ctx)
	if err != nil {
		return fmt.Errorf("apply: %w", err)
	}
	a, err := f.read(settings, s.Clock.Now())
	if err != nil {
		return err
	}
	if len(ip) <= 64 {
		a.IP = ip
	}
	if _, ok := s.Limiter.Take(ctx, "apply address "+strings.ToLower(a.Email), formsPerAddress, formWindow); !ok {
		return nil // the same answer: it would tell that others applied with this address
	}
	err = s.Tx.InTx(ctx, func(ctx context.Context) error {
		known, err := s.known(ctx, a)
		if err != nil {
			return err
		}
		if known != "" {
			return s.Mail.Queue(ctx, mail.Message{To: a.Email, Subject: "Your application to " + settings.Name, Text: known})
		}
		// A form that was sent again replaces the one before, whose link is good no more.
		if err := s.Store.DeleteUnverified(ctx, a.Kind, a.Email); err != nil {
			return err
		}
		token, err := s.newToken(&a)
		if err != nil {
			return err
		}
		if err := s.Store.Insert(ctx, &a); err != nil {
			return err
		}
		if err := s.Mail.Queue(ctx, verifyMail(a, settings.Name, s.PublicURL, token)); err != nil {
			return err
		}
		return s.record(ctx, account.Actor{System: "sign-up", IP: a.IP}, "application.create", nil, a)
	})
	if err != nil {
		return fmt.Errorf("apply: %w", err)
	}
	return nil
}

// known is what to write to an address that has an account, or an application that waits; empty for a new one.
func (s *Service) known(ctx context.Context, a Application) (string, error) {
	_, err := s.Users.FindUser(ctx, a.Email)
	switch {
	case err == nil:
		return fmt.Sprintf("Somebody, probably you, applied for an account with this address, which has one already.\n\nLog in, or choose a new password: %s/login\n\nIf it was not you, do nothing.\n",
			s.PublicURL), nil
	case !errs.Is(err, errs.KindNotFound):
		return "", err
	}
	waiting, err := s.Store.Waiting(ctx, a.Kind, a.Email)
	if err != nil || !waiting {
		return "", err
	}
	return "Your application has arrived before and is being looked at. You need not apply again: we write to you when it is decided.\n", nil
}

func (s *Service) newToken(a *Application) (string, error) {
	random := make([]byte, tokenBytes)
	if _, err := io.ReadFull(s.Random, random); err != nil {
		return "", fmt.Errorf("make token: %w", err)
	}
	token := base64.RawURLEncoding.EncodeToString(random)
	hash := sha256.Sum256([]byte(token))
	a.TokenHash, a.TokenExpiresAt = &hash, a.CreatedAt.Add(tokenLifetime)
	return token, nil
}

func verifyMail(a Application, networkName, publicURL, token string) mail.Message {
	return mail.Message{To: a.Email, Subject: "Confirm your e-mail address for " + networkName, Text: fmt.Sprintf(`Somebody, probably you, applied to join %s as %s with this address.

Open this link within 48 hours to confirm it:

%s/sign-up/verify?token=%s

Then your application is looked at, and we write to you. If it was not you, do nothing: it is forgotten.
`, networkName, a.Kind, publicURL, token)}
}

// Verify takes the token of a mailed link: the application waits for the operators from then on, and they are told.
// Errors: invalid_link, too_many_attempts.
func (s *Service) Verify(ctx context.Context, token, ip string) (Application, error) {
	key := "verify ip " + account.Sender(ip)
	if wait, ok := s.Limiter.Take(ctx, key, wrongTokens, wrongWindow); !ok {
		return Application{}, errs.Limited("too_many_attempts", "too many wrong links from this address: try again later").In(wait)
	}
	var a Application
	err := s.Tx.InTx(ctx, func(ctx context.Context) (err error) {
		a, err = s.Store.FindToken(ctx, sha256.Sum256([]byte(token)))
		if errs.Is(err, errs.KindNotFound) || err == nil && !s.Clock.Now().Before(a.TokenExpiresAt) {
			return errs.Invalid("invalid_link", "this link was used, is too old or was replaced by a newer one: apply again").At("body.token")
		}
		if err != nil {
			return err
		}
		before := a.snapshot()
		if err := a.move(StatusPending); err != nil {
			return err
		}
		a.TokenHash, a.TokenExpiresAt = nil, time.Time{}
		a.VerifiedAt = s.Clock.Now()
		a.UpdatedAt = a.VerifiedAt
		if err := s.Store.Update(ctx, a); err != nil {
			return err
		}
		if err := s.record(ctx, account.Actor{System: "sign-up", IP: ip}, "application.verify", before, a); err != nil {
			return err
		}
		return s.Notices.Post(ctx, notice.Notice{Kind: "application_pending", ObjectType: "application", ObjectID: fmt.Sprint(a.ID),
			Text: fmt.Sprintf("%s applied to join as %s. Contact: %s, %s. Approve or reject application %d.", a.Company, a.Kind, a.Contact, a.Email, a.ID)})
	})
	if err != nil {
		return Application{}, fmt.Errorf("verify application: %w", err)
	}
	s.Limiter.Return(ctx, key)
	return a, nil
}
