package account

import (
	"context"
	"crypto/sha256"
	"fmt"
	"strings"
	"time"

	"github.com/waypost/waypost/domain"
	"github.com/waypost/waypost/domain/errs"
	"github.com/waypost/waypost/domain/field"
	"github.com/waypost/waypost/domain/mail"
)

// LinkKind is what a mailed link is for.
type LinkKind string

// The kinds of links. Either leads to a new password.
const (
	LinkInvitation    LinkKind = "invitation"
	LinkPasswordReset LinkKind = "password_reset"
)

// lifetime is how long a link of this kind is good.
func (k LinkKind) lifetime() time.Duration {
	if k == LinkInvitation {
		return 7 * 24 * time.Hour
	}
	return time.Hour
}

// of is the status of users that a link of this kind is for.
func (k LinkKind) of() UserStatus {
	if k == LinkInvitation {
		return UserStatusInvited
	}
	return UserStatusActive
}

// Link is a mailed link. Only its token's hash is kept; it is good once.
type Link struct {
	ID        domain.UUID
	UserID    UserID
	Kind      LinkKind
	Hash      [32]byte // SHA-256 of the token
	CreatedAt time.Time
	ExpiresAt time.Time
}

// LinkStore keeps links that are good; a link that is used or recalled is deleted.
type LinkStore interface {
	InsertLink(ctx context.Context, l Link) error
	FindLink(ctx context.Context, hash [32]byte) (Link, error)
	// DeleteLinks recalls all links of a user.
	DeleteLinks(ctx context.Context, id UserID) error
	// DeleteLinksBefore forgets links that were over before.
	DeleteLinksBefore(ctx context.Context, before time.Time) (int, error)
}

// InviteUser saves a new user without a password and mails it a link to choose one, which is also returned: whoever
// made the user can hand it over where no mail arrives.
func (s *Service) InviteUser(ctx context.Context, actor Actor, u User) (User, string, error) {
	if err := actor.mayManage(u.Role); err != nil {
		return User{}, "", err
	}
	return s.inviteUser(ctx, actor, u)
}

// InviteApplicant is InviteUser of a party's first user by whoever lets parties in, which needs no right to manage users.
// The link is returned only to who has it: it is as good as the user's password.
func (s *Service) InviteApplicant(ctx context.Context, actor Actor, u User) (User, string, error) {
	if err := actor.Require(PermissionManageCatalogue); err != nil {
		return User{}, "", err
	}
	if u.Role.Operator() {
		return User{}, "", errs.Forbidden("forbidden", "an application makes no operator")
	}
	u, url, err := s.inviteUser(ctx, actor, u)
	if actor.mayManage(u.Role) != nil {
		url = ""
	}
	return u, url, err
}

func (s *Service) inviteUser(ctx context.Context, actor Actor, u User) (User, string, error) {
	var url string
	err := s.Tx.InTx(ctx, func(ctx context.Context) (err error) {
		if u, err = s.createUser(ctx, actor, u, ""); err != nil || u.Status != UserStatusInvited {
			return err
		}
		url, err = s.mailLink(ctx, u, LinkInvitation)
		return err
	})
	if err != nil {
		return User{}, "", err
	}
	return u, url, nil
}

// Invite mails an invited user another link; the one before is good no more.
func (s *Service) Invite(ctx context.Context, actor Actor, id UserID) (User, string, error) {
	if actor.Require(PermissionManageUsers) != nil {
		return User{}, "", hideUser(id)
	}
	var u User
	var url string
	err := s.Tx.InTx(ctx, func(ctx context.Context) (err error) {
		if u, err = s.Store.GetUserForUpdate(ctx, actor.Scope(), id); err == nil {
			err = actor.mayManage(u.Role)
		}
		if err != nil {
			return fmt.Errorf("invite user %d: %w", id, err)
		}
		if u.Status != UserStatusInvited {
			return errs.Conflict("not_invited", "only a user of status invited can be invited: this one is %s", u.Status)
		}
		if url, err = s.mailLink(ctx, u, LinkInvitation); err != nil {
			return err
		}
		return s.record(ctx, actor, "user.invite", id, nil, nil)
	})
	return u, url, err
}

// Password resets that one may ask for: mails to one account, and calls from one address.
const (
	resetsPerAccount = 3
	resetWindow      = time.Hour
)

// ForgotPassword mails a link to the user with this address, if there is an active one. Nothing tells the caller
// whether there is.
func (s *Service) ForgotPassword(ctx context.Context, email, ip string) error {
	if wait, ok := s.Limiter.Take(ctx, "reset ip "+network(ip), wrongPerIP, wrongWindow); !ok {
		return errs.Limited("too_many_attempts", "too many requests for new passwords: try again in %s", minutes(wait)).In(wait)
	}
	email, err := field.Email(email)
	if err != nil || email == "" {
		return nil
	}
	if _, ok := s.Limiter.Take(ctx, "reset account "+strings.ToLower(email), resetsPerAccount, resetWindow); !ok {
		return nil
	}
	u, err := s.Store.FindUser(ctx, email)
	if errs.Is(err, errs.KindNotFound) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("forgot password: %w", err)
	}
	return s.Tx.InTx(ctx, func(ctx context.Context) error {
		actor := u.Actor(ip)
		u, err := s.Store.GetUserForUpdate(ctx, actor.Scope(), u.ID)
		if errs.Is(err, errs.KindNotFound) || err == nil && u.Status != LinkPasswordReset.of() {
			return nil
		}
		if err != nil {
			return fmt.Errorf("forgot password: %w", err)
		}
		if _, err := s.mailLink(ctx, u, LinkPasswordReset); err != nil {
			return err
		}
		return s.record(ctx, actor, "user.forgot_password", u.ID, nil, nil)
	})
}

// mailLink makes the one link that is good for a locked user, and queues the mail that carries it.
func (s *Service) mailLink(ctx context.Context, u User, kind LinkKind) (url string, err error) {
	token, err := s.randomText()
	if err != nil {
		return "", fmt.Errorf("make link: %w", err)
	}
	now := s.Clock.Now()
	id, err := domain.NewUUID(now, s.Random)
	if err != nil {
		return "", err
	}
	if err := s.Store.DeleteLinks(ctx, u.ID); err != nil {
		return "", fmt.Errorf("recall links of user %d: %w", u.ID, err)
	}
	l := Link{ID: id, UserID: u.ID, Kind: kind, Hash: sha256.Sum256([]byte(token)), CreatedAt: now, ExpiresAt: now.Add(kind.lifetime())}
	if err := s.Store.InsertLink(ctx, l); err != nil {
		return "", fmt.Errorf("keep link: %w", err)
	}
	url = s.PublicURL + "/set-password?token=" + token
	if s.Mail == nil {
		return url, nil
	}
	if err := s.Mail.Queue(ctx, linkMail(u, kind, s.PublicURL, token)); err != nil {
		return "", fmt.Errorf("queue mail: %w", err)
	}
	return url, nil
}

// linkMail is the mail that carries a link.
func linkMail(u User, kind LinkKind, publicURL, token string) mail.Message {
	subject, reason, until := "Your account at "+publicURL, "You have been invited to "+publicURL+".", "within 7 days"
	if kind == LinkPasswordReset {
		subject, reason, until = "A new password for "+publicURL, "Somebody, probably you, asked for a new password at "+publicURL+
			".\nIf it was not you, do nothing: your password stays as it is.", "within one hour"
	}
	return mail.Message{To: u.Email, Subject: subject, Text: fmt.Sprintf(`%s

Choose your password %s:

%s/set-password?token=%s

The link is good once. Without a browser, send this to %s/api/v1/auth/set-password:

{"token": "%s", "password": "…"}
`, reason, until, publicURL, token, publicURL, token)}
}

// UseLink sets the password of the user that a link was mailed to: an invited one becomes active, all log-ins of an
// active one end. A link is good once. Errors: invalid_link.
func (s *Service) UseLink(ctx context.Context, token, password, ip string) error {
	hash := sha256.Sum256([]byte(token))
	u, err := s.linkUser(ctx, hash, s.Store.GetUser)
	if err != nil {
		return err
	}
	phc, err := s.newHash(ctx, password, u.Email) // only for who holds a good link: it costs
	if err != nil {
		return err
	}
	return s.Tx.InTx(ctx, func(ctx context.Context) error {
		u, err := s.linkUser(ctx, hash, s.Store.GetUserForUpdate)
		if err != nil {
			return err
		}
		if _, err = s.linkUser(ctx, hash, s.Store.GetUser); err != nil { // again: it may have been used while we waited
			return err
		}
		return s.replacePassword(ctx, u.Actor(ip), u, phc)
	})
}

// linkUser is the user of a link that is good.
func (s *Service) linkUser(ctx context.Context, hash [32]byte, get func(context.Context, Scope, UserID) (User, error)) (User, error) {
	l, err := s.Store.FindLink(ctx, hash)
	var u User
	if err == nil {
		u, err = get(ctx, SystemActor("link").Scope(), l.UserID)
	}
	switch {
	case err != nil && !errs.Is(err, errs.KindNotFound):
		return User{}, fmt.Errorf("find link: %w", err)
	case err != nil || !s.Clock.Now().Before(l.ExpiresAt) || u.Status != l.Kind.of():
		return User{}, errs.Invalid("invalid_link", "this link was used, is too old or was replaced by a newer one: ask for another").At("body.token")
	}
	return u, nil
}
